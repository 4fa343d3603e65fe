"""How laws are tried: on how many cases, and on which of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
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


def possible(seed: dict[str, Any], tree: dict[str, Any], quirks: Mapping[str, str]) -> bool:
    """Whether no name is taken by an object in a collection that the wish does not manage, and so does not read.

    Nor can what moves to another domain be proved there by the record that it had, where records are asked for.
    """
    for name, domain in tree["domains"].items():
        there = seed["domains"].get(name, {"mailboxes": {}, "aliases": {}})
        for section, other in (("mailboxes", "aliases"), ("aliases", "mailboxes")):
            if other not in domain and there[other].keys() & domain.get(section, {}).keys():
                return False
    left = list(_left(seed, tree))
    proved = not left or quirks.get("ownership") != "wait"
    return proved and all("domain_aliases" in tree["domains"].get(home, {}) for home in left)


def _left(seed: dict[str, Any], tree: dict[str, Any]) -> Iterator[str]:
    """The domains of the account from which another name moves to another domain."""
    for home, domain in seed["domains"].items():
        others = [one.get("domain_aliases", {}) for key, one in tree["domains"].items() if key != home]
        yield from (home for name in domain.get("domain_aliases", {}) if any(name in one for one in others))


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
