"""Kinds with lists that are written entry by entry: one whose entries leave something behind, and one that gives."""

from __future__ import annotations

from qboxctl.schema.calls import Call, Calls
from qboxctl.schema.collections import References
from qboxctl.schema.entries import Entries, Register
from qboxctl.schema.field import Field, Mode, Reference
from qboxctl.schema.identity import Identity, Joined
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.lifecycle import Lifecycle
from qboxctl.schema.numbers import Integer
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import Choice
from tests.support.shapes import HOUSE, ROOM, calls

_CLUB = "/api/clubs/{house}"
_SEAT = f"{_CLUB}/rooms/{{entry}}"
CLUB = ResourceType(
    kind="club",
    title="Club",
    doc="A club.",
    section=("club",),
    parent="house",
    lost="what its rooms hold",
    identity=Identity(key="", joined=Joined.SAME),
    lifecycle=Lifecycle("club_status", progress="club_progress", absent=("none",)),
    calls=Calls(
        None,
        Call("GET", "/api/houses/{house}"),
        Call("POST", _CLUB, repeats=("fee",)),
        {"update": Call("PUT", _CLUB), "status": Call("PUT", f"{_CLUB}/status", repeats=("club_status",))},
        delete=Call("DELETE", _CLUB),
    ),
    fields=(
        Field("fee", Integer(), "What it costs", initial=0, create_as="first_fee"),
        Field(
            "rooms",
            References(canonical=str.strip),
            "Where it meets",
            create_as="room_codes",
            read_as=("club_rooms",),
            initial=(),
            refers=Reference(("room",), by_code=True, within=True),
            each=Entries(
                give=(
                    Call("PUT", f"{_SEAT}/status", body={"status": "enabled"}),
                    Call("POST", f"{_CLUB}/more", entries="room_codes", repeats=("fee",)),
                ),
                take=Call("PUT", f"{_SEAT}/status", body={"status": "disabled"}),
                clear=Call("DELETE", _SEAT),
                register=Register(
                    Call("GET", f"{_CLUB}/rooms"), ("code",), ("status",), ("club_status",), "rooms_count", "kept_rooms"
                ),
            ),
        ),
        Field("club_status", Choice(("enabled", "disabled"), (("0", "enabled"), ("1", "disabled"))), "Whether it is on",
              mode=Mode.UPDATE_ONLY, call="status", initial="enabled"),
    ),
)  # fmt: skip
"""One whose members are told by a list of their own, and that keeps something of each."""
TOUR = ResourceType(
    kind="tour",
    title="Tour",
    doc="A tour.",
    section=("tours",),
    identity=Identity(normalise=str.strip),
    calls=calls("/api/tours"),
    fields=(
        Field(
            "houses",
            References(canonical=str.strip),
            "Where it goes",
            mode=Mode.UPDATE_ONLY,
            initial=(),
            refers=Reference(("house",), by_code=True),
            each=Entries(give=(Call("PUT", "/api/tours/{id}/assign", entry="id"),)),
        ),
    ),
)
"""One that can only be given more."""
KINDS = Kinds([HOUSE, ROOM, CLUB, TOUR])
