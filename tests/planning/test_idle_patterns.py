"""Patterns that match nothing: told where that is sure, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, nullcontext
from typing import Any

import pytest

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.errors import QboxctlError
from qboxctl.model import Address, Revealed
from qboxctl.planning.idle_patterns import Known, idle_me, idle_rules, refuse_empty_rotation, refuse_idle_options
from qboxctl.planning.pipeline import read_and_plan
from qboxctl.planning.targets import Options, Targets
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import TOKEN, Lab, configuration_of

SEED: dict[str, Any] = {
    "domains": {
        "a.example": {"mailboxes": {"ada": {"firstname": "A"}}, "aliases": {"info": ["x@y.example"]}},
        "b.example": {"mailboxes": {"bob": {"firstname": "B"}}},
    },
    "delivery": {"accounts": {"letters": {"description": "Our Letters", "type": "newsletter"}}},
}
WISH = """
domains:
  a.example: {mailboxes: {ada: {}, new: {firstname: N, password: {env: PW}}}, aliases: {}}
  b.example: {}
"""
EMPTY = "domains: {}\n"
DELIVERY = "delivery: {accounts: {letters: {description: Our Letters}}}\n"


def known(*texts: str, options: Options | None = None) -> Known:
    lab, configuration = Lab(seed=SEED), configuration_of(*texts)
    with closing(Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as reader:
        snapshot = read_and_plan(Account(reader, TYPES), Targets(configuration, TYPES, options or Options())).live_state
    return Known(configuration, snapshot, TYPES)


def patterns(*texts: str) -> tuple[Pattern, ...]:
    return tuple(Pattern.of(text, TYPES) for text in texts)


NOTHING = {
    "mailbox/adda@a.example": (),
    "mailbox/*@a.exampel": (),
    "mailbox/adda*": ("mailbox/*@b.example is not read",),
    "mailbox/adda@*": ("mailbox/*@b.example is not read",),
    "alias/inf@a.example": (),
    "domain/c.example": (),
    "domain/*.c.example": (),
    "*/adda@a.example": ("it may be a suppression entry",),
    "mailbox/ada": (),
    "mailbox/zoe@b.example": ("the list is not read",),
    "delivery_account/leters": ("the list is not read",),
    "suppression/x@y.example": ("the list is not read",),
    "mailbox/ada@a.example": ("it is there",),
    "MAILBOX/Ada@*": ("it is there",),
    "mailbox/new@a.example": ("it is declared",),
    "alias/info@a.example": ("it is live, and no file declares it",),
    "domain/*": ("it is about all domains",),
    "mailbox/*@a.example": ("it is about all of a domain",),
    "alias/*@b.example": ("it is about all of a domain",),
    "mailbox/postmaster@a.example": ("it comes with its domain",),
}


@pytest.mark.parametrize(("text", "why_not"), NOTHING.items())
@pytest.mark.parametrize("rule", ["protect", "ignore"])
def test_a_rule_that_matches_nothing_is_told(rule: str, text: str, why_not: Sequence[str]) -> None:
    found = [one.message for one in idle_rules(known(f"{rule}: ['{text}']", WISH))]
    assert found == ([] if why_not else [f"{rule}: {text} matches no object, neither declared nor live"])


@pytest.mark.parametrize(("text", "why_not"), NOTHING.items())
def test_an_exclusion_of_nothing_is_refused(text: str, why_not: Sequence[str]) -> None:
    options = Options(excludes=patterns(text))
    if why_not:
        refuse_idle_options(known(WISH, options=options), options)
    else:
        with pytest.raises(QboxctlError, match=r"--exclude .* matches no object$"):
            refuse_idle_options(known(WISH, options=options), options)


@pytest.mark.parametrize("option", ["targets", "rotate"])
@pytest.mark.parametrize(
    ("text", "message"),
    [("mailbox/adda@a.example", "matches no object"), ("mailbox/bob@b.example", "that the files declare or manage$")],
)
def test_a_target_of_nothing_is_refused(option: str, text: str, message: str) -> None:
    options = Options(**{option: patterns(text)})
    with pytest.raises(QboxctlError, match=message):
        refuse_idle_options(known(WISH, options=options), options)


@pytest.mark.parametrize("text", ["token/letters/web", "token/*/*"])
def test_a_secret_that_the_server_makes_is_not_rotated_by_sending_it(text: str) -> None:
    options = Options(rotate=patterns(text))
    with pytest.raises(QboxctlError, match="Send API token, and tells it once"):
        refuse_idle_options(known(DELIVERY), options)
    refuse_idle_options(known(DELIVERY), Options(rotate=patterns("*/*")))


@pytest.mark.parametrize(("body", "sends"), [("password: {env: PW}", True), ("firstname: Ada", False)])
def test_a_rotation_that_sends_nothing_is_refused(body: str, sends: bool) -> None:
    lab = Lab(seed={"domains": {"a.example": {"mailboxes": {"ada": {"firstname": "Ada"}}}}})
    configuration = configuration_of(f"domains: {{a.example: {{mailboxes: {{ada: {{{body}}}}}}}}}")
    plan = lab.plan(configuration, Options(rotate=patterns("mailbox/ada@*")))
    assert bool(plan.changes) is sends
    with nullcontext() if sends else pytest.raises(QboxctlError, match="sends nothing: no file states a secret"):
        refuse_empty_rotation(patterns("mailbox/ada@*"), plan.changes)


def test_a_plan_for_a_target_excludes_what_it_does_not_read() -> None:
    options = Options(targets=patterns("domain/b.example"), excludes=patterns("alias/adda@a.example"))
    refuse_idle_options(known(WISH, options=options), options)


def test_a_plan_for_what_changed_excludes_what_it_does_not_read() -> None:
    options = Options(only=frozenset([Address("domain", "b.example")]), excludes=patterns("alias/adda@a.example"))
    refuse_idle_options(known(WISH, options=options), options)


@pytest.mark.parametrize("rule", ["protect", "ignore"])
@pytest.mark.parametrize("name", ["letters", "our letters", "Our*"])
def test_an_account_goes_by_its_key_and_by_its_description(rule: str, name: str) -> None:
    assert not [*idle_rules(known(f"{rule}: ['delivery_account/{name}']", DELIVERY))]


def test_what_is_ignored_is_not_missed() -> None:
    rules = "ignore: ['mailbox/new@a.example', 'delivery_account/our letters']\n"
    assert not [*idle_rules(known(rules, WISH, "delivery: {accounts: {}}"))]


def test_what_belongs_to_another_customer_is_not_missed() -> None:
    assert not [*idle_rules(known("protect: ['mailbox/adda@a.example']\nsettings: {customer_code: C1}", EMPTY))]


ACCESS = """
team_members: {luca@example.com: {firstname: L, lastname: N, password: {env: PW}}}
"""


@pytest.mark.parametrize("me", ["lucca@example.com", "Luca@Example.com"])
def test_a_wrong_word_for_who_runs_the_program_protects_nobody(me: str) -> None:
    found = [one.message for one in idle_me(known(f"settings: {{me: '{me}'}}", ACCESS))]
    told = "settings.me: team_member/lucca@example.com is no object, neither declared nor live, so it protects nobody"
    assert found == [told] * (me == "lucca@example.com")


def test_who_runs_the_program_may_be_one_that_was_not_read() -> None:
    assert not [*idle_me(known("settings: {me: lucca@example.com}", "domains: {}"))]
