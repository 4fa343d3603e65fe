"""Before a plan is run: does it still fit the account, may it run, and are its secrets at hand?

``still_fits`` decides, before the first write, for fresh and saved plans alike; ``check_saved`` trusts a saved one in
nothing. The scheduler does the writing.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from qboxctl.config.configuration import Configuration
from qboxctl.config.secrets import Secrets
from qboxctl.config.stores import Stores
from qboxctl.errors import ConfigError, Diagnostic, Moved, PlanFileError, StalePlanError
from qboxctl.model import (
    MISSING,
    Action,
    Address,
    Blocked,
    Change,
    Desired,
    FieldChange,
    Live,
    LiveState,
    Plan,
    Revealed,
    Secret,
)
from qboxctl.planning import diff
from qboxctl.planning.billing import bill
from qboxctl.planning.guards import judge
from qboxctl.schema.decoding import now_of
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.lifecycle import DISABLED, SETTLED, UNPROVED
from qboxctl.schema.passwords import Objection, objection
from qboxctl.schema.resource import ResourceType

_MOVED = "the account is no longer as the plan saw it; nothing was written"


@dataclass(frozen=True, slots=True)
class Checked:
    """A plan that fits: what is still to be done, and what is in effect already.

    What is ``under_way`` was begun before: it is not written again, and waited for. ``billing`` is what a saved plan
    still adds to the bill.
    """

    todo: tuple[Change, ...]
    in_effect: tuple[Change, ...]
    blocked: tuple[Blocked, ...]
    under_way: tuple[Change, ...] = ()
    billing: Mapping[str, int] = field(default_factory=dict)


def refuse_another_account(plan: Plan, configuration: Configuration) -> None:
    """Refuse a saved plan for another environment or endpoint; raises PlanFileError."""
    settings = configuration.settings
    if plan.environment != settings.environment:
        raise PlanFileError(
            f"the plan was made for the environment {plan.environment!r}, and this is {settings.environment!r}",
            hint=f"apply it with --env {shlex.quote(plan.environment)}",
        )
    if plan.endpoint != settings.endpoint:
        raise PlanFileError(f"the plan was made for {plan.endpoint}, and this is {settings.endpoint}")


def refuse_another_configuration(plan: Plan, configuration: Configuration, rotate: Sequence[str]) -> None:
    """Refuse a saved plan of other files, or one that would send secrets again unasked; raises StalePlanError."""
    if plan.config_digest != configuration.digest:
        hint = "run `qboxctl plan` again and review what it says now, or name the folder that it was made in with -C"
        raise StalePlanError("the configuration is not the one that the plan was made from", hint=hint)
    if set(plan.options.rotate) != set(rotate):
        again = " ".join(f"--rotate {shlex.quote(text)}" for text in plan.options.rotate) or "no --rotate"
        raise StalePlanError(
            "secrets are sent again only where apply is given the same --rotate as the plan",
            hint=f"if the plan is right, apply it with {again}",
        )


def still_fits(
    plan: Plan, live_state: LiveState, configuration: Configuration, types: Kinds, *, acknowledge: str
) -> Checked:
    """Compare a plan with the account as it is now; raises StalePlanError when anything it relies on moved."""
    todo: list[Change] = []
    done: list[Change] = []
    under_way: list[Change] = []
    moved: list[Moved] = []
    for change in plan.changes:
        there = live_state.live.get(change.address)
        live = None if there is not None and there.leaving else there
        reasons = _moved(change, live, types[change.address.kind], live_state)
        if reasons is None:
            (under_way if _is_under_way(change, there) else done).append(change)
        elif reasons:
            moved.append(Moved(str(change.address), reasons))
        else:
            todo.append(change)
    if moved:
        raise StalePlanError(_MOVED, moved)
    blocked = judge(todo, live_state, configuration, types, plan_id=plan.id, acknowledge=acknowledge)
    rest = plan.changes if len(todo) == len(plan.changes) else tuple(todo)
    return Checked(rest, tuple(done), blocked, tuple(under_way))


def _is_under_way(change: Change, live: Live | None) -> bool:
    """Whether a change that was begun is not over: a creation waits for its proof, or the server is busy."""
    if live is None or live.leaving:
        return live is not None and change.action is Action.DELETE
    return change.action is Action.CREATE if live.status == UNPROVED else live.detail != SETTLED


def check_saved(
    saved: Plan,
    fresh: Plan,
    live_state: LiveState,
    configuration: Configuration,
    types: Kinds,
    *,
    acknowledge: str,
) -> Checked:
    """Compare a saved plan with the account, and with a ``fresh`` plan of the objects that it names.

    A plan file is untrusted: what it would do is done only where the files and the account ask for the same today.
    Raises StalePlanError, naming the first change that they do not ask for.
    """
    checked = still_fits(saved, live_state, configuration, types, acknowledge=acknowledge)
    asked = {change.address: change for change in fresh.changes}
    held = {change.address for change in saved.changes}
    for change in checked.todo:
        why = _unasked(change, asked.get(change.address), held, types)
        if why:
            message = f"the files and the account do not ask for this plan; nothing was written: {why}"
            raise StalePlanError(message, [Moved(str(change.address), why)])
    for change in checked.in_effect:
        why = _unfinished(change, asked.get(change.address), types)
        if why:
            raise StalePlanError(f"a part of the plan is to be done again; nothing was written: {why}",
                                 [Moved(str(change.address), why)])  # fmt: skip
    return replace(checked, billing=bill(checked.todo, configuration, live_state, types))


def _unfinished(change: Change, asked: Change | None, types: Kinds) -> str:
    """What a fresh plan asks again of a saved change that seems to be in effect, "" for nothing."""
    if asked is None:
        return ""
    again = sorted({one.name for one in asked.fields} & {one.name for one in change.fields})
    if not again and not types[change.address.kind].remakes(asked):
        return ""
    return f"a plan of today would {asked.action.value} {change.address}: {asked.reason or ', '.join(again)}"


def _unasked(change: Change, asked: Change | None, held: Set[Address], types: Kinds) -> str:
    """Why a saved change is not one of a fresh plan, "" where it is."""
    if asked is None:
        return f"a plan of today would not {change.action.value} {change.address}"
    missing = [str(one) for one in asked.needs if one not in held]
    if missing:
        return f"{change.address} needs {', '.join(missing)}, which this plan does not hold"
    if asked._replace(needs=(), reason="") != change._replace(needs=(), reason=""):
        names = sorted(_written(asked) ^ _written(change)) or [one.name for one in change.fields]
        return f"a plan of today would {asked.action.value} {change.address} otherwise: {', '.join(names)}"
    if change.action is Action.DELETE and types[change.address.kind].holding and asked.reason != change.reason:
        return f"{change.address} would lose other things than the plan names ({asked.reason})"
    losses = [one.lost for one in types.values() if one.lost and one.identity.alone]  # what blocks beside it keep of it
    more = [one for one in losses if one in asked.reason and one not in change.reason]
    return f"{more[0]} would go with {change.address}, and the plan does not name that" if more else ""


def _written(change: Change) -> set[str]:
    return {one.name for one in change.fields} | set(change.secrets)


def refuse_unapproved(todo: Iterable[Change], approved: Iterable[Change]) -> None:
    """Refuse what was in effect when it was approved and is not any more; raises StalePlanError."""
    known = {change.address for change in approved}
    moved = [
        Moved(str(one.address), "it is no longer as it was a moment ago") for one in todo if one.address not in known
    ]
    if moved:
        raise StalePlanError(_MOVED, moved)


def _moved(change: Change, live: Live | None, type_: ResourceType, live_state: LiveState) -> str | None:
    """Why a change no longer fits; "" where it does, None where it is in effect already."""
    codes = live_state.codes
    if change.action is Action.CREATE:
        if live is None:
            return ""
        wrong = diff.in_effect(type_, change.fields, live, codes, live_state.others)
        return f"it is there now, with another {_names(wrong)}" if wrong else None
    if live is None:
        return None if change.action is Action.DELETE else "it is not there any more"
    if change.action is Action.DISABLE and live.status == DISABLED:
        return None
    if change.remote_id != live.remote_id:
        return f"it is another object now ({type_.identity.id} {live.remote_id} instead of {change.remote_id})"
    names = [one.name for one in change.fields]
    if change.action is Action.DELETE:
        more = diff.unnamed(change, live, type_, codes)
        if more:
            return f"{more} would go with it, and the plan does not name that"
        names = []
    once = change.action is Action.UPDATE and diff.only_once(type_, live, change.fields, change.secrets, codes)
    if diff.precondition(type_, live, names, codes, once=once) == change.precondition:
        return ""
    wrong = diff.in_effect(type_, change.fields, live, codes, live_state.others)
    if change.action is Action.UPDATE and not once and not wrong:
        return None
    return _what_moved(change, live, type_, live_state, once=once)


def _what_moved(change: Change, live: Live, type_: ResourceType, live_state: LiveState, *, once: bool) -> str:
    found = []
    for one in change.fields:
        now = now_of(type_, one.name, live, live_state.codes)
        if (None if now is MISSING else now) != one.before:
            found.append(f"{one.name} is {_show(type_, one.name, now)}, and was {_show(type_, one.name, one.before)}")
    sent = ", ".join(change.secrets or [one.name for one in change.fields])
    touched = f"it was changed since, and its {sent} may have been sent already"
    return "; ".join(found) or (touched if once else f"its status is {live.status} now")


def _names(wrong: Iterable[FieldChange]) -> str:
    return ", ".join(one.name for one in wrong)


def _show(type_: ResourceType, name: str, value: object) -> str:
    one = type_.by_name.get(name)
    return one.type.show(None if value is MISSING else value) if one else str(value)


def resolve_secrets(
    changes: Sequence[Change], configuration: Configuration, secrets: Secrets, unusable: Sequence[Diagnostic] = ()
) -> dict[Address, dict[str, Revealed]]:
    """The secrets that the changes send. Raises ConfigError with all that cannot be had, before any write.

    With it goes what else is ``unusable``.
    """
    wanted: list[tuple[Desired, str, Secret]] = []
    wrong: list[Diagnostic] = [*unusable]
    for change in changes:
        desired = configuration.objects.get(change.address)
        for name in change.secrets:
            reference = desired.secrets.get(name) if desired else None
            if desired is None or reference is None:
                message = f"{name} of {change.address} is not in the configuration"
                wrong.append(Diagnostic("Q043", message, address=str(change.address)))
            else:
                wanted.append((desired, name, reference))
    opened = secrets.resolve_all([(reference, desired.address) for desired, _, reference in wanted], objection)
    found: dict[Address, dict[str, Revealed]] = {}
    refused: dict[tuple[Secret, Objection], list[tuple[Desired, str]]] = {}
    for (desired, name, reference), one in zip(wanted, opened, strict=True):
        if isinstance(one, Revealed):
            found.setdefault(desired.address, {})[name] = one
        else:
            problem = one if isinstance(one, Objection) else Objection(str(one))
            refused.setdefault((reference, problem), []).append((desired, name))
    wrong += [_refused(problem, some, configuration) for (_, problem), some in refused.items()]
    if wrong:
        raise ConfigError(wrong)
    return found


def unusable(changes: Sequence[Change], configuration: Configuration, types: Kinds, stores: Stores) -> list[Diagnostic]:
    """What is wrong with the stores of what the changes create: each is proved before the first of them is filled."""
    found = []
    for change in changes:
        told, desired = types[change.address.kind].told, configuration.objects.get(change.address)
        tells = change.action is Action.CREATE or types[change.address.kind].remakes(change)
        why = stores.lacks(change.address) if told and tells else ""
        if why and told:
            place, address = configuration.origin(desired, told.store) if desired else None, str(change.address)
            found.append(Diagnostic("Q043", f"{told.store} of {address}: {why}", place, address))
    return found


def _refused(problem: Objection, sent: Sequence[tuple[Desired, str]], configuration: Configuration) -> Diagnostic:
    """One reference that cannot be used, however many objects share it: at its place, often that in the defaults."""
    first, name = sent[0]
    place, address = configuration.origin(first, name), str(first.address)
    if len(sent) == 1:
        return Diagnostic("Q043", f"{name} of {address}: {problem.message}", place, address, problem.hint)
    names = " and ".join(sorted({name for _, name in sent}))
    message = f"{names} of {len(sent)} objects, {address} among them: {problem.message}"
    return Diagnostic("Q043", message, place, hint=problem.hint)
