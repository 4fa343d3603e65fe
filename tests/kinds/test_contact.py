"""Address books and contacts: found by what is known of them, changed where the API can, and strangers left alone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from qboxctl.config.yaml.reader import load_plain
from qboxctl.emulator import QUIRKS, Request, Response
from qboxctl.errors import ConfigError
from qboxctl.model import Action, Outcome, Status
from qboxctl.planning.advisories import advise
from qboxctl.planning.planner import make_plan
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.exports import ALL, exported
from tests.support.lab import Lab, configuration_of

BOOK, ACME = "address_book/ada@a.example/Customers", "contact/ada@a.example/Customers/acme"
GONE = {"state": "absent"}


def files(books: dict[str, Any], **settings: Any) -> str:
    mailbox = {"firstname": "Ada", "password": {"env": "PW"}, "address_books": books}
    return json.dumps({"settings": settings, "domains": {"a.example": {"mailboxes": {"ada": mailbox}}}})


def seeded(books: dict[str, Any]) -> dict[str, Any]:
    return {"domains": {"a.example": {"mailboxes": {"ada": {"firstname": "Ada", "address_books": books}}}}}


def customers(**contacts: Any) -> dict[str, Any]:
    return {"Customers": {"contacts": contacts}}


def apply(lab: Lab, text: str) -> dict[str, Outcome]:
    configuration = configuration_of(text)
    plan = lab.plan(configuration)
    return {str(one.address): one for one in lab.apply(configuration, plan, acknowledge=plan.id)}


def live(lab: Lab, *, codes: bool = False) -> dict[str, Any]:
    return dict(lab.emulator.dump(codes=codes)["domains"]["a.example"]["mailboxes"]["ada"]["address_books"])


def sent(lab: Lab) -> list[str]:
    return [one.method for one in lab.emulator.requests if one.method != "GET" and one.status < 400]


OWN = [{name: value} for name in QUIRKS if name.startswith(("contact_", "addressbook_")) for value in QUIRKS[name]]
OTHERS = [
    {"ids": "number"}, {"list_detail": "abridged"}, {"empty_list": "404"}, {"delete": "queued"},
    {"create_answer": "location"}, {"create_answer": "nothing"}, {"create_answer": "resources"}, {"order": "shuffled"},
    {"descriptions": "escaped"}, {"extra_fields": "noise"}, {"write_answer": "200-resources"},
    {"contact_update": "put", "contact_type": "scalar", "addressbook_code": "other", "ids": "number"},
]  # fmt: skip


@pytest.mark.parametrize("quirks", [*OWN, *OTHERS], ids=lambda one: ",".join(f"{k}={v}" for k, v in one.items()))
def test_books_and_contacts_are_made_changed_and_removed(quirks: dict[str, str]) -> None:
    lab = Lab(quirks=quirks, seed=seeded({}))
    pins: dict[str, Any] = {}
    if quirks.get("addressbook_list") == "absent":
        lab = Lab(quirks=quirks, seed=seeded({"Customers": {"id": "77"}}))
        pins = {"id": "77"}
    acme = {"fullname": "Acme & Söhne", "emails": ["Info@Acme.example", {"value": "boss@acme.example", "type": "work"}],
            "phone_numbers": ["1", {"value": "2", "type": "home fax"}], "url": ["https://acme.example"],
            "addresses": [{"street_address": "X", "city": "Y"}], "notes": "two\nlines"}  # fmt: skip
    for contacts in (
        {"acme": acme, "bob": {"surname": "B"}},
        {"acme": {**acme, "notes": ""}, "bob": {"surname": "C", "emails": ["bob@x.example"]}},
        {"acme": GONE | {"fullname": "Acme & Söhne"}, "bob": {"surname": "C"}},
    ):
        text = files({"Customers": {**pins, "contacts": contacts}})
        done = apply(lab, text)
        assert {one.status for one in done.values()} == {Status.DONE}
        again = lab.plan(configuration_of(text))
        assert not again.changes
        assert {str(one.address) for one in again.unverifiable} == ({BOOK} if pins else set())
    (book,) = live(lab).values()
    (bob,) = book["contacts"].values()
    assert (bob["surname"], bob["emails"]) == ("C", [{"value": "bob@x.example", "type": "home"}])


@pytest.mark.parametrize(("quirk", "expected"), [("absent", ["DELETE", "POST"]), ("put", ["PUT"])])
def test_a_contact_is_changed_where_the_api_can_and_keeps_what_no_file_states(quirk: str, expected: list[str]) -> None:
    seed = seeded(customers(acme={"surname": "A", "nickname": "Nick", "phone_numbers": ["1"]}))
    lab = Lab(quirks={"contact_update": quirk}, seed=seed)
    assert apply(lab, files(customers(acme={"surname": "B"})))[ACME].status is Status.DONE
    assert sent(lab) == expected
    acme = live(lab)["Customers"]["contacts"]["acme"]
    assert (acme["surname"], acme["nickname"], acme["phone_numbers"]) == ("B", "Nick", [{"value": "1", "type": "home"}])


def test_a_contact_that_the_api_can_neither_change_nor_delete_is_not_doubled() -> None:
    def between(request: Request, answer: Any) -> Response:
        missing = "/contacts/" in request.path and request.method in ("PUT", "DELETE")
        return Response(404, {}, b'{"message": "Not found", "errors": []}') if missing else answer(request)

    lab = Lab(seed=seeded(customers(acme={"surname": "A"})), between=between)
    done = apply(lab, files(customers(acme={"surname": "B"})))[ACME]
    assert done.status is Status.FAILED
    assert "this API has no such call (404 Not found, and it is still there)" in str(done.error)
    assert list(live(lab)["Customers"]["contacts"]) == ["acme"]


@pytest.mark.parametrize("form", QUIRKS["descriptions"])
@pytest.mark.parametrize("update", QUIRKS["contact_update"])
def test_a_name_that_is_shown_in_another_form_is_not_sent_back_in_it(update: str, form: str) -> None:
    name = "Zoë & Co, the company of a name that is longer than most of what people call one"
    lab = Lab(
        quirks={"contact_update": update, "descriptions": form}, seed=seeded(customers(**{name: {"surname": "A"}}))
    )
    wish = files(customers(**{name: {"surname": "B"}}))
    (before,) = live(lab)["Customers"]["contacts"].values()
    assert {one.status for one in apply(lab, wish).values()} == {Status.DONE}
    (after,) = live(lab)["Customers"]["contacts"].values()
    assert (after["fullname"], after["surname"]) == (before["fullname"], "B")
    assert not lab.plan(configuration_of(wish)).changes


@pytest.mark.parametrize("photo", [{"value": "x"}, "https://x.example/1.png", ["x"], [{"value": "x"}]])
def test_a_photo_in_any_form_is_there(photo: Any) -> None:
    lab = Lab(seed=seeded(customers(acme={"surname": "A"})))
    lab.between = with_photo(photo)
    with pytest.raises(ConfigError, match="1 problem"):
        lab.plan(configuration_of(files(customers(acme={"surname": "B"}))))
    lab.between = with_photo([])
    assert lab.plan(configuration_of(files(customers(acme={"surname": "B"})))).changes


def with_photo(photo: Any) -> Any:
    def between(request: Request, answer: Any) -> Response:
        response = answer(request)
        if request.method != "GET" or "contacts" not in request.path:
            return response
        content = json.loads(response.body)
        for row in content.get("resources", [content]):
            row["photo"] = photo
        return Response(response.status, response.headers, json.dumps(content).encode())

    return between


def test_what_is_sent_again_is_deleted_and_created_again_and_may_lose_nothing() -> None:
    wish = files(customers(acme={"surname": "A", "extra": {"odd": "1"}}))
    again = Options(rotate=(Pattern.of("contact/*/*/*", TYPES),))
    lab = Lab(seed=seeded(customers(acme={"surname": "A"})))
    (change,) = lab.plan(configuration_of(wish), again).changes
    assert "; it is deleted and created again" in change.reason
    lab = Lab(seed=seeded(customers(acme={"surname": "A", "birthday": "1990-01-01"})))
    with pytest.raises(ConfigError, match="1 problem"):
        lab.plan(configuration_of(wish), again)


@pytest.mark.parametrize("own", [{"birthday": "1990-01-01"}, {"photo": [{"value": "x", "type": "png"}]}])
@pytest.mark.parametrize("quirk", QUIRKS["contact_update"])
def test_what_would_be_lost_is_an_error_of_the_plan(own: dict[str, Any], quirk: str) -> None:
    lab = Lab(quirks={"contact_update": quirk}, seed=seeded(customers(acme={"surname": "A", **own})))
    assert not lab.plan(configuration_of(files(customers(acme={"surname": "A"})))).changes
    with pytest.raises(ConfigError) as caught:
        lab.plan(configuration_of(files(customers(acme={"surname": "B"}))))
    (wrong,) = caught.value.diagnostics
    assert wrong.address == ACME
    assert f"loses its {next(iter(own))}" in wrong.message


MATCHES = [
    # what is live, what is declared of acme, which uid it is
    ({"A": {"fullname": "acme ltd"}}, {"fullname": "Acme Ltd"}, "1"),
    ({"A": {"emails": ["x@y.example"]}}, {"emails": ["x@y.example"], "surname": "S"}, "1"),
    ({"A": {"emails": ["x@y.example"]}, "B": {"fullname": "Acme"}}, {"fullname": "Acme", "emails": ["x@y.example"]},
     "2"),
    ({"A": {"emails": ["x@y.example"]}}, {"fullname": "Acme", "emails": ["X@Y.example"]}, "1"),
    ({"A": {"emails": ["z@y.example"]}}, {"fullname": "Acme", "emails": ["x@y.example", "z@y.example"]}, ""),
    ({"A": {"emails": ["x@y.example"]}}, {"id": 1, "fullname": "Other"}, "1"),
    ({"acme": {}}, {"surname": "S"}, "1"),
]  # fmt: skip


@pytest.mark.parametrize(("there", "declared", "uid"), MATCHES)
def test_a_contact_is_known_by_id_then_name_then_address(
    there: dict[str, Any], declared: dict[str, Any], uid: str
) -> None:
    contacts = {name: {"uid": str(number), **body} for number, (name, body) in enumerate(there.items(), 1)}
    lab = Lab(seed=seeded({"Customers": {"contacts": contacts}}))
    (change,) = lab.plan(configuration_of(files(customers(acme={**declared, "nickname": "N"})))).changes
    assert change.action is (Action.UPDATE if uid else Action.CREATE)
    assert (change.remote_id or "") == uid


@pytest.mark.parametrize(
    ("there", "declared"),
    [
        ({"A": {"fullname": "Acme"}, "B": {"fullname": "acme"}}, {"fullname": "Acme"}),
        ({"A": {"emails": ["x@y.example"]}, "B": {"emails": ["x@y.example"]}}, {"emails": ["x@y.example"]}),
    ],
)
def test_two_that_may_be_meant_are_an_error_that_lists_them(there: dict[str, Any], declared: dict[str, Any]) -> None:
    contacts = {name: {"uid": str(number), **body} for number, (name, body) in enumerate(there.items(), 41)}
    with pytest.raises(ConfigError) as caught:
        Lab(seed=seeded({"Customers": {"contacts": contacts}})).plan(configuration_of(files(customers(acme=declared))))
    (wrong,) = caught.value.diagnostics
    assert "ids 41, 42" in wrong.message
    assert (wrong.address, wrong.position.line) == (ACME, 1)


def test_strangers_are_neither_told_nor_removed_nor_asked_for() -> None:
    there = {"acme": {"surname": "A"}, **{f"c{number}": {} for number in range(20)}}
    lab = Lab(seed=seeded({"Customers": {"contacts": there}, "Private": {"contacts": {"x": {}}}}))
    plan = lab.plan(configuration_of(files(customers(acme={"surname": "A"}))))
    assert not plan.changes
    assert not plan.unmanaged
    assert dict(plan.requests) == {"address_book": 1, "contact": 2}
    with pytest.raises(ConfigError) as caught:
        configuration_of(files({}, on_remove={"contact": "delete"}))
    assert 'unknown key "contact"' in caught.value.diagnostics[0].message


def test_the_book_that_a_new_mailbox_has_by_itself_is_not_made_again() -> None:
    lab = Lab(seed={"domains": {"a.example": {}}})
    text = files({"personal": {"contacts": {"acme": {"surname": "A"}}}, "Customers": {}})
    done = apply(lab, text)
    assert {one.status for one in done.values()} == {Status.DONE, Status.IN_EFFECT}
    assert not lab.plan(configuration_of(text)).changes
    assert {name: list(book.get("contacts", ())) for name, book in live(lab).items()} == {
        "Personal": ["acme"],
        "Customers": [],
    }


@pytest.mark.parametrize("value", QUIRKS["addressbook_write"])
def test_a_pinned_book_is_renamed_where_the_api_can(value: str) -> None:
    lab = Lab(quirks={"addressbook_write": value}, seed=seeded({"Clients": {"id": "77"}}))
    text = files({"Customers": {"id": 77, "contacts": {"acme": {}}}})
    done = apply(lab, text)
    assert done[ACME].status is Status.DONE, "the rest goes on"
    if value == "present":
        assert done[BOOK].status is Status.DONE
        assert list(live(lab)) == ["Customers"]
    else:
        assert done[BOOK].status is Status.FAILED
        assert "this API has no such call" in (done[BOOK].error or "")


@pytest.mark.parametrize(("write", "done"), [("absent", Status.FAILED), ("present", Status.DONE)])
def test_a_book_that_can_be_neither_listed_nor_deleted_is_not_called_deleted(write: str, done: Status) -> None:
    quirks = {"addressbook_list": "absent", "addressbook_write": write}
    lab = Lab(quirks=quirks, seed=seeded({"Customers": {"id": "77", "contacts": {"acme": {}}}}))
    text = files({"Customers": {"id": 77, "state": "absent"}})
    one = apply(lab, text)[BOOK]
    assert (one.status, "this API has no such call" in (one.error or "")) == (done, done is Status.FAILED)
    assert bool(lab.plan(configuration_of(text)).changes) == (done is Status.FAILED)


def test_the_pin_of_a_book_that_cannot_be_listed_is_told_when_it_is_made() -> None:
    lab = Lab(quirks={"addressbook_list": "absent"}, seed={"domains": {"a.example": {}}})
    done = apply(lab, files({"Customers": {}}))[BOOK]
    assert done.status is Status.DONE
    assert str(done.error).startswith("the account does not tell its name: write id: ")


def test_books_that_cannot_be_listed_need_a_pin() -> None:
    lab = Lab(quirks={"addressbook_list": "absent"}, seed=seeded({"Customers": {"id": "77", "contacts": {"acme": {}}}}))
    with pytest.raises(ConfigError) as caught:
        lab.plan(configuration_of(files(customers(acme={}))))
    (wrong,) = caught.value.diagnostics
    assert (wrong.address, wrong.position.line) == (BOOK, 1)
    assert "this API has no call that lists the address books of a mailbox" in wrong.message
    assert not lab.plan(configuration_of(files({"Customers": {"id": 77, "contacts": {"acme": {}}}}))).changes


@pytest.mark.parametrize(("status", "body"), [(404, b'{"error": "Not Found"}'), (405, b""), (405, b"<html>No</html>")])
def test_a_list_of_books_that_is_not_there_is_known_by_pages_of_any_form(status: int, body: bytes) -> None:
    def between(request: Request, answer: Any) -> Response:
        missing = request.method == "GET" and re.fullmatch("/api/addressbooks/[^/]+", request.path)
        return Response(status, {}, body) if missing else answer(request)

    lab = Lab(seed=seeded({"Customers": {}}), between=between)
    with pytest.raises(ConfigError) as caught:
        lab.plan(configuration_of(files({"Customers": {}})))
    (wrong,) = caught.value.diagnostics
    assert "this API has no call that lists the address books of a mailbox" in wrong.message


@pytest.mark.parametrize("quirks", [{}, {"addressbook_list": "absent"}])
def test_a_pinned_book_that_is_to_go_goes_once(quirks: dict[str, str]) -> None:
    lab = Lab(quirks=quirks, seed=seeded({"Customers": {"id": "77", "contacts": {"acme": {}, "bob": {}}}}))
    text = files({"Customers": {"id": 77, **GONE}})
    (change,) = lab.plan(configuration_of(text)).changes
    assert (change.action, "with it go 2 contacts" in change.reason) == (Action.DELETE, True)
    assert {one.status for one in apply(lab, text).values()} == {Status.DONE}
    assert not live(lab)
    assert not lab.plan(configuration_of(text)).changes


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        ({"phone_numbers": [{"value": "1", "type": "mobile"}]}, "write one of work, home, cell, home fax, work fax"),
        ({"emails": ["nobody"]}, "is not an e-mail address"),
        ({"emails": [{"type": "work"}]}, "value is needed here"),
        ({"addresses": [{"type": "work"}]}, "street_address is needed here"),
        ({"birthday": "1990-01-01"}, "birthday: no file can state this"),
        ({"telephone": "1"}, 'unknown attribute "telephone"'),
    ],
)
def test_what_files_cannot_say(contact: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configuration_of(files(customers(acme=contact)))
    assert said in caught.value.diagnostics[0].message


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("contact/*@a.example/*/*", ["A%2FB 100%25/Zoe", "Customers/acme"]),
        ("contact/ada@a.example/A%2FB 100%25/*", ["A%2FB 100%25/Zoe"]),
        ("contact/*/customers/*", ["Customers/acme"]),
    ],
)
def test_names_keep_their_case_and_patterns_match_each_segment(pattern: str, matched: list[str]) -> None:
    books = {**customers(acme={}), "A/B 100%": {"contacts": {"Zoe": {}}}}
    lab = Lab(seed=seeded({}))
    plan = lab.plan(configuration_of(files(books)), Options(targets=(Pattern.of(pattern, TYPES),)))
    found = [one.address.key.partition("/")[2] for one in plan.changes if one.address.kind == "contact"]
    assert sorted(found) == matched


def test_who_ignores_a_book_ignores_what_is_in_it() -> None:
    text = json.loads(files({**customers(acme={}), "Private": {}}))
    text["ignore"] = ["address_book/*/Customers"]
    lab = Lab(seed=seeded({}))
    plan = lab.plan(configuration_of(json.dumps(text)))
    assert [str(one.address) for one in plan.changes] == ["address_book/ada@a.example/Private"]
    assert "contact" not in plan.requests


def test_an_export_says_by_what_each_contact_is_known() -> None:
    shared = {"emails": ["info@x.example"]}
    there = customers(a={"fullname": "A", **shared}, b={"fullname": "B", **shared}, c={"fullname": "Dup"},
                      d={"fullname": "dup"}, e={"fullname": "E/1 %"})  # fmt: skip
    lab = Lab(seed=seeded(there))
    written = exported(lab, ALL)
    assert not written.left_out
    assert not lab.plan(configuration_of(written.text())).changes


BOOKS = {"Empty": {}, "Twice": {"contacts": {"a": {"fullname": "A"}}}, **customers(b={"fullname": "B"})}
EXPORTED: dict[str, tuple[str, dict[str, Any]]] = {
    # what is asked for, and the books that are written, with how many contacts
    "contacts alone": ("--kind contact", {"Twice": 1, "Customers": 1}),
    "of a domain": ("--kind contact --domain a.example", {"Twice": 1, "Customers": 1}),
    "beside what else": ("--kind contact --kind mailbox", {"Twice": 1, "Customers": 1}),
    "books alone": ("--kind address_book", {"Personal": 0, "Empty": 0, "Twice": 0, "Customers": 0}),
    "both": ("--kind contact --kind address_book", {"Personal": 0, "Empty": 0, "Twice": 1, "Customers": 1}),
    "with all": ("--with contact", {"Personal": 0, "Empty": 0, "Twice": 1, "Customers": 1}),
}


@pytest.mark.parametrize("name", EXPORTED)
def test_an_export_has_the_books_that_were_asked_for_or_hold_what_was(name: str, server: Any, project: Any) -> None:
    words, books = EXPORTED[name]
    content = seeded(BOOKS)
    content["domains"]["a.example"]["mailboxes"]["bob"] = {"firstname": "Bob"}
    server.swap(seed=content)
    done = project.run("export", *words.split())
    mailboxes = load_plain(done.out, "stdout")["domains"]["a.example"]["mailboxes"]
    ada = mailboxes["ada"]["address_books"]
    assert {book: len(body.get("contacts", {})) for book, body in ada.items()} == books
    assert "address_books" not in mailboxes.get("bob", {}) or "Personal" in books
    (project.folder / "all.yaml").write_text(done.out)
    assert project.run("plan", "-C", str(project.folder), "--detailed-exitcode").code == 0


def test_a_contact_that_is_known_by_its_address_is_not_taken_for_one_that_was_cut() -> None:
    lab = Lab(seed=seeded(customers(b={"emails": ["x@y.example"]})))
    wish = configuration_of(files(customers(acme={"emails": ["x@y.example"]})))
    live_state = lab.read_live_state(wish)
    plan = make_plan(TYPES, wish, live_state)
    assert not plan.changes
    assert not advise(wish, live_state, plan, TYPES)


def test_a_pinned_contact_that_was_created_again_tells_what_to_pin() -> None:
    lab = Lab(seed=seeded(customers(acme={"surname": "A"})))
    done = apply(lab, files(customers(acme={"id": "30001", "surname": "B"})))[ACME]
    assert done.status is Status.DONE
    assert str(done.error) == "it was created again: write id: 30002 in the place of 30001"
