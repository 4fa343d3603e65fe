"""`migrate`: a file of accounts is checked, posted once, and looked for where the answer was lost."""

from __future__ import annotations

import json
import signal
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from qboxctl.api.client import Client, Reader
from qboxctl.api.reader import Account
from qboxctl.emulator import Fault, Request, Response
from qboxctl.errors import QboxctlError, Undone
from qboxctl.jobs import account_file, migrations
from qboxctl.jobs.migrations import Order
from qboxctl.model import Revealed
from qboxctl.resources import TYPES
from tests.support.lab import TOKEN, Lab, configuration_of
from tests.support.strategies import SINGLE_QUIRKS

CANARY = "canary-M1grate"
ADA = f"ada@example.com;ada;{CANARY}-1;imap.old.example"
BOB = f'"bob@example.com";"o;bob";"{CANARY}""2";192.0.2.9'
SEED = {"domains": {"example.com": {"mailboxes": {"ada": {"firstname": "Ada"}, "bob": {"firstname": "Bob"}}}}}
NOW = ("--preset", "Standard-SSL", "--now", "--auto-approve")
LOST = Fault("drop-after", method="POST", path="*/migrations")
NIGHT = datetime(2026, 12, 1, 22, tzinfo=UTC)


@pytest.fixture
def account(server):
    server.swap(seed=SEED)
    return server


@pytest.fixture
def file(project):
    """A file of accounts that can be sent."""

    def write(*rows: str, name: str = "old.csv", text: str | bytes | None = None) -> Path:
        path = project.folder / name
        content = "".join(f"{row}\n" for row in rows) if text is None else text
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def start(project, path, *words):
    done = project.run("-vv", "migrate", "start", str(path), *(words or NOW))
    assert "canary" not in f"{done.out}{done.err}".lower().replace(TOKEN, "")
    return done


def posts(account):
    return [json.loads(one.body) for one in account.writes if one.method == "POST"]


# -- what is sent ----------------------------------------------------------------------------------------------


def test_a_migration_is_posted_once_and_shown(account, project, file):
    path = file(ADA, BOB)
    done = start(project, path, *NOW, "--format", "json")
    assert done.code == 0
    (body,) = posts(account)
    assert body == {
        "csv_file_name": "old.csv",
        "csv_file_content": path.read_text(),
        "csv_file_size": path.stat().st_size,
        "preset": "Standard-SSL",
        "date_filter_preset": "all",
        "execute_now": True,
    }
    assert done.json["migration"]["code"] == "MG12345678"
    assert [row["local_email"] for row in done.json["rows"]] == ["ada@example.com", "bob@example.com"]
    assert "ada@example.com from ada at imap.old.example" in done.err
    assert "migrate watch MG12345678" in done.err


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (
            ("--first", "2026-12-01T23:00+01:00"),
            {"execute_now": False, "first_execution_date": "2026-12-01T22:00:00+00:00", "date_filter_preset": "all"},
        ),
        (
            ("--first", "2026-12-01T22:00Z", "--second", "2026-12-02 08:00Z", "--since", "last_month"),
            {
                "execute_now": False,
                "first_execution_date": "2026-12-01T22:00:00+00:00",
                "second_execution_date": "2026-12-02T08:00:00+00:00",
                "date_filter_preset": "last_month",
            },
        ),
        (
            ("--now", "--since", "2026-01-31"),
            {"execute_now": True, "date_filter_preset": "custom", "custom_from_date": "2026-01-31"},
        ),
    ],
)
def test_when_and_which_mail(words, more, account, project, file):
    done = project.run(
        "migrate", "start", str(file(ADA)), "--preset", "gmail", "--auto-approve", *words, env={"TZ": "UTC"}
    )
    assert done.code == 0, done.err
    (body,) = posts(account)
    sent = {name: value for name, value in body.items() if not name.startswith("csv_") and name != "preset"}
    dates = {name for name in sent if name.endswith("_execution_date")}
    assert {name: datetime.fromisoformat(sent[name]) for name in dates} == {
        name: datetime.fromisoformat(more[name]) for name in dates
    }
    assert {name: one for name, one in sent.items() if name not in dates} == {
        name: one for name, one in more.items() if name not in dates
    }


