"""The laws of ``tests.test_laws`` for kinds of every shape that the definitions allow, at random."""

from __future__ import annotations

import json
from contextlib import closing, suppress
from copy import deepcopy
from threading import Event
from typing import Any

from hypothesis import assume, event, given
from hypothesis import strategies as st

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.config.settings import ApiSettings
from qboxctl.emulator import Request, Response
from qboxctl.errors import QboxctlError, StalePlanError
from qboxctl.export import Selection, export_account, query_for_export
from qboxctl.live.refresh import read_live_state
from qboxctl.model import Action, Address, Outcome, Plan, Revealed, Status
from qboxctl.planning import planfile
from qboxctl.planning.graph import writes
from tests.support.expect import objects, told
from tests.support.houses import houses, moves, outcome, wanted
from tests.support.lab import TOKEN, Lab, NowBlockedError, configuration_of
from tests.support.laws import many
from tests.support.shapes import KINDS, lab
from tests.support.strategies import TIMEOUT, as_yaml, faults, quirks, troubles

HURRIED = ApiSettings(concurrency=4, timeout=TIMEOUT)
LONGEST = 60
GOOD = (Status.DONE, Status.IN_EFFECT)


def account(house: Lab) -> dict[str, Any]:
    return objects(house.emulator.dump(codes=False), KINDS)


