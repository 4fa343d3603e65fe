"""A pipeline's runner: executes the steps of a workflow as its service would, with recorders for its tools."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support import ROOT

GITHUB = ROOT / "examples" / "pipelines" / "github.yml"
GITLAB = ROOT / "examples" / "pipelines" / "gitlab-ci.yml"
SCRIPT = ROOT / "examples" / "pipelines" / "pipeline.sh"
STARTER = ROOT / "qboxctl" / "starter" / "dot_github" / "workflows" / "qboxmail.yml"
ACTION = ROOT / ".github" / "actions" / "qboxctl" / "action.yml"
OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
"""The workflows of this project itself."""
MARKER = "<!-- qboxctl plan -->"
ME = 42
"""The id of the user whose token GitLab's pipeline has."""
PATIENCE = 60
Ended = subprocess.CompletedProcess[str]
PASSWORDS = {"INITIAL_PASSWORD": "Initial-1", "POSTMASTER_PASSWORD": "Initial-2"}
VALUES = {
    "secrets.QBOXMAIL_API_TOKEN": "replaced by the account's",
    **{f"secrets.{name}": text for name, text in PASSWORDS.items()},
    "inputs.acknowledge": "",
    "github.token": "gh-token",
    "github.event.pull_request.number": "7",
    "github.server_url": "https://git.example",
    "github.repository": "ada/mail",
    "github.run_id": "99",
    "github.event_name != 'pull_request' || github.event.pull_request.head.repo.full_name == github.repository": "true",
}
RECORDER = f"""#!{sys.executable}
import json, os, re, subprocess, sys

words = sys.argv[1:]
with open(os.environ["CALLS"], "a") as calls:
    print(json.dumps([os.path.basename(sys.argv[0]), *words]), file=calls)
if words[-1].endswith("/user"):
    print(json.dumps({{"id": {ME}}}))
elif "--method" not in words and "--request" not in words:
    if "--jq" in words:
        sys.exit(subprocess.call(["jq", "-r", words[words.index("--jq") + 1], os.environ["ANSWER"]]))
    answer = json.load(open(os.environ["ANSWER"]))
    page = re.search("per_page=([0-9]+)&page=([0-9]+)", words[-1])
    size, number = map(int, page.groups()) if page else (len(answer), 1)
    print(json.dumps(answer[size * (number - 1) : size * number]))
"""
"""Stands for gh and curl: notes how it was called, and answers a question with what the test put into a file."""


