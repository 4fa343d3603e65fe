"""The DNS records that a live account asks for: to be published by people, or by octoDNS. Pure.

What a kind asks for is told by its definition; here the records of all are brought together.
"""

from __future__ import annotations

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
    rules = dict.fromkeys(word for word in (*one.split()[1:], *other.split()[1:]) if not word.lower().endswith("all"))
    ends = [word for word in (*one.split(), *other.split()) if word.lower().endswith("all")]
    end = min(ends, key="?~-".find) if ends else "~all"
    return " ".join(["v=spf1", *rules, end])
