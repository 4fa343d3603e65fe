"""The emulator over real connections, broken ones included."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from qboxctl.emulator import Emulator, parse_fault

pytest.importorskip("uvicorn")

from qboxctl.emulator.app import BackgroundServer, serve

HEADERS = {"X-Api-Token": "t", "Content-Type": "application/json"}


def connect(server):
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)


def ask(connection, method, path, body=None):
    connection.request(method, path, None if body is None else json.dumps(body), HEADERS)
    response = connection.getresponse()
    return response.status, response.read()


def test_requests_over_one_connection():
    with BackgroundServer(Emulator()) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        connection = connect(server)
        assert ask(connection, "POST", "/api/delivery/domains", {"name": "a.example"})[0] == 201
        local = connection.sock.getsockname()
        status, body = ask(connection, "GET", "/api/delivery/domains?status=all&query=a%2Eexample")
        assert status == 200
        assert [row["name"] for row in json.loads(body)["resources"]] == ["a.example"]
        code = json.loads(body)["resources"][0]["code"]
        assert ask(connection, "DELETE", f"/api/delivery/domains/{code}") == (204, b"")
        assert ask(connection, "GET", "/_emulator/state")[0] == 200
        assert connection.sock.getsockname() == local, "the connection was kept"
        connection.close()


def test_a_token_is_needed():
    with BackgroundServer(Emulator(token="right")) as server:
        connection = connect(server)
        assert ask(connection, "GET", "/api/domains")[0] == 401
        connection.close()


@pytest.mark.parametrize(("kind", "created"), [("drop-before", 0), ("drop-after", 1)])
def test_dropped_connections(kind, created):
    emulator = Emulator(faults=[parse_fault(f"{kind},method=POST")])
    with BackgroundServer(emulator) as server:
        connection = connect(server)
        with pytest.raises(http.client.RemoteDisconnected):
            ask(connection, "POST", "/api/delivery/domains", {"name": "a.example"})
        connection.close()
        status, body = ask(connection, "GET", "/api/delivery/domains")
        assert (status, len(json.loads(body)["resources"])) == (200, created)
        connection.close()


def test_cut_bodies():
    emulator = Emulator(faults=[parse_fault("cut")])
    with BackgroundServer(emulator) as server:
        connection = connect(server)
        connection.request("GET", "/api/domains", headers=HEADERS)
        response = connection.getresponse()
        with pytest.raises(http.client.IncompleteRead) as caught:
            response.read()
        assert 0 < len(caught.value.partial) < int(response.headers["content-length"])
        response.close()
        connection.close()
        assert ask(connection, "GET", "/api/domains")[0] == 200
        connection.close()


def test_slow_bodies_arrive_whole():
    emulator = Emulator(faults=[parse_fault("slow,seconds=0.3")])
    with BackgroundServer(emulator) as server:
        connection = connect(server)
        started = time.monotonic()
        status, body = ask(connection, "GET", "/api/domains")
        assert (status, json.loads(body)["resources"]) == (200, [])
        assert time.monotonic() - started >= 0.25
        connection.close()


def test_html_and_refusals():
    faults = [parse_fault("html"), parse_fault("429,nth=2,retry-after=3")]
    with BackgroundServer(Emulator(faults=faults)) as server:
        connection = connect(server)
        status, body = ask(connection, "GET", "/api/domains")
        assert (status, body[:9]) == (502, b"<!doctype")
        connection.request("GET", "/api/domains", headers=HEADERS)
        response = connection.getresponse()
        assert (response.status, response.headers["retry-after"]) == (429, "3")
        response.read()
        connection.close()


def test_waiting_requests_run_side_by_side():
    with BackgroundServer(Emulator(latency=0.3)) as server:

        def read():
            connection = connect(server)
            assert ask(connection, "GET", "/api/domains")[0] == 200
            connection.close()

        threads = [threading.Thread(target=read) for _ in range(60)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - started < 3


def test_a_taken_port_is_an_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match=r"[Aa]ddress"):
            serve(Emulator(), "127.0.0.1", taken.getsockname()[1])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_serve_ends_on_a_signal(number):
    code = (
        "from qboxctl.emulator import Emulator\n"
        "from qboxctl.emulator.app import serve\n"
        "serve(Emulator(), '127.0.0.1', 0, ready=lambda port: print(port, flush=True))\n"
        "print('clean')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    ) as process:
        port = int(process.stdout.readline())
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        assert ask(connection, "GET", "/api/domains")[0] == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=15)
        connection.close()
    assert (process.returncode, out, err) == (0, "clean\n", "")


def test_the_package_works_without_a_web_server():
    code = "import sys, qboxctl.emulator; sys.exit(any(name in sys.modules for name in ('starlette', 'uvicorn')))"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == 0
