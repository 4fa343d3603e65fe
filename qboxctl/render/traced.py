"""The log of sent mail as a table and as JSON, whatever its rows look like. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from qboxctl.json_text import rows_text
from qboxctl.model import JSON
from qboxctl.render.listed import facts, table
from qboxctl.render.style import PLAIN, Palette

_TELLING = ("date", "created_at", "submitted_at", "status", "from", "sender", "to", "recipient", "subject", "message")
"""The attributes that a row may have, and that people look for."""
_ENOUGH = 3
"""With so many of them, the others are left out."""

Row = Mapping[str, JSON]


def shown(counters: Row, rows: Sequence[Row], form: str, palette: Palette = PLAIN, *, full: bool = False) -> str:
    """The counters and the rows: in JSON as they came, in a table what people look for, or in ``full`` all of it."""
    if form == "json":
        return rows_text({"counters": dict(counters), "rows": [dict(row) for row in rows]})
    plain = [_plain(row) for row in rows]
    names = list(dict.fromkeys(name for row in plain for name in row))
    telling = [name for name in _TELLING if name in names]
    chosen = telling if len(telling) >= _ENOUGH and not full else names
    parts = (facts(_counted(counters), palette), table(chosen, plain, palette) if chosen else "")
    return "\n\n".join(filter(None, parts))


def _counted(counters: Row) -> Row:
    """The counters, those of nothing too."""
    return {name: str(value) for name, value in counters.items()}


def _plain(row: Row) -> Row:
    """What a row tells: some have all of it in one attribute, as an object or as the text of one."""
    if len(row) != 1:
        return row
    (inside,) = row.values()
    if isinstance(inside, str):
        try:
            inside = json.loads(inside)
        except (ValueError, RecursionError):
            return row
    return inside if isinstance(inside, dict) else row
