"""A laboratory: the engine against an emulator in memory, with a clock that only moves when somebody waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from qboxctl.api.client import Client, Reader
from qboxctl.api.in_process import InProcess
from qboxctl.api.rate import SystemClock
from qboxctl.api.reader import Account
from qboxctl.api.transport import Network
from qboxctl.applying.apply import Hooks, apply_plan, still_asked
from qboxctl.applying.journal import Author
from qboxctl.applying.pace import Patience
from qboxctl.applying.preflight import Checked
from qboxctl.config.configuration import Configuration
from qboxctl.config.loader import load
from qboxctl.config.rules import check as check_wish
from qboxctl.config.secrets import Secrets
from qboxctl.config.settings import ApiSettings
from qboxctl.config.yaml.reader import Source
from qboxctl.dns.records import query_for_records, records_of
from qboxctl.emulator import Emulator, Fault, Request, Response
from qboxctl.emulator.app import BackgroundServer
from qboxctl.emulator.faults import Aim
from qboxctl.live.refresh import read_live_state
from qboxctl.model import LiveState, Outcome, Plan, Revealed
from qboxctl.planning.pipeline import read_and_plan
from qboxctl.planning.queries import query_for_plan
from qboxctl.planning.targets import Options, Targets
from qboxctl.resources import TYPES
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.records import Record

PASSWORD = "canary-Pa55word"
TOKEN = "canary-token-7f3a"
ENVIRON = {"PW": PASSWORD}

MOVING = ("404", "shift", "grow", "hide")
"""The faults whose answers look like all others, and do not tell the truth."""


class NowBlockedError(AssertionError):
    """A guard stops the apply of a plan that it let pass."""


class FakeClock:
    """Time that passes only by sleeping; safe for threads."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept = 0.0
        self._events: list[tuple[float, Callable[[], None]]] = []
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += max(seconds, 0.0)
            self.slept += max(seconds, 0.0)
            due = [event for when, event in self._events if when <= self.now]
            self._events = [one for one in self._events if one[0] > self.now]
        for event in due:
            event()

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        """Let something happen once so much time has passed."""
        self._events.append((self.now + seconds, event))


class QuickClock(FakeClock):
    """Real time, a hundred times as fast: for tests over sockets, where others really wait."""

    def monotonic(self) -> float:
        return time.monotonic() * 100

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(seconds, 0.0) / 100)


TROUBLES: Mapping[str, Exception] = {
    "refused": httpx.ConnectError("[Errno 111] Connection refused"),
    "no way": httpx.ConnectTimeout("timed out"),
    "no name": httpx.ConnectError("[Errno -2] Name or service not known"),
    "no trust": httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"),
}
"""Why no connection can be made."""


@dataclass(frozen=True)
class Trouble(Fault):
    """What keeps requests from leaving: counted as a fault of the emulator is, which never hears of it."""

    def __post_init__(self) -> None:
        assert self.kind in TROUBLES


class Unreliable(httpx.BaseTransport):
    """A transport that sometimes makes no connection."""

    def __init__(self, inner: httpx.BaseTransport, aim: Aim, lost: list[Fault]) -> None:
        self.inner, self.aim, self.lost = inner, aim, lost

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for trouble in self.aim.hits(request.method, request.url.path):
            self.lost.append(trouble)
            raise TROUBLES[trouble.kind]
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


@contextmanager
def socket_lab(**parts: Any) -> Iterator[Lab]:
    """A lab whose emulator listens on a real socket; what breaks there really breaks."""
    lab = Lab(**{"clock": QuickClock(), **parts})
    with BackgroundServer(lab.emulator) as server:
        lab.endpoint = server.url
        lab.sockets = True
        yield lab


def configuration_of(*texts: str, environment: str = "default", types: Kinds = TYPES) -> Configuration:
    """The configuration of some files; raises ConfigError."""
    configuration = load([Source(f"file{number}.yaml", text) for number, text in enumerate(texts)], types, environment)
    errors = [found for found in check_wish(configuration, types) if found.severity == "error"]
    assert not errors, errors
    return configuration


