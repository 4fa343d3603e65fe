"""Team members: permissions that only the server knows, removal that disables, and the one whose token runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from qboxctl.emulator import QUIRKS, Request, Response
from qboxctl.errors import AuthError, ConfigError
from qboxctl.model import Action, Address, Outcome, Plan, Status
from qboxctl.planning.planfile import dumps, loads
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import PASSWORD, Lab, configuration_of

LUCA = "team_member/luca@example.com"
NEW = {"firstname": "Luca", "lastname": "Neri", "password": {"env": "PW"}}
OWN = ("permissions", "permission_keys", "permission_implied", "team_delete", "team_paging")


def files(members: dict[str, Any], **settings: Any) -> str:
    return json.dumps({"team_members": members, "settings": {"guards": {"count": 1000, "percent": 100}, **settings}})


def one(*permissions: str, **more: Any) -> dict[str, Any]:
    return {"luca@example.com": {**NEW, "permissions": list(permissions), **more}}


def seed(**members: Any) -> dict[str, Any]:
    """Members by the part before the @, each with permissions, or with what is stated."""
    stated = {name: body if isinstance(body, dict) else {"permissions": body} for name, body in members.items()}
    return {"team_members": {f"{name}@example.com": {**NEW, "firstname": name.title(), **body}
                             for name, body in stated.items()}}  # fmt: skip


def plan(lab: Lab, text: str, **options: Any) -> Plan:
    """A plan as it is after it was saved and read."""
    made = lab.plan(configuration_of(text), Options(**options))
    assert loads(dumps(made), "plan.json", TYPES).changes == made.changes
    return made


def apply(lab: Lab, text: str, **options: Any) -> dict[str, Outcome]:
    configuration = configuration_of(text)
    return {str(each.address): each for each in lab.apply(configuration, lab.plan(configuration, Options(**options)))}


def live(lab: Lab, name: str = "luca") -> dict[str, Any]:
    found: dict[str, Any] = lab.emulator.dump(codes=False)["team_members"][f"{name}@example.com"]
    return found


def sent(lab: Lab) -> list[tuple[str, str, Any]]:
    return [(each.method, each.path, each.body) for each in lab.emulator.requests if each.method != "GET"]


def test_a_member_is_created_changed_and_disabled() -> None:
    lab = Lab()
    done = apply(lab, files(one("domains.view", "accounts.edit")))
    assert done[LUCA].status is Status.DONE
    (create,) = sent(lab)
    assert create == (
        "POST", "/api/team_members",
        {"email_address": "luca@example.com", "firstname": "Luca", "lastname": "Neri", "password": "***",
         "password_confirmation": "***", "permissions": ["accounts.edit", "domains.view"]},
    )  # fmt: skip
    assert lab.emulator.has_password(LUCA, PASSWORD)
    assert plan(lab, files(one("domains.view", "accounts.edit"))).changes == ()
    assert {each.query.get("status") for each in lab.emulator.requests if each.method == "GET"} <= {"all", None}

    (change,) = plan(lab, files(one("domains.view"))).changes
    assert (change.action, change.fields) == (
        Action.UPDATE, (("permissions", ("accounts.edit", "domains.view"), ("domains.view",)),)
    )  # fmt: skip
    apply(lab, files(one("domains.view")))
    assert live(lab)["permissions"] == ["domains.view"]

    (change,) = plan(lab, files({"luca@example.com": {"state": "absent"}})).changes
    assert (change.action, change.destroys_data) == (Action.DISABLE, False)
    apply(lab, files({"luca@example.com": {"state": "absent"}}))
    assert live(lab)["status"] == "disabled"
    assert plan(lab, files({"luca@example.com": {"state": "absent"}})).changes == ()
    apply(lab, files(one("domains.view", status="enabled")))
    assert live(lab)["status"] == "enabled"
    assert sent(lab)[-1][1].endswith("/status")


def test_declared_disabling_is_an_update_by_its_own_call() -> None:
    lab = Lab(seed=seed(luca=["domains.view"]))
    (change,) = plan(lab, files(one("domains.view", status="disabled"))).changes
    assert (change.action, change.fields) == (Action.UPDATE, (("status", "enabled", "disabled"),))
    apply(lab, files(one("domains.view", status="disabled")))
    assert [(each[0], each[1].rpartition("/")[2], each[2]) for each in sent(lab)] == [
        ("PUT", "status", {"status": "disabled"})
    ]


KEYS: dict[str, tuple[dict[str, Any], list[str], Any, bool]] = {
    # others, what luca has, what the file says: what is sent (None: nothing), and whether something cannot be verified
    "the same in another order": ({}, ["domains.view", "accounts.edit"], None, False),
    "one too many": (
        {}, ["domains.view", "accounts.edit", "accounts.delete"], ["accounts.edit", "domains.view"], False,
    ),
    "all taken": ({}, [], None, True),
    "lacks what nobody has": ({}, ["domains.view"], None, True),
    "lacks what another one has": (
        {"eve": ["accounts.edit"]}, ["domains.view"], ["accounts.edit", "domains.view"], False,
    ),
    "lacks one that another one has, and one that nobody has": (
        {"eve": ["domains.view"]}, [], ["accounts.edit", "domains.view"], True,
    ),
    "may look at what it may change": ({}, ["accounts.edit", "accounts.view", "domains.view"], None, False),
    "may look, and others change without looking": (
        {"eve": ["accounts.edit"]}, ["accounts.edit", "accounts.view", "domains.view"],
        ["accounts.edit", "domains.view"], False,
    ),
    "may look at something else": (
        {}, ["accounts.edit", "delivery.view", "domains.view"], ["accounts.edit", "domains.view"], False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", QUIRKS["permissions"])
@pytest.mark.parametrize("detail", ["full", "abridged"])
@pytest.mark.parametrize(("others", "has", "wanted", "unseen"), KEYS.values(), ids=KEYS)
def test_what_keys_mean(others: Any, has: list[str], wanted: Any, unseen: bool, detail: str, form: str) -> None:
    lab = Lab(quirks={"list_detail": detail, "permissions": form}, seed=seed(**others, luca=has))
    found = plan(lab, files(one("accounts.edit", "domains.view")))
    fields = [each for change in found.changes for each in change.fields]
    assert fields == ([("permissions", tuple(sorted(has)), tuple(wanted))] if wanted else [])
    assert [row.fields for row in found.unverifiable] == ([("permissions",)] if unseen and not wanted else [])
    apply(lab, files(one("accounts.edit", "domains.view")))
    assert live(lab)["permissions"] == sorted(wanted or has)
    assert plan(lab, files(one("accounts.edit", "domains.view"))).changes == ()


def test_no_permissions_are_a_wish_too() -> None:
    lab = Lab(seed=seed(luca=["domains.view"]))
    apply(lab, files(one()))
    assert live(lab)["permissions"] == []
    assert plan(lab, files(one())).changes == ()


@pytest.mark.parametrize("quirks", [*product(*(QUIRKS[name] for name in OWN))], ids="-".join)
def test_every_combination_of_the_servers_choices_converges(quirks: tuple[str, ...]) -> None:
    chosen = dict(zip(OWN, quirks, strict=True))
    unknown = ["made.up"] if chosen["permission_keys"] == "ignored" else []
    lab = Lab(quirks=chosen, seed=seed(eve=["domains.view"]))
    text = files({**one("accounts.edit", "domains.edit", *unknown), "eve@example.com": {"permissions": []}})
    done = apply(lab, text)
    assert {each.status for each in done.values()} == {Status.DONE}
    assert ("ignored made.up" in str(done[LUCA].error)) == bool(unknown)
    again = plan(lab, text)
    assert again.changes == ()
    assert [row.fields for row in again.unverifiable] == ([("permissions",)] if unknown else [])
    assert plan(lab, files({**one("accounts.edit", "made.up"), "eve@example.com": {}})).changes  # a key too many


def test_what_cannot_be_verified_is_sent_beside_something_else_with_rotate_and_where_it_was_edited() -> None:
    lab = Lab(quirks={"permission_keys": "ignored"}, seed=seed(luca=["domains.view"]))
    text = files(one("domains.view", "made.up"))
    pattern, address = Pattern.of(LUCA, TYPES), Address("team_member", "luca@example.com")
    assert plan(lab, text).changes == ()
    for options in ({"rotate": (pattern,)}, {"edited": {address: {"permissions": ()}}}):
        (change,) = plan(lab, text, **options).changes
        assert change.fields == (("permissions", ("domains.view",), ("domains.view", "made.up")),)
        assert change.secrets == (("password",) if "rotate" in options else ())
        lab.emulator.requests.clear()
        assert apply(lab, text, **options)[LUCA].status is Status.DONE
        assert [body.get("permissions") for _, _, body in sent(lab)] == [["domains.view", "made.up"]]
    (change,) = plan(lab, files(one("domains.view", "made.up", status="disabled"))).changes
    assert [each.name for each in change.fields] == ["permissions", "status"]


def test_an_unknown_key_that_the_server_refuses_is_named_at_its_place() -> None:
    outcome = apply(Lab(), files(one("made.up")))[LUCA]
    assert outcome.status is Status.FAILED
    assert "permissions" in str(outcome.error)
    assert "file0.yaml:1:" in str(outcome.error)


@pytest.mark.parametrize(("name", "value"), [("firstname", "Luke"), ("lastname", "Rossi")])
def test_names_can_only_be_chosen_at_creation(name: str, value: str) -> None:
    lab = Lab(seed=seed(luca=[]))
    with pytest.raises(ConfigError) as raised:
        plan(lab, files(one(**{name: value})))
    (found,) = raised.value.diagnostics
    assert (found.code, found.address) == ("Q041", LUCA)
    assert f"{name} of {LUCA} is" in found.message


def test_what_the_person_sets_is_never_compared() -> None:
    lab = Lab(quirks={"extra_fields": "noise"}, seed=seed(luca=["domains.view"]))
    assert plan(lab, files({"luca@example.com": {"permissions": ["domains.view"]}})).changes == ()


REMOVALS = {"keep": ("enabled", [LUCA.replace("luca", "eve")]), "disable": ("disabled", [])}


@pytest.mark.parametrize(("todo", "expected"), REMOVALS.items(), ids=REMOVALS)
def test_undeclared_members_are_kept_or_disabled(todo: str, expected: tuple[str, list[str]]) -> None:
    lab = Lab(quirks={"list_default_status": "enabled"}, seed=seed(luca=[], eve=[]))
    text = files({"luca@example.com": {}}, on_remove={"team_member": todo})
    assert [str(each) for each in plan(lab, text).unmanaged] == expected[1]
    apply(lab, text)
    assert live(lab, "eve")["status"] == expected[0]
    assert plan(lab, text).changes == ()


def test_no_member_is_deleted() -> None:
    with pytest.raises(ConfigError) as raised:
        configuration_of(files({}, on_remove={"team_member": "delete"}))
    assert ["delete" in each.message for each in raised.value.diagnostics] == [True]


OWN_TOKEN: dict[str, tuple[dict[str, Any], str]] = {
    "declared absent": ({"luca@example.com": {"state": "absent"}}, "would be removed"),
    "disabled": (one("domains.view", "accounts.edit", status="disabled"), "would be disabled"),
    "narrowed": (one("domains.view"), "would lose accounts.edit of its permissions"),
    "emptied": (one(), "would lose accounts.edit, domains.view of its permissions"),
    "as it is": (one("domains.view", "accounts.edit"), ""),
    "given more": (one("domains.view", "accounts.edit", "accounts.delete"), ""),
    "not declared": ({}, ""),
}


@pytest.mark.parametrize(("members", "told"), OWN_TOKEN.values(), ids=OWN_TOKEN)
def test_the_member_whose_token_runs_is_protected(members: dict[str, Any], told: str) -> None:
    lab = Lab(seed=seed(luca=["domains.view", "accounts.edit"], eve=["accounts.delete"]))
    eve = {"eve@example.com": {}}
    text = files({**members, **eve}, me="Luca@Example.com", on_remove={"team_member": "disable"})
    found = plan(lab, text)
    assert [(each.guard, told in each.message, bool(each.way_out)) for each in found.blocked] == (
        [("protect", True, True)] if told else []
    )
    without = plan(lab, files({**members, **eve}))
    assert without.blocked == ()


def test_a_key_that_the_server_adds_again_is_no_loss() -> None:
    lab = Lab(
        quirks={"permission_implied": "added"}, seed=seed(luca=["domains.edit", "domains.view"], eve=["api.send"])
    )
    assert plan(lab, files(one("domains.edit", "api.send"), me="luca@example.com")).blocked == ()


def test_another_token_is_told_that_only_the_customers_may_read() -> None:
    with pytest.raises(AuthError) as raised:
        plan(Lab(quirks={"caller": "team_member"}), files(one()))
    assert "only the customer's own token" in str(raised.value.hint)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_another_token_is_told_that_only_the_customers_may_write(method: str) -> None:
    def between(request: Request, *, answer: Callable[[Request], Response]) -> Response:
        return Response(403) if request.method == method else answer(request)

    lab = Lab(between=between, seed=seed(luca=["accounts.edit"]))
    done = apply(lab, files({**one("domains.view"), "eve@example.com": {**NEW}}))
    failed = [str(each.error) for each in done.values() if each.status is Status.FAILED]
    assert ["only the customer's own token" in each for each in failed] == [True]


@pytest.mark.parametrize("number", [1, 2, 30, 60])
@pytest.mark.parametrize("paging", QUIRKS["team_paging"])
def test_all_pages_are_read(paging: str, number: int) -> None:
    members = {f"m{count}@example.com": {**NEW} for count in range(number)}
    lab = Lab(quirks={"team_paging": paging, "per_max": "25"}, seed={"team_members": members})
    assert plan(lab, files({name: {} for name in members})).summary["unchanged"] == number


def test_an_address_has_two_roles_at_most() -> None:
    domain = {"example.com": {"mailboxes": {"luca": {"firstname": "L"}}}}
    assert apply(Lab(seed={"domains": domain}), files(one()))[LUCA].status is Status.DONE
