"""The types of attributes: from a file (``parse``), from the API (``decode``), to the API (``encode``).

``parse`` is strict and raises ValueError with a message for the user. ``decode`` never raises: the API's
answers are read generously (`true`, `"true"` and 1 are one value), and what cannot be understood comes back
as text, so that it shows up as a difference instead of being hidden. Canonical values compare with ``==``.
Numbers, secrets and lists have types of their own: see ``numbers``, ``secrets`` and ``collections``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from qboxctl.model import JSON, MISSING, Missing, Value
from qboxctl.schema import formats
from qboxctl.schema.hints import near

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


def named(raw: object) -> str:
    """A value as a message quotes it."""
    return "nothing" if raw is None else repr(raw)


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


MOST_ENCLOSED = 64 * 1024
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
