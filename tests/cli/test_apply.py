"""`apply`: exactly the saved plan or nothing, a truthful journal, and an account that moves meanwhile."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import Any

import pytest
import yaml

from qboxctl.emulator import Request, Response
from qboxctl.errors import PlanFileError
from qboxctl.planning.planfile import loads
from qboxctl.resources import TYPES
from tests.support.lab import TOKEN, Lab, configuration_of

SECRET = {"env": "PW"}
SEED: dict[str, Any] = {
    "domains": {
        "example.com": {
            "code": "D1",
            "mailboxes": {
                "bob": {"code": "M1", "firstname": "Bob", "lastname": "Old"},
                "eve": {"code": "M2", "firstname": "Eve"},
                "kim": {"code": "M3", "firstname": "Kim"},
                "zed": {"code": "M4", "firstname": "Zed"},
            },
            "aliases": {"info": {"code": "A1", "destinations": ["kim@example.com"]}},
        }
    }
}
WISH: dict[str, Any] = {
    "settings": {"api": {"retries": 0}},
    "protect": ["mailbox/kim@*"],
    "ignore": ["mailbox/zed@*"],
    "domains": {
        "example.com": {
            "mailboxes": {
                "ada": {"firstname": "Ada", "password": SECRET},
                "bob": {"lastname": "New"},
                "eve": {"state": "absent"},
                "kim": {"firstname": "Kim"},
            },
            "aliases": {"team": ["ada@example.com"]},
        }
    },
}
MAILBOXES = "/api/domains/D1/email_accounts"
ALIASES = "/api/domains/D1/alias_email_accounts"
DISABLED = ("status", "enabled", "disabled")
EVE = "mailbox/eve@example.com"
DOOR = ("destinations", None, ["door@evil.example"])
FORWARD = ("extra.forward", None, "door@evil.example")


@pytest.fixture
def account(server):
    server.swap(seed=SEED)
    return server


@pytest.fixture
def saved(account, project):
    """A plan that was made a while ago."""
    project.write(WISH)
    path = project.folder / "plan.json"
    assert project.run("plan", "--out", str(path)).code == 0
    return path


def ask(gateway: Any, method: str, path: str, body: Any = None) -> Response:
    """Somebody else, with a program of their own."""
    request = Request(method, path, {}, {"x-api-token": TOKEN}, b"" if body is None else json.dumps(body).encode())
    response = gateway.emulator.handle(request)
    assert response.status < 300, response
    return response


def live(gateway: Any) -> Any:
    return gateway.emulator.dump(codes=False)["domains"]["example.com"]


def as_wished(gateway: Any) -> None:
    found = live(gateway)
    assert sorted(found["mailboxes"]) == ["ada", "bob", "kim", "zed"]
    assert found["mailboxes"]["bob"]["lastname"] == "New"
    assert found["aliases"]["team"]["destinations"] == ["ada@example.com"]


def test_a_saved_plan_is_applied_once_and_then_in_effect(account, project, saved):
    plan = json.loads(saved.read_text())
    ask(account, "POST", "/api/delivery/domains", {"name": "unrelated.example"})
    first = project.apply(str(saved), "--format", "json")
    assert first.code == 0
    assert set(first.json) == {"plan_id", "outcomes", "summary"}
    assert first.json["plan_id"] == plan["id"]
    assert first.json["summary"] == {"done": 4}
    assert [(one["address"], one["action"]) for one in first.json["outcomes"]] == [
        (one["address"], one["action"]) for one in plan["changes"]
    ]
    for one in first.json["outcomes"]:
        assert set(one) == {"address", "action", "status", "error", "seconds"}
        assert (one["status"], one["error"]) == ("done", None)
        assert 0 <= one["seconds"] < 60
    as_wished(account)
    before, sets = account.emulator.dump(), account.emulator.password_sets

    writes = len(account.writes)
    second = project.apply(str(saved), "--format", "json")
    assert second.code == 0
    assert second.json["summary"] == {"in_effect": 4}
    assert len(account.writes) == writes
    assert (account.emulator.dump(), account.emulator.password_sets) == (before, sets)
    assert project.apply("--format", "json").json == {"plan_id": project.plan()["id"], "outcomes": [], "summary": {}}


STALE = {
    "an attribute": ("PUT", f"{MAILBOXES}/M1", {"lastname": "Else"}, ("mailbox/bob@example.com", "lastname", "Else")),
    "a status": ("PUT", f"{MAILBOXES}/M1/status", {"status": "disabled"}, ("mailbox/bob@example.com", "status")),
    "a vanished object": ("DELETE", f"{MAILBOXES}/M1", None, ("mailbox/bob@example.com", "not there any more")),
    "a disabled one to be deleted": ("PUT", f"{MAILBOXES}/M2/status", {"status": "disabled"}, ("eve@example.com",)),
    "another of that name": ("POST", ALIASES, {"name": "team", "destinations": ["a@b.example"]},
                             ("alias/team@example.com", "destinations")),
}  # fmt: skip


@pytest.mark.parametrize("name", STALE)
def test_stale_by_what_others_did(name, account, project, saved):
    method, path, body, says = STALE[name]
    ask(account, method, path, body)
    before = account.emulator.dump()
    done = project.apply(str(saved))
    assert done.code == 5, done
    for words in says:
        assert words in done.err, done.err
    assert "plan" in done.err.partition("help:")[2]
    assert not account.writes
    assert account.emulator.dump() == before
    assert not project.journal.exists()


def test_a_plan_that_others_have_carried_out_in_part(account, project, saved):
    ask(account, "PUT", f"{MAILBOXES}/M1", {"lastname": "New"})
    ask(account, "DELETE", f"{MAILBOXES}/M2")
    done = project.apply(str(saved), "--format", "json")
    assert done.code == 0
    assert done.json["summary"] == {"done": 2, "in_effect": 2}
    as_wished(account)


def precondition(code: str, *rows: Any, **more: Any) -> str:
    """What anybody can compute who knows the account."""
    content = {"fields": {name: before for name, before, _ in rows}, "id": code, "status": "enabled", **more}
    return "sha256:" + hashlib.sha256(canonical(content)).hexdigest()


def canonical(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def change(address: str, action: str, code: str | None, *fields: Any, **more: Any) -> dict[str, Any]:
    return {
        "address": address, "kind": address.partition("/")[0], "action": action, "remote_id": code,
        "fields": [dict(zip(("name", "before", "after"), one, strict=True)) for one in fields],
        "secrets": [], "needs": [], "destroys_data": action == "delete", "reason": "",
        "precondition": precondition(code, *fields) if code else "absent", **more,
    }  # fmt: skip


def added(address: str, *words: Any, **more: Any) -> Any:
    return lambda plan: plan["changes"].append(change(address, *words, **more))


def changed(kind: str, action: str, /, **more: Any) -> Any:
    def edit(plan: Any) -> None:
        (one,) = (one for one in plan["changes"] if (one["kind"], one["action"]) == (kind, action))
        one.update(more)

    return edit


def fields(kind: str, action: str, *rows: Any) -> Any:
    return changed(kind, action, fields=[dict(zip(("name", "before", "after"), row, strict=True)) for row in rows])


TAMPERED = {
    "a protected object removed": added("mailbox/kim@example.com", "delete", "M3"),
    "an ignored object removed": added("mailbox/zed@example.com", "delete", "M4"),
    "a postmaster removed": added("mailbox/postmaster@example.com", "delete", "P000000001"),
    "a domain removed with its contents": added("domain/example.com", "delete", "D1", needs=[EVE]),
    "an object that no file declares": added("alias/door@example.com", "create", None, DOOR),
    "an ignored object updated": added("mailbox/zed@example.com", "update", "M4", ("firstname", "Zed", "Mallory")),
    "a protected object disabled": added("mailbox/kim@example.com", "disable", "M3", DISABLED),
    "a protected object disabled by an update": added("mailbox/kim@example.com", "update", "M3", DISABLED),
    "a value that no file states": fields("mailbox", "update", ("lastname", "Old", "Mallory")),
    "an attribute more": fields("mailbox", "update", ("lastname", "Old", "New"), FORWARD),
    "other needs": changed("alias", "create", needs=[]),
    "needs of a stranger": changed("mailbox", "update", needs=[EVE]),
    "another remote id": changed("mailbox", "update", remote_id="M3"),
    "a path as remote id": changed("mailbox", "update", remote_id="../../../D1"),
    "a secret that is none": changed("mailbox", "create", secrets=["firstname"]),
    "a secret without reference": changed("mailbox", "update", secrets=["password"]),
    "an unknown attribute": fields("mailbox", "update", ("superuser", None, True)),
    "a password as attribute": fields("mailbox", "update", ("password", None, "known-to-a77acker")),
    "a password as extra": fields("mailbox", "update", ("extra.password", None, "known-to-a77acker")),
    "an attribute twice": fields("mailbox", "update", ("lastname", "Old", "New"), ("lastname", "Old", "New")),
    "a value of another type": fields("mailbox", "update", ("lastname", "Old", 7)),
    "data loss denied": changed("mailbox", "delete", destroys_data=False),
    "a removal that writes": fields("mailbox", "delete", ("lastname", "Eve", "X")),
    "a create with an id": changed("mailbox", "create", remote_id="M9"),
    "an unknown action": changed("mailbox", "create", action="replace"),
    "a name in upper case": changed("mailbox", "create", address="mailbox/ADA@example.com"),
    "a path as name": changed("mailbox", "create", address="mailbox/../x@example.com"),
    "an object twice": lambda plan: plan["changes"].append(plan["changes"][0]),
    "an unknown key": lambda plan: plan.update(hook="x"),
    "another version": lambda plan: plan.update(format_version="2.0"),
    "another digest": lambda plan: plan.update(config_digest="sha256:" + "0" * 64),
    "another account": lambda plan: plan.update(endpoint="https://evil.example"),
    "another environment": lambda plan: plan.update(environment="prod"),
}  # fmt: skip


@pytest.fixture(scope="module")
def original(tmp_path_factory, gateways, new_project):
    """A plan for everybody to tamper with: the project, its account, the plan's text."""
    gateway = gateways.pop()
    gateway.reset(seed=SEED)
    project = new_project(tmp_path_factory.mktemp("tampered"))
    project.env["QBOXCTL_ENDPOINT"] = gateway.url
    project.write(WISH)
    yield project, gateway, json.dumps(project.plan())
    gateways.append(gateway)


