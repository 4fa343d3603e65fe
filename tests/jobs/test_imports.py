"""`imports`: records of CSV imports, their rows without secrets, and an end to them."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from qboxctl.emulator import Fault, Response

CANARY = "canary-R0w-5ecret"
ROWS = [
    {"description": "ada@example.com", "fields": {"email": "ada@example.com", "password": CANARY, "firstname": "Ada"}},
    {
        "description": f"bob@example.com;{CANARY}x",
        "status": "invalid",
        "fields": {"name": "bob", "chiave": f"{CANARY}x", "firstname": "{SHA512-CRYPT}$6$canary"},
        "error_details": [f"password {CANARY}x is too short"],
    },
    {"description": "eve", "status": "invalid", "fields": ["eve", CANARY], "error_details": ["no such domain"]},
]
SEED = {
    "imports": {
        "I123456789": {"csv_file_name": "people.csv", "status": "valid_with_skipped", "rows": ROWS},
        "I123456790": {"csv_file_name": "aliases.csv", "type": "aliases"},
    }
}
PAGING = [{"job_paging": paging, "per_max": per} for paging in ("{}", "totals") for per in ("200", "3")]


@pytest.fixture
def account(server):
    server.swap(seed=SEED)
    return server


def test_the_list(account, project):
    done = project.run("imports", "list", "--format", "json")
    assert done.code == 0
    assert [(one["code"], one["status"], one["resources"]) for one in done.json["imports"]] == [
        ("I123456789", "valid_with_skipped", 3),
        ("I123456790", "valid", 0),
    ]
    table = project.run("imports", "list").out
    assert table.splitlines()[0].split() == ["CODE", "TYPE", "STATUS", "ORIGINAL", "CSV", "FILE", "NAME", "RESOURCES",
                                             "CREATED", "AT"]  # fmt: skip
    assert "I123456789  domains  valid_with_skipped  people.csv" in table
    assert not account.writes


@pytest.mark.parametrize("quirks", PAGING)
@pytest.mark.parametrize("number", [0, 1, 3, 4, 6, 7])
def test_a_list_is_read_to_its_end(quirks, number, server, project):
    codes = [f"I{100000000 + one}" for one in range(number)]
    server.swap(seed={"imports": dict.fromkeys(codes)}, quirks=quirks)
    done = project.run("imports", "list", "--format", "json")
    assert [one["code"] for one in done.json["imports"]] == codes


def test_a_list_whose_pages_are_all_the_same_has_an_end(account, project):
    body = json.dumps({"resources": [{"code": "I1"}, {"code": "I2"}], "pagination": {}}).encode()
    account.before = lambda one: Response(200, {"content-type": "application/json"}, body)
    assert len(project.run("imports", "list", "--format", "json").json["imports"]) == 2


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (404, 0, "there are no imports"),
        (405, 1, "this API has no such call"),
        (403, 8, "may not read"),
        (500, 1, "500"),
    ],
)
def test_a_list_that_answers_something_else(status, code, words, account, project):
    project.write({"settings": {"api": {"retries": 0}}})
    account.refuse(status, "GET", "/api/imports")
    done = project.run("imports", "list", "--format", "json")
    assert (done.code, words in done.err) == (code, True)
    assert code or done.json == {"imports": []}


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("errors", ["text", "objects"])
def test_rows_are_shown_without_secrets(form, errors, server, project):
    server.swap(seed=SEED, quirks={"job_errors": errors})
    done = project.run("-vv", "imports", "show", "I123456789", "--format", form)
    assert done.code == 0
    assert "canary" not in f"{done.out}{done.err}".lower()
    for shown in ("ada@example.com", "bob", "no such domain", "people.csv"):
        assert shown in done.out
    if form == "json":
        assert done.json["rows"][0]["fields"] == {"email": "ada@example.com", "password": "***", "firstname": "Ada"}
        assert done.json["import"]["status"] == "valid_with_skipped"


OTHER_SHAPES = {
    "a list": ["eve", "canary-0ther"],
    "a line": 'eve;"canary-0ther";8GB',
    "an object inside": {"columns": {"password": "canary-0ther"}},
}


@pytest.mark.parametrize("name", OTHER_SHAPES)
def test_what_is_said_of_a_row_does_not_quote_it_either(name, server, project):
    rows = [{"fields": OTHER_SHAPES[name], "description": "eve;canary-0ther", "error_details": ["canary-0ther: bad"]}]
    server.swap(seed={"imports": {"I123456789": {"rows": rows}}})
    done = project.run("imports", "show", "I123456789", "--format", "json")
    assert (done.code, "canary" in done.out) == (0, False), done.out


LINES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # the columns of a row, and those that are shown in another way
    "a line": ({"line": "ada;canary-0ther;8GB", "email": "ada@example.com", "password": "x"}, {"line": "***"}),
    "its number": ({"line": "12", "row": 13, "email": "ada@example.com"}, {}),
    "numbers of lines": ({"row": [1, "2"]}, {}),
    "lines": ({"row": ["1;canary-0ther"]}, {"row": "***"}),
    "a line as a name": (
        {"name": "ada;canary-0ther", "local": "ada\tcanary-0ther"}, {"name": "***", "local": "***"}
    ),
    "what is shown anyway": ({"line": "ada@example.com;canary-0ther", "email": "ada@example.com"}, {"line": "***"}),
    "a secret in another column": (
        {"name": "ada canary-0ther", "chiave": "canary-0ther"}, {"name": "ada ***", "chiave": "***"}
    ),
    "an object": ({"user": {"name": "ada", "x": "canary-0ther"}}, {"user": "***"}),
    "several": ({"destinations": ["ada@example.com", "bob@example.com"]}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_columns_that_hold_other_columns(name, server, project):
    columns, hidden = LINES[name]
    server.swap(seed={"imports": {"I123456789": {"rows": [{"fields": columns}]}}})
    done = project.run("imports", "show", "I123456789", "--format", "json")
    (row,) = done.json["rows"]
    masked = dict.fromkeys(columns.keys() & {"password"}, "***")
    assert row["fields"] == {**columns, **masked, **hidden}


@pytest.mark.parametrize("form", ["table", "json"])
def test_no_row_moves_the_cursor(form, server, project):
    rows = [{"description": "\x1b[2J\u202e", "fields": {"name": "\x1b]0;x\x07"}, "error_details": ["\r\x9b1m"]}]
    server.swap(seed={"imports": {"I123456789": {"csv_file_name": "\x1b[1m", "rows": rows}}})
    for words in (("list",), ("show", "I123456789")):
        done = project.run("imports", *words, "--format", form)
        assert done.code == 0
        assert all(line.isprintable() for line in done.out.splitlines())


@pytest.mark.parametrize("words", [("show", "I999999999"), ("delete", "I999999999"), ("show", "../domains")])
def test_an_unknown_code(words, account, project):
    done = project.run("imports", *words)
    assert done.code == 1
    assert not account.writes


def test_a_record_is_deleted_after_asking(account, project):
    done = project.run("imports", "delete", "I123456789")
    assert (done.code, "nobody can be asked" in done.err, account.writes) == (1, True, [])
    assert ("this deletes the record of I123456789" in done.err, "deleted" in done.err) == (True, False)
    done = project.run("imports", "delete", "I123456789", "--auto-approve", "--format", "json")
    assert (done.code, "what was imported stays" in done.err) == (0, True)
    assert (done.json["import"]["code"], "canary" in done.out) == ("I123456789", False)
    assert [(one.method, one.path) for one in account.writes] == [("DELETE", "/api/imports/I123456789")]
    assert [one["code"] for one in project.run("imports", "list", "--format", "json").json["imports"]] == ["I123456790"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "this API has no such call"),
        (405, "this API has no such call"),
        (403, "403 No."),
        (422, "422"),
        (500, "unknown"),
    ],
)
def test_a_deletion_that_is_refused(status, words, account, project):
    project.write({"settings": {"api": {"retries": 0}}})
    account.refuse(status, "DELETE")
    done = project.run("imports", "delete", "I123456789", "--auto-approve")
    assert (done.code, words in done.err) == (6, True)


def test_a_deletion_whose_answer_is_lost_is_done(server, project):
    server.swap(seed=SEED, faults=[Fault("drop-after", method="DELETE")])
    done = project.run("imports", "delete", "I123456789", "--auto-approve")
    assert (done.code, "deleted import I123456789" in done.err) == (0, True), done.err
    assert [one.method for one in server.writes] == ["DELETE"] * 2


def test_what_to_do_must_be_said(project):
    done = project.run("imports")
    assert (done.code, "say what to do: list or show or delete" in done.err) == (1, True)
    done = project.run("imports", "shwo", "I123456789")
    assert (done.code, "did you mean show?" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("imports", "delete", "I123456789"),
            "it may be deleted all the same: look with `qboxctl -C config imports list`",
        ),
        (("migrate", "cancel", "MG1"), "it may be cancelled all the same: look with `qboxctl -C config migrate list`"),
    ],
)
def test_an_interruption_tells_that_it_may_be_done(words, said, account, project, hold):
    account.swap(seed={**SEED, "migrations": {"MG1": {"csv_file_name": "old.csv"}}})
    held = hold(account)
    with project.start(*words, "--auto-approve") as process:
        held.wait()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, said in err) == (130, True), err
