"""What the refusal of a request means for its step, in words: what in the files it is about, and what can be done."""

from __future__ import annotations

from qboxctl.applying.run import Run
from qboxctl.errors import Refused
from qboxctl.planning.graph import Phase, Step

_CLOSED = (403, 404, 405)
"""What the API answers where a call is not there, or not for this token."""
_UNBILLED = "in production this may mean that there is no billing profile yet: place the first order in the panel"


def explain(run: Run, step: Step, refused: Refused) -> str:
    """A refusal, with the places in the files that it is about, and a way out where one is known."""
    desired, type_ = run.configuration.objects.get(step.address), run.types[step.address.kind]
    names = {one.wire: one.name for one in type_.fields}
    places = [
        f"{row.field}: {run.configuration.position(desired.where, names[row.field])}"
        for row in refused.fields
        if desired is not None and row.field in names
    ]
    text = f"{refused} ({', '.join(places)})" if places else str(refused)
    return "; ".join(filter(None, (text, _way_out(run, step, refused))))


def _way_out(run: Run, step: Step, refused: Refused) -> str:
    """What to do about a refusal, "" where only its own words tell."""
    type_, change = run.types[step.address.kind], run.change(step)
    closed = type_.calls.create.closed
    creates = step.phase is Phase.CREATE or (change is not None and type_.remakes(change))
    if creates and closed and refused.status in _CLOSED:
        return closed
    if refused.status == 403 and creates and type_.billing:
        return _UNBILLED
    if refused.already_exists and (type_.owned or type_.identity.everywhere):
        return "the name is taken, perhaps by another customer"
    return ""
