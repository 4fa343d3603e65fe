"""Files to a ``Configuration``: every declared object in canonical form, and every mistake with its place.

It works on text, and touches nothing but the files that hold the text of a value.
What needs the whole configuration to be judged (references, contradictions
between objects) is in ``rules``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from qboxctl.config.configuration import Configuration
from qboxctl.config.enclosed import place_of, text_of
from qboxctl.config.settings import Settings, read_settings
from qboxctl.config.yaml.reader import TWICE, Room, Source
from qboxctl.errors import (
    IN_PLAIN_TEXT,
    BadEntries,
    BadValue,
    ConfigError,
    Diagnostic,
    Position,
    Severity,
    has_errors,
    hint_of,
)
from qboxctl.model import JSON, Address, Collection, Desired, Secret, Value, Where
from qboxctl.schema.extra import misuse
from qboxctl.schema.hints import did_you_mean
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.passwords import NO_HASHES, means_hash
from qboxctl.schema.patterns import Pattern, covering_home
from qboxctl.schema.places import ABSENT, OWN, PRESENT, STATE, Places, as_keys
from qboxctl.schema.resource import Field, Mode, ResourceType
from qboxctl.schema.types import Document, Password, Store, Type, kind_of


def load(sources: Sequence[Source], types: Kinds, environment: str = "default") -> Configuration:
    """The configuration that the files state together; raises ConfigError with every mistake."""
    loader = _Loader(tuple(sources), types)
    loader.read()
    settings = loader.settings(environment)
    objects = loader.objects()
    loader.refuse()
    return Configuration(
        settings=settings,
        objects=objects,
        managed=loader.managed,
        protect=tuple(loader.patterns["protect"]),
        ignore=tuple(loader.patterns["ignore"]),
        sources=loader.sources,
        settings_block=loader.settings_block,
        defaults={kind: found.values for kind, found in loader.defaults.items()},
        default_places={kind: Where(file, ("defaults", kind)) for kind, (file, _) in loader.default_bodies.items()},
        warnings=tuple(loader.found),
        enclosed=loader.enclosed,
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
            loader.found += [one for one in found if one.position and source.is_below(_NEEDED, one.position)]
        elif not source.text or _MAY_STATE.search(source.text):
            loader.found += found
    settings = loader.settings(environment)
    loader.refuse()
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
    mistakes = tuple(one for one in (*loader.found, *loader.earlier) if one.severity is Severity.ERROR)
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


@dataclass(slots=True)
class _Block:
    """What is stated for one object: of its bodies the one with attributes, or the first where none has any.

    It is ``shared`` where another file may say more of it: what is in it, or what it is.
    """

    type: ResourceType
    name: str
    where: Where
    body: Mapping[str, JSON]
    shared: bool = False


class _Attributes(NamedTuple):
    """A body in canonical form."""

    values: dict[str, Value]
    secrets: dict[str, Secret]
    extra: dict[str, JSON]


_ELSEWHERE = "let its name begin with _ to have it skipped, or name another folder with -C"


class _Loader:
    """Collects what the files state and what is wrong with it."""

    def __init__(self, sources: tuple[Source, ...], types: Kinds) -> None:
        self.sources = sources
        self.types = types
        self.found: list[Diagnostic] = []
        self.blocks: dict[Address, _Block] = {}
        self.managed: dict[Collection, list[Address]] = {}
        self.patterns: dict[str, list[Pattern]] = {"protect": [], "ignore": []}
        self.settings_block: Mapping[str, JSON] = {}
        self.settings_file: int | None = None
        self.defaults: dict[str, _Attributes] = {}
        self.default_bodies: dict[str, tuple[int, JSON]] = {}
        self.enclosed: dict[str, list[Address]] = {}
        self.again: list[tuple[Address, _Block]] = []
        self.earlier: list[Diagnostic] = []
        """What is wrong where the first of two equal keys is taken, and not the last one."""
        self.places = Places.of(types)

    # What is wrong, and where.

    def refuse(self) -> None:
        """Raise ConfigError where anything is wrong."""
        if has_errors(self.found):
            raise ConfigError(dict.fromkeys([*self.found, *self.earlier]))

    def error(
        self,
        code: str,
        message: str,
        where: Where,
        *,
        address: Address | None = None,
        hint: str | None = None,
        value: bool = False,
        second: Position | None = None,
    ) -> None:
        """Note a mistake at a place."""
        position = self.sources[where.file].position(where.path, value=value)
        self.found.append(Diagnostic(code, message, position, str(address) if address else None, hint, second=second))

    def unknown(
        self,
        word: str,
        known: Iterable[str],
        what: str,
        where: Where,
        address: Address | None = None,
        type_: ResourceType | None = None,
    ) -> None:
        """Note a key that does not belong there, with the one that may be meant."""
        hint = self.places.meant(word, sorted(known), type_)
        self.error("Q012", f'unknown {what} "{word}"' + (f" on {address}" if address else ""), where,
                   address=address, hint=hint)  # fmt: skip

    def mapping(self, raw: JSON, where: Where, what: str) -> Mapping[str, JSON]:
        """The mapping that must stand there, empty where something else does."""
        if isinstance(raw, dict):
            return raw
        hint = "write {} for an empty one, or remove the key" if raw is None else None
        self.error("Q011", f"{what} must be a mapping, found {kind_of(raw)}", where, hint=hint)
        return {}

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
                self.found.append(Diagnostic("Q031", message, Position(source.name, 1, 1), hint=_ELSEWHERE))
                continue
            self.found += found
            if isinstance(tree, dict):
                for name, value in tree.items():
                    self.top(name, value, Where(number, (name,)))
            elif tree is not None:
                message = f"a file holds a mapping, found {kind_of(tree)}"
                self.found.append(Diagnostic("Q011", message, Position(source.name, 1, 1), hint=_ELSEWHERE))
            if any(one.code == TWICE for one in found) and not source.first_counts:
                earlier = _Loader((source.earlier(),), self.types)
                earlier.read()
                earlier.objects()
                earlier.settings("default")
                self.earlier += earlier.found

    def top(self, name: str, value: JSON, where: Where) -> None:
        """One top-level key of a file."""
        if name == "settings":
            if self.settings_file is not None:
                self.twice("the block of settings", where, Where(self.settings_file, ("settings",)))
                self.check_settings(self.mapping(value, where, "settings"), where)
            else:
                self.settings_file = where.file
                self.settings_block = self.mapping(value, where, "settings")
        elif name in self.patterns:
            self.patterns[name] += self.read_patterns(value, where)
        elif name == "defaults":
            self.read_defaults(self.mapping(value, where, "defaults"), where)
        elif name in self.places.roots:
            self.collection(self.places.roots[name], value, "", where)
        elif name in self.places.groups:
            group = self.places.groups[name]
            for key, content in self.mapping(value, where, name).items():
                place = Where(where.file, (*where.path, key))
                if key in group:
                    self.collection(group[key], content, "", place)
                else:
                    self.unknown(key, group, "key", place)
        elif not name.startswith("x-"):
            self.unknown(name, self.places.top, "key", where)

    def twice(self, what: str, where: Where, first: Where, address: Address | None = None) -> None:
        """Note that something is stated in two places."""
        place = self.sources[first.file].position(first.path)
        self.error("Q014", f"{what} is stated twice: first at {place}", where, address=address,
                   hint="keep one of them", second=place)  # fmt: skip

    def read_patterns(self, value: JSON, where: Where) -> list[Pattern]:
        """A list of patterns."""
        if not isinstance(value, list):
            self.error("Q011", f"{where.path[0]} must be a list, found {kind_of(value)}", where)
            return []
        found = []
        for index, text in enumerate(value):
            place = Where(where.file, (*where.path, index))
            try:
                if not isinstance(text, str):
                    raise ValueError(f"expected a pattern such as mailbox/*@example.com, found {kind_of(text)}")
                found.append(Pattern.of(text, self.types))
            except ValueError as error:
                self.error("Q013", str(error), place)
        return found

    def read_defaults(self, block: Mapping[str, JSON], where: Where) -> None:
        """Defaults for each kind."""
        for kind, body in block.items():
            place = Where(where.file, (*where.path, kind))
            if kind not in self.types:
                self.unknown(kind, self.types, "kind", place)
            elif kind in self.defaults:
                first = Where(self.default_bodies[kind][0], ("defaults", kind))
                self.twice(f"the block of defaults for {kind}", place, first)
                self.attributes(self.types[kind], self.mapping(body, place, kind), place, None)
            else:
                self.default_bodies[kind] = where.file, body
                self.defaults[kind] = self.attributes(self.types[kind], self.mapping(body, place, kind), place, None)

    # Objects.

    def collection(self, type_: ResourceType, raw: JSON, parent: str, where: Where) -> None:
        """The objects of one collection; to be mentioned makes it managed."""
        if type_.identity.alone:
            inside = self.managed.setdefault(Collection(type_.kind, parent), [])
            self.declaration(type_, parent, raw, parent, inside, where)
            return
        if raw is None:
            self.error(
                "Q011",
                f"{where.path[-1]} has nothing in it",
                where,
                hint="write {} for managed and empty, or remove the key to leave it alone",
            )
            return
        if isinstance(raw, (list, str)):
            self.error("Q011", f"{where.path[-1]} must be a mapping, found {kind_of(raw)}", where,
                       hint=as_keys(type_, raw))  # fmt: skip
            raw = {}
        inside = self.managed.setdefault(Collection(type_.kind, parent), [])
        above = ""
        for name, body in self.mapping(raw, where, str(where.path[-1])).items():
            place = Where(where.file, (*where.path, name))
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
        self.error("Q011", f'"{name}" stands where the name of a {type_.kind} belongs', where,
                   hint=f"did you mean to indent it under {under}?")  # fmt: skip

    def declaration(
        self, type_: ResourceType, name: str, raw: JSON, parent: str, beside: list[Address], where: Where
    ) -> None:
        """One object: its own attributes, and the collections inside it; ``beside`` are those of its collection."""
        try:
            own = type_.identity.normalise(name)
        except ValueError as error:
            self.error("Q016", str(error), where, hint=self.places.name_meant(type_, name, parent, error))
            self.unnamed(type_, name, raw, parent, where)
            return
        key = self.types.key(type_.kind, own, parent)
        address = Address(type_.kind, key)
        if type_.short and isinstance(raw, (list, str)):
            raw = {type_.short: raw}
        why = type_.identity.refused.get(own)
        if why is not None:
            self.error("Q016", f"{address} cannot be declared", where, address=address, hint=why)
            self.unnamed(type_, own, raw, parent, where)
            return
        body = raw if isinstance(raw, dict) else self.mapping({} if raw is None else raw, where, str(address))
        inside = self.places.inside[type_.kind]
        holds = bool(inside) and not inside.keys().isdisjoint(body)
        shared = holds or (bool(inside) and not type_.parent)
        if holds:
            for child, content in body.items():
                if child in inside:
                    self.collection(inside[child], content, key, Where(where.file, (*where.path, child)))
            body = {name: value for name, value in body.items() if name not in inside}
        first = self.blocks.get(address)
        if first is None:
            beside.append(address)
        if first is None or (not first.body and (first.shared or shared)):
            self.blocks[address] = _Block(type_, name, where, body, shared)
        elif body or not shared:
            self.twice(str(address), where, first.where, address)
            self.again.append((address, _Block(type_, name, where, body)))

    def unnamed(self, type_: ResourceType, name: str, raw: JSON, parent: str, where: Where) -> None:
        """Look for what is wrong in an object whose name is wrong already."""
        if isinstance(raw, dict):
            key, inside = self.types.key(type_.kind, name, parent), self.places.inside[type_.kind]
            for child in inside.keys() & raw.keys():
                self.collection(inside[child], raw[child], key, Where(where.file, (*where.path, child)))
            body = {name: value for name, value in raw.items() if name not in inside}
            if body:
                self.again.append((Address(type_.kind, key), _Block(type_, name, where, body)))

    def objects(self) -> dict[Address, Desired]:
        """Every declared object that is not ignored, in canonical form."""
        found: dict[Address, Desired] = {}
        patterns = self.patterns["ignore"]
        for address, block in self.blocks.items():
            ignored = covering_home(patterns, address, self.types)
            if ignored:
                self._warn(f"{address} is declared, and ignored by the pattern {ignored.text}", block.where, address)
                continue
            found[address] = self.desired(address, block)
        for address, block in self.again:
            self.desired(address, block)  # for its own mistakes
        return found

    def _warn(self, message: str, where: Where, address: Address) -> None:
        position = self.sources[where.file].position(where.path)
        self.found.append(Diagnostic("Q020", message, position, str(address), severity=Severity.WARNING))

    def desired(self, address: Address, block: _Block) -> Desired:
        """One object, its defaults under what it says itself."""
        type_, body, where = block.type, block.body, block.where
        values, secrets, extra = self.attributes(type_, body, where, address)
        below = self.defaults.get(type_.kind)
        if below:
            values = {**below.values, **values}
            secrets = {**below.secrets, **secrets} if secrets else below.secrets
            extra = {**below.extra, **extra} if below.extra else extra
        for implied in type_.implied:
            values.setdefault(implied.name, implied.default)
        absent = STATE in body and self.state(body[STATE], where, address)
        identity, label = type_.identity, ""
        pin = (
            self.pin(body[identity.pin], identity.pin, where, address) if identity.pin and identity.pin in body else ""
        )
        if not identity.unique:
            label = values.get(identity.key, block.name.strip())
            if not label.strip():
                self.error("Q013", f"{address} needs a {identity.key}", where, address=address)
            if identity.stated:
                values.setdefault(identity.key, label)
        fallback = self.fallback(type_, body) if identity.otherwise else ""
        return Desired(address, values, secrets, extra, where, absent, label, pin, fallback)

    def fallback(self, type_: ResourceType, body: Mapping[str, JSON]) -> str:
        """The first entry of the attribute by which an object may be known where its text tells nothing."""
        name = type_.identity.otherwise
        raw = body.get(name)
        try:
            (first,) = type_.by_name[name].type.parse(raw[:1] if isinstance(raw, list) else [])
        except ValueError:
            return ""  # there is none, or it is wrong, which is told elsewhere
        return str(first[0][1])

    def state(self, state: JSON, where: Where, address: Address) -> bool:
        """Whether the object is declared absent."""
        if STATE in self.types[address.kind].by_name and state != ABSENT:
            return False  # an attribute, which has been looked at
        if state not in (PRESENT, ABSENT):
            place = Where(where.file, (*where.path, STATE))
            type_, hint = self.types[address.kind], "write absent, or remove the line"
            if type_.disabling and state == type_.disabling[1]:
                name, off = type_.disabling
                hint = f"write {name}: {type_.by_name[name].type.show(off)}"
            found = repr(state) if isinstance(state, str) else _text(state)
            self.error("Q013", f"state: {found} is not allowed here", place, address=address, value=True, hint=hint)
        return bool(state == ABSENT)

    def unfit_state(self, raw: JSON, words: Sequence[str], where: Where, address: Address) -> None:
        """Note a state that there is not."""
        found = repr(raw) if isinstance(raw, str) else _text(raw)
        hint = did_you_mean(str(raw), words) or f"write one of {', '.join(words)}"
        place = Where(where.file, (*where.path, STATE))
        self.error("Q013", f"state: {found} is not allowed here", place, address=address, value=True, hint=hint)

    def pin(self, pin: JSON, name: str, where: Where, address: Address) -> str:
        """The id or code that pins an object on the server, as text; ``name`` is its key."""
        if isinstance(pin, bool) or not isinstance(pin, (str, int)) or not str(pin).strip():
            place, kind = Where(where.file, (*where.path, name)), address.kind.rpartition("_")[2]
            message = f"{name} must be the {kind}'s {name}, found {kind_of(pin)}"
            self.error("Q013", message, place, address=address, value=True)
            return ""
        return str(pin).strip()

    def attributes(
        self, type_: ResourceType, body: Mapping[str, JSON], where: Where, address: Address | None
    ) -> _Attributes:
        """A body in canonical form; ``address`` is None for defaults."""
        found = _Attributes({}, {}, {})
        by_name, values = type_.by_name, found.values
        for name, raw in body.items():
            one = by_name.get(name)
            if one is None:
                self.other(type_, name, raw, where, address, found)
                continue
            if name == STATE and address:  # of a block that can be disabled it says more
                if raw == PRESENT:
                    values[name] = type_.lifecycle.enabled
                if raw in (PRESENT, ABSENT):
                    continue
                if raw not in (words := [*one.type.schema()["enum"], PRESENT, ABSENT]):
                    self.unfit_state(raw, words, where, address)
                    continue
            if one.mode is Mode.READ_ONLY:
                place = Where(where.file, (*where.path, name))
                message = f"{name}: no file can state this"
                self.error("Q013", message, place, address=address, hint="remove the line: the server alone sets it")
                continue
            try:
                if one.secret:
                    found.secrets[name] = self.secret(raw, where)
                elif one.type.names_files:
                    values[name] = self.with_files(one.type, raw, where, address or Address(type_.kind, ""))
                else:
                    values[name] = one.type.parse(raw)
            except ValueError as error:
                self.bad_value(one, raw, error, Where(where.file, (*where.path, name)), address)
        return found

    def with_files(self, type_: Type, raw: JSON, where: Where, address: Address) -> Value:
        """A value that may name a file, from the folder of the one that states it."""
        if isinstance(type_, Store):
            return type_.parse(raw, self.sources[where.file].folder)
        return self.document(type_, raw, where, address) if isinstance(type_, Document) else type_.parse(raw)

    def document(self, type_: Document, raw: JSON, where: Where, address: Address) -> str:
        """A text that may stand in a file of its own."""
        path = type_.enclosed(raw)
        if not path:
            return type_.parse(raw)
        self.enclosed.setdefault(place_of(path, self.sources[where.file]), []).append(address)
        try:
            return type_.parse(text_of(path, self.sources[where.file]))
        except BadValue:
            raise
        except ValueError as error:
            message = str(error)
            raise ValueError(message if path in message else f"the file {path}: {message}") from None

    def bad_value(self, one: Field, raw: JSON, error: ValueError, where: Where, address: Address | None) -> None:
        """Note a value that does not fit, each wrong entry of a list by itself."""
        plain = one.secret and isinstance(raw, (str, int, float))
        clear = "" if not one.returned else 'write "" to clear it, or '
        nothing = f"{clear}remove the line to leave it alone" if raw is None else None
        for index, wrong in error.entries if isinstance(error, BadEntries) else [(None, error)]:
            place = where if index is None else Where(where.file, (*where.path, index))
            self.error(IN_PLAIN_TEXT if plain else "Q013", f"{one.name}: {wrong}", place, address=address, value=True,
                       hint=nothing or hint_of(wrong))  # fmt: skip

    def secret(self, raw: JSON, where: Where) -> Secret:
        """A reference to a secret, relative to the folder of its file."""
        return Password().parse(raw, self.sources[where.file].folder)

    def other(
        self,
        type_: ResourceType,
        name: str,
        raw: JSON,
        where: Where,
        address: Address | None,
        found: _Attributes,
    ) -> None:
        """A key of a body that is no attribute: extra, state and id, or a mistake."""
        place = Where(where.file, (*where.path, name))
        if name == "extra":
            for wire, value in self.mapping(raw, place, "extra").items():
                wrong = misuse(type_, wire, value)
                if wrong is None:
                    found.extra[wire] = value
                else:
                    inner = Where(where.file, (*place.path, *wrong.path))
                    self.error("Q013", wrong.message, inner, address=address, hint=wrong.hint)
        elif address is None or name not in (*OWN, type_.identity.pin):
            what = "attribute" if address else f"attribute of {type_.kind}"
            if means_hash(name) and any(one.secret for one in type_.fields):
                on = f" on {address}" if address else ""
                self.error("Q012", f'unknown {what} "{name}"{on}', place, address=address, hint=NO_HASHES)
            else:
                known = self.places.words[type_.kind] if address else self.places.in_defaults(type_)
                self.unknown(name, known, what, place, address, type_)

    # Settings.

    def settings(self, environment: str) -> Settings:
        """The settings of one environment, as far as they can be read."""
        where = Where(self.settings_file or 0, ("settings",))
        if not self.check_settings(self.settings_block, where):
            return Settings()
        return self._checked_settings(environment, where)

    def check_settings(self, block: Mapping[str, JSON], where: Where) -> bool:
        """Note what does not fit the schema in a block of settings; True where all of it fits."""
        from qboxctl.schema.json_validation import schema_errors

        wrong = schema_errors("settings", block, self.types)
        for misfit in wrong:
            place = Where(where.file, (*where.path, *misfit.path))
            self.error("Q021", misfit.message, place, hint=misfit.hint, value=not misfit.at_key)
        return not wrong

    def _checked_settings(self, environment: str, where: Where) -> Settings:
        block: Any = self.settings_block
        environments = block.get("environments") or {}
        base = self.sources[where.file].folder if self.settings_file is not None else ""
        if environment != "default" and environment not in environments:
            known = ", ".join(sorted(environments)) or "none"
            hint = did_you_mean(environment, environments) or "add it under settings.environments"
            message = f'there is no environment "{environment}": the settings know {known}'
            self.found.append(Diagnostic("Q022", message, hint=hint))
            return Settings()
        for name, overlay in [(None, block), *environments.items()]:
            for url in (one for one in ("endpoint", "send_endpoint") if one in (overlay or {})):
                try:
                    read_settings({url: overlay[url]}, "default", base, self.types)
                except ValueError as error:
                    path = ("environments", name, url) if name else (url,)
                    self.error("Q021", str(error), Where(where.file, (*where.path, *path)), value=True)
                    return Settings()
        settings = read_settings(block, environment, base, self.types)

        def place(url: str) -> Where | None:
            overlay = ("environments", environment) if url in (environments.get(environment) or {}) else ()
            return Where(where.file, (*where.path, *overlay, url)) if overlay or url in block else None

        return replace(settings, endpoint_at=place("endpoint"), send_endpoint_at=place("send_endpoint"))
