"""How long to wait before something is tried, or looked at, again. Pure: attempts and chance are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_STEPS = 64
"""After so many, a wait has reached its most; without an end, a day of waiting would leave the numbers there are."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Growing waits, in seconds: the ``first``, each ``factor`` times the one before, ``most`` at the most.

    ``jitter`` is the share of each that chance may take off, so that many who wait do not come back together.
    """

    first: float
    factor: float
    most: float
    jitter: float = 0.0

    def seconds(self, attempt: int, chance: Callable[[], float] = lambda: 0.0) -> float:
        """The wait after attempt number ``attempt``, from 1 on; ``chance`` gives numbers from 0 to 1."""
        grown = self.factor ** min(attempt - 1, _STEPS)
        return min(self.most, self.first * grown) * (1 - self.jitter * chance())


REPEATED = Backoff(first=0.5, factor=2, most=30, jitter=0.5)
"""Before a request is sent anew, or a list that cannot be right is read anew."""
LOOKED_FOR = Backoff(first=0.2, factor=2, most=0.4)
"""Before an object is looked for again whose creation was not answered."""
ACCEPTED = Backoff(first=0.2, factor=2.5, most=1.0)
"""Between the first looks at a write that was accepted and is not in effect yet: servers take a moment."""
IN_PROGRESS = Backoff(first=1.0, factor=1.3, most=5.0)
"""Between the looks that follow, at what the server or the outside takes its time with."""
WATCHED = Backoff(first=1.0, factor=1.3, most=30.0)
"""Between the looks at a job that somebody watches."""
