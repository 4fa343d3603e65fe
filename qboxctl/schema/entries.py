"""Lists of references that the API writes entry by entry, by one request for each, and where it tells them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from qboxctl.model import JSON, FieldChange
from qboxctl.schema.calls import Call
from qboxctl.schema.lifecycle import DISABLED

_OUT = (DISABLED, "disabling", "failure", "1")
"""The words of a status that say: not in the list now, though something is kept of it."""
_GONE = ("deleting", "deleted", "none")


class Members(NamedTuple):
    """Which codes are in a list, and of which something is ``kept``: those that are in, and some that were."""

    within: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Register:
    """Where the API may tell what a list holds, which the object's own row does not.

    A ``list`` has a row for each entry: its code under the first of ``codes`` that is there, and where it is under the
    first of ``states``. Where there is no such list, rows of what may be an entry have one of the ``marks``. The
    ``counter`` is the attribute of the object that counts entries, and ``kept`` the name that rows of the object get
    for those of which something is kept.
    """

    list: Call
    codes: tuple[str, ...]
    states: tuple[str, ...]
    marks: tuple[str, ...]
    counter: str
    kept: str

    def listed(self, rows: Iterable[Mapping[str, JSON]]) -> Members:
        """What the rows of the list tell."""
        return _members((_first(row, self.codes), _first(row, self.states)) for row in rows)

    def marked(self, rows: Iterable[Mapping[str, JSON]], id_name: str) -> Members | None:
        """What rows of possible entries tell, None where no row says that anything is an entry."""
        marks = [(row.get(id_name), _first(row, self.marks)) for row in rows]
        found = _members((code, mark) for code, mark in marks if mark is not None)
        return found if found.kept else None


def _first(row: Mapping[str, JSON], names: Iterable[str]) -> JSON:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _members(found: Iterable[tuple[JSON, JSON]]) -> Members:
    within, kept = [], []
    for code, state in found:
        word = str(state).strip().lower()
        if code is None or word in _GONE:
            continue
        kept.append(str(code))
        if word not in _OUT:
            within.append(str(code))
    return Members(tuple(sorted(within)), tuple(sorted(kept)))


@dataclass(frozen=True, slots=True)
class Entries:
    """How a list is written entry by entry.

    One is given by the first call of ``give`` that the API has for it: the next is tried where one answers 404 or 405.
    ``take`` takes one out of the list, None where the API cannot. ``clear`` destroys what is kept of one, for good: all
    of them go before the object itself is deleted; one that has to be taken out first is. ``register`` is where the
    API may tell what the list holds, None where the object's row does.
    """

    give: tuple[Call, ...]
    take: Call | None = None
    clear: Call | None = None
    register: Register | None = None

    @property
    def calls(self) -> tuple[Call, ...]:
        """All of them."""
        return (*self.give, *(call for call in (self.take, self.clear) if call is not None))

    @property
    def repeats(self) -> frozenset[str]:
        """The attributes that go along with an entry."""
        return frozenset(name for call in self.calls for name in call.repeats)


class Move(NamedTuple):
    """An entry that is given to a list, or taken out of it; ``label`` is what reports call it: ``rooms +hall``."""

    entry: str
    given: bool
    label: str


def moves(one: FieldChange) -> list[Move]:
    """What a change of a list takes out of it, and then what it gives: those that go make room."""
    before, after = one.before or (), one.after or ()
    taken = (Move(entry, False, f"{one.name} -{entry}") for entry in before if entry not in after)
    return [*taken, *(Move(entry, True, f"{one.name} +{entry}") for entry in after if entry not in before)]
