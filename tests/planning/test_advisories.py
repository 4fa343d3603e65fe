"""Warnings of a plan: what it does rightly, and somebody may not expect."""

from __future__ import annotations

import json

import pytest

from qboxctl.applying.pace import Patience
from qboxctl.config.yaml.reader import load_plain
from qboxctl.planning.advisories import advise, under_way
from qboxctl.planning.pipeline import Compared, with_advice
from qboxctl.planning.planner import make_plan
from qboxctl.planning.targets import Options, Targets
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import Lab, configuration_of

SEED = """
domains:
  a.example:
    mailboxes:
      ada: {firstname: Ada, lastname: Lovelace}
      bob: {firstname: Bob, lastname: Byte, status: disabled}
      eve: {firstname: Eve, lastname: Echo}
  b.example: {mailboxes: {}}
"""
STAY = """
domains:
  a.example:
    mailboxes:
      ada: {firstname: Ada}
      bob: {firstname: Bob}
      eve: {firstname: Eve}
"""
NEW = "{firstname: %s, lastname: %s, password: {env: PW}}"


def kept(*others: str, on_remove: str = "keep") -> str:
    """A wish that keeps eve and says more."""
    rows = "".join(f"      {one}\n" for one in others)
    return (
        f"settings: {{on_remove: {{mailbox: {on_remove}}}}}\n"
        f"domains:\n  a.example:\n    mailboxes:\n      eve: {{firstname: Eve}}\n{rows}"
    )


