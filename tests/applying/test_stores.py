"""Secrets that are told once: each is in its store, or no object is there that it opens, whatever goes wrong."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.emulator import Fault, Request, Response
from qboxctl.errors import ConfigError, StalePlanError
from qboxctl.export import Selection, export_account, query_for_export
from qboxctl.live.refresh import read_live_state
from qboxctl.model import Action, Outcome, Revealed, Status
from qboxctl.planning.planfile import dumps, loads
from qboxctl.render import plan_text
from qboxctl.render.style import Palette
from qboxctl.schema.calls import Call
from qboxctl.schema.identity import Identity
from qboxctl.schema.json_schema import config_schema
from qboxctl.schema.kinds import Kinds
from tests.support.keys import HOUSE, KEY, KINDS
from tests.support.lab import TOKEN, Lab, configuration_of, socket_lab

KEEP = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"
SORTS = ["file", "exec"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder, where markers and stores are."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(sort: str, *names: str, nets: str = '["192.0.2.1"]') -> str:
    """A house with keys, each with a store of a sort."""
    stores = {
        name: {"file": name} if sort == "file" else {"exec": [sys.executable, "-c", KEEP, name]} for name in names
    }
    keys = {name: {"nets": json.loads(nets), "store": store} for name, store in stores.items()}
    return json.dumps({"houses": {"h1": {"keys": keys}}})


def lab(**parts: Any) -> Lab:
    return Lab(**{"types": KINDS, "seed": {"houses": {"h1": {}}}, **parts})


def live(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = lab.emulator.dump(codes=False)["houses"].get("h1", {}).get("keys", {})
    return found


def run(lab: Lab, text: str, types: Kinds = KINDS) -> dict[str, Outcome]:
    """Plan, save, load and apply."""
    configuration = configuration_of(text, types=types)
    plan = lab.plan(configuration)
    assert loads(dumps(plan), "plan.json", types).changes == plan.changes
    return {str(one.address): one for one in lab.apply(configuration, plan, journal=Path("journal"))}


def held(lab: Lab, folder: Path) -> bool:
    """Whether each key that is there has its secret in its store."""
    return all(
        (folder / name).is_file() and lab.emulator.opened_by((folder / name).read_text().removesuffix("\n"))
        for name in live(lab)
    )


def markers(folder: Path) -> list[Path]:
    return [*folder.glob("*.pending"), *folder.glob(".*.qboxctl-part"), *folder.glob(".qboxctl/pending/*")]


@pytest.mark.parametrize("sort", SORTS)
def test_a_secret_goes_into_its_store(sort: str, folder: Path) -> None:
    house = lab()
    done = run(house, files(sort, "front", "back"))
    assert not [one for one in done.values() if one.status is not Status.DONE]
    assert live(house) == {name: {"label": name, "nets": ["192.0.2.1"]} for name in ("back", "front")}
    assert held(house, folder)
    assert not markers(folder)
    for name in ("front", "back"):
        text = (folder / name).read_text()
        assert text.endswith("\n") == (sort == "file")
        assert house.emulator.opened_by(text.strip()) == f"key/h1/{name}"
    assert not house.plan(configuration_of(files(sort, "front", "back"), types=KINDS)).changes
    if sort == "file":
        assert stat.S_IMODE((folder / "front").stat().st_mode) == 0o600


def test_a_change_is_an_update_and_a_removal_a_deletion(folder: Path) -> None:
    house = lab()
    run(house, files("file", "front"))
    before = (folder / "front").read_text()
    (done,) = run(house, files("file", "front", nets="[]")).values()
    assert (done.action, live(house)["front"]["nets"]) == (Action.UPDATE, [])
    (folder / "front").unlink()
    assert house.emulator.opened_by(before.strip(), use=True)
    assert not house.plan(configuration_of(files("file", "front", nets="[]"), types=KINDS)).changes, "it is in use"
    (done,) = run(house, "houses: {h1: {keys: {front: {state: absent}}}}").values()
    assert (done.action, live(house)) == (Action.DELETE, {})


# What is wrong with stores.

MISTAKES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no folder": (lambda folder: {"file": "not/there"}, "there is no folder"),
    "a file that is there": (lambda folder: {"file": str(made(folder / "old"))}, "is there already"),
    "an empty file": (lambda folder: {"file": str(made(folder / "old", ""))}, "is there already"),
    "a link": (lambda folder: {"file": str(linked(folder / "link"))}, "is there already"),
    "a folder": (lambda folder: {"file": str(folder)}, "is there already"),
    "no home": (lambda folder: {"file": "~nobody-of-this-name/x"}, "cannot be"),
    "no program": (lambda folder: {"exec": ["no-such-program-here"]}, "is not found"),
    "no program at a path": (lambda folder: {"exec": ["./no-such"]}, "is not found"),
    "not to be run": (lambda folder: {"exec": [str(made(folder / "old"))]}, "cannot be run"),
}


def made(path: Path, text: str = "old") -> Path:
    path.write_text(text)
    return path


def linked(path: Path) -> Path:
    path.symlink_to("nowhere")
    return path


@pytest.mark.parametrize("name", MISTAKES)
def test_stores_are_proved_before_the_first_write(name: str, folder: Path) -> None:
    store, says = MISTAKES[name]
    house = lab()
    bad = json.dumps(store(folder))
    text = (
        f"houses:\n  h1:\n    colour: red\n    keys:\n      a:\n        store: {bad}\n      b:\n        store: {bad}\n"
    )
    text = text.replace("b:\n        store: " + bad, 'b:\n        store: {"exec": ["no-program"]}')
    with pytest.raises(ConfigError) as caught:
        run(house, text)
    first, second = caught.value.diagnostics
    assert says in first.message
    assert first.message.startswith("store of key/h1/a: ")
    assert (first.position and str(first.position), second.position and str(second.position)) == (
        "file0.yaml:6:9",
        "file0.yaml:8:9",
    )
    assert not [one for one in house.emulator.requests if one.method != "GET"]


@pytest.mark.parametrize(
    "store",
    [
        "x",
        {"file": ""},
        {"file": "a\0"},
        {"exec": []},
        {"exec": ["a\0"]},
        {"env": "X"},
        {"file": "a", "exec": ["b"]},
        None,
    ],
)
def test_what_is_no_store(store: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        configuration_of(json.dumps({"houses": {"h1": {"keys": {"a": {"store": store}}}}}), types=KINDS)
    (wrong,) = caught.value.diagnostics
    assert "write where the secret goes" in wrong.message


@pytest.mark.parametrize("name", [".", "./", "/", "x/..", "sub/."])
def test_a_store_is_no_folder(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configuration_of(json.dumps({"houses": {"h1": {"keys": {"a": {"store": {"file": name}}}}}}), types=KINDS)
    (wrong,) = caught.value.diagnostics
    assert wrong.message.endswith(f"{name} is a folder, and no file")


def test_a_creation_needs_a_store() -> None:
    with pytest.raises(ConfigError) as caught:
        lab().plan(configuration_of("houses: {h1: {keys: {a: {}}}}", types=KINDS))
    (wrong,) = caught.value.diagnostics
    assert wrong.message == "key/h1/a must be created, and lacks store"


def test_a_key_that_is_there_needs_none() -> None:
    house = lab(seed={"houses": {"h1": {"keys": {"a": {}}}}})
    assert not house.plan(configuration_of("houses: {h1: {keys: {a: {}}}}", types=KINDS)).changes


@pytest.mark.parametrize("other", ["x", "./x", "y/../x"])
def test_two_keys_do_not_share_a_file(other: str) -> None:
    text = json.dumps({"houses": {"h1": {"keys": {"a": {"store": {"file": "x"}}, "b": {"store": {"file": other}}}}}})
    with pytest.raises(AssertionError, match=r"key/h1/b and key/h1/a \(file0.yaml:1:35\) would have their secrets in"):
        configuration_of(text, types=KINDS)


def test_labels_are_known_within_a_house(folder: Path) -> None:
    house = lab(seed={"houses": {"h1": {"keys": {"a": {}}}, "h2": {}}})
    text = 'houses: {h1: {keys: {a: {}}}, h2: {keys: {a: {store: {file: "a2"}}}}}'
    assert list(run(house, text)) == ["key/h2/a"]
    assert house.emulator.opened_by((folder / "a2").read_text().strip()) == "key/h2/a"


def test_a_change_shows_nothing_of_its_store() -> None:
    plan = lab().plan(configuration_of(files("file", "front"), types=KINDS))
    assert [one.name for change in plan.changes for one in change.fields] == ["label", "nets"]
    assert "store" not in dumps(plan)


# Faults.

FAULTS = [
    Fault("drop-before"), Fault("drop-after"), Fault("cut"), Fault("500"), Fault("500", done=True),
    Fault("html"), Fault("html", done=True), Fault("html", status=200), Fault("late", seconds=90.0), Fault("429"),
]  # fmt: skip
AIMS = [("POST", "*/keys"), ("GET", "*/keys"), ("PUT", "*/keys/*"), ("DELETE", "*/keys/*")]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("aim", AIMS, ids=lambda one: one[0])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: f"{one.kind}{'-done' if one.done else ''}")
def test_no_fault_leaves_a_key_that_nobody_holds(
    fault: Fault, aim: tuple[str, str], nth: int, sort: str, folder: Path
) -> None:
    method, path = aim
    house = lab(faults=[replace(fault, method=method, path=path, nth=nth)])
    text = files(sort, "front", "back")
    for _ in range(3):
        done = run(house, text)
        for address, one in done.items():
            if one.status in (Status.DONE, Status.IN_EFFECT):
                assert address.rpartition("/")[2] in live(house)
        assert held(house, folder) or markers(folder), done
    assert held(house, folder)
    assert set(live(house)) == {"front", "back"}
    assert not house.plan(configuration_of(text, types=KINDS)).changes


# Runs that end in the middle.


class KilledError(BaseException):
    """The program is no more."""


def stopper(nth: int, how: str) -> tuple[Lab, Callable[[], None]]:
    """A lab whose program ends at its nth write, and what brings it back to life."""
    house = lab()
    writes = 0

    def between(request: Request, answer: Callable[[Request], Response]) -> Response:
        nonlocal writes
        writes += request.method != "GET"
        if how.startswith("killed") and (writes > nth or (writes == nth and how == "killed before")):
            raise KilledError
        response = answer(request)
        if writes >= nth and request.method != "GET":
            if how == "killed after":
                raise KilledError
            house.stop.set()
        return response

    def revived() -> None:
        house.between = None
        house.stop.clear()

    house.between = between
    return house, revived


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("nth", range(1, 7))
@pytest.mark.parametrize("how", ["stopped", "killed before", "killed after"])
def test_a_run_that_ends_anywhere_is_made_good_by_the_next(how: str, nth: int, sort: str, folder: Path) -> None:
    house, revived = stopper(nth, how)
    text = files(sort, "front", "back", "side")
    with suppress(KilledError, RuntimeError):
        run(house, text)
    revived()
    lost = set(live(house)) - {path.name for path in folder.iterdir() if lab_opens(house, path)}
    plan = house.plan(configuration_of(text, types=KINDS))
    assert lost <= {change.address.key.rpartition("/")[2] for change in plan.changes}
    assert not [one for one in run(house, text).values() if one.status is not Status.DONE]
    assert held(house, folder)
    assert set(live(house)) == {"front", "back", "side"}
    assert not markers(folder)


def lab_opens(house: Lab, path: Path) -> bool:
    return path.is_file() and bool(house.emulator.opened_by(path.read_text().strip()))


NOTE = "the secret of key/h1/front (default at https://api.qboxmail.com) is on its way\n"
LEFT = {
    # what a run has left behind: the marker, the file, what lies beside; and whether the key is made anew
    "a marker": (NOTE, None, True),
    "a reserved file": (NOTE, "", True),
    "a whole file": (NOTE, "secret\n", False),
    "a marker that was just begun": (NOTE[:20], "x", False),
    "an empty marker": ("", "x", False),
    "another's marker": (NOTE.replace("front", "back"), "x", False),
    "a marker that was just begun, and no file": (NOTE[:20], None, True),
    "an empty marker, and no file": ("", None, True),
    "no file": (None, None, True),
    "a file": (None, "secret", False),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_a_run_has_left_behind(name: str, folder: Path) -> None:
    note, content, anew = LEFT[name]
    house = lab(seed={"houses": {"h1": {"keys": {"front": {"nets": ["10.0.0.0/8"]}}}}})
    for path, text in ((folder / "front.pending", note), (folder / "front", content)):
        if text is not None:
            path.write_text(text)
    (folder / ".front.qboxctl-part").write_text("half a sec")
    text = json.dumps({"houses": {"h1": {"keys": {"front": {"store": {"file": "front"}}}}}})
    before = house.emulator.dump()["houses"]["h1"]["keys"]["front"]["id"]
    plan = house.plan(configuration_of(text, types=KINDS))
    assert [change.action for change in plan.changes] == [Action.UPDATE] * anew
    assert not plan.blocked
    for change in plan.changes:
        assert "perhaps nobody holds it, so it is deleted and made anew" in change.reason
        assert {one.name: one.after for one in change.fields} == {"label": "front", "nets": ("10.0.0.0/8",)}
    run(house, text)
    now = house.emulator.dump()["houses"]["h1"]["keys"]["front"]
    assert (now["id"] != before, now["nets"]) == (anew, ["10.0.0.0/8"])
    assert held(house, folder) == anew
    assert not house.plan(configuration_of(text, types=KINDS)).changes


OBSTACLES = {
    "a folder": Path.mkdir,
    "a link": lambda path: path.symlink_to("elsewhere"),
    "a pipe": os.mkfifo,
    "another text": lambda path: path.write_text("hello"),
}


@pytest.mark.parametrize("put", OBSTACLES.values(), ids=OBSTACLES)
def test_what_stands_where_a_marker_goes_is_found_before_the_first_write(
    put: Callable[[Path], Any], folder: Path
) -> None:
    house = lab(seed={"houses": {"h1": {}}})
    before = house.emulator.dump()
    put(folder / "front.pending")
    with pytest.raises(ConfigError) as caught:
        house.apply(configuration_of(files("file", "front", nets="[]"), types=KINDS))
    assert "front.pending is in the way" in caught.value.diagnostics[0].message
    assert house.emulator.dump() == before


def test_a_folder_of_markers_that_cannot_be_made_is_found_before_the_first_write(folder: Path) -> None:
    house = lab(seed={"houses": {"h1": {}}})
    (folder / ".qboxctl").write_text("a file")
    with pytest.raises(ConfigError, match="problem") as caught:
        house.apply(configuration_of(files("exec", "front", nets="[]"), types=KINDS))
    assert "cannot be made: its folder" in caught.value.diagnostics[0].message


@pytest.mark.parametrize("other", ["prod at https://api.qboxmail.com", "default at https://other.example"])
def test_a_marker_of_another_environment_hides_no_key_that_nobody_holds(other: str, folder: Path) -> None:
    house = lab(seed={"houses": {"h1": {"keys": {"front": {}}}}})
    before = house.emulator.dump()
    (folder / "front.pending").write_text(NOTE.replace("default at https://api.qboxmail.com", other))
    configuration = configuration_of(files("file", "front", nets="[]"), types=KINDS)
    (change,) = house.plan(configuration).changes
    assert "perhaps nobody holds it, so it is deleted and made anew" in change.reason
    with pytest.raises(ConfigError) as caught:
        house.apply(configuration)
    assert house.emulator.dump() == before, "that is known before the first write"
    (found,) = caught.value.diagnostics
    assert "front.pending is in the way" in found.message
    assert "and else remove it" in found.message
    (folder / "front.pending").unlink()
    assert [one.status for one in house.apply(configuration)] == [Status.DONE]
    assert held(house, folder)


@pytest.mark.parametrize("sort", SORTS)
def test_a_secret_that_was_used_is_held_by_somebody(sort: str, folder: Path) -> None:
    house, revived = stopper(2, "killed before")
    with suppress(KilledError):
        run(house, files(sort, "front", nets="[]"))
    run(house, files(sort, "front", nets="[]"))
    text = (folder / "front").read_text().strip()
    revived()
    marker = folder / "front.pending"
    marker.write_text(NOTE)
    (folder / "front").unlink()
    configuration = configuration_of(files("file", "front", nets="[]"), types=KINDS)
    assert house.plan(configuration).changes
    assert house.emulator.opened_by(text, use=True)
    assert not house.plan(configuration).changes


def test_a_guard_counts_none_and_protect_holds(folder: Path) -> None:
    house = lab(seed={"houses": {"h1": {"keys": {"front": {}}}}})
    (folder / "front.pending").write_text(NOTE)
    rules = {"settings": {"guards": {"count": 0, "percent": 0}}}
    text = {"houses": {"h1": {"keys": {"front": {"store": {"file": "front"}}}}}, **rules}
    assert not house.plan(configuration_of(json.dumps(text), types=KINDS)).blocked
    (blocked,) = house.plan(configuration_of(json.dumps({**text, "protect": ["key/*/*"]}), types=KINDS)).blocked
    assert (blocked.guard, blocked.message) == (
        "protect",
        "key/h1/front would be made anew, and protect holds key/*/*",
    )


def test_a_plan_shows_what_is_made_anew(folder: Path) -> None:
    house = lab(seed={"houses": {"h1": {"keys": {"front": {}}}}})
    (folder / "front.pending").write_text(NOTE)
    plan = house.plan(configuration_of(files("file", "front"), types=KINDS))
    shown = plan_text.render(plan, KINDS, Palette(False), None)
    assert "a run ended before its secret was stored: perhaps nobody holds it, so it is deleted and made anew" in shown
    assert "front.pending" not in shown


# Two at once.


NAMES = {"before": ["label", "nets"], "after": ["nets"]}


@pytest.mark.parametrize(
    ("when", "says"),
    [("before", "nothing was created: another run is about to fill its store"), ("after", "with another nets")],
    ids=NAMES,
)
@pytest.mark.parametrize("sort", SORTS)
def test_two_runs_at_once_make_one_key(sort: str, when: str, says: str, folder: Path) -> None:
    first, second = lab(), lab()
    second.emulator = first.emulator
    theirs: list[str | None] = []
    early = second.plan(configuration_of(files(sort, "front"), types=KINDS))

    def between(request: Request, answer: Callable[[Request], Response]) -> Response:
        posted = request.method == "POST"
        response = answer(request) if when == "after" or not posted else None
        if posted and not theirs:
            configuration = configuration_of(files(sort, "front"), types=KINDS)
            try:
                theirs.extend(one.error for one in second.apply(configuration, early))
            except StalePlanError as stale:
                theirs.append(str(stale.moved))
            now = second.plan(configuration)
            assert [one.action for one in now.changes] == [Action.CREATE if when == "before" else Action.UPDATE]
            assert [one.name for change in now.changes for one in change.fields] == NAMES[when]
        return response or answer(request)

    first.between = between
    (ours,) = run(first, files(sort, "front")).values()
    assert ours.status is Status.DONE
    assert says in str(theirs[0])
    assert list(live(first)) == ["front"]
    assert held(first, folder)
    assert not markers(folder)


@pytest.mark.parametrize("sort", SORTS)
def test_one_that_somebody_else_made_meanwhile_is_not_made_twice(sort: str, folder: Path) -> None:
    first, second = lab(), lab()
    second.emulator = first.emulator
    configuration = configuration_of(files(sort, "front"), types=KINDS)
    plan = second.plan(configuration)
    looks = 0

    def between(request: Request, answer: Callable[[Request], Response]) -> Response:
        nonlocal looks
        looks += request.path.endswith("/keys")
        response = answer(request)
        if looks == 1 and request.path.endswith("/keys"):
            run(first, files("exec" if sort == "file" else "file", "front", nets="[]").replace('"front"]', '"other"]'))
        return response

    second.between = between
    (theirs,) = second.apply(configuration, plan)
    assert theirs.status in (Status.FAILED, Status.IN_EFFECT)
    assert list(live(first)) == ["front"]
    assert not markers(folder)


# What is told, and what is never told.

TALES: dict[str, tuple[dict[str, Any], dict[str, Any], Status, str]] = {
    # the faults, the store, what becomes of the creation, and what is said of it
    "not sent, as far as anybody knows": (
        {"kind": "drop-before", "method": "POST"}, {"file": "front"}, Status.UNKNOWN,
        r"whether it was created is unknown \(.*the connection broke.*\), and it was not found; if there is a new Key "
        r"'front', nobody holds its secret: the next apply makes it anew, or delete it in the panel",
    ),
    "answer lost": (
        {"kind": "drop-after", "method": "POST"}, {"file": "front"}, Status.FAILED,
        r"whether it was created is unknown .* broke.*; it was deleted again, since nobody holds its secret: apply",
    ),
    "answer lost, and the deletion refused": (
        {"kind": "drop-after", "method": "POST"}, {"file": "front"}, Status.FAILED,
        r"it is there, nobody holds its secret, and deleting it failed \(.*\): apply again, or delete id X10000001 in "
        r"the panel",
    ),
    "answer lost, and the list broken": (
        {"kind": "drop-after", "method": "POST"}, {"file": "front"}, Status.UNKNOWN,
        r"and looking for it failed: .*: the next apply makes it anew",
    ),
    "a program that fails": (
        {}, {"exec": [sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit(3)"]}, Status.FAILED,
        r"its secret could not be stored: the program .* failed with status 3; it was deleted again",
    ),
    "a program that does not look": (
        {}, {"exec": [sys.executable, "-c", "import os, sys; os.close(0); sys.exit(1)"]}, Status.FAILED,
        r"failed with status 1; it was deleted again",
    ),
    "refused": ({"kind": "422"}, {"file": "front"}, Status.FAILED, r"^POST /api/houses/X10000001/keys: 422 No"),
    "no secret": ({"kind": "silent"}, {"file": "front"}, Status.FAILED, r"tells no secret that can be used; it was"),
    "its file came in between": ({"kind": "rival"}, {"file": "front"}, Status.FAILED, r"cannot be written: File exis"),
    "its networks refused": (
        {"kind": "500", "method": "PUT", "count": 99}, {"file": "front"}, Status.FAILED,
        r"it was created and its secret is stored, but nets was not written: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TALES)
def test_what_is_said_of_a_creation(name: str, folder: Path) -> None:
    fault, store, status, says = TALES[name]
    hits = [Fault(**fault)] if fault.get("method") else []
    if "deletion refused" in name:
        hits.append(Fault("500", method="DELETE", count=99))
    if "list broken" in name:
        hits.append(Fault("500", method="GET", path="*/keys", nth=4, count=99))

    def between(request: Request, answer: Callable[[Request], Response]) -> Response:
        if request.method == "POST" and fault.get("kind") == "422":
            return Response(422, {}, json.dumps({"message": "No", "errors": []}).encode())
        response = answer(request)
        if request.method == "POST" and fault.get("kind") == "silent":
            return Response(201, {}, b'{"resources": []}')
        if request.method == "POST" and fault.get("kind") == "rival":
            (folder / "front").write_text("theirs")
        return response

    house = lab(faults=hits, between=between)
    text = json.dumps({"houses": {"h1": {"keys": {"front": {"nets": ["192.0.2.1"], "store": store}}}}})
    (one,) = run(house, text).values()
    assert one.status is status
    assert re.search(says, one.error or "")
    unheld = "deletion refused" in name or "list broken" in name
    assert (list(live(house)) == ["front"]) == (unheld or "networks" in name)
    assert bool(markers(folder)) == (unheld or status is Status.UNKNOWN), "the next run is to look for it"
    events = [json.loads(line)["event"] for line in (folder / "journal").read_text().splitlines()]
    assert events.count("stored") == ("networks" in name)
    if fault.get("kind") == "rival":
        assert (folder / "front").read_text() == "theirs"


def test_without_programs_only_what_needs_one_fails(folder: Path) -> None:
    house = lab(allow_exec=False)
    text = json.loads(files("exec", "front").replace(json.dumps(sys.executable), '"no-such-program"'))
    text["houses"]["h1"]["keys"]["back"] = {"store": {"file": "back"}}
    done = run(house, json.dumps(text))
    assert {address: one.status for address, one in done.items()} == {
        "key/h1/back": Status.DONE,
        "key/h1/front": Status.FAILED,
    }
    assert "is not run: --no-exec or QBOXCTL_NO_EXEC forbids it" in (done["key/h1/front"].error or "")
    assert list(live(house)) == ["back"]
    assert not markers(folder)


SPY = (
    "import sys, os; text = sys.stdin.read(); print(text); print(text, file=sys.stderr); "
    "open(sys.argv[1], 'w').write(text); open('seen', 'a').write(repr((sys.argv, dict(os.environ))))"
)
NOISES: dict[str, Callable[[Request, Response, str], Response]] = {
    # an answer that tells the secret in a place where nobody looks for it
    "none": lambda _, response, __: response,
    "no JSON": lambda _, __, secret: Response(201, {}, f"<p>{secret}".encode()),
    "a list": lambda _, __, secret: Response(201, {}, json.dumps([secret]).encode()),
    "an error": lambda _, __, secret: Response(500, {}, f"failed with {secret}".encode()),
    "two texts": lambda _, __, secret: Response(201, {}, json.dumps({"resources": [{"a": secret, "b": "x"}]}).encode()),
}


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("noise", NOISES)
def test_a_secret_comes_out_nowhere(noise: str, sort: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []

    def between(request: Request, answer: Callable[[Request], Response]) -> Response:
        response = answer(request)
        if request.method == "POST" and response.status == 201:
            secret = json.loads(response.body)["resources"][0]["key"]
            told.append(secret)
            return NOISES[noise](request, response, secret)
        if request.method in ("DELETE", "PUT") and told:  # whoever repeats it
            page = f"<p>{told[-1]} {told[0][::-1]}".encode()
            return Response(500, {}, page)
        return response

    house = lab(between=between)
    text = files(sort, "front").replace(json.dumps(KEEP), json.dumps(SPY))
    configuration = configuration_of(text, types=KINDS)
    plan = house.plan(configuration)
    outcomes = house.apply(configuration, plan, journal=Path("journal"))
    again = house.plan(configuration)
    assert len(told) == 1
    seen = (folder / "seen").read_text() if (folder / "seen").exists() else ""
    places = [dumps(plan), dumps(again), repr(outcomes), *house.log, (folder / "journal").read_text(), seen]
    places += [plan_text.render(again, KINDS, Palette(False), None), repr(house.emulator.requests), *capfd.readouterr()]
    places += [path.read_text() for path in markers(folder)]
    assert told[0] not in "\n".join(places)
    assert bool(seen) == (sort == "exec" and noise == "none")
    assert lab_opens(house, folder / "front") == (noise == "none")


def test_an_export_leaves_stores_out(folder: Path) -> None:
    house = lab()
    run(house, files("file", "front"))
    empty, chosen = configuration_of("{}", types=KINDS), Selection(frozenset(KINDS))
    with closing(Reader(house.endpoint, Revealed(TOKEN), house.api, **house.options())) as reader:
        live_state = read_live_state(Account(reader, KINDS), query_for_export(empty, KINDS, chosen))
    written = export_account(live_state, empty, KINDS, chosen)
    assert written.tree["houses"] == {"h1": {"keys": {"front": {"nets": ["192.0.2.1"]}}}}
    assert not house.plan(configuration_of(written.text(), types=KINDS)).changes


def test_what_is_known_of_a_store_outside() -> None:
    schema = config_schema(KINDS)["properties"]["houses"]["additionalProperties"]["anyOf"][0]
    store = schema["properties"]["keys"]["additionalProperties"]["anyOf"][0]["properties"]["store"]
    assert [sorted(one["properties"]) for one in store["oneOf"]] == [["file"], ["exec"]]
    assert store["description"].endswith("Needed to create the object")
    digests = {configuration_of(files(sort, *names), types=KINDS).digest for sort in SORTS for names in (["a"], ["b"])}
    assert len(digests) == 4


KILLER = "import os, sys; open(sys.argv[1], 'w').write(sys.stdin.read()); os.kill(os.getppid(), 9)"
RUN = """
import sys
from tests.support.keys import HOUSE, KEY, KINDS
from tests.support.lab import TOKEN, Lab, configuration_of, socket_lab
lab = Lab(types=KINDS, endpoint=sys.argv[1], sockets=True)
lab.apply(configuration_of(sys.stdin.read(), types=KINDS))
"""


@pytest.mark.slow
def test_a_run_that_is_killed_by_its_store_is_made_good_by_the_next(folder: Path) -> None:
    with socket_lab(types=KINDS, seed={"houses": {"h1": {}}}) as house:
        text = files("exec", "front").replace(json.dumps(KEEP), json.dumps(KILLER))
        root = Path(__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-c", RUN, house.endpoint],
            input=text.encode(), env={**os.environ, "PYTHONPATH": str(root)}, check=False,
        )  # fmt: skip
        assert done.returncode == -9
        assert (list(live(house)), len(markers(folder))) == (["front"], 1)
        (one,) = run(house, files("exec", "front")).values()
        assert (one.action, one.status) == (Action.UPDATE, Status.DONE)
        assert held(house, folder)
        assert not markers(folder)


LONG = "the key of the front door, which is at the front of the house"
QUIRKS: list[dict[str, str]] = [
    {"delete": "queued"}, {"list_detail": "abridged"}, {"descriptions": "cut"}, {"descriptions": "blanks"},
    {"ids": "number", "lists": "comma", "order": "shuffled", "per_max": "3"}, {"empty_list": "404"},
    {"extra_fields": "noise"}, {"create_status": "202"},
]  # fmt: skip


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("quirks", QUIRKS, ids=lambda one: ",".join(f"{k}={v}" for k, v in one.items()))
def test_a_key_is_made_anew_under_each_quirk(quirks: dict[str, str], sort: str, folder: Path) -> None:
    """The answer is lost, and the deletion fails: the next run deletes it, and keeps what the files do not mention."""
    lost, kept = Fault("drop-after", method="POST"), Fault("500", method="DELETE", count=6)
    house = lab(quirks=quirks, faults=[lost, kept])
    text = files(sort, "front").replace('"front": {', f'"{LONG}": {{')
    assert [one.status for one in run(house, text).values()] == [Status.FAILED]
    (change,) = house.plan(configuration_of(text, types=KINDS)).changes
    assert change.action is Action.UPDATE
    (one,) = run(house, text).values()
    assert (one.action, one.status) == (Action.UPDATE, Status.DONE)
    assert lab_opens(house, folder / "front")
    assert [one["nets"] for one in live(house).values()] == [["192.0.2.1"]]
    assert not house.plan(configuration_of(text, types=KINDS)).changes


UNIQUE = Kinds([HOUSE, replace(KEY, identity=Identity(key="label", id="id", normalise=str.strip))])


@pytest.mark.parametrize("sort", SORTS)
def test_a_name_that_is_still_being_deleted_is_waited_for(sort: str, folder: Path) -> None:
    faults = [Fault("drop-after", method="POST"), Fault("500", method="DELETE", count=6)]
    house = lab(types=UNIQUE, quirks={"delete": "queued:4"}, faults=faults)
    configuration = configuration_of(files(sort, "front"), types=UNIQUE)
    assert [one.status for one in house.apply(configuration)] == [Status.FAILED]
    assert [(one.action, one.status) for one in house.apply(configuration)] == [(Action.UPDATE, Status.DONE)]
    assert held(house, folder)
    assert not markers(folder)
    assert not house.plan(configuration).changes


def test_a_saved_plan_makes_anew_what_nobody_holds_and_no_more(folder: Path) -> None:
    house = lab(seed={"houses": {"h1": {"keys": {"front": {}}}}})
    (folder / "front.pending").write_text(NOTE)
    configuration = configuration_of(files("file", "front"), types=KINDS)
    saved = loads(dumps(house.plan(configuration)), "plan.json", KINDS)
    assert house.check_saved(configuration, saved).todo == saved.changes
    (folder / "front.pending").unlink()
    (folder / "front").write_text("found")
    with pytest.raises(StalePlanError, match="would update key/h1/front otherwise: label"):
        house.check_saved(configuration, saved)


def test_a_saved_plan_calls_no_key_in_effect_that_nobody_holds(folder: Path) -> None:
    """The answer to its creation was lost, and so was the deletion that should have undone it."""
    text = files("file", "front", nets="[]")
    house = lab(faults=[Fault("drop-after", method="POST"), Fault("500", method="DELETE", count=6)])
    configuration = configuration_of(text, types=KINDS)
    saved = loads(dumps(house.plan(configuration)), "plan.json", KINDS)
    assert [one.status for one in house.apply(configuration, saved)] == [Status.FAILED]
    with pytest.raises(StalePlanError, match="a plan of today would update key/h1/front"):
        house.check_saved(configuration, saved)
    assert [one.status for one in run(house, text).values()] == [Status.DONE]
    assert held(house, folder)
    assert house.check_saved(configuration, saved).in_effect == saved.changes


def test_the_journal_is_told_once_the_secret_is_stored(folder: Path) -> None:
    house = lab()
    run(house, files("file", "front"))
    events = [json.loads(line) for line in (folder / "journal").read_text().splitlines()]
    assert [(one["event"], (one["message"] or "").partition(" ")[0]) for one in events] == [
        ("intended", "POST"),
        ("stored", ""),
        ("intended", "PUT"),
        ("done", ""),
    ]


def test_what_fails_before_the_creation_leaves_no_marker(folder: Path) -> None:
    house = lab(faults=[Fault("500", method="GET", path="*/keys", nth=3, count=99)])
    (one,) = run(house, files("file", "front")).values()
    assert (one.status, live(house), markers(folder)) == (Status.FAILED, {}, [])


def test_two_live_ones_of_one_label_are_told_apart_by_hand(folder: Path) -> None:
    house = lab(seed={"houses": {"h1": {"keys": {"one": {"label": "front"}, "two": {"label": "front"}}}, "h2": {}}})
    with pytest.raises(ConfigError) as caught:
        run(house, files("file", "front"))
    (wrong,) = caught.value.diagnostics
    assert wrong.message == "2 live keys are called 'front': ids X10000001, X10000002"
    run(house, files("file", "front").replace("h1", "h2"))
    assert house.emulator.opened_by((folder / "front").read_text().strip()) == "key/h2/front"


def test_what_is_made_anew_keeps_what_a_list_does_not_show(folder: Path) -> None:
    def between(request: Request, answer: Callable[[Request], Response]) -> Response:
        response = answer(request)
        if not request.path.endswith("/keys") or request.method != "GET":
            return response
        content = json.loads(response.body)
        for row in content["resources"]:
            del row["nets"]
        return Response(response.status, response.headers, json.dumps(content).encode())

    item = Call("GET", "/api/houses/{house}/keys/{id}")
    shown = Kinds([HOUSE, replace(KEY, calls=replace(KEY.calls, read=item))])
    house = lab(types=shown, seed={"houses": {"h1": {"keys": {"front": {"nets": ["10.0.0.0/8"]}}}}}, between=between)
    (folder / "front.pending").write_text(NOTE)
    (one,) = run(house, 'houses: {h1: {keys: {front: {store: {file: "front"}}}}}', shown).values()
    assert (one.action, live(house)["front"]["nets"]) == (Action.UPDATE, ["10.0.0.0/8"])


REMADE = {
    # what answers the deletion, what answers the creation, what is said, and whether the old one is gone
    "the deletion refused": (403, 0, r"^DELETE /api/houses/X10000001/keys/X10000001: 403", False),
    "the deletion does not exist": (404, 0, r"it is still there", False),
    "the creation refused": (0, 422, r"^it was deleted to be made anew, and that failed: POST .*: 422 no", True),
    "too many for long": (0, 429, r"^it was deleted to be made anew, and that failed: .*7200 s", True),
}


@pytest.mark.parametrize("name", REMADE)
def test_a_deletion_before_a_creation_that_fails_is_told(name: str, folder: Path) -> None:
    deletion, creation, says, gone = REMADE[name]

    def between(request: Request, answer: Callable[[Request], Response]) -> Response:
        status = {"DELETE": deletion, "POST": creation}.get(request.method)
        return Response(status, {"Retry-After": "7200"}, b'{"message": "no"}') if status else answer(request)

    house = lab(seed={"houses": {"h1": {"keys": {"front": {"nets": ["192.0.2.1"]}}}}}, between=between)
    (one,) = run(house, files("file", "front")).values()
    assert (one.action, one.status) == (Action.UPDATE, Status.FAILED)
    assert re.search(says, one.error or ""), one.error
    assert (live(house) == {}) == gone
    assert not markers(folder)
