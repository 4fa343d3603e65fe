"""The secret in the answer to a creation: found under whichever name it has there, and taken out of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from qboxctl.api.responses import Answer
from qboxctl.model import JSON, Revealed
from qboxctl.schema.decoding import TOUCHED
from qboxctl.schema.resource import ResourceType, Told

_ENVELOPE = ("message", "resource_code")
"""The texts that an answer may have beside its row."""
_MASKS = ("***", "...", "…", "•")
"""What stands in a secret that is shown in part: such a text is none."""


def taken_out(answer: Answer, type_: ResourceType, told: Told) -> tuple[Answer, Revealed | None]:
    """An answer with nothing left in it but what names the object, and the secret, None where it tells none."""
    data, row = answer.data or {}, answer.row
    text = _secret(row, data, type_, told)
    named = {name: row[name] for name in (type_.identity.id,) if name in row}
    kept = {name: data[name] for name in ("resource_code",) if name in data}
    return replace(answer, data={"resources": [named], **kept}), Revealed(text) if text else None


def _secret(row: Mapping[str, JSON], data: Mapping[str, JSON], type_: ResourceType, told: Told) -> str:
    preview = row.get(told.preview)
    for name in told.names:
        for place in (row, data):
            if _usable(place.get(name), preview):
                return str(place[name])
    lifecycle = type_.lifecycle
    known = {*type_.wire_names, *told.beside, lifecycle.attribute, f"display_{lifecycle.attribute}"}
    known |= {lifecycle.progress, "created_at", TOUCHED}
    found = _texts(row, known, preview) or _texts(data, {*known, *_ENVELOPE}, preview)
    return found[0] if len(found) == 1 else ""


def _texts(place: Mapping[str, JSON], known: Iterable[str], preview: JSON) -> list[str]:
    return [value for name, value in place.items() if name not in set(known) and _usable(value, preview)]


def _usable(value: JSON, preview: JSON) -> bool:
    """Whether a value may be the secret: one line of text, whole, and not what is shown of it later."""
    text = value if isinstance(value, str) else ""
    return bool(text.strip()) and text.isprintable() and text != preview and not any(one in text for one in _MASKS)
