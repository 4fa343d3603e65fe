"""Markdown for a comment of limited length: safe text, and blocks that are filled as far as there is room. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from qboxctl.render.style import plural, shorten

LIMIT = 65_536
"""The longest comment in characters that GitHub takes; GitLab takes more."""
_MORE = 30
"""Room for saying that there is more of a piece."""
_END = 300
"""Room for saying at the end what is left out."""
_ESCAPES = {ord(char): f"&#{ord(char)};" for char in "\\`*_{}[]<>#|@~!&"}
_LINKED = re.compile(r"\S*(?:@|://|www\.)\S*")
"""What a renderer takes for an address, a mention or a link, also where its characters are escaped."""
_UNSAFE = re.compile(r"[`|\\\n]")


def code(text: str) -> str:
    """Inline code; a backtick inside would end it."""
    return f"`{text.replace('`', chr(39))}`"


def is_safe(text: str) -> bool:
    """Whether a text can stand as inline code, also in a table, as it is."""
    return bool(text) and text == text.strip() and not _UNSAFE.search(text)


def escaped(text: str) -> str:
    """Text in which nothing is Markdown or HTML."""
    return text.translate(_ESCAPES)


def prose(text: str, longest: int) -> str:
    """Text in which nothing is Markdown, HTML, a link or a mention: what could become one stands as code.

    It has no more than so many characters, those of its escapes counted.
    """
    width = longest
    while len(done := _prose(shorten(text, width))) > longest:
        width = width * longest // len(done)
    return done


def _prose(text: str) -> str:
    done, at = "", 0
    for match in _LINKED.finditer(text):
        word = match[0].rstrip(".,;:)")
        done += escaped(text[at : match.start()]) + code(word)
        at = match.start() + len(word)
    return done + escaped(text[at:])


class Piece(NamedTuple):
    """Rows between two lines, such as those of a fence. A row of ``of_changes`` is a change."""

    start: str
    end: str
    rows: Sequence[str]
    of_changes: bool = True


class Comment:
    """Blocks in the order of their weight: each takes what it needs, and the last what is left."""

    def __init__(self, room: int) -> None:
        self._room, self._blocks = room - _END, list[str]()
        self.left_out, self._missing, self._unnamed = 0, 0, 0

    def add(self, start: str, pieces: Iterable[Piece], end: str = "") -> None:
        """A block with as many rows of its pieces as fit; nothing of it where none does."""
        room = self._room - len(start) - len(end) - 4
        told, cut, missing = [], 0, 0
        for piece in pieces:
            room -= len(piece.start) + len(piece.end) + 3 + _MORE
            rows, room = _fitting(piece.rows, room)
            more = len(piece.rows) - len(rows)
            if rows:
                shown = [*rows, f"  … and {more} more"] if more and piece.end else list(rows)
                told.append("\n".join(filter(None, (piece.start, *shown, piece.end))))
                if more and not piece.end:
                    told.append(f"… and {more} more")
                cut += more * piece.of_changes
            else:
                missing += more * piece.of_changes
        self.left_out += cut + missing
        self._missing += missing
        self._unnamed += bool(missing and not told)
        if told:
            if missing:
                told.append(f"… and {missing} more")
                self._missing -= missing
            text = "\n".join(filter(None, (start, "\n\n".join(told), end)))
            self._blocks.append(text)
            self._room -= len(text) + 2

    def blocks(self) -> Iterator[str]:
        """What was written, and what found no room."""
        yield from self._blocks
        if self._missing:
            yield f"… and {self._missing} more changes in {plural(self._unnamed, 'other place')}."
        if self.left_out:
            yield (
                "A comment has no room for all of it: `qboxctl plan` shows the rest, and so does `qboxctl show FILE` "
                "of a saved plan, with `--format html` as a page to search in."
            )


def _fitting(rows: Sequence[str], room: int) -> tuple[Sequence[str], int]:
    """The first rows, as many as fit, and the room that is left."""
    for number, row in enumerate(rows):
        room -= len(row) + 1
        if room < 0:
            return rows[:number], 0
    return rows, room
