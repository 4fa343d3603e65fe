"""Suppression entries: one for each address, whether a second creation is refused or merged."""

from __future__ import annotations

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, Draft
from qboxctl.emulator.state import Code, Stored
from qboxctl.emulator.wire import Refusal, Row
from qboxctl.errors import ALREADY_EXISTS


def _merge(draft: Draft, entry: Stored) -> Row:
    """An entry without accounts is for all of them, and stays so."""
    if draft.quirks["duplicate_suppression"] == "422":
        raise Refusal(422, [(draft.type.identity.key, ALREADY_EXISTS)])
    values = draft.values
    old, new = entry.values["accounts"], values["accounts"]
    accounts = tuple(dict.fromkeys((*old, *new))) if old and new else ()
    return {"reason": values["reason"], "accounts": accounts, "active": True}


def _row(answers: Answers, obj: Stored) -> Row:
    return {
        "customer_id": obj.owner or answers.store.customer_code,
        "category": "manual",
        "message": "",
        "message_translated": "",
    }


BEHAVIOUR = Behaviour(
    code=Code("", 5000),
    row=_row,
    keeps=frozenset({"active"}),
    noise={"category": "quantum", "message": None},
    merge=_merge,
)
