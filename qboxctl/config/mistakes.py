"""What is wrong with the files of a configuration, each mistake with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qboxctl.config.yaml.reader import Source
from qboxctl.errors import ConfigError, Diagnostic, Position, Severity, has_errors
from qboxctl.model import JSON, Address, Where
from qboxctl.schema.places import Places
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import kind_of


class Mistakes:
    """Notes what is wrong with some files."""

    def __init__(self, sources: Sequence[Source], places: Places) -> None:
        self.sources = sources
        self.places = places
        self.found: list[Diagnostic] = []
        self.earlier: list[Diagnostic] = []
        """What is wrong where the first of two equal keys is taken, and not the last one."""

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

    def twice(self, what: str, where: Where, first: Where, address: Address | None = None) -> None:
        """Note that something is stated in two places."""
        place = self.sources[first.file].position(first.path)
        self.error("Q014", f"{what} is stated twice: first at {place}", where, address=address,
                   hint="keep one of them", second=place)  # fmt: skip

    def warn(self, message: str, where: Where, address: Address) -> None:
        """Note what is said of an object and does nothing."""
        position = self.sources[where.file].position(where.path)
        self.found.append(Diagnostic("Q020", message, position, str(address), severity=Severity.WARNING))
