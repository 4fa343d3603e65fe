"""The event loop of a run: threads do the jobs, one thread follows up."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from qboxctl.applying.loop import Loop
from tests.support.lab import FakeClock


class Expected(Exception):
    """What a job may end with."""


def test_one_thread_follows_up_on_all_jobs_and_the_loop_ends_with_the_last() -> None:
    told: list[int] = []
    here = threading.get_ident()
    loop = Loop(FakeClock(), threading.Event(), Expected)

    def then(future: Future[int]) -> None:
        assert threading.get_ident() == here
        told.append(future.result())
        if future.result() < 40:
            loop.submit(pool, lambda: future.result() + 10, then)

    def first() -> None:
        for number in range(10):
            loop.submit(pool, lambda number=number: number, then)

    with ThreadPoolExecutor(4) as pool:
        loop.run(first)
    assert sorted(told) == list(range(50))


def test_what_is_left_for_later_comes_in_order_of_time_and_then_as_it_was_left() -> None:
    told: list[str] = []
    clock = FakeClock()
    loop = Loop(clock, threading.Event(), Expected)

    def first() -> None:
        for seconds, name in ((60.0, "minute"), (1.0, "second"), (60.0, "same minute"), (0.0, "now")):
            loop.later(seconds, lambda name=name: told.append(name))

    loop.run(first)
    assert told == ["now", "second", "minute", "same minute"]
    assert clock.slept == pytest.approx(60)


def test_once_it_is_to_stop_nothing_is_waited_for() -> None:
    told: list[str] = []
    clock, stop = FakeClock(), threading.Event()
    loop = Loop(clock, stop, Expected)

    def first() -> None:
        loop.later(3600, lambda: told.append("an hour"))
        stop.set()

    loop.run(first)
    assert (told, clock.slept) == (["an hour"], 0)


@pytest.mark.parametrize(("error", "stops"), [(Expected(), False), (ValueError(), True), (SystemExit(), True)])
def test_a_fault_in_a_thread_stops_before_the_thread_takes_another_job(error: BaseException, stops: bool) -> None:
    stop = threading.Event()
    loop = Loop(FakeClock(), stop, Expected)
    seen: list[bool] = []

    def failing() -> None:
        raise error

    def first() -> None:
        loop.submit(pool, failing, lambda future: None)
        loop.submit(pool, lambda: seen.append(stop.is_set()), lambda future: None)

    with ThreadPoolExecutor(1) as pool:
        loop.run(first)
    assert seen == [stops]


def test_a_fault_in_following_up_stops_what_waits_in_the_pools() -> None:
    stop = threading.Event()
    loop = Loop(FakeClock(), stop, Expected)

    def then(_future: Future[None]) -> None:
        raise ValueError

    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError):  # noqa: PT011 - any will do
        loop.run(lambda: loop.submit(pool, lambda: None, then))
    assert stop.is_set()
