"""What an object counts inside itself, against what its lists show of it: the rest cannot be seen. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qboxctl.api.listing import number_in
from qboxctl.model import Count, Live
from qboxctl.schema.kinds import Kinds

Shown = Mapping[str, tuple[int, bool]]
"""Of each kind whose list in an object was read: how many it shows, and whether the one that is in every parent."""


def counts_of(types: Kinds, live: Live, shown: Shown) -> dict[str, Count]:
    """What an object counts of each kind, where that can be told from what is seen; no list shows an unknown kind."""
    found = {}
    for kind, counter in types[live.address.kind].counters.items():
        counted = number_in(live.row, counter)
        if counted is not None and (kind in shown or kind not in types or not counted):
            found[kind] = Count(counter, counted, *shown.get(kind, (0, False)))
    return found


def unseen(types: Kinds, counts: Mapping[str, Count], others: Iterable[Mapping[str, Count]]) -> tuple[Count, ...]:
    """The counts of more than what can be seen. ``others`` are the counts of all other parents of this kind.

    No reference says whether a counter includes the object that is in every parent by itself, the postmaster. Other
    parents tell: one that counts no more than its list shows. Where none does, only a list that shows nothing else
    may be one short.
    """
    more = {kind: count for kind, count in counts.items() if count.counted > count.shown}
    if not more:
        return ()
    others = list(others)
    return tuple(count for kind, count in more.items() if not _is_reserved(types, kind, count, others))


def unsure(types: Kinds, counts: Iterable[Mapping[str, Count]], others: Iterable[Mapping[str, Count]]) -> bool:
    """Whether only other parents can tell what a counter of one includes, and none of these does."""
    kinds = {kind for one in counts for kind, count in one.items() if _may_be_reserved(types, kind, count)}
    return bool(kinds) and not kinds <= {kind for other in others for kind in other}


def _may_be_reserved(types: Kinds, kind: str, count: Count) -> bool:
    return kind in types and bool(types[kind].identity.reserved) and count.counted - count.shown == 1


def _is_reserved(types: Kinds, kind: str, count: Count, others: Iterable[Mapping[str, Count]]) -> bool:
    """Whether the one object that is counted and not shown is the one that is in every parent."""
    if not _may_be_reserved(types, kind, count):
        return False
    known = {other[kind].counted - other[kind].shown for other in others if kind in other}
    return min(known) == 1 if known else count.reserved and not count.shown
