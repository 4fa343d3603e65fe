"""Before a plan is run: does it still fit the account, may it run, and are its secrets at hand?

``check`` decides, before the first write, for fresh and saved plans alike. ``qboxctl.run`` does the writing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from qboxctl import diff
from qboxctl.definition import ResourceType
from qboxctl.errors import ConfigError, Diagnostic, Moved, StalePlanError
from qboxctl.guards import judge
from qboxctl.model import MISSING, Action, Address, Blocked, Change, FieldChange, Live, Plan, Secret, Snapshot
from qboxctl.secret import SecretError, Secrets
from qboxctl.values import weakness
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
    blocked = judge(todo, snapshot, wish, types, plan_id=plan.id, acknowledge=acknowledge)
    return Checked(tuple(todo), tuple(done), blocked)


def check_saved(
    saved: Plan,
    fresh: Plan,
    snapshot: Snapshot,
    wish: Wish,
    types: Mapping[str, ResourceType],
    *,
    acknowledge: str,
) -> Checked:
    """Compare a saved plan with the account, and with a ``fresh`` plan of the objects that it names.

    A plan file is untrusted: what it would do is done only where the files and the account ask for the same today.
    Raises StalePlanError, naming the first change that they do not ask for.
    """
    checked = check(saved, snapshot, wish, types, acknowledge=acknowledge)
    asked = {change.address: change for change in fresh.changes}
    held = {change.address for change in saved.changes}
    for change in checked.todo:
        why = _unasked(change, asked.get(change.address), held)
        if why:
            message = f"the files and the account do not ask for this plan; nothing was written: {why}"
            raise StalePlanError(message, [Moved(str(change.address), why)])
    return checked


def _unasked(change: Change, asked: Change | None, held: Set[Address]) -> str:
    """Why a saved change is not one of a fresh plan, "" where it is."""
    if asked is None:
        return f"a plan of today would not {change.action.value} {change.address}"
    missing = [str(one) for one in asked.needs if one not in held]
    if missing:
        return f"{change.address} needs {', '.join(missing)}, which this plan does not hold"
    if asked._replace(needs=(), reason="") != change._replace(needs=(), reason=""):
        names = sorted(_written(asked) ^ _written(change)) or [one.name for one in change.fields]
        return f"a plan of today would {asked.action.value} {change.address} otherwise: {', '.join(names)}"
    return ""


def _written(change: Change) -> set[str]:
    return {one.name for one in change.fields} | set(change.secrets)


def refuse_others(todo: Iterable[Change], approved: Iterable[Change]) -> None:
    """Refuse what was in effect when it was approved and is not any more; raises StalePlanError."""
    known = {change.address for change in approved}
    moved = [
        Moved(str(one.address), "it is no longer as it was a moment ago") for one in todo if one.address not in known
    ]
    if moved:
        raise StalePlanError("the account is no longer as the plan saw it; nothing was written", moved)


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
    once = change.action is Action.UPDATE and bool(change.secrets)
    if diff.precondition(type_, live, names, codes, once=once) == change.precondition:
        return ""
    if change.action is Action.UPDATE and not once and not diff.in_effect(type_, change.fields, live, codes):
        return None
    return _what_moved(change, live, type_, snapshot, once=once)


def _what_moved(change: Change, live: Live, type_: ResourceType, snapshot: Snapshot, *, once: bool) -> str:
    found = []
    for one in change.fields:
        now = diff.now_of(type_, one.name, live, snapshot.codes)
        if (None if now is MISSING else now) != one.before:
            found.append(f"{one.name} is {_show(type_, one.name, now)}, and was {_show(type_, one.name, one.before)}")
    touched = f"it was changed since, and its {', '.join(change.secrets)} may have been sent already"
    return "; ".join(found) or (touched if once else f"its status is {live.status} now")


def _names(wrong: Iterable[FieldChange]) -> str:
    return ", ".join(one.name for one in wrong)


def _show(type_: ResourceType, name: str, value: object) -> str:
    one = type_.by_name.get(name)
    return one.type.show(None if value is MISSING else value) if one else str(value)


def resolve_secrets(changes: Sequence[Change], wish: Wish, secrets: Secrets) -> dict[Address, dict[str, str]]:
    """The secrets that the changes send. Raises ConfigError with all that cannot be had, before any write."""
    found: dict[Address, dict[str, str]] = {}
    wrong: dict[tuple[Secret | str, str], list[tuple[Address, str]]] = defaultdict(list)
    for change in changes:
        desired = wish.objects.get(change.address)
        for name in change.secrets:
            reference = desired.secrets.get(name) if desired else None
            if desired is None or reference is None:
                wrong[name, "it is not in the configuration"].append((change.address, name))
                continue
            try:
                text = secrets.resolve(reference)
                problem = weakness(text)
            except SecretError as error:
                text, problem = "", str(error)
            if problem:
                wrong[reference, problem].append((change.address, name))
            found.setdefault(change.address, {})[name] = text
    if wrong:
        raise ConfigError(_unresolved(problem, sent, wish) for (_, problem), sent in wrong.items())
    return found


def _unresolved(problem: str, sent: Sequence[tuple[Address, str]], wish: Wish) -> Diagnostic:
    """One mistake for all that one secret is for, at the place of the first: often that of the defaults."""
    address, name = sent[0]
    one = wish.objects.get(address)
    place = wish.origin(one, name) if one is not None else None
    if len(sent) == 1:
        return Diagnostic("Q043", f"{name} of {address}: {problem}", place, str(address))
    names = " and ".join(sorted({name for _, name in sent}))
    return Diagnostic("Q043", f"{names} of {len(sent)} objects, {address} among them: {problem}", place)
