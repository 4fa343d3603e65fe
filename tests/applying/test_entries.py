"""Lists that are written entry by entry: what goes out, what is told of each, and what is left for the next run."""

from __future__ import annotations

from typing import Any

import pytest

from qboxctl.emulator import Request, Response, parse_fault
from qboxctl.errors import StalePlanError
from qboxctl.model import Outcome, Status
from qboxctl.planning.graph import writes
from tests.support.clubs import KINDS
from tests.support.lab import Lab, configuration_of

FREE = "settings: {guards: {count: 100, percent: 100}}\n"
ROOMS = "rooms: {a: {}, b: {}, c: {}, d: {}}"
HOUSE = f"{FREE}houses: {{h: {{{ROOMS}, club: %s}}}}"
REFUSAL = b'{"message": "Not you.", "errors": []}'


def lab(club: str = "{rooms: [a, b]}", **parts: Any) -> Lab:
    """A house whose club meets in rooms a and b."""
    house = Lab(types=KINDS, quirks=parts.pop("quirks", {}))
    run(house, club)
    for name, value in parts.items():
        setattr(house, name, value)
    house.emulator.requests.clear()
    return house


def run(house: Lab, club: str) -> list[Outcome]:
    return house.apply(configuration_of(HOUSE % club, types=KINDS))


def left(house: Lab, club: str) -> list[str]:
    return [str(one.address) for one in house.plan(configuration_of(HOUSE % club, types=KINDS)).changes]


def sent(house: Lab) -> list[tuple[str, str, Any]]:
    """The writes, with the names of rooms for their codes."""
    names = {row["code"]: name for name, row in house.emulator.dump()["houses"].get("h", {}).get("rooms", {}).items()}
    return [
        (one.method, "/".join(names.get(step, step) for step in one.path.split("/")[4:]), one.body)
        for one in house.emulator.requests
        if one.method != "GET"
    ]


def meets(house: Lab) -> list[str]:
    return house.emulator.dump(codes=False)["houses"]["h"]["club"]["rooms"]


ON, OFF = {"status": "enabled"}, {"status": "disabled"}


def test_each_entry_that_differs_is_one_request_those_that_go_first() -> None:
    house = lab()
    plan = house.plan(configuration_of(HOUSE % "{rooms: [b, c, d]}", types=KINDS))
    assert writes(plan.changes, KINDS) == 3
    run(house, "{rooms: [b, c, d]}")
    assert sent(house) == [
        ("PUT", "rooms/a/status", OFF), ("PUT", "rooms/c/status", ON), ("PUT", "rooms/d/status", ON),
    ]  # fmt: skip
    assert meets(house) == ["b", "c", "d"]
    assert left(house, "{rooms: [b, c, d]}") == []


def test_an_empty_list_takes_all_and_an_absent_one_none() -> None:
    house = lab()
    assert left(house, "{fee: 0}") == []
    run(house, "{rooms: []}")
    assert meets(house) == []


def test_a_creation_says_what_it_must_always_say() -> None:
    house = Lab(types=KINDS)
    run(house, "{rooms: [a]}")
    body = next(one.body for one in house.emulator.requests if one.path.startswith("/api/clubs"))
    assert (body["first_fee"], len(body["room_codes"])) == (0, 1)


def refusing(method: str, room: str, status: int) -> Any:
    def between(request: Request, answer: Any) -> Response:
        codes = {row["code"]: name for name, row in house.emulator.dump()["houses"]["h"]["rooms"].items()}
        hit = request.method == method and room in (codes.get(step) for step in request.path.split("/"))
        return Response(status, {"content-type": "application/json"}, REFUSAL) if hit else answer(request)

    house = lab(between=between)
    return house


def test_a_refusal_is_about_one_entry_and_the_others_go_out() -> None:
    house = refusing("PUT", "c", 403)
    (done,) = run(house, "{rooms: [c, d]}")
    assert done.status is Status.FAILED
    assert str(done.error).startswith("rooms +d, rooms -a and rooms -b were written; rooms +c was refused: PUT ")
    assert meets(house) == ["d"]
    house.between = None
    assert {one.status for one in run(house, "{rooms: [c, d]}")} == {Status.DONE}
    assert meets(house) == ["c", "d"]


def test_an_entry_that_one_call_does_not_know_is_given_by_the_next() -> None:
    house = refusing("PUT", "c", 404)
    run(house, "{rooms: [a, b, c]}")
    code = house.emulator.dump()["houses"]["h"]["rooms"]["c"]["code"]
    assert sent(house)[-1] == ("POST", "more", {"room_codes": [code], "fee": 0})
    assert meets(house) == ["a", "b", "c"]


def test_an_entry_that_is_gone_already_is_taken() -> None:
    house = refusing("PUT", "a", 404)
    (done,) = run(house, "{rooms: [b]}")
    assert (done.status, done.error) == (
        Status.FAILED, "rooms -a was written; accepted but not effective: rooms did not take effect",
    )  # fmt: skip


@pytest.mark.parametrize("fault", ["drop-before", "drop-after", "500,done=true"])
def test_a_lost_answer_is_asked_for_again(fault: str) -> None:
    house = lab()
    house = Lab(types=KINDS, seed=house.emulator.dump(), faults=[parse_fault(f"{fault},method=PUT,nth=2")])
    assert {one.status for one in run(house, "{rooms: [c, d]}")} == {Status.DONE}
    assert meets(house) == ["c", "d"]


