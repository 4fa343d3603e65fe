"""Limits of a domain: told before anything is written, once for each, and only where they would be passed."""

from __future__ import annotations

from typing import Any

import pytest

from qboxctl.errors import ConfigError
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.field import Bounds, Field
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.numbers import Integer
from qboxctl.schema.patterns import Pattern
from tests.support.kinds import plain_kind
from tests.support.lab import Lab, configuration_of


def mailboxes(number: int, size: str = "8GB", first: str = "m") -> dict[str, Any]:
    return {f"{first}{one}": {"firstname": "M", "max_email_quota": size} for one in range(number)}


def seed(inside: dict[str, Any], **limits: Any) -> dict[str, Any]:
    return {"domains": {"a.example": {"max_email_quota": "100GB", "mailboxes": inside, **limits}}}


def configuration(*rows: str, before: str = "", **domain: Any) -> str:
    attributes = "".join(f"    {name}: {value}\n" for name, value in domain.items())
    inside = "".join(f"      {row}\n" for row in rows or ["{}"])
    return f"{before}domains:\n  a.example:\n{attributes}    mailboxes:\n{inside}"


def new(number: int, size: str = "") -> list[str]:
    more = f", max_email_quota: {size}" if size else ""
    return [f"n{one}: {{firstname: N, password: {{env: PW}}{more}}}" for one in range(number)]


def told(lab: Lab, text: str, options: Options | None = None) -> list[str]:
    """What is said, or nothing where the plan is made and can be applied."""
    made = configuration_of(text)
    try:
        plan = lab.plan(made, options)
    except ConfigError as error:
        prefix = "Q028 domain/a.example would hold "
        return [f"{one.code} {one.message}".removeprefix(prefix) for one in error.diagnostics]
    assert {one.status.value for one in lab.apply(made, plan)} <= {"done"}
    return []


HOLD = "settings: {guards: {count: 100, percent: 100}}\n"
CASES: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "up to the limit": (seed(mailboxes(3), max_email_accounts=5), configuration(*new(2)), []),
    "many too many are told once": (
        seed(mailboxes(3), max_email_accounts=10), configuration(*new(168)),
        ["171 where its max_email_accounts allows 10, 168 of them created by this plan"],
    ),
    "the limit is raised in the same plan": (
        seed(mailboxes(3), max_email_accounts=3), configuration(*new(2), max_email_accounts=5), [],
    ),
    "the limit is raised, and not enough": (
        seed(mailboxes(3), max_email_accounts=3), configuration(*new(3), max_email_accounts=5),
        ["6 where its max_email_accounts allows 5, 3 of them created by this plan"],
    ),
    "unlimited": (seed(mailboxes(3), max_email_accounts="unlimited"), configuration(*new(9)), []),
    "none may be there": (
        seed({}, max_email_accounts=0), configuration(*new(1)),
        ["1 where its max_email_accounts allows 0, 1 of them created by this plan"],
    ),
    "one goes and one comes": (
        seed(mailboxes(3), max_email_accounts=3), configuration("m0: {state: absent}", *new(1)), [],
    ),
    "a disabled one keeps its place": (
        seed(mailboxes(3), max_email_accounts=3), configuration("m0: {status: disabled}", *new(1)),
        ["4 where its max_email_accounts allows 3, 1 of them created by this plan"],
    ),
    "a new domain": (
        {}, configuration(*new(3), postmaster_password="{env: PW}", max_email_accounts=2),
        ["3 where its max_email_accounts allows 2, 3 of them created by this plan"],
    ),
    "lowered under what is there": (
        seed(mailboxes(3), max_email_accounts=5), configuration("m0: {}", max_email_accounts=2),
        ["3 where its max_email_accounts allows 2"],
    ),
    "lowered after removals": (
        seed(mailboxes(3), max_email_accounts=5), configuration("m0: {state: absent}", max_email_accounts=2), [],
    ),
    "a band": (
        seed(mailboxes(2, "25GB"), max_email_accounts_25gb=2), configuration(*new(1, "25GB"), *new(2, "8GB")[1:]),
        ["3 where its max_email_accounts_25gb allows 2, 1 of them created by this plan"],
    ),
    "each band by itself": (
        seed({}, max_email_accounts_25gb=0, max_email_accounts_50gb=0, max_email_accounts_100gb=0),
        configuration("a: {firstname: A, password: {env: PW}, max_email_quota: 16GB}",
             "b: {firstname: A, password: {env: PW}, max_email_quota: 50GB}",
             "c: {firstname: A, password: {env: PW}, max_email_quota: 100GB}"),
        [f"1 where its max_email_accounts_{band}gb allows 0, 1 of them created by this plan" for band in (100, 25, 50)],
    ),
    "a mailbox grows into a band": (
        seed(mailboxes(1), max_email_accounts_25gb=0), configuration("m0: {max_email_quota: 25GB}"),
        ["1 where its max_email_accounts_25gb allows 0"],
    ),
    "a mailbox changes its place in a band": (
        seed({**mailboxes(1, "25GB"), **mailboxes(1, "8GB", "s")}, max_email_accounts_25gb=1),
        configuration("m0: {max_email_quota: 16GB}"), [],
    ),
    "the domain's size for new ones": (
        seed({}, default_quota="25GB", max_email_accounts_25gb=0), configuration(*new(1)),
        ["1 where its max_email_accounts_25gb allows 0, 1 of them created by this plan"],
    ),
    "a plan that adds nothing": (seed(mailboxes(3), max_email_accounts=3), configuration("m0: {lastname: L}"), []),
}  # fmt: skip


