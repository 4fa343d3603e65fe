"""One HTTP client for the Management API: token, rate, retries, and what an answer means.

A ``Reader`` cannot write; a ``Client`` can. The token goes to the configured endpoint only: redirects are not
followed, and plain http is for this machine alone (see settings).
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

import httpx

from qboxctl import __version__
from qboxctl.api.backoff import REPEATED
from qboxctl.api.in_process import InProcess
from qboxctl.api.rate import Clock, Limiter, SystemClock
from qboxctl.api.redaction import Redaction
from qboxctl.api.responses import Answer, TooMany, classify
from qboxctl.api.transport import Network, body_of
from qboxctl.config.settings import ApiSettings, is_loopback
from qboxctl.errors import ApiError, AuthError, Busy, OutcomeUnknown, Refused, Unreachable
from qboxctl.model import JSON, Revealed

LONGEST_WAIT = 3600.0
"""The longest Retry-After in seconds that is obeyed; a longer one ends the run."""
MOST_REFUSALS = 60
"""How many 429 in a row one request may get."""
MOST_ASTRAY = 2
"""How often a request is repeated that may go the wrong way: to a proxy that lets nothing through, before any answer
was heard, or to a server whose page cannot come from the API (404 without JSON)."""

SILENCE = 1.5
"""Seconds without an answer, the first of all or the first after trouble, until that is told."""

_NOTHING_HERE = "nothing listens there: `qboxctl emulator` starts an account to play with"
_NO_WAY = "look at the endpoint, and whether this machine may reach it: name server, proxy, firewall"
_NO_TRUST = "a certificate of your own, or of a proxy that looks into TLS, is trusted where SSL_CERT_FILE names it"
_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
_LIBRARY = re.compile(r"^\[SSL(?:: \w+)?\] | \(_ssl\.c:\d+\)")
"""What the system and its TLS library put around a reason, for their own programmers."""


@dataclass(slots=True)
class Sent:
    """What is counted for the report: requests sent, and those that were repetitions."""

    requests: int = 0
    repeated: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Reader:
    """A client that can only read. So many 429 in a row as ``most_refusals`` may one request get."""

    most_refusals = MOST_REFUSALS

    def __init__(
        self,
        endpoint: str,
        token: Revealed,
        api: ApiSettings,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
        stop: threading.Event | None = None,
        log: Callable[[str], None] | None = None,
        notice: Callable[[str], None] | None = None,
        answered: Callable[[], None] | None = None,
        chance: Callable[[], float] = random.random,
        silence: float = SILENCE,
    ) -> None:
        self.api = api
        self.clock: Clock = clock or SystemClock()
        self.stop = stop or threading.Event()
        self._closed = False
        self.limiter = Limiter(api.concurrency, api.requests_per_second, self.clock, lambda: self.over)
        self.sent = Sent()
        self.redact = Redaction()
        self._log, self._notice, self._answered, self._chance = log, notice, answered, chance
        self._told: set[str] = set()
        self.redact.hide(token, token=True)
        way = transport or Network(endpoint, api)
        self._silence, self._heard = silence, isinstance(way, InProcess)
        self._route = way.route if isinstance(way, Network) else ""
        self._http = httpx.Client(
            base_url=endpoint if "//" in endpoint else "http://emulator",
            headers={
                **self.credentials(token.open()),
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": f"qboxctl/{__version__}",
            },
            timeout=api.timeout,
            transport=way,
            follow_redirects=False,
            trust_env=False,
        )

    def credentials(self, token: str) -> Mapping[str, str]:
        """The header that a token goes in."""
        return {"X-Api-Token": token}

    def understood(
        self, status: int, reason: str, headers: Mapping[str, str], content: bytes, bare: Collection[str] | None
    ) -> Answer:
        """What an answer means; see ``classify``."""
        answer = classify(status, reason, headers, content, self.redact, bare)
        try:
            return replace(answer, data=self.redact.without_tokens(content, answer.data))
        except RecursionError:
            raise OutcomeUnknown(f"{status}, but the JSON that came is too deep", status=status) from None

    def hide(self, secret: Revealed) -> None:
        """Let a secret that is sent appear in no message, even where a server repeats what it was sent."""
        self.redact.hide(secret, sent=True)

    @property
    def over(self) -> bool:
        """Whether nothing is to be sent anew: the run is to stop, or nobody waits for what is still under way."""
        return self._closed or self.stop.is_set()

    def close(self) -> None:
        """Close the connections; requests that are under way in other threads fail."""
        self._closed = True
        self._http.close()

    def get(self, path: str, query: Mapping[str, str | int] | None = None, *, assumed: bool = False) -> Answer:
        """Read with GET; raises AuthError, Refused and other ApiErrors. There may be no call that is ``assumed``."""
        return self._read("GET", path, query, None, assumed=assumed)

    def look_up(self, path: str, body: Mapping[str, JSON]) -> Answer:
        """Read with the one POST of the API that only reads (details of a suppression entry)."""
        if not path.endswith("/details"):
            raise ValueError(f"POST {path} is not known to only read")
        return self._read("POST", path, None, body, assumed=False)

    def _read(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: Mapping[str, JSON] | None,
        *,
        assumed: bool,
    ) -> Answer:
        try:
            return self._send(method, path, query, body, repeatable=True, assumed=assumed)
        except Refused as refused:
            if refused.status == 401:
                hint = "a Management API token is needed here; a Send API token, made for one Delivery account, is not"
                raise AuthError(f"the API refuses the token ({refused})", hint=hint, status=401) from None
            if refused.status == 403:
                hint = "ask for the permission, or use the token of a user who has it"
                raise AuthError(f"the token may not read this ({refused})", hint=hint, status=403) from None
            raise

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: Mapping[str, JSON] | None,
        *,
        repeatable: bool,
        assumed: bool,
        telling: bool = False,
    ) -> Answer:
        faults = refusals = 0
        lost: OutcomeUnknown | None = None
        request = self.redact(_name(method, path, query))  # a path holds ids that the server chose
        while True:
            began = self.clock.monotonic()
            try:
                with self.limiter.slot():
                    answer = self._once(method, path, query, body, assumed=assumed, telling=telling)
                return replace(answer, request=request)
            except TooMany as wait:
                refusals += 1
                if refusals > self.most_refusals or self.over:
                    told = "the server keeps answering 429, too many requests"
                    raise Busy(told, hint="try again later", request=request, lost=lost) from None
                self._hold(wait.seconds, refusals, request, lost)
            except Refused as refused:
                refused.request = request
                raise
            except (Unreachable, OutcomeUnknown) as fault:
                faults += 1
                fault.request, fault.tries = request, faults
                if isinstance(fault, OutcomeUnknown):
                    lost, final = fault, not repeatable
                    if fault.seconds is not None and fault.seconds <= LONGEST_WAIT:
                        if final:
                            self._say(f"{fault.text}: all wait {fault.seconds:.1f} s", fault.seconds)
                        self.limiter.pause(fault.seconds)  # all, also where this one is not sent again
                else:
                    fault.lost, final = lost, fault.lasting
                final = final or (fault.foreign and faults > MOST_ASTRAY)
                if final or faults > self.api.retries or self.over:
                    raise
                self._rest(fault, began, lost)
                if self.over:  # meanwhile: nothing is sent anew
                    raise
            with self.sent.lock:
                self.sent.repeated += 1

    def _rest(self, fault: ApiError, began: float, lost: OutcomeUnknown | None) -> None:
        """Wait before a request is sent anew, and tell why; ``began`` is when the attempt that failed did."""
        asked = fault.seconds or 0.0
        if asked > LONGEST_WAIT:
            raise _too_long(asked, fault.request, lost) from None
        seconds = max(self.backoff(fault.tries), asked)
        took = self.clock.monotonic() - began + seconds
        why = f"{fault.text}; again in {seconds:.1f} s"
        if isinstance(fault, Unreachable):  # the same for all that are under way
            self._say(why, took, once=f"{fault.text} {fault.tries}")
        else:
            self._say(f"{fault.request}: {why}", took)
        self.wait(seconds)

    def _hold(self, seconds: float | None, refusals: int, request: str, lost: OutcomeUnknown | None) -> None:
        if seconds is not None and seconds > LONGEST_WAIT:
            raise _too_long(seconds, request, lost)
        pause = seconds if seconds is not None else self.backoff(min(refusals, 6))
        self._say(f"429, too many requests: all wait {pause:.1f} s", pause)
        self.limiter.pause(pause)

    def wait(self, seconds: float) -> None:
        """Wait, but not on when the run is to stop."""
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 0 and not self.over:
            self.clock.sleep(min(left, 0.25))

    def backoff(self, attempt: int) -> float:
        """How long to wait before repetition number ``attempt``."""
        return REPEATED.seconds(attempt, self._chance)

    def _say(self, message: str, seconds: float, once: str = "") -> None:
        """Tell why something takes ``seconds``; what is short, and what was told ``once``, is for the log only."""
        with self.sent.lock:
            known = once in self._told
            if once and seconds >= 1:
                self._told.add(once)
        tell = self._notice if self._notice and seconds >= 1 and not known else self._log
        if tell:
            tell(message)

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: Mapping[str, JSON] | None,
        *,
        assumed: bool,
        telling: bool,
    ) -> Answer:
        request = self._request(method, path, query, body)
        with self.sent.lock:
            self.sent.requests += 1
        started = self.clock.monotonic()
        bare: Collection[str] | None = body.keys() if body is not None and self.redact.sent_in(body) else None
        try:
            with self._listening(request.url.netloc.decode()):
                response = self._http.send(request, stream=True)
                try:
                    content = body_of(response, self.api.timeout)
                finally:
                    response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError,
                httpx.UnsupportedProtocol) as error:  # fmt: skip
            where = f"{request.url.netloc.decode()}{self._route}"
            untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
            hint = _NO_TRUST if untrusted else _NOTHING_HERE if is_loopback(request.url.host) else _NO_WAY
            told = f"no connection to {where}: {self._reason(error)}"
            through_nothing = bool(self._route) and not self._heard
            raise Unreachable(told, hint=hint, lasting=untrusted, foreign=through_nothing) from None
        except httpx.HTTPError as error:
            self._heard = False
            reason = self._reason(error, bare=telling or bare is not None)
            raise OutcomeUnknown(f"the connection broke ({reason})") from None
        if self._log:
            took = 1000 * (self.clock.monotonic() - started)
            self._log(f"{self.redact(f'{method} {path}')} {response.status_code} {took:.0f} ms")
        if bare is None and telling and not 400 <= response.status_code < 500:
            bare = ()
        try:
            answer = self.understood(response.status_code, response.reason_phrase, response.headers, content, bare)
        except OutcomeUnknown as unknown:
            if unknown.refusal is None or not assumed:
                raise
            raise unknown.refusal from None
        self.limiter.succeeded()
        self._heard = True
        self._told.clear()
        if self._answered:
            self._answered()
        return answer

    def _request(
        self, method: str, path: str, query: Mapping[str, str | int] | None, body: Mapping[str, JSON] | None
    ) -> httpx.Request:
        try:
            return self._http.build_request(
                method,
                f"{path}?{urlencode(query)}" if query else path,  # as ``params`` it would be parsed three times
                json=body,
                headers={"Content-Type": "application/json"} if body is not None else None,
            )
        except UnicodeEncodeError:
            raise ApiError(
                "it is not sent: an argument or a file name in it is not UTF-8 text",
                hint="look at the encoding of the terminal, or rename the file",
                request=self.redact(_name(method, path, query)),
            ) from None

    @contextmanager
    def _listening(self, where: str) -> Iterator[None]:
        """Tell of a server that lets a request wait, as long as it is not known to answer; once for all of them."""
        if self._heard or not self._notice:
            yield
            return
        told = f"no answer from {where} yet; it has {self.api.timeout:g} s"
        alarm = threading.Timer(self._silence, self._wonder, (told,))
        alarm.daemon = True
        alarm.start()
        try:
            yield
        finally:
            alarm.cancel()

    def _wonder(self, told: str) -> None:
        """Tell of a silence, unless an answer to another request has come meanwhile."""
        if not self._heard:
            self._say(told, self.api.timeout, told)

    def _reason(self, error: Exception, *, bare: bool = False) -> str:
        """What the HTTP library says of a failure; where it quotes the server, only up to that."""
        text = str(error).partition("bytearray(")[0].partition("b'")[0].partition('b"')[0].rstrip(" :")
        if not text or (bare and isinstance(error, httpx.ProtocolError)):
            return type(error).__name__
        line = self.redact(text.splitlines()[0])
        tls = "TLS: " if line.startswith("[SSL") else ""
        return (tls + _LIBRARY.sub("", _NUMBER.sub("", line)))[:200]


class Client(Reader):
    """A client that can also write."""

    def write(
        self,
        method: str,
        path: str,
        body: Mapping[str, JSON] | None = None,
        *,
        repeatable: bool,
        telling: bool = False,
    ) -> Answer:
        """Send a write. ``repeatable`` ones are sent again after a fault; others raise OutcomeUnknown.

        The answer to one that is ``telling`` may hold a secret: no message quotes it. Who writes has read: the endpoint
        is right, and 404 in any JSON says that something is not there.

        Raises OutcomeUnknown also where an answer was lost, and the repetitions then did not get through.
        """
        try:
            return self._send(method, path, None, body, repeatable=repeatable, assumed=True, telling=telling)
        except ApiError as error:
            if error.lost is None:
                raise
            raise OutcomeUnknown(f"{error.lost.text}; and then: {error}", status=error.lost.status) from None


def _too_long(seconds: float, request: str, lost: OutcomeUnknown | None) -> Busy:
    """What to raise where the server asks for more patience than a run has."""
    told = f"the server asks to wait {seconds:.0f} s before the next request"
    return Busy(told, hint="try again later", request=request, lost=lost)


def _name(method: str, path: str, query: Mapping[str, str | int] | None) -> str:
    """A request as messages name it."""
    page = (query or {}).get("page", 1)
    return f"{method} {path}" if page == 1 else f"{method} {path} (page {page})"
