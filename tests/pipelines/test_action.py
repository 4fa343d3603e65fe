"""The reusable action, run for real: what it writes, tells the workflow, and ends with."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support import ROOT
from tests.support.runner import ACTION, MARKER, Runner, read

pytestmark = pytest.mark.slow


def test_the_action_installs_what_it_stands_in() -> None:
    steps = read(ACTION)["runs"]["steps"]
    (install,) = (one["run"] for one in steps if one.get("name") == "Install")
    (place,) = re.findall(r'"\$GITHUB_ACTION_PATH/([./]+)"', install)
    assert (ACTION.parent / place).resolve() == ROOT
    assert (ROOT / "pyproject.toml").is_file()


def test_the_action_plans_and_applies(runner: Runner, server: Any) -> None:
    assert runner.action().returncode == 0
    plan = runner.plan()
    assert runner.outputs() == {"exitcode": "0", "plan-id": plan["id"], "changes": "3"}
    assert runner.path("summary").read_text(encoding="utf-8").startswith(MARKER)
    assert not server.writes
    done = runner.action(command="apply", wait="1s")
    assert (done.returncode, runner.outputs()["exitcode"]) == (0, "0")
    assert "3 done" in done.stdout
    assert "3 done" in runner.path("summary").read_text(encoding="utf-8")
    assert runner.action().returncode == 0
    assert runner.outputs()["changes"] == "0"


def test_a_folder_that_is_named_by_mistake_is_kept(runner: Runner) -> None:
    there = runner.project.folder / "kept" / "x"
    there.parent.mkdir()
    there.touch()
    done = runner.action(plan=str(there.parent))
    assert (done.returncode, there.exists()) == (1, True), done


def test_the_action_fails_as_qboxctl_does(blocked: Runner, server: Any) -> None:
    assert blocked.action().returncode == 4
    outputs = blocked.outputs()
    assert (outputs["exitcode"], outputs["changes"]) == ("4", "2")
    assert blocked.action(command="apply").returncode == 4
    assert blocked.action(command="destroy").returncode == 1
    assert not server.writes
    assert blocked.action(command="apply", acknowledge=outputs["plan-id"]).returncode == 0
    assert server.writes
