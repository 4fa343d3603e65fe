"""The scripts of the GitLab pipeline, run for real: what they write, say to GitLab, and end with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.runner import GITLAB, MARKER, ME, PASSWORDS, Runner, read

pytestmark = pytest.mark.slow

MERGE_REQUEST = {
    "CI_API_V4_URL": "https://git.example/api/v4",
    "CI_PROJECT_ID": "5",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_JOB_URL": "https://git.example/jobs/9",
    "GITLAB_TOKEN": "gl-token",
}
NOTES = "https://git.example/api/v4/projects/5/merge_requests/7/notes"


def note(number: int, body: str, *, author: int = ME) -> dict[str, Any]:
    """A note as GitLab lists it."""
    return {"id": number, "author": {"id": author}, "body": body}


def test_it_applies_what_it_planned(runner: Runner, server: Any) -> None:
    assert runner.gitlab("validate").returncode == 0
    assert runner.gitlab("plan production").returncode == 0
    assert not server.writes
    done = runner.gitlab("apply", **PASSWORDS)
    assert done.returncode == 0, done
    assert runner.plan()["summary"]["create"] == 3
    assert len(runner.file("apply.jsonl").splitlines()) >= 3
    assert runner.gitlab("drift").returncode == 0


def test_it_does_not_overwrite_what_moved_in_between(runner: Runner, server: Any) -> None:
    assert runner.gitlab("plan production").returncode == 0
    server.swap(seed={"domains": {"example.com": {"max_email_quota": "50GB"}}})
    assert runner.gitlab("apply", **PASSWORDS).returncode == 5
    assert not server.writes


def test_mistakes_become_a_report_on_code_quality(runner: Runner) -> None:
    assert runner.gitlab("validate").returncode == 0
    assert json.loads(runner.file("gl-code-quality-report.json")) == []
    runner.project.write("domains: {example.net: {plna: basic}}", "wrong.yaml")
    done = runner.gitlab("validate")
    assert done.returncode == 3
    assert "wrong.yaml" in done.stdout + done.stderr
    (found,) = json.loads(runner.file("gl-code-quality-report.json"))
    assert "plna" in found["description"]


def test_it_keeps_one_note(runner: Runner) -> None:
    assert runner.gitlab("plan").returncode == 0
    assert runner.file("plan.md").startswith(MARKER)
    others = [note(1, "Looks good."), note(2, f"{MARKER}\n**Nothing to change.**", author=ME + 1)]
    runner.answer(others)
    assert runner.gitlab("plan", "after_script", **MERGE_REQUEST).returncode == 0
    who, question, answer = runner.calls()
    assert who[-1] == "https://git.example/api/v4/user"
    assert question[-1] == f"{NOTES}?sort=asc&per_page=100&page=1"
    assert "--fail" in question
    body = ["--data-urlencode", "body@plan.md"]
    assert answer[-5:] == ["--request", "POST", *body, NOTES]

    runner.answer([*others, note(3, f"{MARKER}\n"), note(4, f"{MARKER}\n")])
    assert runner.gitlab("plan", "after_script", **MERGE_REQUEST).returncode == 0
    *_, answer = runner.calls()
    assert answer[-5:] == ["--request", "PUT", *body, f"{NOTES}/3"]


@pytest.mark.parametrize(("many", "last"), [(99, 1), (100, 2), (230, 3)])
def test_it_finds_its_note_behind_many_others(many: int, last: int, runner: Runner) -> None:
    assert runner.gitlab("plan").returncode == 0
    others = [note(number, "Looks good.") for number in range(many)]
    for answer, request in ((others, NOTES), ([*others, note(999, f"{MARKER}\n")], f"{NOTES}/999")):
        runner.answer(answer)
        assert runner.gitlab("plan", "after_script", **MERGE_REQUEST).returncode == 0
        _, *questions, written = runner.calls()
        assert [one[-1].rpartition("=")[2] for one in questions] == [str(page + 1) for page in range(last)]
        assert written[-1] == request


@pytest.mark.parametrize("refused", ["*/user", "*per_page*", "*POST*"])
def test_the_log_says_that_no_note_was_written(refused: str, runner: Runner) -> None:
    """GitLab lets a job be whose after_script fails."""
    assert runner.gitlab("plan").returncode == 0
    (runner.tools / "curl").rename(runner.tools / "recorder")
    runner.tool("curl", f'#!/bin/sh\ncase "$*" in {refused}) exit 22 ;; esac\nexec recorder "$@"\n')
    done = runner.gitlab("plan", "after_script", **MERGE_REQUEST)
    assert done.returncode != 0
    assert "No note was written" in done.stderr


def test_the_note_says_that_there_is_no_plan(invalid: Runner) -> None:
    assert invalid.gitlab("plan").returncode == 3
    assert invalid.gitlab("plan", "after_script", **MERGE_REQUEST).returncode == 0
    assert invalid.file("plan.md").splitlines() == [
        MARKER,
        "There is no plan of this commit: see [the log](https://git.example/jobs/9).",
    ]


@pytest.mark.parametrize(
    ("job", "before"), [("plan", set()), ("plan production", {"validate"}), ("apply", {"plan production"})]
)
def test_a_failure_keeps_back_what_writes_and_not_the_note(job: str, before: set[str]) -> None:
    """GitLab skips a job, with its after_script, where one that it waits for has failed."""
    content = read(GITLAB)
    stages = {name: one["stage"] for name, one in content.items() if isinstance(one, dict) and "stage" in one}
    own = {**content.get(content[job].get("extends"), {}), **content[job]}
    earlier = content["stages"][: content["stages"].index(own["stage"])]
    needed = own.get("needs", [name for name, stage in stages.items() if stage in earlier])
    assert set(needed) == before


def test_a_reviewer_lets_a_blocked_plan_pass(blocked: Runner, server: Any) -> None:
    assert blocked.gitlab("plan production").returncode == 4
    known = blocked.plan()["id"]
    assert blocked.gitlab("apply").returncode == 4
    assert not server.writes
    assert blocked.gitlab("plan production", ACKNOWLEDGE=known).returncode == 0
    assert blocked.gitlab("apply", ACKNOWLEDGE=known).returncode == 0
    assert set(server.emulator.dump()["domains"]["example.com"]["mailboxes"]) == {"ada"}


def test_drift_fails_the_schedule(runner: Runner, server: Any) -> None:
    done = runner.gitlab("drift")
    assert done.returncode == 2
    assert "3 to create" in done.stdout
    assert not server.writes


def test_only_the_saved_plan_is_applied_by_hand_and_one_at_a_time() -> None:
    content = read(GITLAB)
    apply = content["apply"]
    assert (apply["needs"], apply["environment"], apply["resource_group"]) == (
        ["plan production"],
        "production",
        "production",
    )
    assert [rule.get("when") for rule in apply["rules"]] == ["never", "manual"]
    assert "qboxmail.plan.json" in content[".plan"]["artifacts"]["paths"]
    (rule,) = content["plan"]["rules"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID" in rule["if"]
