"""Seeds and dumps: a configuration is a seed, and what is dumped grows into the same account."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from qboxctl.emulator import Emulator, Request
from qboxctl.schema.numbers import GB


def test_a_seed_is_an_account(seeded):
    domain = "/api/domains/D000000007"
    row = seeded.call("GET", domain).rows[0]
    assert (row["plan"], row["max_email_quota"], row["antispam_level"], row["max_email_accounts"]) == (
        "professional",
        25 * GB,
        3,
        -1,
    )
    assert (row["status"], row["status_detail"], row["customer_code"]) == ("enabled", "ok", "C987654321")
    boxes = {row["name"]: row for row in seeded.call("GET", f"{domain}/email_accounts").rows}
    assert set(boxes) == {"postmaster", "ada", "eve"}
    assert (boxes["ada"]["max_email_quota"], boxes["ada"]["webmail_date_format"]) == (25 * GB, "DD/MM/YYYY")
    assert (boxes["eve"]["status"], boxes["eve"]["bounce_msg"], boxes["eve"]["webmail_date_format"]) == (
        "disabled",
        "Gone.\nSorry.",
        None,
    )
    assert boxes["postmaster"]["language"] == "en"
    aliases = seeded.call("GET", f"{domain}/alias_email_accounts").rows
    assert [row["destinations"] for row in aliases] == [["ada@example.com", "ops@example.net"], ["a@b.example"]]
    accounts = {row["id"]: row for row in seeded.call("GET", "/api/delivery/accounts").rows}
    assert accounts["77"]["type"] == "promotional"
    assert [row["status"] for row in seeded.call("GET", "/api/domains").rows] == ["enabled", "ownership_check"]
    assert seeded.emulator.password_sets == {}
    assert not seeded.emulator.has_password("mailbox/ada@example.com", "ADA")


def test_dump_and_seed_are_one(seeded):
    dump = seeded.emulator.dump()
    again = Emulator(seed=json.loads(json.dumps(dump)))
    assert again.dump() == dump
    assert json.dumps(again.dump(), sort_keys=False) == json.dumps(dump, sort_keys=False)
    accounts = dump["delivery"]["accounts"]
    assert set(accounts) == {"newsletter", "newsletter (2)", "app"}
    assert dump["delivery"]["suppressions"]["gone@example.org"]["accounts"] == ["newsletter", "newsletter (2)"]
    assert accounts["newsletter (2)"]["domains"] == ["news.example.com", "shop.example.com"]
    assert dump["domains"]["example.com"]["postmaster"] == {"language": "en"}
    assert dump["domains"]["example.com"]["mailboxes"]["ada"]["tags"] == ["a", "b"]
    assert dump["domains"]["waiting.example"]["status"] == "ownership_check"
    assert dump["taken"]["domains"] == ["stranger.example"]


def test_a_name_that_two_objects_bear_is_told_by_its_address():
    both = {"domains": {"news.example": {}}, "accounts": {"news.example": {"type": "newsletter"}}}
    manager = {"firstname": "Ina", "lastname": "Rossi", "delivery": ["delivery_account/news.example", "shop"]}
    both["accounts"]["shop"] = {"type": "newsletter"}
    account = Emulator(seed={"delivery": both, "managers": {"ina@partner.example": manager}})
    dump = account.dump()
    assert dump["managers"]["ina@partner.example"]["delivery"] == ["delivery_account/news.example", "shop"]
    assert Emulator(seed=json.loads(json.dumps(dump))).dump() == dump


def test_a_dump_without_codes_does_not_depend_on_the_order_of_creation(seed):
    turned = {
        **seed,
        "domains": dict(reversed(seed["domains"].items())),
        "delivery": {
            "domains": dict(reversed(seed["delivery"]["domains"].items())),
            "accounts": dict(reversed(seed["delivery"]["accounts"].items())),
            "suppressions": dict(reversed(seed["delivery"]["suppressions"].items())),
        },
    }
    one, other = Emulator(seed=seed), Emulator(seed=turned)
    assert one.dump() != other.dump()
    assert one.dump(codes=False) == other.dump(codes=False)
    assert "code" not in json.dumps(one.dump(codes=False)).replace("customer_code", "")


def test_codes_go_on_where_a_dump_ended(account, seeded):
    def create(client):
        client.mailbox("/api/domains/D000000007", "new")
        client.call("POST", "/api/delivery/accounts", {"description": "x", "type": "newsletter"})
        client.domain("new.example")
        return client.emulator.dump()

    again = account(seed=seeded.emulator.dump())
    assert create(again) == create(seeded)


def test_numeric_codes_survive(account, seed):
    dump = account(seed=seed, quirks={"ids": "number"}).emulator.dump()
    assert dump["domains"]["example.com"]["code"] == "7"
    assert Emulator(seed=dump, quirks={"ids": "number"}).dump() == dump


def test_the_customer_of_a_configuration(account):
    client = account(seed={"settings": {"customer_code": "C555"}})
    assert client.domain(customer_code="C555")


def test_a_domain_that_states_no_ceiling_holds_its_mailboxes(account):
    seed = {"domains": {"example.com": {"mailboxes": {"ada": {"max_email_quota": "50GB"}, "bob": {}}}}}
    dump = account(seed=seed).emulator.dump()["domains"]["example.com"]
    assert dump["max_email_quota"] == 50 * GB
    assert dump["mailboxes"]["bob"]["max_email_quota"] == 8 * GB


def test_attributes_that_a_seed_uses_are_known_from_then_on(account):
    boxes = {"ada": {"extra": {"forward_to": "a@b.example"}}, "bob": None}
    client = account(seed={"domains": {"example.com": {"code": "D1", "mailboxes": boxes}}})
    path = "/api/domains/D1/email_accounts"
    rows = {row["name"]: row for row in client.call("GET", path).rows}
    assert (rows["ada"]["forward_to"], rows["bob"]["forward_to"]) == ("a@b.example", None)
    assert client.call("PUT", f"{path}/{rows['bob']['code']}", {"forward_to": "x"}).status == 204
    assert client.emulator.dump()["domains"]["example.com"]["mailboxes"]["bob"]["extra"] == {"forward_to": "x"}


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ({"domains": []}, "domains: expected a mapping"),
        ({"domains": {"nodomain": {}}}, "domain/nodomain: 'nodomain' is not a domain name"),
        ({"domains": {"a.example": {"colour": 1}}}, "domain/a.example: there is no attribute 'colour': there are "),
        ({"domains": {"a.example": {"chat": "yes"}}}, "domain/a.example: chat: expected true or false"),
        ({"domains": {"a.example": {"status": "asleep"}}}, "domain/a.example: status: 'asleep'"),
        ({"domains": {"a.example": {}, "A.example": {}}}, "domain/a.example: the name is taken by"),
        (
            {"domains": {"a.example": {"mailboxes": {"x": {}}, "aliases": {"x": ["a@b.example"]}}}},
            "alias/x@a.example: the name is taken by mailbox/x@a.example",
        ),
        (
            {"domains": {"a.example": {"mailboxes": {"x": {"code": "EA1"}, "y": {"code": "EA1"}}}}},
            "mailbox/y@a.example: the code EA1 is taken",
        ),
        (
            {"domains": {"a.example": {"max_email_quota": "1GB", "mailboxes": {"x": {"max_email_quota": "2GB"}}}}},
            "mailbox/x@a.example: max_email_quota: it is larger",
        ),
        ({"domains": {"a.example": {"mailboxes": {"x": 7}}}}, "mailbox/x@a.example: expected a mapping"),
        ({"domains": {"a.example": {"mailboxes": {"x": {"max_email_quota": 3}}}}}, "mailbox/x@a.example: max_email"),
        ({"domains": {"a.example": {"postmaster": {"colour": 1}}}}, "domain/a.example: there is no attribute"),
        ({"domains": {"a.example": {"aliases": {"x": "a@b.example"}}}}, "alias/x@a.example: destinations: expected"),
        ({"domains": {"a.example": {"extra": {"chat": True}}}}, "extra.chat: this attribute has a place of its own"),
        ({"domains": {"a.example": {}}, "taken": {"domains": ["A.example"]}}, "domain/a.example: the name is taken"),
        (
            {"delivery": {"accounts": {"n": {"type": "newsletter", "domains": ["x.example"]}}}},
            "delivery_account/n: domains: there is no delivery_domain/x.example",
        ),
        (
            {"delivery": {"suppressions": {"a@b.example": {"reason": "bounce", "accounts": ["n"]}}}},
            "suppression/a@b.example: accounts: there is no delivery_account/n",
        ),
    ],
)
def test_wrong_seeds_name_the_object(seed, message):
    with pytest.raises(ValueError, match=r"(?s).*") as caught:
        Emulator(seed=seed)
    assert message in str(caught.value)


def test_control_calls_in_memory(seeded):
    assert seeded.call("GET", "/_emulator/state", token="").data == seeded.emulator.dump()
    seeded.call("GET", "/api/domains", query="x")
    (entry,) = seeded.call("GET", "/_emulator/requests", token="").data["requests"]
    assert (entry["method"], entry["path"], entry["query"], entry["status"]) == (
        "GET",
        "/api/domains",
        {"query": "x"},
        200,
    )
    assert seeded.call("DELETE", "/_emulator/requests", token="").status == 204
    assert seeded.emulator.requests == []
    assert seeded.call("POST", "/_emulator/publish", {"domain": "waiting.example"}, token="").status == 204
    assert seeded.call("POST", "/_emulator/publish", {"domain": ""}, token="").status == 422
    assert seeded.call("GET", "/_emulator/nothing").status == 404


def test_what_a_control_call_changes_is_kept_too():
    kept: list[Any] = []
    emulator = Emulator(on_write=lambda: kept.append(emulator.dump()))
    for body, status in ((b'{"domain": "news.example"}', 204), (b"{}", 422)):
        assert emulator.handle(Request("POST", "/_emulator/publish", {}, {}, body)).status == status
    assert emulator.handle(Request("GET", "/_emulator/state", {}, {}, b"")).status == 200
    assert [one["published"] for one in kept] == [["news.example"]]


def test_many_threads_leave_a_whole_account(account):
    client = account(seed={"domains": {"example.com": {"code": "D1", "max_email_accounts": 150}}})
    replies, writes = [], []
    client.emulator._on_write = lambda: writes.append(1)

    def work(number):
        for box in range(40):
            replies.append(client.mailbox("/api/domains/D1", f"u{(number * 20 + box) % 200}").status)
            client.call("GET", "/api/domains/D1/email_accounts", per="200")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies.count(201) == len(writes) == 150
    assert set(replies) == {201, 422}
    dump = client.emulator.dump()
    assert len(dump["domains"]["example.com"]["mailboxes"]) == 150
    assert Emulator(seed=dump).dump() == dump
    assert len(client.emulator.requests) == 8 * 80
