"""The emulator itself: one account behind a function from request to response, for any transport.

It checks the token, plays faults, keeps the log of requests and answers the control calls under
``/_emulator/``. Waiting happens outside the lock, so that latency does not serialise requests.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from qboxctl.emulator.behaviour import behaviour_of
from qboxctl.emulator.bodies import Bodies
from qboxctl.emulator.faults import Aim, Fault
from qboxctl.emulator.jobs import SERVICES
from qboxctl.emulator.kinds.mailbox import log_in
from qboxctl.emulator.operations import Operations
from qboxctl.emulator.quirks import settled
from qboxctl.emulator.seeds import dump, plant
from qboxctl.emulator.state import Store
from qboxctl.emulator.wire import Logged, Refusal, Request, Response, answer, masked, refused
from qboxctl.model import JSON, MISSING
from qboxctl.resources import TYPES
from qboxctl.schema.formats import relaxed_domain
from qboxctl.schema.kinds import Kinds

CONTROL = "/_emulator/"
"""The calls below this path steer the emulator: no token, no log, no faults."""
_HTML = b"<!doctype html><html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


class Emulator:
    """The Management API with one customer's account behind it.

    ``token`` None accepts any. ``latency`` is in seconds: how long every request takes, work included.
    ``extra_fields`` teaches it attributes that no definition knows, by kind. ``on_write`` is called after each
    change of the account, outside the lock, by the thread that made it. ``clock`` gives seconds since 1970, by which
    jobs begin. ``types`` are the kinds that it plays.
    """

    def __init__(
        self,
        *,
        token: str | None = None,
        quirks: Mapping[str, str] | None = None,
        faults: Sequence[Fault] = (),
        seed: Mapping[str, Any] | None = None,
        latency: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        on_write: Callable[[], None] | None = None,
        extra_fields: Mapping[str, Sequence[str]] | None = None,
        types: Kinds = TYPES,
    ) -> None:
        self.quirks = settled(quirks)
        self.requests: list[Logged] = []
        self._token = token
        self._aim = Aim(faults)
        self._latency = latency
        self._sleep = sleep
        self._on_write = on_write
        self._lock = threading.RLock()
        self._running = 0
        numeric = self.quirks["ids"] == "number"
        self._store = Store(types, {kind: behaviour_of(kind).code for kind in types}, numeric=numeric)
        self._services = [service(self._store, self.quirks, clock) for service in SERVICES]
        self._secret = _secret_names(types).union(*(service.secret for service in SERVICES))
        bodies = Bodies(types, extra_fields or {}, numeric=numeric)
        plant(self._store, seed or {}, bodies.extra)
        for service in self._services:
            service.plant((seed or {}).get(service.name))
        self._operations = Operations(self._store, bodies, self.quirks)

    # -- for tests and demonstrations ----------------------------------------------------------------------

    @property
    def password_sets(self) -> dict[str, int]:
        """How many times a request has set each password, by address; a postmaster's is the domain's."""
        with self._lock:
            return dict(self._store.password_sets)

    def has_password(self, address: str, text: str) -> bool:
        """Whether this is the password of the object with this address."""
        with self._lock:
            return self._store.has_password(self._store.types.address(address), text)

    def opened_by(self, text: str, *, use: bool = False) -> str:
        """The address of the live object that a secret opens which was told once, "" for none; to ``use`` it counts."""
        with self._lock:
            found = self._store.opened_by(text)
            if found is None:
                return ""
            if use:
                found.accessed = self._store.touch(found)
            return str(self._store.address(found))

    def dump(self, *, codes: bool = True) -> dict[str, Any]:
        """The whole account as a seed, in a form that compares; ``codes`` False leaves out codes and ids."""
        with self._lock:
            jobs = {service.name: found for service in self._services if codes and (found := service.dump())}
            return {**dump(self._store, codes=codes), **jobs}

    def publish(self, domain: str) -> None:
        """What the domain's records say is in DNS from now on: its ownership is proved, and it may send."""
        with self._lock:
            self._store.publish(relaxed_domain(domain))

    def log_in(self, mailbox: str, password: str, new: str = "") -> bool:
        """What a user does with a mailbox's address and password; True where that lets the user in.

        A user who must change the password gives a ``new`` one, after which it need not be changed again.
        """
        with self._lock:
            return log_in(self._store, mailbox, password, new)

    # -- requests ------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one request; may be called from many threads at once."""
        if request.path.startswith(CONTROL):
            response = self._control(request)
            if request.method == "POST" and response.status == 204:
                self._written()
            return response
        started = time.monotonic()
        with self._lock:
            self._running += 1
            running = self._running
        try:
            return self._handle(request, started, running)
        finally:
            with self._lock:
                self._running -= 1

    def _handle(self, request: Request, started: float, running: int) -> Response:
        hits = self._aim.hits(request.method, request.path, request.query.get("page", ""))
        delay = sum(fault.seconds for fault in hits if fault.kind == "delay")
        if delay:
            self._sleep(delay)
        received = time.monotonic()
        fault = next((fault for fault in hits if fault.kind != "delay"), None)
        body = _decoded(request.body)
        if fault is not None and fault.before:
            response = _spoilt(fault, Response(0))
        else:
            response = self._answer(request, body, fault)
            response = response if fault is None else _spoilt(fault, response)
        left = self._latency - (time.monotonic() - received)
        if left > 0:
            self._sleep(left)
        shown = None if body is MISSING else masked(body, self._secret)
        fault_kinds = ",".join(hit.kind for hit in hits)
        entry = Logged(request.method, request.path, dict(request.query), shown, response.status, started,
                       time.monotonic(), fault_kinds, running)  # fmt: skip
        with self._lock:
            self.requests.append(entry)
        return response

    def _answer(self, request: Request, body: JSON, fault: Fault | None) -> Response:
        with self._lock:
            guarded = any(service.guards(request) for service in self._services)
            if not guarded and not self._admitted(request.headers.get("x-api-token", "")):
                return refused(Refusal(401))
            self._operations.changed = False
            for service in self._services:
                service.changed = False
            try:
                answers = (service.answer(request, body) for service in self._services)
                found = next((one for one in answers if one is not None), None)
                response = found or self._operations.answer(request, body, fault)
            except Refusal as refusal:
                response = refused(refusal)
            changed = self._operations.changed or any(service.changed for service in self._services)
        if changed:
            self._written()
        return response

    def _written(self) -> None:
        if self._on_write is not None:
            self._on_write()

    def _admitted(self, token: str) -> bool:
        if not token or token.startswith("send_"):
            return False
        return self._store.opened_by(token) is None if self._token is None else token == self._token

    # -- control calls -------------------------------------------------------------------------------------

    def _control(self, request: Request) -> Response:
        match request.method, request.path.removeprefix(CONTROL):
            case "GET", "requests":
                with self._lock:
                    return answer(200, {"requests": [asdict(entry) for entry in self.requests]})
            case "DELETE", "requests":
                with self._lock:
                    self.requests.clear()
                return answer(204)
            case "GET", "state":
                return answer(200, self.dump())
            case "POST", "publish":
                body = _decoded(request.body)
                domain = body.get("domain") if isinstance(body, dict) else None
                if not isinstance(domain, str) or not domain:
                    return refused(Refusal(422, [("domain", "can't be blank")]))
                self.publish(domain)
                return answer(204)
            case "POST", "login":
                body = _decoded(request.body)
                words = (
                    [body.get(name, "") for name in ("mailbox", "password", "new")] if isinstance(body, dict) else []
                )
                known = bool(words) and all(isinstance(word, str) for word in words)
                return answer(204) if known and self.log_in(*words) else refused(Refusal(401))
            case "POST", control:
                body = _decoded(request.body)
                with self._lock:
                    known = any(service.control(control, body) for service in self._services)
                return answer(204) if known else refused(Refusal(404))
            case _:
                return refused(Refusal(404))


