"""TraceMail: what became of mail that was sent through Delivery, counted and row by row. It is only looked at.

No reference says what a row holds, nor in which form a filter takes a date: rows are passed on as they come, and dates
are stated as days first, and as moments where the server refuses that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import TypeVar

from qboxctl.api.client import Reader
from qboxctl.api.listing import Row
from qboxctl.errors import Refused, Undone
from qboxctl.jobs import calls
from qboxctl.model import JSON
from qboxctl.schema.formats import folded
from qboxctl.schema.hints import did_you_mean
from qboxctl.schema.numbers import decode_int

_R = TypeVar("_R")
_TRACE = "/api/delivery/tracemail"
_ACCOUNTS = "/api/delivery/accounts"
_PANEL = "look at TraceMail in the panel"
_MOST_PER_PAGE = 100
_IDS = ("id", "username")
"""What the log may know an account by."""
_BESIDE = ("message", "pagination")
"""What may stand in an answer beside what it is about."""
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?")


class Standing(StrEnum):
    """What became of a message."""

    DELIVERED = "delivered"
    SUPPRESSED = "suppressed"
    BOUNCE = "bounce"
    QUEUED = "queued"
    ERROR = "error"

    @property
    def query(self) -> Mapping[str, str]:
        """How the log is asked for such messages."""
        match self:
            case Standing.QUEUED:
                return _COLLECTIONS[1]
            case Standing.ERROR:
                return _COLLECTIONS[2]
            case _:
                return {**_COLLECTIONS[0], "status": self.value}


_COLLECTIONS = tuple({"collection": name} for name in ("worked", "queued", "errors"))
"""The parts of the log."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which messages are asked for; ``query`` are filters by their names in the API, ``since`` and ``until`` days."""

    query: Mapping[str, str]
    since: str = ""
    until: str = ""

    def stated(self, *, moments: bool) -> dict[str, str]:
        """The filters as the API takes them, with dates as days or as moments."""
        start, end = (f"{self.since}T00:00:00Z", f"{self.until}T23:59:59Z") if moments else (self.since, self.until)
        dates = {"start_date": start if self.since else "", "end_date": end if self.until else ""}
        return {name: text for name, text in {**self.query, **dates}.items() if text}


def day(text: str) -> str:
    """The day of a date or a moment; raises ValueError for what is none."""
    found = _DAY.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a date: write YYYY-MM-DD")
    return date.fromisoformat(found[1]).isoformat()


class TraceMail:
    """The log of one account, to be read; it remembers which form of dates the server takes."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._moments = False

    def counters(self, filters: Filters) -> dict[str, JSON]:
        """How many messages there are of each sort; nothing where the API counts none."""
        row = self._dated(filters, self._counted)
        return {name: _number(value) for name, value in calls.shown(row, self.reader.redact).items()}

    def of_account(self, filters: Filters, text: str, note: Callable[[str], None]) -> tuple[Filters, dict[str, JSON]]:
        """Filters for the mail of one account, and the counters of these; it is noted where no account is called so.

        No reference says by what the log knows an account: it is asked by the id, then by the user name, of the one
        that bears a name, and only where there is none by the text as it is, which a server may refuse.
        """
        rows = list(calls.rows(self.reader, _ACCOUNTS, {"status": "all"}, id_name="id"))
        same = [row for row in rows if folded(str(row.get("description", ""))) == folded(text)]
        known = [str(row[name]) for row in same for name in _IDS if row.get(name)]
        if not same and not any(str(row.get(name)) == text for row in rows for name in _IDS):
            names = [str(row["description"]) for row in rows if row.get("description")]
            hint = did_you_mean(text, names)
            note(f"no Delivery account has the name or id {text!r}" + (f": {hint}" if hint else ""))
        for name in known or [text]:
            narrowed = replace(filters, query={**filters.query, "account": name})
            counters = self.counters(narrowed)
            if any(counters.values()):
                break
        return narrowed, counters

    def rows(self, filters: Filters, standing: Standing | None, most: int) -> list[Row]:
        """The rows of the log as they can be shown, at most so many; see ``search``."""
        return [calls.shown(row, self.reader.redact) for row in self.search(filters, standing, most)]

    def search(self, filters: Filters, standing: Standing | None, most: int) -> list[Row]:
        """The rows of the log as they came, at most so many: of one standing, or of all its parts in turn."""
        found: list[Row] = []
        for part in [standing.query] if standing else _COLLECTIONS:
            left = most - len(found)
            if left > 0:
                found += self._dated(filters, partial(self._part, part, left))
        return found

    def _counted(self, query: Mapping[str, str]) -> Row:
        path = f"{_TRACE}/counters"
        try:
            answer = self.reader.get(path, query).in_any_shape()
        except Refused as refused:
            if refused.status != 404:
                raise calls.explained(refused, f"GET {path}", _PANEL) from None
            return {}
        data = answer.data or {}
        beside = data.get("resources", {name: value for name, value in data.items() if name not in _BESIDE})
        if isinstance(beside, dict) and beside:
            return beside
        return next(iter(answer.resources), {})

    def _part(self, part: Mapping[str, str], most: int, query: Mapping[str, str]) -> list[Row]:
        per = min(most, _MOST_PER_PAGE)
        path, asked = f"{_TRACE}/mailouts", {**query, **part}
        found = calls.rows(self.reader, path, asked, id_name="", per=per, panel=_PANEL, any_shape=True)
        return list(islice(found, most))

    def _dated(self, filters: Filters, asked: Callable[[Mapping[str, str]], _R]) -> _R:
        """Ask with days, and again with moments where these are refused. Raises Undone for what is refused anyway."""
        try:
            return asked(filters.stated(moments=self._moments))
        except Refused as refused:
            if self._moments or refused.status != 422 or not (filters.since or filters.until):
                raise Undone(str(refused)) from None
        self._moments = True
        try:
            return asked(filters.stated(moments=True))
        except Refused as refused:
            raise Undone(str(refused)) from None


def _number(value: JSON) -> JSON:
    """A number, also where it comes as text; another value as it is."""
    return decode_int(value) if isinstance(value, str) else value
