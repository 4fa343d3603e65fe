"""What a run does with lost answers, false promises, and lists that do not hold still."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from qboxctl.config.settings import ApiSettings
from qboxctl.emulator import Request, Response, parse_fault
from qboxctl.model import Status
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import Lab, configuration_of

WISH = """
settings: {on_remove: {alias: delete}}
domains:
  a.example:
    postmaster_password: {env: PW}
    mailboxes: {ada: {firstname: Ada, password: {env: PW}}}
    aliases: {info: [ada@a.example]}
delivery:
  domains: {n.example: {}}
  accounts: {news: {type: newsletter, domains: [n.example]}}
  suppressions: {x@y.example: {reason: bounce, accounts: [news]}}
"""
COLLECTIONS = {
    "domain": "/api/domains",
    "mailbox": "*/email_accounts",
    "alias": "*/alias_email_accounts",
    "delivery_domain": "/api/delivery/domains",
    "delivery_account": "/api/delivery/accounts",
    "suppression": "/api/delivery/suppression_lists",
}
Answer = Callable[[Request], Response]


def creates(lab: Lab, kind: str) -> list[int]:
    """Where in the log the creates of a kind are."""
    ends = COLLECTIONS[kind].removeprefix("*")
    return [n for n, one in enumerate(lab.emulator.requests) if one.method == "POST" and one.path.endswith(ends)]


@pytest.mark.parametrize(
    "fault", ["drop-after", "cut", "500,done=true", "html,status=200,done=true", "drop-before", "502"]
)
@pytest.mark.parametrize("kind", COLLECTIONS)
def test_a_create_whose_answer_is_lost_is_looked_up_before_anything_else(kind: str, fault: str) -> None:
    one_by_one = ApiSettings(concurrency=1)
    lab = Lab(faults=[parse_fault(f"{fault},method=POST,path={COLLECTIONS[kind]}")], api=one_by_one)
    configuration = configuration_of(WISH)
    done = {one.address.kind: one for one in lab.apply(configuration)}
    first = creates(lab, kind)[0]
    after = lab.emulator.requests[first + 1]
    assert after.method == "GET" or after.path.endswith("/details"), "it must be looked for first"
    made = fault.startswith(("drop-after", "cut")) or "done=true" in fault
    if made:
        assert len(creates(lab, kind)) == 1, "it was there, and was created again"
        assert done[kind].status is Status.DONE
    elif kind == "delivery_account":
        assert len(creates(lab, kind)) == 1, "an order whose outcome nobody knows was placed again"
        assert done[kind].status is Status.UNKNOWN
    else:
        assert len(creates(lab, kind)) == 2
        assert done[kind].status is Status.DONE
    lab.apply(configuration)
    assert lab.plan(configuration).changes == ()
    assert len(lab.emulator.dump()["delivery"]["accounts"]) == 1


def test_an_order_that_takes_effect_late_is_not_placed_twice() -> None:
    late: list[Request] = []

    def slow(request: Request, answer: Answer) -> Response:
        if request.method == "POST" and request.path == "/api/delivery/accounts":
            late.append(request)
            return Response(0, broken="drop")
        return answer(request)

    lab = Lab(between=slow)
    configuration = configuration_of(WISH)
    done = {one.address.kind: one.status for one in lab.apply(configuration)}
    assert done["delivery_account"] is Status.UNKNOWN
    assert done["suppression"] is Status.SKIPPED
    assert done["mailbox"] is Status.DONE
    assert len(late) == 1
    lab.emulator.handle(late[0])
    lab.between = None
    assert {one.status for one in lab.apply(configuration)} == {Status.DONE}
    assert len(lab.emulator.dump()["delivery"]["accounts"]) == 1


def test_a_create_is_not_repeated_when_it_cannot_be_looked_up() -> None:
    lost: list[Request] = []

    def blind(request: Request, answer: Answer) -> Response:
        if request.method == "POST" and request.path.endswith("/email_accounts"):
            lost.append(request)
            return Response(0, broken="drop")
        if lost and request.path.endswith("/email_accounts"):
            return Response(500)
        return answer(request)

    lab = Lab(between=blind)
    done = {one.address.kind: one.status for one in lab.apply(configuration_of(WISH))}
    assert done["mailbox"] is Status.UNKNOWN
    assert len(lost) == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_accepted_but_not_effective_is_a_failure(method: str) -> None:
    seed = {"domains": {"a.example": {"chat": False, "mailboxes": {"ada": {"firstname": "Ada"}},
                                      "aliases": {"old": ["x@y.example"], "info": ["ada@a.example"]}}}}  # fmt: skip

    def polite(request: Request, answer: Answer) -> Response:
        return Response(204) if request.method == method else answer(request)

    lab = Lab(seed=seed, between=polite)
    configuration = configuration_of(WISH.replace("postmaster_password", "chat: true\n    postmaster_password"))
    done = {str(one.address): one for one in lab.apply(configuration)}
    address = "domain/a.example" if method == "PUT" else "alias/old@a.example"
    assert done[address].status is Status.FAILED
    assert "accepted but not effective" in str(done[address].error)
    assert ("chat" in str(done[address].error)) == (method == "PUT")


@pytest.mark.parametrize("per_max", ["25", "200"])
def test_pages_that_repeat_and_miss_objects_are_read_until_they_are_whole(per_max: str) -> None:
    names = [f"m{number}" for number in range(230)]
    seed = {"domains": {"a.example": {"mailboxes": {name: {"firstname": "M"} for name in names}}}}
    lab = Lab(seed=seed, quirks={"order": "shuffled", "per_max": per_max})
    text = "domains: {a.example: {mailboxes: {" + ", ".join(f"{name}: {{firstname: M}}" for name in names) + "}}}"
    for _ in range(3):
        plan = lab.plan(configuration_of(text))
        assert plan.changes == ()
        assert plan.summary["unchanged"] == 231


def test_what_depends_on_a_failure_is_skipped_and_all_else_goes_on() -> None:
    lab = Lab(faults=[parse_fault("500,method=POST,path=/api/delivery/domains,count=inf")])
    done = {one.address.kind: one for one in lab.apply(configuration_of(WISH))}
    assert done["delivery_domain"].status is Status.UNKNOWN
    assert done["delivery_account"].status is Status.SKIPPED
    assert done["delivery_account"].error == "created; domains was not sent: needs delivery_domain/n.example"
    assert done["suppression"].status is Status.SKIPPED
    assert {done[kind].status for kind in ("domain", "mailbox", "alias")} == {Status.DONE}


def test_a_domain_that_is_filled_at_the_last_moment_is_not_deleted() -> None:
    seed = {"domains": {"a.example": {}}}
    lab = Lab(seed=seed)
    looks: list[Request] = []

    def filling(request: Request, answer: Answer) -> Response:
        looks.extend([request] if request.path.endswith("/email_accounts") else [])
        if looks[2:] == [request]:  # the plan looked, the check before the first write looked, and this is the last
            code = request.path.split("/")[3]
            body = b'{"name": "new", "firstname": "N", "password": "abcdefg1", "password_confirmation": "abcdefg1"}'
            headers = {"x-api-token": "canary-token-7f3a"}
            made = lab.emulator.handle(Request("POST", f"/api/domains/{code}/email_accounts", {}, headers, body))
            assert made.status == 201
        return answer(request)

    lab.between = filling
    done = lab.apply(configuration_of("domains: {a.example: {state: absent}}"))
    assert "new" in lab.emulator.dump()["domains"]["a.example"]["mailboxes"]
    assert done[0].status is Status.FAILED
    assert "mailbox/new@a.example" in str(done[0].error)


def test_a_creation_broken_off_says_so_and_what_nobody_can_see_is_sent_again_when_asked() -> None:
    """The API never returns the dates, and takes them only after the creation, which ended before that."""
    tree = {
        "domains": {
            "alpha.example": {
                "mailboxes": {
                    "ada": {"firstname": "Ada", "password": {"env": "PW"}, "autoresponder_start_date": "2027-01-01"}
                }
            }
        }
    }
    lab = Lab(
        quirks={"list_detail": "blind"},
        seed={"domains": {"alpha.example": {}}},
        faults=[parse_fault("500,method=GET,path=*email_accounts*,nth=3,count=6")],
    )
    configuration = configuration_of(json.dumps(tree))
    assert [one.status for one in lab.apply(configuration)] != [Status.DONE]
    again = lab.plan(configuration)
    assert again.changes == ()
    (row,) = again.unverifiable
    assert "autoresponder_start_date" in row.fields
    everything = Options(rotate=(Pattern.of("mailbox/*", TYPES),))
    assert [one.status for one in lab.apply(configuration, lab.plan(configuration, everything))] == [Status.DONE]
    ada = lab.emulator.dump()["domains"]["alpha.example"]["mailboxes"]["ada"]
    assert ada["autoresponder_start_date"] == "2027-01-01"


ONE_BOX = "domains: {a.example: {mailboxes: {ada: {firstname: Ada, password: {env: PW}}}}}"


def test_a_creation_is_not_tried_again_after_an_interruption() -> None:
    """Its answer is lost, it is looked for and not there; Ctrl-C comes while it waits for another attempt."""
    posts: list[Request] = []

    def between(request: Request, answer: Any) -> Response:
        if request.method != "POST":
            return answer(request)
        posts.append(request)
        lab.clock.after(0.7, lab.stop.set)  # it is looked for in 0.6 s, and the wait after that is longer than 0.1 s
        return Response(0, broken="drop")

    lab = Lab(seed={"domains": {"a.example": {}}}, between=between)
    (done,) = lab.apply(configuration_of(ONE_BOX))
    assert (done.status, len(posts)) == (Status.UNKNOWN, 1)


@pytest.mark.parametrize("status", [403, 422, 0])
def test_what_follows_a_lost_answer_does_not_tell_that_it_was_not_done(status: int) -> None:
    """The first attempt may be done later: a second one that is refused, or that nobody takes, says nothing of it."""
    posts: list[Request] = []

    def between(request: Request, answer: Any) -> Response:
        if request.method != "POST":
            return answer(request)
        posts.append(request)
        if len(posts) == 1 or not status:
            return Response(0, broken="drop")
        return Response(status, {"content-type": "application/json"}, b'{"message": "No.", "errors": []}')

    lab = Lab(seed={"domains": {"a.example": {}}}, between=between)
    (done,) = lab.apply(configuration_of(ONE_BOX))
    assert done.status is Status.UNKNOWN, done
    assert len(posts) > 1


def test_a_change_takes_as_long_as_its_own_requests() -> None:
    """Not as long as those before it in a queue, nor until the whole batch is read back."""
    one_by_one = ApiSettings(concurrency=1)
    seed = {"domains": {"a.example": {"mailboxes": {name: {"firstname": "Old"} for name in ("ada", "bob", "eve")}}}}
    lab = Lab(faults=[parse_fault("delay,seconds=7,method=PUT,nth=2")], api=one_by_one, seed=seed)
    wish = "domains: {a.example: {mailboxes: {ada: {firstname: A}, bob: {firstname: B}, eve: {firstname: E}}}}"
    assert sorted(one.seconds for one in lab.apply(configuration_of(wish))) == [0.0, 0.0, 7.0]
