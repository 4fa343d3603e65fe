"""Diagnostics as text, as JSON, as annotations of GitHub's workflow log, and as reports for GitLab and SARIF."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import quote

from qboxctl import __version__
from qboxctl.errors import IN_PLAIN_TEXT, Diagnostic, Position, Severity
from qboxctl.json_text import json_text
from qboxctl.model import JSON
from qboxctl.render.excerpt import excerpt
from qboxctl.render.style import PLAIN, Palette, clean, columns_of, plural

LineOf = Callable[[Position], str]
"""The line of a place, "" for none."""
_ROOM = 120
"""The columns for a line of a file, where the output has no end of lines."""
_LEAST = 40
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


MOST = 20
"""So many are told in a terminal; the formats for machines hold all of them."""


def text(found: Iterable[Diagnostic], palette: Palette = PLAIN, line_of: LineOf = lambda _place: "") -> str:
    """Each with its place, the line there, and what to do; of many the first, errors before warnings, and a count.

    No line is shown in which a secret was found.
    """
    found = list(found)
    secret = {(one.position.file, one.position.line) for one in found if one.position and one.code == IN_PLAIN_TEXT}

    def shown(place: Position) -> str:
        return "" if (place.file, place.line) in secret else line_of(place)

    seconds: set[Position] = set()  # those that were shown: many contradictions may be with one line
    first = sorted(range(len(found)), key=lambda number: found[number].severity is not Severity.ERROR)[:MOST]
    lines = [line for number in sorted(first) for line in _lines(found[number], palette, shown, seconds)]
    if len(found) > MOST:
        rest = [one for number, one in enumerate(found) if number not in first]
        lines.append(f"and {_counted(rest)} more")
    return "\n".join(lines)


def _counted(found: Sequence[Diagnostic]) -> str:
    errors = sum(1 for one in found if one.severity is Severity.ERROR)
    parts = [plural(errors, "error")] * bool(errors) + [plural(len(found) - errors, "warning")] * (errors < len(found))
    return " and ".join(parts)


def _lines(one: Diagnostic, palette: Palette, line_of: LineOf, known: set[Position]) -> Iterable[str]:
    colour = "alarm" if one.severity is Severity.ERROR else "yellow"
    yield palette.fit(f"{palette.paint(f'{one.severity.value}[{one.code}]', colour)}: {clean(one.message)}")
    places = [place for place in (one.position, one.second) if place]
    margin = max([2, *(len(str(place.line)) for place in places)])
    room = max((palette.columns or _ROOM) - margin - 3, _LEAST)
    gutter = palette.paint(" " * margin + " |", "blue")
    hint = clean(one.hint or "")
    for place in places:
        arrow = " " * margin + ("-->" if place is one.position else ":::")
        yield palette.fit(f"{palette.paint(arrow, 'blue')} {clean(str(place))}")
        line = "" if place is one.second and place in known else line_of(place)
        if not line.strip():
            continue
        if place is one.second:
            known.add(place)
        cut = excerpt(line, place.column, place.width, room)
        carets, beside = palette.paint(cut.carets, colour), f" {_label(hint)}" if hint else ""
        yield gutter
        yield f"{palette.paint(f'{place.line:>{margin}} |', 'blue')} {cut.text}"
        if place is one.position and columns_of(cut.carets + beside) <= room:
            carets, hint = carets + beside, ""
        yield f"{gutter} {carets}"
    if hint:
        yield palette.fit(f"{palette.paint('  help:', 'cyan')} {hint}")


def _label(hint: str) -> str:
    """A hint beside the carets: a question speaks for itself, what to do is introduced."""
    return hint if hint.endswith("?") else f"help: {hint}"


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
    return f"::{one.severity.value} {options}::{_escaped(_with_hint(one))}"


def _escaped(text: str, more: str = "") -> str:
    for char in f"%\r\n{more}":
        text = text.replace(char, f"%{ord(char):02X}")
    return clean(text)


def gitlab(found: Iterable[Diagnostic]) -> str:
    """A GitLab Code Quality report: merge requests show it beside the lines."""
    rows = []
    for one in found:
        place = one.position or Position(".", 1)
        what = f"{place.file}:{one.code}:{one.address}:{one.message}"
        rows.append(
            {
                "description": _with_hint(one),
                "check_name": one.code,
                "fingerprint": hashlib.sha256(what.encode(errors="surrogateescape")).hexdigest(),
                "severity": "critical" if one.severity is Severity.ERROR else "minor",
                "location": {"path": _relative(place.file), "lines": {"begin": place.line or 1}},
            }
        )
    return json_text(rows)


def sarif(found: Iterable[Diagnostic]) -> str:
    """A SARIF 2.1.0 log, for code scanning services and editors."""
    driver = {"name": "qboxctl", "version": __version__, "rules": []}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": [_result(one) for one in found]}
    return json_text({"$schema": _SARIF, "version": "2.1.0", "runs": [run]})


def _result(one: Diagnostic) -> dict[str, JSON]:
    result: dict[str, JSON] = {
        "ruleId": one.code,
        "level": one.severity.value,
        "message": {"text": _with_hint(one)},
    }
    if one.position:
        region = {"startLine": one.position.line or 1, "startColumn": one.position.column or 1}
        place = {
            "artifactLocation": {"uri": quote(_relative(one.position.file), errors="surrogateescape")},
            "region": region,
        }
        result["locations"] = [{"physicalLocation": place}]
    return result


def _with_hint(one: Diagnostic) -> str:
    return one.message + (f" ({one.hint})" if one.hint else "")


def _relative(file: str) -> str:
    """A path as reports want it: from the repository's root, where the command was called."""
    return file.removeprefix("./")


FORMATS: Mapping[str, Callable[[Iterable[Diagnostic]], str]] = {
    "json": as_json,
    "github": github,
    "gitlab": gitlab,
    "sarif": sarif,
}
"""The formats for machines."""
