"""Diagnostics as text, as JSON, as annotations of GitHub's workflow log, and as reports for GitLab and SARIF."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from qboxctl import __version__
from qboxctl.errors import IN_PLAIN_TEXT, Diagnostic, Position, Severity
from qboxctl.json_text import json_text
from qboxctl.model import JSON
from qboxctl.render.excerpt import caret_lines
from qboxctl.render.style import PLAIN, Palette, clean, columns_of, plural

LineOf = Callable[[Position], str]
"""The line of a place, "" for none."""
_ROOM = 120
"""The columns for a line of a file, where the output has no end of lines."""
_LEAST = 40
_FEW = 3
"""So many equal mistakes are told one by one."""
_PLACES = 10
"""So many more places of one mistake are named."""
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


MOST = 20
"""So many are told in a terminal; the formats for machines hold all of them."""


def text(found: Iterable[Diagnostic], palette: Palette = PLAIN, line_of: LineOf = lambda _place: "") -> str:
    """Each with its place, the line there, and what to do; of many some of each sort, errors first, and a count.

    Those that say the same of several objects are one. No line is shown in which a secret was found.
    """
    found = list(found)
    groups = _united(found)
    secret = {(one.position.file, one.position.line) for one in found if one.position and one.code == IN_PLAIN_TEXT}

    def shown(place: Position) -> str:
        return "" if (place.file, place.line) in secret else line_of(place)

    seconds: set[Position] = set()  # those that were shown: many contradictions may be with one line
    first = sorted(range(len(groups)), key=list(_weights(groups)).__getitem__)[:MOST]
    lines = [line for number in sorted(first) for line in _lines(groups[number], palette, shown, seconds)]
    if len(groups) > MOST:
        rest = [group.first for number, group in enumerate(groups) if number not in first]
        errors = sum(1 for one in rest if one.severity is Severity.ERROR)
        mixed = f": {plural(errors, 'error')} and {plural(len(rest) - errors, 'warning')}"
        lines.append(f"and {len(rest)} more{mixed if 0 < errors < len(rest) else ''}")
    return "\n".join(lines)


class _Group(NamedTuple):
    """Mistakes that are the same one: the first, what is said of all, and where the others stand."""

    first: Diagnostic
    message: str
    others: Sequence[Position] = ()


def _united(found: Iterable[Diagnostic]) -> list[_Group]:
    """What is said of several objects at one place, such as in the defaults, or with the same other place, as one."""
    alike: dict[object, list[Diagnostic]] = defaultdict(list)
    for one in found:
        about = one.message.replace(one.address, "") if one.address else ""
        if one.second:
            alike[one.code, one.severity, one.message, one.hint, one.second].append(one)
        elif one.position and about:
            alike[one.code, one.severity, about, one.hint, one.position].append(one)
        else:
            alike[id(one)].append(one)
    return [
        group
        for some in alike.values()
        for group in ([_group(some)] if len(some) > _FEW else [_Group(one, one.message) for one in some])
    ]


def _group(found: Sequence[Diagnostic]) -> _Group:
    first = found[0]
    if first.second or not first.address:
        return _Group(first, first.message, [one.position for one in found[1:] if one.position])
    return _Group(first, first.message.replace(first.address, f"{first.address} and {len(found) - 1} more", 1))


def _weights(groups: Iterable[_Group]) -> Iterator[tuple[bool, bool]]:
    """What is told where not all are: errors first, and some of each sort, since one sort would hide the others."""
    seen = Counter[tuple[str, str]]()
    for group in groups:
        one = group.first
        sort = one.code, one.message.replace(one.address, "") if one.address else one.message
        seen[sort] += 1
        yield one.severity is not Severity.ERROR, seen[sort] > _FEW


def _lines(group: _Group, palette: Palette, line_of: LineOf, known: set[Position]) -> Iterable[str]:
    one = group.first
    colour = "alarm" if one.severity is Severity.ERROR else "yellow"
    yield palette.fit(f"{palette.paint(f'{one.severity.value}[{one.code}]', colour)}: {clean(group.message)}")
    places = [place for place in (one.position, one.second) if place]
    margin = max([2, *(len(str(place.line)) for place in places)])
    room = max((palette.columns or _ROOM) - margin - 3, _LEAST)
    gutter = palette.paint(" " * margin + " |", "blue")
    hint = clean(one.hint or "")
    for place in places:
        arrow = " " * margin + ("-->" if place is one.position else ":::")
        shown = palette.link(clean(str(place)), place.file, place.line, place.column)
        yield palette.fit(f"{palette.paint(arrow, 'blue')} {shown}")
        line = "" if place is one.second and place in known else line_of(place)
        if not line.strip():
            continue
        if place is one.second:
            known.add(place)
        cut = caret_lines(line, place.column, place.width, room)
        carets, beside = palette.paint(cut.carets, colour), f" {_label(hint)}" if hint else ""
        yield gutter
        yield f"{palette.paint(f'{place.line:>{margin}} |', 'blue')} {cut.text}"
        if place is one.position and columns_of(cut.carets + beside) <= room:
            carets, hint = carets + beside, ""
        yield f"{gutter} {carets}"
    if hint:
        yield palette.fit(f"{palette.paint('  help:', 'cyan')} {hint}")
    if group.others:
        yield palette.fit(f"{palette.paint(' ' * margin + ' =', 'blue')} the same at {_places(group, palette)}")


def _places(group: _Group, palette: Palette) -> str:
    """Where the others of a group stand; of one file the lines only."""
    home = group.first.position.file if group.first.position else ""
    shown = []
    for place in group.others[:_PLACES]:
        text = str(place).removeprefix(f"{home}:") if place.file == home else str(place)
        shown.append(palette.link(clean(text), place.file, place.line, place.column))
    more = len(group.others) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


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
