"""From an account to a plan: what is read, what is planned, and what has to be read because of that."""

from __future__ import annotations

from qboxctl.api.reader import Account
from qboxctl.live.refresh import survey
from qboxctl.model import Plan, Snapshot
from qboxctl.planning.planner import make_plan
from qboxctl.planning.queries import want_for_plan
from qboxctl.planning.targets import Scope


def compare(account: Account, scope: Scope, snapshot: Snapshot | None = None) -> tuple[Snapshot, Plan]:
    """What was read of the account, now or as ``snapshot`` has it, and the plan.

    Raises AuthError, ConfigError, ApiError.

    The count guard looks at all live objects of a kind. Where a plan for targets removes more than a few, and what
    else is live was not read, it is read before anybody is told that the plan is blocked.
    """
    wish, types, options = scope.wish, scope.types, scope.options
    snapshot = snapshot or survey(account, want_for_plan(scope))
    plan = make_plan(types, wish, snapshot, options)
    counted = frozenset(one.kind for one in plan.blocked if one.guard == "count")
    unread = any(one.kind in counted and one not in snapshot.complete for one in wish.managed)
    if unread and scope.narrowed:
        snapshot = survey(account, want_for_plan(scope, counted))
        plan = make_plan(types, wish, snapshot, options)
    return snapshot, plan
