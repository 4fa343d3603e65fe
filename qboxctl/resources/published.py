"""The DNS records that Hosting and Delivery domains ask for, as far as the API or its clients tell them. Pure.

Records come from the API's answers where it tells them. What it does not tell (MX, SPF and a first DMARC policy of
Hosting domains) is marked as assumed; the address that proves an ownership is only known to `apply`, which asks for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from qboxctl.model import JSON, Live
from qboxctl.schema.calls import Certainty
from qboxctl.schema.lifecycle import UNPROVED
from qboxctl.schema.records import Purpose, Record

SPF = "v=spf1 include:qboxmail.com ~all"
MAIL_SERVERS = ((10, "mx1.qboxmail.com"), (20, "mx2.qboxmail.com"))
"""What one client of the API publishes; the reference does not tell it."""
DMARC = "v=DMARC1; p=none"
"""Asks receivers to report and to change nothing: where every policy starts."""
_NAME = re.compile(r"[A-Za-z0-9_*](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?\Z")
_MOST = 100
"""No answer names more records than that."""


def hosting_records(domain: str, live: Live) -> Iterable[Record]:
    """The records of a Hosting domain, or of another name of one [domains.md, 2.6 and 4]."""
    address = live.address
    label = live.row.get("possession_a_record")
    if live.status == UNPROVED and isinstance(label, str) and _NAME.match(label):
        note = "`qboxctl apply` asks the API for its address, and prints it"
        yield Record("", f"{label}.{domain}", "A", "", Purpose.OWNERSHIP, address, Certainty.OBSERVED, note)
    for preference, server in MAIL_SERVERS:
        yield Record("", domain, "MX", f"{preference} {server}.", Purpose.MX, address, Certainty.OBSERVED)
    yield Record("", domain, "TXT", SPF, Purpose.SPF, address, Certainty.OBSERVED)
    selector, key = live.row.get("dkim_selector"), live.row.get("dkim_public_key")
    if isinstance(selector, str) and _NAME.match(selector) and isinstance(key, str) and key.strip():
        host = selector if selector.endswith("._domainkey") else f"{selector}._domainkey"
        text = key.strip() if key.lstrip().lower().startswith("v=dkim1") else f"v=DKIM1; k=rsa; p={_bare(key)}"
        yield Record("", f"{host}.{domain}", "TXT", text, Purpose.DKIM, address)
    note = "a first policy; tighten it once the reports are clean"
    yield Record("", f"_dmarc.{domain}", "TXT", DMARC, Purpose.DMARC, address, Certainty.ASSUMED, note)


def _bare(key: str) -> str:
    """A public key without the lines that a PEM file has around it."""
    return "".join(line for line in key.split() if not line.startswith("-") and line not in ("PUBLIC", "KEY-----"))


def delivery_records(domain: str, live: Live) -> Iterable[Record]:
    """A Delivery domain's records, as its answer tells them [delivery.md, 3.1]."""
    address = live.address
    for name, target in _pairs(live.row.get("cname_verification_records"), domain):
        yield Record("", name, "CNAME", f"{target}.", Purpose.DELIVERY, address)
    spf, policy = live.row.get("txt_spf_record"), live.row.get("suggested_dmarc_record")
    if isinstance(spf, str) and spf.strip():
        yield Record("", domain, "TXT", _flat(spf), Purpose.SPF, address)
    if isinstance(policy, str) and policy.strip():
        yield Record("", f"_dmarc.{domain}", "TXT", _flat(policy), Purpose.DMARC, address)


def _flat(text: str) -> str:
    """A TXT value on one line, without the quotes that a panel may show around it."""
    return " ".join(text.split()).strip('"')


_FROM = ("name", "host", "hostname", "record", "source", "key")
_TO = ("value", "target", "content", "destination", "data", "points_to")


def _pairs(raw: JSON, domain: str) -> list[tuple[str, str]]:
    """Names and targets of CNAMEs: the reference shows a text without its structure, so any that tells both is read."""
    found: dict[str, str] = {}
    for name, target in _loose(raw):
        if _NAME.match(name) and _NAME.match(target) and len(found) < _MOST:
            name, target = name.rstrip(".").lower(), target.rstrip(".").lower()
            whole = name if name == domain or name.endswith(f".{domain}") else f"{name}.{domain}"
            found[whole] = target
    return sorted(found.items())


def _loose(raw: JSON, depth: int = 0) -> Iterable[tuple[str, str]]:
    if depth > 4:
        return
    match raw:
        case str():
            yield from _from_text(raw, depth)
        case list():
            for item in raw:
                yield from _loose(item, depth + 1)
        case dict():
            name = next((raw[key] for key in _FROM if isinstance(raw.get(key), str)), None)
            target = next((raw[key] for key in _TO if isinstance(raw.get(key), str)), None)
            if name is not None and target is not None:
                yield name, target
            else:
                yield from ((key, value) for key, value in raw.items() if isinstance(value, str))
                for value in raw.values():
                    yield from _loose(value, depth + 1) if isinstance(value, (list, dict)) else ()


def _from_text(text: str, depth: int) -> Iterable[tuple[str, str]]:
    """JSON inside a text, or ``name CNAME target`` on lines or between commas."""
    if text.lstrip().startswith(("[", "{")):
        try:
            yield from _loose(json.loads(text), depth + 1)
        except (ValueError, RecursionError):
            return
    else:
        for line in re.split(r"[\n,;]", text):
            words = [word for word in re.split(r"[\s=>:]+", line) if word.upper() not in ("", "IN", "CNAME", "-")]
            if len(words) == 2:
                yield words[0], words[1]
