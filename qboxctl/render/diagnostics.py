"""Diagnostics as text, as JSON, and as annotations of GitHub's workflow log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qboxctl.errors import Diagnostic, Severity
from qboxctl.jsonio import json_text
from qboxctl.render.style import PLAIN, Palette, clean, plural


def text(found: Iterable[Diagnostic], palette: Palette = PLAIN) -> str:
    """Each with its place and what to do."""
    return "\n".join(line for one in found for line in _lines(one, palette))


def _lines(one: Diagnostic, palette: Palette) -> Iterable[str]:
    colour = "alarm" if one.severity is Severity.ERROR else "yellow"
    yield f"{palette.paint(f'{one.severity.value}[{one.code}]', colour)}: {clean(one.message)}"
    if one.position:
        yield f"{palette.paint('  -->', 'blue')} {clean(str(one.position))}"
    if one.hint:
        yield f"{palette.paint('  help:', 'blue')} {clean(one.hint)}"


def verdict(found: Sequence[Diagnostic], files: int, objects: int) -> str:
    """The closing line of a validation."""
    errors = sum(1 for one in found if one.severity is Severity.ERROR)
    warnings = len(found) - errors
    also = f", {plural(warnings, 'warning')}" if warnings else ""
    if errors:
        return f"{plural(errors, 'error')}{also}"
    return f"valid: {plural(objects, 'object')} in {plural(files, 'file')}{also}"


def as_json(found: Iterable[Diagnostic]) -> str:
    """One JSON object with all of them."""
    rows = [
        {
            "severity": one.severity.value,
            "code": one.code,
            "message": one.message,
            "address": one.address,
            "file": one.position.file if one.position else None,
            "line": one.position.line if one.position else None,
            "column": one.position.column if one.position else None,
            "hint": one.hint,
        }
        for one in found
    ]
    return json_text({"diagnostics": rows})


def github(found: Iterable[Diagnostic]) -> str:
    """Workflow commands: GitHub shows them on the lines that they are about."""
    return "\n".join(_annotation(one) for one in found)


def _annotation(one: Diagnostic) -> str:
    place = one.position
    where = {"file": place.file, "line": place.line, "col": place.column} if place else {}
    where["title"] = one.code
    options = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in where.items())
    message = one.message + (f" ({one.hint})" if one.hint else "")
    return f"::{one.severity.value} {options}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    for char in f"%\r\n{more}":
        text = text.replace(char, f"%{ord(char):02X}")
    return text
