"""What can be wrong with a configuration without asking anybody: references, contradictions, and the rules of kinds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from qboxctl.config.configuration import Configuration
from qboxctl.config.stores import StoreError, file_of
from qboxctl.errors import Diagnostic, Position
from qboxctl.model import Address, Collection, Desired, Destination
from qboxctl.schema.field import Field
from qboxctl.schema.formats import folded
from qboxctl.schema.hints import near
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.patterns import covering
from qboxctl.schema.rules import Declared, Finding, Rule


def check(configuration: Configuration, types: Kinds) -> list[Diagnostic]:
    """Everything that is wrong with the configuration as a whole, and what is worth a warning."""
    declared = _Declarations(configuration, types)
    rules = (*_RULES, *(rule for type_ in types.values() for rule in type_.rules))
    found = [declared.diagnostic(one) for rule in rules for one in rule(declared)]
    return sorted([*configuration.warnings, *found], key=lambda one: one.sort_key)


_TOO = "take it out here too"
_LOOKS = 50
"""So often a near name is looked for: among thousands, each look takes a while."""


class _Declarations:
    """What a configuration declares, as its rules ask for it; see ``Declared``."""

    def __init__(self, configuration: Configuration, types: Kinds) -> None:
        self.configuration, self.types = configuration, types
        self.by_kind: dict[str, list[Desired]] = {kind: [] for kind in types}
        self.there: dict[str, list[Desired]] = {kind: [] for kind in types}
        self.looked = 0
        for one in configuration.objects.values():
            self.by_kind[one.address.kind].append(one)
            if not one.absent:
                self.there[one.address.kind].append(one)

    def diagnostic(self, one: Finding) -> Diagnostic:
        """What a rule found, at its place in the files."""
        place = self.position(one.one, *one.path)
        attribute = str(one.path[0]) if one.path else ""
        address = str(one.one.address)
        return Diagnostic(one.code, one.message, place, address, one.hint, one.severity, attribute, one.second)

    def get(self, address: Address) -> Desired | None:
        """The declaration of an object."""
        return self.configuration.objects.get(address)

    def declared(self, kind: str) -> Sequence[Desired]:
        """The declarations of a kind."""
        return self.by_kind[kind]

    def present(self, kind: str) -> Sequence[Desired]:
        """The declarations of a kind that are not of what is to be absent."""
        return self.there[kind]

    def manages(self, collection: Collection) -> bool:
        """Whether the collection's key stands in a file."""
        return collection in self.configuration.managed

    def ignores(self, address: Address) -> bool:
        """Whether a pattern covers the object itself."""
        return covering(self.configuration.ignore, address) is not None

    def position(self, one: Desired, *path: str | int) -> Position:
        """The place of a declaration."""
        return self.configuration.position(one.where, *path)

    def near(self, word: str, known: Iterable[str]) -> str:
        """The known name that is spelt most alike."""
        self.looked += 1
        found = near(word, known) if self.looked <= _LOOKS else ()
        return found[0] if found else ""


def _inside_absent(declared: Declared) -> Iterator[Finding]:
    gone = {kind for kind in declared.types if len(declared.present(kind)) < len(declared.declared(kind))}
    for type_ in declared.types.values():
        for one in declared.present(type_.kind) if type_.parent in gone else ():
            address = declared.types.parent(one.address)
            parent = declared.get(address) if address is not None else None
            if parent is not None and parent.absent:
                place = declared.position(parent)
                yield Finding("Q017", f"{one.address} is declared, and {parent.address} is absent ({place})", one,
                              hint="declare both absent, or neither", second=place)  # fmt: skip


def _same_text(declared: Declared) -> Iterator[Finding]:
    """Two declarations that mean the same live object: by what a file pins, or by a name that need not be unique."""
    for type_ in declared.types.values():
        seen: dict[tuple[Collection, str], Desired] = {}
        for one in declared.declared(type_.kind) if type_.identity.pin or not type_.identity.unique else ():
            if type_.identity.unique and not one.pin:
                continue
            pinned = f"{type_.identity.pin} {one.pin}"
            match = pinned if one.pin else f"{type_.identity.key} {folded(one.label)!r}"
            if one.fallback and not one.pin and type_.identity.key not in one.values:
                match = f"first entry of {type_.identity.otherwise}: {one.fallback}"
            known = (declared.types.collection(one.address), match)
            if known in seen:
                place = declared.position(seen[known])
                message = f"{one.address} and {seen[known].address} ({place}) have the same {match}"
                yield Finding("Q014", message, one, hint=f"one {type_.noun}, one place", second=place)
            seen[known] = one


def _same_name(declared: Declared) -> Iterator[Finding]:
    """Two objects of a name that only one may bear, whatever they are in."""
    seen: dict[tuple[str, ...], Desired] = {}
    for type_ in declared.types.values():
        for one in declared.present(type_.kind) if type_.identity.everywhere else ():
            claim = declared.types.claim(one.address) or ()
            if claim in seen:
                place = declared.position(seen[claim])
                message = f"{one.address} bears the name of {seen[claim].address} ({place})"
                hint = "it can only be one of them: take the other out of the files, or declare that one absent"
                yield Finding("Q018", message, one, hint=hint, second=place)
            seen.setdefault(claim, one)


