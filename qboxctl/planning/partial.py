"""The part of a configuration that a change bears on; the other files are looked at as text, and not parsed. Pure.

Parsing is what takes long in a large configuration: to search its text takes a twentieth of that. A file is left
unparsed where all of this holds: it is the same as at the revision; it declares domains and nothing else; and its text
shows that none of them, and nothing in them, has to do with what changed. In doubt it is parsed. So a mistake in a file
that nobody touched is not told, unless it has to do with the change.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from qboxctl.config.changes import Edit, difference
from qboxctl.config.configuration import Configuration
from qboxctl.config.loader import load
from qboxctl.config.yaml.reader import Source
from qboxctl.errors import Diagnostic
from qboxctl.model import JSON, Address, Collection
from qboxctl.planning.targets import Options, Targets
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.types import Document

MOST_NAMES = 50
"""Looking for so many names takes as long as parsing."""
MOST_ROUNDS = 4
"""What changed names something, which names something: for a longer chain than this, all is parsed."""


def part(made: Edit, sources: Sequence[Source], types: Kinds, environment: str = "default") -> Configuration | None:
    """The configuration reduced to what was edited and what that depends on; of these it says what the whole says.

    None where that is no smaller part, or not known to be one. Raises ConfigError.
    """
    if made.then.mistakes:
        return None
    homes = _Homes(types)
    changed = homes.of(made.then.objects.keys() | made.now.objects.keys())
    same_rules = made.then.rules == made.now.rules and made.then.defaults == made.now.defaults
    if not same_rules or len(changed) > MOST_NAMES or _known_by_others(made, types):
        return None
    # What changed may be named anywhere, and that may no longer be right; of all else, its declarations will do.
    unread = _without_names(changed, homes.section, sources, made.touched)
    enclosing = {
        type_.section[-1] for type_ in types.values() if any(isinstance(one.type, Document) for one in type_.fields)
    }
    unread = {number: text for number, text in unread.items() if not any(word in text for word in enclosing)}
    parsed: dict[int, tuple[JSON, list[Diagnostic]]] = {}
    for _ in range(MOST_ROUNDS):
        if not unread:
            return None
        chosen = [source for number, source in enumerate(sources) if number not in unread]
        for source in chosen:
            source.ready = parsed[id(source)] = parsed.get(id(source)) or source.parse()
        configuration = load(chosen, types, environment)
        if changed & homes.of(_named_by_defaults(configuration, types)):
            return None  # every object of the kind may name it then, and no text shows that
        names = homes.of(configuration.objects) | homes.of(_named_by_changes(made, configuration, types))
        if len(names) > MOST_NAMES:
            return None
        more = [number for number, text in unread.items() if any(_declares(text, name) for name in names)]
        if not more and Collection(homes.kind) not in configuration.managed:
            more = [next(iter(unread))]  # whichever it is, it tells that domains are managed
        if not more:
            return configuration
        for number in more:
            del unread[number]
    return None


class _Homes:
    """The kind that other kinds live in: domains, of which an account may have thousands."""

    def __init__(self, types: Kinds) -> None:
        self.types = types
        self.kind = next(one.kind for one in types.levels[0] if types.children(one.kind))
        self.section = types[self.kind].section[0]

    def of(self, addresses: Iterable[Address]) -> set[str]:
        """The names of the domains among some objects, and of those that the others live in.

        With them the names that no other may bear anywhere.
        """
        found = set()
        for address in addresses:
            root = self.types.root(address)
            if root.kind == self.kind:
                found.add(root.key)
                if self.types[address.kind].identity.everywhere:
                    found.add(self.types.name(address))
        return found


def _known_by_others(made: Edit, types: Kinds) -> bool:
    """Whether something changed that may be known only by which declared objects it holds."""
    edited = made.then.objects.keys() | made.now.objects.keys()
    holders = (address for address in edited if types[address.kind].holding)
    return any(made.then.objects.get(one) != made.now.objects.get(one) for one in holders)


def _named_by_changes(made: Edit, configuration: Configuration, types: Kinds) -> Iterable[Address]:
    """What is named, declared or not, by what changed and by what that needs."""
    found = difference(made, configuration)
    targets = Targets(configuration, types, Options(only=found.changed | found.gone))
    for address in targets.needed():
        yield from targets.named(address, configuration.objects[address].values)


def _named_by_defaults(configuration: Configuration, types: Kinds) -> Iterable[Address]:
    targets = Targets(configuration, types)
    for kind, values in configuration.defaults.items():
        yield from targets.named(Address(kind, ""), values)  # of whichever object


# What the text of a file can tell. A name stands in it as it is, or in other forms of its letters: unless it is written
# with an escape, or with letters that IDNA turns into others.


def _without_names(
    names: set[str], section: str, sources: Sequence[Source], touched: Sequence[Source]
) -> dict[int, str]:
    """The files, by number, that were not touched, declare things of one section only, and mention none of the names.

    Each is given as a text that can be searched for more names.
    """
    edited = {id(source) for source in touched}
    found = {}
    for number, source in enumerate(sources):
        if id(source) in edited:
            continue
        text = (source.text if source.text.isascii() else unicodedata.normalize("NFKC", source.text)).lower()
        if _has_one_section(text, section) and _shows_names(text) and not any(name in text for name in names):
            found[number] = text
    return found


def _declares(text: str, name: str) -> bool:
    """Whether a name stands there by itself: not behind the @ of an address, nor as a part of another name."""
    return name in text and re.search(rf"(?<![\w.@-]){re.escape(name)}(?![\w-]|\.\w)", text) is not None


_OTHER_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_BEFORE_THE_FIRST_KEY = r"(?:(?:---)?[ \t\r]*(?:#[^\n]*)?\n)*"
_AT_THE_MARGIN = re.compile(r"\n(?!---[ \t\r]*(?:#[^\n]*)?\n)([^\s#][^\n]*)")


def _has_one_section(text: str, section: str) -> bool:
    """Whether a file is seen to have no other keys at its top level than one section and ``x-…`` for anchors.

    Where the first key begins a line, so do the others: all lines that begin without a blank are looked at.
    """
    key = re.compile(rf"(?:{re.escape(section)}|x-[\w-]+):")
    return (
        re.match(_BEFORE_THE_FIRST_KEY + key.pattern, text) is not None
        and all(map(key.match, _AT_THE_MARGIN.findall(f"\n{text}")))
        and not _OTHER_BREAKS.search(text)
    )


def _shows_names(text: str) -> bool:
    """Whether no name can be written in a way that hides it from a search."""
    if "\\" in text:
        return False
    return text.isascii() or not any(not word.isascii() and ("." in word or "\u3002" in word) for word in text.split())