@pytest.mark.parametrize(("live", "text", "expected"), CASES.values(), ids=CASES)
def test_a_limit(live: dict[str, Any], text: str, expected: list[str]) -> None:
    lab = Lab(seed=live)
    lab.emulator.publish("a.example")
    before = lab.emulator.dump()
    assert sorted(told(lab, HOLD + text)) == expected
    if expected:
        assert lab.emulator.dump() == before


def test_only_what_a_target_makes_counts() -> None:
    text = HOLD + configuration(*new(5))
    options = Options(targets=(Pattern.of("mailbox/n1@a.example", TYPES),))
    assert told(Lab(seed=seed(mailboxes(3), max_email_accounts=4)), text, options) == []
    assert told(Lab(seed=seed(mailboxes(3), max_email_accounts=3)), text, options) == [
        "4 where its max_email_accounts allows 3, 1 of them created by this plan"
    ]


@pytest.mark.parametrize(("stated", "refused"), [({}, False), ({"max_email_accounts": 0}, True)])
def test_a_limit_that_is_passed_already_is_believed_where_a_file_states_it(stated: Any, refused: bool) -> None:
    """An API that answers 0 where nothing is set must not stop every creation."""
    lab, text = Lab(seed=seed(mailboxes(3), max_email_accounts=0)), configuration_of(configuration(*new(1), **stated))
    if refused:
        with pytest.raises(ConfigError, match="1 problem "):
            lab.plan(text)
    else:
        assert [str(one.address) for one in lab.plan(text).changes] == ["mailbox/n0@a.example"]


def test_the_place_is_that_of_the_limit() -> None:
    with pytest.raises(ConfigError) as caught:
        Lab(seed=seed({})).plan(configuration_of(configuration(*new(2), max_email_accounts=1)))
    (one,) = caught.value.diagnostics
    assert (str(one.position), one.address) == ("file0.yaml:3:5", "domain/a.example")


def test_a_limit_is_told_however_deep_what_it_limits_is() -> None:
    """What is itself counted by a limit may set one, and have it lowered."""
    kinds = Kinds([
        plain_kind("house", "", "/houses", Field("rooms_most", Integer(), "x", bounds=Bounds("room"))),
        plain_kind("room", "house", "/houses/{house}/rooms", Field("most", Integer(), "x", bounds=Bounds("lamp"))),
        plain_kind("lamp", "room", "/rooms/{room}/lamps"),
    ])  # fmt: skip
    lab = Lab(types=kinds, seed={"houses": {"h": {"rooms": {"hall": {"most": 3, "lamps": {"a": {}, "b": {}}}}}}})
    with pytest.raises(ConfigError) as caught:
        lab.plan(configuration_of("houses: {h: {rooms: {hall: {most: 1, lamps: {a: {}}}}}}", types=kinds))
    (one,) = caught.value.diagnostics
    assert one.message == "room/h/hall would hold 2 where its most allows 1"
