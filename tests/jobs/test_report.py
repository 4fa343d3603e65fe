"""`report`: what an account holds, as table, CSV and JSON, and what it costs by the customer's own prices."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from qboxctl.render.jobs import money
from qboxctl.render.listed import as_csv
from tests.support.strategies import SINGLE_QUIRKS

SEED = {
    "domains": {
        "example.com": {
            "max_email_quota": "100GB",
            "mailboxes": {
                "ada": {"firstname": "Ada", "max_email_quota": "2GB"},
                "bob": {"firstname": "Bob", "max_email_quota": "25GB", "status": "disabled"},
                "eve": {"firstname": "Eve", "max_email_quota": "100GB"},
            },
            "aliases": {"info": ["ada@example.com", "bob@example.com"], "sales": ["ada@example.com", "x@y.example"]},
        },
        "idle.example": {"status": "disabled"},
    },
    "delivery": {
        "domains": {"news.example.com": {}},
        "accounts": {
            "newsletter": {"type": "newsletter", "domains": ["news.example.com"]},
            "old": {"type": "newsletter", "status": "disabled"},
        },
    },
}
PRICES = {
    "currency": "EUR",
    "mailbox": {"8GB": 0.1, "25GB": "0.2", "100GB": 9},
    "domain": 0.7,
    "delivery_account": 1.005,
}
MAILBOXES = [
    ("ada@example.com", "enabled", "2GB", "8GB", 2, False),
    ("bob@example.com", "disabled", "25GB", "25GB", 1, True),
    ("eve@example.com", "enabled", "100GB", "100GB", 0, False),
]


@pytest.fixture
def account(server, project):
    server.swap(seed=SEED)
    project.write({"settings": {"prices": PRICES}})
    return server


def report(project, what, *words):
    done = project.run("report", what, "--format", "json", *words)
    assert done.code == 0, done.err
    return done.json[what]


def test_mailboxes(account, project):
    assert [tuple(row.values()) for row in report(project, "mailboxes")] == MAILBOXES
    done = project.run("report", "mailboxes")
    assert done.out.splitlines()[2].split() == ["bob@example.com", "disabled", "25GB", "25GB", "1", "yes"]
    assert not account.writes


def test_aliases(account, project):
    assert report(project, "aliases") == [
        {"address": "info@example.com", "destinations": ["ada@example.com", "bob@example.com"], "mailboxes": 2},
        {"address": "sales@example.com", "destinations": ["ada@example.com", "x@y.example"], "mailboxes": 1},
    ]


def test_delivery(account, project):
    found = {row["name"]: row for row in report(project, "delivery")}
    assert found["newsletter"]["domains"] == ["news.example.com"]
    billed = {name: (row["kind"], row["disabled_but_billed"]) for name, row in found.items()}
    assert billed == {
        "news.example.com": ("delivery_domain", False),
        "newsletter": ("delivery_account", False),
        "old": ("delivery_account", True),
    }


def test_cost(account, project):
    found = report(project, "cost")
    assert [tuple(line.values()) for line in found["lines"]] == [
        ("domain", 2, 1, "0.70", "1.40"),
        ("mailbox.8GB", 1, 0, "0.10", "0.10"),
        ("mailbox.25GB", 1, 1, "0.20", "0.20"),
        ("mailbox.100GB", 1, 0, "9.00", "9.00"),
        ("delivery_account", 2, 1, "1.005", "2.01"),
    ]
    assert (found["total"], found["currency"], found["uncounted"]) == ("12.71", "EUR", [])
    table = project.run("report", "cost").out
    assert table.splitlines()[-2:] == [
        "total                                      12.71",
        "by the month, in EUR",
    ]
    rows = list(csv.DictReader(io.StringIO(project.run("report", "cost", "--format", "csv").out)))
    assert (rows[-1]["item"], rows[-1]["amount"], rows[-1]["currency"]) == ("total", "12.71", "EUR")


@pytest.mark.parametrize(("name", "value"), SINGLE_QUIRKS, ids=[f"{name}={value}" for name, value in SINGLE_QUIRKS])
def test_reports_are_the_same_under_each_quirk(name, value, account, project):
    before = [report(project, what) for what in ("mailboxes", "aliases", "cost")]
    account.swap(seed=SEED, quirks={name: value})
    assert [report(project, what) for what in ("mailboxes", "aliases", "cost")] == before


@pytest.mark.parametrize(
    ("prices", "missing"),
    [
        (None, ["currency", "mailbox.8GB", "mailbox.25GB", "mailbox.100GB", "domain", "delivery_account"]),
        ({**PRICES, "mailbox": {"8GB": 1}}, ["mailbox.25GB", "mailbox.100GB"]),
        ({name: one for name, one in PRICES.items() if name != "currency"}, ["currency"]),
    ],
)
def test_a_price_that_is_needed_and_missing(prices, missing, account, project):
    path = project.write({"settings": {"prices": prices} if prices else {}})
    done = project.run("report", "cost")
    assert (done.code, done.out) == (3, "")
    for name in ("currency", "archive", "domain", "mailbox.8GB", "mailbox.25GB", "mailbox.50GB", "mailbox.100GB"):
        assert (f"settings.prices.{name} is missing" in done.err) == (name in missing), name
    assert not prices or f"config/{path.name}:2:" in done.err


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        ({"mailbox": 1}, "mailbox must be a mapping"),
        ({"mailbox": {"9GB": 1}}, 'unknown key "9GB"'),
        ({"domain": -1}, "at least 0"),
        ({"domain": "1,50"}, "must be a price"),
        ({"domain": True}, "must be a number or text"),
        ({"domain": ".nan"}, "must be a price"),
        ({"domain": 1e30}, "at most 1000000000000"),
    ],
)
def test_prices_that_are_none(prices, words, account, project):
    project.write({"settings": {"prices": prices}})
    done = project.run("validate")
    assert (done.code, words in done.out) == (3, True), done.out


@pytest.mark.parametrize("what", ["mailboxes", "aliases", "delivery", "cost"])
def test_what_is_ignored_is_there_and_paid_for_all_the_same(what, account, project):
    whole = report(project, what)
    patterns = ["domain/example.com", "alias/*", "delivery_account/old", "delivery_domain/*"]
    project.write({"settings": {"prices": PRICES}, "ignore": patterns})
    assert report(project, what) == whole


def test_prices_of_an_environment_lie_over_the_others(account, project):
    project.write({"settings": {"prices": PRICES, "environments": {"test": {"prices": {"domain": 2}}}}})
    assert report(project, "cost", "--env", "test")["lines"][0]["amount"] == "4.00"


def test_archives_are_counted_by_their_domain(account, project):
    def archived(request, response):
        body = response.body.replace(b'"no_email_accounts_archive":0', b'"no_email_accounts_archive":3')
        return type(response)(response.status, response.headers, body)

    account.after = archived
    assert "settings.prices.archive is missing" in project.run("report", "cost").err
    project.write({"settings": {"prices": {**PRICES, "archive": 0.25}}})
    lines = {line["item"]: line for line in report(project, "cost")["lines"]}
    assert (lines["archive"]["count"], lines["archive"]["amount"]) == (6, "1.50")

    def silent(request, response):
        return type(response)(response.status, response.headers, response.body.replace(b"_archive", b"_filed"))

    account.after = silent
    done = project.run("report", "cost", "--format", "json")
    assert (done.json["cost"]["uncounted"], "archive is not in the sum" in done.err) == (["archive"], True)


@pytest.mark.parametrize("read", ["list", "none"])
def test_archived_mailboxes_cost_what_the_domain_counts(read, server, project):
    domain = {"mailboxes": {"ada": {"firstname": "Ada"}, "bob": {"firstname": "Bob"}},
              "vault": {"retention": 60, "mailboxes": ["ada"]}}  # fmt: skip
    server.swap(seed={"domains": {"example.com": domain}}, quirks={"vault_read": read})
    project.write({"settings": {"prices": {**PRICES, "archive": 2}}})
    found = report(project, "cost")
    assert {line["item"]: line["amount"] for line in found["lines"]} == {
        "domain": "0.70",
        "archive": "2.00",
        "mailbox.8GB": "0.20",
    }
    assert len([one for one in server.arrived if "archive" in one.path]) == 0


@pytest.mark.parametrize("what", ["mailboxes", "aliases", "delivery", "cost"])
def test_an_empty_account(what, server, project):
    server.swap(quirks={"empty_list": "404"})
    for form in ("table", "csv", "json"):
        done = project.run("report", what, "--format", form)
        assert (done.code, "nothing to report" in done.err) == (0, True)


def test_what_the_token_may_not_read(account, project):
    account.refuse(403, "GET")
    assert project.run("report", "cost").code == 8


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text):
    for value in (text, [text, "x"]):
        ((cell,),) = list(csv.reader(io.StringIO(as_csv(["a"], [{"a": value}]), newline="")))[1:]
        assert cell[0] in "'\\"
    assert as_csv(["a"], [{"a": -1}]) == "a\n-1\n"


def test_a_formula_in_an_account(server, project):
    aliases = {"=hyperlink": ["ada@example.com"]}
    server.swap(seed={"domains": {"example.com": {"mailboxes": {"ada": {"firstname": "A"}}, "aliases": aliases}}})
    assert project.run("report", "aliases", "--format", "csv").out.splitlines()[1].startswith("'=hyperlink@")


@pytest.mark.parametrize(
    ("amount", "shown"), [("1", "1.00"), ("1.5", "1.50"), ("1.005", "1.005"), ("1.500", "1.50"), ("1E+3", "1000.00")]
)
def test_money(amount, shown):
    assert money(Decimal(amount)) == shown
