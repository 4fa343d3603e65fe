"""The whole configuration as one value: what is declared, what is managed, and where everything stands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qboxctl.config.settings import Settings
from qboxctl.config.yaml.reader import Source
from qboxctl.errors import Diagnostic, Position
from qboxctl.model import JSON, Address, Collection, Desired, Destination, Secret, Value, Where
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.patterns import Pattern, covering_home


@dataclass(frozen=True, slots=True)
class Configuration:
    """The whole configuration. ``managed`` are the collections whose key stands in a file, with what stands in each.

    ``settings_block`` is what ``settings`` was read from, environments and all; ``defaults`` are in what is declared,
    and stand at ``default_places``. ``enclosed`` are the files that hold the text of a value, each with the objects
    that it is of (of a kind without a name, where it is in its defaults).
    """

    settings: Settings
    objects: Mapping[Address, Desired]
    managed: Mapping[Collection, Sequence[Address]]
    protect: tuple[Pattern, ...] = ()
    ignore: tuple[Pattern, ...] = ()
    sources: tuple[Source, ...] = ()
    settings_block: Mapping[str, JSON] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    default_places: Mapping[str, Where] = field(default_factory=dict)
    warnings: tuple[Diagnostic, ...] = ()
    enclosed: Mapping[str, Sequence[Address]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Names what the files say: comments, order and the split into files do not change it.

        Worked out anew each time, in half a second for 120,000 objects: only what is saved needs it.
        """
        content = {
            "settings": self.settings_block,
            "protect": sorted(pattern.text for pattern in self.protect),
            "ignore": sorted(pattern.text for pattern in self.ignore),
            "managed": sorted(self.managed),
            "objects": [
                [address, one.absent, one.label, one.pin, one.values, one.secrets, one.extra]
                for address, one in ((address, self.objects[address]) for address in sorted(self.objects))
            ],
        }
        encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False,
                                   default=_reference)  # fmt: skip
        return "sha256:" + hashlib.sha256(encoder.encode(content).encode()).hexdigest()

    def position(self, where: Where, *path: str | int, value: bool = False) -> Position:
        """The place of an object, or of something in it."""
        source = self.sources[where.file]
        if path and not _has(source, where, path):
            path = ()
        return source.position((*where.path, *path), value=value)

    def place_of(self, address: Address) -> Position | None:
        """Where an object is declared, None for one that no file declares."""
        desired = self.objects.get(address)
        return self.position(desired.where) if desired else None

    def origin(self, one: Desired, name: str) -> Position:
        """Where an attribute of an object is stated: in the object itself, or in the defaults for its kind."""
        below = self.default_places.get(one.address.kind)
        if below is not None and not _has(self.sources[one.where.file], one.where, (name,)):
            return self.position(below, name)
        return self.position(one.where, name)


def _reference(one: Secret | Destination) -> list[str]:
    """What the digest holds of a secret: where it comes from or goes, but not the folder of the checkout."""
    if isinstance(one, Destination):
        return [one.file, *one.program]
    return [one.source, *one.name]


def _has(source: Source, where: Where, path: Sequence[str | int]) -> bool:
    """Whether the object itself states it; what comes from ``defaults`` has no place of its own in it."""
    return source.position((*where.path, *path)) != source.position(where.path)


def runs(configuration: Configuration, types: Kinds, address: Address) -> bool:
    """Whether the settings say that the program runs with the token of this object."""
    return bool(types[address.kind].grants) and configuration.settings.me == address.key


def ignored(configuration: Configuration, types: Kinds, address: Address) -> bool:
    """Whether an object, or what it lives in, is matched by ``ignore``."""
    return covering_home(configuration.ignore, address, types) is not None
