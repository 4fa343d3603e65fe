"""What every picture of a plan says, in plain words: sections, lines, notes and the closing counts.

The formats (text, Markdown, HTML) only decide how it looks. Nothing here is escaped for one of them; what could
move a terminal's cursor is already out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from qboxctl.model import Action, Address, Change, FieldChange, Plan, Value
from qboxctl.planning import billing
from qboxctl.planning.graph import writes
from qboxctl.render.differences import NEW, OLD, WIDTH, Long, Row, excerpt, is_edited_text, pair, places, plain
from qboxctl.render.style import clean, duration, plural, shorten
from qboxctl.schema.decoding import EXTRA
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType

SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DISABLE: "!", Action.DELETE: "-"}
MASK = "*** (sent, never shown)"
_PATTERNS = 5
_MINUTES = 120
"""From so many seconds on they are told as minutes."""
_NAMED = 3
"""So many objects are named where they are counted."""


class Section(NamedTuple):
    """Changes of one sort, what destroys data first."""

    name: str
    title: str
    changes: Sequence[Change]


class Line(NamedTuple):
    """One attribute of a change, on one line: ``before`` is "" where there is nothing to compare with.

    Of a list that changes there are its ``items`` instead, those that go and those that come. ``long`` is there where
    one line cannot tell it all. ``markup`` is the new value where that is HTML, for those who can show it.
    """

    name: str
    before: str = ""
    after: str = ""
    items: tuple[Row, ...] = ()
    long: Long | None = None
    markup: str = ""

    def __str__(self) -> str:
        if self.items:
            return " ".join(f"{sign}{text}" for sign, text in self.items)
        return f"{self.before} → {self.after}" if self.before else self.after

    @property
    def head(self) -> str:
        """What stands beside the name where the rows of ``long`` follow."""
        if not self.long:
            return str(self)
        unknown = self.before and self.long.before is None
        return f"{self.before} → {self.long.size()}" if unknown else self.long.size()


class Remark(NamedTuple):
    """What stands beside an address: what becomes of the object, and why; each may be ""."""

    fate: str = ""
    reason: str = ""

    def __str__(self) -> str:
        return "  ".join(filter(None, self))


def sections(plan: Plan) -> list[Section]:
    """Removals, then updates, first those that destroy data, then creations; those that are empty are left out."""
    sorts = (
        ("removed", "To be removed", (Action.DELETE, Action.DISABLE), None),
        ("losing", "To be changed, with loss of data", (Action.UPDATE,), True),
        ("changed", "To be changed", (Action.UPDATE,), False),
        ("created", "To be created", (Action.CREATE,), None),
    )
    found = []
    for name, title, actions, loses in sorts:
        changes = [one for one in plan.changes if one.action in actions and loses in (None, one.destroys_data)]
        changes.sort(key=lambda change: not change.destroys_data)
        if changes:
            found.append(Section(name, title, changes))
    return found


def remark(change: Change, type_: ResourceType) -> Remark:
    """What is lost, and why it is done, where that is not plain to see."""
    reason = clean(change.reason)
    if change.destroys_data and not change.action.removes:
        lowered = ((one.name.upper(), one.loses) for one in type_.losing(change))
        fates = (f"{name} LOWERED, {what} is lost for good" for name, what in lowered)
        return Remark(", ".join(fates), "" if change.reason == "differs" else reason)
    if change.destroys_data:
        return Remark(f"DELETED, {type_.lost}{_of_whom(change)} is lost for good", reason)
    if change.action.removes:
        return Remark(f"{change.action.value}d", reason)
    if change.action is Action.CREATE and type_.ordered:
        return Remark(reason)
    return Remark("", reason) if change.action is Action.UPDATE and change.reason != "differs" else Remark()


def _of_whom(change: Change) -> str:
    """The entries of lists of which something goes with an object, "" for none."""
    names = [clean(name) for one in change.fields for name in one.before or ()]
    more = f" and {len(names) - _PATTERNS} more" if len(names) > _PATTERNS else ""
    return f" of {', '.join(names[:_PATTERNS])}{more}" if names else ""


def lines(change: Change, types: Kinds) -> list[Line]:
    """The attributes of a change in the order of their definitions, the telling ones first; a removal has none."""
    if change.action.removes:
        return []
    type_ = types[change.address.kind]
    shown = [_line(change, one, type_) for one in change.fields]
    shown += [Line(clean(name), "", MASK) for name in change.secrets]
    return sorted(shown, key=lambda line: type_.place(line.name))


class Brief(NamedTuple):
    """A change among many: its address, and what it says beside what all of its group say, by the attribute's name.

    What is not said of an attribute stands under "".
    """

    change: Change
    address: str
    cells: Mapping[str, str]

    @property
    def more(self) -> str:
        """All of it on one line."""
        return ", ".join(f"{name} {text}" if name else text for name, text in self.cells.items())


class Group(NamedTuple):
    """Changes of one kind in one place, with what is equal in all of them said once.

    ``columns`` are the names of what differs, in the order of their definitions. ``whole`` is whether one line each
    tells it all.
    """

    home: str
    what: str
    equal: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Brief]
    whole: bool


def groups(changes: Iterable[Change], types: Kinds) -> Iterator[Group]:
    """Changes by place, in the order of names, and by kind, in that of creation; within a group they keep theirs."""
    places: dict[tuple[str, str], list[Change]] = defaultdict(list)
    rank = {kind: number for number, kind in enumerate(types)}
    for change in changes:
        places[home(change, types), change.address.kind].append(change)
    for place, kind in sorted(places, key=lambda one: (one[0], rank[one[1]])):
        type_, found = types[kind], places[place, kind]
        told = [lines(change, types) for change in found]
        said = [_said(change, each, type_) for change, each in zip(found, told, strict=True)]
        first, *others = said
        equal = {name for name, text in first.items() if others and all(one.get(name) == text for one in others)}
        names = sorted(dict.fromkeys(name for one in said for name in one if name not in equal), key=type_.place)
        rows = [
            Brief(change, clean(str(change.address)), {name: one[name] for name in names if name in one})
            for change, one in zip(found, said, strict=True)
        ]
        shared = [f"{name} {text}" if name else text for name, text in first.items() if name in equal]
        whole = not any(line.long for each in told for line in each)
        yield Group(clean(place), plural(len(found), type_.noun), shared, names, rows, whole)


def _said(change: Change, told: Iterable[Line], type_: ResourceType) -> dict[str, str]:
    """What is said of a change, by the attribute's name; of the change as a whole under ""."""
    whole = ", ".join(filter(None, remark(change, type_)))
    heads = {line.name: line.head if line.long and line.before else str(line) for line in told}
    return {**({"": whole} if whole else {}), **heads}