BOB = "bob: {firstname: Bob, lastname: Byte}"
CASES = {
    "nothing to say": (STAY, []),
    "disabled by hand, where qboxctl disables nothing": (kept(BOB), []),
    "disabled, and declared again": (kept(BOB, on_remove="disable"), ["Q044 mailbox/bob@a.example"]),
    "disabled, and another attribute differs": (
        kept(BOB.replace("Byte", "Bit"), on_remove="disable"), ["Q044 mailbox/bob@a.example"],
    ),
    "disabled, and its status is declared": (kept(BOB.replace("}", ", status: enabled}"), on_remove="disable"), []),
    "disabled, and declared absent": (kept("bob: {state: absent}", on_remove="disable"), []),
    "the same person under a new name, the old one kept": (
        kept("lovelace: " + NEW % ("Ada", "Lovelace")), ["Q045 mailbox/lovelace@a.example"],
    ),
    "the same person under a new name, the old one absent": (
        kept("ada: {state: absent}", "al: " + NEW % ("Ada", "Lovelace"), "x: " + NEW % ("X", "X")),
        ["Q045 mailbox/al@a.example"],
    ),
    "one comes where one goes": (
        kept("ada: {state: absent}", "info: " + NEW % ("In", "Fo")), ["Q045 mailbox/info@a.example"],
    ),
    "two come where one goes, and nobody can tell": (
        kept("ada: {state: absent}", "x: " + NEW % ("X", "X"), "y: " + NEW % ("Y", "Y")), [],
    ),
    "one comes, and others are left alone": (kept("info: " + NEW % ("In", "Fo")), []),
    "the other one is in another domain": (
        kept("ada: {state: absent}") + "  b.example: {mailboxes: {ada: " + NEW % ("Ada", "Lovelace") + "}}\n", [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_what_a_plan_warns_of(text: str, expected: list[str]) -> None:
    lab, configuration = Lab(seed=load_plain(SEED, "the seed")), configuration_of(text)
    snapshot = lab.read_live_state(configuration)
    found = advise(configuration, snapshot, make_plan(TYPES, configuration, snapshot), TYPES)
    assert [f"{one.code} {one.address}" for one in found] == expected
    assert all(one.hint for one in found)


SIZES = """
domains:
  a.example:
    max_email_quota: 50GB
    mailboxes:
      ada: {firstname: Ada, max_email_quota: 25GB}
      bob: {firstname: Bob, max_email_quota: 8GB}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("domains: {a.example: {max_email_quota: 50GB, mailboxes: {ada: {max_email_quota: 25GB}}}}", []),
        ("domains: {a.example: {mailboxes: {ada: {max_email_quota: 50GB}, bob: {max_email_quota: 16GB}}}}", []),
        (
            "domains: {a.example: {mailboxes: {ada: {max_email_quota: 8GB}}}}",
            ["mailbox/ada@a.example from 25GB to 8GB"],
        ),
        ("domains: {a.example: {max_email_quota: 25GB}}", ["domain/a.example from 50GB to 25GB"]),
        ("domains: {a.example: {default_quota: 1GB}}", []),
        ("domains: {a.example: {mailboxes: {eve: {firstname: E, max_email_quota: 1GB, password: {env: PW}}}}}", []),
        (
            "defaults: {mailbox: {max_email_quota: 8GB}}\ndomains: {a.example: {mailboxes: {ada: {}, bob: {}}}}",
            ["mailbox/ada@a.example from 25GB to 8GB"],
        ),
    ],
)
def test_a_size_that_goes_down(text: str, expected: list[str]) -> None:
    lab, configuration = Lab(seed=load_plain(SIZES, "the seed")), configuration_of(text)
    snapshot = lab.read_live_state(configuration)
    found = advise(configuration, snapshot, make_plan(TYPES, configuration, snapshot), TYPES)
    assert {one.code for one in found} <= {"Q048"}
    assert [one.message.partition(" of ")[2].replace(" goes down", "") for one in found] == expected


@pytest.mark.parametrize(
    ("live", "mailboxes", "created", "manages", "warned"),
    [
        (9, 1, 1, "mailboxes", False),
        (10, 1, 1, "mailboxes", True),
        (10, 2, 1, "mailboxes", False),
        (25, 1, 0, "mailboxes", False),
        (10, 1, 1, "", False),
        (0, 1, 11, "", False),
    ],
)
def test_more_aliases_than_are_free(live: int, mailboxes: int, created: int, manages: str, warned: bool) -> None:
    """Only a plan knows what is live; where it does not read the mailboxes, it cannot tell."""
    seed = {"domains": {"a.example": {
        "mailboxes": {f"m{number}": {"firstname": "M"} for number in range(mailboxes)},
        "aliases": {f"old{number}": ["x@y.example"] for number in range(live)},
    }}}  # fmt: skip
    aliases = "".join(f"new{number}: [x@y.example], " for number in range(created))
    inside = f"{manages}: {{m0: {{}}}}, " if manages else ""
    configuration = configuration_of(f"domains: {{a.example: {{{inside}aliases: {{{aliases}}}}}}}")
    snapshot = Lab(seed=seed).read_live_state(configuration)
    found = advise(configuration, snapshot, make_plan(TYPES, configuration, snapshot), TYPES)
    assert [one.code for one in found] == (["Q026"] if warned else [])


TEAM = """
domains:
  a.example:
    catch_all_destination: new@a.example
    mailboxes:
      ada: {firstname: Ada}
      new: {firstname: New, password: {env: PW}}
    aliases:
      old: [ada@a.example, far@away.example]
      team: [ada@a.example, new@a.example]
      all: [team@a.example]
  b.example: {mailboxes: {}}
"""


@pytest.mark.parametrize(
    ("excluded", "expected"),
    {
        "": [],
        "mailbox/ada@*": [],
        "mailbox/*": [
            "alias/team@a.example: mailbox/new@a.example", "domain/a.example: mailbox/new@a.example",
        ],
        "alias/team@*": ["alias/all@a.example: alias/team@a.example"],
        "alias/*": [],
    }.items(),
)  # fmt: skip
def test_mail_into_what_a_plan_leaves_out(excluded: str, expected: list[str]) -> None:
    lab, configuration = Lab(seed=load_plain(SEED, "the seed")), configuration_of(TEAM)
    options = Options(excludes=(Pattern.of(excluded, TYPES),) if excluded else ())
    snapshot = lab.read_live_state(configuration, options)
    found = advise(configuration, snapshot, make_plan(TYPES, configuration, snapshot, options), TYPES)
    assert {one.code for one in found} <= {"Q046"}
    assert sorted(one.message.partition(" of ")[2].partition(" is ")[0] for one in found) == expected


LONG = "the newsletter of the sailing club of Sestri Levante"
LEFT = {
    "what was cut": (LONG[:40], {}, "delete", "", "id: 11 and state: absent"),
    "what was cut, and is to be disabled": (LONG[:40], {}, "disable", "", "id: 11 and status: disabled"),
    "what is kept anyway": (LONG[:40], {}, "keep", "", None),
    "what is protected": (LONG[:40], {}, "delete", "protect: [delivery_account/old]", None),
    "what is found": (LONG, {}, "delete", "", None),
    "what is not there": ("something else", {}, "delete", "", None),
    "what was known by its id": (LONG[:40], {"id": 12}, "delete", "", None),
    "two that it may be": (f"{LONG[:40]}|{LONG[:36]}", {}, "delete", "", None),
    "what is declared today": (LONG[:40], {}, "delete", f"delivery: {{accounts: {{new: {{description: '{LONG}'}}}}}}",
                               None),
}  # fmt: skip


@pytest.mark.parametrize(("live", "more", "todo", "rules", "hint"), LEFT.values(), ids=LEFT)
def test_what_left_the_files_and_may_be_what_the_server_has_cut(
    live: str, more: dict[str, int], todo: str, rules: str, hint: str | None
) -> None:
    body = {"description": LONG, "type": "newsletter", **more}
    then = configuration_of(json.dumps({"delivery": {"accounts": {"old": body}}})).objects
    accounts = {
        text: {"id": str(number), "description": text, "type": "newsletter"}
        for number, text in enumerate(live.split("|"), start=11)
    }
    lab = Lab(seed={"delivery": {"accounts": accounts}})
    settings = f"settings: {{on_remove: {{delivery_account: {todo}}}, guards: {{percent: 100}}}}"
    configuration = configuration_of(
        settings, rules if "delivery:" in rules else f"{rules}\ndelivery: {{accounts: {{}}}}"
    )
    options = Options(removed_since=frozenset(then), remembered=then)
    plan = lab.plan(configuration, options)
    found = with_advice(
        Compared(Targets(configuration, TYPES, options), lab.read_live_state(configuration, options), plan)
    )
    assert bool(plan.changes) == (live == LONG)
    told = [one for one in found.warnings if one.code == "Q054"]
    assert [one.hint.rpartition("with ")[2] for one in told] == ([hint] if hint else [])


ACTIVE = "domains: {a.example: {mailboxes: {ada: {firstname: Ada, password: {env: PW}}}}}"
GONE = "domains: {a.example: {mailboxes: {ada: {state: absent}}}}"
UNDER_WAY = {
    "an activation": ({"activation": "30"}, {}, ACTIVE, "mailbox/ada@a.example: it is activating"),
    "a deletion by on_remove": (
        {"delete": "queued:30"},
        {"ada": {}},
        "settings: {on_remove: {mailbox: delete}}\ndomains: {a.example: {mailboxes: {}}}",
        "mailbox/ada@a.example: its deletion is queued",
    ),
    "a deletion": ({"delete": "queued:30"}, {"ada": {}}, GONE, "mailbox/ada@a.example: its deletion is queued"),
}


@pytest.mark.parametrize(("quirks", "boxes", "text", "told"), UNDER_WAY.values(), ids=UNDER_WAY)
def test_a_plan_tells_what_the_server_is_not_done_with(quirks: dict, boxes: dict, text: str, told: str) -> None:
    lab, configuration = (
        Lab(seed={"domains": {"a.example": {"mailboxes": boxes}}}, quirks=quirks),
        configuration_of(text),
    )

    def told_now() -> list[tuple[str, str]]:
        found = under_way(Targets(configuration, TYPES, options), lab.read_live_state(configuration))
        return [(one.code, one.message) for one in found]

    options = Options()
    assert told_now() == []
    lab.apply(configuration, patience=Patience(0, 0))
    plan = lab.plan(configuration)
    assert plan.changes == ()
    shown = with_advice(Compared(Targets(configuration, TYPES, options), lab.read_live_state(configuration), plan))
    assert [one.code for one in shown.warnings] == ["Q055"]
    assert told_now() == [("Q055", f"{told}; the server is not done with it")]
    options = Options(excludes=(Pattern.of("mailbox/*@*", TYPES),))
    assert told_now() == []
    options = Options(targets=(Pattern.of("mailbox/other@*", TYPES),))
    assert told_now() == []
    options = Options()
    for _ in range(30):
        lab.plan(configuration)
    assert told_now() == []
