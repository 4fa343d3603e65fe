"""What waits for the outside or for the server: ownership proofs, activations, queued removals."""

from __future__ import annotations

from functools import partial

import pytest

from qboxctl.applying.pace import Patience
from qboxctl.model import Status
from qboxctl.planning.planfile import dumps, loads
from qboxctl.resources import TYPES
from tests.support.lab import Lab, configuration_of

FILE = """
settings: {on_remove: {mailbox: delete}, guards: {count: 100, percent: 100}}
domains:
  a.example:
    postmaster_password: {env: PW}
    status: %s
    mailboxes: {ada: {firstname: Ada, password: {env: PW}}}
    aliases: {info: [ada@a.example]}
  b.example: {postmaster_password: {env: PW}, chat: true}
"""
WISH = FILE % "enabled"
SYNC = ["present", "absent"]
UNVERIFIED = ["200", "422"]


def statuses(done: list) -> dict[str, str]:
    return {str(one.address): one.status.value for one in done}


@pytest.mark.parametrize("sync", SYNC)
@pytest.mark.parametrize("unverified", UNVERIFIED)
@pytest.mark.parametrize("status", ["enabled", "disabled"])
@pytest.mark.parametrize("activation", ["immediate", "3"])
def test_a_domain_waits_for_its_proof_and_goes_on(sync: str, unverified: str, status: str, activation: str) -> None:
    lab = Lab(quirks={"ownership": "wait", "ownership_sync": sync, "unverified_answer": unverified,
                      "activation": activation})  # fmt: skip
    lab.emulator.publish("b.example")
    configuration = configuration_of(FILE % status)
    done = lab.apply(configuration)
    assert statuses(done) == {
        "domain/a.example": "waiting",
        "domain/b.example": "done",
        "mailbox/ada@a.example": "waiting",
        "alias/info@a.example": "waiting",
    }
    record = next(one.error for one in done if str(one.address) == "domain/a.example")
    assert ".a.example" in record
    assert "publish" in record
    assert lab.clock.slept < 60, "without --wait nobody waits for the outside"
    creates = [one for one in lab.emulator.requests if one.method == "POST"]

    again = lab.apply(configuration)
    assert set(statuses(again).values()) == {"waiting"}
    assert [one for one in lab.emulator.requests if one.method == "POST"] == creates, "nothing was created twice"

    lab.emulator.publish("a.example")
    finished = lab.apply(configuration)
    assert set(statuses(finished).values()) == {"done"}
    assert lab.plan(configuration).changes == ()
    assert lab.emulator.dump()["domains"]["a.example"]["status"] == status


@pytest.mark.parametrize("sync", SYNC)
@pytest.mark.parametrize("unverified", UNVERIFIED)
def test_with_wait_the_proof_is_polled_for(sync: str, unverified: str) -> None:
    lab = Lab(quirks={"ownership": "wait", "ownership_sync": sync, "unverified_answer": unverified})
    for name in ("a.example", "b.example"):
        lab.clock.after(600, partial(lab.emulator.publish, name))
    done = lab.apply(configuration_of(WISH), patience=Patience(1800, 1800))
    assert {one.status for one in done} == {Status.DONE}
    assert 600 < lab.clock.slept < 1000


def test_a_wait_that_ends_says_what_is_missing() -> None:
    lab = Lab(quirks={"ownership": "wait"})
    done = lab.apply(configuration_of(WISH), patience=Patience(90, 90))
    assert {one.status for one in done} == {Status.WAITING}
    assert all("A 185.97.217.16" in str(one.error) for one in done if one.address.kind == "domain")
    assert all("waits for domain/a.example" in str(one.error) for one in done if one.address.kind != "domain")
    assert lab.clock.slept >= 90


@pytest.mark.parametrize("detail", ["full", "abridged"])
def test_an_activation_that_takes_too_long_is_waiting_and_the_next_run_goes_on(detail: str) -> None:
    lab = Lab(quirks={"activation": "40", "list_detail": detail})
    configuration = configuration_of(WISH)
    done = lab.apply(configuration, patience=Patience(2, 2))
    assert statuses(done)["domain/a.example"] == "waiting"
    assert statuses(done)["mailbox/ada@a.example"] == "waiting"
    for _ in range(3):
        lab.apply(configuration, patience=Patience(600, 600))
    assert lab.plan(configuration).changes == ()


