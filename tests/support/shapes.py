"""Kinds of shapes that the definitions allow, beyond those that Qboxmail has: for tests of what works with any kind."""

from __future__ import annotations

from typing import Any

from qboxctl.schema.calls import Call, Calls
from qboxctl.schema.collections import Objects, References
from qboxctl.schema.field import Field, Mode, Reference
from qboxctl.schema.identity import Identity, Joined
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.lifecycle import Lifecycle
from qboxctl.schema.numbers import Integer
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import Boolean, Choice, Text
from tests.support.keys import KEY
from tests.support.lab import Lab


def calls(path: str, *writes: str, **more: Any) -> Calls:
    """A list, and under it the objects."""
    item = f"{path}/{{id}}"
    known = {"update": Call("PUT", item), "status": Call("PUT", f"{item}/status", repeats=("status",))}
    return Calls(
        Call("GET", path), Call("GET", item), Call("POST", path), {name: known[name] for name in writes},
        delete=Call("DELETE", item), **more,
    )  # fmt: skip


def kind(name: str, parent: str, path: str, *fields: Field, writes: tuple[str, ...] = (), **more: Any) -> ResourceType:
    return ResourceType(
        kind=name, title=name.capitalize(), doc=f"A {name}.", parent=parent, fields=fields,
        **{"section": (f"{name}s",), "calls": calls(path, *writes), "identity": Identity(normalise=str.strip), **more},
    )  # fmt: skip


HOUSE = kind("house", "", "/api/houses", Field("colour", Text(), "Its colour"), writes=("update",))
ROOM = kind("room", "house", "/api/houses/{house}/rooms", Field("note", Text(), "A note"), writes=("update",))
SHELF = kind(
    "shelf", "room", "/api/rooms/{room}/shelves", Field("width", Integer(), "How wide"),
    writes=("update",), goes_along=True, section=("shelves",),
)  # fmt: skip
"""One with a grandparent, which its path does not name."""
BOXES = "/api/houses/{house}/boxes"
BOX = kind(
    "box", "house", "/api/houses/{house}/boxes",
    Field("first_colour", Text(), "A colour", required=True, read_as=("firstColour", "first_colour")),
    Field("is_open", Boolean(), "Whether it is open", read_as=("isOpen",)),
    calls=Calls(
        Call("GET", BOXES), Call("GET", f"{BOXES}/{{id}}"), Call("POST", BOXES),
        {"update": Call("PUT", f"{BOXES}/{{id}}", whole=True)}, delete=Call("DELETE", f"{BOXES}/{{id}}"),
    ),
    section=("boxes",),
)  # fmt: skip
"""One that answers in camel case, and is always written whole."""
CARD = kind(
    "card", "house", "/api/houses/{house}/cards",
    Field("phones", Objects((("value", ""), ("type", "home"))), "Phone numbers"),
    Field("nickname", Text(), "A nickname"),
    replaced=True,
)  # fmt: skip
"""One that is replaced, and holds small objects."""
ALARM = kind(
    "alarm", "house", "",
    Field("level", Integer(), "How loud", initial=1),
    Field("rooms", References(canonical=str.strip), "Where it rings", write_as="room_codes", read_as=("room_codes",),
          initial=(), refers=Reference(("room",), by_code=True, within=True)),
    Field("alarm_status", Choice(("enabled", "disabled"), (("0", "enabled"), ("1", "disabled"))), "Whether it is on",
          mode=Mode.UPDATE_ONLY, call="status", initial="enabled"),
    section=("alarm",),
    calls=Calls(
        None, Call("GET", "/api/houses/{house}"), Call("POST", "/api/alarms/{house}"),
        {"update": Call("PUT", "/api/alarms/{house}"),
         "status": Call("PUT", "/api/alarms/{house}/status", repeats=("alarm_status",))},
        delete=Call("DELETE", "/api/alarms/{house}"),
    ),
    identity=Identity(key="", joined=Joined.SAME),
    lifecycle=Lifecycle("alarm_status", progress="alarm_progress", absent=("none",)),
)  # fmt: skip
"""One that is a block of its parent, and refers to what lives beside it."""
KINDS = Kinds([HOUSE, ROOM, SHELF, BOX, CARD, ALARM, KEY])


def lab(**parts: Any) -> Lab:
    return Lab(types=KINDS, **parts)
