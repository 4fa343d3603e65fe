"""The benchmark runs; what it measures is for people to judge."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_the_benchmark_runs() -> None:
    words = [sys.executable, "-m", "tests.bench", "--objects", "120", "--creates", "40", "--runs", "1"]
    done = subprocess.run(words, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["plan, nothing to change"]["requests beyond the list pages"] <= 10
    assert figures["apply, all to create"]["creates at 0 ms"] > 40
