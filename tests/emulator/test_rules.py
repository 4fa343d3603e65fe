"""What the server refuses for reasons of its own, and what it does by itself."""

from __future__ import annotations

import pytest

from qboxctl.schema.numbers import GB

PASSWORD = "correct4horse"
POSTMASTER = {"postmaster_password": PASSWORD, "postmaster_password_confirmation": PASSWORD}


def create(client, path, body):
    reply = client.call("POST", f"/api/{path}", body)
    assert reply.status == 201, reply.data
    return reply.data["resource_code"] if reply.data else None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/api/domains/", 404),
        ("GET", "/api/domains/D1", 404),
        ("GET", "/api/domains/D1/email_accounts", 404),
        ("POST", "/api/domains/D1/email_accounts", 404),
        ("PUT", "/api/domains/D1/status", 404),
        ("GET", "/api/domains/D1/outbound_limits", 404),
        ("DELETE", "/api/domains", 405),
        ("PATCH", "/api/domains/D1", 405),
        ("GET", "/api/delivery/suppression_lists/details", 405),
        ("DELETE", "/api/delivery/suppression_lists/edit", 405),
    ],
)
def test_unknown_paths_and_methods(plain, method, path, status):
    reply = plain.call(method, path)
    assert reply.status == status
    assert reply.data == {"message": "Not found" if status == 404 else "Method not allowed", "errors": []}
    if status == 405:
        assert reply.response.headers["allow"]


@pytest.mark.parametrize(
    ("known", "token", "status"),
    [
        (None, "any", 200),
        (None, "", 401),
        (None, "send_abc", 401),
        ("right", "right", 200),
        ("right", "wrong", 401),
        ("send_x", "send_x", 401),
    ],
)
def test_token(account, known, token, status):
    client = account(token=known)
    reply = client.call("GET", "/api/domains", token=token)
    assert reply.status == status
    if status == 401:
        assert reply.data == {"message": "Unauthorized", "errors": []}
    assert token == "" or token not in repr(client.emulator.requests)


def test_names_are_unique_on_the_platform(seeded):
    for path, name in (
        ("domains", "Example.COM"),
        ("domains", "stranger.example"),
        ("delivery/domains", "news.example.com"),
        ("delivery/domains", "news.stranger.example"),
    ):
        body = {"name": name, **(POSTMASTER if path == "domains" else {})}
        assert seeded.call("POST", f"/api/{path}", body).errors == {"name": "already exists"}
    create(seeded, "delivery/domains", {"name": "example.com"})


def test_mailboxes_and_aliases_share_their_names(plain):
    domain, other = plain.domain(), plain.domain("other.example")
    create(plain, f"{domain[5:]}/email_accounts", {"name": "ada", "firstname": "A", **pair()})
    alias = {"name": "Info", "destinations": ["a@b.example"]}
    create(plain, f"{domain[5:]}/alias_email_accounts", alias)
    for taken in ("ADA", "info", "postmaster"):
        assert plain.mailbox(domain, taken).errors == {"name": "already exists"}
        body = {"name": taken, "destinations": ["a@b.example"]}
        assert plain.call("POST", f"{domain}/alias_email_accounts", body).errors == {"name": "already exists"}
    assert plain.mailbox(other, "info").status == 201
    code = plain.code(f"{domain}/alias_email_accounts", "info")
    assert plain.call("DELETE", f"{domain}/alias_email_accounts/{code}").status == 204
    assert plain.mailbox(domain, "info").status == 201


def pair():
    return {"password": PASSWORD, "password_confirmation": PASSWORD}


def test_objects_are_found_only_below_their_own_domain(plain):
    domain, other = plain.domain(), plain.domain("other.example")
    code = plain.mailbox(domain).data["resource_code"]
    assert plain.call("GET", f"{domain}/email_accounts/{code}").status == 200
    assert plain.call("GET", f"{other}/email_accounts/{code}").status == 404
    assert plain.call("DELETE", f"{other}/email_accounts/{code}").status == 404


