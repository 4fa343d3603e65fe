"""Sets of words that only the server knows, such as permissions: what one means, other live objects tell. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qboxctl.model import JSON, Missing, Value
from qboxctl.schema.collections import Texts
from qboxctl.schema.types import Boolean

_WORDS = re.compile(r"[a-z0-9]+")
_SIGHT = frozenset({"view", "read"})
"""Words of a key that lets somebody look at what others let them change."""


@dataclass(frozen=True, slots=True)
class Keys(Texts):
    """A set of keys that no reference lists; it is always sent whole.

    A server may drop a key that it does not know, and add one that others bring with them: neither is a difference. A
    key is taken for unknown where no live object has it. One is taken for brought along where it only lets look at
    what another key of the set lets change, and no live object has that other one without it.
    """

    @property
    def among(self) -> bool:
        """True: what other objects have tells what a difference means."""
        return True

    def decode(self, wire: JSON) -> Value | Missing:
        """From a list, a text with commas, null, or a mapping of keys to true."""
        if isinstance(wire, dict):
            wire = [key for key, given in wire.items() if Boolean().decode(given) is True]
        return super(Keys, self).decode(wire)

    def settled(self, want: Value, have: Value, others: Sequence[Value]) -> bool | None:
        """False where a key lacks that others have, or one is too many; None where one lacks that nobody has."""
        lacking = _lacking(want, have)
        if any(key in other for key in lacking for other in others) or self.lost(have, want, others):
            return False
        return None if lacking else True

    def lost(self, have: Value, want: Value, others: Sequence[Value]) -> tuple[str, ...]:
        """The keys that an object does not keep, but for those that others bring with them."""
        kept = set(want) & set(have)
        return tuple(key for key in have if key not in want and not _brought(key, kept, others))

    def taken(self, want: Value, have: Value, others: Sequence[Value]) -> bool:
        """Whether what is there right after a set was sent is what the server makes of it."""
        return not any(key in other for key in _lacking(want, have) for other in others)

    def noted(self, want: Value, have: Value) -> str:
        """What to tell of what the server made of a set, "" where it is as it was sent."""
        parts = {"ignored": _lacking(want, have), "added": _lacking(have, want)}
        return "; ".join(f"the server {verb} {', '.join(keys)}" for verb, keys in parts.items() if keys)


def _lacking(want: Iterable[str], have: Iterable[str]) -> list[str]:
    return sorted(set(want) - set(have))


def _brought(key: str, kept: Iterable[str], others: Sequence[Value]) -> bool:
    """Whether a key comes along with one of some others, as far as live objects tell."""
    subject = set(_WORDS.findall(key.lower()))
    if not subject & _SIGHT or not subject - _SIGHT:
        return False
    bringing = (one for one in kept if (subject - _SIGHT).issubset(_WORDS.findall(one.lower())))
    return any(all(key in other for other in others if one in other) for one in bringing)
