"""What the YAML parser complains about, in words for the people who write the files."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, NamedTuple

import yaml

_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?: |$)", re.MULTILINE)
_UNCLOSED = "found unexpected end of stream"
_SPACES = "indent with spaces only"
_CLOSE = "close it, or look for a comma or quotes that are missing"
_END = re.compile(r"\s*\Z|(?:---|\.\.\.)(?:\s|\Z)")
"""What may stand where the parser finds that a document is over."""
_WORDS = (
    (_UNCLOSED, "a quoted text begins here and does not end", "close the quote"),
    ("mapping values are not allowed", "a colon that does not belong here",
     "look for a line that is indented too far, a missing colon on the line above, or a value that holds "
     "': ' and needs quotes"),
    ("found a tab character", "a tab cannot indent", _SPACES),
    ("unknown escape character", "a backslash in double quotes begins an escape that YAML does not have",
     "write single quotes, or two backslashes"),
    ("could not find expected ':'", "a key without a colon", "write a colon and a space after it"),
    ("did not find expected ',' or '}'", "the { of line {} is not closed before this", _CLOSE),
    ("did not find expected ',' or ']'", "the [ of line {} is not closed before this", _CLOSE),
    ("did not find expected node content", "no value can begin here",
     "look for a comma or a dash too many, or for what is missing before it"),
    ("did not find expected key", "this line is indented like none of those above",
     "give it the column of the keys that it belongs to"),
    ("did not find expected '-' indicator", "this line is indented like no item of the list above",
     "begin each item with '- ' in one column"),
    ("did not find expected alphabetic or numeric character", "a * or & begins a text without quotes",
     "quote the text"),
)  # fmt: skip
"""A part of the parser's phrase, what it means ({}: the line where it began), and what to do."""


class SyntaxFault(NamedTuple):
    """What is wrong, what to do about it, and where; lines and columns count from 0, as the parser's do.

    ``begun`` is the mark where it began, where the message names that line.
    """

    message: str
    hint: str | None
    line: int
    column: int
    begun: Any = None


def in_words(error: yaml.MarkedYAMLError, text: str) -> SyntaxFault:
    """The parser's error in plain words; its own where there are none."""
    conflict = _CONFLICT.search(text)
    if conflict:
        hint = "keep one side of it, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>"
        return SyntaxFault("a merge conflict is left here", hint, text.count("\n", 0, conflict.start()), 0)
    mark: Any = error.problem_mark or error.context_mark or yaml.Mark("", 0, 0, 0, "", 0)
    begun: Any = error.context_mark or mark
    problem = " ".join(filter(None, (error.context, error.problem)))
    if "cannot start any token" in problem:
        char = text[mark.index : mark.index + 1]
        if char == "\t":
            return SyntaxFault("a tab cannot indent", _SPACES, mark.line, mark.column)
        return SyntaxFault(f"a text without quotes cannot begin with {char}", "quote the text", mark.line, mark.column)
    closing = text[mark.index : mark.index + 1]
    if closing in ("}", "]") and "expected ','" not in problem:
        return SyntaxFault(f"this {closing} closes nothing", "remove it", mark.line, mark.column)
    found = _END.match(text, mark.index) if "while parsing a flow" in problem else None
    ended = found and (not mark.column or not found[0].strip())
    if ended and (unclosed := _innermost(text, mark.index)):
        bracket = text[unclosed.index : unclosed.index + 1]
        return SyntaxFault(f"this {bracket} is never closed", _CLOSE, unclosed.line, unclosed.column)
    for part, message, hint in _WORDS:
        if part in problem:
            place = begun if part == _UNCLOSED else mark
            told = message.replace("{}", str(begun.line + 1))
            return SyntaxFault(told, hint, place.line, place.column, begun if told != message else None)
    return SyntaxFault(problem, None, mark.line, mark.column)


def _innermost(text: str, end: int) -> Any:
    """The mark of the last { or [ that is still open where the text ends for the parser; None where none is."""
    found: list[Any] = []
    with suppress(yaml.YAMLError):
        for token in yaml.scan(text, Loader=getattr(yaml, "CLoader", yaml.Loader)):
            if token.start_mark.index >= end:
                break
            match token:
                case yaml.FlowMappingStartToken() | yaml.FlowSequenceStartToken():
                    found.append(token.start_mark)
                case yaml.FlowMappingEndToken() | yaml.FlowSequenceEndToken() if found:
                    found.pop()
    return found[-1] if found else None
