"""Where each step of a run is, and how long it may go on waiting. Knows no clock: the time is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from qboxctl.api.backoff import ACCEPTED, IN_PROGRESS
from qboxctl.model import Status

GRACE = 3
"""How often a write that was accepted and is not in effect yet is looked at again, before it counts as a failure."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: for what the server finishes by itself, and for the outside (0: not)."""

    server: float = 120.0
    outside: float = 0.0


@dataclass(slots=True)
class State:
    """Where a step is.

    ``took`` is the time of its requests in seconds, ``waits_since`` when it was first seen not to be in effect yet.
    ``accepted`` is whether all its requests were, ``refused`` whether the server said no to one, ``seen`` whether its
    object was there afterwards, ``adopted`` whether another run had made it. ``notes`` are told with the outcome.
    ``gone`` is what to say of an object that was deleted to be created again, and is not there yet. ``begun`` is
    whether anything may have been sent. ``result`` is None until it is over.
    """

    took: float = 0.0
    waits_since: float = 0.0
    deadlines: dict[bool, float] = field(default_factory=dict)
    looks: int = 0
    proofs: int = 0
    adopted: bool = False
    accepted: bool = False
    refused: bool = False
    seen: bool = False
    begun: bool = False
    gone: str = ""
    http_status: int | None = None
    record: str = ""
    notes: tuple[str, ...] = ()
    result: Status | None = None
    message: str | None = None

    def may_wait(self, now: float, patience: Patience, *, outside: bool = False) -> bool:
        """Whether it may go on waiting; the time runs from the first question."""
        seconds = patience.outside if outside else patience.server
        return now < self.deadlines.setdefault(outside, now + seconds)

    def look_again(self, now: float) -> None:
        """Count a look that did not end it."""
        self.looks += 1
        self.waits_since = self.waits_since or now

    def interval(self) -> float:
        """Seconds until the next look."""
        late = self.looks - GRACE
        return ACCEPTED.seconds(self.looks + 1) if late < 0 else IN_PROGRESS.seconds(late + 1)
