"""Standard streams that are closed, full, or gone in the middle: a run ends as it would have ended."""

from __future__ import annotations

import json
import os
import pty
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from qboxctl.cli.output import Output
from qboxctl.emulator import Request, Response

SECRET = {"env": "PW"}
WISH: dict[str, Any] = {
    "settings": {"api": {"concurrency": 1}},
    "domains": {
        "a.example": {
            "mailboxes": {
                "ada": {"firstname": "Ada", "password": SECRET},
                "bob": {"firstname": "Łukasz", "password": SECRET, "force_new_password": True},
            },
            "aliases": {"info": ["bob@a.example"]},
        }
    },
}
HALF = "created; force_new_password was not sent, nor was password: interrupted"
SEED: dict[str, Any] = {"domains": {"a.example": {}}}
HERE = pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")


def events(project: Any) -> list[str]:
    return [line["event"] for line in project.lines() if line["event"] != "intended"]


@pytest.mark.slow
@FULL
@HERE
@pytest.mark.parametrize(("stream", "words"), [("stdout", ["--format", "json"]), ("stderr", ["-vv"])])
def test_a_full_disk_does_not_end_an_apply(stream, words, server, project):
    project.write(WISH)
    with open("/dev/full", "w") as full:
        done = project.process(*project.applying, *words, **{stream: full})
    assert done.code == 0, done
    assert events(project) == ["done"] * 3
    assert "Traceback" not in f"{done.out}{done.err}"
    assert not project.plan()["changes"]


@pytest.mark.slow
@FULL
@HERE
def test_what_fails_is_told_by_the_code_even_where_nothing_can_be_printed(server, project):
    project.write(WISH)
    server.refuse(403, "PUT")
    with open("/dev/full", "w") as full:
        assert project.process(*project.applying, stdout=full, stderr=full).code == 6
    assert sorted(events(project)) == ["done", "failed", "skipped"]


@pytest.mark.slow
@HERE
@pytest.mark.parametrize(
    ("command", "closed"), [("plan", ">&-"), ("plan", "2>&-"), ("apply", ">&- 2>&-"), ("apply", "<&- >&- 2>&-")]
)
def test_streams_that_are_closed_from_the_start(command, closed, server, project):
    """The next file that is opened would get the number of a closed stream, and what is printed to it."""
    project.write(WISH)
    more = ["--auto-approve", "--journal", str(project.journal)] if command == "apply" else ["--out", "plan.json"]
    done = project.process(command, "-v", *more, shell=closed)
    assert done.code == 0, done
    assert "Traceback" not in done.err
    assert (done.out == "") == (">&-" in closed.replace("2>&-", ""))
    if command == "apply":
        assert events(project) == ["done"] * 3
    else:
        assert len(json.loads((project.folder / "plan.json").read_text())["changes"]) == 3


def attached(terminal: int) -> None:
    """Let a terminal be that of the session from now on: what becomes of it is told by SIGHUP."""
    os.setsid()
    os.close(os.open(os.ttyname(terminal), os.O_RDWR))


@pytest.mark.slow
@HERE
def test_a_terminal_that_is_hung_up(server, project, hold):
    """As when a connection to a build machine breaks: SIGHUP comes, and every print fails from then on."""
    project.write(WISH)
    held = hold(server, 2)
    ours, theirs = pty.openpty()

    streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    words = ("apply", "--auto-approve", "-v", "--journal", str(project.journal))
    with project.start(*words, preexec_fn=partial(attached, theirs), **streams) as process:
        os.close(theirs)
        held.wait()
        os.close(ours)
        held.release.set()
        assert process.wait(60) == 130
    assert held.over.is_set()
    lines = project.lines()
    assert [line["event"] for line in lines if line["event"] != "intended"] == ["done", "skipped", "skipped"]
    assert HALF in [one["message"] for one in lines]


