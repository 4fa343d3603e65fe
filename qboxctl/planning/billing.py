"""What a plan costs: what is added to the bill, less what is removed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache, partial

from qboxctl.config.configuration import Configuration
from qboxctl.model import MISSING, Action, Address, Change, Live, LiveState, Value
from qboxctl.schema.decoding import now_of
from qboxctl.schema.kinds import Kinds

_SIZE = "max_email_quota"
"""What a bill depends on."""
LINES = ("mailboxes_8gb", "mailboxes_25gb", "mailboxes_50gb", "mailboxes_100gb", "domains", "delivery_accounts")


def bill(
    changes: Iterable[Change], configuration: Configuration, live_state: LiveState, types: Kinds
) -> dict[str, int]:
    """The change of each line of the bill; a change of band is one less and one more."""
    found = Counter(dict.fromkeys(LINES, 0))
    default = lru_cache(partial(default_size, configuration, live_state, types))  # one for all mailboxes of a domain
    for change in changes:
        type_ = types[change.address.kind]
        if type_.billed is None or change.action is Action.DISABLE:
            continue
        home = types.parent(change.address)
        live = None if change.action is Action.CREATE else live_state.live.get(change.address)
        before = None if live is None or _SIZE not in type_.by_name else _now(types, live_state, live, _SIZE)
        if live is not None:
            found[type_.billed({_SIZE: default(home) if before is None else before})] -= 1
        if change.action is not Action.DELETE:
            after = next((one.after for one in change.fields if one.name == _SIZE), before)
            found[type_.billed({_SIZE: default(home) if after is None else after})] += 1
    return dict(found)


def default_size(configuration: Configuration, live_state: LiveState, types: Kinds, parent: Address | None) -> Value:
    """The size that a domain gives to mailboxes which state none, None where that is not known."""
    if parent is None:
        return None
    desired, live = configuration.objects.get(parent), live_state.live.get(parent)
    size = desired.values.get("default_quota") if desired is not None else None
    return _now(types, live_state, live, "default_quota") if size is None and live is not None else size


def _now(types: Kinds, live_state: LiveState, live: Live, name: str) -> Value:
    value = now_of(types[live.address.kind], name, live, live_state.codes)
    return None if value is MISSING else value
