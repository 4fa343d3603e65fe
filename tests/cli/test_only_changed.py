"""``--only-changed``: a plan and an apply of what the files say otherwise than at a revision, and of nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")

NAMES = [f"d{number:02}.example" for number in range(30)]
SEED: dict[str, Any] = {
    "domains": {name: {"mailboxes": {who: {"firstname": "Old"} for who in ("ada", "bob")}} for name in NAMES}
}
SETTINGS = {
    "settings": {"on_remove": {"mailbox": "disable"}},
    "protect": ["mailbox/nobody@nowhere.example"],
    "defaults": {"mailbox": {"password": {"env": "PW"}}},
}


def file_of(name: str, **mailboxes: Any) -> dict[str, Any]:
    return {"domains": {name: {"mailboxes": mailboxes}}}


def git(project: Any, *words: str) -> None:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words]
    subprocess.run(command, cwd=project.folder, check=True, capture_output=True)


def commit(project: Any) -> None:
    git(project, "add", "config")
    git(project, "commit", "-q", "-m", "all of it")


@pytest.fixture
def changed(server: Any, project: Any) -> Any:
    """A project of thirty domains, all of which differ from the account, and one of which was edited."""

    project.write(SETTINGS, "settings.yaml")
    for name in NAMES:
        project.write(file_of(name, ada={"firstname": "New"}, bob={"firstname": "New"}), f"{name}.yaml")
    git(project, "init", "-q")
    commit(project)
    project.write(file_of("d07.example", ada={"firstname": "Newer"}), "d07.example.yaml")
    return project


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_only_what_changed_is_planned_and_asked_for(server: Any, changed: Any) -> None:
    whole = changed.run("plan", "--since", "HEAD", "--format", "json")
    assert len(json.loads(whole.out)["changes"]) == 60
    server.emulator.requests.clear()

    done = changed.run("plan", "--since", "HEAD", "--only-changed", "--format", "json")
    plan = json.loads(done.out)
    assert [(one["address"], one["action"]) for one in plan["changes"]] == [
        ("mailbox/ada@d07.example", "update"),
        ("mailbox/bob@d07.example", "disable"),
    ]
    assert {key: plan["summary"][key] for key in ("unchanged", "unmanaged")} == {"unchanged": 0, "unmanaged": 0}
    assert "since HEAD: 1 declaration changed, 1 gone" in done.err
    assert "nowhere.example" not in done.err, "who has not looked cannot say that a rule protects nothing"
    assert len(server.emulator.requests) == 2, "the domain, and its mailboxes"


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_only_what_changed_is_applied(server: Any, changed: Any) -> None:
    done = changed.apply("--since", "HEAD", "--only-changed")
    assert done.code == 0, done
    assert {one.path.split("/")[3] for one in server.writes} == {server.writes[0].path.split("/")[3]}
    assert len(server.writes) == 2
    again = changed.run("plan", "--since", "HEAD", "--only-changed", "--detailed-exitcode")
    assert again.code == 0, again


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_it_goes_together_with_targets(server: Any, changed: Any) -> None:
    done = changed.run("plan", "--since", "HEAD", "--only-changed", "--target", "mailbox/a*", "--format", "json")
    assert [one["address"] for one in json.loads(done.out)["changes"]] == ["mailbox/ada@d07.example"]


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({**SETTINGS, "ignore": ["alias/x@*"]}, "ignore changed since HEAD"),
        ({"settings": {"on_remove": {"mailbox": "keep"}}}, "protect and settings changed since HEAD"),
    ],
    ids=["a rule came", "rules changed"],
)
def test_where_the_rules_changed_all_is_planned(rules: Any, said: str, server: Any, changed: Any) -> None:
    changed.write(rules, "settings.yaml")
    done = changed.run("plan", "--since", "HEAD", "--only-changed", "--format", "json")
    assert said in done.err
    assert len(json.loads(done.out)["changes"]) >= 59


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_where_nothing_changed_nothing_is_asked_for(server: Any, changed: Any) -> None:
    changed.write(file_of("d07.example", ada={"firstname": "New"}, bob={"firstname": "New"}), "d07.example.yaml")
    done = changed.run("plan", "--since", "HEAD", "--only-changed")
    assert (done.code, server.emulator.requests) == (0, [])
    assert "Nothing to change" in done.out


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_a_secret_that_is_to_be_sent_again_is_no_less_wanted(server: Any, changed: Any) -> None:
    words = ["--since", "HEAD", "--only-changed", "--rotate", "mailbox/ada@d03.example", "--format", "json"]
    plan = json.loads(changed.run("plan", *words).out)
    assert {one["address"]: one["secrets"] for one in plan["changes"]} == {
        "mailbox/ada@d03.example": ["password"],
        "mailbox/ada@d07.example": [],
        "mailbox/bob@d07.example": [],
    }


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_a_target_that_nobody_looked_for_is_told_as_such(server: Any, changed: Any) -> None:
    done = changed.run("plan", "--since", "HEAD", "--only-changed", "--target", "mailbox/zed@d07.example")
    assert done.code == 1
    assert "nothing is looked for that is neither declared nor changed" in done.err


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_the_other_files_are_left_alone(server: Any, changed: Any) -> None:
    changed.write("domains: [an error that was there before\n", "d11.example.yaml")
    commit(changed)
    changed.write(file_of("d07.example", ada={"firstname": "Newer"}, bob={"firstname": "Ben"}), "d07.example.yaml")
    done = changed.run("plan", "--since", "HEAD", "--only-changed")
    assert done.code == 0, done
    assert "since HEAD: 1 declaration changed, 0 gone; 2 of 31 files read" in done.err
    assert "mailbox/bob@d07.example" in done.out
    assert "1 to update" in done.out


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
@pytest.mark.parametrize("words", [("plan",), ("apply", "--auto-approve")])
def test_where_something_is_wrong_all_that_is_wrong_is_told(words: Any, server: Any, changed: Any) -> None:
    changed.write({"domains": {"d11.example": {"mailboxes": {"zed": {"firstnam": "Z"}}}}}, "d11.example.yaml")
    commit(changed)
    changed.write(file_of("d07.example", ada={"firstname": "Newer", "langauge": "it"}), "d07.example.yaml")
    done = changed.run(*words, "--since", "HEAD", "--only-changed")
    assert done.code == 3
    assert "firstnam" in done.err
    assert "langauge" in done.err
    assert not server.writes


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_the_guard_counts_what_all_files_manage(server: Any, changed: Any) -> None:
    nobody = {"domains": {"d07.example": {"mailboxes": {}, "aliases": {"x": ["nobody@d07.example"]}}}}
    changed.write(nobody, "d07.example.yaml")
    done = changed.run("plan", "--since", "HEAD", "--only-changed", "--detailed-exitcode")
    assert done.code == 2, done
    assert done.err.count("since HEAD") == 1
    assert "the count guard looks at everything: all files are read" in done.err
    assert done.err.count("Q023") == 1, "what was told of a part is not told again"
    applied = changed.apply("--since", "HEAD", "--only-changed")
    assert applied.code == 0, applied
    assert len(server.writes) == 3, "two were disabled, and the alias is new"

    for name in NAMES[:6]:
        changed.write(file_of(name), f"{name}.yaml")
    done = changed.run("plan", "--since", "HEAD", "--only-changed")
    assert done.code == 4, done
    assert "of 60" in done.err + done.out, done


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_a_plan_that_is_kept_is_for_all_files(server: Any, changed: Any) -> None:
    words = ["plan", "--since", "HEAD", "--only-changed"]
    whole = json.loads(changed.run("plan", "--format", "json").out)
    saved = changed.run(*words, "--out", "plan.json")
    plan = json.loads((changed.folder / "plan.json").read_text())
    assert plan["config_digest"] == whole["config_digest"]
    assert "files read" not in saved.err
    assert changed.run("apply", "plan.json", "--auto-approve").code == 0


def _same(_project: Any) -> None:
    """Nothing but the declaration that was edited differs."""


def _rule(project: Any) -> None:
    project.write({"protect": ["domain/*"]}, "rules.yaml")


def _mistake(project: Any) -> None:
    project.write({"domains": {"d11.example": {"plna": "basic"}}}, "d11.example.yaml")
    commit(project)
    project.write(file_of("d11.example"), "d11.example.yaml")


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
@pytest.mark.parametrize(
    ("edit", "since", "narrowed"),
    [(_same, "HEAD", True), (_rule, "HEAD", False), (_mistake, "HEAD", False), (_same, "0" * 40, False)],
)
def test_a_plan_of_everything_is_not_called_partial(
    edit: Any, since: str, narrowed: bool, server: Any, changed: Any
) -> None:
    edit(changed)
    words = ["plan", "--since", since, "--only-changed", "--out", "plan.json", "--format", "markdown"]
    done = changed.run(*words)
    assert ("all is planned" in done.err) != narrowed
    assert ("partial plan: only what the changes since" in done.out) == narrowed
    assert json.loads((changed.folder / "plan.json").read_text())["options"]["only_changed"] == narrowed
    assert changed.run("apply", "plan.json", "--auto-approve").code == 0


@pytest.mark.parametrize("words", [("plan",), ("apply", "--auto-approve")])
def test_it_needs_a_revision(words: tuple[str, ...], server: Any, project: Any) -> None:
    project.write({"domains": {"a.example": {}}})
    done = project.run(*words, "--only-changed")
    assert done.code == 1
    assert "--only-changed needs --since" in done.err
    assert not server.emulator.requests


@pytest.mark.parametrize("more", [(), ("--only-changed",)])
def test_an_extra_that_is_never_returned_goes_out_where_it_was_edited(
    more: tuple[str, ...], server: Any, project: Any
) -> None:
    server.swap(seed={"domains": {"a.example": {"mailboxes": {"ada": {}, "bob": {}}}}}, quirks={"unmodelled": "never"})
    form = {"extra": {"webmail_date_format": "no"}}
    project.write(file_of("a.example", ada=form, bob=form), "a.yaml")
    git(project, "init", "-q")
    commit(project)
    project.write(file_of("a.example", ada={"extra": {"webmail_date_format": "yes"}}, bob=form), "a.yaml")
    path = str(project.folder / "plan.json")
    assert project.run("plan", "--out", path).code == 0
    assert json.loads((project.folder / "plan.json").read_text())["changes"] == []
    assert project.run("plan", "--since", "HEAD", *more, "--out", path).code == 0
    done = project.apply(path, "--format", "json")
    assert [one["address"] for one in done.json["outcomes"]] == ["mailbox/ada@a.example"]
    boxes = server.emulator.dump()["domains"]["a.example"]["mailboxes"]
    assert [boxes[name].get("extra", {}).get("webmail_date_format") for name in ("ada", "bob")] == ["yes", None]


@pytest.mark.parametrize("more", [(), ("--only-changed",)])
def test_a_manager_that_cannot_be_read_is_written_where_it_was_edited(
    more: tuple[str, ...], server: Any, project: Any
) -> None:
    """It is known by a domain that no changed file declares."""
    names = {"firstname": "Ina", "lastname": "Rossi"}
    other = {"firstname": "Otto", "lastname": "Bianchi", "max_domains": 9}
    held = {"ina@x.example": {**names, "domains": ["a.example"]}, "otto@x.example": {**other, "domains": ["b.example"]}}
    domains: dict[str, Any] = {"a.example": {}, "b.example": {}}
    server.swap(seed={"domains": domains, "managers": held}, quirks={"manager_read": "absent"})
    for name in domains:
        project.write({"domains": {name: {}}}, f"{name}.yaml")
    project.write({"managers": {"ina@x.example": {**names, "max_domains": 3}, "otto@x.example": other}}, "m.yaml")
    git(project, "init", "-q")
    commit(project)
    wish = {**names, "max_domains": 4, "status": "disabled"}
    project.write({"managers": {"ina@x.example": wish, "otto@x.example": other}}, "m.yaml")
    assert project.run("plan", "--detailed-exitcode").code == 0
    done = project.run("apply", "--since", "HEAD", *more, "--auto-approve", "--format", "json")
    assert [(one["address"], one["status"]) for one in done.json["outcomes"]] == [("manager/ina@x.example", "done")]
    ina = server.emulator.dump(codes=False)["managers"]["ina@x.example"]
    assert (ina["max_domains"], ina["status"], ina["domains"]) == (4, "disabled", ["a.example"])


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
@pytest.mark.parametrize("more", [(), ("--only-changed",)], ids=" ".join)
def test_zeros_are_no_revision(more: tuple[str, ...], server: Any, changed: Any) -> None:
    """Pipelines are given them where there was no commit before."""
    done = changed.run("plan", "--since", "0" * 40, *more, "--format", "json")
    assert done.code == 0, done
    assert "--since names no revision" in done.err
    assert "nothing counts as removed" in done.err
    plan = json.loads(done.out)
    assert {one["action"] for one in plan["changes"]} == {"update"}
    assert plan["unmanaged"] == ["mailbox/bob@d07.example"]
    assert changed.run("plan", "--since", "0" * 39, *more).code == 1


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_where_the_revision_is_broken_all_is_planned_and_what_is_in_no_doubt_goes(server: Any, changed: Any) -> None:
    changed.write("domains: [an error that was there before\n", "d11.example.yaml")
    commit(changed)
    changed.write(file_of("d11.example", ada={"firstname": "New"}), "d11.example.yaml")
    changed.write(file_of("d07.example", bob={"firstname": "New"}), "d07.example.yaml")
    done = changed.run("plan", "--since", "HEAD", "--only-changed", "--format", "json")
    assert done.code == 0, done
    plan = json.loads(done.out)
    assert [one["address"] for one in plan["changes"] if one["action"] == "disable"] == ["mailbox/ada@d07.example"]
    assert plan["unmanaged"] == ["mailbox/bob@d11.example"], "what was in the broken file is not known"
    assert len(plan["changes"]) == 59
    assert "not all can be read of what the files said at HEAD: all is planned" in done.err
    assert "Q001" in {one["code"] for one in done.json["warnings"]}
    assert "d11.example.yaml at" in str(done.json["warnings"])
    assert "error[" not in done.err


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_a_text_in_a_file_of_its_own_is_a_part_of_what_names_it(server: Any, project: Any) -> None:
    config = project.folder / "config"
    for name in NAMES[:3]:
        body = {"body": {"file": f"{name}.html"}}
        project.write(file_of(name, ada={"signatures": {f"ada@{name}": body}}), f"{name}.yaml")
        (config / f"{name}.html").write_bytes(b"<p>Old</p>\r\n")
    git(project, "init", "-q")
    commit(project)
    (config / "d01.example.html").write_text("<p>New</p>")
    for form in ("json", "text"):  # text may read a part of the files only
        done = project.run("plan", "--since", "HEAD", "--only-changed", "--format", form)
        assert "since HEAD: 1 declaration changed, 0 gone" in done.err, done
    plan = json.loads(project.run("plan", "--since", "HEAD", "--only-changed", "--format", "json").out)
    assert [one["address"] for one in plan["changes"]] == ["signature/ada@d01.example/ada@d01.example"]
    lists = [one.path for one in server.emulator.requests if one.path.startswith("/api/signatures/")]
    assert len(lists) == 3, "one for each plan"
