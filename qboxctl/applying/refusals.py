"""What the refusal of a request means for its step, in words: what in the files it is about, and what can be done."""

from __future__ import annotations

import re

from qboxctl.api.reader import Account
from qboxctl.applying.run import Run
from qboxctl.errors import NoSuchCall, QboxctlError, Refused
from qboxctl.model import Address, Live
from qboxctl.planning.graph import Phase, Step
from qboxctl.schema.calls import Call
from qboxctl.schema.resource import ResourceType

_CLOSED = (403, 404, 405)
"""What the API answers where a call is not there, or not for this token."""
_UNBILLED = "in production this may mean that there is no billing profile yet: place the first order in the panel"
_CHECK = "have it checked in the panel"
_IN_THE_PANEL = {
    "POST": "create it in the panel, where the next plan finds it",
    "DELETE": "delete it in the panel",
    "PUT": "change it in the panel",
}


def understood(run: Run, account: Account, step: Step, refused: Refused) -> Refused:
    """A refusal as what it is: of the call itself where that is 405, or 404 though what its path names is there."""
    type_ = run.types[step.address.kind]
    creates = _call(type_, refused) is type_.calls.create
    named = run.types.parent(step.address) if creates else step.address
    none = refused.status == 405 or (refused.status == 404 and is_there(run, account, named))
    return NoSuchCall(refused) if none else refused


def is_there(run: Run, account: Account, one: Address | None) -> bool:
    """Whether an object is there, and stays; None, the account itself, is.

    Its list is asked too, since there may be no call that shows it by itself; where there is no list either, what is in
    it tells.
    """
    if one is None:
        return True
    type_, codes = run.types[one.kind], run.home(run.types.parent(one)).codes
    live = Live(one, run.ids.of(one), {})
    try:
        row = account.detail(type_, codes, live)
        if row is None and type_.calls.list is not None and not type_.calls.by_name:
            if type_.calls.list.optional and not account.listable(type_, codes):
                return account.holds(type_, {**codes, type_.kind: live.remote_id})
            row = account.listed(type_, codes, live)
        found = account.live(type_, row, run.types.split(one)[0]) if row is not None else None
    except QboxctlError:
        return False  # nobody can tell
    return found is not None and not found.leaving


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
    call = _call(type_, refused)
    unsure = refused.status == 404 and call is not type_.calls.create  # it may be the object
    panel = _in_the_panel(type_, call, refused) if isinstance(refused, NoSuchCall) else ""
    if call is not None and call.closed and refused.status in _CLOSED and not unsure:
        return call.closed if type_.told else "; ".join(filter(None, (call.closed, panel)))
    if panel:
        return panel
    creates = step.phase is Phase.CREATE or (change is not None and type_.remakes(change))
    if refused.status == 403 and creates and type_.billing:
        return _UNBILLED
    if refused.already_exists and creates and type_.identity.unique and type_.identity.pin:
        pin = f"write {type_.identity.pin}: CODE under it, as the panel shows it"
        return f"it is in no list that this token may read: if it is the {type_.title.lower()} that is meant, {pin}"
    if refused.already_exists and (type_.owned or type_.identity.everywhere):
        return "the name is taken, perhaps by another customer"
    return ""


def _in_the_panel(type_: ResourceType, call: Call | None, refused: Refused) -> str:
    """What people can do where the API has no call."""
    proof = type_.lifecycle.proof
    checks = proof is not None and call in (proof.at_once, proof.queued)
    return _CHECK if checks else _IN_THE_PANEL.get(refused.request.partition(" ")[0], "")


def _call(type_: ResourceType, refused: Refused) -> Call | None:
    """Which call of a kind was refused."""
    proof = type_.lifecycle.proof
    calls = (*type_.calls, *((proof.at_once, proof.queued) if proof else ()))
    return next((call for call in calls if re.fullmatch(_form(call), refused.request)), None)


def _form(call: Call) -> str:
    path = "[^/]+".join(map(re.escape, re.split(r"\{\w+\}", call.path)))
    return f"{call.method} {path}"
