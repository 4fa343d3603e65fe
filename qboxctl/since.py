"""What a configuration says otherwise than it did at an earlier revision: two sets of files in, addresses out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qboxctl.load import Stated
from qboxctl.model import Address
from qboxctl.wish import Wish


@dataclass(frozen=True, slots=True)
class Difference:
    """``changed`` are the declared objects of which the files say something else, or nothing, at the revision.

    ``rules`` are what bears on objects that no file mentions: ``settings``, ``protect``, ``ignore``.
    """

    changed: frozenset[Address]
    rules: tuple[str, ...]


def difference(before: Stated, now: Stated, wish: Wish) -> Difference:
    """Compare what the files that differ said then and say now; ``wish`` is all that is declared now."""
    kinds = set(_differing(before.defaults, now.defaults))
    named = {address for address, text in now.objects.items() if before.objects.get(address) != text}
    changed = {address for address in wish.objects if address in named or address.kind in kinds}
    return Difference(frozenset(changed), tuple(sorted(_differing(before.rules, now.rules))))


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> set[str]:
    return {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
