"""Time, and how fast requests may start."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from qboxctl.errors import Unreachable

LATE = 0.005
"""How late in seconds a request may start without pushing all later ones back: sleeping is not that exact."""


class Clock(Protocol):
    """Time, as the engine sees it; in seconds."""

    def monotonic(self) -> float:
        """Seconds since some moment."""
        ...

    def time(self) -> float:
        """Seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The real clock."""

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Limiter:
    """How many requests may run, and how fast they may start: one for all threads.

    Requests start at least one spacing apart, give or take ``LATE``: never more than one above the rate.
    ``pause`` holds every request back; after it they start one by one, and faster again with each success.
    """

    def __init__(self, concurrency: int, per_second: float | None, clock: Clock, over: Callable[[], bool]) -> None:
        self._slots = threading.BoundedSemaphore(concurrency)
        self._lock = threading.Lock()
        self._clock, self._over = clock, over
        self._least = 1 / per_second if per_second else 0.0
        self._spacing = self._least
        self._next = 0.0

    @contextmanager
    def slot(self) -> Iterator[None]:
        """A place among the running requests, entered when the rate allows."""
        with self._slots:
            self._wait_for_turn()
            yield

    def _wait_for_turn(self) -> None:
        while True:
            with self._lock:
                now = self._clock.monotonic()
                wait = self._next - now
                if wait <= 0:
                    self._next = max(self._next, now - min(LATE, self._spacing)) + self._spacing
                    return
            if wait > 1 and self._over():
                raise Unreachable("interrupted while the server lets everybody wait")
            self._clock.sleep(min(wait, 0.25) if wait > 1 else wait)

    def pause(self, seconds: float) -> None:
        """Let nothing start for a while, and then start slowly."""
        with self._lock:
            self._next = max(self._next, self._clock.monotonic() + seconds)
            self._spacing = min(1.0, max(self._spacing * 2, 0.02))

    def succeeded(self) -> None:
        """An answer came: the spacing may shrink again."""
        if self._spacing > self._least:
            with self._lock:
                self._spacing = self._spacing * 0.8 if self._spacing > 0.005 + self._least else self._least
