"""A live account as configuration: what people would have written, whose plan is empty. Pure.

What a file cannot state (a value that the API does not document, a name that is none) is left out and told.
Secrets are not there to be exported; objects that exist need none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, count

from qboxctl.config.configuration import Configuration, ignored
from qboxctl.config.loader import load
from qboxctl.config.rules import check
from qboxctl.config.yaml.reader import Source
from qboxctl.config.yaml.writer import Compact, dump
from qboxctl.errors import ConfigError, Diagnostic, Severity
from qboxctl.json_text import canonical
from qboxctl.live.query import Query
from qboxctl.model import JSON, MISSING, Address, Collection, Live, LiveState, Value
from qboxctl.schema.decoding import value_of
from qboxctl.schema.field import Field
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.labels import text_of
from qboxctl.schema.patterns import Pattern, covering

SCHEMA = "https://raw.githubusercontent.com/qboxctl/qboxctl/main/schemas/config.schema.json"
HEADER = f"# yaml-language-server: $schema={SCHEMA}\n"
_OFTEN = 3
"""A value that so many objects share, and most of them, becomes a default."""
Tree = dict[str, JSON]


@dataclass(frozen=True, slots=True)
class Selection:
    """What to export: the kinds, and of the Hosting domains those whose name fits a pattern (none: all).

    The kinds that were ``named`` are asked for by themselves: an export without them would be none.
    """

    kinds: frozenset[str]
    domains: tuple[Pattern, ...] = ()
    named: frozenset[str] = frozenset()

    def takes(self, address: Address, types: Kinds) -> bool:
        """Whether an object is asked for."""
        return address.kind in self.kinds and self.within(address, types)

    def within(self, address: Address, types: Kinds) -> bool:
        """Whether an object is, or is in, one of the domains asked for."""
        return not self.domains or covering(self.domains, types.root(address)) is not None


@dataclass(frozen=True, slots=True)
class Export:
    """The configuration as one tree, and what could not be put into it, each with the reason.

    The parts that are ``split`` get a file for each of their objects, those that are ``shared`` one with others: it has
    another name than the part.
    """

    tree: Tree
    left_out: tuple[str, ...] = ()
    split: frozenset[str] = frozenset()
    shared: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """All of it as one file."""
        return HEADER + "\n".join(dump({part: content}) for part, content in self.tree.items())

    def files(self) -> dict[str, str]:
        """One file per domain, one for each other part or several of them, one for the defaults; by path."""
        found: dict[str, Tree] = {}
        for part, content in self.tree.items():
            if part in self.split:
                found |= {f"{part}/{name}.yaml": {part: {name: body}} for name, body in content.items()}
            else:
                found.setdefault(f"{self.shared.get(part, part)}.yaml", {})[part] = content
        return {path: HEADER + dump(tree) for path, tree in sorted(found.items())}


def query_for_export(configuration: Configuration, types: Kinds, choice: Selection) -> Query:
    """What an export must know: every list, and every attribute of what is asked for."""
    tops = {type_.kind for type_ in types.values() if not type_.parent}
    parents = {one.kind for kind in choice.kinds for one in types.outer(kind)}
    needed = choice.kinds | parents
    needed |= {linked for kind in choice.kinds for one in types[kind].fields for linked in one.linked}

    def opened(live: Mapping[Address, Live]) -> Iterable[Address]:
        return [
            address
            for address in live
            if address.kind in parents and choice.within(address, types) and not ignored(configuration, types, address)
        ]

    return Query(
        configuration,
        frozenset(Collection(kind) for kind in needed & tops),
        {},
        whole=frozenset(types),
        opened=opened,
        entire=lambda address: choice.takes(address, types),
        lenient=True,
        named=choice.named,
    )


def export_account(live_state: LiveState, configuration: Configuration, types: Kinds, choice: Selection) -> Export:
    """The configuration of what was read; ``configuration`` says what is ignored."""
    return _Exporter(live_state, configuration, types, choice).run()


@dataclass(slots=True)
class _Exporter:
    """One export."""

    live_state: LiveState
    configuration: Configuration
    types: Kinds
    choice: Selection
    left_out: list[str] = field(default_factory=list)
    names: dict[Address, str] = field(default_factory=dict)
    silent: dict[str, dict[str, Address]] = field(default_factory=dict)
    """The attributes of each kind that the API does not tell, each with the first object that lacks it."""

    def run(self) -> Export:
        """Write, read back with the real loader, and leave out what it refuses, until it refuses nothing."""
        ranks = {kind: rank for rank, kind in enumerate(self.types)}
        self.left_out += [f"every {self.types[kind].title}: {why}" for kind, why in self.live_state.unread.items()]
        lives = self.homed([live for address, live in self.live_state.live.items() if self.taken(address, live)])
        lives.sort(key=lambda live: (ranks[live.address.kind], live.address.key))
        taken = set(self.live_state.live)
        self.names = {live.address: name for live in lives if (name := self.name(live, taken)) is not None}
        stated = {
            live.address: self.attributes(live) if live.address.kind in self.choice.kinds else {}
            for live in lives
            if live.address in self.names
        }
        self.left_out += [
            f"{next(iter(names.values()))}, as others: the API does not tell {', '.join(sorted(names))}"
            for names in self.silent.values()
        ]
        while True:
            tree = self.tree(stated)
            wrong = _refused(dump(tree), self.types)
            if not wrong:
                shared = {one.section[0]: one.file for one in self.types.levels[0] if one.file}
                return Export(tree, tuple(sorted(set(self.left_out))), frozenset(self.holding()), shared)
            for one in wrong:
                self.drop(stated, one)

    def holding(self) -> Iterable[str]:
        """The parts of the tree whose objects hold others: each gets a file of its own."""
        roots = (one for one in self.types.levels[0] if self.types.children(one.kind))
        return (one.section[0] for one in roots if len(one.section) == 1)

    def taken(self, address: Address, live: Live) -> bool:
        """Whether the object belongs into the files."""
        wanted = self.choice.takes(address, self.types)
        return wanted and not live.leaving and not ignored(self.configuration, self.types, address)

    def homed(self, lives: list[Live]) -> list[Live]:
        """The objects, with what they are in that a file must tell from others of its name: no more is said of it."""
        known = {live.address for live in lives}
        outer = {one for address in known for one in self.types.ancestors(address)} - known
        named = [one for one in outer if not self.types[one.kind].identity.unique]
        return lives + [self.live_state.live[one] for one in named if one in self.live_state.live]

    def name(self, live: Live, taken: set[Address]) -> str | None:
        """The key that the object gets in the files; None, and a word about it, where no key fits.

        One that is made up is none of those that are ``taken``, by what is in the account or by another made-up one.
        """
        type_ = self.types[live.address.kind]
        if not type_.identity.unique:
            nameless = self.nameless(live.address)
            name = self.made_up(live, taken) if nameless else text_of(live, type_.identity.key).strip()
            same = True
        else:
            name = self.types.name(live.address)
            try:
                same = type_.identity.normalise(name) == name
            except ValueError:
                same = False
        same = same and _in_a_file(name)
        if not same:
            self.left_out.append(f"{live.address}: its name is none that a file can hold")
        return name if same else None

    def made_up(self, live: Live, taken: set[Address]) -> str:
        """A key for an object whose own text is none that could name it; it is taken from now on."""
        name = f"{live.address.kind.rpartition('_')[2]}-{live.remote_id}"
        numbered = (f"{name}-{number}" for number in count(2))
        free = next(each for each in chain([name], numbered) if self.shown(live.address, each) not in taken)
        taken.add(self.shown(live.address, free))
        return free

    def nameless(self, address: Address) -> bool:
        """Whether an object goes by its id, since its text is none that could name it."""
        return self.types.name(address).startswith("#")

    def attributes(self, live: Live) -> dict[str, Value]:
        """The attributes that the API returned and a file can state, in canonical form."""
        type_ = self.types[live.address.kind]
        found: dict[str, Value] = {}
        for one in type_.fields:
            told = one.compared and one.name != type_.identity.key
            value = value_of(type_, one, live, self.live_state.codes) if told else MISSING
            if value is MISSING:
                if told:
                    self.silent.setdefault(live.address.kind, {}).setdefault(one.name, live.address)
                continue
            if (one.linked or _states(one, value)) and _in_a_file(self.written(one, value)):
                found[one.name] = value
            elif value and not one.type.idle(value):
                self.left_out.append(f"{live.address}: no file can state its {one.name}, {one.type.show(value)}")
        return found

    def written(self, one: Field, value: Value) -> JSON:
        """A value as a file states it; references by the names that the files use."""
        if one.linked and isinstance(value, tuple):
            return sorted(self.reference(one, key) for key in value)
        return one.type.write(value)

    def reference(self, one: Field, key: str) -> str:
        """The name that the files use for an object that an attribute refers to."""
        known = (Address(kind, key) for kind in one.linked)
        return next((self.names[address] for address in known if address in self.names), key)

    def drop(self, stated: dict[Address, dict[str, Value]], one: Diagnostic) -> None:
        """Leave out what the loader refuses: an attribute, or else the whole object."""
        address = next((each for each in stated if str(self.shown(each, self.names[each])) == one.address), None)
        if address is None:
            raise ConfigError([one])
        what = one.attribute if one.attribute in stated[address] else ""
        self.left_out.append(f"{address}{f'.{what}' if what else ''}: {one.message}")
        if what:
            del stated[address][what]
        else:
            del stated[address]

    def shown(self, address: Address, name: str) -> Address:
        """The address that the object has in the files under a name."""
        kind, identity = address.kind, self.types[address.kind].identity
        if identity.unique:
            return address
        return Address(kind, self.types.key(kind, identity.comparable(name), self.types.split(address)[0]))

    # The tree.

    def tree(self, stated: Mapping[Address, Mapping[str, Value]]) -> Tree:
        """Everything in its section, with what most objects share as defaults."""
        defaults = {kind: self.shared(kind, stated) for kind in self.types}
        blocks = {kind: self.body(kind, block) for kind, block in defaults.items() if block}
        tree: Tree = {"defaults": blocks} if blocks else {}
        for address, values in stated.items():
            place, outer = tree, [one for one in self.types.ancestors(address) if not self.alone(one)]
            *steps, last = self.types.place(address.kind)
            for step in steps:
                place = place.setdefault(self.outer_name(outer.pop()) if step == "*" else step, {})
            body = self.object(address, values, defaults[address.kind])
            if self.alone(address):
                place[last] = body
            else:
                place.setdefault(last, {})[self.names[address]] = body
        return tree

    def outer_name(self, address: Address) -> str:
        """The key under which an object holds others."""
        return self.names.get(address, self.types.name(address))

    def alone(self, address: Address) -> bool:
        """Whether the object is a block of its parent."""
        return self.types[address.kind].identity.alone

    def object(self, address: Address, values: Mapping[str, Value], defaults: Mapping[str, Value]) -> JSON:
        """One object's body: what differs from the defaults, and what says something."""
        type_, by_name = self.types[address.kind], self.types[address.kind].by_name
        own = {
            name: value
            for name, value in values.items()
            if (value != defaults[name] if name in defaults else not _idle(by_name[name], value))
        }
        body = self.body(type_.kind, own)
        if type_.short and list(body) == [type_.short]:
            return body[type_.short]
        nameless = not type_.identity.unique and self.nameless(address)
        if nameless or type_.identity.otherwise:  # its key alone would not be the first thing that it is known by
            live = self.live_state.live[address]
            label = live.row.get(type_.identity.key)
            told = {type_.identity.key: label} if label and _states(by_name[type_.identity.key], label) else {}
            return Compact({**({"id": live.remote_id} if nameless else {}), **told, **body})
        return body

    def body(self, kind: str, values: Mapping[str, Value]) -> Tree:
        """Attributes in the order of their definition, as people write them."""
        type_ = self.types[kind]
        return Compact({one.name: self.written(one, values[one.name]) for one in type_.fields if one.name in values})

    def shared(self, kind: str, stated: Mapping[Address, Mapping[str, Value]]) -> dict[str, Value]:
        """The values that most objects of a kind have, where all state the attribute."""
        type_ = self.types[kind]
        rows = [values for address, values in stated.items() if address.kind == kind]
        found: dict[str, Value] = {}
        for one in type_.fields:
            if one.refers or one.beside or one.required:
                continue  # such an attribute belongs to its object
            counts = Counter(values[one.name] for values in rows if one.name in values)
            if len(rows) < _OFTEN or counts.total() < len(rows):
                continue
            value, number = counts.most_common(1)[0]
            if number * 2 > len(rows) and not (_idle(one, value) and (number == len(rows) or _certain(one, value))):
                found[one.name] = value
        return found


def _states(one: Field, value: Value) -> bool:
    """Whether a file can state the value."""
    try:
        written = one.type.write(value)
        return bool(one.type.parse(written) == value) and _in_a_file(written)
    except ValueError:
        return False


def _in_a_file(value: JSON) -> bool:
    """Whether a file can hold the texts of a value: halves of characters have no bytes."""
    try:
        return bool(canonical(value).decode())
    except UnicodeDecodeError:
        return False


def _idle(one: Field, value: Value) -> bool:
    """Whether a person would leave the attribute out: it is what a declaration means without it, or off."""
    known = _known(one)
    return bool(value == known) if known is not None else one.type.idle(value)


def _certain(one: Field, value: Value) -> bool:
    """Whether a new object has this value without being told, so that leaving it out loses nothing."""
    return value in (_known(one), "", ())


def _known(one: Field) -> Value:
    """What a declaration means that does not mention the attribute, as far as that is known."""
    return one.initial if one.default is None else one.default


def _refused(text: str, types: Kinds) -> list[Diagnostic]:
    """What the loader says against a configuration."""
    try:
        configuration = load([Source("export", text)], types)
    except ConfigError as error:
        return list(error.diagnostics)
    return [one for one in check(configuration, types) if one.severity is Severity.ERROR]
