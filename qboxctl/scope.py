"""What a plan is about: the targets with what they need, without what is excluded or ignored. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qboxctl.definition import ResourceType
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
        if self.options.excludes:
            objects = {address: one for address, one in objects.items() if not self.excluded(address)}
        if not self.options.targets:
            return objects
        chosen = {address for address in objects if self.targeted(address)}
        parents = {self.parent(address) or address for address in chosen}
        kinds = {field.refers for address in chosen for field in self.types[address.kind].fields if field.refers}
        kinds |= {f.refers for kind in kinds for f in self.types[kind].fields if f.refers}
        return {
            address: one
            for address, one in objects.items()
            if address in chosen or address in parents or self.parent(address) in parents or address.kind in kinds
        }

    def reaches(self, collection: Collection) -> bool:
        """Whether the plan can hold an object of a collection that no file declares."""
        return not self.options.targets or any(
            pattern.may_match(collection.kind, collection.parent) for pattern in self.options.targets
        )
