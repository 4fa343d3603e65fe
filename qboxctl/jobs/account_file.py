"""The file of a migration: a row for each mailbox, ``local;user;password;server``, without a header.

What is wrong with it is told row by row, and never by quoting it: any column may hold a password that slipped.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from qboxctl.config import git
from qboxctl.errors import ConfigError, Diagnostic, Position
from qboxctl.model import Revealed
from qboxctl.schema import formats

COLUMNS = ("local", "user", "password", "server")
MOST_ROWS = 500
_MOST_BYTES = 4 * 2**20
_HEADER = {*COLUMNS, "email", "username", "host", "local_email", "remote_username", "remote_password", "remote_server"}
"""What the columns of a header are called."""


class Cell(NamedTuple):
    """A value of a row, and where it begins."""

    text: str
    column: int


@dataclass(frozen=True, slots=True)
class MailAccount:
    """An account on another server, and the mailbox that its mail goes to."""

    local: str
    user: str
    server: str
    password: Revealed
    place: Position


@dataclass(frozen=True, slots=True)
class AccountFile:
    """A file that can be sent: its name, its text, and the accounts in it."""

    name: str
    text: Revealed
    size: int
    accounts: tuple[MailAccount, ...]


class _Bad(Exception):
    """Something in a line cannot stand there: where, what, and what to do."""

    def __init__(self, column: int, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.column, self.hint = column, hint


def read(path: Path) -> AccountFile:
    """A file of accounts; raises ConfigError with all that is wrong with it. Nothing is asked over the network."""
    text = _text(path)
    found = git.exposed(path)
    if found:
        raise _wrong(path, f"it holds passwords, and {found}", "add it to .gitignore, or keep it outside; "
                     "passwords that were committed are no secrets any more: change them")  # fmt: skip
    lines = text.removesuffix("\n").split("\n") if text else []
    if not lines:
        raise _wrong(path, "there is no row in it", "write a row for each mailbox: local;user;password;server")
    accounts: list[MailAccount] = []
    problems: list[Diagnostic] = []
    for number, line in enumerate(lines, 1):
        try:
            accounts.append(_account(path, number, line.removesuffix("\r")))
        except _Bad as bad:
            problems.append(_problem(Position(str(path), number, bad.column), str(bad), bad.hint))
    if len(lines) > MOST_ROWS:
        place = Position(str(path), MOST_ROWS + 1, 1)
        problems.append(_problem(place, f"a file has at most {MOST_ROWS} rows, this one has {len(lines)}", "split it"))
    problems += _repeated(accounts)
    if problems:
        raise ConfigError(problems)
    return AccountFile(path.name, Revealed(text), len(text.encode()), tuple(accounts))


def unknown(accounts: list[MailAccount]) -> ConfigError:
    """What is said of accounts whose local mailbox is neither there nor declared."""
    hint = "declare it and apply, or correct the row: mail is fetched into mailboxes that exist"
    return ConfigError(_problem(one.place, f"there is no mailbox {one.local}", hint, "Q082") for one in accounts)


def _wrong(path: Path, message: str, hint: str | None = None) -> ConfigError:
    return ConfigError([_problem(Position(str(path)), message, hint, "Q080")])


def _problem(place: Position, message: str, hint: str | None = None, code: str = "Q081") -> Diagnostic:
    return Diagnostic(code, message, place, hint=hint)


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise _wrong(path, "it is not a file" if path.exists() else "there is no such file")
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _wrong(path, f"it cannot be read: {error.strerror}") from None
    if len(raw) > _MOST_BYTES:
        raise _wrong(path, f"it is larger than {_MOST_BYTES // 2**20} MB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        place = Position(str(path), before.count(b"\n") + 1, len(before) - before.rfind(b"\n"))
        raise ConfigError([_problem(place, "it is not UTF-8 text", "save it as UTF-8", "Q080")]) from None


def _account(path: Path, number: int, line: str) -> MailAccount:
    """The account of a line; raises _Bad."""
    cells = list(_cells(line))
    if number == 1 and {cell.text.strip().lower() for cell in cells} <= _HEADER:
        raise _Bad(1, "the file has no header", "remove this row")
    if len(cells) != len(COLUMNS):
        told = "this one is empty" if not line else f"this one has {len(cells)}"
        other = next((mark for mark in ",\t" if line.count(mark) == len(COLUMNS) - 1 and len(cells) == 1), "")
        hint = f"separate them by ; and not by {'a comma' if other == ',' else 'tabs'}" if other else None
        raise _Bad(1, f"a row has four columns, {';'.join(COLUMNS)}: {told}", hint)
    for name, cell in zip(COLUMNS, cells, strict=True):
        if not cell.text:
            raise _Bad(cell.column, f"the column {name} is empty")
        if cell.text != cell.text.strip():
            raise _Bad(cell.column, f"the column {name} begins or ends with a blank", "remove it")
        if not cell.text.isprintable():
            raise _Bad(cell.column, f"the column {name} holds a character that cannot be seen")
    local, user, password, server = cells
    try:
        address = formats.email_address(local.text)
    except ValueError:
        raise _Bad(local.column, "the column local is no e-mail address") from None
    if not _is_host(server.text):
        hint = "write its name or IP address alone, without port or https://"
        raise _Bad(server.column, "the column server is no host", hint)
    place = Position(str(path), number, local.column, len(local.text))
    return MailAccount(address, user.text, server.text, Revealed(password.text), place)


def _cells(line: str) -> Iterator[Cell]:
    """The columns of a line; raises _Bad for a quote that stands wrong."""
    at = 0
    while True:
        begun, quoted = at, line[at : at + 1] == '"'
        text, at = _quoted(line, at) if quoted else _plain(line, at)
        yield Cell(text, begun + 1 + quoted)
        if at >= len(line):
            return
        at += 1


def _plain(line: str, at: int) -> tuple[str, int]:
    end = line.find(";", at)
    end = len(line) if end < 0 else end
    quote = line.find('"', at, end)
    if quote >= 0:
        raise _Bad(quote + 1, 'a column with " in it stands in quotes', 'write "…" around it, and "" for the " inside')
    return line[at:end], end


def _quoted(line: str, at: int) -> tuple[str, int]:
    end = at + 1
    while (end := line.find('"', end)) >= 0 and line[end : end + 2] == '""':
        end += 2
    if end < 0:
        raise _Bad(at + 1, "this quote is not closed", "a column, quoted or not, ends on its line")
    if line[end + 1 : end + 2] not in ("", ";"):
        raise _Bad(end + 2, "behind a closing quote comes ; or the end of the line", 'write "" for a " inside')
    return line[at + 1 : end].replace('""', '"'), end + 1


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        try:
            return bool(formats.domain_name(text))
        except ValueError:
            return False
    return True


def _repeated(accounts: list[MailAccount]) -> Iterator[Diagnostic]:
    """Rows that stand in the file twice: their mail would be fetched twice."""
    first: dict[tuple[str, str, str], Position] = {}
    for one in accounts:
        before = first.setdefault((one.local, one.user, one.server.lower()), one.place)
        if before is not one.place:
            yield Diagnostic(
                "Q081", "this account stands in the file twice", one.place, hint="remove one", second=before
            )
