"""Imports and migrations in the emulator: as strict as the documents, and every quirk of theirs."""

from __future__ import annotations

import json

import pytest

MAIL = "ada@example.com;ada;s3cret-canary;192.0.2.7"
SEED = {"domains": {"example.com": {"mailboxes": {"ada": {"firstname": "Ada"}}}}}
PATH = "/api/migrations"
LATER = "2999-01-01T10:00:00Z"


def body(**more):
    return {"csv_file_name": "old.csv", "csv_file_content": f"{MAIL}\n", "preset": "Gmail", "execute_now": True, **more}


@pytest.fixture
def client(account):
    return account(seed=SEED)


def made(client, **more):
    reply = client.call("POST", PATH, body(**more))
    assert reply.status == 201, reply.data
    return f"{PATH}/{reply.data['resource_code']}"


def statuses(client, path, number):
    return [client.call("GET", path).rows[0]["status"] for _ in range(number)]


WRONG = {
    "no name": ({"csv_file_name": None}, "csv_file_name"),
    "no content": ({"csv_file_content": ""}, "csv_file_content"),
    "no preset": ({"preset": ""}, "preset"),
    "a strange preset": ({"preset": "AS/400"}, "preset"),
    "three columns": ({"csv_file_content": "a;b;c\n"}, "csv_file_content"),
    "an empty column": ({"csv_file_content": "a;b;;d\n"}, "csv_file_content"),
    "501 rows": ({"csv_file_content": f"{MAIL}\n" * 501}, "csv_file_content"),
    "another size": ({"csv_file_size": 1}, "csv_file_size"),
    "a size in words": ({"csv_file_size": "1"}, "csv_file_size"),
    "no date": ({"execute_now": False}, "first_execution_date"),
    "no real date": ({"first_execution_date": "tonight"}, "first_execution_date"),
    "an early second run": (
        {"first_execution_date": LATER, "second_execution_date": "2998-01-01T10:00:00Z"},
        "second_execution_date",
    ),
    "a strange filter": ({"date_filter_preset": "last_week"}, "date_filter_preset"),
    "custom without a date": ({"date_filter_preset": "custom"}, "custom_from_date"),
    "a custom date that is none": ({"date_filter_preset": "custom", "custom_from_date": "x"}, "custom_from_date"),
    "a date before all others": ({"first_execution_date": "0001-01-01T00:00:00+14:00"}, "first_execution_date"),
    "a column without an end": ({"csv_file_content": f"{'x' * 200_000};b;c;d"}, "csv_file_content"),
    "an unknown name": ({"color": "red"}, "color"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_a_creation_refuses(case, client):
    more, name = WRONG[case]
    assert set(client.call("POST", PATH, body(**more)).errors) == {name}
    assert client.call("GET", PATH).rows == []


def test_a_body_that_is_none(client):
    assert client.call("POST", PATH, b"{").status == 422


def test_any_preset_where_the_quirk_says_so(account):
    assert account(quirks={"migration_preset": "any"}).call("POST", PATH, body(preset="AS/400")).status == 201


def test_only_five_at_once(client):
    paths = [made(client, execute_now=False, first_execution_date=LATER) for _ in range(5)]
    assert client.call("POST", PATH, body()).errors == {"base": "too many migrations are scheduled (maximum is 5)"}
    assert client.call("DELETE", paths[0]).status == 204
    made(client)


@pytest.mark.parametrize(
    ("validation", "expected"),
    [
        ("immediate", ["scheduled", "running", "completed", "completed"]),
        ("2", ["validating", "validating", "scheduled", "running", "completed"]),
        ("failed", ["failed", "failed"]),
    ],
)
def test_what_reads_show(validation, expected, account):
    client = account(seed=SEED, quirks={"migration_validation": validation})
    path = made(client)
    assert statuses(client, path, len(expected)) == expected
    (row,) = client.call("GET", f"{path}/resources").rows
    assert row["status"] == ("error" if validation == "failed" else "success")


def test_dates_are_waited_for(account):
    now = [0.0]
    client = account(seed=SEED, clock=lambda: now[0])
    path = made(client, execute_now=False, first_execution_date="1970-01-02T00:00:00Z",
                second_execution_date="1970-01-03T00:00:00+00:00")  # fmt: skip
    assert statuses(client, path, 2) == ["scheduled"] * 2
    now[0] = 86_400.0
    assert statuses(client, path, 4) == ["scheduled", "running", "scheduled", "scheduled"]
    assert client.call("GET", path).rows[0]["status_detail"] == "second execution"
    now[0] = 2 * 86_400.0
    assert statuses(client, path, 3) == ["scheduled", "running", "completed"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [("utc", "2999-01-01T10:00:00Z"), ("offset", "2999-01-01T11:00:00+01:00"), ("local", "2999-01-01T11:00:00")],
)
def test_dates(value, shown, account):
    client = account(quirks={"migration_dates": value})
    path = made(client, execute_now=False, first_execution_date=LATER)
    assert client.call("GET", path).rows[0]["first_execution_date"] == shown


def test_rows_that_fail(client):
    lacking = made(client, csv_file_content="eve@example.com;e;x;192.0.2.7\n")
    assert statuses(client, lacking, 3)[-1] == "completed_with_errors"
    assert client.call("POST", "/_emulator/failing", {"local_email": "ada@example.com"}).status == 204
    assert client.call("POST", "/_emulator/failing", {"local_email": 1}).status == 404
    failing = made(client)
    assert statuses(client, failing, 3)[-1] == "completed_with_errors"
    row = client.call("GET", f"{failing}/resources", status="failed").rows[0]
    assert row["error_details"] == ["login refused by the remote server"]
    assert client.call("GET", f"{failing}/resources", status="success").rows == []
    assert client.call("GET", f"{failing}/resources", status="all").rows == [row]


@pytest.mark.parametrize(
    ("path", "status"), [(PATH, "done"), ("/api/imports", "done"), (f"{PATH}/MG12345678/resources", "valid")]
)
def test_filters_that_are_none(path, status, client):
    made(client)
    assert client.call("GET", path, status=status).errors == {"status": "is not valid"}
    assert client.call("GET", path, page="0").errors == {"page": "is not valid"}


def test_errors_as_objects(account):
    seed = {"imports": [{"code": "I123456789", "error_details": ["bad"], "rows": [{"error_details": ["no"]}]}]}
    client = account(seed=seed, quirks={"job_errors": "objects"})
    assert client.call("GET", "/api/imports").rows[0]["error_details"] == [{"code": 1, "message": "bad"}]
    (row,) = client.call("GET", "/api/imports/I123456789/resources").rows
    assert row["error_details"] == [{"code": 1, "message": "no"}]


@pytest.mark.parametrize(("value", "told"), [("{}", {}), ("totals", {"page": 2, "per": 3, "total_pages": 2})])
def test_pages(value, told, account):
    seed = {"imports": {f"I{number}": {} for number in range(100000001, 100000005)}}
    client = account(seed=seed, quirks={"job_paging": value, "per_max": "3"})
    reply = client.call("GET", "/api/imports", page="2", per="200")
    assert [row["code"] for row in reply.rows] == ["I100000004"]
    assert told.items() <= reply.data["pagination"].items()
    assert bool(reply.data["pagination"]) == bool(told)
    assert client.call("GET", "/api/imports", page="3").rows == []


# -- who may do what -------------------------------------------------------------------------------------------


def test_what_only_an_admin_may(client, account):
    path = made(client, execute_now=False, first_execution_date=LATER)
    assert client.call("PUT", path, {"execution": "first"}).status == 403
    assert client.call("POST", PATH, body(customer_code="C222222222")).status == 403
    assert client.call("GET", PATH, customer_code="C222222222").status == 403
    admin = account(seed={"domains": {**SEED["domains"], "theirs.example": {"customer_code": "C222222222"}}})
    theirs = made(admin, customer_code="C222222222", execute_now=False, first_execution_date=LATER)
    assert "customer_code" in admin.call("POST", PATH, body(customer_code="C333333333")).errors
    mine = made(admin)
    found = admin.call("GET", PATH, customer_code="C222222222").rows
    assert [f"{PATH}/{row['code']}" for row in found] == [theirs] != [mine]
    assert "execution" in admin.call("PUT", theirs, {"execution": "third"}).errors
    assert admin.call("PUT", theirs, {"execution": "first"}).status == 204
    assert "execution" in admin.call("PUT", theirs, {"execution": "first"}).errors
    assert statuses(admin, theirs, 2) == ["running", "completed"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{PATH}/MG99999999", 404),
        ("GET", f"{PATH}/MG99999999/resources", 404),
        ("DELETE", f"{PATH}/MG99999999", 404),
        ("DELETE", "/api/imports/I999999999", 404),
        ("PATCH", PATH, 405),
        ("POST", "/api/imports", 405),
        ("GET", "/api/imports/I123456789", 405),
    ],
)
def test_what_is_not_there(method, path, status, client):
    assert client.call(method, path).status == status
    assert client.call(method, path, token="").status == 401


def test_what_cannot_be_deleted(account):
    client = account(seed={"migrations": [{"code": "MG1", "can_delete": False}]})
    assert "status" in client.call("DELETE", f"{PATH}/MG1").errors


# -- secrets, seeds and states ---------------------------------------------------------------------------------


def test_no_password_is_kept_or_logged(client):
    made(client)
    logged = client.call("GET", "/_emulator/requests").data
    assert "s3cret" not in json.dumps(logged)
    assert "s3cret" not in json.dumps(client.emulator.dump())


def test_a_state_can_be_planted_again(client, account):
    path = made(client)
    statuses(client, path, 2)
    state = client.emulator.dump()
    again = account(seed=json.loads(json.dumps(state)))
    assert again.emulator.dump()["migrations"] == state["migrations"]
    assert statuses(again, path, 1) == ["completed"]
    assert made(again) != path


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        ({"migrations": 1}, "migrations: expected a list of objects"),
        ({"migrations": [{"status": "done"}]}, "'done' is no status of a migration: there are validating, to_schedule"),
        ({"migrations": [{"colour": 1}]}, "there is no attribute 'colour'"),
        ({"migrations": [{"row": []}]}, "there is no attribute 'row': did you mean \"rows\""),
        ({"migrations": [{"rows": [{"colour": 1}]}]}, "rows: there is no attribute 'colour': there are "),
        ({"migrations": [{"rows": "one"}]}, "rows is a list"),
        ({"migrations": [{"rows": ["one"]}]}, "rows: expected a list of objects"),
        ({"migrations": [{"rows": [{"error_details": "authentication failed"}]}]}, "rows: error_details is a list"),
        ({"imports": [{"rows": [{"error_details": "taken"}]}]}, "rows: error_details is a list"),
        ({"imports": [{"status": "done"}]},
         "'done' is no status of an import: there are validating, invalid, valid, valid_with_skipped"),
        ({"imports": [{"colour": 1}]}, "there is no attribute 'colour'"),
        ({"imports": [{"rows": [{"password": 1}]}]},
         "rows: there is no attribute 'password': there are description, error_details, fields, status"),
    ],
)  # fmt: skip
def test_seeds_that_do_not_fit(seed, words, account):
    with pytest.raises(ValueError, match=words):
        account(seed=seed)
