"""What every picture of a plan says, in plain words: sections, lines, notes and the closing counts.

The formats (text, Markdown, HTML) only decide how it looks. Nothing here is escaped for one of them; what could
move a terminal's cursor is already out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from qboxctl.definition import ResourceType
from qboxctl.diff import EXTRA
from qboxctl.graph import writes
from qboxctl.model import Action, Change, FieldChange, Plan
from qboxctl.render.style import clean, plural, shorten

SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DISABLE: "!", Action.DELETE: "-"}
MASK = "*** (sent, never shown)"
_WIDTH = 100
_BILL = {
    "mailboxes_8gb": "mailbox of 8 GB",
    "mailboxes_25gb": "mailbox of 25 GB",
    "mailboxes_50gb": "mailbox of 50 GB",
    "mailboxes_100gb": "mailbox of 100 GB",
    "domains": "domain",
    "delivery_accounts": "Delivery account",
}

Types = Mapping[str, ResourceType]


class Section(NamedTuple):
    """Changes of one sort, what destroys data first."""

    name: str
    title: str
    changes: Sequence[Change]


class Line(NamedTuple):
    """One attribute of a change: ``before`` is "" where there is nothing to compare with."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.before} → {self.after}" if self.before else self.after


def sections(plan: Plan) -> list[Section]:
    """Removals, then updates, then creations; those that are empty are left out."""
    sorts = (
        ("removed", "To be removed", (Action.DELETE, Action.DISABLE)),
        ("changed", "To be changed", (Action.UPDATE,)),
        ("created", "To be created", (Action.CREATE,)),
    )
    found = []
    for name, title, actions in sorts:
        changes = [change for change in plan.changes if change.action in actions]
        changes.sort(key=lambda change: not change.destroys_data)
        if changes:
            found.append(Section(name, title, changes))
    return found


def remark(change: Change, type_: ResourceType) -> str:
    """What stands beside the address: what is lost, and why it is done; "" where there is nothing to add."""
    reason = clean(change.reason)
    if change.destroys_data:
        what = "its mail is lost for good" if type_.kind in ("mailbox", "domain") else "it is lost for good"
        return f"DELETED, {what}  ({reason})"
    if change.action.removes:
        return f"{change.action.value}d  ({reason})"
    if change.action is Action.CREATE:
        return reason if type_.ordered else ""
    return f"({reason})" if change.reason != "differs" else ""


def lines(change: Change, types: Types) -> list[Line]:
    """The attributes of a change; a removal has none."""
    if change.action.removes:
        return []
    type_ = types[change.address.kind]
    shown = [_line(change, one, type_) for one in change.fields]
    return shown + [Line(clean(name), "", MASK) for name in change.secrets]


def _line(change: Change, one: FieldChange, type_: ResourceType) -> Line:
    name, after = clean(one.name), show(type_, one.name, one.after)
    if change.action is Action.CREATE:
        return Line(name, "", after)
    if isinstance(one.before, tuple) and isinstance(one.after, tuple):
        gone = [f"-{clean(item)}" for item in one.before if item not in one.after]
        new = [f"+{clean(item)}" for item in one.after if item not in one.before]
        return Line(name, "", shorten(" ".join(gone + new), _WIDTH))
    return Line(name, show(type_, one.name, one.before), after)


def show(type_: ResourceType, name: str, value: object) -> str:
    """A value as people write it in a file, on one line."""
    one = type_.by_name.get(name)
    text = str(value) if one is None or name.startswith(EXTRA) else one.type.show(value)
    return shorten(clean(text.replace("\n", "⏎")), _WIDTH)


def home(change: Change, types: Types) -> str:
    """What a change is grouped under: its domain, or the part of the files that it stands in."""
    type_ = types[change.address.kind]
    if type_.parent:
        return type_.parent_of(change.address.key)
    return change.address.key if len(type_.section) == 1 else type_.section[0].capitalize()


def place(plan: Plan) -> str:
    """Which account the plan is for."""
    return f"{clean(plan.environment)} at {shorten(clean(plan.endpoint), 200)}"


def unverifiable(plan: Plan) -> list[str]:
    """The declared attributes that the API never returns, each with the number of objects."""
    counts = Counter((row.address.kind, name) for row in plan.unverifiable for name in row.fields)
    return [f"{kind}.{clean(name)} on {plural(number, 'object')}" for (kind, name), number in sorted(counts.items())]


def blocks(plan: Plan) -> Iterable[tuple[str, str]]:
    """What stops the plan, and what can be done about it."""
    for one in plan.blocked:
        yield f"BLOCKED by the {clean(one.guard)} guard: {clean(one.message)}", clean(one.way_out)


def warnings(plan: Plan) -> Iterable[str]:
    """What is right and may surprise, each with what can be done about it."""
    for one in plan.warnings:
        hint = f" ({clean(one.hint)})" if one.hint else ""
        yield f"{clean(one.code)}: {clean(one.message)}{hint}"


def budget(plan: Plan, types: Types, per_second: float | None) -> str:
    """What applying takes: requests, and time where the rate is limited."""
    number = writes(plan.changes, types)
    least = f", at least {number / per_second:.0f} s at {per_second:g} requests a second" if per_second else ""
    return f"Apply: {plural(number, 'write')}{least}, and list pages to read them back"


def bill(plan: Plan) -> str:
    """What is added to the bill and taken from it, "" for nothing."""
    found = [f"{number:+d} {_billed(name, number)}" for name, number in plan.billing.items() if number]
    return f"Bill: {', '.join(found)}" if found else ""


def _billed(name: str, number: int) -> str:
    noun, of, size = _BILL.get(name, clean(name)).partition(" of ")
    return plural(abs(number), noun).partition(" ")[2] + of + size


def totals(plan: Plan) -> str:
    """How many changes of each sort."""
    return ", ".join(f"{plan.summary.get(name, 0)} to {name}" for name in ("create", "update", "disable", "delete"))


def rest(plan: Plan) -> str:
    """How many objects stay as they are."""
    return f"{plan.summary.get('unchanged', 0)} unchanged, {plan.summary.get('unmanaged', 0)} unmanaged"


def loss(plan: Plan) -> str:
    """How much data would be destroyed, "" for none."""
    destroyed = sum(1 for change in plan.changes if change.destroys_data)
    return f"Data of {plural(destroyed, 'object')} is destroyed." if destroyed else ""
