"""JSON texts: the one canonical form that is hashed, and the form that people and programs read."""

from __future__ import annotations

import json
from collections.abc import Mapping

from qboxctl.model import JSON


def canonical(value: JSON) -> bytes:
    """The one JSON text of a value: sorted keys, no blanks, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def json_text(value: JSON) -> str:
    """Indented JSON that any terminal and file can take: what shows nothing or is half a character is escaped."""
    return _printable(json.dumps(value, indent=2, ensure_ascii=False))


def rows_text(value: Mapping[str, JSON]) -> str:
    """The same for a mapping that may hold long lists: a line for each of its values, and for each entry of these.

    Indenting a hundred thousand entries throughout takes four times as long, in Python instead of C.
    """
    encode = json.JSONEncoder(ensure_ascii=False).encode
    lines = []
    for name, one in value.items():
        rows = isinstance(one, list) and one
        text = "[\n" + ",\n".join(f"    {encode(row)}" for row in one) + "\n  ]" if rows else encode(one)
        lines.append(f"  {encode(name)}: {text}")
    return _printable("{\n" + ",\n".join(lines) + "\n}")


def _printable(text: str) -> str:
    return "\n".join(line if line.isprintable() else _escaped(line) for line in text.split("\n"))


def _escaped(line: str) -> str:
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)
