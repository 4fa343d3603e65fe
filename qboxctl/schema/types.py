"""The types of attributes: from a file (``parse``), from the API (``decode``), to the API (``encode``).

``parse`` is strict and raises ValueError with a message for the user. ``decode`` never raises: the API's
answers are read generously (`true`, `"true"` and 1 are one value), and what cannot be understood comes back
as text, so that it shows up as a difference instead of being hidden. Canonical values compare with ``==``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from qboxctl.errors import BadValue
from qboxctl.model import JSON, MISSING, Destination, Missing, Secret, SecretSource, Value
from qboxctl.schema import formats
from qboxctl.schema.hints import near

KB = 1024
GB = 1024**3
SIZES: Mapping[str, int] = {
    "50MB": 50 * 1024 * KB,
    **{f"{number}GB": number * GB for number in (1, 2, 3, 4, 5, 6, 7, 8, 16, 25, 50, 100)},
}
"""The thirteen sizes that the API offers [postApiDomainsDomainCodeEmailAccounts]."""
SIZE_NAMES: Mapping[int, str] = {size: name for name, size in SIZES.items()}


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


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


def expected(what: str, raw: object) -> ValueError:
    """The error for a value of another type than the one that must stand there."""
    return ValueError(f"expected {what}, found {kind_of(raw)}")


class Type(ABC):
    """One attribute type. Subclasses are frozen dataclasses without state.

    What ``names_files`` may name a file beside the one that states it.
    """

    __slots__ = ()
    names_files: ClassVar[bool] = False

    @abstractmethod
    def parse(self, raw: object) -> Value:
        """The canonical value of what a file says; raises ValueError."""

    @abstractmethod
    def decode(self, wire: JSON) -> Value | Missing:
        """The canonical value of what the API says; MISSING where it says nothing."""

    @abstractmethod
    def schema(self) -> dict[str, JSON]:
        """The JSON Schema of what a file may say."""

    def agrees(self, _want: Value, _have: Value) -> bool | None:
        """Whether two values that are not the same mean the same to the server; None where nobody can tell."""
        return False

    @property
    def among(self) -> bool:
        """Whether what other live objects have tells what a difference means."""
        return False

    def settled(self, want: Value, have: Value, _others: Sequence[Value]) -> bool | None:
        """The same as ``agrees``; ``others`` are the values of all live objects of the kind, where they matter."""
        return self.agrees(want, have)

    def taken(self, want: Value, have: Value, others: Sequence[Value]) -> bool:
        """Whether what is there right after a value was sent is what the server makes of it."""
        return self.settled(want, have, others) is not False

    def lost(self, _have: Value, _want: Value, _others: Sequence[Value]) -> tuple[str, ...]:
        """What an object does not keep of its value."""
        return ()

    def noted(self, _want: Value, _have: Value) -> str:
        """What to tell of what the server made of a value, "" for nothing."""
        return ""

    def encode(self, value: Value) -> JSON:
        """The JSON that goes into a request body."""
        return value

    def wire_schema(self) -> dict[str, JSON]:
        """The JSON Schema of what a request body may hold."""
        return self.schema()

    def write(self, value: Value) -> JSON:
        """The value as people would state it in a file; ``parse`` gives it back, or raises ValueError."""
        return list(value) if isinstance(value, tuple) else value

    def idle(self, value: Value) -> bool:
        """Whether the value only says that nothing is set: empty, off, no limit."""
        return value in ("", (), False)

    def markup(self, _value: Value) -> str:
        """The value, where it is HTML; "" for all else."""
        return ""

    def entry(self, item: Value) -> str:
        """One entry of a set as people read it."""
        return str(item)

    def show(self, value: Value) -> str:
        """The value as people write it in a file."""
        match value:
            case None:
                return "(unknown)"
            case bool():
                return "true" if value else "false"
            case tuple() | list():
                return "[" + ", ".join(map(self.entry, value)) + "]"
            case str():
                return f'"{value}"' if value == "" or value != value.strip() else value
            case _:
                return str(value)


@dataclass(frozen=True, slots=True)
class Text(Type):
    """Free text; ``""`` clears it. Multi-line only where ``lines`` allows."""

    lines: bool = False

    def parse(self, raw: object) -> str:
        """Text as it stands."""
        if not isinstance(raw, str):
            raise (
                expected("text (put it in quotes)", raw)
                if isinstance(raw, (bool, int, float))
                else expected("text", raw)
            )
        if raw.isprintable():
            return raw
        if not self.lines and ("\n" in raw or "\r" in raw):
            raise ValueError("this text must stay on one line")
        if _CONTROL.search(raw):
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


MOST_ENCLOSED = 64 * KB
"""So many bytes may have a file whose text is a value."""


@dataclass(frozen=True, slots=True)
class Document(Text):
    """A text of several lines, HTML perhaps, which may stand in a file of its own: ``{file: PATH}``.

    Forms of it in which a server may keep the HTML cannot be told apart, and are not written again.
    """

    names_files: ClassVar[bool] = True
    lines: bool = True

    def enclosed(self, raw: object) -> str:
        """The path of the file that holds the text, "" where it stands in the configuration itself; ValueError."""
        if not isinstance(raw, dict):
            return ""
        match list(raw.items()):
            case [("file", str(path))] if path.strip():
                return path
        raise ValueError("write the text, or {file: PATH} for a file that holds it")

    def agrees(self, want: Value, have: Value) -> bool | None:
        """None where both show the same: nobody can tell whether the server would take the other form."""
        from qboxctl.schema.markup import normal_form  # few runs meet HTML

        return None if normal_form(str(want)) == normal_form(str(have)) else False

    def schema(self) -> dict[str, JSON]:
        """Any text, or the file that holds it."""
        file = {"type": "object", "properties": {"file": {"type": "string", "minLength": 1}}, "required": ["file"]}
        return {"oneOf": [{"type": "string"}, {**file, "additionalProperties": False}]}

    def markup(self, value: Value) -> str:
        """The text, where it is HTML."""
        from qboxctl.schema.markup import has_tags  # few runs meet HTML

        return value if isinstance(value, str) and "<" in value and has_tags(value) else ""

    def wire_schema(self) -> dict[str, JSON]:
        """Any text."""
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class Email(Type):
    """One e-mail address, or ``""`` for none."""

    def parse(self, raw: object) -> str:
        """The address in lower case."""
        if not isinstance(raw, str):
            raise expected("an e-mail address", raw)
        return formats.email_address(raw) if raw else ""

    def decode(self, wire: JSON) -> Value | Missing:
        """The address in lower case; null counts as empty."""
        return "" if wire is None else formats.relaxed_email(str(wire))

    def schema(self) -> dict[str, JSON]:
        """A text with an @, or nothing."""
        return {"type": "string", "pattern": "^$|^[^@]+@[^@]+$"}


@dataclass(frozen=True, slots=True)
class Date(Type):
    """A day, ``YYYY-MM-DD``, or ``""`` for none."""

    def parse(self, raw: object) -> str:
        """The day, checked against the calendar."""
        if not isinstance(raw, str):
            raise expected("a date YYYY-MM-DD", raw)
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


def decode_int(wire: JSON) -> Value | Missing:
    """A whole number from the API: a number, or digits."""
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
            raise expected("a whole number", raw)
        if raw < self.least:
            raise ValueError(f"{raw} is out of range: {self.least} or more")
        if raw >= 2**63:
            raise ValueError(f"{raw} is too large for a number")
        return raw

    def decode(self, wire: JSON) -> Value | Missing:
        """The number, from digits too."""
        return decode_int(wire)

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
            raise expected("a whole number or unlimited", raw)
        if raw < -1:
            raise ValueError(f"{raw} is out of range: 0 or more, or -1 for unlimited")
        if raw >= 2**31:
            raise ValueError(f"{raw} is too large for a limit: write unlimited for none")
        return raw

    def decode(self, wire: JSON) -> Value | Missing:
        """The number, from digits too."""
        return decode_int(wire)

    def schema(self) -> dict[str, JSON]:
        """A number or the word."""
        return {"oneOf": [{"type": "integer", "minimum": -1}, {"const": "unlimited"}]}

    def wire_schema(self) -> dict[str, JSON]:
        """A number."""
        return {"type": "integer", "minimum": -1}

    def write(self, value: Value) -> JSON:
        """The word for -1."""
        return "unlimited" if value == -1 else value

    def idle(self, value: Value) -> bool:
        """No limit."""
        return bool(value == -1)

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
            message = f"{raw!r} is not a size: write one of {', '.join(SIZES)}, or the bytes"
            raise BadValue(message, hint=_meant_size(raw))
        if size not in SIZE_NAMES:
            message = f"{raw} is not a size that Qboxmail offers: there are {', '.join(SIZES)}"
            raise BadValue(message, hint=_meant_size(raw))
        return size

    def decode(self, wire: JSON) -> Value | Missing:
        """Bytes, from digits too."""
        return decode_int(wire)

    def schema(self) -> dict[str, JSON]:
        """The names or the bytes."""
        return {"enum": [*SIZES, *SIZE_NAMES]}

    def wire_schema(self) -> dict[str, JSON]:
        """The bytes."""
        return {"enum": list(SIZE_NAMES)}

    def write(self, value: Value) -> JSON:
        """The short name where there is one."""
        return SIZE_NAMES.get(value, value)

    def show(self, value: Value) -> str:
        """The short name where there is one."""
        return SIZE_NAMES.get(value) or Type.show(self, value)


def _meant_size(raw: object) -> str | None:
    """The size on offer that "8 GB", 8g, 8GiB, 8192MB or a bare 8 mean."""
    match = re.fullmatch(r"(\d{1,6})(?:\.0+)?\s*(?:([MGT])I?B?)?", str(raw).strip().upper())
    if isinstance(raw, bool) or match is None:
        return None
    number, unit = int(match[1]), match[2] or "G"
    if unit == "M" and number >= 1000:
        number, unit = number // (1024 if number % 1024 == 0 else 1000), "G"
    name = f"{number}{unit}B"
    return f"write {name}" if name in SIZES and name != raw else None


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
        return decode_int(wire)

    def schema(self) -> dict[str, JSON]:
        """The words or the numbers."""
        return {"enum": [*self.words, *range(len(self.words))]}

    def wire_schema(self) -> dict[str, JSON]:
        """The numbers."""
        return {"enum": list(range(len(self.words)))}

    def write(self, value: Value) -> JSON:
        """The word of the level."""
        return self.show(value)

    def idle(self, value: Value) -> bool:
        """Never: every level says something."""
        return False

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
            alike = near(str(raw), self.words)
            more = f"did you mean {alike[0]}?" if alike else f"write one of {', '.join(self.words)}"
            raise ValueError(f"{raw!r} is not allowed here: {more}" if raw is not None else f"nothing here: {more}")
        return str(raw)

    def decode(self, wire: JSON) -> Value | Missing:
        """The word; an unknown one stays as it is."""
        if wire is None or wire == "":
            return MISSING
        if wire in self.words:
            return wire
        text = str(wire).strip().lower()
        return dict(self.others).get(text, text)

    def schema(self) -> dict[str, JSON]:
        """The words."""
        return {"enum": list(self.words)}


WORD: dict[str, JSON] = {"type": "string", "pattern": r"^[^\u0000]+$"}
"""The schema of what the system takes as a name or an argument."""


def _is_word(word: object) -> bool:
    """Whether the system takes it as a name or an argument; ``WORD`` says the same."""
    return isinstance(word, str) and bool(word) and "\0" not in word


@dataclass(frozen=True, slots=True)
class Password(Type):
    """A secret: only a reference to it may stand in a file."""

    def parse(self, raw: object, base: str = "") -> Secret:
        """The reference; ``base`` is the folder of the file that states it."""
        if isinstance(raw, (str, int, float)):
            raise ValueError("a secret must not stand in a file: write {env: NAME}, {file: PATH} or {exec: [program]}")
        match list(raw.items()) if isinstance(raw, dict) else []:
            case [("env" | "file" as source, str(name))] if _is_word(name):
                return Secret(SecretSource(source), (name,), base)
            case [("exec", [_, *_] as words)] if all(map(_is_word, words)):
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


@dataclass(frozen=True, slots=True)
class Store(Type):
    """Where a secret goes that the server tells once: it is handed over there, and kept nowhere else."""

    names_files: ClassVar[bool] = True

    def parse(self, raw: object, base: str = "") -> Destination:
        """The place; ``base`` is the folder of the file that states it."""
        match list(raw.items()) if isinstance(raw, dict) else []:
            case [("file", str(name))] if _is_word(name):
                if name.rstrip("/").rpartition("/")[2] in ("", ".", ".."):
                    raise ValueError(f"{name} is a folder, and no file")
                return Destination(file=name, base=base)
            case [("exec", [_, *_] as words)] if all(map(_is_word, words)):
                return Destination(program=tuple(words), base=base)
        raise ValueError("write where the secret goes: {file: PATH} or {exec: [program, argument]}")

    def decode(self, wire: JSON) -> Value | Missing:
        """Never looked at."""
        return MISSING

    def schema(self) -> dict[str, JSON]:
        """One of the two places."""
        places: dict[str, JSON] = {"file": WORD, "exec": {"type": "array", "minItems": 1, "items": WORD}}
        closed = {"type": "object", "additionalProperties": False}
        return {"oneOf": [{**closed, "properties": {name: one}, "required": [name]} for name, one in places.items()]}
