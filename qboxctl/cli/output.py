"""The two standard streams. Writing to them never raises: an apply must not end because nobody can read what it does.

A stream that fails (a closed pipe, a full disk, a terminal that is gone) is remembered and gets nothing more.
"""

from __future__ import annotations

import codecs
import os
import sys
import threading
from typing import Any

import click


class Output:
    """Where results (stdout) and messages (stderr) are written; from any thread."""

    def __init__(self) -> None:
        self._locks = {
            False: threading.Lock(),
            True: threading.Lock(),
        }  # a report that stalls must not hold messages up
        self._failed: dict[bool, Exception] = {}

    @property
    def lost(self) -> Exception | None:
        """Why results could not be printed; None as long as they could."""
        return self._failed.get(False)

    def write(self, text: str, *, err: bool, nl: bool = True) -> None:
        """Write a text to stdout, or to stderr."""
        with self._locks[err]:
            if err not in self._failed:
                try:
                    click.echo(text, err=err, nl=nl, color=True)
                except (OSError, ValueError) as error:
                    self._fail(err, error)

    def settle(self) -> None:
        """Let nothing be left in a stream: what cannot be flushed would change the exit code of the process."""
        for err, stream in ((False, sys.stdout), (True, sys.stderr)):
            try:
                stream.flush()
            except (OSError, ValueError) as error:
                self._fail(err, error)

    def _fail(self, err: bool, error: Exception) -> None:
        self._failed.setdefault(err, error)
        stream = sys.stderr if err else sys.stdout
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        except (OSError, ValueError):  # a stream without a file, such as a test's, or no file left to open
            return


def standard_streams() -> None:
    """Have all three standard streams, and such that they take any text.

    Where one was closed (``>&-``), the next file that is opened, such as the journal or a connection, would get its
    number, and whatever is printed. Letters that a stream's encoding lacks are escaped as JSON escapes them, so that
    JSON stays what it is.
    """
    codecs.register_error("json", _escaped)
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
        stream: Any = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", errors="json", closefd=False))
        elif mode == "w" and getattr(stream, "errors", "") == "strict":
            stream.reconfigure(errors="json")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    import json

    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
