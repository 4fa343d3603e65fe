"""Live attributes in canonical form, read from the rows that the API answers with. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from qboxctl.model import MISSING, Live, Missing, Value
from qboxctl.schema.collections import References
from qboxctl.schema.resource import Field, ResourceType

EXTRA = "extra."
TOUCHED = "updated_at"
"""The attribute of most answers that says when an object was changed last."""

Codes = Mapping[str, Mapping[str, str]]


def value_of(type_: ResourceType, one: Field, live: Live, codes: Codes) -> Value | Missing:
    """A live attribute in canonical form; MISSING where the API does not return it."""
    if one.name == type_.lifecycle.attribute and type_.lifecycle.words:
        return live.status or MISSING
    raw = live.row.get(one.row_name, MISSING)
    if raw is MISSING:
        raw = next((live.row[name] for name in one.row_names if name in live.row), MISSING)
    if raw is MISSING:
        return MISSING
    have = one.type.decode(raw)
    if one.linked and isinstance(one.type, References) and isinstance(have, tuple):
        known = [codes[kind] for kind in one.linked if kind in codes]
        canonical = one.type.canonical
        return tuple(sorted({next((keys[item] for keys in known if item in keys), canonical(item)) for item in have}))
    return have


def now_of(type_: ResourceType, name: str, live: Live, codes: Codes) -> Value | Missing:
    """The live value of an attribute or of ``extra.name``."""
    if name.startswith(EXTRA):
        return live.row.get(name.removeprefix(EXTRA), MISSING)
    return value_of(type_, type_.by_name[name], live, codes)
