"""A kind whose secret is told once: a key of a house, known by a label that need not be unique."""

from __future__ import annotations

from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls
from qboxctl.schema.collections import Networks
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.identity import Identity
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.labels import Label
from qboxctl.schema.resource import ResourceType, Told
from qboxctl.schema.secrets import Store
from qboxctl.schema.types import Text

_KEYS = "/api/houses/{house}/keys"
KEY = ResourceType(
    kind="key",
    title="Key",
    doc="A key.",
    section=("keys",),
    parent="house",
    goes_along=True,
    identity=Identity(key="label", id="id", normalise=formats.label, unique=False),
    calls=Calls(
        Call("GET", _KEYS, paged=False),
        None,
        Call("POST", _KEYS),
        {"update": Call("PUT", f"{_KEYS}/{{id}}")},
        delete=Call("DELETE", f"{_KEYS}/{{id}}"),
    ),
    told=Told("store", ("key", "plain_key"), preview="key_preview", used="last_used_at"),
    fields=(
        Field("label", Label(), "What it is called", mode=Mode.CREATE_ONLY),
        Field("nets", Networks(), "Where it opens", mode=Mode.UPDATE_ONLY, initial=()),
        Field("store", Store(), "Where its secret goes", mode=Mode.LOCAL, required=True),
    ),
)
HOUSE = ResourceType(
    kind="house",
    title="House",
    doc="A house.",
    section=("houses",),
    identity=Identity(normalise=str.strip),
    calls=Calls(
        Call("GET", "/api/houses"),
        Call("GET", "/api/houses/{id}"),
        Call("POST", "/api/houses"),
        {"update": Call("PUT", "/api/houses/{id}")},
        delete=Call("DELETE", "/api/houses/{id}"),
    ),
    fields=(Field("colour", Text(), "Its colour"),),
)
KINDS = Kinds([HOUSE, KEY])
