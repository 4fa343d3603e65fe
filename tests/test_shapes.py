"""Kinds of shapes that the definitions allow, each in the whole engine: files, plan, apply, read back, export."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.emulator import Request, Response
from qboxctl.errors import ConfigError
from qboxctl.export import Selection, export_account, query_for_export
from qboxctl.live.refresh import read_live_state
from qboxctl.model import Action, Revealed, Status
from qboxctl.planning.planfile import dumps, loads
from qboxctl.render import plan_html, plan_markdown, plan_text
from tests.support.lab import TOKEN, Lab, configuration_of
from tests.support.shapes import CARD, KINDS, lab

FILES = """
houses:
  h1:
    colour: red
    alarm: {level: 3, rooms: [attic, hall]}
    boxes: {b1: {first_colour: blue, is_open: true}}
    cards: {acme: {phones: ["1", {value: "2", type: work}], nickname: A}}
    rooms:
      hall: {note: x, shelves: {"top/left": {width: 40}, low: {width: 60}}}
      attic: {}
"""
ADDRESSES = {
    "house/h1", "alarm/h1", "box/h1/b1", "card/h1/acme", "room/h1/hall", "room/h1/attic",
    "shelf/h1/hall/top%2Fleft", "shelf/h1/hall/low",
}  # fmt: skip


def done(lab: Lab, text: str) -> dict[str, str]:
    """Apply files; what was done to which object. Nothing is left to do after it."""
    configuration = configuration_of(text, types=KINDS)
    plan = lab.plan(configuration)
    assert loads(dumps(plan), "plan.json", KINDS).changes == plan.changes
    outcomes = lab.apply(configuration, plan)
    assert not [one for one in outcomes if one.status is not Status.DONE]
    again = lab.plan(configuration)
    assert not again.changes
    assert not again.unverifiable
    return {str(one.address): one.action.value for one in outcomes}


QUIRKS = [
    {}, {"ids": "number"}, {"list_detail": "abridged"}, {"create_answer": "nothing"}, {"create_answer": "location"},
    {"lists": "comma"}, {"lists": "null_when_empty"}, {"order": "shuffled", "per_max": "3"}, {"extra_fields": "noise"},
    {"empty_list": "404"}, {"delete": "queued"}, {"activation": "2"}, {"write_answer": "200-resources"},
    {"status": "number"}, {"booleans": "text"},
]  # fmt: skip


@pytest.mark.parametrize("quirks", QUIRKS, ids=lambda one: ",".join(f"{k}={v}" for k, v in one.items()) or "none")
def test_all_shapes_are_made_changed_and_removed(quirks: dict[str, str]) -> None:
    house = lab(quirks=quirks)
    assert done(house, FILES) == dict.fromkeys(ADDRESSES, "create")
    changed = (
        FILES.replace("level: 3", "level: 5")
        .replace("is_open: true", "is_open: false")
        .replace("width: 40", "width: 41")
    )
    changed = changed.replace('"1", ', "").replace("[attic, hall]", "[hall]")
    assert done(house, changed) == {
        "alarm/h1": "update", "box/h1/b1": "update", "card/h1/acme": "update", "shelf/h1/hall/top%2Fleft": "update",
    }  # fmt: skip
    gone = "{houses: {h1: {alarm: {state: absent}, boxes: {b1: {state: absent}}, rooms: {hall: {state: absent}}}}}"
    assert done(house, gone) == {"alarm/h1": "delete", "box/h1/b1": "delete", "room/h1/hall": "delete"}
    left = house.emulator.dump(codes=False)["houses"]["h1"]
    assert (list(left["rooms"]), left["boxes"], list(left["cards"])) == (["attic"], {}, ["acme"])
    assert "alarm" not in left


@pytest.mark.parametrize("codes", [True, False])
def test_an_account_of_all_shapes_can_be_a_seed(codes: bool) -> None:
    house = lab()
    done(house, FILES.replace("attic: {}", "attic: {}\n  h2: {rooms: {hall: {}}, alarm: {rooms: [hall]}}"))
    seed = house.emulator.dump(codes=codes)
    again = lab(seed=seed)
    assert again.emulator.dump(codes=codes) == seed
    assert not again.plan(configuration_of(FILES, types=KINDS)).changes


@pytest.mark.parametrize("quirks", QUIRKS, ids=lambda one: ",".join(f"{k}={v}" for k, v in one.items()) or "none")
def test_what_tells_a_secret_is_made_changed_and_removed(quirks: dict[str, str], tmp_path: Path) -> None:
    house, store = lab(quirks=quirks), tmp_path / "front"
    text = f'houses: {{h1: {{keys: {{front: {{nets: ["192.0.2.1"], store: {{file: "{store}"}}}}}}}}}}'
    assert done(house, text) == {"house/h1": "create", "key/h1/front": "create"}
    assert house.emulator.opened_by(store.read_text().strip()) == "key/h1/front"
    assert done(house, text.replace('"192.0.2.1"', "")) == {"key/h1/front": "update"}
    assert done(house, "houses: {h1: {keys: {front: {state: absent}}}}") == {"key/h1/front": "delete"}


def test_what_no_call_shows_by_itself_is_read_from_its_list(tmp_path: Path) -> None:
    house = lab(seed={"houses": {"h1": {"keys": {"front": {"last_used_at": "2026-01-01", "nets": ["::1"]}}}}})
    done(house, f'houses: {{h1: {{keys: {{front: {{nets: [], store: {{file: "{tmp_path / "front"}"}}}}}}}}}}')
    item = next(one.path for one in house.emulator.requests if one.method == "PUT")
    assert not [one for one in house.emulator.requests if (one.method, one.path) == ("GET", item)]
    assert house.emulator.handle(Request("GET", item, {}, {"x-api-token": TOKEN})).status == 405


def test_a_replaced_object_keeps_what_the_files_do_not_mention() -> None:
    house = lab()
    done(house, FILES)
    done(house, 'houses: {h1: {cards: {acme: {phones: ["3"]}}}}')
    (card,) = house.emulator.dump(codes=False)["houses"]["h1"]["cards"].values()
    assert card == {"phones": [{"value": "3", "type": "home"}], "nickname": "A"}


def test_what_goes_along_with_a_deletion_is_told_and_holds_nothing_back() -> None:
    house = lab()
    done(house, FILES)
    plan = house.plan(configuration_of("houses: {h1: {rooms: {hall: {state: absent}}}}", types=KINDS))
    (change,) = plan.changes
    assert (change.action, change.reason) == (Action.DELETE, "state: absent; with it go 2 shelves")
    assert not plan.blocked
    blocked = house.plan(configuration_of("houses: {h1: {state: absent}}", types=KINDS)).blocked
    assert [(one.guard, one.kind) for one in blocked] == [("contents", "house")]


def test_an_export_of_all_shapes_has_an_empty_plan() -> None:
    house = lab()
    done(house, FILES)
    empty = configuration_of("{}", types=KINDS)
    chosen = Selection(frozenset(KINDS))
    with closing(Reader(house.endpoint, Revealed(TOKEN), house.api, **house.options())) as reader:
        live_state = read_live_state(Account(reader, KINDS), query_for_export(empty, KINDS, chosen))
    written = export_account(live_state, empty, KINDS, chosen)
    assert not written.left_out
    again = configuration_of(written.text(), types=KINDS)
    assert {str(address) for address in again.objects} == ADDRESSES
    assert not house.plan(again).changes


def test_a_name_beside_it_is_not_found_in_another_house() -> None:
    text = "houses: {h1: {rooms: {hall: {}}}, h2: {alarm: {rooms: [hall]}, rooms: {attic: {}}}}"
    with pytest.raises(AssertionError, match="rooms: there is no room/h2/hall"):
        configuration_of(text, types=KINDS)


def test_a_name_beside_it_is_found_where_no_file_declares_it() -> None:
    house = lab(seed={"houses": {"h1": {"rooms": {"attic": {}, "hall": {}}, "alarm": {"rooms": ["attic"]}}}})
    assert done(house, "houses: {h1: {alarm: {rooms: [attic]}}}") == {}
    assert done(house, "houses: {h1: {alarm: {rooms: [hall]}}}") == {"alarm/h1": "update"}


def test_a_name_keeps_its_case_where_its_kind_does() -> None:
    house = lab()
    text = "houses: {H1: {rooms: {Hall: {}, hall: {}}}}"
    assert done(house, text) == {"house/H1": "create", "room/H1/Hall": "create", "room/H1/hall": "create"}


def test_what_lives_in_an_object_that_vanishes_while_it_is_read_is_gone_too() -> None:
    """Its list shows it, its details do not, and then its list does not either: another run has deleted it."""
    house = lab(quirks={"list_detail": "abridged"}, seed=yaml.safe_load(FILES))
    known = house.emulator.dump()["houses"]["h1"]
    path = f"/api/houses/{known['code']}/rooms/{known['rooms']['hall']['code']}"

    def vanishing(request: Request, answer: Any) -> Response:
        if request.method == "GET" and request.path == path:
            house.emulator.handle(replace(request, method="DELETE"))
        return answer(request)

    configuration = configuration_of(FILES, types=KINDS)
    house.between = vanishing
    plan = house.plan(configuration)
    lost = {one for one in ADDRESSES if "h1/hall" in one}
    assert {str(one.address) for one in plan.changes if one.action is Action.CREATE} == lost


def test_a_block_is_a_mapping_of_its_own_attributes() -> None:
    with pytest.raises(ConfigError) as caught:
        configuration_of("houses: {h1: {alarm: {lvel: 3}}}", types=KINDS)
    (wrong,) = caught.value.diagnostics
    assert wrong.message == 'unknown attribute "lvel" on alarm/h1'
    assert (wrong.position.line, wrong.position.column) == (1, 23)


SMALL = [
    # from a file, canonical, as people write it, as the API answers
    ("1", (("value", "1"), ("type", "home")), "1", {"value": "1", "type": ["home"]}),
    ({"value": "1", "type": "work"}, (("value", "1"), ("type", "work")), {"value": "1", "type": "work"},
     {"value": "1", "type": "work"}),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "canonical", "written", "wire"), SMALL)
def test_small_objects(raw: Any, canonical: Any, written: Any, wire: Any) -> None:
    phones = CARD.by_name["phones"].type
    assert phones.parse([raw]) == (canonical,)
    assert phones.write((canonical,)) == [written]
    assert phones.decode([wire]) == (canonical,)
    assert phones.decode(phones.encode((canonical,))) == (canonical,)


@pytest.mark.parametrize(
    "raw", [[{"value": "1", "kind": "x"}], [{"type": "work"}], [1], ["", "2"], "1", [{"value": 1}]]
)
def test_small_objects_that_cannot_be(raw: Any) -> None:
    with pytest.raises(ValueError, match=r"known|needed|expected"):
        CARD.by_name["phones"].type.parse(raw)


SAID = [
    # before, after, what the plan shows
    ([], ["1", {"value": "2", "type": "work"}], "phones  +1 +2 (work)"),
    ([{"value": "1"}, {"value": "2", "type": "work"}], ["1"], "phones  -2 (work)"),
    (["1"], [{"value": "1", "type": "work"}], "phones  -1 +1 (work)"),
]


@pytest.mark.parametrize(("before", "after", "shown"), SAID)
def test_a_plan_shows_small_objects_as_people_read_them(before: list, after: list, shown: str) -> None:
    house = lab(seed={"houses": {"h1": {"cards": {"acme": {"phones": before}}}}})
    wish = configuration_of(json.dumps({"houses": {"h1": {"cards": {"acme": {"phones": after}}}}}), types=KINDS)
    plan = house.plan(wish)
    assert shown in plan_text.render(plan, KINDS)
    assert plan_text.render(plan, KINDS, full=True)
    assert plan_markdown.render(plan, KINDS)
    assert plan_html.render(plan, KINDS)


def test_answers_with_odd_small_objects_can_be_shown_and_compared() -> None:
    phones = CARD.by_name["phones"].type
    odd = [{"type": "home"}, {"value": None, "type": ["home"]}, {}, 7, {"value": 5}, {"value": True}, {"type": "work"}]
    found = phones.decode(odd)
    assert found == ((("value", ""), ("type", "work")), (("value", "5"), ("type", "home")))
    assert phones.show(found) == "[work, 5]"


def test_several_types_of_one_value_are_several() -> None:
    phones = CARD.by_name["phones"].type
    assert phones.decode([{"value": "1", "type": ["work", "home"]}]) == phones.parse(
        ["1", {"value": "1", "type": "work"}]
    )
    assert phones.decode(None) == ()
