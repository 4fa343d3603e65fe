"""Many files parsed by several processes at once: the C parser gives each event to Python, one processor at a time.

A child hands back plain values only. A file of which there is something to say is parsed again here when it
is asked for, so that mistakes are told in one place. Nothing depends on how the work was shared, or whether it was.
"""

from __future__ import annotations

import marshal
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from qboxctl.config.yaml.reader import Room, Source
from qboxctl.signals import ENDING, heeded

SHARE = 256 * 1024
"""How many characters make a process of its own worth its while: a twentieth of a second."""
MOST = 4
"""How many processes there are at the most, this one included."""

Fork = Callable[[], int]
_FORK: Fork | None = getattr(os, "fork", None)


def parse_together(
    sources: Sequence[Source], share: int = SHARE, processors: int | None = None, fork: Fork | None = _FORK
) -> None:
    """Have the values of large configurations ready for ``Source.parse``; small ones are left to it."""
    size = sum(len(source.text) for source in sources)
    number = min(MOST, processors or _processors(), size // share, len(sources))
    if number < 2 or fork is None or threading.active_count() > 1:  # a lock that a thread holds would stay closed
        return
    ends = accumulate(len(source.text) for source in sources)
    parts: list[list[Source]] = [[] for _ in range(number)]
    for source, end in zip(sources, ends, strict=True):
        parts[min(number - 1, end * number // (size + 1))].append(source)
    children = [_start(part, fork) for part in parts[1:]]
    room = Room()
    for source in parts[0]:
        source.room = room
        source.ready = source.parse()
    for part, child in zip(parts[1:], children, strict=True):
        for source, found in zip(part, _received(child), strict=False):
            if found:
                value, source.added = found
                source.ready = value, []


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_Child = tuple[int, int]
"""A process, and where its results can be read."""


def _start(sources: Sequence[Source], fork: Fork) -> _Child | None:
    """A child that parses some files; None where the system allows no more processes or pipes."""
    try:
        reading, writing = os.pipe()
    except OSError:
        return None
    parent = os.getpid()
    # Python's own work around a fork swallows what a signal raises: an interruption waits until that is done
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        process = fork()
        if not process:
            for number in heeded():
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(reading)
            with open(writing, "wb") as out:
                marshal.dump(list(_values(sources)), out)
            os._exit(0)
    except OSError:
        os.close(reading)
        os.close(writing)
        return None
    finally:
        if os.getpid() != parent:  # whatever happens, the child must not come back from here
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.close(writing)
    return process, reading


_Found = tuple[Any, int]
"""A file's value, and how many values its aliases added."""


def _values(sources: Sequence[Source]) -> Iterator[_Found | None]:
    """What each file holds; None where something is wrong with it."""
    room = Room()
    for source in sources:
        source.room = room
        value, found = source.parse()
        yield None if found else (value, source.added)


def _received(child: _Child | None) -> list[_Found | None]:
    """What a child has found; nothing where there is none, or it did not come to its end."""
    if child is None:
        return []
    process, results = child
    with open(results, "rb") as stream:
        data = stream.read()
    try:
        _, status = os.waitpid(process, 0)
    except ChildProcessError:  # where SIGCHLD is ignored, nobody learns how a child ended
        return []
    return marshal.loads(data) if status == 0 else []  # noqa: S302 - our own child's, through a pipe of our own
