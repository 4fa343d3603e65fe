"""A command as a process of its own: how it ended, and how long it may take."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

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
