"""What a configuration says otherwise than it did at an earlier revision: two sets of files in, addresses out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qboxctl.load import Stated
from qboxctl.model import Address
from qboxctl.wish import Wish
from qboxctl.yamlio import Source

_NOTHING = "{}"
"""What ``stated`` gives for an object that is mentioned, and of which nothing is said."""


@dataclass(frozen=True, slots=True)
class Difference:
    """``changed`` are the declared objects of which the files say something else, or nothing, at the revision.

    ``rules`` are what bears on objects that no file mentions: ``settings``, ``protect``, ``ignore``.
    """

    changed: frozenset[Address]
    rules: tuple[str, ...]


def difference(before: Stated, now: Stated, wish: Wish, sources: Sequence[Source]) -> Difference:
    """Compare what the files that differed said then and say now; ``sources`` are those of the wish.

    What stands in a file that did not change may have had attributes in another one: then these tell. It is not
    changed by being mentioned in one more.
    """
    files = {number for number, one in enumerate(wish.sources) if any(one is source for source in sources)}
    kinds = _differing(before.defaults, now.defaults)
    changed = {
        address
        for address in before.objects.keys() | now.objects.keys()
        if address in wish.objects
        and (
            before.objects.get(address, _NOTHING) != now.objects.get(address, _NOTHING)
            or (address not in before.objects and wish.objects[address].where.file in files)
        )
    }
    changed |= {address for address in wish.objects if address.kind in kinds}
    return Difference(frozenset(changed), tuple(sorted(_differing(before.rules, now.rules))))


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> set[str]:
    return {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
