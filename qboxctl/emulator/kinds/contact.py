"""Contacts: a list shows little of them, and types of values come back in lists."""

from __future__ import annotations

from functools import partial

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour
from qboxctl.emulator.state import Code, Stored
from qboxctl.emulator.wire import Row
from qboxctl.model import JSON

_USUAL = "home"


def _typed(answers: Answers, entries: JSON, *, alone: bool = False) -> JSON:
    """Values with their types, in the form of answers; a missing one is the usual one."""
    listed = answers.quirks["contact_type"] == "array" and not alone
    kinds = [entry.get("type") or _USUAL for entry in entries or ()]
    return [{**entry, "type": [kind] if listed else kind} for entry, kind in zip(entries or (), kinds, strict=True)]


def _row(_answers: Answers, _obj: Stored) -> Row:
    return {"type": "contact"}


BEHAVIOUR = Behaviour(
    code=Code("", 30_000),
    bare=True,
    row=_row,
    listed=frozenset({"uid", "type", "given_name", "surname", "fullname"}),
    shown={
        "phone_numbers": _typed,
        "emails": _typed,
        "addresses": _typed,
        "url": partial(_typed, alone=True),
    },
    optional={"update": "contact_update"},
    searched=(),
)
