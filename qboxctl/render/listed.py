"""Rows of an answer, as a table for people and as CSV. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from qboxctl.model import JSON
from qboxctl.render.style import PLAIN, Palette, clean, columns_of, shorten
from qboxctl.render.table import folded

_WIDEST = 60
"""The columns that one value of a table may take: what is longer goes on under itself."""
_LONGEST = 10 * _WIDEST
_FEW = 12
_FORMULA = ("=", "+", "-", "@")
"""What a text begins with that a spreadsheet would compute."""

Rows = Iterable[Mapping[str, JSON]]


def table(names: Sequence[str], rows: Rows, palette: Palette = PLAIN) -> str:
    """Some attributes of rows, in columns under their names; where few rows are too wide, each as lines of its own."""
    told = [{name: shorten(text(row.get(name)), _LONGEST) for name in names} for row in rows]
    cells = [[clean(value) for value in row.values()] for row in told]
    head, *lines = folded([[clean(name.upper().replace("_", " ")) for name in names], *cells], palette.columns, _WIDEST)
    shown = [*(palette.paint(line, "bold") for line in head), *chain.from_iterable(lines)]
    if len(told) <= _FEW and palette.columns and max(map(columns_of, shown)) > palette.columns:
        return "\n\n".join(facts(row, palette) for row in told)
    return "\n".join(shown)


def facts(row: Mapping[str, JSON], palette: Palette = PLAIN) -> str:
    """All attributes of one row that say something, one on each line."""
    told = {name: clean(text(value)) for name, value in row.items() if value not in (None, "", [], {})}
    width = max(map(len, told), default=0)
    return "\n".join(palette.fit(f"  {clean(name):{width}}  {value}") for name, value in told.items())


def as_csv(names: Sequence[str], rows: Rows) -> str:
    """Some attributes of rows, as a spreadsheet reads them: no text of it is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_safe(row.get(name)) for name in names] for row in rows)
    return out.getvalue()


def text(value: JSON) -> str:
    """A value for people: what is nested as the JSON that it is."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple() if all(isinstance(one, (str, int)) for one in value):
            return ", ".join(map(str, value))
        case list() | tuple() | dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _safe(value: JSON) -> str:
    """A value as a cell; a text that a spreadsheet would compute begins with an apostrophe."""
    shown = clean(text(value))
    return f"'{shown}" if isinstance(value, (str, list)) and shown.startswith(_FORMULA) else shown
