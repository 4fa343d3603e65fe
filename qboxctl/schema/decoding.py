"""Live attributes in canonical form, read from the rows that the API answers with. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from qboxctl.model import MISSING, Live, Missing, Value
from qboxctl.schema.collections import References
from qboxctl.schema.field import Field
from qboxctl.schema.resource import ResourceType

EXTRA = "extra."
TOUCHED = "updated_at"
"""The attribute of most answers that says when an object was changed last."""
CREATED = "created_at"
"""The attribute of most answers that says when an object was made."""

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
        named = {item: name_of(one, item, codes) for item in have}
        if one.each:  # what no file can name is left alone
            return tuple(sorted({name for name in named.values() if name}))
        return tuple(sorted({name or one.type.canonical(item) for item, name in named.items()}))
    return have


def name_of(one: Field, code: str, codes: Codes) -> str:
    """What a list of references calls the object of a code, "" for none; its address where two share the name."""
    kind = next((each for each in one.linked if code in codes.get(each, ())), None)
    if kind is None:
        return ""
    name = codes[kind][code]
    shared = any(name in codes.get(other, {}).values() for other in one.linked if other != kind)
    return f"{kind}/{name}" if shared else name


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
    """What an object has, in whichever form, that would be lost if it was deleted and created again."""
    return [name for name in type_.irreplaceable if _has(type_, type_.by_name[name], live)]


def _has(type_: ResourceType, one: Field, live: Live) -> bool:
    if value_of(type_, one, live, {}) not in (MISSING, "", ()):
        return True
    raw = next((live.row[name] for name in (one.row_name, *one.row_names) if name in live.row), None)
    understood = isinstance(raw, list) and all(isinstance(entry, dict) for entry in raw)
    return bool(raw) and not understood


def now_of(type_: ResourceType, name: str, live: Live, codes: Codes) -> Value | Missing:
    """The live value of an attribute or of ``extra.name``."""
    if name.startswith(EXTRA):
        return live.row.get(name.removeprefix(EXTRA), MISSING)
    return value_of(type_, type_.by_name[name], live, codes)
