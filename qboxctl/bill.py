"""What a plan costs: what is added to the bill, less what is removed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from qboxctl import diff
from qboxctl.definition import ResourceType
from qboxctl.model import MISSING, Action, Address, Change, Live, Snapshot, Value
from qboxctl.wish import Wish

LINES = ("mailboxes_8gb", "mailboxes_25gb", "mailboxes_50gb", "mailboxes_100gb", "domains", "delivery_accounts")


def bill(
    changes: Iterable[Change], wish: Wish, snapshot: Snapshot, types: Mapping[str, ResourceType]
) -> dict[str, int]:
    """The change of each line of the bill; a change of band is one less and one more."""
    found = Counter(dict.fromkeys(LINES, 0))
    for change in changes:
        type_ = types[change.address.kind]
        if type_.billed is None or change.action is Action.DISABLE:
            continue
        live = snapshot.live.get(change.address)
        size = partial(_default_size, change.address, wish, snapshot, types)
        before: dict[str, Value] = {}
        if live is not None and change.action is not Action.CREATE:
            before = _sized(type_, partial(_now, types, snapshot, live), size)
            found[type_.billed(before)] -= 1
        if change.action is not Action.DELETE:
            after = {one.name: one.after for one in change.fields}
            created = change.action is Action.CREATE
            found[type_.billed(_sized(type_, after.get, size) if created else {**before, **after})] += 1
    return dict(found)


def _sized(type_: ResourceType, read: Callable[[str], Value], default: Callable[[], Value]) -> dict[str, Value]:
    """The values that a bill depends on."""
    size = read("max_email_quota") if "max_email_quota" in type_.by_name else None
    return {"max_email_quota": default() if size is None else size}


def _default_size(address: Address, wish: Wish, snapshot: Snapshot, types: Mapping[str, ResourceType]) -> Value:
    """The size that a domain gives to mailboxes which state none, None where that is not known."""
    type_ = types[address.kind]
    if not type_.parent:
        return None
    parent = Address(type_.parent, type_.parent_of(address.key))
    desired, live = wish.objects.get(parent), snapshot.live.get(parent)
    size = desired.values.get("default_quota") if desired is not None else None
    return _now(types, snapshot, live, "default_quota") if size is None and live is not None else size


def _now(types: Mapping[str, ResourceType], snapshot: Snapshot, live: Live, name: str) -> Value:
    value = diff.now_of(types[live.address.kind], name, live, snapshot.codes)
    return None if value is MISSING else value
