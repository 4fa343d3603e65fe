"""Which live object is which, where the server gives them no unique names: declared ones first, then the others. Pure.

A declaration means an object by its id, or else by its text. Where a kind says so, the first entry of another attribute
tells what the text does not; that attribute may have to be asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from qboxctl.api.reader import belongs, code_of
from qboxctl.config.configuration import Configuration, ignored
from qboxctl.errors import ConfigError, Diagnostic
from qboxctl.model import Address, Collection, Desired, Live
from qboxctl.schema import labels
from qboxctl.schema.decoding import value_of
from qboxctl.schema.formats import folded
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.labels import Unmatched, labelled
from qboxctl.schema.resource import ResourceType

LONGEST_LABEL = 200
"""A description that is longer, or cannot be printed, is no name for people: the id stands for the account."""


class Listed(NamedTuple):
    """A collection that was read, and the objects that its list shows."""

    collection: Collection
    type: ResourceType
    lives: Sequence[Live]


class Matched(NamedTuple):
    """The same, with those that declarations mean, the declarations that still look for theirs, and the other objects.

    Of those that ``look``, another attribute may tell which object is meant.
    """

    listed: Listed
    found: Mapping[Address, Live]
    look: Sequence[Desired]
    rest: Sequence[Live]


def declared_in(configuration: Configuration, collection: Collection) -> list[Desired]:
    """What the files declare in a collection."""
    inside = configuration.managed.get(collection, ())
    return [configuration.objects[one] for one in inside if one in configuration.objects]


def match(listed: Listed, configuration: Configuration) -> Matched:
    """Match what ids and texts tell; raises ConfigError for what cannot be told apart."""
    type_ = listed.type
    every = declared_in(configuration, listed.collection)
    nameless = [one for one in every if one.fallback and not one.pin and type_.identity.key not in one.values]
    found, wrong = labels.match([one for one in every if one not in nameless], listed.lives, type_)
    _refuse(wrong, configuration)
    taken = {live.remote_id for live in found.values()} | {one.pin for one in every}
    look = [one for one in every if one.fallback and not one.pin and one.address not in found]
    rest = [live for live in listed.lives if live.remote_id not in taken]
    return Matched(listed, found, look, rest)


def match_rest(matched: Matched, rest: Sequence[Live], configuration: Configuration) -> Mapping[Address, Live]:
    """All that is matched, with what the details of the ``rest`` tell of those that look; raises ConfigError."""
    type_, found = matched.listed.type, dict(matched.found)
    wrong, left = [], []
    known = {one.address: [live for live in rest if not live.leaving and one.fallback in _entries(type_, live)]
             for one in matched.look}  # fmt: skip
    for one in matched.look:
        same = _left_of(known, one.address)
        if len(same) > 1:
            ids = ", ".join(sorted(live.remote_id for live in same))
            message = f"{type_.numbered(len(same), 'live ')} have {one.fallback} among their {type_.identity.otherwise}"
            wrong.append(Unmatched(one, f"{message}: ids {ids}", f"say which one is meant, as id: {same[0].remote_id}"))
        elif same and same[0].remote_id not in {live.remote_id for live in found.values()}:
            found[one.address] = same[0]
        elif type_.identity.key not in one.values:
            left.append(one)
    taken = {live.remote_id for live in found.values()}
    named, more = labels.match(left, [live for live in rest if live.remote_id not in taken], type_)
    _refuse([*wrong, *more], configuration)
    return {**found, **named}


def _left_of(known: Mapping[Address, Sequence[Live]], address: Address) -> list[Live]:
    """Which live objects may be meant, without those that are the only ones for another declaration."""
    sure: set[str] = set()
    while more := {some[0].remote_id for one, found in known.items() if one != address
                   if len(some := [each for each in found if each.remote_id not in sure]) == 1}:  # fmt: skip
        sure |= more
    left = [live for live in known[address] if live.remote_id not in sure]
    return left or list(known[address])


def _entries(type_: ResourceType, live: Live) -> Set[str]:
    """The first texts of the entries by which an object may be known."""
    value = value_of(type_, type_.by_name[type_.identity.otherwise], live, {})
    return {entry[0][1] for entry in value} if isinstance(value, tuple) else set()


def pinned(collection: Collection, type_: ResourceType, configuration: Configuration) -> Iterator[Live]:
    """The declared objects of a collection that the API cannot list; raises ConfigError where one states no id."""
    wrong = []
    for one in declared_in(configuration, collection):
        if code_of(one.pin):
            yield Live(one.address, code_of(one.pin), {})
        else:
            message = f"this API has no call that lists the {type_.section[-1]} of a {type_.parent}".replace("_", " ")
            hint = f"say which one is meant: id: ID, under {one.address.key.rpartition('/')[2]}"
            wrong.append(Unmatched(one, f"{message}, so {one.address} cannot be found", hint))
    _refuse(wrong, configuration)


def refuse_twins(listed: Listed, configuration: Configuration, types: Kinds) -> None:
    """Refuse two objects of one name, which have nothing else to tell them apart; raises ConfigError."""
    counts = Counter(live.address for live in listed.lives if not live.leaving)
    for address in [one for one, number in counts.items() if number > 1]:
        parent = types.parent(address)
        one = configuration.objects.get(address) or (configuration.objects.get(parent) if parent else None)
        if listed.collection in configuration.managed and not ignored(configuration, types, address):
            message = f"there are {listed.type.numbered(counts[address], 'live ')} {types.name(address)}"
            place = configuration.position(one.where) if one else None
            hint = "leave one of them: delete the others in the Webmail or the panel"
            raise ConfigError(
                [Diagnostic("Q042", f"{message}, and nothing tells them apart", place, str(address), hint)]
            )


def strangers(
    listed: Listed, taken: Set[str], configuration: Configuration, types: Kinds, customer: str, doomed: Set[Address]
) -> Iterator[Live]:
    """The objects that no file declares, by their description where that is unique, else by their id.

    What is ignored is none of them, unless it may go along with what it is in, one of the ``doomed``.
    """
    type_ = listed.type
    numbers = Counter(folded(labels.text_of(live, type_.identity.key)) for live in listed.lives)
    for live in listed.lives:
        if live.remote_id in taken:
            continue
        text = labels.text_of(live, type_.identity.key)
        address = labelled(types, live)
        parent, label = types.split(address)
        fit = 0 < len(label) <= LONGEST_LABEL and label.isprintable() and type_.identity.comparable(label) == label
        left_alone = ignored(configuration, types, address) and types.parent(address) not in doomed
        if left_alone or belongs(type_, live.row, customer) is None:
            continue
        sole = fit and not label.startswith("#") and numbers[folded(text)] == 1
        if not sole or address in configuration.objects:
            address = Address(type_.kind, types.key(type_.kind, f"#{live.remote_id}", parent))
        yield live._replace(address=address)


def _refuse(wrong: Iterable[Unmatched], configuration: Configuration) -> None:
    found = [
        Diagnostic("Q042", message, configuration.position(one.where), str(one.address), hint)
        for one, message, hint in wrong
    ]
    if found:
        raise ConfigError(found)
