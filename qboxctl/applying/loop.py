"""An event loop: jobs in threads, and jobs for later, each followed up in the one thread that runs the loop."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from qboxctl.api.rate import Clock

_T = TypeVar("_T")
_LOOK = 0.2
"""Seconds after which a wait looks up: for ``stop``, and for signals."""


class Loop:
    """Runs until nothing is under way and nothing is left for later.

    A job that ends with an exception that is not ``expected`` sets ``stop``, before its thread can start another one.
    Once ``stop`` is set, what was left for later is due at once.
    """

    def __init__(self, clock: Clock, stop: threading.Event, expected: type[Exception]) -> None:
        self._clock, self._stop, self._expected = clock, stop, expected
        self._running: dict[Future[Any], Callable[[Future[Any]], None]] = {}
        self._over: SimpleQueue[Future[Any]] = SimpleQueue()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._counter = itertools.count()

    def submit(self, pool: Executor, job: Callable[[], _T], then: Callable[[Future[_T]], None]) -> None:
        """Start a job in a thread, and say what to do with its result."""
        future = pool.submit(job)
        self._running[future] = then
        future.add_done_callback(self._end)

    def later(self, seconds: float, job: Callable[[], None]) -> None:
        """Do something after a while."""
        heapq.heappush(self._later, (self._clock.monotonic() + seconds, next(self._counter), job))

    def run(self, first: Callable[[], None]) -> None:
        """Do something, and all that comes of it."""
        try:
            first()
            while self._running or self._later:
                self._turn()
        except BaseException:
            self._stop.set()  # or the pools would do what waits in them, and nobody would look at what came of it
            raise

    def _turn(self) -> None:
        """Wait for something to happen, and deal with it."""
        now = self._clock.monotonic()
        while self._later and (self._later[0][0] <= now or self._stop.is_set()):
            heapq.heappop(self._later)[2]()
        soon = min(_LOOK, max(0.0, self._later[0][0] - now)) if self._later else _LOOK
        if not self._running:
            if self._later:
                self._clock.sleep(soon)
            return
        try:
            future = self._over.get(timeout=soon)
        except Empty:
            return
        self._running.pop(future)(future)

    def _end(self, future: Future[Any]) -> None:
        """Hand over a job that has ended (called in its thread)."""
        error = future.exception()
        if error is not None and not isinstance(error, self._expected):
            self._stop.set()
        self._over.put(future)
