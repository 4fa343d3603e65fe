"""What a plan costs: what is added to the bill, less what is removed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache, partial

from qboxctl.config.configuration import Configuration
from qboxctl.model import MISSING, Action, Address, Change, Live, LiveState, Value
from qboxctl.schema.decoding import now_of
from qboxctl.schema.kinds import Kinds


def lines(types: Kinds) -> dict[str, str]:
    """All lines of a bill, with their words for people."""
    return {name: words for type_ in types.values() if type_.billing for name, words in type_.billing.lines.items()}


def bill(
    changes: Iterable[Change], configuration: Configuration, live_state: LiveState, types: Kinds
) -> dict[str, int]:
    """The change of each line of the bill; a change of band is one less and one more."""
    found = Counter(dict.fromkeys(lines(types), 0))
    default = lru_cache(partial(otherwise, configuration, live_state, types))  # one for all mailboxes of a domain
    for change in changes:
        type_ = types[change.address.kind]
        if type_.billing is None or change.action is Action.DISABLE:
            continue
        billing, home = type_.billing, types.parent(change.address)
        if billing.each:
            found[billing.of(None)] += _entries(change, billing.each, live_state, types)
            continue
        follows = type_.by_name[billing.by].otherwise if billing.by else ""
        live = None if change.action is Action.CREATE else live_state.live.get(change.address)
        before = _now(types, live_state, live, billing.by) if live is not None and billing.by else None
        if live is not None:
            found[billing.of(default(home, follows) if before is None else before)] -= 1
        if change.action is not Action.DELETE:
            after = next((one.after for one in change.fields if one.name == billing.by), before)
            found[billing.of(default(home, follows) if after is None else after)] += 1
    return dict(found)


def _entries(change: Change, name: str, live_state: LiveState, types: Kinds) -> int:
    """By how many entries a list grows, as far as the account tells what is in it."""
    live = live_state.live.get(change.address) if change.action is not Action.CREATE else None
    before = _now(types, live_state, live, name) if live is not None else ()
    if change.action is Action.DELETE:
        return -len(before or ())
    after = next((one.after for one in change.fields if one.name == name), before)
    return len(after or ()) - len(before or ()) if before is not None else 0


def otherwise(
    configuration: Configuration, live_state: LiveState, types: Kinds, parent: Address | None, name: str
) -> Value:
    """What a parent's attribute gives to objects inside that do not state a value, None where that is not known."""
    if parent is None or not name:
        return None
    desired, live = configuration.objects.get(parent), live_state.live.get(parent)
    value = desired.values.get(name) if desired is not None else None
    return _now(types, live_state, live, name) if value is None and live is not None and not live.leaving else value


def _now(types: Kinds, live_state: LiveState, live: Live, name: str) -> Value:
    value = now_of(types[live.address.kind], name, live, live_state.codes)
    return None if value is MISSING else value
