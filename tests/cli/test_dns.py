"""`dns` as a user calls it: every format, what waits for its proof, and the exit code of a check."""

from __future__ import annotations

import json

import pytest
import yaml

SEED = {"domains": {"example.com": {}}, "delivery": {"domains": {"news.example.com": {}}}}
CONFIG = {"domains": {"example.com": {}}, "delivery": {"domains": {"news.example.com": {}}}}
NOBODY = "127.0.0.1:9"


@pytest.fixture
def account(server):
    server.swap(seed=SEED)
    return server


@pytest.mark.parametrize("form", ["table", "zone", "octodns", "json"])
def test_every_format(form, account, project):
    project.write(CONFIG)
    done = project.run("dns", "--format", form)
    assert done.code == 0
    assert "mx1.qboxmail.com." in done.out
    assert "v=DMARC1" in done.out
    assert "dkim.qboxmail.com." in done.out
    if form == "json":
        assert {row["name"] for row in done.json["records"]} >= {"example.com", "_dmarc.example.com"}
    if form == "octodns":
        assert yaml.safe_load(done.out)[""][0]["type"] == "MX"
    assert not account.writes


def test_a_domain_that_waits_for_its_proof(server, project):
    server.swap(quirks={"ownership": "wait"})
    project.write({"domains": {"example.com": {"postmaster_password": {"env": "PW"}}}})
    early = project.run("dns")
    assert early.code == 0
    assert "not there yet" in early.err
    assert project.apply().code == 7
    rows = json.loads(project.run("dns", "--format", "json").out)["records"]
    (proof,) = [row for row in rows if row["purpose"] == "ownership"]
    assert proof["name"].endswith(".example.com")
    assert (proof["type"], proof["value"]) == ("A", None)
    server.emulator.publish("example.com")
    assert project.apply().code == 0
    assert "ownership" not in project.run("dns", "--format", "json").out


def test_another_name_of_a_domain_that_waits_for_its_proof(server, project):
    """No answer tells its record: only the request for the proof does."""
    server.swap(seed={"domains": {"example.com": {}}}, quirks={"ownership": "wait"})
    project.write({"domains": {"example.com": {"domain_aliases": {"example.net": {}}}}})
    assert project.apply().code == 7
    told = "domain_alias/example.com/example.net waits for a proof of ownership: `qboxctl apply` asks for its record"
    assert told in project.run("dns").err
    server.emulator.publish("example.net")
    assert project.apply().code == 0
    assert "waits" not in project.run("dns").err


def test_zones_for_octodns_in_a_folder(account, project):
    project.write(CONFIG)
    done = project.run("dns", "--format", "octodns", "--out", str(project.folder / "zones"))
    assert (done.code, done.out) == (0, "")
    assert [path.name for path in (project.folder / "zones").iterdir()] == ["example.com.yaml"]


def test_no_zone_is_overwritten_without_force(account, project):
    project.write({"domains": {"example.com": {}, "other.example": {}}})
    zones = project.folder / "zones"
    zones.mkdir()
    (zones / "example.com.yaml").write_text("www: {type: A, value: 192.0.2.1}\n", encoding="utf-8")
    words = ("dns", "--format", "octodns", "--out", str(zones))
    refused = project.run(*words)
    assert (refused.code, refused.out) == (1, "")
    assert f"already there: {zones / 'example.com.yaml'}\n" in refused.err
    assert "--force" in refused.err
    assert [path.read_text(encoding="utf-8") for path in zones.iterdir()] == ["www: {type: A, value: 192.0.2.1}\n"]
    assert project.run(*words, "--force").code == 0
    assert "www" not in (zones / "example.com.yaml").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_check_that_nobody_answers(account, project):
    project.write(CONFIG)
    done = project.run("dns", "--check", "--resolver", NOBODY)
    assert done.code == 1
    assert "no answer" in done.out


@pytest.mark.parametrize("words", ["--out x", "--resolver 127.0.0.1", "--check --resolver nowhere", "--format xml"])
def test_wrong_usage(words, account, project):
    project.write(CONFIG)
    done = project.run("dns", *words.split())
    assert done.code == 1
    assert not done.out
    assert not account.arrived


def test_nothing_declared(account, project):
    project.write({"settings": {}})
    done = project.run("dns")
    assert (done.code, done.out) == (0, "")
    assert "no domain" in done.err
    empty = project.run("dns", "--format", "json")
    assert (empty.code, empty.json) == (0, {"records": []})
    zones = project.folder / "zones"
    assert project.run("dns", "--format", "octodns", "--out", str(zones)).code == 0
    assert not zones.exists()


def test_a_check_sees_what_should_not_be_there(account, project, nameserver):
    project.write({"domains": {"example.com": {}}})
    nameserver.table = {
        ("example.com", "MX"): ["10 mx1.qboxmail.com.", "20 mx2.qboxmail.com."],
        ("example.com", "TXT"): ['"v=spf1 include:qboxmail.com ~all"'],
        ("_dmarc.example.com", "TXT"): ['"v=DMARC1; p=none"'],
    }
    words = ("dns", "--check", "--resolver", nameserver.address)
    assert project.run(*words).code == 0
    nameserver.table["example.com", "MX"].append("5 mx.old.example.")
    done = project.run(*words, "--format", "json")
    assert (done.code, done.err) == (7, "1 record published that should not be there\n")
    (row,) = [row for row in done.json["records"] if row["status"] == "unexpected"]
    assert (row["type"], row["value"], row["published"]) == ("MX", "5 mx.old.example.", ["5 mx.old.example."])
    zone = project.run(*words, "--format", "zone")
    assert (zone.code, "mx.old" in zone.out) == (7, False)


@pytest.mark.parametrize(
    ("own", "others", "code", "word"),
    [("", "", 7, "missing"), ("192.0.2.80", "192.0.2.80", 7, "unproved"), ("192.0.2.80", "192.0.2.81", 7, "unproved"),
     ("192.0.2.80", "", 0, "published")],
)  # fmt: skip
def test_what_a_wildcard_answers_proves_no_domain(own, others, code, word, server, project, nameserver):
    server.swap(quirks={"ownership": "wait"})
    project.write({"domains": {"example.com": {"postmaster_password": {"env": "PW"}}}})
    assert project.apply().code == 7
    rows = project.run("dns", "--format", "json").json["records"]
    (name,) = [row["name"] for row in rows if row["purpose"] == "ownership"]
    answers = {name: own, f"no-{name}": others}
    nameserver.table = {
        ("example.com", "MX"): ["10 mx1.qboxmail.com.", "20 mx2.qboxmail.com."],
        ("example.com", "TXT"): ['"v=spf1 include:qboxmail.com ~all"'],
        ("_dmarc.example.com", "TXT"): ['"v=DMARC1; p=none"'],
        **{(each, "A"): [address] for each, address in answers.items() if address},
    }
    done = project.run("dns", "--check", "--resolver", nameserver.address)
    assert done.code == code
    (row,) = [line for line in done.out.splitlines() if name in line]
    assert row.split()[0] == word
    assert ("now: 192.0.2.80" in done.out) == ("by a wildcard" in done.err) == (word == "unproved")
