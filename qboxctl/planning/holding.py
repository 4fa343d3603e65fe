"""What one object can hold only after another one has let go of it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from qboxctl.config.configuration import Configuration, ignored
from qboxctl.live.holding import code_of_holder
from qboxctl.model import MISSING, Action, Address, Change, Desired, FieldChange, Live, LiveState, Value
from qboxctl.planning import diff
from qboxctl.planning.targets import Targets
from qboxctl.schema.decoding import value_of
from qboxctl.schema.field import Field
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType

GIVES_WAY = "another one is to hold what it holds"


class Held(NamedTuple):
    """What cannot be given to an object, since another one holds it: where, why, and what to do."""

    change: Change
    name: str
    message: str
    hint: str


def gained(types: Kinds, change: Change) -> Iterator[tuple[Field, str]]:
    """What a change gives to an object that can be held by one only, by the attribute and the name there."""
    for one in types[change.address.kind].holding if change.action in (Action.CREATE, Action.UPDATE) else ():
        for before, after in ((each.before, each.after) for each in change.fields if each.name == one.name):
            yield from ((one, name) for name in after or () if name not in (before or ()))


def lost(type_: ResourceType, change: Change) -> list[str]:
    """What a change takes from an object that it holds."""
    names = {one.name for one in type_.holding}
    fields = [one for one in change.fields if one.name in names] if names else []
    return [name for one in fields for name in one.before or () if name not in (one.after or ())]


def held_by(address: Address, live_state: LiveState, types: Kinds) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What an object holds, by attribute, as far as the account tells."""
    type_, live = types[address.kind], live_state.live.get(address)
    if live is None:
        return
    for one in type_.holding:
        names = value_of(type_, one, live, live_state.codes)
        if isinstance(names, tuple) and names:
            yield one.name, names


def let_go(
    changes: Iterable[Change], gaining: Container[Address], targets: Targets, live_state: LiveState
) -> tuple[list[Change], list[Held]]:
    """The changes, with those by which a declared object lets go of what another one is to hold, and what is wrong.

    Nothing is let go of for an object that is not among the ``gaining``.
    """
    changes, wrong, types = list(changes), [], targets.types
    taken: dict[Address, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for change in changes:
        for one, name in gained(types, change) if change.address in gaining else ():
            held = _held(types, live_state, change, one, name)
            if held is None:
                continue
            live, code, called = held
            holder = next((o for o in _of_kind(live_state, change.address.kind) if o.remote_id == code), None)
            declared = holder is not None and holder.address in targets.configuration.objects
            if holder is not None and declared and one.each is None and not targets.excluded(holder.address):
                taken[holder.address][one.name].add(name)
            else:
                named = holder.address if holder else None
                wrong.append(_wrong(types, change, one, live, named, f"{called}{code}", declared=declared))
    places = {change.address: place for place, change in enumerate(changes)}
    for address, lists in taken.items():
        made = _lets_go(changes[places[address]] if address in places else None, live_state, types, address, lists)
        if address in places:
            changes[places[address]] = made
        else:
            changes.append(made)
    return changes, wrong


def _of_kind(live_state: LiveState, kind: str) -> Iterable[Live]:
    return (live for live in live_state.live.values() if live.address.kind == kind)


def _held(types: Kinds, live_state: LiveState, change: Change, one: Field, name: str) -> tuple[Live, str, str] | None:
    """What is held by another object already, with that one's code and full name."""
    for target in types.referred(change.address, one.refers, name):
        live = live_state.live.get(target)
        code = code_of_holder(one.holder, live) if one.holder and live is not None and not live.leaving else ""
        if live is not None and one.holder and code and code != change.remote_id:
            called = str(live.row.get(one.holder.name) or "")[:80]
            return live, code, f"{called}, " if called else ""
    return None


def _wrong(
    types: Kinds, change: Change, one: Field, live: Live, holder: Address | None, code: str, *, declared: bool
) -> Held:
    title = types[change.address.kind].title.lower()
    named = f"{holder} ({code})" if holder else f"the {title} {code}"
    message = f"{one.name} of {change.address}: {live.address} is held by {named}"
    if one.each:
        return Held(change, one.name, f"{message}, and this API cannot take it away", "take it away in the panel first")
    if declared:
        return Held(change, one.name, f"{message}, which is excluded", f"exclude {change.address} too, or neither")
    hint = f"declare that {title} too, or take {live.address.key} away in the panel"
    return Held(change, one.name, f"{message}, which no file declares", hint)


def _lets_go(
    change: Change | None, live_state: LiveState, types: Kinds, address: Address, lists: Mapping[str, set[str]]
) -> Change:
    """The change of an object that has to let go of some of what it holds."""
    live, type_ = live_state.live[address], types[address.kind]
    fields = {one.name: one for one in change.fields} if change else {}
    for name, names in lists.items():
        have = value_of(type_, type_.by_name[name], live, live_state.codes)
        if name not in fields and isinstance(have, tuple):
            fields[name] = FieldChange(name, have, tuple(each for each in have if each not in names))
    chosen = tuple(fields[name] for name in sorted(fields))
    secrets = change.secrets if change else ()
    once = bool(change) and diff.only_once(type_, live, chosen, secrets, live_state.codes)
    made = change or Change(address, Action.UPDATE, remote_id=live.remote_id, reason=GIVES_WAY)
    if made.action.removes:  # of which no attribute is shown
        gone = sorted(name for names in lists.values() for name in names)
        made = made._replace(reason=f"{made.reason}; another one is to hold {', '.join(gone)}")
    precondition = diff.precondition(type_, live, list(fields), live_state.codes, once=once)
    return made._replace(fields=chosen, precondition=precondition)


def as_held(
    desired: Desired, live: Live | None, configuration: Configuration, live_state: LiveState, types: Kinds
) -> Desired:
    """A declaration with the lists of what it is to hold, as they compare with live ones.

    What is ignored stays where it is. An address stands for a name where two kinds share that.
    """
    type_ = types[desired.address.kind]
    values: dict[str, Value] = {}
    for one in type_.holding:
        if one.name not in desired.values:
            continue
        names = {_plain(one, name, live_state) for name in desired.values[one.name]}
        have = value_of(type_, one, live, live_state.codes) if live is not None else MISSING
        for name in have if isinstance(have, tuple) else ():
            if any(ignored(configuration, types, each) for each in types.referred(desired.address, one.refers, name)):
                names.add(name)
        values[one.name] = tuple(sorted(names))
    return desired._replace(values={**desired.values, **values}) if values else desired


def of_two_kinds(desired: Desired, live_state: LiveState, types: Kinds) -> Iterator[tuple[str, str, list[str]]]:
    """The names in the lists of an object that are those of two others, each with the attribute and the kinds."""
    for one in types[desired.address.kind].holding if not desired.absent else ():
        for name in desired.values.get(one.name, ()) if len(one.linked) > 1 else ():
            kinds = kinds_of(one.linked, name, live_state)
            if len(kinds) > 1:
                yield one.name, name, kinds


def _plain(one: Field, name: str, live_state: LiveState) -> str:
    kind, slash, key = name.partition("/")
    if not slash or kind not in one.linked or len(one.linked) == 1:
        return name
    return name if len(kinds_of(one.linked, key, live_state)) > 1 else key


def kinds_of(kinds: Sequence[str], key: str, live_state: LiveState) -> list[str]:
    """Of which of some kinds there is, or is to be, an object of a name."""
    return [kind for kind in kinds if key in live_state.codes.get(kind, {}).values()]
