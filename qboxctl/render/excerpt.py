"""A line of a file as it stands under a message: cut where it is long, with carets under what is meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from qboxctl.render.style import clean, columns_of

_TAB = "    "
_CUT = "..."


class Excerpt(NamedTuple):
    """The line, and the carets that go under it."""

    text: str
    carets: str


def caret_lines(line: str, column: int, width: int, room: int) -> Excerpt:
    """So much of a line as fits into ``room`` columns, with carets from a column (from 1) for so many characters."""
    start = max(0, min(column - 1, len(line)))
    end = start + width
    before, about, after = (_shown(part) for part in (line[:start], line[start:end], line[end:].rstrip()))
    if columns_of(about) > room // 2:
        about, after = _head(about, room // 2) + _CUT, ""
    left = room - max(1, columns_of(about))
    share = max(left // 2, left - columns_of(after))
    if columns_of(before) > share:
        before = _CUT + _head(reversed(before), share - len(_CUT))[::-1]
    left -= columns_of(before)
    if columns_of(after) > left:
        after = _head(after, left - len(_CUT)) + _CUT
    return Excerpt(before + about + after, " " * columns_of(before) + "^" * max(1, columns_of(about)))


def _shown(text: str) -> str:
    """A part of a line without what moves the cursor."""
    return clean(text.replace("\t", _TAB))


def _head(text: Iterable[str], room: int) -> str:
    """The first characters, as many as fit."""
    taken = ""
    for char in text:
        if columns_of(taken + char) > room:
            break
        taken += char
    return taken
