"""`trace`: counters and rows of the log, whatever form the server gives them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qboxctl.emulator import Response
from tests.support.lab import TOKEN

LOG: list[dict[str, Any]] = [
    {"account": "1001", "domain": "news.example", "sender": "a@news.example", "to": f"p{number}@example.com",
     "subject": f"Order {number}", "status": status, "error_category": "limits" if status == "error" else "",
     "date": f"2026-11-0{number}T10:00:00.000Z"}
    for number, status in enumerate(("delivered", "suppressed", "bounce", "queued", "error", "delivered"), 1)
]  # fmt: skip
ACCOUNTS = {"news": {"type": "newsletter"}, "Shop": {"type": "transactional"}}
SEED = {"delivery": {"accounts": ACCOUNTS}, "mailouts": LOG}
PATH = "/api/delivery/tracemail/"


@pytest.fixture
def account(server):
    server.swap(seed=SEED)
    return server


def told(row: dict[str, Any]) -> dict[str, Any]:
    """What a row holds in whichever form."""
    inside = row.get("data", row)
    found: dict[str, Any] = json.loads(inside) if isinstance(inside, str) else inside
    return found


def trace(project, *words):
    done = project.run("trace", "--format", "json", *words)
    assert done.code == 0, done.err
    return done.json


FORMS = [
    {"trace_row": row, "trace_numbers": numbers, "trace_dates": dates, "job_paging": paging, "per_max": per}
    for row in ("data_text", "data_object", "flat")
    for numbers, dates in (("text", "day"), ("number", "rfc3339"))
    for paging, per in (("{}", "200"), ("totals", "3"), ("{}", "3"))
]  # fmt: skip


@pytest.mark.parametrize("quirks", FORMS, ids=lambda one: "-".join(one.values()))
def test_the_whole_log(quirks, server, project):
    server.swap(seed=SEED, quirks=quirks)
    found = trace(project, "--since", "2026-11-01", "--until", "2026-11-06")
    assert {name: number for name, number in found["counters"].items() if number} == {
        "all": 6, "delivered": 2, "suppressed": 1, "bounce": 1, "queued": 1, "errors": 1, "limitsErrors": 1,
    }  # fmt: skip
    assert [told(row)["to"][:2] for row in found["rows"]] == ["p6", "p3", "p2", "p1", "p4", "p5"]
    shapes = {"data_text": str, "data_object": dict, "flat": type(None)}
    assert {type(row.get("data")) for row in found["rows"]} == {shapes[quirks["trace_row"]]}
    assert not server.writes
    asked = [one.query for one in server.arrived if one.path == f"{PATH}mailouts"]
    assert {one["collection"] for one in asked} == {"worked", "queued", "errors"}
    days = {"2026-11-01"} if quirks["trace_dates"] == "day" else {"2026-11-01T00:00:00Z"}
    assert {one["start_date"] for one in asked} == days


FILTERS = {
    "account by name": (("--account", "NEWS"), 6), "account by id": (("--account", "1001"), 6),
    "another account": (("--account", "shop"), 0), "domain": (("--domain", "news.example"), 6),
    "from": (("--from", "b@"), 0), "to": (("--to", "p2"), 1), "subject": (("--subject", "order 3"), 1),
    "since": (("--since", "2026-11-05"), 2), "until": (("--until", "2026-11-01T23:00:00Z"), 1),
    "delivered": (("--status", "delivered"), 2), "suppressed": (("--status", "suppressed"), 1),
    "bounce": (("--status", "bounce"), 1), "queued": (("--status", "queued"), 1), "error": (("--status", "error"), 1),
    "limit": (("--limit", "4"), 4), "limit and status": (("--limit", "1", "--status", "delivered"), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
def test_filters(name, account, project):
    words, number = FILTERS[name]
    assert len(trace(project, *words)["rows"]) == number


ASKED = {
    # an account, and by what the log is asked where it counts nothing
    "Shop": ["1002", "username of 1002"],
    "1002": ["1002"],
    "nobody": ["nobody"],
}


@pytest.mark.parametrize("name", ASKED)
def test_what_an_account_is_called_is_asked_for_only_where_it_is_not_known(name, account, project):
    rows = [{"id": 1002, "username": "username of 1002", "description": "shop"}]
    accounts = Response(200, {}, json.dumps({"resources": rows}).encode())
    account.after = lambda request, _: accounts if request.path == "/api/delivery/accounts" else None
    trace(project, "--account", name)
    asked = [one.query["account"] for one in account.arrived if one.path == f"{PATH}counters"]
    assert asked == ASKED[name]
    assert {one.query["account"] for one in account.arrived if one.path == f"{PATH}mailouts"} == {asked[-1]}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Nesw", "no Delivery account has the name or id 'Nesw': did you mean \"news\"?\n"),
        ("\x1b[2Jx", "no Delivery account has the name or id '\\x1b[2Jx'\n"),
        ("NEWS", ""),
        ("1001", ""),
    ],
)
def test_an_account_that_there_is_not_is_told(name, said, account, project):
    done = project.run("trace", "--account", name)
    assert (done.code, "no Delivery account" in done.err) == (0, bool(said))
    assert said in done.err


INTERNATIONAL = (("--domain", "Größe.example"), ("--from", "a@größe.example"), ("--to", "p@größe.example"))


@pytest.mark.parametrize("words", INTERNATIONAL, ids=" ".join)
def test_international_names_are_asked_for_as_they_are_on_the_wire(words, server, project):
    there = "xn--gre-6ka8i.example"
    one = {**LOG[0], "domain": there, "sender": f"a@{there}", "to": f"p@{there}"}
    server.swap(seed={**SEED, "mailouts": [*LOG, one]})
    assert [told(row)["to"] for row in trace(project, *words)["rows"]] == [f"p@{there}"]


def test_a_hundred_rows_are_enough(server, project):
    server.swap(seed={"mailouts": LOG[:1] * 250})
    assert len(trace(project)["rows"]) == 100
    assert len(trace(project, "--limit", "240")["rows"]) == 240


@pytest.mark.parametrize(("number", "limit"), [(100, 100), (101, 100), (250, 100), (5, 5), (6, 5), (4, 5), (2, 1)])
@pytest.mark.parametrize("parts", [["delivered"], ["delivered", "queued", "error"]], ids=str)
def test_it_says_where_there_are_more_rows(parts, number, limit, server, project):
    server.swap(seed={"mailouts": [{**LOG[0], "status": parts[each % len(parts)]} for each in range(number)]})
    done = project.run("trace", "--limit", str(limit), "--format", "json")
    assert len(done.json["rows"]) == min(number, limit)
    first = "this is the first row" if limit == 1 else f"these are the first {limit} rows"
    assert (f"{first}; --limit shows more" in done.err) == (number > limit)


@pytest.mark.parametrize("row", ["data_text", "data_object", "flat"])
def test_the_table(row, server, project):
    server.swap(seed=SEED, quirks={"trace_row": row})
    done = project.run("trace")
    assert done.code == 0
    counters, rows = done.out.split("\n\n")
    assert ["bounce", "1"] in [line.split() for line in counters.splitlines()]
    assert ["authErrors", "0"] in [line.split() for line in counters.splitlines()]
    assert rows.splitlines()[0].split() == ["DATE", "STATUS", "FROM", "TO", "SUBJECT"]
    assert rows.splitlines()[1].split()[1:] == ["delivered", "a@news.example", "p6@example.com", "Order", "6"]
    assert "MESSAGE ID" in project.run("trace", "-v").out


@pytest.mark.parametrize("rows", [[{}], [{"data": {}}, {"data": "{}"}]], ids=str)
def test_rows_that_tell_nothing(rows, account, project):
    body = json.dumps({"resources": rows}).encode()
    account.after = lambda request, _response: Response(200, {}, body) if request.path == f"{PATH}mailouts" else None
    assert (project.run("trace").code, trace(project, "--limit", "2")["rows"]) == (0, (rows * 2)[:2])


def test_rows_of_another_shape_are_shown_as_they_are(account, project):
    strange = [{"line": "Nov  1 10:00 to=<ada@example.com> \x1b[31m", "n": [1, {"a": None}]}, {"line": None}, {}]

    def after(request, response):
        if request.path == f"{PATH}mailouts":
            rows = strange if request.query["collection"] == "worked" and request.query["page"] == "1" else []
            return Response(200, {}, json.dumps({"resources": rows}).encode())
        return None

    account.after = after
    found = trace(project)
    assert found["rows"][0]["n"] == [1, {"a": None}]
    assert len(found["rows"]) == 3
    done = project.run("trace")
    assert "to=<ada@example.com>" in done.out
    assert "\x1b" not in done.out


@pytest.mark.parametrize("form", ["table", "json"])
def test_rows_that_are_no_objects_are_shown(form, account, project):
    body = json.dumps({"resources": [f"to=<ada@example.com> {TOKEN}", 7, ["a", None]]}).encode()
    account.after = lambda request, _: Response(200, {}, body) if request.path == f"{PATH}mailouts" else None
    done = project.run("trace", "--limit", "3", "--format", form)
    assert (done.code, "to=<ada@example.com> ***" in done.out, TOKEN in done.out) == (0, True, False), done.err
    if form == "json":
        assert done.json["rows"] == [{"row": "to=<ada@example.com> ***"}, {"row": 7}, {"row": ["a", None]}]


COUNTERS = {
    # an answer, and the counters in it
    "a row": ({"resources": [{"all": "5"}]}, {"all": 5}),
    "an object": ({"resources": {"all": "5", "bounce": 1}}, {"all": 5, "bounce": 1}),
    "beside": ({"message": "OK", "all": "5", "bounce": 1, "pagination": {}}, {"all": 5, "bounce": 1}),
    "no object": ({"resources": [5]}, {"row": 5}),
    "none": ({"resources": []}, {}),
    "nothing": ({}, None),
    "no counters": ({"message": "OK"}, None),
    "another thing": ({"resources": "5"}, None),
}


@pytest.mark.parametrize("case", COUNTERS)
def test_counters_of_any_shape(case, account, project):
    body, counters = COUNTERS[case]
    account.after = lambda request, _: (
        Response(200, {}, json.dumps(body).encode()) if request.path == f"{PATH}counters" else None
    )
    done = project.run("trace", "--format", "json")
    assert (done.code, "check the endpoint" in done.err) == ((0, False) if counters is not None else (1, True))
    assert counters is None or done.json["counters"] == counters


LONG = {
    # a text of a row, and how it is shown
    "long": (json.dumps({"log": "a\nb " * 2000, "to": "ada@example.com"}), None),
    "lines": ("first\nsecond\tthird", None),
    "with a secret": (f"{'x ' * 2000}{TOKEN}\n.", f"{'x ' * 2000}***\n."),
    "too long to be searched": ("x " * 10_001, "***"),
}


@pytest.mark.parametrize("name", LONG)
def test_a_text_is_shown_as_it_came(name, account, project):
    text, shown = LONG[name]
    rows = json.dumps({"resources": [{"data": text}]}).encode()
    account.after = lambda request, _: Response(200, {}, rows) if request.path == f"{PATH}mailouts" else None
    assert trace(project, "--limit", "1")["rows"] == [{"data": text if shown is None else shown}]
    assert all(line.isprintable() for line in project.run("trace").out.splitlines())


def test_an_empty_log(server, project):
    server.swap(quirks={"empty_list": "404"})
    assert trace(project)["rows"] == []
    done = project.run("trace")
    assert (done.code, "the log has no such mail" in done.err) == (0, True)


MISTAKES = {
    "no date": (("--since", "yesterday"), 1, "is not a date: write YYYY-MM-DD"),
    "no day": (("--until", "2026-02-30"), 1, "--until"),
    "no status": (("--status", "bounced"), 1, "--status"),
    "no number": (("--limit", "0"), 1, "--limit"),
    "no UTF-8": (("--subject", "\udcff"), 1, "is not UTF-8 text"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_no_filter(name, account, project):
    words, code, says = MISTAKES[name]
    done = project.run("trace", *words)
    assert (done.code, says in done.err) == (code, True), done.err
    assert not account.arrived


REFUSALS = {401: (8, "refuses the token"), 403: (8, "may not read"), 405: (1, "no such call"), 422: (6, "422")}


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("part", ["counters", "mailouts"])
def test_what_the_server_refuses(part, status, account, project):
    code, says = REFUSALS[status]
    account.refuse(status, "GET", part)
    done = project.run("trace", "--since", "2026-11-01")
    assert (done.code, says in done.err) == (code, True), done.err
    assert done.out == ""


def test_no_row_tells_a_secret(account, project):
    hidden = {"auth_token": "canary-x", "credentials": {"value": "canary-z"}, "remote_password": [{"text": ["canary"]}]}
    stays = {"token": None, "has_password": True, "secret": ""}
    row = {"to": "ada@example.com", "text": f"sent with {project.env['QBOXMAIL_API_TOKEN']}", **hidden, **stays}
    account.after = lambda request, _: (
        Response(200, {}, json.dumps({"resources": [row]}).encode()) if request.path.startswith(PATH) else None
    )
    done = project.run("trace", "--format", "json", "--limit", "1")
    assert "canary" not in done.out + done.err
    shown = {"to": "ada@example.com", "text": "sent with ***", **dict.fromkeys(hidden, "***"), **stays}
    assert done.json["rows"] == [shown]


@pytest.mark.parametrize("words", [(), ("-v",), ("--format", "json")], ids=str)
def test_no_row_in_one_text_tells_a_secret_or_moves_the_cursor(words, account, project):
    inside = {
        "\x1b[31mred": 1,
        "auth_token": "canary-x",
        "headers": [{"X-Password": "canary-y"}],
        "credentials": {"user": "ada", "value": "canary-z"},
        "remote_password": [{"text": "canary-w"}],
        "to": "ada@example.com",
    }
    row = {"data": json.dumps(inside)}
    account.after = lambda request, _: (
        Response(200, {}, json.dumps({"resources": [row]}).encode()) if request.path == f"{PATH}mailouts" else None
    )
    done = project.run("trace", *words)
    assert (done.code, "ada@example.com" in done.out) == (0, True)
    assert "canary" not in done.out + done.err
    assert "\x1b" not in done.out


@pytest.mark.parametrize("deep", ['{"a":' * 300 + "1" + "}" * 300, json.dumps('{"token":' * 300 + "1" + "}" * 300)])
def test_a_row_that_is_nested_too_deep(deep, account, project):
    body = b'{"resources": [{"to": "ada@example.com", "data": %s}]}' % deep.encode()
    account.after = lambda request, _: Response(200, {}, body) if request.path == f"{PATH}mailouts" else None
    for words in ((), ("--format", "json")):
        done = project.run("trace", *words)
        assert (done.code, "a fault" in done.err) in ((0, False), (1, False)), done.err
