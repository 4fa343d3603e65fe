"""The text forms at their small sizes, as a reviewer reads them, and what must hold of them at every size."""

from __future__ import annotations

import re

import pytest

from qboxctl.model import Address, Outcome, Status
from qboxctl.render import approval, dns_records, plan_text
from qboxctl.render.outcomes import MOST, Telling
from qboxctl.render.style import PLAIN, Palette, clean, columns_of, duration
from qboxctl.render.table import columns
from qboxctl.resources import TYPES
from qboxctl.schema.records import Purpose, Record
from tests.specimens.__main__ import SIZES, forms
from tests.specimens.accounts import outcomes_of, plan_of
from tests.specimens.pictures import page

CODE = re.compile(r"\x1b\[[0-9;]*m")
PLANS = {name: plan_of(number) for name, number in (("none", 0), ("three", 3), ("thirty", 30))}
PLANS |= {"part": plan_of(30, target="mailbox/*@example.org"), "blocked": plan_of(60, guarded=True)}


def applied(name: str, palette: Palette = PLAIN, trouble: str = "", *, full: bool = False) -> str:
    """All that an apply tells of its outcomes."""
    plan = PLANS[name]
    telling = Telling([str(change.address) for change in plan.changes], palette, full=full)
    found = outcomes_of(plan, trouble=trouble)
    return "\n".join([*filter(None, map(telling.now, found)), telling.report(found)])


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_on_a_terminal_of_eighty_columns(name, snapshot):
    plan = PLANS[name]
    assert plan_text.render(plan, TYPES, Palette(columns=80), 5.0) == snapshot
    for width in (60, 80, 120):
        coloured = plan_text.render(plan, TYPES, Palette(enabled=True, columns=width), 5.0)
        assert CODE.sub("", coloured) == plan_text.render(plan, TYPES, Palette(columns=width), 5.0)


@pytest.mark.parametrize("trouble", ["", "partial", "interrupted", "again"])
def test_what_an_apply_tells_at_its_end(trouble, snapshot):
    assert applied("thirty", Palette(columns=80), trouble) == snapshot


def test_of_what_went_well_the_first_are_told_unless_all_are_wanted():
    few, many, all_of_them = applied("three"), applied("blocked"), applied("blocked", full=True)
    assert (few.count("done  "), "more" in few) == (3, False)
    assert many.count("  done  ") == MOST
    assert f"and {60 - MOST} more (-v tells each" in many
    assert (all_of_them.count("  done  "), "more" in all_of_them) == (60, False)


def test_a_time_that_rounds_to_nothing_is_not_told():
    assert ("at least 1 s" in plan_text.render(PLANS["three"], TYPES, PLAIN, 5.0)) is True
    assert ("at least" in plan_text.render(PLANS["three"], TYPES, PLAIN, 50.0)) is False


def test_within_a_sentence_only_proper_names_keep_their_capitals():
    nouns = {kind: TYPES[kind].noun for kind in ("alias", "token", "domain")}
    assert nouns == {"alias": "e-mail alias", "token": "Send API token", "domain": "hosting domain"}


def test_equal_reasons_stand_together_and_the_worst_last():
    found = [
        *(Outcome(Address("mailbox", f"u{number}@x.example"), plan_of(3).changes[0].action, status, error)
          for status, error, many in ((Status.FAILED, "422 no", 1), (Status.SKIPPED, "needs domain/x.example", 40))
          for number in range(many)),
    ]  # fmt: skip
    text = Telling([]).report(found).splitlines()
    assert sum("needs domain/x.example" in line for line in text) == 3
    assert [line for line in text if "37 more for the same reason" in line]
    assert text.index(next(line for line in text if "failed" in line)) > text.index(text[2])
    assert text[-1] == "Applied: 1 failed, 40 skipped."
    assert sum(line.lstrip().startswith("help:") for line in text) == 2


def test_a_report_begins_with_a_blank_line_only_under_what_went_well():
    change = plan_of(3).changes[0]
    waits = Outcome(change.address, change.action, Status.WAITING, "waits for its ownership proof")
    done = Outcome(change.address, change.action, Status.DONE, None)
    alone, under = Telling([]), Telling([])
    under.now(done)
    assert alone.report([waits]).startswith("  waiting")
    assert under.report([done, waits]).startswith("\n  waiting")


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.44, "0.4 s"), (59.9, "59.9 s"), (59.96, "1 min 00 s"), (725, "12 min 05 s")]
)
def test_times_are_for_people(seconds, told):
    assert duration(seconds) == told


