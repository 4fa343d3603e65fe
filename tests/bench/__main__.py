"""Speed and memory as ratios within one run: `make bench`, or `python -m tests.bench --objects 12000`.

Every figure is a whole process, measured by the operating system. The floors are what nobody can go below: loading
the same files with PyYAML's C loader, and fetching the same pages with a bare httpx client. The programs run in turn,
so that a change of the machine's speed hits all of them; a ratio is the median of the ratios of its turns.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from tests.bench.floors import CREATE, FETCH, LOAD_YAML, octodns
from tests.bench.tools import (
    PER_DOMAIN,
    Figure,
    configuration,
    emulator,
    measure,
    qboxctl,
    remembered,
    seed_of,
)

CONNECTIONS = 8
RATE = 100
"""Requests a second that the limited apply may send."""
LARGE = 50_000
"""Accounts that are larger are not planned by the peer: it would take minutes."""
ROOT = Path(__file__).parents[2]
Turn = dict[str, Figure]


def median(turns: Sequence[Turn], ratio: Callable[[Turn], float]) -> float:
    """The median of a figure over all turns."""
    return round(statistics.median(ratio(turn) for turn in turns), 2)


def start_up(runs: int) -> dict[str, float]:
    """How long it takes to say something, next to importing Click; and to check one small file."""
    small = ROOT / "examples" / "quickstart"
    turns = [
        {
            "click": measure([sys.executable, "-c", "import click"]),
            "help": measure([sys.executable, "-m", "qboxctl", "--help"]),
            "version": measure([sys.executable, "-m", "qboxctl", "--version"]),
            "validate": measure(qboxctl(small, "validate")),
        }
        for _ in range(max(runs, 3))
    ]
    return {
        "--help / import click": median(turns, lambda turn: turn["help"].wall / turn["click"].wall),
        "--version / import click": median(turns, lambda turn: turn["version"].wall / turn["click"].wall),
        "validate one file, s": median(turns, lambda turn: turn["validate"].wall),
    }


def planning(objects: int, runs: int, latency: int) -> dict[str, object]:
    """Plans for an account: nothing to change, 1 % changed, one domain of all, all to create."""
    domains = max(1, objects // PER_DOMAIN)
    with tempfile.TemporaryDirectory() as folder:
        work = configuration(Path(folder, "config"), domains, objects // domains)
        seed = seed_of(work, Path(folder, "seed.json"))
        small = objects <= LARGE
        peer = octodns(Path(folder, "octodns"), domains, objects // domains) if small and not latency else None
        with emulator("--seed", seed, "--latency", str(latency)) as url:
            environ = {"QBOXMAIL_API_TOKEN": "x", "QBOXCTL_ENDPOINT": url, "PYTHONPATH": str(ROOT)}
            since = {
                "since": qboxctl(work, "-v", "plan", "--since", "HEAD"),
                "only": qboxctl(work, "-v", "plan", "--since", "HEAD", "--only-changed"),
            }
            programs = {
                "plan": qboxctl(work, "-v", "plan"),
                "yaml": [sys.executable, "-c", LOAD_YAML, str(work)],
                "fetch": [sys.executable, "-c", FETCH, url],
                "target": qboxctl(work, "-v", "plan", "--target", f"mailbox/*@{first_domain(work)}"),
                **(since if remembered(work) else {}),
                **({"peer": peer} if peer else {}),
            }
            turns = [{name: measure(words, environ) for name, words in programs.items()} for _ in range(runs)]
            assert all("Nothing to change" in turn["plan"].out for turn in turns), turns[0]["plan"].out[-2000:]
            phases = measure([sys.executable, "-m", "tests.bench.phases", str(work), url], environ)
            change(work)
            changed = measure(qboxctl(work, "-v", "plan"), environ)
        with emulator("--latency", str(latency)) as url:
            creating = measure(qboxctl(work, "plan"), {**environ, "QBOXCTL_ENDPOINT": url, "PW": "Initial-1"})
    assert f"{(2 + objects // domains) * domains} to create" in creating.out, creating.out[-2000:]
    plain = statistics.median(turn["plan"].wall for turn in turns)
    found: dict[str, object] = {
        "plan, s": median(turns, lambda turn: turn["plan"].wall),
        "plan / (load YAML + fetch pages)": median(
            turns, lambda t: t["plan"].wall / (t["yaml"].wall + t["fetch"].wall)
        ),
        "the same, processor": median(turns, lambda t: t["plan"].cpu / (t["yaml"].cpu + t["fetch"].cpu)),
        "peak memory, MB": median(turns, lambda turn: turn["plan"].memory),
        "requests beyond the list pages": requests(turns[0]["plan"]) - pages(domains),
        "1 % changed / nothing changed": round(changed.wall / plain, 2),
        "all to create / nothing changed": round(creating.wall / plain, 2),
        "one domain, s": median(turns, lambda turn: turn["target"].wall),
        "one domain / all": median(turns, lambda turn: turn["target"].wall / turn["plan"].wall),
        "requests for one domain": requests(turns[0]["target"]),
        "where the time goes, s": json.loads(phases.out),
    }
    if "since" in programs:
        assert all("Nothing to change" in turn["since"].out for turn in turns), turns[0]["since"].out[-2000:]
        found["--since, one file changed / all"] = median(turns, lambda turn: turn["since"].wall / turn["plan"].wall)
        found["only that file's change, s"] = median(turns, lambda turn: turn["only"].wall)
        found["only that file's change / all"] = median(turns, lambda turn: turn["only"].wall / turn["plan"].wall)
        found["requests for only that file's change"] = requests(turns[0]["only"])
    if peer:
        found["plan / octoDNS"] = median(turns, lambda turn: turn["plan"].wall / turn["peer"].wall)
    fetching = json.loads(phases.out)["fetch"]
    found["requests a second while fetching / a bare client"] = median(
        turns, lambda turn: float(turn["fetch"].out) / fetching
    )
    if latency:
        found["requests a second while fetching / what the connections allow"] = round(
            requests(turns[0]["plan"]) / fetching / (CONNECTIONS / (latency / 1000)), 2
        )
    return found


def requests(plan: Figure) -> int:
    """How many requests a plan took, as it says."""
    return int(plan.out.rpartition(" requests")[0].split()[-1])


def pages(domains: int) -> int:
    """The list pages of a generated account: of domains, and of the mailboxes and aliases of each."""
    return -(-domains // 200) + 2 * domains


def first_domain(work: Path) -> str:
    """The domain of one file."""
    return min((work / "domains").iterdir()).name.removesuffix(".yaml")


def change(work: Path) -> None:
    """Change one mailbox in a hundred."""
    number = 0
    for path in sorted((work / "domains").iterdir()):
        lines = path.read_text().splitlines(keepends=True)
        for position, line in enumerate(lines):
            if "firstname: " in line:
                number += 1
                if number % 100 == 0:
                    lines[position] = line.replace("lastname: ", "lastname: X")
        path.write_text("".join(lines))


def applying(creates: int, latency: int) -> dict[str, float]:
    """Creating everything in an empty account, next to a bare client that creates as many mailboxes."""
    domains = max(1, creates // PER_DOMAIN)
    number = creates // domains
    with tempfile.TemporaryDirectory() as folder:
        work, journal = configuration(Path(folder, "config"), domains, number), Path(folder, "journal")
        run = created(work, journal, latency)
        with emulator("--latency", str(latency)) as url:
            bare = measure([sys.executable, "-c", CREATE, url, str(domains), str(number)])
            assert bare.code == 0, bare.out[-2000:]
        seconds = writing(journal)
    writes = domains * number
    found = {
        "creates": run.out.count("  done       create"),
        "creates a second, all in all": run.out.count("  done       create") / run.wall,
        "mailboxes a second, while they are written": writes / seconds,
        "the same / a bare client": float(bare.out) / seconds,
        "list pages read back, for 100 writes": 100 * run.out.count("/email_accounts 200") / writes,
    }
    if latency:
        found["the same / what the connections allow"] = writes / seconds / (CONNECTIONS / (latency / 1000))
    return {name: round(value, 2) for name, value in found.items()}


def limited(creates: int, latency: int) -> dict[str, float]:
    """Creating everything under a limit of requests a second, from the program's start to its end."""
    domains = max(1, creates // PER_DOMAIN)
    with tempfile.TemporaryDirectory() as folder:
        work = configuration(Path(folder, "config"), domains, creates // domains)
        with (work / "settings.yaml").open("a") as file:
            file.write(f"settings: {{api: {{requests_per_second: {RATE}}}}}\n")
        run = created(work, Path(folder, "journal"), latency)
    sent = len(re.findall(r"^(?:GET|POST|PUT) /\S+ \d+ \d+ ms$", run.out, re.M))
    return {"requests": sent, "seconds that the limit asks for / all in all": round(sent / RATE / run.wall, 2)}


def created(work: Path, journal: Path, latency: int) -> Figure:
    """An apply to an empty account, every request told."""
    with emulator("--latency", str(latency)) as url:
        environ = {"QBOXMAIL_API_TOKEN": "x", "QBOXCTL_ENDPOINT": url, "PW": "Initial-1"}
        run = measure(qboxctl(work, "-vv", "apply", "--auto-approve", "--journal", str(journal)), environ)
    assert run.code == 0, run.out[-2000:]
    return run


def writing(journal: Path) -> float:
    """The seconds from the first mailbox's request to the last one's."""
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    times = [
        datetime.fromisoformat(line["time"]).timestamp()
        for line in lines
        if line["event"] == "intended" and line["address"].startswith("mailbox/")
    ]
    return max(times) - min(times)


def main() -> None:
    """Print the figures as one JSON object."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--objects", type=int, nargs="*", default=[1_000, 12_000, 120_000],
                         help="mailboxes of the accounts to plan (%(default)s)")  # fmt: skip
    options.add_argument("--creates", type=int, default=2_000, help="mailboxes to create (%(default)s)")
    options.add_argument("--latency", type=int, nargs="*", default=[0, 50], help="of each answer, in ms (%(default)s)")
    options.add_argument("--runs", type=int, default=3, help="turns of each comparison (%(default)s)")
    chosen = options.parse_args()
    figures: dict[str, object] = {"start": start_up(chosen.runs)}
    for latency in chosen.latency:
        for objects in chosen.objects:
            figures[f"plan, {objects} mailboxes, {latency} ms"] = planning(objects, chosen.runs, latency)
        figures[f"apply, all to create, {latency} ms"] = applying(chosen.creates, latency)
        figures[f"apply, at most {RATE} requests a second, {latency} ms"] = limited(chosen.creates, latency)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
