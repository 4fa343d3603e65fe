"""``--since`` and what bears no name of its own on the server: what counts as removed is told by id or text then."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from tests.support.repository import git

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")

SEED: dict[str, Any] = {
    "delivery": {
        "accounts": {
            "alpha": {"type": "newsletter", "tokens": {"shop": {}}},
            "beta": {"type": "newsletter", "tokens": {"shop": {}}},
        }
    }
}
BASE = {
    "settings": {
        "on_remove": {"delivery_account": "delete", "token": "delete"},
        "guards": {"count": 100, "percent": 100},
    }
}
PINNED = {"beta": {"id": 1001, "description": "alpha", "type": "newsletter"}}


def accounts(**found: Any) -> dict[str, Any]:
    return {**BASE, "delivery": {"accounts": found}}


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
@pytest.mark.parametrize("options", [(), ("--only-changed",)])
@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        pytest.param(PINNED, {}, ["delivery_account/alpha"], id="by its id, and another one bears the key"),
        pytest.param(
            {"beta": {"description": "alpha", "type": "newsletter"}},
            {},
            ["delivery_account/alpha"],
            id="by its text, and another one bears the key",
        ),
        pytest.param(PINNED, {"gamma": PINNED["beta"]}, [], id="another key for the same one"),
        pytest.param(
            {"beta": {**PINNED["beta"], "tokens": {"shop": {}}}},
            {"gamma": PINNED["beta"], "beta": {"id": 1002, "type": "newsletter", "tokens": {}}},
            ["token/gamma/shop"],
            id="a token, and another account took the key",
        ),
        pytest.param({"beta": {"id": 1002, "type": "newsletter"}}, {}, ["delivery_account/beta"], id="as it is called"),
        pytest.param({"old": {"description": "nobody", "type": "newsletter"}}, {}, [], id="not there"),
    ],
)
def test_only_what_was_declared_counts_as_removed(
    server: Any, project: Any, before: Any, after: Any, gone: list[str], options: tuple[str, ...]
) -> None:
    project.write(accounts(**before))
    git(project.folder, "init", "-q")
    git(project.folder, "add", "config")
    git(project.folder, "commit", "-q", "-m", "before")
    project.write(accounts(**after))
    done = project.run("plan", "--since", "HEAD", *options, "--format", "json")
    assert [one["address"] for one in json.loads(done.out)["changes"]] == gone, done
    applied = project.apply("--since", "HEAD", *options)
    assert applied.code == 0, applied
    assert len(server.writes) == len(gone)


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_a_protected_token_of_a_removed_account_of_another_name_is_kept(server: Any, project: Any) -> None:
    project.write(accounts(**PINNED))
    git(project.folder, "init", "-q")
    git(project.folder, "add", "config")
    git(project.folder, "commit", "-q", "-m", "before")
    project.write({**accounts(), "protect": ["token/alpha/shop"]})
    done = project.run("plan", "--since", "HEAD")
    assert done.code == 4, done
    assert "token/alpha/shop would go with delivery_account/alpha" in done.out


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
@pytest.mark.parametrize("rule", ["ignore", "protect", "--exclude"])
def test_what_is_kept_by_the_key_that_it_had_in_the_files_is_kept(server: Any, project: Any, rule: str) -> None:
    project.write(accounts(news={**PINNED["beta"]}))
    git(project.folder, "init", "-q")
    git(project.folder, "add", "config")
    git(project.folder, "commit", "-q", "-m", "before")
    pattern = "delivery_account/news"
    project.write(accounts() if rule.startswith("--") else {**accounts(), rule: [pattern]})
    options = ["--exclude", pattern] if rule.startswith("--") else []
    done = project.apply("--since", "HEAD", *options)
    assert server.writes == [], done
