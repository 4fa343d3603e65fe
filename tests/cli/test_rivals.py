"""Two people apply at the same time: the account ends as both wish, nothing is there twice, the later one says why."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import Any

import pytest

from qboxctl.emulator import Request
from tests.support.lab import TOKEN

SECRET = {"env": "PW"}
WISH: dict[str, Any] = {
    "settings": {"on_remove": {"mailbox": "delete"}, "guards": {"count": 100, "percent": 100}},
    "domains": {
        "old.example": {
            "chat": True,
            "mailboxes": {"bob": {"lastname": "New"}, "eve": {"state": "absent"}},
            "aliases": {"info": ["bob@old.example"], "gone": {"state": "absent"}},
        },
        "new.example": {
            "postmaster_password": SECRET,
            "mailboxes": {f"m{number}": {"firstname": "M", "password": SECRET} for number in range(6)},
        },
    },
    "delivery": {
        "domains": {"n.example": {}},
        "accounts": {"news": {"type": "newsletter", "domains": ["n.example"]}},
        "suppressions": {"x@y.example": {"reason": "bounce", "accounts": ["news"]}},
    },
}
SEED: dict[str, Any] = {
    "domains": {
        "old.example": {
            "mailboxes": {
                "bob": {"firstname": "Bob"},
                "eve": {"firstname": "Eve"},
                "kim": {"firstname": "Kim"},
            },
            "aliases": {"gone": ["x@y.example"]},
        }
    }
}
WORDS = ("apply", "--auto-approve", "--format", "json", "--journal")


def created(server: Any) -> Counter[str]:
    """How often each object was created."""
    sent = [one for one in server.emulator.requests if one.method == "POST" and not one.path.endswith("/details")]
    done = [one for one in sent if 200 <= one.status < 300]
    names = [one.body.get("name") or one.body.get("description") or one.body.get("email") for one in done]
    return Counter(f"{one.path.rpartition('/')[2]} {name}" for one, name in zip(done, names, strict=True))


def assert_as_wished(server: Any, project: Any) -> None:
    """The wish is in effect, and nothing was made twice."""
    assert set(created(server).values()) == {1}, created(server)
    assert set(server.emulator.password_sets.values()) == {1}
    assert len(server.emulator.dump()["delivery"]["accounts"]) == 1
    plan = project.plan()
    assert plan["changes"] == []
    assert sorted(server.emulator.dump()["domains"]["old.example"]["mailboxes"]) == ["bob"]


@pytest.mark.slow
@pytest.mark.parametrize("write", [1, 2, 4, 7])
@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_one_overtakes_the_other(write, server, project, hold):
    """The first is held at one of its writes while the second does all the work."""
    configuration = {**WISH, "settings": {**WISH["settings"], "api": {"concurrency": 1}}}
    project.write(configuration)
    held = hold(server, write)
    with project.start(*WORDS, "one.jsonl") as slow:
        held.wait()
        fast = project.run(*WORDS, "two.jsonl")
        held.release.set()
        out, err = slow.communicate(timeout=60)
    assert "Traceback" not in err
    assert fast.code == 0, fast
    assert set(fast.json["summary"]) <= {"done", "in_effect"}
    assert slow.returncode == 0, out + err
    told = {one["address"]: one["status"] for one in json.loads(out)["outcomes"]}
    assert "in_effect" in told.values(), "it says that somebody else was there first"
    assert_as_wished(server, project)


@pytest.mark.slow
@pytest.mark.parametrize("latency", [0, 0.01, 0.03])
def test_both_run_freely(latency, server, project):
    configuration = {**WISH, "delivery": {"domains": {"n.example": {}}}}
    server.swap(seed=SEED, latency=latency)
    project.write(configuration)
    with project.start(*WORDS, "one.jsonl") as one, project.start(*WORDS, "two.jsonl") as two:
        ends = [process.communicate(timeout=60) for process in (one, two)]
    for process, (out, err) in zip((one, two), ends, strict=True):
        assert "Traceback" not in err
        assert process.returncode in (0, 5, 6), out + err
        for failed in json.loads(out)["outcomes"] if out else ():
            assert failed["status"] in ("done", "in_effect") or failed["error"], failed
    assert 0 in (one.returncode, two.returncode) or project.apply().code == 0
    assert set(created(server).values()) == {1}
    assert set(server.emulator.password_sets.values()) == {1}
    assert project.plan()["changes"] == []


@pytest.mark.slow
@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_two_orders_at_the_same_instant_are_told_at_once_and_by_the_next_plan(server, project):
    """Nothing on the server forbids a second account of one name; it is never deleted, nor taken for the first."""
    project.write({"delivery": {"accounts": {"news": {"type": "newsletter"}}}})
    both, seen = threading.Barrier(2, timeout=30), []

    def meet(request: Request) -> None:
        if request.method == "POST" and len(seen) < 2:
            seen.append(request)
            both.wait()

    server.before = meet
    with project.start(*WORDS, "one.jsonl") as one, project.start(*WORDS, "two.jsonl") as two:
        told = "".join(process.communicate(timeout=60)[0] for process in (one, two))
    server.before = None
    assert "another order of the same name was made at the same time: ids 1001 and 1002; 1002 is the younger" in told
    assert len(server.emulator.dump()["delivery"]["accounts"]) == 2
    writes = len(server.writes)
    done = project.apply()
    assert done.code == 3
    assert "2 live accounts are called 'news': ids " in done.err
    assert len(server.writes) == writes


def test_what_others_remove_meanwhile_counts_against_the_plan(server, project):
    """Two of ten mailboxes may go; once somebody else has removed five, one of five may."""
    boxes = {f"m{number}": {"firstname": "M"} for number in range(10)}
    server.swap(seed={"domains": {"a.example": {"code": "D1", "mailboxes": boxes}}})
    gone = {name: {"state": "absent"} for name in ("m0", "m1")}
    project.write({"domains": {"a.example": {"mailboxes": {**boxes, **gone}}}})
    assert project.run("plan").code == 0
    reads: list[Request] = []
    codes = [one["code"] for one in list(server.emulator.dump()["domains"]["a.example"]["mailboxes"].values())[5:]]

    def remove(request: Request) -> None:
        reads.extend([request] if request.path == "/api/domains/D1/email_accounts" else [])
        while len(reads) == 2 and codes:  # the plan was the first
            path = f"/api/domains/D1/email_accounts/{codes.pop()}"
            assert server.emulator.handle(Request("DELETE", path, {}, {"x-api-token": TOKEN})).status < 300

    server.before = remove
    project.write({"domains": {"a.example": {"mailboxes": gone}}})
    done = project.apply()
    assert (done.code, codes) == (4, []), done
    assert "2 of 5 live mailbox objects would be removed" in done.err
    assert not server.writes
