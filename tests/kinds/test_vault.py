"""The Vault of a domain: what is paid for, what is kept, and what is destroyed, and that nothing else ever is."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from qboxctl.emulator import QUIRKS, Request, Response, parse_fault
from qboxctl.errors import ConfigError, StalePlanError
from qboxctl.export import Selection, export_account, query_for_export
from qboxctl.model import Action, Address, Outcome, Plan, Status
from qboxctl.planning.graph import writes
from qboxctl.planning.pipeline import Compared, with_advice
from qboxctl.planning.planfile import dumps, loads
from qboxctl.planning.targets import Options, Targets
from qboxctl.render import plan_text
from qboxctl.render.approval import losses
from qboxctl.render.plan_html import render as html
from qboxctl.render.plan_markdown import render as markdown
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import Lab, NowBlockedError, configuration_of

VAULT = "/api/archive/domains/D100000001"
BOXES = ("ada", "bob", "eve")
CODES = dict(zip((f"EA1000000{number}" for number in (1, 2, 3)), BOXES, strict=True))
GUARDS = {"guards": {"count": 1000, "percent": 100}}
TWO = {"retention": 60, "mailboxes": ["ada", "bob"]}


def tree(vault: Any = None, *, boxes: Any = None, **domain: Any) -> dict[str, Any]:
    """A domain with three mailboxes, and a Vault."""
    found = {**domain, "mailboxes": {name: {"firstname": "X"} for name in BOXES} if boxes is None else boxes}
    return {"domains": {"a.example": found if vault is None else {**found, "vault": vault}}}


def files(vault: Any = None, *, boxes: Any = None, settings: Any = GUARDS, **domain: Any) -> str:
    return json.dumps({"settings": settings, **tree(vault, boxes=boxes, **domain)})


def lab(vault: Any = TWO, quirks: dict[str, str] | None = None, **domain: Any) -> Lab:
    return Lab(seed=tree(vault, **domain), quirks=quirks or {})


def plan(lab: Lab, text: str, **options: Any) -> Plan:
    """A plan as it is after it was saved and read."""
    made = lab.plan(configuration_of(text), Options(**options))
    assert loads(dumps(made), "plan.json", TYPES).changes == made.changes
    return made


def apply(lab: Lab, text: str, **more: Any) -> dict[str, Outcome]:
    lab.emulator.requests.clear()
    return {str(one.address): one for one in lab.apply(configuration_of(text), **more)}


def live(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = lab.emulator.dump(codes=False)["domains"]["a.example"].get("vault", {})
    return found


def sent(lab: Lab) -> list[tuple[Any, ...]]:
    """The writes below the Vault's path, with names for codes."""
    return [
        (one.method, "/".join(CODES.get(step, step) for step in one.path.removeprefix(VAULT).split("/")), one.body)
        for one in lab.emulator.requests
        if one.method != "GET" and one.path.startswith("/api/archive")
    ]


def status(name: str, word: str) -> tuple[Any, ...]:
    return ("PUT", f"/email_accounts/{name}/status", {"status": word})


# What goes out.

CHANGES: dict[str, tuple[Any, Any, list[tuple[Any, ...]]]] = {
    "made, without the server's own default": (
        None, TWO,
        [("POST", "", {"email_codes": ["EA10000001", "EA10000002"], "retention": 60, "default_archive": False})]),
    "made with a default": (
        None, {**TWO, "mailboxes": ["eve"], "default_archive": True},
        [("POST", "", {"email_codes": ["EA10000003"], "retention": 60, "default_archive": True})]),
    "kept longer": (
        TWO, {"retention": 72}, [("PUT", "", {"default_retention": 72, "default_archive": False})]),
    "another default, beside what is not mentioned": (
        TWO, {"default_archive": True}, [("PUT", "", {"default_archive": True})]),
    "a mailbox more, and one less": (
        TWO, {"mailboxes": ["bob", "eve"]}, [status("ada", "disabled"), status("eve", "enabled")]),
    "none at all": (TWO, {"mailboxes": []}, [status("ada", "disabled"), status("bob", "disabled")]),
    "disabled, whatever stands beside it": (
        TWO, {"state": "disabled", "mailboxes": ["eve"]}, [("PUT", "/status", {"status": "disabled"})]),
    "enabled again by what does not mention a state": (
        {**TWO, "state": "disabled"}, {"retention": 60}, [("PUT", "/status", {"status": "enabled"})]),
    "as it is": (TWO, TWO, []),
    "present": (TWO, {"state": "present"}, []),
    "nothing to disable": (None, {"state": "disabled"}, []),
    "nothing to remove": (None, {"state": "absent"}, []),
    "removed": (TWO, {"state": "absent"}, [
        ("DELETE", "/email_accounts/ada", None), ("DELETE", "/email_accounts/bob", None), ("DELETE", "", None)]),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), CHANGES.values(), ids=CHANGES)
