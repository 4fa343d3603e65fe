"""The project's own workflows: what they test on, what each job may do, and how a release is made."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.runner import OWN, read

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TEST, RELEASE, NIGHTLY = (ROOT / ".github" / "workflows" / f"{name}.yml" for name in ("test", "release", "nightly"))
own = pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)


def test_there_are_these_workflows() -> None:
    assert {TEST, RELEASE, NIGHTLY} == set(OWN)


def test_every_python_that_is_promised_is_tried() -> None:
    promised = re.findall(r":: Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert read(TEST)["jobs"]["test"]["strategy"]["matrix"]["python"] == promised
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert promised[0] == oldest == read(TEST)["jobs"]["lowest"]["steps"][1]["with"]["python-version"]


@own
def test_runs_of_one_kind_do_not_pile_up_and_no_job_runs_for_ever(path: Path) -> None:
    content = read(path)
    assert content["concurrency"]["group"]
    assert [name for name, job in content["jobs"].items() if "timeout-minutes" not in job and "uses" not in job] == []


@own
def test_a_job_may_write_only_what_it_is_for(path: Path) -> None:
    may = {
        (name, scope)
        for name, job in read(path)["jobs"].items()
        for scope, right in job.get("permissions", {}).items()
        if right == "write"
    }
    expected = {
        ("build", "id-token"),
        ("build", "attestations"),
        ("publish", "id-token"),
        ("image", "packages"),
        ("image", "id-token"),
        ("image", "attestations"),
        ("notes", "contents"),
    }
    assert may == (expected if path == RELEASE else set())


def test_a_release_needs_its_tests_and_no_stored_secret() -> None:
    content = read(RELEASE)
    assert set(content["on"]) == {"push"}
    assert set(content["on"]["push"]) == {"tags"}
    jobs = content["jobs"]
    assert jobs["test"]["uses"] == "./.github/workflows/test.yml"
    assert "workflow_call" in read(TEST)["on"]
    assert jobs["build"]["needs"] == "test"
    assert jobs["publish"]["needs"] == jobs["image"]["needs"] == "build"
    assert jobs["publish"]["environment"] == jobs["image"]["environment"] == "release"
    assert "secrets." not in RELEASE.read_text(encoding="utf-8")


def test_the_notes_of_a_release_are_its_part_of_the_change_log(tmp_path: Path) -> None:
    (script,) = [one["run"] for one in read(RELEASE)["jobs"]["notes"]["steps"] if "run" in one]
    (tmp_path / "CHANGELOG.md").write_text(
        "# C\n\n## 1.2.0 (d)\n\n### Added\n\n- this\n\n## 1.1.0 (d)\n\n- that\n", "utf-8"
    )
    (tmp_path / "gh").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "gh").chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "GITHUB_REF_NAME": "v1.2.0"}
    subprocess.run(["bash", "-ec", script], cwd=tmp_path, env=environ, check=True, timeout=60)
    assert (tmp_path / "notes.md").read_text(encoding="utf-8").split() == ["###", "Added", "-", "this"]


# Change notes.

FRAGMENTS = sorted(path for path in (ROOT / ".changes").glob("*.md") if path.name != "README.md")
SORTS = [one["directory"] for one in PROJECT["tool"]["towncrier"]["type"]]


def test_a_fragment_is_short_and_of_a_sort_that_is_known() -> None:
    explained = re.findall(
        r"^\| `(\w+)` \|", (ROOT / ".changes" / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert explained == SORTS
    for path in FRAGMENTS:
        assert re.fullmatch(rf"[a-z0-9-]+\.({'|'.join(SORTS)})\.md", path.name), path.name
        lines = path.read_text(encoding="utf-8").splitlines()
        assert 0 < len(lines) <= 4, path.name
        assert max(map(len, lines)) <= 130, path.name


def test_the_change_log_is_made_of_all_fragments(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    (tmp_path / ".changes").mkdir()
    for path in (ROOT / ".changes").iterdir():
        (tmp_path / ".changes" / path.name).write_bytes(path.read_bytes())
    (tmp_path / ".changes" / "one-more.fixed.md").write_text("One more\nof two lines.\n", encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_bytes((ROOT / "CHANGELOG.md").read_bytes())
    words = ["build", "--keep", "--name", "qboxctl", "--version", "9.9.9", "--date", "2030-01-02"]
    done = subprocess.run(
        [sys.executable, "-m", "towncrier", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    log = (tmp_path / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = log.partition("<!-- towncrier release notes start -->\n")[2].partition("\n## ")
    assert "9.9.9 (2030-01-02)\n" in newest[0] + newest[2]
    assert "\n- One more\n  of two lines.\n" in log
    for path in FRAGMENTS:
        assert path.read_text(encoding="utf-8").splitlines()[0] in log, path.name
