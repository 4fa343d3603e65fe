"""The token of an admin sees every customer's objects: only those of the customer in the settings are touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from qboxctl.config.configuration import Configuration
from qboxctl.config.settings import ApiSettings
from qboxctl.emulator import Request, Response, parse_fault
from qboxctl.errors import ConfigError
from qboxctl.model import Address, Outcome, Status
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.exports import exported
from tests.support.lab import Lab, configuration_of

OURS, OTHER = "C200000000", "C300000000"
SEED: dict[str, Any] = {
    "customer_code": "C100000000",
    "domains": {
        "ours.example": {"customer_code": OURS, "chat": False, "mailboxes": {"ada": {"firstname": "Ada"}}},
        "leftover.example": {"customer_code": OURS},
        "theirs.example": {
            "customer_code": OTHER,
            "mailboxes": {f"m{number}": {"firstname": "M"} for number in range(30)},
            "aliases": {"info": ["m1@theirs.example"]},
        },
        "admins.example": {},
    },
    "delivery": {
        "domains": {"n.ours.example": {"customer_code": OURS}, "n.theirs.example": {"customer_code": OTHER}},
        "accounts": {
            "one": {"id": "2001", "description": "news", "type": "newsletter", "customer_code": OTHER},
            "two": {"id": "2002", "description": "old", "type": "transactional", "customer_code": OURS},
            "three": {"id": "2003", "description": "old", "type": "transactional", "customer_code": OTHER},
        },
        "suppressions": {
            "ours@away.example": {"reason": "bounce", "customer_code": OURS},
            "theirs@away.example": {"reason": "bounce", "customer_code": OTHER},
        },
    },
}
WISH = """
settings:
  customer_code: C200000000
  on_remove: {domain: delete, mailbox: delete, alias: delete, delivery_domain: delete, delivery_account: delete,
              suppression: disable}
  guards: {count: 1000, percent: 100}
domains:
  ours.example: {chat: true, mailboxes: {ada: {lastname: L}}}
  new.example: {postmaster_password: {env: PW}, mailboxes: {bob: {firstname: Bob, password: {env: PW}}}}
delivery:
  domains: {m.ours.example: {}}
  accounts: {news: {type: newsletter, domains: [m.ours.example]}}
  suppressions: {}
