"""Each quirk as it shows on the wire, and any combination at once."""

from __future__ import annotations

import random

import pytest

from qboxctl.emulator import QUIRKS, Emulator, parse_quirks

ACCOUNT = {"description": "News", "type": "newsletter"}
BOXES = "/api/domains/D000000007/email_accounts"


def test_quirks_are_read():
    assert parse_quirks(["booleans=text", " activation = 5 ", "delete=queued:9"]) == {
        "booleans": "text",
        "activation": "5",
        "delete": "queued:9",
    }


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("booleans", "write name=value"),
        ("boolean=text", "did you mean booleans?"),
        ("zzz=1", "there are empty_list, "),
        ("booleans=txt", "did you mean text?"),
        ("booleans=zzzzz", "there are json, text, number"),
        ("activation=soon", "immediate or a number"),
        ("delete=queued:x", "queued:READS"),
    ],
)
def test_wrong_quirks_say_what_is_meant(spec, message):
    with pytest.raises(ValueError, match=r"(?s).*") as caught:
        parse_quirks([spec])
    assert message in str(caught.value)


def test_unknown_quirks_do_not_start():
    with pytest.raises(ValueError, match="did you mean order"):
        Emulator(quirks={"ordre": "stable"})


@pytest.mark.parametrize(("value", "status"), [("200", 200), ("404", 404)])
def test_empty_list(account, value, status):
    reply = account(quirks={"empty_list": value}).call("GET", "/api/domains")
    assert reply.status == status
    assert reply.data.get("resources", []) == []


@pytest.mark.parametrize("status", QUIRKS["create_status"])
def test_create_answers(account, status):
    body = {"name": "news.example.com"}
    suppression = {"email": "a@b.example", "reason": "bounce"}
    for form in QUIRKS["create_answer"]:
        client = account(quirks={"create_answer": form, "create_status": status})
        reply = client.call("POST", "/api/delivery/domains", body)
        entry = client.call("POST", "/api/delivery/suppression_lists", suppression)
        assert reply.status == entry.status == int(status)
        match form:
            case "resource_code":
                assert reply.data == {"message": "Created", "resource_code": "DD10000001"}
                assert entry.data is None
            case "resources":
                assert [row["name"] for row in reply.rows] == ["news.example.com"]
                assert [row["email"] for row in entry.rows] == ["a@b.example"]
            case "location":
                assert reply.data is None
                assert reply.response.headers["location"] == "/api/delivery/domains/DD10000001"
                assert "location" not in entry.response.headers
            case _:
                assert reply.data is None
                assert "location" not in reply.response.headers


def test_location_of_a_mailbox(account):
    client = account(quirks={"create_answer": "location"})
    domain = client.domain()
    location = client.mailbox(domain).response.headers["location"]
    assert client.call("GET", location).rows[0]["name"] == "ada"


@pytest.mark.parametrize("form", QUIRKS["write_answer"])
def test_write_answers(account, seed, form):
    client = account(quirks={"write_answer": form}, seed=seed)
    item = f"{BOXES}/{client.code(BOXES, 'ada')}"
    replies = [
        client.call("PUT", item, {"language": "es"}),
        client.call("PUT", f"{item}/status", {"status": "disabled"}),
        client.call("PUT", "/api/domains/D000000007/dns_ownership_check"),
        client.call("DELETE", item),
    ]
    assert {reply.status for reply in replies} == {204 if form == "204" else 200}
    if form == "200-resources":
        assert [[row["name"] for row in reply.rows] for reply in replies] == [["ada"], ["ada"], ["example.com"], []]
        assert replies[0].rows[0]["language"] == "es"
    else:
        assert all(reply.response.body == b"" for reply in replies)


def test_abridged_lists(account, seed):
    client = account(quirks={"list_detail": "abridged"}, seed=seed)
    shown = {
        "/api/domains": {"code", "name", "status", "max_email_quota"},
        BOXES: {"code", "name", "email_address", "status", "max_email_quota"},
        "/api/domains/D000000007/alias_email_accounts": {"code", "name", "status"},
        "/api/delivery/domains": {"code", "name", "status", "display_status"},
        "/api/delivery/accounts": {"id", "description", "status", "display_status"},
        "/api/delivery/suppression_lists": {"id", "email", "active"},
    }
    for path, names in shown.items():
        rows = client.call("GET", path).rows
        assert rows
        assert all(set(row) == names for row in rows), path
        if "suppression" not in path:
            item = f"{path}/{rows[0].get('code', rows[0].get('id'))}"
            assert len(client.call("GET", item).rows[0]) > len(names) + 2
            assert set(client.call("GET", path).rows[0]) == names, "a full read must not leak into the list"


