"""The lines of the files that messages are about, but for those that may hold a secret. Pure.

A mistake is often that a secret stands in the text, under its own name or one that is spelt wrongly; what is printed
ends up in the log of a pipeline. So a line is kept back where there is doubt: a message does without it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import NamedTuple

from qboxctl.config.yaml.reader import Source
from qboxctl.errors import Position

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line for the parser, whose positions these are."""
_WORD = re.compile(r"\w[\w.-]*")
_SECRECY = re.compile(r"(?i)pass|pwd|pw\b|secret|token|credential|api_?key|kennwort|parola|^p\w*w\w*[dt]$")
_NAME = r"""["']?[^][{},"'\s]+["']?"""
_REFERENCE = re.compile(
    rf"\{{\s*(?:(?:env|file)\s*:\s*{_NAME}|exec\s*:\s*\[\s*{_NAME}(?:\s*,\s*{_NAME})*\s*\])\s*\}}|\*\w+"
)
_NOTHING_MORE = re.compile(r"""["']?\s*:?\s*(?:[,}].*)?$""")
_LONGEST_LINE = 10_000
_LONGEST_WORD = 64
_LOGIN = re.compile(r"://[^/\s]*@")
_ANCHOR, _ALIAS = re.compile(r"&\S"), re.compile(r"\*\S")


class _File(NamedTuple):
    """The lines of a file, and whether an alias ``shares`` a secret: then any anchor may be the one that holds it."""

    lines: list[str]
    shares: bool


class Excerpts:
    """The lines of some files; ``secrets`` are the names of the keys under which secrets belong."""

    def __init__(self, sources: Iterable[Source] = (), secrets: Collection[str] = ()) -> None:
        self._texts = {source.name: source.text for source in sources}
        self._files: dict[str, _File] = {}
        self._secrets = secrets
        self._words: dict[str, bool] = {}

    def __call__(self, place: Position) -> str:
        """The line of a place, "" where there is none, where it may hold a secret, or is too long to tell."""
        if place.file not in self._files:
            lines = _BREAK.split(self._texts.get(place.file, ""))
            self._files[place.file] = _File(lines, self._shares(lines))
        lines, shares = self._files[place.file]
        if not 0 < place.line <= len(lines):
            return ""

        def anchored(line: str) -> bool:
            return shares and bool(_ANCHOR.search(line))

        line = lines[place.line - 1]
        doubtful = len(line) > _LONGEST_LINE or self._tells(line) or anchored(line)
        above = () if doubtful else _above(lines, place.line - 1)
        return "" if doubtful or any(anchored(one) or self._is_secret(one) for one in above) else line

    def _shares(self, lines: list[str]) -> bool:
        """Whether a secret is written as an alias anywhere."""
        above: list[tuple[int, str]] = []  # the lines in whose values the next one stands, each with its indentation
        is_secret = cache(self._is_secret)
        for line in lines:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            indent = _indent(line)
            while above and above[-1][0] >= indent:
                above.pop()
            if _ALIAS.search(line) and (
                len(line) > _LONGEST_LINE
                or any(map(self._means_secret, _WORD.findall(line)))
                or any(is_secret(one) for _, one in above)
            ):
                return True
            above.append((indent, line))
        return False

    def _tells(self, line: str) -> bool:
        """Whether there may be a secret in a line: a word of that kind with more behind it than a reference."""
        rest = _REFERENCE.sub("", line)
        words = (found for found in _WORD.finditer(rest) if self._means_secret(found[0]))
        return bool(_LOGIN.search(line)) or any(not _NOTHING_MORE.match(rest, found.end()) for found in words)

    def _is_secret(self, line: str) -> bool:
        """Whether what follows a line, further to the right, may be a secret."""
        words = _WORD.findall(line)
        return self._tells(line) or any(map(self._means_secret, {*words[:1], *words[-1:]}))

    def _means_secret(self, word: str) -> bool:
        word = word[:_LONGEST_WORD].lower()
        if word not in self._words:
            self._words[word] = bool(_SECRECY.search(word) or get_close_matches(word, self._secrets, 1, 0.75))
        return self._words[word]


def _above(lines: list[str], at: int) -> Iterator[str]:
    """The lines of the keys in whose values a line stands, the innermost first."""
    indent = _indent(lines[at])
    while indent and at:
        at -= 1
        line = lines[at]
        if line.strip() and not line.lstrip().startswith("#") and _indent(line) < indent:
            indent = _indent(line)
            yield line


def _indent(line: str) -> int:
    """How far to the right a line begins; items of a list may begin where the key of the list does."""
    text = line.lstrip(" ")
    return len(line) - len(text) + text.startswith("- ")
