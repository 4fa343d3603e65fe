"""What the HTML page of a plan shows, before it is HTML: groups, columns, alarms, links."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qboxctl.model import Action, Address, Change, FieldChange, Plan, Value
from qboxctl.render import plan_html
from qboxctl.render.differences import Long
from qboxctl.render.html import view
from qboxctl.render.html.changes import Share, blocks
from qboxctl.render.origin import Origin, Site, SourceLine, site_of
from qboxctl.resources import TYPES
from tests.support.pages import HOSTILE, Page
from tests.support.plans import plan_of


def change(key: str, action: Action = Action.CREATE, kind: str = "mailbox", **values: Value) -> Change:
    fields = tuple(FieldChange(name, None if action is Action.CREATE else "-", value) for name, value in values.items())
    return Change(Address(kind, key), action, fields=fields, destroys_data=action is Action.DELETE)


def seen(*changes: Change, origin: Origin = plan_html.NOWHERE) -> view.View:
    return view.page(replace(plan_of({}), changes=changes, git_commit="0a" * 20), TYPES, None, origin)


def test_changes_stand_under_their_domains_what_is_removed_first():
    page = seen(
        change("new@a.example"),
        change("a.example", Action.UPDATE, "domain", chat=True),
        change("x@b.example", Action.UPDATE, language="it"),
        change("team@a.example", kind="alias"),
        change("old@a.example", Action.DISABLE),
        change("lost@a.example", Action.DELETE),
        change("a.example", Action.UPDATE, "delivery_domain"),
    )
    found = {one.name: [(group.action, group.kind) for group in one.groups] for one in page.domains}
    assert found == {
        "Delivery": [("update", "delivery_domain")],
        "a.example": [("delete", "mailbox"), ("disable", "mailbox"), ("update", "domain"), ("create", "mailbox"),
                      ("create", "alias")],
        "b.example": [("update", "mailbox")],
    }  # fmt: skip
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("kind", "key", "name"),
    [
        ("mailbox", "ada@a.example", ("", "ada", "@a.example")),
        ("signature", "ada@a.example/ada@a.example", ("ada@a.example/", "ada@a.example", "")),
        ("contact", "ada@a.example/Acme/Acme", ("ada@a.example/Acme/", "Acme", "")),
    ],
)
def test_of_a_key_the_own_name_stands_out(kind, key, name):
    ((group,),) = (one.groups for one in seen(change(key, kind=kind)).domains)
    assert group.entries[0].name == name


def test_creations_are_a_table_of_what_differs():
    rows = [
        change(f"u{number}@a.example", lastname=f"L{number}", firstname=f"F{number}", language="it",
               **({"tags": ("x",)} if number == 1 else {}))
        for number in range(6)
    ]  # fmt: skip
    ((group,),) = (one.groups for one in seen(*rows).domains)
    assert group.is_table
    assert group.title == "6 mailboxes to create"
    assert group.columns == ["firstname", "lastname"]  # in the order of the definition
    assert [str(line) for line in group.equal] == ["it"]
    assert [cell.after for cell in group.entries[2].cells if cell] == ["F2", "L2"]
    assert [(line.name, line.after) for line in group.entries[1].lines] == [("tags", "[x]")]
    assert group.is_home_said


def test_one_creation_and_a_few_updates_tell_everything_in_place():
    page = seen(change("u@a.example", firstname="F"), *(
        change(f"u{number}@b.example", Action.UPDATE, firstname="F") for number in range(3)
    ))  # fmt: skip
    for domain in page.domains:
        (group,) = domain.groups
        assert (group.is_table, group.title, group.equal) == (False, "", [])
        assert all(entry.lines for entry in group.entries)


def test_what_differs_behind_what_is_shown_is_not_equal():
    text = "x" * 500
    rows = [change(f"u{number}@a.example", bounce_msg=f"{text}{number}") for number in range(3)]
    ((group,),) = (one.groups for one in seen(*rows).domains)
    assert not group.equal
    assert group.columns == ["bounce_msg"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (Address("mailbox", "ada@a.example"), ("", "ada", "@a.example")),
        (Address("domain", "a.example"), ("", "a.example", "")),
        (Address("mailbox", "a.example@a.example"), ("", "a.example", "@a.example")),
        (Address("mailbox", "\x1b[2J@a.example"), ("", "\\x1b[2J", "@a.example")),
    ],
)
def test_an_object_has_a_name_of_its_own(address, expected):
    ((group,),) = (one.groups for one in seen(Change(address, Action.CREATE)).domains)
    assert group.entries[0].name == expected


@given(st.lists(st.integers(1, 10**5), min_size=1, max_size=4))
def test_the_strip_is_full_and_each_sort_can_be_seen(numbers):
    shares = view._strip([Share(action, number) for action, number in zip(Action, numbers, strict=False)])
    assert sum(share.width for share in shares) == view.STRIP
    assert all(share.width >= 10 for share in shares)
    assert [share.start for share in shares] == [
        sum(one.width for one in shares[:place]) for place in range(len(shares))
    ]


def test_equal_lines_far_from_what_differs_are_folded():
    lines = [f"line {number}" for number in range(20)]
    found = list(blocks(Long("\n".join(lines), "\n".join([*lines[:10], "new", *lines[11:]]))))
    assert [(block.folded, len(block.rows)) for block in found if block.rows] == [
        (True, 8), (False, 2), (False, 2), (False, 2), (True, 7),
    ]  # fmt: skip
    assert sum(len(block.rows) for block in found) == 21


def test_an_alarm_names_what_is_lost_and_how_to_keep_it():
    (alarm,) = seen(*(change(f"u{number}@a.example", Action.DELETE) for number in range(30))).alarms
    assert len(alarm.named) == 20
    assert len(alarm.folded) == 10
    assert alarm.named[0] == ("mailbox/u0@a.example", "#mailbox/u0%40a.example")
    assert "on_remove: {mailbox: disable}" in alarm.way
    (alarm,) = seen(change("u@a.example", Action.DELETE, "alias")).alarms
    assert "on_remove" not in alarm.way


# Links.

GITHUB = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "acme/mail"}
REMOTES = [
    ({}, "https://github.com/acme/mail.git", Site("https://github.com/acme/mail")),
    ({}, "https://user:secret@github.com/acme/mail", Site("https://github.com/acme/mail")),
    ({}, "git@github.com:acme/mail.git", Site("https://github.com/acme/mail")),
    ({}, "ssh://git@github.com:22/acme/mail.git/", Site("https://github.com/acme/mail")),
    ({}, "git@gitlab.example.com:a/b/mail.git", Site("https://gitlab.example.com/a/b/mail", "-/commit", "-/blob")),
    ({}, "https://codeberg.org/acme/mail", Site("https://codeberg.org/acme/mail", files="src/commit")),
    ({}, "https://git.example/acme/mail", None),
    ({}, "http://github.com/acme/mail", None),
    ({}, "file:///srv/github.com/mail", None),
    ({}, "/srv/mail.git", None),
    ({}, "C:\\mail", None),
    ({}, "https://[broken", None),
    ({}, "", None),
    (GITHUB, "https://github.com/other/one", Site("https://github.example/acme/mail")),
    ({**GITHUB, "FORGEJO_ACTIONS": "true"}, "", Site("https://github.example/acme/mail", files="src/commit")),
    ({**GITHUB, "GITHUB_SERVER_URL": "javascript:alert(1)//"}, "", None),
    ({**GITHUB, "GITHUB_SERVER_URL": "http://github.example"}, "", None),
    ({**GITHUB, "GITHUB_REPOSITORY": 'a"onclick="alert(1)'}, "", Site("https://github.example/a%22onclick%3D%22alert%281%29")),
    ({"CI_PROJECT_URL": "https://git.example/g/m"}, "", Site("https://git.example/g/m", "-/commit", "-/blob")),
    ({"CI_PROJECT_URL": "https://token@git.example/g/m"}, "", None),
]  # fmt: skip


@pytest.mark.parametrize(("environ", "remote", "expected"), REMOTES)
def test_a_repository_has_a_site(environ, remote, expected):
    assert site_of(environ, remote) == expected


ADA = Address("mailbox", "ada@a.example")


@pytest.mark.parametrize(
    ("place", "root", "text", "href"),
    [
        (SourceLine("c/a b.yaml", 7, "mail/c/a b.yaml"), "https://git.example/m", "c/a b.yaml:7",
         f"https://git.example/m/blob/{'0a' * 20}/mail/c/a%20b.yaml#L7"),
        (SourceLine("a.yaml", 7, "a.yaml"), "javascript:alert(1)//", "a.yaml:7", ""),
        (SourceLine("a.yaml", 7, "a.yaml"), "http://git.example", "a.yaml:7", ""),
        (SourceLine("a.yaml", 7), "https://git.example", "a.yaml:7", ""),
        (SourceLine("a\x1b.yaml", 7, '"><script>'), "https://git.example", "a\\x1b.yaml:7",
         f"https://git.example/blob/{'0a' * 20}/%22%3E%3Cscript%3E#L7"),
    ],
)  # fmt: skip
def test_a_declaration_leads_to_its_line(place, root, text, href):
    page = seen(Change(ADA, Action.CREATE), origin=Origin({ADA: place}, Site(root)))
    assert page.domains[0].groups[0].entries[0].place == (text, href)


@pytest.mark.parametrize("hostile", [*HOSTILE, "javascript:alert(1)", "{{ 7 * 7 }}", "{% raw %}", "&quot;", "\u2028"])
def test_no_value_gets_out_of_its_place(hostile):
    """In each kind of place: text, attribute, link, option, and what is said once for many."""
    changes = [
        change(f"{hostile}{number}@{hostile}", **{"firstname": f"{hostile}{number}", "lastname": hostile,
               "bounce_msg": f"{hostile}\n{number}", f"extra.{hostile}": number})
        for number in range(3)
    ]  # fmt: skip
    changes.append(change(f"x@{hostile}", Action.UPDATE, bounce_msg=f"{hostile}\n{hostile}", tags=(hostile,)))
    places = {one.address: SourceLine(hostile, 1, hostile) for one in changes}
    plan = replace(
        plan_of({}), changes=tuple(changes), customers=(hostile,), created_at=hostile, git_commit=hostile,
        qboxctl_version=hostile, environment=hostile, endpoint=hostile, id=hostile,
    )  # fmt: skip
    plain = plan_html.render(replace(plan_of({}), changes=(change("a@a"), change("b@a"))), TYPES)
    page = Page(plan_html.render(plan, TYPES, None, Origin(places, Site("https://git.example"))))
    assert page.open == []
    assert page.handlers == []
    assert page.links
    assert all(link.startswith("https://git.example/") for link in page.links)
    assert page.raw == Page(plain).raw  # style and script are ours alone
    assert page.policy == Page(plain).policy
    assert {"img", "iframe", "object", "b"} & set(page.tags) == {"b"}


def test_what_is_shown_is_what_was_said():
    text = "<b>&amp;{{ x }}</b> \"quoted\" 'too'"
    shown = plan_html.render(replace(plan_of({}), changes=(change("a@a.example", firstname=text),)), TYPES)
    assert f"<dd>{text}" not in shown
    assert text in unescape(shown)


def test_the_lines_of_a_difference_are_in_sight_and_those_of_a_new_text_are_not():
    nets = [tuple(f"10.0.{number}.0/24" for number in range(start, start + 60)) for start in (0, 30)]
    fields = (FieldChange("allow_nets", *nets), FieldChange("bounce_msg", None, "new\n" * 60))
    update = Change(Address("mailbox", "u@a.example"), Action.UPDATE, fields=fields)
    created = change("v@a.example", bounce_msg="new\n" * 60)
    for one, folded in ((update, 0), (created, 1)):
        text = plan_html.render(replace(plan_of({}), changes=(one,)), TYPES)
        assert text.count("<dd><details>") == folded


def test_the_template_library_is_loaded_for_the_page_only():
    code = "import sys, qboxctl.cli.plan, qboxctl.cli.show; sys.exit('jinja2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_disabled_already_stands_apart_from_what_is_left_alone():
    one, other = Address("mailbox", "x@a.example"), Address("mailbox", "y@a.example")
    plan = replace(plan_of({}), unmanaged=(one, other), disabled=frozenset({other}))
    assert [(note.title, note.rows) for note in view.page(plan, TYPES, None, plan_html.NOWHERE).notes] == [
        ("Not declared, and left alone", ["mailbox/x@a.example"]),
        ("Not declared, and disabled already", ["mailbox/y@a.example"]),
    ]


def test_nothing_to_change_is_a_page_too():
    text = plan_html.render(Plan("ab" * 32, "default", "https://api.example"), TYPES)
    assert "Nothing to change." in text
    assert "<form" not in text


def test_html_can_be_looked_at_in_a_frame_where_nothing_runs():
    key = "ada@a.example/ada@a.example"
    body = "<p style='color: red'>Ada</p></iframe><script>alert(1)</script>"
    for value, frames in ((body, 1), ("Ada < Bob & co", 0)):
        for action in (Action.CREATE, Action.UPDATE):
            plan = replace(plan_of({}), changes=(change(key, action, "signature", body=value),))
            page = Page(plan_html.render(plan, TYPES))
            assert page.tags.count("iframe") == frames
            assert [one for one in page.frames if one.get("sandbox") != "" or not one.get("title")] == []
            assert [one["srcdoc"] for one in page.frames] == [value] * frames
    assert "img-src data:;" in page.policy, "what is elsewhere is not loaded"
