"""What can be known of a volatile attribute: compared while nobody has used the object, its user's afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from qboxctl.model import Address, Desired, FieldChange, Live, Where
from qboxctl.planning.diff import compare, in_effect, precondition
from qboxctl.resources import TYPES

MAILBOX = TYPES["mailbox"]
FLAG = "force_new_password"
HERE = Address("mailbox", "ada@a.example")
NEVER: dict[str, Any] = {"last_access_at": None}
BORN = "2026-11-26T10:00:00Z"


def new(updated: Any = BORN, created: Any = BORN) -> dict[str, Any]:
    return {"created_at": created, "updated_at": updated}


OFF, ON = {FLAG: False}, {FLAG: True}
CASES = {
    # what is wanted, the live row, and what comes of it: nothing, "send" or "unsure"
    "in effect": (True, {**ON, **NEVER, **new()}, ""),
    "lost on the way": (True, {**OFF, **NEVER, **new()}, "send"),
    "an empty text is never, too": (True, {**OFF, "last_access_at": "", **new()}, "send"),
    "the server's own activation": (True, {**OFF, **NEVER, **new("2026-11-26T10:09:59Z")}, "send"),
    "times without a zone": (True, {**OFF, **NEVER, **new("2026-11-26 10:00:01", "2026-11-26 10:00:00")}, "send"),
    "times with a zone and without": (True, {**OFF, **NEVER, **new("2026-11-26T11:00:01+01:00")}, "send"),
    "reset by a login": (True, {**OFF, "last_access_at": "2026-11-27", **new()}, ""),
    "changed by hand later": (True, {**OFF, **NEVER, **new("2026-11-26T10:10:01Z")}, "unsure"),
    "times that nobody can read": (True, {**OFF, **NEVER, **new("yesterday")}, "unsure"),
    "a time that is a number": (True, {**OFF, **NEVER, **new(1764151200)}, "unsure"),
    "no times": (True, {**OFF, **NEVER}, "unsure"),
    "use not told": (True, {**OFF, **new()}, "unsure"),
    "neither told": (True, new(), "unsure"),
    "never returned, never used": (True, {**NEVER, **new()}, "unsure"),
    "never returned, used": (True, {"last_access_at": "2026-11-27", **new()}, ""),
    "not wanted": (False, {**OFF, **NEVER, **new()}, ""),
    "not wanted, and never returned": (False, new(), ""),
    "set by somebody else": (False, {**ON, **NEVER, **new()}, "send"),
}


def live(attributes: dict[str, Any]) -> Live:
    return Live(HERE, "EA1", attributes, "enabled")


@pytest.mark.parametrize("name", CASES)
def test_only_what_is_known_is_sent_again(name: str) -> None:
    want, attributes, expected = CASES[name]
    found = compare(MAILBOX, Desired(HERE, {FLAG: want}, {}, {}, Where(0, ())), live(attributes), {})
    assert [(one.name, one.after) for one in found.changed] == ([(FLAG, want)] if expected == "send" else [])
    assert found.unseen == ((FLAG,) if expected == "unsure" else ())


def test_reading_back_looks_at_it_until_the_first_use() -> None:
    sent = [FieldChange(FLAG, False, True)]
    long_after = new("2026-11-27T10:00:00Z")
    assert in_effect(MAILBOX, sent, live({**OFF, **NEVER, **long_after}), {})
    assert not in_effect(MAILBOX, sent, live({**ON, **NEVER, **long_after}), {})
    assert not in_effect(MAILBOX, sent, live({**OFF, "last_access_at": "2026-11-27"}), {})
    assert not in_effect(MAILBOX, sent, live(OFF), {})


def test_a_change_relies_on_whether_the_object_was_used_and_not_on_when() -> None:
    never, once, twice = (live({**OFF, "last_access_at": when}) for when in (None, "2026-11-27", "2026-11-28"))
    assert precondition(MAILBOX, never, [FLAG], {}) != precondition(MAILBOX, once, [FLAG], {})
    assert precondition(MAILBOX, once, [FLAG], {}) == precondition(MAILBOX, twice, [FLAG], {})
    assert precondition(MAILBOX, never, ["tags"], {}) == precondition(MAILBOX, once, ["tags"], {})
