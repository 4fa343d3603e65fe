"""The changes of a plan as the HTML page shows them: by domain, in groups, with what is equal said once.

What is removed stands first. Changes of one kind and sort in one domain are a group; several creations are a table,
whose columns follow from the order of the definitions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from qboxctl.model import Action, Address, Change, Plan
from qboxctl.render import parts
from qboxctl.render.differences import SAME, Long, Row
from qboxctl.render.origin import Origin, SourceLine
from qboxctl.render.parts import Line, Remark
from qboxctl.render.style import clean, plural
from qboxctl.schema.kinds import Kinds

OPEN = 300
"""With more changes, domains are closed at first: a browser lays out so many in no time, and a reader skims them."""
_HEADED = 4
"""From so many changes of one kind and sort on, a group has a heading, and says once what is equal in it."""
_COLUMNS = 6
"""Attributes with a column of their own: more do not fit the width of a screen."""
_OFTEN = 5
"""Of so many objects, one must tell an attribute that has a column."""
_BESIDE = 3
"""So many attributes stand beside a name; more stand below it."""
_FOLDED = 4
"""So many equal lines of a text in a row are folded, but for those next to what differs."""
_AROUND = 2
_ORDER = (Action.DELETE, Action.DISABLE, Action.UPDATE, Action.CREATE)
_WORDS = {
    Action.CREATE: "+ create", Action.UPDATE: "~ update", Action.DISABLE: "! disable", Action.DELETE: "− delete",
}  # fmt: skip


class Link(NamedTuple):
    """A text, and where it leads, "" for nowhere."""

    text: str
    href: str = ""


class Share(NamedTuple):
    """How many changes there are of one sort, and their part of the strip."""

    action: Action
    number: int
    start: int = 0
    width: int = 0


class Name(NamedTuple):
    """An object's key, cut where its own name begins and ends; the rest is what it lives in."""

    before: str
    own: str
    after: str


class Entry(NamedTuple):
    """One change: ``cells`` in the columns of its group, ``lines`` for what has none."""

    anchor: str
    name: Name
    remark: Remark
    lost: bool
    cells: Sequence[Line | None]
    lines: Sequence[Line]
    place: Link | None

    @property
    def is_wide(self) -> bool:
        """Whether its attributes take the whole width."""
        return len(self.lines) > _BESIDE or any(line.long or line.markup for line in self.lines)


class Block(NamedTuple):
    """Lines of a difference; ``folded`` where they are equal and far from what differs."""

    folded: bool
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes of one kind and sort in one domain. ``equal`` and ``remark`` are said once for all of them."""

    kind: str
    action: Action
    title: str
    equal: Sequence[Line]
    remark: Remark
    columns: Sequence[str]
    entries: Sequence[Entry]
    is_home_said: bool
    """Whether the heading above tells what all of them live in."""

    @property
    def word(self) -> str:
        """The sign of the action, and its name."""
        return _WORDS[self.action]

    @property
    def sign(self) -> str:
        """The sign alone."""
        return self.word.partition(" ")[0]

    @property
    def says_once(self) -> bool:
        """Whether anything is equal in all entries."""
        return bool(self.equal) or any(self.remark)

    @property
    def is_table(self) -> bool:
        """Whether it has columns: several creations."""
        return self.action is Action.CREATE and len(self.entries) > 1

    @property
    def more(self) -> bool:
        """Whether an entry tells attributes without a column."""
        return any(one.lines for one in self.entries)

    @property
    def remarks(self) -> bool:
        """Whether an entry has a remark of its own."""
        return any(any(one.remark) for one in self.entries)

    @property
    def places(self) -> bool:
        """Whether it is known of an entry where it is declared."""
        return any(one.place for one in self.entries)


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain, or another part of the files, with all changes in it."""

    name: str
    counts: Sequence[Share]
    groups: Sequence[Batch]
    open: bool


def domains(plan: Plan, types: Kinds, origin: Origin) -> Iterator[Domain]:
    """The changes by what they are grouped under, in the order of names."""
    found: dict[str, list[Change]] = defaultdict(list)
    for change in plan.changes:
        found[parts.home(change, types)].append(change)
    build = _Builder(types, origin, plan.git_commit or "")
    few = len(plan.changes) <= OPEN
    for home, changes in sorted(found.items()):
        yield Domain(clean(home), shares_of(changes), list(build.groups(home, changes)), few)


