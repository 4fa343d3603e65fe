"""How laws are tried: on how many cases, and on which of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
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

    Nor has a member a key without the one that such a server brings along with it.
    Nor can what moves to another domain be proved there by the record that it had, where records are asked for.
    """
    for name, domain in tree["domains"].items():
        there = seed["domains"].get(name, {"mailboxes": {}, "aliases": {}})
        for section, other in (("mailboxes", "aliases"), ("aliases", "mailboxes")):
            if other not in domain and there[other].keys() & domain.get(section, {}).keys():
                return False
    if quirks.get("permission_implied") == "added" and any(map(_without_sight, seed["team_members"].values())):
        return False
    if quirks.get("token_create") == "403" and any(_new_tokens(seed, tree)):
        return False
    left = list(_left(seed, tree))
    proved = not left or quirks.get("ownership") != "wait"
    return proved and all("domain_aliases" in tree["domains"].get(home, {}) for home in left)


def _without_sight(member: dict[str, Any]) -> bool:
    """Whether a member may change what it may not look at."""
    keys = set(member.get("permissions", ()))
    return any(f"{key.partition('.')[0]}.view" not in keys for key in keys)


def _new_tokens(seed: dict[str, Any], tree: dict[str, Any]) -> Iterator[str]:
    """The labels of the tokens that a wish has made."""
    for name, account in tree["delivery"].get("accounts", {}).items():
        there = seed["delivery"]["accounts"].get(name, {}).get("tokens", {})
        yield from account.get("tokens", {}).keys() - there.keys()


@contextmanager
def apart() -> Iterator[None]:
    """A working folder of its own for a case: secrets that are told once go into files there, and leave marks."""
    with TemporaryDirectory(prefix="qboxctl-laws-") as folder, chdir(folder):
        yield


def held(lab: Lab, configuration: Configuration, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Each secret that a run was told is in its store, and opens what it was made for."""
    for address, one in configuration.objects.items():
        told = lab.types[address.kind].told
        if told and str(address) in after and str(address) not in before:
            store = Path(one.values[told.store].program[-1])
            assert store.exists(), f"nobody holds the secret of {address}"
            assert lab.emulator.opened_by(store.read_text()) == str(address)


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
        codes = {found.code for found in error.diagnostics}
        if not codes <= {"Q018", "Q042", "Q071"}:
            raise
        event("a name is taken, or what another one holds, or nothing tells whether one is there")
        assume(False)
        raise
