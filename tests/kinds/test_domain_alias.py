"""Other names of a domain: made, proved, moved and removed, under every reading of what the reference does not say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from qboxctl.applying.pace import Patience
from qboxctl.emulator import QUIRKS, Request, Response
from qboxctl.errors import ApiError, ConfigError
from qboxctl.model import Action, Outcome, Plan, Status
from qboxctl.planning.planfile import dumps, loads
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import TOKEN, Lab, configuration_of

Answer = Callable[[Request], Response]
NET, ORG = "domain_alias/a.example/x.example", "domain_alias/b.example/x.example"
GONE = {"state": "absent"}


def files(**domains: Any) -> str:
    """A configuration of the domains ``a.example`` and so on, with what is said of each; "settings" as they are."""
    settings = {"settings": domains.pop("settings")} if "settings" in domains else {}
    new = {"postmaster_password": {"env": "PW"}}
    bodies = {f"{name}.example": {**new, **body} for name, body in domains.items()}
    return json.dumps({**settings, "domains": bodies})


def named(*names: str, **more: Any) -> dict[str, Any]:
    """A domain with other names; ``more`` gives those that say something."""
    return {"domain_aliases": {**{f"{name}.example": {} for name in names},
                               **{f"{name}.example": body for name, body in more.items()}}}  # fmt: skip


def seeded(**domains: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"domains": {f"{name}.example": body for name, body in domains.items()}}
    return found


def plan(lab: Lab, text: str, **options: Any) -> Plan:
    """A plan as it is after it was saved and read."""
    made = lab.plan(configuration_of(text), Options(**options))
    assert loads(dumps(made), "plan.json", TYPES).changes == made.changes
    return made


def apply(lab: Lab, text: str, **more: Any) -> dict[str, Outcome]:
    made = lab.plan(configuration_of(text))
    return {str(one.address): one for one in lab.apply(configuration_of(text), made, acknowledge=made.id, **more)}


def live(lab: Lab) -> dict[str, dict[str, Any]]:
    """The other names of each domain."""
    domains = lab.emulator.dump(codes=False)["domains"]
    return {name.partition(".")[0]: domain["domain_aliases"] for name, domain in domains.items()}


def requests(lab: Lab, method: str = "") -> list[str]:
    return [f"{one.method} {one.path}" for one in lab.emulator.requests if one.method == (method or one.method)]


OWN = [{name: value} for name in QUIRKS if name.startswith("alias_domain_") for value in QUIRKS[name]]
OTHERS = [
    {"ids": "number"}, {"status": "number"}, {"list_detail": "abridged"}, {"empty_list": "404"}, {"delete": "queued"},
    {"create_answer": "location"}, {"create_answer": "nothing"}, {"create_answer": "resources"}, {"activation": "2"},
    {"address_case": "as_sent"}, {"extra_fields": "noise"}, {"order": "shuffled", "per_max": "3"},
    {"ownership_sync": "absent"}, {"ownership_sync": "absent", "activation": "2", "alias_domain_parent": "enabled"},
    {"alias_domain_paging": "{}", "order": "shuffled", "empty_list": "404"}, {"write_answer": "200-resources"},
]  # fmt: skip


@pytest.mark.parametrize("quirks", [*OWN, *OTHERS], ids=lambda one: ",".join(f"{k}={v}" for k, v in one.items()))
def test_names_are_made_kept_moved_and_removed(quirks: dict[str, str]) -> None:
    lab = Lab(quirks=quirks)
    for text, left in (
        (files(a=named("X", "y", "z", "w"), b=named()), {"a": ["w", "x", "y", "z"], "b": []}),
        (files(a=named("y", "z", "w", x=GONE), b=named("x")), {"a": ["w", "y", "z"], "b": ["x"]}),
        (files(a=named("y", z=GONE, w=GONE), b=named("z", x=GONE)), {"a": ["y"], "b": ["z"]}),
        (files(a=named(y=GONE), b={"state": "absent", **named(z=GONE)}), {"a": []}),
    ):
        assert {one.status for one in apply(lab, text).values()} == {Status.DONE}
        assert not plan(lab, text).changes
        assert {name: [one.partition(".")[0] for one in some] for name, some in live(lab).items()} == left
    items = {one.path for one in lab.emulator.requests if one.method == "DELETE" and "/aliases/" in one.path}
    assert not [one for one in lab.emulator.requests if one.method == "GET" and one.path in items], "none is relied on"


def test_a_plan_tells_what_waits_for_what() -> None:
    lab = Lab(seed=seeded(a=named("x"), b={}))
    made = plan(lab, files(a=named(x=GONE), b=named("x")))
    assert [(str(one.address), one.action, [str(need) for need in one.needs]) for one in made.changes] == [
        (NET, Action.DELETE, []),
        (ORG, Action.CREATE, [NET]),
    ]


PROOFS = [
    {}, {"unverified_answer": "422"}, {"ownership_sync": "absent"}, {"activation": "3"},
    {"ownership_sync": "absent", "unverified_answer": "422"},
]  # fmt: skip


@pytest.mark.parametrize("quirks", PROOFS, ids=str)
@pytest.mark.parametrize("parent", QUIRKS["alias_domain_parent"])
def test_the_proof_is_asked_for_as_a_domains_is(quirks: dict[str, str], parent: str) -> None:
    """Both records are told at once where the server makes a name in a domain that is not active yet."""
    lab = Lab(quirks={"ownership": "wait", "alias_domain_parent": parent, **quirks})
    text = files(a=named("x"))
    first = apply(lab, text)
    assert {one.status for one in first.values()} == {Status.WAITING}
    told = "waits for domain/a.example" if parent == "enabled" else "created; waits for its ownership proof: publish "
    assert str(first[NET].error).startswith(told)
    lab.emulator.publish("a.example")
    second = apply(lab, text)
    assert (second["domain/a.example"].status, second[NET].status) == (Status.DONE, Status.WAITING)
    if quirks.get("ownership_sync") != "absent" and "unverified_answer" not in quirks:
        assert "publish d10000001.x.example A 185.97.217.16" in str(second[NET].error)
    (change,) = plan(lab, text).changes
    assert (change.action, change.reason) == (Action.UPDATE, "waits for its ownership proof")
    lab.emulator.publish("x.example")
    assert apply(lab, text)[NET].status is Status.DONE
    assert not plan(lab, text).changes


def test_a_proof_is_waited_for() -> None:
    lab = Lab(quirks={"ownership": "wait"}, seed=seeded(a={}))
    lab.clock.after(100, lambda: lab.emulator.publish("x.example"))  # type: ignore[union-attr]  # it is a false one
    assert apply(lab, files(a=named("x")), patience=Patience(outside=600))[NET].status is Status.DONE


def test_waiting_is_exit_7_and_the_record_is_printed(server: Any, project: Any) -> None:
    server.swap(quirks={"ownership": "wait"}, seed=seeded(a={}))
    project.write({"domains": {"a.example": named("x")}})
    done = project.apply()
    assert done.code == 7
    assert "publish d10000001.x.example A 185.97.217.16" in done.out
    server.emulator.publish("x.example")
    assert project.apply().code == 0


@pytest.mark.parametrize("kept", [True, False])
def test_a_name_is_only_once_in_the_account(kept: bool) -> None:
    """Another domain has it, and keeps it: or it goes there, whether declared absent or by on_remove."""
    settings = {} if kept else {"settings": {"on_remove": {"domain_alias": "delete"}, "guards": {"percent": 100}}}
    lab, text = Lab(seed=seeded(a=named("x"), b={})), files(a=named(), b=named("x"), **settings)
    if kept:
        with pytest.raises(ConfigError) as caught:
            plan(lab, text)
        (wrong,) = caught.value.diagnostics
        assert (wrong.code, wrong.hint) == ("Q018", f"declare {NET} absent")
        assert wrong.message == f"{ORG} cannot be created: {NET} has that name"
    else:
        assert {one.status for one in apply(lab, text).values()} == {Status.DONE}
        assert requests(lab, "DELETE") < requests(lab, "POST")
        assert [*live(lab)["b"]] == ["x.example"]


SWAPS = [
    # from, to: an alias becomes a domain, a domain becomes an alias, two names change places
    (seeded(a=named("x")), files(a=named(x=GONE), x={}), {"a": [], "x": []}),
    (seeded(a={}, x={}), files(a=named("x"), x=GONE), {"a": ["x.example"]}),
    (seeded(a=named("x"), b=named("y")), files(a=named("y", x=GONE), b=named("x", y=GONE)),
     {"a": ["y.example"], "b": ["x.example"]}),
]  # fmt: skip


@pytest.mark.parametrize("delete", ["immediate", "queued"])
@pytest.mark.parametrize(("before", "text", "after"), SWAPS)
def test_names_change_hands(before: dict[str, Any], text: str, after: dict[str, Any], delete: str) -> None:
    lab = Lab(seed=before, quirks={"delete": delete})
    assert {one.status for one in apply(lab, text).values()} == {Status.DONE}
    assert {name: [*some] for name, some in live(lab).items()} == after
    assert not plan(lab, text).changes


def test_a_name_that_is_still_leaving_another_domain_is_waited_for() -> None:
    lab = Lab(seed=seeded(a=named("x"), b={}), quirks={"delete": "queued:5"})
    lab.emulator.handle(Request("DELETE", "/api/domains/D100000001/aliases/AD10000001", {}, {"x-api-token": TOKEN}))
    assert apply(lab, files(a=named(), b=named("x")))[ORG].status is Status.DONE
    assert lab.clock.slept  # type: ignore[union-attr]  # it is a false one


def test_a_plan_for_one_name_takes_in_what_must_free_it() -> None:
    lab = Lab(seed=seeded(a=named("x", "y"), b={}, c=named()))
    made = plan(lab, files(a=named(x=GONE, y=GONE), b=named("x"), c=named("z")), targets=(Pattern.of(ORG, TYPES),))
    assert [str(one.address) for one in made.changes] == [NET, ORG]


def test_a_name_that_strangers_have_is_told() -> None:
    lab = Lab(seed={"taken": {"domains": ["x.example"]}, **seeded(a={})})
    (done,) = apply(lab, files(a=named("x"))).values()
    assert done.status is Status.FAILED
    assert "name already exists; the name is taken, perhaps by another customer" in str(done.error)


# -- what it holds, and what it costs ----------------------------------------------------------------------------


def test_a_domain_is_held_by_its_other_names() -> None:
    lab = Lab(seed=seeded(a=named("x")))
    (blocked,) = plan(lab, files(a=GONE)).blocked
    assert (blocked.guard, blocked.message) == ("contents", f"domain/a.example would be deleted with {NET} in it")
    assert not plan(lab, files(a={**GONE, **named(x=GONE)})).blocked


def test_a_name_that_comes_before_the_deletion_holds_its_domain() -> None:
    """Its counter was 0: the list is read for the first time when the domain is to go."""

    def between(request: Request, answer: Answer) -> Response:
        if request.method == "GET" and request.path.endswith("/aliases"):
            answer(Request("POST", request.path, {}, request.headers, b'{"name": "x.example"}'))
        return answer(request)

    (done,) = apply(Lab(seed=seeded(a={}), between=between), files(a=GONE)).values()
    assert (done.status, done.error) == (Status.FAILED, f"it was not deleted, since it holds {NET} now")


READ = [
    # what the account and the files have, and how often a list of other names is read
    (seeded(a={"mailboxes": {}}), files(a={"mailboxes": {}}), 0),
    (seeded(a=named("x")), files(a={"mailboxes": {}}), 0),
    (seeded(a={}), files(a=named()), 0),
    (seeded(a={}), files(a=GONE), 0),
    (seeded(a=named("x")), files(a=named()), 1),
    (seeded(a=named("x")), files(a=GONE), 1),
    (seeded(a={}), files(a=named("x")), 1),
]


@pytest.mark.parametrize(("before", "text", "lists"), READ, ids=range(len(READ)))
def test_what_a_domain_counts_is_not_asked_for(before: dict[str, Any], text: str, lists: int) -> None:
    lab = Lab(seed=before)
    plan(lab, text)
    assert sum(1 for one in requests(lab) if one.endswith("/aliases")) == lists


def test_what_is_not_declared_is_shown_and_kept_unless_the_settings_say_otherwise() -> None:
    lab = Lab(seed=seeded(a=named("x", y={"status": "disabled"}, z={"status": "ownership_check"})))
    made = plan(lab, files(a=named()))
    assert [str(one)[-9:] for one in made.unmanaged] == ["x.example", "y.example", "z.example"]
    assert [str(one)[-9:] for one in made.disabled] == ["y.example"]
    settings = {"on_remove": {"domain_alias": "delete"}, "guards": {"percent": 100}}
    assert {one.action for one in plan(lab, files(a=named(), settings=settings)).changes} == {Action.DELETE}
    with pytest.raises(ConfigError):
        configuration_of(files(settings={"on_remove": {"domain_alias": "disable"}}))


@pytest.mark.parametrize("form", QUIRKS["status"])
def test_one_that_is_disabled_is_shown_and_never_changed(form: str, server: Any, project: Any) -> None:
    server.swap(seed=seeded(a=named(x={"status": "disabled"})), quirks={"status": form})
    project.write({"domains": {"a.example": named("x")}})
    done = project.run("plan")
    assert (done.code, server.writes) == (0, [])
    assert f"{NET} is disabled, and stays so" in done.out + done.err


def test_an_export_has_it_in_the_file_of_its_domain(server: Any, project: Any) -> None:
    server.swap(seed=seeded(a=named("x", "y"), b={}))
    assert project.run("export", "--out", "live").code == 0
    text = (project.folder / "live" / "domains" / "a.example.yaml").read_text()
    assert "    domain_aliases:\n      x.example: {}\n      y.example: {}\n" in text
    assert project.run("plan", "-C", "live").code == 0


@pytest.mark.parametrize("status", ["enabled", "ownership_check"])
def test_the_records_of_another_name(status: str) -> None:
    lab = Lab(seed=seeded(a=named(x={"status": status})))
    found = {(one.name, one.type) for one in lab.records(configuration_of(files(a=named("x")))) if "x." in one.name}
    assert found == {("x.example", "MX"), ("x.example", "TXT"), ("_dmarc.x.example", "TXT")}


# -- an API that has no such call --------------------------------------------------------------------------------


NO = b'{"message": "No", "errors": []}'


def closing(method: str, part: str, status: int, body: bytes = NO) -> Callable[..., Response]:
    """An API without a call; "" is every method."""

    def between(request: Request, answer: Answer) -> Response:
        if request.method == (method or request.method) and part in request.path:
            return Response(status, {}, body)
        return answer(request)

    return between


MISSING = [
    # the call that is missing, what is wished, and what people can do
    ("POST", "/aliases", named("x"), "create it in the panel"),
    ("DELETE", "/aliases/", named(x=GONE), "delete it in the panel"),
    ("PUT", "/dns_ownership_check", named("x"), "have it checked in the panel"),
]


@pytest.mark.parametrize(
    ("status", "body"), [(404, NO), (405, NO), (404, b'{"error": "none"}'), (405, b"Method Not Allowed"), (405, b"")]
)
@pytest.mark.parametrize(("method", "part", "wish", "way_out"), MISSING, ids=[row[0] for row in MISSING])
def test_a_call_that_is_not_there_is_told_and_the_rest_goes_on(
    method: str, part: str, wish: dict[str, Any], way_out: str, status: int, body: bytes
) -> None:
    lab = Lab(seed=seeded(a=named("x") if method == "DELETE" else {}), between=closing(method, part, status, body))
    done = apply(lab, files(a={**wish, "mailboxes": {"ada": {"password": {"env": "PW"}, "firstname": "Ada"}}}))
    assert done["mailbox/ada@a.example"].status is Status.DONE
    assert done[NET].status is Status.FAILED
    assert f"this API has no such call ({status} " in str(done[NET].error)
    assert way_out in str(done[NET].error)
    assert f"{method} /api/domains/D100000001/aliases" in str(done[NET].error)


def test_what_is_gone_is_no_missing_call() -> None:
    """The domain went after the plan: that is what the 404 is about."""
    lab, configuration = Lab(seed=seeded(a={}, b={})), configuration_of(files(a=named("x")))
    made = lab.plan(configuration)
    lab.emulator.handle(Request("DELETE", "/api/domains/D100000001", {}, {"x-api-token": TOKEN}))
    (done,) = lab.apply(configuration, made)
    assert (done.status, "no such call" in str(done.error)) == (Status.FAILED, False)


def test_what_is_deleted_twice_is_gone() -> None:
    def between(request: Request, answer: Answer) -> Response:
        response = answer(request)
        return answer(request) if request.method == "DELETE" else response

    lab = Lab(seed=seeded(a=named("x")), between=between)
    assert apply(lab, files(a=named(x=GONE)))[NET].status is Status.DONE


@pytest.mark.parametrize("status", [404, 405])
def test_a_list_that_is_not_there_holds_nothing_back(status: int) -> None:
    """Neither is the call that creates one; nor does it keep a domain that counts none."""
    lab = Lab(seed=seeded(a={}, b={}), between=closing("", "/aliases", status))
    mailbox = {"mailboxes": {"ada": {"password": {"env": "PW"}, "firstname": "Ada"}}}
    done = apply(lab, files(a={**named("x"), **mailbox}, b=GONE))
    assert {one: row.status for one, row in done.items()} == {
        "domain/b.example": Status.DONE, "mailbox/ada@a.example": Status.DONE, NET: Status.FAILED,
    }  # fmt: skip
    assert "this API has no such call" in str(done[NET].error)


def test_a_list_that_is_not_there_hides_nothing_that_is_counted() -> None:
    lab = Lab(seed=seeded(a=named("x")), between=closing("GET", "/aliases", 405))
    with pytest.raises(ApiError, match=r"it answers 405 No, and must hold 1 object"):
        plan(lab, files(a=GONE))


def test_a_documented_list_that_is_not_there_is_told_so() -> None:
    lab = Lab(seed=seeded(a={}), between=closing("GET", "/alias_email_accounts", 405))
    with pytest.raises(ApiError, match=r"this API has no such call \(405 No\)"):
        plan(lab, files(a={"aliases": {}}))