def test_a_customer_is_named_for_a_token_of_an_admin(server, project, file):
    other = {"domains": {"theirs.example": {"customer_code": "C222222222"}, **SEED["domains"]}}
    server.swap(seed=other)
    project.write({"settings": {"customer_code": "C222222222"}, "domains": {"theirs.example": {"mailboxes": {
        "eve": {"firstname": "Eve"}}}}})  # fmt: skip
    done = start(project, file(f"eve@theirs.example;e;{CANARY};192.0.2.9"))
    assert (done.code, posts(server)[0]["customer_code"]) == (0, "C222222222")
    listed = project.run("migrate", "list", "--format", "json").json["migrations"]
    assert [one["owner"] for one in listed] == ["C222222222"]
    assert server.arrived[-1].query["customer_code"] == "C222222222"


# -- what is refused before a request --------------------------------------------------------------------------

WRONG = {
    "a header": ([f"local;user;{'password'};server", ADA], "1:1", "the file has no header"),
    "three columns": ([ADA, "bob@example.com;bob;192.0.2.9"], "2:1", "this one has 3"),
    "five columns": ([f"{ADA};x"], "1:1", "this one has 5"),
    "commas": ([ADA.replace(";", ",")], "1:1", "not by a comma"),
    "an empty row": ([ADA, "", BOB], "2:1", "this one is empty"),
    "no password": (["ada@example.com;ada;;192.0.2.9"], "1:21", "the column password is empty"),
    "no user": ([f"ada@example.com;;{CANARY};192.0.2.9"], "1:17", "the column user is empty"),
    "a blank": ([f"ada@example.com;ada; {CANARY};192.0.2.9"], "1:21", "begins or ends with a blank"),
    "a bell": ([f"ada@example.com;ada;{CANARY}\a;192.0.2.9"], "1:21", "cannot be seen"),
    "no address": ([f"{CANARY};ada;x;192.0.2.9"], "1:1", "is no e-mail address"),
    "no host": ([f"ada@example.com;ada;x;{CANARY} 1"], "1:23", "is no host"),
    "a URL": ([f"ada@example.com;ada;{CANARY};imaps://old.example"], "1:36", "without port or https://"),
    "a port": ([f"ada@example.com;ada;{CANARY};old.example:993"], "1:36", "without port or https://"),
    "an open quote": ([f'ada@example.com;ada;"{CANARY};192.0.2.9'], "1:21", "this quote is not closed"),
    "a quote inside": ([f'ada@example.com;ada;{CANARY}"x;192.0.2.9'], "1:35", "stands in quotes"),
    "behind a quote": ([f'ada@example.com;ada;"{CANARY}"x;192.0.2.9'], "1:37", "behind a closing quote"),
    "twice": ([ADA, BOB, ADA], "3:1", "stands in the file twice"),
    "too many": ([f"{i}{ADA}" for i in range(501)], "501:1", "at most 500 rows, this one has 501"),
    "nothing": ([], "old.csv", "there is no row in it"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_refused_with_its_row_and_nothing_is_asked(case, account, project, file):
    rows, place, words = WRONG[case]
    done = start(project, file(*rows))
    assert (done.code, account.arrived) == (3, [])
    assert words in done.err
    assert place in done.err


def test_every_mistake_at_once(account, project, file):
    done = start(project, file("x;ada;a;192.0.2.9", ADA, "ada@example.com;ada;a"))
    assert done.code == 3
    assert [f"old.csv:{place}" in done.err for place in ("1:1", "2:1", "3:1")] == [True, False, True]


@pytest.mark.parametrize(
    ("text", "words"),
    [(f"{CANARY}\xff".encode("latin-1"), "old.csv:1:15"), (b"x" * (4 * 2**20 + 1), "larger than 4 MB")],
)
def test_a_file_that_cannot_be_read(text, words, account, project, file):
    done = start(project, file(text=text))
    assert (done.code, words in done.err, account.arrived) == (3, True, [])
    assert start(project, project.folder).code == 3
    assert start(project, project.folder / "none.csv").code == 3


def test_what_editors_leave_in_a_file_is_accepted(account, project, file):
    done = start(project, file(text=f"\ufeff{ADA}\r\n{BOB}\r\n"))
    assert done.code == 0, done.err
    assert posts(account)[0]["csv_file_content"] == f"{ADA}\r\n{BOB}\r\n"
    assert start(project, file(text=ADA, name="without-line-end.csv")).code == 0


def git(folder, *words):
    subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, env={
        "PATH": "/usr/bin:/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"})  # fmt: skip


@pytest.mark.parametrize(
    ("ignored", "added", "code", "words"),
    [
        ("", True, 3, "git tracks it"),
        ("*.csv", True, 3, "git tracks it"),
        ("", False, 3, "git does not ignore it"),
        ("*.csv", False, 0, ""),
        ("old.csv\n!old.csv", False, 3, "git does not ignore it"),
    ],
)
def test_a_file_that_git_would_keep_is_refused(ignored, added, code, words, account, project, file):
    path = file(ADA)
    git(project.folder, "init")
    (project.folder / ".gitignore").write_text(ignored)
    git(project.folder, "add", *(["-f", "old.csv"] if added else [".gitignore"]))
    done = start(project, path)
    assert (done.code, words in done.err) == (code, True), done.err
    link = project.folder / "elsewhere"
    link.mkdir()
    (link / "link.csv").symlink_to(path)
    assert start(project, link / "link.csv").code == code


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--preset", "x"), "say when"),
        (("--preset", "x", "--now", "--first", "2026-12-01T22:00"), "--now and --first exclude each other"),
        (("--now",), "--preset is missing"),
        (("--preset", "x", "--first", "2026-12-01"), "is not a time"),
        (("--preset", "x", "--first", "tonight"), "is not a time"),
        (("--preset", "x", "--first", "2026-12-01T22:00", "--second", "2026-12-01T21:00"), "comes after --first"),
        (("--preset", "x", "--now", "--since", "yesterday"), "nor a date"),
    ],
)
def test_wrong_usage(words, told, account, project, file):
    done = start(project, file(ADA), *words)
    assert (done.code, told in done.err, account.arrived) == (1, True, [])