def test_times_line_up_at_the_right():
    lines = [line for line in applied("three").splitlines() if line.endswith(" s")]
    assert len(lines) > 1
    assert len({len(line) for line in lines}) == 1


def test_what_is_asked_names_where_it_goes_and_what_is_lost():
    plan = PLANS["thirty"]
    assert approval.question(plan) == "Apply 30 changes to default at https://api.qboxmail.com? Only yes is taken"
    assert approval.losses(plan, TYPES).startswith("This deletes mailbox/")
    assert approval.losses(plan, TYPES).endswith(", with all that is in them, for good.")
    assert "(6 mailboxes)" in approval.losses(plan_of(120), TYPES)
    assert approval.losses(PLANS["none"], TYPES) == ""


def test_a_summary_names_what_is_lost_and_nothing_else():
    plan = PLANS["thirty"]
    text = plan_text.render(plan, TYPES, summary=True)
    named = {str(change.address) for change in plan.changes if str(change.address) in text}
    assert named == {str(change.address) for change in plan.changes if change.destroys_data}


def test_a_pipe_gets_whole_addresses_in_columns():
    text = plan_text.render(PLANS["blocked"], TYPES)
    assert all(f" {change.address}" in text for change in PLANS["blocked"].changes)
    narrow = plan_text.render(PLANS["blocked"], TYPES, Palette(columns=72))
    assert "+ ada.lovelace" in narrow, "in a group a name is enough"


def test_columns_line_up_and_numbers_stand_at_the_right():
    assert columns([["name", "size"], ["漢字", "8GB"], ["ada", "25GB"], ["x", ""]]) == [
        "name  size", "漢字   8GB", "ada   25GB", "x",
    ]  # fmt: skip
    assert columns([["size", "name"], ["8GB", "b"], ["none", "ccccc"]])[1] == "8GB   b"
    assert columns([["host", "sum"], ["192.0.2.10", "1,250.00"], ["10.0.0.1", "9.50"]])[1:] == [
        "192.0.2.10  1,250.00", "10.0.0.1        9.50",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1b\x9b", "a\\x1b\\x9b"), ("\u202ea", "\\u202ea"), ("\udcff", "\\udcff"), ("\U000e0001", "\\U000e0001")],
)
def test_what_cannot_be_seen_is_shown_as_yaml_states_it(text, shown):
    assert clean(text) == shown


def test_a_table_of_dns_records_names_them_in_one_way():
    """One zone has room for its names in full, the other has not."""
    rows = [
        Record(zone, name, "TXT", "x", Purpose.SPF, Address("domain", zone))
        for zone in ("a.example", "a-long-name-of-a-domain.example")
        for name in (zone, f"_dmarc.{zone}")
    ]
    names = {line.split()[0] for line in dns_records.table(rows, {}, Palette(columns=80)).splitlines() if "TXT" in line}
    assert names == {"@", "_dmarc"}
    assert "_dmarc.a.example" in dns_records.table(rows[:2], {}, Palette(columns=80))


def test_a_picture_shows_the_colours():
    text = page("\x1b[1;31mDELETED\x1b[0m <b> \x1b]8;;file:///x\x1b\\a.yaml\x1b]8;;\x1b\\", 80, "dark")
    assert '<span style="font-weight:bold;color:#ff7b72">DELETED</span> &lt;b&gt; a.yaml</pre>' in text
    assert columns_of("\x1b]8;;file:///x\x1b\\a.yaml\x1b]8;;\x1b\\") == 6


@pytest.mark.slow
def test_every_specimen_can_be_made():
    made = {name: plan_of(3) for name in (*map(str, SIZES), "blocked", "partial")}
    found = dict(forms(made))
    assert {"plan-0", "apply-300-partial", "errors-30", "doctor", "dns-check", "explain-mailbox"} <= found.keys()
    for name, form in found.items():
        assert form(Palette(columns=80)) or "prompt" in name, name
