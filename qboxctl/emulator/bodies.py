"""Request bodies, as strictly as the reference has them: which attributes a call takes and what each may hold.

Everything comes from the definitions. All that is wrong with a body is said at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from qboxctl.emulator.rules import Draft
from qboxctl.emulator.wire import Refusal
from qboxctl.model import JSON
from qboxctl.resources import TYPES
from qboxctl.schema.collections import Emails, References, Texts
from qboxctl.schema.resource import Field, ResourceType

UNMODELLED: Mapping[str, tuple[str, ...]] = {"mailbox": ("webmail_date_format",)}
"""Attributes that the API takes and no definition knows; these are texts."""

_WORDS: Mapping[str, tuple[type, ...]] = {"string": (str,), "boolean": (bool,), "integer": (int,), "array": (list,)}


def complaint(schema: Mapping[str, JSON], value: JSON) -> str:
    """What the server says of a value that does not fit a wire schema; "" where it fits."""
    if "oneOf" in schema:
        return "" if any(not complaint(option, value) for option in schema["oneOf"]) else "is not valid"
    if "const" in schema and not _same(schema["const"], value):
        return "is not valid"
    if "enum" in schema and not any(_same(option, value) for option in schema["enum"]):
        return "is not valid"
    if "type" in schema and type(value) not in _WORDS[schema["type"]]:
        return f"must be of type {schema['type']}"
    match value:
        case int() if "minimum" in schema and value < schema["minimum"]:
            return f"must be greater than or equal to {schema['minimum']}"
        case str() if len(value) < schema.get("minLength", 0):
            return f"is too short (minimum is {schema['minLength']} characters)"
        case str() if "pattern" in schema and not re.search(schema["pattern"], value):
            return "is not valid"
        case list() if len(value) < schema.get("minItems", 0):
            return "can't be blank"
        case list():
            return next((f"holds an entry that {text}" for item in value if (text := _item(schema, item))), "")
        case _:
            return ""


def _item(schema: Mapping[str, JSON], item: JSON) -> str:
    return complaint(schema["items"], item) if "items" in schema else ""


def _same(option: JSON, value: JSON) -> bool:
    return type(option) is type(value) and option == value


class Bodies:
    """Reads the bodies of one emulator's requests."""

    def __init__(self, extra_fields: Mapping[str, Sequence[str]], *, numeric: bool) -> None:
        self._numeric = numeric
        self.extra: dict[str, set[str]] = {
            kind: {*UNMODELLED.get(kind, ()), *extra_fields.get(kind, ())} for kind in TYPES
        }
        self._shapes = {
            (kind, operation): _shape(type_, operation)
            for kind, type_ in TYPES.items()
            for operation in ("create", "update", "status", "read")
        }

    def read(self, draft: Draft, body: JSON) -> None:
        """Take what the body says into the draft; complain about each attribute that cannot stand there."""
        if not isinstance(body, dict):
            raise Refusal(422, [("body", "is not a JSON object")])
        type_, operation = draft.type, draft.operation
        shape = self._shapes[type_.kind, operation]
        secret = {one.wire for one in shape.values() if one.secret}
        named = _carries_key(type_, operation)
        for wire, value in body.items():
            if named and wire == type_.key:
                self._name(draft, value)
            if wire in shape:
                self._field(draft, shape[wire], value, body)
            elif wire.removesuffix("_confirmation") in secret:
                if wire.removesuffix("_confirmation") not in body:
                    draft.complain(wire.removesuffix("_confirmation"), "can't be blank")
            elif wire == "customer_code" and type_.owned and operation == "create":
                if value in draft.store.customers:
                    draft.owner = value
                elif value != draft.store.customer_code:
                    draft.complain(wire, "is not valid")
            elif operation in ("create", "update") and wire in self.extra[type_.kind]:
                self._extra(draft, wire, value)
            elif not (named and wire == type_.key):
                draft.complain(wire, "is not allowed")
        for wire in _required(type_, operation):
            if wire not in body:
                draft.complain(wire, "can't be blank")

    def _name(self, draft: Draft, value: JSON) -> None:
        type_ = draft.type
        if not isinstance(value, str):
            if type_.key not in type_.by_name:
                draft.complain(type_.key, "must be of type string")
        elif not value.strip():
            draft.complain(type_.key, "can't be blank")
        else:
            try:
                draft.key, draft.name = type_.normalise(value), value.strip()
            except ValueError:
                draft.complain(type_.key, "is not valid")

    def _extra(self, draft: Draft, wire: str, value: JSON) -> None:
        if wire in UNMODELLED.get(draft.type.kind, ()) and not isinstance(value, str):
            draft.complain(wire, "must be of type string")
        else:
            draft.extra[wire] = value

    def _field(self, draft: Draft, one: Field, value: JSON, body: Mapping[str, JSON]) -> None:
        if isinstance(one.type, References):
            self._references(draft, one, value)
            return
        if one.name == draft.type.key and value == "":
            return  # the name is blank, and that has been said
        text = complaint(one.type.wire_schema(), value)
        if text:
            draft.complain(one.wire, text)
        elif one.secret:
            if body.get(f"{one.wire}_confirmation") != value:
                draft.complain(f"{one.wire}_confirmation", f"doesn't match {one.wire}")
            draft.passwords[one.name] = value
        else:
            try:
                one.type.parse(value)
            except ValueError:
                draft.complain(one.wire, _too_many(one, value) or "is not valid")
            else:
                draft.values[one.name] = without_repetition(one, value) if isinstance(value, list) else value

    def _references(self, draft: Draft, one: Field, value: JSON) -> None:
        allowed = (str, int) if self._numeric else (str,)
        if not isinstance(value, list) or any(type(item) not in allowed for item in value):
            draft.complain(one.wire, "must be of type array" if not isinstance(value, list) else "is not valid")
            return
        codes = tuple(dict.fromkeys(str(item) for item in value))
        for code in codes:
            target = draft.store.find(one.refers, code)
            if target is None or target.leaving is not None:
                draft.complain(one.wire, f"{code} does not exist")
        draft.values[one.name] = codes


