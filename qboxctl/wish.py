"""The whole configuration as one value: what is declared, what is managed, and where everything stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qboxctl.errors import Diagnostic, Position
from qboxctl.model import Address, Collection, Desired, Where
from qboxctl.names import Pattern
from qboxctl.settings import Settings
from qboxctl.yamlio import Source


@dataclass(frozen=True, slots=True)
class Wish:
    """The whole configuration. ``managed`` are the collections whose key stands in a file.

    ``digest`` names what the files say: it does not change with comments, order or the split into files.
    """

    settings: Settings
    objects: Mapping[Address, Desired]
    managed: frozenset[Collection]
    protect: tuple[Pattern, ...] = ()
    ignore: tuple[Pattern, ...] = ()
    sources: tuple[Source, ...] = ()
    digest: str = ""
    warnings: tuple[Diagnostic, ...] = ()

    def position(self, where: Where, *path: str | int, value: bool = False) -> Position:
        """The place of an object, or of something in it."""
        source = self.sources[where.file]
        if path and not _has(source, where, path):
            path = ()
        return source.position((*where.path, *path), value=value)


def _has(source: Source, where: Where, path: Sequence[str | int]) -> bool:
    """Whether the object itself states it; what comes from ``defaults`` has no place of its own in it."""
    return source.position((*where.path, *path)) != source.position(where.path)
