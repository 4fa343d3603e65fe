"""What objects hold, as the held objects tell it, and who the holders are where no list shows these. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from qboxctl.model import JSON, Address, Desired, Live
from qboxctl.schema.field import Field, Holder
from qboxctl.schema.formats import folded
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType


class Unmet(NamedTuple):
    """A declaration of which nobody can tell whether it is there, in words and with a way out."""

    one: Desired
    message: str
    hint: str


def code_of_holder(holder: Holder, live: Live) -> str:
    """The code of what holds an object, "" where nothing does."""
    code = live.row.get(holder.code)
    return str(code) if code is not None else ""


def with_holdings(types: Kinds, lives: Mapping[Address, Live]) -> dict[Address, Live]:
    """The live objects of the kinds that hold others, with what they hold in their rows.

    Where the row of something that may be held does not tell, nothing is known.
    """
    found: dict[Address, Live] = {}
    for type_ in types.values():
        holders = [live for live in lives.values() if live.address.kind == type_.kind] if type_.holding else []
        for one in type_.holding if holders else ():
            held = held_by(one, lives.values())
            for live in holders:
                row = {name: value for name, value in found.get(live.address, live).row.items() if name != one.row_name}
                if held is not None:
                    row[one.row_name] = held.get(live.remote_id, [])
                found[live.address] = live._replace(row=row)
    return found


def held_by(one: Field, lives: Iterable[Live]) -> dict[str, list[JSON]] | None:
    """The codes of what each holder has, by its own code; None where that cannot be told."""
    found: dict[str, list[JSON]] = defaultdict(list)
    for live in lives:
        if one.holder is None or live.address.kind not in one.linked or live.leaving:
            continue
        if one.holder.code not in live.row:
            return None
        found[code_of_holder(one.holder, live)].append(live.remote_id)
    return found


class Recognition(NamedTuple):
    """What is known of the declared objects of a kind that no list shows: those that are there, and the doubtful."""

    found: Mapping[Address, Live]
    doubtful: Sequence[Unmet]


def recognise(
    type_: ResourceType, declared: Sequence[Desired], lives: Iterable[Live], known: Set[Address], *, sure: bool
) -> Recognition:
    """Find out which live objects some declarations mean, by what these hold.

    A holder is the one whose code a file pins, else the one of that full name which holds something that a file
    declares (``known``). Where it is ``sure`` that the list cannot be read, one that nothing tells of may be there
    all the same.
    """
    held = [live for live in lives if any(live.address.kind in one.linked for one in type_.holding)]
    pinned = {one.pin for one in declared if one.pin}
    found: dict[Address, Live] = {}
    doubtful: list[Unmet] = []
    claims: dict[str, list[Desired]] = defaultdict(list)
    for one in declared:
        if one.pin:
            found[one.address] = _stand_in(type_, one, one.pin)
            continue
        bearing = [(live, code) for live, code in _of_name(type_, one, held) if code not in pinned]
        codes = {code for live, code in bearing if live.address in known}
        if len(codes) == 1:
            claims[codes.pop()].append(one)
        elif bearing or (sure and not (_to_be_made(type_, one) and any(one.values.get(e.name) for e in type_.holding))):
            doubtful.append(_unmet(type_, one, {code for _, code in bearing}))
    for code, ones in claims.items():
        if len(ones) == 1:
            found[ones[0].address] = _stand_in(type_, ones[0], code)
        else:
            doubtful += [_unmet(type_, one, {code}) for one in ones]
    return Recognition(found, doubtful)


def _to_be_made(type_: ResourceType, one: Desired) -> bool:
    """Whether a declaration has all that a creation needs: one that lacks some means what is there."""
    return all(each.name in one.secrets or one.values.get(each.name) for each in type_.fields if each.required)


def _of_name(type_: ResourceType, one: Desired, held: Iterable[Live]) -> Iterator[tuple[Live, str]]:
    """What is held by one of the same full name, with that one's code."""
    wanted = folded(" ".join(str(one.values.get(name, "")) for name in type_.identity.fullname))
    for live in held:
        for each in type_.holding:
            holder = each.holder
            if holder is None or live.address.kind not in each.linked or not code_of_holder(holder, live):
                continue
            if wanted.strip() and folded(str(live.row.get(holder.name) or "")) == wanted:
                yield live, code_of_holder(holder, live)


def _stand_in(type_: ResourceType, one: Desired, code: str) -> Live:
    """A live object of which nothing is known but its code, and the name by which it was found."""
    names = {} if one.pin else {name: one.values.get(name, "") for name in type_.identity.fullname}
    row = {type_.identity.id: code, type_.identity.key: one.address.key, **names}
    return Live(one.address, code, row, detailed=True)


def _unmet(type_: ResourceType, one: Desired, codes: Set[str]) -> Unmet:
    pin, some = type_.identity.pin, ", ".join(sorted(codes))
    kinds = type_.section[-1].replace("_", " ")
    message = f"the API lists no {kinds}, and nothing tells whether {one.address} is there"
    if some:
        message = f"the API lists no {kinds}, and {one.address} may be {some}"
    return Unmet(one, message, f"write {pin}: {some or 'CODE'} under it, as the panel shows it")
