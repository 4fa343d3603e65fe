"""References to secrets, resolved when they are needed: from the environment, a file, or a program's output."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from qboxctl.model import Address, Revealed, Secret, SecretSource

_P = TypeVar("_P")

EXEC_TIMEOUT = 60.0
"""Seconds that a program may take to print a secret; long enough for somebody to unlock a store."""
MAX_BYTES = 64 * 1024
AT_ONCE = 4
"""How many programs run at the same time."""
_LOOK = 0.5
"""Seconds after which a wait for programs looks up."""


class SecretError(Exception):
    """A secret cannot be had; the message never holds any part of it, nor what a program printed."""


def environment_of_programs(environ: Mapping[str, str], tokens: Iterable[str] = ()) -> dict[str, str]:
    """An environment for programs that files name: without API tokens, and without the variables named ``tokens``."""
    hidden = set(tokens)
    return {
        name: value
        for name, value in environ.items()
        if name not in hidden and not (name.startswith("QBOXMAIL_") and "TOKEN" in name)
    }


class Secrets:
    """Resolves references: variables and files once, programs anew for each object.

    A program runs without a shell, in the folder of its file, and is told the object in QBOXCTL_ADDRESS.
    ``tokens`` are the variables that hold API tokens, which it does not see. Without ``allow_exec`` nothing is run: a
    reference to a program is an error.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        tokens: Iterable[str] = (),
        allow_exec: bool = True,
        exec_timeout: float = EXEC_TIMEOUT,
    ) -> None:
        self._environ = environ
        self._programs = environment_of_programs(environ, tokens)
        self._allow_exec = allow_exec
        self._timeout = exec_timeout
        self._known: dict[Secret, str] = {}
        self._running: set[subprocess.Popen[bytes]] = set()
        self._interrupted = False
        self._lock = threading.Lock()

    def resolve(self, secret: Secret, address: Address | None = None) -> Revealed:
        """The secret, of the object at ``address``; raises SecretError."""
        return Revealed(self._text(secret, address))

    def token(self, secret: Secret) -> Revealed | None:
        """An API token, without blanks around it; None where it is none. Raises SecretError."""
        text = self._text(secret, None).strip()
        return Revealed(text) if text and all(33 <= ord(char) < 127 for char in text) else None

    def _text(self, secret: Secret, address: Address | None) -> str:
        if secret.source is SecretSource.EXEC:
            return self._exec(secret, address)
        with self._lock:
            if secret not in self._known:
                self._known[secret] = self._file(secret) if secret.source is SecretSource.FILE else self._env(secret)
            return self._known[secret]

    def resolve_all(
        self, wanted: Sequence[tuple[Secret, Address]], wrong: Callable[[str], _P | None]
    ) -> list[Revealed | _P | SecretError]:
        """Each of many secrets, or what is ``wrong`` with it, or why it cannot be had.

        Some programs run at once; an interruption ends them.
        """

        def tried(secret: Secret, address: Address) -> Revealed | _P | SecretError:
            try:
                text = self._text(secret, address)
            except SecretError as error:
                return error
            return wrong(text) or Revealed(text)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                later = {
                    number: pool.submit(tried, *one)
                    for number, one in enumerate(wanted)
                    if one[0].source is SecretSource.EXEC
                }
                while wait(later.values(), _LOOK).not_done:  # a signal that another thread got is seen here
                    pass
                return [later[number].result() if number in later else tried(*one) for number, one in enumerate(wanted)]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                with self._lock:
                    self._interrupted = True
                    for process in self._running:
                        _end(process)
                raise

    def _env(self, secret: Secret) -> str:
        text = self._environ.get(secret.name[0])
        if not text:
            raise SecretError(f"the environment variable {secret.name[0]} is not set")
        return text

    def _file(self, secret: Secret) -> str:
        name = secret.name[0]
        try:
            path = Path(secret.base, Path(name).expanduser())
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
            text = _without_line_end(raw.decode())
        except OSError as error:
            raise SecretError(f"the file {path} cannot be read: {error.strerror}") from None
        except ValueError:
            raise SecretError(f"the file {path} is not text") from None
        except RuntimeError:
            raise SecretError(f"the file {name} cannot be found: HOME is not set, so ~ is no folder") from None
        if not text or "\n" in text or len(raw) > MAX_BYTES:
            raise SecretError(f"the file {path} must hold the secret on one line")
        return text

    def _exec(self, secret: Secret, address: Address | None) -> str:
        program = secret.name[0]
        if not self._allow_exec:
            raise SecretError(f"the program {program} is not run: --no-exec or QBOXCTL_NO_EXEC forbids it")
        environ = {**self._programs, "QBOXCTL_ADDRESS": str(address)} if address else self._programs
        try:
            with self._running_program(secret, environ) as process:
                raw = _output(process, time.monotonic() + self._timeout)
        except TimeoutError:
            raise SecretError(f"the program {program} took longer than {self._timeout:g} s") from None
        except OSError as error:
            raise SecretError(f"the program {program} cannot be run: {error.strerror}") from None
        if len(raw) > MAX_BYTES:
            raise SecretError(f"the program {program} printed more than a secret")
        if process.returncode != 0:
            raise SecretError(f"the program {program} failed with status {process.returncode}")
        try:
            first, line_end, _ = raw.decode().partition("\n")
        except ValueError:
            raise SecretError(f"the program {program} printed no text") from None
        text = _without_line_end(first + line_end)
        if not text:
            raise SecretError(f"the program {program} printed nothing")
        return text

    @contextmanager
    def _running_program(self, secret: Secret, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        """A program in a process group of its own, so that its children end with it where it does not end well."""
        with subprocess.Popen(
            secret.name,
            cwd=secret.base or None,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
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
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise TimeoutError from None
            return raw
        raw += part
    return raw


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program that did not end well, and all that it has started."""
    if process.returncode is None:  # else its number may be another's by now
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _without_line_end(text: str) -> str:
    """A text without the one line end that editors and programs put behind the last line."""
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