def test_what_goes_out(before: Any, after: Any, expected: list[tuple[Any, ...]]) -> None:
    archive = lab(before)
    made = plan(archive, files(after))
    assert {one.status for one in apply(archive, files(after)).values()} <= {Status.DONE}
    assert sent(archive) == expected
    assert writes(made.changes, TYPES) == len(expected)
    assert not plan(archive, files(after)).changes


def test_a_domain_that_says_nothing_of_a_vault_keeps_it_and_costs_no_request() -> None:
    archive, plain = lab(), lab(None)
    for one in (archive, plain):
        assert not plan(one, files(boxes={})).changes
    assert [one.path for one in archive.emulator.requests] == [one.path for one in plain.emulator.requests]


def test_reading_costs_the_list_of_mailboxes_and_one_of_archives() -> None:
    archive = lab()
    plan(archive, json.dumps({"domains": {"a.example": {"vault": TWO}}}))
    read = ["/api/domains", "/api/domains/D100000001/email_accounts", f"{VAULT}/email_accounts"]
    assert [one.path for one in archive.emulator.requests] == read


def test_a_vault_is_made_after_the_mailboxes_that_it_names() -> None:
    archive = Lab(quirks={"activation": "2"})
    boxes = {name: {"firstname": "X", "password": {"env": "PW"}} for name in BOXES}
    text = files(TWO, boxes=boxes, postmaster_password={"env": "PW"})
    made = next(one for one in plan(archive, text).changes if one.address.kind == "vault")
    assert [str(one) for one in made.needs] == ["domain/a.example", "mailbox/ada@a.example", "mailbox/bob@a.example"]
    assert {one.status for one in apply(archive, text).values()} == {Status.DONE}
    assert live(archive)["mailboxes"] == ["ada", "bob"]


def test_a_mailbox_that_is_enabled_is_so_before_its_archive_is() -> None:
    archive = lab(None, boxes={"ada": {"firstname": "X", "status": "disabled"}})
    text = files({"retention": 12, "mailboxes": ["ada"]}, boxes={"ada": {"status": "enabled"}})
    assert {one.status for one in apply(archive, text).values()} == {Status.DONE}


# What the API leaves open.

OWN = {name: values for name, values in QUIRKS.items() if name.startswith("vault_")}
ALL = [dict(zip(OWN, values, strict=True)) for values in itertools.product(*OWN.values())]
OTHERS = [
    {"ids": "number"}, {"lists": "comma"}, {"list_detail": "abridged"}, {"list_detail": "blind"}, {"empty_list": "404"},
    {"delete": "queued"}, {"extra_fields": "noise"}, {"create_answer": "location"}, {"create_answer": "resources"},
    {"order": "shuffled", "per_max": "3"}, {"write_answer": "200-resources"}, {"booleans": "text"},
    {"booleans": "number"}, {"status": "number"}, {"activation": "2", "create_answer": "nothing"},
    {"delete": "queued", "vault_delete_enabled": "422", "vault_domain_delete": "absent", "vault_read": "mailbox"},
    {"list_detail": "abridged", "vault_read": "mailbox"}, {"empty_list": "404", "vault_read": "none"},
]  # fmt: skip
LIFE = (
    TWO,
    {"retention": 24, "mailboxes": ["bob", "eve"]},
    {"state": "disabled"},
    {"retention": 24},
    {"state": "absent"},
)


