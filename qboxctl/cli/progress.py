"""How far a long run is: one line that rewrites itself on a terminal, now and then a line in a pipeline."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from time import monotonic

from qboxctl.cli.common import Common
from qboxctl.render.progress import answers, steps

_REDRAW = 0.1
_REPORT = 10.0
"""Seconds between two lines in a log."""
_QUIET = 1.0
"""What is over sooner shows nothing."""


class Progress:
    """Counts answers, and once it is known what is to be done, steps; to be called from any thread."""

    def __init__(self, options: Common, what: str, clock: Callable[[], float] = monotonic) -> None:
        self._options, self._what, self._clock = options, what, clock
        self._live = not options.quiet and not options.log() and sys.stderr is not None and sys.stderr.isatty()
        self._lock = threading.Lock()
        self._begun = clock()
        self._next = self._begun + (_QUIET if self._live else _REPORT)
        self._count, self._total, self._drawn = 0, 0, False
        self._wrong: Counter[str] = Counter()

    def __call__(self) -> None:
        """One answer more."""
        self._turn(answer=True)

    def begin(self, what: str, total: int) -> None:
        """From here on count steps, of so many."""
        with self._lock:
            self._what, self._total, self._count, self._begun = what, total, 0, self._clock()

    def step(self) -> None:
        """One step more."""
        self._turn(answer=False)

    def went_wrong(self, how: str) -> None:
        """What is to be done with an object is over, and is not done."""
        with self._lock:
            self._wrong[how] += 1

    def _turn(self, *, answer: bool) -> None:
        now = self._clock()
        with self._lock:
            self._count += answer == (self._total == 0)
            if now < self._next:
                return
            self._next = now + (_REDRAW if self._live else _REPORT)
            text = self._text(now - self._begun)
            if self._live:
                self._options.output.write(f"\r\x1b[K{text}", err=True, nl=False)
                self._drawn = True
                return
        self._options.say(text)  # it clears the line first, which takes the lock

    def _text(self, seconds: float) -> str:
        if self._total:
            return steps(self._what, self._count, self._total, self._wrong, seconds)
        return answers(self._what, self._count, seconds)

    def clear(self) -> None:
        """Take the line away, before something else is printed."""
        with self._lock:
            if self._drawn:
                self._options.output.write("\r\x1b[K", err=True, nl=False)
                self._drawn = False
                self._next = self._clock() + _REDRAW