@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ("as_sent", "Cafe\u0301  & Sons, to whom the messages of all shops go"),
        ("cut", "Cafe\u0301  & Sons, to whom the messages of a"),
        ("composed", "Caf\u00e9  & Sons, to whom the messages of all shops go"),
        ("blanks", "Cafe\u0301 & Sons, to whom the messages of all shops go"),
        ("escaped", "Cafe\u0301  &amp; Sons, to whom the messages of all shops go"),
    ],
)
def test_descriptions(account, form, kept):
    client = account(quirks={"descriptions": form})
    path = "/api/delivery/accounts"
    text = "Cafe\u0301  & Sons, to whom the messages of all shops go"
    assert client.call("POST", path, {**ACCOUNT, "description": text}).status == 201
    (row,) = client.call("GET", path).rows
    assert row["description"] == client.call("GET", f"{path}/{row['id']}").rows[0]["description"] == kept


def test_unmodelled_attributes(account):
    for value in QUIRKS["unmodelled"]:
        client = account(quirks={"unmodelled": value})
        path = f"{client.domain()}/email_accounts"
        ada = {"name": "ada", "firstname": "Ada", "password": "correct4horse", "password_confirmation": "correct4horse"}
        assert client.call("POST", path, {**ada, "webmail_date_format": "no"}).status == 201
        row = next(one for one in client.call("GET", path).rows if one["name"] == "ada")
        assert row.get("webmail_date_format") == ("no" if value == "returned" else None)
        assert ("webmail_date_format" in row) == (value == "returned")


def test_blind_rows(account, seed):
    client = account(quirks={"list_detail": "blind"}, seed=seed)
    row = client.call("GET", BOXES, query="ada").rows[0]
    assert client.call("GET", f"{BOXES}/{row['code']}").rows[0] == row
    assert not any(name in row for name in ("timezone", "language", "tags", "imap_disabled"))
    assert not any(name.startswith("autoresponder") for name in row)
    assert {"firstname", "password_change_disabled", "allow_nets"} <= set(row)
    assert "smtp_disabled" not in client.call("GET", "/api/domains").rows[0]


@pytest.mark.parametrize(("value", "yes", "no"), [("json", True, False), ("text", "true", "false"), ("number", 1, 0)])
def test_booleans(account, value, yes, no):
    row = (client := account(quirks={"booleans": value})).call("GET", client.domain(chat=True)).rows[0]
    for name, wanted in (("chat", yes), ("dav", no)):
        assert row[name] == wanted
        assert type(row[name]) is type(wanted)


@pytest.mark.parametrize(
    ("value", "full", "empty"),
    [
        ("json", ["192.0.2.0/24", "198.51.100.7"], []),
        ("comma", "192.0.2.0/24, 198.51.100.7", ""),
        ("null_when_empty", ["192.0.2.0/24", "198.51.100.7"], None),
    ],
)
def test_lists(account, seed, value, full, empty):
    client = account(quirks={"lists": value}, seed=seed)
    rows = {row["name"]: row["allow_nets"] for row in client.call("GET", "/api/domains").rows}
    assert rows == {"example.com": full, "waiting.example": empty}


def test_status_numbers(account, seed):
    client = account(quirks={"status": "number"}, seed=seed)
    assert [row["status"] for row in client.call("GET", "/api/domains").rows] == [0, 2]
    assert client.call("GET", BOXES, query="eve").rows[0]["status"] == 1
    assert [
        (row["status"], row["display_status"]) for row in client.call("GET", "/api/delivery/accounts", per="9").rows
    ] == [(0, "enabled"), (0, "enabled"), (4, "wait_pay")]
    assert client.call("GET", "/api/delivery/accounts", status="wait_pay").rows[0]["status"] == 4


