"""The way to the API: certificates, the proxy that the environment names, and one deadline for each whole request.

The library below begins its timeout anew with every byte; here all that a request does on the network, from its first
connection to the last trailer, shares the time that is left of it. How long the system looks for a name is its own.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

import httpcore
import httpx

from qboxctl.config.settings import ApiSettings, is_loopback
from qboxctl.errors import QboxctlError

_R = TypeVar("_R")
MAX_ANSWER = 64 * 1024 * 1024
"""The largest answer in bytes that is read, and that unpacking it may come to."""
_UNPACKED = 256 * 1024
"""How many bytes of an answer are unpacked in one go."""
_PIECE = 16 * 1024
"""How many bytes are written in one go, before the time is looked at."""
_PATIENCE = 3.0
"""Seconds at most for which an address is tried while there are others."""
_IDLE = 5.0
"""Seconds for which a connection waits for its next request."""
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
_PROXIES = ("http", "https", "socks5", "socks5h")


class Proxy(NamedTuple):
    """A proxy, and the variable that names it. ``shown`` is its address without user name and password."""

    variable: str
    shown: str
    way: httpcore.Proxy


class Network(httpx.BaseTransport):
    """Connections to one endpoint. Raises QboxctlError where the environment allows none.

    ``route`` says how they go, where that is not straight. What this machine itself answers is asked straight.
    ``look_up`` gives the addresses of a host and port; raises OSError.
    """

    def __init__(
        self,
        endpoint: str,
        api: ApiSettings,
        environ: Mapping[str, str] = os.environ,
        look_up: Callable[[str, int], list[str]] | None = None,
    ) -> None:
        parts = urlsplit(endpoint)
        host, secure = parts.hostname or "", parts.scheme == "https"
        trust = _certificates(environ) if secure else None  # loading them takes a tenth of a second
        straight = not secure or is_loopback(host)
        proxy = None if straight else proxy_of(host, parts.port or 443, environ, trust)
        self.route = f" through the proxy {proxy.shown} that {proxy.variable} names" if proxy else ""
        self._deadline = _Deadline(api.timeout)
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust,
            proxy=proxy.way if proxy else None,
            max_connections=api.concurrency,
            max_keepalive_connections=api.concurrency,
            keepalive_expiry=_IDLE,
            network_backend=_Backend(self._deadline, look_up or _addresses),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and receive the head of its answer; the body follows in the same thread."""
        url = request.url
        self._deadline.begin()
        with _told_as_httpx():
            answer = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=dict(answer.extensions)
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _told_as_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


