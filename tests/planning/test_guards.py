"""Removals under guard, by every road: absent, on_remove, --since, globs, empty collections, environments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qboxctl.config.configuration import Configuration
from qboxctl.config.settings import Guard
from qboxctl.errors import ConfigError, StalePlanError
from qboxctl.model import Action, Address, Change, Collection, Live, LiveState, Plan
from qboxctl.planning import graph, planfile
from qboxctl.planning.guards import judge
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import Lab, NowBlockedError, configuration_of
from tests.support.laws import many
from tests.support.shapes import KINDS


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
    configuration = configuration_of(text, environment="x" if "environments" in text else "default")
    plan = lab.plan(configuration, options)
    assert len([one for one in plan.changes if one.action.removes]) == 5
    assert guards(plan) == [("count", "mailbox")]
    again = Options(removed_since=options.removed_since if options else None, acknowledge=plan.id)
    assert lab.plan(configuration, again).blocked == ()
    other = Options(removed_since=again.removed_since, acknowledge="0" * 64)
    assert guards(lab.plan(configuration, other)) == [("count", "mailbox")]


OFF = "{" + ", ".join(f"m{number}: {{status: disabled}}" for number in range(5)) + "}"
DISABLING = {
    "each by itself": f"domains: {{d0.example: {{mailboxes: {OFF}}}}}",
    "in defaults": "defaults: {mailbox: {status: disabled}}\n"
    "domains: {d0.example: {mailboxes: {m0: {}, m1: {}, m2: {}, m3: {}, m4: {}}}}",
}


@pytest.mark.parametrize("text", DISABLING.values(), ids=DISABLING)
def test_a_declared_disabling_is_a_removal_to_the_guards(text: str) -> None:
    lab, configuration = Lab(seed=account(5)), configuration_of("protect: ['mailbox/m3@*']", text)
    plan = lab.plan(configuration)
    assert {change.action for change in plan.changes} == {Action.UPDATE}
    assert guards(plan) == [("count", "mailbox"), ("protect", "mailbox")]
    assert guards_at_apply(lab, configuration, plan) == ["protect"], "it is acknowledged there"
    assert "mailbox/m3@d0.example would be disabled" in plan.blocked[1].message
    assert "5 of 5 live mailbox objects would be removed or disabled" in plan.blocked[0].message
    assert guards(lab.plan(configuration, Options(acknowledge=plan.id))) == [("protect", "mailbox")]


@pytest.mark.parametrize("kind", [kind for kind, type_ in TYPES.items() if type_.disabling])
def test_whatever_can_be_disabled_is_guarded(kind: str) -> None:
    name, off = TYPES[kind].disabling or ("", None)
    gone = {"mailboxes": {"m0": {"firstname": "M"}}, "vault": {"retention": 12, "mailboxes": ["m0"]}}
    seed = {
        "domains": {"d0.example": gone},
        "delivery": {
            "accounts": {"news": {"type": "newsletter"}},
            "suppressions": {"m0@d0.example": {"reason": "bounce"}},
        },
        "managers": {"m0@d0.example": {}},
        "team_members": {"m0@d0.example": {}},
    }
    body = f"{{{name}: {str(off).lower()}}}"
    text = {
        "domain": f"domains: {{d0.example: {body}}}",
        "mailbox": f"domains: {{d0.example: {{mailboxes: {{m0: {body}}}}}}}",
        "vault": f"domains: {{d0.example: {{vault: {body}}}}}",
        "delivery_account": f"delivery: {{accounts: {{news: {body}}}}}",
        "suppression": f"delivery: {{suppressions: {{m0@d0.example: {body}}}}}",
        "manager": f"managers: {{m0@d0.example: {body}}}",
        "team_member": f"team_members: {{m0@d0.example: {body}}}",
    }[kind]
    lab, configuration = Lab(seed=seed), configuration_of(f"protect: ['{kind}/*']", text)
    assert guards(lab.plan(configuration)) == [("protect", kind)]
    free = configuration_of(text)
    assert lab.plan(free).blocked == ()
    lab.apply(free)
    assert guards(lab.plan(configuration)) == [], "what is disabled already is not disabled again"


def test_declared_disabling_is_counted_among_all_in_apply_too() -> None:
    """Two of ten domains may go; the other eight are read for that."""
    text = "domains: {d0.example: {status: disabled}, d1.example: {status: disabled}}"
    lab, configuration = Lab(seed=account(1, domains=10)), configuration_of(text)
    plan = lab.plan(configuration)
    assert plan.blocked == ()
    assert [one.status.value for one in lab.apply(configuration, plan)] == ["done", "done"]


def test_a_domain_that_waits_for_its_proof_can_be_declared_disabled() -> None:
    lab = Lab(quirks={"ownership": "wait"})
    new = "{postmaster_password: {env: PW}, status: disabled}"
    configuration = configuration_of("protect: ['domain/*']", f"domains: {{d0.example: {new}}}")
    assert [one.status.value for one in lab.apply(configuration)] == ["waiting"]
    plan = lab.plan(configuration)
    assert ([one.action for one in plan.changes], plan.blocked) == ([Action.UPDATE], ())


def test_what_is_made_disabled_is_not_removed() -> None:
    new = "{firstname: N, status: disabled, password: {env: PW}}"
    text = f"domains: {{d0.example: {{mailboxes: {{n0: {new}, n1: {new}, n2: {new}}}}}}}"
    assert guards(Lab(seed=account(1)).plan(configuration_of("protect: ['mailbox/*']", text))) == []


@pytest.mark.parametrize("pattern", ["mailbox/m3@d0.example", "mailbox/*", "*/m3@*", "MAILBOX/M3@*.Example"])
@pytest.mark.parametrize(("text", "options"), ROADS.values(), ids=ROADS)
def test_protect_holds_by_every_road_even_when_acknowledged(text: str, options: Options | None, pattern: str) -> None:
    lab = Lab(seed=account(5))
    configuration = configuration_of(
        f'protect: ["{pattern}"]', text, environment="x" if "environments" in text else "default"
    )
    first = lab.plan(configuration, options)
    since = options.removed_since if options else None
    plan = lab.plan(configuration, Options(removed_since=since, acknowledge=first.id))
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
        configuration_of(f"{settings}\ndomains: {{d0.example: {{mailboxes: {{{rest}}}}}}}")
    )
    allowed = max(1, min(count, percent * live // 100))
    assert bool(plan.blocked) == (gone > allowed)


def test_mailboxes_that_are_only_read_do_not_make_more_removals_possible() -> None:
    """The second domain's are read because it may go; no file manages them."""
    rest = ", ".join(f"m{number}: {{}}" for number in range(2, 5))
    text = f"domains: {{d0.example: {{mailboxes: {{{rest}}}}}, d1.example: {{state: absent}}}}"
    plan = Lab(seed=account(5, domains=2)).plan(configuration_of("settings: {on_remove: {mailbox: delete}}", text))
    assert guards(plan) == [("contents", "domain"), ("count", "mailbox")]


