"""Machines that run pipelines, in front of an account."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.support.runner import Runner

ABSENT = {name: {"state": "absent"} for name in ("bob", "eve")}
SEED = {"domains": {"example.com": {"mailboxes": {name: {"firstname": name} for name in ("ada", "bob", "eve")}}}}


@pytest.fixture
def runner(project: Any, server: Any) -> Runner:
    """A machine with the starter project and an empty account."""
    assert project.run("init").code == 0
    return Runner(project)


@pytest.fixture
def blocked(runner: Runner, server: Any) -> Runner:
    """A machine with files that want more removed than the guards allow."""
    server.swap(seed=SEED)
    shutil.rmtree(runner.project.config)
    runner.project.write({"settings": {"guards": {"count": 1}}, "domains": {"example.com": {"mailboxes": ABSENT}}})
    return runner


@pytest.fixture
def invalid(runner: Runner) -> Runner:
    """A machine with files that hold a mistake."""
    runner.project.write("domains: {example.net: {plna: basic}}", "wrong.yaml")
    return runner
