"""Accounts and plans of any size to look at: real ones, planned against an emulator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml

from qboxctl.model import INTERRUPTED, Outcome, Plan, PlanOptions, Status
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import Lab, configuration_of

FIRST = (
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Margaret",
    "Ken",
    "Linus",
    "Radia",
    "Tim",
    "Vint",
    "Jean",
)
LAST = ("Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Hamilton", "Ritchie", "Perlman", "Bartik")
DOMAINS = ("example.com", "example.org", "a-rather-long-domain-name.example.net", "mail.example")
SIZES = ("8GB", "25GB", "50GB")
AWAY = "I am away until Monday.\n\nFor what cannot wait, write to\n{}.\n\nKind regards"
Tree = dict[str, Any]


def wish_and_seed(number: int, *, guarded: bool = False) -> tuple[Tree, Tree]:
    """A configuration and an account that differ by so many changes: of ten, seven creations and one removal."""
    domains = DOMAINS[: 1 + (number > 3) + 2 * (number > 30)] if number <= 1_000 else [
        f"d{place:03}.example" for place in range(number // 50)
    ]  # fmt: skip
    wish: Tree = {name: {"max_email_quota": "50GB", "mailboxes": {}} for name in domains}
    seed: Tree = {name: {"max_email_quota": "50GB", "mailboxes": {}} for name in domains}
    for place in range(number):
        home = domains[place % len(domains)]
        name = f"{FIRST[place % len(FIRST)]}.{LAST[place * 7 % len(LAST)]}{place // 10 or ''}".lower()
        body = {"firstname": FIRST[place % len(FIRST)], "lastname": LAST[place * 7 % len(LAST)]}
        wanted = wish[home]["mailboxes"].setdefault(name, {**body, "max_email_quota": SIZES[place % 11 // 5]})
        match place % 10:
            case 1 | 5:
                seed[home]["mailboxes"][name] = {**body, "language": "en", "max_email_quota": "50GB", "lastname": "Old"}
                if place % 20 == 1:
                    wanted["autoresponder_body"] = AWAY.format("info@example.com")
                    seed[home]["mailboxes"][name]["autoresponder_body"] = AWAY.format("ada@example.com")
            case 2:
                seed[home]["mailboxes"][name] = body
                wish[home]["mailboxes"][name] = {"state": "absent"}
                if place % 20 == 12:
                    del wish[home]["mailboxes"][name]
    if number:
        wish[domains[0]]["aliases"] = {}
        seed[domains[0]]["aliases"] = {"stranger": {"destinations": ["ada@example.net"]}}
        seed[domains[0]]["mailboxes"]["former"] = {"firstname": "F", "status": "disabled"}
    settings: Tree = {"on_remove": {"mailbox": "disable"}, "api": {"requests_per_second": 5}}
    if not guarded:
        settings["guards"] = {"count": 100_000, "percent": 100}
    defaults = {"mailbox": {"language": "en", "password": {"env": "INITIAL_PASSWORD"}}}
    return {"settings": settings, "defaults": defaults, "domains": wish}, {"domains": seed}


def plan_of(number: int, *, guarded: bool = False, target: str = "") -> Plan:
    """A plan of so many changes; where ``guarded`` it is blocked, with a ``target`` it is one of a part."""
    wish, seed = wish_and_seed(number, guarded=guarded)
    configuration = configuration_of(yaml.safe_dump(wish, sort_keys=False))
    targets = (Pattern.of(target, TYPES),) if target else ()
    plan = Lab(seed=seed).plan(configuration, Options(targets=targets))
    return replace(plan, options=PlanOptions(targets=(target,) if target else ()), git_commit="0123456789ab" * 3)


def outcomes_of(plan: Plan, *, trouble: str = "") -> list[Outcome]:
    """What came of a plan: all well, or with a ``trouble``, such as "partial" or "interrupted"."""
    found = []
    for place, change in enumerate(plan.changes):
        status, error = Status.DONE, None
        if trouble == "partial":
            status, error = _PARTIAL.get(place % 50, (Status.DONE, None)) if place < 200 else (Status.SKIPPED, _NEEDS)
        elif trouble == "interrupted" and place >= len(plan.changes) // 3:
            status, error = Status.SKIPPED, INTERRUPTED
        elif trouble == "again" and place % 2:
            status = Status.IN_EFFECT
        seconds = 0.0 if error else 0.05 + (place * 37 % 100) / 30 + 80 * (place % 17 == 3)
        found.append(Outcome(change.address, change.action, status, error, round(seconds, 3)))
    return found


_NEEDS = "needs domain/example.org"
_PARTIAL = {
    1: (Status.FAILED, "422 Unprocessable Entity: max_email_quota exceeds what the domain allows"),
    7: (Status.UNKNOWN, "nobody knows whether it was done: POST /api/domains/D1/email_accounts: the connection broke"),
    8: (Status.WAITING, "waits for its ownership proof: publish qboxmail-verification=0123456789 (a TXT record)"),
}