def test_a_domain_does_not_go_while_nobody_knows_what_is_in_it() -> None:
    configuration = configuration_of("domains: {d0.example: {state: absent}}")
    address = Address("domain", "d0.example")
    snapshot = LiveState({address: Live(address, "D1", {})}, frozenset([Collection("domain")]))
    blocked = judge(
        [Change(address, Action.DELETE)], snapshot, configuration, TYPES, plan_id="a" * 64, acknowledge="a" * 64
    )
    assert [one.message for one in blocked] == [f"{address} would be deleted, and what is in it was not read"]


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
    configuration = configuration_of(
        "settings: {guards: {count: 100, percent: 100}}" if "settings" not in text else "x-a: 1", text
    )
    plan = lab.plan(configuration)
    assert Action.DELETE in {one.action for one in plan.changes if one.address.kind == "domain"}
    plan = lab.plan(configuration, Options(acknowledge=plan.id))
    assert guards(plan) == ([("contents", "domain")] if blocked else [])


BOX = "{m0: {state: absent}}"
WAYS_OUT = {
    "nothing says so": ("", "", "declare these absent too"),
    "it is ignored": (
        "ignore: ['mailbox/m0@*']",
        "",
        "take mailbox/m0@* out of ignore and declare what it matches absent",
    ),
    "it is excluded": ("", "mailbox/m0@*", "plan without the --exclude or --target that leaves these out"),
}


@pytest.mark.parametrize(("rules", "excluded", "way_out"), WAYS_OUT.values(), ids=WAYS_OUT)
def test_what_is_in_the_way_is_told_with_the_way_out(rules: str, excluded: str, way_out: str) -> None:
    boxes = f", mailboxes: {BOX}" if rules or excluded else ""
    configuration = configuration_of(rules or "x-a: 1", f"domains: {{d0.example: {{state: absent{boxes}}}}}")
    options = Options(excludes=(Pattern.of(excluded, TYPES),) if excluded else ())
    (one,) = Lab(seed=account(1)).plan(configuration, options).blocked
    assert (one.guard, one.way_out) == ("contents", way_out)


