"""Completion, as the shells ask for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(shell, project):
    done = project.run("completion", shell)
    assert done.code == 0
    assert f"qboxctl completion {shell}" in done.out.splitlines()[0]
    assert "_QBOXCTL_COMPLETE" in done.out
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=done.out, text=True, capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ex", ["export", "explain"]),
        ("guide rem", ["removals"]),
        ("plan --fo", ["--format"]),
        ("plan --format ma", ["markdown"]),
        ("completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_bash_completes(words, expected, project):
    count = words.count(" ") + 1
    script = f"""eval "$(qboxctl completion bash)"
    COMP_WORDS=(qboxctl {words}); COMP_CWORD={count}
    _qboxctl_completion qboxctl; printf '%s\\n' "${{COMPREPLY[@]}}" """
    env = {**project.env, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=env, text=True, capture_output=True, check=True)
    assert done.stdout.split() == expected