"""
LISTS = [{}, {"list_detail": "abridged"}, {"order": "shuffled", "ids": "number"}, {"create_answer": "location"}]
Answer = Callable[[Request], Response]


def foreign(lab: Lab) -> str:
    """Everything in the account that is not ours, as text."""
    found = lab.emulator.dump()
    blocks = {**found["domains"], **found["delivery"]["domains"], **found["delivery"]["suppressions"]}
    blocks |= {one["id"]: one for one in found["delivery"]["accounts"].values()}
    return json.dumps({name: one for name, one in blocks.items() if one.get("customer_code") != OURS}, sort_keys=True)


def applied(lab: Lab, configuration: Configuration) -> list[Outcome]:
    """Apply a fresh plan that was acknowledged: it orders an account beside one that no file declares."""
    plan = lab.plan(configuration)
    return lab.apply(configuration, plan, acknowledge=plan.id)


def owners(lab: Lab) -> dict[str, Any]:
    """Who owns the domains and the Delivery objects, by name."""
    found = lab.emulator.dump()
    blocks = {**found["domains"], **found["delivery"]["domains"], **found["delivery"]["accounts"]}
    return {name: one.get("customer_code") for name, one in blocks.items()}


@pytest.mark.parametrize("quirks", LISTS, ids=str)
def test_only_what_is_ours_is_planned_counted_and_changed(quirks: dict[str, str]) -> None:
    lab = Lab(seed=SEED, quirks=quirks)
    before, configuration = foreign(lab), configuration_of(WISH)
    plan = lab.plan(configuration)
    removed = {"delivery_account/old": "delete"}
    if quirks.get("list_detail") != "abridged":  # a list that does not tell whose the objects are
        removed |= {
            "domain/leftover.example": "delete",
            "delivery_domain/n.ours.example": "delete",
            "suppression/ours@away.example": "disable",
        }
    assert {str(one.address): one.action.value for one in plan.changes} == removed | {
        "domain/ours.example": "update",
        "mailbox/ada@ours.example": "update",
        "domain/new.example": "create",
        "mailbox/bob@new.example": "create",
        "delivery_domain/m.ours.example": "create",
        "delivery_account/news": "create",
    }
    assert plan.unmanaged == ()
    assert {one.status for one in lab.apply(configuration, plan, acknowledge=plan.id)} == {Status.DONE}
    assert foreign(lab) == before
    assert {name: owner for name, owner in owners(lab).items() if "new" in name or "m.ours" in name} == {
        "new.example": OURS,
        "m.ours.example": OURS,
        "news": OTHER,
        "news (2)": OURS,
    }
    assert lab.plan(configuration).changes == ()


def test_what_belongs_to_others_is_not_listed_and_does_not_make_more_removals_possible() -> None:
    lab = Lab(seed=SEED)
    keep = "settings: {customer_code: C200000000}\ndomains: {}\ndelivery: {domains: {}, accounts: {}, suppressions: {}}"
    assert [str(one) for one in lab.plan(configuration_of(keep)).unmanaged] == [
        "delivery_account/old",
        "delivery_domain/n.ours.example",
        "domain/leftover.example",
        "domain/ours.example",
        "suppression/ours@away.example",
    ]
    gone = keep.replace("C200000000", "C200000000, on_remove: {domain: delete}, guards: {percent: 50}")
    blocked = lab.plan(configuration_of(gone)).blocked
    assert "2 of 2 live domain objects would be removed, and at most 1" in " ".join(one.message for one in blocked)


@pytest.mark.parametrize(
    "text",
    [
        "domains: {theirs.example: {state: absent}}",
        "domains: {admins.example: {state: absent}}",
        "domains: {theirs.example: {state: absent, mailboxes: {m1: {state: absent}}}}",
        "delivery: {domains: {n.theirs.example: {state: absent}}, accounts: {news: {state: absent}}}",
    ],
)
def test_what_belongs_to_others_is_absent_already(text: str) -> None:
    for quirks in ({}, {"list_detail": "abridged"}):
        plan = Lab(seed=SEED, quirks=quirks).plan(configuration_of("settings: {customer_code: C200000000}", text))
        assert plan.changes == ()


@pytest.mark.parametrize("quirks", LISTS, ids=str)
@pytest.mark.parametrize(
    "options",
    [
        Options(targets=(Pattern.of("mailbox/m1@theirs.example", TYPES),)),
        Options(only=frozenset([Address("mailbox", "m1@theirs.example")]), removed_since=frozenset()),
    ],
    ids=["a target", "what changed"],
)
def test_what_belongs_to_others_is_not_searched_for_either(options: Options, quirks: dict[str, str]) -> None:
    mine = "settings: {customer_code: C200000000}\n"
    configuration = configuration_of(f"{mine}domains: {{theirs.example: {{mailboxes: {{m1: {{state: absent}}}}}}}}")
    lab = Lab(seed=SEED, quirks=quirks)
    assert lab.plan(configuration, options).changes == ()


SINCE = """
settings: {customer_code: C200000000, on_remove: {domain: delete, delivery_domain: delete}, guards: {percent: 100}}
domains: {}
delivery: {domains: {}}
"""


@pytest.mark.parametrize("quirks", LISTS, ids=str)
@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("domain/leftover.example", True),
        ("delivery_domain/n.ours.example", True),
        ("domain/theirs.example", False),
        ("domain/admins.example", False),
    ],
)
def test_since_reaches_what_is_ours_and_nothing_else(address: str, ours: bool, quirks: dict[str, str]) -> None:
    lab, configuration = Lab(seed=SEED, quirks=quirks), configuration_of(SINCE)
    before = foreign(lab)
    plan = lab.plan(configuration, Options(removed_since=frozenset([Address.of(address)])))
    assert [(str(one.address), one.action.value) for one in plan.changes] == ([(address, "delete")] if ours else [])
    assert {one.status for one in lab.apply(configuration, plan, acknowledge=plan.id)} == (
        {Status.DONE} if ours else set()
    )
    assert foreign(lab) == before


def test_an_id_of_another_customers_account_is_no_id() -> None:
    configuration = configuration_of(
        "settings: {customer_code: C200000000}\ndelivery: {accounts: {news: {id: 2001, type: newsletter}}}"
    )
    with pytest.raises(ConfigError) as caught:
        Lab(seed=SEED).plan(configuration)
    assert "there is no Delivery account with the id 2001" in caught.value.diagnostics[0].message


TAKEN = """
settings: {customer_code: C200000000}
domains: {theirs.example: {postmaster_password: {env: PW}, mailboxes: {bob: {firstname: B, password: {env: PW}}}}}
"""


@pytest.mark.parametrize("fault", ["", "502", "drop-before"])
@pytest.mark.parametrize("quirks", LISTS, ids=str)
def test_a_domain_that_another_customer_has_is_never_taken_for_ours(fault: str, quirks: dict[str, str]) -> None:
    faults = [parse_fault(f"{fault},method=POST,path=/api/domains")] if fault else []
    lab = Lab(seed=SEED, quirks=quirks, faults=faults)
    before, configuration = foreign(lab), configuration_of(TAKEN)
    done = {str(one.address): one for one in applied(lab, configuration)}
    assert done["domain/theirs.example"].status is Status.FAILED
    assert "perhaps by another customer" in str(done["domain/theirs.example"].error)
    assert done["mailbox/bob@theirs.example"].status is Status.SKIPPED
    assert foreign(lab) == before


@pytest.mark.parametrize(
    ("fault", "status"), [("drop-before", Status.UNKNOWN), ("drop-after", Status.DONE), ("cut", Status.DONE)]
)
def test_a_lost_order_is_not_taken_for_another_customers_account(fault: str, status: Status) -> None:
    lab = Lab(
        seed=SEED,
        faults=[parse_fault(f"{fault},method=POST,path=/api/delivery/accounts")],
        api=ApiSettings(concurrency=1),
    )
    before, configuration = foreign(lab), configuration_of(WISH)
    done = {str(one.address): one.status for one in applied(lab, configuration)}
    assert done["delivery_account/news"] is status
    assert foreign(lab) == before
    applied(lab, configuration)
    assert foreign(lab) == before
    assert lab.plan(configuration).changes == ()


def test_every_create_says_for_whom_and_nothing_else_does() -> None:
    lab = Lab(seed=SEED)
    applied(lab, configuration_of(WISH))
    for one in lab.emulator.requests:
        owned = one.method == "POST" and one.path in ("/api/domains", "/api/delivery/domains", "/api/delivery/accounts")
        assert ("customer_code" in (one.body or {})) == owned, one


@pytest.mark.parametrize("quirks", LISTS, ids=str)
def test_an_export_holds_the_customers_objects_and_no_others(quirks: dict[str, str]) -> None:
    lab = Lab(seed=SEED, quirks=quirks)
    done = exported(lab, config=f"settings: {{customer_code: {OURS}}}")
    assert set(done.tree["domains"]) == {"ours.example", "leftover.example"}
    assert set(done.tree["delivery"]["domains"]) == {"n.ours.example"}
    assert [one["type"] for one in done.tree["delivery"]["accounts"].values()] == ["transactional"]
    assert "theirs" not in done.text()
