"""What came of an apply, as lines, as the report at its end, and as JSON. Pure.

What went well is told as it happens, as far as a screen can hold it. What did not stands in the report, last, equal
reasons together, with what to do next.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from qboxctl.json_text import json_text
from qboxctl.model import ALREADY, INTERRUPTED, Outcome, Status
from qboxctl.render.style import PLAIN, Palette, clean, columns_of, duration

_COLOURS = {
    Status.DONE: "green",
    Status.IN_EFFECT: "dim",
    Status.FAILED: "alarm",
    Status.SKIPPED: "yellow",
    Status.WAITING: "yellow",
    Status.UNKNOWN: "alarm",
}
_WORDS = {Status.IN_EFFECT: "in effect"}
_WELL = (Status.DONE, Status.IN_EFFECT)
_WAYS = {
    Status.WAITING: "run `{0} apply` again later, or with --wait 30m; `{0} plan` tells what is not over yet",
    Status.SKIPPED: "run `{0} apply` again: what is done is not done twice",
    Status.UNKNOWN: "`{0} plan` tells whether it was done",
    Status.FAILED: "mend what is told there and run `{0} apply` again: what is done is not done twice",
}
"""What to do next, by the program's command line: from what waits for others to what is wrong, the worst last."""
MOST = 20
"""So many outcomes that went well are told one by one."""
_ALIKE = 3
"""So many are told where more than ``_FEW`` have the same reason."""
_FEW = 5
_TOLD = 0.1
"""So many seconds are worth a word."""
_MARGIN = 22
"""The columns in front of an address."""


class Telling:
    """Tells outcomes as they come: of those that went well the first, unless all are wanted.

    ``addresses`` are those of all changes: what is told of them lines up. ``program`` is what comes before the name of
    a command that goes on with this one, with the options that all commands take.
    """

    def __init__(
        self, addresses: Iterable[str], palette: Palette = PLAIN, *, full: bool = False, program: str = "qboxctl"
    ) -> None:
        self._palette, self._full, self._told, self._program = palette, full, 0, clean(program)
        broadest = max((columns_of(clean(one)) for one in addresses), default=0)
        room = palette.columns - _MARGIN - 14 if palette.columns else broadest
        self._width = max(0, min(broadest, room))

    def now(self, one: Outcome) -> str:
        """The line of an outcome that is just known, "" where it is for the report, or one too many."""
        if one.status not in _WELL or (self._told >= MOST and not self._full):
            return ""
        self._told += 1
        return self.line(one)

    def line(self, one: Outcome) -> str:
        """One outcome, in line with the others."""
        return line(one, self._palette, self._width)

    def report(self, outcomes: Sequence[Outcome]) -> str:
        """What was not told yet, and the closing line."""
        lines = [*self._folded(outcomes)]
        for status, way in _WAYS.items():
            found = [one for one in outcomes if one.status is status]
            if found:
                lines += [*[""] * bool(lines or self._told), *self._trouble(found, way.format(self._program))]
        if lines:
            lines.append("")
        return "\n".join([*lines, summary(outcomes, self._palette)])

    def _folded(self, outcomes: Sequence[Outcome]) -> Iterable[str]:
        found = Counter(one.status for one in outcomes if one.status in _WELL)
        rest = found.total() - self._told
        if rest > 0:
            yield self._palette.paint(f"  and {rest} more (-v tells each, the journal holds all)", "dim")

    def _trouble(self, outcomes: Sequence[Outcome], way: str) -> Iterable[str]:
        """Outcomes of one status, those with the same reason together, and what to do about them."""
        alike: dict[str | None, list[Outcome]] = defaultdict(list)
        for one in outcomes:
            alike[one.error].append(one)
        idle = alike.pop(INTERRUPTED, [])
        if idle:
            yield f"  {_word(Status.SKIPPED, self._palette)}  {len(idle)} not started: the run was interrupted"
        for some in alike.values():
            shown = some if self._full or len(some) <= _FEW else some[:_ALIKE]
            yield from map(self.line, shown)
            if len(some) > len(shown):
                yield f"  {_word(some[0].status, self._palette)}  and {len(some) - len(shown)} more for the same reason"
        if alike:
            yield self._palette.fit(f"  {self._palette.paint('help:', 'cyan')} {way}")


def line(one: Outcome, palette: Palette = PLAIN, width: int = 0) -> str:
    """One outcome: how long it took at the right of so broad addresses, or what is to be told of it."""
    address = clean(str(one.address))
    head = f"{_word(one.status, palette)}  {one.action.value:7}  {address}"
    why = clean(one.error) if one.error and one.error != ALREADY else ""
    if one.seconds >= _TOLD and not why:
        timed = f"{head}{' ' * max(0, width - columns_of(address))}  {duration(one.seconds):>10}"
        head = timed if not palette.columns or columns_of(timed) + 2 <= palette.columns else head
    return palette.fit(f"  {head}{f'  {why}' if why else ''}")


def _word(status: Status, palette: Palette) -> str:
    return palette.paint(f"{_WORDS.get(status, status.value):9}", _COLOURS[status])


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many of each status; only those that occur."""
    found = Counter(one.status for one in outcomes)
    return {status.value: found[status] for status in Status if found[status]}


def summary(outcomes: Sequence[Outcome], palette: Palette = PLAIN) -> str:
    """The closing line."""
    if not outcomes:
        return "Nothing to do."
    found = Counter(one.status for one in outcomes)
    told = [
        palette.paint(f"{found[status]} {_WORDS.get(status, status.value)}", _COLOURS[status])
        for status in Status
        if found[status]
    ]
    return f"Applied: {', '.join(told)}."


def as_json(plan_id: str, outcomes: Sequence[Outcome]) -> str:
    """One JSON object with all of them."""
    rows = [
        {
            "address": str(one.address),
            "action": one.action.value,
            "status": one.status.value,
            "error": one.error,
            "seconds": one.seconds,
        }
        for one in outcomes
    ]
    return json_text({"plan_id": plan_id, "outcomes": rows, "summary": counts(outcomes)})