def without_repetition(one: Field, value: Sequence[str]) -> tuple[str, ...]:
    """A list as it was sent, each entry once; addresses are one whatever their case."""
    fold = str.lower if isinstance(one.type, Emails) else str
    found: dict[str, str] = {}
    for item in value:
        found.setdefault(fold(item), item)
    return tuple(found.values())


def _too_many(one: Field, value: JSON) -> str:
    most = one.type.most if isinstance(one.type, Texts) else 0
    many = most and len(without_repetition(one, value)) > most
    return f"has too many entries (maximum is {most})" if many else ""


def _carries_key(type_: ResourceType, operation: str) -> bool:
    if operation == "create":
        return True
    call = {"update": type_.update, "read": type_.read}.get(operation)
    return call is not None and (call.keyed or (operation == "update" and type_.key in type_.by_name))


def _shape(type_: ResourceType, operation: str) -> dict[str, Field]:
    match operation:
        case "create":
            fields = [one for one in type_.fields if one.on_create]
        case "update" | "status":
            fields = [one for one in type_.fields if one.on_update and one.call == operation]
        case _:
            fields = []
    return {one.wire: one for one in fields}


def _required(type_: ResourceType, operation: str) -> tuple[str, ...]:
    match operation:
        case "create":
            return (type_.key, *(one.wire for one in type_.fields if one.required))
        case "status":
            return type_.status.always if type_.status else ()
        case "update":
            keyed = (type_.key,) if type_.update and type_.update.keyed else ()
            always = type_.update.always if type_.update else ()
            return tuple(dict.fromkeys((*keyed, *always)))
        case _:
            return (type_.key,)
