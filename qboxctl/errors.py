"""What can be wrong: many problems in the input as a list of diagnostics, one stop as one exception.

::

    QboxctlError                 the message is for the user: what is wrong and what to do
    ├── ConfigError              the files (or what only a plan can know about them) are wrong
    ├── AuthError                the token is missing, refused or may not read
    ├── PlanFileError            a plan file is not acceptable
    ├── StalePlanError           the account or the files moved since the plan was made
    ├── JournalError             the journal cannot be written, so nothing may be sent
    ├── Undone                   a job was refused, or failed in part, or nobody knows whether it was done
    └── ApiError                 an answer that says no, or no usable answer
        ├── Unreachable          no connection: nothing was sent
        ├── Busy                 the server takes no more requests for now (429): it was not done
        ├── Refused              4xx: the server understood and said no
        │   └── NoSuchCall       404 or 405 for the call itself, not for an object
        └── OutcomeUnknown       it was sent; whether it was done cannot be told from the answer
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

IN_PLAIN_TEXT = "Q015"
"""The code of what is said where a secret stands in a file."""
ALREADY_EXISTS = "already exists"
"""What the API says of a name that is taken [concepts/errors-retries]."""


class Severity(StrEnum):
    """How bad a diagnostic is: an error stops the run, a warning is only said."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; line and column count from 1. ``width`` is how many characters of the line it spans."""

    file: str
    line: int = 0
    column: int = 0
    width: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: what is wrong, where, and what to do about it (``hint``).

    ``attribute`` is the attribute of the object at ``address`` that it is about, "" for the object itself;
    ``second`` is the other place of a contradiction.
    """

    code: str
    message: str
    position: Position | None = None
    address: str | None = None
    hint: str | None = None
    severity: Severity = Severity.ERROR
    attribute: str = ""
    second: Position | None = None

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """By file, line and column; what has no place comes first."""
        place = self.position or Position("")
        return (place.file, place.line, place.column, self.code, self.message)


class BadValue(ValueError):
    """A value of the configuration that cannot be; ``hint`` says what to write instead."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def hint_of(error: ValueError) -> str | None:
    """What to write instead of a value that cannot be, where its error tells."""
    return error.hint if isinstance(error, BadValue) else None


class BadEntries(ValueError):
    """A list of which some entries cannot be: each with its index, or None for what is wrong with the list itself."""

    def __init__(self, entries: Sequence[tuple[int | None, ValueError]]) -> None:
        super().__init__("; ".join(str(error) for _, error in entries))
        self.entries = tuple(entries)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Tell whether any of them stops the run."""
    return any(found.severity is Severity.ERROR for found in diagnostics)


class QboxctlError(Exception):
    """The root of all errors that are reported without a traceback; ``hint`` says what to do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(QboxctlError):
    """The configuration is wrong: all that is wrong with it, in one go."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics, key=lambda found: found.sort_key))
        number = len(self.diagnostics)
        super().__init__(f"{number} problem{'' if number == 1 else 's'} in the configuration")


class AuthError(QboxctlError):
    """The token is missing, refused (401) or may not read (403); ``status`` tells the last two apart."""

    def __init__(self, message: str, *, hint: str | None = None, status: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class PlanFileError(QboxctlError):
    """A plan file is damaged, changed by hand, too new, or made for another environment, endpoint or customer."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One reason why a plan is stale: the object, and the attributes that are no longer as planned."""

    address: str
    what: str


class StalePlanError(QboxctlError):
    """The plan no longer fits the account or the files; nothing was written."""

    def __init__(self, message: str, moved: Iterable[Moved] = (), *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint or "run `qboxctl plan` again and review what it says now")
        self.moved = tuple(moved)


class JournalError(QboxctlError):
    """The journal cannot be written to disk."""


class Undone(QboxctlError):
    """A job was refused by the server, or failed in part; or whether it was done is not ``known``."""

    def __init__(self, message: str, *, hint: str | None = None, known: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.known = known


class ApiError(QboxctlError):
    """The Management API did not do what was asked. ``request`` names what was sent, ``tries`` says how often.

    ``lost`` is an earlier attempt that went out and got no usable answer, None where there was none. ``seconds`` is how
    long the server wants no request, None where it does not say. ``foreign`` says that the way to the API may be wrong.
    """

    seconds: float | None = None
    foreign: bool = False

    def __init__(
        self, message: str, *, hint: str | None = None, request: str = "", lost: OutcomeUnknown | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.request, self.tries, self.lost = request, 1, lost

    def __str__(self) -> str:
        before = f"{self.request}: " if self.request else ""
        after = f", after {self.tries} tries" if self.tries > 1 else ""
        return f"{before}{self.text}{after}"

    @property
    def text(self) -> str:
        """What went wrong, without the request."""
        return QboxctlError.__str__(self)


class Unreachable(ApiError):
    """No connection could be made: the request never left. ``lasting`` is what another attempt does not change."""

    def __init__(self, message: str, *, hint: str | None = None, lasting: bool = False, foreign: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.lasting, self.foreign = lasting, foreign


class Busy(ApiError):
    """The server takes no more requests for now: what is not ``lost`` was not done."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One row of a 422 answer: the attribute's name in the API and what the server says of it."""

    field: str
    description: str


class Refused(ApiError):
    """The server said no (4xx). ``status`` is the HTTP status, ``message`` its own, ``fields`` the rows of a 422."""

    def __init__(
        self, status: int, message: str, fields: tuple[FieldError, ...] = (), *, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status, self.message, self.fields = status, message, fields

    @property
    def text(self) -> str:
        """The status and what the server says."""
        rows = "; ".join(f"{row.field} {row.description}".strip() for row in self.fields)
        return f"{self.status} {self.message}".rstrip() + (f": {rows}" if rows else "")

    @property
    def no_call(self) -> bool:
        """Whether there may be no such call: the path is not found, or not with this method."""
        return self.status in (404, 405)

    @property
    def already_exists(self) -> bool:
        """Whether a 422 says that the name is taken."""
        return self.status == 422 and any(ALREADY_EXISTS in row.description for row in self.fields)


FOREIGN = "check the endpoint: this does not look like the Qboxmail Management API"
"""What to do about an answer that the API would not give."""


class NoSuchCall(Refused):
    """The API has no such call: what its path names is there, or none of its methods is this one."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.status, refused.message, refused.fields, hint=refused.hint)
        self.request = refused.request

    @property
    def text(self) -> str:
        """That it has none, and the answer."""
        return f"this API has no such call ({super().text})"


class OutcomeUnknown(ApiError):
    """The request went out, and no usable answer came back. ``status`` is None without an answer.

    A ``foreign`` page is one that the API would not send. If the endpoint is right all the same, it may be a
    ``refusal``, in which the call itself is not found.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        foreign: bool = False,
        refusal: Refused | None = None,
        seconds: float | None = None,
    ) -> None:
        super().__init__(message, hint=FOREIGN if foreign else None)
        self.status, self.foreign, self.refusal, self.seconds = status, foreign, refusal, seconds
