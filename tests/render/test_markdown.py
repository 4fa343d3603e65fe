"""A plan as Markdown: tables, alerts, nothing that a renderer takes for a link, and what is left out is told."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qboxctl.model import Action, Address, Advisory, Blocked, Change, FieldChange, Plan, PlanOptions
from qboxctl.render import plan_markdown
from qboxctl.render.comment import Comment, Piece, prose
from qboxctl.resources import TYPES

GB = 1024**3


def plan_of(changes: Sequence[Change], **more: object) -> Plan:
    summary = {action.value: sum(one.action is action for one in changes) for action in Action}
    return Plan("ab" * 32, "default", "https://api.example", "", tuple(changes), summary=summary, **more)  # type: ignore[arg-type]  # any parts


def mailbox(name: str, action: Action = Action.CREATE, domain: str = "a.example", **values: object) -> Change:
    fields = [FieldChange(key, *(value if isinstance(value, list) else [None, value])) for key, value in values.items()]
    lost = action is Action.DELETE
    return Change(Address("mailbox", f"{name}@{domain}"), action, fields=tuple(fields), destroys_data=lost)


def outside_of_code(text: str) -> str:
    """What is neither in a fence nor in a code span."""
    bare = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", bare)


def test_how_it_looks(snapshot):
    changes = [
        mailbox("old", Action.DELETE),
        mailbox("bob", Action.UPDATE, max_email_quota=[8 * GB, 25 * GB]),
        mailbox("kim", Action.UPDATE, max_email_quota=[8 * GB, 25 * GB]),
        mailbox("eve", Action.UPDATE, autoresponder_body=["Away.\nBye", "Away.\nSee you"]),
        *(mailbox(name, firstname=name.title(), language="en", max_email_quota=size * GB)
          for name, size in (("ada", 8), ("zed", 25))),
        mailbox("pipe", firstname="a|b", language="en", max_email_quota=8 * GB),
        mailbox("one", domain="b.example", firstname="One"),
        Change(Address("alias", "info@b.example"), Action.CREATE,
               fields=(FieldChange("destinations", None, ("ada@a.example",)),)),
    ]  # fmt: skip
    plan = plan_of(
        changes,
        blocked=(Blocked("protect", "mailbox", "mailbox/old@a.example is protected", "ask ops@a.example."),),
        warnings=(Advisory("Q044", "mailbox/bob@a.example", "it is disabled"),),
        unmanaged=(Address("mailbox", "x@a.example"), Address("mailbox", "y@a.example")),
        disabled=frozenset({Address("mailbox", "y@a.example")}),
        billing={"mailboxes_8gb": 1, "domains": 0},
    )
    assert plan_markdown.render(plan, TYPES) == snapshot


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing", "nothing"),
        ("mail of ada@example.com, and more", "mail of `ada@example.com`, and more"),
        ("@everyone: https://evil.example/x.", "`@everyone`: `https://evil.example/x`."),
        ("(www.evil.example)", "`(www.evil.example`)"),
        ("a`b@c`d <b>", "`a'b@c'd` &#60;b&#62;"),
        ("one_two*", "one&#95;two&#42;"),
    ],
)
def test_prose_holds_no_links(text, expected):
    assert prose(text, 1_000) == expected


@pytest.mark.parametrize("text", ["a" * 99, "_*" * 99, "x@y" * 99, "a_" * 9 + "@ " * 99, "|"])
@pytest.mark.parametrize("longest", [10, 100, 1_000])
def test_prose_has_no_more_characters_than_it_may(text, longest):
    assert len(prose(text, longest)) <= longest
    assert ("…" in prose(text, longest)) == (len(prose(text, 10_000)) > longest)


LONG = "_*" * 2_000


@pytest.mark.parametrize(
    ("message", "way", "shown"),
    [(LONG, "", 17), ("short", LONG, 15), (LONG, LONG, 8), ("short", "short", 20)],
)
def test_removals_find_room_beside_all_guards(message, way, shown):
    blocked = tuple(Blocked("protect", "mailbox", message, way) for _ in range(25))
    changes = [mailbox(f"u{number}", Action.DELETE) for number in range(25)]
    options = PlanOptions(only_changed=True, since=LONG)
    text = plan_markdown.render(plan_of(changes, blocked=blocked, options=options), TYPES)
    assert len(text) <= plan_markdown.LIMIT
    assert text.count("- mailbox/u") == 25
    assert text.count("[!WARNING]") == shown
    assert f"\nand {25 - shown} more guards\n" in text


@given(st.lists(st.text(alphabet="a@b.c|`\\<> \n*_wW:/", max_size=30), min_size=1, max_size=8))
def test_an_address_never_becomes_a_link(texts):
    changes = [mailbox(f"u{number}", firstname=text) for number, text in enumerate(texts)]
    blocked = tuple(Blocked("protect", "mailbox", text, text) for text in texts)
    text = outside_of_code(plan_markdown.render(plan_of(changes, blocked=blocked), TYPES))
    assert not re.search(r"@|://|www\.", text)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in rows if "---" not in line}) <= 2, "the counts, and one table"


@pytest.mark.parametrize(("domains", "each"), [(1, 2_000), (300, 10), (3_000, 3)])
def test_what_finds_no_room_is_counted(domains, each):
    changes = [mailbox(f"u{number}", domain=f"d{place:04}.example", firstname="Ada", lastname="x" * 60)
               for place in range(domains) for number in range(each)]  # fmt: skip
    text = plan_markdown.render(plan_of(changes), TYPES)
    assert 40_000 < len(text) <= plan_markdown.LIMIT
    shown = len(re.findall(r"mailbox/u\d", text))
    left_out = [int(number) for number in re.findall(r"… and (\d+) more", text)]
    assert shown + sum(left_out) == len(changes)
    assert ("`qboxctl show FILE`" in text) == bool(left_out)
    assert text.count("<details>") == text.count("</details>")


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=6), st.integers(0, 1_500))
def test_a_comment_never_outgrows_its_room(blocks, room):
    comment = Comment(room)
    for rows, fenced in blocks:
        comment.add("### title", [Piece("```", "```" if fenced else "", ["x" * 20] * rows)] * 2)
    text = "\n\n".join(comment.blocks())
    assert len(text) <= max(room, 300)
    left_out = sum(int(number) for number in re.findall(r"… and (\d+) more", text))
    assert left_out == comment.left_out == 2 * sum(rows for rows, _ in blocks) - text.count("x" * 20)
