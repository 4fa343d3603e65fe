"""What is stated for an object, or as defaults for a kind, in canonical form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from qboxctl.config.enclosed import place_of, text_of
from qboxctl.config.mistakes import Mistakes
from qboxctl.errors import IN_PLAIN_TEXT, BadEntries, BadValue, hint_of
from qboxctl.model import JSON, Address, Desired, Secret, Value, Where
from qboxctl.schema.extra import misuses
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.hints import did_you_mean
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.passwords import NO_HASHES, means_hash
from qboxctl.schema.places import ABSENT, OWN, PRESENT, STATE
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.secrets import Password, Store
from qboxctl.schema.types import Document, Type, kind_of


@dataclass(slots=True)
class Block:
    """What is stated for one object: of its bodies the one with attributes, or the first where none has any.

    It is ``shared`` where another file may say more of it: what is in it, or what it is. ``bare`` is where it is said
    only that it is there, if that is so anywhere.
    """

    type: ResourceType
    name: str
    where: Where
    body: Mapping[str, JSON]
    shared: bool = False
    bare: Where | None = None

    def contradicted(self, other: Block) -> Where | None:
        """Where the first of two blocks says that the object is there, or is not, and the other the opposite."""
        if self.bare and other.body.get(STATE) == ABSENT:
            return self.bare
        return self.where if other.bare and self.body.get(STATE) == ABSENT else None


class Attributes(NamedTuple):
    """A body in canonical form."""

    values: dict[str, Value]
    secrets: dict[str, Secret]
    extra: dict[str, JSON]


class Bodies:
    """Brings bodies into canonical form, and notes what is wrong with them."""

    def __init__(self, mistakes: Mistakes, types: Kinds) -> None:
        self.mistakes = mistakes
        self.types = types
        self.defaults: dict[str, Attributes] = {}
        self.enclosed: dict[str, list[Address]] = {}
        """The files that hold the text of a value, with the objects whose value it is."""

    def desired(self, address: Address, block: Block) -> Desired:
        """One object, its defaults under what it says itself."""
        type_, body, where = block.type, block.body, block.where
        values, secrets, extra = self.attributes(type_, body, where, address)
        below = self.defaults.get(type_.kind)
        if below:
            values = {**below.values, **values}
            secrets = {**below.secrets, **secrets} if secrets else below.secrets
            extra = {**below.extra, **extra} if below.extra else extra
        for implied in type_.implied:
            values.setdefault(implied.name, implied.default)
        absent = STATE in body and self._state(body[STATE], where, address)
        identity, label = type_.identity, ""
        pin = (
            self._pin(body[identity.pin], identity.pin, where, address) if identity.pin and identity.pin in body else ""
        )
        if not identity.unique:
            label = values.get(identity.key, block.name.strip())
            if not label.strip():
                self.mistakes.error("Q013", f"{address} needs a {identity.key}", where, address=address)
            if identity.stated:
                values.setdefault(identity.key, label)
        fallback = self._fallback(type_, body) if identity.otherwise else ""
        return Desired(address, values, secrets, extra, where, absent, label, pin, fallback)

    def _fallback(self, type_: ResourceType, body: Mapping[str, JSON]) -> str:
        """The first entry of the attribute by which an object may be known where its text tells nothing."""
        name = type_.identity.otherwise
        raw = body.get(name)
        try:
            (first,) = type_.by_name[name].type.parse(raw[:1] if isinstance(raw, list) else [])
        except ValueError:
            return ""  # there is none, or it is wrong, which is told elsewhere
        return str(first[0][1])

    def _state(self, state: JSON, where: Where, address: Address) -> bool:
        """Whether the object is declared absent."""
        type_ = self.types[address.kind]
        if STATE in type_.by_name and state != ABSENT:
            return False  # an attribute, which has been looked at
        if state not in (PRESENT, ABSENT):
            hint = "write absent, or remove the line"
            if type_.disabling and state == type_.disabling[1]:
                name, off = type_.disabling
                hint = f"write {name}: {type_.by_name[name].type.show(off)}"
            self._unfit_state(state, hint, where, address)
        return bool(state == ABSENT)

    def _unfit_state(self, state: JSON, hint: str, where: Where, address: Address) -> None:
        found = repr(state) if isinstance(state, str) else json.dumps(state, sort_keys=True)
        message = f"state: {found} is not allowed here"
        self.mistakes.error("Q013", message, where.inside(STATE), address=address, value=True, hint=hint)

    def _pin(self, pin: JSON, name: str, where: Where, address: Address) -> str:
        """The id or code that pins an object on the server, as text; ``name`` is its key."""
        if isinstance(pin, bool) or not isinstance(pin, (str, int)) or not str(pin).strip():
            place, kind = where.inside(name), address.kind.rpartition("_")[2]
            message = f"{name} must be the {kind}'s {name}, found {kind_of(pin)}"
            self.mistakes.error("Q013", message, place, address=address, value=True)
            return ""
        return str(pin).strip()

    def attributes(
        self, type_: ResourceType, body: Mapping[str, JSON], where: Where, address: Address | None
    ) -> Attributes:
        """A body in canonical form; ``address`` is None for defaults."""
        found = Attributes({}, {}, {})
        by_name, values = type_.by_name, found.values
        for name, raw in body.items():
            one = by_name.get(name)
            if one is None:
                self._other(type_, name, raw, where, address, found)
                continue
            if name == STATE and address:  # of a block that can be disabled it says more
                if raw == PRESENT:
                    values[name] = type_.lifecycle.enabled
                if raw in (PRESENT, ABSENT):
                    continue
                if raw not in (words := [*one.type.schema()["enum"], PRESENT, ABSENT]):
                    hint = did_you_mean(str(raw), words) or f"write one of {', '.join(words)}"
                    self._unfit_state(raw, hint, where, address)
                    continue
            if one.mode is Mode.READ_ONLY:
                message, hint = f"{name}: no file can state this", "remove the line: the server alone sets it"
                self.mistakes.error("Q013", message, where.inside(name), address=address, hint=hint)
                continue
            try:
                if one.secret:
                    found.secrets[name] = self._secret(raw, where)
                elif one.type.names_files:
                    values[name] = self._with_files(one.type, raw, where, address or Address(type_.kind, ""))
                else:
                    values[name] = one.type.parse(raw)
            except ValueError as error:
                self._bad_value(type_, one, raw, error, where.inside(name), address)
        return found

    def _with_files(self, type_: Type, raw: JSON, where: Where, address: Address) -> Value:
        """A value that may name a file, from the folder of the one that states it."""
        if isinstance(type_, Store):
            return type_.parse(raw, self.mistakes.sources[where.file].folder)
        return self._document(type_, raw, where, address) if isinstance(type_, Document) else type_.parse(raw)

    def _document(self, type_: Document, raw: JSON, where: Where, address: Address) -> str:
        """A text that may stand in a file of its own."""
        path = type_.enclosed(raw)
        if not path:
            return type_.parse(raw)
        self.enclosed.setdefault(place_of(path, self.mistakes.sources[where.file]), []).append(address)
        try:
            return type_.parse(text_of(path, self.mistakes.sources[where.file]))
        except BadValue:
            raise
        except ValueError as error:
            message = str(error)
            raise ValueError(message if path in message else f"the file {path}: {message}") from None

    def _bad_value(
        self, type_: ResourceType, one: Field, raw: JSON, error: ValueError, where: Where, address: Address | None
    ) -> None:
        """Note a value that does not fit, each wrong entry of a list by itself."""
        plain = one.secret and isinstance(raw, (str, int, float))
        nothing = f"{_clearing(type_, one)}remove the line to leave it alone" if raw is None else None
        for index, wrong in error.entries if isinstance(error, BadEntries) else [(None, error)]:
            place = where if index is None else where.inside(index)
            code, hint = IN_PLAIN_TEXT if plain else "Q013", nothing or hint_of(wrong)
            self.mistakes.error(code, f"{one.name}: {wrong}", place, address=address, value=True, hint=hint)

    def _secret(self, raw: JSON, where: Where) -> Secret:
        """A reference to a secret, relative to the folder of its file."""
        return Password().parse(raw, self.mistakes.sources[where.file].folder)

    def _other(
        self,
        type_: ResourceType,
        name: str,
        raw: JSON,
        where: Where,
        address: Address | None,
        found: Attributes,
    ) -> None:
        """A key of a body that is no attribute: extra, state and id, or a mistake."""
        place = where.inside(name)
        if name == "extra":
            for wire, value in self.mistakes.mapping(raw, place, "extra").items():
                wrong = list(misuses(type_, wire, value))
                for one in wrong:
                    at = place.inside(*one.path)
                    self.mistakes.error("Q013", one.message, at, address=address, hint=one.hint)
                if not wrong:
                    found.extra[wire] = value
        elif address is None or name not in (*OWN, type_.identity.pin):
            what = "attribute" if address else f"attribute of {type_.kind}"
            if means_hash(name) and any(one.secret for one in type_.fields):
                on = f" on {address}" if address else ""
                self.mistakes.error("Q012", f'unknown {what} "{name}"{on}', place, address=address, hint=NO_HASHES)
            else:
                known = self.mistakes.places.words[type_.kind] if address else self.mistakes.places.in_defaults(type_)
                self.mistakes.unknown(name, known, what, place, address, type_)


def _clearing(type_: ResourceType, one: Field) -> str:
    """How a file empties an attribute, "" where there is no such value, or it may not be empty."""
    can = one.returned and one.on_update and one.name != type_.identity.key
    values: tuple[str | list[str], ...] = ("", []) if can else ()
    for empty in values:
        try:
            one.type.parse(empty)
        except ValueError:
            continue
        return f"write {json.dumps(empty)} to clear it, or "
    return ""
