"""How fast and how many at a time, as the server sees it: the emulator's own log, over real sockets, in real time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import pytest

from qboxctl.api.rate import SystemClock
from qboxctl.config.settings import ApiSettings
from qboxctl.emulator import Fault, Logged
from qboxctl.model import Status
from tests.support.lab import Lab, configuration_of, socket_lab

pytestmark = pytest.mark.slow
JITTER = 0.2
"""Seconds by which a busy machine may hand one request to the server later than another."""
SEED: dict[str, Any] = {
    "domains": {f"d{number}.example": {"mailboxes": {"old": {"firstname": "O"}}} for number in range(8)}
}
WISH = """
defaults: {mailbox: {password: {env: PW}}}
domains:
""" + "".join(
    f"  d{number}.example: {{chat: true, aliases: {{}}, mailboxes: {{old: {{lastname: L}}, new: {{firstname: N}}}}}}\n"
    for number in range(8)
)


def starts(requests: Sequence[Logged]) -> list[float]:
    """When requests came."""
    return sorted(one.started for one in requests)


def most_within(times: Sequence[float], seconds: float) -> int:
    """The largest number of moments in any window of time."""
    return max(bisect_left(times, moment + seconds) - number for number, moment in enumerate(times))


def plan_and_apply(lab: Lab) -> list[list[Logged]]:
    """What the server saw of a plan, and of its apply."""
    configuration = configuration_of(WISH)
    plan = lab.plan(configuration)
    planning = list(lab.emulator.requests)
    lab.emulator.requests.clear()
    assert {one.status for one in lab.apply(configuration, plan)} == {Status.DONE}
    return [planning, list(lab.emulator.requests)]


def test_the_server_never_sees_more_than_the_rate() -> None:
    """Other rates, and any number of threads: see ``test_client``, where time passes by itself."""
    concurrency, rate = 8, 25
    api = ApiSettings(concurrency=concurrency, requests_per_second=rate)
    with socket_lab(seed=SEED, api=api, clock=SystemClock()) as lab:
        for requests in plan_and_apply(lab):
            times = starts(requests)
            assert most_within(times, 1 - JITTER) <= rate + 1
            assert times[-1] - times[0] >= (len(times) - 1) / rate - JITTER, "the whole of it is no faster either"
            assert max(one.running for one in requests) <= concurrency


@pytest.mark.parametrize("concurrency", [1, 3, 8])
def test_the_server_never_has_more_than_the_concurrency_in_flight(concurrency: int) -> None:
    slow = [Fault("delay", seconds=0.03, count=10_000)]
    api = ApiSettings(concurrency=concurrency)
    with socket_lab(seed=SEED, api=api, clock=SystemClock(), faults=slow) as lab:
        for requests in plan_and_apply(lab):
            most = max(one.running for one in requests)
            assert min(concurrency, 2) <= most <= concurrency, "several at a time, and no more than allowed"


@pytest.mark.parametrize("nth", [4, 30])
def test_after_a_429_nobody_asks_before_the_time_is_over(nth: int) -> None:
    seconds = 1.5
    before = Fault("delay", seconds=0.4, nth=nth - 2, count=2)  # these are still in flight when the refusal comes
    faults = [Fault("delay", seconds=0.05, count=10_000), before, Fault("429", nth=nth, retry_after=seconds)]
    with socket_lab(seed=SEED, api=ApiSettings(concurrency=8), clock=SystemClock(), faults=faults) as lab:
        requests = [one for some in plan_and_apply(lab) for one in some]
    (refused,) = (one for one in requests if one.status == 429)
    others = [one for one in requests if one is not refused]
    assert any(one.started < refused.ended < one.ended for one in others), "others were in flight"
    assert any(one.started > refused.ended for one in others)
    early = [one for one in others if refused.ended + JITTER < one.started < refused.ended + seconds - 0.01]
    assert not early