def test_postmaster_comes_with_the_domain_and_stays(plain):
    domain = plain.domain("other.example")
    (row,) = plain.call("GET", f"{domain}/email_accounts").rows
    assert (row["name"], row["max_email_quota"], row["email_address"]) == (
        "postmaster",
        52428800,
        "postmaster@other.example",
    )
    assert row["code"].startswith("P")
    assert len(row["code"]) == 10
    item = f"{domain}/email_accounts/{row['code']}"
    refused = plain.call("DELETE", item)
    assert (refused.status, refused.data["message"]) == (403, "Forbidden")
    assert plain.call("PUT", item, {"language": "en"}).status == 204
    assert set(plain.call("PUT", item, {"max_email_quota": GB}).errors) == {"max_email_quota"}
    assert plain.call("GET", domain).rows[0]["no_email_accounts"] == 0


def test_domain_waits_for_its_ownership(account):
    client = account(quirks={"ownership": "wait", "activation": "2"})
    create(client, "domains", {"name": "example.com", **POSTMASTER})
    domain = f"/api/domains/{client.code('/api/domains', 'example.com')}"
    row = client.call("GET", domain).rows[0]
    assert (row["status"], row["status_detail"]) == ("ownership_check", "ok")
    assert client.mailbox(domain).errors == {"domain": "is not active"}
    assert set(client.call("PUT", f"{domain}/status", {"status": "disabled"}).errors) == {"status"}
    check = client.call("PUT", f"{domain}/dns_ownership_check/sync")
    record = {"name": f"{row['possession_a_record']}.example.com", "type": "A", "value": "185.97.217.16"}
    assert check.data == {
        "verified": False,
        "activation_queued": False,
        "resource": {
            "type": "domain",
            "code": row["code"],
            "name": "example.com",
            "status": "ownership_check",
            "status_detail": "ok",
        },
        "expected_record": record,
        "resolved_ip": None,
    }
    assert client.call("PUT", domain, {"chat": True}).status == 204
    client.emulator.publish("Example.com")
    check = client.call("PUT", f"{domain}/dns_ownership_check/sync").data
    assert (check["verified"], check["activation_queued"], check["resolved_ip"]) == (True, True, "185.97.217.16")
    assert check["resource"]["status_detail"] == "activating"
    assert client.mailbox(domain).errors == {"domain": "is not active"}
    assert [client.call("GET", path).rows[0]["status_detail"] for path in (domain, "/api/domains", domain)] == [
        "activating",
        "activating",
        "ok",
    ]
    assert client.mailbox(domain).status == 201
    check = client.call("PUT", f"{domain}/dns_ownership_check/sync").data
    assert (check["verified"], check["activation_queued"]) == (True, False)


def test_domain_status(plain):
    domain = plain.domain()
    assert plain.call("PUT", f"{domain}/status", {"status": "disabled"}).status == 204
    assert plain.call("GET", domain).rows[0]["status"] == "disabled"
    assert plain.mailbox(domain).status == 201
    assert plain.call("PUT", f"{domain}/status", {"status": "enabled"}).status == 204


def test_mailbox_sizes_stay_below_the_domains(plain):
    domain = plain.domain(max_email_quota=25 * GB)
    assert set(plain.mailbox(domain, max_email_quota=50 * GB).errors) == {"max_email_quota"}
    code = plain.mailbox(domain, max_email_quota=25 * GB).data["resource_code"]
    item = f"{domain}/email_accounts/{code}"
    assert set(plain.call("PUT", item, {"max_email_quota": 50 * GB}).errors) == {"max_email_quota"}
    assert set(plain.call("PUT", domain, {"max_email_quota": 16 * GB}).errors) == {"max_email_quota"}
    assert plain.call("PUT", item, {"max_email_quota": 16 * GB}).status == 204
    assert plain.call("PUT", domain, {"max_email_quota": 16 * GB}).status == 204
    assert plain.call("DELETE", item).status == 204
    assert plain.call("PUT", domain, {"max_email_quota": 52428800}).status == 204


def test_a_mailbox_without_a_size_gets_the_domains_default(plain):
    domain = plain.domain(max_email_quota=4 * GB, default_quota=8 * GB)
    assert plain.mailbox(domain).status == 201
    assert plain.call("GET", f"{domain}/email_accounts", query="ada@").rows[0]["max_email_quota"] == 4 * GB


