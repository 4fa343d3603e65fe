"""Faults: how they are written, which requests they hit, and what they do to the answer and the work."""

from __future__ import annotations

import json
import math
import threading

import pytest

from qboxctl.emulator import Fault, parse_fault

BODY = {"name": "news.example.com"}
PATH = "/api/delivery/domains"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("429", Fault("429")),
        ("429,retry-after=2", Fault("429", retry_after=2)),
        ("delay,seconds=0.5,count=inf", Fault("delay", seconds=0.5, count=math.inf)),
        ("drop-after,method=post,path=/api/domains*,nth=3,count=2", Fault("drop-after", "POST", "/api/domains*", 3, 2)),
        ("503,done=true,retry-after=0", Fault("503", done=True, retry_after=0)),
        ("html,status=200,done=true", Fault("html", done=True, status=200)),
        (" cut , nth=2 ", Fault("cut", nth=2)),
        ("404,page=2,count=inf", Fault("404", page=2, count=math.inf)),
        ("hide,objects=1,path=/api/domains", Fault("hide", path="/api/domains", objects=1)),
    ],
)
def test_faults_are_read(text, fault):
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("drop", "did you mean"),
        ("", "there are delay"),
        ("cut,half=1", "cut takes no 'half'"),
        ("cut,done=true", "cut takes no 'done'"),
        ("429,done=true", "429 takes no 'done'"),
        ("500,nth=0", "nth=0: expected a whole number from 1"),
        ("500,count=many", "count=many: expected a whole number from 1"),
        ("delay,seconds=-1", "expected a number of seconds"),
        ("delay,seconds=nan", "expected a number of seconds"),
        ("500,done=yes", "expected true or false"),
        ("shift,page=0", "page=0: expected a whole number from 1"),
        ("shift,objects=1", "shift takes no 'objects'"),
        ("500,method", "not key=value"),
        ("500,method=", "not key=value"),
        ("503,method=FOO", "method=FOO: expected one of GET, POST, PUT, DELETE, PATCH, HEAD"),
    ],
)
def test_wrong_faults_say_what_is_wrong(text, message):
    with pytest.raises(ValueError, match=r"(?s).*") as caught:
        parse_fault(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "status", "broken", "created"),
    [
        ("404", 404, "", False),
        ("429", 429, "", False),
        ("500", 500, "", False),
        ("500,done=true", 500, "", True),
        ("502", 502, "", False),
        ("503,done=true", 503, "", True),
        ("html", 502, "", False),
        ("html,done=true,status=200", 200, "", True),
        ("drop-before", 0, "drop", False),
        ("drop-after", 0, "drop", True),
        ("cut", 201, "cut", True),
        ("slow,seconds=3", 201, "slow", True),
    ],
)
def test_what_a_fault_does(account, spec, status, broken, created):
    client = account(faults=[parse_fault(f"{spec},method=POST")])
    response = client.call("POST", PATH, BODY).response
    assert (response.status, response.broken) == (status, broken)
    assert len(client.call("GET", PATH).rows) == int(created)
    entry = client.emulator.requests[0]
    assert (entry.status, entry.fault, entry.body) == (status, spec.partition(",")[0], BODY)
    if spec.startswith("html"):
        assert response.headers["content-type"].startswith("text/html")
        assert response.body.startswith(b"<!doctype html>")
    elif status >= 400:
        assert json.loads(response.body)["errors"] == []
    if broken == "slow":
        assert response.seconds == 3


@pytest.mark.parametrize(
    ("spec", "header"), [("429,retry-after=7", "7"), ("503,retry-after=1.5", "1.5"), ("429", None)]
)
def test_retry_after(account, spec, header):
    response = account(faults=[parse_fault(spec)]).call("GET", PATH).response
    assert response.headers.get("retry-after") == header


def test_which_requests_are_hit(account):
    client = account(faults=[parse_fault("500,method=GET,path=/api/delivery/*,nth=2,count=2")])
    statuses = []
    for _ in range(5):
        client.call("GET", "/api/domains")
        client.call("POST", PATH, {})
        statuses.append(client.call("GET", PATH).status)
    assert statuses == [200, 500, 500, 200, 200]


def test_faults_that_never_end(account):
    client = account(faults=[parse_fault("503,count=inf")])
    assert {client.call("GET", PATH).status for _ in range(20)} == {503}


def test_nothing_to_cut_is_dropped(account, seed):
    client = account(seed=seed, faults=[parse_fault("cut,method=PUT")])
    response = client.call("PUT", "/api/domains/D000000007", {"chat": True}).response
    assert (response.status, response.broken) == (0, "drop")
    assert client.call("GET", "/api/domains/D000000007").rows[0]["chat"] is True


def test_waiting_adds_up_and_holds_nobody_up(account):
    slept = []
    client = account(
        latency=0.25,
        sleep=slept.append,
        faults=[parse_fault("delay,seconds=2"), parse_fault("delay,seconds=1,count=2"), parse_fault("500,nth=2")],
    )
    assert [client.call("GET", PATH).status for _ in range(3)] == [200, 500, 200]
    assert slept == pytest.approx([3, 0.25, 1, 0.25, 0.25], abs=0.1), "the work counts as a part of the latency"
    assert client.emulator.requests[0].fault == "delay,delay"


def test_latency_does_not_serialise(account):
    barrier = threading.Barrier(8, timeout=10)
    client = account(latency=1, sleep=lambda _seconds: barrier.wait())
    threads = [threading.Thread(target=client.call, args=("GET", PATH)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(client.emulator.requests) == 8


def test_faults_count_requests_without_a_token_too(account):
    client = account(token="right", faults=[parse_fault("500,nth=2")])
    assert [client.call("GET", PATH, token="wrong").status for _ in range(3)] == [401, 500, 401]


@pytest.mark.parametrize(
    ("spec", "pages", "totals"),
    [
        ("shift", ["abc", "e"], [5, 4]),
        ("grow", ["abc", "cde"], [5, 6]),
        ("hide,page=2", ["abc", ""], [5, 0]),
        ("hide,objects=1,count=inf", ["abc", "d"], [4, 4]),
        ("hide,objects=9", ["", "de"], [0, 5]),
        ("shift,page=3", ["abc", "de"], [5, 5]),
    ],
)
def test_lists_that_do_not_tell_the_truth(account, spec, pages, totals):
    """Only what is shown changes, and only for the requests that are hit."""
    spec = spec if "page" in spec or "hide" in spec else f"{spec},page=2"
    seed = {"delivery": {"domains": {f"{name}.example": {} for name in "abcde"}}}
    client = account(seed=seed, quirks={"per_max": "3"}, faults=[parse_fault(spec)])
    replies = [client.call("GET", PATH, page=page) for page in ("1", "2")]
    assert ["".join(row["name"][0] for row in one.rows) for one in replies] == pages
    assert [one.data["pagination"]["total_records"] for one in replies] == totals
    assert len(client.emulator.dump()["delivery"]["domains"]) == 5
