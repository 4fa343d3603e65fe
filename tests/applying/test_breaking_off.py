"""A run that breaks off, wherever it does, tells what was done and what was not."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qboxctl.api.client import Client
from qboxctl.applying.apply import Applied, Hooks, apply_plan
from qboxctl.applying.preflight import Checked
from qboxctl.config.secrets import Secrets
from qboxctl.config.settings import ApiSettings
from qboxctl.emulator import Request, Response
from qboxctl.errors import JournalError, QboxctlError
from qboxctl.model import Outcome, Revealed, Status
from qboxctl.schema.calls import Call
from qboxctl.schema.kinds import Kinds
from tests.support import keys
from tests.support.lab import TOKEN, FakeClock, Lab, configuration_of
from tests.support.shapes import KINDS, lab

ONE_BY_ONE = ApiSettings(concurrency=1)
CARDS = {"houses": {"h1": {"cards": {"acme": {"nickname": "A", "phones": ["1"]}, "b": {}}}}}
WISH = "houses: {h1: {cards: {acme: {phones: ['2']}, b: {phones: ['2']}, c: {}}}}"
TAKEN = b'{"message": "no", "errors": [{"field": "name", "description": "already exists"}]}'
Answer = Callable[[Request], Response]


def applied(house: Lab, text: str = WISH, journal: Path = Path("/dev/null"), hooks: Hooks | None = None) -> Applied:
    configuration = configuration_of(text, types=house.types)
    plan = house.plan(configuration)
    with closing(Client(house.endpoint, Revealed(TOKEN), house.api, **house.options())) as client:
        done = apply_plan(
            plan,
            configuration,
            client,
            types=house.types,
            secrets=Secrets({}),
            approve=lambda _plan: True,
            checked=Checked(plan.changes, (), ()),
            journal=journal,
            hooks=hooks,
        )
    assert [one.address for one in done.outcomes] == [change.address for change in plan.changes]
    return done


class Unread:
    """A journal that cannot be written once a request with some method came; with ``lost`` that is not done either."""

    def __init__(self, path: Path, method: str, *, lost: bool = False) -> None:
        os.mkfifo(path)
        self.path, self.method, self.lost = path, method, lost
        self.reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.came: list[Request] = []

    def __call__(self, request: Request, answer: Answer) -> Response:
        if request.method != self.method:
            return answer(request)
        self.came.append(request)
        os.close(self.reader)
        return Response(0, broken="drop") if self.lost else answer(request)


def cards(house: Lab) -> dict[str, Any]:
    return house.emulator.dump(codes=False)["houses"]["h1"]["cards"]


def broken(*_told: object) -> None:
    raise RuntimeError("out of order")


@pytest.mark.parametrize("hooks", [Hooks(outcome=broken), Hooks(sent=broken)], ids=["outcome", "sent"])
def test_a_hook_that_fails_ends_the_run_in_order(hooks: Hooks) -> None:
    house = lab(seed=CARDS, api=ONE_BY_ONE)
    done = applied(house, hooks=hooks)
    assert isinstance(done.failure, RuntimeError)
    there = cards(house)
    for one in done.outcomes:
        name = one.address.key.rpartition("/")[2]
        written = name in there if name == "c" else there[name]["phones"] == [{"value": "2", "type": "home"}]
        assert written == (one.status is Status.DONE), one


def test_a_hook_that_fails_at_the_beginning_leaves_all_as_it_was() -> None:
    house = lab(seed=CARDS)
    before = cards(house)
    with pytest.raises(RuntimeError):
        applied(house, hooks=Hooks(begin=broken))
    assert cards(house) == before


class Broken(FakeClock):
    """A clock on which nobody can wait in the thread that runs the loop."""

    def sleep(self, seconds: float) -> None:
        if threading.current_thread() is threading.main_thread():
            raise RuntimeError("out of order")
        super().sleep(seconds)


def test_a_fault_of_the_loop_itself_leaves_nothing_untold() -> None:
    house = lab(seed=CARDS, api=ONE_BY_ONE, quirks={"delete": "queued"}, clock=Broken())
    done = applied(house)
    assert isinstance(done.failure, RuntimeError)
    assert {one.status for one in done.outcomes} >= {Status.UNKNOWN}


def test_a_journal_that_fails_between_a_deletion_and_the_creation_stops_the_run(tmp_path: Path) -> None:
    """The first line of the second object's replacement cannot be written, nor anything after it."""
    unread = Unread(tmp_path / "journal", "DELETE")
    house = lab(seed=CARDS, api=ONE_BY_ONE, between=unread)
    done = applied(house, "houses: {h1: {cards: {acme: {phones: ['2']}}}}", journal=unread.path)
    assert isinstance(done.failure, JournalError)
    (one,) = done.outcomes
    assert one.status is Status.FAILED
    assert str(one.error).startswith("it was deleted to be created again (no file states its nickname), and that")
    assert list(cards(house)) == ["b"]


