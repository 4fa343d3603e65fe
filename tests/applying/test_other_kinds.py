"""What a run does with kinds of other shapes than ours: nested deeper, written whole, replaced instead of changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from qboxctl.emulator import Request, Response
from qboxctl.model import Status
from qboxctl.schema.collections import References
from qboxctl.schema.field import Field, Reference
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.numbers import Integer
from qboxctl.schema.types import Text
from tests.support.kinds import plain_kind
from tests.support.lab import TOKEN, Lab, configuration_of

Answer = Callable[[Request], Response]


HOUSE = plain_kind(
    "house", "", "/houses", Field("most", Integer(), "x", ceiling=True), Field("colour", Text(), "x"),
    Field("door", Text(), "x", refers=Reference(("room",))), whole=True,
)  # fmt: skip
ROOM = plain_kind("room", "house", "/houses/{house}/rooms", Field("size", Integer(), "x"))
LAMP = plain_kind("lamp", "room", "/rooms/{room}/lamps", Field("watts", Integer(), "x"))
CARD = plain_kind("card", "house", "/houses/{house}/cards", Field("note", Text(), "x"), replaced=True)
KINDS = Kinds([HOUSE, ROOM, LAMP, CARD])


def lab(house: dict[str, Any], **parts: Any) -> Lab:
    return Lab(types=KINDS, seed={"houses": {"h": house}}, **parts)


def test_what_is_filled_at_the_last_moment_is_not_deleted_however_deep_it_is() -> None:
    looks: list[Request] = []

    def filling(request: Request, answer: Answer) -> Response:
        looks.extend([request] if request.path.endswith("/lamps") else [])
        if looks[2:] == [request]:  # the plan looked, the check before the first write looked, and this is the last
            assert answer(Request("POST", request.path, {}, {"x-api-token": TOKEN}, b'{"name": "new"}')).status == 201
        return answer(request)

    (done,) = lab({"rooms": {"hall": {}}}, between=filling).apply(
        configuration_of("houses: {h: {rooms: {hall: {state: absent}}}}", types=KINDS)
    )
    assert done.status is Status.FAILED
    assert "lamp/h/hall/new" in str(done.error)


STATED = "extra: {shade: dark}"
OLD = {"extra": {"shade": "dark"}}


@pytest.mark.parametrize(
    ("house", "text", "path", "body"),
    [
        ({"colour": "red", **OLD}, f"{{colour: blue, {STATED}}}", "/houses", {"colour": "blue", "shade": "dark"}),
        (
            {"cards": {"c": {"note": "a", **OLD}}}, f"{{cards: {{c: {{note: b, {STATED}}}}}}}", "/cards",
            {"note": "b", "shade": "dark"},
        ),
        (
            {"cards": {"c": {"note": "a", **OLD}}}, "{cards: {c: {extra: {shade: light}}}}", "/cards",
            {"note": "a", "shade": "light"},
        ),
    ],
    ids=["written whole", "replaced", "replaced for what is not modelled"],
)  # fmt: skip
def test_what_the_files_state_beside_the_definition_goes_along(
    house: dict[str, Any], text: str, path: str, body: dict[str, Any]
) -> None:
    sent: list[Any] = []

    def listening(request: Request, answer: Answer) -> Response:
        if request.method in ("PUT", "POST") and path in request.path:
            sent.append(json.loads(request.body))
        return answer(request)

    here = lab(house, between=listening)
    wish = configuration_of(f"houses: {{h: {text}}}", types=KINDS)
    assert {one.status for one in here.apply(wish)} == {Status.DONE}
    assert sent[0].items() >= body.items()
    assert not here.plan(wish).changes


def test_what_is_written_whole_says_nothing_before_its_time() -> None:
    """A limit goes down last, and what names a new object waits for it: until then the body has what is there."""
    sent: list[Any] = []

    def listening(request: Request, answer: Answer) -> Response:
        if request.method in ("PUT", "POST"):
            sent.append((request.method, request.path.rpartition("/")[2], json.loads(request.body)))
        return answer(request)

    here = lab({"most": 9, "colour": "red", "door": "", "rooms": {"hall": {"size": 7}}}, between=listening)
    text = "{most: 5, colour: blue, door: h/attic, rooms: {hall: {size: 3}, attic: {size: 1}}}"
    done = here.apply(configuration_of(f"houses: {{h: {text}}}", types=KINDS))
    assert {one.status for one in done} == {Status.DONE}
    bodies = [(body["most"], body["colour"], body["door"]) for _, _, body in sent if "most" in body]
    assert bodies == [(9, "blue", ""), (9, "blue", "h/attic"), (5, "blue", "h/attic")]


TAGS = Field("tags", References(canonical=str.strip), "x", initial=(), refers=Reference(("tag",), by_code=True))
BESIDE = replace(TAGS, refers=Reference(("tag",), by_code=True, within=True))


@pytest.mark.parametrize("quirks", [{}, {"list_detail": "abridged"}], ids=str)
def test_what_goes_along_unchanged_is_known_before_it_is_sent(quirks: dict[str, str]) -> None:
    """No file states the tags, and no file declares one: their codes are asked for all the same."""
    kinds = Kinds([
        plain_kind("tag", "", "/tags"),
        plain_kind("pen", "", "/pens", Field("colour", Text(), "x"), TAGS, whole=True),
        plain_kind("card", "", "/cards", Field("note", Text(), "x"), TAGS, replaced=True),
    ])  # fmt: skip
    tagged = {"pens": {"p": {"colour": "red", "tags": ["t"]}}, "cards": {"c": {"note": "a", "tags": ["t"]}}}
    here = Lab(types=kinds, seed={"tags": {"t": {}}, **tagged}, quirks=quirks)
    done = here.apply(configuration_of("pens: {p: {colour: blue}}\ncards: {c: {note: b}}", types=kinds))
    assert {one.status for one in done} == {Status.DONE}
    now = here.emulator.dump(codes=False)
    assert now["pens"] == {"p": {"colour": "blue", "tags": ["t"]}}
    assert now["cards"] == {"c": {"note": "b", "tags": ["t"]}}


def test_what_lives_beside_it_can_be_named_without_being_declared() -> None:
    kinds = Kinds([HOUSE, plain_kind("tag", "house", "/houses/{house}/tags"),
                   plain_kind("lamp", "house", "/houses/{house}/lamps", BESIDE), ROOM])  # fmt: skip
    houses = {name: {"tags": {"t": {}}, "lamps": {"l": {}}} for name in ("h", "k")}
    here = Lab(types=kinds, seed={"houses": houses})
    lamps = "lamps: {l: {tags: [t]}}"
    wish = configuration_of(f"houses: {{h: {{{lamps}}}, k: {{{lamps}}}}}", types=kinds)
    assert [one.status for one in here.apply(wish)] == [Status.DONE] * 2
    assert not here.plan(wish).changes
