"""The reusable action, run for real: what it writes, tells the workflow, and ends with."""

from __future__ import annotations

import re
import shutil
from typing import Any

from runner import ACTION, MARKER, PASSWORDS, ROOT, Runner, read


def test_the_action_installs_what_it_stands_in() -> None:
    steps = read(ACTION)["runs"]["steps"]
    (install,) = (one["run"] for one in steps if one.get("name") == "Install")
    (place,) = re.findall(r'"\$GITHUB_ACTION_PATH/([./]+)"', install)
    assert (ACTION.parent / place).resolve() == ROOT
    assert (ROOT / "pyproject.toml").is_file()


def run_action(runner: Runner, **inputs: str) -> Any:
    """Run the action's main step; what it installs is what is tested."""
    content = read(ACTION)
    (one,) = (one for one in content["runs"]["steps"] if one.get("name") == "Run")
    stated = {name: facts["default"] for name, facts in content["inputs"].items()}
    runner.values.update({f"inputs.{name}": text for name, text in {**stated, **inputs}.items()})
    programs = runner.project.folder / "temp" / "qboxctl" / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    for name in ("qboxctl", "python"):
        shutil.copy(runner.tools / name, programs)
    env = {name: runner.values[text[4:-3]] for name, text in one["env"].items()}
    return runner.bash(one["run"], {**env, **runner.account(), **PASSWORDS, "RUNNER_TEMP": str(programs.parents[1])})


def test_the_action_plans_and_applies(runner: Runner, server: Any) -> None:
    assert run_action(runner).returncode == 0
    plan = runner.plan()
    assert runner.outputs() == {"exitcode": "0", "plan-id": plan["id"], "changes": "3"}
    assert runner.path("summary").read_text(encoding="utf-8").startswith(MARKER)
    assert not server.writes
    done = run_action(runner, command="apply", wait="1s")
    assert (done.returncode, runner.outputs()["exitcode"]) == (0, "0")
    assert "3 done" in done.stdout
    assert "3 done" in runner.path("summary").read_text(encoding="utf-8")
    assert run_action(runner).returncode == 0
    assert runner.outputs()["changes"] == "0"


def test_the_action_fails_as_qboxctl_does(blocked: Runner, server: Any) -> None:
    assert run_action(blocked).returncode == 4
    outputs = blocked.outputs()
    assert (outputs["exitcode"], outputs["changes"]) == ("4", "2")
    assert run_action(blocked, command="apply").returncode == 4
    assert run_action(blocked, command="destroy").returncode == 1
    assert not server.writes
    assert run_action(blocked, command="apply", acknowledge=outputs["plan-id"]).returncode == 0
    assert server.writes
