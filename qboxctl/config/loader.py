"""Files to a ``Configuration``: every declared object in canonical form, and every mistake with its place.

It works on text, and touches nothing but the files that hold the text of a value.
What needs the whole configuration to be judged (references, contradictions
between objects) is in ``rules``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from qboxctl.config.bodies import Block, Bodies
from qboxctl.config.configuration import Configuration
from qboxctl.config.environments import fits, settings_of
from qboxctl.config.mistakes import Mistakes
from qboxctl.config.settings import Settings
from qboxctl.config.yaml.reader import TWICE, Room, Source
from qboxctl.errors import Diagnostic, Position, Severity
from qboxctl.model import JSON, Address, Collection, Desired, Where
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.patterns import Pattern, covering_home
from qboxctl.schema.places import Places, as_keys
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import kind_of


def load(sources: Sequence[Source], types: Kinds, environment: str = "default") -> Configuration:
    """The configuration that the files state together; raises ConfigError with every mistake."""
    loader = _Loader(tuple(sources), types)
    loader.read()
    settings = loader.settings(environment)
    objects = loader.objects()
    loader.mistakes.refuse()
    return Configuration(
        settings=settings,
        objects=objects,
        managed=loader.managed,
        protect=tuple(loader.patterns["protect"]),
        ignore=tuple(loader.patterns["ignore"]),
        sources=loader.sources,
        settings_block=loader.settings_block,
        defaults={kind: found.values for kind, found in loader.bodies.defaults.items()},
        default_places={kind: Where(file, ("defaults", kind)) for kind, (file, _) in loader.default_bodies.items()},
        warnings=tuple(loader.mistakes.found),
        enclosed=loader.bodies.enclosed,
    )


def load_settings(sources: Sequence[Source], types: Kinds, environment: str = "default") -> Configuration:
    """A configuration of nothing but the settings and what is ignored; raises ConfigError with every mistake in these.

    What else is wrong with the files does not matter, unless it may hide these.
    """
    blank = [source for source in sources if source.unreadable and not source.text]
    some = [source for source in sources if source in blank or any(key in source.text for key in _NEEDED)]
    loader = _Loader(tuple(some), types)
    for number, source in enumerate(some):
        tree, found = source.parse()
        if isinstance(tree, dict):
            for name in tree.keys() & _NEEDED:
                loader.top(name, tree[name], Where(number, (name,)))
            loader.mistakes.found += [one for one in found if one.position and source.is_below(_NEEDED, one.position)]
        elif not source.text or _MAY_STATE.search(source.text):
            loader.mistakes.found += found
    settings = loader.settings(environment)
    loader.mistakes.refuse()
    return Configuration(
        settings,
        {},
        {},
        ignore=tuple(loader.patterns["ignore"]),
        sources=loader.sources,
        settings_block=loader.settings_block,
    )


_NEEDED = {"settings", "ignore"}
_MAY_STATE = re.compile(r"""\b(?:settings|ignore)\b["']?\s*(?::|[\r\n]|\Z)""")
"""What may be one of these keys, in a text that cannot be parsed."""


def declared(sources: Sequence[Source], types: Kinds) -> Iterable[Address]:
    """The addresses of the objects that some files declare, as far as they can be read."""
    loader = _Loader(tuple(sources), types)
    loader.read()
    return loader.blocks


class Stated(NamedTuple):
    """What some files of a configuration say, as texts that compare: of each object, of each kind, and as rules.

    ``present`` are the objects that they declare to be there, and do not ignore, in no doubt; ``mistakes`` is what
    is wrong with the files by themselves; ``labelled`` are the objects that only an id or a text tells.
    """

    present: frozenset[Address]
    objects: Mapping[Address, str]
    defaults: Mapping[str, str]
    rules: Mapping[str, str]
    mistakes: tuple[Diagnostic, ...]
    labelled: Mapping[Address, Desired]


def stated(sources: Sequence[Source], types: Kinds) -> Stated:
    """What some files of a configuration say, as far as they can be read."""
    loader = _Loader(tuple(sources), types)
    loader.read()
    objects = loader.objects()
    mistakes = tuple(
        one for one in (*loader.mistakes.found, *loader.mistakes.earlier) if one.severity is Severity.ERROR
    )
    present = (one for one in objects.values() if not one.absent)
    rules = {name: sorted(pattern.text for pattern in found) for name, found in loader.patterns.items()}
    return Stated(
        frozenset(one.address for one in (_undoubted(present, sources, mistakes) if mistakes else present)),
        {address: _text(block.body) for address, block in loader.blocks.items()},
        {kind: _text(body) for kind, (_, body) in loader.default_bodies.items()},
        {name: _text(one) for name, one in {"settings": loader.settings_block, **rules}.items() if one},
        mistakes,
        {address: one for address, one in objects.items() if not types[address.kind].identity.unique},
    )


