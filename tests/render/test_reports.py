"""A plan as Markdown and HTML: it fits, what is lost comes first, and nothing in it can get out of its place."""

from __future__ import annotations

import hashlib
import json
import os
import re
from base64 import b64encode
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qboxctl.errors import Diagnostic, Position, Severity
from qboxctl.json_text import json_text, rows_text
from qboxctl.model import Action, Address, Advisory, Blocked, Change, FieldChange, Plan, PlanOptions, Unverifiable
from qboxctl.render import diagnostics, plan_html, plan_markdown, plan_text
from qboxctl.render.style import Palette
from qboxctl.resources import TYPES
from tests.support.pages import HOSTILE, Page
from tests.support.plans import ACTIONS, change, plan_of

SIZES = [
    {},
    {"create": 3, "update": 2, "delete": 1},
    {"create": 3_000, "delete": 10},
    {"update": 20_000, "create": 20_000, "disable": 5_000, "delete": 5_000},
    {"delete": 50_000},
    {"create": 50_000},
]


@pytest.mark.parametrize("counts", SIZES, ids=str)
def test_markdown_fits_a_comment_and_tells_what_it_leaves_out(counts):
    text = plan_markdown.render(plan_of(counts, "x" * 300), TYPES)
    assert len(text) <= 65_536
    assert text.startswith("<!-- qboxctl plan -->\n")
    assert text.count("```") % 2 == 0
    shown = len(re.findall(r"^[-+!] mailbox/", text, re.MULTILINE))
    left_out = sum(int(number) for number in re.findall(r"… and (\d+) more", text))
    assert shown + left_out == sum(counts.values())
    if sum(counts.values()) > 10_000:
        assert len(text) > 60_000  # the room is used


def test_markdown_shows_every_removal_before_it_spends_room_on_the_rest():
    text = plan_markdown.render(plan_of({"create": 40_000, "delete": 500}), TYPES)
    removed = [match.start() for match in re.finditer(r"^- mailbox/", text, re.MULTILINE)]
    created = [match.start() for match in re.finditer(r"^\+ mailbox/", text, re.MULTILINE)]
    assert len(removed) == 500
    assert created
    assert max(removed) < min(created)
    assert "Data of 500 objects is destroyed" in text[: removed[0]]
    assert text.index("#### To be removed") < text.index("<details>")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_gets_out_of_its_place(hostile):
    plan = plan_of(
        {"create": 1, "update": 1, "delete": 1},
        hostile,
        environment=f"env{hostile}",
        blocked=(Blocked("count", "mailbox", hostile),),
        unmanaged=(Address("mailbox", f"{hostile}@example.com"),),
        unverifiable=(Unverifiable(Address("mailbox", "x"), (f"extra.{hostile}",)),),
    )
    markdown = plan_markdown.render(plan, TYPES).splitlines()
    assert re.fullmatch(r"<!-- qboxctl plan [\w.-]* -->", markdown[0])
    assert "--" not in markdown[0][4:-3]
    inside = False
    for line in markdown[1:]:
        if line in ("```diff", "```"):
            inside = not inside
            assert inside == (line == "```diff")
        elif not inside:
            bare = re.sub(r"`[^`]*`", "", line)
            assert "```" not in line
            assert not re.search(r"<(?!/?details>|/?summary>)|@", bare), line
        else:
            assert re.match(r"[-+! ] ", line), line
    page = Page(plan_html.render(plan, TYPES))
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert not {"img", "iframe", "object", "link"} & set(page.tags)
    assert all(link.startswith("#mailbox/") for link in page.links)
    assert page.handlers == []
    assert all(char.isprintable() or char in "\n" for char in plan_text.render(plan, TYPES))


@pytest.mark.parametrize("counts", SIZES[:3], ids=str)
def test_the_page_is_whole_and_allows_nothing_else(counts):
    text = plan_html.render(plan_of(counts), TYPES)
    page = Page(text)
    assert page.open == []
    assert page.handlers == []
    assert all(link.startswith("#mailbox/") for link in page.links)
    assert text.startswith("<!doctype html>")
    assert text.count('class="row"') == sum(counts.values())
    assert "default-src 'none'" in page.policy
    for tag, content in page.raw.items():
        digest = b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page.policy
    assert not re.search(r"https?://(?!api\.example)", text)


def test_many_changes_take_a_line_each_under_their_domains():
    domains = [f"d{number:02}.example" for number in range(30)]
    changes = tuple(change(Action.CREATE, number, domain=domains[number % 30]) for number in range(3_000))
    changes += (change(Action.DELETE, 1), change(Action.UPDATE, 2))
    plan = Plan("ab" * 32, "default", "https://api.example", "", changes=changes, summary={"create": 3_000})
    lines = plan_text.render(plan, TYPES, Palette(columns=80)).splitlines()
    assert len(lines) < 3_000 + 30 + 25
    assert max(len(line) for line in lines if line.startswith("    +")) <= 80
    heads = [line.split("  ") for line in lines if "100 mailboxes" in line]
    assert [(head[1], head[2]) for head in heads] == [
        (domain, "100 mailboxes: firstname Ada, password *** (sent, never shown)") for domain in domains
    ]
    assert lines.index("To be removed") < lines.index("To be changed") < lines.index("To be created (3000)")
    full = plan_text.render(plan, TYPES, full=True).splitlines()
    assert sum(line.startswith("      firstname") for line in full) == 3_001


