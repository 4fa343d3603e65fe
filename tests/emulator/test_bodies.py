"""What a body may hold, call by call."""

from __future__ import annotations

import pytest

from qboxctl.emulator.bodies import complaint, without_repetition
from qboxctl.resources import TYPES
from qboxctl.schema.numbers import GB

PASSWORD = "correct4horse"
PAIR = {"password": PASSWORD, "password_confirmation": PASSWORD}
POSTMASTER = {"postmaster_password": PASSWORD, "postmaster_password_confirmation": PASSWORD}


@pytest.mark.parametrize(
    ("path", "body", "errors"),
    [
        ("domains", {}, {"name": "can't be blank", "postmaster_password": "can't be blank"}),
        ("domains", {"name": "  ", **POSTMASTER}, {"name": "can't be blank"}),
        ("domains", {"name": "no domain", **POSTMASTER}, {"name": "is not valid"}),
        ("domains", {"name": 7, **POSTMASTER}, {"name": "must be of type string"}),
        ("domains", {"name": "a.example", **POSTMASTER, "colour": 1}, {"colour": "is not allowed"}),
        ("domains", {"name": "a.example", **POSTMASTER, "status": "enabled"}, {"status": "is not allowed"}),
        ("domains", {"name": "a.example", **POSTMASTER, "plan": "gold"}, {"plan": "is not valid"}),
        ("domains", {"name": "a.example", **POSTMASTER, "chat": "true"}, {"chat": "must be of type boolean"}),
        ("domains", {"name": "a.example", **POSTMASTER, "chat": None}, {"chat": "must be of type boolean"}),
        ("domains", {"name": "a.example", **POSTMASTER, "max_email_quota": "8GB"}, {"max_email_quota": "is not valid"}),
        ("domains", {"name": "a.example", **POSTMASTER, "max_email_quota": 1}, {"max_email_quota": "is not valid"}),
        ("domains", {"name": "a.example", **POSTMASTER, "antispam_level": True}, {"antispam_level": "is not valid"}),
        (
            "domains",
            {"name": "a.example", **POSTMASTER, "max_email_accounts": -2},
            {"max_email_accounts": "must be greater than or equal to -1"},
        ),
        (
            "domains",
            {"name": "a.example", **POSTMASTER, "max_email_accounts": "unlimited"},
            {"max_email_accounts": "must be of type integer"},
        ),
        ("domains", {"name": "a.example", **POSTMASTER, "allow_nets": ["1.2.3"]}, {"allow_nets": "is not valid"}),
        (
            "domains",
            {"name": "a.example", **POSTMASTER, "allow_nets": [1]},
            {"allow_nets": "holds an entry that must be of type string"},
        ),
        ("domains", {"name": "a.example", **POSTMASTER, "outbound_limit": 9}, {"outbound_limit": "does not exist"}),
        *(
            ("domains", {"name": "a.example", **POSTMASTER, "customer_code": code}, {"customer_code": "is not valid"})
            for code in ("C1", ["C1"], {"code": "C123456789"}, None, 7)
        ),
        (
            "domains",
            {"name": "a.example", "postmaster_password": PASSWORD},
            {"postmaster_password_confirmation": "doesn't match postmaster_password"},
        ),
        (
            "domains",
            {"name": "a.example", "postmaster_password_confirmation": PASSWORD},
            {"postmaster_password": "can't be blank"},
        ),
        (
            "domains",
            {"name": "a.example", "postmaster_password": "a1", "postmaster_password_confirmation": "a1"},
            {"postmaster_password": "is too short (minimum is 8 characters)"},
        ),
        (
            "domains",
            {"name": "a.example", "postmaster_password": "onlyletters", "postmaster_password_confirmation": "x"},
            {"postmaster_password": "is not valid"},
        ),
        ("delivery/domains", {"name": "a.example", "status": "enabled"}, {"status": "is not allowed"}),
        ("delivery/accounts", {}, {"description": "can't be blank", "type": "can't be blank"}),
        ("delivery/accounts", {"description": "", "type": "newsletter"}, {"description": "can't be blank"}),
        ("delivery/accounts", {"description": 1, "type": "newsletter"}, {"description": "must be of type string"}),
        ("delivery/accounts", {"description": "a", "type": "promotional"}, {"type": "is not valid"}),
        (
            "delivery/accounts",
            {"description": "a", "type": "newsletter", "domain_codes": []},
            {"domain_codes": "is not allowed"},
        ),
        (
            "delivery/accounts",
            {"description": "a", "type": "newsletter", "password": "x"},
            {"password": "is not allowed"},
        ),
        ("delivery/suppression_lists", {"email": "nobody", "reason": "bounce"}, {"email": "is not valid"}),
        (
            "delivery/suppression_lists",
            {"email": "a@b.example", "reason": "bounce", "active": True},
            {"active": "is not allowed"},
        ),
        (
            "delivery/suppression_lists",
            {"email": "a@b.example", "reason": "bounce", "accounts": ["9"]},
            {"accounts": "9 does not exist"},
        ),
        (
            "delivery/suppression_lists",
            {"email": "a@b.example", "reason": "bounce", "accounts": [9]},
            {"accounts": "is not valid"},
        ),
        (
            "delivery/suppression_lists",
            {"email": "a@b.example", "reason": "bounce", "customer_code": "C123456789"},
            {"customer_code": "is not allowed"},
        ),
        ("delivery/suppression_lists/details", {}, {"email": "can't be blank"}),
        ("delivery/suppression_lists/details", {"email": "a@b.example", "x": 1}, {"x": "is not allowed"}),
    ],
)
def test_creation_refuses(plain, path, body, errors):
    assert plain.call("POST", f"/api/{path}", body).errors == errors


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"name": "ada@example.com"}, {"name": "is not valid"}),
        ({"firstname": 1}, {"firstname": "must be of type string"}),
        ({"language": "de"}, {"language": "is not valid"}),
        ({"firstname": "a\nb"}, {"firstname": "is not valid"}),
        ({"tags": "a"}, {"tags": "must be of type array"}),
        ({"webmail_date_format": 1}, {"webmail_date_format": "must be of type string"}),
        ({"autoresponder_start_date": "2026-01-01"}, {"autoresponder_start_date": "is not allowed"}),
        ({"force_new_password": True}, {"force_new_password": "is not allowed"}),
        ({"customer_code": "C123456789"}, {"customer_code": "is not allowed"}),
        ({"password_confirmation": "other"}, {"password_confirmation": "doesn't match password"}),
        ({"firstname": 1, "language": 2, "x": 3}, {"firstname", "language", "x"}),
    ],
)
def test_mailbox_creation_refuses(plain, body, errors):
    domain = plain.domain()
    found = plain.mailbox(domain, **body).errors
    assert (found if isinstance(errors, dict) else set(found)) == errors
    assert len(plain.call("GET", f"{domain}/email_accounts").rows) == 1


