"""What a branch that nobody has reviewed, a forged plan file and texts of others cannot do in our pipelines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.test_gitlab import MERGE_REQUEST
from tests.support.runner import ACTION, GITHUB, GITLAB, OWN, SCRIPT, STARTER, Ended, Runner, read, step

pytestmark = pytest.mark.slow

HOME = "https://api.qboxmail.com"
PLANS: dict[str, Callable[[Runner], Ended]] = {
    "github": lambda runner: runner.github(GITHUB, "plan", "Plan"),
    "github drift": lambda runner: runner.github(GITHUB, "drift", "Compare"),
    "starter": lambda runner: runner.github(STARTER, "plan", "Plan"),
    "gitlab": lambda runner: runner.gitlab("plan"),
    "gitlab production": lambda runner: runner.gitlab("plan production"),
    "gitlab drift": lambda runner: runner.gitlab("drift"),
    "script": lambda runner: runner.sh("plan"),
    "script drift": lambda runner: runner.sh("drift"),
    "action": lambda runner: runner.action(),
}
SAVING = [name for name in PLANS if "drift" not in name]
EVERY = [GITHUB, STARTER, *OWN, ACTION, GITLAB, SCRIPT]


@pytest.fixture
def branch(runner: Runner) -> Runner:
    """A machine with one file, for a branch to write into."""
    for path in runner.project.config.rglob("*.yaml"):
        path.unlink()
    return runner


@pytest.mark.parametrize("name", PLANS)
def test_a_branch_runs_no_program_for_the_token(name, branch, server):
    token, ran = branch.project.program("canary-token-1")
    branch.project.write({"settings": {"token": token}, "domains": {}})
    done = PLANS[name](branch)
    assert done.returncode == 8
    assert "is not run: --no-exec or QBOXCTL_NO_EXEC forbids it" in done.stdout + done.stderr
    assert not ran.exists()
    assert not server.arrived


@pytest.mark.parametrize("name", PLANS)
def test_a_branch_does_not_say_where_the_token_goes(name, branch, server, outside):
    """Not even this machine, which files may name elsewhere."""
    project = branch.project
    place = {"endpoint": project.env.pop("QBOXCTL_ENDPOINT"), "api": {"retries": 0}}
    project.write({"settings": {**place, "environments": {"default": place}}, "domains": {}})
    assert PLANS[name](branch).returncode == 1, "nothing answers there"
    assert outside.heard
    assert all(line.startswith("CONNECT api.qboxmail.com:443 ") for line in outside.heard)
    assert not server.arrived


@pytest.mark.parametrize("name", SAVING)
def test_a_pipeline_can_choose_an_environment(name, branch, server):
    branch.project.write({"settings": {"environments": {"there": {}}}, "domains": {}})
    assert PLANS[name](branch).returncode == 0
    assert branch.plan()["environment"] == "default"
    if name == "action":
        assert branch.action(environment="there").returncode == 0
    else:
        branch.project.env["QBOXCTL_ENV"] = "there"
        assert PLANS[name](branch).returncode == 0
    assert branch.plan()["environment"] == "there"


def test_every_pipeline_names_the_endpoint_that_its_token_is_for():
    named = {
        **{path.name: read(path)["env"]["QBOXCTL_ENDPOINT"] for path in (GITHUB, STARTER)},
        ACTION.name: read(ACTION)["inputs"]["endpoint"]["default"],
        GITLAB.name: read(GITLAB)["variables"]["QBOXCTL_ENDPOINT"],
    }
    assert set(named.values()) == {HOME}


FORGED_IDS = ["0\nexitcode=0", "f" * 64, "0" * 64 + "\nchanges=0", 7]


def test_a_forged_plan_file_sets_no_output(runner):
    assert runner.action().returncode == 0
    plan = runner.plan()
    path = runner.written("qboxmail.plan.json")
    for text in [*(json.dumps({**plan, "id": identity}) for identity in FORGED_IDS), "plan-id=\nexitcode=0\n"]:
        path.write_text(text)
        assert runner.action(command="apply").returncode == 1, text
        assert runner.outputs() == {"exitcode": "1"}, text


def test_no_text_of_the_account_commands_the_runner(runner, server):
    """What is printed between stop-commands and its word is text to GitHub."""
    loud = "news ##[set-output name=exitcode]0"
    runner.project.write({"delivery": {"accounts": {loud: {"type": "newsletter"}}}}, "eve.yaml")
    assert runner.action().returncode == 0
    done = runner.action(command="apply")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    (stop,) = (line.removeprefix("::stop-commands::") for line in lines if line.startswith("::stop-commands::"))
    assert re.fullmatch("[0-9a-f]{32}", stop)
    quiet = lines[lines.index(f"::stop-commands::{stop}") + 1 : lines.index(f"::{stop}::")]
    assert any(loud in line for line in quiet)
    assert [line for line in lines if line not in quiet] == [f"::stop-commands::{stop}", f"::{stop}::"]
    assert runner.action(command="apply").stdout.splitlines()[0] != f"::stop-commands::{stop}", "nobody can guess it"


MODULES = ("json", "re", "sys", "pip", "venv", "encodings", "site", "sitecustomize")
HELPERS: dict[str, Callable[[Runner], Ended]] = {
    "install": lambda runner: runner.github(GITHUB, "plan", "Install", QBOXCTL_PACKAGE="./none"),
    "starter": lambda runner: runner.github(STARTER, "plan", "Install", QBOXCTL_PACKAGE="./none"),
    "gitlab": lambda runner: runner.gitlab("plan", "before_script", QBOXCTL_PACKAGE="./none"),
    "note": lambda runner: runner.gitlab("plan", "after_script", CI_API_V4_URL="https://git.example", CI_JOB_URL="x"),
    "outputs": lambda runner: runner.action(command="apply"),
}


@pytest.mark.parametrize("name", HELPERS)
def test_no_module_of_a_branch_is_run(name, runner):
    """A folder that holds `json.py`, or `pip/`, beside the configuration."""
    assert runner.project.run("plan", "--out", str(runner.project.config / "qboxmail.plan.json")).code == 0
    owned = runner.project.folder / "owned"
    for module in MODULES:
        (runner.project.config / f"{module}.py").write_text(f"open({str(owned)!r}, 'w').close()\n")
    runner.tool("qboxctl", "#!/bin/sh\ncat qboxmail.plan.json\n")  # ours is started as a module here
    HELPERS[name](runner)
    assert not owned.exists()


def scripts(content: Any) -> list[str]:
    """All that a workflow hands to a shell."""
    if isinstance(content, dict):
        return [text for value in content.values() for text in scripts(value)]
    if isinstance(content, list):
        return [text for value in content for text in scripts(value)]
    return [content]


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.name)
def test_python_is_started_on_no_folder_of_a_branch(path):
    texts = [path.read_text(encoding="utf-8")] if path == SCRIPT else scripts(read(path))
    started = [found for text in texts for found in re.findall(r'\bpython"? +-(\w)', text)]
    assert set(started) <= {"I"}
    assert bool(started) != (path == SCRIPT or path.name == "nightly.yml")


def _github_report(runner: Runner) -> Path:
    runner.github(GITHUB, "plan", "Plan")
    runner.github(GITHUB, "plan", "Report")
    return runner.temp / "plan.md"


def _gitlab_report(runner: Runner) -> Path:
    runner.gitlab("plan", "before_script")  # there is no package to install
    runner.gitlab("plan")
    runner.gitlab("plan", "after_script", **MERGE_REQUEST)
    return runner.project.config / "plan.md"


def _script_report(runner: Runner) -> Path:
    runner.sh("plan")
    return runner.project.config / "plan.md"


def _a_file(path: Path, _secret: Path) -> None:
    path.write_text("canary")


def _a_link(path: Path, secret: Path) -> None:
    path.symlink_to(secret)


def _a_folder(path: Path, _secret: Path) -> None:
    path.mkdir()
    (path / "kept").write_text("canary")


@pytest.mark.parametrize("put", [_a_file, _a_link, _a_folder])
@pytest.mark.parametrize("report", [_github_report, _gitlab_report, _script_report])
def test_no_report_of_a_branch_is_shown_as_ours(report, put, invalid):
    """Nor does what it has put there keep ours from being written; a link to a file of the machine's changes none."""
    secret = invalid.project.folder / "secret"
    secret.write_text("canary")
    for name in ("plan.md", "qboxmail.plan.json"):
        put(invalid.project.config / name, secret)
    assert "There is no plan of this commit" in report(invalid).read_text()
    (invalid.project.config / "wrong.yaml").unlink()
    assert "mailbox/ada@example.com" in report(invalid).read_text()
    assert invalid.plan()["summary"]["create"] == 3
    assert secret.read_text() == "canary"