@pytest.mark.parametrize(
    ("rules", "excluded", "hint"),
    [
        ("", "", "declare alias/m0@d0.example absent"),
        ("", "alias/*@*", "alias/m0@d0.example is excluded: plan without that --exclude"),
        (
            "ignore: ['alias/*@*']",
            "",
            "alias/m0@d0.example is ignored: take alias/*@* out of ignore and declare it absent",
        ),
    ],
)
def test_a_name_that_is_taken_is_told_with_the_way_out(rules: str, excluded: str, hint: str) -> None:
    new = "mailboxes: {m0: {firstname: M, password: {env: PW}}}"
    gone = ", aliases: {m0: {state: absent}}" if rules or excluded else ", aliases: {}"
    lab = Lab(seed={"domains": {"d0.example": {"aliases": {"m0": ["x@y.example"]}}}})
    options = Options(excludes=(Pattern.of(excluded, TYPES),) if excluded else ())
    with pytest.raises(ConfigError) as caught:
        lab.plan(configuration_of(rules or "x-a: 1", f"domains: {{d0.example: {{{new}{gone}}}}}"), options)
    assert [(one.code, one.hint) for one in caught.value.diagnostics] == [("Q018", hint)]


@pytest.mark.parametrize("per", ["3", "200"])
def test_what_is_ignored_of_a_long_list_does_not_count(per: str) -> None:
    """It does not, whether the list is short enough to be read whole, or each entry would be asked for."""
    entries = {f"s{number}@{'own' if number < 4 else 'bounce'}.example": {"reason": "bounce"} for number in range(40)}
    lab = Lab(seed={"delivery": {"suppressions": entries}}, quirks={"per_max": per})
    off = ", ".join(f"s{number}@own.example: {{active: false}}" for number in range(4))
    configuration = configuration_of(
        "ignore: ['suppression/*@bounce.example']", f"delivery: {{suppressions: {{{off}}}}}"
    )
    plan = lab.plan(configuration)
    assert [one.message.partition(" live")[0] for one in plan.blocked] == ["4 of 4"]
    saved = planfile.loads(planfile.dumps(plan), "a plan", TYPES)
    assert [one.message.partition(" live")[0] for one in lab.check_saved(configuration, saved).blocked] == ["4 of 4"]
    with pytest.raises(NowBlockedError, match="4 of 4 live"):
        lab.apply(configuration, plan)


def guards_at_apply(lab: Lab, configuration: Configuration, plan: Plan, options: Options | None = None) -> list[str]:
    """The guards that stop an acknowledged plan when it comes back from a file to be applied."""
    saved = planfile.loads(planfile.dumps(replace(plan, blocked=())), "a plan", TYPES)
    return [one.guard for one in lab.check_saved(configuration, saved, options, plan.id).blocked]


def test_what_came_into_a_domain_after_the_plan_saves_it() -> None:
    lab = Lab(seed=account(1))
    configuration = configuration_of("domains: {d0.example: {state: absent, mailboxes: {m0: {state: absent}}}}")
    plan = lab.plan(configuration)
    assert plan.blocked == ()
    late = configuration_of(
        "defaults: {mailbox: {password: {env: PW}}}\ndomains: {d0.example: {mailboxes: {new: {firstname: N}}}}"
    )
    lab.apply(late)
    assert guards_at_apply(lab, configuration, plan) == ["contents"]


def test_a_postmaster_is_neither_listed_nor_counted_nor_removed() -> None:
    plan = Lab(seed=account(1)).plan(configuration_of("settings: {on_remove: {mailbox: delete}}", keep({})))
    assert [str(one.address) for one in plan.changes] == ["mailbox/m0@d0.example"]
    assert plan.summary["unmanaged"] == 0
    assert plan.blocked == ()


def test_what_is_ignored_is_invisible_with_all_that_is_in_it() -> None:
    text = "settings: {on_remove: {mailbox: delete, domain: delete}}\nignore: ['domain/d1.example', 'mailbox/m0@*']"
    plan = Lab(seed=account(2, domains=2)).plan(configuration_of(text, "domains: {d0.example: {mailboxes: {}}}"))
    assert [str(one.address) for one in plan.changes] == ["mailbox/m1@d0.example"]
    assert plan.unmanaged == ()


def test_keep_lists_and_leaves_alone() -> None:
    plan = Lab(seed=account(2)).plan(configuration_of(keep({})))
    assert plan.changes == ()
    assert [str(one) for one in plan.unmanaged] == ["mailbox/m0@d0.example", "mailbox/m1@d0.example"]