def _secret_names(types: Kinds) -> frozenset[str]:
    """What bodies and answers call the secrets."""
    fields = [one for type_ in types.values() for one in type_.fields if one.secret]
    told = {name for type_ in types.values() for name in type_.secret_answers}
    return frozenset(told | {name for one in fields for name in (one.wire, f"{one.wire}_confirmation")})


def _decoded(body: bytes) -> JSON:
    """The JSON of a body; MISSING where it is none, or where its nesting is an attack."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return MISSING


def _no_constant(word: str) -> JSON:
    raise ValueError(f"{word} is not JSON")


def _spoilt(fault: Fault, response: Response) -> Response:
    """What goes out in place of a response that a fault has hit."""
    match fault.kind:
        case "drop-before" | "drop-after":
            return Response(0, broken="drop")
        case "cut":
            return replace(response, broken="cut") if response.body else Response(0, broken="drop")
        case "shift" | "grow" | "hide":
            return response
        case "slow" | "late":
            return replace(response, broken=fault.kind, seconds=fault.seconds)
        case "html":
            return Response(fault.status, {"content-type": "text/html; charset=utf-8"}, _HTML)
        case _:
            spoilt = refused(Refusal(int(fault.kind)))
            if fault.retry_after is None:
                return spoilt
            return replace(spoilt, headers={**spoilt.headers, "retry-after": f"{fault.retry_after:g}"})