LONG = tuple(f"somebody{number}@example.com" for number in range(20))
LEFT_OUT = {
    # the destinations of an alias, the columns, only a summary, and whether there is more to be seen
    "nothing": (("a@example.com",), 80, False, False),
    "the rest of a line": (("a@example.com", "b@example.com", "c@example.com"), 80, False, True),
    "nothing where lines may be long": (("a@example.com", "b@example.com", "c@example.com"), 0, False, False),
    "most of a long list": (LONG, 0, False, True),
    "all, as asked for": (LONG, 0, True, False),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_more_is_offered_where_a_line_leaves_something_out(name):
    value, columns, summary, more = LEFT_OUT[name]
    changes = tuple(
        Change(
            Address("alias", f"user{number:02}@example.com"),
            Action.CREATE,
            fields=(FieldChange("destinations", None, (f"u{number}@example.com", *value)),),
        )
        for number in range(50)
    )
    plan = Plan("ab" * 32, "default", "https://api.example", "", changes)
    text = plan_text.render(plan, TYPES, Palette(columns=columns), summary=summary)
    assert ("(-v shows every attribute)" in text) == more, text


def test_lines_end_before_the_last_column_at_words():
    message = "2 of 3 live mailbox objects would be removed, and at most 1 may be (count 1, 20 percent) " * 2
    plan = plan_of(
        {"create": 2, "update": 3, "delete": 2},
        "several words " * 6,
        blocked=(Blocked("count", "mailbox", message.strip(), "remove fewer at a time, or raise guards in settings"),),
    )
    whole = plan_text.render(plan, TYPES)
    for columns in (40, 80, 120):
        for coloured in (False, True):
            shown = re.sub(r"\x1b\[[0-9;]*m", "", plan_text.render(plan, TYPES, Palette(coloured, columns)))
            assert shown.split() == whole.split()
            assert max(map(len, shown.splitlines())) <= columns


@pytest.mark.parametrize(
    ("line", "columns", "expected"),
    [
        ("short", 10, ["short"]),
        ("one two three", 8, ["one two", "  three"]),
        ("  ~ name  value of some words", 20, ["  ~ name  value of", "          some words"]),
        ("  - a-word-that-is-longer-than-all-columns there", 12, ["  - a-word-that-is-longer-than-all-columns",
                                                                  "    there"]),
        ("日本語 日本語 日本語", 14, ["日本語 日本語", "  日本語"]),
        ("\x1b[1mone two\x1b[0m three", 8, ["\x1b[1mone two\x1b[0m", "  three"]),
        ("any length at all", 0, ["any length at all"]),
    ],
)  # fmt: skip
def test_wrapped_lines_hang_under_their_value(line, columns, expected):
    assert Palette(columns=columns).fit(line).split("\n") == expected


def test_colours_and_characters_of_a_terminal(snapshot):
    address = Address("mailbox", "ada@example.com")
    fields = (
        FieldChange("autoresponder_body", "Away.\nBye", "Away.\nSee you"),
        FieldChange("lastname", "Old", "New"),
        FieldChange("description", "x" * 120, "x" * 120 + "−"),
        FieldChange("tags", ("a", "b"), ("b", "c")),
    )
    changes = (
        Change(address, Action.DELETE, destroys_data=True, reason="no longer declared (on_remove: delete)"),
        Change(
            Address("mailbox", "bob@example.com"), Action.UPDATE, fields=fields, reason="its secrets are sent again"
        ),
    )
    found = {"delete": 1, "update": 1, "create": 0, "disable": 0, "unchanged": 3, "unmanaged": 0}
    blocked = (Blocked("protect", "mailbox", "it is protected", "keep it"),)
    warnings = (Advisory("Q044", str(address), "it is disabled", "state it"),)
    plan = Plan("ab" * 32, "default", "https://api.example", "", changes, (), (), blocked, warnings, summary=found)
    assert plan_text.render(plan, TYPES, Palette(enabled=True)).replace("\x1b", "ESC") == snapshot
    plain = plan_text.render(plan, TYPES, Palette(ascii=True))
    assert plain.isascii()
    assert plain == snapshot
    assert " 0 " not in plain


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (PlanOptions(), ""),
        (PlanOptions(since="v1", rotate=("mailbox/*",)), ""),
        (PlanOptions(targets=("mailbox/*@a.example",)), "partial plan: only mailbox/*@a.example"),
        (PlanOptions(("alias/*",), ("domain/x",)), "partial plan: only alias/*, without domain/x"),
        (PlanOptions(since="v1", only_changed=True), "partial plan: only what the changes since v1 bear on"),
        (PlanOptions(tuple(f"alias/{letter}" for letter in "abcdefg")),
         "partial plan: only alias/a, alias/b, alias/c, alias/d, alias/e and 2 more"),
    ],
)  # fmt: skip
def test_a_part_is_told_as_one(options, expected):
    plan = plan_of({"create": 1}, options=options)
    text = plan_text.render(plan, TYPES).splitlines()
    assert (text[1] == expected) if expected else not any("partial" in line for line in text)
    for form in (plan_html, plan_markdown):
        shown = unescape(form.render(plan, TYPES))
        assert expected in shown
        assert ("partial plan" in shown) == bool(expected)


