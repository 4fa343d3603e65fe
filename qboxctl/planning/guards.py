"""May this plan run? One judgement for fresh and saved plans, at plan time and again before the first write."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from qboxctl.api.listing import number_in
from qboxctl.config.configuration import Configuration, ignored, runs
from qboxctl.model import MISSING, Action, Address, Blocked, Change, Collection, Live, LiveState, Missing
from qboxctl.planning.holding import held_by, lost
from qboxctl.planning.keeping import kept_beside
from qboxctl.schema.decoding import kept_of
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.labels import labelled
from qboxctl.schema.lifecycle import DISABLED, UNPROVED
from qboxctl.schema.patterns import Pattern, covering, covering_home
from qboxctl.schema.resource import ResourceType

_SHOWN = 5
PASSABLE = frozenset({"count", "order"})
"""The guards that look at all that the files declare, and that an acknowledgement lets a plan pass."""
SHORTEST_ID = 8
"""So many digits of a plan's id are enough to acknowledge it."""


def judge(
    changes: Sequence[Change],
    live_state: LiveState,
    configuration: Configuration,
    types: Kinds,
    *,
    plan_id: str,
    acknowledge: str = "",
) -> tuple[Blocked, ...]:
    """Every guard that stops the changes of a plan; to acknowledge its id lets it pass those in ``PASSABLE``."""
    removals = [change for change in changes if _removes(change, live_state, types)]
    losing = [change for change in changes if types[change.address.kind].losing(change) and change not in removals]
    orders = [change for change in changes if change.action is Action.CREATE and types[change.address.kind].ordered]
    renewed = [change for change in changes if types[change.address.kind].renews(change)]
    own = [change for change in changes if runs(configuration, types, change.address)]
    losses = Counter({kind: number for kind, number in _losses(changes, live_state, types).items() if number})
    if not removals and not orders and not renewed and not losing and not own and not losses:
        return ()
    found = [
        *_protected([*removals, *renewed, *losing], live_state, configuration, types),
        *_protected_inside(removals, live_state, configuration, types),
        *_protected_beside(removals, live_state, configuration, types),
        *_protected_entries(removals, live_state, configuration, types),
        *_sawn_off(own, live_state, types),
        *_contents(removals, live_state, configuration, types),
    ]
    passable: list[Blocked] = []
    if not acknowledges(acknowledge, plan_id):
        passable = [
            *_count([*removals, *losing], live_state, configuration, types),
            *_count_losses(losses, live_state, configuration, types),
            *_order(orders, live_state, configuration, types),
        ]
    way_out = "" if found else f"; if it is right, let exactly this plan pass: --acknowledge {plan_id}"
    found += [replace(one, way_out=one.way_out + way_out) for one in passable]
    return tuple(sorted(found, key=lambda one: (one.guard, one.kind, one.message)))


def acknowledges(text: str, plan_id: str) -> bool:
    """Whether a text names the plan: its id, or at least eight digits that it begins with."""
    return len(text) >= SHORTEST_ID and plan_id.startswith(text.lower())


def _removes(change: Change, live_state: LiveState, types: Kinds) -> bool:
    """Whether a change deletes or disables: also where a declaration disables what is in use."""
    live = live_state.live.get(change.address)
    off = live is not None and live.status in (DISABLED, UNPROVED)  # what waits for its proof is not in use yet
    return change.action.removes or (types[change.address.kind].removes(change) and not off)


def _protected(
    removals: Sequence[Change], live_state: LiveState, configuration: Configuration, types: Kinds
) -> Iterable[Blocked]:
    for change in removals:
        kind = change.address.kind
        pattern = _protecting(change.address, live_state, configuration, types)
        if pattern:
            message = f"{change.address} would {_fate(change, types[kind])}, and protect holds {pattern.text}"
            yield Blocked("protect", kind, message, f"keep it, or take {pattern.text} out of protect")
        elif ignored(configuration, types, change.address) or types[kind].identity.reserves(types.name(change.address)):
            yield Blocked("protect", kind, f"{change.address} is never removed", "take its removal out of the files")


def _fate(change: Change, type_: ResourceType) -> str:
    """What would become of an object, in words."""
    if lower := type_.losing(change):
        return f"lose {' and '.join(one.loses for one in lower)}"
    if change.action.removes:
        return "be removed"
    return "be made anew" if type_.renews(change) else "be disabled"