@pytest.mark.parametrize(
    "quirks",
    [one for one in [*ALL[:: len(ALL) // 40], *OTHERS] if one.get("vault_activation") != "failure"],
    ids=lambda one: ",".join(f"{name}={value}" for name, value in one.items()),
)
def test_a_life_under_quirks(quirks: dict[str, str]) -> None:
    archive = lab(None, quirks)
    for vault in LIFE:
        done = apply(archive, files(vault))
        assert {one.status for one in done.values()} <= {Status.DONE}, done
        again = plan(archive, files(vault))
        assert not again.changes, (vault, again.changes)
        blind = quirks.get("vault_read") == "none" or quirks == {"list_detail": "abridged", "vault_read": "mailbox"}
        assert {one.fields for one in again.unverifiable} <= ({("mailboxes",)} if blind else set())
        if vault == LIFE[1]:
            assert (live(archive)["mailboxes"], live(archive)["retention"]) == (
                ["ada", "bob", "eve"] if blind else ["bob", "eve"], 24,
            )  # fmt: skip
    assert live(archive) == {}


@pytest.mark.parametrize("quirks", [{"vault_domain_delete": "absent"}, {}], ids=str)
def test_what_only_a_missing_call_could_destroy_is_told_with_that_call(quirks: dict[str, str]) -> None:
    """The archive of a mailbox that was deleted is counted, and no entry of the list is it any more."""
    archive = lab(TWO, {"vault_read": "mailbox", **quirks})
    apply(archive, files({**TWO, "mailboxes": ["bob"]}))
    boxes = {"ada": {"state": "absent"}, "bob": {}, "eve": {}}
    apply(archive, files({**TWO, "mailboxes": ["bob"]}, boxes=boxes))
    done = apply(archive, files({"state": "absent"}, boxes=boxes))["vault/a.example"]
    if not quirks:
        assert (done.status, live(archive)) == (Status.DONE, {})
        return
    assert done.status is Status.FAILED
    told = f"it is still there, and this API has no such call: DELETE {VAULT}; delete it in the panel"
    assert told in str(done.error), done.error


def test_years_on_read_are_months() -> None:
    archive = lab(TWO, {"vault_retention": "years"})
    assert not plan(archive, files(TWO)).changes
    (change,) = plan(archive, files({"retention": 48})).changes
    assert change.fields == (("retention", 60, 48),)
    assert lab({**TWO, "retention": 18}, {"vault_retention": "years"})
    assert not plan(lab({**TWO, "retention": 18}, {"vault_retention": "years"}), files({"retention": 18})).changes


def test_membership_that_nobody_tells_is_said_once_and_sent_where_that_is_asked_for() -> None:
    archive, wish = lab(TWO, {"vault_read": "none"}), {**TWO, "mailboxes": ["ada", "eve"]}
    made = plan(archive, files(wish))
    assert (made.changes, [(str(one.address), one.fields) for one in made.unverifiable]) == (
        (), [("vault/a.example", ("mailboxes",))],
    )  # fmt: skip
    (change,) = plan(archive, files({**wish, "retention": 72})).changes
    assert [one.name for one in change.fields] == ["mailboxes", "retention"]
    address = made.unverifiable[0].address
    (change,) = plan(archive, files(wish), edited={address: {"mailboxes": ("bob",)}}).changes
    assert change.fields == (("mailboxes", None, ("ada", "eve")),)
    rotate = (Pattern.of("vault/*", TYPES),)
    done = archive.apply(configuration_of(files(wish)), plan(archive, files(wish), rotate=rotate))
    assert [one.status for one in done] == [Status.DONE]
    assert live(archive)["mailboxes"] == ["ada", "bob", "eve"]


def test_what_left_a_list_that_nobody_tells_is_not_said_to_be_done() -> None:
    archive = lab(TWO, {"vault_read": "none"})

    def advised(wish: list[str], left: tuple[str, ...], **options: Any) -> Plan:
        configuration = configuration_of(files({**TWO, "mailboxes": wish}))
        edited = {Address("vault", "a.example"): {"mailboxes": left}}
        targets = Targets(configuration, TYPES, Options(edited=edited, **options))
        live_state = archive.read_live_state(configuration, targets.options)
        return with_advice(Compared(targets, live_state, archive.plan(configuration, targets.options)))

    for wish, left in (([], ("ada", "bob")), (["bob"], ("ada",))):
        found = advised(wish, left)
        assert [one.fields for one in found.changes] == ([(("mailboxes", None, tuple(wish)),)] if wish else [])
        told = f"vault/a.example: the API does not tell its mailboxes, so {', '.join(left)} may still be in them"
        assert [(one.code, one.message) for one in found.warnings] == [("Q056", told)]
    assert not advised(["ada", "bob", "eve"], ()).warnings, "nothing left it"
    assert not advised([], ("ada",), targets=(Pattern.of("mailbox/ada@a.example", TYPES),)).warnings
    assert not advised([], ("ada",), excludes=(Pattern.of("vault/*", TYPES),)).warnings


@pytest.mark.parametrize("quirks", [{}, {"vault_read": "mailbox"}])
def test_an_ignored_mailbox_that_a_list_names_is_archived_and_otherwise_left_alone(quirks: dict[str, str]) -> None:
    ignoring = ', "ignore": ["mailbox/ada@a.example"]}'
    for boxes in ({"bob": {"firstname": "X"}}, None):
        archive = lab(None, quirks)
        text = files(TWO, boxes=boxes)[:-1] + ignoring
        assert {one.status for one in apply(archive, text).values()} == {Status.DONE}
        assert not plan(archive, text).changes
        assert not plan(archive, files({"retention": 60, "mailboxes": ["bob"]})[:-1] + ignoring).changes
        assert live(archive)["mailboxes"] == ["ada", "bob"]


@pytest.mark.parametrize("rule", ["protect", "ignore"])
@pytest.mark.parametrize(
    ("quirks", "told"),
    [({}, "with it goes the archived mail"), ({"vault_read": "none"}, "nothing tells whether the archived mail goes")],
)
def test_a_protected_mailbox_keeps_its_archive(quirks: dict[str, str], told: str, rule: str) -> None:
    text = files({"state": "absent"})[:-1] + f', "{rule}": ["mailbox/ada@a.example"]}}'
    (found,) = plan(lab(TWO, quirks), text).blocked
    assert (found.guard, found.kind) == ("protect", "vault")
    assert told in found.message
    assert f" of mailbox/ada@a.example, and {rule} holds" in found.message
    none = files({"state": "absent"})[:-1] + f', "{rule}": ["mailbox/eve@a.example"]}}'
    assert not plan(lab(TWO), none).blocked


def test_a_removal_without_known_membership_goes_through_all_mailboxes() -> None:
    archive = lab(TWO, {"vault_read": "none"})
    (change,) = plan(archive, files({"state": "absent"})).changes
    assert change.fields == (("mailboxes", BOXES, ()),)
    apply(archive, files({"state": "absent"}))
    assert [step for _, step, _ in sent(archive)] == [*(f"/email_accounts/{name}" for name in BOXES), ""]
    assert live(archive) == {}


def test_failure_is_a_failure_with_the_objects_name() -> None:
    archive = lab(None, {"vault_activation": "failure"})
    done = apply(archive, files(TWO))["vault/a.example"]
    assert (done.status, done.error) == (
        Status.FAILED,
        "created; accepted but not effective: the last change of it failed on the server (archive_status: failure)",
    )
    (change,) = plan(archive, files(TWO)).changes
    assert ("state", "failure", "enabled") in change.fields


def test_what_takes_its_time_is_waited_for_and_told_where_it_takes_longer() -> None:
    archive = lab(None, {"vault_activation": "3"})
    assert apply(archive, files(TWO))["vault/a.example"].status is Status.DONE
    slow = lab(None, {"vault_activation": "9999"})
    done = apply(slow, files(TWO))["vault/a.example"]
    assert (done.status, done.error) == (Status.WAITING, "created; it is activating")


# Guards, and what is destroyed.


def blocked(made: Plan) -> list[tuple[str, str]]:
    return [(one.guard, one.kind) for one in made.blocked]


def test_a_removal_counts_one_for_each_archive_that_it_destroys() -> None:
    archive = lab({**TWO, "kept": ["eve"], "mailboxes": ["ada"]})
    made = plan(archive, files({"state": "absent"}, settings={}))
    assert blocked(made) == [("count", "vault")]
    assert "2 of 2 live vault mailboxes would be removed, and at most 1 may be" in made.blocked[0].message
    assert (made.changes[0].destroys_data, made.changes[0].fields) == (True, (("mailboxes", ("ada", "eve"), ()),))
    assert not plan(archive, files({"state": "absent"}, settings={}), acknowledge=made.id).blocked
    assert not plan(lab({"retention": 12, "mailboxes": ["ada"]}), files({"state": "absent"}, settings={})).blocked


def test_a_lower_retention_destroys_data_and_is_said_to() -> None:
    archive = lab()
    made = plan(archive, files({"retention": 24}, settings={}))
    (change,) = made.changes
    assert (change.action, change.destroys_data, made.blocked) == (Action.UPDATE, True, ())
    said = "RETENTION LOWERED, archived mail that is older is lost for good"
    assert said in plan_text.render(made, TYPES)
    assert said in markdown(made, TYPES)
    assert "archived mail that is older is lost for good" in html(made, TYPES)
    assert losses(made, TYPES) == "This destroys archived mail that is older in vault/a.example, for good."
    (longer,) = plan(archive, files({"retention": 72})).changes
    assert not longer.destroys_data


def test_lower_retentions_are_counted_one_each() -> None:
    domain = {"mailboxes": {"ada": {"firstname": "X"}}, "vault": {"retention": 24, "mailboxes": ["ada"]}}
    archive = Lab(seed={"domains": {"a.example": domain, "b.example": domain}})
    lower = {"vault": {"retention": 12}}
    made = plan(archive, json.dumps({"domains": {"a.example": lower, "b.example": lower}}))
    assert blocked(made) == [("count", "vault")]
    assert "2 of 2 live vault mailboxes would be removed, disabled or lose data" in made.blocked[0].message


def test_a_removal_says_whose_mail_is_lost() -> None:
    text = plan_text.render(plan(lab(), files({"state": "absent"})), TYPES)
    assert "- vault/a.example  DELETED, the archived mail of ada, bob is lost for good" in text


def test_a_domain_with_a_vault_is_held() -> None:
    gone = {"state": "absent", "mailboxes": {name: {"state": "absent"} for name in BOXES}}
    for vault, guards in ((TWO, [("contents", "domain")]), ({**TWO, "state": "disabled"}, [("contents", "domain")]),
                          (None, [])):  # fmt: skip
        made = plan(lab(vault), json.dumps({"settings": GUARDS, "domains": {"a.example": gone}}))
        assert blocked(made) == guards
    both = json.dumps({"settings": GUARDS, "domains": {"a.example": {**gone, "vault": {"state": "absent"}}}})
    archive = lab()
    assert not plan(archive, both).blocked
    assert {one.status for one in apply(archive, both).values()} == {Status.DONE}
    assert archive.emulator.dump()["domains"] == {}


def test_what_is_ignored_stays_as_it_is() -> None:
    archive, pattern = lab(), {"ignore": ["mailbox/bob@*"]}
    text = json.dumps({**json.loads(files({"mailboxes": ["ada"]}, boxes={"ada": {}})), **pattern})
    assert not plan(archive, text).changes
    apply(archive, json.dumps({**json.loads(text), **tree({"mailboxes": ["eve"]}, boxes={"ada": {}, "eve": {}})}))
    assert live(archive)["mailboxes"] == ["bob", "eve"]


@pytest.mark.parametrize(("state", "changes"), [("present", 0), ("enabled", 0), ("disabled", 1), (None, 1)])
def test_present_is_enabled_whatever_the_defaults_say(state: str | None, changes: int) -> None:
    more = {} if state is None else {"state": state}
    text = json.loads(files({"retention": 60, "mailboxes": ["ada", "bob"], **more}))
    found = plan(lab(), json.dumps({**text, "defaults": {"vault": {"state": "disabled"}}}))
    assert len(found.changes) == changes


def test_protected_is_protected() -> None:
    text = files({"state": "absent"})[:-1] + ', "protect": ["vault/*"]}'
    assert blocked(plan(lab(), text)) == [("protect", "vault")]
    lower = files({"retention": 12})[:-1] + ', "protect": ["vault/*"]}'
    assert blocked(plan(lab(), lower)) == [("protect", "vault")], "it destroys what is older"
    higher = files({"retention": 72})[:-1] + ', "protect": ["vault/*"]}'
    assert not blocked(plan(lab(), higher))


@pytest.mark.parametrize("rule", ["protect", "ignore"])
@pytest.mark.parametrize(
    ("quirks", "box", "guards"),
    [
        ({}, "ada", [("protect", "vault")]),
        ({}, "eve", []),
        ({"vault_read": "mailbox"}, "ada", [("protect", "vault")]),
        ({"vault_read": "none"}, "eve", [("protect", "vault")]),  # nothing tells whether it has an archive
    ],
)
def test_a_protected_vault_keeps_the_archives_of_mailboxes(
    quirks: dict[str, str], box: str, guards: Any, rule: str
) -> None:
    text = files(boxes={box: {"state": "absent"}})[:-1] + f', "{rule}": ["vault/*"]}}'
    archive = lab(TWO, quirks)
    assert blocked(plan(archive, text)) == guards
    assert blocked(plan(lab(None, quirks), text)) == [], "there is no archive"


@pytest.mark.parametrize("rule", ["protect", "ignore"])
def test_a_protected_vault_keeps_what_was_archived_after_the_plan(rule: str) -> None:
    configuration = configuration_of(files(boxes={"eve": {"state": "absent"}})[:-1] + f', "{rule}": ["vault/*"]}}')
    archive = lab()
    made = archive.plan(configuration)
    assert not made.blocked
    apply(archive, files({"mailboxes": ["ada", "bob", "eve"]}))
    with pytest.raises(NowBlockedError, match=f"with it goes the archived mail, and {rule} holds"):
        archive.apply(configuration, made)


ARCHIVED = {
    "told by the list": ({}, "; with it goes the archived mail"),
    "told by the mailbox": ({"vault_read": "mailbox"}, "; with it goes the archived mail"),
    "told by nobody": ({"vault_read": "none"}, "; with it may go the archived mail: nothing tells whether it has any"),
}


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(("quirks", "said"), ARCHIVED.values(), ids=ARCHIVED)
def test_a_mailbox_that_is_deleted_takes_its_archive_along(quirks: dict[str, str], said: str, declared: bool) -> None:
    archive = lab(TWO, quirks)
    boxes = {"ada": {"state": "absent"}, "bob": {}, "eve": {}}
    text = files({"mailboxes": ["bob"]} if declared else None, boxes=boxes)
    change = next(one for one in plan(archive, text).changes if one.address.kind == "mailbox")
    assert (change.destroys_data, change.reason) == (True, f"state: absent{said}")
    assert {one.status for one in apply(archive, text).values()} == {Status.DONE}
    eve = files(boxes={"bob": {}, "eve": {"state": "absent"}})
    if quirks.get("vault_read") != "none":
        assert plan(archive, eve).changes[0].reason == "state: absent"


@pytest.mark.parametrize(("quirks", "said"), ARCHIVED.values(), ids=ARCHIVED)
def test_a_mailbox_that_no_file_declares_takes_its_archive_along_too(quirks: dict[str, str], said: str) -> None:
    archive = lab(TWO, quirks)
    text = files(boxes={"bob": {}, "eve": {}}, settings={**GUARDS, "on_remove": {"mailbox": "delete"}})
    (change,) = plan(archive, text).changes
    assert (change.destroys_data, change.reason) == (True, f"not declared (on_remove: delete){said}")


# Errors of the configuration.

WRONG = {
    "without mailboxes": ({"retention": 12}, "vault/a.example must be created, and lacks mailboxes"),
    "with an empty list": (
        {"retention": 12, "mailboxes": []}, "vault/a.example must be created, and lacks mailboxes"),
    "without a retention": ({"mailboxes": ["ada"]}, "vault/a.example must be created, and lacks retention"),
    "too short": ({"retention": 6}, "retention: 6 is out of range: 12 to 120 months"),
    "too long": ({"retention": 121}, "retention: 121 is out of range: 12 to 120 months"),
    "of text": ({"retention": "5 years"}, "retention: expected a whole number, found text"),
    "an unknown mailbox": ({"mailboxes": ["zoe"]}, "mailboxes: there is no mailbox/zoe@a.example"),
    "an absent mailbox": ({"mailboxes": ["gone"]}, "mailboxes: mailbox/gone@a.example is declared absent"),
    "a state that there is not": ({"state": "off"}, "state: 'off' is not allowed here"),
    "an attribute that there is not": ({"status": "disabled"}, 'unknown attribute "status" on vault/a.example'),
}  # fmt: skip


@pytest.mark.parametrize(("vault", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_declaration(vault: Any, said: str) -> None:
    boxes = {**{name: {"firstname": "X"} for name in BOXES}, "gone": {"state": "absent"}}
    with pytest.raises((ConfigError, AssertionError)) as caught:
        plan(lab(None), files(vault, boxes=boxes))
    found = getattr(caught.value, "diagnostics", None) or [caught.value]
    assert any(said in str(getattr(one, "message", one)) for one in found), found


@pytest.mark.parametrize("body", [{}, {"lastname": "Y"}, {"status": "disabled"}])
@pytest.mark.parametrize("there", ["enabled", "disabled", "nowhere"])
def test_what_is_disabled_cannot_be_given_an_archive(there: str, body: dict[str, str]) -> None:
    boxes = {"ada": {"firstname": "X"}, **({"bob": {"firstname": "X", "status": there}} if there != "nowhere" else {})}
    archive = lab({"retention": 60, "mailboxes": ["ada"]}, boxes=boxes)
    wish = files({"retention": 60, "mailboxes": ["ada", "bob"]},
                 boxes={"ada": {}, "bob": {"firstname": "X", "password": {"env": "PW"}, **body}})  # fmt: skip
    if body.get("status") == "disabled" or there == "disabled":
        with pytest.raises(ConfigError) as caught:
            plan(archive, wish)
        assert "bob@a.example is disabled" in caught.value.diagnostics[0].message
    else:
        assert {one.status for one in apply(archive, wish).values()} == {Status.DONE}


def test_a_disabled_vault_may_lose_its_last_mailbox_in_the_run_that_changes_it() -> None:
    """It looks like none then, and that is what it is to be."""
    rest = {name: {"firstname": "X"} for name in ("ada", "eve")}
    archive = lab({"retention": 120, "mailboxes": ["bob"], "state": "disabled"})
    text = files({"retention": 12, "mailboxes": [], "state": "disabled"}, boxes=rest,
                 settings={**GUARDS, "on_remove": {"mailbox": "delete"}}, imap_disabled=True)  # fmt: skip
    assert {one.status for one in apply(archive, text).values()} == {Status.DONE}
    assert plan(archive, text).changes == ()


def test_on_remove_does_not_apply() -> None:
    with pytest.raises(ConfigError) as caught:
        configuration_of(files(TWO, settings={"on_remove": {"vault": "keep"}}))
    assert {one.code for one in caught.value.diagnostics} == {"Q021"}


def test_more_archives_than_the_domain_may_have_are_refused_with_the_reason() -> None:
    tight = lab(None, max_email_accounts_archive=1)
    assert "max_email_accounts_archive" in str(apply(tight, files(TWO))["vault/a.example"].error)


def test_what_a_plan_counts_its_apply_counts_the_same() -> None:
    """Two of ten Vaults keep their mail for less time: the apply looks at these alone, and counts among all."""
    names = [f"d{number}.example" for number in range(10)]
    boxes = {"mailboxes": {name: {"firstname": "X"} for name in BOXES}}
    archive = Lab(seed={"domains": {name: {**boxes, "vault": TWO} for name in names}})
    wish = {name: {**boxes, "vault": {**TWO, "retention": 24 if name in names[:2] else 60}} for name in names}
    configuration = configuration_of(json.dumps({"domains": wish}))
    made = archive.plan(configuration)
    assert (len(made.changes), made.blocked) == (2, ())
    assert {one.status for one in archive.apply(configuration, made)} == {Status.DONE}


def test_a_refusal_is_told_though_the_next_answer_is_lost() -> None:
    def between(request: Request, answer: Any) -> Response:
        if request.method == "PUT" and request.path.endswith("EA10000002/status"):
            return Response(422, {}, b'{"message": "bob is over quota", "errors": []}')
        return Response(0, broken="drop") if request.path.endswith("EA10000003/status") else answer(request)

    archive = lab({"retention": 60, "mailboxes": ["ada"]})
    archive.between = between
    done = apply(archive, files({"retention": 60, "mailboxes": [*BOXES]}))["vault/a.example"]
    assert done.status is Status.UNKNOWN
    assert "bob is over quota" in str(done.error)


# Runs that end early, and runs at once.


@pytest.mark.parametrize("vault", [TWO, {"retention": 60, "mailboxes": ["bob", "eve"]}, {"state": "absent"}])
@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize(
    "quirks", [{}, {"vault_delete_enabled": "422", "vault_add": "post"}, {"vault_read": "mailbox"}]
)
def test_a_run_that_is_killed_anywhere_destroys_only_what_its_plan_names(
    vault: Any, number: int, quirks: dict[str, str]
) -> None:
    before = {"retention": 60, "mailboxes": ["ada"], "kept": ["bob"]}
    archive, seen = lab(before, quirks), []

    def killed(request: Request, answer: Any) -> Response:
        if request.method != "GET":
            seen.append(request)
        return Response(0, broken="drop") if len(seen) > number else answer(request)

    made = plan(archive, files(vault))
    archive.between = killed
    archive.apply(configuration_of(files(vault)), made)
    kept = {*live(archive).get("mailboxes", ()), *live(archive).get("kept", ())}
    if vault != {"state": "absent"}:
        assert kept >= {"ada", "bob"}
    archive.between = None
    assert {one.status for one in apply(archive, files(vault)).values()} <= {Status.DONE}
    assert not plan(archive, files(vault)).changes
    assert live(archive).get("mailboxes", []) == vault.get("mailboxes", [])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("kind", ["drop-before", "drop-after", "503,done=true", "cut"])
def test_a_lost_answer_doubles_nothing(method: str, nth: int, kind: str) -> None:
    archive = lab(None)
    archive = Lab(seed=archive.emulator.dump(), faults=[parse_fault(f"{kind},method={method},nth={nth}")])
    for vault in LIFE:
        assert {one.status for one in apply(archive, files(vault)).values()} <= {Status.DONE}
        assert not plan(archive, files(vault)).changes
    assert sum(one.method == "POST" for one in archive.emulator.requests) == 0


def test_two_applies_at_once_reach_one_end() -> None:
    archive, wish = lab(None), configuration_of(files(TWO))
    first, second = archive.plan(wish), archive.plan(wish)
    assert {one.status for one in archive.apply(wish, first)} == {Status.DONE}
    assert {one.status for one in archive.apply(wish, second)} == {Status.IN_EFFECT}
    assert live(archive)["mailboxes"] == ["ada", "bob"]


def test_what_another_run_archives_during_a_removal_is_not_destroyed() -> None:
    archive = lab()

    def between(request: Request, answer: Any) -> Response:
        if request.method == "DELETE":
            answer(Request("PUT", f"{VAULT}/email_accounts/EA10000003/status", {}, request.headers,
                           b'{"status": "enabled"}'))  # fmt: skip
        return answer(request)

    archive.between = between
    done = apply(archive, files({"state": "absent"}))["vault/a.example"]
    assert done.status is Status.FAILED
    assert str(done.error).endswith("it was not deleted, since it holds mailboxes eve now")
    assert live(archive)["mailboxes"] == ["eve"]
    archive.between = None
    assert apply(archive, files({"state": "absent"}))["vault/a.example"].status is Status.DONE


def test_a_saved_plan_of_fewer_archives_is_stale() -> None:
    archive, configuration = lab(), configuration_of(files({"state": "absent"}))
    saved = archive.plan(configuration)
    apply(archive, files({"mailboxes": list(BOXES)}))
    with pytest.raises(StalePlanError):
        archive.check_saved(configuration, saved)


def test_a_saved_plan_is_stale_that_does_not_name_the_archive_of_a_mailbox() -> None:
    configuration = configuration_of(files(boxes={"ada": {}, "bob": {}, "eve": {"state": "absent"}}))
    archive = lab()
    saved = archive.plan(configuration)
    assert archive.check_saved(configuration, saved).todo == saved.changes
    apply(archive, files({"mailboxes": list(BOXES)}))
    with pytest.raises(StalePlanError, match="the archived mail would go with mailbox"):
        archive.check_saved(configuration, saved)
    again = archive.plan(configuration)
    assert archive.check_saved(configuration, again).todo == again.changes


# Around it.


def test_the_bill_has_a_line_for_each_archived_mailbox() -> None:
    cases = ((None, TWO, 2), (TWO, {"mailboxes": ["ada"]}, -1), (TWO, {"state": "absent"}, -2), (TWO, TWO, 0),
             (TWO, {"retention": 72}, 0))  # fmt: skip
    for before, after, number in cases:
        assert plan(lab(before), files(after)).billing["archives"] == number


def test_an_export_has_the_block_in_its_domain_and_an_empty_plan() -> None:
    from contextlib import closing

    from qboxctl.api.client import Reader
    from qboxctl.api.reader import Account
    from qboxctl.live.refresh import read_live_state
    from qboxctl.model import Revealed
    from tests.support.lab import TOKEN

    for vault in (TWO, {**TWO, "state": "disabled"}, {**TWO, "default_archive": True}):
        archive, empty, chosen = lab(vault), configuration_of("{}"), Selection(frozenset(TYPES))
        with closing(Reader(archive.endpoint, Revealed(TOKEN), archive.api, **archive.options())) as reader:
            read = read_live_state(Account(reader, TYPES), query_for_export(empty, TYPES, chosen))
        written = export_account(read, empty, TYPES, chosen)
        assert written.tree["domains"]["a.example"]["vault"] == vault
        assert not plan(archive, written.text()).changes


ADVICE = {
    "months that are no years": ({**TWO, "retention": 30}, "Q051"),
    "a default against the list": ({**TWO, "default_archive": True}, "Q052"),
}


@pytest.mark.parametrize(("vault", "code"), ADVICE.values(), ids=ADVICE)
def test_what_is_right_and_may_surprise(vault: Any, code: str) -> None:
    from qboxctl.config.rules import check

    found = check(configuration_of(files(vault)), TYPES)
    assert [(one.code, str(one.severity)) for one in found] == [(code, "warning")]
