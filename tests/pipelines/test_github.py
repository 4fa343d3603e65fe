"""The steps of the GitHub workflows, run for real: what they write, say to GitHub, and end with."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.runner import GITHUB, MARKER, STARTER, Runner

pytestmark = pytest.mark.slow

needs_jq = pytest.mark.skipif(not shutil.which("jq"), reason="jq stands for gh --jq, and is not installed")
WORKFLOWS = pytest.mark.parametrize("path", [GITHUB, STARTER], ids=["example", "starter"])


@WORKFLOWS
def test_it_applies_what_it_planned(path: Path, runner: Runner, server: Any) -> None:
    assert runner.github(path, "plan", "Validate").returncode == 0
    assert runner.github(path, "plan", "Plan").returncode == 0
    assert runner.outputs() == {"code": "2"}
    assert not server.writes
    done = runner.github(path, "apply", "Apply")
    assert done.returncode == 0, done
    assert runner.plan()["summary"]["create"] == len(server.emulator.password_sets) + 1 == 3
    assert runner.github(path, "plan", "Plan").returncode == 0
    assert runner.outputs() == {"code": "0"}


@WORKFLOWS
def test_it_does_not_overwrite_what_moved_in_between(path: Path, runner: Runner, server: Any) -> None:
    assert runner.github(path, "plan", "Plan").returncode == 0
    server.swap(seed={"domains": {"example.com": {"max_email_quota": "50GB"}}})
    assert runner.github(path, "apply", "Apply").returncode == 5
    assert not server.writes


def test_it_shows_mistakes_on_their_lines(invalid: Runner) -> None:
    done = invalid.github(GITHUB, "plan", "Validate")
    assert done.returncode == 3
    assert re.search(r"^::error file=wrong.yaml,line=1,", done.stdout, re.MULTILINE)


@needs_jq
def test_it_keeps_one_comment(runner: Runner) -> None:
    runner.github(GITHUB, "plan", "Plan")
    assert runner.github(GITHUB, "plan", "Report").returncode == 0
    assert runner.path("summary").read_text(encoding="utf-8") == runner.file("plan.md")
    assert runner.file("plan.md").startswith(MARKER)
    assert "mailbox/ada@example.com" in runner.file("plan.md")

    others = [
        {"id": 1, "user": {"login": "bob"}, "body": f"{MARKER}\nfalse"},
        {"id": 2, "user": {"login": "github-actions[bot]"}, "body": "Labels were added."},
    ]
    runner.answer(others)
    assert runner.github(GITHUB, "plan", "Comment").returncode == 0
    question, answer = runner.calls()
    assert question[:4] == ["gh", "api", "--paginate", "repos/ada/mail/issues/7/comments"]
    body = ["--field", f"body=@{runner.temp}/plan.md"]
    assert answer == ["gh", "api", "--silent", "--method", "POST", "repos/ada/mail/issues/7/comments", *body]

    ours = [{"id": number, "user": {"login": "github-actions[bot]"}, "body": f"{MARKER}\n"} for number in (3, 4)]
    runner.answer([*others, *ours])
    assert runner.github(GITHUB, "plan", "Comment").returncode == 0
    _, answer = runner.calls()
    assert answer == ["gh", "api", "--silent", "--method", "PATCH", "repos/ada/mail/issues/comments/3", *body]


def test_it_says_that_there_is_no_plan(invalid: Runner) -> None:
    assert invalid.github(GITHUB, "plan", "Plan").returncode == 3
    assert invalid.github(GITHUB, "plan", "Report").returncode == 0
    assert invalid.file("plan.md").splitlines() == [
        MARKER,
        "There is no plan of this commit. [The log](https://git.example/ada/mail/actions/runs/99) says why.",
    ]


def test_it_lets_a_reviewer_pass_a_blocked_plan(blocked: Runner, server: Any) -> None:
    assert blocked.github(GITHUB, "plan", "Plan").returncode == 4
    assert blocked.outputs() == {"code": "4"}
    known = blocked.plan()["id"]
    assert known[:8] in blocked.file("plan.md")
    assert blocked.github(GITHUB, "apply", "Apply").returncode == 4
    assert not server.writes

    blocked.values["inputs.acknowledge"] = known
    assert blocked.github(GITHUB, "plan", "Plan").returncode == 0
    assert blocked.outputs() == {"code": "2"}
    assert blocked.github(GITHUB, "apply", "Apply").returncode == 0
    assert set(server.emulator.dump()["domains"]["example.com"]["mailboxes"]) == {"ada"}


@needs_jq
def test_it_opens_one_issue_about_drift(runner: Runner, server: Any) -> None:
    done = runner.github(GITHUB, "drift", "Compare")
    assert (done.returncode, runner.outputs()) == (2, {"code": "2"})
    assert not server.writes
    runner.answer([{"number": 5, "user": {"login": "github-actions[bot]"}, "body": None}])
    assert runner.github(GITHUB, "drift", "Open an issue").returncode == 0
    (_, opened) = runner.calls()
    assert opened[:6] == ["gh", "api", "--silent", "--method", "POST", "repos/ada/mail/issues"]
    runner.answer([{"number": 6, "user": {"login": "github-actions[bot]"}, "body": f"{MARKER}\n"}])
    assert runner.github(GITHUB, "drift", "Open an issue").returncode == 0
    (_, updated) = runner.calls()
    assert updated == [*opened[:4], "PATCH", "repos/ada/mail/issues/6", *opened[-2:]]


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_it_remembers_by_git_where_since_is_set(blocked: Runner, server: Any) -> None:
    """As in a run for a merge: what the commit before declared is removed, what nobody declared stays."""
    project = blocked.project

    def commit(mailboxes: list[str]) -> None:
        names = {name: {"firstname": name} for name in mailboxes}
        settings = {"settings": {"on_remove": {"mailbox": "delete"}}}
        project.write({**settings, "domains": {"example.com": {"mailboxes": names}}})
        for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
            git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words]
            subprocess.run(git, cwd=project.config, env=project.env, check=True, timeout=60)

    commit(["ada", "bob"])
    commit(["ada"])
    assert blocked.github(GITHUB, "plan", "Plan", SINCE="HEAD^1").returncode == 0
    assert [change["address"] for change in blocked.plan()["changes"]] == ["mailbox/bob@example.com"]
    assert blocked.github(GITHUB, "drift", "Compare", SINCE="HEAD").returncode == 0
