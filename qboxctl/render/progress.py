"""How far a run is, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from qboxctl.render.style import duration, plural

_SURE = 1.0
"""So many seconds must have passed before the rest is guessed."""


def answers(what: str, number: int, seconds: float) -> str:
    """How many answers came, where nobody knows how many will."""
    return f"{what}: {plural(number, 'answer')}, {seconds:.0f} s"


def steps(what: str, done: int, total: int, wrong: Mapping[str, int], seconds: float) -> str:
    """How many of all steps were sent, what went wrong, and how long the others take if they are like these."""
    bad = "".join(f", {number} {word}" for word, number in sorted(wrong.items()))
    if done >= total:
        return f"{what}: {total} of {total}{bad}, reading them back"
    left = seconds / done * (total - done) if done and seconds >= _SURE else 0.0
    time = "" if not left else f", {left:.0f} s left" if left < 59.5 else f", {duration(left)} left"
    return f"{what}: {done} of {total}{bad}{time}"
