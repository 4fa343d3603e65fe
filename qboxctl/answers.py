"""What an answer of the Management API means: usable, a refusal, or trouble. Knows no HTTP library.

An answer is a hostile input: it is decoded with limits, and every text of it that is shown is redacted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from qboxctl.errors import ApiError, FieldError, OutcomeUnknown, Refused
from qboxctl.model import JSON


@dataclass(frozen=True, slots=True)
class Answer:
    """A usable answer: the status, the JSON object in the body (None for an empty one), two headers as they came.

    ``request`` names what it answers.
    """

    status: int
    data: Mapping[str, JSON] | None
    location: str = ""
    date: str = ""
    request: str = ""

    @property
    def resources(self) -> list[Mapping[str, JSON]]:
        """The rows; raises ApiError where there is no list of objects."""
        rows = (self.data or {}).get("resources")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            hint = "check the endpoint: this does not look like the Qboxmail Management API"
            raise ApiError("the answer has no list of resources", hint=hint, request=self.request)
        return rows


class TooMany(Exception):
    """429: it was not done, and may be tried again after ``seconds`` (None: the server does not say)."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self.seconds = seconds


def judge(status: int, reason: str, headers: Mapping[str, str], content: bytes, redact: Callable[[str], str]) -> Answer:
    """Tell an answer from a refusal and from trouble."""
    if status == 429:
        raise TooMany(_retry_after(headers.get("retry-after")))
    if status in (408, 425) or status >= 500:
        raise OutcomeUnknown(f"{status} {redact(reason)}{_first_line(content, redact)}", status=status)
    if 300 <= status < 400:
        raise Refused(status, "the API answers with a redirect, which is not followed: check the endpoint")
    try:
        data = json.loads(content) if content.strip() else None
    except (ValueError, RecursionError):
        data = ...
    if status >= 400:
        raise _refusal(status, data, content, redact)
    if data is ... or not (data is None or isinstance(data, dict)):
        raise OutcomeUnknown(f"{status}, but no JSON object came{_first_line(content, redact)}", status=status)
    return Answer(status, data, headers.get("location", ""), headers.get("date", ""))


def _refusal(status: int, data: JSON, content: bytes, redact: Callable[[str], str]) -> ApiError:
    if not isinstance(data, dict) or "message" not in data:
        message = f"it is no answer of the API{_first_line(content, redact)}"
        if status in (401, 403):
            return Refused(status, message)
        return OutcomeUnknown(f"{status}, and {message}", status=status, foreign=True)
    rows = data.get("errors")
    fields = tuple(
        FieldError(redact(str(row.get("field", "")))[:200], redact(str(row.get("description", "")))[:500])
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    )
    return Refused(status, redact(str(data["message"]))[:500], fields[:50])


def printable(text: str) -> str:
    """A text from outside without anything that could move a terminal's cursor."""
    return "".join(char if char.isprintable() else " " for char in text)[:2000]


def _first_line(content: bytes, redact: Callable[[str], str]) -> str:
    lines = content[:4000].decode("utf-8", "replace").strip().splitlines()
    return f": {redact(lines[0])[:120]}" if lines else ""


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
    except ValueError:
        return None
