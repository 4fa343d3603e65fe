"""References to secrets, resolved when they are needed: from the environment, a file, or a program's output."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

from qboxctl.config.programs import EXEC_TIMEOUT, MAX_BYTES, ProgramError, Programs
from qboxctl.model import Address, Revealed, Secret, SecretSource

_P = TypeVar("_P")

AT_ONCE = 4
"""How many programs run at the same time."""
_LOOK = 0.5
"""Seconds after which a wait for programs looks up."""


class SecretError(Exception):
    """A secret cannot be had; the message never holds any part of it, nor what a program printed."""


class Secrets:
    """Resolves references: variables and files once, programs anew for each object.

    Its ``programs`` do not see the variables ``tokens``, which hold API tokens. Without ``allow_exec`` nothing is run:
    a reference to a program is an error.
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
        self.programs = Programs(environ, tokens=tokens, allowed=allow_exec, timeout=exec_timeout)
        self._known: dict[Secret, str] = {}
        self._lock = threading.Lock()

    def resolve(self, secret: Secret, address: Address | None = None) -> Revealed:
        """The secret, of the object at ``address``; raises SecretError."""
        return Revealed(self._text(secret, address))

    def token(self, secret: Secret) -> Revealed | None:
        """An API token, without blanks around it; None where it is none. Raises SecretError."""
        return token_in(self._text(secret, None))

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
                self.programs.end()
                raise

    def _env(self, secret: Secret) -> str:
        text = self._environ.get(secret.name[0])
        if not text:
            state = "is not set" if text is None else "is empty"
            raise SecretError(f"the environment variable {secret.name[0]} {state}")
        return text

    def _file(self, secret: Secret) -> str:
        name = secret.name[0]
        try:
            path = Path(secret.base, Path(name).expanduser())
            with open(path, "rb", opener=_opened) as file:
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
        try:
            raw = self.programs.output(secret.name, secret.base, address)
        except ProgramError as error:
            raise SecretError(str(error)) from None
        try:
            first, line_end, _ = raw.decode().partition("\n")
        except ValueError:
            raise SecretError(f"the program {program} printed no text") from None
        text = _without_line_end(first + line_end)
        if not text:
            raise SecretError(f"the program {program} printed nothing")
        return text


def token_in(text: str) -> Revealed | None:
    """An API token, without blanks around it; None where the text is none: it could not go into a header."""
    text = text.strip()
    return Revealed(text) if text and all(33 <= ord(char) < 127 for char in text) else None


def _opened(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to is empty, instead of being waited for."""
    number = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(number, True)
    return number


def _without_line_end(text: str) -> str:
    """A text without the one line end that editors and programs put behind the last line."""
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
