"""How long is waited before something is tried again."""

from __future__ import annotations

import pytest

from qboxctl.api.backoff import ACCEPTED, IN_PROGRESS, LOOKED_FOR, REPEATED, Backoff
from qboxctl.applying.pace import State


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [
        (REPEATED, [0.5, 1, 2, 4, 8, 16, 30, 30]),
        (LOOKED_FOR, [0.2, 0.4, 0.4]),
        (ACCEPTED, [0.2, 0.5, 1, 1]),
        (IN_PROGRESS, [1, 1.3, 1.69, 2.197, 2.8561, 3.71293, 4.826809, 5, 5]),
    ],
    ids=["repeated", "looked for", "accepted", "in progress"],
)
def test_waits_grow_up_to_the_most(backoff: Backoff, waits: list[float]) -> None:
    assert [backoff.seconds(attempt) for attempt in range(1, len(waits) + 1)] == pytest.approx(waits)


@pytest.mark.parametrize("backoff", [REPEATED, LOOKED_FOR, ACCEPTED, IN_PROGRESS])
def test_a_wait_may_go_on_for_days(backoff: Backoff) -> None:
    assert backoff.seconds(100_000) == backoff.most


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 4.0), (0.5, 3.0), (1.0, 2.0)])
def test_chance_takes_off_at_most_the_jitter(chance: float, seconds: float) -> None:
    assert REPEATED.seconds(4, lambda: chance) == seconds


def test_a_step_is_looked_at_soon_and_then_with_patience() -> None:
    waits = [State(looks=looks).interval() for looks in range(6)]
    assert waits == pytest.approx([0.2, 0.5, 1, 1, 1.3, 1.69])
