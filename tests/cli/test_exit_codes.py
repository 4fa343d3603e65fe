"""Every exit code, by every situation that ends with it, and what it tells the person who meets it."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from typing import Any

import pytest

from qboxctl.emulator import Response, parse_fault

ADA = {"firstname": "Ada", "password": {"env": "PW"}}
DOMAIN: dict[str, Any] = {"postmaster_password": {"env": "PW"}}
QUICK: dict[str, Any] = {"settings": {"api": {"retries": 0}}}
BIG = {**ADA, "max_email_quota": "25GB"}
GONE = {"ada": {"state": "absent"}, "bob": {"state": "absent"}}
TWO = {"ada": {"firstname": "Ada"}, "bob": {"firstname": "Bob"}}
FIVE = {name: {"firstname": name} for name in ("ada", "bob", "cid", "dan", "eve")}
TWICE = {"delivery": {"accounts": {"a": {"description": "News", "type": "newsletter"},
                                   "b": {"description": "news", "type": "newsletter"}}}}  # fmt: skip


def mail(mailboxes: Any = None, **domain: Any) -> dict[str, Any]:
    inside = {} if mailboxes is None else {"mailboxes": mailboxes}
    return {**QUICK, "domains": {"example.com": {**DOMAIN, **domain, **inside}}}


@dataclass(frozen=True)
class Case:
    code: int
    args: str
    says: tuple[str, ...] = ()
    config: Any = field(default_factory=lambda: mail({"ada": ADA}))
    seed: Any = field(default_factory=dict)
    quirks: Any = field(default_factory=dict)
    env: Any = field(default_factory=dict)
    refuse: tuple[Any, ...] = ()
    hint: str = r"help:|\^ \S"
    stranger: bool = False


HTTP = {"QBOXCTL_ENDPOINT": "http://mail.example"}
NOBODY = {"QBOXCTL_ENDPOINT": "http://127.0.0.1:1"}
USAGE = "--help` tells what it takes"
SIZE = {"domains": {"example.com": {"max_email_quota": "8GB"}}}
MOST = {"max_email_accounts": 2}
WAIT = {"ownership": "wait"}
CASES = {
    # 0 and 2
    "plan": Case(0, "plan"),
    "plan-nothing": Case(0, "plan --detailed-exitcode", config=mail(TWO), seed=mail(TWO)),
    "plan-detailed": Case(2, "plan --detailed-exitcode"),
    "plan-idle-pattern": Case(0, "plan", ("protect: mailbox/*@exampel.com matches no object", "Q047"),
                              config={**mail(TWO), "protect": ["mailbox/*@exampel.com"]}, seed=mail(TWO)),
    "apply": Case(0, "apply --auto-approve"),
    "apply-nothing-needs-no-approval": Case(0, "apply", config=mail(TWO), seed=mail(TWO)),
    "help": Case(0, "--help"),
    "version": Case(0, "--version"),
    "validate": Case(0, "validate"),
    # 3: the configuration
    "no-directory": Case(3, "-C nowhere plan", ("nowhere", "-C")),
    "no-file": Case(3, "-C empty plan", ("no .yaml or .yml file", "init")),
    "no-environment": Case(3, "--env prod plan", ('no environment "prod"', "settings.environments")),
    "not-yaml": Case(3, "plan", ("qboxmail.yaml:1:",), config="domains: {a: [}\n", hint="-->"),
    "unknown-key": Case(3, "plan", ('"domain"', 'did you mean "domains"'), config="domain: {}\n"),
    "bad-endpoint": Case(3, "plan", ("https",), config={"settings": {"endpoint": "ftp://x.example"}}, hint="-->"),
    "lacks-two": Case(3, "plan", ("lacks firstname and password", "state them"), config=mail({"ada": {}})),
    "lacks-reason": Case(3, "plan", ("lacks reason",), config={"delivery": {"suppressions": {"a@b.example": {}}}}),
    "create-only": Case(3, "plan", ("plan of domain/example.com is basic", "write basic"),
                        config=mail(plan="enterprise"), seed=mail(plan="basic")),
    "two-accounts": Case(3, "plan", ("2 live accounts are called 'News'", "id: "),
                         config={"delivery": {"accounts": {"News": {}}}}, seed=TWICE),
    "too-large-live": Case(3, "plan", ("more than domain/example.com allows", "max_email_quota: 25GB"),
                           config={"domains": {"example.com": {"mailboxes": {"ada": BIG}}}},
                           seed=SIZE),
    "too-many-mailboxes": Case(3, "plan", ("would hold 3 where its max_email_accounts allows 2", "2 of them created"),
                               config=mail({"ada": {}, "bob": ADA, "cid": ADA}), seed=mail({"ada": ADA}, **MOST)),
    "secret-missing": Case(3, "apply --auto-approve", ("environment variable PW is not set",), env={"PW": None},
                           hint="-->"),
    # 1: other errors
    "no-plan-file": Case(1, "apply nowhere.json", ("nowhere.json", "No such file", "plan --out")),
    "damaged-plan": Case(1, "apply damaged.json --auto-approve",
                         ("damaged.json is not a plan: it is not JSON", "plan --out")),
    "other-version": Case(1, "show other.json", ("format '9.9'", "plan again")),
    "no-repository": Case(1, "plan --since HEAD", ("git repository",), hint=""),
    "since-is-an-option": Case(1, "plan --since=--all", ("is not a revision",), hint=""),
    "no-terminal": Case(1, "apply", ("nobody can be asked", "--auto-approve")),
    "out-of-reach": Case(1, "plan", ("no connection to 127.0.0.1", "qboxctl emulator"), env=NOBODY),
    "endpoint-without-scheme": Case(1, "plan --endpoint localhost:8025", ("write http://localhost:8025",)),
    "endpoint-of-a-host": Case(1, "plan --endpoint api.qboxmail.com", ("write https://api.qboxmail.com",)),
    "endpoint-with-a-path": Case(1, "plan", ("must have no path", "write https://api.qboxmail.com\n", "--endpoint"),
                                 env={"QBOXCTL_ENDPOINT": "https://api.qboxmail.com/api/"}),
    "plain-http": Case(1, "plan", ("must use https", "QBOXCTL_ENDPOINT"), env=HTTP),
    "stranger": Case(1, "plan", ("check the endpoint",), refuse=(404, "GET"), stranger=True),
    "server-error": Case(1, "plan", ("error: GET /api/domains: 500",), refuse=(500, "GET"), hint=""),
    "doctor-server-error": Case(1, "doctor", ("error: GET /api/domains: 500",), refuse=(500, "GET"), hint=""),
    "target-of-nothing": Case(1, "plan --target mailbox/eve@example.com", ("matches no object", "plan")),
    "exclude-of-nothing": Case(1, "plan --exclude mailbox/eve@example.com", ("--exclude", "matches no object")),
    "seed-without-emulator": Case(1, "plan --seed x.yaml", ("--endpoint emulator:",), hint=""),
    "seed-of-nowhere": Case(1, "plan --endpoint emulator: --seed nowhere.yaml", ("cannot be read: No such",), hint=""),
    "seed-not-yaml": Case(1, "plan --endpoint emulator: --seed damaged.json", ("the seed cannot be read",), hint=""),
    "seed-of-a-list": Case(1, "plan --endpoint emulator: --seed list.json", ("must hold a mapping",), hint=""),
    "state-of-something-else": Case(1, "emulator --port 0 --state other.json", ("no account that an emulator",)),
    "no-such-topic": Case(1, "explain mailbocks", ("mailbocks", "did you mean mailbox")),
    # 1: wrong usage, never 2
    "no-command": Case(1, "aply", ("did you mean apply",), hint=""),
    "no-option": Case(1, "plan --tarjet x", ("--tarjet",), hint=USAGE),
    "no-choice": Case(1, "plan --format yaml", ("yaml", "json"), hint=USAGE),
    "out-to-stdout": Case(1, "plan --out -", ("not written to stdout", "./-"), hint=USAGE),
    "folder-to-stdout": Case(1, "export --out -", ("not written to stdout",), hint=USAGE),
    "project-in-stdout": Case(1, "init -", ("not written to stdout",), hint=USAGE),
    "journal-to-stdout": Case(1, "apply --journal -", ("not written to stdout",), hint=USAGE),
    "no-value": Case(1, "plan --out", ("--out",), hint=""),
    "a-file-for-a-folder": Case(1, "init damaged.json", ("DIR: 'damaged.json' is a file: name a folder",), hint=USAGE),
    "a-folder-for-a-file": Case(1, "plan --out .", ("--out: '.' is a folder: name a file",), hint=USAGE),
    "no-argument": Case(1, "show", ("PLANFILE",), hint=USAGE),
    "extra-argument": Case(1, "plan a b", ("unexpected extra",), hint=USAGE),
    "no-digit": Case(1, "apply --wait ²s", ("90s, 30m or 1h",), hint=USAGE),
    "no-duration": Case(1, "apply --wait 5", ("90s, 30m or 1h",), hint=USAGE),
    "topic-and-markdown": Case(1, "explain mailbox --format markdown", ("leave the topic out",), hint=USAGE),
    "export-force-without-files": Case(1, "export --force", ("--force goes with --out",), hint=USAGE),
    "dns-force-without-files": Case(1, "dns --force", ("--force goes with --out",), hint=USAGE),
    "domain-of-no-domain": Case(1, "export --domain *.example --kind suppression", ("--domain goes with",), hint=USAGE),
    "no-domain": Case(1, "export --domain user/x", ("--domain: ",), hint=USAGE),
    "no-kind": Case(1, "plan --target user/x", ("--target",), hint=USAGE),
    "plan-and-target": Case(1, "apply damaged.json --target domain/*", ("--acknowledge",), hint=USAGE),
    # 4: guards
    "count": Case(4, "plan", config=mail(GONE), seed=mail(TWO)),
    "count-apply": Case(4, "apply --auto-approve", ("nothing was written",), config=mail(GONE), seed=mail(TWO)),
    "protect": Case(4, "plan", config={**mail({"ada": GONE["ada"]}), "protect": ["mailbox/ada@*"]}, seed=mail(FIVE)),
    "contents": Case(4, "plan", config={"domains": {"example.com": {"state": "absent"}}}, seed=mail(TWO)),
    "blocked-before-approval": Case(4, "apply", config=mail(GONE), seed=mail(TWO)),
    # 6 and 7
    "server-refuses": Case(6, "apply --auto-approve", refuse=(422, "POST")),
    "write-401": Case(6, "apply --auto-approve", refuse=(401, "POST")),
    "write-403": Case(6, "apply --auto-approve", refuse=(403, "POST")),
    "waiting": Case(7, "apply --auto-approve", quirks=WAIT),
    "failed-and-waiting": Case(6, "apply --auto-approve", quirks=WAIT, refuse=(422, "POST", "delivery"),
                               config={**mail({"ada": ADA}), "delivery": {"domains": {"news.example.com": {}}}}),
    # 8
    "no-token": Case(8, "plan", ("QBOXMAIL_API_TOKEN is not set", "panel"), env={"QBOXMAIL_API_TOKEN": None}),
    "empty-token": Case(8, "plan", ("token",), env={"QBOXMAIL_API_TOKEN": "  "}, hint=""),
    "token-of-two-words": Case(8, "plan", ("blanks",), env={"QBOXMAIL_API_TOKEN": "a b"}, hint=""),
    "wrong-token": Case(8, "plan", ("401", "Management API token"), env={"QBOXMAIL_API_TOKEN": "wrong"}),
    "send-token": Case(8, "plan", ("Send API token",), env={"QBOXMAIL_API_TOKEN": "send_1234"}),
    "wrong-token-apply": Case(8, "apply --auto-approve", ("401",), env={"QBOXMAIL_API_TOKEN": "wrong"}),
    "forbidden": Case(8, "plan", ("403", "permission"), refuse=(403, "GET")),
    "configuration-before-token": Case(3, "plan", config="domain: {}\n", env={"QBOXMAIL_API_TOKEN": None}),
}  # fmt: skip


def assert_readable(done: Any) -> None:
    assert "Traceback" not in done.err + done.out, done
    assert "a fault in qboxctl" not in done.err, done


@pytest.mark.parametrize("name", CASES)
def test_the_exit_code_and_what_is_said(name, project, serve):
    case = CASES[name]
    gateway = serve(seed=case.seed, quirks=case.quirks)
    if case.refuse:
        status, method, *rest = case.refuse
        gateway.refuse(status, method, rest[0] if rest else "", page=case.stranger)
    project.env["QBOXCTL_ENDPOINT"] = gateway.url
    project.write(case.config)
    (project.folder / "empty").mkdir()
    (project.folder / "damaged.json").write_text('{"format_version": "1.0", "id":')
    (project.folder / "list.json").write_text("[]")
    (project.folder / "other.json").write_text('{"format_version": "9.9"}')

    done = project.run(*case.args.split(), env=case.env)

    assert done.code == case.code, done
    assert_readable(done)
    if case.code in (1, 3, 8):
        assert done.out == "" or "plan" in done.out.lower()
        assert not gateway.writes
        assert re.search(case.hint, done.err), done.err
    for words in case.says:
        assert words in done.err + done.out, done
    if case.code == 4:
        assert not gateway.writes
        assert "BLOCKED" in done.out


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ("validate --format json", 3),
        ("validate --format github", 3),
        ("plan --format json", 3),
        ("apply --auto-approve --format json", 3),
    ],
)
def test_stdout_holds_only_the_result_of_the_format(args, code, project):
    project.write("domain: {}\n")
    done = project.run(*args.split())
    assert done.code == code
    assert_readable(done)
    if "validate" not in args:
        assert done.out == ""
    elif "json" in args:
        (one,) = done.json["diagnostics"]
        assert set(one) == {"severity", "code", "message", "address", "file", "line", "column", "hint"}
        assert (one["severity"], one["line"], one["column"]) == ("error", 1, 1)
    else:
        assert done.out.startswith("::error file=config/qboxmail.yaml,line=1,col=1")


def test_json_of_a_run_is_the_only_thing_on_stdout(project, server):
    server.refuse(422, "POST", "alias")
    project.write({**mail({"ada": ADA}, aliases={"info": ["ada@example.com"]})})
    plan = project.run("plan", "--format", "json", "-vv")
    assert (plan.code, len(plan.json["changes"])) == (0, 3)
    done = project.apply("--format", "json", "--debug")
    assert done.code == 6
    assert_readable(done)
    assert done.json["summary"] == {"done": 2, "failed": 1}
    assert "journal" in done.err


def git(folder, *words):
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_a_revision_that_is_not_there(project, server):
    project.write(mail())
    git(project.config, "init", "-q")
    done = project.run("plan", "--since", "v1.0")
    assert done.code == 1
    assert_readable(done)
    assert "--since v1.0" in done.err
    assert "fetch" in done.err


def at_a_terminal(project, typed: bytes, *words: str) -> tuple[int, str]:
    main, terminal = pty.openpty()
    try:
        with project.start("apply", "--journal", "j.jsonl", *words, stdin=terminal) as process:
            seen = ""
            while "yes" not in seen:
                seen += process.stderr.read(1) or pytest.fail(seen)
            os.write(main, typed)
            _, err = process.communicate(timeout=60)
            return process.returncode, seen + err
    finally:
        os.close(main)
        os.close(terminal)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "code", "writes"), [(b"no\n", 1, 0), (b"\n", 1, 0), (b"yes\n", 0, 3), (b"\x04", 130, 0)]
)
def test_the_question_before_writing(typed, code, writes, project, server):
    project.write(mail({"ada": ADA}))
    ended, err = at_a_terminal(project, typed)
    assert ended == code, err
    assert "Traceback" not in err
    assert len(server.writes) == writes
    if code == 1:
        assert "nothing was written" in err


@pytest.mark.parametrize("server", [{"seed": mail(TWO)}], indirect=True)
def test_the_question_names_what_is_lost(project, server):
    project.write(mail({"ada": {"state": "absent"}}))
    code, err = at_a_terminal(project, b"no\n")
    assert code == 1
    assert "deletes mailbox/ada@example.com" in err


def test_a_stale_plan(project, server):
    project.write(mail({"ada": ADA}))
    plan = project.folder / "plan.json"
    assert project.run("plan", "--out", str(plan)).code == 0
    project.write(mail({"ada": {**ADA, "lastname": "Lovelace"}}))
    done = project.apply(str(plan))
    assert done.code == 5
    assert_readable(done)
    assert "not the one that the plan was made from" in done.err
    assert not server.writes


def test_a_missing_token_comes_before_a_stale_plan(project, server):
    project.write(mail({"ada": ADA}))
    plan = project.folder / "plan.json"
    assert project.run("plan", "--out", str(plan)).code == 0
    project.write(mail({"ada": {**ADA, "lastname": "Lovelace"}}))
    assert project.apply(str(plan), env={"QBOXMAIL_API_TOKEN": None}).code == 8


@pytest.mark.parametrize(
    "words", [("--target", "mailbx/*"), ("--exclude", "x"), ("--since", "nowhere"), ("--only-changed",),
              ("--since", "nowhere", "--only-changed")], ids=" ".join
)  # fmt: skip
def test_a_missing_token_comes_before_a_wrong_option(words, project, server):
    project.write({"domains": {}})
    assert project.run("plan", *words, env={"QBOXMAIL_API_TOKEN": None}).code == 8
    assert project.run("plan", *words).code == 1
    project.write({"domain": {}})
    assert project.run("plan", *words, env={"QBOXMAIL_API_TOKEN": None}).code == 3


@pytest.mark.parametrize("server", [{"seed": mail(FIVE)}], indirect=True)
def test_stale_comes_before_blocked(project, server):
    project.write(mail(GONE))
    plan = project.folder / "plan.json"
    assert project.run("plan", "--out", str(plan)).code == 4
    assert project.apply(str(plan)).code == 4
    server.swap(seed=mail({**FIVE, "ada": {"firstname": "Ada", "status": "disabled"}}))
    assert project.apply(str(plan)).code == 5
    assert not server.writes


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("words", [("plan",), ("apply", "--auto-approve")])
def test_interrupted_while_reading(words, number, project, server, hold):
    held = hold(server, reads=True)
    project.write(mail({"ada": ADA}))
    with project.start(*words) as process:
        held.wait()
        process.send_signal(number)
        held.release.set()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not server.writes


def test_every_documented_code_is_covered():
    codes = {case.code for case in CASES.values()} | {5, 130}
    assert codes == {0, 1, 2, 3, 4, 5, 6, 7, 8, 130}


@pytest.mark.parametrize("command", ["plan", "apply --auto-approve", "export", "doctor", "dns"])
@pytest.mark.parametrize(("status", "body"), [(200, b"{}"), (200, b""), (404, b'{"detail": "Not Found"}')])
def test_what_is_not_the_api_is_no_empty_account(command, status, body, project, serve):
    gateway = serve(seed=mail(TWO))
    gateway.before = lambda _request: Response(status, {"content-type": "application/json"}, body)
    project.env["QBOXCTL_ENDPOINT"] = gateway.url
    project.write(mail(TWO))
    done = project.run(*command.split())
    assert done.code == 1, done
    assert_readable(done)
    assert re.search("error: GET /api/(domains|delivery/accounts): ", done.err), done.err
    assert "check the endpoint" in done.err


def test_a_list_that_a_domain_contradicts_fails_the_doctor(project, serve):
    gateway = serve(seed=mail(TWO), faults=[parse_fault("404,path=/api/domains/*/email_accounts,count=inf")])
    project.env["QBOXCTL_ENDPOINT"] = gateway.url
    done = project.run("doctor")
    assert done.code == 1
    assert "its list answers 404 Not found, and domain/example.com counts 1" in done.out