def test_numeric_ids(account, seed):
    client = account(quirks={"ids": "number"}, seed=seed)
    assert [row["code"] for row in client.call("GET", "/api/domains").rows] == [7, 100000001]
    row = client.call("GET", "/api/delivery/accounts").rows[0]
    assert all(type(domain["code"]) is int for domain in row["domains"])
    item = f"/api/delivery/accounts/{row['id']}"
    assert client.call("PUT", item, {"domain_codes": [row["domains"][0]["code"]]}).status == 204
    assert client.call("PUT", item, {"domain_codes": [str(row["domains"][0]["code"])]}).status == 204
    assert client.call("GET", "/api/delivery/suppression_lists").rows[0]["accounts"] == [row["id"], 77]
    created = client.call("POST", "/api/delivery/domains", {"name": "x.example"}).data["resource_code"]
    assert type(created) is int
    assert client.call("GET", f"/api/delivery/domains/{created}").rows[0]["name"] == "x.example"
    assert client.call("GET", "/api/domains/7").rows[0]["possession_a_record"] == "d7"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("objects", [{"code": "DD2", "name": "b.example"}, {"code": "DD1", "name": "a.example"}]),
        ("codes", ["DD2", "DD1"]),
        ("names", ["b.example", "a.example"]),
        ("comma", "b.example, a.example"),
    ],
)
def test_account_domains(account, value, shown):
    domains = {"a.example": {"code": "DD1"}, "b.example": {"code": "DD2"}}
    accounts = {"n": {"type": "newsletter", "domains": ["b.example", "a.example"]}, "o": {"type": "newsletter"}}
    seed = {"delivery": {"domains": domains, "accounts": accounts}}
    rows = account(quirks={"account_domains": value}, seed=seed).call("GET", "/api/delivery/accounts").rows
    full, empty = (row["domains"] for row in rows)
    assert sorted(full, key=str) == sorted(shown, key=str) if isinstance(shown, list) else set(full.split(", "))
    assert empty == type(shown)()


