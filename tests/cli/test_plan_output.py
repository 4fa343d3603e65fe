"""What `plan` says and saves: the JSON, the text, the options that choose, and that nothing is ever written."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import stat
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.support import ROOT

SCHEMA = json.loads((ROOT / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
SECRET = {"env": "PW"}
NEW = {"firstname": "Ada", "password": SECRET}
SEED: dict[str, Any] = {
    "domains": {
        "example.com": {
            "code": "D1",
            "max_email_quota": "25GB",
            "mailboxes": {
                "bob": {"code": "M1", "firstname": "Bob", "lastname": "Old"},
                "eve": {"code": "M2", "firstname": "Eve"},
                "kim": {"code": "M3", "firstname": "Kim"},
            },
            "aliases": {"info": {"code": "A1", "destinations": ["bob@example.com", "eve@example.com"]}},
        },
        "other.example": {"code": "D2", "mailboxes": {"zoe": {"firstname": "Zoe"}}, "aliases": {}},
    },
    "delivery": {
        "domains": {"news.example.com": {"code": "DD1"}},
        "accounts": {"newsletter": {"id": "7", "type": "newsletter", "domains": ["news.example.com"]}},
        "suppressions": {"gone@example.org": {"reason": "bounce"}},
    },
}
MANY = deepcopy(SEED)
MANY["domains"]["example.com"]["mailboxes"] |= {f"u{number:02}": {"firstname": "U"} for number in range(60)}
CREATE = {"domains": {"new.example": {"plan": "basic", "postmaster_password": SECRET, "mailboxes": {"ada": NEW}}}}
UPDATE = {
    "domains": {
        "example.com": {
            "antispam_level": "aggressive",
            "mailboxes": {
                "bob": {"lastname": "Neu", "autoresponder_body": "Away.\nBack soon.", "max_email_quota": "25GB"}
            },
            "aliases": {"info": ["bob@example.com", "new@example.net"]},
        }
    },
    "delivery": {"accounts": {"newsletter": {"domains": []}}},
}
REMOVE = {
    "settings": {"on_remove": {"alias": "delete"}},
    "domains": {"example.com": {"mailboxes": {"eve": {"state": "absent"}}, "aliases": {}}},
    "delivery": {"suppressions": {"gone@example.org": {"state": "absent"}}},
}
BLOCKED = {
    "settings": {"guards": {"mailbox": {"count": 1}}},
    "protect": ["mailbox/bob@*"],
    "domains": {
        "example.com": {"mailboxes": {"bob": {"state": "absent"}, "eve": {"state": "absent"}}},
        "other.example": {"state": "absent"},
    },
}
EVERYTHING = {
    "settings": {"on_remove": {"mailbox": "disable"}, "guards": {"count": 100, "percent": 100}},
    "domains": {**UPDATE["domains"], **CREATE["domains"]},
    "delivery": REMOVE["delivery"],
}
CASES = {
    "create": CREATE,
    "update": UPDATE,
    "remove": REMOVE,
    "blocked": BLOCKED,
    "unverifiable": {
        "domains": {"example.com": {"mailboxes": {"bob": {"timezone": "Europe/Rome", "lastname": "Neu"}}}}
    },
    "unmanaged": {"domains": {"other.example": {"mailboxes": {}, "aliases": {}}}, "delivery": {"domains": {}}},
    "nothing": {"domains": {"example.com": {"mailboxes": {"bob": {"firstname": "Bob"}}}}},
}


@pytest.fixture
def account(server):
    server.swap(seed=SEED)
    return server


def identity(plan: dict[str, Any]) -> str:
    content = {name: plan[name] for name in ("format_version", "environment", "endpoint", "changes")}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def addresses(plan: Any) -> list[str]:
    return [f"{change['action']} {change['address']}" for change in plan["changes"]]


@pytest.mark.parametrize("name", CASES)
def test_text_and_json(name, account, project, snapshot):
    if name == "unverifiable":
        account.swap(seed=SEED, quirks={"list_detail": "blind"})
    project.write(CASES[name])
    saved = project.folder / "plan.json"

    done = project.run("plan", "--out", str(saved))
    plan = json.loads(saved.read_text())

    assert done.out.replace(account.url, "https://api.example").replace(plan["id"], "PLAN-ID") == snapshot
    Draft202012Validator(SCHEMA).validate(plan)
    assert plan["id"] == identity(plan)
    assert plan["endpoint"] == account.url
    assert done.code == (4 if name == "blocked" else 0)
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert not account.writes


def test_a_saved_plan_is_shown_as_it_was(account, project):
    project.write(EVERYTHING)
    saved = project.folder / "plan.json"
    text = project.run("plan", "--out", str(saved)).out
    assert without_time(project.run("plan", "--format", "json").out) == without_time(saved.read_text())
    account.arrived.clear()
    assert project.run("show", str(saved)).out == text
    assert project.run("show", str(saved), "--format", "json").out == saved.read_text()
    assert not account.arrived


def test_its_warnings_reach_whoever_reads_it(account, project):
    account.swap(seed={"domains": {"a.example": {"mailboxes": {
        f"u{number}": {"firstname": "U", "status": "disabled"} for number in range(25)
    }}}})  # fmt: skip
    everybody = {f"u{number}": {"firstname": "U"} for number in range(25)}
    project.write(
        {"settings": {"on_remove": {"mailbox": "disable"}}, "domains": {"a.example": {"mailboxes": everybody}}}
    )
    saved = project.folder / "plan.json"
    done = project.run("plan", "--out", str(saved))
    assert done.out.count("Q044: mailbox/u") == 20
    assert "Warnings (25)" in done.out
    assert "and 5 more" in done.out
    plan = json.loads(saved.read_text())
    assert plan["changes"] == []
    assert len(plan["warnings"]) == 25
    assert plan["warnings"][0] == {
        "code": "Q044",
        "address": "mailbox/u0@a.example",
        "message": "mailbox/u0@a.example is declared, and disabled in the account",
        "hint": "state status: enabled, or status: disabled if it is to stay so",
    }
    for form in ("markdown", "html"):
        assert project.run("show", str(saved), "--format", form).out.count("Q044") == 25, form


def shuffled(value: Any, chance: random.Random) -> Any:
    if not isinstance(value, dict):
        return value
    pairs = [(name, shuffled(one, chance)) for name, one in value.items()]
    chance.shuffle(pairs)
    return dict(pairs)


def test_the_same_wish_gives_the_same_bytes(account, project):
    account.swap(seed=MANY)
    project.write(EVERYTHING)
    first = project.run("plan", "--format", "json").out
    chance = random.Random(7)
    account.swap(seed=MANY, quirks={"order": "shuffled", "per_max": "25"})
    for number in range(3):
        shutil.rmtree(project.config)
        parts = [{name: shuffled(block, chance)} for name, block in EVERYTHING.items() if name != "domains"]
        parts += [{"domains": {name: shuffled(block, chance)}} for name, block in EVERYTHING["domains"].items()]
        chance.shuffle(parts)
        for part in parts:
            project.write(part, f"sub{chance.randrange(3)}/{chance.random()}.{'yml' if number else 'yaml'}")
        again = project.run("plan", "--format", "json").out
        assert without_time(again) == without_time(first)
    assert len(json.loads(first)["changes"]) > 60


def without_time(text: str) -> list[str]:
    lines = text.splitlines()
    assert sum('"created_at"' in line for line in lines) == 1
    return [line for line in lines if '"created_at"' not in line]


def test_another_wish_environment_or_account_gives_another_id(account, project, serve):
    project.write({**UPDATE, "settings": {"environments": {"sandbox": {}}}})
    ids = {project.plan()["id"], project.plan("--env", "sandbox")["id"]}
    ids.add(project.plan("--endpoint", serve(seed=SEED).url)["id"])
    ids.add(project.plan("--exclude", "alias/*")["id"])
    assert len(ids) == 4


@pytest.mark.parametrize("words", ["validate", "explain mailbox.firstname", "schema plan"])
def test_commands_that_ask_nobody(words, account, project):
    project.write(EVERYTHING)
    done = project.run(*words.split(), env={"QBOXMAIL_API_TOKEN": None})
    assert done.code == 0
    assert done.out or words == "validate"
    assert not account.arrived


@pytest.mark.parametrize(
    ("words", "env", "coloured"),
    [
        ("plan", {}, False),
        ("--color always plan", {"NO_COLOR": "1"}, True),
        ("--color always plan --color never", {}, False),
        ("plan", {"CLICOLOR_FORCE": "1"}, True),
        ("plan", {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False),
        ("plan", {"CLICOLOR_FORCE": "0"}, False),
    ],
)
def test_colours(words, env, coloured, account, project):
    project.write(REMOVE)
    assert ("\x1b[" in project.run(*words.split(), env=env).out) is coloured


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_stream_that_lacks_characters(encoding, account, project):
    project.write({"domains": {"example.com": {"mailboxes": {"bob": {"firstname": "Žofie", "lastname": "Neu"}}}}})
    env = {"PYTHONIOENCODING": encoding}
    done = project.process("plan", env=env)
    assert (done.code, "Old -> Neu" in done.out, done.err) == (0, True, "")
    assert project.process("plan", "--format", "json", env=env).json["changes"][0]["fields"][0]["after"] == "Žofie"


def test_how_much_is_shown(account, project):
    project.write(UPDATE)
    saved = project.folder / "plan.json"
    for words in (("plan", "--out", str(saved)), ("show", str(saved))):
        short = project.run(*words, "--summary").out
        assert "  example.com  1 mailbox\n" in short
        assert "mailbox/bob@example.com" not in short
        assert project.run(*words, "--full").out == project.run(*words, "-v").out
        assert "\n        + Back soon." not in short
        done = project.run(*words, "--full", "--summary")
        assert (done.code, done.out) == (1, "")


def test_options_before_and_after_the_command(account, project):
    project.write({"settings": {"environments": {"prod": {}}}, **UPDATE})
    place = str(project.config)
    first = project.run("-C", place, "--env", "prod", "-q", "--debug", "plan", "--format", "json")
    second = project.run("plan", "--format", "json", "--debug", "-q", "--env", "prod", "-C", place)
    assert (first.code, second.code) == (0, 0)
    assert without_time(first.out) == without_time(second.out)
    assert "GET /api/domains" in first.err
    assert "GET /api/domains" in second.err


def test_flags_go_over_the_environment_and_that_over_files(project, serve):
    servers = {name: serve() for name in ("flag", "variable", "environment", "file")}
    urls = {name: one.url for name, one in servers.items()}
    project.write({"settings": {"endpoint": urls["file"], "environments": {"e": {"endpoint": urls["environment"]}}},
                   "domains": {}})  # fmt: skip
    variable = {"QBOXCTL_ENDPOINT": urls["variable"]}
    assert project.plan("--endpoint", urls["flag"], "--env", "e", env=variable)["endpoint"] == urls["flag"]
    assert project.plan("--env", "e", env=variable)["endpoint"] == urls["variable"]
    assert project.plan("--env", "e")["endpoint"] == urls["environment"]
    assert project.plan()["endpoint"] == urls["file"]
    assert [bool(one.arrived) for one in servers.values()] == [True] * 4


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--target mailbox/ada@new.example", ["create domain/new.example", "create mailbox/ada@new.example"]),
        ("--target alias/*", ["update alias/info@example.com"]),
        ("--target domain/* --exclude domain/example.com", ["create domain/new.example"]),
        ("--exclude domain/* --exclude suppression/*", []),
        ("--exclude domain/example.com --exclude suppression/*",
         ["create domain/new.example", "create mailbox/ada@new.example"]),
        ("--exclude mailbox/* --exclude suppression/* --exclude domain/new.example",
         ["update domain/example.com", "update alias/info@example.com"]),
    ],
)  # fmt: skip
def test_targets_and_exclusions(words, expected, account, project):
    project.write(EVERYTHING)
    assert addresses(project.plan(*words.split())) == expected


def test_rotate(account, project):
    mailboxes = {"bob": {"password": SECRET}, "eve": {"firstname": "Eve"}}
    project.write({"domains": {"example.com": {"postmaster_password": SECRET, "mailboxes": mailboxes}}})
    assert project.plan()["changes"] == []
    plan = project.plan("--rotate", "mailbox/*")
    assert addresses(plan) == ["update mailbox/bob@example.com"]
    assert (plan["changes"][0]["secrets"], plan["changes"][0]["fields"]) == (["password"], [])
    done = project.apply("--rotate", "mailbox/*")
    assert done.code == 0
    assert account.emulator.password_sets == {"mailbox/bob@example.com": 1}
    assert account.emulator.has_password("mailbox/bob@example.com", project.env["PW"])


def test_a_saved_plan_sends_secrets_again_once_and_only_where_apply_is_told_so(account, project):
    project.write({"domains": {"example.com": {"mailboxes": {"bob": {"password": SECRET}}}}})
    saved = project.folder / "plan.json"
    shown = project.run("plan", "--rotate", "mailbox/bob@*", "--out", str(saved)).out
    assert "cannot be repeated safely" in shown
    assert json.loads(saved.read_text())["options"]["rotate"] == ["mailbox/bob@*"]
    for words in ((), ("--rotate", "mailbox/*")):
        done = project.apply(str(saved), *words)
        assert (done.code, "--rotate 'mailbox/bob@*'" in done.err) == (5, True)
    assert account.emulator.password_sets == {}
    assert project.apply(str(saved), "--rotate", "mailbox/bob@*").code == 0
    again = project.apply(str(saved), "--rotate", "mailbox/bob@*")
    assert (again.code, "its password may have been sent already" in again.err.replace("\n", " ")) == (5, True)
    assert account.emulator.password_sets == {"mailbox/bob@example.com": 1}


def test_acknowledge_lets_this_plan_pass_the_count_guard_only(account, project):
    config = {**BLOCKED, "protect": []}
    del config["domains"]["other.example"]
    project.write(config)
    saved = project.folder / "plan.json"
    plan = project.plan("--out", str(saved))
    assert [one["guard"] for one in plan["blocked"]] == ["count"]
    assert f"--acknowledge {plan['id']}" in plan["blocked"][0]["way_out"]
    assert project.run("plan", "--acknowledge", plan["id"][:8].upper()).code == 0
    assert project.run("plan", "--acknowledge", f" {plan['id']}\n").code == 0
    for text, said in ((plan["id"][:7], "at least 8 digits"), ("0" * 7, "another plan"), ("0" * 64, "another plan")):
        for done in (project.run("plan", "--acknowledge", text), project.apply(str(saved), "--acknowledge", text)):
            assert (done.code, said in done.err, plan["id"] in done.err) == (4, True, True), text
    assert not account.writes

    project.write({**config, "protect": ["mailbox/eve@*"]})
    both = project.plan()["blocked"]
    assert [one["guard"] for one in both] == ["count", "protect"]
    assert "--acknowledge" not in str(both)
    assert all(one["way_out"] for one in both)
    assert project.run("apply", "--auto-approve", "--acknowledge", plan["id"]).code == 4
    assert not account.writes

    project.write(config)
    assert project.apply(str(saved), "--acknowledge", f" {plan['id']} ").code == 0
    assert not {"bob", "eve"} & set(account.emulator.dump()["domains"]["example.com"]["mailboxes"])


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def commit(project: Any, content: Any, message: str) -> str:
    project.write(content)
    git(project.folder, "add", "config")
    git(project.folder, "commit", "-q", "-m", message)
    return git(project.folder, "rev-parse", "HEAD")


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_since(account, project):
    git(project.folder, "init", "-q", "-b", "main")
    settings = {"on_remove": {"mailbox": "delete", "alias": "delete"}}
    bob, eve = {"firstname": "Bob"}, {"firstname": "Eve"}
    before = {"domains": {"example.com": {"mailboxes": {"bob": bob, "eve": eve}, "aliases": {"info": ["a@b.example"]}}}}
    first = commit(project, before, "before")
    head = commit(project, {"settings": settings, "domains": {"example.com": {"mailboxes": {"bob": bob}}}}, "after")

    plan = project.plan("--since", first)
    assert addresses(plan) == ["delete mailbox/eve@example.com", "delete alias/info@example.com"]
    assert plan["git_commit"] == head
    assert plan["unmanaged"] == ["domain/other.example", "mailbox/kim@example.com"]
    assert project.plan("--since", "HEAD")["changes"] == []
    assert addresses(project.plan()) == ["delete mailbox/eve@example.com", "delete mailbox/kim@example.com"]

    shallow = project.folder / "shallow"
    git(project.folder, "clone", "-q", "--depth", "1", f"file://{project.folder}", str(shallow))
    done = project.run("plan", "-C", str(shallow / "config"), "--since", first)
    assert done.code == 1
    assert f"--since {first}" in done.err
    assert "git fetch --unshallow" in done.err
    assert "Traceback" not in done.err


def test_saving_a_plan_is_all_or_nothing(account, project):
    project.write(UPDATE)
    done = project.run("plan", "--out", "nowhere/plan.json")
    assert done.code == 1
    assert "nowhere/plan.json" in done.err
    saved = project.folder / "plan.json"
    saved.write_text("older")
    saved.chmod(0o644)
    assert project.run("plan", "--out", str(saved)).code == 0
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert yaml.safe_load(saved.read_text())["changes"]
    assert sorted(path.name for path in project.folder.iterdir()) == ["config", "plan.json"]


def test_only_a_file_is_replaced_by_a_plan(account, project):
    """Not a device, not a pipe: as root, `--out /dev/null` must not take the machine's away."""
    project.write(UPDATE)
    pipe = project.folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        project.run("plan", "--out", str(pipe))
        assert stat.S_ISFIFO(pipe.lstat().st_mode)
    finally:
        os.close(reader)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_result_that_cannot_be_printed(account, project):
    project.write(UPDATE)
    with open("/dev/full", "w") as full:
        done = project.process("plan", stdout=full)
    assert done.code == 1
    assert "No space left on device" in done.err
    assert "a fault in qboxctl" not in done.err


@pytest.mark.parametrize(
    ("inside", "said"), [({}, "1 request, 0 of them repeated"), ({"aliases": {}}, " requests, 0 of them")]
)
def test_how_many_requests_a_plan_took(inside, said, server, project):
    server.swap(seed={"domains": {"example.com": {}}})
    project.write({"domains": {"example.com": inside}})
    assert said in project.run("plan", "-v").err


@pytest.mark.parametrize("words", [("plan",), ("apply",), ("apply", "--auto-approve")], ids=" ".join)
def test_quiet_says_nothing_where_there_is_nothing_to_say(words, server, project):
    server.swap(seed={"domains": {"a.example": {}}})
    project.write({"domains": {"a.example": {}}})
    loud, quiet = project.run(*words), project.run("-q", *words)
    assert "Nothing to change" in loud.out
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    project.write({"domains": {"a.example": {"chat": True}}})
    assert "domain/a.example" in project.run("-q", "plan").out
