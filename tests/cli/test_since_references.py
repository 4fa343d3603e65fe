"""``--since``: what a declaration still names is not deleted in silence when its own declaration leaves the files."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from tests.support.repository import git

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")

SEED: dict[str, Any] = {
    "domains": {
        "a.example": {
            "catch_all_enabled": True,
            "catch_all_destination": "bob@a.example",
            "mailboxes": {"bob": {"firstname": "Bob"}, "eve": {"firstname": "Eve"}},
            "aliases": {"info": ["bob@a.example"]},
            "vault": {"retention": 24, "mailboxes": ["bob"]},
        },
    },
    "delivery": {
        "domains": {"news.example": {}},
        "accounts": {"app": {"type": "newsletter", "domains": ["news.example"]}},
        "suppressions": {"gone@b.example": {"reason": "bounce", "accounts": ["app"]}},
    },
}
SETTINGS = {
    "on_remove": {"mailbox": "delete", "delivery_domain": "delete", "delivery_account": "delete"},
    "guards": {"count": 100, "percent": 100},
}
BOB = {"mailboxes": {"bob": {}}}
NEWS = {"domains": {"news.example": {}}}
APP = {"accounts": {"app": {}}}


def files(domain: Any = None, delivery: Any = None) -> dict[str, Any]:
    tree: dict[str, Any] = {"settings": SETTINGS}
    tree |= {"domains": {"a.example": domain}} if domain else {}
    return tree | ({"delivery": delivery} if delivery else {})


def planned(project: Any, before: Any, after: Any, *options: str) -> Any:
    project.write(before)
    git(project.folder, "init", "-q")
    git(project.folder, "add", "config")
    git(project.folder, "commit", "-q", "-m", "before")
    project.write(after)
    return project.run("plan", "--since", "HEAD", *options, "--format", "json")


NAMED = {
    "by a catch-all": ({"catch_all_enabled": True, "catch_all_destination": "bob@a.example"}, BOB, {}, {}),
    "by a Vault": ({"vault": {"mailboxes": ["bob"]}}, BOB, {}, {}),
    "by an account": ({}, {}, {"accounts": {"app": {"domains": ["news.example"]}}}, NEWS),
    "by a suppression": ({}, {}, {"suppressions": {"gone@b.example": {"accounts": ["app"]}}}, APP),
}


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
@pytest.mark.parametrize("options", [(), ("--only-changed",), ("--target",)])
@pytest.mark.parametrize(("domain", "more", "delivery", "other"), NAMED.values(), ids=NAMED)
def test_what_is_still_named_is_an_error(
    server: Any, project: Any, domain: Any, more: Any, delivery: Any, other: Any, options: tuple[str, ...]
) -> None:
    before, after = files({**domain, **more}, {**delivery, **other}), files(domain, delivery)
    kind = "mailbox" if more else "delivery_domain" if other is NEWS else "delivery_account"
    options = ("--target", f"{kind}/*") if options == ("--target",) else options
    done = planned(project, before, after, *options)
    assert done.code == 3, done
    assert "would be deleted, since no file declares it" in done.err


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
@pytest.mark.parametrize("options", [(), ("--only-changed",)])
def test_an_alias_that_leads_to_what_is_deleted_is_a_warning(
    server: Any, project: Any, options: tuple[str, ...]
) -> None:
    aliases = {"aliases": {"info": ["bob@a.example", "x@b.example"]}}
    done = planned(project, files({**aliases, **BOB}), files(aliases), *options)
    assert done.code == 0, done
    plan = json.loads(done.out)
    assert [one["address"] for one in plan["changes"] if one["action"] == "delete"] == ["mailbox/bob@a.example"]
    assert ("Q046", "alias/info@a.example") in [(one["code"], one["address"]) for one in plan["warnings"]]


@pytest.mark.parametrize("server", [{"seed": SEED}], indirect=True)
def test_an_alias_in_the_place_of_a_mailbox_receives_its_mail(server: Any, project: Any) -> None:
    catch_all = {"catch_all_enabled": True, "catch_all_destination": "bob@a.example"}
    done = planned(project, files({**catch_all, **BOB}), files({**catch_all, "aliases": {"bob": ["eve@a.example"]}}))
    assert done.code == 0, done