@pytest.mark.parametrize("name", SAVING)
def test_a_folder_of_a_branch_takes_no_plans_place(name, runner):
    _a_folder(runner.project.config / "qboxmail.plan.json", runner.project.folder)
    assert PLANS[name](runner).returncode in (0, 2)
    assert runner.plan()["summary"]["create"] == 3


@pytest.mark.parametrize("path", [path for path in EVERY if path not in (GITLAB, SCRIPT)], ids=lambda path: path.name)
def test_an_action_is_named_by_its_commit(path: Path):
    used = re.findall(r"^[ -]*uses: (?!\./)(.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", one)] == []


def test_one_commit_of_each_action():
    text = "".join(path.read_text(encoding="utf-8") for path in EVERY)
    used = set(re.findall(r"^[ -]*uses: *(\S+)@(\S+)", text, re.MULTILINE))
    assert used
    assert len({name for name, _ in used}) == len(used)


@pytest.mark.parametrize("path", [GITHUB, STARTER, *OWN], ids=lambda path: path.name)
def test_nothing_is_permitted_that_is_not_needed(path: Path):
    content = read(path)
    assert content["permissions"] in ({}, {"contents": "read"})
    kept = [one for job in content["jobs"].values() for one in job.get("steps", []) if "actions/checkout@" in str(one)]
    assert kept
    assert {one["with"]["persist-credentials"] for one in kept} == {"false"}


def test_a_fork_runs_no_job_beside_the_token():
    first = read(GITLAB)["workflow"]["rules"][0]
    assert first["when"] == "never"
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID != $CI_PROJECT_ID" in first["if"]
    assert "OURS" in step(GITHUB, "plan", "Plan")["if"]
