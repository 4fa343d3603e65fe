"""An apply that is stopped at each of its writes, in order or by force: the next one ends where it would have ended."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from qboxctl.emulator import Request, Response
from tests.support.lab import Lab, configuration_of

SECRET = {"env": "PW"}
SEED: dict[str, Any] = {
    "domains": {
        "old.example": {
            "mailboxes": {"bob": {"firstname": "Bob", "lastname": "Old"}, "eve": {"firstname": "Eve"}},
            "aliases": {"info": ["bob@old.example"]},
        }
    }
}
WISH: dict[str, Any] = {
    "settings": {"api": {"retries": 2, "concurrency": 1}, "guards": {"percent": 100}},
    "domains": {
        "new.example": {
            "postmaster_password": SECRET,
            "mailboxes": {"ada": {"firstname": "Ada", "password": SECRET}},
            "aliases": {"team": ["ada@new.example"]},
        },
        "old.example": {
            "mailboxes": {"bob": {"lastname": "New", "status": "disabled"}, "eve": {"state": "absent"}},
            "aliases": {"info": {"state": "absent"}},
        },
    },
    "delivery": {
        "domains": {"news.example.com": {}},
        "accounts": {"newsletter": {"type": "newsletter", "domains": ["news.example.com"]}},
        "suppressions": {"gone@example.org": {"reason": "bounce", "accounts": ["newsletter"]}},
    },
}
STEPS = 12
"""The writes of an apply that nobody stops."""


def created(gateway: Any) -> Counter[str]:
    """The creations that were done, by list."""
    return Counter(
        one.path
        for one in gateway.emulator.requests
        if one.method == "POST" and not one.path.endswith("/details") and 200 <= one.status < 300
    )


def shape(counts: Counter[str]) -> list[tuple[str, int]]:
    """The same without codes, which depend on the order of creation."""
    found: Counter[str] = Counter()
    for path, number in counts.items():
        found[path.rpartition("/")[2]] += number
    return sorted(found.items())


@pytest.fixture(scope="module")
def wanted(tmp_path_factory, gateways, new_project):
    """Where a run ends that nobody stops."""
    gateway, project = gateways.pop(), new_project(tmp_path_factory.mktemp("whole"))
    gateway.reset(seed=SEED)
    project.env["QBOXCTL_ENDPOINT"] = gateway.url
    project.write(WISH)
    done = project.apply()
    assert done.code == 0, done
    assert len(gateway.writes) == STEPS
    yield gateway.emulator.dump(codes=False), gateway.emulator.password_sets, shape(created(gateway))
    gateways.append(gateway)


def intended(journal: Path) -> list[str]:
    """What the journal says was sent; every line of it is whole."""
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    return [line["message"] for line in lines if line["event"] == "intended"]


def assert_truthful(gateway: Any, project: Any) -> None:
    """Nothing reached the account that the journal does not know."""
    sent = Counter(f"{request.method} {request.path}" for request in gateway.writes)
    assert not sent - Counter(intended(project.journal))


def finish(gateway: Any) -> None:
    """Plan and apply again, inside this process, and once more to see that nothing is left."""
    lab = Lab()
    lab.emulator = gateway.emulator
    configuration = configuration_of(yaml.safe_dump(WISH))
    assert {outcome.status.value for outcome in lab.apply(configuration)} <= {"done", "in_effect"}
    assert lab.plan(configuration).changes == ()


def assert_as_if_never_stopped(gateway: Any, wanted: Any) -> None:
    state, passwords, creations = wanted
    assert gateway.emulator.dump(codes=False) == state
    assert gateway.emulator.password_sets == passwords
    assert shape(created(gateway)) == creations
    assert len(gateway.emulator.dump()["delivery"]["accounts"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("step", range(1, STEPS + 1))
@pytest.mark.parametrize(("number", "after"), [(signal.SIGINT, False), (signal.SIGTERM, True)])
@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_stopped_in_order(number, after, step, server, project, hold, wanted):
    project.write(WISH)
    held = hold(server, step, after=after)
    with project.start("apply", "--auto-approve", "--format", "json", "--journal", str(project.journal)) as process:
        held.wait()
        known = set(intended(project.journal))
        process.send_signal(number)
        said = process.stderr.readline()
        while "interrupted" not in said:
            said = process.stderr.readline() or pytest.fail("it did not notice the signal")
        held.release.set()
        out, err = process.communicate(timeout=60)

    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    done = json.loads(out)
    assert len(done["outcomes"]) == 9, "the report is complete"
    assert set(done["summary"]) <= {"done", "skipped", "waiting", "failed"}
    started = {line["address"] for line in project.lines() if line["event"] == "intended"}
    before = {line["address"] for line in project.lines() if line["message"] in known}
    assert started == before, "nothing new starts"
    for one in done["outcomes"]:
        assert one["status"] in ("skipped", "waiting") or one["address"] in started
    assert_truthful(server, project)

    finish(server)
    assert_as_if_never_stopped(server, wanted)


@pytest.mark.slow
@pytest.mark.parametrize("step", range(1, STEPS + 1))
@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_killed(step, server, project, hold, wanted):
    """In turns, the last request is done when nobody waits for it any more, was done already, or gets lost."""
    project.write(WISH)
    held = hold(server, step, after=step % 3 == 1)
    if step % 3 == 2:
        held.instead = Response(503)
    with project.start("apply", "--auto-approve", "--journal", str(project.journal)) as process:
        held.wait()
        process.kill()
        process.wait(timeout=60)
        held.release.set()
    assert held.over.wait(60)
    assert process.returncode == -signal.SIGKILL
    assert len(server.writes) == step
    assert_truthful(server, project)

    finish(server)
    assert_as_if_never_stopped(server, wanted)


@pytest.mark.slow
@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_killed_and_run_again_by_hand(server, project, hold, wanted):
    project.write(WISH)
    plan = project.folder / "plan.json"
    assert project.run("plan", "--out", str(plan)).code == 0
    held = hold(server, 5, after=True)
    with project.start("apply", str(plan), "--auto-approve", "--journal", str(project.journal)) as process:
        held.wait()
        process.kill()
        process.wait(timeout=60)
        held.release.set()
    assert held.over.wait(60)
    assert project.apply().code == 0
    assert_truthful(server, project)
    assert_as_if_never_stopped(server, wanted)
    assert project.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_stopped_while_several_are_in_flight(server, project, hold, wanted):
    """With eight at a time: all that is in flight ends, is read back and reported."""
    project.write({**WISH, "settings": {"api": {"concurrency": 8}, "guards": {"percent": 100}}})
    held = hold(server, 2)
    with project.start("apply", "--auto-approve", "--format", "json", "--journal", str(project.journal)) as process:
        out, err = held.interrupted(process)
    assert process.returncode == 130, out + err
    assert len(json.loads(out)["outcomes"]) == 9
    assert_truthful(server, project)
    finish(server)
    assert_as_if_never_stopped(server, wanted)


@pytest.mark.slow
@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_a_second_signal_ends_it_at_once(server, project, hold):
    project.write(WISH)
    held = hold(server, 2)
    with project.start("apply", "--auto-approve", "--journal", str(project.journal)) as process:
        held.wait()
        process.send_signal(signal.SIGINT)
        assert any("interrupted" in line for line in process.stderr), "it never said so"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert not held.over.is_set(), "it did not wait for the answer"
        held.release.set()
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in err
    assert held.over.wait(60)


@pytest.mark.slow
@pytest.mark.parametrize("server", [{"quirks": {"ownership": "wait"}}], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_waiting_for_the_outside(number, server, project, hold):
    project.write({"domains": {"new.example": {"postmaster_password": SECRET, "aliases": {"info": ["a@b.example"]}}}})
    held = hold(server, 3)
    with project.start("apply", "--auto-approve", "--wait", "1h", "--format", "json", "--journal", "j") as process:
        out, _ = held.interrupted(process, number)
    assert process.returncode == 130
    assert {one["status"] for one in json.loads(out)["outcomes"]} <= {"waiting", "skipped"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_a_full_disk_under_the_journal(server, project):
    project.write(WISH)
    before = server.emulator.dump()
    done = project.run("apply", "--auto-approve", "--format", "json", "--journal", "/dev/full")
    assert done.code == 1
    assert "journal /dev/full cannot be written: No space left on device" in done.err
    assert "Traceback" not in done.err
    assert not server.writes
    assert server.emulator.dump() == before
    assert done.json["summary"] == {"skipped": 9}


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_the_disk_fills_up_in_the_middle(server, project):
    """The journal is a pipe whose reader goes away at the third write: nothing is sent after that."""
    project.write(WISH)
    path = project.folder / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    seen: list[str] = []

    def close(request: Request) -> None:
        if request.method != "GET":
            seen.append(request.path)
            if len(seen) == 3:
                os.close(reader)

    server.before = close
    done = project.run("apply", "--auto-approve", "--journal", str(path))
    assert done.code == 6
    assert "cannot be written: Broken pipe" in done.err
    assert "Traceback" not in done.err
    assert len(server.writes) == 3


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_the_journal_is_on_disk_before_each_write(server, project):
    project.write(WISH)
    missing: list[str] = []

    def look(request: Request) -> None:
        line = f"{request.method} {request.path}"
        if request in server.writes and not any(
            (one["event"], one["message"]) == ("intended", line) for one in project.lines()
        ):
            missing.append(line)

    server.before = look
    plan = project.plan()
    done = project.apply()
    assert (done.code, missing) == (0, [])
    assert len(server.writes) == STEPS
    assert stat.S_IMODE(project.journal.stat().st_mode) == 0o600
    assert str(project.journal) in done.err
    for change in plan["changes"]:
        events = [one["event"] for one in project.lines() if one["address"] == change["address"]]
        assert (set(events), events[-1]) == ({"intended", "done"}, "done")
    for line in project.lines():
        assert set(line) == {
            "time",
            "event",
            "plan_id",
            "address",
            "action",
            "http_status",
            "message",
            "user",
            "commit",
        }
        assert (line["plan_id"], line["user"], line["commit"]) == (plan["id"], "tester", None)
    times = [line["time"] for line in project.lines()]
    assert times == sorted(times)


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_the_journal_has_a_usual_place_and_is_added_to(server, project):
    project.write(WISH)
    assert project.run("apply", "--auto-approve").code == 0
    (path,) = (project.folder / ".qboxctl" / "journal").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    lines = path.read_text().splitlines()
    server.swap(seed=SEED)
    assert project.run("apply", "--auto-approve", "--journal", str(path)).code == 0
    assert path.read_text().splitlines()[: len(lines)] == lines
    assert len(path.read_text().splitlines()) == 2 * len(lines)
    assert project.run("apply", "--auto-approve", "--journal", "config").code == 1, "a folder is no journal"


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_a_journal_that_cannot_be_opened_stops_before_the_first_write(server, project):
    project.write(WISH)
    (project.folder / "link").symlink_to(project.folder / "elsewhere")
    done = project.run("apply", "--auto-approve", "--journal", "link")
    assert (done.code, "journal" in done.err) == (1, True)
    assert not server.writes
    assert not (project.folder / "elsewhere").exists()


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_a_journal_that_was_there_is_for_its_owner_only_from_now_on(server, project):
    project.write(WISH)
    project.journal.touch(mode=0o644)
    project.journal.chmod(0o644)
    assert project.apply().code == 0
    assert stat.S_IMODE(project.journal.stat().st_mode) == 0o600


@pytest.mark.slow
@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_nobody_reads_the_report_any_more(server, project, hold, wanted):
    """As in ``qboxctl apply | head``: what was approved is still done, and the journal tells it."""
    project.write(WISH)
    held = hold(server)
    with project.start("apply", "--auto-approve", "--journal", str(project.journal)) as process:
        held.wait()
        process.stdout.close()
        held.release.set()
        err = process.stderr.read()
        process.wait(timeout=60)
    assert "Traceback" not in err
    assert_as_if_never_stopped(server, wanted)
    assert len([line for line in project.lines() if line["event"] == "done"]) == 9
