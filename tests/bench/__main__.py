"""Speed and memory as ratios within one run: `make bench`, or `python -m tests.bench --objects 12000`.

Every figure is a whole process, measured by the operating system; the floors are what nobody can go below:
loading the same files with PyYAML's C loader, and fetching the same pages with a bare httpx client.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GENERATE = Path(__file__).parents[2] / "examples" / "reseller" / "generate.py"
SETTINGS = "defaults:\n  domain: {postmaster_password: {env: PW}}\n  mailbox: {language: it, password: {env: PW}}\n"
LOAD_YAML = """
import glob, sys, yaml
for name in glob.glob(sys.argv[1] + "/**/*.yaml", recursive=True):
    with open(name) as file:
        yaml.load(file, Loader=yaml.CSafeLoader)
"""
FETCH = """
import sys, httpx
from concurrent.futures import ThreadPoolExecutor
with httpx.Client(base_url=sys.argv[1], headers={"X-Api-Token": "x"}) as client, ThreadPoolExecutor(8) as pool:
    def pages(path):
        first = client.get(path, params={"per": 200}).json()
        rest = range(2, (first.get("pagination", {}).get("total_pages") or 1) + 1)
        return [first, *(client.get(path, params={"per": 200, "page": page}).json() for page in rest)]
    codes = [row["code"] for page in pages("/api/domains") for row in page["resources"]]
    paths = [f"/api/domains/{code}/{kind}" for code in codes for kind in ("email_accounts", "alias_email_accounts")]
    list(pool.map(pages, paths))
"""


@dataclass(frozen=True)
class Figure:
    """One process: seconds on the wall, seconds of processor, peak memory in MB, exit code, what it printed."""

    wall: float
    cpu: float
    memory: float
    code: int
    out: str


def measure(words: Sequence[str], environ: dict[str, str] | None = None) -> Figure:
    """Run a program to its end."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **(environ or {})})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    wall = time.perf_counter() - started
    return Figure(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode, text)


def middle(words: Sequence[str], runs: int, environ: dict[str, str] | None = None) -> Figure:
    """The run with the median wall time, after one that does not count."""
    measure(words, environ)
    found = sorted((measure(words, environ) for _ in range(runs)), key=lambda one: one.wall)
    return found[len(found) // 2]


@contextmanager
def emulator(*options: str) -> Iterator[str]:
    """An emulator in a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "qboxctl", "-q", "emulator", "--port", "0", *options], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def start_up(runs: int) -> dict[str, float]:
    """How long it takes to say something, next to importing Click."""
    floors, helps, versions = [], [], []
    for _ in range(max(runs, 3)):  # in turn, so that a change of the machine's speed hits all of them
        floors.append(measure([sys.executable, "-c", "import click"]).wall)
        helps.append(measure([sys.executable, "-m", "qboxctl", "--help"]).wall)
        versions.append(measure([sys.executable, "-m", "qboxctl", "--version"]).wall)
    floor = statistics.median(floors)
    return {"--help / import click": statistics.median(helps) / floor,
            "--version / import click": statistics.median(versions) / floor}  # fmt: skip


def planning(objects: int, runs: int) -> dict[str, float]:
    """A plan with nothing to change, next to its floors."""
    domains = max(1, objects // 120)
    with tempfile.TemporaryDirectory() as folder:
        work, seed = Path(folder, "config"), Path(folder, "seed.json")
        subprocess.run([sys.executable, str(GENERATE), str(domains), str(objects // domains), str(work)], check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        (work / "settings.yaml").write_text(SETTINGS)
        seed.write_text(json.dumps(merged(work)))
        with emulator("--seed", str(seed)) as url:
            environ = {"QBOXMAIL_API_TOKEN": "x", "QBOXCTL_ENDPOINT": url}
            plan = middle([sys.executable, "-m", "qboxctl", "-C", str(work), "-v", "plan"], runs, environ)
            assert "Nothing to change" in plan.out, plan.out[-2000:]
            yaml = middle([sys.executable, "-c", LOAD_YAML, str(work)], runs)
            fetch = middle([sys.executable, "-c", FETCH, url], runs)
            requests = int(plan.out.rpartition(" requests")[0].split()[-1])
    return {
        "objects": objects,
        "plan, s": plan.wall,
        "floor (load YAML + fetch pages), s": yaml.wall + fetch.wall,
        "plan / floor": plan.wall / (yaml.wall + fetch.wall),
        "plan / floor, processor": plan.cpu / (yaml.cpu + fetch.cpu),
        "peak memory, MB": plan.memory,
        "requests beyond the list pages": requests - (1 + 2 * domains),
    }


def merged(work: Path) -> dict[str, Any]:
    """All domains of a configuration, as a seed."""
    import yaml

    found: dict[str, Any] = {}
    for path in sorted(work.rglob("*.yaml")):
        tree = yaml.load(path.read_text(), Loader=yaml.CSafeLoader) or {}
        found.update(tree.get("domains", {}))
    return {"domains": found}


def applying(objects: int) -> dict[str, float]:
    """Creating everything, without latency and against 50 ms."""
    found: dict[str, float] = {}
    for latency, number in ((0, objects), (50, max(20, objects // 8))):
        domains = max(1, number // 200)
        with tempfile.TemporaryDirectory() as folder, emulator("--latency", str(latency)) as url:
            work = Path(folder, "config")
            subprocess.run([sys.executable, str(GENERATE), str(domains), str(number // domains), str(work)],
                           check=True, stdout=subprocess.DEVNULL)  # fmt: skip
            (work / "settings.yaml").write_text(SETTINGS)
            environ = {"QBOXMAIL_API_TOKEN": "x", "QBOXCTL_ENDPOINT": url, "PW": "Initial-1"}
            words = ["-m", "qboxctl", "-C", str(work), "apply", "--auto-approve", "--journal", f"{folder}/journal"]
            run = measure([sys.executable, *words], environ)
            assert run.code == 0, run.out[-2000:]
        creates = run.out.count("  done       create")
        found[f"creates at {latency} ms"] = creates
        found[f"creates a second at {latency} ms"] = creates / run.wall
        if latency:
            found["share of what 8 connections allow at 50 ms"] = creates / run.wall / (8 / (latency / 1000))
    return found


def main() -> None:
    """Print the figures as one JSON object."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--objects", type=int, default=12_000, help="mailboxes to plan (%(default)s)")
    options.add_argument("--creates", type=int, default=2_000, help="mailboxes to create (%(default)s)")
    options.add_argument("--runs", type=int, default=3, help="runs of each process (%(default)s)")
    chosen = options.parse_args()
    figures = {
        "start": start_up(chosen.runs),
        "plan, nothing to change": planning(chosen.objects, chosen.runs),
        "apply, all to create": applying(chosen.creates),
    }
    rounded = {name: {key: round(value, 2) for key, value in part.items()} for name, part in figures.items()}
    print(json.dumps(rounded, indent=2))


if __name__ == "__main__":
    main()
