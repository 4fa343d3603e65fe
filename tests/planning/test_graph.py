"""The order in which changes are written."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from graphlib import CycleError

import pytest
from hypothesis import given

from qboxctl.emulator import Fault
from qboxctl.model import Action, Address, Change, FieldChange, Plan, Status
from qboxctl.planning import planfile
from qboxctl.planning.graph import GATE, Graph, Phase, Step, order
from qboxctl.resources import TYPES
from tests.support.lab import Lab, configuration_of
from tests.support.laws import many, plan_of, possible
from tests.support.strategies import accounts, as_yaml, wishes

GB = 1024**3


def change(address: str, action: str, **fields: tuple[object, object]) -> Change:
    rows = tuple(FieldChange(name, before, after) for name, (before, after) in sorted(fields.items()))
    return Change(Address.of(address), Action(action), fields=rows)


def ready_sets(graph: Graph) -> list[list[Step]]:
    """The steps in sets that could run at the same time; raises CycleError."""
    sorter, sets = graph.sorter(), []
    while sorter.is_active():
        sets.append(sorted(sorter.get_ready()))
        sorter.done(*sets[-1])
    return sets


def ranks(*changes: Change) -> dict[tuple[str, str], int]:
    """At which turn each step may be written."""
    sets = ready_sets(order(changes, TYPES))
    return {
        (str(step.address), step.phase.name): turn
        for turn, steps in enumerate(sets)
        for step in steps
        if step.address.kind != GATE
    }


DOMAIN, ADA, BOB = "domain/a.example", "mailbox/ada@a.example", "mailbox/bob@a.example"
ALIAS = "alias/ada@a.example"
CASES = {
    "a domain before its mailboxes": (
        [change(DOMAIN, "create"), change(ADA, "create")],
        [(DOMAIN, "CREATE"), (ADA, "CREATE")],
    ),
    "a mailbox before the alias that leads to it": (
        [change("alias/info@a.example", "create", destinations=(None, ("ada@a.example",))), change(ADA, "create")],
        [(ADA, "CREATE"), ("alias/info@a.example", "CREATE")],
    ),
    "a limit is raised before it is needed": (
        [change(DOMAIN, "update", max_email_quota=(8 * GB, 25 * GB)),
         change(ADA, "update", max_email_quota=(8 * GB, 25 * GB))],
        [(DOMAIN, "FIRST"), (ADA, "FIRST")],
    ),
    "a limit is lowered when nobody needs it any more": (
        [change(DOMAIN, "update", max_email_quota=(25 * GB, 8 * GB)),
         change(ADA, "update", max_email_quota=(25 * GB, 8 * GB))],
        [(ADA, "FIRST"), (DOMAIN, "LAST")],
    ),
    "one limit up, another down": (
        [change(DOMAIN, "update", max_email_accounts=(1, 5), max_email_quota=(25 * GB, 8 * GB)),
         change(ADA, "update", max_email_quota=(25 * GB, 8 * GB)), change(BOB, "create")],
        [(DOMAIN, "FIRST"), (BOB, "CREATE"), (DOMAIN, "LAST")],
    ),
    "unlimited is the highest limit": (
        [change(DOMAIN, "update", max_email_accounts=(-1, 5)), change(ADA, "delete")],
        [(ADA, "LAST"), (DOMAIN, "LAST")],
    ),
    "a domain is disabled after all that is in it": (
        [change(DOMAIN, "create", status=(None, "disabled")), change(ADA, "create")],
        [(DOMAIN, "CREATE"), (ADA, "CREATE"), (DOMAIN, "LAST")],
    ),
    "the catch-all moves before its old mailbox goes": (
        [change(DOMAIN, "update", catch_all_destination=("bob@a.example", "ada@a.example")),
         change(ADA, "create"), change(BOB, "delete")],
        [(ADA, "CREATE"), (DOMAIN, "SETTLE"), (BOB, "LAST")],
    ),
    "what is in a domain goes before it": (
        [change(DOMAIN, "delete"), change(ADA, "delete")],
        [(ADA, "LAST"), (DOMAIN, "LAST")],
    ),
    "an alias leaves its mailbox before that goes": (
        [change("alias/i@a.example", "update", destinations=(("ada@a.example", "x@y.zz"), ("x@y.zz",))),
         change(ADA, "delete")],
        [("alias/i@a.example", "FIRST"), (ADA, "LAST")],
    ),
    "an alias leaves its mailbox before that is disabled": (
        [change("alias/i@a.example", "update", destinations=(("ada@a.example",), ("x@y.zz",))),
         change(ADA, "disable", status=("enabled", "disabled"))],
        [("alias/i@a.example", "FIRST"), (ADA, "LAST")],
    ),
    "an alias becomes a mailbox": (
        [change("alias/ada@a.example", "delete"), change(ADA, "create")],
        [("alias/ada@a.example", "LAST"), (ADA, "CREATE")],
    ),
    "a mailbox becomes an alias": (
        [change(ADA, "delete"), change("alias/ada@a.example", "create", destinations=(None, ("x@y.zz",)))],
        [(ADA, "LAST"), ("alias/ada@a.example", "CREATE")],
    ),
    "removals make room": ([change(ADA, "delete"), change(BOB, "create")], [(ADA, "LAST"), (BOB, "CREATE")]),
    "Delivery from the domain to the entry": (
        [change("delivery_domain/n.example", "create"),
         change("delivery_account/news", "create", domains=(None, ("n.example",))),
         change("suppression/x@y.zz", "create", accounts=(None, ("news",)))],
        [("delivery_domain/n.example", "CREATE"), ("delivery_account/news", "FIRST"),
         ("suppression/x@y.zz", "CREATE")],
    ),
    "an account leaves its domain before that goes": (
        [change("delivery_domain/n.example", "delete"),
         change("delivery_account/news", "update", domains=(("n.example",), ()))],
        [("delivery_account/news", "FIRST"), ("delivery_domain/n.example", "LAST")],
    ),
    "an account goes before its domain": (
        [change("delivery_domain/n.example", "delete"), change("delivery_account/news", "delete")],
        [("delivery_account/news", "LAST"), ("delivery_domain/n.example", "LAST")],
    ),
    "a status is written once the mailbox exists": (
        [change(ADA, "create", status=(None, "disabled"))],
        [(ADA, "CREATE"), (ADA, "FIRST")],
    ),
    "a new domain is proved before all": (
        [change(DOMAIN, "update", status=("ownership_check", "disabled")), change(ADA, "create")],
        [(DOMAIN, "CREATE"), (ADA, "CREATE"), (DOMAIN, "LAST")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "wanted"), CASES.values(), ids=CASES)
def test_order(changes: list[Change], wanted: list[tuple[str, str]]) -> None:
    for given_in in (changes, changes[::-1]):
        turns = [ranks(*given_in)[step] for step in wanted]
        assert turns == sorted(turns)
        assert len(set(turns)) == len(turns), turns


def test_what_does_not_depend_is_not_held_up() -> None:
    found = order(
        [change(DOMAIN, "update", antispam_level=(1, 2)), change(ADA, "create"), change(BOB, "create")], TYPES
    )
    assert all(not needs for needs in found.needs.values())
    assert len(ready_sets(found)) == 1


def test_a_default_of_creation_costs_no_second_call() -> None:
    found = order([change(ADA, "create", status=(None, "enabled"), firstname=(None, "Ada"))], TYPES)
    assert list(found.work) == [Step(Address.of(ADA), Phase.CREATE)]


def test_a_circle_is_refused_before_anything_is_written() -> None:
    one, other = Step(Address.of(ADA), Phase.FIRST), Step(Address.of(BOB), Phase.FIRST)
    waits = {one: frozenset([other]), other: frozenset([one])}
    circle = Graph({}, {one: (), other: ()}, waits, {one: frozenset(), other: frozenset()})
    with pytest.raises(CycleError):
        circle.sorter()


NEW = "domains: {a.example: {postmaster_password: {env: PW}, mailboxes: {ada: {firstname: Ada, password: {env: PW}}}}}"


def test_the_order_of_a_plan_is_worked_out_once_and_that_of_other_changes_anew() -> None:
    plan = Lab().plan(configuration_of(NEW))
    assert order(plan.changes, TYPES) is order(plan.changes, TYPES)
    part = replace(plan, changes=plan.changes[:1])
    assert list(order(part.changes, TYPES).steps) == [plan.changes[0].address]


SWITCHED = {
    "off, and the mailbox goes": (True, "catch_all_enabled: false, mailboxes: {ada: {state: absent}}", [DOMAIN, ADA]),
    "off, and the alias goes": (True, "catch_all_enabled: false, aliases: {ada: {state: absent}}", [DOMAIN, ALIAS]),
    "on, and the mailbox comes": (
        False,
        "catch_all_enabled: true, mailboxes: {ada: {firstname: Ada, password: {env: PW}}}",
        [ADA, DOMAIN],
    ),
    "on, and the alias comes": (
        False,
        "catch_all_enabled: true, aliases: {ada: {destinations: [x@b.example]}}",
        [ALIAS, DOMAIN],
    ),
}


@pytest.mark.parametrize(("on", "text", "turns"), SWITCHED.values(), ids=SWITCHED)
@pytest.mark.parametrize("saved", [False, True], ids=["fresh", "saved"])
@pytest.mark.parametrize("fails", [False, True], ids=["all is well", "the first fails"])
def test_a_catch_all_is_switched_while_what_it_leads_to_is_there(
    on: bool, text: str, turns: list[str], saved: bool, fails: bool
) -> None:
    """It stays where it leads, so the plan does not write that."""
    there = {
        "aliases" if ALIAS in turns else "mailboxes": {
            "ada": {"destinations": ["x@b.example"]} if ALIAS in turns else {}
        }
    }
    domain = {"catch_all_enabled": on, "catch_all_destination": "ada@a.example", **(there if on else {})}
    refused = [Fault("500", method="PUT" if on else "POST", path="/api/domains/*", count=99)]
    lab = Lab(seed={"domains": {"a.example": domain}}, faults=refused if fails else [])
    configuration = configuration_of(f"domains: {{a.example: {{{text}}}}}")
    plan = lab.plan(configuration)
    assert [str(one.address) for one in plan.changes if one.needs] == [turns[1]]
    if saved:
        plan = planfile.loads(planfile.dumps(plan), "a plan", TYPES)
    done = {str(one.address): one.status for one in lab.apply(configuration, plan)}
    assert done == dict(zip(turns, [Status.UNKNOWN, Status.SKIPPED] if fails else [Status.DONE] * 2, strict=True))


@pytest.mark.parametrize("same", [lambda plan: pickle.loads(pickle.dumps(plan)), copy.deepcopy, replace])
def test_a_plan_that_keeps_its_order_equals_one_that_does_not(same: Callable[[Plan], Plan]) -> None:
    plan = Lab().plan(configuration_of(NEW))
    assert same(plan) == plan == replace(plan, changes=tuple(plan.changes))
    assert order(same(plan).changes, TYPES) == order(plan.changes, TYPES)


@many(150)
@given(seed=accounts(), tree=wishes())
def test_no_circles_at_random(seed: dict, tree: dict) -> None:
    if possible(seed, tree, {}):
        plan = plan_of(Lab(seed=seed), configuration_of(as_yaml(tree)))
        found = order(plan.changes, TYPES)
        turn = {step: number for number, steps in enumerate(ready_sets(found)) for step in steps}
        for step, waits in found.needs.items():
            assert all(turn[other] < turn[step] for other in waits | found.after[step])
        assert {step.address for step in turn if step.address.kind != GATE} == {one.address for one in plan.changes}
