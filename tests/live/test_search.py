"""A plan for one domain of many asks for that domain; what a search does not find is looked for in the whole list."""

from __future__ import annotations

from typing import Any

import pytest

from qboxctl.model import Action
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import Lab, configuration_of

NUMBER = 60
NAMES = [f"d{number}.example" for number in range(NUMBER)]
SEED: dict[str, Any] = {"domains": {name: {"mailboxes": {"ada": {"firstname": "Ada"}}} for name in NAMES}}


def configuration(*names: str) -> Any:
    lines = [f"  {name}: {{mailboxes: {{ada: {{firstname: Ada B, password: {{env: PW}}}}}}}}" for name in names]
    return configuration_of("\n".join(["defaults: {domain: {postmaster_password: {env: PW}}}", "domains:", *lines]))


def target(text: str) -> Options:
    return Options(targets=(Pattern.of(text, TYPES),))


def domain_lists(lab: Lab) -> list[str]:
    return [one.query.get("query", "") for one in lab.emulator.requests if one.path == "/api/domains"]


def test_a_target_asks_for_its_domain_only() -> None:
    lab = Lab(seed=SEED, quirks={"per_max": "25"})
    plan = lab.plan(configuration(*NAMES), target("mailbox/*@d5.example"))
    assert [str(change.address) for change in plan.changes] == ["mailbox/ada@d5.example"]
    assert domain_lists(lab) == ["d5.example"]
    assert len(lab.emulator.requests) == 2, "the domain and its mailboxes"


@pytest.mark.parametrize("name", ["d5.example", "d59.example"])
def test_the_plan_is_the_same_however_search_works(name: str) -> None:
    plans = [
        Lab(seed=SEED, quirks={"per_max": "25", "query": answers}).plan(
            configuration(*NAMES), target(f"mailbox/*@{name}")
        )
        for answers in ("works", "ignored")
    ]
    assert plans[0] == plans[1]
    assert [(str(one.address), one.action) for one in plans[0].changes] == [(f"mailbox/ada@{name}", Action.UPDATE)]


def test_what_is_not_found_is_looked_for_in_the_whole_list() -> None:
    lab = Lab(seed=SEED, quirks={"per_max": "25"})
    plan = lab.plan(configuration("new.example"), target("mailbox/*@new.example"))
    assert [str(change.address) for change in plan.changes] == ["domain/new.example", "mailbox/ada@new.example"]
    assert domain_lists(lab) == ["new.example", "", "", ""], "it counts as absent once every page was read"


def test_without_a_target_nobody_searches() -> None:
    lab = Lab(seed=SEED, quirks={"per_max": "25"})
    lab.plan(configuration("d5.example"))
    assert domain_lists(lab) == ["", "", ""], "domains that no file declares are listed too"


HOMES = """
defaults: {domain: {postmaster_password: {env: PW}}, mailbox: {firstname: A, password: {env: PW}}}
domains:
""" + "".join(
    f"""  {name}:
    catch_all_enabled: true
    catch_all_destination: ada@{name}
    mailboxes: {{ada: {{}}, new: {{}}}}
    aliases: {{info: [ada@{name}, new@{name}, x@outside.example]}}
"""
    for name in NAMES
)


@pytest.mark.parametrize("text", ["domain/d5.example", "alias/*@d5.example", "*/info@d5.example", "*/*5.example"])
def test_what_a_target_names_costs_no_other_domain(text: str) -> None:
    lab = Lab(seed=SEED)
    plan = lab.plan(configuration_of(HOMES), target(text))
    homes = [name for name in NAMES if name.endswith("5.example")] if text == "*/*5.example" else ["d5.example"]
    assert {str(change.address).rpartition("/")[2].rpartition("@")[2] for change in plan.changes} == set(homes)
    assert len(lab.emulator.requests) == 1 + 2 * len(homes), "the domains, and the two lists of each"


def test_a_target_brings_what_it_names_in_other_domains() -> None:
    configuration = configuration_of(f"{HOMES}  far.example: {{aliases: {{all: [new@d7.example]}}}}\n")
    plan = Lab(seed=SEED).plan(configuration, target("alias/all@far.example"))
    assert [str(change.address) for change in plan.changes] == [
        "domain/far.example", "mailbox/new@d7.example", "alias/all@far.example",
    ]  # fmt: skip


def test_what_a_target_removes_is_counted_among_all() -> None:
    """Two of the two mailboxes of a domain, and two of a hundred and twenty in the account."""
    seed = {"domains": {name: {"mailboxes": {m: {"firstname": m} for m in ("ada", "bob")}} for name in NAMES}}
    lines = [f"  {name}: {{mailboxes: {{ada: {{{state}}}, bob: {{{state}}}}}}}\n"
             for name in NAMES for state in ["state: absent" if name == "d5.example" else ""]]  # fmt: skip

    def removed(guards: str) -> tuple[Lab, Any]:
        lab = Lab(seed=seed)
        configuration = configuration_of(f"settings: {{guards: {guards}}}\ndomains:\n{''.join(lines)}")
        return lab, lab.plan(configuration, target("mailbox/*@d5.example"))

    lab, plan = removed("{count: 9, percent: 2}")
    assert [change.action for change in plan.changes] == [Action.DELETE, Action.DELETE]
    assert not plan.blocked
    lab, plan = removed("{count: 9, percent: 1}")
    assert [one.message.split(" would")[0] for one in plan.blocked] == ["2 of 120 live mailbox objects"]
    lab, plan = removed("{count: 9, percent: 100}")
    assert not plan.blocked
    lists = [one.path for one in lab.emulator.requests if one.path.startswith("/api/domains")]
    assert len(lists) == 2, "the domain alone shows that this is allowed"


def test_a_domain_that_is_to_go_is_counted_among_all() -> None:
    """A tenth of sixty domains may be removed: nobody knows that without having read them all."""
    gone = {"d1.example", "d2.example", "d3.example"}
    lines = "".join(f"  {name}: {{{'state: absent' if name in gone else ''}}}\n" for name in NAMES)
    settings = "settings: {guards: {count: 100, percent: 10}}\ndomains:\n"
    configuration = configuration_of(settings + lines)
    lab = Lab(seed={"domains": {name: {} for name in NAMES}}, quirks={"per_max": "25"})
    options = Options(targets=tuple(Pattern.of(f"domain/{name}", TYPES) for name in sorted(gone)))
    plan = lab.plan(configuration, options)
    assert [str(change.address) for change in plan.changes] == [f"domain/{name}" for name in sorted(gone)]
    assert plan.blocked == ()