@contextmanager
def _told_as_httpx() -> Iterator[None]:
    """Raise what the lower library raises as the error of the same name in the upper one."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError,
            httpcore.UnsupportedProtocol) as error:  # fmt: skip
        raise getattr(httpx, type(error).__name__)(str(error)) from None


class _Deadline(threading.local):
    """When the request of this thread has to be over."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begin()

    def begin(self) -> None:
        """Start the time of a request."""
        self._end = time.monotonic() + self.seconds

    def left(self, late: type[Exception]) -> float:
        """The seconds that are left; raises ``late`` where there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise late(self.message)
        return left

    @property
    def message(self) -> str:
        """What is told of a request that was not over in time."""
        return f"the request took longer than {self.seconds:g} s"


class _Backend(httpcore.NetworkBackend):
    """Makes connections whose operations keep to the deadline."""

    def __init__(self, deadline: _Deadline, look_up: Callable[[str, int], list[str]]) -> None:
        self._deadline, self._look_up = deadline, look_up
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of a host's addresses that answers; one that is silent leaves time for the others."""
        try:
            addresses = self._look_up(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from None
        trouble: Exception = httpcore.ConnectError(f"{host} has no address")
        for number, address in enumerate(addresses):
            left, untried = self._deadline.left(httpcore.ConnectTimeout), len(addresses) - number
            left = min(left / untried, _PATIENCE) if untried > 1 else left
            try:
                found = self._inner.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
            else:
                return _Stream(found, self._deadline)
        raise trouble


def _addresses(host: str, port: int) -> list[str]:
    return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class _Stream(httpcore.NetworkStream):
    """A connection whose operations keep to the deadline of the request that uses it."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what comes within the time that is left."""
        return self._bounded(partial(self._inner.read, max_bytes), httpcore.ReadTimeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write within the time that is left."""
        for start in range(0, len(buffer), _PIECE):
            self._bounded(partial(self._inner.write, buffer[start : start + _PIECE]), httpcore.WriteTimeout)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Agree on keys within the time that is left."""
        agree = partial(self._inner.start_tls, ssl_context, server_hostname)
        return _Stream(self._bounded(agree, httpcore.ConnectTimeout), self._deadline)

    def _bounded(self, work: Callable[[float], _R], late: type[Exception]) -> _R:
        try:
            return work(self._deadline.left(late))
        except httpcore.TimeoutException:
            raise late(self._deadline.message) from None

    def close(self) -> None:
        """Close the connection, and wake a thread that still waits for an answer: closed by itself, it would not."""
        under = self._inner.get_extra_info("socket")
        if under is not None:
            with suppress(OSError):  # the other side may have closed it before
                under.shutdown(socket.SHUT_RDWR)
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        """What the library asks about a connection."""
        return self._inner.get_extra_info(info)


def body_of(response: httpx.Response, seconds: float) -> bytes:
    """The body, as it is or unpacked once; bounded while it comes, in size and in time."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise httpx.DecodingError("the answer is packed in a way that was not asked for")
    raw = (
        [response.content] if response.is_stream_consumed else response.iter_raw()
    )  # the first, where it was in memory
    parts = _unpacked(raw) if encoding.endswith("gzip") and not response.is_stream_consumed else raw
    end = time.monotonic() + seconds
    found, size = [], 0
    for part in parts:
        if time.monotonic() > end:
            raise httpx.ReadTimeout(f"the request took longer than {seconds:g} s")
        size += len(part)
        if size > MAX_ANSWER:
            raise httpx.ReadError(f"an answer of more than {MAX_ANSWER // 2**20} MB")
        found.append(part)
    return b"".join(found)


def _unpacked(parts: Iterable[bytes]) -> Iterator[bytes]:
    """What gzip has packed, a piece at a time; empty pieces too, so that who counts the time can."""
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    some = False
    try:
        for part in parts:
            while part:
                if decoder.eof:
                    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
                yield decoder.decompress(part, _UNPACKED)
                part = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                some = True
    except zlib.error:
        raise httpx.DecodingError("the answer is not packed as it says") from None
    if some and not decoder.eof:
        raise httpx.DecodingError("the end of the packed answer is missing")


def _certificates(environ: Mapping[str, str]) -> ssl.SSLContext:
    """The certificates that are trusted: those that the environment names, else those that Mozilla trusts."""
    file, folders = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    try:
        if not file and not folders:
            return httpx.create_ssl_context(trust_env=False)
        if folders and not file and not any(os.path.isdir(one) for one in folders.split(os.pathsep)):
            raise OSError(0, "there is no such folder")
        return ssl.create_default_context(cafile=file or None, capath=folders or None)
    except OSError as error:
        named = " and ".join(f"{name}={environ[name]}" for name in _CERTIFICATES if environ.get(name))
        raise QboxctlError(
            f"the certificates of servers cannot be checked with {named or 'what is installed'}: {error.strerror}",
            hint="correct the variable, or unset it to trust what Mozilla trusts",
        ) from None


def proxy_of(host: str, port: int, environ: Mapping[str, str], trust: ssl.SSLContext | None) -> Proxy | None:
    """The proxy that the environment names for a https endpoint; raises QboxctlError for one that cannot be used."""
    chosen = next((name for kind in ("https", "all") if (name := _variable(kind, environ))), "")
    passed = environ.get("no_proxy", environ.get("NO_PROXY", ""))
    if not chosen or _goes_past(host, port, passed):
        return None
    hint = f"write http://HOST:PORT, unset {chosen}, or name {host} in NO_PROXY"
    text = environ[chosen].strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        name, number = parts.hostname or "", parts.port
        if parts.scheme not in _PROXIES or not name:
            raise ValueError(parts.scheme)
        address = name.encode("idna").decode() if not name.isascii() else name
    except ValueError:
        raise QboxctlError(f"{chosen} names no proxy that can be used: {'/'.join(_PROXIES)} can", hint=hint) from None
    if parts.scheme.startswith("socks") and not find_spec("socksio"):
        raise QboxctlError(
            f"{chosen} names a SOCKS proxy, and the package socksio is not installed",
            hint=f"pip install socksio, or {hint}",
        )
    number = number or {"http": 80, "https": 443}.get(parts.scheme, 1080)
    shown = f"{parts.scheme}://{f'[{name}]' if ':' in name else name}:{number}"
    user = (unquote(parts.username or ""), unquote(parts.password or ""))
    way = httpcore.Proxy(
        httpcore.URL(scheme=parts.scheme, host=address, port=number, target="/"),
        auth=(user[0].encode(), user[1].encode()) if any(user) else None,
        ssl_context=trust if parts.scheme == "https" else None,
    )
    return Proxy(chosen, shown, way)


def _variable(kind: str, environ: Mapping[str, str]) -> str:
    """The variable that names a proxy, "" for none; small letters count first, empty ones too, as everywhere."""
    name = f"{kind}_proxy"
    name = name if name in environ else name.upper()
    return name if environ.get(name, "").strip() else ""


def _goes_past(host: str, port: int, passed: str) -> bool:
    """Whether NO_PROXY names a host: itself, a domain above it, a network around it, or everything."""
    for entry in (word.strip().lower() for word in passed.replace(" ", ",").split(",")):
        if entry == "*":
            return True
        name, colon, number = entry.rpartition(":")
        if colon and number.isdigit() and (":" not in name or name.startswith("[")):
            if int(number) != port:
                continue
            entry = name
        entry = entry.strip("[]").removeprefix("*").removeprefix(".")
        if entry and (host == entry or host.endswith(f".{entry}") or _inside(host, entry)):
            return True
    return False


def _inside(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
