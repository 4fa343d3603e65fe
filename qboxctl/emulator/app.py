"""The emulator on a socket: a Starlette application and a uvicorn server around ``Emulator.handle``.

Broken connections really happen here. This module needs the extra ``emulator``; import it only where it is used.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import uvicorn
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from qboxctl.emulator.core import Emulator
from qboxctl.emulator.wire import Request, Response
from qboxctl.schema.calls import readable
from qboxctl.signals import heeded

_TRANSPORT = "qboxctl.api.transport"
_THREADS = 256
_PIECES = 40
"""How many pieces a slow body is cut into at most."""


class _Application(Starlette):
    """Starlette, and a note of the connection for those who have to break it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # uvicorn's send is a method of the object that holds the transport; every layer below wraps it
        scope[_TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)
        await super().__call__(scope, receive, send)


class _Gateway:
    """Brings each HTTP request to the emulator, in a thread, and its response back."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._limiter: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        path = readable(scope["raw_path"].decode("ascii", "replace"))
        request = Request(http.method, path, dict(http.query_params), dict(http.headers.items()), await http.body())
        if self._limiter is None:
            self._limiter = CapacityLimiter(_THREADS)
        response = await to_thread.run_sync(self._emulator.handle, request, limiter=self._limiter)
        if response.broken == "drop":
            await _hang_up(scope, receive)
            return
        if response.broken == "late":
            await asyncio.sleep(response.seconds)
        await send({"type": "http.response.start", "status": response.status, "headers": _headers(response)})
        match response.broken:
            case "cut":
                half = response.body[: len(response.body) // 2]
                await send({"type": "http.response.body", "body": half, "more_body": True})
                await _hang_up(scope, receive)
            case "slow":
                await _send_slowly(response, send)
            case _:
                await send({"type": "http.response.body", "body": response.body})


def _headers(response: Response) -> list[tuple[bytes, bytes]]:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    if response.status in (204, 304):
        return headers
    return [*headers, (b"content-length", str(len(response.body)).encode())]


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection, and wait until the server knows, so that it does not answer by itself."""
    transport = scope.get(_TRANSPORT)
    if transport is None:
        raise ConnectionAbortedError("this server's connections cannot be closed from inside")
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_slowly(response: Response, send: Send) -> None:
    step = max(1, -(-len(response.body) // _PIECES))
    starts = range(0, len(response.body), step)
    for start in starts:
        await asyncio.sleep(response.seconds / len(starts))
        await send({"type": "http.response.body", "body": response.body[start : start + step], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def build_app(emulator: Emulator) -> Starlette:
    """The ASGI application; only uvicorn lets it drop connections."""
    return _Application(routes=[Mount("/", app=_Gateway(emulator))])


class _Server(uvicorn.Server):
    """uvicorn that tells its port, and that ends on a signal without raising it again."""

    def __init__(self, emulator: Emulator, ready: Callable[[int], None] | None) -> None:
        super().__init__(
            uvicorn.Config(
                build_app(emulator),
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="critical",
                access_log=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=2,
            )
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self._ready is not None and self.started and sockets:
            self._ready(sockets[0].getsockname()[1])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in heeded()}
        try:
            yield
        finally:
            for number, previous in before.items():
                signal.signal(number, previous)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's delay off only where the protocol is named: 40 ms an answer otherwise
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def serve(emulator: Emulator, host: str, port: int, *, ready: Callable[[int], None] | None = None) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; port 0 is any free one, ``ready`` learns which. Raises OSError."""
    with _listening(host, port) as listener:
        _Server(emulator, ready).run(sockets=[listener])


class BackgroundServer:
    """A server in a thread on a free port of the loopback interface, for as long as the ``with`` lasts."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.port = 0
        self._started = threading.Event()
        self._listener = _listening("127.0.0.1", 0)
        self._server = _Server(emulator, self._note_port)
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def _note_port(self, port: int) -> None:
        self.port = port
        self._started.set()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._started.set()

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._started.wait(10) or not self.port:
            raise RuntimeError("the emulator did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()