@pytest.mark.parametrize("name", TAMPERED)
def test_a_plan_edited_by_hand(name, original):
    project, account, text = original
    account.reset(seed=SEED)
    plan, honest = json.loads(text), json.loads(text)
    TAMPERED[name](plan)
    assert plan != honest
    if any(plan[one] != honest[one] for one in ("changes", "endpoint", "environment", "format_version")):
        with pytest.raises(PlanFileError):
            loads(json.dumps(plan), "plan.json", TYPES)

    plan["id"] = honest_id(plan)
    try:
        loads(json.dumps(plan), "plan.json", TYPES)
    except PlanFileError:
        return  # it is refused as a file; the command line reads it by the same function
    path = project.folder / "plan.json"
    path.write_text(json.dumps(plan))
    done = project.apply(str(path))
    assert not account.writes
    assert done.code in (1, 3, 4, 5), done
    assert "Traceback" not in done.err
    assert "a fault in qboxctl" not in done.err


def honest_id(plan: Any) -> str:
    """The id that a forger gives to a plan."""
    content = {one: plan[one] for one in ("format_version", "environment", "endpoint", "changes")}
    return hashlib.sha256(canonical(content)).hexdigest()


PAT = {"code": "M8", "firstname": "Pat"}
LEFT_ALONE = {**SEED["domains"], "other.example": {"code": "D2", "mailboxes": {"pat": PAT}}}
MAILBOXES_LEFT = {"bob": {"lastname": "New", "password": SECRET}, "eve": {}, "kim": {}, "zed": {}}
ALL_OF_IT: dict[str, Any] = {
    "settings": {"on_remove": {"mailbox": "delete"}},
    "domains": {"example.com": {"mailboxes": MAILBOXES_LEFT}},
}
AGAIN = {"secrets": ["password"], "precondition": ""}
FORGED = {
    "a mailbox of a domain that no file mentions": (
        added("mailbox/pat@other.example", "delete", "M8"),
        "would not delete mailbox/pat@other.example",
    ),
    "the first password, sent again": (
        changed("mailbox", "update", **AGAIN),
        "would update mailbox/bob@example.com otherwise: password",
    ),
    "an object that nothing is said of": (
        added("mailbox/eve@example.com", "update", "M2", ("firstname", "Eve", "Mallory")),
        "would not update mailbox/eve@example.com",
    ),
    "what its own targets leave out": (
        lambda plan: plan["options"].update(targets=["mailbox/eve@example.com"]),
        "would not update mailbox/bob@example.com",
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_plan_does_nothing_that_files_and_account_do_not_ask_for(name, account, project):
    """Its schema, its id and its preconditions are right: whoever can read the account can compute them."""
    account.swap(seed={"domains": LEFT_ALONE})
    project.write(ALL_OF_IT)
    path = project.folder / "plan.json"
    plan = project.plan("--out", str(path))
    assert [one["address"] for one in plan["changes"]] == ["mailbox/bob@example.com"]
    forge, says = FORGED[name]
    forge(plan)
    plan["changes"].sort(key=lambda one: one["address"])
    touched = json.loads(ask(account, "GET", f"{MAILBOXES}/M1").body)["resources"][0]["updated_at"]
    for one in plan["changes"]:
        one["precondition"] = one["precondition"] or precondition("M1", ("lastname", "Old", "New"), updated_at=touched)
    plan["summary"] |= {"delete": sum(one["action"] == "delete" for one in plan["changes"])}
    plan["summary"] |= {"update": sum(one["action"] == "update" for one in plan["changes"])}
    path.write_text(json.dumps(plan | {"id": honest_id(plan)}))
    before = account.emulator.dump()
    done = project.apply(str(path))
    assert (done.code, says in done.err) == (5, True), done.err
    assert account.emulator.dump() == before


def test_a_bill_that_a_plan_file_makes_up_is_not_shown(account, project):
    account.swap(seed={"domains": LEFT_ALONE})
    project.write(ALL_OF_IT)
    path = project.folder / "plan.json"
    plan = project.plan("--out", str(path))
    path.write_text(json.dumps(plan | {"billing": {**plan["billing"], "domains": -5}}))
    done = project.apply(str(path))
    assert (done.code, "-5" in done.out) == (0, False), done


def test_a_plan_that_was_acknowledged_is_not_called_blocked(account, project):
    account.swap(seed={"domains": {"example.com": {"mailboxes": {name: {} for name in "abcd"}}}})
    project.write({"domains": {"example.com": {"mailboxes": {name: {"state": "absent"} for name in "abcd"}}}})
    path = project.folder / "plan.json"
    plan = project.plan("--out", str(path))
    assert [one["guard"] for one in plan["blocked"]] == ["count"]
    assert "BLOCKED" in project.apply(str(path)).out
    done = project.apply(str(path), "--acknowledge", plan["id"])
    assert (done.code, "BLOCKED" in done.out) == (0, False), done


def test_a_saved_plan_shows_what_is_left_of_it(account, project, saved):
    ask(account, "PUT", f"{MAILBOXES}/M1", {"lastname": "New"})
    ask(account, "DELETE", f"{MAILBOXES}/M2")
    first = project.apply(str(saved))
    assert first.code == 0
    assert "Plan: 2 to create; " in first.out, "without the update and the deletion, and what that destroys"
    assert "destroyed" not in first.out
    second = project.apply(str(saved))
    assert (second.code, "Bill:" in second.out, " to create" in second.out) == (0, False, False), second


def test_a_refused_plan_file_reaches_nobody(account, project, saved):
    saved.write_text(saved.read_text().replace("New", "Mallory"))
    account.arrived.clear()
    done = project.apply(str(saved))
    assert (done.code, done.out) == (1, "")
    assert "was changed after it was made" in done.err
    assert "plan again" in done.err
    assert not account.arrived


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "7", '{"format_version": "1.0"}', "[" * 100_000, "\0", '{"id": NaN}']
)
def test_what_is_no_plan(text, tmp_path):
    with pytest.raises(PlanFileError):
        loads(text, "plan.json", TYPES)


