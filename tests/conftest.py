"""The real command line, as a process of its own, against an emulator on a socket of this machine."""

from __future__ import annotations

import os
import signal
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from qboxctl.emulator import Emulator, Request, Response
from tests.support.lab import PASSWORD, TOKEN
from tests.support.nameserver import NameServer
from tests.support.processes import PATIENCE, Project


def is_write(request: Any) -> bool:
    """Whether a request may change the account."""
    return request.method != "GET" and not request.path.endswith("/details")


class Gateway:
    """An emulator behind hooks: ``before`` may answer in its place, ``after`` may replace its answer."""

    def __init__(self) -> None:
        self.url = ""
        self._lock = threading.Lock()
        self.reset()

    def reset(self, **options: Any) -> None:
        """Begin again, with a new account."""
        self.swap(**options)
        self.before: Callable[[Request], Response | None] | None = None
        self.after: Callable[[Request, Response], Response | None] | None = None
        self.arrived: list[Request] = []

    def swap(self, **options: Any) -> None:
        """Put another account in the place of this one."""
        self.emulator = Emulator(token=TOKEN, **options)

    def handle(self, request: Request) -> Response:
        emulator, before, after = self.emulator, self.before, self.after
        with self._lock:
            self.arrived.append(request)
        response = (before(request) if before else None) or emulator.handle(request)
        return (after(request, response) if after else None) or response

    @property
    def writes(self) -> list[Request]:
        with self._lock:
            return [request for request in self.arrived if is_write(request)]

    def refuse(self, status: int, method: str = "", part: str = "", *, page: bool = False) -> None:
        """Answer some requests with an error from now on, as the API would, or as some web server (``page``)."""
        body = b"<html>Nothing here</html>" if page else b'{"message": "No.", "errors": []}'
        refusal = Response(status, {"content-type": "text/html" if page else "application/json"}, body)
        self.before = lambda one: refusal if one.method == (method or one.method) and part in one.path else None


class Hold:
    """Holds the ``number``-th write, before its work or after it, until it is let go."""

    def __init__(self, gateway: Gateway, number: int = 1, *, after: bool = False, reads: bool = False) -> None:
        self.reached, self.release, self.over = threading.Event(), threading.Event(), threading.Event()
        self.instead: Response | None = None
        self._number, self._seen, self._reads = number, 0, reads
        self._lock = threading.Lock()
        self._held: Request | None = None
        gateway.before, gateway.after = (None if after else self._before), (self._before_end if after else self._end)

    def _mine(self, request: Request) -> bool:
        if is_write(request) == self._reads:
            return False
        with self._lock:
            self._seen += 1
            return self._seen == self._number

    def _before(self, request: Request) -> Response | None:
        if not self._mine(request):
            return None
        self._held = request
        self.reached.set()
        self.release.wait(PATIENCE)
        return self.instead

    def _before_end(self, request: Request, response: Response) -> Response | None:
        self._before(request)
        return self._end(request, response)

    def _end(self, request: Request, _: Response) -> Response | None:
        if request is self._held:
            self.over.set()
        return None

    def wait(self) -> None:
        assert self.reached.wait(PATIENCE), "the request never came"

    def interrupted(self, process: Popen[str], number: int = signal.SIGINT) -> tuple[str, str]:
        """Send a signal while the request is held, let it go once that is noticed, and return what was printed."""
        self.wait()
        process.send_signal(number)
        assert process.stderr is not None
        while "interrupted" not in (process.stderr.readline() or pytest.fail("it did not notice the signal")):
            pass
        self.release.set()
        return process.communicate(timeout=60)


def environment(folder: Path) -> dict[str, str]:
    """The few variables that a command needs."""
    return {
        **{name: text for name, text in os.environ.items() if name.startswith("COVERAGE_")},  # `make coverage`
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GITHUB_ACTOR": "tester",
        "QBOXMAIL_API_TOKEN": TOKEN,
        "PW": PASSWORD,
    }


@pytest.fixture(scope="session")
def new_project() -> Callable[[Path], Project]:
    """Make a project in a folder."""

    def make(folder: Path) -> Project:
        made = Project(folder, environment(folder))
        made.config.mkdir()
        return made

    return make


@pytest.fixture
def project(tmp_path: Path, new_project: Callable[[Path], Project]) -> Project:
    return new_project(tmp_path)


@pytest.fixture(scope="session")
def gateways() -> Iterator[list[Gateway]]:
    """Servers that wait for a test to need them."""
    pytest.importorskip("uvicorn")
    from qboxctl.emulator.app import BackgroundServer

    with ExitStack() as stack:

        class Pool(list[Gateway]):
            def pop(self, index: Any = -1) -> Gateway:
                if self:
                    return super().pop(index)
                made = Gateway()
                made.url = stack.enter_context(BackgroundServer(made)).url  # type: ignore[arg-type]  # it handles as an emulator does
                return made

        yield Pool()


@pytest.fixture
def serve(gateways: list[Gateway]) -> Iterator[Callable[..., Gateway]]:
    """Start emulated accounts; each takes only the laboratory's token."""
    used: list[Gateway] = []

    def start(**options: Any) -> Gateway:
        used.append(gateways.pop())
        used[-1].reset(**options)
        return used[-1]

    yield start
    gateways.extend(used)


@pytest.fixture
def server(serve: Callable[..., Gateway], project: Project, request: pytest.FixtureRequest) -> Gateway:
    """An account for the project, empty unless the test is marked with the emulator's options as its parameter."""
    gateway = serve(**getattr(request, "param", {}))
    project.env["QBOXCTL_ENDPOINT"] = gateway.url
    return gateway


@dataclass
class Listener:
    """Every connection that is made: an https request through a proxy begins by naming its host."""

    url: str
    heard: list[str] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A proxy that answers nothing, and notes what it was asked for."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            heard.heard.append(self.rfile.readline().decode("latin-1"))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        heard = Listener(f"http://127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield heard
        server.shutdown()


@pytest.fixture
def outside(project: Project, listener: Listener) -> Listener:
    """All that leaves this machine, and would carry the token."""
    project.env |= {"https_proxy": listener.url, "HTTPS_PROXY": listener.url}
    return listener


@pytest.fixture
def hold() -> Iterator[Callable[..., Hold]]:
    """Hold requests back; whatever is held is let go at the end of the test."""
    made: list[Hold] = []

    def start(gateway: Gateway, *words: Any, **more: Any) -> Hold:
        made.append(Hold(gateway, *words, **more))
        return made[-1]

    yield start
    for one in made:
        one.release.set()


@pytest.fixture
def nameserver() -> Iterator[NameServer]:
    one = NameServer()
    yield one
    one.close()
