"""From an account to a plan: what is read, what is planned, and what has to be read because of that."""

from __future__ import annotations

from dataclasses import replace

from qboxctl.api.reader import Account
from qboxctl.live.refresh import read_live_state
from qboxctl.model import LiveState, Plan
from qboxctl.planning.advisories import advise
from qboxctl.planning.customers import customers
from qboxctl.planning.idle_patterns import Known, idle_rules, refuse_idle_options
from qboxctl.planning.planner import make_plan
from qboxctl.planning.queries import query_for_plan
from qboxctl.planning.targets import Targets


def compare(account: Account, targets: Targets, live_state: LiveState | None = None) -> tuple[LiveState, Plan]:
    """What was read of the account, now or as ``live_state`` has it, and the plan.

    Raises AuthError, ConfigError, ApiError.

    The count guard looks at all live objects of a kind. Where a plan for targets removes more than a few, and what
    else is live was not read, it is read before anybody is told that the plan is blocked.
    """
    configuration, types, options = targets.configuration, targets.types, targets.options
    live_state = live_state or read_live_state(account, query_for_plan(targets))
    plan = make_plan(types, configuration, live_state, options)
    counted = frozenset(one.kind for one in plan.blocked if one.guard == "count")
    unread = any(one.kind in counted and one not in live_state.complete for one in configuration.managed)
    if unread and targets.narrowed:
        live_state = read_live_state(account, query_for_plan(targets, counted))
        plan = make_plan(types, configuration, live_state, options)
    return live_state, plan


def with_advice(plan: Plan, targets: Targets, live_state: LiveState) -> Plan:
    """The plan with what its readers should know beside the changes: warnings, and whose account it is.

    Raises QboxctlError for options that match nothing.
    """
    configuration, types = targets.configuration, targets.types
    known = Known(configuration, live_state, types)
    refuse_idle_options(known, targets.options)
    idle = () if targets.narrowed else idle_rules(known)
    warnings = (*idle, *advise(configuration, live_state, plan, types))
    return replace(plan, warnings=warnings, customers=customers(configuration, live_state, types))
