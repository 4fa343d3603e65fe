"""Where the time of a plan goes: its steps one after the other, in seconds on the wall, as one JSON object."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import TypeVar

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.config.files import read_sources
from qboxctl.config.loader import load
from qboxctl.config.rules import check
from qboxctl.config.yaml.parallel import parse_together
from qboxctl.live.refresh import read_live_state
from qboxctl.model import Revealed
from qboxctl.planning.planner import make_plan
from qboxctl.planning.queries import query_for_plan
from qboxctl.planning.targets import Targets
from qboxctl.render import plan_text
from qboxctl.resources import TYPES

_V = TypeVar("_V")


def main() -> None:
    """Plan for a folder and an address, step by step."""
    folder, url = sys.argv[1:]
    gc.disable()  # as the command line does
    found = {"start": time.process_time()}

    def timed(name: str, job: Callable[[], _V]) -> _V:
        started = time.perf_counter()
        value = job()
        found[name] = round(time.perf_counter() - started, 3)
        return value

    sources = timed("read files", lambda: read_sources(folder))
    timed("parse", lambda: parse_together(sources))
    configuration = timed("load", lambda: load(sources, TYPES))
    configuration = replace(configuration, settings=replace(configuration.settings, endpoint=url))
    timed("validate", lambda: check(configuration, TYPES))
    with closing(Reader(url, Revealed("x"), configuration.settings.api)) as reader:
        want = timed("want", lambda: query_for_plan(Targets(configuration, TYPES)))
        own = time.thread_time()
        snapshot = timed("fetch", lambda: read_live_state(Account(reader, TYPES), want))
        found["decode, meanwhile"] = round(time.thread_time() - own, 3)
    plan = timed("diff", lambda: make_plan(TYPES, configuration, snapshot))
    timed("render", lambda: plan_text.render(plan, TYPES))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
