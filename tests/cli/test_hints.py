"""What a command says to run next, and which account it is about: environments, named by a flag or a variable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from qboxctl.cli.common import Common
from qboxctl.cli.failures import explained
from qboxctl.errors import Moved, StalePlanError


def test_a_variable_chooses_the_environment_and_a_flag_goes_over_it(server, project):
    project.write({"settings": {"environments": {"here": {}, "there": {}}}, "domains": {}})
    chosen = {"QBOXCTL_ENV": "here"}
    assert project.plan(env=chosen)["environment"] == "here"
    assert project.plan("--env", "there", env=chosen)["environment"] == "there"
    assert project.plan("--env", "default", env=chosen)["environment"] == "default"
    assert project.plan(env={"QBOXCTL_ENV": ""})["environment"] == "default"
    done = project.run("plan", env={"QBOXCTL_ENV": "hree"})
    assert (done.code, 'did you mean "here"?' in done.err) == (3, True)


def paste(project: Any, done: Any, environ: dict[str, str | None]) -> int:
    """Give to a shell what a command said to run next; the code that it ends with."""
    line = done.err.split("run it with: ")[1].splitlines()[0]
    tool = project.folder / "bin" / "qboxctl"
    tool.parent.mkdir(exist_ok=True)
    tool.write_text(f'#!/bin/sh\nexec {sys.executable} -m qboxctl "$@" --auto-approve --journal journal.jsonl\n')
    tool.chmod(0o755)
    kept = {name: text for name, text in (project.env | environ).items() if text is not None}
    kept["PATH"] = f"{tool.parent}{os.pathsep}{kept['PATH']}"
    return subprocess.run(["sh", "-c", line], cwd=project.folder, env=kept, timeout=60, check=False).returncode


def test_the_hint_after_a_saved_plan_works_when_it_is_pasted(server, project):
    """With the folder, the environment, the endpoint and whatever else apply must be told again."""
    live = {name: {"firstname": name} for name in ("ada", "bob", "eve")}
    server.swap(seed={"domains": {"example.com": {"mailboxes": live}}})
    mailboxes = {"ada": {"password": {"env": "PW"}}, "bob": {"state": "absent"}, "eve": {"state": "absent"}}
    folder, url = "it's $HOME", project.env["QBOXCTL_ENDPOINT"]
    project.write({"settings": {"guards": {"count": 1}, "environments": {"the sandbox": {}}},
                   "domains": {"example.com": {"mailboxes": mailboxes}}}, f"../{folder}/mail.yaml")  # fmt: skip
    plain = {"QBOXCTL_ENDPOINT": None}
    words = ("-C", folder, "--env", "the sandbox", "--endpoint", url, "plan", "--rotate", "mailbox/ada@*")
    saved = ("--out", "my plan.json")
    first = project.run(*words, *saved, env=plain)
    assert (first.code, "run it with" in first.err) == (4, False)
    known = json.loads((project.folder / "my plan.json").read_text())["id"]
    done = project.run(*words, *saved, "--acknowledge", known[:8], env=plain)
    assert done.code == 0, done
    assert paste(project, done, plain) == 0
    assert set(server.emulator.dump()["domains"]["example.com"]["mailboxes"]) == {"ada"}
    assert server.emulator.password_sets == {"mailbox/ada@example.com": 1}


@pytest.mark.parametrize(("number", "verbose", "lines"), [(20, 0, 20), (25, 0, 21), (25, 1, 25)])
def test_of_all_that_moved_the_first_are_listed(number, verbose, lines, capsys):
    moved = [Moved(f"mailbox/u{one}@example.com", "it is there now") for one in range(number)]
    assert explained(StalePlanError("the account moved", moved), Common(verbose=verbose)) == 5
    _, *said, _ = capsys.readouterr().err.splitlines()  # between what is wrong and what to do
    assert len(said) == lines
    assert ("and 5 more (-v lists them)" in said[-1]) == (number > lines)


def test_the_environment_of_a_saved_plan_is_checked_before_the_token(server, project):
    project.write({"settings": {"environments": {"there": {"token": {"env": "NONE"}}}},
                   "domains": {"example.com": {"postmaster_password": {"env": "PW"}}}})  # fmt: skip
    path = str(project.folder / "plan.json")
    assert project.run("plan", "--out", path).code == 0
    done = project.apply(path, "--env", "there")
    assert (done.code, "apply it with --env default" in done.err, "NONE" in done.err) == (1, True, False)


@pytest.mark.parametrize("server", [{"quirks": {"ownership": "wait"}}], indirect=True)
def test_what_to_do_after_an_apply_names_the_same_place(server, project):
    domain = {"postmaster_password": {"env": "PW"}}
    content = {"settings": {"environments": {"the sandbox": {}}}, "domains": {"a.example": domain}}
    project.write(content, "../own/mail.yaml")
    done = project.run("-C", "own", "--env", "the sandbox", "apply", "--auto-approve")
    assert done.code == 7
    assert "run `qboxctl -C own --env 'the sandbox' apply` again later" in done.out
    assert "`qboxctl -C own --env 'the sandbox' plan` tells what is not over yet" in done.out
