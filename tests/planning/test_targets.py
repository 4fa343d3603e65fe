"""What a target brings along, and what it does not: all that it needs, and nothing of what goes wrong elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from qboxctl.errors import ConfigError
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import Lab, configuration_of

NEW = "{firstname: N, password: {env: PW}}"


def patterns(*texts: str) -> tuple[Pattern, ...]:
    return tuple(Pattern.of(text, TYPES) for text in texts)


def planned(seed: dict[str, Any], text: str, target: str, exclude: str = "") -> tuple[list[str], list[str]]:
    """The changes of a plan for a target, and what it lists as unmanaged."""
    options = Options(targets=patterns(target), excludes=patterns(exclude) if exclude else ())
    lab, configuration = Lab(seed=seed), configuration_of(text)
    plan = lab.plan(configuration, options)
    changes = [f"{change.action} {change.address}" for change in plan.changes]
    assert {one.status.value for one in lab.apply(configuration, plan)} <= {"done"}
    return changes, [str(address) for address in plan.unmanaged]


CHAIN: dict[str, Any] = {
    "domains": {
        "a.example": {},
        "b.example": {"mailboxes": {"ada": {"firstname": "A"}}, "aliases": {"friends": ["bob@c.example"]}},
        "c.example": {"mailboxes": {"bob": {"firstname": "B"}}, "aliases": {"info": ["bob@c.example"]}},
    }
}
FAR = f"""
domains:
  a.example: {{aliases: {{all: [ada@b.example]}}}}
  b.example: {{mailboxes: {{ada: {{}}}}, aliases: {{friends: [bob@c.example]}}}}
  c.example: {{mailboxes: {{bob: {{}}, info: {NEW}}}, aliases: {{}}}}
"""


def test_a_mistake_that_the_target_does_not_need_is_none() -> None:
    assert planned(CHAIN, FAR, "alias/all@a.example") == (["create alias/all@a.example"], [])
    with pytest.raises(ConfigError) as raised:
        planned(CHAIN, FAR, "mailbox/*@c.example")
    assert [one.code for one in raised.value.diagnostics] == ["Q018"]


def test_an_excluded_target_leads_nowhere() -> None:
    assert planned(CHAIN, FAR, "mailbox/info@c.example", "mailbox/info@c.example") == ([], [])


def test_what_frees_a_name_comes_along() -> None:
    seed = {"domains": {"a.example": {"aliases": {"info": ["x@y.example"], "other": ["x@y.example"]}}}}
    rule = "settings: {on_remove: {alias: delete}}"
    text = f"{rule}\ndomains: {{a.example: {{mailboxes: {{info: {NEW}}}, aliases: {{}}}}}}"
    changes, unmanaged = planned(seed, text, "mailbox/info@a.example")
    assert sorted(changes) == ["create mailbox/info@a.example", "delete alias/info@a.example"]
    assert unmanaged == []


def test_what_must_let_go_of_the_target_comes_along() -> None:
    seed = {
        "delivery": {
            "domains": {"old.example": {}, "new.example": {}},
            "accounts": {"app": {"type": "newsletter", "domains": ["old.example", "new.example"]}},
        }
    }
    text = """
    delivery:
      domains: {old.example: {state: absent}, new.example: {}}
      accounts: {app: {domains: [new.example]}}
    """
    changes, _ = planned(seed, text, "delivery_domain/old.example")
    assert sorted(changes) == ["delete delivery_domain/old.example", "update delivery_account/app"]
    assert planned(seed, text, "delivery_domain/new.example") == ([], [])


def test_what_the_target_needs_must_be_complete_too() -> None:
    with pytest.raises(ConfigError) as raised:
        planned({}, f"domains: {{n.example: {{mailboxes: {{ada: {NEW}}}}}}}", "mailbox/ada@n.example")
    assert [(one.code, one.address) for one in raised.value.diagnostics] == [("Q040", "domain/n.example")]


def test_only_targets_are_listed_as_unmanaged() -> None:
    seed = {"domains": {"a.example": {"mailboxes": {"m": {"firstname": "M"}}, "aliases": {"x": ["m@a.example"]}}}}
    text = "domains: {a.example: {mailboxes: {}, aliases: {}}}"
    assert planned(seed, text, "mailbox/*") == ([], ["mailbox/m@a.example"])


def test_a_limit_that_is_lowered_takes_no_mailbox_along() -> None:
    """The whole plan deletes before it lowers the limit; a target on the domain alone removes nobody's mail."""
    seed = {
        "domains": {
            "a.example": {"max_email_accounts": 50, "mailboxes": {"m": {"firstname": "M"}, "k": {"firstname": "K"}}}
        }
    }
    rule = "settings: {on_remove: {mailbox: delete}}"
    text = f"{rule}\ndomains: {{a.example: {{max_email_accounts: 40, mailboxes: {{k: {{}}}}}}}}"
    assert planned(seed, text, "domain/a.example") == (["update domain/a.example"], [])