def test_disable_twice_is_done_once() -> None:
    lab = Lab(seed=account(1))
    configuration = configuration_of("settings: {on_remove: {mailbox: disable}}", keep({}))
    lab.apply(configuration)
    plan = lab.plan(configuration)
    assert plan.changes == ()
    assert [str(one) for one in plan.unmanaged] == ["mailbox/m0@d0.example"]


def test_with_since_strangers_are_left_alone() -> None:
    lab = Lab(seed=account(3))
    configuration = configuration_of("settings: {on_remove: {mailbox: delete}}", keep({}))
    plan = lab.plan(configuration, Options(removed_since=frozenset([Address("mailbox", "m1@d0.example")])))
    assert [str(one.address) for one in plan.changes] == ["mailbox/m1@d0.example"]
    assert [str(one) for one in plan.unmanaged] == ["mailbox/m0@d0.example", "mailbox/m2@d0.example"]


# -- protect and contents under attack -----------------------------------------------------------------------------

LOOSE = "settings: {guards: {count: 1000, percent: 100}, on_remove: {%s}"
GONE = "m0: {state: absent}, m1: {state: absent}"
EVERYTHING = frozenset(
    [Address("domain", "d0.example"), *(Address("mailbox", f"m{number}@d0.example") for number in range(2))]
)


def targets(*texts: str) -> tuple[Pattern, ...]:
    return tuple(Pattern.of(text, TYPES) for text in texts)


ATTACKS: dict[str, tuple[str, Options]] = {
    "said absent": (LOOSE % "" + f"}}\ndomains: {{d0.example: {{mailboxes: {{{GONE}}}}}}}", Options()),
    "no longer declared": (LOOSE % "mailbox: delete" + "}\ndomains: {d0.example: {mailboxes: {}}}", Options()),
    "disabled": (LOOSE % "mailbox: disable" + "}\ndomains: {d0.example: {mailboxes: {}}}", Options()),
    "gone since a revision": (
        LOOSE % "mailbox: delete" + "}\ndomains: {d0.example: {}}",
        Options(removed_since=EVERYTHING),
    ),
    "its whole file gone since a revision": (
        LOOSE % "mailbox: delete, domain: delete" + "}",
        Options(removed_since=EVERYTHING),
    ),
    "an environment that removes": (
        LOOSE % "" + ", environments: {x: {on_remove: {mailbox: delete}}}}\ndomains: {d0.example: {mailboxes: {}}}",
        Options(),
    ),
    "its domain said absent": (
        LOOSE % "" + f"}}\ndomains: {{d0.example: {{state: absent, mailboxes: {{{GONE}}}}}}}",
        Options(),
    ),
    "its domain no longer declared": (
        LOOSE % "mailbox: delete, domain: delete" + "}\ndomains: {d1.example: {}}",
        Options(),
    ),
    "asked for by name": (
        LOOSE % "mailbox: delete" + "}\ndomains: {d0.example: {mailboxes: {}}}",
        Options(targets=targets("mailbox/m0@d0.example")),
    ),
    "with its domain asked for": (
        LOOSE % "" + f"}}\ndomains: {{d0.example: {{state: absent, mailboxes: {{{GONE}}}}}}}",
        Options(targets=targets("domain/d0.example")),
    ),
    "by a pattern that covers all": (
        LOOSE % "mailbox: delete" + "}\ndomains: {d0.example: {mailboxes: {}}}",
        Options(targets=targets("*/*"), excludes=targets("mailbox/m1@*")),
    ),
}


@pytest.mark.parametrize(("text", "options"), ATTACKS.values(), ids=ATTACKS)
def test_no_road_leads_to_what_is_protected(text: str, options: Options) -> None:
    lab = Lab(seed=account(2, domains=2))
    before = lab.emulator.dump()
    environment = "x" if "environments" in text else "default"
    open_wish = configuration_of(text, environment=environment)
    free = lab.plan(open_wish, options)
    assert [one for one in free.changes if one.action.removes and one.address.key in ("m0@d0.example", "d0.example")]
    configuration = configuration_of("protect: ['mailbox/m0@*']", text, environment=environment)
    plan = lab.plan(configuration, replace(options, acknowledge=free.id))
    assert {one.guard for one in plan.blocked} & {"protect", "contents"}
    assert {*guards_at_apply(lab, configuration, plan, options)} & {"protect", "contents"}
    if any(one.address.kind == "mailbox" for one in plan.changes):
        assert "protect" in {one.guard for one in plan.blocked}
    assert lab.emulator.dump() == before


