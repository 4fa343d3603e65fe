"""The part of a configuration that a change bears on: the other files are looked at as text, and not parsed. Pure.

Parsing is what takes long in a large configuration: reading and searching its text takes a twentieth of that. A file
stays unparsed where it did not change, says nothing but what is in its domains, and names none of those in question.
In doubt it is parsed. What is wrong in an unparsed file, and was when it last changed, is not told.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from qboxctl.definition import ResourceType
from qboxctl.load import Stated, load, stated
from qboxctl.model import Address, Collection
from qboxctl.scope import Options, Scope
from qboxctl.since import Difference, difference
from qboxctl.wish import Wish
from qboxctl.yamlio import Source

MOST_NAMES = 50
"""Looking for so many names takes as long as parsing."""


class Past(NamedTuple):
    """What changed since a revision: what the files that are not the same said then, and say now."""

    then: Stated
    now: Stated
    touched: Sequence[Source]


def past(before: Sequence[Source], touched: Sequence[Source], types: Mapping[str, ResourceType]) -> Past:
    """Read what differs; raises ConfigError."""
    return Past(stated(before, types), stated(touched, types), touched)


def changes(known: Past, wish: Wish) -> tuple[Difference, frozenset[Address]]:
    """What the files say otherwise than at the revision, and what is declared no more."""
    return difference(known.then, known.now, wish, known.touched), known.then.present - wish.objects.keys()


def part(
    known: Past, sources: Sequence[Source], types: Mapping[str, ResourceType], environment: str = "default"
) -> Wish | None:
    """The wish as far as it bears on what changed: for that, it says what the whole says.

    None where that is no smaller part, or what changed bears on everything. Raises ConfigError.
    """
    home = next(one for one in types.values() if any(other.parent == one.kind for other in types.values()))
    changed = _homes(known.then.objects.keys() | known.now.objects.keys(), home, types)
    same_rules = known.then.rules == known.now.rules and known.then.defaults == known.now.defaults
    if not same_rules or len(changed) > MOST_NAMES:
        return None
    touched = {id(source) for source in known.touched}
    unread = {}
    for number, source in enumerate(sources):
        text = _comparable(source.text)
        if id(source) not in touched and _only(home.section[0], text) and not any(name in text for name in changed):
            unread[number] = text
    while unread:
        wish = load([source for number, source in enumerate(sources) if number not in unread], types, environment)
        names = _homes(wish.objects, home, types) | _homes(_named(known, wish, types), home, types)
        if len(names) > MOST_NAMES:
            return None
        more = [number for number, text in unread.items() if any(_is_key(name, text) for name in names)]
        if Collection(home.kind) not in wish.managed:
            more = more or [next(iter(unread))]
        if not more:
            return wish
        for number in more:
            del unread[number]
    return None


def _named(known: Past, wish: Wish, types: Mapping[str, ResourceType]) -> Iterable[Address]:
    """What is named, declared or not, by what changed and by what that needs."""
    difference, gone = changes(known, wish)
    scope = Scope(wish, types, Options(only=difference.changed | gone))
    return [one for address in scope.needed() for one in scope.named(wish.objects[address])]


def _homes(addresses: Iterable[Address], home: ResourceType, types: Mapping[str, ResourceType]) -> set[str]:
    """The names of the domains that some objects are, or live in."""
    return {
        address.key if address.kind == home.kind else types[address.kind].parent_of(address.key)
        for address in addresses
        if home.kind in (address.kind, types[address.kind].parent)
    }


# What can be told by the text alone. A name that is declared stands in the text as it is, but for capitals and other
# forms of a letter: unless it is written with an escape, or in letters that IDNA turns into others.


def _comparable(text: str) -> str:
    """The text with each letter in one form."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).lower()


def _is_key(name: str, text: str) -> bool:
    """Whether a domain's name stands there on its own, and not as a part of an address or of another name."""
    return name in text and re.search(rf"(?<![\w.@-]){re.escape(name)}(?![\w-]|\.\w)", text) is not None


_START = r"(?:%s|x-[\w-]+):"
_HEAD = r"(?:(?:---)?[ \t]*(?:#.*)?\r?\n)*"
_LEFT = re.compile(r"\n(?!---[ \t\r]*(?:#.*)?\n)([^\s#].*)")
_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_OUTSIDE = re.compile(r"\S*[^\x00-\x7f]\S*")


def _only(section: str, text: str) -> bool:
    """Whether a file has one section only, beside anchors, and can be searched for the names that it declares.

    The keys of the top level are what begins a line, once the first of them does. Files in another form do not count.
    """
    if "\\" in text or (("\r" in text or not text.isascii()) and _BREAKS.search(text)):
        return False
    if not text.isascii() and any("." in word or "\u3002" in word for word in _OUTSIDE.findall(text)):
        return False
    start = re.compile(_START % re.escape(section))
    return re.match(_HEAD + start.pattern, text) is not None and all(map(start.match, _LEFT.findall(f"\n{text}")))