def test_a_blocked_plan_stays_blocked_whatever_it_says(account, project):
    project.write({**WISH, "protect": ["mailbox/eve@*"]})
    path = project.folder / "plan.json"
    assert project.run("plan", "--out", str(path)).code == 4
    path.write_text(json.dumps(json.loads(path.read_text()) | {"blocked": []}))
    assert project.apply(str(path)).code == 4
    assert not account.writes


def test_another_endpoint_or_environment_than_the_plan_is_for(account, project, serve):
    project.write({**WISH, "settings": {"environments": {"prod": {}}}})
    path = project.folder / "plan.json"
    assert project.run("plan", "--out", str(path)).code == 0
    other = serve(seed=SEED)
    done = project.apply(str(path), "--endpoint", other.url)
    assert (done.code, account.url in done.err, other.url in done.err) == (1, True, True)
    done = project.apply(str(path), "--env", "prod")
    assert (done.code, "'prod'" in done.err, "--env default" in done.err) == (1, True, True)
    assert not other.arrived
    assert not account.writes


@pytest.mark.slow
def test_two_applies_at_the_same_time(server, project):
    project.write({"domains": {"example.com": {"postmaster_password": SECRET, "mailboxes": {
        "ada": {"firstname": "Ada", "password": SECRET}}, "aliases": {"info": ["ada@example.com"]}}}})  # fmt: skip
    both, seen = threading.Barrier(2, timeout=30), []

    def meet(request: Request) -> None:
        if request.method != "GET" and len(seen) < 2:
            seen.append(request)
            both.wait()

    server.before = meet
    words = ("apply", "--auto-approve", "--format", "json", "--journal")
    with project.start(*words, "one.jsonl") as one, project.start(*words, "two.jsonl") as two:
        results = [json.loads(process.communicate(timeout=60)[0]) for process in (one, two)]
    assert [request.path for request in seen] == ["/api/domains", "/api/domains"]
    assert (one.returncode, two.returncode) == (0, 0), results
    assert project.plan()["changes"] == []
    assert server.emulator.password_sets == {"domain/example.com": 1, "mailbox/ada@example.com": 1}
    assert {status for done in results for status in done["summary"]} <= {"done", "in_effect"}


