"""What the benchmark measures with: whole processes, accounts in emulators, and configurations in folders."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

GENERATE = Path(__file__).parents[2] / "examples" / "reseller" / "generate.py"
SETTINGS = "defaults:\n  domain: {postmaster_password: {env: PW}}\n  mailbox: {language: it, password: {env: PW}}\n"
PER_DOMAIN = 120


@dataclass(frozen=True)
class Figure:
    """One process: seconds on the wall, seconds of processor, peak memory in MB, exit code, what it printed."""

    wall: float
    cpu: float
    memory: float
    code: int
    out: str


def measure(words: Sequence[str], environ: dict[str, str] | None = None, folder: Path | None = None) -> Figure:
    """Run a program to its end."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            words, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **(environ or {})}, cwd=folder
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    wall = time.perf_counter() - started
    return Figure(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode, text)


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


def configuration(folder: Path, domains: int, mailboxes: int) -> Path:
    """The domains of the generated reseller, without a limit of its own."""
    subprocess.run([sys.executable, str(GENERATE), str(domains), str(mailboxes), str(folder)], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    (folder / "settings.yaml").write_text(SETTINGS)
    (folder / "access.yaml").unlink(missing_ok=True)
    return folder


def remembered(work: Path) -> bool:
    """Commit a configuration, and state one size in other words than at the commit; False where there is no git."""
    if not shutil.which("git"):
        return False
    person = ["-c", "user.name=b", "-c", "user.email=b@b.example"]
    for words in (["init", "-q"], ["add", "-A"], [*person, "commit", "-qm", "b"]):
        subprocess.run(["git", "-C", str(work), *words], check=True)
    first = min((work / "domains").iterdir())
    first.write_text(re.sub(r"quota: (\d+)GB", lambda size: f"quota: {int(size[1]) * 2**30}", first.read_text()))
    return True


SEED = """
import json, sys, yaml
from pathlib import Path
found = {}
for path in sorted(Path(sys.argv[1]).rglob("*.yaml")):
    found.update((yaml.load(path.read_text(), Loader=yaml.CSafeLoader) or {}).get("domains", {}))
json.dump({"domains": found}, sys.stdout)
"""


def seed_of(work: Path, path: Path) -> str:
    """A file with all domains of a configuration, as a seed.

    Another process makes it: the peak memory that the system tells of a process is at least that of its parent.
    """
    with path.open("wb") as out:
        subprocess.run([sys.executable, "-c", SEED, str(work)], check=True, stdout=out)
    return str(path)


def qboxctl(work: Path, *words: str) -> list[str]:
    """The words that run the program on a configuration."""
    return [sys.executable, "-m", "qboxctl", "-C", str(work), *words]
