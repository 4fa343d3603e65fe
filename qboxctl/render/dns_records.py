"""DNS records as a table, a zone file, octoDNS configuration and JSON. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from itertools import groupby

from qboxctl.config.yaml.writer import dump
from qboxctl.dns.records import unite_spf
from qboxctl.json_text import json_text
from qboxctl.model import JSON
from qboxctl.render.style import PLAIN, Palette, clean, columns_of, pad
from qboxctl.schema.records import Purpose, Record

TTL = 3600
"""Seconds for which resolvers may keep a record."""
_CHUNK = 255
"""Bytes that one string of a TXT record may have."""
_LATER = "(apply asks for it)"

Found = Mapping[Record, tuple[str, Sequence[str]]]
"""For each record how it stands in DNS, and what is published; empty where nobody asked."""


def table(records: Sequence[Record], found: Found, palette: Palette = PLAIN) -> str:
    """For people, one block for each zone; the value comes last and is never wrapped, so that it can be copied whole.

    Names stand in full, and all of them inside their zones where a terminal has no room for that.
    """
    lines: list[str] = []
    shown = _with_unexpected(records, found)
    ahead = 11 + (12 if found else 0) + max((columns_of(one.name) for one in shown), default=0)  # of the value
    narrow = 0 < palette.columns < 2 * ahead
    for zone, group in groupby(shown, key=lambda one: one.zone):
        rows = list(group)
        lines += [*([""] if lines else []), palette.paint(clean(zone), "bold")]
        names = [clean((_relative(one) or "@") if narrow else one.name) for one in rows]
        width = max(map(columns_of, names))
        for one, name in zip(rows, names, strict=True):
            status, now = found.get(one, ("", ()))
            mark = palette.paint(f"{status:10}  ", _TONES.get(status, "dim")) if status else ""
            value = clean(one.value) or palette.paint(_LATER, "dim")
            lines.append(f"  {mark}{pad(name, width)}  {one.type:5}  {value}")
            indent = " " * (6 + (12 if status else 0))
            if status in ("different", "unproved"):
                lines += [f"{indent}now: {palette.paint(clean(text), 'red')}" for text in now]
                united = _united(one, now)
                lines += [f"{indent}make it: {palette.paint(clean(united), 'green')}"] if united else []
            if one.note:
                lines.append(palette.fit(f"{indent}{palette.paint(clean(one.note), 'dim')}"))
    return "\n".join(lines)


_TONES = {
    "published": "green",
    "missing": "alarm",
    "different": "yellow",
    "unproved": "yellow",
    "unexpected": "alarm",
    "no answer": "yellow",
}


def _with_unexpected(records: Sequence[Record], found: Found) -> Sequence[Record]:
    """The records, and beside them what is published and should not be there."""
    more = [one for one, (status, _) in found.items() if status == "unexpected"]
    return sorted([*records, *more]) if more else records


def _united(one: Record, now: Sequence[str]) -> str:
    """The one SPF record that keeps what the published ones allow, "" where there is nothing to keep."""
    kept = [text for text in now if text.lower().startswith("v=spf1 ")] if one.purpose is Purpose.SPF else []
    return reduce(unite_spf, [*kept, one.value]) if kept else ""


def zone_file(records: Sequence[Record]) -> str:
    """Master files (RFC 1035), each zone after its $ORIGIN; what is no row of one, or not yet, is a comment."""
    lines: list[str] = []
    for zone, group in groupby(records, key=lambda one: one.zone):
        rows = list(group)
        crowded = {name for name, number in Counter(one.name for one in rows).items() if number > 1}
        lines += [*([""] if lines else []), f"$ORIGIN {zone}.", f"$TTL {TTL}"]
        for one in rows:
            alone = one.type != "CNAME" or one.name not in crowded
            lines.append(_row(one) if alone else _as_comment(one, "nothing else may stand beside a CNAME"))
    return "\n".join(lines)


def _row(one: Record) -> str:
    import dns.exception
    import dns.name

    try:
        name = dns.name.from_text(one.name).relativize(dns.name.from_text(one.zone))
        if not one.value:
            return f"; {name} IN {one.type} {_LATER}"
        return f"{name} IN {one.type} {_data(one)}"
    except (dns.exception.DNSException, ValueError) as error:
        return _as_comment(one, str(error))


def _data(one: Record) -> str:
    """A record's value as a master file states it; raises DNSException or ValueError where it is none of its type."""
    import dns.rdata
    from dns.rdataclass import IN
    from dns.rdatatype import RdataType
    from dns.rdtypes.ANY.TXT import TXT

    if one.type != "TXT":
        return dns.rdata.from_text(IN, one.type, one.value).to_text()
    raw = one.value.encode()
    return TXT(IN, RdataType.TXT, [raw[start : start + _CHUNK] for start in range(0, len(raw), _CHUNK)]).to_text()