def test_nobody_can_be_asked(account, project, file):
    done = start(project, file(ADA), *NOW[:-1])
    assert (done.code, "--auto-approve" in done.err, account.writes) == (1, True, [])


# -- local mailboxes -------------------------------------------------------------------------------------------


def test_what_a_file_declares_is_not_asked_for(account, project, file):
    project.write({"domains": {"example.com": {"mailboxes": {"ada": {"firstname": "A"}, "eve": {"state": "absent"}}}}})
    assert start(project, file(ADA)).code == 0
    assert not [one for one in account.arrived if one.path.startswith("/api/domains")]


def test_a_mailbox_that_is_neither_declared_nor_there(account, project, file):
    done = start(project, file(ADA, f"eve@example.com;eve;{CANARY};192.0.2.9", f"a@no.example;a;{CANARY};192.0.2.9"))
    assert (done.code, account.writes) == (3, [])
    assert "there is no mailbox eve@example.com" in done.err
    assert "old.csv:2:1" in done.err
    assert "old.csv:3:1" in done.err
    assert "old.csv:1:1" not in done.err
    lists = [one.path for one in account.arrived if one.path.endswith("/email_accounts")]
    assert len(lists) == len(set(lists)) == 1


def emulated(account, method, path):
    headers = {"x-api-token": TOKEN}
    return json.loads(account.emulator.handle(Request(method, path, {}, headers, b"")).body or b"{}")