@dataclass(frozen=True, slots=True)
class _Builder:
    """What all groups of a page are made with."""

    types: Kinds
    origin: Origin
    commit: str

    def groups(self, home: str, changes: Iterable[Change]) -> Iterator[Batch]:
        """Changes by sort and kind; what destroys data is in front."""
        found: dict[tuple[Action, str], list[Change]] = defaultdict(list)
        for change in changes:
            found[change.action, change.address.kind].append(change)
        for action in _ORDER:
            for kind in self.types:
                if (action, kind) in found:
                    yield self.group(home, sorted(found[action, kind], key=lambda change: not change.destroys_data))

    def group(self, home: str, changes: Sequence[Change]) -> Batch:
        """One group; a small one says everything in each of its entries."""
        kind, action = changes[0].address.kind, changes[0].action
        table = action is Action.CREATE and len(changes) > 1
        headed = table or len(changes) >= _HEADED
        told = [{line.name: line for line in parts.lines(change, self.types)} for change in changes]
        remarks = [self.remark(change) for change in changes]
        equal = _equal(told) if headed else {}
        said = remarks[0] if headed and all(one == remarks[0] for one in remarks) else Remark()
        own = [[line for name, line in one.items() if name not in equal] for one in told]
        columns = _columns(own, self.types[kind].order) if table else ()
        return Batch(
            kind=kind,
            action=action,
            title=f"{plural(len(changes), self.types[kind].noun)} to {action}" if headed else "",
            equal=list(equal.values()),
            remark=said,
            columns=columns,
            entries=[
                self.entry(change, columns, lines, Remark() if any(said) else remark)
                for change, lines, remark in zip(changes, own, remarks, strict=True)
            ],
            is_home_said=self.types.split(changes[0].address)[0] == home,
        )

    def entry(self, change: Change, columns: Sequence[str], lines: Sequence[Line], remark: Remark) -> Entry:
        """One change, its attributes in columns as far as there are any."""
        in_columns = {line.name: line for line in lines if line.name in columns}
        return Entry(
            anchor=anchor(change.address),
            name=self.name(change.address),
            remark=remark,
            lost=change.destroys_data,
            cells=[in_columns.get(name) for name in columns],
            lines=[line for line in lines if line.name not in in_columns] if len(lines) > len(in_columns) else (),
            place=self.place(change.address),
        )

    def remark(self, change: Change) -> Remark:
        """What becomes of an object, where its sign does not say that already, and why."""
        fate, reason = parts.remark(change, self.types[change.address.kind])
        return Remark("" if change.action.removes and not change.destroys_data else fate, reason)

    def name(self, address: Address) -> Name:
        """The key of an object: what is its own, and what says where it lives."""
        key, own = address.key, self.types.name(address)
        end = len(key) - len(own)
        start = end if key.endswith(f"/{own}") else 0 if key.startswith(own) else -1
        if start < 0:
            return Name("", clean(key), "")
        return Name(clean(key[:start]), clean(own), clean(key[start + len(own) :]))

    def place(self, address: Address) -> Link | None:
        """Where an object is declared, where that is known."""
        place: SourceLine | None = self.origin.places.get(address)
        if place is None:
            return None
        site = self.origin.site if place.path and self.commit else None
        return Link(clean(str(place)), https(site.line(self.commit, place)) if site else "")


def _equal(told: Sequence[Mapping[str, Line]]) -> dict[str, Line]:
    """The attributes of which all tell the same."""
    first, *others = told
    return {name: line for name, line in first.items() if all(one.get(name) == line for one in others)}


def _columns(told: Sequence[Sequence[Line]], order: Mapping[str, int]) -> list[str]:
    """The attributes that most of a group tell, as far as many do, in the order of their definitions."""
    counts: dict[str, int] = defaultdict(int)
    for lines in told:
        for line in lines:
            counts[line.name] += 1
    places = {name: order.get(name, len(order)) for name in counts}
    often = [name for name, count in counts.items() if _OFTEN * count >= len(told)]
    most = sorted(often, key=lambda name: (-counts[name], places[name]))[:_COLUMNS]
    return sorted(most, key=places.__getitem__)


def blocks(long: Long) -> Iterator[Block]:
    """All lines of a difference; equal ones in a row are folded where they are many, but for those around."""
    rows = long.rows(whole=True)
    at = 0
    for same, found in groupby(rows, lambda row: row.sign == SAME):
        run = list(found)
        first = _AROUND if at else 0
        at += len(run)
        last = len(run) - (_AROUND if at < len(rows) else 0)
        if same and last - first >= _FOLDED:
            yield from (Block(False, run[:first]), Block(True, run[first:last]), Block(False, run[last:]))
        else:
            yield Block(False, run)


def shares_of(changes: Iterable[Change]) -> list[Share]:
    """How many changes there are of each sort, in the order in which they are shown."""
    counts = dict.fromkeys(_ORDER, 0)
    for change in changes:
        counts[change.action] += 1
    return [Share(action, count) for action, count in counts.items() if count]


def anchor(address: Address) -> str:
    """A name for a place in the page; blanks may not stand in one."""
    return clean(str(address)).replace(" ", "_")


def https(href: str) -> str:
    """An address that a link may lead to: no other scheme does anything here."""
    return href if href.startswith("https://") else ""
