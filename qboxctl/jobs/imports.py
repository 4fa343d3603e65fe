"""Imports of CSV files, which the panel makes: what became of them, and an end to their records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from qboxctl.api.client import Client, Reader
from qboxctl.api.listing import Row
from qboxctl.api.redaction import MASK, Redaction
from qboxctl.jobs import calls
from qboxctl.model import JSON, Revealed
from qboxctl.schema.kinds import Kinds

_PATH = "/api/imports"
_PLAIN = {"address", "domain_name", "email", "email_address", "line", "local", "local_part", "quota", "row", "size",
          "user", "username"}  # fmt: skip
"""What columns are called, besides the attributes of the kinds, whose values may be shown."""
_HASHES = ("{", "$")
"""What the hash of a password begins with."""


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
    known_too = (secrets, reader.redact)  # what is wrong with a row may quote it
    shown = [{**calls.shown(row, *known_too), **calls.shown(_fields(row), reader.redact)} for row in rows]
    return Import(calls.shown(record, *known_too), shown)


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
    fields: dict[str, JSON] = {}
    for name, value in columns.items():
        harmless = name.lower() in known and not str(value).startswith(_HASHES)
        fields[name] = value if harmless or value in (None, "") else MASK
        if fields[name] == MASK:
            _learn(value, secrets)
    return {**row, "fields": fields}


def _learn(value: JSON, secrets: Redaction) -> None:
    """Let ``secrets`` know all texts in a value that is not shown, and the columns of one that is a whole line."""
    match value:
        case Mapping():
            for one in value.values():
                _learn(one, secrets)
        case list():
            for one in value:
                _learn(one, secrets)
        case None | bool():
            pass
        case _:
            for text in {str(value), *str(value).split(";")}:
                secrets.hide(Revealed(text.strip('"')))


def _fields(row: Row) -> dict[str, JSON]:
    return {"fields": row["fields"]} if "fields" in row else {}
