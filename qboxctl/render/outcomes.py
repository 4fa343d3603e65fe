"""What came of an apply, as lines and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from qboxctl.json_text import json_text
from qboxctl.model import ALREADY, Outcome, Status
from qboxctl.render.style import PLAIN, Palette, clean

_COLOURS = {
    Status.DONE: "green",
    Status.IN_EFFECT: "dim",
    Status.FAILED: "alarm",
    Status.SKIPPED: "yellow",
    Status.WAITING: "yellow",
    Status.UNKNOWN: "alarm",
}
_WORDS = {Status.IN_EFFECT: "in effect"}


def line(one: Outcome, palette: Palette = PLAIN) -> str:
    """One outcome."""
    word = palette.paint(f"{_WORDS.get(one.status, one.status.value):9}", _COLOURS[one.status])
    why = f"  {clean(one.error)}" if one.error and one.error != ALREADY else ""
    took = f"  {one.seconds:.1f} s" if one.seconds >= 0.1 and not why else ""
    return palette.fit(f"  {word}  {one.action.value:7}  {clean(str(one.address))}{took}{why}")


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many of each status; only those that occur."""
    found = Counter(one.status for one in outcomes)
    return {status.value: found[status] for status in Status if found[status]}


def summary(outcomes: Sequence[Outcome]) -> str:
    """The closing line."""
    if not outcomes:
        return "Nothing to do."
    words = {status.value: _WORDS.get(status, status.value) for status in Status}
    return "Applied: " + ", ".join(f"{number} {words[name]}" for name, number in counts(outcomes).items()) + "."


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