def _protecting(address: Address, live_state: LiveState, configuration: Configuration, types: Kinds) -> Pattern | None:
    """The pattern that protects an object, by what files call it or by its name on the server."""
    live = live_state.live.get(address)
    pattern = covering(configuration.protect, address)
    return pattern or (covering(configuration.protect, labelled(types, live)) if live is not None else None)


class _Rule(NamedTuple):
    """What keeps an object where it is: ``protect`` or ``ignore``, and a pattern of that."""

    name: str
    pattern: Pattern

    def __str__(self) -> str:
        return f"{self.name} holds {self.pattern.text}"

    @property
    def way_out(self) -> str:
        """What can be done about it."""
        return f"keep it, or take {self.pattern.text} out of {self.name}"


def _rule_of(address: Address, live_state: LiveState, configuration: Configuration, types: Kinds) -> _Rule | None:
    """Why an object must not go along with another one: it is protected, or ignored as nobody's business here."""
    pattern = _protecting(address, live_state, configuration, types)
    if pattern:
        return _Rule("protect", pattern)
    live = live_state.live.get(address)
    pattern = covering_home(configuration.ignore, labelled(types, live) if live is not None else address, types)
    return _Rule("ignore", pattern) if pattern else None


def _protected_inside(
    removals: Sequence[Change], live_state: LiveState, configuration: Configuration, types: Kinds
) -> Iterable[Blocked]:
    """What is protected or ignored does not go along with what is deleted either.

    What is in each parent by itself holds nothing back where it is merely ignored, and nothing is in it.
    """
    deleted = {change.address for change in removals if change.action is Action.DELETE}
    used = {types.parent(one) for one in live_state.live} if deleted and configuration.ignore else set()
    for address, live in live_state.live.items() if deleted and (configuration.protect or configuration.ignore) else ():
        if not types[address.kind].goes_along or live.leaving or address in deleted:
            continue
        outer = next((one for one in types.ancestors(address) if one in deleted), None)
        rule = _rule_of(address, live_state, configuration, types) if outer else None
        empty = types[address.kind].given and address not in used
        if rule and not (rule.name == "ignore" and empty):
            yield Blocked("protect", address.kind, f"{address} would go with {outer}, and {rule}", rule.way_out)


def _protected_beside(
    removals: Sequence[Change], live_state: LiveState, configuration: Configuration, types: Kinds
) -> Iterable[Blocked]:
    """What something protected or ignored keeps of an object is not destroyed by the removal of that object."""
    deletions = [change.address for change in removals if change.action is Action.DELETE]
    for address in deletions if configuration.protect or configuration.ignore else ():
        kept = kept_beside(address, live_state, types) if address in live_state.live else None
        rule = _rule_of(kept.keeper, live_state, configuration, types) if kept else None
        if kept and rule:
            message = f"{address} would be deleted, {kept.words}, and {rule}"
            yield Blocked("protect", kept.keeper.kind, message, rule.way_out)


def _protected_entries(
    removals: Sequence[Change], live_state: LiveState, configuration: Configuration, types: Kinds
) -> Iterable[Blocked]:
    """What a block keeps of something protected or ignored is not destroyed with that block either."""
    deletions = [change for change in removals if change.action is Action.DELETE]
    for change in deletions if configuration.protect or configuration.ignore else ():
        for owner, words in _kept_in(change, live_state, types):
            rule = _rule_of(owner, live_state, configuration, types)
            if rule:
                message = f"{change.address} would be deleted, {words} of {owner}, and {rule}"
                yield Blocked("protect", change.address.kind, message, rule.way_out)


def _kept_in(change: Change, live_state: LiveState, types: Kinds) -> Iterator[tuple[Address, str]]:
    """The objects of which a block that is deleted keeps something, each with words that say whether that is known."""
    type_, block = types[change.address.kind], live_state.live.get(change.address)
    entries = {one.name: one.before or () for one in change.fields}
    for one in type_.cleared:
        known = block is not None and kept_of(type_, one, block, live_state.codes) is not MISSING
        words = f"with it goes {type_.lost}" if known else f"nothing tells whether {type_.lost} goes with it"
        coded = {live.remote_id: address for address, live in live_state.live.items() if address.kind in one.linked}
        for name in entries.get(one.name, ()):
            for owner in [coded[name]] if name in coded else types.referred(change.address, one.refers, (name,)):
                yield owner, words


