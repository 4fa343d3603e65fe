"""The benchmark runs; what it measures is for people to judge, save what does not depend on the machine."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.slow


def test_the_benchmark_runs() -> None:
    words = ["--objects", "240", "--creates", "40", "--latency", "0", "--runs", "1"]
    words = [sys.executable, "-m", "tests.bench", *words]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    plan = figures["plan, 240 mailboxes, 0 ms"]
    assert plan["requests beyond the list pages"] == 0
    assert plan["requests for one domain"] == 3
    assert plan.get("requests for only that file's change", 3) == 3
    assert figures["apply, all to create, 0 ms"]["creates"] == 42
    assert figures["apply, at most 100 requests a second, 0 ms"]["requests"] > 42
