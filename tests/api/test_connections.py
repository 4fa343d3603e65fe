"""Connections that fail for real: bodies that trickle, late answers, closed ports, servers that nobody can trust."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from qboxctl.api.client import Client, Reader
from qboxctl.api.transport import Network
from qboxctl.config.settings import ApiSettings
from qboxctl.emulator import Fault
from qboxctl.errors import ApiError, OutcomeUnknown, Unreachable
from qboxctl.model import Revealed, Status
from tests.support.lab import TOKEN, TROUBLES, Lab, QuickClock, Trouble, configuration_of, socket_lab

HURRIED = ApiSettings(concurrency=1, timeout=0.5, retries=2)
WISH = """
domains:
  a.example: {postmaster_password: {env: PW}, mailboxes: {ada: {firstname: Ada, password: {env: PW}}}}
delivery: {accounts: {news: {type: newsletter}}}
"""


@contextmanager
def silence() -> Iterator[tuple[str, int]]:
    """An address that takes no connection and refuses none: its queue is full."""
    with socket.socket() as full, socket.socket() as waiting, socket.socket() as other:
        full.bind(("127.0.0.2", 0))
        full.listen(0)
        for one in (waiting, other):
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        yield full.getsockname()


def test_an_address_that_is_silent_leaves_time_for_the_next() -> None:
    with silence() as (host, port), socket.socket() as there:
        there.bind(("127.0.0.1", port))
        there.listen()
        api = ApiSettings(concurrency=1, timeout=1)
        network = Network(f"http://api.example:{port}", api, {}, lambda _host, _port: [host, "127.0.0.1"])
        answering = threading.Thread(target=_answer_once, args=(there,))
        answering.start()
        with closing(network):
            assert network.handle_request(httpx.Request("GET", f"http://api.example:{port}/")).status_code == 204
        answering.join()


def _answer_once(there: socket.socket) -> None:
    connection, _ = there.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["slow", "late"])
def test_an_answer_that_takes_too_long_is_asked_for_again(kind: str) -> None:
    with socket_lab(api=HURRIED, faults=[Fault(kind, seconds=4)]) as lab:
        reader = Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())
        assert reader.get("/api/domains").resources == []
        reader.close()
        assert len(lab.emulator.requests) == 2, "each byte of a body that trickles began the wait anew"


@pytest.mark.slow
def test_an_answer_that_always_takes_too_long_is_given_up() -> None:
    with socket_lab(api=HURRIED, faults=[Fault("slow", seconds=2, count=10)]) as lab:
        reader = Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())
        with pytest.raises(OutcomeUnknown, match=r"took longer than 0\.5 s"):
            reader.get("/api/domains")
        reader.close()
        assert len(lab.emulator.requests) == 1 + HURRIED.retries


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["slow", "late"])
def test_a_create_whose_answer_takes_too_long_is_looked_up(kind: str) -> None:
    patient = ApiSettings(concurrency=1, timeout=0.75)
    with socket_lab(api=patient, faults=[Fault(kind, method="POST", seconds=2, count=3)]) as lab:
        configuration = configuration_of(WISH)
        assert {one.status for one in lab.apply(configuration)} == {Status.DONE}
        assert len([one for one in lab.emulator.requests if one.method == "POST"]) == 3, "each create was sent once"
        assert lab.plan(configuration).changes == ()


@pytest.mark.parametrize("kind", sorted(TROUBLES.keys() - {"no trust"}))  # which another attempt does not change
def test_what_never_left_is_sent_again_an_order_too(kind: str) -> None:
    lab = Lab(troubles=[Trouble(kind, method="POST", count=3)])
    assert {one.status for one in lab.apply(configuration_of(WISH))} == {Status.DONE}
    assert len(lab.emulator.dump()["delivery"]["accounts"]) == 1


@pytest.mark.parametrize(
    ("answered", "status"),
    [
        ([Fault("drop-after", method="PUT")], Status.UNKNOWN),
        ([Fault("502", method="PUT", done=True)], Status.UNKNOWN),
        ([], Status.FAILED),
    ],
    ids=["no answer", "a useless answer", "never left"],
)
def test_an_update_that_may_have_been_made_is_not_called_unsent(answered: list[Fault], status: Status) -> None:
    """It goes out, the answer is lost, and none of the repetitions leaves."""
    troubles = [Trouble("no name", method="PUT", nth=1 + len(answered), count=9)]
    lab = Lab(seed={"domains": {"a.example": {}}}, faults=answered, troubles=troubles)
    (done,) = lab.apply(configuration_of("domains: {a.example: {pop_disabled: true}}"))
    assert done.status is status, done
    assert "Name or service not known, after 6 tries" in str(done.error)
    assert lab.emulator.dump()["domains"]["a.example"]["pop_disabled"] is bool(answered)


@pytest.mark.parametrize("kind", TROUBLES)
def test_a_server_that_cannot_be_reached_is_named_with_the_reason(kind: str) -> None:
    lab = Lab(troubles=[Trouble(kind, count=1000)])
    with pytest.raises(Unreachable) as caught:
        lab.plan(configuration_of(WISH))
    assert "api.example" in str(caught.value)
    assert str(TROUBLES[kind]).rpartition("] ")[2] in str(caught.value)
    assert not lab.emulator.requests


def ask(endpoint: str) -> str:
    """What a client says that cannot read there; it may not write either."""
    client = Client(endpoint, Revealed(TOKEN), HURRIED, clock=QuickClock())
    try:
        with pytest.raises(Unreachable) as caught:
            client.get("/api/domains")
        with pytest.raises(Unreachable):
            client.write("POST", "/api/delivery/accounts", {"description": "x"}, repeatable=False)
    finally:
        client.close()
    return str(caught.value)


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert f"no connection to 127.0.0.1:{port}" in ask(f"http://127.0.0.1:{port}")


@contextmanager
def listener(context: ssl.SSLContext | None, asked: threading.Event | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """A server that notes what it is told in clear text, behind TLS where it can.

    Where it is to say when it was ``asked`` it gives no answer.
    """
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(60 if asked else 5)
                    try:
                        spoken = context.wrap_socket(connection, server_side=True) if context else connection
                        heard.append(spoken.recv(4096))
                        if asked:
                            asked.set()
                            with spoken:
                                spoken.recv(1)
                            continue
                        spoken.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_https_to_a_server_that_speaks_plain_http() -> None:
    with listener(None) as (port, heard):
        said = ask(f"https://127.0.0.1:{port}")
    assert "TLS: " in said
    assert heard
    assert not any(TOKEN.encode() in some for some in heard)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """TLS with a certificate that nobody has signed but itself, and the certificate."""
    program = shutil.which("openssl") or pytest.skip("there is no openssl to make a certificate with")
    folder: Path = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_that_nobody_vouches_for_gets_no_token(own: tuple[ssl.SSLContext, Path], host: str) -> None:
    with listener(own[0]) as (port, heard):
        said = ask(f"https://{host}:{port}")
    assert "certificate verify failed" in said
    assert not any(heard)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_is_closed_waits_for_no_answer_and_sends_nothing_anew(
    own: tuple[ssl.SSLContext, Path], scheme: str
) -> None:
    """As after the failure of another request: the program is to end, and not to hold on for its whole timeout."""
    asked, ended = threading.Event(), threading.Event()
    with listener(own[0] if scheme == "https" else None, asked) as (port, heard):
        endpoint, api = f"{scheme}://localhost:{port}", ApiSettings()
        way = Network(endpoint, api, {"SSL_CERT_FILE": str(own[1])})
        reader = Reader(endpoint, Revealed(TOKEN), api, transport=way)

        def ask() -> None:
            with suppress(ApiError):
                reader.get("/api/domains")
            ended.set()

        threading.Thread(target=ask, daemon=True).start()
        assert asked.wait(10)
        reader.close()
        assert ended.wait(10), f"it would go on for {api.timeout} s"
    assert len(heard) == 1
