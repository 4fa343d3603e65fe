"""JSON texts: the one canonical form that is hashed, and the form that people and programs read."""

from __future__ import annotations

import json

from qboxctl.model import JSON


def canonical(value: JSON) -> bytes:
    """The one JSON text of a value: sorted keys, no blanks, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def json_text(value: JSON) -> str:
    """Indented JSON that any terminal and file can take: half characters from an answer are escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
