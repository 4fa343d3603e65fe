"""What an object still lacks before it can be used, as its kind knows it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from qboxctl.model import JSON, Live

Rows = Mapping[str, Sequence[Mapping[str, JSON]]]
"""Rows of the answers, by kind."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """How to tell whether an object can be used: what that is called, and the words for yes and no.

    ``lacks`` says what is missing, by the live object and rows of other kinds.
    """

    topic: str
    ready: str
    unready: str
    lacks: Callable[[Live, Rows], Iterable[str]]
