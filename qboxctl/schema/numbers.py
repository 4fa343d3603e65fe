"""The types of attributes that are numbers: plain ones, limits, sizes and levels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from qboxctl.errors import BadValue
from qboxctl.model import JSON, MISSING, Missing, Value
from qboxctl.schema.types import Type, expected, named

GB = 1024**3
SIZES: Mapping[str, int] = {
    "50MB": 50 * 1024**2,
    **{f"{number}GB": number * GB for number in (1, 2, 3, 4, 5, 6, 7, 8, 16, 25, 50, 100)},
}
"""The thirteen sizes that the API offers [postApiDomainsDomainCodeEmailAccounts]."""
SIZE_NAMES: Mapping[int, str] = {size: name for name, size in SIZES.items()}


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
            message = f"{named(raw)} is not a size: write one of {', '.join(SIZES)}, or the bytes"
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
            raise ValueError(
                f"{named(raw)} is not a level: write {', '.join(self.words)}, or 0 to {len(self.words) - 1}"
            )
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
