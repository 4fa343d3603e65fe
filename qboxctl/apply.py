"""Before a plan is run: does it still fit the account, may it run, and are its secrets at hand?

``check`` decides, before the first write, for fresh and saved plans alike. ``qboxctl.run`` does the writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from qboxctl import diff
from qboxctl.definition import ResourceType
from qboxctl.errors import ConfigError, Diagnostic, Moved, PlanFileError, StalePlanError
from qboxctl.guards import ignored, judge
from qboxctl.model import MISSING, Action, Address, Blocked, Change, Desired, FieldChange, Live, Plan, Secret, Snapshot
from qboxctl.passwords import Objection, objection
from qboxctl.secret import SecretError, Secrets
from qboxctl.wish import Wish


@dataclass(frozen=True, slots=True)
class Checked:
    """A plan that fits: what is still to be done, and what is in effect already."""

    todo: tuple[Change, ...]
    in_effect: tuple[Change, ...]
    blocked: tuple[Blocked, ...]


def check(
    plan: Plan, snapshot: Snapshot, wish: Wish, types: Mapping[str, ResourceType], *, acknowledge: str
) -> Checked:
    """Compare a plan with the account as it is now; raises StalePlanError when anything it relies on moved."""
    todo, done, moved = [], [], []
    for change in plan.changes:
        live = snapshot.live.get(change.address)
        if live is not None and live.leaving:
            live = None
        reasons = _moved(change, live, types[change.address.kind], snapshot)
        if reasons is None:
            done.append(change)
        elif reasons:
            moved.append(Moved(str(change.address), reasons))
        else:
            todo.append(change)
    if moved:
        raise StalePlanError("the account is no longer as the plan saw it; nothing was written", moved)
    blocked = judge(todo, snapshot, wish, types, acknowledged=acknowledge == plan.id)
    return Checked(tuple(todo), tuple(done), blocked)


def refuse_foreign(plan: Plan, wish: Wish, types: Mapping[str, ResourceType]) -> None:
    """Refuse a plan that asks for what the configuration does not: a plan file is untrusted.

    Raises PlanFileError. An object is created or updated only as the files say, and removed only where they
    say so; which undeclared objects are meant by that is for the guards to judge.
    """
    for change in plan.changes:
        desired = wish.objects.get(change.address)
        type_ = types[change.address.kind]
        if change.action.removes:
            todo = wish.settings.on_remove.get(change.address.kind, "keep")
            said = desired.absent and change.action is type_.removal if desired else change.action.value == todo
        else:
            said = desired is not None and not desired.absent and _as_declared(change, desired, type_)
        if not said or type_.reserved == type_.name_of(change.address.key) or ignored(wish, types, change.address):
            hint = "plan again with this configuration"
            raise PlanFileError(
                f"the plan would {change.action.value} {change.address}, and no file asks for that", hint=hint
            )


def _as_declared(change: Change, desired: Desired, type_: ResourceType) -> bool:
    """Whether a change writes nothing but what a declaration states."""
    stated = {**desired.values, **{diff.EXTRA + name: value for name, value in desired.extra.items()}}
    if not type_.unique:
        stated.setdefault(type_.key, desired.label)
    if type_.proof:
        stated.setdefault("status", "enabled")
    wanted = all(one.name in stated and stated[one.name] == one.after for one in change.fields)
    return wanted and set(change.secrets) <= desired.secrets.keys()


def _moved(change: Change, live: Live | None, type_: ResourceType, snapshot: Snapshot) -> str | None:
    """Why a change no longer fits; "" where it does, None where it is in effect already."""
    codes = snapshot.codes
    match change.action:
        case Action.CREATE:
            if live is None:
                return ""
            wrong = diff.in_effect(type_, change.fields, live, codes)
            return f"it is there now, with another {_names(wrong)}" if wrong else None
        case Action.DELETE | Action.DISABLE if live is None:
            return None if change.action is Action.DELETE else "it is not there any more"
        case Action.DISABLE if live is not None and live.status == "disabled":
            return None
        case Action.UPDATE if live is None:
            return "it is not there any more"
    if live is None:
        raise AssertionError(change.action)
    if change.remote_id != live.remote_id:
        return f"it is another object now ({type_.id} {live.remote_id} instead of {change.remote_id})"
    names = [one.name for one in change.fields]
    if diff.precondition(type_, live, names, codes) == change.precondition:
        return ""
    if change.action is Action.UPDATE and not diff.in_effect(type_, change.fields, live, codes):
        return "" if change.secrets else None
    return _what_moved(change, live, type_, snapshot)


def _what_moved(change: Change, live: Live, type_: ResourceType, snapshot: Snapshot) -> str:
    found = []
    for one in change.fields:
        now = diff.now_of(type_, one.name, live, snapshot.codes)
        if (None if now is MISSING else now) != one.before:
            found.append(f"{one.name} is {_show(type_, one.name, now)}, and was {_show(type_, one.name, one.before)}")
    return "; ".join(found) or f"its status is {live.status} now"


def _names(wrong: Iterable[FieldChange]) -> str:
    return ", ".join(one.name for one in wrong)


def _show(type_: ResourceType, name: str, value: object) -> str:
    one = type_.by_name.get(name)
    return one.type.show(None if value is MISSING else value) if one else str(value)


def resolve_secrets(changes: Sequence[Change], wish: Wish, secrets: Secrets) -> dict[Address, dict[str, str]]:
    """The secrets that the changes send. Raises ConfigError with all that cannot be had, before any write."""
    wanted: list[tuple[Desired, str, Secret]] = []
    wrong: list[Diagnostic] = []
    for change in changes:
        desired = wish.objects.get(change.address)
        for name in change.secrets:
            reference = desired.secrets.get(name) if desired else None
            if desired is None or reference is None:
                message = f"{name} of {change.address} is not in the configuration"
                wrong.append(Diagnostic("Q043", message, address=str(change.address)))
            else:
                wanted.append((desired, name, reference))
    texts = secrets.resolve_all([(reference, desired.address) for desired, _, reference in wanted])
    found: dict[Address, dict[str, str]] = {}
    refused: dict[tuple[str, Secret, Objection], list[Desired]] = {}
    for (desired, name, reference), text in zip(wanted, texts, strict=True):
        problem = Objection(str(text)) if isinstance(text, SecretError) else objection(text)
        if problem:
            refused.setdefault((name, reference, problem), []).append(desired)
        else:
            found.setdefault(desired.address, {})[name] = str(text)
    wrong += [_refused(name, problem, some, wish) for (name, _, problem), some in refused.items()]
    if wrong:
        raise ConfigError(wrong)
    return found


def _refused(name: str, problem: Objection, some: Sequence[Desired], wish: Wish) -> Diagnostic:
    """One reference that cannot be used, however many objects share it."""
    first = some[0]
    more = f" and of {len(some) - 1} more" if len(some) > 1 else ""
    message = f"{name} of {first.address}{more}: {problem.message}"
    return Diagnostic("Q043", message, wish.place_of(first, name), str(first.address), problem.hint)
