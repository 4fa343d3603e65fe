#!/usr/bin/env python3
"""Says what `qboxctl plan` would say, from Python: which changes an account needs, and in which order they go.

QBOXMAIL_API_TOKEN=… python plan.py [FOLDER]
"""

from __future__ import annotations

import os
import sys
from graphlib import TopologicalSorter

import qboxctl


def steps(plan: qboxctl.Plan) -> list[list[qboxctl.Change]]:
    """The changes in sets that could go at the same time: what a change needs goes before it."""
    changes = {change.address: change for change in plan.changes}
    order = TopologicalSorter(
        {address: [one for one in change.needs if one in changes] for address, change in changes.items()}
    )
    order.prepare()
    found = []
    while order.is_active():
        ready = order.get_ready()
        order.done(*ready)
        found.append([changes[address] for address in ready])
    return found


def main(folder: str = ".") -> None:
    configuration = qboxctl.load(folder, endpoint=os.environ.get("QBOXCTL_ENDPOINT", ""))
    no_exec = os.environ.get("QBOXCTL_NO_EXEC", "") not in ("", "0")  # whether a program that files name may be run
    plan = qboxctl.plan(configuration, no_exec=no_exec)
    for change in plan.changes:
        names = ", ".join(field.name for field in change.fields)
        print(f"{change.action} {change.address}: {names or change.reason}")
    for number, ready in enumerate(steps(plan), 1):
        for change in ready:
            print(f"{number}. {change.action} {change.address}")
    for blocked in plan.blocked:
        print(f"blocked: {blocked.message}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except qboxctl.QboxctlError as error:
        sys.exit(f"error: {error}")
