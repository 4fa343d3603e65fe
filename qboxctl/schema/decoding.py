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
        if one.each:  # what no file can name is left alone
            return tuple(sorted({keys[item] for item in have for keys in known if item in keys}))
        return tuple(sorted({next((keys[item] for keys in known if item in keys), canonical(item)) for item in have}))
    return have


def kept_of(type_: ResourceType, one: Field, live: Live, codes: Codes) -> tuple[str, ...] | Missing:
    """The entries of a list of which something is kept, whether they are in it or not; MISSING where nobody knows.

    What has no name goes by its code.
    """
    register = one.each.register if one.each else None
    if register is None:
        return value_of(type_, one, live, codes) if one.each else MISSING
    found = live.row.get(register.kept, MISSING)
    if not isinstance(found, list):
        return MISSING
    known = [codes[kind] for kind in one.linked if kind in codes]
    return tuple(sorted({next((keys[item] for keys in known if item in keys), item) for item in map(str, found)}))


def irreplaceable(type_: ResourceType, live: Live) -> list[str]:
    """What an object has that would be lost if it was deleted and created again."""
    known = ((name, value_of(type_, type_.by_name[name], live, {})) for name in type_.irreplaceable)
    return [name for name, value in known if value not in (MISSING, "", ())]


def now_of(type_: ResourceType, name: str, live: Live, codes: Codes) -> Value | Missing:
    """The live value of an attribute or of ``extra.name``."""
    if name.startswith(EXTRA):
        return live.row.get(name.removeprefix(EXTRA), MISSING)
    return value_of(type_, type_.by_name[name], live, codes)