def plan_of(house: Lab, tree: dict[str, Any]) -> Plan:
    """A plan that nothing blocks; what guards stop is not what these laws are about."""
    plan = house.plan(configuration_of(as_yaml(tree), types=KINDS))
    assume(not plan.blocked)
    return plan


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Compare an account with what it must be, which tells of a new object only what was stated."""
    assert found.keys() == expected.keys()
    for address, body in expected.items():
        assert {name: _plain(found[address][name]) for name in body} == {
            name: _plain(one) for name, one in body.items()
        }, address


def _plain(value: Any) -> Any:
    return sorted(value, key=json.dumps) if isinstance(value, list) else value


@many(100)
@given(seed=houses(), chosen=quirks(), data=st.data())
def test_apply_then_plan_is_empty_under_many_quirks(seed: dict, chosen: dict, data: st.DataObject) -> None:
    tree = data.draw(wanted(seed))
    house = lab(quirks=chosen, seed=seed)
    expected = outcome(house.emulator.dump(codes=False), tree)
    plan = plan_of(house, tree)
    assert planfile.loads(planfile.dumps(plan), "a plan", KINDS) == plan
    house.emulator.requests.clear()
    done = house.apply(configuration_of(as_yaml(tree), types=KINDS), plan)
    assert {one.status for one in done} <= {Status.DONE}
    sent = [one for one in house.emulator.requests if one.method != "GET"]
    if chosen.get("delete", "immediate") == "immediate":  # else a name is tried again until it is free
        assert len(sent) == writes(plan.changes, KINDS)
    same(account(house), expected)
    again = plan_of(house, tree)
    assert not again.changes
    event(f"{len(plan.changes)} changes")


@many(100)
@given(seed=houses(), chosen=quirks(), bad=st.lists(faults() | moves(), max_size=3),
       lost=st.lists(troubles(), max_size=2), data=st.data())  # fmt: skip
def test_runs_reach_the_wish_under_faults(seed: dict, chosen: dict, bad: list, lost: list, data: st.DataObject) -> None:
    tree = data.draw(wanted(seed))
    house = lab(quirks=chosen, seed=seed, faults=bad, troubles=lost, api=HURRIED)
    survive(house, tree)


def survive(house: Lab, tree: dict[str, Any]) -> None:
    """Run plan and apply until nothing breaks: the end is the wish, nothing foreign was touched."""
    configuration = configuration_of(as_yaml(tree), types=KINDS)
    expected = outcome(house.emulator.dump(codes=False), tree)
    lost: set[str] = set()
    busy = False  # the server may still be at what a request asked for whose answer was lost
    for _ in range(LONGEST):
        done = None
        found = house.emulator.dump(codes=False)
        try:
            plan = house.plan(configuration)
            assume(not plan.blocked or house.moved())
            if not plan.blocked:
                done = house.apply(configuration, plan)
                told(plan.changes, done, found, house.emulator.dump(codes=False), KINDS)
                lost |= {str(one.address) for one in done if one.status not in GOOD}
        except StalePlanError as stale:
            if not house.moved():
                raise AssertionError("nobody else writes here") from stale
        except NowBlockedError:
            assert house.moved(), "a guard that let the plan pass stops its apply"
        except QboxctlError as error:
            event(f"ended by {type(error).__name__}")
        broke = house.broke()
        house.emulator.requests.clear()
        if not broke and (done is not None or not busy):
            assert done is not None, "a run in which nothing broke has to end"
            assert {one.status for one in done} <= set(GOOD), done
            break
        busy = broke
    else:
        raise AssertionError("faults are finite")
    same(account(house), without_lost(expected, tree, lost))
    assert not plan_at_last(house, tree).changes
    assert TOKEN not in "".join(house.log)


def plan_at_last(house: Lab, tree: dict[str, Any]) -> Plan:
    """A plan, once the faults that are left over have been spent."""
    for _ in range(LONGEST):
        house.emulator.requests.clear()
        with suppress(QboxctlError):
            plan = plan_of(house, tree)
            if not house.moved():
                return plan
    return plan_of(house, tree)


def without_lost(expected: dict[str, Any], tree: dict[str, Any], lost: set[str]) -> dict[str, Any]:
    """What was to be replaced, and was reported not to be, is known to have only what the files say of it."""
    stated = objects(tree, KINDS)
    return {
        address: {name: one for name, one in body.items() if name in stated.get(address, ())}
        if address in lost and KINDS.address(address).kind == "card"
        else body
        for address, body in expected.items()
    }


@many(100)
@given(seed=houses(), chosen=quirks(3), number=st.integers(1, 40), killed=st.booleans(), data=st.data())
def test_a_run_stopped_anywhere_tells_what_it_did_and_the_next_one_does_the_rest(
    seed: dict, chosen: dict, number: int, killed: bool, data: st.DataObject
) -> None:
    """In order, as by Ctrl-C, or by force: then nothing reaches the account any more, and nothing is reported."""
    seen: list[Request] = []

    def stopping(request: Request, answer: Any) -> Response:
        seen.append(request)
        if len(seen) >= number:
            stop.set()
        return Response(0, broken="drop") if killed and len(seen) > number else answer(request)

    tree = data.draw(wanted(seed))
    configuration = configuration_of(as_yaml(tree), types=KINDS)
    house = lab(quirks=chosen, seed=seed, api=HURRIED)
    found = house.emulator.dump(codes=False)
    plan = plan_of(house, tree)
    expected = outcome(found, tree)
    stop = house.stop
    house.between = stopping
    late = {str(change.address) for change in plan.changes}
    with suppress(QboxctlError):
        done = house.apply(configuration, plan)
        assert [one.address for one in done] == [change.address for change in plan.changes]
        told(plan.changes, done, found, house.emulator.dump(codes=False), KINDS)
        unharmed(found, done, account(house))
        late = {str(one.address) for one in done if one.status not in GOOD}
    house.between = None
    house.stop = Event()  # a reading that was broken off may still set the old one
    assert {one.status for one in house.apply(configuration, plan_of(house, tree))} <= {Status.DONE}
    same(account(house), without_lost(expected, tree, late))
    assert not plan_of(house, tree).changes


def with_what_is_there(address: Address, body: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """An object whose lists have lost the names of what another change has deleted, as the server has it."""
    named = {field.name: field.refers for field in KINDS[address.kind].fields if field.linked and field.name in body}
    return body | {
        name: [each for each in body[name] if any(str(one) in now for one in KINDS.referred(address, refers, [each]))]
        for name, refers in named.items()
    }


def unharmed(before: dict[str, Any], done: list[Outcome], now: dict[str, Any]) -> None:
    """What is reported as not done at all is as it was; what is gone and was to be replaced is reported to be gone."""
    was = objects(before, KINDS)
    for one in done:
        address = str(one.address)
        if one.status is Status.SKIPPED and address in was:
            left = with_what_is_there(one.address, was[address], now)
            assert now.get(address) == left or "was" in str(one.error), f"{address}: {one.error}"
        if one.action is Action.UPDATE and address not in now:
            assert "deleted" in str(one.error), f"{address}: {one.error}"


@many(100)
@given(seed=houses(), chosen=quirks(3), number=st.integers(1, 40), data=st.data())
def test_two_runs_at_once_leave_every_object_that_both_wish(
    seed: dict, chosen: dict, number: int, data: st.DataObject
) -> None:
    """At one request of the first run all of another one happens; each object is there, as one of the two wishes it."""
    tree = data.draw(wanted(seed))
    other = deepcopy(tree)
    for address, body in objects(other, KINDS).items():
        if address.startswith("card/") and "state" not in body:
            _card(other, address)["phones"] = data.draw(st.sampled_from([["7"], [{"value": "8", "type": "work"}]]))
    house, rival = lab(quirks=chosen, seed=seed), lab(quirks=chosen)
    rival.emulator = house.emulator
    plan, theirs = plan_of(house, tree), plan_of(rival, other)
    seen: list[Request] = []

    def meanwhile(request: Request, answer: Any) -> Response:
        seen.append(request)
        if len(seen) == number:
            with suppress(QboxctlError):
                rival.apply(configuration_of(as_yaml(other), types=KINDS), theirs)
        return answer(request)

    house.between = meanwhile
    with suppress(QboxctlError):
        house.apply(configuration_of(as_yaml(tree), types=KINDS), plan)
    left, was = account(house), objects(seed, KINDS)
    kept = {address for address, body in objects(tree, KINDS).items() if body.get("state") != "absent"}
    assert not (kept & was.keys()) - left.keys(), "it was there, both wish it, and it is lost"
    house.between = None
    with suppress(QboxctlError):
        house.apply(configuration_of(as_yaml(tree), types=KINDS), plan_of(house, tree))
    assert not plan_of(house, tree).changes


def _card(tree: dict[str, Any], address: str) -> dict[str, Any]:
    one = KINDS.address(address)
    home = KINDS.parent(one)
    body: dict[str, Any] = tree["houses"][home.key if home else ""]["cards"][KINDS.name(one)]
    return body


@many(100)
@given(seed=houses(), chosen=quirks())
def test_what_is_exported_has_an_empty_plan(seed: dict, chosen: dict) -> None:
    house = lab(quirks=chosen, seed=seed)
    empty, chosen_kinds = configuration_of("{}", types=KINDS), Selection(frozenset(KINDS))
    with closing(Reader(house.endpoint, Revealed(TOKEN), house.api, **house.options())) as reader:
        live_state = read_live_state(Account(reader, KINDS), query_for_export(empty, KINDS, chosen_kinds))
    written = export_account(live_state, empty, KINDS, chosen_kinds)
    assert not written.left_out
    for texts in ([written.text()], list(written.files().values())):
        again = configuration_of(*texts, types=KINDS)
        assert {str(address) for address in again.objects} == account(house).keys()
        assert not house.plan(again).changes
