"""Attribute types that are sets (addresses, networks, references), and the comparison of ``extra`` values.

The API returns a list as JSON, as one text with commas, or as null where it is empty: all are read alike.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from qboxctl.errors import BadEntries, BadValue
from qboxctl.model import JSON, Missing, Value
from qboxctl.schema import formats
from qboxctl.schema.hints import as_list
from qboxctl.schema.numbers import decode_int
from qboxctl.schema.types import Boolean, Text, Type, expected, kind_of

_T = TypeVar("_T")
_Wrong = list[tuple[int | None, ValueError]]


def _taken(raw: Iterable[object], item: Callable[[object], _T]) -> tuple[set[_T], _Wrong]:
    """The entries of a list, and those that cannot be, by their index."""
    items: set[_T] = set()
    wrong: _Wrong = []
    for index, entry in enumerate(raw):
        try:
            items.add(item(entry))
        except ValueError as error:
            wrong.append((index, error))
    return items, wrong


@dataclass(frozen=True, slots=True)
class Texts(Type):
    """A set of short texts: order and repetition do not matter; ``[]`` clears it."""

    least: int = 0
    most: int = 0

    def item(self, raw: object) -> str:
        """One entry from a file."""
        if not isinstance(raw, str):
            raise expected("text (put it in quotes)", raw)
        if not raw.strip() or raw != raw.strip() or "," in raw or any(ord(char) < 32 for char in raw):
            raise ValueError(f"{raw!r} cannot stand in this list: no comma, no blank at its ends, not empty")
        return raw

    def wire_item(self, wire: JSON) -> str:
        """One entry from the API."""
        return str(wire)

    def parse(self, raw: object) -> tuple[str, ...]:
        """The sorted entries without repetition; raises BadEntries with every entry that is wrong."""
        if not isinstance(raw, list):
            hint = as_list(raw) if isinstance(raw, str) and raw.strip() else None
            raise BadValue(f"expected a list, found {kind_of(raw)}", hint=hint)
        items, wrong = _taken(raw, self.item)
        number = len(items) + len(wrong)
        if number < self.least:
            wrong.append((None, ValueError(f"at least {self.least} entry is needed here")))
        if self.most and number > self.most:
            wrong.append((None, ValueError(f"{number} entries, and at most {self.most} are allowed")))
        if wrong:
            raise BadEntries(wrong)
        return tuple(sorted(items))

    def decode(self, wire: JSON) -> Value | Missing:
        """From a list, from one text with commas, and from null for an empty one."""
        if wire is None:
            return ()
        entries = wire.split(",") if isinstance(wire, str) else wire if isinstance(wire, list) else [wire]
        texts = (entry.strip() if isinstance(entry, str) else entry for entry in entries)
        return tuple(sorted({self.wire_item(entry) for entry in texts if entry is not None and entry != ""}))

    def encode(self, value: Value) -> JSON:
        """A JSON list."""
        return list(value)

    def schema(self) -> dict[str, JSON]:
        """A list of texts."""
        bounds = {"minItems": self.least} if self.least else {}
        return {"type": "array", "items": {"type": "string"}, **bounds}


@dataclass(frozen=True, slots=True)
class Emails(Texts):
    """A set of e-mail addresses."""

    def item(self, raw: object) -> str:
        """One address in lower case."""
        if not isinstance(raw, str):
            raise expected("an e-mail address", raw)
        return formats.email_address(raw)

    def wire_item(self, wire: JSON) -> str:
        """One address from the API, in lower case."""
        return formats.relaxed_email(str(wire))


@dataclass(frozen=True, slots=True)
class Networks(Texts):
    """A set of IP addresses and networks; a network of one address is that address."""

    def item(self, raw: object) -> str:
        """One address or network in its shortest form."""
        import ipaddress

        if not isinstance(raw, str):
            raise expected("an IP address or network", raw)
        try:
            return _short(ipaddress.ip_network(raw.strip()))
        except ValueError as error:
            message = f"{raw!r} is not an IP address or network: {error}"
        try:
            wider = _short(ipaddress.ip_network(raw.strip(), strict=False))
        except ValueError:
            raise ValueError(message) from None
        raise BadValue(message, hint=f"write {wider}, or the address alone")

    def wire_item(self, wire: JSON) -> str:
        """One address or network from the API."""
        import ipaddress

        try:
            return _short(ipaddress.ip_network(str(wire), strict=False))
        except ValueError:
            return str(wire)


def _short(network: object) -> str:
    text = str(network)
    return text.removesuffix("/32") if "." in text else text.removesuffix("/128")


@dataclass(frozen=True, slots=True)
class References(Texts):
    """A set of other objects, by their keys in the files; codes are for the API only.

    ``canonical`` brings a key to the form in which keys of that kind are compared.
    """

    canonical: Callable[[str], str] = formats.relaxed_domain

    def item(self, raw: object) -> str:
        """One key."""
        if not isinstance(raw, str):
            raise expected("a name (put it in quotes)", raw)
        return self.canonical(raw)

    def wire_item(self, wire: JSON) -> str:
        """A code, an id or a name; an object gives its code, id or name, whichever comes first."""
        if isinstance(wire, dict):
            wire = next((wire[name] for name in ("code", "id", "name") if wire.get(name) is not None), "")
        return str(wire)


@dataclass(frozen=True, slots=True)
class Objects(Type):
    """A set of small objects without names of their own, each with a few texts.

    ``parts`` are the names of their texts, each with what it is unless said otherwise; a bare text is the first of
    them, which may be ``needed``. In canonical form each is a tuple of pairs. Where answers give a list for a text,
    each of its entries counts as an object. ``words`` are those that some of the texts may be. ``item`` is the first
    text in canonical form, and ``relaxed`` the same for answers.
    """

    parts: tuple[tuple[str, str], ...]
    needed: bool = True
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    item: Callable[[str], str] = str.strip
    relaxed: Callable[[str], str] = str.strip

    def parse(self, raw: object) -> Value:
        """The sorted objects without repetition; raises BadEntries with every entry that is wrong."""
        if not isinstance(raw, list):
            raise expected("a list", raw)
        found, wrong = _taken(raw, self.small)
        if wrong:
            raise BadEntries(wrong)
        return tuple(sorted(found))

    def small(self, raw: object) -> Small:
        """One object from a file."""
        first = self.parts[0][0]
        given = raw if isinstance(raw, dict) else {first: raw}
        names = [name for name, _ in self.parts]
        texts: dict[str, str] = {}
        for name, text in given.items():
            if name not in names:
                raise BadValue(f"{name!r} is not known here", hint=f"there are {', '.join(names)}")
            if not isinstance(text, str):
                raise expected(f"text for {name} (put it in quotes)", text)
            allowed = dict(self.words).get(name, ())
            if allowed and text not in allowed:
                raise ValueError(f"{name}: {text!r} is not allowed here: write one of {', '.join(allowed)}")
            texts[name] = self.item(text) if name == first else text
        if not any(texts.get(name) for name, usual in self.parts if not usual) or (
            self.needed and not texts.get(first)
        ):
            raise ValueError(f"{first} is needed here")
        return self.complete(texts)

    def complete(self, given: Mapping[str, str]) -> Small:
        """One object with what it is unless said otherwise."""
        return tuple((name, given.get(name) or usual) for name, usual in self.parts)

    def decode(self, wire: JSON) -> Value | Missing:
        """From a list of mappings; null is none, and so is a mapping that says nothing."""
        entries = [entry for entry in wire or () if isinstance(entry, dict)] if isinstance(wire, list | None) else []
        return tuple(sorted({one for entry in entries for one in self.several(entry)}))

    def several(self, entry: Mapping[str, JSON]) -> Iterable[Small]:
        """The objects that a mapping in an answer stands for."""
        listed = next((name for name, _ in self.parts if isinstance(entry.get(name), list) and entry[name]), None)
        for text in entry[listed] if listed else [None]:
            given = {**entry, **({listed: text} if listed else {})}
            texts = {name: str(given[name]) for name, _ in self.parts if type(given.get(name)) in (str, int)}
            if any(texts[name] != usual for name, usual in self.parts if texts.get(name)):
                first = self.parts[0][0]
                yield self.complete({**texts, first: self.relaxed(texts.get(first, ""))})

    def encode(self, value: Value) -> JSON:
        """A list of mappings, without what is empty."""
        return [{name: text for name, text in one if text} for one in value]

    def write(self, value: Value) -> JSON:
        """Bare texts where the rest is as usual, mappings where it is not."""
        return [self._short(dict(one)) for one in value]

    def _short(self, one: Mapping[str, str]) -> JSON:
        said = {name: one[name] for name, usual in self.parts if one[name] and one[name] != usual}
        return said[self.parts[0][0]] if said.keys() == {self.parts[0][0]} else said

    def schema(self) -> dict[str, JSON]:
        """A list of texts or mappings."""
        words = dict(self.words)
        names: dict[str, JSON] = {}
        for name, usual in self.parts:
            doc = f"Its {name.replace('_', ' ')}{f'; {usual} unless stated' if usual else ''}"
            names[name] = {**({"enum": list(words[name])} if name in words else {"type": "string"}), "description": doc}
        one = {"type": "object", "properties": names, "additionalProperties": False}
        return {"type": "array", "items": {"anyOf": [{"type": "string"}, one]}}

    def wire_schema(self) -> dict[str, JSON]:
        """A list of mappings."""
        return {"type": "array", "items": {"type": "object"}}

    def entry(self, item: Value) -> str:
        """One object with what is not as usual in brackets."""
        one = dict(item)
        first, *others = (one[name] for name, usual in self.parts if one[name] and one[name] != usual)
        return f"{first} ({', '.join(others)})" if others else str(first)


Small = tuple[tuple[str, str], ...]
"""A small object in canonical form: its texts by their names, in the order of their definition."""


def is_json(value: JSON) -> bool:
    """Whether a value from YAML can go into a JSON body: no infinity, no NaN."""
    match value:
        case float():
            return math.isfinite(value)
        case list():
            return all(is_json(item) for item in value)
        case dict():
            return all(is_json(item) for item in value.values())
        case _:
            return True


def same_json(want: JSON, have: JSON) -> bool:
    """Whether an ``extra`` value is in effect: read as generously as a modelled attribute would be, at any depth.

    The order of a list does not matter.
    """
    if want == have:
        return True
    match want:
        case None:
            return bool(have == "")
        case bool():
            return Boolean().decode(have) == want
        case int():
            return decode_int(have) == want
        case float():
            return isinstance(have, str) and bool(_DECIMAL.fullmatch(have.strip())) and float(have) == want
        case str():
            return Text().decode(have) == want
        case list():
            return _same_entries(want, have)
        case _:
            same = isinstance(have, dict) and want.keys() == have.keys()
            return same and all(same_json(value, have[name]) for name, value in want.items())


def _same_entries(want: list[JSON], have: JSON) -> bool:
    """Whether each entry of a list has its like in the other one."""
    texts = Texts()
    if all(isinstance(item, str) for item in want):
        return texts.decode(have) == texts.decode(want)
    found = have if isinstance(have, list) else texts.decode(have)
    if not isinstance(found, (list, tuple)) or not found:
        return False
    alike = [[same_json(one, other) for other in found] for one in want]  # each pair once, or it doubles at each depth
    return all(map(any, alike)) and all(map(any, zip(*alike, strict=True)))


_DECIMAL = re.compile(r"[-+]?\d{1,400}(\.\d{0,400})?([eE][-+]?\d{1,4})?")
