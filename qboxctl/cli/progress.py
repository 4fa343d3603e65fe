"""How far a long reading is: one line that rewrites itself on a terminal, now and then a line in a pipeline."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from time import monotonic

from qboxctl.cli.common import Common
from qboxctl.render.style import plural

_REDRAW = 0.1
_REPORT = 10.0
"""Seconds between two lines in a log."""
_QUIET = 1.0
"""What is over sooner shows nothing."""


class Progress:
    """Counts answers; to be called from any thread."""

    def __init__(self, options: Common, what: str, clock: Callable[[], float] = monotonic) -> None:
        self._options, self._what, self._clock = options, what, clock
        self._live = not options.quiet and not options.log() and sys.stderr is not None and sys.stderr.isatty()
        self._lock = threading.Lock()
        self._begun = clock()
        self._next = self._begun + (_QUIET if self._live else _REPORT)
        self._count, self._drawn = 0, False

    def __call__(self) -> None:
        """One answer more."""
        now = self._clock()
        with self._lock:
            self._count += 1
            if now < self._next:
                return
            self._next = now + (_REDRAW if self._live else _REPORT)
            text = f"{self._what}: {plural(self._count, 'answer')}, {now - self._begun:.0f} s"
            if self._live:
                self._options.output.write(f"\r\x1b[K{text}", err=True, nl=False)
                self._drawn = True
                return
        self._options.say(text)  # it clears the line first, which takes the lock

    def clear(self) -> None:
        """Take the line away, before something else is printed."""
        with self._lock:
            if self._drawn:
                self._options.output.write("\r\x1b[K", err=True, nl=False)
                self._drawn = False
                self._next = self._clock() + _REDRAW
