"""What the creation of a migration may say, and what the server says of it where it may not. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from qboxctl.model import JSON

MOST_ROWS = 500
ZONE = timezone(timedelta(hours=1))
"""Where the server is."""
_PRESETS = ("standardssl", "standardnossl", "gmail", "exchange", "office365")
"""The kinds of servers, as an older page names them, without blanks and hyphens."""
_FILTERS = ("all", "last_month", "last_6_months", "last_year", "custom")
_DATES = ("first_execution_date", "second_execution_date", "custom_from_date")
_TYPES: Mapping[str, tuple[type, str]] = {
    **dict.fromkeys(("csv_file_name", "csv_file_content", "preset", "customer_code"), (str, "string")),
    **dict.fromkeys((*_DATES, "date_filter_preset"), (str, "string")),
    "csv_file_size": (int, "integer"),
    "execute_now": (bool, "boolean"),
}


def complaints(body: Mapping[str, Any], *, any_preset: bool) -> dict[str, str]:
    """What is wrong with a body, by its attributes: the first thing of each."""
    found: dict[str, str] = {}
    for some in (_mistyped(body), _missing(body), _unfit(body, any_preset=any_preset)):
        for name, text in some.items():
            found.setdefault(name, text)
    return found


def accounts(content: JSON) -> tuple[list[tuple[str, str, str]], str]:
    """The accounts in a file (local address, user, server), without their passwords, and what is wrong with it."""
    if not isinstance(content, str) or not content:
        return [], ""
    found = []
    try:
        for number, row in enumerate(csv.reader(content.splitlines(), delimiter=";", quotechar='"'), 1):
            if len(row) != 4 or not all(row):
                return [], f"row {number} must have 4 columns with something in each"
            found.append((row[0], row[1], row[3]))
    except csv.Error:
        return [], "cannot be read"
    return found, "" if len(found) <= MOST_ROWS else f"has too many rows (maximum is {MOST_ROWS})"


def moment(text: JSON) -> datetime | None:
    """A date-time as it was sent, None for what is none; without a zone it is meant in that of the server."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
        if found is None:
            return None
        found = found if found.tzinfo else found.replace(tzinfo=ZONE)
        return found if found.astimezone(UTC) and found.astimezone(ZONE) else None
    except (ValueError, OverflowError):
        return None


def _mistyped(body: Mapping[str, Any]) -> dict[str, str]:
    wrong = {}
    for name, value in body.items():
        one, word = _TYPES.get(name, (None, ""))
        if type(value) is not one:
            wrong[name] = f"must be of type {word}" if one else "is not allowed"
    return wrong


def _missing(body: Mapping[str, Any]) -> dict[str, str]:
    names = ["csv_file_name", "csv_file_content", "preset"]
    names += [] if body.get("execute_now") else ["first_execution_date"]
    names += ["custom_from_date"] if body.get("date_filter_preset") == "custom" else []
    return {name: "can't be blank" for name in names if not body.get(name)}


def _unfit(body: Mapping[str, Any], *, any_preset: bool) -> dict[str, str]:
    """What is wrong with values of the right type."""
    wrong = {}
    _, told = accounts(body.get("csv_file_content"))
    if told:
        wrong["csv_file_content"] = told
    preset = re.sub(r"[\s_-]", "", str(body.get("preset", ""))).lower()
    if not any_preset and preset not in _PRESETS:
        wrong["preset"] = "is not included in the list"
    content, size = str(body.get("csv_file_content", "")), body.get("csv_file_size")
    if size is not None and size != len(content.encode("utf-8", "surrogatepass")):
        wrong["csv_file_size"] = "is not the size of the file"
    if body.get("date_filter_preset", "all") not in _FILTERS:
        wrong["date_filter_preset"] = "is not included in the list"
    dates = {name: moment(body[name]) for name in _DATES if name in body}
    wrong |= {name: "is not a date-time" for name, one in dates.items() if one is None}
    first, second = (dates.get(name) for name in _DATES[:2])
    if first and second and second <= first:
        wrong["second_execution_date"] = "must be after the first execution"
    return wrong
