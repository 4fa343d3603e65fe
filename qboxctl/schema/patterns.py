"""Patterns over addresses: ``mailbox/*@example.com``, ``domain/*``, ``signature/*@example.com/*``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from qboxctl.model import Address
from qboxctl.schema.formats import ascii_glob, relaxed_label
from qboxctl.schema.identity import Joined
from qboxctl.schema.kinds import Kinds

_WILD = re.compile(r"[*?\[]")


@lru_cache(maxsize=4096)
def _glob(text: str) -> re.Pattern[str]:
    return re.compile(translate(text))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A glob over addresses. Where an address has several segments, each is matched by one of the pattern's.

    ``label`` is what names are compared with that may be any text, ``name`` what others are compared with.
    """

    text: str
    kind: str
    label: str
    name: str
    kinds: Kinds

    @classmethod
    def of(cls, text: str, kinds: Kinds) -> Pattern:
        """Read a pattern; raises ValueError for one that can match nothing."""
        kind, slash, key = relaxed_label(text).partition("/")
        if kind.count("[") != kind.count("]") or key.count("[") != key.count("]"):
            raise ValueError(f"{text!r} is not a pattern: a [ needs its ]")
        if not slash or not key:
            raise ValueError(f"{text!r} is not a pattern: write kind/name, such as mailbox/*@example.com")
        meant = [one for known, one in kinds.items() if _glob(kind).match(known)]
        if not meant:
            raise ValueError(f"{text!r} matches no kind: there are {', '.join(kinds)}")
        numbers = {kinds.segments(one.kind) for one in meant}
        if 1 not in numbers and key.count("/") + 1 not in numbers:
            shape = "/".join(["*"] * min(numbers))
            raise ValueError(f"{text!r} matches no {meant[0].kind}: write {kind}/{shape}")
        try:
            name = "/".join(map(ascii_glob, key.split("/"))) if any(one.identity.unique for one in meant) else ""
        except ValueError:
            if all(one.identity.unique for one in meant) or _WILD.search(key):
                raise
            name = ""  # it can be a label only
        return cls(text, kind, key, name, kinds)

    def matches(self, address: Address) -> bool:
        """Whether the pattern covers the address."""
        if not _glob(self.kind).match(address.kind):
            return False
        key = self.name if self.kinds[address.kind].identity.unique else self.label
        if self.kinds.segments(address.kind) == 1:  # a / in the name needs no escape there, and may have one
            return any(_glob(one).match(address.key) for one in (key, key.replace("%2f", "/").replace("%25", "%")))
        return _match_each(key.split("/"), address.key.lower().split("/"))

    @property
    def single(self) -> bool:
        """Whether it can match one address only."""
        return not _WILD.search(self.text)

    @property
    def sole(self) -> Address | None:
        """The only address that it can match, None where there may be several: letters may be those of a label."""
        return Address(self.kind, self.label) if self.single and self.label.isascii() else None

    def may_match(self, kind: str, parent: str) -> bool:
        """Whether some object of a kind could match, inside a parent (such as a domain) or with none ("")."""
        if not _glob(self.kind).match(kind):
            return False
        if not parent:
            return True
        if self.kinds[kind].identity.joined is not Joined.AT:
            outer, _, _ = self.kinds.key(kind, "x", parent).lower().rpartition("/")
            key = self.name if self.kinds[kind].identity.unique else self.label
            return _match_each(key.split("/")[:-1], outer.split("/") if outer else [])
        if "[" in self.name:
            return True
        _, at, domain = self.name.rpartition("@")
        if at:
            return _glob(domain).match(parent) is not None
        tail = _WILD.split(self.name)[-1]  # without an @, whatever stands behind the last wildcard is in the domain
        return bool(self.name) and f"@{parent}".endswith(tail)


def _match_each(globs: list[str], segments: list[str]) -> bool:
    return len(globs) == len(segments) and all(
        _glob(glob).match(segment) is not None for glob, segment in zip(globs, segments, strict=True)
    )


def covering(patterns: Iterable[Pattern], address: Address) -> Pattern | None:
    """The first pattern that covers the address, if any does."""
    for pattern in patterns:
        if pattern.matches(address):
            return pattern
    return None


def covering_home(patterns: Collection[Pattern], address: Address, kinds: Kinds) -> Pattern | None:
    """The first pattern that covers an object, or else what it lives in, nearest first."""
    if not patterns:
        return None
    found = (covering(patterns, one) for one in (address, *kinds.ancestors(address)))
    return next(filter(None, found), None)
