"""The types of attributes: from a file (``parse``), from the API (``decode``), to the API (``encode``).

``parse`` is strict and raises ValueError with a message for the user. ``decode`` never raises: the API's
answers are read generously (`true`, `"true"` and 1 are one value), and what cannot be understood comes back
as text, so that it shows up as a difference instead of being hidden. Canonical values compare with ``==``.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from qboxctl import names
from qboxctl.model import JSON, MISSING, Missing, Secret, SecretSource, Value

KB = 1024
GB = 1024**3
SIZES: Mapping[str, int] = {
    "50MB": 50 * 1024 * KB,
    **{f"{number}GB": number * GB for number in (1, 2, 3, 4, 5, 6, 7, 8, 16, 25, 50, 100)},
}
"""The thirteen sizes that the API offers [postApiDomainsDomainCodeEmailAccounts]."""
SIZE_NAMES: Mapping[int, str] = {size: name for name, size in SIZES.items()}


def kind_of(raw: object) -> str:
    """The word for a value's type that a reader of YAML would use."""
    match raw:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _expected(what: str, raw: object) -> ValueError:
    return ValueError(f"expected {what}, found {kind_of(raw)}")


class ItemError(ValueError):
    """An entry of a list is wrong: the one at ``index``."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


class Type(ABC):
    """One attribute type. Subclasses are frozen dataclasses without state."""

    __slots__ = ()

    @abstractmethod
    def parse(self, raw: object) -> Value:
        """The canonical value of what a file says; raises ValueError."""

    @abstractmethod
    def decode(self, wire: JSON) -> Value | Missing:
        """The canonical value of what the API says; MISSING where it says nothing."""

    @abstractmethod
    def schema(self) -> dict[str, JSON]:
        """The JSON Schema of what a file may say."""

    def encode(self, value: Value) -> JSON:
        """The JSON that goes into a request body."""
        return value

    def wire_schema(self) -> dict[str, JSON]:
        """The JSON Schema of what a request body may hold."""
        return self.schema()

    def show(self, value: Value) -> str:
        """The value as people write it in a file."""
        match value:
            case None:
                return "(unknown)"
            case bool():
                return "true" if value else "false"
            case tuple() | list():
                return "[" + ", ".join(str(item) for item in value) + "]"
            case str():
                return f'"{value}"' if value == "" or value != value.strip() else value
            case _:
                return str(value)


@dataclass(frozen=True, slots=True)
class Text(Type):
    """Free text; ``""`` clears it. Multi-line only where ``lines`` allows."""

    lines: bool = False
    choices: tuple[str, ...] = ()

    def parse(self, raw: object) -> str:
        """Text as it stands."""
        if not isinstance(raw, str):
            raise (
                _expected("text (put it in quotes)", raw)
                if isinstance(raw, (bool, int, float))
                else _expected("text", raw)
            )
        if not self.lines and ("\n" in raw or "\r" in raw):
            raise ValueError("this text must stay on one line")
        if any(ord(char) < 32 and char not in "\t\r\n" for char in raw):
            raise ValueError("control characters are not allowed in text")
        return raw

    def decode(self, wire: JSON) -> Value | Missing:
        """Text; null counts as empty."""
        if wire is None:
            return ""
        return wire if isinstance(wire, str) else str(wire)

    def schema(self) -> dict[str, JSON]:
        """Any text."""
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class Email(Type):
    """One e-mail address, or ``""`` for none."""

    def parse(self, raw: object) -> str:
        """The address in lower case."""
        if not isinstance(raw, str):
            raise _expected("an e-mail address", raw)
        return names.email_address(raw) if raw else ""

    def decode(self, wire: JSON) -> Value | Missing:
        """The address in lower case; null counts as empty."""
        return "" if wire is None else names.relaxed_email(str(wire))

    def schema(self) -> dict[str, JSON]:
        """A text with an @, or nothing."""
        return {"type": "string", "pattern": "^$|^[^@]+@[^@]+$"}


@dataclass(frozen=True, slots=True)
class Date(Type):
    """A day, ``YYYY-MM-DD``, or ``""`` for none."""

    def parse(self, raw: object) -> str:
        """The day, checked against the calendar."""
        if not isinstance(raw, str):
            raise _expected("a date YYYY-MM-DD", raw)
        if raw:
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw):
                raise ValueError(f"{raw!r} is not a date YYYY-MM-DD")
            try:
                date.fromisoformat(raw)
            except ValueError:
                raise ValueError(f"{raw!r} is not a day of the calendar") from None
        return raw

    def decode(self, wire: JSON) -> Value | Missing:
        """The day; a time of day behind it is dropped, null counts as empty."""
        if wire is None:
            return ""
        text = str(wire)
        return text[:10] if re.match(r"\d{4}-\d{2}-\d{2}(T|\s|$)", text) else text

    def schema(self) -> dict[str, JSON]:
        """A date by its pattern."""
        return {"type": "string", "pattern": r"^$|^\d{4}-\d{2}-\d{2}$"}


_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off"}


@dataclass(frozen=True, slots=True)
class Boolean(Type):
    """``true`` or ``false``."""

    def parse(self, raw: object) -> bool:
        """Exactly true or false: YAML 1.2 has no other words for them."""
        if not isinstance(raw, bool):
            raise ValueError(f"expected true or false, found {kind_of(raw)}{_almost(raw)}")
        return raw

    def decode(self, wire: JSON) -> Value | Missing:
        """True, "true" and 1 are one value."""
        if isinstance(wire, bool):
            return wire
        if wire is None:
            return MISSING
        text = str(wire).strip().lower()
        return True if text in _TRUE else False if text in _FALSE else text

    def schema(self) -> dict[str, JSON]:
        """A boolean."""
        return {"type": "boolean"}


def _almost(raw: object) -> str:
    word = str(raw).strip().lower() if isinstance(raw, str) else ""
    return " (write true)" if word in _TRUE else " (write false)" if word in _FALSE else ""


def _decode_int(wire: JSON) -> Value | Missing:
    if isinstance(wire, bool) or wire is None:
        return MISSING if wire is None else int(wire)
    if isinstance(wire, int):
        return wire
    text = str(wire).strip()
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text


@dataclass(frozen=True, slots=True)
class Integer(Type):
    """A whole number from ``least`` up."""

    least: int = 0

    def parse(self, raw: object) -> int:
        """The number."""
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise _expected("a whole number", raw)
        if not self.least <= raw < 2**63:
            raise ValueError(f"{raw} is out of range: {self.least} or more")
        return raw

    def decode(self, wire: JSON) -> Value | Missing:
        """The number, from digits too."""
        return _decode_int(wire)

    def schema(self) -> dict[str, JSON]:
        """An integer with its least value."""
        return {"type": "integer", "minimum": self.least}


@dataclass(frozen=True, slots=True)
class Limit(Type):
    """A limit: a whole number, or -1 for none, also written ``unlimited``."""

    def parse(self, raw: object) -> int:
        """The number; ``unlimited`` is -1."""
        if raw == "unlimited":
            return -1
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise _expected("a whole number or unlimited", raw)
        if not -1 <= raw < 2**31:
            raise ValueError(f"{raw} is out of range: 0 or more, or -1 for unlimited")
        return raw

    def decode(self, wire: JSON) -> Value | Missing:
        """The number, from digits too."""
        return _decode_int(wire)

    def schema(self) -> dict[str, JSON]:
        """A number or the word."""
        return {"oneOf": [{"type": "integer", "minimum": -1}, {"const": "unlimited"}]}

    def wire_schema(self) -> dict[str, JSON]:
        """A number."""
        return {"type": "integer", "minimum": -1}

    def show(self, value: Value) -> str:
        """The word for -1."""
        return "unlimited" if value == -1 else Type.show(self, value)


@dataclass(frozen=True, slots=True)
class Size(Type):
    """A mailbox size in bytes; only the sizes that the API offers."""

    def parse(self, raw: object) -> int:
        """Bytes, or a number with MB or GB behind it."""
        size = raw
        if isinstance(raw, str):
            size = SIZES.get(raw, raw)
        if isinstance(size, bool) or not isinstance(size, int):
            raise ValueError(f"{raw!r} is not a size: write one of {', '.join(SIZES)}, or the bytes")
        if size not in SIZE_NAMES:
            raise ValueError(f"{raw} is not a size that Qboxmail offers: there are {', '.join(SIZES)}")
        return size

    def decode(self, wire: JSON) -> Value | Missing:
        """Bytes, from digits too."""
        return _decode_int(wire)

    def schema(self) -> dict[str, JSON]:
        """The names or the bytes."""
        return {"enum": [*SIZES, *SIZE_NAMES]}

    def wire_schema(self) -> dict[str, JSON]:
        """The bytes."""
        return {"enum": list(SIZE_NAMES)}

    def show(self, value: Value) -> str:
        """The short name where there is one."""
        return SIZE_NAMES.get(value) or Type.show(self, value)


@dataclass(frozen=True, slots=True)
class Level(Type):
    """A level: its number or its word."""

    words: tuple[str, ...]

    def parse(self, raw: object) -> int:
        """The number of the level."""
        if isinstance(raw, str) and raw in self.words:
            return self.words.index(raw)
        if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw < len(self.words):
            raise ValueError(f"{raw!r} is not a level: write {', '.join(self.words)}, or 0 to {len(self.words) - 1}")
        return raw

    def decode(self, wire: JSON) -> Value | Missing:
        """The number of the level."""
        if isinstance(wire, str) and wire.lower() in self.words:
            return self.words.index(wire.lower())
        return _decode_int(wire)

    def schema(self) -> dict[str, JSON]:
        """The words or the numbers."""
        return {"enum": [*self.words, *range(len(self.words))]}

    def wire_schema(self) -> dict[str, JSON]:
        """The numbers."""
        return {"enum": list(range(len(self.words)))}

    def show(self, value: Value) -> str:
        """The word of the level."""
        known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(self.words)
        return self.words[value] if known else Type.show(self, value)


@dataclass(frozen=True, slots=True)
class Choice(Type):
    """One of a few words. ``others`` are older or numeric forms in which the API may return one of them."""

    words: tuple[str, ...]
    others: tuple[tuple[str, str], ...] = ()

    def parse(self, raw: object) -> str:
        """The word."""
        if raw not in self.words:
            from difflib import get_close_matches

            near = get_close_matches(str(raw), self.words, 1, 0.6)
            more = f"did you mean {near[0]}?" if near else f"write {' or '.join(self.words)}"
            raise ValueError(f"{raw!r} is not allowed here: {more}" if raw is not None else f"nothing here: {more}")
        return str(raw)

    def decode(self, wire: JSON) -> Value | Missing:
        """The word; an unknown one stays as it is."""
        if wire is None or wire == "":
            return MISSING
        text = str(wire).strip().lower()
        return dict(self.others).get(text, text)

    def schema(self) -> dict[str, JSON]:
        """The words."""
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Texts(Type):
    """A set of short texts: order and repetition do not matter; ``[]`` clears it."""

    least: int = 0
    most: int = 0

    def item(self, raw: object) -> str:
        """One entry from a file."""
        if not isinstance(raw, str):
            raise _expected("text (put it in quotes)", raw)
        if not raw.strip() or raw != raw.strip() or "," in raw or any(ord(char) < 32 for char in raw):
            raise ValueError(f"{raw!r} cannot stand in this list: no comma, no blank at its ends, not empty")
        return raw

    def checked(self, index: int, raw: object) -> str:
        """One entry, with its place in the list where it is wrong."""
        try:
            return self.item(raw)
        except ValueError as error:
            raise ItemError(str(error), index) from None

    def wire_item(self, wire: JSON) -> str:
        """One entry from the API."""
        return str(wire)

    def parse(self, raw: object) -> tuple[str, ...]:
        """The sorted entries without repetition."""
        if not isinstance(raw, list):
            raise _expected("a list", raw)
        items = tuple(sorted({self.checked(index, entry) for index, entry in enumerate(raw)}))
        if len(items) < self.least:
            raise ValueError(f"at least {self.least} entry is needed here")
        if self.most and len(items) > self.most:
            raise ValueError(f"{len(items)} entries, and at most {self.most} are allowed")
        return items

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
            raise _expected("an e-mail address", raw)
        return names.email_address(raw)

    def wire_item(self, wire: JSON) -> str:
        """One address from the API, in lower case."""
        return names.relaxed_email(str(wire))


@dataclass(frozen=True, slots=True)
class Networks(Texts):
    """A set of IP addresses and networks; a network of one address is that address."""

    def item(self, raw: object) -> str:
        """One address or network in its shortest form."""
        import ipaddress

        if not isinstance(raw, str):
            raise _expected("an IP address or network", raw)
        try:
            return _short(ipaddress.ip_network(raw.strip()))
        except ValueError as error:
            raise ValueError(f"{raw!r} is not an IP address or network: {error}") from None

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
    """A set of other objects of one kind, by their keys in the files; codes are for the API only.

    ``canonical`` brings a key to the form in which keys of that kind are compared.
    """

    kind: str = ""
    canonical: Callable[[str], str] = names.relaxed_domain

    def item(self, raw: object) -> str:
        """One key."""
        if not isinstance(raw, str):
            raise _expected("a name (put it in quotes)", raw)
        return self.canonical(raw)

    def wire_item(self, wire: JSON) -> str:
        """A code, an id or a name; an object gives its code, id or name, whichever comes first."""
        if isinstance(wire, dict):
            wire = next((wire[name] for name in ("code", "id", "name") if wire.get(name) is not None), "")
        return str(wire)


@dataclass(frozen=True, slots=True)
class Password(Type):
    """A secret: only a reference to it may stand in a file."""

    def parse(self, raw: object, base: str = "") -> Secret:
        """The reference; ``base`` is the folder of the file that states it."""
        if isinstance(raw, (str, int, float)):
            raise ValueError("a secret must not stand in a file: write {env: NAME}, {file: PATH} or {exec: [program]}")
        match list(raw.items()) if isinstance(raw, dict) else []:
            case [("env" | "file" as source, str(name))] if name:
                return Secret(SecretSource(source), (name,), base)
            case [("exec", [_, *_] as words)] if all(isinstance(word, str) and word for word in words):
                return Secret(SecretSource.EXEC, tuple(words), base)
        if raw is None:
            raise ValueError("nothing here: write {env: NAME}, {file: PATH} or {exec: [program, argument]}")
        raise ValueError("a secret is one of {env: NAME}, {file: PATH} and {exec: [program, argument]}")

    def decode(self, wire: JSON) -> Value | Missing:
        """Never looked at."""
        return MISSING

    def schema(self) -> dict[str, JSON]:
        """One of the three references."""
        return {"$ref": "#/$defs/secret"}

    def wire_schema(self) -> dict[str, JSON]:
        """At least eight characters with a letter and a digit [postApiDomainsDomainCodeEmailAccounts]."""
        return {"type": "string", "minLength": 8, "pattern": "(?=.*[A-Za-z])(?=.*[0-9])"}

    def show(self, value: Value) -> str:
        """Never the secret."""
        return "***"


def weakness(secret: str) -> str | None:
    """What the API would refuse in a password, or None [postApiDomainsDomainCodeEmailAccounts]."""
    if len(secret) < 8:
        return "it has fewer than 8 characters"
    if not re.search(r"[A-Za-z]", secret) or not re.search(r"[0-9]", secret):
        return "it needs at least one letter and one digit"
    return None


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
    """Whether an ``extra`` value is in effect: read as generously as a modelled attribute would be."""
    if want == have and type(want) is type(have):
        return True
    match want:
        case bool():
            return Boolean().decode(have) == want
        case int():
            return _decode_int(have) == want
        case str():
            return Text().decode(have) == want
        case list() if all(isinstance(item, str) for item in want):
            texts = Texts()
            return texts.decode(have) == texts.decode(want)
        case _:
            return False