def test_a_pipe_gets_whole_lines():
    plan = plan_of({"create": 60}, "x" * 90)
    changes = [
        one._replace(fields=(FieldChange("lastname", None, f"{'x' * 90}{one.address.key[4:10]}"),))
        for one in plan.changes
    ]
    text = plan_text.render(replace(plan, changes=tuple(changes)), TYPES)
    assert [f"{'x' * 90}{number:06}" in text for number in range(60)] == [True] * 60


def test_what_is_equal_in_many_changes_is_said_once(snapshot):
    changes = [
        Change(
            Address(kind, f"user{number:02}@{domain}.example"),
            Action.CREATE,
            fields=tuple(
                FieldChange(name, None, value)
                for name, value in (("firstname", f"F{number}"), ("language", "en"), ("max_email_quota", 8 * 1024**3))
            )
            if kind == "mailbox"
            else (FieldChange("destinations", None, ("ada@a.example",)),),
        )
        for kind, domain, count in (("mailbox", "b", 50), ("alias", "b", 2), ("mailbox", "a", 1))
        for number in range(count)
    ]
    text = plan_text.render(Plan("ab" * 32, "default", "https://api.example", "", tuple(changes)), TYPES)
    assert [line for line in text.splitlines() if not re.search("user(0[2-9]|[1-4])", line)] == snapshot


@given(st.lists(st.sampled_from(list(ACTIONS)), max_size=30), st.text(max_size=40))
def test_every_format_names_every_change(actions, text):
    changes = tuple(change(ACTIONS[name], number, text) for number, name in enumerate(actions))
    plan = Plan("ab" * 32, "default", "https://api.example", "", changes=changes)
    pictures = [form.render(plan, TYPES) for form in (plan_text, plan_markdown, plan_html)]
    for one in changes:
        assert all(str(one.address) in picture for picture in pictures)


FOUND = [
    Diagnostic("Q012", 'unknown attribute "x"', Position("./domains/a b.yaml", 14, 7), "mailbox/a@b.example", "y?"),
    Diagnostic("Q023", "no file declares it", Position("b.yaml", 2, 1), severity=Severity.WARNING),
    Diagnostic("Q030", "there is no file"),
]


def test_gitlab_shows_mistakes_on_their_lines():
    report = json.loads(diagnostics.gitlab(FOUND))
    assert [(row["location"]["path"], row["location"]["lines"]["begin"]) for row in report] == [
        ("domains/a b.yaml", 14), ("b.yaml", 2), (".", 1),
    ]  # fmt: skip
    assert [row["severity"] for row in report] == ["critical", "minor", "critical"]
    assert report[0]["description"] == 'unknown attribute "x" (y?)'
    assert len({row["fingerprint"] for row in report}) == 3
    assert json.loads(diagnostics.gitlab([])) == []


def test_sarif_names_rules_and_places():
    log = json.loads(diagnostics.sarif(FOUND))
    results = log["runs"][0]["results"]
    assert [(one["ruleId"], one["level"]) for one in results] == [
        ("Q012", "error"), ("Q023", "warning"), ("Q030", "error"),
    ]  # fmt: skip
    place = results[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "domains/a%20b.yaml"
    assert (place["region"]["startLine"], place["region"]["startColumn"]) == (14, 7)
    assert "locations" not in results[2]


@pytest.mark.parametrize("form", [diagnostics.text, *diagnostics.FORMATS.values()])
def test_a_file_whose_name_is_no_text_can_be_reported(form):
    report = form([Diagnostic("Q012", "unknown", Position(os.fsdecode(b"b\xff.yaml"), 1, 7))])
    assert "unknown" in report
    if form is diagnostics.sarif:
        assert '"b%FF.yaml"' in report


@pytest.mark.parametrize("text", [json_text, rows_text])
def test_json_shows_a_terminal_nothing_that_it_would_obey(text) -> None:
    value = {"rows": ["\x9b2J\u202e\u2028\u200b\ud800", "é → 😀", {"\x9b": "\u2066"}], "one": "\x85"}
    shown = text(value)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert "é → 😀" in shown
    assert json.loads(shown) == value