def test_numbers_of_mailboxes_are_limited(plain):
    domain = plain.domain(max_email_accounts=3, max_email_accounts_25gb=1, max_email_quota=100 * GB)
    big = plain.mailbox(domain, "big", max_email_quota=25 * GB).data["resource_code"]
    assert set(plain.mailbox(domain, "big2", max_email_quota=16 * GB).errors) == {"max_email_quota"}
    small = plain.mailbox(domain, "small").data["resource_code"]
    item = f"{domain}/email_accounts/{small}"
    assert set(plain.call("PUT", item, {"max_email_quota": 25 * GB}).errors) == {"max_email_quota"}
    assert plain.call("PUT", f"{domain}/email_accounts/{big}", {"max_email_quota": 16 * GB}).status == 204
    assert plain.mailbox(domain, "huge", max_email_quota=50 * GB).status == 201
    assert set(plain.mailbox(domain, "more").errors) == {"domain"}
    for name, value in (("max_email_accounts", 2), ("max_email_accounts_25gb", 0), ("max_email_accounts_50gb", 0)):
        assert set(plain.call("PUT", domain, {name: value}).errors) == {name}
    assert plain.call("PUT", domain, {"max_email_accounts_50gb": 1, "max_email_accounts_25gb": -1}).status == 204
    row = plain.call("GET", domain).rows[0]
    counters = {name: row[name] for name in row if name.startswith("no_email_accounts")}
    assert counters == {
        "no_email_accounts": 3,
        "no_email_accounts_archive": 0,
        "no_email_accounts_25gb": 1,
        "no_email_accounts_50gb": 1,
        "no_email_accounts_100gb": 0,
    }


def test_catch_all_needs_a_destination(plain):
    body = {"name": "a.example", **POSTMASTER, "catch_all_enabled": True}
    assert plain.call("POST", "/api/domains", body).errors == {"catch_all_destination": "can't be blank"}
    domain = plain.domain(catch_all_destination="a@b.example")
    assert plain.call("PUT", domain, {"catch_all_enabled": True}).status == 204
    assert plain.call("PUT", domain, {"catch_all_destination": ""}).errors == {
        "catch_all_destination": "can't be blank"
    }


def test_a_deleted_domain_takes_everything_along(plain):
    domain = plain.domain()
    plain.mailbox(domain)
    assert plain.call("DELETE", domain).status == 204
    assert plain.call("GET", f"{domain}/email_accounts").status == 404
    assert plain.emulator.dump()["domains"] == {}
    again = plain.domain()
    assert again != domain
    assert [row["name"] for row in plain.call("GET", f"{again}/email_accounts").rows] == ["postmaster"]


def test_delivery_objects_and_their_links(plain):
    domain = create(plain, "delivery/domains", {"name": "news.example.com"})
    first, second = (
        create(plain, "delivery/accounts", {"description": "News", "type": "newsletter"}) for _ in range(2)
    )
    assert first != second, "a description is no key"
    item = f"/api/delivery/accounts/{first}"
    assert plain.call("PUT", item, {"domain_codes": [domain, domain]}).status == 204
    row = plain.call("GET", item).rows[0]
    assert (row["domains"], row["plan"], row["status"]) == (
        [{"code": domain, "name": "news.example.com"}],
        "free",
        "enabled",
    )
    row = plain.call("GET", f"/api/delivery/domains/{domain}").rows[0]
    assert (row["accounts_count"], row["accounts"]) == (1, [{"id": first, "description": "News"}])
    assert plain.call("PUT", item, {"description": "Letters"}).status == 204
    row = plain.call("GET", f"/api/delivery/domains/{domain}").rows[0]
    assert row["accounts"] == [{"id": first, "description": "Letters"}]
    assert plain.call("PUT", item, {"domain_codes": ["DD1"]}).errors == {"domain_codes": "DD1 does not exist"}
    assert plain.call("PUT", item, {"type": "transactional"}).errors == {"type": "is not allowed"}
    assert plain.call("DELETE", f"/api/delivery/domains/{domain}").errors == {"name": "is in use"}
    assert plain.call("PUT", item, {"domain_codes": []}).status == 204
    assert plain.call("DELETE", f"/api/delivery/domains/{domain}").status == 204


