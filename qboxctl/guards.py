"""May this plan run? One judgement for fresh and saved plans, at plan time and again before the first write."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from qboxctl.definition import ResourceType
from qboxctl.diff import UNPROVED
from qboxctl.model import Action, Address, Blocked, Change, Collection, Live, Snapshot
from qboxctl.names import covering
from qboxctl.wish import Wish

_SHOWN = 5
SHORTEST_ID = 8
"""So many digits of a plan's id are enough to acknowledge it."""


def ignored(wish: Wish, types: Mapping[str, ResourceType], address: Address) -> bool:
    """Whether an object, or what it lives in, is matched by ``ignore``."""
    if not wish.ignore:
        return False
    if covering(wish.ignore, address):
        return True
    type_ = types[address.kind]
    return bool(type_.parent) and ignored(wish, types, Address(type_.parent, type_.parent_of(address.key)))


def judge(
    changes: Sequence[Change],
    snapshot: Snapshot,
    wish: Wish,
    types: Mapping[str, ResourceType],
    *,
    plan_id: str,
    acknowledge: str = "",
) -> tuple[Blocked, ...]:
    """Every guard that stops the changes of a plan; to acknowledge its id lets it pass ``count``, and nothing else."""
    removals = [change for change in changes if _removes(change, snapshot, types)]
    if not removals:
        return ()
    found = [*_protected(removals, snapshot, wish, types), *_contents(removals, snapshot, types)]
    passable = [] if acknowledges(acknowledge, plan_id) else [*_count(removals, snapshot, wish, types)]
    way_out = "" if found else f"; if it is right, let exactly this plan pass: --acknowledge {plan_id}"
    found += [replace(one, way_out=one.way_out + way_out) for one in passable]
    return tuple(sorted(found, key=lambda one: (one.guard, one.kind, one.message)))


def acknowledges(text: str, plan_id: str) -> bool:
    """Whether a text names the plan: its id, or at least eight digits that it begins with."""
    return len(text) >= SHORTEST_ID and plan_id.startswith(text.lower())


def _removes(change: Change, snapshot: Snapshot, types: Mapping[str, ResourceType]) -> bool:
    """Whether a change deletes or disables: also where a declaration disables what is in use."""
    live = snapshot.live.get(change.address)
    off = live is not None and live.status in ("disabled", UNPROVED)  # what waits for its proof is not in use yet
    return change.action.removes or (types[change.address.kind].removes(change) and not off)


def labelled(type_: ResourceType, live: Live) -> Address:
    """The address of an object by its name on the server, whatever a file calls it, and however many bear the name."""
    if type_.unique:
        return live.address
    return Address(type_.kind, str(live.row.get(type_.key, "")).strip().lower())


def _protected(
    removals: Sequence[Change], snapshot: Snapshot, wish: Wish, types: Mapping[str, ResourceType]
) -> Iterable[Blocked]:
    for change in removals:
        kind, live = change.address.kind, snapshot.live.get(change.address)
        pattern = covering(wish.protect, change.address)
        if pattern is None and live is not None:
            pattern = covering(wish.protect, labelled(types[kind], live))
        if pattern:
            done = "removed" if change.action.removes else "disabled"
            message = f"{change.address} would be {done}, and protect holds {pattern.text}"
            yield Blocked("protect", kind, message, f"keep it, or take {pattern.text} out of protect")
        elif ignored(wish, types, change.address) or types[kind].reserved == types[kind].name_of(change.address.key):
            yield Blocked("protect", kind, f"{change.address} is never removed", "take its removal out of the files")


def _contents(removals: Sequence[Change], snapshot: Snapshot, types: Mapping[str, ResourceType]) -> Iterable[Blocked]:
    deleted = {change.address for change in removals if change.action is Action.DELETE}
    children = [type_ for type_ in types.values() if type_.parent]
    containers = {type_.parent for type_ in children}
    doomed = [address for address in deleted if address.kind in containers]
    if not doomed:
        return
    inside: dict[Address, list[Address]] = defaultdict(list)
    for address, live in snapshot.live.items():
        type_ = types[address.kind]
        if type_.parent and not live.leaving and address not in deleted:
            inside[Address(type_.parent, type_.parent_of(address.key))].append(address)
    for address in doomed:
        if address not in snapshot.live or snapshot.live[address].leaving:
            continue
        unread = [c.kind for c in children if Collection(c.kind, address.key) not in snapshot.complete]
        if unread:
            message = f"{address} would be deleted, and what is in it was not read"
            yield Blocked("contents", address.kind, message, "plan without --target and --exclude")
        elif inside[address]:
            names = [str(one) for one in sorted(inside[address])]
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield Blocked(
                "contents",
                address.kind,
                f"{address} would be deleted with {', '.join(names[:_SHOWN])}{more} in it",
                "declare these absent too",
            )
        for count in snapshot.unseen.get(address, ()):
            yield Blocked(
                "contents",
                address.kind,
                f"{address} would be deleted, and its {count.counter} is {count.counted}, where {count.shown} can be "
                "seen: the token may not see all that is in it",
            )


def live_counts(
    removals: Sequence[Change], snapshot: Snapshot, wish: Wish, types: Mapping[str, ResourceType]
) -> Counter[str]:
    """How many objects of each kind are in the managed collections; what is ignored does not count.

    With --since, a collection that an earlier revision managed counts as well where something is removed from it.
    """
    counts: Counter[str] = Counter()
    touched = {Collection(c.address.kind, types[c.address.kind].parent_of(c.address.key)) for c in removals}
    managed = wish.managed.keys() | touched
    for collection, total in snapshot.totals.items():
        if collection in managed and collection not in snapshot.complete:
            counts[collection.kind] += total
    for address, live in snapshot.live.items():
        collection = Collection(address.kind, types[address.kind].parent_of(address.key))
        if collection in managed and collection in snapshot.complete and not live.leaving:
            counts[address.kind] += not ignored(wish, types, address)
    return counts


def _count(
    removals: Sequence[Change], snapshot: Snapshot, wish: Wish, types: Mapping[str, ResourceType]
) -> Iterable[Blocked]:
    counts = live_counts(removals, snapshot, wish, types)
    declared = {change.address.kind for change in removals if not change.action.removes}
    for kind, number in Counter(change.address.kind for change in removals).items():
        done = "removed or disabled" if kind in declared else "removed"
        guard = wish.settings.guard(kind)
        allowed = guard.allows(counts[kind])
        if number > allowed:
            yield Blocked(
                "count",
                kind,
                f"{number} of {counts[kind]} live {kind} objects would be {done}, and at most {allowed} may be "
                f"(count {guard.count}, {guard.percent:g} percent)",
                "remove fewer at a time",
            )