BOB = {"domains": {"a.example": {"mailboxes": {"bob": {"firstname": "Bob"}}}}}
ONE = "domains: {a.example: {%s}}"
UNDER_WAY = {
    "a proof": ({"ownership": "wait"}, {}, ONE % "postmaster_password: {env: PW}, aliases: {info: [x@b.example]}"),
    "a proof of another name": ({"ownership": "wait"}, BOB, ONE % "domain_aliases: {b.example: {}}"),
    "an activation": ({"activation": "50"}, BOB, ONE % "mailboxes: {ada: {firstname: Ada, password: {env: PW}}}"),
    "an activation of a Vault": ({"vault_activation": "50"}, BOB, ONE % "vault: {retention: 12, mailboxes: [bob]}"),
    "an activation by an update": (
        {"vault_activation": "50"},
        {
            "domains": {
                "a.example": {
                    "mailboxes": {"bob": {}},
                    "vault": {"retention": 12, "mailboxes": ["bob"], "state": "disabled"},
                }
            }
        },
        ONE % "vault: {retention: 12, mailboxes: [bob]}",
    ),
    "a queued removal": ({"delete": "queued:50"}, BOB, ONE % "mailboxes: {bob: {state: absent}}"),
}


@pytest.mark.parametrize(("quirks", "seed", "text"), UNDER_WAY.values(), ids=UNDER_WAY)
def test_a_saved_plan_applied_again_waits_for_what_is_under_way(quirks: dict, seed: dict, text: str) -> None:
    lab = Lab(quirks=quirks, seed=seed)
    configuration = configuration_of(text)
    saved = loads(dumps(lab.plan(configuration)), "plan.json", TYPES)
    for _ in range(2):
        assert {one.status for one in lab.apply(configuration, saved, patience=Patience(2, 0))} == {Status.WAITING}
        writes = [one for one in lab.emulator.requests if one.method != "GET" and "ownership" not in one.path]
        assert len(writes) == 1, "nothing is written twice"
        checked = lab.check_saved(configuration, saved)
        assert (checked.under_way, checked.in_effect) == (saved.changes[:1], ())
    lab.emulator.publish("a.example")
    lab.emulator.publish("b.example")
    done = {one.status for one in lab.apply(configuration, saved, patience=Patience(3600, 3600))}
    assert done == {Status.IN_EFFECT, *[Status.DONE] * (len(saved.changes) > 1)}
    assert lab.check_saved(configuration, saved).in_effect == saved.changes
    assert lab.plan(configuration).changes == ()


def test_a_change_of_what_others_wait_for_is_told_once() -> None:
    """The domain is there and not active yet: its new mailbox waits for it beside its own change."""
    told: list[str] = []
    lab = Lab(quirks={"activation": "14"}, report=lambda one: told.append(str(one.address)))
    lab.apply(configuration_of(ONE % "postmaster_password: {env: PW}"), patience=Patience(0, 0))
    wish = "chat: true, mailboxes: {ada: {firstname: Ada, password: {env: PW}}}"
    del told[:]
    lab.apply(configuration_of(ONE % wish), patience=Patience(600, 600))
    assert told == ["domain/a.example", "mailbox/ada@a.example"]


@pytest.mark.parametrize("detail", ["full", "abridged"])
def test_a_queued_removal_is_waited_for(detail: str) -> None:
    seed = {"domains": {"a.example": {"mailboxes": {"bob": {"firstname": "Bob"}}}}}
    lab = Lab(quirks={"delete": "queued:6", "list_detail": detail}, seed=seed)
    configuration = configuration_of(WISH)
    done = lab.apply(configuration)
    assert {one.status for one in done} == {Status.DONE}
    assert "bob" not in lab.emulator.dump()["domains"]["a.example"]["mailboxes"]
    assert lab.plan(configuration).changes == ()


def test_a_name_whose_removal_is_queued_is_taken_again_when_it_is_free() -> None:
    seed = {"domains": {"a.example": {"aliases": {"ada": ["x@y.example"]}}}}
    lab = Lab(quirks={"delete": "queued:5"}, seed=seed)
    configuration = configuration_of(WISH.replace("on_remove: {mailbox: delete}", "on_remove: {alias: delete}"))
    done = lab.apply(configuration)
    assert {one.status for one in done} == {Status.DONE}
    assert lab.plan(configuration).changes == ()


@pytest.mark.parametrize("detail", ["full", "abridged"])
def test_an_object_that_is_leaving_is_created_again_once_it_is_gone(detail: str) -> None:
    seed = {"domains": {"a.example": {"mailboxes": {"ada": {"firstname": "Ada"}}}}}
    lab = Lab(quirks={"delete": "queued:9", "list_detail": detail}, seed=seed)
    gone = configuration_of(WISH.replace("{firstname: Ada, password: {env: PW}}", "{state: absent}"))
    lab.apply(gone, patience=Patience(0, 0))
    configuration = configuration_of(WISH)
    for _ in range(2):
        lab.apply(configuration, patience=Patience(600, 600))
    assert lab.emulator.has_password("mailbox/ada@a.example", "canary-Pa55word")
    assert lab.plan(configuration).changes == ()