def test_suppression_entries(plain):
    account = create(plain, "delivery/accounts", {"description": "News", "type": "newsletter"})
    entry = {"email": "Gone@Example.org", "reason": "bounce", "accounts": [account]}
    create(plain, "delivery/suppression_lists", entry)
    again = plain.call("POST", "/api/delivery/suppression_lists", {**entry, "email": "gone@example.org"})
    assert again.errors == {"email": "already exists"}
    details = plain.call("POST", "/api/delivery/suppression_lists/details", {"email": "GONE@example.org"}).rows[0]
    assert (details["email"], details["active"], details["accounts"]) == ("gone@example.org", True, [account])
    edit = {"email": "gone@example.ORG", "active": False}
    assert plain.call("PUT", "/api/delivery/suppression_lists/edit", edit).status == 204
    listed = plain.call("GET", "/api/delivery/suppression_lists", status="disabled").rows
    assert [row["reason"] for row in listed] == ["bounce"]
    for method, call in (("PUT", "edit"), ("POST", "details")):
        reply = plain.call(method, f"/api/delivery/suppression_lists/{call}", {"email": "nobody@example.org"})
        assert reply.status == 404
    assert plain.call("PUT", "/api/delivery/suppression_lists/edit", {"active": True}).errors == {
        "email": "can't be blank"
    }
    assert plain.call("DELETE", f"/api/delivery/accounts/{account}").status == 204
    details = plain.call("POST", "/api/delivery/suppression_lists/details", {"email": "gone@example.org"}).rows[0]
    assert details["accounts"] == []


def test_outbound_limits(plain):
    reply = plain.call("GET", f"{plain.domain()}/outbound_limits")
    assert [row["id"] for row in reply.rows] == [0, 1, 2, 3]
    assert reply.data["pagination"] == {}


def test_passwords_are_hashed_and_counted(plain):
    domain = plain.domain()
    code = plain.mailbox(domain).data["resource_code"]
    emulator = plain.emulator
    assert emulator.password_sets == {"domain/example.com": 1, "mailbox/ada@example.com": 1}
    assert emulator.has_password("mailbox/ada@example.com", PASSWORD)
    assert not emulator.has_password("mailbox/ada@example.com", "other")
    assert emulator.has_password("mailbox/postmaster@example.com", PASSWORD)
    new = {"password": "battery9staple", "password_confirmation": "battery9staple"}
    assert plain.call("PUT", f"{domain}/email_accounts/{code}", new).status == 204
    assert emulator.has_password("mailbox/ada@example.com", "battery9staple")
    assert emulator.password_sets["mailbox/ada@example.com"] == 2
    for secret in (PASSWORD, "battery9staple"):
        assert secret not in repr(emulator.requests)
        assert secret not in repr(emulator.dump())
    assert emulator.requests[0].body["postmaster_password"] == "***"
    plain.call("DELETE", f"{domain}/email_accounts/{code}")
    assert not emulator.has_password("mailbox/ada@example.com", "battery9staple")


def test_a_refused_write_changes_nothing(seeded):
    before, writes = seeded.emulator.dump(), []
    seeded.emulator._on_write = lambda: writes.append(1)
    domain = "/api/domains/D000000007"
    refused = seeded.call("PUT", domain, {"chat": True, "max_email_quota": GB})
    assert refused.status == 422
    assert seeded.call("PUT", f"{domain}/nothing", {"chat": True}).status == 404
    assert (seeded.emulator.dump(), writes) == (before, [])
    assert seeded.call("PUT", domain, {"chat": True}).status == 204
    assert writes == [1]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("ADA", ["ada"]),
        ("ada@example.com", ["ada"]),
        ("eve", ["eve"]),
        ("@example.com", ["postmaster", "ada", "eve"]),
        ("nobody", []),
    ],
)
def test_query_searches(seeded, query, names):
    rows = seeded.call("GET", "/api/domains/D000000007/email_accounts", query=query).rows
    assert [row["name"] for row in rows] == names


@pytest.mark.parametrize(("name", "value"), [("page", "0"), ("per", "x"), ("per", "-1"), ("page", "1.5")])
def test_page_numbers_are_numbers(plain, name, value):
    assert plain.call("GET", "/api/domains", **{name: value}).errors == {name: "is not valid"}


def test_status_filter(seeded):
    accounts = "/api/delivery/accounts"
    assert [row["description"] for row in seeded.call("GET", accounts, status="wait_pay").rows] == ["app"]
    assert seeded.call("GET", accounts, status="all").data["pagination"]["total_records"] == 3
    assert seeded.call("GET", accounts, status="misconfigured").errors == {"status": "is not valid"}
    assert seeded.call("GET", "/api/delivery/domains", status="misconfigured").rows == []
    assert len(seeded.call("GET", "/api/domains", status="whatever").rows) == 2, "Hosting lists have no filter"