@pytest.mark.parametrize(
    ("gone", "places"),
    [("/email_accounts/{mailbox}", [1]), ("", [1, 2])],
    ids=["the mailbox", "its domain"],
)
def test_a_mailbox_that_is_being_deleted_is_not_there(gone, places, server, project, file):
    server.swap(seed=SEED, quirks={"delete": "queued:500"})
    path = f"/api/domains/{emulated(server, 'GET', '/api/domains')['resources'][0]['code']}"
    rows = emulated(server, "GET", f"{path}/email_accounts")["resources"]
    (mailbox,) = (row["code"] for row in rows if row["name"] == "ada")
    emulated(server, "DELETE", path + gone.format(mailbox=mailbox))
    done = start(project, file(ADA, f"postmaster@example.com;x;{CANARY};192.0.2.9"))
    assert (done.code, posts(server)) == (3, [])
    assert [number for number in (1, 2) if f"old.csv:{number}:1" in done.err] == places


def test_a_postmaster_is_there_by_itself(account, project, file):
    assert start(project, file(f"postmaster@example.com;x;{CANARY};192.0.2.9")).code == 0


# -- what the server says --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "refused"),
        (403, "an admin, a team member or a manager"),
        (404, "this API has no such call"),
        (405, "this API has no such call"),
        (422, "what the server says is not shown"),
    ],
)
def test_a_refusal(status, words, account, project, file):
    account.refuse(status, "POST", "/api/migrations")
    done = start(project, file(ADA))
    assert (done.code, words in done.err, len(posts(account))) == (6, True, 1)


@pytest.mark.parametrize(("status", "body"), [(404, b'{"error": "Not Found"}'), (405, b"")])
def test_a_call_that_is_not_there(status, body, account, project, file):
    account.before = lambda one: Response(status, {}, body) if one.method == "POST" else None
    done = start(project, file(ADA))
    assert (done.code, len(posts(account))) == (6, 1)
    assert "this API has no such call: POST /api/migrations" in done.err
    assert "migrations can be made in the panel" in done.err


LONG = Response(429, {"retry-after": "99999"}, b"")


@pytest.mark.parametrize(("words", "method", "code"), [
    (("start", "old.csv", *NOW), "POST", 6),
    (("cancel", "MG1", "--auto-approve"), "DELETE", 6),
    (("start", "old.csv", *NOW), "GET", 1),
    (("list",), "GET", 1),
])  # fmt: skip
def test_a_server_that_takes_no_requests_for_long(words, method, code, server, project, file):
    server.swap(seed={**SEED, "migrations": {"MG1": {"status": "scheduled"}}})
    words = [str(file(ADA)) if one == "old.csv" else one for one in words]
    server.before = lambda one: LONG if one.method == method and one.path.startswith("/api/migrations") else None
    done = project.run("migrate", *words)
    assert (done.code, "asks to wait 99999 s" in done.err, "try again later" in done.err) == (code, True, True)
    assert "unknown" not in done.err


def test_a_preset_that_the_server_does_not_know(account, project, file):
    done = start(project, file(ADA), "--preset", "AS/400", "--now", "--auto-approve")
    assert (done.code, "since a secret was sent): preset\n" in done.err) == (6, True), done.err


def test_what_a_server_repeats_of_a_file_is_not_shown(account, project, file):
    def echo(request):
        if request.method != "POST":
            return None
        text = json.loads(request.body)["csv_file_content"]
        rows = [{"field": "csv_file_content", "description": f"row 1 is {text}"}]
        return Response(422, {"content-type": "application/json"},
                        json.dumps({"message": text, "errors": rows}).encode())  # fmt: skip

    account.before = echo
    assert start(project, file(ADA, BOB)).code == 6
    account.before = lambda one: Response(500, {}, one.body) if one.method == "POST" else None
    assert start(project, file(ADA, BOB)).code == 6


SAID = {
    "a short password": ("k9z", "row 1: ada@example.com;ada;k9z;192.0.2.9 cannot be parsed"),
    "one of signs": ("!?", "the password !? is too short"),
    "one in base64": ("S3cretPass", "UzNjcmV0UGFzcw=="),
    "one in quotes": ('one;"two', "cannot log in with b25lOyJ0d28="),
}


