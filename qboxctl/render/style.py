"""How text looks on a stream: colours, columns and characters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from unicodedata import combining, east_asian_width

_CODES = {
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
    "dim": "2",
    "bold": "1",
    "alarm": "1;31",
}


@dataclass(frozen=True, slots=True)
class Palette:
    """What a stream can show: colours, so many columns (0: lines may be of any length), and which characters.

    ``url_of`` gives the URL of a place in a file, by its name, line and column; None where no links are shown.
    """

    enabled: bool = False
    columns: int = 0
    ascii: bool = False
    url_of: Callable[[str, int, int], str] | None = None

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour: red, green, yellow, blue, cyan, dim, bold or alarm."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.enabled and text else text

    def link(self, text: str, file: str, line: int = 0, column: int = 0) -> str:
        """The text as a link to a place in a file, where the terminal shows links (OSC 8)."""
        if self.url_of is None or not text or not file:
            return text
        return f"\x1b]8;;{self.url_of(file, line, column)}\x1b\\{text}\x1b]8;;\x1b\\"

    def fit(self, text: str) -> str:
        """Lines in characters that can be shown, which end at the last column as far as words do: none is broken."""
        if self.ascii:
            text = text.translate(_ASCII)
        if not self.columns:
            return text
        return "\n".join(_wrapped(line, self.columns) for line in text.split("\n"))


MARKS = "→⏎…−"
"""What we write ourselves that not every terminal can show."""
_ASCII = str.maketrans(dict(zip(MARKS, ("->", "\\n", "...", "-"), strict=True)))
_CODE = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\")


def _wrapped(line: str, columns: int) -> str:
    """A line wrapped at words: it goes on under its last column in the left half, or a little to the right."""
    if columns_of(line) <= columns:
        return line
    bare = _CODE.sub("", line)
    indent = len(bare) - len(bare.lstrip())
    ends = (gap.end() for gap in re.finditer(r"\S {2,}(?=\S)", bare))
    hang = max((end for end in ends if end <= columns // 2), default=indent + 2)
    done, at = "", 0
    for gap, piece in re.findall(r"( *)((?:[^ ]| (?! ))+)", line):  # what stands between two blanks or more
        wide = columns_of(piece)
        whole = hang + wide <= columns  # then it stays together
        if at > hang and at + len(gap) + wide > columns and whole:
            done, at, gap = f"{done}\n{' ' * hang}", hang, ""
        for blanks, word in re.findall(r"( *)([^ ]+)", gap + piece):
            wide = columns_of(word)
            if at > hang and at + len(blanks) + wide > columns:
                done, at = f"{done}\n{' ' * hang}{word}", hang + wide
            else:
                done, at = done + blanks + word, at + len(blanks) + wide
    return done


def columns_of(text: str) -> int:
    """The columns that a text takes."""
    bare = _CODE.sub("", text)
    if bare.isascii():
        return len(bare)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in bare)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """A text with blanks behind it, or in front where ``right``, up to so many columns."""
    blanks = " " * (width - columns_of(text))
    return blanks + text if right else text + blanks


PLAIN = Palette()


def clean(text: str) -> str:
    """A text from a file or an answer, without characters that would move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(ord(char)) for char in text)


def _escape(code: int) -> str:
    """A character as YAML and Python state it, in two, four or eight digits."""
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def shorten(text: str, width: int) -> str:
    """A text cut to a width, with a mark where it was."""
    return text if len(text) <= width else text[: width - 1] + "…"


def duration(seconds: float) -> str:
    """A time for people: ``0.4 s``, ``12 min 05 s``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02} s"


def plural(number: int, noun: str) -> str:
    """``1 mailbox``, ``2 mailboxes``."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith(("x", "s")):
        return f"{number} {noun}es"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"