@pytest.mark.parametrize(
    ("call", "body", "errors"),
    [
        ("", {"name": "b"}, {"name": "is not allowed"}),
        ("", {"status": "disabled"}, {"status": "is not allowed"}),
        ("", {"bounce_msg": "x"}, {"bounce_msg": "is not allowed"}),
        ("", {"password": PASSWORD}, {"password_confirmation": "doesn't match password"}),
        ("", {"autoresponder_start_date": "2026-02-30"}, {"autoresponder_start_date": "is not valid"}),
        ("/status", {}, {"status": "can't be blank"}),
        ("/status", {"bounce_msg": "x"}, {"status": "can't be blank"}),
        ("/status", {"status": "ownership_check"}, {"status": "is not valid"}),
        ("/status", {"status": "disabled", "firstname": "x"}, {"firstname": "is not allowed"}),
    ],
)
def test_mailbox_writes_refuse(plain, call, body, errors):
    domain = plain.domain()
    code = plain.mailbox(domain).data["resource_code"]
    assert plain.call("PUT", f"{domain}/email_accounts/{code}{call}", body).errors == errors


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff", b'{"status": NaN}', b"[" * 100_000])
def test_only_json_objects_are_bodies(plain, body):
    assert plain.call("POST", "/api/domains", body).errors == {"body": "is not a JSON object"}


def test_put_is_partial_and_lists_are_replaced(plain):
    domain = plain.domain(allow_nets=["192.0.2.1", "192.0.2.2"], catch_all_destination="a@b.example", chat=True)
    assert plain.call("PUT", domain, {"allow_nets": ["192.0.2.3", "192.0.2.3"]}).status == 204
    row = plain.call("GET", domain).rows[0]
    assert (row["allow_nets"], row["chat"], row["catch_all_destination"]) == (["192.0.2.3"], True, "a@b.example")
    assert plain.call("PUT", domain, {"allow_nets": [], "catch_all_destination": ""}).status == 204
    row = plain.call("GET", domain).rows[0]
    assert (row["allow_nets"], row["catch_all_destination"]) == ([], "")
    assert plain.call("PUT", domain, {}).status == 204


def test_create_only_attributes_are_not_updated(plain):
    domain = plain.domain(plan="enterprise", outbound_limit=3)
    assert set(plain.call("PUT", domain, {"plan": "basic", "outbound_limit": 1}).errors) == {"plan", "outbound_limit"}
    row = plain.call("GET", domain).rows[0]
    assert (row["plan"], row["outbound_limit"]) == ("enterprise", 3)


def test_an_alias_needs_its_destinations_on_update_too(plain):
    domain = plain.domain()
    body = {"name": "info", "destinations": ["a@b.example", "A@B.example", "c@d.example"]}
    code = plain.call("POST", f"{domain}/alias_email_accounts", body).data["resource_code"]
    item = f"{domain}/alias_email_accounts/{code}"
    assert plain.call("GET", item).rows[0]["destinations"] == ["a@b.example", "c@d.example"]
    assert plain.call("PUT", item, {}).errors == {"destinations": "can't be blank"}
    assert plain.call("PUT", item, {"destinations": []}).errors == {"destinations": "can't be blank"}
    many = [f"u{number}@b.example" for number in range(21)]
    assert plain.call("PUT", item, {"destinations": many}).errors == {
        "destinations": "has too many entries (maximum is 20)"
    }
    assert plain.call("PUT", item, {"destinations": [*many[:20], many[0].upper()]}).status == 204
    assert plain.call("PUT", item, {"destinations": many[:2], "name": "x"}).errors == {"name": "is not allowed"}


def test_customer_code_of_the_account_is_accepted(plain):
    body = {"name": "a.example", **POSTMASTER, "customer_code": "C123456789"}
    assert plain.call("POST", "/api/domains", body).status == 201


def test_extra_attributes_are_taken_and_returned(account):
    client = account(extra_fields={"mailbox": ["forward_to"], "domain": ["motd"]})
    domain = client.domain(motd={"a": [1]})
    assert client.call("GET", domain).rows[0]["motd"] == {"a": [1]}
    code = client.mailbox(domain, forward_to=["x"], webmail_date_format="DD/MM").data["resource_code"]
    item = f"{domain}/email_accounts/{code}"
    row = client.call("GET", item).rows[0]
    assert (row["forward_to"], row["webmail_date_format"]) == (["x"], "DD/MM")
    assert client.call("PUT", item, {"forward_to": None}).status == 204
    assert client.call("PUT", f"{item}/status", {"status": "disabled", "forward_to": 1}).errors == {
        "forward_to": "is not allowed"
    }


def test_every_wire_schema_is_understood():
    for type_ in TYPES.values():
        for one in (each for each in type_.fields if each.on_create or each.on_update):
            assert complaint(one.type.wire_schema(), {"a": 1}), f"{type_.kind}.{one.name} accepts anything"


@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        ({"oneOf": [{"type": "integer"}, {"const": "x"}]}, "x", True),
        ({"oneOf": [{"type": "integer"}, {"const": "x"}]}, "y", False),
        ({"const": 1}, True, False),
        ({"enum": [1, 2]}, 1.0, False),
        ({"type": "integer"}, True, False),
        ({"type": "array", "minItems": 1}, [], False),
        ({"type": "array"}, [1], True),
    ],
)
def test_schema_keywords(schema, value, fits):
    assert (complaint(schema, value) == "") == fits


def test_repetition_goes_and_order_stays():
    destinations = TYPES["alias"].by_name["destinations"]
    assert without_repetition(destinations, ["B@x.example", "a@x.example", "b@x.example"]) == (
        "B@x.example",
        "a@x.example",
    )


def test_sizes_are_64_bit(plain):
    assert plain.call("GET", plain.domain(max_email_quota=100 * GB)).rows[0]["max_email_quota"] == 107374182400
