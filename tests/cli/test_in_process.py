"""A command inside the tests' own process ends as a process of its own does, and leaves that process as it was."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import Any

import pytest

CONFIG = {"domains": {"a.example": {"postmaster_password": {"env": "PW"}, "mailboxes": {"ada": {"firstname": "Łada"}}}}}
EMULATED = "--endpoint emulator:"
LINES = [
    "--help",
    "nonsense",
    "plan --tarjet x",
    "validate",
    "validate --format sarif",
    f"plan {EMULATED} -v",
    f"apply {EMULATED}",
    f"apply {EMULATED} --auto-approve --journal /dev/null",
    f"export {EMULATED}",
    f"dns {EMULATED}",
    "explain mailbox",
    "plan --endpoint http://mail.example",
]


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_it_says_what_a_process_says(line: str, project: Any) -> None:
    project.write(CONFIG)
    assert project.run(*line.split()) == project.process(*line.split())


def state() -> tuple[Any, ...]:
    """What a command may change in its process."""
    streams = sys.stdin, sys.stdout, sys.stderr
    collecting = gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    return os.getcwd(), dict(os.environ), streams, handlers, collecting


@pytest.mark.parametrize("line", LINES)
def test_it_leaves_nothing_behind(line: str, project: Any) -> None:
    project.write(CONFIG)
    before = state()
    project.run(*line.split())
    assert state() == before