def _line(change: Change, one: FieldChange, type_: ResourceType) -> Line:
    field = type_.by_name.get(one.name)
    return _in_words(change, one, type_)._replace(markup=field.type.markup(one.after) if field else "")


def _in_words(change: Change, one: FieldChange, type_: ResourceType) -> Line:
    name, before, after = clean(one.name), *(_entries(type_, one.name, side) for side in (one.before, one.after))
    new = _written(type_, one.name, one.after)
    if change.action is Action.CREATE or type_.remakes(change):
        if len(new) <= WIDTH:
            return Line(name, "", excerpt(new))
        long = Long(None, after)
        return Line(name, "", f"{excerpt(new)} ({long.size()})", long=long)
    if isinstance(before, tuple) and isinstance(after, tuple):
        return _list(name, before, after)
    old = _written(type_, one.name, one.before)
    shown = pair(old, new)
    if old == new:  # such as a number, and the same digits as text
        shown = excerpt(ascii(before)), excerpt(ascii(after))
    inside = places(before, after)
    if inside:
        return Line(name, "", excerpt("; ".join(map(str, inside))), long=Long(before, after))
    nested = isinstance(before, (dict, list)) and isinstance(after, (dict, list))
    needs_more = nested or is_edited_text(before, after) or max(len(old), len(new)) > WIDTH
    return Line(name, *shown, long=Long(before, after) if needs_more else None)


def _list(name: str, before: tuple[str, ...], after: tuple[str, ...]) -> Line:
    gone = [Row(OLD, clean(item)) for item in before if item not in after]
    items = (*gone, *(Row(NEW, clean(item)) for item in after if item not in before))
    line = Line(name, items=items)
    if len(str(line)) <= WIDTH:
        return line
    long = Long(before, after)
    return Line(name, "", long.size(), long=long)


def _entries(type_: ResourceType, name: str, value: Value) -> Value:
    """The entries of a set as people read them; any other value as it is."""
    return tuple(map(type_.by_name[name].type.entry, value)) if isinstance(value, tuple) else value


def _written(type_: ResourceType, name: str, value: Value) -> str:
    """A value as people write it in a file, on one line."""
    one = type_.by_name.get(name)
    text = plain(value) if one is None or name.startswith(EXTRA) else one.type.show(value)
    return text.replace("\n", "⏎")


def home(change: Change, types: Kinds) -> str:
    """What a change is grouped under: its domain, or the part of the files that it stands in."""
    root = types.root(change.address)
    type_ = types[root.kind]
    shared = type_.file or (type_.section[0] if len(type_.section) > 1 else "")
    return shared.capitalize() or root.key


def nothing_to_say(plan: Plan) -> bool:
    """Whether a plan changes nothing, and nothing of it is left alone, doubtful, warned of or blocked."""
    return not (plan.changes or plan.unmanaged or plan.unverifiable or plan.warnings or plan.blocked)


def place(plan: Plan) -> str:
    """Which account the plan is for."""
    return f"{shorten(clean(plan.environment), 200)} at {shorten(clean(plan.endpoint), 200)}"


