"""`export` as a user calls it: files, refusals, and that the account stays as it is."""

from __future__ import annotations

import json

import pytest

from qboxctl.config.yaml.reader import load_plain

SEED = {
    "domains": {
        "example.com": {"mailboxes": {"ada": {"firstname": "Ada"}}, "aliases": {"info": ["ada@example.com"]}},
        "other.example": {"mailboxes": {"bob": {"firstname": "Bob"}}},
    },
    "delivery": {"accounts": {"shop": {"type": "transactional"}}},
}


@pytest.fixture
def account(server):
    server.swap(seed=SEED)
    return server


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_adopting_an_account(account, project):
    out = project.folder / "adopted"
    done = project.run("export", "--out", str(out))
    assert (done.code, done.out) == (0, "")
    assert "wrote 3 files" in done.err
    assert files(out) == ["delivery.yaml", "domains/example.com.yaml", "domains/other.example.yaml"]
    assert all(path.read_text().startswith("# yaml-language-server: $schema=https://") for path in out.rglob("*.yaml"))
    assert project.run("validate", "-C", str(out)).code == 0
    assert project.run("plan", "-C", str(out), "--detailed-exitcode").code == 0
    assert not account.writes


def test_the_hint_after_an_export_is_about_the_same_account(account, project):
    project.write({"settings": {"environments": {"there": {}}}})
    out, url = project.folder / "it is", project.env["QBOXCTL_ENDPOINT"]
    done = project.run("--env", "there", "--endpoint", url, "export", "--out", str(out), env={"QBOXCTL_ENDPOINT": None})
    assert f"compare: qboxctl -C '{out}' --endpoint {url} plan\n" in done.err, "the folder has no settings"
    plain = project.run("export", "--out", str(project.folder / "plain"))
    assert f"compare: qboxctl -C {project.folder / 'plain'} plan\n" in plain.err


URL = "{url}"
HERE, THERE = "config", "elsewhere"
OTHERS = {"environments": {"there": {"endpoint": URL}}}


@pytest.mark.parametrize(
    ("settings", "words", "out", "told"),
    [
        (OTHERS, "--env there", HERE, "compare: qboxctl -C {folder} --env there plan"),
        (OTHERS, "--env there", THERE, "those of {folder} say endpoint\n"),
        ({"endpoint": URL, "token": {"env": "OTHER"}}, "", THERE, "those of {folder} say endpoint and token\n"),
        ({"endpoint": URL}, "", HERE, "compare: qboxctl -C {folder} plan"),
        ({"endpoint": URL}, "", f"{THERE}/../{HERE}", "compare: qboxctl -C {folder} plan"),
        ({"customer_code": "C123456789"}, "--endpoint {url}", THERE, "those of {folder} say customer_code\n"),
        ({"token": {"env": "OTHER"}}, "--endpoint emulator:", THERE, "nothing of it in the account"),
        ({"api": {"timeout": 9}}, "--endpoint {url}", THERE, "compare: qboxctl -C {out} --endpoint {url} plan"),
    ],
)  # fmt: skip
def test_the_hint_after_an_export_leads_to_no_other_account(settings, words, out, told, account, project):
    url, out = project.env["QBOXCTL_ENDPOINT"], project.folder / out
    (project.folder / THERE).mkdir()
    text = json.dumps({"settings": settings}).replace(URL, url)
    (project.config / "settings.yaml").write_text(text, encoding="utf-8")
    words = words.replace(URL, url).split()
    env = {"QBOXCTL_ENDPOINT": None, "OTHER": project.env["QBOXMAIL_API_TOKEN"]}
    done = project.run("-C", str(project.config), *words, "export", "--out", str(out), env=env)
    assert done.code == 0, done.err
    assert told.format(folder=project.config, url=url, out=out) in done.err
    assert ("compare: qboxctl" in done.err) == ("compare: qboxctl" in told)


def test_nothing_is_overwritten_without_force(account, project):
    out = project.folder / "adopted"
    assert project.run("export", "--out", str(out)).code == 0
    mine = out / "domains" / "example.com.yaml"
    mine.write_text("domains: {example.com: {}}\n")
    (out / "delivery.yaml").unlink()
    done = project.run("export", "--out", str(out))
    assert done.code == 1
    assert "example.com.yaml" in done.err
    assert "--force" in done.err
    assert mine.read_text() == "domains: {example.com: {}}\n"
    assert not (out / "delivery.yaml").exists()  # none, or all
    assert project.run("export", "--out", str(out), "--force").code == 0
    assert "firstname: Ada" in mine.read_text()


@pytest.mark.parametrize(
    ("words", "there", "not_there"),
    [
        ("", ["example.com:", "other.example:", "shop:"], []),
        ("--domain example.com", ["example.com:", "ada:"], ["other.example:", "shop"]),
        ("--domain *.example", ["other.example:"], ["example.com:"]),
        ("--domain example.com --domain other.*", ["example.com:", "other.example:"], ["shop"]),
        ("--kind alias", ["info:"], ["ada:", "shop"]),
        ("--kind mailbox --domain other.example", ["bob:"], ["info:", "ada:"]),
    ],
)
def test_parts_of_the_account_on_stdout(words, there, not_there, account, project):
    done = project.run("export", *words.split())
    assert done.code == 0
    assert all(word in done.out for word in there)
    assert not any(word in done.out for word in not_there)


def test_a_domain_without_any_of_a_kind_is_there_all_the_same(account, project):
    done = project.run("export", "--domain", "other.example", "--kind", "alias")
    assert (done.code, load_plain(done.out, "stdout")) == (0, None), done.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--domain nowhere.example --kind alias", 1, "no live domain fits"),
        ("--domain nowhere.example", 1, "no live domain fits"),
        ("--domain mailbox/x --kind suppression", 1, "--domain"),
        ("--kind mailboxes", 1, "mailboxes"),
        ("--env nowhere", 3, "nowhere"),
        ("-C nowhere", 3, "nowhere"),
    ],
)
def test_refusals(words, code, message, account, project):
    done = project.run("export", *words.split())
    assert done.code == code
    assert message in done.err
    assert not done.out


def test_wrong_token(account, project):
    assert project.run("export", env={"QBOXMAIL_API_TOKEN": "another-token"}).code == 8


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("", 0, "left out: every Manager: only a customer with reseller status"),
        ("--kind mailbox", 0, ""),
        ("--kind manager", 8, "only a customer with reseller status has managers"),
        ("--kind mailbox --kind team_member", 8, "only the customer's own token"),
    ],
)
def test_what_the_token_may_not_read_is_left_out_unless_it_is_named(words, code, message, server, project):
    server.swap(seed=SEED, quirks={"caller": "team_member"})
    done = project.run("export", *words.split())
    assert (done.code, bool(done.out)) == (code, code == 0), done.err
    assert message in done.err


def test_the_settings_of_the_files_are_used(account, project):
    project.write({"ignore": ["mailbox/*@other.example"], "settings": {"endpoint": "https://unused.example"}})
    done = project.run("export", "-C", str(project.config))
    assert done.code == 0
    assert "ada:" in done.out
    assert "bob:" not in done.out
