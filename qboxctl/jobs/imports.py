"""Imports of CSV files, which the panel makes: what became of them, and an end to their records."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

from qboxctl.api.client import Client, Reader
from qboxctl.api.listing import Row
from qboxctl.api.redaction import MASK, Redaction
from qboxctl.jobs import calls
from qboxctl.model import JSON, Revealed
from qboxctl.schema.kinds import Kinds

_PATH = "/api/imports"
_PLAIN = {"address", "domain_name", "email", "email_address", "local", "local_part", "quota", "size", "user",
          "username"}  # fmt: skip
"""What columns are called, besides the attributes of the kinds, whose values may be shown."""
_PLACES = ("line", "row")
"""What columns are called that may be shown where they hold the number of a line, and not the line itself."""
_HASHES = ("{", "$")
"""What the hash of a password begins with."""
_BETWEEN = re.compile(r"[;|\t\n]")
"""What stands between the columns of a line."""


class Import(NamedTuple):
    """One import and its rows."""

    record: Row
    rows: Sequence[Row]


def listed(reader: Reader, customer_code: str = "") -> list[Row]:
    """All imports, as they can be shown."""
    query = {"customer_code": customer_code} if customer_code else {}
    return [calls.shown(row, reader.redact) for row in calls.rows(reader, _PATH, query)]


def found(reader: Reader, text: str, types: Kinds) -> Import:
    """One import with its rows, without what may be a secret in them; raises QboxctlError where there is none.

    The list has it, since no call is known to read one.
    """
    code = calls.code(text, "an import")
    record = _record(reader, code)
    if record is None:
        raise calls.missing(f"import {code}")
    known, secrets = _names(types), Redaction()
    rows = [_masked(row, known, secrets) for row in calls.rows(reader, f"{_PATH}/{code}/resources", id_name="")]
    redactions = (secrets, reader.redact)  # what is wrong with a row may quote it, and another column repeat it
    return Import(calls.shown(record, *redactions), [calls.shown(row, *redactions) for row in rows])


def delete(client: Client, text: str) -> None:
    """Delete the record of an import that is there, and its file; what was imported stays. Raises Undone."""
    code = calls.code(text, "an import")
    calls.delete(client, f"{_PATH}/{code}", lambda: _record(client, code) is not None)


def _record(reader: Reader, code: str) -> Row | None:
    return next((row for row in calls.rows(reader, _PATH) if str(row.get("code")) == code), None)


def _names(types: Kinds) -> frozenset[str]:
    """The columns whose values may be shown: whatever else a file has may be a password or the hash of one."""
    plain = {
        name for type_ in types.values() for one in type_.fields if not one.secret for name in (one.name, one.wire)
    }
    kinds = {name for type_ in types.values() for name in (type_.kind, type_.identity.key)}
    return frozenset(_PLAIN | plain | kinds)


def _masked(row: Row, known: frozenset[str], secrets: Redaction) -> Row:
    """A row with a mask for each column of its file that is not known to be harmless; ``secrets`` learns of these."""
    columns = row.get("fields")
    if not isinstance(columns, Mapping):
        _learn(columns, secrets)
        return {**row, "fields": MASK} if columns else row
    fields = {
        name: value if value in (None, "") or _is_harmless(name.lower(), value, known) else MASK
        for name, value in columns.items()
    }
    told = {str(value) for value in fields.values()}
    for name, value in columns.items():
        if fields[name] == MASK:
            _learn(value, secrets, told)
    return {**row, "fields": fields}


def _is_harmless(name: str, value: JSON, known: Set[str]) -> bool:
    """Whether a column may be shown: one that is known, and holds neither a hash nor a line with others in it."""
    if isinstance(value, list):
        return all(_is_harmless(name, one, known) for one in value)
    text = str(value)
    if name in _PLACES:
        return text.isdecimal()
    return name in known and not text.startswith(_HASHES) and not _BETWEEN.search(text)


def _learn(value: JSON, secrets: Redaction, told: Set[str] = frozenset()) -> None:
    """Let ``secrets`` know all texts in a value that is not shown, but for those of a line that are ``told`` anyway."""
    match value:
        case Mapping():
            for one in value.values():
                _learn(one, secrets, told)
        case list():
            for one in value:
                _learn(one, secrets, told)
        case None | bool():
            pass
        case _:
            text = str(value)
            parts = {part.strip('"') for part in _BETWEEN.split(text)}
            line = len(parts) > 1 and parts & told
            for one in parts - told if line else {text.strip('"'), *parts}:
                secrets.hide(Revealed(one))
