"""The command line in a project's folder: inside this process, or as one of its own."""

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

from tests.support.commands import Result, run

PATIENCE = 60
"""Seconds that a command or a request may take before a test gives up."""


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
        self, *words: str, env: Mapping[str, str | None] | None = None, shell: str = "", **streams: Any
    ) -> subprocess.Popen[str]:
        """Start a process; it runs in the project's folder, on ``config``, and knows only the project's environment.

        ``shell`` is what a shell does with its streams, such as ``>&-``.
        """
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        command = [sys.executable, "-m", "qboxctl", *self._placed(words)]
        if shell:
            command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
        return subprocess.Popen(command, env=self._environ(env), encoding="utf-8", **{"cwd": self.folder, **options})

    def process(self, *words: str, **more: Any) -> Result:
        """Run a process to its end, as ``start`` starts it."""
        with self.start(*words, **more) as process:
            return ended(process)

    def run(self, *words: str, env: Mapping[str, str | None] | None = None) -> Result:
        """Run a command to its end, inside this process."""
        return run(*self._placed(words), folder=self.folder, environ=self._environ(env))

    def _placed(self, words: tuple[str, ...]) -> list[str]:
        return [*(() if "-C" in words else ("-C", "config")), *map(str, words)]

    def _environ(self, env: Mapping[str, str | None] | None) -> dict[str, str]:
        return {name: value for name, value in {**self.env, **(env or {})}.items() if value is not None}

    def plan(self, *words: str, **more: Any) -> Any:
        """The plan as JSON; it must not fail."""
        done = self.run("plan", "--format", "json", *words, **more)
        assert done.code in (0, 4), done
        return done.json

    def apply(self, *words: str, **more: Any) -> Result:
        """Apply without questions, with the journal in its usual place."""
        return self.run(*self.applying, *words, **more)

    @property
    def applying(self) -> tuple[str, ...]:
        """The words of an apply without questions."""
        return ("apply", "--auto-approve", "--journal", str(self.journal))

    def program(self, says: str) -> tuple[dict[str, list[str]], Path]:
        """A reference to a program that prints a secret, and the file that it leaves behind where it is run."""
        left = self.folder / "ran"
        code = f"import pathlib; pathlib.Path({str(left)!r}).touch(); print({says!r})"
        return {"exec": [sys.executable, "-c", code]}, left

    def lines(self) -> list[Any]:
        """The journal."""
        return [json.loads(line) for line in self.journal.read_text(encoding="utf-8").splitlines()]