def forged(plan: Plan, changes: Sequence[Change]) -> Plan:
    """The plan with other changes, and all that can be computed from them put right."""
    changes = graph.ordered(changes, TYPES)
    counts = {action.value: sum(change.action is action for change in changes) for action in Action}
    identity = planfile.plan_id(plan.environment, plan.endpoint, changes)
    return replace(plan, id=identity, changes=changes, summary={**plan.summary, **counts}, blocked=())


def test_a_forged_plan_cannot_leave_out_what_is_in_a_domain() -> None:
    lab = Lab(seed=account(2, 1))
    configuration = configuration_of(
        f"domains: {{d0.example: {{state: absent, mailboxes: {WHOLE}, aliases: {{a0: {{state: absent}}}}}}}}"
    )
    plan = lab.plan(configuration)
    only = forged(plan, [one for one in plan.changes if one.address.kind == "domain"])
    with pytest.raises(StalePlanError, match=r"domain/d0\.example needs .*mailbox/m0@d0\.example"):
        guards_at_apply(lab, configuration, only)


def test_a_forged_plan_cannot_remove_one_more_than_the_count_allows() -> None:
    lab = Lab(seed=account(20))
    configuration = configuration_of("settings: {on_remove: {mailbox: delete}, guards: {count: 3}}", keep({}))
    plan = lab.plan(configuration)
    assert len(plan.changes) == 20
    for number, stopped in ((3, []), (4, ["count"])):
        some = forged(plan, plan.changes[:number])
        assert [one.guard for one in lab.check_saved(configuration, some).blocked] == stopped


@pytest.mark.parametrize("kind", ["delete", "disable"])
def test_a_forged_plan_cannot_remove_another_way_than_the_files_say(kind: str) -> None:
    lab = Lab(seed=account(5))
    said, other = (Action.DELETE, Action.DISABLE) if kind == "delete" else (Action.DISABLE, Action.DELETE)
    wishes = {
        one: configuration_of(f"settings: {{on_remove: {{mailbox: {one.value}}}}}", keep({})) for one in (said, other)
    }
    with pytest.raises(StalePlanError, match=f"a plan of today would {kind} mailbox/m0@d0.example"):
        lab.check_saved(wishes[said], lab.plan(wishes[other]))


@pytest.mark.parametrize("rule", ["protect", "ignore"])
def test_a_second_account_of_the_same_name_does_not_open_the_first(rule: str) -> None:
    """Accounts go by their description; where two bear it, their ids stand for them, and the rules still hold."""
    seed = {"delivery": {"accounts": {
        "one": {"id": "11", "description": "Invoices", "type": "transactional"},
        "two": {"id": "12", "description": "invoices", "type": "transactional"},
        "three": {"id": "13", "description": "Other", "type": "transactional"},
    }}}  # fmt: skip
    text = LOOSE % "delivery_account: delete" + "}\ndelivery: {accounts: {}}"
    plan = Lab(seed=seed).plan(configuration_of(f"{rule}: ['delivery_account/invoices']", text))
    removed = sorted(str(one.address) for one in plan.changes)
    if rule == "ignore":
        assert removed == ["delivery_account/other"]
    else:
        assert removed == ["delivery_account/#11", "delivery_account/#12", "delivery_account/other"]
        assert guards(plan) == [("protect", "delivery_account")] * 2


@pytest.mark.parametrize("pattern", ["mailbox/*@müller.example", "mailbox/*@XN--MLLER-KVA.example", "*/ada@xn--*"])
def test_a_name_in_its_own_letters_is_protected(pattern: str) -> None:
    seed = {"domains": {"xn--mller-kva.example": {"mailboxes": {"ada": {"firstname": "A"}}}}}
    text = "domains: {müller.example: {mailboxes: {ada: {state: absent}}}}"
    assert guards(Lab(seed=seed).plan(configuration_of(f"protect: ['{pattern}']", text))) == [("protect", "mailbox")]


def test_what_is_replaced_is_protected_as_what_is_removed() -> None:
    """It is gone in between, and for good where its creation fails."""
    lab = Lab(types=KINDS, seed={"houses": {"h1": {"cards": {"acme": {"nickname": "A"}}}}})
    wish = "houses: {h1: {cards: {acme: {nickname: B}}}}"
    assert not lab.plan(configuration_of(wish, types=KINDS)).blocked
    (one,) = lab.plan(configuration_of(f"protect: ['card/h1/*']\n{wish}", types=KINDS)).blocked
    assert (one.guard, one.message) == ("protect", "card/h1/acme would be made anew, and protect holds card/h1/*")