@pytest.mark.parametrize("value", QUIRKS["per_max"])
def test_pages_tell_the_truth(account, value):
    boxes = {f"u{number}": {} for number in range(249)}
    client = account(quirks={"per_max": value}, seed={"domains": {"example.com": {"mailboxes": boxes}}})
    path = f"{client.call('GET', '/api/domains').rows[0]['code']}/email_accounts"
    names: list[str] = []
    page, total = 1, 1
    while page <= total:
        reply = client.call("GET", f"/api/domains/{path}", page=str(page), per="1000")
        paging = reply.data["pagination"]
        assert paging == {
            "per": int(value),
            "page": page,
            "total_pages": -(-250 // int(value)),
            "query": None,
            "filter": None,
            "status": None,
            "sort_field": None,
            "sort": None,
            "total_records": 250,
        }
        names += [row["name"] for row in reply.rows]
        page, total = page + 1, paging["total_pages"]
    assert len(names) == len(set(names)) == 250
    assert client.call("GET", f"/api/domains/{path}", page="99").rows == []
    assert len(client.call("GET", f"/api/domains/{path}").rows) == min(25, int(value))


def test_shuffled_pages_repeat_and_miss(account):
    boxes = {f"u{number}": {} for number in range(59)}
    seed = {"domains": {"example.com": {"code": "D1", "mailboxes": boxes}}}

    def read():
        client = account(quirks={"order": "shuffled"}, seed=seed)
        replies = [client.call("GET", "/api/domains/D1/email_accounts", page=str(page)) for page in (1, 2, 3)]
        assert {reply.data["pagination"]["total_records"] for reply in replies} == {60}
        assert [len(reply.rows) for reply in replies] == [25, 25, 10]
        return [row["name"] for reply in replies for row in reply.rows]

    names = read()
    assert len(set(names)) < 60
    assert read() == names, "the same in every run"


@pytest.mark.parametrize(
    ("quirks", "shown"),
    [
        ({}, ["zed@x.example", "ann@x.example"]),
        ({"destinations": "sorted"}, ["ann@x.example", "zed@x.example"]),
        ({"address_case": "as_sent"}, ["Zed@X.example", "ann@x.example"]),
        ({"address_case": "as_sent", "lists": "comma"}, "Zed@X.example, ann@x.example"),
    ],
)
def test_destinations(account, quirks, shown):
    client = account(quirks=quirks)
    domain = client.domain()
    body = {"name": "Info", "destinations": ["Zed@X.example", "ann@x.example", "zed@x.example"]}
    client.call("POST", f"{domain}/alias_email_accounts", body)
    (row,) = client.call("GET", f"{domain}/alias_email_accounts").rows
    assert row["destinations"] == shown
    assert row["name"] == ("Info" if "address_case" in quirks else "info")


@pytest.mark.parametrize(
    ("value", "name", "target"), [("lower", "ada", "ada@b.example"), ("as_sent", "Ada", "Ada@B.example")]
)
def test_address_case(account, value, name, target):
    client = account(quirks={"address_case": value})
    domain = client.domain(catch_all_destination="Ada@B.example")
    client.mailbox(domain, "Ada")
    row = client.call("GET", f"{domain}/email_accounts", query="ada").rows[0]
    assert (row["name"], row["email_address"]) == (name, f"{name}@example.com")
    assert client.call("GET", domain).rows[0]["catch_all_destination"] == target
    assert "ada" in client.emulator.dump()["domains"]["example.com"]["mailboxes"]


@pytest.mark.parametrize("value", QUIRKS["account_password"])
def test_account_password(account, value):
    client = account(quirks={"account_password": value})
    client.call("POST", "/api/delivery/accounts", ACCOUNT)
    password = client.call("GET", "/api/delivery/accounts").rows[0]["password"]
    match value:
        case "masked":
            assert password == "********"
        case "null":
            assert password is None
        case _:
            assert any(char.isdigit() for char in password)
            assert any(char.isalpha() for char in password)
            assert client.call("GET", "/api/delivery/accounts").rows[0]["password"] == password
    assert client.call("GET", "/api/delivery/accounts").rows[0]["username"] != password


def test_merged_suppression(account, seed):
    client = account(quirks={"duplicate_suppression": "merge"}, seed=seed)
    app = client.code("/api/delivery/accounts", "app")
    for accounts, merged in (([app], 3), ([], 0), ([app], 0)):
        body = {"email": "Gone@example.org", "reason": "complaint", "accounts": accounts}
        assert client.call("POST", "/api/delivery/suppression_lists", body).status == 201
        row = client.call("POST", "/api/delivery/suppression_lists/details", {"email": "gone@example.org"}).rows[0]
        assert (len(row["accounts"]), row["reason"], row["active"]) == (merged, "complaint", True)
    assert client.call("GET", "/api/delivery/suppression_lists").data["pagination"]["total_records"] == 2


def test_noise_stays_away_from_what_is_compared(account, seed):
    from qboxctl.resources import TYPES

    quiet, noisy = account(seed=seed), account(seed=seed, quirks={"extra_fields": "noise"})
    for path in ("/api/domains", BOXES, "/api/delivery/domains", "/api/delivery/suppression_lists"):
        assert noisy.call("GET", path).data.keys() > quiet.call("GET", path).data.keys()
        listed = (one for one in TYPES.values() if one.calls.list is not None)
        type_ = next(one for one in listed if one.calls.list.path.rsplit("/", 1)[1] == path.rsplit("/", 1)[1])
        for loud, still in zip(noisy.call("GET", path).rows, quiet.call("GET", path).rows, strict=True):
            assert {"beta_features", "x_internal"} <= set(loud)
            assert {name: loud.get(name) for name in type_.wire_names} == {
                name: still.get(name) for name in type_.wire_names
            }


@pytest.mark.parametrize("number", range(60))
def test_any_combination_works_and_ends_in_the_same_account(account, number):
    draw = random.Random(number)
    client = account(quirks={name: draw.choice(values) for name, values in QUIRKS.items()})
    body = {"name": "Example.com", "postmaster_password": "abcdefg1", "postmaster_password_confirmation": "abcdefg1"}
    assert client.call("POST", "/api/domains", body).status in (200, 201, 202)
    code = client.call("GET", "/api/domains").rows[0]["code"]
    domain = f"/api/domains/{code}"
    client.emulator.publish("example.com")
    assert client.call("PUT", f"{domain}/dns_ownership_check").status in (200, 204)
    for _ in range(3):
        client.call("GET", domain)
    assert client.mailbox(domain, "Ada", tags=["b", "a"]).status < 300
    alias = {"name": "info", "destinations": ["Zed@x.example", "ann@x.example"]}
    assert client.call("POST", f"{domain}/alias_email_accounts", alias).status < 300
    assert client.call("POST", "/api/delivery/domains", {"name": "news.example.com"}).status < 300
    assert client.call("POST", "/api/delivery/accounts", ACCOUNT).status < 300
    sender = client.call("GET", "/api/delivery/domains", status="all").rows[0]["code"]
    news = client.call("GET", "/api/delivery/accounts", status="all").rows[0]["id"]
    assert client.call("PUT", f"/api/delivery/accounts/{news}", {"domain_codes": [sender]}).status < 300
    entry = {"email": "gone@example.org", "reason": "bounce", "accounts": [news]}
    assert client.call("POST", "/api/delivery/suppression_lists", entry).status < 300
    assert client.call("POST", "/api/delivery/suppression_lists/details", {"email": "gone@example.org"}).rows
    dump = client.emulator.dump(codes=False)
    assert dump["domains"]["example.com"]["aliases"] == {"info": {"destinations": ["ann@x.example", "zed@x.example"]}}
    assert dump["domains"]["example.com"]["mailboxes"]["ada"]["tags"] == ["a", "b"]
    assert dump["delivery"]["accounts"]["news"]["domains"] == ["news.example.com"]
    assert dump["delivery"]["suppressions"] == {
        "gone@example.org": {"reason": "bounce", "accounts": ["news"], "active": True}
    }
    reference = Emulator(seed=dump, quirks=client.emulator.quirks)
    assert reference.dump(codes=False) == dump
