"""pipeline.sh from plan to drift, with and without changes, blocked and invalid."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.runner import MARKER, PASSWORDS, Runner

pytestmark = pytest.mark.slow


def test_plan_apply_drift(runner: Runner, server: Any) -> None:
    drift = runner.sh("drift")
    assert (drift.returncode, server.writes) == (2, [])
    done = runner.sh("plan")
    assert (done.returncode, server.writes) == (0, [])
    assert done.stdout == runner.file("plan.md")
    assert done.stdout.startswith(MARKER)
    applied = runner.sh("apply", WAIT="1s", **PASSWORDS)
    assert applied.returncode == 0, applied
    assert "3 done" in applied.stdout
    assert runner.file("apply.jsonl")
    assert runner.sh("drift").returncode == 0
    before = len(server.writes)
    assert runner.sh("plan").returncode == 0
    assert runner.plan()["changes"] == []
    assert runner.sh("apply").returncode == 0
    assert len(server.writes) == before


@pytest.mark.parametrize("name", ["PLAN", "REPORT"])
def test_a_folder_that_is_named_by_mistake_is_kept(name: str, runner: Runner) -> None:
    there = runner.project.folder / "kept" / "x"
    there.parent.mkdir()
    there.touch()
    done = runner.sh("plan", **{name: str(there.parent)})
    assert (done.returncode, there.exists()) == (1, True), done


def test_what_moved_in_between_is_not_overwritten(runner: Runner, server: Any) -> None:
    assert runner.sh("plan").returncode == 0
    server.swap(seed={"domains": {"example.com": {"max_email_quota": "50GB"}}})
    done = runner.sh("apply", **PASSWORDS)
    assert (done.returncode, server.writes) == (5, [])
    assert "domain/example.com" in done.stderr


def test_blocked_and_acknowledged(blocked: Runner, server: Any) -> None:
    done = blocked.sh("plan")
    known = blocked.plan()["id"]
    assert done.returncode == 4
    assert known[:8] in done.stdout
    assert blocked.sh("apply").returncode == 4
    assert blocked.sh("apply", ACKNOWLEDGE="0" * 64).returncode == 4
    assert not server.writes
    assert blocked.sh("plan", ACKNOWLEDGE=known).returncode == 0
    assert blocked.sh("apply", ACKNOWLEDGE=known).returncode == 0
    assert set(server.emulator.dump()["domains"]["example.com"]["mailboxes"]) == {"ada"}


def test_no_older_plan_is_left_behind(runner: Runner, server: Any) -> None:
    assert runner.sh("plan").returncode == 0
    runner.project.write("domains: {example.net: {plna: basic}}", "wrong.yaml")
    done = runner.sh("plan")
    assert done.returncode == 3
    assert "plna" in done.stderr
    assert runner.file("plan.md").splitlines() == [MARKER, "There is no plan of this commit (exit code 3)."]
    assert not (runner.project.config / "qboxmail.plan.json").exists()
    assert runner.sh("apply", **PASSWORDS).returncode != 0
    assert runner.sh("drift").returncode == 3
    assert not server.writes


def test_places_and_a_revision_are_passed_on(runner: Runner) -> None:
    folder = runner.project.folder
    places = {"DIR": str(folder / "config"), "PLAN": str(folder / "my plan.json"), "REPORT": str(folder / "my.md")}
    assert runner.sh("plan", **places).returncode == 0
    assert (folder / "my plan.json").is_file()
    assert (folder / "my.md").read_text(encoding="utf-8").startswith(MARKER)
    done = runner.sh("plan", SINCE="no-such-revision")
    assert done.returncode == 1
    assert "--since" in done.stderr


def test_a_wrong_token_is_told(runner: Runner) -> None:
    runner.project.env["QBOXMAIL_API_TOKEN"] = "wrong"
    assert runner.sh("plan").returncode == 8


def test_other_words_do_nothing(runner: Runner, server: Any) -> None:
    for word in ("", "destroy", "compare"):
        done = runner.sh(word)
        assert done.returncode == 1
        assert "plan|apply|drift" in done.stderr
    assert not server.arrived
