"""What takes its time under some quirks: activation, proof of ownership, deletion."""

from __future__ import annotations

import pytest

from qboxctl.emulator import QUIRKS

BOXES = "/api/domains/D000000007/email_accounts"


def test_activation_of_mailboxes_takes_reads(account):
    client = account(quirks={"activation": "2"})
    domain = client.domain()
    for _ in range(3):
        client.call("GET", domain)
    client.mailbox(domain)
    path = f"{domain}/email_accounts"
    client.call("GET", path, query="postmaster")
    assert [client.call("GET", path, query="ada@").rows[0]["status_detail"] for _ in range(3)] == [
        "activating",
        "activating",
        "ok",
    ]


@pytest.mark.parametrize("answer", QUIRKS["unverified_answer"])
def test_without_the_synchronous_check(account, answer):
    quirks = {"ownership": "wait", "unverified_answer": answer}
    for sync in QUIRKS["ownership_sync"]:
        client = account(quirks={**quirks, "ownership_sync": sync}, seed={"domains": {"a.example": {"code": "D1"}}})
        client.emulator._store.find("domain", "D1").status = "ownership_check"
        reply = client.call("PUT", "/api/domains/D1/dns_ownership_check/sync")
        if sync == "absent":
            assert reply.status == 404
        elif answer == "422":
            assert reply.errors == {"ownership": "is not verified"}
        else:
            assert reply.data["verified"] is False
        assert client.call("PUT", "/api/domains/D1/dns_ownership_check").status == 204
        assert client.call("GET", "/api/domains/D1").rows[0]["status"] == "ownership_check"
        client.emulator.publish("a.example")
        assert client.call("PUT", "/api/domains/D1/dns_ownership_check").status == 204
        assert client.call("GET", "/api/domains/D1").rows[0]["status"] == "enabled"


def test_default_filter_of_delivery_lists(account, seed):
    client = account(quirks={"list_default_status": "enabled"}, seed=seed)
    assert {row["status"] for row in client.call("GET", "/api/delivery/accounts").rows} == {"enabled"}
    assert len(client.call("GET", "/api/delivery/accounts", status="all").rows) == 3
    assert [row["active"] for row in client.call("GET", "/api/delivery/suppression_lists").rows] == [True]
    assert {row["status"] for row in client.call("GET", "/api/domains").rows} == {"enabled", "ownership_check"}


@pytest.mark.parametrize(("value", "reads"), [("queued", 2), ("queued:3", 3), ("queued:0", 0), ("immediate", 0)])
def test_queued_deletion(account, seed, value, reads):
    client = account(quirks={"delete": value}, seed=seed)
    item = f"{BOXES}/{client.code(BOXES, 'ada')}"
    writes = []
    client.emulator._on_write = lambda: writes.append(1)
    assert client.call("DELETE", item).status == 204
    assert "ada" not in client.emulator.dump()["domains"]["example.com"]["mailboxes"]
    for _ in range(reads):
        assert client.call("DELETE", item).status == 404
        assert client.call("PUT", item, {"language": "en"}).status == 404
        body = {"name": "ada", "firstname": "A", "password": "abcdefg1", "password_confirmation": "abcdefg1"}
        assert client.call("POST", BOXES, body).errors == {"name": "already exists"}
        assert client.call("GET", item).rows[0]["status_detail"] == "deleting"
    assert client.call("GET", item).status == 404
    assert client.call("POST", BOXES, body if reads else {}).status == (201 if reads else 422)
    assert len(writes) >= 1


def test_nothing_is_written_inside_a_domain_on_its_way_out(account, seed):
    client = account(quirks={"delete": "queued"}, seed=seed)
    item = f"{BOXES}/{client.code(BOXES, 'ada')}"
    assert client.call("DELETE", "/api/domains/D000000007").status == 204
    assert client.call("PUT", item, {"language": "en"}).status == 404
    assert client.call("DELETE", item).status == 404
    body = {"name": "new", "destinations": ["a@b.example"]}
    reply = client.call("POST", "/api/domains/D000000007/alias_email_accounts", body)
    assert reply.errors == {"domain": "is not active"}
    assert client.call("PUT", "/api/domains/D000000007/dns_ownership_check").status == 404
    assert [len(client.call("GET", "/api/domains").rows) for _ in range(3)] == [2, 2, 1]


@pytest.mark.parametrize("reads", [1, 2])
@pytest.mark.parametrize("places", [("archive/domains/D1", "domains/D1"), ("domains/D1",)], ids=str)
def test_what_leaves_together_is_gone_together(account, places, reads):
    vault = {"retention": 60, "mailboxes": ["ada"]}
    domain = {"code": "D1", "mailboxes": {"ada": {"firstname": "A"}}, "vault": vault}
    client = account(quirks={"delete": f"queued:{reads}"}, seed={"domains": {"a.example": domain}})
    for place in places:
        assert client.call("DELETE", f"/api/{place}").status == 204
    assert [len(client.call("GET", "/api/domains").rows) for _ in range(reads + 1)] == [1] * reads + [0]
