"""What an answer of the Management API means: usable, a refusal, or trouble. Knows no HTTP library.

An answer is a hostile input: it is decoded with limits, and every text of it that is shown is redacted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from math import isfinite

from qboxctl.api.redaction import MASK
from qboxctl.errors import ALREADY_EXISTS, FOREIGN, ApiError, FieldError, OutcomeUnknown, Refused
from qboxctl.model import JSON


@dataclass(frozen=True, slots=True)
class Answer:
    """A usable answer: the status, the JSON object in the body (None for an empty one), two headers as they came.

    ``request`` names what it answers.
    """

    status: int
    data: Mapping[str, JSON] | None = field(repr=False)  # it may hold a secret that the server tells
    location: str = ""
    date: str = ""
    request: str = ""

    @property
    def resources(self) -> list[Mapping[str, JSON]]:
        """The rows; raises ApiError where there is no list of objects."""
        rows = (self.data or {}).get("resources")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ApiError("the answer has no list of resources", hint=FOREIGN, request=self.request)
        return rows

    def in_any_shape(self) -> Answer:
        """The same, with each row that is no object as the ``row`` of one: for lists that no reference describes."""
        data = self.data or {}
        rows = data.get("resources")
        if not isinstance(rows, list):
            return self
        return replace(
            self, data={**data, "resources": [one if isinstance(one, dict) else {"row": one} for one in rows]}
        )

    @property
    def row(self) -> Mapping[str, JSON]:
        """The first row, such as that of a new object; empty where there is none."""
        rows = (self.data or {}).get("resources")
        return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}


class TooMany(Exception):
    """429: it was not done, and may be tried again after ``seconds`` (None: the server does not say)."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self.seconds = seconds


_UNTOLD = f"{MASK} (what the server says is not shown, since a secret was sent)"
_UNHEARD = f"{MASK} (what the server says is not shown, since it may hold a secret)"


def classify(
    status: int,
    reason: str,
    headers: Mapping[str, str],
    content: bytes,
    redact: Callable[[str], str],
    sent: Collection[str] | None = None,
) -> Answer:
    """Tell an answer from a refusal and from trouble.

    ``sent`` are the names in a request that carried a secret: of its answer none but these is shown, since a server
    may repeat the secret in a spelling that nobody thinks of. Of an answer that may hold a secret of its own, ``sent``
    has none.
    """
    told = _Told(content, redact, sent)
    seconds = _retry_after(headers.get("retry-after")) if status == 429 or status >= 500 else None
    if status == 429:
        raise TooMany(seconds)
    if status in (408, 425) or not 200 <= status < 500:
        raise OutcomeUnknown(f"{status}{told.after(reason)}", status=status, seconds=seconds)
    if 300 <= status < 400:
        raise Refused(status, "the API answers with a redirect, which is not followed: check the endpoint")
    try:
        data = json.loads(content, parse_constant=str, parse_float=_number) if content.strip() else None
    except (ValueError, RecursionError):
        data = ...
    if status >= 400:
        raise _refusal(status, reason, data, told)
    if data is ... or not (data is None or isinstance(data, dict)):
        raise OutcomeUnknown(f"{status}, but no JSON object came{told.after()}", status=status)
    return Answer(status, data, headers.get("location", ""), headers.get("date", ""))


def _refusal(status: int, reason: str, data: JSON, told: _Told) -> ApiError:
    """What a 4xx means. Servers answer 405, and 404 in JSON, in words of their own where a call is not there.

    405 has no other meaning; 404 could also be that of another server, whose account would look empty.
    """
    if not isinstance(data, dict) or "message" not in data:
        message = f"it is no answer of the API{told.after()}"
        if status in (401, 403):
            return Refused(status, message)
        none = Refused(status, (told.after() or told.after(reason)).lstrip(" :"), hint=FOREIGN)
        if status == 405:
            return none
        refusal = none if status == 404 and isinstance(data, dict) else None
        return OutcomeUnknown(f"{status}, and {message}", status=status, foreign=True, refusal=refusal)
    rows = data.get("errors")
    fields = [told.row(row) for row in (rows if isinstance(rows, list) else []) if isinstance(row, dict)]
    return Refused(status, told.message(data["message"]), tuple(one for one in fields if one)[:50])


@dataclass(frozen=True, slots=True)
class _Told:
    """What may be shown of an answer that is no usable one."""

    content: bytes
    redact: Callable[[str], str]
    sent: Collection[str] | None

    def after(self, reason: str = "") -> str:
        """The reason and the first line of the body, to stand behind a status."""
        if self.sent is not None:
            return f" {_UNTOLD if self.sent else _UNHEARD}"
        lines = self.content[:4000].decode("utf-8", "replace").strip().splitlines()
        line = f": {self.redact(lines[0])[:120]}" if lines else ""
        return f" {self.redact(reason)}{line}" if reason else line

    def message(self, text: JSON) -> str:
        """The message of a refusal."""
        return self.redact(str(text))[:500] if self.sent is None else _UNTOLD

    def row(self, row: Mapping[str, JSON]) -> FieldError | None:
        """One row of a refusal: of a secret one only the attribute, and what decides how the run goes on."""
        name, text = str(row.get("field", "")), str(row.get("description", ""))
        if self.sent is None:
            return FieldError(self.redact(name)[:200], self.redact(text)[:500])
        known = ALREADY_EXISTS if ALREADY_EXISTS in text else ""
        return FieldError(name, known) if name in self.sent else None


def _number(text: str) -> float | str:
    """A number; as text, as which it is understood by nobody, where no JSON could state it again."""
    found = float(text)
    return found if isfinite(found) else text


def _retry_after(text: str | None) -> float | None:
    """Seconds from a Retry-After header: a number, or a date."""
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
