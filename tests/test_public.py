"""What other Python programs may use."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import qboxctl
from qboxctl.emulator import Emulator
from qboxctl.emulator.app import BackgroundServer
from tests.support.lab import TOKEN

FILES = """
settings:
  token: {env: TOKEN_OF_A_TEST}
  environments: {sandbox: {customer_code: C9}}
domains:
  example.com:
    postmaster_password: {env: PW}
    mailboxes:
      ada: {firstname: Ada, password: {env: PW}}
      grace: {firstname: Grace, password: {env: PW}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "qboxmail.yaml").write_text(FILES, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with BackgroundServer(Emulator(token="t")) as server:
        yield server.url


def test_the_names_are_there_and_nothing_is_loaded_for_them() -> None:
    """The room called render never takes the place of the function, whichever is used first."""
    code = """
import sys, qboxctl
assert not [name for name in sys.modules if name.startswith("qboxctl.")], sys.modules
import qboxctl.render.style
assert set(qboxctl.__all__) <= set(dir(qboxctl))
assert all(hasattr(qboxctl, name) for name in qboxctl.__all__)
assert callable(qboxctl.render) and callable(qboxctl.plan) and callable(qboxctl.apply) and callable(qboxctl.load)
from qboxctl.render import plan_text
assert plan_text.render is not qboxctl.render
assert not hasattr(qboxctl, "make_plan")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_plan_says_what_the_command_says(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OF_A_TEST", "t")
    plan = qboxctl.plan(qboxctl.load(folder, endpoint=url))
    words = [sys.executable, "-m", "qboxctl", "-C", str(folder), "--endpoint", url, "plan", "--format", "json"]
    told = json.loads(subprocess.run(words, check=True, capture_output=True, encoding="utf-8").stdout)
    made = json.loads(qboxctl.render(plan, "json"))
    assert made.pop("created_at") <= told.pop("created_at")
    assert made == told
    assert "mailbox/ada@example.com" in qboxctl.render(plan)
    assert qboxctl.render(plan, "markdown").startswith("<!--")
    assert qboxctl.render(plan, "html").startswith("<!doctype html>")


def test_options_narrow_a_plan(folder: Path, url: str) -> None:
    configuration = qboxctl.load(folder, endpoint=url)
    plan = qboxctl.plan(configuration, token="t", targets=["mailbox/ada@*"], excludes=["mailbox/grace@example.com"])
    assert [str(one.address) for one in plan.changes] == ["domain/example.com", "mailbox/ada@example.com"]
    assert plan.options.targets == ("mailbox/ada@*",)


@pytest.mark.parametrize("path", [Path, str])
def test_a_plan_is_applied_once_it_is_approved(
    path: Callable[[Path], str | Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW", "Initial-1")
    journal = folder / "journal.jsonl"
    with BackgroundServer(Emulator(token="t")) as server:
        configuration = qboxctl.load(folder, endpoint=server.url)
        plan = qboxctl.plan(configuration, token="t")
        refused = qboxctl.apply(plan, configuration, approve=lambda _plan: False, token="t", journal=path(journal))
        assert (refused.declined, refused.outcomes, journal.exists()) == (True, (), False)
        told: list[qboxctl.Outcome] = []
        done = qboxctl.apply(
            plan, configuration, approve=lambda asked: asked is plan, token="t", journal=path(journal), told=told.append
        )
        assert [str(one.status) for one in done.outcomes] == ["done"] * len(plan.changes)
        assert {one.address for one in told} == {one.address for one in plan.changes}
        assert (done.journal, done.failure) == (journal, None)
        assert qboxctl.plan(configuration, token="t").changes == ()


def test_blanks_around_a_token_are_none_of_it(folder: Path, url: str) -> None:
    assert qboxctl.plan(qboxctl.load(folder, endpoint=url), token=" t\n").changes


def test_a_plan_of_other_files_or_another_account_is_not_applied(folder: Path, url: str) -> None:
    configuration = qboxctl.load(folder, endpoint=url)
    plan = qboxctl.plan(configuration, token="t")
    (folder / "more.yaml").write_text("domains: {example.org: {postmaster_password: {env: PW}}}\n", encoding="utf-8")
    for other in (qboxctl.load(folder, endpoint=url), qboxctl.load(folder)):
        with pytest.raises(qboxctl.QboxctlError, match=r"not the one that the plan was made from|was made for"):
            qboxctl.apply(plan, other, approve=lambda _plan: True, token="t")


def test_a_plan_is_not_applied_to_the_account_of_another_customer(
    folder: Path, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One address, as other tokens reach other accounts through it."""
    monkeypatch.setenv("PW", "Initial-1")
    there = {"domains": {"example.com": {}}}
    server.swap(seed={**there, "customer_code": "C111111111"})
    configuration = qboxctl.load(folder, endpoint=server.url)
    plan = qboxctl.plan(configuration, token=TOKEN)
    server.swap(seed={**there, "customer_code": "C222222222"})
    with pytest.raises(qboxctl.QboxctlError, match="was made for the account of customer C111111111"):
        qboxctl.apply(plan, configuration, approve=lambda _plan: True, token=TOKEN)
    assert not server.writes


def test_an_environment_is_chosen(folder: Path) -> None:
    assert qboxctl.load(folder, "sandbox").settings.customer_code == "C9"
    assert qboxctl.load(str(folder)).settings.customer_code != "C9"


@pytest.mark.parametrize(
    ("body", "number", "said"),
    [
        ("{frist: 1}", 1, "1 problem in the configuration"),
        ("{frist: 1, scond: 2}", 2, "2 problems in the configuration"),
    ],
)
def test_mistakes_are_raised_together(body: str, number: int, said: str, folder: Path) -> None:
    (folder / "qboxmail.yaml").write_text(f"domains: {{example.com: {body}}}\n", encoding="utf-8")
    with pytest.raises(qboxctl.ConfigError) as raised:
        qboxctl.load(folder)
    assert (len(raised.value.diagnostics), str(raised.value)) == (number, said)


@pytest.mark.parametrize(
    ("endpoint", "options", "told"),
    [
        ("", {"token": ""}, "there is no API token"),
        ("emulator:", {"token": "t"}, "an account inside a command"),
        ("ftp://x", {}, "must be a https URL"),
        ("", {"token": "t", "targets": ["nothing/x"]}, "nothing"),
        ("", {"token": "tökén"}, "characters that no token has"),
        ("", {"token": "t\nX-More: 1"}, "characters that no token has"),
        ("", {"token": " \n"}, "the API token is empty"),
    ],
)
def test_what_cannot_be_done_is_raised(
    endpoint: str, options: dict[str, str], told: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKEN_OF_A_TEST", raising=False)
    with pytest.raises(qboxctl.QboxctlError, match=told):
        qboxctl.plan(qboxctl.load(folder, endpoint=endpoint), **options)


def test_a_token_does_not_go_where_only_files_say(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OF_A_TEST", "t")
    text = FILES.replace("settings:", "settings:\n  endpoint: https://elsewhere.example")
    (folder / "qboxmail.yaml").write_text(text, encoding="utf-8")
    for token in ("", "t"):
        with pytest.raises(qboxctl.ConfigError) as raised:
            qboxctl.plan(qboxctl.load(folder), token=token)
        assert "no token is sent to https://elsewhere.example" in raised.value.diagnostics[0].message
