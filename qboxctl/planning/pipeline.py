"""From an account to a plan: what is read, what is planned, and what has to be read because of that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from qboxctl.api.reader import Account
from qboxctl.config.stores import Stores
from qboxctl.live.refresh import read_live_state
from qboxctl.model import LiveState, Plan
from qboxctl.planning import remembered
from qboxctl.planning.advisories import advise, not_taken_out, under_way
from qboxctl.planning.customers import customer_codes
from qboxctl.planning.guards import PASSABLE
from qboxctl.planning.idle_patterns import Known, idle_me, idle_rules, refuse_empty_rotation, refuse_idle_options
from qboxctl.planning.planner import make_plan
from qboxctl.planning.queries import query_for_plan
from qboxctl.planning.targets import Targets


class Compared(NamedTuple):
    """A plan, with the targets that it is for, and what was read of the account."""

    targets: Targets
    live_state: LiveState
    plan: Plan


def read_and_plan(
    account: Account,
    targets: Targets,
    live_state: LiveState | None = None,
    *,
    widen: Callable[[str], Targets] | None = None,
) -> Compared:
    """Read the account, or take what was read of it, and plan; read more and plan again where that is not enough.

    The count guard looks at all live objects of a kind. Where a plan for targets removes more than a few, and what
    else is live was not read, it is read before anybody is told that the plan is blocked. It also looks at all that the
    files declare: where the targets come from some of them only, ``widen`` is told the guard that blocks the plan, and
    gives those of all files.

    Raises AuthError, ConfigError, ApiError.
    """
    counted: frozenset[str] = frozenset()
    while True:
        found = live_state or read_live_state(account, query_for_plan(targets, counted))
        stores = Stores(targets.configuration, targets.types).seen()
        plan = make_plan(targets.types, targets.configuration, found, targets.options, stores)
        uncounted = frozenset() if counted else _uncounted(plan, targets, found)
        guards = sorted({one.guard for one in plan.blocked} & PASSABLE)
        if uncounted:
            live_state, counted = None, uncounted
        elif widen is not None and guards:
            targets, live_state, counted, widen = widen(guards[0]), None, frozenset(), None
        else:
            return Compared(targets, found, plan)


def _uncounted(plan: Plan, targets: Targets, live_state: LiveState) -> frozenset[str]:
    """The kinds that the count guard blocks a plan for before all managed objects were read."""
    kinds = frozenset(one.kind for one in plan.blocked if one.guard == "count")
    managed = targets.configuration.managed
    unread = any(one.kind in kinds and one not in live_state.complete for one in managed)
    return kinds if unread and targets.narrowed else frozenset()


def with_advice(compared: Compared) -> Plan:
    """The plan with what its readers should know beside the changes: warnings, and whose account it is.

    Raises QboxctlError for options that match nothing.
    """
    targets, live_state, plan = compared
    configuration, types = targets.configuration, targets.types
    known = Known(configuration, live_state, types)
    refuse_idle_options(known, targets.options)
    refuse_empty_rotation(targets.options.rotate, plan.changes)
    idle = () if targets.narrowed else (*idle_rules(known), *idle_me(known))
    left = remembered.advise(targets.options, configuration, live_state.live, types)
    warnings = (
        *idle,
        *left,
        *advise(configuration, live_state, plan, types),
        *under_way(targets, live_state),
        *not_taken_out(targets, live_state),
    )
    return replace(plan, warnings=warnings, customers=customer_codes(configuration, live_state, types))