def _sawn_off(own: Sequence[Change], live_state: LiveState, types: Kinds) -> Iterable[Blocked]:
    """What takes something from the object whose token the program runs with: the next run could not undo it."""
    for change in own:
        type_, by_name = types[change.address.kind], types[change.address.kind].by_name
        others = live_state.others.get((type_.kind, type_.grants), ())
        before, after = next((one[1:] for one in change.fields if one.name == type_.grants), ((), ()))
        taken = by_name[type_.grants].type.lost(before or (), after or (), others)
        if _removes(change, live_state, types):
            done = "would be removed" if change.action.removes else "would be disabled"
        elif taken:
            done = f"would lose {', '.join(taken)} of its {type_.grants}"
        else:
            continue
        message = f"{change.address} {done}, and settings.me says that qboxctl runs with its token"
        yield Blocked("protect", type_.kind, message, "leave it as it is, or do this with the token of somebody else")


def _contents(
    removals: Sequence[Change], live_state: LiveState, configuration: Configuration, types: Kinds
) -> Iterable[Blocked]:
    deleted = {change.address for change in removals if change.action is Action.DELETE}
    doomed = [address for address in deleted if types.holding_back(address.kind)]
    if not doomed:
        return
    inside: dict[Address, list[Address]] = defaultdict(list)
    for address, live in live_state.live.items():
        parent = types.parent(address)
        if parent is None or types[address.kind].goes_along:
            continue
        if not live.leaving and address not in deleted:
            inside[parent].append(address)
    for address in doomed:
        if address not in live_state.live or live_state.live[address].leaving:
            continue
        lists = {Collection(one.kind, address.key) for one in types.holding_back(address.kind)}
        if not live_state.complete.issuperset(lists):
            message = f"{address} would be deleted, and what is in it was not read"
            yield Blocked("contents", address.kind, message, "plan without --target and --exclude")
        elif inside[address]:
            names = [str(one) for one in sorted(inside[address])]
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield Blocked(
                "contents",
                address.kind,
                f"{address} would be deleted with {', '.join(names[:_SHOWN])}{more} in it",
                "; ".join(dict.fromkeys(_out_of_the_way(one, configuration, types) for one in sorted(inside[address]))),
            )
        for count in live_state.unseen.get(address, ()):
            yield Blocked(
                "contents",
                address.kind,
                f"{address} would be deleted, and its {count.counter} is {count.counted}, where {count.shown} can be "
                "seen: the token may not see all that is in it",
            )


def _out_of_the_way(address: Address, configuration: Configuration, types: Kinds) -> str:
    """What makes a plan remove an object as well: why it does not may be more than that no file says so."""
    pattern = covering_home(configuration.ignore, address, types)
    if pattern:
        return f"take {pattern.text} out of ignore and declare what it matches absent"
    desired = configuration.objects.get(address)
    if desired is not None and desired.absent:
        return "plan without the --exclude or --target that leaves these out"
    return "declare these absent too"


def live_counts(
    removals: Sequence[Change], live_state: LiveState, configuration: Configuration, types: Kinds
) -> Counter[str]:
    """How many objects of each kind are in the managed collections; what is ignored does not count.

    With --since, a collection that an earlier revision managed counts as well where something is removed from it.
    """
    counts: Counter[str] = Counter()
    touched = {types.collection(change.address) for change in removals}
    managed = configuration.managed.keys() | touched
    for collection, total in live_state.totals.items():
        if collection in managed and collection not in live_state.complete:
            counts[collection.kind] += total
    for address, live in live_state.live.items():
        collection = types.collection(address)
        if collection in managed and collection in live_state.complete and not live.leaving:
            number = max(1, _kept(types[address.kind], live, live_state))
            counts[address.kind] += 0 if ignored(configuration, types, address) else number
    return counts


def _kept(type_: ResourceType, live: Live, live_state: LiveState) -> int:
    """Of how many entries something would go with an object, as far as the account tells."""
    found = 0
    for one in type_.cleared:
        kept = kept_of(type_, one, live, live_state.codes)
        register = one.each.register if one.each else None
        counted = number_in(live.row, register.counter) if register else None
        found += len(kept) if not isinstance(kept, Missing) else counted or 0
    return found


