"""A change of several writes: the report tells each of them, and the next plan knows what is left."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from qboxctl.applying.scheduler import MOST_HALF_MADE
from qboxctl.applying.stepwise import Part, told
from qboxctl.config.settings import ApiSettings
from qboxctl.emulator import Request, Response, parse_fault
from qboxctl.model import Outcome, Status
from qboxctl.planning.targets import Options
from qboxctl.render import outcomes, plan_text
from qboxctl.render.plan_html import render as html
from qboxctl.render.plan_markdown import render as markdown
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.expect import told as truthful
from tests.support.lab import PASSWORD, Lab, Trouble, configuration_of

FLAG = "force_new_password"
ADA = "mailbox/ada@a.example"
HOME: dict[str, Any] = {"domains": {"a.example": {}}}
BOX: dict[str, Any] = {"domains": {"a.example": {"mailboxes": {"ada": {"firstname": "Ada"}}}}}
NEW = "domains: {a.example: {mailboxes: {ada: {firstname: Ada, password: {env: PW}, force_new_password: true%s}}}}"
OLD = "domains: {a.example: {mailboxes: {ada: {lastname: New, status: disabled, bounce_msg: Gone}}}}"
ONE_BY_ONE = ApiSettings(concurrency=1, retries=1)


def part(status: Status, message: str | None = None, *names: str, creates: bool = False, **more: Any) -> Part:
    return Part(creates, status, message, names, **more)


NEEDS = "needs mailbox/ada@a.example"
MADE = part(Status.DONE, creates=True, made=True)
PARTS = {
    "all done": ([MADE, part(Status.DONE, None, "chat")], None),
    "one write": ([part(Status.FAILED, "No.", "chat", refused=True)], "No."),
    "nothing done": ([part(Status.SKIPPED, "interrupted", creates=True), part(Status.SKIPPED, NEEDS, "chat")],
                     "interrupted"),
    "refused at creation": ([part(Status.FAILED, "No.", creates=True), part(Status.SKIPPED, NEEDS, "chat")], "No."),
    "interrupted": ([MADE, part(Status.SKIPPED, "interrupted", FLAG)], f"created; {FLAG} was not sent: interrupted"),
    "with a secret": ([MADE, part(Status.SKIPPED, "interrupted", FLAG, "tags", secrets=("password",))],
                      f"created; {FLAG} and tags were not sent, nor was password: interrupted"),
    "refused": ([MADE, part(Status.FAILED, "422", "chat", "dav", refused=True)],
                "created; chat and dav were refused: 422"),
    "never left": ([MADE, part(Status.FAILED, "no connection", "chat")], "created; chat was not sent: no connection"),
    "lost": ([MADE, part(Status.UNKNOWN, "nobody knows", "chat")], "created; chat: nobody knows"),
    "maybe created": ([part(Status.UNKNOWN, "nobody knows", creates=True), part(Status.SKIPPED, NEEDS, "chat")],
                      "nobody knows; chat was not sent"),
    "created, not effective": ([part(Status.FAILED, "tags did not take effect", "tags", creates=True, accepted=True,
                                     made=True), part(Status.SKIPPED, NEEDS, "chat")],
                               "created; tags did not take effect; chat was not sent"),
    "accepted, never seen": ([part(Status.FAILED, "it is not there", "tags", creates=True, accepted=True),
                              part(Status.SKIPPED, NEEDS, "chat")], "it is not there; chat was not sent"),
    "not effective": ([MADE, part(Status.FAILED, "chat did not take effect", "chat", accepted=True)],
                      "created; chat did not take effect"),
    "first call": ([part(Status.FAILED, "403", "chat", "status", refused=True, taken=frozenset({"chat"}))],
                   "chat was written; status was refused: 403"),
    "three steps": ([part(Status.DONE, None, "chat"), part(Status.SKIPPED, "needs alias/x", "dav"),
                     part(Status.SKIPPED, NEEDS, "status")],
                    "chat was written; dav was not sent: needs alias/x; status was not sent"),
    "waits": ([part(Status.WAITING, "publish it", creates=True, accepted=True, made=True),
               part(Status.WAITING, NEEDS, "chat")], "created; publish it; chat was not sent"),
    "name taken": ([part(Status.WAITING, "name taken", creates=True), part(Status.WAITING, NEEDS, "chat")],
                   "name taken"),
    "somebody else's": ([part(Status.IN_EFFECT, creates=True), part(Status.FAILED, "off", "chat", accepted=True)],
                        "off"),
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_each_write_is_told(name: str) -> None:
    parts, expected = PARTS[name]
    assert told(parts) == expected


def refusing(method: str, end: str, status: int = 403) -> Callable[..., Response]:
    body = b'{"message": "Not you.", "errors": []}'

    def between(request: Request, answer: Any) -> Response:
        hit = request.method == method and request.path.endswith(end)
        return Response(status, {"content-type": "application/json"}, body) if hit else answer(request)

    return between


@dataclass(frozen=True)
class Case:
    says: str
    status: Status
    lab: dict[str, Any] = field(default_factory=dict)
    configuration: str = NEW % ""
    seed: dict[str, Any] = field(default_factory=lambda: HOME)
    address: str = ADA


FAULTS = {
    "refused": Case(f"created; {FLAG} and password were refused: ", Status.FAILED,
                    {"between": refusing("PUT", "")}),
    "unreachable": Case(f"created; {FLAG} was not sent, nor was password: PUT /api/doma", Status.FAILED,
                        {"troubles": [Trouble("refused", method="PUT", count=9)]}),
    "lost": Case(f"created; {FLAG} and password: nobody knows", Status.UNKNOWN,
                 {"faults": [parse_fault("drop-before,method=PUT,count=inf")]}),
    "status alone": Case("lastname was written; ", Status.FAILED, {"between": refusing("PUT", "/status")}, OLD, BOX),
    "a proof is refused": Case("created; waits for its ownership proof: PUT", Status.FAILED,
                               {"between": refusing("PUT", "/sync"), "quirks": {"ownership": "wait"}},
                               "domains: {b.example: {plan: basic, postmaster_password: {env: PW}}}",
                               address="domain/b.example"),
    "a proof never leaves": Case("created; waits for its ownership proof: PUT", Status.FAILED,
                                 {"troubles": [Trouble("refused", method="PUT", count=9)]},
                                 "domains: {b.example: {postmaster_password: {env: PW}, status: enabled}}",
                                 address="domain/b.example"),
    "an order": Case("created; domains was not sent: needs delivery_domain/n.example", Status.SKIPPED,
                     {"between": refusing("POST", "/delivery/domains")},
                     "delivery: {domains: {n.example: {}}, accounts: {news: {type: newsletter, domains: [n.example]}}}",
                     address="delivery_account/news"),
    "a proof": Case("created; waits for its ownership proof: publish", Status.WAITING,
                    {"quirks": {"ownership": "wait"}},
                    "domains: {b.example: {plan: basic, postmaster_password: {env: PW}, status: disabled}}",
                    address="domain/b.example"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_change_that_fails_half_way_says_what_was_done(name: str, tmp_path: Path) -> None:
    case = FAULTS[name]
    lab = Lab(seed=case.seed, api=ONE_BY_ONE, **case.lab)
    configuration = configuration_of(case.configuration)
    plan, book = lab.plan(configuration), tmp_path / "j"
    before = lab.emulator.dump(codes=False)
    done = lab.apply(configuration, plan, journal=book)
    found = next(one for one in done if str(one.address) == case.address)
    assert (found.status, str(found.error)[: len(case.says)]) == (case.status, case.says)
    truthful(plan.changes, done, before, lab.emulator.dump(codes=False))
    last = [line for line in map(json.loads, book.read_text().splitlines()) if line["address"] == case.address][-1]
    assert (last["event"], last["message"]) == (case.status.value, found.error)


@pytest.mark.parametrize(("quirk", "doubt"), [("hidden", True), ("returned", False)])
def test_a_saved_plan_that_is_in_effect_tells_what_may_never_have_been_sent(quirk: str, doubt: bool) -> None:
    lab = Lab(seed=HOME, api=ONE_BY_ONE, quirks={FLAG: quirk})
    configuration = configuration_of(NEW % "")
    plan = lab.plan(configuration)
    lab.between = refusing("PUT", "") if doubt else None
    lab.apply(configuration, plan)
    lab.between = None
    (again,) = lab.apply(configuration, plan)
    assert again.status is Status.IN_EFFECT
    said = f", but {FLAG} may never have been sent (--rotate sends it, and the secret, again)"
    assert again.error == f"already in effect{said if doubt else ''}"
    assert outcomes.line(again).endswith(f"{ADA}  {again.error}" if doubt else ADA)


def stopped_after(lab: Lab, requests: int) -> list[Outcome]:
    """Apply, and ask to stop at the ``requests``-th write."""
    seen: list[Request] = []

    def between(request: Request, answer: Any) -> Response:
        response = answer(request)
        seen.extend([request] if request.method != "GET" else [])
        if len(seen) == requests:
            lab.stop.set()
        return response

    lab.between = between
    done = lab.apply(configuration_of(NEW % ""))
    lab.between = None
    lab.stop.clear()
    return done


def test_what_is_interrupted_after_the_creation_is_finished_by_the_next_run() -> None:
    lab = Lab(seed=HOME, api=ONE_BY_ONE)
    (one,) = stopped_after(lab, 1)
    assert (one.status, one.error) == (
        Status.SKIPPED,
        f"created; {FLAG} was not sent, nor was password: interrupted",
    )
    assert not lab.emulator.has_password(ADA, PASSWORD), "a password that many know opens it"
    configuration = configuration_of(NEW % "")
    (change,) = lab.plan(configuration).changes
    assert ([field.name for field in change.fields], change.secrets) == ([FLAG], ("password",))
    assert [one.status for one in lab.apply(configuration)] == [Status.DONE]
    assert lab.emulator.has_password(ADA, PASSWORD)
    assert lab.emulator.dump()["domains"]["a.example"]["mailboxes"]["ada"][FLAG]
    assert lab.plan(configuration).changes == ()
    assert lab.plan(configuration).unverifiable == ()


def test_the_real_password_never_goes_out_without_what_guards_it() -> None:
    bodies: list[dict[str, Any]] = []

    def between(request: Request, answer: Any) -> Response:
        bodies.extend([json.loads(request.body)] if request.body else [])
        return answer(request)

    lab = Lab(seed=HOME, between=between)
    lab.apply(configuration_of(NEW % ""))
    first, second = bodies
    assert first["password"] == first["password_confirmation"] != PASSWORD
    assert len(first["password"]) >= 40
    assert (second["password"], second[FLAG]) == (PASSWORD, True)
    assert first["password"] not in "".join(lab.log)
    bodies.clear()
    lab.apply(configuration_of((NEW % "").replace("true", "false").replace("ada:", "bob:")))
    assert [body["password"] for body in bodies] == [PASSWORD], "without a guard there is nothing to wait for"


@pytest.mark.parametrize("quirk", ["force_new_password", "last_access"])
def test_what_nobody_can_know_is_said_until_it_is_sent_again_on_request(quirk: str) -> None:
    lab = Lab(seed=HOME, quirks={quirk: "hidden"}, api=ONE_BY_ONE)
    stopped_after(lab, 1)
    configuration = configuration_of(NEW % "")
    for _ in range(2):
        plan = lab.plan(configuration)
        assert plan.changes == ()
        assert [(str(row.address), row.fields) for row in plan.unverifiable] == [(ADA, (FLAG,))]
        for picture in (plan_text.render(plan, TYPES), markdown(plan, TYPES), html(plan, TYPES)):
            assert f"mailbox.{FLAG} on 1 object, which may lack it: {ADA} (--rotate" in picture
    other = lab.plan(configuration_of(NEW % ", lastname: Byron"))
    assert [one.name for one in other.changes[0].fields] == ["lastname"], "it is not its user's who changed the name"
    again = lab.plan(configuration, Options(rotate=(Pattern.of(ADA, TYPES),)))
    assert [one.status for one in lab.apply(configuration, again)] == [Status.DONE]
    assert lab.emulator.log_in("ada@a.example", PASSWORD, "a-Secret-0f-my-own")
    after = lab.plan(configuration)
    assert (after.changes, after.unverifiable == ()) == ((), quirk == "force_new_password")


def test_what_a_user_did_is_not_taken_back() -> None:
    lab = Lab(seed=HOME)
    configuration = configuration_of(NEW % "")
    lab.apply(configuration)
    saved = lab.plan(configuration_of(NEW % ", lastname: Byron"), Options(rotate=(Pattern.of(ADA, TYPES),)))
    assert saved.changes[0].secrets == ("password",)
    assert not lab.emulator.log_in("ada@a.example", PASSWORD), "the password must be changed first"
    assert lab.emulator.log_in("ada@a.example", PASSWORD, "a-Secret-0f-my-own")
    plan = lab.plan(configuration)
    assert (plan.changes, plan.unverifiable) == ((), ())


def test_a_saved_plan_that_finishes_a_creation_does_nothing_to_a_mailbox_in_use() -> None:
    lab = Lab(seed=HOME, api=ONE_BY_ONE)
    stopped_after(lab, 1)
    configuration = configuration_of(NEW % "")
    saved = lab.plan(configuration)
    lab.apply(configuration, saved)
    assert [one.status for one in lab.apply(configuration, saved)] == [Status.IN_EFFECT]
    assert lab.emulator.log_in("ada@a.example", PASSWORD, "a-Secret-0f-my-own")
    assert [one.status for one in lab.apply(configuration, saved)] == [Status.IN_EFFECT]
    assert lab.emulator.has_password(ADA, "a-Secret-0f-my-own")


def test_a_mailbox_that_somebody_else_made_meanwhile_keeps_its_password() -> None:
    lab = Lab(seed=HOME)
    body = {"name": "ada", "firstname": "Ada", "password": "another-0ne", "password_confirmation": "another-0ne"}

    def between(request: Request, answer: Any) -> Response:
        if request.method == "POST":
            answer(Request("POST", request.path, {}, request.headers, json.dumps(body).encode()))
        return answer(request)

    lab.between = between
    (one,) = lab.apply(configuration_of(NEW % ""))
    assert one.status is Status.FAILED
    assert one.error == f"somebody else made it meanwhile: {FLAG} did not take effect"
    assert lab.emulator.has_password(ADA, "another-0ne")


def test_a_report_that_fails_ends_the_run_and_what_is_queued_is_not_sent() -> None:
    failed, sent = threading.Event(), list[Request]()

    def between(request: Request, answer: Any) -> Response:
        if request.method == "POST":
            sent.append(request)
            name = json.loads(request.body)["name"]
            if name == "m0":  # a is read back and reported meanwhile, which takes the other slot
                assert failed.wait(20)
            elif name != "a":  # the others leave the coordinator the time to say that it is over
                lab.stop.wait(0.02)
        return answer(request)

    def full(_: Outcome) -> None:
        failed.set()
        raise OSError(28, "No space left on device")

    api = ApiSettings(concurrency=2, retries=1)
    lab = Lab(seed={"domains": {"a.example": {}, "b.example": {}}}, api=api, between=between, report=full)
    box = "{firstname: M, password: {env: PW}}"
    many = ", ".join(f"m{number}: {box}" for number in range(400))
    with pytest.raises(OSError, match="No space"):
        lab.apply(
            configuration_of(
                f"domains: {{a.example: {{mailboxes: {{a: {box}}}}}, b.example: {{mailboxes: {{{many}}}}}}}"
            )
        )
    assert len(sent) < 100


def test_a_fault_of_our_own_ends_the_run_in_order() -> None:
    """What a thread raises unforeseen once killed the coordinator, while the pool went on writing."""
    names = ", ".join(f"m{number}: {{firstname: M, password: {{env: PW}}}}" for number in range(30))
    sent: list[Request] = []

    def between(request: Request, answer: Any) -> Response:
        if request.method == "POST":
            sent.append(request)
            if len(sent) == 3:
                raise ZeroDivisionError("a fault")
        return answer(request)

    lab = Lab(seed=HOME, between=between)
    told_of: list[Outcome] = []
    lab.report = told_of.append
    with pytest.raises(ZeroDivisionError):
        lab.apply(configuration_of(f"domains: {{a.example: {{mailboxes: {{{names}}}}}}}"))
    assert len(sent) < 12, "nothing new is sent"
    assert len(told_of) == 30, "all of them are told"
    made = set(lab.emulator.dump()["domains"]["a.example"]["mailboxes"])
    assert {one.address.key.partition("@")[0] for one in told_of if one.status is Status.DONE} == made
    assert len([one for one in told_of if one.status is Status.UNKNOWN]) == 1


def crowd(count: int, catch_all: str = "") -> str:
    """A configuration with so many new mailboxes whose first password must be changed."""
    boxes = {f"m{number:04}": {"firstname": "M", "password": {"env": "PW"}, FLAG: True} for number in range(count)}
    domain = {"catch_all_enabled": True, "catch_all_destination": catch_all} if catch_all else {}
    return json.dumps({"domains": {"a.example": {"mailboxes": boxes, **domain}}})


@pytest.mark.parametrize("writes", [50, 150, 350, 700])
def test_a_run_that_ends_anywhere_leaves_few_half_made(writes: int) -> None:
    """At most a hundred, or as many as are whole: what is half made has a password that nobody knows."""
    lab = Lab(seed=HOME)
    sent = 0

    def between(request: Request, answer: Any) -> Response:
        nonlocal sent
        sent += request.method in ("POST", "PUT")
        if sent >= writes:
            lab.stop.set()
        return answer(request)

    lab.between = between
    outcomes = lab.apply(configuration_of(crowd(400)))
    half = sum(1 for one in outcomes if one.error and one.error.startswith("created;"))
    whole = sum(1 for one in outcomes if one.status is Status.DONE)
    assert len(outcomes) == 400
    assert half <= max(100, whole)
    assert {one.status for one in outcomes} <= {Status.DONE, Status.SKIPPED}


def test_what_is_held_back_costs_few_requests_more() -> None:
    lab = Lab(seed=HOME)
    assert {one.status for one in lab.apply(configuration_of(crowd(800)))} == {Status.DONE}
    reads = [one for one in lab.emulator.requests if one.method == "GET"]
    assert len(reads) < 80, "its list is read after each 100, 200, 400 … that are made"


def test_creations_that_only_those_held_back_wait_for_are_made() -> None:
    """All that is half made waits for one that is held back: nothing hangs, and nothing is given up."""
    lab = Lab(seed=HOME, api=ApiSettings(concurrency=1))
    wish = crowd(MOST_HALF_MADE + 20, catch_all=f"m{MOST_HALF_MADE + 19:04}@a.example")
    assert {one.status for one in lab.apply(configuration_of(wish))} == {Status.DONE}
    assert lab.plan(configuration_of(wish)).changes == ()
