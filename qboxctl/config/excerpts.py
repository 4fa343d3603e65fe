"""The lines of the files that messages are about, but for those that may hold a secret. Pure.

A mistake is often that a secret stands in the text, under its own name or one that is spelt wrongly; what is printed
ends up in the log of a pipeline. So a line is kept back where there is doubt: a message does without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from functools import cache

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


class Excerpts:
    """The lines of some files; ``secrets`` are the names of the keys under which secrets belong."""

    def __init__(self, sources: Iterable[Source] = (), secrets: Collection[str] = ()) -> None:
        self._texts = {source.name: source.text for source in sources}
        self._lines: dict[str, list[str]] = {}
        self._shared: dict[str, bool] = {}
        """Whether an alias stands for a secret: then any anchor of the file may be the one that holds it."""
        self._secrets = secrets
        self._words: dict[str, bool] = {}

    def __call__(self, place: Position) -> str:
        """The line of a place, "" where there is none, where it may hold a secret, or is too long to tell."""
        lines = self._lines.get(place.file)
        if lines is None:
            lines = self._lines[place.file] = _BREAK.split(self._texts.get(place.file, ""))
            self._shared[place.file] = self._shares(lines)
        if not 0 < place.line <= len(lines):
            return ""
        line = lines[place.line - 1]
        hidden = self._is_secret_or_shared if self._shared[place.file] else self._is_secret
        doubtful = len(line) > _LONGEST_LINE or self._tells(line) or self._is_below(lines, place.line - 1, hidden)
        doubtful = doubtful or (self._shared[place.file] and bool(_ANCHOR.search(line)))
        return "" if doubtful else line

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

    def _is_secret_or_shared(self, line: str) -> bool:
        return bool(_ANCHOR.search(line)) or self._is_secret(line)

    def _is_below(self, lines: list[str], at: int, hidden: Callable[[str], bool]) -> bool:
        """Whether a line stands inside the value of a key whose line is one of those."""
        indent = _indent(lines[at])
        while indent and at:
            at -= 1
            line = lines[at]
            if line.strip() and not line.lstrip().startswith("#") and _indent(line) < indent:
                indent = _indent(line)
                if hidden(line):
                    return True
        return False

    def _means_secret(self, word: str) -> bool:
        word = word[:_LONGEST_WORD].lower()
        if word not in self._words:
            near = get_close_matches(word, self._secrets, 1, 0.75)
            self._words[word] = bool(_SECRECY.search(word) or near)
        return self._words[word]


def _indent(line: str) -> int:
    """How far to the right a line begins; items of a list may begin where the key of the list does."""
    text = line.lstrip(" ")
    return len(line) - len(text) + text.startswith("- ")