def _undoubted(
    found: Iterable[Desired], sources: Sequence[Source], mistakes: Iterable[Diagnostic]
) -> Iterable[Desired]:
    """The objects that no mistake is about: neither one of their own, nor one of the file that declares them.

    What cannot be read of a file may be that objects anywhere are ignored.
    """
    doubtful = {one.address for one in mistakes}
    files = {one.position.file for one in mistakes if one.position and not one.address}
    if any("ignore" in source.text for source in sources if source.name in files):
        return ()
    return (one for one in found if str(one.address) not in doubtful and sources[one.where.file].name not in files)


def _text(value: JSON) -> str:
    return json.dumps(value, sort_keys=True)


_ELSEWHERE = "let its name begin with _ to have it skipped, or name another folder with -C"


class _Loader:
    """Collects what the files state and what is wrong with it."""

    def __init__(self, sources: tuple[Source, ...], types: Kinds) -> None:
        self.sources = sources
        self.types = types
        self.places = Places.of(types)
        self.mistakes = Mistakes(sources, self.places)
        self.bodies = Bodies(self.mistakes, types)
        self.blocks: dict[Address, Block] = {}
        self.managed: dict[Collection, list[Address]] = {}
        self.patterns: dict[str, list[Pattern]] = {"protect": [], "ignore": []}
        self.settings_block: Mapping[str, JSON] = {}
        self.settings_at: Where | None = None
        self.default_bodies: dict[str, tuple[int, JSON]] = {}
        self.again: list[tuple[Address, Block]] = []

    # Files.

    def read(self) -> None:
        """Read every file."""
        room = Room()
        for number, source in enumerate(self.sources):
            source.room = room
            tree, found = source.parse()
            words = list(tree) if isinstance(tree, dict) else source.margin() if found else []
            if words and not any(map(self.places.ours, words)):
                shown = ", ".join(sorted(self.places.top))
                message = f"{source.name} is no configuration of qboxctl: it has none of the keys {shown}"
                self.mistakes.found.append(Diagnostic("Q031", message, Position(source.name, 1, 1), hint=_ELSEWHERE))
                continue
            self.mistakes.found += found
            if isinstance(tree, dict):
                for name, value in tree.items():
                    self.top(name, value, Where(number, (name,)))
            elif tree is not None:
                message = f"a file holds a mapping, found {kind_of(tree)}"
                self.mistakes.found.append(Diagnostic("Q011", message, Position(source.name, 1, 1), hint=_ELSEWHERE))
            if any(one.code == TWICE for one in found) and not source.first_counts:
                earlier = _Loader((source.earlier(),), self.types)
                earlier.read()
                earlier.objects()
                earlier.settings("default")
                self.mistakes.earlier += earlier.mistakes.found

    def top(self, name: str, value: JSON, where: Where) -> None:
        """One top-level key of a file."""
        if name == "settings":
            if self.settings_at is not None:
                self.mistakes.twice("the block of settings", where, self.settings_at)
                fits(self.mistakes.mapping(value, where, "settings"), where, self.mistakes, self.types)
            else:
                self.settings_at = where
                self.settings_block = self.mistakes.mapping(value, where, "settings")
        elif name in self.patterns:
            self.patterns[name] += self.read_patterns(value, where)
        elif name == "defaults":
            self.read_defaults(self.mistakes.mapping(value, where, "defaults"), where)
        elif name in self.places.roots:
            self.collection(self.places.roots[name], value, "", where)
        elif name in self.places.groups:
            group = self.places.groups[name]
            for key, content in self.mistakes.mapping(value, where, name).items():
                place = where.inside(key)
                if key in group:
                    self.collection(group[key], content, "", place)
                else:
                    self.mistakes.unknown(key, group, "key", place)
        elif not name.startswith("x-"):
            self.mistakes.unknown(name, self.places.top, "key", where)

    def read_patterns(self, value: JSON, where: Where) -> list[Pattern]:
        """A list of patterns."""
        if not isinstance(value, list):
            self.mistakes.error("Q011", f"{where.path[0]} must be a list, found {kind_of(value)}", where)
            return []
        found = []
        for index, text in enumerate(value):
            place = where.inside(index)
            try:
                if not isinstance(text, str):
                    raise ValueError(f"expected a pattern such as mailbox/*@example.com, found {kind_of(text)}")
                found.append(Pattern.of(text, self.types))
            except ValueError as error:
                self.mistakes.error("Q013", str(error), place)
        return found

    def read_defaults(self, block: Mapping[str, JSON], where: Where) -> None:
        """Defaults for each kind."""
        for kind, body in block.items():
            place = where.inside(kind)
            if kind not in self.types:
                self.mistakes.unknown(kind, self.types, "kind", place)
            elif kind in self.bodies.defaults:
                first = Where(self.default_bodies[kind][0], ("defaults", kind))
                self.mistakes.twice(f"the block of defaults for {kind}", place, first)
                self.bodies.attributes(self.types[kind], self.mistakes.mapping(body, place, kind), place, None)
            else:
                self.default_bodies[kind] = where.file, body
                self.bodies.defaults[kind] = self.bodies.attributes(
                    self.types[kind], self.mistakes.mapping(body, place, kind), place, None
                )

    # Objects.

    def collection(self, type_: ResourceType, raw: JSON, parent: str, where: Where) -> None:
        """The objects of one collection; to be mentioned makes it managed."""
        if type_.identity.alone:
            inside = self.managed.setdefault(Collection(type_.kind, parent), [])
            self.declaration(type_, parent, raw, parent, inside, where)
            return
        if raw is None:
            self.mistakes.error(
                "Q011",
                f"{where.path[-1]} has nothing in it",
                where,
                hint="write {} for managed and empty, or remove the key to leave it alone",
            )
            return
        if isinstance(raw, (list, str)):
            message = f"{where.path[-1]} must be a mapping, found {kind_of(raw)}"
            self.mistakes.error("Q011", message, where, hint=as_keys(type_, raw))
            raw = {}
        inside = self.managed.setdefault(Collection(type_.kind, parent), [])
        above = ""
        for name, body in self.mistakes.mapping(raw, where, str(where.path[-1])).items():
            place = where.inside(name)
            if self.places.misplaced(type_, name, body):
                self.too_far_left(type_, name, above, parent, place)
                continue
            above = name
            self.declaration(type_, name, body, parent, inside, place)

    def too_far_left(self, type_: ResourceType, name: str, above: str, parent: str, where: Where) -> None:
        """Note an attribute that stands where the name of an object belongs; ``above`` is the name before it."""
        under = f"the {type_.kind} that it is about"
        if above:
            under = f"{type_.kind}/{self.types.key(type_.kind, above, parent)}"
        message = f'"{name}" stands where the name of a {type_.kind} belongs'
        self.mistakes.error("Q011", message, where, hint=f"did you mean to indent it under {under}?")

    def declaration(
        self, type_: ResourceType, name: str, raw: JSON, parent: str, beside: list[Address], where: Where
    ) -> None:
        """One object: its own attributes, and the collections inside it; ``beside`` are those of its collection."""
        try:
            own = type_.identity.normalise(name)
        except ValueError as error:
            self.mistakes.error("Q016", str(error), where, hint=self.places.name_meant(type_, name, parent, error))
            self.unnamed(type_, name, raw, parent, where)
            return
        key = self.types.key(type_.kind, own, parent)
        address = Address(type_.kind, key)
        if type_.short and isinstance(raw, (list, str)):
            raw = {type_.short: raw}
        why = type_.identity.refused.get(own)
        if why is not None:
            self.mistakes.error("Q016", f"{address} cannot be declared", where, address=address, hint=why)
            self.unnamed(type_, own, raw, parent, where)
            return
        body = raw if isinstance(raw, dict) else self.mistakes.mapping({} if raw is None else raw, where, str(address))
        inside = self.places.inside[type_.kind]
        holds = bool(inside) and not inside.keys().isdisjoint(body)
        shared = holds or (bool(inside) and not type_.parent)
        if holds:
            for child, content in body.items():
                if child in inside:
                    self.collection(inside[child], content, key, where.inside(child))
            body = {name: value for name, value in body.items() if name not in inside}
        block = Block(type_, name, where, body, shared, bare=where if not (body or holds) else None)
        first = self.blocks.get(address)
        opposite = first.contradicted(block) if first else None
        if first is None:
            beside.append(address)
            self.blocks[address] = block
        elif not opposite and not first.body and (first.shared or shared):
            block.bare = first.bare or block.bare
            self.blocks[address] = block
        elif opposite or body or not shared:
            self.mistakes.twice(str(address), where, opposite or first.where, address)
            self.again.append((address, block))

    def unnamed(self, type_: ResourceType, name: str, raw: JSON, parent: str, where: Where) -> None:
        """Look for what is wrong in an object whose name is wrong already."""
        if isinstance(raw, dict):
            key, inside = self.types.key(type_.kind, name, parent), self.places.inside[type_.kind]
            for child in inside.keys() & raw.keys():
                self.collection(inside[child], raw[child], key, where.inside(child))
            body = {name: value for name, value in raw.items() if name not in inside}
            if body:
                self.again.append((Address(type_.kind, key), Block(type_, name, where, body)))

    def objects(self) -> dict[Address, Desired]:
        """Every declared object that is not ignored, in canonical form."""
        found: dict[Address, Desired] = {}
        patterns = self.patterns["ignore"]
        for address, block in self.blocks.items():
            ignored = covering_home(patterns, address, self.types)
            if ignored:
                self.mistakes.warn(
                    f"{address} is declared, and ignored by the pattern {ignored.text}", block.where, address
                )
                continue
            found[address] = self.bodies.desired(address, block)
        for address, block in self.again:
            self.bodies.desired(address, block)  # for its own mistakes
        return found

    def settings(self, environment: str) -> Settings:
        """The settings of one environment, as far as they can be read."""
        return settings_of(self.settings_block, self.settings_at, environment, self.mistakes, self.types)