def test_a_lost_creation_is_not_forgotten_where_the_journal_fails_after_it(tmp_path: Path) -> None:
    unread = Unread(tmp_path / "journal", "POST", lost=True)
    house = lab(between=unread)
    done = applied(house, "houses: {h1: {}}", journal=unread.path)
    assert len(unread.came) == 1
    assert isinstance(done.failure, JournalError)
    assert [one.status for one in done.outcomes] == [Status.UNKNOWN]


def test_what_was_written_before_the_journal_failed_is_told(tmp_path: Path) -> None:
    unread = Unread(tmp_path / "journal", "PUT")
    boxes = {"ada": {"firstname": "A", "lastname": "B"}}
    account = Lab(seed={"domains": {"a.example": {"mailboxes": boxes}}}, between=unread)
    done = applied(
        account, "domains: {a.example: {mailboxes: {ada: {lastname: C, status: disabled}}}}", journal=unread.path
    )
    (one,) = done.outcomes
    assert (one.status, done.touched) == (Status.FAILED, True)
    assert str(one.error).startswith("lastname was written; status was not sent: the journal ")


def test_a_secret_whose_journal_fails_between_a_deletion_and_the_creation_is_told_to_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    unread = Unread(Path("journal"), "DELETE")
    house = Lab(types=keys.KINDS, seed={"houses": {"h1": {"keys": {"front": {}}}}}, between=unread)
    done = applied(house, "houses: {h1: {keys: {front: {store: {file: front}}}}}", journal=unread.path)
    (one,) = done.outcomes
    assert (one.status, done.touched) == (Status.FAILED, True)
    assert str(one.error).startswith("it was deleted to be made anew, and that failed: the journal ")
    assert house.emulator.dump(codes=False)["houses"]["h1"].get("keys", {}) == {}


@pytest.mark.parametrize("waits", [1, 2, 5])
def test_what_was_deleted_to_be_created_again_is_told_to_be_gone(waits: int) -> None:
    """The run is stopped while the name is not free: by the first refusal, or while it waits after some of them."""
    refused: list[Request] = []

    def stopping(request: Request, answer: Answer) -> Response:
        if request.method != "POST":
            return answer(request)
        refused.append(request)
        if len(refused) == waits:
            house.clock.after(0.1, house.stop.set)
        return Response(422, {}, TAKEN)

    house = lab(seed=CARDS, between=stopping)
    done = applied(house, "houses: {h1: {cards: {acme: {phones: ['2']}}}}")
    (one,) = done.outcomes
    gone = "it was deleted to be created again (no file states its nickname), and its deletion is queued"
    assert (one.status, one.error) == (Status.WAITING, gone)


ACME = {"fullname": "Acme", "emails": ["x@acme.example"], "notes": "precious"}
BOOK = {"address_books": {"Customers": {"contacts": {"Acme": ACME}}}}
MOVED = (
    "domains: {a.example: {mailboxes: {ada: {address_books: {Customers: {contacts: {Acme: "
    "{fullname: Acme, emails: [y@acme.example]}}}}}}}}"
)


def contacts(lab: Lab) -> dict:
    ada = lab.emulator.dump(codes=False)["domains"]["a.example"]["mailboxes"]["ada"]
    return ada["address_books"]["Customers"]["contacts"]


def replaced(answers: list[Response]) -> tuple[Lab, Outcome]:
    """A contact on a server that cannot change one, whose creations get some answers before they are heard."""

    def answering(request: Request, answer: Answer) -> Response:
        return answers.pop(0) if request.method == "POST" and answers else answer(request)

    lab = Lab(seed={"domains": {"a.example": {"mailboxes": {"ada": BOOK}}}}, between=answering)
    (one,) = lab.apply(configuration_of(MOVED))
    return lab, one


def test_what_is_created_again_waits_for_its_name_and_keeps_what_no_file_states() -> None:
    lab, one = replaced([Response(422, {}, TAKEN)] * 2)
    assert (one.status, one.error) == (Status.DONE, None)
    assert {name: row["notes"] for name, row in contacts(lab).items()} == {"Acme": "precious"}
    assert contacts(lab)["Acme"]["emails"] == [{"type": "home", "value": "y@acme.example"}]


