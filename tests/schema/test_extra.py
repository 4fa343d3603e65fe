"""`extra`: what may go out at all, and when that goes out which no answer ever carries."""

from __future__ import annotations

import json
from functools import reduce

import pytest

from qboxctl.errors import ConfigError, PlanFileError, StalePlanError
from qboxctl.model import JSON, Address, FieldChange, Plan
from qboxctl.planning import planfile
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.collections import same_json
from qboxctl.schema.decoding import EXTRA
from qboxctl.schema.extra import MONEY, MONEY_IN_ORDERS, misuses
from qboxctl.schema.patterns import Pattern
from tests.support.lab import Lab, configuration_of

ADA = Address("mailbox", "ada@a.example")
SEED = {"domains": {"a.example": {"mailboxes": {"ada": {"firstname": "Ada", "extra": {"webmail_date_format": "no"}}}}}}
TEXT = "domains: {a.example: {mailboxes: {ada: {lastname: %s, extra: {webmail_date_format: %s}}}}}"
NEVER = {"unmodelled": "never"}


@pytest.mark.parametrize("form", ["{}", "{0}: {1}", " {0} "])
@pytest.mark.parametrize("name", sorted(MONEY))
@pytest.mark.parametrize("kind", TYPES)
def test_what_orders_or_pays_is_refused_on_every_kind(kind: str, name: str, form: str) -> None:
    spelt = {"{}": name, " {0} ": f" {name.upper()} "}.get(form, "beta")
    value = {"list": [{name: 1}]} if spelt == "beta" else 1
    (wrong,) = misuses(TYPES[kind], spelt, value)
    known = name in TYPES[kind].wire_names and spelt == name
    assert wrong.message.count("is never sent, since it") == (not known)
    assert wrong.path == (("beta", "list", 0, name) if spelt == "beta" else (spelt,))


def test_a_billing_profile_is_refused_where_it_goes_out_with_an_order_only() -> None:
    for name in MONEY_IN_ORDERS:
        assert list(misuses(TYPES["delivery_account"], name, "x")), name
    for name in ("city", "state", "postcode", "start_date"):
        assert not list(misuses(TYPES["mailbox"], name, "x")), name


SPEAKING = [
    "plan_id", "planCode", "new-plan", "payment", "payment_id", "paymentStatus", "Plans", "XMLPlan", "plan2",
    "delivery.plan", "plan[volume]", "extra_volume", "num messages", "password2-confirmation",
]  # fmt: skip


@pytest.mark.parametrize("name", SPEAKING)
def test_a_name_that_speaks_of_a_plan_or_a_payment_is_refused_unknown_as_it_is(name: str) -> None:
    (wrong,) = misuses(TYPES["delivery_account"], name, 1)
    assert "is never sent" in wrong.message
    assert not list(misuses(TYPES["delivery_account"], "planet_explanation", 1))


def test_each_key_that_pays_is_told() -> None:
    found = misuses(TYPES["mailbox"], "beta", {"payment_method": "x", "inner": {"volume": 3}})
    assert [one.path for one in found] == [("beta", "payment_method"), ("beta", "inner", "volume")]


def test_a_plan_file_brings_no_money_either() -> None:
    lab = Lab(seed=SEED)
    saved = planfile.dumps(lab.plan(configuration_of(TEXT % ("L", "q"))))
    forged = saved.replace("extra.webmail_date_format", "extra.volume")
    assert forged != saved
    with pytest.raises(PlanFileError, match='"volume" is never sent'):
        planfile.loads(forged, "a plan", TYPES)


@pytest.mark.parametrize("value", ['"before": "no"', '"after": "q"'])
@pytest.mark.parametrize("depth", [400, 900, 100_000])
def test_a_plan_file_nested_without_end_is_refused(value: str, depth: int) -> None:
    saved = planfile.dumps(Lab(seed=SEED).plan(configuration_of(TEXT % ("L", "q"))))
    forged = saved.replace(value, f"{value.partition(' ')[0]} {'[' * depth}1{']' * depth}")
    assert forged != saved
    with pytest.raises(PlanFileError, match=r"nested too deep|was changed after it was made"):
        planfile.loads(forged, "a plan", TYPES)


def sent(plan: Plan) -> list[FieldChange]:
    """What a plan sends of extra."""
    return [one for change in plan.changes for one in change.fields if one.name.startswith(EXTRA)]


ROTATE = Options(rotate=(Pattern.of("mailbox/*", TYPES),))
EDITED = Options(edited={ADA: {"extra.webmail_date_format": ()}})
WHEN = {
    "beside another change": ("Lovelace", "q", Options(), ["lastname"]),
    "by itself": ('""', "q", Options(), []),
    "with --rotate": ('""', "q", ROTATE, ["extra.webmail_date_format"]),
    "edited since a revision": ('""', "q", EDITED, ["extra.webmail_date_format"]),
    "edited since, and another change": ("Lovelace", "q", EDITED, ["extra.webmail_date_format", "lastname"]),
    "another name was edited since": ("Lovelace", "q", Options(edited={ADA: frozenset({"extra.x"})}), ["lastname"]),
}


