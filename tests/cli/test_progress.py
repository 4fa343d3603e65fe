"""How far a long run is: lines in a log, one line on a terminal, and nothing that a run could wait for."""

from __future__ import annotations

import os
import pty
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from qboxctl.cli.common import Common
from qboxctl.cli.progress import Progress
from qboxctl.render.progress import steps


class Ticks:
    """A clock that goes on by some seconds at each look."""

    def __init__(self, step: float) -> None:
        self.now, self.step, self.lock = 0.0, step, threading.Lock()

    def __call__(self) -> float:
        with self.lock:
            self.now += self.step
            return self.now


def within(seconds: float, job: Callable[[], object]) -> None:
    """Do something, and fail where it waits for itself."""
    thread = threading.Thread(target=job, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it waits for itself"


def counted(step: float, calls: int, capsys: pytest.CaptureFixture[str], **options: bool) -> list[str]:
    """What many threads that count answers together print."""
    common = Common(**options)
    progress = Progress(common, "asking", Ticks(step))
    common.clear = progress.clear

    def count() -> None:
        with ThreadPoolExecutor(8) as pool:
            for _ in range(calls):
                pool.submit(progress)

    within(20, count)
    return capsys.readouterr().err.splitlines()


def test_a_log_gets_a_line_every_ten_seconds(capsys):
    lines = counted(1.0, 100, capsys)
    assert 8 <= len(lines) <= 10
    assert all(re.fullmatch(r"asking: \d+ answers?, \d+ s", line) for line in lines)


def test_what_is_quick_says_nothing(capsys):
    assert counted(0.05, 100, capsys) == []


@pytest.mark.parametrize(
    ("done", "total", "wrong", "seconds", "expected"),
    [
        (0, 243, {}, 0.5, "applying: 0 of 243"),
        (1, 243, {}, 0.9, "applying: 1 of 243"),
        (124, 243, {}, 8.3, "applying: 124 of 243, 8 s left"),
        (124, 243, {"unknown": 1, "failed": 2}, 8.3, "applying: 124 of 243, 2 failed, 1 unknown, 8 s left"),
        (10, 1000, {}, 10, "applying: 10 of 1000, 16 min 30 s left"),
        (243, 243, {}, 16, "applying: 243 of 243, reading them back"),
    ],
)
def test_steps_are_told_with_the_time_that_is_left(done, total, wrong, seconds, expected):
    assert steps("applying", done, total, wrong, seconds) == expected


def test_once_steps_are_counted_answers_are_not(capsys):
    clock = Ticks(4.0)
    progress = Progress(Common(), "asking", clock)
    progress()
    progress.begin("applying", 6)
    for job in (progress, progress.step, progress, progress.step, progress.step):
        job()
    progress.went_wrong("unknown")
    for job in (progress, progress.step):
        job()
    assert capsys.readouterr().err.splitlines() == [
        "applying: 0 of 6",
        "applying: 2 of 6, 32 s left",
        "applying: 4 of 6, 1 unknown, 14 s left",
    ]


def test_quiet_is_quiet(capsys):
    assert counted(1.0, 100, capsys, quiet=True) == []


SLOWLY = {"api": {"requests_per_second": 1}}
LONG = {
    "plan": {"domains": {f"d{number}.example": {"mailboxes": {}} for number in range(12)}},
    "apply": {"domains": {"a.example": {"mailboxes": {f"u{number}": {"firstname": "V"} for number in range(12)}}}},
}
SAID = {"plan": r"^asking the API: \d+ answers, 1\d s$", "apply": r"^applying: \d+ of 12, \d s left$"}
SEEDS = {
    "plan": {"domains": {f"d{number}.example": {} for number in range(12)}},
    "apply": {"domains": {"a.example": {"mailboxes": {f"u{number}": {"firstname": "U"} for number in range(12)}}}},
}


@pytest.mark.slow
@pytest.mark.parametrize("command", LONG)
def test_a_run_of_more_than_ten_seconds_ends(server, project, command):
    """A line of progress once waited for the lock that its own thread held."""
    server.swap(seed=SEEDS[command])
    project.write({"settings": SLOWLY, **LONG[command]})
    done = project.run(command, *(["--auto-approve"] if command == "apply" else []))
    assert done.code == 0
    assert re.search(SAID[command], done.err, re.MULTILINE), done.err


@pytest.mark.slow
def test_a_terminal_gets_one_line_that_goes_away(server, project):
    many = {f"d{number}.example": {"mailboxes": {}} for number in range(16)}
    server.swap(seed={"domains": {name: {} for name in many}})
    project.write({"settings": {"api": {"requests_per_second": 8}}, "domains": many})
    ours, theirs = pty.openpty()
    with project.start("plan", stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        out, _ = process.communicate(timeout=60)
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 0
    assert "Nothing to change" in out
    assert re.search(r"\r\x1b\[Kasking the API: \d+ answers", text)
    assert text.rstrip().endswith("\r\x1b[K") or text.endswith("\x1b[K"), "the line is taken away at the end"