NO = Response(422, {}, b'{"message": "no", "errors": [{"field": "emails", "description": "bad"}]}')


def test_what_is_refused_as_it_is_wanted_is_created_again_as_it_was() -> None:
    lab, one = replaced([NO])
    assert one.status is Status.FAILED
    assert str(one.error).endswith("; it was created again as it was")
    assert contacts(lab)["Acme"]["emails"] == [{"type": "home", "value": "x@acme.example"}]
    assert contacts(lab)["Acme"]["notes"] == "precious"


def test_what_cannot_be_created_again_at_all_is_told_with_all_that_it_had() -> None:
    lab, one = replaced([NO, NO])
    assert one.status is Status.FAILED
    assert "putting it back failed too" in str(one.error)
    assert "precious" in str(one.error)
    assert contacts(lab) == {}


BUSY = Response(429, {"Retry-After": "99999"}, b"{}")
TROUBLE = Response(503, {}, b"")


@pytest.mark.parametrize(("answer", "status"), [(BUSY, Status.FAILED), (TROUBLE, Status.UNKNOWN)])
def test_what_could_not_be_created_again_is_told_whatever_was_answered(answer: Response, status: Status) -> None:
    _, one = replaced([answer] * 9)
    assert (one.status, "precious" in str(one.error)) == (status, True)


def test_what_was_not_taken_for_now_is_created_again_as_it_was() -> None:
    lab, one = replaced([BUSY])
    assert str(one.error).endswith("; it was created again as it was")
    assert contacts(lab)["Acme"]["notes"] == "precious"


@pytest.mark.parametrize("rows", ["full", "abridged"])
def test_what_is_going_holds_its_own_name_only_while_it_is_going(rows: str) -> None:
    """An abridged list shows an object whose deletion is queued as it was: it is not another one of that name."""
    house = lab(quirks={"delete": "queued", "list_detail": rows}, seed=CARDS)
    done = applied(house, "houses: {h1: {cards: {acme: {phones: ['2']}}}}")
    assert [one.status for one in done.outcomes] == [Status.DONE]
    assert house.emulator.dump(codes=False)["houses"]["h1"]["cards"]["acme"]["phones"] == [
        {"value": "2", "type": "home"}
    ]


def test_a_proof_that_was_accepted_is_not_asked_for_again() -> None:
    """The run is stopped between the proof and the look that would have shown it."""

    def stopping(request: Request, answer: Answer) -> Response:
        response = answer(request)
        if "ownership" in request.path:
            account.stop.set()
        return response

    account = Lab(between=stopping)
    account.emulator.publish("a.example")
    configuration = configuration_of("domains: {a.example: {postmaster_password: {env: PW}}}")
    (one,) = account.apply(configuration)
    told = "created; its ownership proof was accepted, and is not in effect yet"
    assert (one.status, one.error) == (Status.WAITING, told)


def test_what_came_into_a_nested_object_meanwhile_keeps_it_where_it_is() -> None:
    """The plan saw an empty room; by the time it is deleted, somebody has put a shelf there, which holds it back."""
    holding = Kinds([replace(one, goes_along=False) if one.kind == "shelf" else one for one in KINDS.values()])

    def rival(request: Request, answer: Answer) -> Response:
        if request.method == "GET" and "/shelves" in request.path:
            looks.append(request)
            if len(looks) == 3:  # after that of the plan, and that of the last check
                answer(replace(request, method="POST", body=b'{"name": "low"}'))
        return answer(request)

    looks: list[Request] = []
    seed = {"houses": {"h1": {"rooms": {"hall": {}}}}}
    house = Lab(types=holding, seed=seed, between=rival)
    configuration = configuration_of("houses: {h1: {rooms: {hall: {state: absent}}}}", types=holding)
    (one,) = house.apply(configuration)
    assert one.error == "it was not deleted, since it holds shelf/h1/hall/low now"
    assert "hall" in house.emulator.dump()["houses"]["h1"]["rooms"]


@pytest.mark.parametrize("codes", [{}, {"house": ""}, {"id": "X1"}])
def test_no_path_lacks_the_code_of_what_it_leads_through(codes: dict[str, str]) -> None:
    with pytest.raises(QboxctlError, match=r"DELETE .*: the code for .*house.* is not known"):
        Call("DELETE", "/api/houses/{house}/rooms/{id}").path_for({**codes})