@pytest.mark.parametrize("status", [400, 403, 422])
@pytest.mark.parametrize("case", SAID)
def test_what_a_server_says_of_a_password_is_not_shown(case, status, account, project, file):
    password, said = SAID[case]
    rows = [{"field": "csv_file_content", "description": said}, {"field": said, "description": "wrong"}]
    body = json.dumps({"message": said, "errors": rows}).encode()
    account.before = lambda request: Response(status, {}, body) if request.method == "POST" else None
    quoted = password.replace('"', '""')
    done = start(project, file(f'ada@example.com;ada;"{quoted}";192.0.2.9'))
    assert (done.code, str(status) in done.err) == (6, True)
    assert not [text for text in (password, *said.split()[-1:]) if text in done.out + done.err], done.err


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize(("password", "said", "shown"), [
    ("k9z", "login with k9z failed", "login with *** failed"),
    ("k9z", "ada:k9z@192.0.2.9", "ada:***@192.0.2.9"),
    ("!?", "'!?' is wrong", "'***' is wrong"),
    ("a", "a is wrong at example.com", "*** is wrong at example.com"),
])  # fmt: skip
def test_rows_never_show_a_short_password(password, said, shown, form, account, project, file):
    def telling(request, response):
        if not request.path.endswith("/resources"):
            return None
        body = json.loads(response.body)
        body["resources"] = [{**row, "error_details": [said]} for row in body["resources"]]
        return Response(200, response.headers, json.dumps(body).encode())

    account.after = telling
    done = start(project, file(f"ada@example.com;ada;{password};192.0.2.9"), *NOW, "--format", form)
    assert (done.code, shown in done.out, said in done.out) == (0, True, False), done.out
    assert "ada@example.com" in done.out


def test_rows_never_show_a_password(account, project, file):
    def telling(request, response):
        if not request.path.endswith("/resources"):
            return None
        body = json.loads(response.body)
        for row in body["resources"]:
            row |= {"remote_password": f"{CANARY}-1", "error_details": [f"{CANARY}-1 is wrong"]}
        return Response(200, response.headers, json.dumps(body).encode())

    account.after = telling
    for form in ("table", "json"):
        assert start(project, file(ADA), *NOW, "--format", form).code == 0


@pytest.mark.parametrize("answer", ["resource_code", "resources", "location", "nothing"])
@pytest.mark.parametrize("more", [{}, {"job_paging": "totals", "per_max": "3", "empty_list": "404"}])
def test_answers_in_any_form(answer, more, server, project, file):
    server.swap(seed=SEED, quirks={"create_answer": answer, **more})
    done = start(project, file(ADA), *NOW, "--format", "json")
    assert (done.code, done.json["migration"]["code"]) == (0, "MG12345678")


