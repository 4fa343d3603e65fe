"""What jobs show, as tables and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qboxctl.json_text import rows_text
from qboxctl.model import JSON
from qboxctl.render.listed import Rows, facts, table
from qboxctl.render.style import PLAIN, Palette, clean

IMPORTS = ("code", "type", "status", "original_csv_file_name", "resources", "created_at")
IMPORTED = ("status", "description", "fields", "error_details")


def listed(name: str, rows: Sequence[Mapping[str, JSON]], columns: Sequence[str], form: str, palette: Palette) -> str:
    """A list: ``{NAME: [row, …]}`` as JSON, or some columns of it; "" for a table without rows."""
    if form == "json":
        return rows_text({name: list(rows)})
    return table(columns, rows, palette) if rows else ""


def one(
    name: str, row: Mapping[str, JSON], rows: Rows, columns: Sequence[str], form: str, palette: Palette = PLAIN
) -> str:
    """One object and its rows: ``{NAME: {…}, "rows": […]}`` as JSON, or all that it tells above a table."""
    rows = list(rows)
    if form == "json":
        return rows_text({name: dict(row), "rows": rows})
    return "\n\n".join(filter(None, (facts(row, palette), table(columns, rows, palette) if rows else "")))


def named(row: Mapping[str, JSON]) -> str:
    """An import or a migration in a sentence: its code, and the file that it came from."""
    file = row.get("original_csv_file_name") or row.get("csv_file_name")
    return clean(f"{row.get('code')} ({file})" if file else str(row.get("code")))
