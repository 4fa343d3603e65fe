"""Tokens of the Send API: told once into a store, known by their labels, cut off by a removal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qboxctl.emulator import QUIRKS
from qboxctl.errors import ConfigError
from qboxctl.model import Action, Outcome, Plan, Status
from qboxctl.planning.planfile import dumps, loads
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import Lab, NowBlockedError, configuration_of

PLACE = "/api/delivery/accounts/1001/api_tokens"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder, where stores and markers are."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(tokens: Any, **more: Any) -> str:
    """A configuration with the tokens of an account, and what else it says."""
    return json.dumps({"delivery": {"accounts": {"news": {"type": "newsletter", "tokens": tokens}}}, **more})


def seed(**tokens: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files(tokens))
    return found


def stored(name: str, **more: Any) -> dict[str, Any]:
    return {"store": {"file": name}, **more}


def plan(lab: Lab, text: str, **options: Any) -> Plan:
    """A plan as it is after it was saved and read."""
    made = lab.plan(configuration_of(text), Options(**options))
    assert loads(dumps(made), "plan.json", TYPES).changes == made.changes
    return made


def apply(lab: Lab, text: str) -> dict[str, Outcome]:
    return {str(one.address): one for one in lab.apply(configuration_of(text))}


def live(lab: Lab) -> dict[str, Any]:
    accounts = lab.emulator.dump(codes=False)["delivery"]["accounts"]
    found: dict[str, Any] = accounts["news"]["tokens"] if accounts else {}
    return found


def writes(lab: Lab) -> list[str]:
    return [f"{one.method} {one.path}" for one in lab.emulator.requests if one.method != "GET"]


OWN = [{name: value} for name in QUIRKS if name.startswith("token_") for value in QUIRKS[name]]
OTHERS = [
    {"ids": "number"}, {"lists": "comma"}, {"lists": "null_when_empty"}, {"list_detail": "abridged"},
    {"list_detail": "blind"}, {"empty_list": "404"}, {"delete": "queued"}, {"delete": "queued", "token_label": "422"},
    {"descriptions": "blanks"}, {"descriptions": "escaped"}, {"extra_fields": "noise"}, {"create_status": "200"},
    {"order": "shuffled", "per_max": "3"}, {"write_answer": "200-resources"}, {"write_answer": "200-empty"},
    {"token_field": "in_message", "token_nets": "comma", "token_nets_form": "cidr", "extra_fields": "noise"},
]  # fmt: skip


@pytest.mark.parametrize("quirks", [*OWN, *OTHERS], ids=lambda one: ",".join(f"{k}={v}" for k, v in one.items()))
def test_a_token_is_made_changed_and_removed(quirks: dict[str, str], folder: Path) -> None:
    closed = quirks.get("token_create") == "403"
    lab = Lab(quirks=quirks)
    nets = ["192.0.2.1", "2001:db8::1", "10.0.0.0/8"]
    text = files({"Shop  & Café": stored("shop", allow_nets=nets), "cron": stored("cron")})
    done = apply(lab, text)
    tokens = {one.status for address, one in done.items() if address.startswith("token/")}
    assert tokens == {Status.FAILED if closed else Status.DONE}
    assert lab.emulator.opened_by("") == ""
    if closed:
        assert live(lab) == {}
        return
    assert lab.emulator.opened_by((folder / "shop").read_text().strip()) == "token/news/Shop & Café"
    assert live(lab)["cron"]["allow_nets"] == []
    assert sorted(live(lab)["Shop & Café"]["allow_nets"]) == sorted(nets)
    assert not plan(lab, text).changes
    assert not plan(lab, text).unverifiable
    for nets in (["192.0.2.1/32"], []):
        lab.emulator.requests.clear()
        text = files({"shop & café": {"allow_nets": nets}, "cron": {}})
        (one,) = apply(lab, text).values()
        assert (one.action, one.status, len(writes(lab))) == (Action.UPDATE, Status.DONE, 1)
        assert not plan(lab, text).changes
    text = files({"cron": {"state": "absent"}, "Shop & Café": {}})
    assert [one.action for one in apply(lab, text).values()] == [Action.DELETE]
    assert list(live(lab)) == ["Shop & Café"]
    assert not plan(lab, text).changes


def test_a_creation_is_two_requests_of_one_step(folder: Path) -> None:
    lab = Lab(seed=seed())
    text = files({"shop": stored("shop", allow_nets=["192.0.2.0/24"])})
    (change,) = plan(lab, text).changes
    assert (str(change.address), change.action, change.reason) == (
        "token/news/shop", Action.CREATE, "declared, not there",
    )  # fmt: skip
    assert [tuple(one) for one in change.fields] == [
        ("allow_nets", None, ("192.0.2.0/24",)), ("label", None, "shop"),
    ]  # fmt: skip
    assert list(apply(lab, text)) == ["token/news/shop"]
    bodies = [one.body for one in lab.emulator.requests if one.method in ("POST", "PUT")]
    assert bodies == [{"label": "shop"}, {"allow_nets": ["192.0.2.0/24"]}]
    assert writes(lab) == [f"POST {PLACE}", f"PUT {PLACE}/7001"]


@pytest.mark.parametrize("status", [403, 404, 405])
@pytest.mark.parametrize("anew", [False, True])
def test_where_the_api_makes_none_the_panel_does(status: int, anew: bool, folder: Path) -> None:
    def between(request: Any, answer: Any) -> Any:
        if request.method == "POST" and request.path.endswith("/api_tokens"):
            return type(answer(request))(status, {}, b'{"message": "No", "errors": []}')
        return answer(request)

    lab = Lab(seed=seed(**({"shop": {}} if anew else {})))
    lab.between = between if not anew else None
    text = files({"shop": stored("shop")})
    configuration = configuration_of(text)
    saved = lab.plan(configuration)
    lab.between = between
    (one,) = lab.apply(configuration, saved)
    assert one.status is Status.FAILED
    assert f"{status} No" in (one.error or "")
    assert "make it in the panel (Delivery account, settings)" in (one.error or "")
    assert "take that out of the file" in (one.error or "")
    if anew:
        assert "if you hold it, take its store out of the file" in saved.changes[0].reason
    assert not [*folder.glob("*")], "neither a store nor a marker is left"


def test_a_token_of_the_panel_needs_no_store() -> None:
    lab = Lab(seed=seed(Panel={"allow_nets": ["10.0.0.0/8"]}))
    assert not plan(lab, files({"panel": {}})).changes
    text = files({"panel": {"allow_nets": ["192.0.2.1"]}})
    assert [one.action for one in apply(lab, text).values()] == [Action.UPDATE]
    assert live(lab)["Panel"]["allow_nets"] == ["192.0.2.1"]


WRONG = {
    "no store": (
        {"shop": {}}, {}, "token/news/shop must be created, and lacks store",
    ),
    "one file": (
        {"a": stored("x"), "b": stored("./x")}, {}, "would have their secrets in one file",
    ),
    "one label": (
        {"Shop": stored("x"), "shop": stored("y")}, {}, "have the same label 'shop'",
    ),
    "two live ones": (
        {"shop": stored("x")}, {"one": {"label": "shop"}, "two": {"label": "Shop"}},
        "2 live tokens are called 'shop': ids 7001, 7002",
    ),
    "networks": (
        {"shop": stored("x", allow_nets=["192.0.2.1/24"])}, {}, "is not an IP address or network",
    ),
    "a secret in the file": ({"shop": {"token": "abc"}}, {}, "token"),
    "a store that is none": ({"shop": {"store": "x"}}, {}, "write where the secret goes"),
    "the label of another": (
        {"shop": {"id": "7001", "label": "other"}}, {"shop": {}}, "label of token/news/shop is shop, and can only",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_tokens(name: str) -> None:
    tokens, there, says = WRONG[name]
    with pytest.raises((ConfigError, AssertionError)) as caught:
        plan(Lab(seed=seed(**there)), files(tokens))
    told = [one.message for one in caught.value.diagnostics] if isinstance(caught.value, ConfigError) else [
        str(caught.value)
    ]  # fmt: skip
    assert any(says in one for one in told), told


def test_two_live_ones_are_told_apart_by_their_ids() -> None:
    lab = Lab(seed=seed(one={"label": "shop"}, two={"label": "shop"}))
    (one,) = apply(lab, files({"shop": {"id": 7002, "state": "absent"}})).values()
    assert (one.action, list(live(lab))) == (Action.DELETE, ["shop"])
    assert writes(lab) == [f"DELETE {PLACE}/7002"]


USES = {"2026-11-25T09:00:00Z": True, "": False}


@pytest.mark.parametrize("used", USES)
def test_a_removal_shows_when_it_was_used(used: str, project: Any, server: Any) -> None:
    server.swap(seed=seed(shop={"last_used_at": used}))
    project.write(json.loads(files({"shop": {"state": "absent"}})))
    done = project.run("plan", "--format", "json")
    assert done.code == 0, done.err
    (change,) = done.json["changes"]
    assert (change["address"], change["action"], change["destroys_data"]) == ("token/news/shop", "delete", False)
    told = [one["message"] for one in done.json["warnings"]]
    assert bool(told) == USES[used]
    for form in ("text", "markdown", "html"):
        assert (used in project.run("plan", "--format", form).out) or not used
    assert not used or f"last_used_at {used}" in told[0]


def test_a_removal_of_an_account_shows_which_of_its_tokens_are_in_use(project: Any, server: Any) -> None:
    server.swap(seed=seed(shop={"last_used_at": "2026-11-25T09:00:00Z"}, cron={}))
    project.write({"delivery": {"accounts": {"news": {"state": "absent"}}}})
    done = project.run("plan", "--format", "json")
    assert [one["address"] for one in done.json["warnings"]] == ["token/news/shop"]


def test_what_no_file_declares_stays_unless_it_is_said_otherwise() -> None:
    lab = Lab(seed=seed(Shop={}, cron={}))
    kept = plan(lab, files({"shop": {}}))
    assert ([str(one) for one in kept.unmanaged], kept.changes) == (["token/news/cron"], ())
    assert not plan(lab, json.dumps({"delivery": {"accounts": {"news": {"type": "newsletter"}}}})).unmanaged
    text = files({"shop": {}}, settings={"on_remove": {"token": "delete"}})
    (one,) = apply(lab, text).values()
    assert (str(one.address), one.action, list(live(lab))) == ("token/news/cron", Action.DELETE, ["Shop"])
    with pytest.raises(ConfigError):
        configuration_of(files({}, settings={"on_remove": {"token": "disable"}}))


def test_a_guard_counts_removals_and_protect_holds_them() -> None:
    lab = Lab(seed=seed(**{f"t{number}": {} for number in range(5)}))
    gone = {f"t{number}": {"state": "absent"} for number in range(3)}
    (blocked,) = plan(lab, files(gone)).blocked
    assert (blocked.guard, blocked.kind) == ("count", "token")
    for pattern, held in (("token/*/*", 1), ("token/NEWS/T0", 1), ("token/other/*", 0), ("token/news/t1", 0)):
        found = plan(lab, files({"t0": {"state": "absent"}}, protect=[pattern])).blocked
        assert [one.guard for one in found] == ["protect"] * held, pattern


@pytest.mark.parametrize("pattern", ["token/news/Shop", "token/*/shop", "token/news/*", "*/news/shop"])
def test_a_target_may_be_a_token(pattern: str) -> None:
    lab = Lab(seed=seed())
    text = files({"Shop": stored("x"), "cron": stored("y")})
    made = plan(lab, text, targets=(Pattern.of(pattern, TYPES),))
    assert {str(one.address) for one in made.changes} - {"token/news/cron"} == {"token/news/Shop"}
    assert ("news/*" in pattern) == (len(made.changes) == 2)


def test_tokens_go_along_with_their_account() -> None:
    there = json.loads(files({"a": {}, "b": {}}))
    lab = Lab(seed=there)
    text = json.dumps({"delivery": {"accounts": {"news": {"state": "absent"}}}})
    (change,) = plan(lab, text).changes
    assert change.reason == "state: absent; with it go 2 tokens"
    assert not plan(lab, text).blocked
    apply(lab, text)
    assert lab.emulator.dump()["delivery"]["accounts"] == {}


@pytest.mark.parametrize("key", ["news", "renamed"])
def test_a_token_that_left_the_files_is_found_under_the_key_that_its_account_has_today(key: str) -> None:
    then = configuration_of(
        files({"shop": stored("x")}).replace('"news": {', '"news": {"description": "news", ')
    ).objects
    now = {key: {"type": "newsletter", "description": "news"}}
    settings = {"on_remove": {"token": "delete"}, "guards": {"percent": 100}}
    text = json.dumps({"settings": settings, "delivery": {"accounts": now}})
    lab = Lab(seed=seed(shop={}))
    gone = frozenset(one for one in then if str(one) != f"delivery_account/{key}")
    (change,) = plan(lab, text, removed_since=gone, remembered=then).changes
    assert (str(change.address), change.action) == (f"token/{key}/shop", Action.DELETE)


@pytest.mark.parametrize("rule", ["protect", "ignore"])
def test_a_token_that_came_after_the_plan_and_would_go_with_its_account_is_held(rule: str) -> None:
    lab = Lab(seed={"delivery": {"accounts": {"news": {"type": "newsletter"}}}})
    configuration = configuration_of(
        json.dumps({rule: ["token/*/*"], "delivery": {"accounts": {"news": {"state": "absent"}}}})
    )
    made = lab.plan(configuration)
    assert not made.blocked
    apply(lab, files({"late": stored("late")}))
    with pytest.raises(NowBlockedError, match="token/news/late would go with delivery_account/news"):
        lab.apply(configuration, made)
    assert list(live(lab)) == ["late"]


def test_what_uses_no_tokens_asks_for_none() -> None:
    lab = Lab(seed=seed(shop={}))
    assert not plan(lab, json.dumps({"delivery": {"accounts": {"news": {"type": "newsletter"}}}})).changes
    assert not [one for one in lab.emulator.requests if "api_tokens" in one.path]
    plan(lab, files({"shop": {}}))
    assert [one.path for one in lab.emulator.requests if "api_tokens" in one.path] == [PLACE]


def test_a_new_account_and_its_token_are_one_plan(folder: Path) -> None:
    lab = Lab()
    done = apply(lab, files({"shop": stored("shop")}))
    assert [(address, one.status) for address, one in done.items()] == [
        ("delivery_account/news", Status.DONE), ("token/news/shop", Status.DONE),
    ]  # fmt: skip
    assert re.fullmatch(r"\S+\n", (folder / "shop").read_text())


def test_guards_for_tokens_are_laid_over_those_of_the_environment() -> None:
    below, above = {"count": 3, "percent": 50}, {"percent": 90}
    settings = {"guards": {"token": below}, "environments": {"e": {"guards": {"token": above}}}}
    guard = configuration_of(json.dumps({"settings": settings}), environment="e").settings.guard("token")
    assert (guard.count, guard.percent) == (3, 90)
