"""Request bodies, as strictly as the reference has them: which attributes a call takes and what each may hold.

Everything comes from the definitions. All that is wrong with a body is said at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from qboxctl.emulator.behaviour import Draft, behaviour_of
from qboxctl.emulator.wire import Refusal
from qboxctl.model import JSON
from qboxctl.schema.calls import UPDATE
from qboxctl.schema.collections import Emails, References, Texts
from qboxctl.schema.field import Field
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType

_WORDS: Mapping[str, type] = {"string": str, "boolean": bool, "integer": int, "array": list, "object": dict}


def complaint(schema: Mapping[str, JSON], value: JSON) -> str:
    """What the server says of a value that does not fit a wire schema; "" where it fits."""
    if "oneOf" in schema:
        return "" if any(not complaint(option, value) for option in schema["oneOf"]) else "is not valid"
    if "const" in schema and not _same(schema["const"], value):
        return "is not valid"
    if "enum" in schema and not any(_same(option, value) for option in schema["enum"]):
        return "is not valid"
    if "type" in schema and type(value) is not _WORDS[schema["type"]]:
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

    def __init__(self, types: Kinds, extra_fields: Mapping[str, Sequence[str]], *, numeric: bool) -> None:
        self._numeric = numeric
        self.extra: dict[str, set[str]] = {
            kind: {*behaviour_of(kind).unmodelled, *extra_fields.get(kind, ())} for kind in types
        }
        self._shapes = {
            (kind, operation): _shape(type_, operation)
            for kind, type_ in types.items()
            for operation in ("create", "read", *type_.calls.writes)
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
            if named and wire == type_.identity.key:
                self._name(draft, value)
            if wire in shape:
                self._field(draft, shape[wire], wire, value, body)
            elif wire.removesuffix("_confirmation") in secret:
                if wire.removesuffix("_confirmation") not in body:
                    draft.complain(wire.removesuffix("_confirmation"), "can't be blank")
            elif wire == "customer_code" and type_.owned and operation == "create":
                if isinstance(value, str) and value in draft.store.customers:
                    draft.owner = value
                elif value != draft.store.customer_code:
                    draft.complain(wire, "is not valid")
            elif operation in ("create", UPDATE) and wire in self.extra[type_.kind]:
                self._extra(draft, wire, value)
            elif not (named and wire == type_.identity.key):
                draft.complain(wire, "is not allowed")
        for wire in _required(type_, operation):
            if wire not in body:
                draft.complain(wire, "can't be blank")

    def _name(self, draft: Draft, value: JSON) -> None:
        type_ = draft.type
        if not isinstance(value, str):
            if type_.identity.key not in type_.by_name:
                draft.complain(type_.identity.key, "must be of type string")
        elif not value.strip():
            draft.complain(type_.identity.key, "can't be blank")
        else:
            try:
                draft.key, draft.name = type_.identity.normalise(value), value.strip()
            except ValueError:
                draft.complain(type_.identity.key, "is not valid")

    def _extra(self, draft: Draft, wire: str, value: JSON) -> None:
        if wire in behaviour_of(draft.type.kind).unmodelled and not isinstance(value, str):
            draft.complain(wire, "must be of type string")
        else:
            draft.extra[wire] = value

    def _field(self, draft: Draft, one: Field, wire: str, value: JSON, body: Mapping[str, JSON]) -> None:
        if isinstance(one.type, References):
            self._references(draft, one, wire, value)
            return
        if one.name == draft.type.identity.key and value == "":
            return  # the name is blank, and that has been said
        text = complaint(one.type.wire_schema(), value)
        if text:
            draft.complain(wire, text)
        elif one.secret:
            if body.get(f"{wire}_confirmation") != value:
                draft.complain(f"{wire}_confirmation", f"doesn't match {wire}")
            draft.passwords[one.name] = value
        else:
            try:
                one.type.parse(value)
            except ValueError:
                draft.complain(wire, _too_many(one, value) or "is not valid")
            else:
                draft.values[one.name] = without_repetition(one, value) if isinstance(one.type, Texts) else value

    def _references(self, draft: Draft, one: Field, wire: str, value: JSON) -> None:
        allowed = (str, int) if self._numeric else (str,)
        if not isinstance(value, list) or any(type(item) not in allowed for item in value):
            draft.complain(wire, "must be of type array" if not isinstance(value, list) else "is not valid")
            return
        codes = tuple(dict.fromkeys(str(item) for item in value))
        for code in codes:
            target = draft.store.linked(one, code)
            if target is None or target.leaving is not None:
                draft.complain(wire, f"{code} does not exist")
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
        return bool(type_.identity.key)
    call = type_.calls.read if operation == "read" else type_.calls.writes.get(operation)
    return call is not None and (call.named or (operation == UPDATE and type_.identity.key in type_.by_name))


def _shape(type_: ResourceType, operation: str) -> dict[str, Field]:
    creates = operation == "create"
    found = (one for one in type_.fields if (one.on_create if creates else one.on_update and one.call == operation))
    return {one.wire_in(creating=creates): one for one in found}


def _required(type_: ResourceType, operation: str) -> tuple[str, ...]:
    if operation == "create":
        return (
            *filter(None, [type_.identity.key]),
            *(one.wire_in(creating=True) for one in type_.fields if one.required and one.on_create),
        )
    call = type_.calls.writes.get(operation)
    if call is None:
        return (type_.identity.key,)
    forced = [name for name in call.repeats if name not in behaviour_of(type_.kind).unforced]
    repeated = (type_.by_name[name].wire if name in type_.by_name else name for name in forced)
    return tuple(dict.fromkeys((*([type_.identity.key] if call.named else []), *repeated)))
