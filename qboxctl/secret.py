"""References to secrets, resolved when they are needed: from the environment, a file, or a program's output."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from qboxctl.model import Secret, SecretSource

EXEC_TIMEOUT = 60.0
"""Seconds that a program may take to print a secret; long enough for somebody to unlock a store."""
MAX_BYTES = 64 * 1024


class SecretError(Exception):
    """A secret cannot be had; the message never holds any part of it, nor what a program printed."""


class Secrets:
    """Resolves references, each of them once. ``exec`` runs without a shell, in the folder of its file.

    Without ``allow_exec`` nothing is run: a reference to a program is an error.
    """

    def __init__(
        self, environ: Mapping[str, str], *, allow_exec: bool = True, exec_timeout: float = EXEC_TIMEOUT
    ) -> None:
        self._environ = environ
        self._allow_exec = allow_exec
        self._timeout = exec_timeout
        self._known: dict[Secret, str] = {}
        self._lock = threading.Lock()

    def resolve(self, secret: Secret) -> str:
        """The secret; raises SecretError."""
        with self._lock:
            if secret not in self._known:
                self._known[secret] = self._read(secret)
            return self._known[secret]

    def _read(self, secret: Secret) -> str:
        match secret.source:
            case SecretSource.ENV:
                text = self._environ.get(secret.name[0])
                if not text:
                    raise SecretError(f"the environment variable {secret.name[0]} is not set")
                return text
            case SecretSource.FILE:
                return self._file(secret)
            case SecretSource.EXEC:
                return self._exec(secret)

    def _file(self, secret: Secret) -> str:
        path = Path(secret.base, Path(secret.name[0]).expanduser())
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
            text = raw.decode().rstrip("\r\n")
        except OSError as error:
            raise SecretError(f"the file {path} cannot be read: {error.strerror}") from None
        except ValueError:
            raise SecretError(f"the file {path} is not text") from None
        if not text or "\n" in text or len(raw) > MAX_BYTES:
            raise SecretError(f"the file {path} must hold the secret on one line")
        return text

    def _exec(self, secret: Secret) -> str:
        program = secret.name[0]
        if not self._allow_exec:
            raise SecretError(f"the program {program} is not run: --no-exec or QBOXCTL_NO_EXEC forbids it")
        try:
            process = subprocess.Popen(
                secret.name,
                cwd=secret.base or None,
                env=dict(self._environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise SecretError(f"the program {program} cannot be run: {error.strerror}") from None
        with process, _ending(process, self._timeout) as late:
            raw = process.stdout.read(MAX_BYTES + 1) if process.stdout else b""
            if len(raw) > MAX_BYTES:
                process.kill()
                raise SecretError(f"the program {program} printed more than a secret")
            code = process.wait()
        if late.is_set():
            raise SecretError(f"the program {program} took longer than {self._timeout:g} s")
        if code != 0:
            raise SecretError(f"the program {program} failed with status {code}")
        try:
            lines = raw.decode().splitlines()
        except ValueError:
            raise SecretError(f"the program {program} printed no text") from None
        if not lines or not lines[0]:
            raise SecretError(f"the program {program} printed nothing")
        return lines[0]


@contextmanager
def _ending(process: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """Kill a program that takes too long; the event tells that it was."""
    late = threading.Event()

    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, kill)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
