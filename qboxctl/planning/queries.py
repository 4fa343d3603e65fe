"""What a plan, and then its apply, must know of the account. Pure."""

from __future__ import annotations

from collections.abc import Collection as Sized
from collections.abc import Iterable, Mapping

from qboxctl.config.configuration import Configuration, ignored
from qboxctl.live.query import Query
from qboxctl.model import Action, Address, Change, Collection, Desired, Live
from qboxctl.planning import remembered
from qboxctl.planning.holding import lost
from qboxctl.planning.targets import Targets
from qboxctl.schema.decoding import EXTRA, TOUCHED
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.patterns import covering
from qboxctl.schema.resource import ResourceType


def query_for_plan(targets: Targets, counted: frozenset[str] = frozenset()) -> Query:
    """What a plan must know: the declared objects' attributes, and who else is in the managed collections.

    Of the kinds that are ``counted``, all managed collections are wanted, whatever the targets are.
    """
    types, configuration = targets.types, targets.configuration
    since, rotate = targets.options.removed_since, targets.options.rotate
    candidates = targets.candidates()
    asked = {types.collection(address) for address in candidates}
    homes = {one.parent for one in asked} - {""}  # whoever bears a name there may have to go before it is taken
    counted |= _rivals({one.kind for one in asked}, types)
    collections = {
        one
        for one in configuration.managed
        if one.kind in counted or (one.parent in homes and not types[one.kind].goes_along)
    } | targets.sought()
    collections |= {types.collection(address) for address in since or ()}
    fields: dict[Address, Sized[str]] = {}
    stated: dict[tuple[object, ...], list[str]] = {}  # most objects of a kind state the same attributes
    for address, one in candidates.items():
        home = types.split(address)[0] if address.kind in types.naming_beside else ""
        form = (address.kind, home, one.absent, *one.values, None, *one.extra)
        names = stated.get(form)
        if names is None:
            names = stated[form] = _stated(types[address.kind], one)
            collections |= _referred(types, address, [*names, *_holding(types[address.kind])])
        once = address in targets.options.edited or covering(rotate, address)
        fields[address] = [*names, TOUCHED] if once else names
    ending = (one for one in candidates.values() if configuration.ignore)
    gone = {one.address.kind for one in ending if _is_to_end(one, types[one.address.kind])}
    removing = {kind for kind, todo in configuration.settings.on_remove.items() if todo != "keep"}
    deleting = {kind for kind in removing if configuration.settings.on_remove[kind] == "delete"}
    for kind in deleting & {one.kind for one in collections}:  # what goes with it is told, and counted
        collections |= _referred(types, Address(kind, ""), [one.name for one in types[kind].holding])
    collections = {one for one in collections if not _in_ignored(configuration, types, one)}
    every = frozenset(_with_parents(types, asked | collections))
    return Query(
        configuration,
        every,
        {**{one: (types[one.kind].lifecycle.attribute,) for one in since or ()}, **fields},
        whole=frozenset(removing if since is None else ()) | _partly_ignored(configuration, gone),
        partly=every - collections,
        opened=lambda live: _doomed(targets, live),
        also=lambda live: remembered.collections(targets.options, live, types),
        removing=True,
    )


def query_for_changes(changes: Iterable[Change], configuration: Configuration, types: Kinds) -> Query:
    """What applying must know: the touched objects, and what the guards look at."""
    changes = list(changes)
    asked = {types.collection(change.address) for change in changes}
    collections = {types.collection(change.address) for change in changes if change.action is Action.CREATE}
    fields = {change.address: _written(change, types) for change in changes}
    for address, names in fields.items():
        collections |= _referred(types, address, [*names, *_holding(types[address.kind])])
    for change in changes:
        type_ = types[change.address.kind]
        if change.action is Action.DELETE or lost(type_, change):  # what is lost is counted among all that is held
            collections |= _referred(types, change.address, [one.name for one in type_.holding])
        if change.action is Action.UPDATE and (change.secrets or all(one.before is None for one in change.fields)):
            fields[change.address].append(TOUCHED)
        parent, told = types.parent(change.address), types[change.address.kind].told
        if told and told.used and types[change.address.kind].remakes(change):
            fields[change.address].append(told.used)
        if change.action is Action.DELETE:
            fields[change.address].append(types[change.address.kind].lifecycle.progress)
        elif change.action is Action.CREATE and parent is not None:
            progress, known = types[parent.kind].lifecycle.progress, fields.setdefault(parent, [])
            known += [progress] if progress not in known else []
    created = {change.address.kind for change in changes if change.action is Action.CREATE}
    removed = {change.address.kind for change in changes if _is_counted(change, types[change.address.kind])}
    removed |= _rivals(created, types)  # one that is still leaving is waited for
    collections |= {one for one in configuration.managed if one.kind in removed}
    deleted = {change.address for change in changes if change.action is Action.DELETE}
    every = frozenset(_with_parents(types, asked | collections))
    return Query(
        configuration,
        every,
        fields,
        whole=_partly_ignored(configuration, removed),
        partly=every - collections,
        opened=lambda live: {one for one in deleted & live.keys() if _keeps(one, configuration, types)},
        removing=True,
    )