def partial_plan(plan: Plan) -> str:
    """Which part of the configuration and the account was planned, "" for all of it."""
    asked = plan.options
    found = [f"only {_some(asked.targets)}"] if asked.targets else []
    since = shorten(clean(asked.since or ""), WIDTH) if asked.only_changed else ""
    found += [f"only what the changes since {since} bear on"] if since else []
    found += [f"without {_some(asked.excludes)}"] if asked.excludes else []
    return f"partial plan: {', '.join(found)}" if found else ""


def _some(patterns: Sequence[str]) -> str:
    shown = ", ".join(shorten(clean(text), WIDTH) for text in patterns[:_PATTERNS])
    return shown + (f" and {len(patterns) - _PATTERNS} more" if len(patterns) > _PATTERNS else "")


def left_alone(plan: Plan) -> dict[str, list[str]]:
    """The live objects that no file declares and that stay as they are, by why; those without any are left out."""
    strangers = [clean(str(address)) for address in plan.unmanaged if address not in plan.disabled]
    disabled = [clean(str(address)) for address in plan.unmanaged if address in plan.disabled]
    found = {"Not declared, and left alone": strangers, "Not declared, and disabled already": disabled}
    return {title: rows for title, rows in found.items() if rows}


def unverifiable(plan: Plan, types: Kinds) -> list[str]:
    """The declared attributes of which the API does not tell whether they are set, each with the number of objects.

    Where a volatile one may be missing for good, its objects are named: only sending it again makes sure.
    """
    found: dict[tuple[str, str], list[Address]] = {}
    for row in plan.unverifiable:
        for name in row.fields:
            found.setdefault((row.address.kind, name), []).append(row.address)
    lines = []
    for (kind, name), addresses in sorted(found.items()):
        one = types[kind].by_name.get(name) if kind in types else None
        lines.append(f"{kind}.{clean(name)} on {plural(len(addresses), 'object')}")
        if one is not None and one.volatile:
            named = ", ".join(clean(str(address)) for address in addresses[:_NAMED])
            more = f" and {len(addresses) - _NAMED} more" if len(addresses) > _NAMED else ""
            lines[-1] += f", which may lack it: {named}{more} (--rotate ADDRESS sends it, and the secret, again)"
    return lines


def blocks(plan: Plan) -> Iterable[tuple[str, str]]:
    """What stops the plan, and what can be done about it."""
    for one in plan.blocked:
        yield f"BLOCKED by the {clean(one.guard)} guard: {clean(one.message)}", clean(one.way_out)


def warnings(plan: Plan) -> Iterable[tuple[str, str]]:
    """What is right and may surprise, and what can be done about it in brackets, "" for nothing."""
    for one in plan.warnings:
        yield f"{clean(one.code)}: {clean(one.message)}", f"({clean(one.hint)})" if one.hint else ""


def budget(plan: Plan, types: Kinds, per_second: float | None) -> str:
    """What applying takes: requests, and time where the rate is limited; and what reading took, beyond lists of all."""
    number = writes(plan.changes, types)
    seconds = number / per_second if per_second else 0
    time = f"{seconds:.0f} s" if seconds < _MINUTES else duration(seconds)
    least = f", at least {time} at {per_second:g} requests a second" if round(seconds) else ""
    line = f"Apply: {plural(number, 'write')}{least}, and list pages to read them back"
    read = [f"{number} for {_many(types, kind)}" for kind, number in sorted(plan.requests.items()) if kind in types]
    return f"{line}; reading took {plural(sum(plan.requests.values()), 'request')}: {', '.join(read)}" if read else line


def _many(types: Kinds, kind: str) -> str:
    return types[kind].section[-1].replace("_", " ")


def bill(plan: Plan, types: Kinds) -> str:
    """What is added to the bill and taken from it, "" for nothing."""
    words = billing.lines(types)
    lines = ((number, words.get(name, clean(name))) for name, number in plan.billing.items() if number)
    found = [f"{number:+d} {_billed(line, number)}" for number, line in lines]
    return f"Bill: {', '.join(found)}" if found else ""


def _billed(line: str, number: int) -> str:
    noun, of, size = line.partition(" of ")
    return plural(abs(number), noun).partition(" ")[2] + of + size


def counts(plan: Plan) -> dict[Action, str]:
    """How many changes of each sort there are; those that do not occur are left out."""
    return {action: f"{plan.summary[action]} to {action}" for action in Action if plan.summary.get(action)}


def totals(plan: Plan) -> str:
    """The same in one line."""
    return ", ".join(counts(plan).values())


def rest(plan: Plan) -> str:
    """How many objects stay as they are, "" for none."""
    return ", ".join(f"{plan.summary[name]} {name}" for name in ("unchanged", "unmanaged") if plan.summary.get(name))


def loss(plan: Plan) -> str:
    """How much data would be destroyed, "" for none."""
    destroyed = sum(1 for change in plan.changes if change.destroys_data)
    return f"Data of {plural(destroyed, 'object')} is destroyed." if destroyed else ""
