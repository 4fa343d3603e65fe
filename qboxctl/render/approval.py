"""What is asked before a plan is applied: where it goes, how much it does, and what is lost for good. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from qboxctl.model import Address, Plan
from qboxctl.render import parts
from qboxctl.render.style import PLAIN, Palette, clean, plural
from qboxctl.schema.kinds import Kinds

_NAMED = 3


def losses(plan: Plan, types: Kinds, palette: Palette = PLAIN) -> str:
    """What is lost for good, "" for nothing; of many objects the first by name, and how many of which kind."""
    lost = [change for change in plan.changes if change.destroys_data]
    deleted = [change.address for change in lost if change.action.removes]
    it = "it" if len(deleted) == 1 else "them"
    said = [f"This deletes {_named(deleted, types)}, with all that is in {it}, for good."] if deleted else []
    by_loss: dict[str, list[Address]] = defaultdict(list)
    for change in lost:
        for one in types[change.address.kind].losing(change):
            by_loss[one.loses].append(change.address)
    said += [f"This destroys {what} in {_named(some, types)}, for good." for what, some in by_loss.items()]
    return palette.fit(palette.paint(" ".join(said), "alarm")) if said else ""


def _named(lost: Sequence[Address], types: Kinds) -> str:
    names = ", ".join(clean(str(address)) for address in lost[:_NAMED])
    if len(lost) > _NAMED:
        found = Counter(address.kind for address in lost)
        kinds = ", ".join(plural(number, types[kind].noun) for kind, number in found.items())
        names += f" and {len(lost) - _NAMED} more ({kinds})"
    return names


def question(plan: Plan) -> str:
    """What is asked: the environment and the endpoint are named, so that nobody takes one for the other."""
    return f"Apply {plural(len(plan.changes), 'change')} to {parts.place(plan)}? Only yes is taken"