@pytest.mark.slow
@pytest.mark.parametrize("words", [("plan",), ("export",), ("apply", "--auto-approve")])
def test_a_terminal_that_is_hung_up_while_reading(words, server, project, hold):
    """Nothing can be printed any more, and the exit code tells all the same."""
    held = hold(server, reads=True)
    project.write(WISH)
    ours, theirs = pty.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    with project.start(*words, preexec_fn=partial(attached, theirs), **streams) as process:
        os.close(theirs)
        held.wait()
        os.close(ours)
        assert process.wait(60) == 130
        held.release.set()
    assert not server.writes


@pytest.mark.slow
@HERE
def test_nohup_is_heeded(server, project, hold):
    project.write(WISH)
    held = hold(server, 2)
    ignore = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    with project.start("apply", "--auto-approve", "--journal", str(project.journal), **ignore) as process:
        held.wait()
        process.send_signal(signal.SIGHUP)
        held.release.set()
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert events(project) == ["done"] * 3


@pytest.mark.slow
@HERE
def test_an_old_encoding_shows_letters_by_their_numbers(server, project):
    project.write(WISH)
    done = project.process(*project.applying, env={"PYTHONIOENCODING": "latin-1"})
    assert done.code == 0, done
    assert r"\u0141ukasz" in done.out


@pytest.mark.slow
@HERE
@pytest.mark.parametrize("form", ["text", "json"])
def test_an_interrupted_apply_tells_what_was_made(form, server, project, hold):
    """What was made and what was in flight is listed; what was not started is counted."""
    project.write(WISH)
    held = hold(server, 2)
    words = ("apply", "--auto-approve", "--format", form, "--journal", str(project.journal))
    with project.start(*words) as process:
        out, err = held.interrupted(process)
    assert process.returncode == 130
    if form == "json":
        report = json.loads(out)
        rows = {one["address"]: (one["status"], one["error"]) for one in report["outcomes"]}
        assert report["summary"] == {"done": 1, "skipped": 2}
        assert rows == {
            "mailbox/ada@a.example": ("done", None),
            "mailbox/bob@a.example": ("skipped", HALF),
            "alias/info@a.example": ("skipped", "interrupted"),
        }
    else:
        report = out[out.rindex("Plan: ") :]
        assert "done       create   mailbox/ada@a.example" in report
        assert f"skipped    create   mailbox/bob@a.example  {HALF}" in report
        assert "alias/info" not in report
        assert "Applied: 1 done, 2 skipped." in report
    assert "run it again to go on" in err


def test_a_stream_that_fails_is_remembered_and_gets_no_more(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    output = Output()
    with capfd.disabled(), suppress(OSError):
        kept = os.dup(1)
        reader, writer = os.pipe()
        os.dup2(writer, 1)
        os.close(writer)
        os.close(reader)
        try:
            output.write("a" * 10_000, err=False)
            output.write("more", err=False)
            output.settle()
        finally:
            os.dup2(kept, 1)
            os.close(kept)
    assert isinstance(output.lost, BrokenPipeError)


@pytest.mark.parametrize("server", [{"seed": {"domains": {"a.example": {"mailboxes": {"old": {}}}}}}], indirect=True)
def test_what_is_deleted_is_named_without_control_characters(server, project):
    """A name comes from the account, and is printed where a person is about to say yes."""

    def named(request: Request, response: Response) -> Response | None:
        if not request.path.endswith("/email_accounts"):
            return None
        tree = json.loads(response.body)
        for row in tree["resources"]:
            row["name"] = "old\x1b[2J\x1b[31m"
        return Response(response.status, response.headers, json.dumps(tree).encode())

    server.after = named
    project.write("settings: {on_remove: {mailbox: delete}}\ndomains: {a.example: {mailboxes: {}}}")
    terminal, keys = os.openpty()
    os.write(terminal, b"no\n")
    done = project.process("apply", stdin=keys)
    os.close(terminal)
    os.close(keys)
    assert "This deletes mailbox/old\\x1b[2j" in done.err
    assert "not approved" in done.err
    assert "\x1b" not in done.out + done.err
