"""A plan as text for a terminal: what is lost first, one summary line last.

Many changes of one sort are grouped by domain, one line each, so that three thousand can be read as well as three.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import groupby

from qboxctl.model import Action, Change, Plan
from qboxctl.render import parts
from qboxctl.render.parts import Section, Types
from qboxctl.render.style import PLAIN, Palette, clean, plural, shorten

_COLOURS = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.DISABLE: "red", Action.DELETE: "red"}
_SHOWN = 20
MANY = 50
"""From so many changes of one sort on, each gets one line."""


def render(
    plan: Plan,
    types: Types,
    palette: Palette = PLAIN,
    per_second: float | None = None,
    *,
    width: int = 120,
    full: bool = False,
) -> str:
    """The whole plan; ``per_second`` is how many requests may start in a second, if that is limited.

    ``width`` is the terminal's, in columns, ``full`` shows every attribute of every change.
    """
    return "\n".join(_Text(plan, types, palette, width, full=full).lines(per_second))


class _Text:
    """One rendering."""

    def __init__(self, plan: Plan, types: Types, palette: Palette, width: int, *, full: bool) -> None:
        self.plan, self.types, self.palette = plan, types, palette
        self.width, self.full = width, full

    def lines(self, per_second: float | None) -> Iterable[str]:
        """Head, sections, notes, closing lines."""
        plan, paint = self.plan, self.palette.paint
        yield paint(f"Plan for {parts.place(plan)}", "bold")
        for section in parts.sections(plan):
            yield ""
            many = len(section.changes) > MANY and not self.full
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
            yield from (f"      {line.name:{width}}  {line}" for line in shown)

    def grouped(self, section: Section) -> Iterable[str]:
        """Changes on one line each, under their domains; what destroys data stays in front, in full."""
        lost = [change for change in section.changes if change.destroys_data]
        yield from (self.head(change) for change in lost)
        by_home = partial(parts.home, types=self.types)
        others = sorted((change for change in section.changes if not change.destroys_data), key=by_home)
        for home, group in groupby(others, key=by_home):
            changes = list(group)
            yield f"  {self.palette.paint(clean(home), 'bold')}  {plural(len(changes), 'object')}"
            yield from (self.short(change) for change in changes)
        yield self.palette.paint("  (-v shows every attribute)", "dim")

    def head(self, change: Change) -> str:
        """A change's first line."""
        painted = self.palette.paint(f"  {parts.SIGNS[change.action]} {clean(str(change.address))}", self.tone(change))
        remark = parts.remark(change, self.types[change.address.kind])
        return f"{painted}  {self.palette.paint(remark, 'alarm') if change.destroys_data else remark}".rstrip()

    def short(self, change: Change) -> str:
        """A change on one line."""
        head = f"    {parts.SIGNS[change.action]} {clean(str(change.address))}"
        shown = [f"{line.name} {line}" for line in parts.lines(change, self.types)]
        more = "  ".join(filter(None, (parts.remark(change, self.types[change.address.kind]), ", ".join(shown))))
        room = max(20, self.width - len(head) - 2)
        return f"{self.palette.paint(head, self.tone(change))}  {shorten(more, room)}".rstrip()

    def tone(self, change: Change) -> str:
        """The colour of a change."""
        return "alarm" if change.destroys_data else _COLOURS[change.action]

    def notes(self) -> Iterable[str]:
        """What is left alone, what cannot be seen, what stops the plan."""
        plan, paint = self.plan, self.palette.paint
        if plan.unmanaged:
            yield ""
            yield paint(f"Not declared, and left alone ({len(plan.unmanaged)})", "dim")
            shown = plan.unmanaged if self.full else plan.unmanaged[:_SHOWN]
            yield from (f"    {clean(str(address))}" for address in shown)
            if len(plan.unmanaged) > len(shown):
                yield f"    and {len(plan.unmanaged) - len(shown)} more"
        unseen = parts.unverifiable(plan, self.types)
        if unseen:
            yield ""
            yield paint("Declared, and never returned by the API, so nobody can tell whether they are set", "dim")
            yield from (f"    {one}" for one in unseen)
        for message, way in parts.blocks(plan):
            yield ""
            yield paint(message, "alarm")
            if way:
                yield f"  {way}"

    def verdict(self) -> Iterable[str]:
        """The closing lines."""
        plan, paint = self.plan, self.palette.paint
        bill = parts.bill(plan)
        if bill:
            yield bill
        if not plan.changes:
            yield paint(f"Nothing to change: {parts.rest(plan)}.", "green")
            return
        lost = parts.loss(plan)
        lost = f" {paint(lost, 'alarm')}" if lost else ""
        yield f"Plan: {paint(parts.totals(plan), 'bold')}; {parts.rest(plan)}.{lost}"