def _weight(change: Change, live_state: LiveState, types: Kinds) -> int:
    """As how many removals a change counts: as one, or as the entries of which something goes with it."""
    named = sum(len(one.before or ()) for one in change.fields) if change.action is Action.DELETE else 0
    live = live_state.live.get(change.address)
    known = _kept(types[change.address.kind], live, live_state) if live is not None and named else 0
    return max(1, min(named, known or named))  # where nobody knows which, all that may be are named


def _count(
    removals: Sequence[Change], live_state: LiveState, configuration: Configuration, types: Kinds
) -> Iterable[Blocked]:
    counts = live_counts(removals, live_state, configuration, types)
    declared = {change.address.kind for change in removals if not change.action.removes}
    numbers: Counter[str] = Counter()
    for change in removals:
        numbers[change.address.kind] += _weight(change, live_state, types)
    for kind, number in numbers.items():
        done = types[kind].removed if kind in declared else "removed"
        guard = configuration.settings.guard(kind)
        allowed = guard.allows(counts[kind])
        if number > allowed:
            yield Blocked(
                "count",
                kind,
                f"{number} of {counts[kind]} live {types[kind].counted} would be {done}, and at most {allowed} may be "
                f"(count {guard.count}, {guard.percent:g} percent)",
                "remove fewer at a time",
            )


def _losses(changes: Iterable[Change], live_state: LiveState, types: Kinds) -> Counter[str]:
    """How much of what they hold the objects of each kind lose."""
    found: Counter[str] = Counter()
    for change in changes:
        type_ = types[change.address.kind]
        if type_.holding and change.action is Action.DELETE:
            found[type_.kind] += sum(len(names) for _, names in held_by(change.address, live_state, types))
        elif type_.holding:
            found[type_.kind] += len(lost(type_, change))
    return found


def _count_losses(
    losses: Counter[str], live_state: LiveState, configuration: Configuration, types: Kinds
) -> Iterable[Blocked]:
    """Whoever holds something loses the access to it: each counts as a removal among all that is held."""
    for kind, number in losses.items():
        holders = (live for live in live_state.live.values() if live.address.kind == kind)
        lists = [live.row.get(one.row_name) for live in holders for one in types[kind].holding]
        held = sum(len(one) for one in lists if isinstance(one, list))
        guard = configuration.settings.guard(kind)
        if number > guard.allows(held):
            yield Blocked(
                "count",
                kind,
                f"{number} of {held} live assignments to {kind} objects would be taken away, and at most "
                f"{guard.allows(held)} may be (count {guard.count}, {guard.percent:g} percent)",
                "take away fewer at a time",
            )


def strangers(kind: str, live_state: LiveState, configuration: Configuration) -> list[Live]:
    """The live objects of a kind that no file declares; what is ignored was never read."""
    found = [
        live
        for address, live in live_state.live.items()
        if address.kind == kind and address not in configuration.objects
    ]
    return sorted((live for live in found if not live.leaving), key=lambda live: live.address)


def _order(
    orders: Sequence[Change], live_state: LiveState, configuration: Configuration, types: Kinds
) -> Iterable[Blocked]:
    """What costs money is not ordered while a live one may be what is meant: its key or its text was edited, perhaps.

    A disabled one may be it as well. One that other files own, or nobody, is out of the way once it is ignored.
    """
    known = {kind: strangers(kind, live_state, configuration) for kind in {change.address.kind for change in orders}}
    for change in orders:
        kind, there = change.address.kind, known[change.address.kind]
        if not there:
            continue
        names = ", ".join(f"{live.address} (id {live.remote_id})" for live in there[:_SHOWN])
        more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
        pins = " or ".join(f"id: {live.remote_id}" for live in there[:_SHOWN])
        which, verb = ("it", "stands") if len(there) == 1 else ("one of them", "stand")
        yield Blocked(
            "order",
            kind,
            f"{change.address} would be ordered, which costs money, while {names}{more} {verb} that no file declares",
            f"if {which} is meant, write {pins} under {types.name(change.address)}; "
            "what others look after, `ignore` can name",
        )