DURING = {
    "deletes what is to be deleted": ("DELETE", f"{MAILBOXES}/M2", None, 0),
    "deletes what is to be changed": ("DELETE", f"{MAILBOXES}/M1", None, 6),
    "changes what is to be changed": ("PUT", f"{MAILBOXES}/M1", {"lastname": "Else"}, 0),
    "creates what is to be created": ("POST", ALIASES,
                                      {"name": "team", "destinations": ["ada@example.com"]}, 0),
    "creates it otherwise": ("POST", ALIASES,
                             {"name": "team", "destinations": ["else@example.net"]}, 6),
}  # fmt: skip


@pytest.mark.parametrize("name", DURING)
def test_somebody_else_during_the_run(name, account, project, hold):
    method, path, body, code = DURING[name]
    project.write({**WISH, "settings": {"api": {"retries": 0, "concurrency": 1}}})
    held = hold(account)
    with project.start("apply", "--auto-approve", "--format", "json", "--journal", "j.jsonl") as process:
        held.wait()
        ask(account, method, path, body)
        held.release.set()
        out, err = process.communicate(timeout=60)
    assert process.returncode == code, out + err
    assert "Traceback" not in err
    assert json.loads(out)["summary"].get("failed", 0) == (1 if code else 0)
    if name == "deletes what is to be changed":
        ask(account, "POST", MAILBOXES, {"name": "bob", "firstname": "Bob", "password": "pass4word5",
                                         "password_confirmation": "pass4word5"})  # fmt: skip
    lab = Lab()
    lab.emulator = account.emulator
    assert {one.status.value for one in lab.apply(configuration_of(yaml.safe_dump(WISH)))} <= {"done"}
    as_wished(account)


def test_accepted_but_not_effective_is_a_failure(account, project):
    project.write(WISH)
    account.before = lambda request: Response(204) if request.method == "PUT" else None
    done = project.apply("--format", "json")
    assert done.code == 6
    (failed,) = (one for one in done.json["outcomes"] if one["status"] != "done")
    assert failed["status"] == "failed"
    assert "lastname did not take effect" in failed["error"]


def test_waiting_for_the_proof_of_a_domain(server, project):
    project.write({"domains": {"new.example": {"postmaster_password": SECRET, "aliases": {"info": ["a@b.example"]}}}})
    server.swap(quirks={"ownership": "wait"})
    first = project.apply("--format", "json")
    assert first.code == 7
    assert first.json["summary"] == {"waiting": 2}
    assert "publish" in first.json["outcomes"][0]["error"]
    asked: list[str] = []

    def publish(request: Request) -> None:
        asked.extend([request.path] if request.path.endswith("/sync") else [])
        if len(asked) == 2:
            server.emulator.publish("new.example")

    server.before = publish
    second = project.apply("--wait", "1m", "--format", "json")
    assert (second.code, second.json["summary"]) == (0, {"done": 2})
    assert len(asked) == 2
    assert server.emulator.password_sets == {"domain/new.example": 1}
