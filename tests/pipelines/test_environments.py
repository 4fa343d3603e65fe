"""Each environment has one comment of its own, which every pipeline finds again, with a plan in it or without."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from qboxctl.render.plan_markdown import marker
from tests.pipelines.test_gitlab import MERGE_REQUEST
from tests.support.runner import GITHUB, ME, Runner

pytestmark = pytest.mark.slow

NAMES = ["", "default", "default2", "sandbox", "a-b", "eu/west --> <b>", "prüfung.2"]
BOT = {"login": "github-actions[bot]"}


def github(runner: Runner) -> None:
    runner.github(GITHUB, "plan", "Plan")
    assert runner.github(GITHUB, "plan", "Report").returncode == 0


def gitlab(runner: Runner) -> None:
    runner.gitlab("plan")
    assert runner.gitlab("plan", "after_script", **MERGE_REQUEST).returncode == 0


def script(runner: Runner) -> None:
    runner.sh("plan")


@pytest.mark.parametrize("report", [github, gitlab, script])
@pytest.mark.parametrize("name", NAMES)
def test_a_report_begins_with_its_environment(name: str, report: Callable[[Runner], None], runner: Runner) -> None:
    project = runner.project
    project.env["QBOXCTL_ENV"] = name
    for path in project.config.rglob("*.yaml"):
        path.unlink()
    project.write({"settings": {"environments": {name: {}} if name else {}}})
    report(runner)
    assert "There is no plan" not in runner.file("plan.md")
    assert runner.file("plan.md").splitlines()[0] == marker(name or "default")

    runner.written("plan.md").unlink()
    project.write("domains: {example.net: {plna: basic}}", "wrong.yaml")
    report(runner)
    assert "There is no plan" in runner.file("plan.md")
    assert runner.file("plan.md").splitlines()[0] == marker(name or "default")


def _github_comment(runner: Runner) -> None:
    runner.github(GITHUB, "plan", "Comment")


def _github_issue(runner: Runner) -> None:
    runner.github(GITHUB, "drift", "Open an issue")


def _gitlab_note(runner: Runner) -> None:
    runner.gitlab("plan", "after_script", **MERGE_REQUEST)


@pytest.mark.skipif(not shutil.which("jq"), reason="jq stands for gh --jq, and is not installed")
@pytest.mark.parametrize("comment", [_github_comment, _github_issue, _gitlab_note])
def test_a_comment_is_found_among_those_of_other_environments(
    comment: Callable[[Runner], None], runner: Runner
) -> None:
    bodies = [f"{marker(name)}\nold" for name in ("default", "sandbox", "sandbox2")]
    ours: Any = {"user": BOT, "author": {"id": ME}}
    rows = [{**ours, "id": at, "number": at, "body": body} for at, body in enumerate(bodies, 5)]
    runner.answer(rows)
    found = []
    for body in bodies:
        for folder in (runner.temp, runner.project.config):
            (folder / "plan.md").write_text(body, encoding="utf-8")
        comment(runner)
        *_, written = runner.calls()
        found += [number for number in "567" if any(word.endswith(f"/{number}") for word in written)]
    assert found == ["5", "6", "7"]
