"""How laws are tried: on how many cases, and on which of them."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, assume, event, settings

from qboxctl.config.configuration import Configuration
from qboxctl.errors import ConfigError
from qboxctl.model import Plan
from qboxctl.planning.targets import Options
from tests.support.lab import Lab

SOCKETS = int(os.environ.get("QBOXCTL_TORTURE_SOCKETS", "0"))

TORTURE = int(os.environ.get("QBOXCTL_TORTURE", "0"))


def many(cases: int) -> settings:
    """How many cases a law is tried on: a small share here, all that were asked for under `make torture`."""
    return settings(
        max_examples=TORTURE or cases,
        deadline=None,
        derandomize=not TORTURE,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def possible(seed: dict[str, Any], tree: dict[str, Any]) -> bool:
    """Whether no name is taken by an object in a collection that the wish does not manage, and so does not read."""
    for name, domain in tree["domains"].items():
        there = seed["domains"].get(name, {"mailboxes": {}, "aliases": {}})
        for section, other in (("mailboxes", "aliases"), ("aliases", "mailboxes")):
            if other not in domain and there[other].keys() & domain.get(section, {}).keys():
                return False
    return True


def plan_of(lab: Lab, configuration: Configuration, options: Options | None = None) -> Plan:
    """A plan; cases in which the account makes the wish impossible are not what these laws are about."""
    try:
        return lab.plan(configuration, options)
    except ConfigError as error:
        if {found.code for found in error.diagnostics} != {"Q018"}:
            raise
        event("an alias would bear the name of a mailbox that stays")
        assume(False)
        raise
