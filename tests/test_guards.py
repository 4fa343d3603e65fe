"""Removals under guard, by every road: absent, on_remove, --since, globs, empty collections, environments."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab import Lab, wish_of
from test_laws import many

from qboxctl.apply import check
from qboxctl.client import Client
from qboxctl.model import Action, Address, Plan
from qboxctl.remote import Account
from qboxctl.resources import TYPES
from qboxctl.scope import Options
from qboxctl.settings import Guard
from qboxctl.survey import survey
from qboxctl.want import want_for_changes


def account(mailboxes: int, aliases: int = 0, domains: int = 1) -> dict[str, Any]:
    inside = {
        "mailboxes": {f"m{number}": {"firstname": "M"} for number in range(mailboxes)},
        "aliases": {f"a{number}": ["x@y.example"] for number in range(aliases)},
    }
    return {"domains": {f"d{number}.example": inside for number in range(domains)}}


def keep(seed: dict[str, Any], **more: str) -> str:
    """A configuration with an empty mailbox collection in the first domain."""
    lines = [f"{key}: {value}" for key, value in more.items()]
    return "\n".join([*lines, "domains: {d0.example: {mailboxes: {}}}"])


def guards(plan: Plan) -> list[tuple[str, str]]:
    return [(one.guard, one.kind) for one in plan.blocked]


ABSENT = "{" + ", ".join(f"m{number}: {{state: absent}}" for number in range(5)) + "}"
ROADS = {
    "absent": (f"domains: {{d0.example: {{mailboxes: {ABSENT}}}}}", None),
    "on_remove delete": ("settings: {on_remove: {mailbox: delete}}\ndomains: {d0.example: {mailboxes: {}}}", None),
    "on_remove disable": ("settings: {on_remove: {mailbox: disable}}\ndomains: {d0.example: {mailboxes: {}}}", None),
    "since": (
        "settings: {on_remove: {mailbox: delete}}\ndomains: {d0.example: {}}",
        Options(removed_since=frozenset(Address("mailbox", f"m{number}@d0.example") for number in range(5))),
    ),
    "environment": (
        "settings: {environments: {x: {on_remove: {mailbox: delete}}}}\ndomains: {d0.example: {mailboxes: {}}}",
        None,
    ),
}


@pytest.mark.parametrize(("text", "options"), ROADS.values(), ids=ROADS)
def test_too_many_removals_are_blocked_by_every_road(text: str, options: Options | None) -> None:
    lab = Lab(seed=account(5))
    wish = wish_of(text, environment="x" if "environments" in text else "default")
    plan = lab.plan(wish, options)
    assert len([one for one in plan.changes if one.action.removes]) == 5
    assert guards(plan) == [("count", "mailbox")]
    again = Options(removed_since=options.removed_since if options else None, acknowledge=plan.id)
    assert lab.plan(wish, again).blocked == ()
    other = Options(removed_since=again.removed_since, acknowledge="0" * 64)
    assert guards(lab.plan(wish, other)) == [("count", "mailbox")]


@pytest.mark.parametrize("pattern", ["mailbox/m3@d0.example", "mailbox/*", "*/m3@*", "MAILBOX/M3@*.Example"])
@pytest.mark.parametrize(("text", "options"), ROADS.values(), ids=ROADS)
def test_protect_holds_by_every_road_even_when_acknowledged(text: str, options: Options | None, pattern: str) -> None:
    lab = Lab(seed=account(5))
    wish = wish_of(f'protect: ["{pattern}"]', text, environment="x" if "environments" in text else "default")
    first = lab.plan(wish, options)
    since = options.removed_since if options else None
    plan = lab.plan(wish, Options(removed_since=since, acknowledge=first.id))
    assert ("protect", "mailbox") in guards(plan)
    assert ("count", "mailbox") not in guards(plan)


@pytest.mark.parametrize(
    ("live", "count", "percent", "allowed"),
    [(0, 10, 20, 1), (1, 10, 20, 1), (4, 10, 20, 1), (5, 10, 20, 1), (9, 10, 20, 1), (10, 10, 20, 2), (49, 10, 20, 9),
     (50, 10, 20, 10), (1000, 10, 20, 10), (1000, 500, 20, 200), (10, 0, 0, 1), (7, 100, 100, 7), (1000, 10, 0.5, 5)],
)  # fmt: skip
def test_how_many_may_go(live: int, count: int, percent: float, allowed: int) -> None:
    assert Guard(count, percent).allows(live) == allowed


@many(40)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 12), st.integers(0, 100))
def test_the_count_is_of_the_live_ones_in_managed_collections(live: int, gone: int, count: int, percent: int) -> None:
    gone = min(gone, live)
    rest = ", ".join(f"m{number}: {{}}" for number in range(gone, live))
    settings = (
        f"settings: {{on_remove: {{mailbox: delete}}, guards: {{mailbox: {{count: {count}, percent: {percent}}}}}}}"
    )
    plan = Lab(seed=account(live, domains=2)).plan(
        wish_of(f"{settings}\ndomains: {{d0.example: {{mailboxes: {{{rest}}}}}}}")
    )
    allowed = max(1, min(count, percent * live // 100))
    assert bool(plan.blocked) == (gone > allowed)


WHOLE = "{m0: {state: absent}, m1: {state: absent}}"
CONTENTS = {
    "nothing of it is declared": ("domains: {d0.example: {state: absent}}", True),
    "one mailbox stays": ("domains: {d0.example: {state: absent, mailboxes: {m0: {state: absent}}}}", True),
    "its alias stays": (f"domains: {{d0.example: {{state: absent, mailboxes: {WHOLE}}}}}", True),
    "all of it goes": (
        f"domains: {{d0.example: {{state: absent, mailboxes: {WHOLE}, aliases: {{a0: {{state: absent}}}}}}}}",
        False,
    ),
    "all of it goes, undeclared": (
        "settings: {on_remove: {mailbox: delete, alias: delete}}\n"
        "domains: {d0.example: {state: absent, mailboxes: {}, aliases: {}}}",
        False,
    ),
    "what is ignored is in it all the same": (
        "ignore: ['mailbox/m1@*']\nsettings: {on_remove: {mailbox: delete, alias: delete}}\n"
        "domains: {d0.example: {state: absent, mailboxes: {}, aliases: {}}}",
        True,
    ),
    "a disabled mailbox is in it all the same": (
        "settings: {on_remove: {mailbox: disable, alias: delete}}\n"
        "domains: {d0.example: {state: absent, mailboxes: {}, aliases: {}}}",
        True,
    ),
    "an undeclared domain": ("settings: {on_remove: {domain: delete}}\ndomains: {d1.example: {}}", True),
}


@pytest.mark.parametrize(("text", "blocked"), CONTENTS.values(), ids=CONTENTS)
def test_a_domain_does_not_go_while_something_is_in_it(text: str, blocked: bool) -> None:
    lab = Lab(seed=account(2, 1, domains=2))
    wish = wish_of("settings: {guards: {count: 100, percent: 100}}" if "settings" not in text else "x-a: 1", text)
    plan = lab.plan(wish)
    assert Action.DELETE in {one.action for one in plan.changes if one.address.kind == "domain"}
    plan = lab.plan(wish, Options(acknowledge=plan.id))
    assert guards(plan) == ([("contents", "domain")] if blocked else [])


def test_what_came_into_a_domain_after_the_plan_saves_it() -> None:
    lab = Lab(seed=account(1))
    wish = wish_of("domains: {d0.example: {state: absent, mailboxes: {m0: {state: absent}}}}")
    plan = lab.plan(wish)
    assert plan.blocked == ()
    late = wish_of(
        "defaults: {mailbox: {password: {env: PW}}}\ndomains: {d0.example: {mailboxes: {new: {firstname: N}}}}"
    )
    lab.apply(late)
    client = Client("https://api.example", "canary-token-7f3a", lab.api, **lab.options())
    snapshot = survey(Account(client, TYPES), want_for_changes(plan.changes, wish, TYPES))
    checked = check(plan, snapshot, wish, TYPES, acknowledge=plan.id)
    assert [one.guard for one in checked.blocked] == ["contents"]


def test_a_postmaster_is_neither_listed_nor_counted_nor_removed() -> None:
    plan = Lab(seed=account(1)).plan(wish_of("settings: {on_remove: {mailbox: delete}}", keep({})))
    assert [str(one.address) for one in plan.changes] == ["mailbox/m0@d0.example"]
    assert plan.summary["unmanaged"] == 0
    assert plan.blocked == ()


def test_what_is_ignored_is_invisible_with_all_that_is_in_it() -> None:
    text = "settings: {on_remove: {mailbox: delete, domain: delete}}\nignore: ['domain/d1.example', 'mailbox/m0@*']"
    plan = Lab(seed=account(2, domains=2)).plan(wish_of(text, "domains: {d0.example: {mailboxes: {}}}"))
    assert [str(one.address) for one in plan.changes] == ["mailbox/m1@d0.example"]
    assert plan.unmanaged == ()


def test_keep_lists_and_leaves_alone() -> None:
    plan = Lab(seed=account(2)).plan(wish_of(keep({})))
    assert plan.changes == ()
    assert [str(one) for one in plan.unmanaged] == ["mailbox/m0@d0.example", "mailbox/m1@d0.example"]


def test_disable_twice_is_done_once() -> None:
    lab = Lab(seed=account(1))
    wish = wish_of("settings: {on_remove: {mailbox: disable}}", keep({}))
    lab.apply(wish)
    plan = lab.plan(wish)
    assert plan.changes == ()
    assert [str(one) for one in plan.unmanaged] == ["mailbox/m0@d0.example"]


def test_with_since_strangers_are_left_alone() -> None:
    lab = Lab(seed=account(3))
    wish = wish_of("settings: {on_remove: {mailbox: delete}}", keep({}))
    plan = lab.plan(wish, Options(removed_since=frozenset([Address("mailbox", "m1@d0.example")])))
    assert [str(one.address) for one in plan.changes] == ["mailbox/m1@d0.example"]
    assert [str(one) for one in plan.unmanaged] == ["mailbox/m0@d0.example", "mailbox/m2@d0.example"]