def test_answers_that_stay_lost_are_told_and_the_next_run_goes_on() -> None:
    seed = lab().emulator.dump()
    house = Lab(types=KINDS, seed=seed, faults=[parse_fault("drop-after,method=PUT,nth=3,count=inf")])
    (done,) = run(house, "{rooms: [c, d]}")
    assert done.status is Status.UNKNOWN
    assert str(done.error).startswith("rooms -a and rooms -b were written; rooms +c: nobody knows whether it was done")
    assert str(done.error).endswith("rooms +d was not sent")
    house = Lab(types=KINDS, seed=house.emulator.dump())
    run(house, "{rooms: [c, d]}")
    assert [step for _, step, _ in sent(house)] == ["rooms/d/status"]


def stopping(house: Lab, number: int) -> Any:
    def between(request: Request, answer: Any) -> Response:
        found = answer(request)
        if sum(one.method != "GET" for one in house.emulator.requests) >= number:
            house.stop.set()
        return found

    return between


def test_a_run_that_is_stopped_among_the_entries_tells_which_are_left() -> None:
    house = lab()
    house.between = stopping(house, 2)
    (done,) = run(house, "{rooms: [c, d]}")
    assert (done.status, done.error) == (
        Status.SKIPPED, "rooms -a and rooms -b were written; rooms +c and rooms +d were not sent: interrupted",
    )  # fmt: skip
    house.between = None
    house.stop.clear()
    run(house, "{rooms: [c, d]}")
    assert meets(house) == ["c", "d"]


def test_a_deletion_destroys_entry_by_entry_what_its_plan_names() -> None:
    house = lab()
    run(house, "{rooms: [b]}")
    house.emulator.requests.clear()
    configuration = configuration_of(HOUSE % "{state: absent}", types=KINDS)
    plan = house.plan(configuration)
    assert plan.changes[0].fields == (("rooms", ("a", "b"), ()),)
    assert writes(plan.changes, KINDS) == 3
    house.apply(configuration, plan)
    assert sent(house) == [("DELETE", "rooms/a", None), ("DELETE", "rooms/b", None), ("DELETE", "", None)]
    assert left(house, "{state: absent}") == []


def test_what_must_be_taken_out_before_it_is_destroyed_is() -> None:
    house = lab()
    refused: list[str] = []

    def between(request: Request, answer: Any) -> Response:
        if request.method == "DELETE" and request.path not in refused and "/rooms/" in request.path:
            refused.append(request.path)
            return Response(422, {"content-type": "application/json"}, REFUSAL)
        return answer(request)

    house.between = between
    run(house, "{state: absent}")
    assert sent(house) == [
        ("PUT", "rooms/a/status", OFF), ("DELETE", "rooms/a", None), ("PUT", "rooms/b/status", OFF),
        ("DELETE", "rooms/b", None), ("DELETE", "", None),
    ]  # fmt: skip


def test_a_deletion_that_is_stopped_goes_on_in_the_next_run() -> None:
    house = lab()
    house.between = stopping(house, 1)
    (done,) = run(house, "{state: absent}")
    assert (done.status, done.error) == (Status.SKIPPED, "rooms -a was deleted; rooms -b was not sent: interrupted")
    house.between = None
    house.stop.clear()
    house.emulator.requests.clear()
    run(house, "{state: absent}")
    assert [method for method, *_ in sent(house)] == ["DELETE", "DELETE"]
    assert "club" not in house.emulator.dump()["houses"]["h"]


def test_a_plan_that_does_not_name_what_would_be_destroyed_is_stale() -> None:
    house = lab()
    configuration = configuration_of(HOUSE % "{state: absent}", types=KINDS)
    plan = house.plan(configuration)
    run(house, "{rooms: [a, b, c]}")
    with pytest.raises(StalePlanError, match="no longer as the plan saw it") as caught:
        house.check_saved(configuration, plan)
    assert [one.what for one in caught.value.moved] == ["rooms c would go with it, and the plan does not name that"]


def test_what_is_added_during_the_deletion_is_not_destroyed() -> None:
    house = lab()
    code = house.emulator.dump()["houses"]["h"]["rooms"]["c"]["code"]

    def between(request: Request, answer: Any) -> Response:
        if request.method == "DELETE":
            other = request.path.rpartition("/")[0] + f"/{code}/status"
            answer(Request("PUT", other, {}, request.headers, b'{"status": "enabled"}'))
        return answer(request)

    house.between = between
    (done,) = run(house, "{state: absent}")
    assert done.status is Status.FAILED
    assert str(done.error).endswith("it was not deleted, since it holds rooms c now")
    assert meets(house) == ["c"]


QUIRKS = [
    {"empty_list": "404"}, {"ids": "number"}, {"write_answer": "200-resources"}, {"delete": "queued"},
    {"activation": "2"}, {"list_detail": "abridged"},
]  # fmt: skip


@pytest.mark.parametrize("quirks", QUIRKS)
def test_entries_are_given_taken_and_destroyed_under_quirks(quirks: dict[str, str]) -> None:
    house = lab(quirks=quirks)
    for wish in ("{rooms: [b, c]}", "{rooms: [d]}", "{state: absent}"):
        assert {one.status for one in run(house, wish)} == {Status.DONE}
        assert left(house, wish) == []


def test_what_can_only_be_given_is_never_taken_back() -> None:
    house = Lab(types=KINDS)
    text = "houses: {h: {}, i: {}}\ntours: {t: {houses: [%s]}}"
    house.apply(configuration_of(text % "h", types=KINDS))
    again = configuration_of(text % "i", types=KINDS)
    house.apply(again)
    assert house.emulator.dump(codes=False)["tours"]["t"]["houses"] == ["h", "i"]
    assert not house.plan(again).changes