@dataclass
class Lab:
    """One emulated account and the engine in front of it."""

    quirks: Mapping[str, str] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    troubles: Sequence[Trouble] = ()
    seed: Mapping[str, Any] = field(default_factory=dict)
    journals: Path | None = None
    api: ApiSettings = field(default_factory=lambda: ApiSettings(concurrency=4))
    clock: FakeClock | SystemClock = field(default_factory=FakeClock)
    stop: threading.Event = field(default_factory=threading.Event)
    log: list[str] = field(default_factory=list)
    lost: list[Fault] = field(default_factory=list)
    endpoint: str = "https://api.example"
    sockets: bool = False
    types: Kinds = TYPES
    allow_exec: bool = True
    report: Callable[[Outcome], None] | None = None
    between: Callable[..., Response] | None = None
    """Stands between client and emulator: called with a request, and with ``answer``, which is the emulator."""

    def __post_init__(self) -> None:
        self.aim = Aim(self.troubles)
        self.emulator = Emulator(
            token=TOKEN,
            quirks=dict(self.quirks),
            faults=list(self.faults),
            seed=dict(self.seed),
            sleep=self.clock.sleep,
            types=self.types,
        )

    def broke(self) -> bool:
        """Whether a fault or a trouble hit since the request log and this were last cleared."""
        hit = bool(self.lost) or any(one.fault for one in self.emulator.requests)
        self.lost.clear()
        return hit

    def moved(self) -> bool:
        """Whether a list did not tell the truth since the request log was last cleared."""
        return any(set(one.fault.split(",")) & set(MOVING) for one in self.emulator.requests)

    def options(self) -> dict[str, Any]:
        handle = self.emulator.handle
        answer = handle if self.between is None else partial(self.between, answer=handle)
        inside = InProcess(lambda *parts: answer(Request(*parts)))
        transport = Unreliable(Network(self.endpoint, self.api) if self.sockets else inside, self.aim, self.lost)
        return {"transport": transport, "clock": self.clock, "stop": self.stop, "log": self.log.append}

    def read_live_state(self, configuration: Configuration, options: Options | None = None) -> LiveState:
        targets = Targets(configuration, self.types, options or Options())
        with closing(Reader(self.endpoint, Revealed(TOKEN), self.api, **self.options())) as reader:
            return read_live_state(Account(reader, self.types), query_for_plan(targets))

    def plan(self, configuration: Configuration, options: Options | None = None) -> Plan:
        with closing(Reader(self.endpoint, Revealed(TOKEN), self.api, **self.options())) as reader:
            plan = read_and_plan(
                Account(reader, self.types), Targets(configuration, self.types, options or Options())
            ).plan
        return replace(plan, config_digest=configuration.digest)

    def check_saved(
        self, configuration: Configuration, saved: Plan, options: Options | None = None, acknowledge: str = ""
    ) -> Checked:
        """Compare a saved plan with what a fresh one of its objects says."""
        only = frozenset(change.address for change in saved.changes)
        targets = Targets(configuration, self.types, replace(options or Options(), only=only))
        with closing(Reader(self.endpoint, Revealed(TOKEN), self.api, **self.options())) as reader:
            return still_asked(saved, targets, Account(reader, self.types), acknowledge=acknowledge)

    def records(self, configuration: Configuration) -> list[Record]:
        with closing(Reader(self.endpoint, Revealed(TOKEN), self.api, **self.options())) as reader:
            live_state = read_live_state(Account(reader, self.types), query_for_records(configuration, self.types))
            return records_of(configuration, live_state, self.types)

    def apply(
        self,
        configuration: Configuration,
        plan: Plan | None = None,
        *,
        patience: Patience | None = None,
        journal: Path | None = None,
        acknowledge: str = "",
    ) -> list[Outcome]:
        plan = plan or self.plan(configuration)
        with closing(Client(self.endpoint, Revealed(TOKEN), self.api, **self.options())) as client:
            return self.apply_with(client, configuration, plan, patience, journal, acknowledge)

    def apply_with(
        self,
        client: Client,
        configuration: Configuration,
        plan: Plan,
        patience: Patience | None,
        journal: Path | None,
        acknowledge: str,
    ) -> list[Outcome]:
        done = apply_plan(
            plan,
            configuration,
            client,
            types=self.types,
            secrets=Secrets(ENVIRON, allow_exec=self.allow_exec),
            approve=lambda _plan: True,
            checked=Checked(plan.changes, (), ()),
            acknowledge=acknowledge,
            patience=patience,
            journal=journal or Path("/dev/null"),
            author=Author("tester"),
            hooks=Hooks(outcome=self.report) if self.report else None,
        )
        if done.blocked:
            raise NowBlockedError(done.blocked)
        if done.failure:
            raise done.failure
        return list(done.outcomes)