def read(path: Path) -> Any:
    """A workflow; all scalars are texts, so that the key ``on`` stays a word."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def step(path: Path, job: str, name: str) -> dict[str, Any]:
    """A step of a workflow by its name."""
    (found,) = (one for one in read(path)["jobs"][job]["steps"] if one.get("name") == name)
    return dict(found)


def substitute(text: str, values: Mapping[str, str]) -> str:
    """Fill in what stands in ``${{ … }}``; the test must know every expression."""
    return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: values[" ".join(found[1].split())], text, flags=re.DOTALL)


@dataclass
class Runner:
    """A machine that runs steps in the folder of a configuration."""

    project: Any
    values: dict[str, str] = field(default_factory=lambda: dict(VALUES))
    """What the expressions of a workflow mean."""

    def __post_init__(self) -> None:
        self.tools = self.project.folder / "tools"
        self.tools.mkdir()
        self.temp = self.project.folder / "temp"
        self.temp.mkdir()
        for name in ("gh", "curl"):
            self.tool(name, RECORDER)
        self.tool("python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        self.tool("qboxctl", f'#!/bin/sh\nexec {sys.executable} -m qboxctl "$@"\n')
        for name in ("calls", "answer", "output", "summary"):
            self.path(name).write_text("", encoding="utf-8")
        self.answer([])

    def tool(self, name: str, text: str) -> None:
        """Put a program on the path."""
        path = self.tools / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def path(self, name: str) -> Path:
        return self.project.folder / name

    def written(self, name: str) -> Path:
        """A file that a step wrote: where GitHub's runner keeps such, else into the configuration's folder."""
        path: Path = self.temp / name
        return path if path.exists() else self.project.config / name

    def file(self, name: str) -> str:
        return self.written(name).read_text(encoding="utf-8")

    def answer(self, content: Any) -> None:
        """What the service answers to the next questions."""
        self.path("answer").write_text(json.dumps(content), encoding="utf-8")

    def calls(self) -> list[list[str]]:
        """How gh and curl were called since the last time."""
        lines = self.path("calls").read_text(encoding="utf-8").splitlines()
        self.path("calls").write_text("", encoding="utf-8")
        return [json.loads(line) for line in lines]

    def plan(self) -> Any:
        """The plan that was saved."""
        return json.loads(self.file("qboxmail.plan.json"))

    def outputs(self) -> dict[str, str]:
        """What the last step told the workflow."""
        return dict(line.split("=", 1) for line in self.path("output").read_text(encoding="utf-8").splitlines())

    def bash(self, script: str, env: Mapping[str, str]) -> Ended:
        """Run a script as services do: in a file, ending at the first failure."""
        self.path("output").write_text("", encoding="utf-8")
        path = self.path("script")
        path.write_text(script, encoding="utf-8")
        environ = {
            **self.project.env,
            "CALLS": str(self.path("calls")),
            "ANSWER": str(self.path("answer")),
            "GITHUB_OUTPUT": str(self.path("output")),
            "GITHUB_STEP_SUMMARY": str(self.path("summary")),
            "GITHUB_REPOSITORY": "ada/mail",
            "RUNNER_TEMP": str(self.temp),
            **env,
            "PATH": f"{self.tools}{os.pathsep}{self.project.env['PATH']}",
        }
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(path)]
        return subprocess.run(
            words,
            cwd=self.project.config,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def github(self, path: Path, job: str, name: str, **env: str) -> Ended:
        """Run a step of a GitHub workflow; ``env`` goes over what the workflow says."""
        one, content = step(path, job, name), read(path)
        stated = {**content["env"], **content["jobs"][job].get("env", {}), **one.get("env", {})}
        stated = {key: substitute(text, self.values) for key, text in stated.items()}
        return self.bash(one["run"], {**stated, **self.account(), **env})

    def gitlab(self, job: str, part: str = "script", **env: str) -> Ended:
        """Run a part of a GitLab job; ``env`` goes over what the file says."""
        content = read(GITLAB)
        below = content.get(content[job].get("extends"), {})
        lines = {**content["default"], **below, **content[job]}[part]
        stated = {**content["variables"], **below.get("variables", {}), **content[job].get("variables", {})}
        stated = {name: text for name, text in stated.items() if isinstance(text, str)}
        return self.bash("\n".join(lines), {**stated, **self.account(), **env})

    def action(self, **inputs: str) -> Ended:
        """Run the action's main step; what it installs is what is tested."""
        content = read(ACTION)
        (one,) = (one for one in content["runs"]["steps"] if one.get("name") == "Run")
        stated = {name: facts["default"] for name, facts in content["inputs"].items()}
        self.values.update({f"inputs.{name}": text for name, text in {**stated, **inputs}.items()})
        programs = self.temp / "qboxctl" / "bin"
        programs.mkdir(parents=True, exist_ok=True)
        for name in ("qboxctl", "python"):
            shutil.copy(self.tools / name, programs)
        env = {name: substitute(text, self.values) for name, text in one["env"].items()}
        return self.bash(one["run"], {**env, **self.account(), **PASSWORDS})

    def sh(self, command: str, **env: str) -> Ended:
        """Run a command of pipeline.sh, with the strictest shell there is."""
        shell = shutil.which("dash") or "sh"
        return self.bash(f"{shell} {SCRIPT} {command}", {**self.account(), **env})

    def account(self) -> dict[str, str]:
        """Where the test's account is, and its environment: the pipelines name the real one, and none."""
        known = ("QBOXCTL_ENDPOINT", "QBOXCTL_ENV", "QBOXMAIL_API_TOKEN")
        return {name: self.project.env[name] for name in known if name in self.project.env}
