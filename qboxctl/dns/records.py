"""The DNS records that a live account asks for: to be published by people, or by octoDNS. Pure.

What a kind asks for is told by its definition; here the records of all are brought together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from qboxctl.config.configuration import Configuration
from qboxctl.live.query import Query
from qboxctl.model import Address, Live, LiveState
from qboxctl.schema.calls import Certainty
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.records import Purpose, Record, Records


def asking(configuration: Configuration, types: Kinds) -> dict[Address, Records]:
    """The declared objects that ask for records."""
    known = {kind: type_.records for kind, type_ in types.items() if type_.records is not None}
    objects = configuration.objects.items()
    return {address: known[address.kind] for address, one in objects if address.kind in known and not one.absent}


def query_for_records(configuration: Configuration, types: Kinds) -> Query:
    """What must be known: the declared domains, with what their answers tell of records."""
    declared = asking(configuration, types)
    collections = frozenset(types.collection(address) for address in declared)
    return Query(configuration, collections, {address: known.attributes for address, known in declared.items()})


def records_of(configuration: Configuration, live_state: LiveState, types: Kinds) -> list[Record]:
    """The records of every declared domain, sorted, each name with one SPF and one DMARC record.

    A domain that is not there yet has those that are known without it.
    """
    declared = asking(configuration, types)
    found: list[Record] = []
    for address, known in declared.items():
        found += known.make(types.name(address), live_state.live.get(address) or Live(address, "", {}))
    zones = sorted({types.name(address) for address in declared}, key=lambda name: (len(name), name))
    return sorted(replace(one, zone=_zone(one, zones)) for one in _united(found))


def _zone(one: Record, zones: Iterable[str]) -> str:
    return next((zone for zone in zones if one.name == zone or one.name.endswith(f".{zone}")), one.name)


def _united(found: Iterable[Record]) -> list[Record]:
    """One SPF and one DMARC record per name: two of either would make receivers ignore both."""
    single: dict[tuple[str, Purpose], Record] = {}
    others: list[Record] = []
    for one in found:
        if one.purpose not in (Purpose.SPF, Purpose.DMARC):
            others.append(one)
            continue
        first = single.get((one.name, one.purpose))
        if first is None:
            single[one.name, one.purpose] = one
        elif one.purpose is Purpose.SPF:
            single[one.name, one.purpose] = replace(first, value=unite_spf(first.value, one.value))
        elif first.certainty is Certainty.ASSUMED:
            single[one.name, one.purpose] = one  # what the API suggests goes before what we would start with
    return list(dict.fromkeys([*others, *single.values()]))


def unite_spf(one: str, other: str) -> str:
    """One SPF record that allows what either allows, and is as soft as the softer one about all others."""
    rules = dict.fromkeys((*spf_rules(one), *spf_rules(other)))
    ends = [word for word in (*one.split(), *other.split()) if _ALL.fullmatch(word)]
    return " ".join(["v=spf1", *rules, min(ends, key=_softness, default="~all")])


def spf_rules(text: str) -> list[str]:
    """What an SPF record says but for its ``all``; a ``redirect``, which cannot stand beside one, as an ``include``.

    Where it does stand beside one, receivers pass over it (RFC 7208, 6.1).
    """
    words = text.split()[1:]
    rules = [word for word in words if not _ALL.fullmatch(word)]
    if len(rules) < len(words):
        return [word for word in rules if not _REDIRECT.match(word)]
    return [_REDIRECT.sub("include:", word) for word in rules]


def _softness(end: str) -> int:
    return "+?~-".index(end[0]) if end[0] in "+?~-" else 0


_ALL = re.compile(r"[+?~-]?all", re.IGNORECASE)
_REDIRECT = re.compile(r"^redirect=", re.IGNORECASE)
