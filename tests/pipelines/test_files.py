"""The files of the pipelines fit the published schemas, are clean, and give nobody more than is needed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from qboxctl.cli import cli
from tests.support import ROOT
from tests.support.runner import ACTION, GITHUB, GITLAB, OWN, SCRIPT, STARTER, Runner, read, step

FORMATS = {
    GITHUB: "github-workflows",
    STARTER: "github-workflows",
    **dict.fromkeys(OWN, "github-workflows"),
    **dict.fromkeys(sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml")), "github-issue-forms"),
    ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml": "github-issue-config",
    ROOT / ".github" / "dependabot.yml": "dependabot",
    ACTION: "github-actions",
    GITLAB: "gitlab-ci",
}
SHELLCHECK = Path(sys.executable).with_name("shellcheck")
WORKFLOWS = pytest.mark.parametrize("path", [GITHUB, STARTER], ids=["example", "starter"])


def check_schema(path: Path, form: str) -> subprocess.CompletedProcess[str]:
    transform = ["--data-transform", "gitlab-ci"] if form == "gitlab-ci" else []
    words = [sys.executable, "-m", "check_jsonschema", *transform, "--builtin-schema", f"vendor.{form}", str(path)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.name)
def test_a_file_fits_the_schema_of_its_service(path: Path) -> None:
    done = check_schema(path, FORMATS[path])
    assert done.returncode == 0, done.stdout


def test_a_file_that_does_not_fit_would_be_found(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(GITHUB.read_text(encoding="utf-8").replace("runs-on:", "run-on:"), encoding="utf-8")
    assert check_schema(wrong, "github-workflows").returncode == 1


def scripts() -> Iterator[tuple[str, str]]:
    """Every shell script in the files, by where it stands."""
    yield SCRIPT.name, SCRIPT.read_text(encoding="utf-8")
    for path in (GITHUB, STARTER, *OWN):
        for job, content in read(path)["jobs"].items():
            for number, one in enumerate(content.get("steps", [])):
                if "run" in one:
                    yield f"{path.name} {job} {number}", "#!/bin/bash\n" + one["run"]
    for number, one in enumerate(read(ACTION)["runs"]["steps"]):
        if "run" in one:
            yield f"{ACTION.name} {number}", "#!/bin/bash\n" + one["run"]
    content = read(GITLAB)
    for job in (content["default"], *(content[name] for name in content if isinstance(content[name], dict))):
        for part in ("before_script", "script", "after_script"):
            if part in job:
                yield f"{GITLAB.name} {part}", "#!/bin/bash\n" + "\n".join(job[part])


@pytest.mark.parametrize(("name", "script"), list(scripts()))
def test_a_script_is_clean(name: str, script: str) -> None:
    done = subprocess.run([SHELLCHECK, "-"], input=script, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert "${{" not in script, "what others can write must come through the environment, never into the script's text"


def test_every_option_exists() -> None:
    known: dict[str, set[str]] = {}
    for name in cli.list_commands(click.Context(cli)):
        command = cli.get_command(click.Context(cli), name)
        assert command
        known[name] = {option for parameter in command.params for option in parameter.opts}
    used = set()
    for path in (GITHUB, STARTER, ACTION, GITLAB, SCRIPT, SCRIPT.with_name("README.md")):
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        for name, rest in re.findall(r"qboxctl(?: -C \S+)? (\w+)\b([^\n`|]*)", text):
            used |= {(name, option) for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest) if name in known}
    assert {("plan", "--detailed-exitcode"), ("apply", "--auto-approve"), ("validate", "--format")} <= used
    assert [(name, option) for name, option in sorted(used) if option not in known[name]] == []


@WORKFLOWS
def test_a_fork_gets_no_secret_and_nobody_more_than_needed(path: Path) -> None:
    content = read(path)
    assert "pull_request" in content["on"]
    assert "pull_request_target" not in content["on"]
    ours = "github.event.pull_request.head.repo.full_name == github.repository"
    plan = content["jobs"]["plan"]
    for one in plan["steps"]:
        if "secrets." in json.dumps(one):
            condition = one["if"].replace("env.OURS == 'true'", plan.get("env", {}).get("OURS", ""))
            assert ours in condition
    writing = {
        scope
        for part in (content, *content["jobs"].values())
        for scope, right in part.get("permissions", {}).items()
        if right == "write"
    }
    assert writing == ({"pull-requests", "issues"} if path == GITHUB else set())


@WORKFLOWS
def test_only_the_saved_plan_is_applied_and_only_on_main(path: Path) -> None:
    content = read(path)
    apply = content["jobs"]["apply"]
    assert (apply["needs"], apply["environment"]) == ("plan", "production")
    assert "github.ref == 'refs/heads/main'" in apply["if"]
    assert content["concurrency"]["cancel-in-progress"] == "false"
    handed = [one["with"]["name"] for one in apply["steps"] if "download-artifact" in one.get("uses", "")]
    kept = [one["with"] for one in content["jobs"]["plan"]["steps"] if "upload-artifact" in one.get("uses", "")]
    assert [one["name"] for one in kept] == handed
    assert "qboxmail.plan.json" in kept[0]["path"]
    for number, one in enumerate(apply["steps"]):
        if one.get("name") == "Apply":
            assert 'qboxctl apply "$RUNNER_TEMP/qboxmail.plan.json"' in one["run"]
            assert any("download-artifact" in earlier.get("uses", "") for earlier in apply["steps"][:number])


@WORKFLOWS
def test_apply_has_the_history_that_the_plan_was_made_with(path: Path) -> None:
    """A plan that was made with --since looks at that revision once more before it is applied."""
    jobs = read(path)["jobs"]
    depths = {
        name: one.get("with", {}).get("fetch-depth", "1")
        for name in ("plan", "apply")
        for one in jobs[name]["steps"]
        if "actions/checkout" in one.get("uses", "")
    }
    assert depths == dict.fromkeys(("plan", "apply"), "0" if "--since" in json.dumps(jobs["plan"]) else "1")


def test_every_gitlab_job_has_the_history() -> None:
    content = read(GITLAB)
    assert content["variables"]["GIT_DEPTH"] == "0"
    assert not any("GIT_DEPTH" in job.get("variables", {}) for job in content.values() if isinstance(job, dict))


@WORKFLOWS
def test_nothing_is_installed_until_somebody_says_what(path: Path, runner: Runner) -> None:
    done = runner.bash(step(path, "plan", "Install")["run"], {"QBOXCTL_PACKAGE": read(path)["env"]["QBOXCTL_PACKAGE"]})
    assert done.returncode != 0
    assert "say at the top of this workflow what pip installs" in done.stderr
