"""Texts that people know objects by which have no name of their own on the server, and which object a text means.

The server may keep such a text in another form: another composition of its letters, one blank for two, HTML entities,
or only its beginning. Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from qboxctl.model import Address, Desired, Live, Value
from qboxctl.schema import formats
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import Text


@dataclass(frozen=True, slots=True)
class Label(Text):
    """A text that an object is known by: forms of it are one, and its beginning may be all that a server kept."""

    def agrees(self, want: Value, have: Value) -> bool | None:
        """Whether two texts are forms of one; None where one may be a beginning of the other that was left by a cut."""
        if formats.folded(str(want)) == formats.folded(str(have)):
            return True
        return None if formats.may_be_cut(str(have), str(want)) else False


class Unmatched(NamedTuple):
    """A declaration that means no object, or nobody can tell which, in words and with a way out."""

    one: Desired
    message: str
    hint: str


def labelled(types: Kinds, live: Live) -> Address:
    """The address of an object by its name on the server, whatever a file calls it, and however many bear the name."""
    type_ = types[live.address.kind]
    if type_.identity.unique:
        return live.address
    text = type_.identity.comparable(text_of(live, type_.identity.key))
    return Address(type_.kind, types.key(type_.kind, text, types.split(live.address)[0]))


def text_of(live: Live, key: str) -> str:
    """The text that an object is known by on the server."""
    return str(live.row.get(key) or "")


def means(text: str, live: Live, key: str, others: Set[str]) -> bool:
    """Whether an object that is new may be the one that was created under a text, and is none of the ``others``."""
    have = text_of(live, key)
    return formats.folded(have) == formats.folded(text) or (
        formats.may_be_cut(have, text) and formats.folded(have) not in others
    )


def match(
    declared: Sequence[Desired], lives: Sequence[Live], type_: ResourceType
) -> tuple[dict[Address, Live], list[Unmatched]]:
    """Which live object of a list each declaration means, by its id or text, and what is wrong with the others."""
    key, title = type_.identity.key, type_.title
    by_id = {live.remote_id: live for live in lives}
    pinned = {one.pin for one in declared if one.pin}
    free = [live for live in lives if live.remote_id not in pinned]
    by_text: dict[str, list[Live]] = defaultdict(list)
    for live in free:
        by_text[formats.folded(text_of(live, key))].append(live)
    found: dict[Address, Live] = {}
    wrong: list[Unmatched] = []
    unmet: list[Desired] = []
    for one in declared:
        same = [by_id[one.pin]] if one.pin in by_id else by_text.get(formats.folded(one.label), [])
        same = [live for live in same if not live.leaving] or same[:1]
        if one.pin and (one.pin not in by_id or by_id[one.pin].leaving):
            if one.absent:
                continue  # it is gone
            wrong.append(Unmatched(one, f"there is no {title} with the id {one.pin}",
                                f"correct the id, or remove it to have a {title} created"))  # fmt: skip
        elif len(same) > 1:
            ids = ", ".join(sorted(live.remote_id for live in same))
            wrong.append(Unmatched(one, f"{type_.numbered(len(same), 'live ')} are called {one.label!r}: ids {ids}",
                                f"say which one is meant, such as id: {same[0].remote_id}"))  # fmt: skip
        elif same:
            found[one.address] = same[0]
        else:
            unmet.append(one)
    taken = {live.remote_id for live in found.values()}
    _match_cut(unmet, [live for live in free if live.remote_id not in taken and not live.leaving], key, found, wrong)
    return found, wrong


def _match_cut(
    unmet: Sequence[Desired], lives: Sequence[Live], key: str, found: dict[Address, Live], wrong: list[Unmatched]
) -> None:
    """Match what is left where the server may have cut the text: to find an object is safer than to order it anew.

    Where there are several ways, or the object would be removed on the strength of it, the id has to be stated.
    """
    longest = max((len(text_of(live, key).strip()) for live in lives), default=0)
    cut = [live for live in lives if len(text_of(live, key).strip()) >= longest - 1]  # a last blank may be dropped
    pairs = [(one, live) for one in unmet for live in cut if formats.may_be_cut(text_of(live, key), one.label)]
    ways = Counter(one.address for one, _ in pairs)
    claims = Counter(live.remote_id for _, live in pairs)
    told: set[Address] = set()
    for one, live in pairs:
        if ways[one.address] == claims[live.remote_id] == 1 and not one.absent:
            found[one.address] = live
        elif one.address not in told:
            told.add(one.address)
            ids = ", ".join(sorted(other.remote_id for mine, other in pairs if mine is one))
            message = f"{one.label!r} may be what the server has cut to {text_of(live, key)!r}: ids {ids}"
            wrong.append(Unmatched(one, message, f"say which one is meant, such as id: {live.remote_id}"))
