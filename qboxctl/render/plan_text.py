"""A plan as text for a terminal: what is lost first, one summary line last.

Many changes of one sort are grouped by domain, one line each, so that three thousand can be read as well as three.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from qboxctl.errors import Position
from qboxctl.model import Action, Address, Change, Plan
from qboxctl.render import parts, table
from qboxctl.render.differences import CHANGED, LEFT_OUT, NEW, OLD, Row
from qboxctl.render.parts import Brief, Group, Line, Section
from qboxctl.render.style import PLAIN, Palette, clean, columns_of, plural, shorten
from qboxctl.schema.kinds import Kinds

PlaceOf = Callable[[Address], Position | None]
"""Where an object stands in the files, None for one that does not."""

_COLOURS = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.DISABLE: "red", Action.DELETE: "red"}
_ROWS = {OLD: "red", NEW: "green", CHANGED: "yellow", LEFT_OUT: "dim"}
_SHOWN = 20
MANY = 20
"""Of more changes of one sort each gets one line."""
_ALIKE = 5
"""More removals than these that say the same of themselves say it once."""
_COLUMNS = 8
"""The most columns of a table; what has more attributes is told as a list."""
_CELL = 40
"""The longest text in a table."""
_MARGIN = 6
"""The columns in front of a name in a group."""


def render(
    plan: Plan,
    types: Kinds,
    palette: Palette = PLAIN,
    per_second: float | None = None,
    *,
    full: bool = False,
    summary: bool = False,
    place_of: PlaceOf = lambda _address: None,
) -> str:
    """The whole plan; ``per_second`` is how many requests may start in a second, if that is limited.

    ``full`` shows every attribute of every change, ``summary`` only how many there are of which sort. Addresses are
    links to where the objects stand, where the terminal shows links and that is known.
    """
    text = _Text(plan, types, palette, place_of, full=full, summary=summary)
    return "\n".join(map(palette.fit, text.lines(per_second)))


class _Text:
    """One rendering."""

    def __init__(
        self, plan: Plan, types: Kinds, palette: Palette, place_of: PlaceOf, *, full: bool, summary: bool
    ) -> None:
        self.plan, self.types, self.palette, self.place_of = plan, types, palette, place_of
        self.full, self.summary = full, summary

    def lines(self, per_second: float | None) -> Iterable[str]:
        """Head, sections, notes, closing lines."""
        plan, paint = self.plan, self.palette.paint
        yield paint(f"Plan for {parts.place(plan)}", "bold")
        if parts.partial_plan(plan):
            yield paint(parts.partial_plan(plan), "yellow")
        for section in parts.sections(plan):
            yield ""
            many = self.summary or (len(section.changes) > MANY and not self.full)
            lost = any(change.destroys_data for change in section.changes)
            yield paint(section.title + (f" ({len(section.changes)})" if many else ""), "alarm" if lost else "bold")
            if many:
                yield from self.grouped(section)
            elif section.changes[0].action.removes:
                yield from self.removals(section.changes)
            else:
                yield from self.each(section.changes)
        yield from self.notes()
        yield ""
        if plan.changes:
            yield parts.budget(plan, self.types, per_second)
        yield from self.verdict()

    def each(self, changes: Sequence[Change]) -> Iterable[str]:
        """Changes with all their attributes."""
        for change in changes:
            yield self.head(change)
            shown = parts.lines(change, self.types)
            width = max((len(line.name) for line in shown), default=0)
            for line in shown:
                yield f"      {line.name:{width}}  {self.value(line)}"
                if line.long:
                    rows = line.long.rows(whole=self.full)
                    yield from (f"        {self.row(row, ' ')}".rstrip() for row in rows)

    def removals(self, changes: Sequence[Change]) -> Iterable[str]:
        """What is removed, each with what becomes of it, and why; where many share that, below it."""
        alike: dict[tuple[str, parts.Remark], list[Change]] = defaultdict(list)
        for change in changes:
            kind = change.address.kind
            alike[kind, parts.remark(change, self.types[kind])].append(change)
        for (kind, remark), some in alike.items():
            if len(some) <= _ALIKE:
                yield from map(self.head, some)
                continue
            fate = self.palette.paint(remark.fate, "alarm" if some[0].destroys_data else "red")
            what = plural(len(some), self.types[kind].noun)
            yield f"  {fate}: {what}{f', {remark.reason}' if remark.reason else ''}"
            for change in some:
                yield self.address(change, f"    {parts.SIGNS[change.action]} ", clean(str(change.address)))

    def head(self, change: Change) -> str:
        """A change's first line."""
        painted = self.address(change, f"  {parts.SIGNS[change.action]} ", clean(str(change.address)))
        remark = parts.remark(change, self.types[change.address.kind])
        fate = self.palette.paint(remark.fate, "alarm") if change.destroys_data else remark.fate
        return "  ".join(filter(None, (painted, fate, self.palette.paint(remark.reason, "dim"))))

    def value(self, line: Line) -> str:
        """What stands beside an attribute's name: the old red, the new green."""
        if line.items:
            return " ".join(map(self.row, line.items))
        if line.long or not line.before:
            return line.head
        return f"{self.palette.paint(line.before, 'red')} → {self.palette.paint(line.after, 'green')}"

    def row(self, row: Row, gap: str = "") -> str:
        """A line of a difference."""
        text = f"{row.sign}{gap}{row.text}" if row.text else row.sign
        return self.palette.paint(text, _ROWS[row.sign]) if row.sign in _ROWS else text

    def grouped(self, section: Section) -> Iterable[str]:
        """Changes on one line each, under their domains and kinds; what destroys data stays in front, in full."""
        lost = [change for change in section.changes if change.destroys_data]
        yield from self.removals(lost)
        others = [change for change in section.changes if not change.destroys_data]
        whole = True
        for group in parts.groups(others, self.types):
            equal = f": {', '.join(group.equal)}" if group.equal else ""
            yield f"  {self.palette.paint(group.home, 'bold')}  {group.what}{equal}"
            if not self.summary:
                rows, told = self.rows(group)
                yield from rows
                whole = whole and told
        if not whole:
            yield self.palette.paint("  (-v shows every attribute)", "dim")

    def rows(self, group: Group) -> tuple[list[str], bool]:
        """The changes of a group, and whether all of them is told: in columns where these fit, else as lists."""
        cells = [[row.cells.get(name, "") for name in group.columns] for row in group.rows]
        if _tabular(cells):
            head, *lines = table.columns([group.columns, *cells])
            broadest = max(map(columns_of, (head, *lines)))
            names, width = self.names(group, broadest)
            if not self.palette.columns or _MARGIN + width + 2 + broadest <= self.palette.columns:
                shown = [self.palette.paint(f"{' ' * (_MARGIN + width)}  {head}", "dim")]
                for row, name, line in zip(group.rows, names, lines, strict=True):
                    shown.append(self.short(row, name, f"{' ' * (width - columns_of(name))}  {line}"))
                return shown, group.whole
        return self.listed(group)

    def names(self, group: Group, room: int) -> tuple[Sequence[str], int]:
        """What the objects of a group are called where so much stands beside them, and how broad that is.

        Their addresses, or as much of them as the terminal has room for: a group's head says which kind and where.
        """
        changes = [row.change for row in group.rows]
        forms = (
            [row.address for row in group.rows],
            [clean(change.address.key) for change in changes],
            [clean(self.types.name(change.address)) for change in changes],
        )
        for names in forms:
            width = max(map(columns_of, names))
            if not self.palette.columns or _MARGIN + width + 2 + room <= self.palette.columns:
                break
        return names, width

    def listed(self, group: Group) -> tuple[list[str], bool]:
        """The changes of a group with what each says: cut on a terminal, whole in a file or a pipe."""
        columns = self.palette.columns
        names, width = self.names(group, columns // 2 if any(row.cells for row in group.rows) else 0)
        room = max(20, columns - _MARGIN - width - 2)
        shown, whole = [], group.whole
        for row, name in zip(group.rows, names, strict=True):
            more = shorten(row.more, room) if columns else row.more
            whole = whole and more == row.more
            shown.append(self.short(row, name, f"{' ' * (width - columns_of(name))}  {more}"))
        return shown, whole

    def short(self, row: Brief, name: str, more: str) -> str:
        """A change on one line."""
        return (self.address(row.change, f"    {parts.SIGNS[row.change.action]} ", name) + more).rstrip()

    def address(self, change: Change, before: str, name: str) -> str:
        """The name of a changed object in its colour, behind the sign of what is done to it."""
        place = self.place_of(change.address) if self.palette.url_of else None
        shown = self.palette.link(name, place.file, place.line, place.column) if place else name
        return self.palette.paint(f"{before}{shown}", self.tone(change))

    def tone(self, change: Change) -> str:
        """The colour of a change."""
        return "alarm" if change.destroys_data else _COLOURS[change.action]

    def notes(self) -> Iterable[str]:
        """What is left alone, what cannot be seen, what stops the plan."""
        plan, paint = self.plan, self.palette.paint
        for title, addresses in parts.left_alone(plan).items():
            yield ""
            yield paint(f"{title} ({len(addresses)})", "dim")
            yield from self.some(addresses)
        unseen = parts.unverifiable(plan, self.types)
        if unseen:
            yield ""
            yield paint("Declared, and never returned by the API, so nobody can tell whether they are set", "dim")
            yield from (f"    {one}" for one in unseen)
        warnings = [f"{message} {paint(hint, 'cyan')}".rstrip() for message, hint in parts.warnings(plan)]
        if warnings:
            yield ""
            yield paint(f"Warnings ({len(warnings)})", "yellow")
            yield from self.some(warnings)
        for message, way in parts.blocks(plan):
            yield ""
            yield paint(message, "alarm")
            if way:
                yield f"  {paint(way, 'cyan')}"

    def some(self, rows: Sequence[str]) -> Iterable[str]:
        """The first rows of many, and how many more there are; all of them where ``full``."""
        shown = rows if self.full else rows[:_SHOWN]
        yield from (f"    {row}" for row in shown)
        if len(rows) > len(shown):
            yield f"    and {len(rows) - len(shown)} more"

    def verdict(self) -> Iterable[str]:
        """The closing lines."""
        plan, paint = self.plan, self.palette.paint
        bill = parts.bill(plan, self.types)
        if bill:
            yield bill
        stays = parts.rest(plan)
        if not plan.changes:
            yield paint(f"Nothing to change: {stays}." if stays else "Nothing to change.", "green")
            return
        lost = parts.loss(plan)
        lost = f" {paint(lost, 'alarm')}" if lost else ""
        counts = ", ".join(paint(text, _COLOURS[action]) for action, text in parts.counts(plan).items())
        yield f"Plan: {counts}{f'; {stays}' if stays else ''}.{lost}"


def _tabular(cells: Sequence[Sequence[str]]) -> bool:
    """Whether a table tells it better than lists do: several rows with much the same attributes, and short values."""
    filled = sum(1 for row in cells for cell in row if cell)
    room = sum(map(len, cells))
    short = all(len(cell) <= _CELL for row in cells for cell in row)
    return len(cells) > 1 and 0 < len(cells[0]) <= _COLUMNS and short and 2 * filled >= room
