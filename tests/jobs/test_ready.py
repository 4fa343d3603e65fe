"""`ready`: what an account lacks before it can send, and one message that shows whether it can."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from qboxctl.api.client import Reader
from qboxctl.api.sender import Sender
from qboxctl.config.settings import ApiSettings
from qboxctl.emulator import Fault, Response
from qboxctl.errors import Refused, Undone
from qboxctl.jobs.trace import Standing, TraceMail
from qboxctl.jobs.trial import Trial
from qboxctl.model import Revealed
from tests.support.lab import TOKEN, Lab
from tests.support.nameserver import NameServer

ACCOUNT = {"type": "transactional", "domains": ["news.example"]}
TO = ("--send-to", "ada@example.com", "--token", "env:SEND", "--wait", "0s")


def seed(*published: str, **account: Any) -> dict[str, Any]:
    return {
        "published": list(published),
        "delivery": {
            "domains": {"news.example": {}, "mail.example": {}},
            "accounts": {"news": {**ACCOUNT, "tokens": {"a": {}}, **account}},
        },
    }  # fmt: skip


def token_of(server: Any) -> str:
    """A new token of the account."""
    path = "/api/delivery/accounts/1001/api_tokens"
    made = server.emulator.handle(request("POST", path, {"label": "canary"}))
    return str(json.loads(made.body)["resources"][0]["token"])


def request(method: str, path: str, body: Any = None) -> Any:
    from qboxctl.emulator import Request

    return Request(method, path, {}, {"x-api-token": TOKEN}, json.dumps(body).encode() if body else b"")


@pytest.fixture
def account(server, project):
    """An account that is ready, and its token in the environment."""
    server.swap(seed=seed("news.example"))
    project.env["SEND"] = token_of(server)
    return server


def again(server: Any, project: Any, content: dict[str, Any], **quirks: str) -> None:
    server.swap(seed=content, quirks=quirks)
    project.env["SEND"] = token_of(server)


def sent(server: Any) -> list[Any]:
    return [one for one in server.arrived if one.path.startswith("/v1/")]


def test_an_account_that_is_ready(account, project):
    done = project.run("ready", "news", "--format", "json")
    assert (done.code, done.json) == (0, {"account": "news", "ready": True, "lacks": []})
    assert not account.writes
    assert "news is ready" in project.run("ready", "news").out


BAD = {"dkim_tr_last_check_ok": False, "spf_last_check_ok": "false", "dmarc_last_check_ok": 0}
LACKS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    # the seed, what a Delivery domain's row says instead, and the codes of what lacks
    "nothing": (seed("news.example"), {}, []),
    "all of a new domain": (seed(), {}, ["verification", "approval", "spf", "dkim"]),
    "no domain": (seed(domains=[]), {}, ["domain"]),
    "a second one": (seed("news.example", domains=["news.example", "mail.example"]), {}, [
        "verification", "approval", "spf", "dkim"]),
    "a disabled account": (seed("news.example", status="disabled"), {}, ["status"]),
    "no token": (seed("news.example", tokens={}), {}, ["token"]),
    "networks that meet nowhere": (
        seed("news.example", allow_nets=["10.0.0.0/8"], tokens={"a": {"allow_nets": ["192.0.2.0/24"]}}), {},
        ["networks"],
    ),
    "networks that meet": (
        seed("news.example", allow_nets=["10.0.0.0/8"], tokens={"a": {"allow_nets": ["10.1.0.0/16"]}}), {}, [],
    ),
    "approval": (seed("news.example"), {"approval_status": "need_approval"}, ["approval"]),
    "another word": (seed("news.example"), {"approval_status": "refused"}, ["approval"]),
    "records": (seed("news.example"), BAD, ["spf", "dkim", "dmarc"]),
    "the records of another type": (seed("news.example"), {"dkim_nl_last_check_ok": False}, []),
    "those of its own type": (
        seed("news.example", type="newsletter"), {"dkim_nl_last_check_ok": False}, ["dkim"],
    ),
    "what nobody checked": (seed("news.example"), {"spf_last_check_ok": None, "dkim_tr_last_check_ok": None}, []),
    "a blocked domain": (seed("news.example"), {"status": 3, "display_status": "blocked"}, ["domain"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LACKS)
def test_what_lacks(name, server, project):
    content, instead, codes = LACKS[name]
    server.swap(seed=content)

    def after(one, response):
        if one.path != "/api/delivery/domains":
            return None
        rows = json.loads(response.body)
        rows["resources"] = [{**row, **instead} for row in rows["resources"]]
        return Response(200, {}, json.dumps(rows).encode())

    server.after = after
    done = project.run("ready", "news", "--format", "json")
    assert [one["code"] for one in done.json["lacks"]] == codes
    assert (done.code, done.json["ready"]) == (7 if codes else 0, not codes)
    assert all(one["message"] for one in done.json["lacks"])
    table = project.run("ready", "news")
    assert table.code == done.code
    assert all(one["message"][:40] in table.out for one in done.json["lacks"])


QUIRKS = [
    {"account_domains": form} for form in ("objects", "codes", "names", "comma")
] + [
    {"list_detail": "abridged"}, {"status": "number"}, {"booleans": "text"}, {"booleans": "number"}, {"ids": "number"},
    {"lists": "comma"}, {"empty_list": "404"}, {"extra_fields": "noise"}, {"token_nets": "null_when_empty"},
]  # fmt: skip


@pytest.mark.parametrize("quirks", QUIRKS, ids=lambda one: ",".join(f"{k}={v}" for k, v in one.items()))
@pytest.mark.parametrize("ready", [True, False])
def test_under_each_quirk(quirks, ready, server, project):
    if quirks.get("extra_fields") == "noise" and ready:
        pytest.skip("noise invents states")
    server.swap(seed=seed(*(["news.example"] if ready else []), tokens={"a": {}} if ready else {}), quirks=quirks)
    done = project.run("ready", "news", "--format", "json")
    assert (done.code, done.json["ready"]) == ((0, True) if ready else (7, False)), done.json
    assert ready or {one["code"] for one in done.json["lacks"]} >= {"verification", "approval", "token"}


@pytest.mark.parametrize("form", ["objects", "codes", "names", "comma"])
def test_what_lacks_is_told_in_one_order(form, server, project):
    names = ["news.example", "mail.example"]
    for domains in (names, names[::-1]):
        content = seed(domains=domains)
        content["delivery"]["domains"] = {one: {} for one in domains}
        server.swap(seed=content, quirks={"account_domains": form})
        told = project.run("ready", "news", "--format", "json").json["lacks"]
        about = [one["message"].partition(" ")[0] for one in told]
        assert about == ["mail.example"] * 4 + ["news.example"] * 4


NAMES = {
    "by its name": ("News", 0), "by its id": ("1001", 0), "by its address": ("delivery_account/news", 0),
    "none": ("shop", 1), "nearly": ("newz", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_an_account_is_named(name, account, project):
    text, code = NAMES[name]
    done = project.run("ready", text)
    assert done.code == code
    assert code == 0 or "there is no Delivery account" in done.err
    assert name != "nearly" or "did you mean news?" in done.err


def test_an_account_without_any_says_so(server, project):
    server.swap(seed={})
    done = project.run("ready", "news")
    assert (done.code, "this account has none" in done.err) == (1, True)


def test_an_account_is_named_by_its_key_in_the_files(account, project):
    project.write({"delivery": {"accounts": {"weekly": {"description": "News"}}}})
    assert project.run("ready", "weekly").code == 0


def test_an_account_that_plans_ignore_is_there_all_the_same(account, project):
    project.write({"ignore": ["delivery_account/*"]})
    assert project.run("ready", "news").code == 0


def test_two_accounts_of_one_name(server, project):
    content = seed("news.example")
    content["delivery"]["accounts"]["other"] = {**ACCOUNT, "description": "News"}
    server.swap(seed=content)
    done = project.run("ready", "news")
    assert (done.code, "1001, 1002" in done.err) == (1, True)
    assert project.run("ready", "1001").code == 0


# One message.


def test_a_message_that_arrives(account, project):
    done = project.run("ready", "news", *TO, "--format", "json")
    assert done.code == 0, done.err
    told = done.json["sent"]
    assert (told["from"], told["to"], told["status"]) == ("qboxctl@news.example", "ada@example.com", "delivered")
    assert told["message_id"].endswith("@news.example")
    assert told["request_id"]
    (one,) = sent(account)
    assert (one.method, one.path, one.headers["authorization"]) == ("POST", "/v1/send", f"Bearer {project.env['SEND']}")
    assert "x-api-token" not in one.headers
    body = json.loads(one.body)["messages"][0]
    assert (body["from"], body["to"]) == ("qboxctl@news.example", "ada@example.com")
    assert "delivered" in project.run("ready", "news", *TO, "--from", "shop@news.example").out


FATES = {
    "bounces": (("--send-to", "bounce@example.com"), 6, "bounce"),
    "stays": (("--send-to", "queued@example.com"), 7, "queued"),
    "is suppressed": (("--send-to", "gone@example.com"), 6, "suppressed"),
    "arrives": (("--send-to", "ada@example.com"), 0, "delivered"),
}


@pytest.mark.parametrize("row", ["data_text", "data_object", "flat"])
@pytest.mark.parametrize("name", FATES)
def test_what_becomes_of_a_message(name, row, server, project):
    words, code, status = FATES[name]
    content = seed("news.example")
    content["delivery"]["suppressions"] = {"gone@example.com": {"reason": "bounce"}}
    again(server, project, content, trace_row=row, trace_dates="rfc3339")
    done = project.run("ready", "news", *TO, *words, "--format", "json")
    assert (done.code, done.json["sent"]["status"]) == (code, status), done.err
    assert len(sent(server)) == 1


OWN = [
    {"send_status": "200"}, {"send_summary": "per_message"}, {"send_summary": "absent"}, {"send_order": "shuffled"},
    {"send_partial": "per_message"}, {"send_host": "delivery"}, {"job_paging": "totals"}, {"trace_numbers": "number"},
]  # fmt: skip


@pytest.mark.parametrize("quirks", OWN, ids=lambda one: ",".join(f"{k}={v}" for k, v in one.items()))
def test_a_message_under_each_quirk(quirks, server, project):
    again(server, project, seed("news.example"), **quirks)
    assert project.run("ready", "news", *TO).code == 0


LOST = {
    "before": (Fault("drop-before", path="/v1/send"), 6, "unknown"),
    "after": (Fault("drop-after", path="/v1/send"), 0, "delivered"),
    "cut": (Fault("cut", path="/v1/send"), 0, "delivered"),
    "500 before": (Fault("500", path="/v1/send"), 6, "unknown"),
    "500 after": (Fault("500", path="/v1/send", done=True), 0, "delivered"),
    "a page": (Fault("html", path="/v1/send", done=True, status=200), 0, "delivered"),
}


@pytest.mark.parametrize("name", LOST)
def test_a_lost_answer_is_never_made_good_by_another_message(name, server, project):
    fault, code, status = LOST[name]
    server.swap(seed=seed("news.example"), faults=[fault])
    project.env["SEND"] = token_of(server)
    done = project.run("ready", "news", *TO, "--format", "json")
    assert (done.code, done.json["sent"]["status"]) == (code, status), done.err
    assert "it is unknown whether the message was sent, and it is not sent again" in done.err
    assert len(sent(server)) == 1


@pytest.mark.parametrize("step", [{}, {"number": 4, "reads": True}], ids=["on its way", "while it is looked for"])
def test_an_interruption_tells_that_it_may_be_sent(step, account, project, hold):
    held = hold(account, **step)
    with project.start("ready", "news", *TO, "--wait", "1m") as process:
        held.wait()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the message may be sent all the same" in err
    assert "trace --to ada@example.com" in err
    assert len(sent(account)) == 1


@pytest.mark.parametrize("status", [403, 422, 500])
def test_a_log_that_cannot_be_read_hides_nothing(status, account, project):
    project.write({"settings": {"api": {"retries": 0}}})
    account.refuse(status, "GET", "/tracemail/")
    done = project.run("ready", "news", *TO, "--format", "json")
    assert (done.code, done.json["sent"]["status"], bool(done.json["sent"]["message_id"])) == (7, "queued", True)
    assert "TraceMail cannot be read" in done.err
    assert len(sent(account)) == 1


REFUSED = {
    "no such token": ({}, {"SEND": "another-token"}, "401", "knows no such token"),
    "quota": ({"send_429": "quota"}, {}, "429 daily_quota_exceeded", ""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_message_that_is_refused(name, server, project):
    quirks, env, says, hint = REFUSED[name]
    again(server, project, seed("news.example"), **quirks)
    done = project.run("ready", "news", *TO, "--format", "json", env=env)
    assert (done.code, done.json["sent"]["status"]) == (6, "refused")
    assert says in done.err
    assert hint in done.err
    assert len(sent(server)) == 1


def test_a_network_that_may_not_send(server, project):
    content = seed("news.example", allow_nets=["192.0.2.0/24"])
    again(server, project, content)
    done = project.run("ready", "news", *TO)
    assert done.code == 6
    assert "network_not_allowed" in done.err


NOTHING = {
    "not verified": (seed(), ()),
    "not verified, and not linked": (seed(), ("--from", "a@mail.example")),
    "one of two": (seed("news.example", domains=["news.example", "mail.example"]), ("--from", "a@mail.example")),
    "disabled": (seed("news.example", status="disabled"), ()),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_not_ready_sends_nothing(name, server, project):
    content, words = NOTHING[name]
    again(server, project, content)
    done = project.run("ready", "news", *TO, *words, "--format", "json")
    assert (done.code, "sent" in done.json) == (7, False)
    assert "nothing was sent" in done.err
    assert not sent(server)


def test_a_sender_of_another_domain_is_a_mistake(account, project):
    done = project.run("ready", "news", *TO, "--from", "z@nope.example", "--format", "json")
    assert (done.code, done.out, sent(account)) == (1, "", [])
    assert "nothing was sent: news may not send from nope.example" in done.err
    assert "it may send from news.example" in done.err


def test_a_management_token_is_refused_before_it_leaves(account, project):
    project.write({"settings": {"environments": {"other": {"token": {"env": "OTHER"}}}}})
    (project.folder / "t").write_text("canary-other\n")
    for env, words in (
        ({"SEND": TOKEN}, ()),
        ({"OTHER": "canary-other"}, ("--token", f"file:{project.folder / 't'}")),
    ):
        done = project.run("ready", "news", *TO, *words, env=env)
        assert (done.code, "that is a Management API token" in done.err) == (8, True)
        assert "canary" not in done.err
    assert not account.arrived


WRONG = {
    "no token": (("--send-to", "a@example.com"), 1, "go together"),
    "no address": (("--token", "env:SEND"), 1, "go together"),
    "a sender alone": (("--from", "a@example.com"), 1, "go with --send-to"),
    "the token itself": (("--send-to", "a@example.com", "--token", "canary-secret"), 1, "never the token itself"),
    "no reference": (("--send-to", "a@example.com", "--token", "exec:x"), 1, "write env:NAME or file:PATH"),
    "no variable": (("--send-to", "a@example.com", "--token", "env:NONE"), 8, "NONE is not set"),
    "no e-mail address": (("--send-to", "ada", "--token", "env:SEND"), 1, "is not an e-mail address"),
    "a resolver": (("--resolver", "192.0.2.1"), 1, "goes with --check"),
    "no resolver": (("--check", "--resolver", "nowhere"), 1, "'nowhere' is not the address of a DNS server"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_command_line(name, account, project):
    words, code, says = WRONG[name]
    done = project.run("ready", "news", *words)
    assert (done.code, says in done.err) == (code, True), done.err
    assert "canary" not in done.out + done.err
    assert not account.arrived


PLACES = {
    "a host of others": ("https://mail.example/v1", 3, "which only the files name"),
    "no URL": ("mail", 3, "the send_endpoint must be a URL"),
    "over http": ("http://mail.example", 3, "must use https"),
}


@pytest.mark.parametrize("named", [True, False], ids=["endpoint of the command", "endpoint of the files"])
@pytest.mark.parametrize("name", PLACES)
def test_a_token_goes_to_no_place_that_only_the_files_name(name, named, account, project, listener):
    text, code, says = PLACES[name]
    project.write({"settings": {"endpoint": account.url, "send_endpoint": text}})
    env = {"https_proxy": listener.url, "HTTPS_PROXY": listener.url, **({} if named else {"QBOXCTL_ENDPOINT": None})}
    done = project.run("ready", "news", *TO, env=env)
    assert (done.code, says in done.err) == (code, True), done.err
    assert not account.arrived
    assert not listener.heard


def test_the_send_api_may_be_elsewhere(account, serve, project):
    other = serve()
    other.emulator = account.emulator
    for text in (other.url, f"{other.url}/v1", f"{other.url}/v1/"):
        other.arrived.clear()
        project.write({"settings": {"endpoint": account.url, "send_endpoint": text}})
        for env in ({"QBOXCTL_ENDPOINT": None}, {}):  # the command may name the same endpoint, or another one
            done = project.run("ready", "news", *TO, env=env)
            assert done.code == 0, done.err
        assert [one.path for one in other.arrived] == ["/v1/send"] * 2
    assert not sent(account)


def test_what_is_tried_on_this_machine_is_not_sent_elsewhere(account, project, outside):
    project.write({"settings": {"send_endpoint": "https://delivery.qboxmail.com/v1"}})
    assert project.run("ready", "news", *TO).code == 0
    assert [one.path for one in sent(account)] == ["/v1/send"]
    assert not outside.heard


def test_the_token_comes_out_nowhere(account, project):
    secret = project.env["SEND"]

    def after(one, response):
        if one.path == "/v1/send":
            return Response(400, {}, json.dumps({"message": f"no {secret}", "error": secret[::-1] + secret}).encode())
        return None

    account.after = after
    for words in ((), ("--debug",), ("--format", "json")):
        done = project.run("ready", "news", *TO, *words)
        assert done.code == 6
        assert secret not in done.out + done.err


def test_an_emulator_inside_the_command_has_no_token(project):
    done = project.run("ready", "news", *TO, "--endpoint", "emulator:", env={"SEND": "x"})
    assert (done.code, "qboxctl emulator" in done.err) == (1, True)


# DNS.


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()


def test_what_dns_lacks(account, project, names):
    (row,) = json.loads(account.emulator.handle(request("GET", "/api/delivery/domains")).body)["resources"][:1]
    for record in row["cname_verification_records"]:
        names.table[record["name"], "CNAME"] = [f"{record['value']}."]
    names.table["news.example", "TXT"] = ['"v=spf1 include:elsewhere.example ~all"']
    done = project.run("ready", "news", "--check", "--resolver", names.address, "--format", "json")
    assert (done.code, [one["code"] for one in done.json["lacks"]]) == (7, ["spf", "dmarc"])
    names.table["news.example", "TXT"] = [f'"{row["txt_spf_record"]}"']
    names.table["_dmarc.news.example", "TXT"] = ['"v=DMARC1; p=reject"']
    assert project.run("ready", "news", "--check", "--resolver", names.address).code == 0


def test_what_dns_does_not_answer_about_is_not_known_to_be_there(account, project, names):
    names.failing = True
    done = project.run("ready", "news", "--check", "--resolver", names.address, "--format", "json")
    records = {one["message"]: one["code"] for one in done.json["lacks"]}
    assert (done.code, done.json["ready"], {*records.values()}) == (7, False, {"spf", "dkim", "dmarc"})
    assert len(records) == len(done.json["lacks"]) > 3, "each record by itself"
    assert all(text.endswith(" is unknown: DNS gives no answer") for text in records)


# Time.


def lab(**parts: Any) -> tuple[Lab, str]:
    made = Lab(**{"seed": seed("news.example"), **parts})
    path = "/api/delivery/accounts/1001/api_tokens"
    told = made.emulator.handle(request("POST", path, {"label": "x"}))
    made.emulator.requests.clear()
    return made, json.loads(told.body)["resources"][0]["token"]


def sender_of(made: Lab, token: str) -> Sender:
    return Sender("https://api.example/v1", Revealed(token), ApiSettings(), **made.options())


def reader_of(made: Lab) -> Reader:
    return Reader("https://api.example", Revealed(TOKEN), made.api, **made.options())


def test_a_message_is_followed_until_it_has_ended() -> None:
    made, token = lab(quirks={"activation": "6"})
    trial = Trial("a@news.example", "ada@example.com", "0123")
    with closing(sender_of(made, token)) as client, closing(reader_of(made)) as reader:
        assert trial.send(client) == ""
        assert trial.follow(TraceMail(reader), 0.0) is Standing.QUEUED
        assert trial.follow(TraceMail(reader), 60.0) is Standing.DELIVERED
        assert made.clock.slept < 30


@pytest.mark.parametrize(("form", "waits"), [("retry_after", [1.0]), ("bare", [1.0])])
def test_a_rate_limit_is_waited_for_and_a_quota_is_not(form: str, waits: list[float]) -> None:
    made, token = lab(quirks={"send_429": form}, faults=[Fault("429", path="/v1/send")])
    with closing(sender_of(made, token)) as client:
        assert Trial("a@news.example", "ada@example.com", "0123").send(client) == ""
    assert made.clock.slept == pytest.approx(sum(waits), abs=0.1)
    made, token = lab(faults=[Fault("429", path="/v1/send", count=99)])
    with closing(sender_of(made, token)) as client, pytest.raises(Undone, match=r"takes no message: .*429"):
        Trial("a@news.example", "ada@example.com", "0123").send(client)
    assert len(made.emulator.requests) == 4
    assert made.clock.slept == pytest.approx(1 + 2 + 4, abs=0.1)
    made, token = lab(quirks={"send_429": "quota"})
    with closing(sender_of(made, token)) as client, pytest.raises(Refused, match="quota"):
        client.write("POST", "/send", Trial("a@news.example", "ada@example.com", "0123").body, repeatable=False)
    assert (len(made.emulator.requests), made.clock.slept) == (1, 0.0)


ROWS: dict[str, tuple[dict[str, Any], Standing | None]] = {
    # a row of a log whose server heeds no filter, and what it means
    "a line": ({"data": "Nov 1 10:00 <m@news.example> to=<bounce@example.com> status=delivered"}, Standing.DELIVERED),
    "a word": ({"message_id": "m@news.example", "state": "bounced"}, Standing.BOUNCE),
    "the subject": ({"data": {"subject": "Test of Delivery 0123", "x": [{"result": "error"}]}}, Standing.ERROR),
    "nothing": ({"message_id": "m@news.example"}, Standing.DELIVERED),
    "a long line": ({"data": f"{'x' * 2500} <m@news.example> status=bounced"}, Standing.BOUNCE),
    "a long text": ({"data": json.dumps({"log": "x\n" * 15_000, "id": "m@news.example"})}, Standing.DELIVERED),
    "nested deep": ({"data": json.loads("[" * 600 + '"m@news.example"' + "]" * 600)}, Standing.DELIVERED),
    "two words": ({"message_id": "m@news.example", "was": "queued", "is": "suppressed"}, Standing.DELIVERED),
    "another message": ({"message_id": "n@news.example", "state": "bounced"}, None),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_any_shape_tell_what_became_of_it(name: str) -> None:
    row, standing = ROWS[name]
    made, _ = lab(
        between=lambda _, answer: Response(200, {}, json.dumps({"resources": [row]}).encode()) if answer else None
    )
    trial = Trial("a@news.example", "bounce@example.com", "0123", message_id="m@news.example")
    with closing(reader_of(made)) as reader:
        assert trial.standing(TraceMail(reader)) is standing
