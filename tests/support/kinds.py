"""Plain kinds of any shape, where what is tested depends on the shape alone."""

from __future__ import annotations

from typing import Any

from qboxctl.schema.calls import Call, Calls
from qboxctl.schema.field import Field
from qboxctl.schema.identity import Identity
from qboxctl.schema.resource import ResourceType


def plain_kind(name: str, parent: str, path: str, *fields: Field, whole: bool = False, **more: Any) -> ResourceType:
    """A kind with a list and the usual calls; ``more`` is what it is beside that."""
    item = f"{path}/{{id}}"
    writes = {} if more.get("replaced") else {"update": Call("PUT", item, whole=whole)}
    calls = Calls(Call("GET", path), Call("GET", item), Call("POST", path), writes, delete=Call("DELETE", item))
    plain = {"section": (f"{name}s",), "calls": calls, "identity": Identity(normalise=str.strip)}
    return ResourceType(kind=name, title=name, doc="x", parent=parent, fields=fields, **{**plain, **more})
