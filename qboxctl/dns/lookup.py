"""What is published in DNS, against what should be. The only module that asks DNS."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

import dns.exception
import dns.name
import dns.resolver

from qboxctl.dns.records import spf_rules
from qboxctl.errors import QboxctlError
from qboxctl.schema.calls import Certainty
from qboxctl.schema.records import Purpose, Record

_AT_ONCE = 8
_BESIDE_NO_CNAME = ("TXT", "A", "AAAA", "MX")
"""What may stand under a name in the place of a CNAME, which stands alone."""


class Published(StrEnum):
    """How a record stands in DNS."""

    OK = "published"
    MISSING = "missing"
    DIFFERENT = "different"
    UNPROVED = "unproved"
    """What is there is a wildcard's, and only `apply` learns what should be."""
    UNEXPECTED = "unexpected"
    UNKNOWN = "no answer"


@dataclass(frozen=True, slots=True)
class Lookup:
    """One record, how it stands, and what is published in its place.

    Of an unexpected one, the record is what is published, and its note says what harm it does.
    """

    record: Record
    status: Published
    found: tuple[str, ...] = ()


def lookup_at(server: str = "", timeout: float = 5.0) -> Callable[[Sequence[Record]], list[Lookup]]:
    """The way to ask a DNS server for records: ``ADDRESS`` or ``ADDRESS:PORT``, else the machine's own are asked.

    ``timeout`` is in seconds, for each question. Raises QboxctlError for a server that is no IP address.
    """
    return partial(_look_up, resolver=_resolver(server, timeout))


def _look_up(records: Sequence[Record], resolver: dns.resolver.Resolver) -> list[Lookup]:
    """Ask for every record; what is published beside them and should not be there comes last."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        findings = list(pool.map(lambda one: _lookup(one, resolver), records))
    return findings + unexpected(findings)


def _resolver(server: str, timeout: float) -> dns.resolver.Resolver:
    try:
        resolver = dns.resolver.Resolver(configure=not server)
    except dns.resolver.NoResolverConfiguration:
        raise QboxctlError("this machine knows no DNS server", hint="name one with --resolver") from None
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
        hint = "write 192.0.2.1 or 192.0.2.1:5353"
        raise QboxctlError(f"{server!r} is not the address of a DNS server", hint=hint) from None
    return host, int(port)


def _lookup(one: Record, resolver: dns.resolver.Resolver) -> Lookup:
    try:
        found, target = _asked(one.name, one.type, resolver)
        status = verdict_of(one, found)
        if status is Published.MISSING and target:
            return Lookup(one, Published.DIFFERENT, (f"CNAME {target}", *found))
        if status is Published.MISSING and one.type == "CNAME":
            answers = {kind: _asked(one.name, kind, resolver)[0] for kind in _BESIDE_NO_CNAME}
            found = tuple(f"{kind} {text}" for kind, texts in answers.items() for text in texts)
            return Lookup(one, Published.DIFFERENT if found else status, found)
        if status is Published.OK and not one.value and _asked(f"no-{one.name}", one.type, resolver)[0]:
            return Lookup(one, Published.UNPROVED, found)  # a name that nobody can have published is answered too
    except (dns.exception.DNSException, OSError):
        return Lookup(one, Published.UNKNOWN)
    return Lookup(one, status, found)


def _asked(name: str, kind: str, resolver: dns.resolver.Resolver) -> tuple[tuple[str, ...], str]:
    """What is published under a name, and where a CNAME leads from it, "" for none."""
    try:
        answer = resolver.resolve(name, kind, raise_on_no_answer=False, search=False)
    except dns.resolver.NXDOMAIN as error:
        return (), _target(name, error.canonical_name)
    found = tuple(sorted(_text(kind, row) for row in answer.rrset or ()))
    return found, "" if kind == "CNAME" else _target(name, answer.canonical_name)


def _target(name: str, canonical: dns.name.Name) -> str:
    return "" if canonical == dns.name.from_text(name) else str(canonical).lower()


def _text(kind: str, row: object) -> str:
    """One published value in the form in which records state theirs."""
    if kind == "TXT":
        return b"".join(getattr(row, "strings", ())).decode("utf-8", "replace")
    return str(row).lower()


def verdict_of(one: Record, found: Iterable[str]) -> Published:
    """How a record stands, given all values that are published under its name and type."""
    rivals = [text for text in found if _rival(one, text)]
    if not rivals:
        return Published.MISSING
    if one.purpose in (Purpose.SPF, Purpose.DMARC) and len(rivals) > 1:
        return Published.DIFFERENT  # receivers ignore both
    return Published.OK if any(_fits(one, text) for text in rivals) else Published.DIFFERENT


def _rival(one: Record, text: str) -> bool:
    """Whether a published value stands where the record should: other TXT values do not matter."""
    match one.purpose:
        case Purpose.SPF:
            return text.lower().split()[:1] == ["v=spf1"]
        case Purpose.DMARC:
            return text.strip().lower().startswith("v=dmarc1")
        case _:
            return True


def _fits(one: Record, text: str) -> bool:
    match one.purpose:
        case Purpose.OWNERSHIP:
            return one.value in ("", text)
        case Purpose.MX:
            return text.split()[-1] == one.value.split()[-1]
        case Purpose.SPF:
            return set(spf_rules(one.value)) <= set(spf_rules(text))
        case Purpose.DMARC:
            return True  # a stricter policy is the owner's to choose
        case _:
            return "".join(text.split()) == "".join(one.value.split())


def unexpected(findings: Iterable[Lookup]) -> list[Lookup]:
    """What is published where some of the records should be, and does harm there."""
    groups: dict[tuple[str, Purpose], list[Lookup]] = defaultdict(list)
    for one in findings:
        groups[one.record.name, one.record.purpose].append(one)
    found = []
    for (_, purpose), group in groups.items():
        record = group[0].record
        for text in _STRANGERS[purpose](group) if purpose in _STRANGERS else ():
            seen = replace(record, value=text, certainty=Certainty.OBSERVED, note=_HARM[purpose])
            found.append(Lookup(seen, Published.UNEXPECTED, (text,)))
    return found


_HARM = {
    Purpose.MX: "mail that goes there does not reach the mailboxes of this account: take it out",
    Purpose.SPF: "two SPF records are an error, and receivers heed neither: make one of them",
    Purpose.DMARC: "of two DMARC records receivers heed neither: keep one",
}


def _other_servers(group: Sequence[Lookup]) -> list[str]:
    """Mail servers of another provider; one that only has another name at the same is told as different."""
    ours = {_provider(one.record.value) for one in group}
    published = dict.fromkeys(text for one in group for text in one.found if text[:1].isdigit())
    return [text for text in published if _provider(text) not in ours]


def _provider(value: str) -> str:
    """The last two labels of a mail server's name."""
    return ".".join(value.lower().rstrip(".").split(".")[-2:]) if value.split()[-1] != "." else ""


def _second_ones(group: Sequence[Lookup]) -> list[str]:
    """All but the one that fits, of values of which only one may be there."""
    one = group[0]
    rivals = [text for text in one.found if _rival(one.record, text)]
    keep = next((text for text in rivals if _fits(one.record, text)), rivals[0] if rivals else "")
    return [text for text in rivals if text != keep]


_STRANGERS: Mapping[Purpose, Callable[[Sequence[Lookup]], list[str]]] = {
    Purpose.MX: _other_servers,
    Purpose.SPF: _second_ones,
    Purpose.DMARC: _second_ones,
}