@pytest.mark.parametrize(("lastname", "value", "options", "names"), WHEN.values(), ids=WHEN)
def test_what_is_never_returned_goes_out_where_somebody_asked_for_it(
    lastname: str, value: str, options: Options, names: list[str]
) -> None:
    lab, configuration = Lab(seed=SEED, quirks=NEVER), configuration_of(TEXT % (lastname, value))
    plan = lab.plan(configuration, options)
    assert [one.name for change in plan.changes for one in change.fields] == names
    assert [(str(one.address), one.fields) for one in plan.unverifiable] == [(str(ADA), ("extra.webmail_date_format",))]
    lab.apply(configuration, plan)
    have = lab.emulator.dump()["domains"]["a.example"]["mailboxes"]["ada"]["extra"]["webmail_date_format"]
    assert have == (value if sent(plan) else "no")
    assert lab.plan(configuration).changes == ()


@pytest.mark.parametrize("detail", ["full", "abridged", "blind"])
@pytest.mark.parametrize(("options", "names"), [(EDITED, []), (ROTATE, []), (EDITED, ["lastname"])])
def test_a_plan_that_sends_what_is_never_returned_is_applied_once(
    options: Options, names: list[str], detail: str
) -> None:
    lab, configuration = (
        Lab(seed=SEED, quirks={**NEVER, "list_detail": detail}),
        configuration_of(TEXT % ("L" if names else '""', "q")),
    )
    plan = lab.plan(configuration, options)
    assert [one.name for one in plan.changes[0].fields] == ["extra.webmail_date_format", *names]
    assert plan.changes[0].reason.endswith("cannot be repeated safely") == (not names)
    lab.clock.sleep(1)
    lab.apply(configuration, plan)
    lab.emulator.requests.clear()
    if names:  # of these the account tells that they are in effect
        assert [str(one.status) for one in lab.apply(configuration, plan)] == ["in_effect"]
    else:
        with pytest.raises(StalePlanError) as stale:
            lab.apply(configuration, plan)
        assert "its extra.webmail_date_format may have been sent already" in str(stale.value.moved)
    assert {request.method for request in lab.emulator.requests} == {"GET"}


def test_what_is_never_returned_goes_out_at_creation() -> None:
    text = TEXT.replace("lastname", "firstname: Ada, password: {env: PW}, lastname") % ("L", "q")
    lab = Lab(quirks=NEVER, seed={"domains": {"a.example": {}}})
    lab.apply(configuration_of(text))
    ada = lab.emulator.dump()["domains"]["a.example"]["mailboxes"]["ada"]
    assert ada["extra"] == {"webmail_date_format": "q"}


def test_what_is_returned_is_compared_as_ever() -> None:
    plan = Lab(seed=SEED).plan(configuration_of(TEXT % ("L", "q")))
    assert [(one.before, one.after) for one in sent(plan)] == [("no", "q")]


def test_a_kind_without_an_update_is_not_written_to_for_it() -> None:
    lab = Lab(seed={"delivery": {"domains": {"n.example": {}}}})
    configuration = configuration_of("delivery: {domains: {n.example: {extra: {beta: 1}}}}")
    everything = Options(rotate=(Pattern.of("delivery_domain/*", TYPES),))
    assert lab.plan(configuration, everything).changes == ()


def test_every_mistake_of_an_extra_has_its_place() -> None:
    with pytest.raises(ConfigError) as caught:
        configuration_of("delivery: {accounts: {a: {type: newsletter, extra: {volume: 1, vat: x, beta: [{plan: y}]}}}}")
    columns = [one.position.column for one in caught.value.diagnostics if one.position]
    assert len(columns) == len(set(columns)) == 3


DEEP = reduce(lambda inner, _: [inner], range(60), 1.5)
COMPARED: dict[str, tuple[JSON, JSON, bool]] = {
    "order": ({"a": [1, {"b": 2}]}, {"a": [{"b": 2}, 1]}, True),
    "repetition": ([1, 1, 2], [2, 1], True),
    "value": ({"a": {"b": 1}}, {"a": {"b": 2}}, False),
    "underscores": ({"a": {"__b": 1}}, {"a": {"__b": 2}}, False),
    "underscores in a list": ([{"__b": 1}], [{}], False),
    "shape": ({"a": 1}, [1], False),
    "a number as text": (1.5, "1.50", True),
    "another number as text": (1.5, "1.6", False),
    "no number": (1.5, "1_5", False),
    "a whole number": (5, 5.0, True),
    "nothing as text": (None, "", True),
    "nothing, and something": (None, "0", False),
    "nothing, and no entries": (None, [], False),
    "numbers as texts": ([1, 2], ["2", "1"], True),
    "numbers as one text": ([1, 2.5], "2.5, 1", True),
    "one number more": ([1], ["1", "2"], False),
    "one number less": ([1, 2], ["1"], False),
    "no numbers": ([1], None, False),
    "no entries": ([], None, True),
    "no entries any more": ([], [1], False),
    "a mapping of texts": ({"a": 1, "b": [True]}, {"a": "1", "b": ["true"]}, True),
    "a mapping with more": ({"a": 1}, {"a": "1", "b": None}, False),
    "deep down": (DEEP, json.loads(json.dumps(DEEP).replace("1.5", '"1.5"')), True),
}


@pytest.mark.parametrize(("want", "have", "same"), COMPARED.values(), ids=COMPARED)
def test_values_are_compared_by_all_that_is_in_them(want: JSON, have: JSON, same: bool) -> None:
    assert same_json(want, have) == same
