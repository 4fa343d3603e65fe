"""What goes in and out of the emulator: requests, responses and the log of both. No sockets here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from qboxctl.model import JSON

Row = dict[str, JSON]
"""An object as an answer shows it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; the names of the headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response; ``broken`` says what the transport has to do to it.

    ``cut``: only part of the body goes out, though content-length promises all. ``drop``: the connection is
    closed without an answer (and ``status`` is 0). ``slow``: the body takes ``seconds`` to go out. ``late``:
    for so long nothing goes out at all.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    broken: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Logged:
    """One request as it was answered; ``status`` is 0 where no answer went out, ``fault`` what hit it.

    ``body`` is the decoded JSON without its secrets, None where there was none. Times are monotonic. ``running``
    is how many requests were in flight when it came, itself included.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: JSON
    status: int
    started: float
    ended: float
    fault: str = ""
    running: int = 1


class Refusal(Exception):
    """The API says no: the HTTP status, and for 422 the attributes with what is wrong with them."""

    def __init__(self, status: int, errors: Iterable[tuple[str, str]] = (), allow: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.errors = tuple(errors)
        self.allow = allow


_MESSAGES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    422: "Validation failed",
    429: "Too many requests",
    500: "Internal server error",
    502: "Bad gateway",
    503: "Service unavailable",
}


PER = 25
"""The rows on a page where the request names no number."""


def positive(query: Mapping[str, str], name: str, default: int) -> int:
    """A number from 1 on in a query; 422 for what is none."""
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise Refusal(422, [(name, "is not valid")])
    return int(text[:9])


def answer(status: int, content: JSON = None, headers: Mapping[str, str] | None = None) -> Response:
    """A response with a JSON body, or without a body where there is nothing to say."""
    if content is None:
        return Response(status, dict(headers or {}))
    body = json.dumps(content, separators=(",", ":")).encode()
    return Response(status, {"content-type": "application/json", **(headers or {})}, body)


def refused(refusal: Refusal) -> Response:
    """The documented error body."""
    errors = [{"field": name, "description": text} for name, text in refusal.errors]
    content = {"message": _MESSAGES.get(refusal.status, "Error"), "errors": errors}
    return answer(refusal.status, content, {"allow": refusal.allow} if refusal.allow else None)


def masked(value: JSON, secret: frozenset[str]) -> JSON:
    """The same JSON with ``***`` for whatever stands under one of the secret names."""
    match value:
        case dict():
            return {name: "***" if name in secret else masked(item, secret) for name, item in value.items()}
        case list():
            return [masked(item, secret) for item in value]
        case _:
            return value
