"""What cannot be seen is never taken for what is not there: lists that move, hide, or answer 404."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from qboxctl.api.client import Reader
from qboxctl.api.listing import MOST_READINGS, MOST_UNTOLD, Page, Readings, untold
from qboxctl.api.reader import Account, Home, code_of
from qboxctl.emulator import Request, Response, parse_fault
from qboxctl.errors import ApiError
from qboxctl.export import Selection, query_for_export
from qboxctl.live.refresh import read_live_state
from qboxctl.model import Action, Address, Live, Plan, Revealed, Status
from qboxctl.resources import TYPES
from tests.support.keys import KINDS as SHAPES
from tests.support.lab import TOKEN, Lab, configuration_of

Answer = Callable[[Request], Response]


# -- which readings of a list are believed -----------------------------------------------------------------------


def page(ids: str, total: int | None, pages: int = 2) -> Page:
    return Page([{"id": one} for one in ids], pages, total)


GONE = Page((), 0, None, "404 Not found")
BELIEVED: dict[str, tuple[list[list[Page]], str]] = {
    "one page": ([[page("abc", 3, 1)]], "abc"),
    "no totals at all": ([[page("ab", None), page("cd", None)]], "abcd"),
    "two pages": ([[page("ab", 3), page("c", 3)]], "abc"),
    "a total on the first page only": ([[page("ab", 3), page("c", None, 0)]], "abc"),
    "an object went meanwhile": ([[page("ab", 3), page("", 2, 1)], [page("ac", 2, 1)], [page("ac", 2, 1)]], "ac"),
    "and came back": ([[page("ab", 3), page("", 2, 1)], *[[page("ab", 3), page("c", 3)]] * 2], "abc"),
    "an object came at the front": ([[page("ab", 3), page("bc", 4)], *[[page("xa", 4), page("bc", 4)]] * 2], "xabc"),
    "one went and one came": ([[page("ab", 3), page("b", 3)], *[[page("bc", 3), page("x", 3)]] * 2], "bcx"),
    "a page is missing at first": ([[page("ab", 3), GONE], *[[page("ab", 3), page("c", 3)]] * 2], "abc"),
    "a total that lags behind": ([[page("abc", 2, 1)]] * 2, "abc"),
    "a page that is not full": ([[page("a", None), page("bc", None), page("d", None)]] * 2, "abcd"),
    "pages in another order each time": (
        [[page("ab", 3), page("a", 3)], [page("cb", 3), page("c", 3)], [page("ac", 3), page("b", 3)]], "abc",
    ),
    "more with every reading": (
        [[page("ab", 2), page("c", 3)], [page("ab", 3), page("cd", 4)], [page("ab", 4), page("cde", 5)],
         [page("ab", 5), page("cdef", 6)]], "abcdef",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("readings", "whole"), BELIEVED.values(), ids=BELIEVED)
def test_which_reading_is_believed(readings: list[list[Page]], whole: str) -> None:
    taken = Readings("id")
    found = [taken.take(pages) for pages in readings]
    assert found[:-1] == [None] * (len(readings) - 1), "no earlier one"
    assert found[-1] is not None
    assert sorted(row["id"] for row in found[-1]) == sorted(whole)


DOUBTED = {
    "an object is missing": ([page("ab", 4), page("c", 4)], "3 objects of 4"),
    "fewer than counted on one page": ([page("ab", 3, 1)], "2 objects of 3"),
    "an object twice, and no total": ([page("ab", None), page("bc", None)], "twice"),
    "totals that differ": ([page("ab", 3), page("c", 4)], "3 and 4 objects"),
    "numbers of pages that differ": ([page("ab", None), page("c", None, 3)], "2 and 3 pages"),
    "no second page": ([page("ab", 3), GONE], "page 2 answers 404 Not found"),
}


@pytest.mark.parametrize(("pages", "why"), DOUBTED.values(), ids=DOUBTED)
def test_what_stays_contradictory_is_never_believed(pages: list[Page], why: str) -> None:
    taken = Readings("id")
    assert [taken.take(pages) for _ in range(MOST_READINGS)] == [None] * MOST_READINGS
    assert why in taken.why
    assert taken.alike == MOST_READINGS - 1


UNTOLD = {
    # the pages of a list that tells no totals, one reading after the other; what it holds, and the requests it takes
    "nothing": ([[""]], "", 1),
    "one page, then none": ([["abc", ""]] * 2, "abc", 4),
    "the number of a page is ignored": ([["abc", "abc"]], "abc", 2),
    "it is ignored, in another order": ([["abc", "cab"], ["bca", "abc"]], "abc", 4),
    "two pages": ([["abc", "d"]] * 2, "abcd", 4),
    "two full pages": ([["ab", "cd", ""]] * 2, "abcd", 6),
    "the last page again": ([["ab", "cd", "cd"]] * 2, "abcd", 6),
    "one went meanwhile": ([["abc", "e"], ["abd", "e"], ["abd", "e"]], "abde", 6),
    "one came meanwhile": ([["abc", "cd"], *[["xab", "cd"]] * 2], "xabcd", 6),
    "the last one seems to have gone": ([["ab", ""], ["ac", ""], ["ac", ""]], "ac", 6),
}  # fmt: skip


@pytest.mark.parametrize(("readings", "whole", "requests"), UNTOLD.values(), ids=UNTOLD)
@pytest.mark.parametrize("empty", ["200", "404"])
def test_a_list_without_totals_is_read_to_its_end(
    readings: list[list[str]], whole: str, requests: int, empty: str
) -> None:
    left = iter([page for reading in readings for page in reading])
    asked = []

    def between(request: Request, answer: Answer) -> Response:
        if request.path != "/api/domains":
            return answer(request)
        asked.append(request.query["page"])
        rows = [{"code": f"D{one}", "name": f"{one}.example"} for one in next(left)]
        if not rows and empty == "404":
            return Response(404, {}, b'{"message": "Not found", "errors": []}')
        return Response(200, {}, json.dumps({"resources": rows, "pagination": {}}).encode())

    lab = Lab(between=between)
    with closing(Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as reader:
        rows = Account(reader, TYPES).rows(TYPES["domain"])
    assert sorted(str(row["code"])[1:] for row in rows) == sorted(whole)
    assert len(asked) == requests


def test_a_list_without_totals_and_without_an_end_is_an_error() -> None:
    with pytest.raises(ApiError, match=f"GET /api/x: the list does not end after {MOST_UNTOLD} pages"):
        list(untold(Page([{"id": 1}], 0, None), lambda number: Page([{"id": number}], 0, None), "id", "/api/x"))


def test_rows_without_an_id_are_told_apart_by_what_they_hold() -> None:
    pages = [[{"x": 1}, {"x": 2}], [{"x": 3}]]
    found = [*untold(Page(pages[0], 0, None), lambda number: Page(pages[number - 1], 0, None), "id", "/api/x")]
    assert [page.rows for page in found] == pages


def test_a_list_that_is_not_paged_is_asked_for_once_and_without_a_page() -> None:
    lab = Lab(types=SHAPES, seed={"houses": {"h1": {"keys": {"a": {}, "b": {}}}}})
    plan = lab.plan(configuration_of("houses: {h1: {keys: {}}}", types=SHAPES))
    assert [str(one) for one in plan.unmanaged] == ["key/h1/a", "key/h1/b"]
    assert [one.query for one in lab.emulator.requests if one.path.endswith("/keys")] == [{}]


def test_objects_without_an_id_are_not_one_object() -> None:
    assert len(Readings("id").take([Page([{}, {"id": None}], 1, 2)]) or ()) == 2


@pytest.mark.parametrize(
    "code", ["..", ".", "", "../x", "a/b", "-x", "a b", "a\\b", "%2e%2e", "é", "x" * 201, None, True]
)
def test_a_code_that_could_lead_elsewhere_is_none(code: Any) -> None:
    assert code_of(code) == ""


@pytest.mark.parametrize("code", ["D123456789", 42, "a.b-c_d", "1f0c2b1e-6f0e-4f0e-9f0e-0123456789ab"])
def test_plain_codes(code: Any) -> None:
    assert code_of(code) == str(code)


# -- Delivery accounts do not vanish -----------------------------------------------------------------------------

NUMBER = 30
ACCOUNTS = {f"a{number:02}": {"type": "newsletter"} for number in range(NUMBER)}
ORDERS = "delivery: {accounts: {" + ", ".join(f"{name}: {{type: newsletter}}" for name in ACCOUNTS) + "}}"
PATH = "/api/delivery/accounts"


def ordering(*faults: str, between: Callable[..., Response] | None = None, **quirks: str) -> Lab:
    """Thirty accounts on pages of 25, and what happens to the list."""
    specs = [parse_fault(fault) for fault in faults]
    return Lab(seed={"delivery": {"accounts": ACCOUNTS}}, faults=specs, quirks={"per_max": "25", **quirks},
               between=between)  # fmt: skip


MOVES = ["shift", "grow", "404", "shift,count=3", "404,count=2", "grow,count=3"]


@pytest.mark.parametrize("quirks", [{}, {"order": "shuffled"}, {"empty_list": "404"}], ids=str)
@pytest.mark.parametrize("move", MOVES)
def test_a_list_that_moves_orders_nothing(move: str, quirks: dict[str, str]) -> None:
    lab = ordering(f"{move},path={PATH},page=2", **quirks)
    assert lab.plan(configuration_of(ORDERS)).changes == ()
    assert lab.broke()


@pytest.mark.parametrize("move", ["shift", "404"])
def test_a_list_that_never_agrees_is_an_error_that_names_it(move: str) -> None:
    lab = ordering(f"{move},path={PATH},page=2,count=inf")
    with pytest.raises(ApiError, match=rf"GET {PATH}: its pages contradict each other: .*\b(2|30)\b") as caught:
        lab.plan(configuration_of(ORDERS))
    assert "try again" in (caught.value.hint or "")


def test_an_ordinary_list_is_read_once() -> None:
    lab = ordering()
    assert lab.plan(configuration_of(ORDERS)).changes == ()
    assert [one.query["page"] for one in lab.emulator.requests if one.path == PATH] == ["1", "2"]


def leaving(name: str) -> Callable[..., Response]:
    """Somebody deletes an account for good, once the first page of the list was read."""

    def between(request: Request, answer: Answer) -> Response:
        response = answer(request)
        if request.path == PATH and request.query.get("page") == "1":
            rows = json.loads(response.body)["resources"]
            for row in rows:
                if row["description"] == name:
                    answer(Request("DELETE", f"{PATH}/{row['id']}", {}, request.headers))
        return response

    return between


def test_an_account_that_goes_meanwhile_hides_no_other() -> None:
    lab = ordering(between=leaving("a03"))
    plan = lab.plan(configuration_of(ORDERS))
    assert [(str(one.address), one.action) for one in plan.changes] == [("delivery_account/a03", Action.CREATE)]


def test_a_domain_that_goes_meanwhile_takes_along_what_was_read_in_it() -> None:
    """It is in its list, and gone before its details are read; those of its mailboxes are not asked for."""

    def between(request: Request, answer: Answer) -> Response:
        if request.path == "/api/domains/D100000001" and request.method == "GET":
            answer(Request("DELETE", request.path, {}, request.headers))
        return answer(request)

    domains = {"a.example": {"mailboxes": {"ada": {"firstname": "Ada"}}}, "b.example": {}}
    lab = Lab(seed={"domains": domains}, quirks={"list_detail": "abridged"}, between=between)
    query = query_for_export(configuration_of("{}"), TYPES, Selection(frozenset(TYPES)))
    with closing(Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as reader:
        live_state = read_live_state(Account(reader, TYPES), query)
    assert [str(one) for one in live_state.live] == ["domain/b.example"]


def test_a_list_that_grows_all_the_time_can_be_read() -> None:
    """Bounces add entries between any two requests."""
    count = iter(range(10_000))

    def between(request: Request, answer: Answer) -> Response:
        if request.path == "/api/delivery/suppression_lists" and request.method == "GET":
            body = json.dumps({"email": f"b{next(count)}@away.example", "reason": "bounce"}).encode()
            answer(Request("POST", request.path, {}, request.headers, body))
        return answer(request)

    old = {f"old{number}@away.example": {"reason": "bounce"} for number in range(60)}
    configuration = configuration_of("settings: {on_remove: {suppression: disable}}\ndelivery: {suppressions: {"
                   + ", ".join(f"{one}: {{reason: bounce}}" for one in old) + "}}")  # fmt: skip
    lab = Lab(seed={"delivery": {"suppressions": old}}, quirks={"per_max": "25"}, between=between)
    plan = lab.plan(configuration)
    assert {one.action for one in plan.changes} == {Action.DISABLE}, "what came is not declared"
    assert not [one for one in plan.changes if one.address.key in old]


def without(path: str, method: str = "GET") -> Callable[..., Response]:
    """404 for one request, as the API says it of what is not there or not visible."""

    def between(request: Request, answer: Answer) -> Response:
        if request.method == method and request.path == path:
            return Response(404, {}, b'{"message": "Not found", "errors": []}')
        return answer(request)

    return between


@pytest.mark.parametrize("quirks", [{"list_detail": "abridged"}], ids=str)
def test_an_account_whose_details_answer_404_is_still_in_its_list(quirks: dict[str, str]) -> None:
    def between(request: Request, answer: Answer) -> Response:
        return without(request.path if request.path.startswith(f"{PATH}/") else "")(request, answer)

    lab = Lab(seed={"delivery": {"accounts": ACCOUNTS}}, quirks=quirks, between=between)
    plan = lab.plan(configuration_of(ORDERS))
    assert plan.changes == ()
    assert len(plan.unverifiable) == NUMBER


def test_a_list_that_showed_accounts_is_not_empty_when_one_is_ordered() -> None:
    """The plan saw thirty accounts; in the apply, the last look before the order answers 404."""
    lab = ordering("404,path=/api/delivery/accounts,nth=3,count=inf")
    configuration = configuration_of(ORDERS.replace("{accounts: {", "{accounts: {new: {type: newsletter}, "))
    plan = Lab(seed={"delivery": {"accounts": ACCOUNTS}}).plan(configuration)
    (done,) = lab.apply(configuration, plan)
    assert done.status is Status.FAILED
    assert f"GET {PATH}: it answers 404 Not found, and must hold {NUMBER} objects" in str(done.error)
    assert len(lab.emulator.dump()["delivery"]["accounts"]) == NUMBER


@pytest.mark.parametrize("empty", ["200", "404"])
def test_the_last_account_may_go_and_another_be_ordered(empty: str) -> None:
    configuration = configuration_of(
        "settings: {on_remove: {delivery_account: delete}}\ndelivery: {accounts: {new: {type: newsletter}}}"
    )
    lab = Lab(seed={"delivery": {"accounts": {"old": {"type": "newsletter"}}}}, quirks={"empty_list": empty})
    plan = lab.plan(configuration)
    assert {one.status for one in lab.apply(configuration, plan, acknowledge=plan.id)} == {Status.DONE}
    assert [one["description"] for one in lab.emulator.dump()["delivery"]["accounts"].values()] == ["new"]


# -- a domain is not deleted with what cannot be seen ------------------------------------------------------------

BOXES = "/api/domains/*/email_accounts"
ALIASES = "/api/domains/*/alias_email_accounts"
FULL: dict[str, Any] = {
    "domains": {"a.example": {"mailboxes": {"ada": {"firstname": "Ada"}, "bob": {"firstname": "Bob"}},
                              "aliases": {"info": ["ada@a.example"]}}},
}  # fmt: skip
AWAY = "domains: {a.example: {state: absent}}"
EMPTIED = """
domains:
  a.example:
    state: absent
    mailboxes: {ada: {state: absent}, bob: {state: absent}}
    aliases: {info: {state: absent}}
