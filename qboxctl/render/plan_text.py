"""A plan as text for a terminal: what is lost first, one summary line last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from qboxctl.definition import ResourceType
from qboxctl.diff import EXTRA
from qboxctl.graph import writes
from qboxctl.model import Action, Change, FieldChange, Plan
from qboxctl.render.style import PLAIN, Palette, clean, plural, shorten

_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DISABLE: "!", Action.DELETE: "-"}
_COLOURS = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.DISABLE: "red", Action.DELETE: "red"}
_SHOWN = 20
_WIDTH = 100
_BILL = {
    "mailboxes_8gb": "mailbox of 8 GB",
    "mailboxes_25gb": "mailbox of 25 GB",
    "mailboxes_50gb": "mailbox of 50 GB",
    "mailboxes_100gb": "mailbox of 100 GB",
    "domains": "domain",
    "delivery_accounts": "Delivery account",
}


def render(
    plan: Plan,
    types: Mapping[str, ResourceType],
    palette: Palette = PLAIN,
    per_second: float | None = None,
) -> str:
    """The whole plan; ``per_second`` is how many requests may start in a second, if that is limited."""
    return "\n".join(_lines(plan, types, palette, per_second))


def _lines(plan: Plan, types: Mapping[str, ResourceType], palette: Palette, per_second: float | None) -> Iterable[str]:
    where = f"{clean(plan.environment)} at {clean(plan.endpoint)}"
    yield palette.paint(f"Plan for {where}", "bold")
    groups = (
        ("To be removed", (Action.DELETE, Action.DISABLE)),
        ("To be changed", (Action.UPDATE,)),
        ("To be created", (Action.CREATE,)),
    )
    for title, actions in groups:
        changes = [change for change in plan.changes if change.action in actions]
        changes.sort(key=lambda change: not change.destroys_data)
        if changes:
            yield ""
            yield palette.paint(title, "bold")
        for change in changes:
            yield from _change(change, types[change.address.kind], palette)
    yield from _notes(plan, palette)
    yield ""
    yield from _budget(plan, types, per_second)
    yield from _verdict(plan, palette)


def _change(change: Change, type_: ResourceType, palette: Palette) -> Iterable[str]:
    head = f"  {_SIGNS[change.action]} {clean(str(change.address))}"
    if change.destroys_data:
        what = "its mail is lost for good" if type_.kind in ("mailbox", "domain") else "it is lost for good"
        yield (
            palette.paint(head, "alarm") + palette.paint(f"  DELETED, {what}", "alarm") + f"  ({clean(change.reason)})"
        )
    elif change.action.removes:
        yield palette.paint(head, _COLOURS[change.action]) + f"  {change.action.value}d  ({clean(change.reason)})"
    elif change.action is Action.UPDATE and change.reason != "differs":
        yield palette.paint(head, _COLOURS[change.action]) + f"  ({clean(change.reason)})"
    else:
        yield palette.paint(head, _COLOURS[change.action])
    if not change.action.removes:
        width = max([len(one.name) for one in change.fields] + [len(name) for name in change.secrets], default=0)
        for one in change.fields:
            yield f"      {clean(one.name):{width}}  {_values(change, one, type_)}"
        for name in change.secrets:
            yield f"      {clean(name):{width}}  *** (sent, never shown)"


def _values(change: Change, one: FieldChange, type_: ResourceType) -> str:
    after = show(type_, one.name, one.after)
    if change.action is Action.CREATE:
        return after
    if isinstance(one.before, tuple) and isinstance(one.after, tuple):
        gone = [f"-{clean(item)}" for item in one.before if item not in one.after]
        new = [f"+{clean(item)}" for item in one.after if item not in one.before]
        return shorten(" ".join(gone + new), _WIDTH)
    return f"{show(type_, one.name, one.before)} → {after}"


def show(type_: ResourceType, name: str, value: object) -> str:
    """A value as people write it in a file."""
    one = type_.by_name.get(name)
    text = str(value) if one is None or name.startswith(EXTRA) else one.type.show(value)
    return shorten(clean(text.replace("\n", "⏎")), _WIDTH)


def _notes(plan: Plan, palette: Palette) -> Iterable[str]:
    if plan.unmanaged:
        yield ""
        yield palette.paint(f"Not declared, and left alone ({len(plan.unmanaged)})", "dim")
        yield from (f"    {clean(str(address))}" for address in plan.unmanaged[:_SHOWN])
        if len(plan.unmanaged) > _SHOWN:
            yield f"    and {len(plan.unmanaged) - _SHOWN} more"
    if plan.unverifiable:
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for row in plan.unverifiable:
            for name in row.fields:
                counts[row.address.kind, name] += 1
        yield ""
        yield palette.paint("Declared, and never returned by the API, so nobody can tell whether they are set", "dim")
        for (kind, name), number in sorted(counts.items()):
            yield f"    {kind}.{clean(name)} on {plural(number, 'object')}"
    for one in plan.blocked:
        yield ""
        yield palette.paint(f"BLOCKED by the {clean(one.guard)} guard: {clean(one.message)}", "alarm")
        if one.guard == "count":
            yield f"  if that is right, let exactly this plan pass: --acknowledge {plan.id}"


def _budget(plan: Plan, types: Mapping[str, ResourceType], per_second: float | None) -> Iterable[str]:
    """What applying takes: requests, and time where the rate is limited."""
    if plan.changes:
        number = writes(plan.changes, types)
        least = f", at least {number / per_second:.0f} s at {per_second:g} requests a second" if per_second else ""
        yield f"Apply: {plural(number, 'write')}{least}, and list pages to read them back"


def _billed(name: str, number: int) -> str:
    noun, of, size = _BILL.get(name, name).partition(" of ")
    return plural(abs(number), noun).partition(" ")[2] + of + size


def _verdict(plan: Plan, palette: Palette) -> Iterable[str]:
    bill = [f"{number:+d} {_billed(name, number)}" for name, number in plan.billing.items() if number]
    if bill:
        yield f"Bill: {', '.join(bill)}"
    counts = plan.summary
    rest = f"{counts.get('unchanged', 0)} unchanged, {counts.get('unmanaged', 0)} unmanaged"
    if not plan.changes:
        yield palette.paint(f"Nothing to change: {rest}.", "green")
        return
    parts = ", ".join(f"{counts.get(name, 0)} to {name}" for name in ("create", "update", "disable", "delete"))
    destroyed = sum(1 for change in plan.changes if change.destroys_data)
    lost = f" Data of {plural(destroyed, 'object')} is destroyed." if destroyed else ""
    yield f"Plan: {palette.paint(parts, 'bold')}; {rest}.{palette.paint(lost, 'alarm')}"
