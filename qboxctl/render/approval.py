"""What is asked before a plan is applied: where it goes, how much it does, and what is lost for good. Pure."""

from __future__ import annotations

from collections import Counter

from qboxctl.model import Plan
from qboxctl.render import parts
from qboxctl.render.style import PLAIN, Palette, clean, plural
from qboxctl.schema.kinds import Kinds

_NAMED = 3


def losses(plan: Plan, types: Kinds, palette: Palette = PLAIN) -> str:
    """What is deleted with all that is in it, "" for nothing; of many the first by name, and how many of which kind."""
    lost = [change.address for change in plan.changes if change.destroys_data]
    if not lost:
        return ""
    names = ", ".join(clean(str(address)) for address in lost[:_NAMED])
    if len(lost) > _NAMED:
        found = Counter(address.kind for address in lost)
        kinds = ", ".join(plural(number, types[kind].title.lower()) for kind, number in found.items())
        names += f" and {len(lost) - _NAMED} more ({kinds})"
    it = "it" if len(lost) == 1 else "them"
    return palette.fit(palette.paint(f"This deletes {names}, with all that is in {it}, for good.", "alarm"))


def question(plan: Plan) -> str:
    """What is asked: the environment and the endpoint are named, so that nobody takes one for the other."""
    return f"Apply {plural(len(plan.changes), 'change')} to {parts.place(plan)}? Only yes is taken"
