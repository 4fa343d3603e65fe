"""The command line inside this process: what a process of its own would say, without the time that one takes to start.

It gets an environment, a working folder and standard streams of its own, and leaves all that belongs to the process as
it was. What needs more (signals, pipes, terminals, closed streams) runs as a process: see ``processes``.
"""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qboxctl.cli import main


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*words: str, folder: Path, environ: Mapping[str, str]) -> Result:
    """Run a command to its end, with nobody to ask."""
    out, err = _stream("strict"), _stream("backslashreplace")  # as Python opens them
    with _surroundings(folder, environ), redirect_stdout(out), redirect_stderr(err):
        try:
            main([*words])
        except SystemExit as ended:
            code = ended.code
    assert isinstance(code, int), code
    return Result(code, *(stream.buffer.getvalue().decode("utf-8") for stream in (out, err)))


def _stream(errors: str) -> io.TextIOWrapper[io.BytesIO]:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=errors)


@contextmanager
def _surroundings(folder: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """Let this process be in a folder and an environment, and take back all that a command leaves in it."""
    before = os.getcwd(), dict(os.environ), sys.stdin, _handlers(), gc.get_threshold()
    others = set(threading.enumerate())
    os.chdir(folder)
    _be(environ)
    with open(os.devnull, encoding="utf-8") as sys.stdin:
        try:
            yield
        finally:
            _end(set(threading.enumerate()) - others)
            place, variables, sys.stdin, handlers, threshold = before
            os.chdir(place)
            _be(variables)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            gc.set_threshold(*threshold)
            gc.unfreeze()
            gc.enable()


def _handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}


def _end(threads: Iterable[threading.Thread]) -> None:
    """Wait, as the end of a process does, for what a failure left under way; servers have threads of other names."""
    for thread in threads:
        if thread.name.startswith("ThreadPoolExecutor"):
            thread.join()


def _be(environ: Mapping[str, str]) -> None:
    """Let these be all the variables, in the one mapping that everybody holds."""
    os.environ.clear()
    os.environ.update(environ)
