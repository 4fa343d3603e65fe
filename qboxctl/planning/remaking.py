"""What is made anew because perhaps nobody holds its secret, which the server told once. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from qboxctl.model import MISSING, Action, Change, Desired, FieldChange, Live, StoresSeen, Value
from qboxctl.planning import diff
from qboxctl.schema.decoding import Codes, now_of, value_of
from qboxctl.schema.resource import ResourceType


def unheld(type_: ResourceType, desired: Desired, live: Live, stores: StoresSeen) -> str:
    """Why perhaps nobody holds the secret of a live object, "" where nothing says so: whoever has used it holds it."""
    told = type_.told
    if told is None or told.store not in desired.values or live.row.get(told.used):
        return ""
    if desired.address in stores.pending:
        return "a run ended before its secret was stored"
    if told.used in live.row and desired.address in stores.missing:
        way_out = "if you hold it, take its store out of the file"
        return f"it was never used, and the file of its secret is not there ({way_out})"
    return ""


def remade(type_: ResourceType, live: Live, wanted: Mapping[str, Value], codes: Codes, why: str) -> Change:
    """The change that deletes an object and creates it again, as ``wanted``; what that does not mention is kept."""
    now = {one.name: value_of(type_, one, live, codes) for one in type_.fields if one.on_create or one.on_update}
    after = {**{name: value for name, value in now.items() if value is not MISSING}, **wanted}
    before = {name: now_of(type_, name, live, codes) for name in after}
    fields = (
        FieldChange(name, None if before[name] is MISSING else before[name], after[name]) for name in sorted(after)
    )
    return Change(
        live.address,
        Action.UPDATE,
        remote_id=live.remote_id,
        fields=tuple(fields),
        reason=f"{why}: perhaps nobody holds it, so it is deleted and made anew",
        precondition=diff.precondition(type_, live, sorted(after), codes),
    )
