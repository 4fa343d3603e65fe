"""What an object still lacks before it can be used, as its kind knows it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from qboxctl.model import JSON, Live

Rows = Mapping[str, Sequence[Mapping[str, JSON]]]
"""Rows of the answers, by kind."""


class Lack(NamedTuple):
    """Something that is missing: a word for programs, a sentence, and the name of the object, "" for the one itself.

    What does not stop it spoils it: mail is taken, and may not arrive.
    """

    code: str
    message: str
    about: str = ""
    stops: bool = True


@dataclass(frozen=True, slots=True)
class Readiness:
    """How to tell whether an object can be used: what that is called, and the words for yes and no.

    ``lacks`` says what is missing, by the live object and rows of other kinds; what is inside it counts only where its
    rows are among them. ``through`` gives the rows of the objects that it works through, which are of the kind ``of``.
    ``attributes`` are those of the answers that tell it, by kind.
    """

    topic: str
    ready: str
    unready: str
    of: str
    lacks: Callable[[Live, Rows], Iterable[Lack]]
    through: Callable[[Live, Rows], Sequence[Mapping[str, JSON]]]
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