"""
ON_REMOVE = "settings: {on_remove: {domain: delete, mailbox: delete, alias: delete}}\ndomains: {}"


def contents(plan: Plan) -> list[str]:
    return [one.message for one in plan.blocked if one.guard == "contents"]


@pytest.mark.parametrize("path", [BOXES, ALIASES])
@pytest.mark.parametrize("detail", ["full", "abridged"])
@pytest.mark.parametrize("text", [AWAY, ON_REMOVE])
def test_a_domain_that_counts_more_than_can_be_seen_is_not_deleted(text: str, detail: str, path: str) -> None:
    fault = parse_fault(f"hide,path={path},count=inf")
    plan = Lab(seed=FULL, faults=[fault], quirks={"list_detail": detail}).plan(configuration_of(text))
    counter = "no_email_accounts is 2, where 0" if path == BOXES else "no_alias_email_accounts is 1, where 0"
    assert any(counter in message for message in contents(plan)), plan.blocked


@pytest.mark.parametrize("text", [AWAY, ON_REMOVE])
def test_a_saved_plan_is_judged_by_counters_before_anybody_is_asked(text: str) -> None:
    lab, files = Lab(seed=EMPTY), configuration_of(text)
    saved = lab.plan(files)
    assert not saved.blocked
    lab.between = counting(no_email_accounts=2)
    assert [one.guard for one in lab.check_saved(files, saved).blocked] == ["contents"]


def test_a_part_that_can_be_seen_is_not_all() -> None:
    """One of two mailboxes is shown, beside the postmaster, and all that is shown is declared absent."""
    fault = parse_fault(f"hide,objects=1,path={BOXES},count=inf")
    plan = Lab(seed=FULL, faults=[fault]).plan(configuration_of(EMPTIED))
    assert any("no_email_accounts is 2, where 1 can be seen" in message for message in contents(plan))


@pytest.mark.parametrize("text", [AWAY, "domains: {a.example: {mailboxes: {}}}"])
def test_a_list_that_answers_404_against_its_counter_is_an_error(text: str) -> None:
    lab = Lab(seed=FULL, faults=[parse_fault(f"404,path={BOXES},count=inf")])
    with pytest.raises(ApiError, match=r"GET /api/domains/D\w+/email_accounts: it answers 404 .* must hold 1 object"):
        lab.plan(configuration_of(text))


def test_a_list_that_answers_404_once_is_asked_again() -> None:
    lab = Lab(seed=FULL, faults=[parse_fault(f"404,path={BOXES}")])
    plan = lab.plan(
        configuration_of("domains: {a.example: {mailboxes: {ada: {firstname: Ada}, bob: {firstname: Bob}}}}")
    )
    assert plan.changes == ()


def counting(**counters: int | str | None) -> Callable[..., Response]:
    """Domains with other counters."""

    def between(request: Request, answer: Answer) -> Response:
        response = answer(request)
        body = json.loads(response.body or b"null")
        if request.path.startswith("/api/domains") and request.path.count("/") < 4 and body and request.method == "GET":
            for row in body.get("resources", ()):
                row.update(counters)
            return Response(response.status, response.headers, json.dumps(body).encode())
        return response

    return between


EMPTY: dict[str, Any] = {"domains": {"a.example": {}}}


COUNTERS: list[dict[str, Any]] = [
    {}, {"no_email_accounts": 1}, {"no_email_accounts": "1"}, {"no_email_accounts": None, "no_alias_domains": "many"},
]  # fmt: skip


@pytest.mark.parametrize("empty", ["200", "404"])
@pytest.mark.parametrize("counters", COUNTERS, ids=str)
def test_an_empty_domain_can_be_deleted_whatever_counts_its_postmaster(counters: Any, empty: str) -> None:
    lab = Lab(seed=EMPTY, between=counting(**counters), quirks={"empty_list": empty})
    assert [one.status for one in lab.apply(configuration_of(AWAY))] == [Status.DONE]
    assert lab.emulator.dump()["domains"] == {}


@pytest.mark.parametrize("read", ["  b.example: {mailboxes: {}}", ""])
def test_a_domain_whose_mailboxes_go_with_it_counts_them_and_its_postmaster(read: str) -> None:
    """Another domain shows that counters include postmasters, and is asked where the plan does not read it anyway."""
    seed = {"domains": {**FULL["domains"], "b.example": {"mailboxes": {"eve": {"firstname": "Eve"}}}}}

    def between(request: Request, answer: Answer) -> Response:
        response = answer(request)
        body = json.loads(response.body or b"null")
        if request.path.startswith("/api/domains") and request.path.count("/") < 4 and request.method == "GET" and body:
            for row in body.get("resources", ()):
                row["no_email_accounts"] += 1
            return Response(response.status, response.headers, json.dumps(body).encode())
        return response

    configuration = configuration_of(f"settings: {{guards: {{percent: 100}}}}{EMPTIED}{read}")
    lab = Lab(seed=seed, between=between)
    assert {one.status for one in lab.apply(configuration)} == {Status.DONE}
    assert list(lab.emulator.dump()["domains"]) == ["b.example"]


@pytest.mark.parametrize("detail", ["full", "abridged"])
def test_one_mailbox_that_is_hidden_is_not_taken_for_the_postmaster_where_others_tell(detail: str) -> None:
    """The other domain counts 0, so no counter counts postmasters; where its row does not tell, it is asked."""
    seed = {"domains": {"a.example": {"mailboxes": {"ada": {"firstname": "Ada"}}}, "b.example": {}}}
    fault = parse_fault("hide,objects=1,path=/api/domains/D100000001/email_accounts,count=inf")
    plan = Lab(seed=seed, faults=[fault], quirks={"list_detail": detail}).plan(configuration_of(AWAY))
    assert contents(plan) == [
        "domain/a.example would be deleted, and its no_email_accounts is 1, where 0 can be seen: the token may not see "
        "all that is in it"
    ]


def test_a_domain_alias_that_no_list_shows_keeps_its_domain() -> None:
    plan = Lab(seed=EMPTY, between=counting(no_alias_domains=1)).plan(configuration_of(AWAY))
    assert ["no_alias_domains is 1" in message for message in contents(plan)] == [True]


def test_a_counter_that_lags_behind_is_waited_for() -> None:
    """Two looks after the deletions it still counts what is gone."""
    late = iter([2, 2])

    def between(request: Request, answer: Answer) -> Response:
        response = answer(request)
        if not request.path.startswith("/api/domains") or request.path.count("/") > 3 or request.method != "GET":
            return response
        return counting(no_email_accounts=next(late, 0))(request, answer=lambda _request: response)

    lab = Lab(seed=EMPTY, between=between)
    assert lab.plan(configuration_of(AWAY)).blocked == ()


def test_a_mailbox_that_appears_where_nobody_sees_it_saves_its_domain() -> None:
    """After the plan was judged, and before the domain goes, the counter rises; the list shows nothing."""
    lab = Lab(seed=EMPTY)
    configuration = configuration_of(AWAY)
    plan = lab.plan(configuration)
    asked = iter([0])

    def between(request: Request, answer: Answer) -> Response:
        counters = {"no_email_accounts": next(asked, 2)}
        return counting(**counters)(request, answer) if request.path.count("/") < 4 else answer(request)

    lab.between = between
    (done,) = lab.apply(configuration, plan)
    assert done.status is Status.FAILED
    assert "its no_email_accounts is 2 more than can be seen" in str(done.error)
    assert lab.emulator.dump()["domains"]


def test_no_plan_that_deletes_nothing_asks_for_counters() -> None:
    lab = Lab(seed=FULL, quirks={"list_detail": "abridged"}, between=counting(no_email_accounts=7))
    lab.plan(configuration_of("domains: {a.example: {mailboxes: {}, aliases: {}}}"))
    assert [one.path.count("/") for one in lab.emulator.requests] == [2, 4, 4], "three lists, and no details"


def test_an_export_does_not_wait_for_counters() -> None:
    """It deletes nothing."""
    lab = Lab(seed=FULL, between=counting(no_email_accounts=7))
    with closing(Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as reader:
        choice = Selection(frozenset(TYPES) - TYPES.inner)
        found = read_live_state(Account(reader, TYPES), query_for_export(configuration_of("{}"), TYPES, choice))
    assert not found.unseen
    assert len(lab.emulator.requests) == 8, "each list once"


# -- what is not the API -----------------------------------------------------------------------------------------

STRANGERS = {
    "an empty object": (200, b"{}"),
    "no body": (200, b""),
    "nothing": (204, b""),
    "resources that are none": (200, b'{"resources": {}}'),
    "another list": (200, b'{"data": []}'),
    "another 404": (404, b'{"detail": "Not Found"}'),
    "a 404 in HTML": (404, b"<html>not found</html>"),
    "a 404 without anything": (404, b""),
    "a 405 in HTML": (405, b"<html>not allowed</html>"),
    "a 405 without anything": (405, b""),
}


@pytest.mark.parametrize(("status", "body"), STRANGERS.values(), ids=STRANGERS)
@pytest.mark.parametrize("empty", ["200", "404"])
def test_what_is_no_answer_of_the_api_is_no_empty_account(status: int, body: bytes, empty: str) -> None:
    lab = Lab(seed=FULL, quirks={"empty_list": empty}, between=lambda _request, answer: Response(status, {}, body))
    with pytest.raises(ApiError, match=r"^GET /api/domains: ") as caught:
        lab.plan(configuration_of("domains: {a.example: {}}"))
    assert "endpoint" in (caught.value.hint or "")


def test_a_failing_request_is_named_with_its_page_and_the_tries() -> None:
    lab = ordering(f"503,path={PATH},page=2,count=inf")
    with pytest.raises(ApiError) as caught:
        lab.plan(configuration_of(ORDERS))
    assert str(caught.value).startswith(f"GET {PATH} (page 2): 503 Service")
    assert str(caught.value).endswith(", after 6 tries")


def test_details_of_an_entry_that_is_in_the_list_may_be_missing() -> None:
    """Few entries are asked for one by one; what the first page shows is there, whatever its details answer."""
    old = {f"old{number:02}@away.example": {"reason": "bounce"} for number in range(60)}
    lab = Lab(seed={"delivery": {"suppressions": old}}, quirks={"per_max": "25"},
              between=without("/api/delivery/suppression_lists/details", "POST"))  # fmt: skip
    plan = lab.plan(configuration_of("delivery: {suppressions: {old01@away.example: {reason: bounce}}}"))
    assert plan.changes == ()


def test_a_list_is_forgotten_with_what_was_deleted_from_it() -> None:
    lab = Lab(seed=EMPTY, quirks={"empty_list": "404"})
    with closing(Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as reader:
        account = Account(reader, TYPES)
        assert len(account.rows(TYPES["domain"])) == 1
        code = lab.emulator.dump()["domains"]["a.example"]["code"]
        lab.emulator.handle(Request("DELETE", f"/api/domains/{code}", {}, {"x-api-token": TOKEN}))
        with pytest.raises(ApiError, match="must hold 1 object"):
            account.rows(TYPES["domain"])
        account.forget(TYPES["domain"], {}, code)
        assert account.rows(TYPES["domain"]) == ()


def test_a_parent_that_is_not_there_either_is_an_error() -> None:
    lab = Lab(seed=EMPTY)
    home = Home(Live(Address("domain", "b.example"), "D999999999", {}), {"domain": "D999999999"})
    with closing(Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as reader:
        account = Account(reader, TYPES)
        wanted = {Address("alias", "x@b.example"): ("", ())}
        with pytest.raises(ApiError, match=r"neither it nor domain/b\.example is there"):
            account.observe(TYPES["alias"], home, wanted, 1)
