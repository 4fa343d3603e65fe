"""The command line as a process of its own, in a project's folder: how it ended, and how long it may take."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PATIENCE = 60
"""Seconds that a command or a request may take before a test gives up."""


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def ended(process: subprocess.Popen[str]) -> Result:
    """Wait for a process that was started."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Result(process.returncode, out, err)


@dataclass
class Project:
    """A folder with a configuration, and the command line in it."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"

    def write(self, content: str | Mapping[str, Any], name: str = "qboxmail.yaml") -> Path:
        path = self.config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = textwrap.dedent(content) if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        path.write_text(text, encoding="utf-8")
        return path

    def start(
        self, *words: str, env: Mapping[str, str | None] | None = None, shell: str = "", **more: Any
    ) -> subprocess.Popen[str]:
        """Start a command; it runs in the project's folder, on ``config``, and knows only the project's environment.

        ``shell`` is what a shell does with its streams, such as ``>&-``.
        """
        environ = {name: value for name, value in {**self.env, **(env or {})}.items() if value is not None}
        place = () if "-C" in words else ("-C", "config")
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        command = [sys.executable, "-m", "qboxctl", *place, *map(str, words)]
        if shell:
            command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
        return subprocess.Popen(command, env=environ, encoding="utf-8", **{"cwd": self.folder, **options})

    def run(self, *words: str, env: Mapping[str, str | None] | None = None, **more: Any) -> Result:
        """Run a command to its end."""
        with self.start(*words, env=env, **more) as process:
            return ended(process)

    def plan(self, *words: str, **more: Any) -> Any:
        """The plan as JSON; it must not fail."""
        done = self.run("plan", "--format", "json", *words, **more)
        assert done.code in (0, 4), done
        return done.json

    def apply(self, *words: str, **more: Any) -> Result:
        """Apply without questions, with the journal in its usual place."""
        return self.run("apply", "--auto-approve", "--journal", str(self.journal), *words, **more)

    def program(self, says: str) -> tuple[dict[str, list[str]], Path]:
        """A reference to a program that prints a secret, and the file that it leaves behind where it is run."""
        left = self.folder / "ran"
        code = f"import pathlib; pathlib.Path({str(left)!r}).touch(); print({says!r})"
        return {"exec": [sys.executable, "-c", code]}, left

    def lines(self) -> list[Any]:
        """The journal."""
        return [json.loads(line) for line in self.journal.read_text(encoding="utf-8").splitlines()]
