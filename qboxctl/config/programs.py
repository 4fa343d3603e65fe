"""Programs that files name: run without a shell, without API tokens in their environment, and ended in time.

What they print is nobody's business: it is returned, or thrown away.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from qboxctl.model import Address

EXEC_TIMEOUT = 60.0
"""Seconds that a program may take; long enough for somebody to unlock a store."""
MAX_BYTES = 64 * 1024
"""More than that is no secret."""


class ProgramError(Exception):
    """A program did not do its work; the message never holds what it printed or was given."""


_A_TOKEN = 16
"""What is shorter is no real token, and may stand in any variable."""


def environment_of_programs(environ: Mapping[str, str], tokens: Iterable[str] = ()) -> dict[str, str]:
    """An environment for programs that files name: without API tokens, under whichever name one may stand as well.

    Those are in the variables named ``tokens``, which are hidden as well as what is called a token of Qboxmail.
    """
    named = {*tokens, "QBOXMAIL_API_TOKEN"}
    hidden = {*named, *(name for name in environ if name.startswith("QBOXMAIL_") and "TOKEN" in name)}
    texts = {text for name in named if len(text := environ.get(name, "").strip()) >= _A_TOKEN}
    return {
        name: value
        for name, value in environ.items()
        if name not in hidden and not any(text in value for text in texts)
    }


class Programs:
    """Runs programs, each in the folder of the file that names it, told the object in QBOXCTL_ADDRESS.

    ``tokens`` are the variables that hold API tokens, which they do not see. Where they are not ``allowed``, none runs.
    """

    def __init__(
        self, environ: Mapping[str, str], *, tokens: Iterable[str] = (), allowed: bool = True, timeout: float
    ) -> None:
        self._environ = environment_of_programs(environ, tokens)
        self.allowed = allowed
        self._timeout = timeout
        self._running: set[subprocess.Popen[bytes]] = set()
        self._interrupted = False
        self._lock = threading.Lock()

    def lacks(self, words: Sequence[str], base: str) -> str:
        """Why a program cannot be run, as far as it can be told without running it; "" where it can."""
        name = words[0]
        path = Path(base, name)
        found = path.is_file() and os.access(path, os.X_OK) if "/" in name else self._which(name)
        return "" if found else f"the program {name} is not found, or cannot be run"

    def _which(self, name: str) -> bool:
        return shutil.which(name, path=self._environ.get("PATH", os.defpath)) is not None

    def output(self, words: Sequence[str], base: str, address: Address | None) -> bytes:
        """What a program prints, once it has ended well; raises ProgramError."""
        return self._run(words, base, address, None)

    def give(self, words: Sequence[str], base: str, address: Address | None, text: bytes) -> None:
        """Give a program a text on its standard input, and wait until it has ended well; raises ProgramError."""
        self._run(words, base, address, text)

    def end(self) -> None:
        """End all that are running, and those that are just being started."""
        with self._lock:
            self._interrupted = True
            for process in self._running:
                _end(process)

    def _run(self, words: Sequence[str], base: str, address: Address | None, given: bytes | None) -> bytes:
        program, end = words[0], time.monotonic() + self._timeout
        if not self.allowed:
            raise ProgramError(f"the program {program} is not run: --no-exec or QBOXCTL_NO_EXEC forbids it")
        environ = {**self._environ, "QBOXCTL_ADDRESS": str(address)} if address else self._environ
        try:
            with self._running_program(words, base, environ, given) as process:
                raw = _output(process, end) if given is None else _taken(process, given, self._timeout)
        except (TimeoutError, subprocess.TimeoutExpired):
            raise ProgramError(f"the program {program} took longer than {self._timeout:g} s") from None
        except OSError as error:
            raise ProgramError(f"the program {program} cannot be run: {error.strerror}") from None
        if len(raw) > MAX_BYTES:
            raise ProgramError(f"the program {program} printed more than a secret")
        if process.returncode != 0:
            raise ProgramError(f"the program {program} failed with status {process.returncode}")
        return raw

    @contextmanager
    def _running_program(
        self, words: Sequence[str], base: str, environ: Mapping[str, str], given: bytes | None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A program in a process group of its own, so that its children end with it where it does not end well."""
        with subprocess.Popen(
            words,
            cwd=base or None,
            env=environ,
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE if given is None else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        ) as process:
            with self._lock:
                self._running.add(process)
                if self._interrupted:  # just before this one could be seen
                    _end(process)
            try:
                yield process
            finally:
                _end(process)
                with self._lock:
                    self._running.discard(process)


def _output(process: subprocess.Popen[bytes], end: float) -> bytes:
    """What a program prints until it has ended and its output is closed, or more than a secret.

    Raises TimeoutError where that is not so in time: a child of it may hold the output open.
    """
    raw = b""
    if process.stdout is None:
        raise AssertionError("its output is a pipe")
    ready = select.poll()
    ready.register(process.stdout, select.POLLIN)
    while len(raw) <= MAX_BYTES:
        if not ready.poll(max(0.0, end - time.monotonic()) * 1000):
            raise TimeoutError
        part = process.stdout.read(MAX_BYTES)
        if not part:
            process.wait(max(0.0, end - time.monotonic()))
            return raw
        raw += part
    return raw


def _taken(process: subprocess.Popen[bytes], given: bytes, timeout: float) -> bytes:
    """Let a program read what it is given, until it has ended; what it prints is not looked at."""
    process.communicate(given, timeout)
    return b""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program that did not end well, and all that it has started."""
    if process.returncode is None:  # else its number may be another's by now
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
