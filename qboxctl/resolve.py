"""What is published in DNS, against what should be. The only module that asks DNS."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.resolver

from qboxctl.dns import Purpose, Record, unite_spf

_AT_ONCE = 8


class Published(StrEnum):
    """How a record stands in DNS."""

    OK = "published"
    MISSING = "missing"
    DIFFERENT = "different"
    UNKNOWN = "no answer"


@dataclass(frozen=True, slots=True)
class Finding:
    """One record, how it stands, and what is published in its place."""

    record: Record
    status: Published
    found: tuple[str, ...] = ()


def look_up(records: Sequence[Record], server: str = "", timeout: float = 5.0) -> list[Finding]:
    """Ask for every record; ``server`` is ``ADDRESS`` or ``ADDRESS:PORT``, else the machine's own are asked.

    ``timeout`` is in seconds, for each record. Raises ValueError for a server that is no IP address.
    """
    resolver = _resolver(server, timeout)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda one: _finding(one, resolver), records))


def _resolver(server: str, timeout: float) -> dns.resolver.Resolver:
    try:
        resolver = dns.resolver.Resolver(configure=not server)
    except dns.resolver.NoResolverConfiguration:
        raise ValueError("this machine knows no DNS server: name one with --resolver") from None
    if server:
        host, port = _address(server)
        resolver.nameservers, resolver.port = [host], port
    resolver.lifetime = timeout
    return resolver


def _address(server: str) -> tuple[str, int]:
    """The address and port of a DNS server."""
    host, colon, port = server.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = server, "53"
    host = host.strip("[]")
    try:
        ipaddress.ip_address(host)
        if not 0 < int(port) < 65536:
            raise ValueError(port)
    except ValueError:
        raise ValueError(f"{server!r} is not the address of a DNS server: write 192.0.2.1 or 192.0.2.1:5353") from None
    return host, int(port)


def _finding(one: Record, resolver: dns.resolver.Resolver) -> Finding:
    try:
        answer = resolver.resolve(one.name, one.type, raise_on_no_answer=False, search=False)
    except dns.resolver.NXDOMAIN:
        return Finding(one, Published.MISSING)
    except (dns.exception.DNSException, OSError):
        return Finding(one, Published.UNKNOWN)
    found = tuple(sorted(_text(one.type, row) for row in answer.rrset or ()))
    return Finding(one, judge(one, found), found)


def _text(kind: str, row: object) -> str:
    """One published value in the form in which records state theirs."""
    if kind == "TXT":
        return b"".join(getattr(row, "strings", ())).decode("utf-8", "replace")
    return str(row).lower()


def judge(one: Record, found: Iterable[str]) -> Published:
    """How a record stands, given all values that are published under its name and type."""
    rivals = [text for text in found if _rival(one, text)]
    if not rivals:
        return Published.MISSING
    if one.purpose in (Purpose.SPF, Purpose.DMARC) and len(rivals) > 1:
        return Published.DIFFERENT  # receivers ignore both
    return Published.OK if any(_fits(one, text) for text in rivals) else Published.DIFFERENT


def _rival(one: Record, text: str) -> bool:
    """Whether a published value stands where the record should: other TXT values do not matter."""
    start = {Purpose.SPF: "v=spf1", Purpose.DMARC: "v=dmarc1"}.get(one.purpose, "")
    return text.strip().lower().startswith(start)


def _fits(one: Record, text: str) -> bool:
    match one.purpose:
        case Purpose.OWNERSHIP:
            return one.value in ("", text)
        case Purpose.MX:
            return text.split()[-1] == one.value.split()[-1]
        case Purpose.SPF:
            return set(unite_spf(text, one.value).split()[:-1]) == set(text.split()[:-1])
        case Purpose.DMARC:
            return True  # a stricter policy is the owner's to choose
        case _:
            return "".join(text.split()) == "".join(one.value.split())
