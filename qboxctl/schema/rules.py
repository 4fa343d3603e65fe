"""What the rules and the advice of a kind look at, and how they say what they find. Pure.

A kind's rules ask what can be wrong with the files by themselves; its advice says what is right in a plan and may
surprise. Neither knows how files are read or a plan is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from qboxctl.errors import Position, Severity
from qboxctl.model import Address, Advisory, Collection, Desired, LiveState, Plan
from qboxctl.schema.kinds import Kinds


class Finding(NamedTuple):
    """Something wrong with a declaration, at one of its attributes; ``second`` is the other place that it is about."""

    code: str
    message: str
    one: Desired
    path: tuple[str | int, ...] = ()
    hint: str | None = None
    severity: Severity = Severity.ERROR
    second: Position | None = None


class Declared(Protocol):
    """What the files declare."""

    @property
    def types(self) -> Kinds:
        """The kinds."""

    def get(self, address: Address) -> Desired | None:
        """The declaration of an object, also where that says that it is absent; None where there is none."""

    def declared(self, kind: str) -> Sequence[Desired]:
        """The declarations of a kind, also of what is to be absent."""

    def present(self, kind: str) -> Sequence[Desired]:
        """The declared objects of a kind that are not declared absent."""

    def manages(self, collection: Collection) -> bool:
        """Whether the files tell all of a collection that is to be there."""

    def ignores(self, address: Address) -> bool:
        """Whether a pattern of ``ignore`` covers an object itself."""

    def position(self, one: Desired, *path: str | int) -> Position:
        """The place of a declaration, or of an attribute in it."""

    def near(self, word: str, known: Iterable[str]) -> str:
        """The known name that is spelt most alike, "" for none; looked for a few times only, since it takes a while."""


Rule = Callable[[Declared], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, with the declarations and the account that it comes from."""

    plan: Plan
    live_state: LiveState
    objects: Mapping[Address, Desired]
    managed: Mapping[Collection, Sequence[Address]]
    types: Kinds


Advice = Callable[[Planned], Iterator[Advisory]]
