"""A way to a server inside this process, such as the emulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import httpx

from qboxctl.schema.calls import readable


class Handled(Protocol):
    """What an in-process server answers (see qboxctl.emulator)."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        ...

    @property
    def body(self) -> bytes:
        """The whole body."""
        ...

    @property
    def broken(self) -> str:
        """How the connection breaks: "" (not at all), "drop", "cut", "slow" or "late"."""
        ...

    @property
    def seconds(self) -> float:
        """How long a slow or late answer takes."""
        ...


class InProcess(httpx.BaseTransport):
    """A transport to a server inside this process, broken connections included."""

    def __init__(self, handle: Callable[[str, str, Mapping[str, str], Mapping[str, str], bytes], Handled]) -> None:
        self._handle = handle

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the server."""
        done = self._handle(
            request.method,
            readable(request.url.raw_path.partition(b"?")[0].decode()),
            dict(request.url.params),
            {name.lower(): value for name, value in request.headers.items()},
            request.read(),
        )
        if done.broken == "drop":
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        if done.broken == "cut":
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
        if done.broken and done.seconds > request.extensions["timeout"]["read"]:
            raise httpx.ReadTimeout("The read operation timed out", request=request)
        return httpx.Response(done.status, headers=dict(done.headers), content=done.body, request=request)