def _sole(declared: Declared) -> Iterator[Finding]:
    """An attribute that one object at most can have, stated of two."""
    for type_ in declared.types.values():
        for field in type_.fields:
            seen: dict[Collection, Desired] = {}
            for one in declared.present(type_.kind) if field.sole else ():
                if one.values.get(field.name) is not True:
                    continue
                first = seen.setdefault(declared.types.collection(one.address), one)
                if first is not one:
                    place = declared.position(first, field.name)
                    message = f"{field.name} is true of {first.address} ({place}) too, and can be of one of them only"
                    yield Finding("Q014", message, one, (field.name,), "let it be true of one", second=place)


def _references(declared: Declared) -> Iterator[Finding]:
    for type_ in declared.types.values():
        for field in type_.fields:
            for one in declared.present(type_.kind) if field.linked else ():
                for name in one.values.get(field.name, ()):
                    targets = declared.types.referred(one.address, field.refers, (name,))
                    yield from _missing(declared, one, field.name, targets)


def _missing(declared: Declared, one: Desired, name: str, targets: Sequence[Address]) -> Iterator[Finding]:
    """What is wrong with the name of an object that will not be there; of several kinds, one is enough."""
    known = [found for target in targets if (found := declared.get(target)) is not None]
    if any(not found.absent for found in known):
        return
    if known:
        place = declared.position(known[0])
        yield Finding("Q017", f"{name}: {known[0].address} is declared absent ({place})", one, (name,), _TOO,
                      second=place)  # fmt: skip
    elif all(declared.manages(declared.types.collection(one)) and not declared.ignores(one) for one in targets):
        target = targets[0]
        meant = declared.near(target.key, (one.address.key for one in declared.present(target.kind)))
        hint = f'did you mean "{meant}"?' if meant else f"declare it under {declared.types.path(target.kind)}"
        yield Finding("Q019", f"{name}: there is no {target}", one, (name,), hint)


def _too_large(declared: Declared) -> Iterator[Finding]:
    """A value that is more than what its parent's own attribute allows."""
    for type_ in declared.types.values():
        for field in type_.fields:
            for one in declared.present(type_.kind) if field.at_most else ():
                yield from _over(declared, one, field)


def _over(declared: Declared, one: Desired, field: Field) -> Iterator[Finding]:
    value = one.values.get(field.name)
    home = declared.types.parent(one.address) if value is not None else None
    parent = declared.get(home) if home is not None else None
    most = parent.values.get(field.at_most) if parent is not None and not parent.absent else None
    if parent is None or most is None or value <= most:
        return
    place, show = declared.position(parent, field.at_most), field.type.show
    message = f"{field.name} {show(value)} is more than {parent.address} allows: {show(most)} ({place})"
    hint = f"raise the {parent.address.kind}'s {field.at_most} to {show(value)}"
    yield Finding("Q024", message, one, (field.name,), hint, second=place)


def _same_store(declared: Declared) -> Iterator[Finding]:
    """Two objects whose secrets would go into one file."""
    seen: dict[str, Desired] = {}
    for type_ in declared.types.values():
        for one in declared.present(type_.kind) if type_.told else ():
            name = type_.told.store if type_.told else ""
            to = one.values.get(name)
            if not isinstance(to, Destination) or not to.file:
                continue
            try:
                file = os.path.normpath(file_of(to))
            except StoreError:  # told to those who need it
                continue
            if file in seen:
                place = declared.position(seen[file], name)
                message = f"{one.address} and {seen[file].address} ({place}) would have their secrets in one file"
                yield Finding("Q014", message, one, (name,), "give each a file of its own", second=place)
            seen[file] = one


def _held_twice(declared: Declared) -> Iterator[Finding]:
    """Two objects that are to hold what can be held by one only."""
    seen: dict[tuple[str, Address], Desired] = {}
    for type_ in declared.types.values():
        for one in declared.present(type_.kind) if type_.holding else ():
            for field in type_.holding:
                for name in one.values.get(field.name, ()):
                    targets = declared.types.referred(one.address, field.refers, name)
                    target = next((each for each in targets if declared.get(each)), targets[0])
                    first = seen.setdefault((type_.kind, target), one)
                    if first is not one:
                        place = declared.position(first, field.name)
                        message = f"{field.name}: {target} is given to {one.address} and to {first.address} ({place})"
                        yield Finding("Q070", message, one, (field.name,), f"it can have one {type_.title.lower()}",
                                      second=place)  # fmt: skip


def _of_two_kinds(declared: Declared) -> Iterator[Finding]:
    """A name in a list that may be of either of two objects, for whose codes it stands."""
    for type_ in declared.types.values():
        for field in (each for each in type_.fields if len(each.linked) > 1):
            for one in declared.present(type_.kind):
                for name in one.values.get(field.name, ()):
                    targets = declared.types.referred(one.address, field.refers, name)
                    there = [str(each) for each in targets if (found := declared.get(each)) and not found.absent]
                    if len(there) > 1:
                        message = f"{field.name}: {name} is {' and '.join(there)}"
                        yield Finding("Q073", message, one, (field.name,), f"write its address: {' or '.join(there)}")


_RULES: tuple[Rule, ...] = (
    _inside_absent,
    _same_text,
    _same_name,
    _sole,
    _references,
    _too_large,
    _same_store,
    _held_twice,
    _of_two_kinds,
)
