"""What to ask of the account, as a value: the commands that need it fill it in. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Collection as Sized
from dataclasses import dataclass, field

from qboxctl.config.configuration import Configuration
from qboxctl.model import Address, Collection, Live


@dataclass(frozen=True, slots=True)
class Query:
    """What to know of the account.

    ``fields`` names the attributes of each object that must be known if the API has them. ``whole`` are the
    kinds whose lists must be read to their end. Of the collections in ``partly``, only the objects in ``fields``
    and what other collections are in are asked for. ``opened`` tells which of the parents that were found are
    looked into: with ``removing`` because they may be deleted, so what they count themselves is wanted too. ``also``
    tells which collections in them are wanted besides. ``entire`` tells which objects are wanted with all their
    attributes. A ``lenient`` one does without the lists that only other tokens may read, but for those of the kinds
    that are ``named``.
    """

    configuration: Configuration
    collections: frozenset[Collection]
    fields: Mapping[Address, Sized[str]]
    whole: frozenset[str] = frozenset()
    partly: frozenset[Collection] = frozenset()
    opened: Callable[[Mapping[Address, Live]], Iterable[Address]] = field(default=lambda _live: ())
    also: Callable[[Mapping[Address, Live]], Iterable[Collection]] = field(default=lambda _live: ())
    entire: Callable[[Address], bool] = field(default=lambda _address: False)
    removing: bool = False
    lenient: bool = False
    named: frozenset[str] = frozenset()