def _is_to_end(one: Desired, type_: ResourceType) -> bool:
    """Whether an object is declared to be gone, or disabled."""
    return one.absent or (type_.disabling is not None and type_.disabling in one.values.items())


def _partly_ignored(configuration: Configuration, kinds: Iterable[str]) -> frozenset[str]:
    """Those of some kinds of which an unknown part is ignored: a guard has to see which, and no total tells it."""
    return frozenset(kind for kind in kinds if any(one.may_match(kind, "") for one in configuration.ignore))


def _is_counted(change: Change, type_: ResourceType) -> bool:
    """Whether a guard counts the change, among all that there is of its kind."""
    return type_.removes(change) or bool(type_.losing(change) or lost(type_, change))


def _keeps(one: Address, configuration: Configuration, types: Kinds) -> bool:
    """Whether something may be in an object, or keep something of it, that holds back its deletion."""
    patterns = (*configuration.protect, *configuration.ignore)
    if any(covering(patterns, keeper) for keeper, _ in types.keepers(one)):
        return True
    return any(
        not child.goes_along or any(pattern.may_match(child.kind, one.key) for pattern in patterns)
        for child in types.children(one.kind)
    )


def query_for_saved(targets: Targets, changes: Iterable[Change]) -> Query:
    """What it takes to plan anew what a saved plan is about, and to compare that plan's changes with the account."""
    plan, changed = query_for_plan(targets), query_for_changes(changes, targets.configuration, targets.types)
    fields = {address: {*plan.fields.get(address, ()), *names} for address, names in changed.fields.items()}
    every = plan.collections | changed.collections
    return Query(
        targets.configuration,
        every,
        {**plan.fields, **fields},
        whole=plan.whole | changed.whole,
        partly=every - (plan.collections - plan.partly) - (changed.collections - changed.partly),
        opened=lambda live: {*plan.opened(live), *changed.opened(live)},
        also=plan.also,
        removing=True,
    )


def _stated(type_: ResourceType, one: Desired) -> list[str]:
    by_name = type_.by_name
    names = [name for name in one.values if by_name[name].compared or by_name[name].until]
    if type_.told and type_.told.store in one.values:  # if it is made anew, it keeps what the files do not mention
        names = [*(each.name for each in type_.fields if each.compared), *filter(None, [type_.told.used])]
    names += [name for name in type_.irreplaceable if name not in names]
    if one.absent:
        names = [type_.lifecycle.progress if type_.removal is Action.DELETE else type_.lifecycle.attribute]
        names += [each.name for each in type_.cleared]
    return [*names, *(EXTRA + name for name in one.extra)]


def _written(change: Change, types: Kinds) -> list[str]:
    """What a change writes, and what has to go along as it is."""
    names = [one.name for one in change.fields]
    if change.action is Action.UPDATE:
        names += sorted(types[change.address.kind].along([*names, *change.secrets]).difference(names))
    return names


def _referred(types: Kinds, address: Address, names: Iterable[str]) -> set[Collection]:
    """The lists that tell the codes which some attributes of an object hold."""
    by_name = types[address.kind].by_name
    links = [one.refers for name in names if (one := by_name.get(name)) is not None and one.refers and one.linked]
    home = types.split(address)[0] if any(one.within for one in links) else ""
    return {Collection(kind, home if one.within else "") for one in links for kind in one.kinds}


def _rivals(kinds: Iterable[str], types: Kinds) -> set[str]:
    """The kinds of what may bear, anywhere inside other objects, a name that one of some kinds is the only one of."""
    everywhere = (kind for kind in kinds if types[kind].identity.everywhere)
    return {other for kind in everywhere for other in types.sharing(kind) if types[other].parent}


def _in_ignored(configuration: Configuration, types: Kinds, one: Collection) -> bool:
    """Whether a collection that costs a request of its own is in an object that is ignored."""
    home = types.home(one) if types[one.kind].goes_along else None
    return home is not None and ignored(configuration, types, home)


def _holding(type_: ResourceType) -> list[str]:
    """The attributes that tell who holds what, also where no file states them: they are written whole with others."""
    return [one.name for one in type_.holding if one.each is None]


def _with_parents(types: Kinds, collections: Iterable[Collection]) -> set[Collection]:
    found = set(collections)
    for one in list(found):
        home = types.home(one)
        found |= {types.collection(outer) for outer in (home, *types.ancestors(home))} if home else set()
    return found


def _doomed(targets: Targets, live: Mapping[Address, Live]) -> list[Address]:
    """The objects with others inside that the plan may delete."""
    configuration, types = targets.configuration, targets.types
    since = remembered.as_live(targets.options, configuration, live, types).removed_since

    def goes(address: Address) -> bool:
        desired = configuration.objects.get(address)
        if desired is not None:
            return desired.absent
        parent = types.parent(address)
        if types[address.kind].goes_along and parent is not None and goes(parent):
            return True
        undeclared = address in since if since is not None else types.collection(address) in configuration.managed
        by_itself = undeclared and configuration.settings.on_remove.get(address.kind) == "delete"
        return by_itself and targets.visible(address)

    return [address for address in live if types.children(address.kind) and goes(address)]
