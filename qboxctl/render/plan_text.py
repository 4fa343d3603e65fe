"""A plan as text for a terminal: what is lost first, one summary line last.

Many changes of one sort are grouped by domain, one line each, so that three thousand can be read as well as three.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qboxctl.model import Action, Change, Plan
from qboxctl.render import parts
from qboxctl.render.differences import CHANGED, LEFT_OUT, NEW, OLD, Row
from qboxctl.render.parts import Line, Section
from qboxctl.render.style import PLAIN, Palette, clean, shorten
from qboxctl.schema.kinds import Kinds

_COLOURS = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.DISABLE: "red", Action.DELETE: "red"}
_ROWS = {OLD: "red", NEW: "green", CHANGED: "yellow", LEFT_OUT: "dim"}
_SHOWN = 20
MANY = 50
"""From so many changes of one sort on, each gets one line."""


def render(
    plan: Plan,
    types: Kinds,
    palette: Palette = PLAIN,
    per_second: float | None = None,
    *,
    full: bool = False,
    summary: bool = False,
) -> str:
    """The whole plan; ``per_second`` is how many requests may start in a second, if that is limited.

    ``full`` shows every attribute of every change, ``summary`` only how many there are of which sort.
    """
    return "\n".join(map(palette.fit, _Text(plan, types, palette, full=full, summary=summary).lines(per_second)))


class _Text:
    """One rendering."""

    def __init__(self, plan: Plan, types: Kinds, palette: Palette, *, full: bool, summary: bool) -> None:
        self.plan, self.types, self.palette = plan, types, palette
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
            yield paint(section.title + (f" ({len(section.changes)})" if many else ""), "bold")
            yield from self.grouped(section) if many else self.each(section.changes)
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

    def value(self, line: Line) -> str:
        """What stands beside an attribute's name: the old red, the new green."""
        if line.items:
            return " ".join(map(self.row, line.items))
        if line.long or not line.before:
            return line.head
        return f"{self.palette.paint(line.before, 'red')} → {self.palette.paint(line.after, 'green')}"

    def row(self, row: Row, gap: str = "") -> str:
        """A line of a difference."""
        text = f"{row.sign}{gap}{row.text}"
        return self.palette.paint(text, _ROWS[row.sign]) if row.sign in _ROWS else text

    def grouped(self, section: Section) -> Iterable[str]:
        """Changes on one line each, under their domains and kinds; what destroys data stays in front, in full."""
        lost = [change for change in section.changes if change.destroys_data]
        yield from (self.head(change) for change in lost)
        others = [change for change in section.changes if not change.destroys_data]
        for group in parts.groups(others, self.types):
            equal = f": {', '.join(group.equal)}" if group.equal else ""
            yield f"  {self.palette.paint(group.home, 'bold')}  {group.what}{equal}"
            width = max(len(row.address) for row in group.rows) if self.palette.columns else 0
            shown = () if self.summary else group.rows
            yield from (self.short(row, min(width, self.palette.columns // 2)) for row in shown)
        yield self.palette.paint("  (--full shows every attribute)", "dim")

    def head(self, change: Change) -> str:
        """A change's first line."""
        painted = self.palette.paint(f"  {parts.SIGNS[change.action]} {clean(str(change.address))}", self.tone(change))
        remark = parts.remark(change, self.types[change.address.kind])
        fate = self.palette.paint(remark.fate, "alarm") if change.destroys_data else remark.fate
        return "  ".join(filter(None, (painted, fate, self.palette.paint(remark.reason, "dim"))))

    def short(self, row: parts.Brief, width: int) -> str:
        """A change on one line: cut on a terminal, whole in a file or a pipe."""
        head = f"    {parts.SIGNS[row.change.action]} {row.address:{width}}"
        more = row.more
        if self.palette.columns:
            more = shorten(more, max(20, self.palette.columns - len(head) - 2))
        return f"{self.palette.paint(head, self.tone(row.change))}  {more}".rstrip()

    def tone(self, change: Change) -> str:
        """The colour of a change."""
        return "alarm" if change.destroys_data else _COLOURS[change.action]

    def notes(self) -> Iterable[str]:
        """What is left alone, what cannot be seen, what stops the plan."""
        plan, paint = self.plan, self.palette.paint
        if plan.unmanaged:
            yield ""
            yield paint(f"Not declared, and left alone ({len(plan.unmanaged)})", "dim")
            yield from self.some([clean(str(address)) for address in plan.unmanaged])
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
