"""The Send API of the emulator, and TraceMail: tokens, payloads, limits, suppression, and what the log shows."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from qboxctl.emulator import Emulator, Request
from tests.emulator.conftest import Reply

FROM = "Shop <shop@news.example>"
GOOD = {"from": FROM, "to": "ada@example.com", "subject": "Hi", "text_body": "Hello"}
TRACE = "/api/delivery/tracemail"


class Sender:
    """An emulated account with a token of the Send API."""

    def __init__(self, *, seed: dict[str, Any] | None = None, account: dict[str, Any] | None = None, **quirks: str):
        self.now = 1_790_000_000.0
        settings = {"type": "newsletter", "domains": ["news.example", "other.example"], **(account or {})}
        content = {
            "published": ["news.example"],
            "delivery": {
                "domains": {"news.example": {}, "other.example": {}, "strange.example": {}},
                "accounts": {"news": settings}, **(seed or {}),
            },
        }  # fmt: skip
        self.emulator = Emulator(seed=content, quirks=quirks, clock=lambda: self.now, token="management")
        place = "/api/delivery/accounts/1001/api_tokens"
        self.token = self.call("POST", place, {"label": "a"}, token="management").rows[0]["token"]
        self.place = f"{place}/7001"

    def call(self, method: str, path: str, body: Any = None, *, token: str = "management", **query: str) -> Reply:
        raw = b"" if body is None else json.dumps(body).encode()
        return Reply(self.emulator.handle(Request(method, path, query, {"x-api-token": token}, raw)))

    def send(self, body: Any, path: str = "/v1/send", **headers: str) -> Reply:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        known = {
            "authorization": f"Bearer {self.token}",
            **{name.replace("_", "-"): one for name, one in headers.items()},
        }
        return Reply(self.emulator.handle(Request("POST", path, {}, known, raw)))

    def one(self, **more: Any) -> Reply:
        """Send a message; what is None is left out."""
        message = {name: value for name, value in {**GOOD, **more}.items() if value is not None}
        return self.send({"messages": [message]})

    def bulk(self, message: Any, recipients: Any, **more: Any) -> Reply:
        return self.send({"message": message, "recipients": recipients, **more}, "/v1/send/bulk")

    def log(self, **query: str) -> list[dict[str, Any]]:
        found = self.call("GET", f"{TRACE}/mailouts", **query)
        return [json.loads(row["data"]) for row in found.rows]

    def counters(self, **query: str) -> dict[str, Any]:
        (row,) = self.call("GET", f"{TRACE}/counters", **query).rows
        return {name: int(number) for name, number in row.items() if int(number)}


def test_a_message_is_sent_and_shows_up_in_the_log():
    sender = Sender()
    done = sender.one(cc=["Eve <eve@example.com>"], bcc={"address": "kim@example.com"})
    assert (done.status, done.data["error_code"], done.data["queued_messages"]) == (202, 0, 1)
    (message,) = done.data["messages"]
    assert message["to"] == "ada@example.com, eve@example.com, kim@example.com"
    assert message["message_id"].endswith("@news.example")
    assert done.data["suppression_summary"] == {"status": "checked", "recipients": 3, "suppressed": 0}
    rows = sender.log()
    assert {row["to"] for row in rows} == {"ada@example.com", "eve@example.com", "kim@example.com"}
    assert {row["message_id"] for row in rows} == {message["message_id"]}
    assert sender.counters() == {"all": 3, "delivered": 3}
    (token,) = sender.call("GET", sender.place.removesuffix("/7001")).rows
    assert token["last_used_at"]
    (account,) = sender.call("GET", "/api/delivery/accounts").rows
    assert (account["messages_sent"], account["remaining_messages"]) == (3, 997)


TOKENS = {"none": {"authorization": ""}, "no bearer": {"authorization": "Basic x"}, "another": {
    "authorization": "Bearer management"}}  # fmt: skip


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_of_the_send_api_is_needed(name):
    done = Sender().send({"messages": [GOOD]}, **TOKENS[name])
    assert (done.status, done.data["error_code"], done.data["error"]) == (401, 401, "unauthorized")
    assert done.data["request_id"]


@pytest.mark.parametrize("given", [None, "management"])
def test_a_token_of_the_send_api_manages_nothing(given):
    sender = Sender()
    emulator = Emulator(token=given, seed=sender.emulator.dump())
    assert emulator.handle(Request("GET", "/api/domains", {}, {"x-api-token": "management"})).status == 200
    place = "/api/delivery/accounts/1001/api_tokens"
    made = emulator.handle(Request("POST", place, {}, {"x-api-token": "management"}, b'{"label": "b"}'))
    told = json.loads(made.body)["resources"][0]["token"]
    assert emulator.handle(Request("GET", "/api/domains", {}, {"x-api-token": told})).status == 401


def attached(**more: Any) -> dict[str, Any]:
    whole = {"filename": "a.txt", "content_type": "text/plain", "content": base64.b64encode(b"x").decode(), **more}
    return {"attachments": [{name: one for name, one in whole.items() if one is not None}]}


WRONG = {
    "no sender": ({"from": None}, "from: is missing"),
    "two senders": ({"from": "a@news.example, b@news.example"}, "from: must be one address"),
    "no recipient": ({"to": None}, "to: there is no recipient"),
    "no address": ({"to": "ada"}, "to: holds what is no e-mail address"),
    "a number": ({"cc": 7}, "cc: must be an address"),
    "no subject": ({"subject": None}, "subject: must be a text"),
    "no body": ({"text_body": None}, "text_body: is needed, or html_body"),
    "headers": ({"headers": {"X-A": {}}}, "headers: may hold texts"),
    "no list": ({"attachments": {}}, "attachments: must be a list"),
    "no name": (attached(filename=None), "attachments: each needs filename"),
    "no base64": (attached(content="ä"), "attachments: content must be base64"),
    "inline without an id": (attached(disposition="inline"), "attachments: disposition is"),
    "attached with an id": (attached(disposition="attachment", content_id="x"), "attachments: disposition is"),
    "another name": ({"text": "x"}, "text: is not allowed"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_message(name):
    more, says = WRONG[name]
    done = Sender().one(**more)
    assert (done.status, done.data["error"]) == (400, "invalid_message")
    assert f"messages[0].{says}" in done.data["message"]


RIGHT = [
    {"from": {"address": "shop@news.example", "name": "Shop"}}, {"to": "ada@example.com, eve@example.com"},
    {"to": [{"address": "ada@example.com"}, "Eve <eve@example.com>"]}, {"text_body": None, "html_body": "<p>x"},
    {"headers": {"X-A": [1, "x", True]}}, attached(), attached(content_id="x"), {"reply_to": "a@b.example"},
    {"metadata": {"order": 1}, "tags": ["x"]},
]  # fmt: skip


@pytest.mark.parametrize("more", RIGHT)
def test_what_is_a_message(more):
    assert Sender().one(**more).status == 202


PAYLOADS = {
    "no JSON": (b"{", 400, "invalid_json"),
    "a list": ([], 400, "invalid_json"),
    "nothing": ({}, 400, "missing_send_payload"),
    "no messages": ({"messages": []}, 400, "missing_send_payload"),
    "too many": ({"messages": [GOOD] * 501}, 400, "too_many_messages"),
    "too large": (b" " * (50 * 1024 * 1024 + 1), 413, "payload_too_large"),
    "not linked": ({"messages": [{**GOOD, "from": "a@strange.example"}]}, 403, "domain_not_allowed"),
    "not verified": ({"messages": [{**GOOD, "from": "a@other.example"}]}, 403, "domain_not_allowed"),
}  # fmt: skip


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_is_no_payload(name):
    body, status, error = PAYLOADS[name]
    done = Sender().send(body)
    assert (done.status, done.data["error_code"], done.data["error"]) == (status, status, error)


STATES = {
    "verified and approved": ({"dns_verification_status": "verified", "approval_status": "approved"}, 202),
    "not approved": ({"dns_verification_status": "verified"}, 403),
    "no record found": (
        {"dns_verification_status": "verified", "approval_status": "approved", "spf_last_check_ok": False}, 202,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_a_seed_may_state_what_only_the_server_knows(name):
    facts, status = STATES[name]
    content = {"domains": {"news.example": {}, "other.example": facts}}
    account = {"accounts": {"news": {"type": "newsletter", "domains": ["other.example"]}}}
    sender = Sender(seed={**content, **account})
    assert sender.one(**{"from": "a@other.example"}).status == status
    rows = sender.call("GET", "/api/delivery/domains").rows
    assert facts.items() <= next(row for row in rows if row["name"] == "other.example").items()
    again = Emulator(seed=sender.emulator.dump())
    assert again.dump() == sender.emulator.dump()


def test_five_hundred_messages_are_allowed():
    done = Sender().send({"messages": [GOOD] * 500})
    assert (done.status, done.data["queued_messages"]) == (202, 500)


TEMPLATE = {"from": FROM, "subject": "Hi {{name}}", "text_body": "{{ email }}", "headers": {"X-{{name}}": "{{name}}"}}


def people(number: int, **more: Any) -> list[dict[str, Any]]:
    return [{"email": f"p{one}@example.com", **more} for one in range(number)]


def test_a_template_is_filled_for_each_recipient():
    sender = Sender()
    done = sender.bulk(TEMPLATE, [{"email": "ada@example.com", "substitutions": {"name": "Ada"}}])
    assert (done.status, done.data["messages"][0]["to"]) == (202, "ada@example.com")
    assert [row["subject"] for row in sender.log()] == ["Hi Ada"]
    assert sender.bulk(TEMPLATE, people(1), options={"strict_substitutions": False}).status == 202
    assert sender.log()[0]["subject"] == "Hi "


BULK = {
    "to": ({**TEMPLATE, "to": "a@b.example"}, people(1), {}, "invalid_message"),
    "no recipients": (TEMPLATE, [], {}, "missing_send_payload"),
    "no message": ({}, people(1), {}, "missing_send_payload"),
    "too many": (TEMPLATE, people(501), {}, "too_many_recipients"),
    "no value": (TEMPLATE, people(1), {}, "missing_substitution"),
    "no address": ({**TEMPLATE, "subject": "x", "headers": {}}, [{"email": "x"}], {}, "invalid_message"),
    "no object": (TEMPLATE, ["x"], {}, "invalid_message"),
    "options": (TEMPLATE, people(1), {"options": {"strict_substitutions": "no"}}, "invalid_message"),
}


@pytest.mark.parametrize("name", BULK)
def test_what_is_no_template(name):
    message, recipients, more, error = BULK[name]
    done = Sender().bulk(message, recipients, **more)
    assert (done.status, done.data["error"]) == (400, error)


def test_properties_that_a_template_does_not_know_are_ignored():
    assert Sender().bulk({**TEMPLATE, "subject": "x", "headers": {}, "colour": 1}, people(2)).status == 202


@pytest.mark.parametrize("form", ["retry_after", "bare", "quota"])
def test_so_many_requests_a_second_and_no_more(form):
    sender = Sender(send_429=form)
    statuses = [sender.one().status for _ in range(11)]
    if form == "quota":
        assert set(statuses) == {429}
        assert sender.one().data["error"] == "rate_limit_exceeded"
    else:
        assert statuses == [202] * 10 + [429]
    done = sender.one()
    assert done.response.headers.get("retry-after") == ("1" if form == "retry_after" else None)
    sender.now += 1
    again = sender.one()
    assert (again.status, (again.data or {}).get("error")) == (
        (429, "daily_quota_exceeded") if form == "quota" else (202, None)
    )


def test_a_quota_is_for_all_of_a_request():
    sender = Sender()
    assert sender.send({"messages": [GOOD] * 499}).status == 202
    assert sender.send({"messages": [GOOD] * 500}).status == 202
    done = sender.send({"messages": [GOOD] * 2})
    assert (done.status, done.data["error"]) == (429, "daily_quota_exceeded")
    assert sender.counters() == {"all": 999, "delivered": 999}
    assert sender.one().status == 202


ENTRY = {"ada@example.com": {"reason": "bounce"}}
SUPPRESSED = {
    "whom all avoid": ({"suppressions": ENTRY}, {}, True),
    "whom this account avoids": (
        {"suppressions": {"ada@example.com": {"reason": "bounce", "accounts": ["news"]}}}, {}, True,
    ),
    "whom nobody avoids any more": (
        {"suppressions": {"ada@example.com": {"reason": "bounce", "active": False}}}, {}, False,
    ),
    "whom this account sends to all the same": ({"suppressions": ENTRY}, {"ignore_suppression_list": True}, False),
}  # fmt: skip


@pytest.mark.parametrize("place", ["top", "per_message", "absent"])
@pytest.mark.parametrize("name", SUPPRESSED)
def test_a_suppressed_address_is_not_sent(name, place):
    seed, account, held = SUPPRESSED[name]
    sender = Sender(seed=seed, account=account, send_summary=place)
    done = sender.one()
    (message,) = done.data["messages"]
    summary = {"top": done.data, "per_message": message}.get(place, {}).get("suppression_summary", {})
    assert place == "absent" or summary["suppressed"] == held
    assert place == "absent" or summary["status"] == ("ignored" if account else "checked")
    assert sender.counters() == {"all": 1, "suppressed" if held else "delivered": 1}
    (row,) = sender.call("GET", "/api/delivery/accounts").rows
    assert row["messages_sent"] == (not held)


def test_what_bounces_is_suppressed_from_then_on():
    sender = Sender()
    for status in ("bounce", "suppressed"):
        sender.one(to="bounce@example.com")
        assert [row["status"] for row in sender.log(status=status)] == [status]
    (entry,) = sender.call("GET", "/api/delivery/suppression_lists").rows
    assert (entry["email"], entry["reason"]) == ("bounce@example.com", "bounce")


NETS = {
    "the token's": ("token", ["192.0.2.0/24"], "192.0.2.7", 202),
    "not the token's": ("token", ["192.0.2.0/24"], "198.51.100.1", 403),
    "the account's": ("account", ["2001:db8::/32"], "2001:db8::1", 202),
    "not the account's": ("account", ["2001:db8::/32"], "", 403),
    "a word": ("token", ["192.0.2.0/24"], "unknown", 403),
    "a port": ("account", ["192.0.2.0/24"], "192.0.2.7:5555", 403),
    "a word where any may": ("token", [], "unknown", 403),
    "proxies behind it": ("token", ["192.0.2.0/24"], "192.0.2.7, unknown", 202),
}


@pytest.mark.parametrize("name", NETS)
def test_only_some_networks_may_send(name):
    what, nets, origin, status = NETS[name]
    sender = Sender(account={"allow_nets": nets} if what == "account" else {})
    if what == "token":
        assert sender.call("PUT", sender.place, {"allow_nets": nets}).status == 204
    done = sender.send({"messages": [GOOD]}, **({"x_forwarded_for": origin} if origin else {}))
    assert (done.status, done.data.get("error", "")) == (status, "network_not_allowed" if status == 403 else "")


def test_an_account_that_is_disabled_sends_nothing():
    sender = Sender(account={"status": "disabled"})
    assert (sender.one().status, sender.one().data["error"]) == (403, "account_not_allowed")
    sender = Sender()
    sender.call("DELETE", sender.place)
    assert sender.one().status == 401


@pytest.mark.parametrize(
    ("form", "order"), [("all_or_nothing", "same"), ("per_message", "same"), ("per_message", "shuffled")]
)
def test_one_message_of_some_is_wrong(form, order):
    sender = Sender(send_partial=form, send_order=order, send_status="200")
    done = sender.send({"messages": [GOOD, {**GOOD, "subject": 1}, {**GOOD, "from": "x@other.example"}]})
    if form == "all_or_nothing":
        assert (done.status, sender.log()) == (400, [])
        return
    codes = [one["error_code"] for one in done.data["messages"]]
    assert (done.status, done.data["queued_messages"]) == (200, 1)
    assert codes == ([0, 400, 403] if order == "same" else [403, 400, 0])


@pytest.mark.parametrize(("place", "host", "status"), [
    ("api", "api.qboxmail.com", 202), ("api", "delivery.qboxmail.com", 404), ("delivery", "api.qboxmail.com", 404),
    ("delivery", "delivery.qboxmail.com", 202), ("delivery", "127.0.0.1:8025", 202),
])  # fmt: skip
def test_one_host_has_the_send_api(place, host, status):
    assert Sender(send_host=place).send({"messages": [GOOD]}, host=host).status == status


def test_other_paths_and_methods_are_none():
    sender = Sender()
    assert sender.send({}, "/v1/other").status == 404
    assert sender.emulator.handle(Request("GET", "/v1/send", {}, {})).status == 405


# TraceMail.

LOG = [
    {"account": "1001", "domain": "news.example", "sender": "a@news.example", "to": "ada@example.com",
     "subject": "Order 7", "status": "delivered", "date": "2026-11-01T10:00:00.000Z"},
    {"account": "1001", "domain": "other.example", "sender": "b@other.example", "to": "eve@example.com",
     "subject": "Order 8", "status": "bounce", "date": "2026-11-02T10:00:00.000Z"},
    {"account": "1002", "domain": "news.example", "sender": "a@news.example", "to": "kim@example.com",
     "subject": "News", "status": "error", "error_category": "limits", "date": "2026-11-03T10:00:00.000Z"},
    {"account": "1002", "domain": "news.example", "sender": "a@news.example", "to": "lea@example.com",
     "subject": "News", "status": "queued", "date": "2026-11-04T10:00:00.000Z", "auth_protocol": "smtp"},
]  # fmt: skip
FILTERS = {
    "all": ({}, 4), "account": ({"account": "1001"}, 2), "by name": ({"account": "news"}, 2),
    "domain": ({"domain": "other.example"}, 1), "from": ({"from": "b@"}, 1), "to": ({"to": "ada"}, 1),
    "subject": ({"subject": "order"}, 2), "since": ({"start_date": "2026-11-03"}, 2),
    "until": ({"end_date": "2026-11-01"}, 1), "smtp": ({"auth_protocol": "smtp"}, 1), "none": ({"to": "nobody"}, 0),
}  # fmt: skip


def logged(**quirks: str) -> Sender:
    sender = Sender()
    content = {**sender.emulator.dump(), "mailouts": LOG}
    sender.emulator = Emulator(seed=content, quirks=quirks, token="management")
    return sender


@pytest.mark.parametrize("name", FILTERS)
def test_filters(name):
    query, number = FILTERS[name]
    assert logged().counters(**query).get("all", 0) == number


def test_collections_and_counters():
    sender = logged()
    assert sender.counters() == {
        "all": 4, "delivered": 1, "bounce": 1, "queued": 1, "errors": 1, "limitsErrors": 1,
    }  # fmt: skip
    shown = {where: [row["to"][:3] for row in sender.log(collection=where)] for where in ("worked", "queued", "errors")}
    assert shown == {"worked": ["eve", "ada"], "queued": ["lea"], "errors": ["kim"]}
    assert [row["to"][:3] for row in sender.log(status="bounce")] == ["eve"]
    assert sender.log(collection="errors", error_category="auth") == []


@pytest.mark.parametrize(("form", "good", "bad"), [
    ("day", "2026-11-01", "2026-11-01T00:00:00Z"), ("rfc3339", "2026-11-01T00:00:00+01:00", "2026-11-01"),
])  # fmt: skip
def test_dates_have_one_form(form, good, bad):
    sender = logged(trace_dates=form)
    assert sender.call("GET", f"{TRACE}/counters", start_date=good).status == 200
    assert sender.call("GET", f"{TRACE}/mailouts", end_date=bad).errors == {"end_date": "is not valid"}


@pytest.mark.parametrize("numbers", ["text", "number"])
@pytest.mark.parametrize("row", ["data_text", "data_object", "flat"])
@pytest.mark.parametrize("paging", ["{}", "totals"])
def test_forms_of_answers(numbers, row, paging):
    sender = logged(trace_numbers=numbers, trace_row=row, job_paging=paging)
    (found,) = sender.call("GET", f"{TRACE}/counters").rows
    assert found["all"] == ("4" if numbers == "text" else 4)
    page = sender.call("GET", f"{TRACE}/mailouts", page="1", per="1")
    (first,) = page.rows
    told = {
        "data_text": lambda: json.loads(first["data"]),
        "data_object": lambda: first["data"],
        "flat": lambda: first,
    }[row]()
    assert told["to"] == "eve@example.com"
    assert bool(page.data["pagination"]) == (paging == "totals")


@pytest.mark.parametrize(
    "query", [{"status": "x"}, {"collection": "x"}, {"error_category": "x"}, {"auth_protocol": "x"}]
)
def test_filters_that_are_none(query):
    assert logged().call("GET", f"{TRACE}/mailouts", **query).errors


def test_what_is_sent_is_in_the_queue_for_a_while():
    sender = Sender(activation="2")
    sender.one()
    assert sender.counters() == {"all": 1, "queued": 1}
    seen = [len(sender.log(collection="queued")) for _ in range(3)]
    assert (seen, len(sender.log())) == ([1, 1, 0], 1)
    sender.one(to="queued@example.com")
    for _ in range(4):
        assert len(sender.log(collection="queued")) == 1


def test_what_was_sent_is_kept_with_the_account():
    sender = Sender()
    sender.one()
    again = Emulator(seed=sender.emulator.dump())
    assert again.dump() == sender.emulator.dump()
