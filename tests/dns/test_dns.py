"""The records that domains need: what the answers tell, in forms that other programs load, and checked against DNS."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import dns.rdatatype
import dns.zone
import pytest
from octodns.provider.yaml import YamlProvider
from octodns.zone import Zone

from qboxctl.dns.lookup import Published, lookup_at, verdict_of
from qboxctl.dns.records import records_of, unite_spf
from qboxctl.errors import QboxctlError
from qboxctl.model import Address, Live, LiveState
from qboxctl.render import dns_records
from qboxctl.resources import TYPES
from qboxctl.schema.calls import Certainty
from qboxctl.schema.records import Purpose, Record
from tests.support.lab import Lab, configuration_of

CONFIG = """
domains: {example.com: {}, waits.example: {}}
delivery: {domains: {news.example.com: {}, example.com: {}, alone.example: {}}}
"""
LONG = "v=DKIM1; k=rsa; p=" + "A" * 400
ROWS = {
    "domain/example.com": {"dkim_selector": "qbm18", "dkim_public_key": LONG, "has_dkim": 1},
    "domain/waits.example": {"possession_a_record": "d862161940", "dkim_selector": None},
    "delivery_domain/news.example.com": {
        "cname_verification_records": [{"name": "a._domainkey.news.example.com", "value": "a.q.example"}],
        "txt_spf_record": '"v=spf1 include:spf.qboxmail.com ~all"',
        "suggested_dmarc_record": "v=DMARC1; p=quarantine",
    },
    "delivery_domain/example.com": {
        "cname_verification_records": "b10._domainkey CNAME x.q.example\nb9._domainkey CNAME y.q.example\n"
        "b._domainkey CNAME b.q.example.",
        "txt_spf_record": "v=spf1 include:spf.qboxmail.com -all",
        "suggested_dmarc_record": "v=DMARC1; p=quarantine",
    },
}  # fmt: skip
STATUS = {"domain/waits.example": "ownership_check"}


def found() -> list[Record]:
    live = {
        Address.of(text): Live(Address.of(text), "D1", row, STATUS.get(text, "enabled")) for text, row in ROWS.items()
    }
    return records_of(configuration_of(CONFIG), LiveState(live), TYPES)


def values(name: str, kind: str) -> list[str]:
    return [one.value for one in found() if (one.name, one.type) == (name, kind)]


def test_each_domain_has_its_records():
    assert values("example.com", "MX") == ["10 mx1.qboxmail.com.", "20 mx2.qboxmail.com."]
    assert values("qbm18._domainkey.example.com", "TXT") == [LONG]
    assert values("a._domainkey.news.example.com", "CNAME") == ["a.q.example."]
    assert values("b._domainkey.example.com", "CNAME") == ["b.q.example."]
    assert values("news.example.com", "TXT") == ["v=spf1 include:spf.qboxmail.com ~all"]
    assert not [one for one in found() if one.name.endswith("alone.example")]  # only its answer could tell
    (proof,) = [one for one in found() if one.purpose is Purpose.OWNERSHIP]
    assert (proof.name, proof.type, proof.value) == ("d862161940.waits.example", "A", "")
    assert {one.zone for one in found()} == {"example.com", "waits.example"}


def test_a_name_has_one_spf_and_one_policy():
    assert values("example.com", "TXT") == ["v=spf1 include:qboxmail.com include:spf.qboxmail.com ~all"]
    assert values("_dmarc.example.com", "TXT") == ["v=DMARC1; p=quarantine"]  # the API's goes before our own


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("v=spf1 include:a ~all", "v=spf1 include:b -all", "v=spf1 include:a include:b ~all"),
        ("v=spf1 include:a -all", "v=spf1 include:a -all", "v=spf1 include:a -all"),
        ("v=spf1 mx", "v=spf1 include:b", "v=spf1 mx include:b ~all"),
        ("v=spf1 ?all", "v=spf1 ip4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 ?all"),
        ("v=spf1 ip4:192.0.2.1 -all", "v=spf1 ?all", "v=spf1 ip4:192.0.2.1 ?all"),
        ("v=spf1 a -ALL", "v=spf1 all", "v=spf1 a all"),
        ("v=spf1 +all", "v=spf1 a ?all", "v=spf1 a +all"),
        ("v=spf1 redirect=_spf.a", "v=spf1 include:b ~all", "v=spf1 include:_spf.a include:b ~all"),
        ("v=spf1 include:b ~all", "v=spf1 REDIRECT=_spf.a", "v=spf1 include:b include:_spf.a ~all"),
        ("v=spf1 mx redirect=_spf.a -all", "v=spf1 include:b -all", "v=spf1 mx include:b -all"),
        ("v=spf1 include:spf.football", "v=spf1 a:small ~all", "v=spf1 include:spf.football a:small ~all"),
    ],
)
def test_two_spf_records_are_united(one, other, both):
    assert unite_spf(one, other) == both


WANTED = ["x._domainkey.n.example x.t.example.", "y.n.example y.t.example."]
SHAPES = [
    [{"name": "x._domainkey.n.example", "value": "x.t.example"}, {"host": "y", "target": "y.t.example."}],
    {"x._domainkey": "x.t.example", "y.n.example.": "y.t.example"},
    {"records": [{"hostname": "x._domainkey", "points_to": "x.t.example"}, {"record": "Y", "data": "Y.t.example"}]},
    "x._domainkey CNAME x.t.example\ny IN CNAME y.t.example.",
    "x._domainkey.n.example -> x.t.example, y => y.t.example",
    ["x._domainkey x.t.example", "y: y.t.example"],
    json.dumps([{"name": "x._domainkey", "value": "x.t.example"}, {"name": "y", "value": "y.t.example"}]),
]


@pytest.mark.parametrize("raw", SHAPES, ids=repr)
def test_records_are_read_in_any_shape(raw):
    address = Address("delivery_domain", "n.example")
    live = Live(address, "DD1", {"cname_verification_records": raw})
    rows = records_of(configuration_of("delivery: {domains: {n.example: {}}}"), LiveState({address: live}), TYPES)
    assert [f"{one.name} {one.value}" for one in rows if one.type == "CNAME"] == WANTED


@pytest.mark.parametrize("raw", [None, 7, "", "just words here and there", [[[[[[["deep", "er"]]]]]]], {"a": {"b": 1}},
                                 "[" * 5000, "$(rm) CNAME x;y", "a b\x00c"])  # fmt: skip
def test_what_cannot_be_read_gives_no_record(raw):
    address = Address("delivery_domain", "n.example")
    live = Live(address, "DD1", {"cname_verification_records": raw})
    assert records_of(configuration_of("delivery: {domains: {n.example: {}}}"), LiveState({address: live}), TYPES) == []


def loaded(text: str) -> dict[str, dns.zone.Zone]:
    """The zones of a master file, by name, as dnspython reads them."""
    parts = re.split(r"^\$ORIGIN ", text, flags=re.MULTILINE)[1:]
    names = [part.splitlines()[0] for part in parts]
    return {
        name.rstrip("."): dns.zone.from_text(f"$ORIGIN {part}", name, relativize=False, check_origin=False)
        for name, part in zip(names, parts, strict=True)
    }


def test_the_zone_file_is_loaded_by_dnspython():
    text = dns_records.zone_file(found())
    assert "; d862161940 IN A (apply asks for it)" in text.splitlines()
    zones = loaded(text)
    assert list(zones) == ["example.com", "waits.example"]
    for name, zone in zones.items():
        rows = {
            (str(owner).rstrip("."), dns.rdatatype.to_text(kind.rdtype))
            for owner, node in zone.items()
            for kind in node
        }
        assert rows == {(one.name, one.type) for one in found() if one.zone == name and one.value}
    (row,) = zones["example.com"].find_rdataset("qbm18._domainkey.example.com.", "TXT")
    assert b"".join(row.strings).decode() == LONG
    assert max(map(len, row.strings)) == 255


@pytest.mark.parametrize(
    "text", ['a"b\\c; d', "$ORIGIN x.", "é" * 300, "tab\tnewline\n\x7f", "( @", "\\000", " two  blanks "], ids=repr
)
def test_any_text_is_loaded_as_it_was(text):
    zone = loaded(dns_records.zone_file([replace(found()[0], value=text)]))["example.com"]
    (row,) = zone.find_rdataset("_dmarc.example.com.", "TXT")
    assert b"".join(row.strings).decode() == text


POLICY = found()[0]
ALIAS = replace(POLICY, name="a.example.com", type="CNAME", value="a.q.example.")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (replace(ALIAS, name=f"{'a' * 64}.example.com"), "a DNS label is > 63 octets long"),
        (replace(ALIAS, name=".".join(["a" * 60] * 5)), "a DNS name is > 255 octets long"),
        (replace(ALIAS, value="a..q.example."), "a DNS label is empty"),
        (replace(ALIAS, name=POLICY.name), "nothing else may stand beside a CNAME"),
        (replace(POLICY, value="\ud800"), "surrogates not allowed"),
    ],
    ids=["label", "name", "target", "beside", "text"],
)
def test_what_a_zone_cannot_hold_is_a_comment_in_it(wrong, why):
    text = dns_records.zone_file([POLICY, wrong])
    _, _, kept, comment = text.splitlines()
    assert kept == '_dmarc IN TXT "v=DMARC1; p=quarantine"'
    assert comment.startswith(f"; {wrong.name}. IN {wrong.type} ")
    assert why.lower() in comment.lower()
    assert [str(name) for name in loaded(text)["example.com"]] == ["_dmarc.example.com."]


def test_octodns_loads_its_zones(tmp_path):
    for name, text in dns_records.octodns_files(found()).items():
        (tmp_path / name).write_text(text)
        zone = Zone(f"{name.removesuffix('.yaml')}.", [])
        YamlProvider("files", str(tmp_path), escaped_semicolons=True).populate(zone, lenient=False)
        loaded = {(one.fqdn.rstrip("."), one._type) for one in zone.records}
        assert loaded == {(one.name, one.type) for one in found() if f"{one.zone}." == zone.name and one.value}
    (policy,) = [one for one in zone.records if one._type == "TXT" and one.name == "_dmarc"]
    assert policy.values == ["v=DMARC1\\; p=none"]


def test_json_has_every_record():
    rows = json.loads(dns_records.as_json(found(), {}))["records"]
    assert len(rows) == len(found())
    assert {row["certainty"] for row in rows} == {one.value for one in Certainty}
    assert [row["value"] for row in rows if row["purpose"] == "ownership"] == [None]


@pytest.fixture
def server(nameserver):
    nameserver.table = {
        ("example.com", "MX"): ["5 MX1.qboxmail.com."],
        ("example.com", "TXT"): ['"verify=1"', '"v=spf1 include:qboxmail.com" " ip4:192.0.2.1 -all"'],
        ("_dmarc.example.com", "TXT"): ['"v=DMARC1; p=reject"'],
        ("b._domainkey.example.com", "CNAME"): ["b.q.example."],
        ("a._domainkey.news.example.com", "CNAME"): ["elsewhere.example."],
        ("d862161940.waits.example", "A"): ["192.0.2.7"],
    }
    return nameserver


def test_what_is_published(server):
    server.silent.add("waits.example")
    checked = lookup_at(server.address, 0.5)(found())
    status = {(one.record.name, one.record.type, one.record.value[:12]): one.status for one in checked}
    assert status["example.com", "MX", "10 mx1.qboxm"] is Published.OK
    assert status["example.com", "MX", "20 mx2.qboxm"] is Published.DIFFERENT
    assert status["example.com", "TXT", "v=spf1 inclu"] is Published.DIFFERENT  # it lacks what Delivery needs
    assert status["_dmarc.example.com", "TXT", "v=DMARC1; p="] is Published.OK
    assert status["b._domainkey.example.com", "CNAME", "b.q.example."] is Published.OK
    assert status["a._domainkey.news.example.com", "CNAME", "a.q.example."] is Published.DIFFERENT
    assert status["qbm18._domainkey.example.com", "TXT", "v=DKIM1; k=r"] is Published.MISSING
    assert status["d862161940.waits.example", "A", ""] is Published.OK
    assert status["waits.example", "MX", "10 mx1.qboxm"] is Published.UNKNOWN


OURS = ["10 mx1.qboxmail.com.", "20 mx2.qboxmail.com."]
GOOD_SPF = '"v=spf1 include:qboxmail.com ~all"'
HOSTING = records_of(configuration_of("domains: {a.example: {}}"), LiveState({}), TYPES)
IN_THE_WAY = {
    "all is well": ({}, []),
    "an old provider's mail server beside ours": (
        {("a.example", "MX"): [*OURS, "5 mx.old.example."]}, ["unexpected MX 5 mx.old.example."],
    ),
    "an old provider's mail server in place of ours": (
        {("a.example", "MX"): ["5 mx.old.example."]},
        ["different MX 10 mx1.qboxmail.com.", "different MX 20 mx2.qboxmail.com.", "unexpected MX 5 mx.old.example."],
    ),
    "no mail at all": (
        {("a.example", "MX"): ["0 ."]},
        ["different MX 10 mx1.qboxmail.com.", "different MX 20 mx2.qboxmail.com.", "unexpected MX 0 ."],
    ),
    "a server of ours that is not known": ({("a.example", "MX"): [*OURS, "30 mx3.qboxmail.com."]}, []),
    "a second SPF record": (
        {("a.example", "TXT"): [GOOD_SPF, '"v=spf1 mx -all"', '"v=spf10 is none"']},
        ["different TXT v=spf1 include:qboxmail.com ~all", "unexpected TXT v=spf1 mx -all"],
    ),
    "SPF without our include": (
        {("a.example", "TXT"): ['"v=spf1 mx -all"']}, ["different TXT v=spf1 include:qboxmail.com ~all"],
    ),
    "two policies": (
        {("_dmarc.a.example", "TXT"): ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"']},
        ["different TXT v=DMARC1; p=none", "unexpected TXT v=DMARC1; p=reject"],
    ),
    "an alias that leads to nothing": (
        {("_dmarc.a.example", "TXT"): [], ("_dmarc.a.example", "CNAME"): ["parked.example."]},
        ["different TXT v=DMARC1; p=none"],
    ),
    "an alias that leads to something else": (
        {("_dmarc.a.example", "TXT"): [], ("_dmarc.a.example", "CNAME"): ["parked.example."],
         ("parked.example", "A"): ["192.0.2.1"]},
        ["different TXT v=DMARC1; p=none"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_THE_WAY)
def test_what_should_not_be_there_is_told(name, server, snapshot):
    published, expected = IN_THE_WAY[name]
    server.table = {
        ("a.example", "MX"): OURS,
        ("a.example", "TXT"): [GOOD_SPF],
        ("_dmarc.a.example", "TXT"): ['"v=DMARC1; p=reject"'],
        **published,
    }
    checked = lookup_at(server.address, 2)(HOSTING)
    wrong = sorted(f"{one.status} {one.record.type} {one.record.value}" for one in checked if one.status != "published")
    assert wrong == expected
    shown = {one.record: (one.status.value, one.found) for one in checked}
    assert dns_records.table(HOSTING, shown) == snapshot
    rows = json.loads(dns_records.as_json(HOSTING, shown))["records"]
    assert sum(row["status"] == "unexpected" for row in rows) == sum(one.startswith("unexpected") for one in expected)
    assert "unexpected" not in dns_records.zone_file(HOSTING)


def test_what_stands_where_an_alias_should(server):
    wanted = [one for one in found() if one.name == "a._domainkey.news.example.com"]
    server.table = {("a._domainkey.news.example.com", "TXT"): ['"v=DKIM1; p=old"']}
    (one,) = lookup_at(server.address, 2)(wanted)
    assert (one.status, one.found) == (Published.DIFFERENT, ("TXT v=DKIM1; p=old",))
    server.table = {("below.a._domainkey.news.example.com", "TXT"): ['"x"'], (wanted[0].name, "TXT"): []}
    assert lookup_at(server.address, 2)(wanted)[0].status is Published.MISSING


SPF_RECORD = Record("z", "z", "TXT", "v=spf1 include:a ~all", Purpose.SPF, Address("domain", "z"))


@pytest.mark.parametrize(
    ("published", "status"),
    [
        ([], Published.MISSING),
        (["something else"], Published.MISSING),
        (["v=spf1 include:a ~all"], Published.OK),
        (["v=spf1 mx include:a -all", "other"], Published.OK),
        (["v=spf1 include:a redirect=b -all"], Published.OK),
        (["v=spf1 include:a"], Published.OK),
        (["v=spf1 redirect=a"], Published.OK),
        (["v=spf1 redirect=a -all"], Published.DIFFERENT),
        (["v=spf1 mx -all"], Published.DIFFERENT),
        (["v=spf1 include:a ~all", "v=spf1 mx -all"], Published.DIFFERENT),
    ],
)
def test_spf_is_judged_by_what_it_allows(published, status):
    assert verdict_of(SPF_RECORD, published) is status


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:0", "127.0.0.1:x", "1.2.3", "[::g]:53"])
def test_a_resolver_must_be_an_address(address):
    with pytest.raises(QboxctlError, match="DNS server"):
        lookup_at(address)


def test_ipv6_addresses_of_resolvers():
    for address in ("::1", "[::1]:9"):
        (one,) = lookup_at(address, 0.2)([SPF_RECORD])
        assert one.status is Published.UNKNOWN


def test_the_emulator_tells_records_like_the_api():
    seed = {"domains": {"example.com": {}}, "delivery": {"domains": {"news.example.com": {}}}}
    config = "domains: {example.com: {}, new.example: {}}\ndelivery: {domains: {news.example.com: {}}}"
    for quirks in ({}, {"list_detail": "abridged"}):
        lab = Lab(seed=seed, quirks=quirks)
        rows = lab.records(configuration_of(config))
        assert {one.purpose for one in rows} == {Purpose.MX, Purpose.SPF, Purpose.DMARC, Purpose.DELIVERY}
        assert {one.zone for one in rows} == {"example.com", "new.example"}
        assert not [one for one in lab.emulator.requests if one.method != "GET"]