def _as_comment(one: Record, why: str) -> str:
    return "; " + clean(f"{one.name}. IN {one.type} {one.value} ({why})")


def octodns(records: Sequence[Record]) -> str:
    """Zones for octoDNS's YAML provider, each headed by its file's name; several are several documents.

    Semicolons are escaped, which is what octoDNS 1 expects unless its ``escaped_semicolons`` says otherwise.
    """
    files = octodns_files(records)
    mark = "--- " if len(files) > 1 else ""
    return "\n".join(f"{mark}# {name}\n{text}" for name, text in files.items()).rstrip("\n")


def octodns_files(records: Sequence[Record]) -> dict[str, str]:
    """One file for each zone, by the name that octoDNS looks for."""
    return {f"{zone}.yaml": dump(_octodns(list(group))) for zone, group in groupby(records, key=lambda one: one.zone)}


def _octodns(records: Iterable[Record]) -> dict[str, JSON]:
    sets: dict[str, dict[str, list[JSON]]] = defaultdict(lambda: defaultdict(list))
    for one in records:
        if one.value:
            sets[_relative(one)][one.type].append(_octodns_value(one))
    zone: dict[str, JSON] = {}
    for name, types in sorted(sets.items(), key=lambda pair: _natural(pair[0])):
        rows = [{"ttl": TTL, "type": kind, **_one_or_many(values)} for kind, values in sorted(types.items())]
        zone[name] = rows if len(rows) > 1 else rows[0]
    return zone


def _natural(name: str) -> list[tuple[int, int, str]]:
    """The order that octoDNS insists on: numbers inside names count as numbers."""
    parts = (part for part in re.split(r"(\d+)", name) if part)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def _one_or_many(values: list[JSON]) -> dict[str, JSON]:
    return {"values": values} if len(values) > 1 else {"value": values[0]}


def _octodns_value(one: Record) -> JSON:
    if one.type == "MX":
        preference, exchange = one.value.split()
        return {"exchange": exchange, "preference": int(preference)}
    return one.value.replace("\\", "\\\\").replace(";", "\\;") if one.type == "TXT" else one.value


def as_json(records: Sequence[Record], found: Found) -> str:
    """One JSON object with all of them; ``value`` is null where only `apply` learns it."""
    rows = []
    for one in _with_unexpected(records, found):
        status, now = found.get(one, (None, ()))
        checked = {"status": status, "published": list(now)} if found else {}
        rows.append(
            {
                "zone": one.zone,
                "name": one.name,
                "type": one.type,
                "value": one.value or None,
                "ttl": TTL,
                "purpose": one.purpose.value,
                "address": str(one.address),
                "certainty": one.certainty.value,
                "note": one.note,
                **checked,
            }
        )
    return json_text({"records": rows})


def _relative(one: Record) -> str:
    """The record's name inside its zone, "" for the zone itself."""
    return "" if one.name == one.zone else one.name.removesuffix(f".{one.zone}")


FORMATS: Mapping[str, Callable[[Sequence[Record], Found, Palette], str]] = {
    "table": table,
    "zone": lambda records, _found, _palette: zone_file(records),
    "octodns": lambda records, _found, _palette: octodns(records),
    "json": lambda records, found, _palette: as_json(records, found),
}
