"""Managers: what they hold is told by that, changes hands by taking first, and may be all that is known of them."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from qboxctl.emulator import QUIRKS, Request, Response
from qboxctl.emulator.wire import answer as refused
from qboxctl.errors import AuthError, ConfigError, Diagnostic
from qboxctl.model import Action, Outcome, Plan, Status
from qboxctl.planning.planfile import dumps, loads
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import Lab, configuration_of

INA, OTTO = "ina@partner.example", "otto@partner.example"
NEW = {"firstname": "Ina", "lastname": "Rossi", "password": {"env": "PW"}}
OTHER = {"firstname": "Otto", "lastname": "Bianchi", "password": {"env": "PW"}}
DOMAINS = ("a.example", "b.example", "c.example")
FREE = {"guards": {"count": 1000, "percent": 100}}
OWN = ("manager_read", "manager_domains_read", "manager_assign", "manager_put", "manager_delete")


def files(managers: Any, *, domains: Any = DOMAINS, delivery: Any = None, **settings: Any) -> str:
    tree = {"managers": managers, "settings": {**FREE, **settings}}
    bodies = domains if isinstance(domains, dict) else {name: {} for name in domains}
    more = {"delivery": delivery} if delivery else {}
    return json.dumps({**tree, **({"domains": bodies} if bodies else {}), **more})


def ina(*domains: str, **more: Any) -> dict[str, Any]:
    return {INA: {**NEW, "domains": list(domains), **more}}


def otto(*domains: str, **more: Any) -> dict[str, Any]:
    return {OTTO: {**OTHER, "domains": list(domains), **more}}


def account(managers: Any, **more: Any) -> dict[str, Any]:
    return {"domains": {name: {} for name in DOMAINS}, "managers": managers, **more}


def plan(lab: Lab, text: str, **options: Any) -> Plan:
    """A plan as it is after it was saved and read."""
    made = lab.plan(configuration_of(text), Options(**options))
    assert loads(dumps(made), "plan.json", TYPES).changes == made.changes
    return made


def apply(lab: Lab, text: str, **options: Any) -> dict[str, Outcome]:
    configuration = configuration_of(text)
    made = lab.plan(configuration, Options(**options))
    return {str(each.address): each for each in lab.apply(configuration, made, acknowledge=made.id)}


def wrong(lab: Lab, text: str) -> list[Diagnostic]:
    with pytest.raises(ConfigError) as raised:
        plan(lab, text)
    return list(raised.value.diagnostics)


def live(lab: Lab, name: str = INA) -> dict[str, Any]:
    found: dict[str, Any] = lab.emulator.dump(codes=False)["managers"][name]
    return found


def held(lab: Lab) -> dict[str, list[str]]:
    return {name: body["domains"] for name, body in lab.emulator.dump(codes=False)["managers"].items()}


def sent(lab: Lab) -> list[tuple[str, str, Any]]:
    found = [each for each in lab.emulator.requests if each.method != "GET" and "managers" in each.path]
    return [(each.method, each.path.removeprefix("/api/managers"), each.body) for each in found]


def test_a_manager_is_created_changed_and_disabled() -> None:
    lab = Lab(seed=account({}))
    text = files(ina("a.example", "b.example", max_email_accounts=50, max_delivery_domains=3, max_email_quota="25GB"))
    assert apply(lab, text)[f"manager/{INA}"].status is Status.DONE
    (created, limits) = sent(lab)
    assert created[2] == {
        "email_address": INA, "firstname": "Ina", "lastname": "Rossi", "password": "***",
        "password_confirmation": "***", "domain_codes": ["D100000001", "D100000002"], "max_email_accounts": 50,
        "max_email_quota": 26843545600,
    }  # fmt: skip
    assert limits == (
        "PUT", "/MN10000001", {"max_delivery_domains": 3, "domain_codes": ["D100000001", "D100000002"]}
    )  # fmt: skip
    assert plan(lab, text).changes == ()

    lab.emulator.requests.clear()
    text = files(ina("b.example", max_email_accounts="unlimited", status="disabled"))
    (change,) = plan(lab, text).changes
    assert change.fields == (
        ("domains", ("a.example", "b.example"), ("b.example",)), ("max_email_accounts", 50, -1),
        ("status", "enabled", "disabled"),
    )  # fmt: skip
    assert apply(lab, text)[f"manager/{INA}"].status is Status.DONE
    assert sent(lab) == [
        ("PUT", "/MN10000001", {"max_email_accounts": -1, "domain_codes": ["D100000002"]}),
        ("PUT", "/MN10000001/status", {"status": "disabled"}),
    ]

    lab = Lab(seed=account({INA: {**NEW, "domains": ["a.example"]}}))
    absent = files({INA: {"state": "absent"}}, on_remove={"manager": "delete"})
    (change,) = plan(lab, absent).changes
    assert (change.action, change.destroys_data) == (Action.DISABLE, False)
    apply(lab, absent)
    assert (live(lab)["status"], live(lab)["domains"]) == ("disabled", ["a.example"])
    assert plan(lab, absent).changes == ()


@pytest.mark.parametrize("put", QUIRKS["manager_put"])
@pytest.mark.parametrize("detail", ["full", "abridged"])
def test_a_list_that_no_file_states_goes_along_whole(put: str, detail: str) -> None:
    """Also what somebody was given after the plan was made is not taken away again."""
    lab = Lab(quirks={"manager_put": put, "list_detail": detail}, seed=account(ina("a.example", "b.example")))
    configuration = configuration_of(files({INA: {"max_domains": 7}}, domains=()))
    made = lab.plan(configuration)
    assert [change.fields for change in made.changes] == [(("max_domains", -1, 7),)]

    def between(request: Request, *, answer: Any) -> Response:
        if request.method == "PUT" and not given:
            given.append(1)
            codes = json.dumps({"domain_codes": ["D100000001", "D100000002", "D100000003"]}).encode()
            later = Request("PUT", request.path, {}, {"x-api-token": "canary-token-7f3a"}, codes)
            assert lab.emulator.handle(later).status == 204
        result: Response = answer(request)
        return result

    given: list[int] = []
    lab.apply(configuration, made)
    assert held(lab) == {INA: ["a.example", "b.example"]}
    assert live(lab)["max_domains"] == 7


def test_a_reason_names_all_that_is_lost_however_much_it_is() -> None:
    domains = [f"a-domain-{number}.example" for number in range(300)]
    lab = Lab(seed={"domains": {name: {} for name in domains}, "managers": {**ina(*domains), **otto()}})
    (change,) = plan(lab, files(otto(), domains=domains, on_remove={"manager": "delete"})).changes
    assert all(name in change.reason for name in domains)


def test_what_a_file_does_not_name_is_dropped_only_where_it_states_the_list() -> None:
    lab = Lab(seed=account(ina("a.example", "b.example")))
    assert plan(lab, files({INA: {}})).changes == ()
    apply(lab, files({INA: {"domains": []}}))
    assert held(lab) == {INA: []}
    assert sent(lab) == [("PUT", "/MN10000001", {"domain_codes": []})]
    assert plan(lab, files({INA: {"domains": []}})).changes == ()


LOSSES = {"one of three": (("a.example", "b.example"), False), "two of three": (("a.example",), True)}


@pytest.mark.parametrize(("left", "blocked"), LOSSES.values(), ids=LOSSES)
def test_assignments_that_a_manager_loses_are_counted(left: tuple[str, ...], blocked: bool) -> None:
    lab = Lab(seed=account(ina(*DOMAINS)))
    text = files(ina(*left), guards={"count": 10, "percent": 20})
    found = plan(lab, text)
    assert [(each.guard, each.kind) for each in found.blocked] == ([("count", "manager")] if blocked else [])
    if blocked:
        assert "2 of 3 live assignments to manager objects would be taken away" in found.blocked[0].message
        assert plan(lab, text, acknowledge=found.id).blocked == ()


def test_assignments_are_counted_among_all_also_where_one_manager_changes() -> None:
    domains = [f"d{number}.example" for number in range(10)]
    before = {**ina(*domains[:2]), **otto(*domains[2:])}
    lab = Lab(seed={"domains": {name: {} for name in domains}, "managers": before})
    configuration = configuration_of(files({**before, **ina()}, domains=domains, guards={"count": 10, "percent": 20}))
    made = lab.plan(configuration)
    assert (len(made.changes), made.blocked) == (1, ())
    assert {one.status for one in lab.apply(configuration, made)} == {Status.DONE}


@pytest.mark.parametrize("removed", [True, False])
def test_assignments_are_counted_among_delivery_objects_too_when_applied(removed: bool) -> None:
    news = [f"n{number}.example" for number in range(8)]
    delivery = {"domains": {name: {} for name in news}}
    before = {**ina("a.example", "b.example"), **otto(delivery=news)}
    lab = Lab(seed=account(before, delivery=delivery), quirks={"manager_delete": "present"})
    guards = {"manager": {"count": 10, "percent": 50 if removed else 20}}
    after = otto(delivery=news) if removed else {**ina(), **otto(delivery=news)}
    settings: dict[str, Any] = {"on_remove": {"manager": "delete"}, "guards": guards}
    configuration = configuration_of(files(after, delivery=delivery, **settings))
    made = lab.plan(configuration)
    assert (len(made.changes), made.blocked) == (1, ())
    assert {one.status for one in lab.apply(configuration, made)} == {Status.DONE}


MOVES: dict[str, tuple[dict[str, Any], dict[str, Any], list[list[str]]]] = {
    # live, declared, and the lists that are sent, in order
    "one changes hands": (
        {**ina("a.example"), **otto("b.example")}, {**ina(), **otto("a.example", "b.example")},
        [["MN1"], ["MN2", "a", "b"]],
    ),
    "to a new manager": (
        ina("a.example", "b.example"), {**ina("b.example"), **otto("a.example")},
        [["MN1", "b"], ["new"], ["MN2", "a"]],
    ),
    "two change places": (
        {**ina("a.example"), **otto("b.example")}, {**ina("b.example"), **otto("a.example")},
        [["MN1"], ["MN1", "b"], ["MN2"], ["MN2", "a"]],
    ),
    "one comes as well": (
        {**ina("a.example"), **otto()}, {**ina("c.example"), **otto("a.example", "b.example")},
        [["MN1", "c"], ["MN2", "a", "b"], ["MN2", "b"]],
    ),
    "from one whose list no file states": (
        ina("a.example", "b.example"), {INA: {}, **otto("a.example")},
        [["MN1", "b"], ["new"], ["MN2", "a"]],
    ),
    "from one that goes": (
        ina("a.example", "b.example"), {INA: {"state": "absent"}, **otto("a.example")},
        [["MN1", "b"], ["new"], ["MN2", "a"]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("assign", QUIRKS["manager_assign"])
@pytest.mark.parametrize(("before", "after", "lists"), MOVES.values(), ids=MOVES)
def test_a_domain_changes_hands_by_taking_first(before: Any, after: Any, lists: Any, assign: str) -> None:
    lab = Lab(quirks={"manager_assign": assign}, seed=account(before))
    saved = plan(lab, files(after))
    lab.emulator.requests.clear()
    done = apply(lab, files(after))
    assert {each.status for each in done.values()} == {Status.DONE}, done
    codes = {f"D10000000{number}": name[0] for number, name in enumerate(DOMAINS, 1)}
    updates = [
        [f"MN{path[-1]}" if method == "PUT" else "new", *(codes[one] for one in body.get("domain_codes", ()))]
        for method, path, body in sent(lab)
        if not path.endswith("/status")
    ]
    assert sorted(updates) == sorted(lists)
    told = [change.reason for change in saved.changes if change.action is Action.DISABLE]
    gone = [body for body in after.values() if body.get("state") == "absent"]
    assert told == ["state: absent; another one is to hold a.example"] * len(gone)
    where = held(lab)
    for name, body in after.items():
        assert where[name] == sorted(body["domains"]) if "domains" in body else "a.example" not in where[name]
    again = files(after)
    assert plan(lab, again).changes == ()


@pytest.mark.parametrize("pattern", [f"manager/{OTTO}", "manager/*"])
def test_a_target_brings_those_who_have_to_let_go(pattern: str) -> None:
    lab = Lab(quirks={"manager_assign": "422"}, seed=account({**ina("a.example"), **otto("b.example")}))
    text = files({**ina(), **otto("a.example", "b.example")})
    done = apply(lab, text, targets=(Pattern.of(pattern, TYPES),))
    assert {address: each.status for address, each in done.items()} == {
        f"manager/{INA}": Status.DONE,
        f"manager/{OTTO}": Status.DONE,
    }
    assert held(lab) == {INA: [], OTTO: ["a.example", "b.example"]}


def test_a_target_loses_nothing_to_those_who_are_none() -> None:
    lab = Lab(seed=account({**ina("a.example", "b.example"), **otto()}))
    text = files({INA: {"max_domains": 5}, **otto("a.example")})
    (change,) = plan(lab, text, targets=(Pattern.of(f"manager/{INA}", TYPES),)).changes
    assert change.fields == (("max_domains", -1, 5),)


def test_who_is_excluded_lets_go_of_nothing() -> None:
    lab = Lab(seed=account({**ina("a.example"), **otto()}))
    with pytest.raises(ConfigError) as raised:
        plan(lab, files({INA: {}, **otto("a.example")}), excludes=(Pattern.of(f"manager/{INA}", TYPES),))
    (found,) = raised.value.diagnostics
    assert (found.code, found.address) == ("Q071", f"manager/{OTTO}")
    assert f"domain/a.example is held by manager/{INA} (Ina Rossi, MN10000001), which is excluded" in found.message


@pytest.mark.parametrize("step", range(1, 5))
def test_a_run_that_is_killed_between_taking_and_giving_is_finished_by_the_next(step: int) -> None:
    seen: list[int] = []

    def between(request: Request, *, answer: Any) -> Response:
        if request.method == "PUT":
            seen.append(1)
            if len(seen) >= step:
                lab.stop.set()
        result: Response = answer(request)
        return result

    lab = Lab(quirks={"manager_assign": "422"}, seed=account({**ina("a.example"), **otto("b.example")}))
    text = files({**ina("b.example"), **otto("a.example")})
    lab.between = between
    apply(lab, text)
    lab.between = None
    lab.stop.clear()
    apply(lab, text)
    assert held(lab) == {INA: ["b.example"], OTTO: ["a.example"]}
    assert plan(lab, text).changes == ()


def test_what_a_manager_holds_whom_no_file_declares_is_not_taken() -> None:
    lab = Lab(seed=account({**ina("a.example"), **otto()}))
    (found,) = wrong(lab, files(otto("a.example")))
    assert (found.code, found.address) == ("Q071", f"manager/{OTTO}")
    assert f"domain/a.example is held by manager/{INA} (Ina Rossi, MN10000001), which no file declares" in found.message
    assert "domains" in str(found.position) or found.position is not None


def test_one_domain_in_two_lists_is_an_error_with_both_places() -> None:
    text = files({**ina("a.example"), **otto("a.example")}).replace('"otto', '\n"otto')
    with pytest.raises(AssertionError) as raised:
        configuration_of(text)
    message = str(raised.value)
    assert "Q070" in message
    assert f"domain/a.example is given to manager/{OTTO} and to manager/{INA} (file0.yaml:1:" in message


def test_a_domain_that_waits_for_its_proof_keeps_nothing_but_its_assignment_waiting() -> None:
    lab = Lab(quirks={"ownership": "wait"}, seed=account({}))
    new = {"new.example": {"postmaster_password": {"env": "PW"}}}
    text = files(ina("a.example", "new.example"), domains={**{name: {} for name in DOMAINS}, **new})
    done = apply(lab, text)
    assert done[f"manager/{INA}"].status is Status.WAITING
    assert "created" in str(done[f"manager/{INA}"].error)
    assert "waits for domain/new.example" in str(done[f"manager/{INA}"].error)
    assert held(lab) == {INA: ["a.example"]}
    done = apply(lab, text)
    assert done[f"manager/{INA}"].status is Status.WAITING
    lab.emulator.publish("new.example")
    done = apply(lab, text)
    assert {each.status for each in done.values()} == {Status.DONE}
    assert held(lab) == {INA: ["a.example", "new.example"]}
    assert plan(lab, text).changes == ()


@pytest.mark.parametrize(
    ("name", "value"), [("firstname", "Eva"), ("lastname", "Neri"), ("company", "Acme"), ("catch_all", False)]
)
def test_some_can_only_be_chosen_at_creation(name: str, value: Any) -> None:
    (found,) = wrong(Lab(seed=account(ina())), files(ina(**{name: value})))
    assert found.code == "Q041"
    assert f"{name} of manager/{INA} is" in found.message


@pytest.mark.parametrize("form", ["404", "200"])
@pytest.mark.parametrize("quirks", [*product(*(QUIRKS[name] for name in OWN))], ids="-".join)
def test_every_combination_of_the_servers_choices_converges(quirks: tuple[str, ...], form: str) -> None:
    chosen = dict(zip(OWN, quirks, strict=True))
    lab = Lab(quirks={**chosen, "empty_list": form}, seed=account({}))
    text = files({**ina("a.example", "b.example", max_domains=5), **otto("c.example", company="Acme")})
    done = apply(lab, text)
    assert {each.status for each in done.values()} == {Status.DONE}, done
    again = plan(lab, text)
    assert again.changes == ()
    absent = chosen["manager_read"] == "absent"
    assert [row.fields for row in again.unverifiable] == ([("max_domains",), ("company",)] if absent else [])
    text = files({**ina("a.example", max_domains=5), **otto("b.example", "c.example", company="Acme")})
    assert {each.status for each in apply(lab, text).values()} == {Status.DONE}
    assert held(lab) == {INA: ["a.example"], OTTO: ["b.example", "c.example"]}
    assert plan(lab, text).changes == ()


ABSENT = {"manager_read": "absent"}
UNKNOWN: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    # live, declared: the error, and what it asks for
    "two of one name": (
        {INA: {**NEW, "domains": ["a.example"]}, OTTO: {**NEW, "domains": ["b.example"]}},
        {INA: {**NEW, "domains": ["a.example", "b.example"]}}, "may be MN10000001, MN10000002",
        "write code: MN10000001, MN10000002",
    ),
    "one for two": (
        ina("a.example"), {**ina("a.example"), OTTO: {**NEW, "domains": ["b.example"]}}, "may be MN10000001",
        "write code: MN10000001",
    ),
    "nothing to know it by": (
        {**ina(), **otto("a.example")}, {**ina(), OTTO: {**OTHER}}, f"nothing tells whether manager/{INA} is there",
        "write code: CODE",
    ),
    "too little to be made anew": (
        ina("a.example"), {INA: {"domains": ["a.example"]}}, f"nothing tells whether manager/{INA} is there",
        "write code: CODE",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("there", "declared", "message", "hint"), UNKNOWN.values(), ids=UNKNOWN)
def test_managers_that_cannot_be_told_apart_need_their_codes(
    there: Any, declared: Any, message: str, hint: str
) -> None:
    found = wrong(Lab(quirks=ABSENT, seed=account(there)), files(declared))
    assert {each.code for each in found} == {"Q042"}
    assert message in found[0].message
    assert hint in str(found[0].hint)


def test_a_pinned_code_finds_a_manager_of_whom_nothing_else_is_known() -> None:
    lab = Lab(quirks=ABSENT, seed=account({**ina(), **otto("a.example")}))
    text = files({INA: {"code": "MN10000001", "domains": ["b.example"]}, OTTO: {**OTHER}})
    assert apply(lab, text)[f"manager/{INA}"].status is Status.DONE
    assert held(lab) == {INA: ["b.example"], OTTO: ["a.example"]}
    assert plan(lab, text).changes == ()


def test_a_removal_that_cannot_be_seen_says_so() -> None:
    lab = Lab(quirks=ABSENT, seed=account(ina("a.example")))
    absent = {"code": "MN10000001", "state": "absent"}
    assert apply(lab, files({INA: absent}))[f"manager/{INA}"].status is Status.DONE
    assert live(lab)["status"] == "disabled"
    (again,) = plan(lab, files({INA: absent})).changes
    assert again.action is Action.DISABLE
    assert "the API does not tell whether it is disabled already: take it out of the files" in again.reason


def test_a_manager_that_is_there_already_needs_its_code() -> None:
    lab = Lab(quirks=ABSENT, seed=account(ina()))
    outcome = apply(lab, files(ina("a.example")))[f"manager/{INA}"]
    assert outcome.status is Status.FAILED
    assert "write code: CODE under it" in str(outcome.error)


def test_a_new_manager_whom_nothing_shows_is_told_with_its_code() -> None:
    lab = Lab(quirks=ABSENT, seed=account(otto("c.example")))
    done = apply(lab, files({**otto("c.example"), **ina("a.example")}))
    assert done[f"manager/{INA}"].status is Status.DONE
    assert "write code: MN10000002 under it" in str(done[f"manager/{INA}"].error)


PINS = {"MN10000009": "there is no Manager with the code MN10000009", "MN10000002": f"is that of manager/{OTTO}"}


@pytest.mark.parametrize(("pin", "message"), PINS.items(), ids=PINS)
def test_a_pinned_code_must_be_that_of_the_address(pin: str, message: str) -> None:
    (found,) = wrong(Lab(seed=account({**ina(), **otto()})), files({INA: {"code": pin}, OTTO: {}}))
    assert found.code == "Q042"
    assert message in found.message


def test_two_managers_do_not_share_a_code() -> None:
    with pytest.raises(AssertionError) as raised:
        configuration_of(files({name: {"code": "MN10000001"} for name in (INA, OTTO)}))
    assert "Q014" in str(raised.value)
    assert f"manager/{OTTO} and manager/{INA} (file0.yaml:1:" in str(raised.value)
    assert "have the same code MN10000001" in str(raised.value)


@pytest.mark.parametrize("way", QUIRKS["manager_delete"])
def test_on_remove_deletes_where_the_api_can(way: str) -> None:
    lab = Lab(quirks={"manager_delete": way}, seed=account({**ina("a.example"), **otto()}))
    text = files(otto(), on_remove={"manager": "delete"})
    outcome = apply(lab, text)[f"manager/{INA}"]
    if way == "present":
        assert outcome.status is Status.DONE
        assert held(lab) == {OTTO: []}
        assert plan(lab, text).changes == ()
    else:
        assert outcome.status is Status.FAILED
        assert "this API has no such call" in str(outcome.error)
        assert "panel" in str(outcome.error)


@pytest.mark.parametrize("read", QUIRKS["manager_domains_read"])
@pytest.mark.parametrize("declared", [True, False])
def test_what_a_deleted_manager_holds_is_told_and_counted(read: str, declared: bool) -> None:
    quirks = {"manager_delete": "present", "manager_domains_read": read}
    lab = Lab(quirks=quirks, seed=account({**ina("a.example", "b.example"), **otto()}))
    settings = {"on_remove": {"manager": "delete"}, "guards": {"manager": {"count": 2, "percent": 50}}}
    text = files(otto() if declared else {}, domains=(), **settings)
    made = plan(lab, text)
    reason = next(each.reason for each in made.changes if each.address.key == INA)
    assert reason == "not declared (on_remove: delete); it loses its domains: a.example, b.example"
    assert "2 of 2 live assignments" in " ".join(each.message for each in made.blocked)

    apply(lab, files(ina("a.example", "b.example", "c.example")))
    assert plan(lab, text, acknowledge=made.id).blocked, "who acknowledged it knew of two"


@pytest.mark.parametrize("todo", ["keep", "disable"])
def test_undeclared_managers_are_kept_or_disabled(todo: str) -> None:
    lab = Lab(seed=account({**ina("a.example"), **otto()}))
    text = files(otto(), on_remove={"manager": todo})
    assert [str(each) for each in plan(lab, text).unmanaged] == ([f"manager/{INA}"] if todo == "keep" else [])
    apply(lab, text)
    assert live(lab)["status"] == ("disabled" if todo == "disable" else "enabled")
    assert held(lab)[INA] == ["a.example"]


def test_a_domain_is_let_go_of_before_it_is_deleted() -> None:
    lab = Lab(quirks={"manager_put": "replaces"}, seed=account({**ina("a.example", "b.example"), **otto("c.example")}))
    domains = {"a.example": {"state": "absent"}, "b.example": {}, "c.example": {"state": "absent"}}
    text = files({**ina("b.example"), OTTO: {"max_domains": 3}}, domains=domains)
    done = apply(lab, text)
    assert {each.status for each in done.values()} == {Status.DONE}, done
    assert held(lab) == {INA: ["b.example"], OTTO: []}
    assert plan(lab, text).changes == ()


def test_what_is_ignored_stays_with_its_manager() -> None:
    lab = Lab(seed=account(ina("a.example", "b.example")))
    text = json.dumps({**json.loads(files(ina("c.example"), domains=("c.example",))), "ignore": ["domain/a.example"]})
    (change,) = plan(lab, text).changes
    assert change.fields == (("domains", ("a.example", "b.example"), ("a.example", "c.example")),)
    apply(lab, text)
    assert held(lab) == {INA: ["a.example", "c.example"]}
    assert plan(lab, text).changes == ()


DELIVERY = {"domains": {"news.example": {}, "mail.example": {}}, "accounts": {"shop": {"type": "newsletter"}}}


@pytest.mark.parametrize("read", QUIRKS["manager_read"])
def test_delivery_is_given_one_by_one_and_never_taken(read: str) -> None:
    lab = Lab(quirks={"manager_read": read}, seed=account(ina("a.example"), delivery=DELIVERY))
    text = files(ina("a.example", delivery=["shop", "news.example"]), delivery=DELIVERY)
    (change,) = plan(lab, text).changes
    assert change.fields == (("delivery", (), ("news.example", "shop")),)
    assert apply(lab, text)[f"manager/{INA}"].status is Status.DONE
    assert [(path, sorted(body)) for _, path, body in sent(lab)] == [("/MN10000001/assign/delivery", ["id"])] * 2
    assert live(lab)["delivery"] == ["news.example", "shop"]
    assert plan(lab, text).changes == ()
    fewer = files(ina("a.example", delivery=["shop"]), delivery=DELIVERY)
    assert plan(lab, fewer).changes == ()


def test_a_delivery_name_of_two_objects_needs_an_address() -> None:
    both = {"domains": {"news.example": {}}, "accounts": {"news.example": {"type": "newsletter"}}}
    with pytest.raises(AssertionError) as raised:
        configuration_of(files(ina(delivery=["news.example"]), delivery=both))
    assert "Q073" in str(raised.value)
    assert "write its address: delivery_domain/news.example or delivery_account/news.example" in str(raised.value)
    lab = Lab(seed=account(ina(), delivery=both))
    for kind in ("delivery_account", "delivery_domain"):
        text = files(ina(delivery=[f"{kind}/news.example"]), delivery=both)
        assert apply(lab, text)[f"manager/{INA}"].status is Status.DONE
        assert plan(lab, text).changes == ()


BOTH = {"domains": {"news.example": {}}, "accounts": {"news.example": {"type": "newsletter"}}}


@pytest.mark.parametrize("there", [(), ("domains",), ("accounts",), ("domains", "accounts")])
@pytest.mark.parametrize("held", [("account",), ("domain",), ("account", "domain")])
def test_an_address_is_given_what_it_says_though_the_other_is_not_there_yet(
    held: tuple[str, ...], there: tuple[str, ...]
) -> None:
    wish = [f"delivery_{kind}/news.example" for kind in held]
    text = files(ina(delivery=wish), delivery=BOTH)
    lab = Lab(seed=account({}, delivery={section: BOTH[section] for section in there}))
    lab.emulator.publish("news.example")
    assert {one.status for one in apply(lab, text).values()} == {Status.DONE}
    assert plan(lab, text).changes == ()
    given = [body["id"] for _, path, body in sent(lab) if path.endswith("assign/delivery")]
    codes = lab.emulator.dump()["delivery"]
    kinds = {"domain": codes["domains"]["news.example"]["code"], "account": codes["accounts"]["news.example"]["id"]}
    assert sorted(map(str, given)) == sorted(str(kinds[kind]) for kind in held)


@pytest.mark.parametrize("other", ["account", "domain"])
def test_what_is_held_stays_where_something_of_its_name_is_made(other: str) -> None:
    held = {"account": "domain", "domain": "account"}[other]
    there = {f"{held}s": BOTH[f"{held}s"]}
    lab = Lab(seed=account(ina(delivery=["news.example"]), delivery=there))
    lab.emulator.publish("news.example")
    text = files(ina(delivery=[f"delivery_{held}/news.example"]), delivery=BOTH)
    done = apply(lab, text)
    assert {name: one.status for name, one in done.items()} == {f"delivery_{other}/news.example": Status.DONE}
    assert plan(lab, text).changes == ()


def test_delivery_of_another_manager_is_not_taken_by_anybody() -> None:
    seed = account({**ina(), OTTO: {**OTHER, "delivery": ["shop"]}}, delivery=DELIVERY)
    (found,) = wrong(Lab(seed=seed), files({**ina(delivery=["shop"]), **otto()}, delivery=DELIVERY))
    assert found.code == "Q071"
    assert "this API cannot take it away" in found.message


@pytest.mark.parametrize("caller", ["no_reseller", "team_member"])
def test_a_token_that_may_not_read_managers_is_told_whose_may(caller: str) -> None:
    with pytest.raises(AuthError) as raised:
        plan(Lab(quirks={"caller": caller}, seed=account({})), files(ina()))
    assert raised.value.status == 403
    assert "reseller" in str(raised.value.hint)


@pytest.mark.parametrize("status", [404, 405])
def test_a_call_that_is_not_there_names_the_panel(status: int) -> None:
    """Beside the words on whose token may use it."""

    def between(request: Request, *, answer: Any) -> Response:
        missing = request.method == "POST" and "managers" in request.path
        result: Response = refused(status, {"message": "no"}) if missing else answer(request)
        return result

    lab = Lab(seed=account({}), between=between)
    error = str(apply(lab, files(ina()))[f"manager/{INA}"].error)
    assert "this API has no such call" in error
    assert "reseller" in error
    assert "create it in the panel" in error


@pytest.mark.parametrize("told", QUIRKS["manager_domains_read"])
def test_what_managers_hold_takes_no_request_of_its_own(told: str) -> None:
    lab = Lab(quirks={"manager_domains_read": told}, seed=account(ina("a.example"), delivery=DELIVERY))
    plan(lab, files(ina("b.example", delivery=["shop"]), delivery=DELIVERY))
    paths = sorted(each.path for each in lab.emulator.requests)
    assert paths == ["/api/delivery/accounts", "/api/delivery/domains", "/api/domains", "/api/managers"]


def test_an_account_without_managers_in_its_files_is_read_as_before() -> None:
    lab = Lab(seed=account(ina("a.example")))
    plan(lab, json.dumps({"domains": {name: {} for name in DOMAINS}}))
    assert [each.path for each in lab.emulator.requests] == ["/api/domains"]


def test_a_new_account_is_given_whatever_the_server_calls_it() -> None:
    """It keeps a part of the description only: the account is known by the id that its creation gave."""
    name = "all the messages that the application sends by itself"
    lab = Lab(quirks={"descriptions": "cut"}, seed=account({}))
    wish = files(ina(delivery=[name]), delivery={"accounts": {name: {"type": "transactional"}}})
    assert {each.status for each in apply(lab, wish).values()} == {Status.DONE}
    assert lab.plan(configuration_of(wish)).changes == ()


@pytest.mark.parametrize("removed", ["delete", "disable"])
def test_what_a_manager_held_may_go_in_the_run_that_gives_it_more(removed: str) -> None:
    accounts = {name: {"type": "newsletter"} for name in ("old", "news")}
    lab = Lab(seed=account(ina(delivery=["old"]), delivery={"accounts": accounts}))
    wish = files(
        ina(delivery=["news"]),
        delivery={"accounts": {"news": accounts["news"]}},
        on_remove={"delivery_account": removed},
    )
    assert {each.status for each in apply(lab, wish).values()} == {Status.DONE}
    assert lab.plan(configuration_of(wish)).changes == ()


def test_one_whose_code_nothing_tells_is_to_be_pinned() -> None:
    lab = Lab(quirks={**ABSENT, "create_answer": "nothing"}, seed=account({}))
    lab.emulator.publish("new.example")
    new = {"new.example": {"postmaster_password": {"env": "PW"}}}  # what is given after the manager was made
    done = apply(lab, files(ina("new.example"), domains=new))[f"manager/{INA}"]
    assert done.status is Status.FAILED
    assert "told no code: write code: CODE under it, as the panel shows it" in str(done.error)
