"""What a plan is about: the targets with what they need, without what is excluded or ignored. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from qboxctl.config.configuration import Configuration, ignored
from qboxctl.model import Address, Collection, Desired, Value
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.patterns import Pattern, covering, covering_home


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds to the configuration.

    ``removed_since`` are the objects that an earlier revision declared and today's files do not: with it,
    only they count as removed; ``remembered`` are its declarations of all that bears no name of its own on the
    server. ``edited`` are the attributes, by object, whose effect an account may not tell, and of which today's files
    say something else than that revision's, each with the entries that left it. ``only`` narrows the plan to some
    objects, as targets do, and goes with them.
    ``acknowledge`` is the id of a plan that may pass the guards that can be passed.
    """

    targets: tuple[Pattern, ...] = ()
    excludes: tuple[Pattern, ...] = ()
    rotate: tuple[Pattern, ...] = ()
    removed_since: frozenset[Address] | None = None
    remembered: Mapping[Address, Desired] = field(default_factory=dict)
    edited: Mapping[Address, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    only: frozenset[Address] | None = None
    acknowledge: str = ""


@dataclass(frozen=True, slots=True)
class Targets:
    """Which objects a plan is about: the targets with what they need, without what is excluded."""

    configuration: Configuration
    types: Kinds
    options: Options = field(default_factory=Options)

    def excluded(self, address: Address) -> bool:
        """Whether an exclusion takes the object, or what it lives in."""
        return covering_home(self.options.excludes, address, self.types) is not None

    def targeted(self, address: Address) -> bool:
        """Whether the object itself is asked for."""
        targets, only = self.options.targets, self.options.only
        return (only is None or address in only) and (not targets or covering(targets, address) is not None)

    @property
    def narrowed(self) -> bool:
        """Whether the plan is about a part of the configuration."""
        return bool(self.options.targets) or self.options.only is not None

    def visible(self, address: Address) -> bool:
        """Whether the object may appear at all."""
        return not ignored(self.configuration, self.types, address) and not self.excluded(address)

    def candidates(self) -> Mapping[Address, Desired]:
        """The declared objects that a plan may need: with targets, also what those may depend on."""
        objects = self.configuration.objects
        if not self.narrowed and not self.options.excludes:
            return objects
        if not self.narrowed:
            return {address: one for address, one in objects.items() if not self.excluded(address)}
        return {address: objects[address] for address in self.needed()}

    def needed(self) -> Iterable[Address]:
        """The targets that are declared, all that is in the same homes, and what these name, however far away.

        What is to go may be linked to by what has to let go of it first.
        """
        configuration, types = self.configuration, self.types
        asked: Iterable[Address] | None = self.options.only
        if asked is None:
            asked = chain.from_iterable(
                inside for one, inside in configuration.managed.items() if self.may_hold_target(one)
            )
        todo = [address for address in asked if self.targeted(address)]
        todo += [address for kind in self.linking() for address in configuration.managed.get(Collection(kind), ())]
        found: dict[Address, None] = {}
        homes: set[Address] = set()
        everywhere = {kind for kind, type_ in types.items() if type_.identity.everywhere}
        going = (one for one, desired in configuration.objects.items() if one.kind in everywhere and desired.absent)
        freed = types.claims(going, everywhere)  # it may have to go before its name is taken elsewhere
        while todo:
            address = todo.pop()
            desired = configuration.objects.get(address)
            if desired is None or address in found or self.excluded(address):
                continue
            found[address] = None
            todo += self.named(address, desired.values)
            if types[address.kind].holding:  # another one may have to let go of what this one is to hold
                todo += configuration.managed.get(types.collection(address), ())
            rival = freed.get(types.claim(address) or ()) if freed else None
            todo += [rival] if rival is not None else []
            for home in (types.parent(address) or address, address):
                if home not in homes:
                    homes.add(home)
                    todo.append(home)
                    for collection in types.inside(home):
                        if not types[collection.kind].goes_along:
                            todo += configuration.managed.get(collection, ())
        return found

    def named(self, address: Address, values: Mapping[str, Value]) -> Iterable[Address]:
        """What attributes of an object name, or may name: an address may be a mailbox's or an alias's."""
        for one in self.types[address.kind].fields:
            if one.refers and one.name in values:
                yield from self.types.referred(address, one.refers, values[one.name])

    def linking(self) -> set[str]:
        """The kinds whose objects may have to let go of a target that is to be removed."""
        kinds = {collection.kind for collection in self.sought()}
        kinds |= {address.kind for address in self.options.only or () if not self.stays(address)}
        fields = ((kind, one) for kind, type_ in self.types.items() for one in type_.fields)
        return {kind for kind, one in fields if kinds.intersection(one.linked)}

    def may_hold_target(self, collection: Collection) -> bool:
        """Whether something in a collection may match a target."""
        return not self.options.targets or any(
            pattern.may_match(collection.kind, collection.parent) for pattern in self.options.targets
        )

    def sought(self) -> set[Collection]:
        """The managed collections in which a target may be that is not declared, or that is to be removed."""
        if self.options.only is not None:
            return {
                self.types.collection(address)
                for address in self.options.only
                if self.targeted(address) and not self.stays(address)
            } & self.configuration.managed.keys()
        return {collection for collection in self.configuration.managed if self.seeks(collection)}

    def seeks(self, collection: Collection) -> bool:
        """Whether a target may be in a managed collection without being declared to stay there."""
        inside = self.configuration.managed[collection]
        return not self.options.targets or any(
            pattern.may_match(collection.kind, collection.parent)
            and not (pattern.single and any(pattern.matches(one) and self.stays(one) for one in inside))
            for pattern in self.options.targets
        )

    def stays(self, address: Address) -> bool:
        """Whether the object is declared, and not as absent."""
        desired = self.configuration.objects.get(address)
        return desired is not None and not desired.absent