@pytest.mark.parametrize(("name", "value"), SINGLE_QUIRKS, ids=[f"{name}={value}" for name, value in SINGLE_QUIRKS])
def test_it_is_started_once_under_each_quirk(name, value, tmp_path):
    rest = {f"d{number}.example": {"mailboxes": {"eve": {"firstname": "E"}}} for number in range(4)}
    lab = Lab(seed={"domains": {**rest, **SEED["domains"]}}, quirks={name: value}, faults=[LOST])
    with closing(Client(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as client:
        wanted = order(tmp_path)
        assert not migrations.homeless(Account(client, TYPES), configuration_of(""), wanted.file.accounts, TYPES)
        found = migrations.found(client, migrations.start(client, wanted))
    assert [row["local_email"] for row in found.rows] == ["ada@example.com"]
    assert [one.fault for one in posted(lab)] == ["drop-after"]


@pytest.mark.parametrize("dates", ["utc", "offset", "local"])
def test_dates_in_any_form(dates, server, project, file):
    server.swap(seed=SEED, quirks={"migration_dates": dates})
    done = start(project, file(ADA), "--preset", "gmail", "--first", "2026-12-01T22:00Z", "--auto-approve")
    assert done.code == 0
    assert "2026-12-01T2" in done.out


def test_a_validation_that_fails(server, project, file):
    server.swap(seed=SEED, quirks={"migration_validation": "failed"})
    done = start(project, file(ADA))
    assert (done.code, "cannot be reached" in done.out) == (6, True)


# -- lost answers ----------------------------------------------------------------------------------------------


def order(tmp_path, name="old.csv"):
    path = tmp_path / name
    path.write_text(f"{ADA}\n")
    return Order(account_file.read(path), "gmail", NIGHT)


def posted(lab):
    return [one for one in lab.emulator.requests if one.method == "POST"]


OLD = {"code": "MG10000001", "csv_file_name": "old.csv"}


@pytest.mark.parametrize("existing", [[], [OLD]])
@pytest.mark.parametrize("kind", ["drop-after", "cut", "502", "html"])
def test_a_lost_answer_is_looked_up_by_file_and_time(kind, existing, tmp_path):
    more = {} if kind in ("drop-after", "cut") else {"done": True}
    fault = Fault(kind, method="POST", **more)
    lab = Lab(seed={**SEED, "migrations": existing}, faults=[fault])
    with closing(Client(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as client:
        code = migrations.start(client, order(tmp_path))
        assert code in {row["code"] for row in migrations.listed(client)} - {OLD["code"]}
    assert len(posted(lab)) == 1


@pytest.mark.parametrize("existing", [[], [OLD]])
@pytest.mark.parametrize("kind", ["drop-before", "503"])
def test_what_cannot_be_found_is_unknown_and_not_posted_again(kind, existing, tmp_path):
    lab = Lab(seed={**SEED, "migrations": existing}, faults=[Fault(kind, method="POST")])
    with (
        closing(Client(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as client,
        pytest.raises(Undone, match="unknown"),
    ):
        migrations.start(client, order(tmp_path))
    assert len(posted(lab)) == 1


def test_a_lost_answer_that_cannot_be_looked_up_is_unknown(account, project, file):
    broken = Response(500, {}, b"")
    lost = []

    def trouble(request):
        lost.extend([1] if request.method == "POST" else [])
        return broken if lost else None

    project.write({"settings": {"api": {"retries": 0}}})
    account.before = trouble
    done = start(project, file(ADA), *NOW, "--format", "json")
    assert (done.code, "unknown" in done.err, len(posts(account))) == (6, True, 1)
    assert done.json == {"migration": {"csv_file_name": "old.csv", "status": "unknown"}, "rows": []}


def test_an_interruption_tells_that_it_may_be_started(account, project, file, hold):
    held = hold(account)
    with project.start("migrate", "start", str(file(ADA)), *NOW) as process:
        held.wait()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    again = "qboxctl -C config migrate list"
    assert f"it may be started all the same: look with `{again}`" in err
    assert len(posts(account)) == 1


def test_a_file_whose_name_cannot_be_sent(account, project, file):
    odd = file(ADA).rename(project.folder / "m\udcff.csv")
    done = start(project, odd, *NOW)
    assert (done.code, "is not UTF-8 text" in done.err, posts(account)) == (1, True, []), done.err


# -- watching --------------------------------------------------------------------------------------------------


def watched(lab, *, wait=None):
    lines = []
    with closing(Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as reader:
        found = migrations.watch(reader, "MG1", lambda row: lines.append(row["status"]), wait)
    return found, lines


ROW = {"local_email": "ada@example.com", "remote_username": "ada", "remote_server": "192.0.2.9"}


def running(**more):
    return {**SEED, "migrations": [{"code": "MG1", "status": "scheduled", "execute_now": True,
                                    "status_detail": "first execution", "rows": [{**ROW, **more}]}]}  # fmt: skip


def test_a_line_for_each_change_until_the_end():
    found, lines = watched(Lab(seed=running()))
    assert lines == ["scheduled", "running", "completed"]
    assert (found.went_wrong, [row["status"] for row in found.rows]) == (False, ["success"])


@pytest.mark.parametrize("more", [{"error_details": ["login refused"]}, {"local_email": "none@example.com"}])
def test_rows_that_fail(more):
    found, lines = watched(Lab(seed=running(**more)))
    assert lines[-1] == "completed_with_errors"
    assert (found.went_wrong, len(found.failed)) == (True, 1)


def test_a_control_call_makes_rows_fail():
    lab = Lab(seed=running())
    body = json.dumps({"local_email": "Ada@example.com", "error": "no such user"}).encode()
    assert lab.emulator.handle(Request("POST", "/_emulator/failing", {}, {}, body)).status == 204
    found, _ = watched(lab)
    assert found.failed[0]["error_details"] == ["no such user"]


def test_looks_come_after_a_second_and_then_less_often():
    seed = {**SEED, "migrations": [{"code": "MG1", "status": "scheduled", "first_execution_date": "2999-01-01T00:00Z"}]}
    lab = Lab(seed=seed)
    times = []
    lab.between = lambda request, *, answer: times.append(lab.clock.now) or answer(request)
    found, lines = watched(lab, wait=600)
    assert (found.ended, lines, times.pop()) == (False, ["scheduled"], times[-1]), "the rows are read at the end"
    pauses = [after - before for before, after in pairwise(times)]
    assert (pauses[0], max(pauses), pauses[:-1]) == (pytest.approx(1), pytest.approx(30), sorted(pauses[:-1]))
    assert times[-1] - times[0] == pytest.approx(600)


@pytest.mark.parametrize(
    ("status", "rows", "code"),
    [
        ("completed", [ROW], 0),
        ("completed_with_errors", [ROW], 6),
        ("completed", [{**ROW, "status": "crashed"}], 6),
        ("failed", [], 6),
    ],
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_how_watching_ends(form, status, rows, code, server, project):
    server.swap(seed={"migrations": {"MG1": {"status": status, "rows": rows}}})
    done = project.run("migrate", "watch", "MG1", "--format", form)
    assert done.code == code
    if form == "json":
        assert (done.json["migration"]["status"], len(done.json["rows"])) == (status, len(rows))
    else:
        assert done.out.startswith(f"MG1 {status}")


ENDS = {
    # what a migration tells, its rows, and how watching ends
    "errors that no row shows": ({"status": "completed", "resources_has_errors": True}, [], 6),
    "errors in words": ({"status": "completed", "resources_has_errors": "True"}, [], 6),
    "no errors in words": ({"status": "completed", "resources_has_errors": "false"}, [], 0),
    "capitals": ({"status": "Completed"}, [{"status": "Success"}], 0),
    "capitals, and errors": ({"status": "COMPLETED_WITH_ERRORS"}, [], 6),
    "capitals in a row": ({"status": "Completed"}, [{"status": "Error"}], 6),
}


@pytest.mark.parametrize("case", ENDS)
def test_how_watching_ends_by_what_is_told(case, server, project):
    record, rows, code = ENDS[case]
    server.swap(seed={"migrations": {"MG1": {"status": "completed", "rows": [ROW] * len(rows)}}})

    def after(request, response):
        body = json.loads(response.body)
        told = rows if request.path.endswith("/resources") else [record]
        body["resources"] = [{**row, **one} for row, one in zip(body["resources"], told, strict=False)]
        return Response(200, {}, json.dumps(body).encode())

    server.after = after
    done = project.run("migrate", "watch", "MG1", "--wait", "0s")
    wrong = record.get("resources_has_errors") in (True, "True")
    assert (done.code, "with errors in rows" in done.out) == (code, wrong)


def test_watching_is_over_before_the_end(server, project):
    later = {"status": "scheduled", "first_execution_date": "2999-01-01T00:00Z", "rows": [ROW]}
    server.swap(seed={"migrations": {"MG1": later}})
    done = project.run("migrate", "watch", "MG1", "--wait", "0s")
    assert (done.code, "goes on" in done.err) == (7, True)
    done = project.run("migrate", "watch", "MG1", "--wait", "0s", "--format", "json")
    assert (done.code, "goes on" in done.err) == (7, True)
    assert (done.json["migration"]["status"], [row["local_email"] for row in done.json["rows"]]) == (
        "scheduled",
        ["ada@example.com"],
    )


# -- the other commands ----------------------------------------------------------------------------------------

MANY = {
    "migrations": {
        f"MG{number}": {"csv_file_name": f"{number}.csv", "rows": [ROW, {**ROW, "status": "error"}]}
        for number in range(10, 17)
    }
}


@pytest.mark.parametrize("quirks", [{"job_paging": one, "per_max": per} for one in ("{}", "totals") for per in "37"])
def test_lists_and_rows_to_their_end(quirks, server, project):
    server.swap(seed=MANY, quirks=quirks)
    found = project.run("migrate", "list", "--format", "json").json["migrations"]
    assert [one["code"] for one in found] == list(MANY["migrations"])
    assert "16.csv" in project.run("migrate", "list").out
    whole = project.run("migrate", "show", "MG12", "--format", "json").json
    failed = project.run("migrate", "show", "MG12", "--failed", "--format", "json").json
    assert (len(whole["rows"]), len(failed["rows"]), failed["rows"][0]["status"]) == (2, 1, "error")


@pytest.mark.parametrize("words", [("show", "MG12", "--failed"), ("watch", "MG12", "--wait", "0s")], ids=" ".join)
def test_a_status_of_another_type_is_none_that_is_known(words, server, project):
    server.swap(seed=MANY)

    def after(request, response):
        body = json.loads(response.body)
        body["resources"] = [{**row, "status": {"name": "error"}} for row in body["resources"]]
        return Response(200, {}, json.dumps(body).encode())

    server.after = after
    done = project.run("migrate", *words, "--format", "json")
    assert (done.code, "fault" in done.err) == (7 if "watch" in words else 0, False), done.err


@pytest.mark.parametrize("command", ["show", "watch", "cancel"])
@pytest.mark.parametrize("code", ["MG99999999", "../x", "MG1/y"])
def test_an_unknown_code(command, code, account, project):
    done = project.run("migrate", command, code)
    assert (done.code, account.writes) == (1, [])


def test_no_list_is_an_empty_one(server, project):
    server.swap(quirks={"empty_list": "404"})
    done = project.run("migrate", "list", "--format", "json")
    assert (done.code, done.json) == (0, {"migrations": []})
    server.refuse(405, "GET", "/api/migrations")
    assert (project.run("migrate", "list").code, "no such call" in project.run("migrate", "list").err) == (1, True)


def test_cancelling(server, project):
    server.swap(seed={"migrations": {"MG1": {"status": "scheduled"}, "MG2": {"can_delete": False}}})
    assert project.run("migrate", "cancel", "MG1").code == 1
    done = project.run("migrate", "cancel", "MG2", "--auto-approve")
    assert (done.code, "can_delete: false" in done.err, server.writes) == (6, True, [])
    done = project.run("migrate", "cancel", "MG1", "--auto-approve", "--format", "json")
    assert (done.code, "mail that was fetched stays" in done.err) == (0, True)
    assert done.json["migration"]["code"] == "MG1"
    assert [(one.method, one.path) for one in server.writes] == [("DELETE", "/api/migrations/MG1")]


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (Fault("drop-after", method="DELETE"), 0, "cancelled migration MG1"),
        (Fault("500", method="DELETE", done=True), 0, "cancelled migration MG1"),
        (Fault("404", method="DELETE"), 6, "this API has no such call: DELETE /api/migrations/MG1"),
    ],
    ids=lambda one: one.kind if isinstance(one, Fault) else "",
)
def test_cancelling_is_done_where_the_migration_is_gone(fault, code, words, server, project):
    server.swap(seed={"migrations": {"MG1": {"status": "scheduled"}}}, faults=[fault])
    done = project.run("migrate", "cancel", "MG1", "--auto-approve")
    assert (done.code, words in done.err) == (code, True), done.err


def test_a_code_that_is_none_is_told_without_a_request():
    lab = Lab()
    with (
        closing(Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as reader,
        pytest.raises(QboxctlError, match="can be no code"),
    ):
        migrations.found(reader, "../../domains")
    assert not lab.emulator.requests
