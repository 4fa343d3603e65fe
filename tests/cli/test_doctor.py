"""`doctor`: token, reach, permissions, clock, and which attributes an account's answers carry."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import UTC, datetime

import pytest

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.doctor import examine
from qboxctl.emulator import Response
from qboxctl.model import Revealed
from qboxctl.resources import TYPES
from qboxctl.schema.calls import Call, Calls
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.identity import Identity, Joined
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.lifecycle import Lifecycle
from qboxctl.schema.numbers import Integer
from qboxctl.schema.types import Text
from tests.support.kinds import plain_kind
from tests.support.lab import TOKEN, Lab, configuration_of

SEED = {
    "domains": {
        "empty.example": {},
        "example.com": {
            "mailboxes": {"ada": {"firstname": "Ada"}},
            "aliases": {"info": ["ada@example.com"]},
            "vault": {"retention": 12, "mailboxes": ["ada"]},
        },
    },
    "delivery": {
        "domains": {"news.example.com": {}},
        "accounts": {
            "shop": {"type": "transactional", "domains": ["news.example.com"]},
            "idle": {"type": "newsletter", "tokens": {"cron": {}}},
        },
        "suppressions": {"gone@example.org": {"reason": "bounce"}},
    },
    "managers": {"ina@partner.example": {"firstname": "Ina", "lastname": "Rossi", "domains": ["example.com"]}},
    "team_members": {"luca@example.com": {"firstname": "Luca", "lastname": "Neri", "permissions": ["domains.view"]}},
}


@pytest.fixture
def account(server):
    server.swap(seed=SEED)
    return server


def doctor(project, *words):
    done = project.run("doctor", "--format", "json", *words)
    assert done.code in (0, 1), done.err
    return done


def checks(done):
    return {(one["topic"], one["status"]): one["message"] for one in done.json["checks"]}


def seen(done):
    return {(one["kind"], one["name"]): one["seen"] for one in done.json["attributes"]}


def test_a_healthy_account(account, project):
    done = doctor(project)
    assert done.code == 0
    topics = {topic for topic, status in checks(done) if status == "ok"}
    assert topics >= {"token", "domain", "mailbox", "alias", "delivery_domain", "delivery_account", "suppression"}
    none = {*TYPES.inner, "domain_alias"}
    elsewhere = {key for key, where in seen(done).items() if where != "list" and key[0] not in none}
    assert elsewhere == {("vault", "email_codes")}
    assert seen(done)["vault", "email_codes"] == "details"
    assert not account.writes
    text = project.run("doctor")
    assert text.code == 0
    assert "assumed names that are right" in text.out
    assert "max_email_quota" in text.out


def test_which_assumed_calls_are_there(account, project):
    """Only what reads is tried."""
    path = "/api/domains/{domain}/aliases"
    asked = doctor(project)
    calls = {
        (one["method"], one["path"]): one["answered"] for one in asked.json["calls"] if one["kind"] == "domain_alias"
    }
    assert calls == {
        ("POST", path): "untried", ("GET", path): "confirmed", ("DELETE", f"{path}/{{id}}"): "untried",
        ("PUT", f"{path}/{{id}}/dns_ownership_check"): "untried",
    }  # fmt: skip
    assert f"domain_alias: GET {path}" in project.run("doctor").out.partition("this API has them:")[2]
    account.refuse(405, "GET", "/aliases")
    without = doctor(project)
    assert without.code == 0
    assert "this API has no such call" in checks(without)["domain_alias", "warning"]
    (call,) = [one for one in without.json["calls"] if (one["method"], one["path"]) == ("GET", path)]
    assert call["answered"] == "missing"


def test_no_configuration_and_no_file_is_needed(account, project):
    assert doctor(project, "-C", str(project.folder)).code == 0


@pytest.mark.parametrize(
    ("quirks", "expected"),
    [
        ({"list_detail": "abridged"}, {("mailbox", "language"): "details", ("mailbox", "max_email_quota"): "list"}),
        ({"list_detail": "blind"}, {("mailbox", "language"): "never", ("mailbox", "firstname"): "list"}),
    ],
)
def test_where_attributes_are_found(quirks, expected, account, project):
    account.swap(seed=SEED, quirks=quirks)
    found = seen(doctor(project))
    assert {key: found[key] for key in expected} == expected


READ = {
    "domain": ["dkim_selector", "dkim_public_key", "possession_a_record", "no_email_accounts", "no_alias_domains",
               "no_alias_email_accounts", "no_email_accounts_archive"],
    "mailbox": ["last_access_at"],
    "delivery_domain": ["cname_verification_records", "txt_spf_record", "suggested_dmarc_record"],
}  # fmt: skip
LOOKED_AT = ["status", "display_status", "status_detail", "delete_on", "created_at", "updated_at"]


def test_what_tells_more_than_attributes_do_is_known(account, project):
    done = doctor(project)
    found = seen(done)
    assert {kind: [found.get((kind, name)) for name in names] for kind, names in READ.items()} == {
        kind: ["list"] * len(names) for kind, names in READ.items()
    }
    unknown = done.json["unknown"]
    assert "used_space" in unknown["mailbox"]
    assert "dkim_nl_last_check_ok" not in unknown["delivery_domain"]
    for kind in ("domain", "mailbox", "alias", "delivery_domain", "delivery_account", "token"):
        assert not {*LOOKED_AT, *READ.get(kind, ())}.intersection(unknown.get(kind, ())), kind


def test_kinds_without_an_object_are_untried(server, project):
    server.swap(quirks={"empty_list": "404"})
    done = doctor(project)
    assert done.code == 0
    assert set(seen(done).values()) == {"untried"}
    assert "no hosting domain to look into" in checks(done)["mailbox", "warning"]


def test_people_can_tell_their_own_token_from_the_kind(account, project):
    text = project.run("doctor").out
    assert [line.split()[1:3] for line in text.splitlines() if re.match(r"  \S+ +(your )?token ", line)] == [
        ["your", "token"],
        ["token", "can"],
    ]
    assert "there in the delivery account looked at" in text


def test_a_refused_token(account, project):
    done = project.run("doctor", env={"QBOXMAIL_API_TOKEN": "another"})
    assert done.code == 8
    assert "Send API token" in done.err


ENDED = {
    # how it is called, what every request is answered with; the exit code, the check that fails, and its message
    "a wrong token": ({"QBOXMAIL_API_TOKEN": "another"}, 0, 8, "token", "the API refuses the token"),
    "no connection": ({"QBOXCTL_ENDPOINT": "http://127.0.0.1:1"}, 0, 1, "reach", "no connection to 127.0.0.1:1"),
    "server errors": ({}, 500, 1, "reach", "GET /api/domains: 500"),
}


@pytest.mark.parametrize("name", ENDED)
def test_what_ends_an_examination_is_a_check_that_failed(name, account, project):
    env, status, code, topic, message = ENDED[name]
    project.write({"settings": {"api": {"retries": 0}}})
    if status:
        account.refuse(status, "GET")
    done = project.run("doctor", "--format", "json", env=env)
    assert (done.code, [*checks(done)]) == (code, [(topic, "failed")])
    assert message in checks(done)[topic, "failed"]
    text = project.run("doctor", env=env)
    assert (text.code, text.out) == (code, "")
    assert f"error: {checks(done)[topic, 'failed']}\n" in text.err


def test_a_token_that_is_refused_midway_loses_nothing_of_what_was_found(account, project):
    account.refuse(401, "GET", "/email_accounts")
    done = project.run("doctor", "--format", "json")
    assert (done.code, {("token", "ok"), ("domain", "ok"), ("token", "failed")} - checks(done).keys()) == (8, set())


def test_what_the_token_may_not_list_is_told_and_the_rest_is_looked_at(account, project):
    account.refuse(403, "GET", "/api/delivery/accounts")
    done = doctor(project)
    assert done.code == 1
    assert "may not list" in checks(done)["delivery_account", "failed"]
    assert ("suppression", "ok") in checks(done)
    assert seen(done)["delivery_account", "type"] == "untried"


def test_a_call_that_the_api_does_not_have(account, project):
    account.refuse(404, "GET", "/api/delivery/domains/", page=False)
    assert doctor(project).code == 0


ASSUMED = {
    "delivery_domain": "/api/delivery/domains/{id}",
    "vault": "/api/archive/domains/{domain}/email_accounts",
    "domain_alias": "/api/domains/{domain}/aliases",
}


@pytest.mark.parametrize(
    ("status", "answered"), [(403, "refused"), (405, "missing"), (422, "refused"), (500, "refused")]
)
@pytest.mark.parametrize("kind", ASSUMED)
def test_an_assumed_call_that_fails_ends_only_the_look_at_it(kind, status, answered, account, project):
    path = re.compile(re.sub(r"\{\w+\}", "[^/]+", ASSUMED[kind]))
    refusal = Response(status, {"content-type": "application/json"}, b'{"message": "No.", "errors": []}')
    account.before = lambda one: refusal if one.method == "GET" and path.fullmatch(one.path) else None
    project.write({"settings": {"api": {"retries": 0}}})
    done = doctor(project, "-C", str(project.config))
    calls = {(one["kind"], one["method"], one["path"]): one["answered"] for one in done.json["calls"]}
    assert calls[kind, "GET", ASSUMED[kind]] == answered
    assert answered == "missing" or {(kind, "warning"), (kind, "failed")} & checks(done).keys()
    assert ("suppression", "ok") in checks(done)


@pytest.mark.parametrize(
    ("server", "status", "words"),
    [
        ("Sun, 22 Nov 2026 12:00:30 GMT", "ok", "agrees"),
        ("Sun, 22 Nov 2026 14:00:00 GMT", "warning", "7200 s behind"),
        ("Sun, 22 Nov 2026 10:00:00 GMT", "warning", "7200 s ahead"),
        ("yesterday", "warning", "does not tell"),
        ("", "warning", "does not tell"),
    ],
)
def test_clocks(server, status, words):
    lab = Lab(seed=SEED)

    def dated(request, *, answer):
        response = answer(request)
        return type(response)(response.status, {**response.headers, "date": server}, response.body)

    lab.between = dated
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
    with closing(Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as reader:
        report = examine(Account(reader, TYPES), configuration_of("{}"), noon)
    (clock,) = [one for one in report.findings if one.topic == "clock"]
    assert clock.verdict.value == status
    assert words in clock.text


def test_other_names_and_blocks_of_parents_are_seen():
    """An attribute counts under each of its names; a block is looked for in several parents."""
    block = Calls(None, Call("GET", "/houses/{house}"), Call("POST", "/alarms/{house}"), delete=Call("DELETE", "/x"))
    kinds = Kinds([
        plain_kind("house", "", "/houses", Field("colour", Text(), "x", read_as=("tint", "colour"))),
        plain_kind(
            "alarm", "house", "", Field("level", Integer(), "x", mode=Mode.CREATE_ONLY), section=("alarm",),
            calls=block, identity=Identity(key="", joined=Joined.SAME),
            lifecycle=Lifecycle("alarm_status", absent=("none",)),
        ),
    ])  # fmt: skip
    rows = [
        {"code": "H1", "name": "a", "colour": "red", "alarm_status": "none"},
        {"code": "H2", "name": "b", "colour": "red", "alarm_status": "enabled", "level": 3},
    ]
    lab = Lab(types=kinds)
    lab.between = lambda _request, *, answer: Response(200, {}, json.dumps({"resources": rows}).encode())
    with closing(Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as reader:
        report = examine(Account(reader, kinds), configuration_of("{}", types=kinds), 0)
    assert {one.kind: one.seen.value for one in report.attributes} == {"house": "list", "alarm": "list"}


def test_what_an_account_lacks_before_it_can_send(account, project):
    lacks = [message for (topic, _), message in checks(doctor(project)).items() if topic == "sending"]
    text = project.run("doctor").out
    assert lacks
    assert "shop cannot send yet: news.example.com is not verified" in text
    assert "news.example.com needs Qboxmail's approval" in text
    assert "idle cannot send yet: no Delivery domain is linked to it" in text


def test_a_ready_account(account, project):
    def ready(request, response):
        body = response.body.replace(b'"not_verified"', b'"verified"').replace(b'"need_approval"', b'"approved"')
        return type(response)(response.status, response.headers, body)

    account.after = ready
    assert "shop is ready" in project.run("doctor").out


def test_a_token_that_sees_several_customers(account, project):
    def mixed(request, response):
        body = response.body.replace(b"C123456789", b"C987654321") if request.path == "/api/domains" else response.body
        return type(response)(response.status, response.headers, body)

    account.after = mixed
    assert "settings.customer_code" in checks(doctor(project))["customer", "warning"]
    project.write({"settings": {"customer_code": "C987654321"}})
    assert ("customer", "ok") in checks(doctor(project, "-C", str(project.config)))
