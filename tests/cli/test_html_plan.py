"""The HTML plan as the command line makes it: what it is of, and where its objects are declared."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")

FILES = """
    domains:
      example.com:
        postmaster_password: {env: PW}
        mailboxes:
          ada: {firstname: Ada, password: {env: PW}}
"""
REMOTE = "https://somebody:a-token@github.com/acme/mail.git"


def git(project: Any, *words: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words]
    return subprocess.run(command, cwd=project.folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def committed(project: Any) -> str:
    """The commit of a configuration that was cloned from GitHub."""
    project.write(FILES, "mail.yaml")
    git(project, "init", "-q")
    git(project, "add", "config")
    git(project, "commit", "-q", "-m", "all of it")
    git(project, "remote", "add", "origin", REMOTE)
    return git(project, "rev-parse", "HEAD")


def links(text: str) -> dict[str, str]:
    """Where each text leads that leads out of the page."""
    return {shown: href for href, shown in re.findall(r'href="(https:[^"]*)"[^>]*>([^<]*)</a>', text)}


def test_objects_lead_to_the_lines_that_declare_them(server: Any, project: Any, committed: str) -> None:
    root = "https://github.com/acme/mail"
    expected = {
        committed[:12]: f"{root}/commit/{committed}",
        "config/mail.yaml:3": f"{root}/blob/{committed}/config/mail.yaml#L3",
        "config/mail.yaml:6": f"{root}/blob/{committed}/config/mail.yaml#L6",
    }
    planned = project.run("plan", "--format", "html", "--out", "mail.plan.json").out
    assert links(planned) == expected
    assert "a-token" not in planned
    shown = project.run("show", "mail.plan.json", "--format", "html").out
    assert links(shown) == expected

    project.write(FILES + "          bob: {firstname: Bob, password: {env: PW}}\n", "mail.yaml")
    moved = project.run("show", "mail.plan.json", "--format", "html").out
    assert links(moved) == {committed[:12]: expected[committed[:12]]}  # its lines are not those of today
    project.write("domains: [", "mail.yaml")
    assert links(project.run("show", "mail.plan.json", "--format", "html").out) == links(moved)


def test_a_pipeline_names_its_repository(server: Any, project: Any, committed: str) -> None:
    environ = {"CI_PROJECT_URL": "https://git.example/acme/mail"}
    shown = links(project.run("plan", "--format", "html", env=environ).out)
    assert shown["config/mail.yaml:3"] == f"https://git.example/acme/mail/-/blob/{committed}/config/mail.yaml#L3"


def test_without_a_repository_places_are_told_all_the_same(server: Any, project: Any) -> None:
    project.write(FILES, "mail.yaml")
    text = project.run("plan", "--format", "html").out
    assert "config/mail.yaml:3" in text
    assert links(text) == {}
