"""What a plan is about: the targets with what they need, without what is excluded or ignored. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from qboxctl.definition import ResourceType
from qboxctl.graph import referred
from qboxctl.guards import ignored
from qboxctl.model import Address, Collection, Desired
from qboxctl.names import Pattern, covering
from qboxctl.wish import Wish


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds to the wish.

    ``removed_since`` are the objects that an earlier revision declared and today's files do not: with it,
    only they count as removed. ``acknowledge`` is the id of a plan that may pass the count guard.
    """

    targets: tuple[Pattern, ...] = ()
    excludes: tuple[Pattern, ...] = ()
    rotate: tuple[Pattern, ...] = ()
    removed_since: frozenset[Address] | None = None
    acknowledge: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which objects a plan is about: the targets with what they need, without what is excluded."""

    wish: Wish
    types: Mapping[str, ResourceType]
    options: Options = field(default_factory=Options)

    def excluded(self, address: Address) -> bool:
        """Whether an exclusion takes the object, or what it lives in."""
        if not self.options.excludes:
            return False
        parent = self.parent(address)
        return covering(self.options.excludes, address) is not None or (parent is not None and self.excluded(parent))

    def targeted(self, address: Address) -> bool:
        """Whether the object itself is asked for."""
        return not self.options.targets or covering(self.options.targets, address) is not None

    def visible(self, address: Address) -> bool:
        """Whether the object may appear at all."""
        return not ignored(self.wish, self.types, address) and not self.excluded(address)

    def parent(self, address: Address) -> Address | None:
        """What the object lives in."""
        type_ = self.types[address.kind]
        return Address(type_.parent, type_.parent_of(address.key)) if type_.parent else None

    def candidates(self) -> Mapping[Address, Desired]:
        """The declared objects that a plan may need: with targets, also what those may depend on."""
        objects = self.wish.objects
        if not self.options.targets and not self.options.excludes:
            return objects
        found = self.needed() if self.options.targets else objects
        return {address: objects[address] for address in found if not self.excluded(address)}

    def needed(self) -> Iterable[Address]:
        """The targets that are declared, all that is in the same homes, and what these name, however far away."""
        wish, types = self.wish, self.types
        todo = [
            address
            for collection, inside in wish.managed.items()
            if self.reaches(collection)
            for address in inside
            if self.targeted(address)
        ]
        found: dict[Address, None] = {}
        homes: set[Address] = set()
        while todo:
            address = todo.pop()
            desired = wish.objects.get(address)
            if desired is None or address in found:
                continue
            found[address] = None
            for one in types[address.kind].fields:
                if one.refers and one.name in desired.values:
                    todo += referred(types, one.refers, desired.values[one.name])
            home = self.parent(address) or address
            if home not in homes:
                homes.add(home)
                todo.append(home)
                for kind, type_ in types.items():
                    if type_.parent == home.kind:
                        todo += wish.managed.get(Collection(kind, home.key), ())
        return found

    def reaches(self, collection: Collection) -> bool:
        """Whether something in a collection may be a target."""
        return not self.options.targets or any(
            pattern.may_match(collection.kind, collection.parent) for pattern in self.options.targets
        )

    def seeks(self, collection: Collection) -> bool:
        """Whether a target may be in a collection and not be declared there, or be removed from it."""
        return not self.options.targets or any(
            pattern.may_match(collection.kind, collection.parent)
            and not (pattern.single and self.declares(pattern, collection))
            for pattern in self.options.targets
        )

    def declares(self, pattern: Pattern, collection: Collection) -> bool:
        """Whether a pattern means an object of a collection that is declared to be there."""
        inside = self.wish.managed[collection]
        objects = (self.wish.objects.get(address) for address in inside if pattern.matches(address))
        return any(one is not None and not one.absent for one in objects)
