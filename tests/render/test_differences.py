"""Values that one line cannot tell: what differs is always seen, is found in little time, and gets out of no format."""

from __future__ import annotations

import re
from functools import reduce

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qboxctl.model import Action, Address, Change, FieldChange, Plan
from qboxctl.render import parts, plan_html, plan_markdown, plan_text
from qboxctl.render.differences import CHANGED, NEW, OLD, SAME, WIDTH, Long, pair, places
from qboxctl.resources import TYPES
from qboxctl.schema.collections import same_json

BODY = "Dear sender,\n\n" + "".join(f"sentence {number}\n" for number in range(20)) + "I am away until May 1.\nBye\n"
SIGNATURE = "<p>" + "x" * 3000 + "<b>Telephone 1</b>" + "y" * 3000
NETS = tuple(f"10.0.{number}.0/24" for number in range(60))
NESTED = {"a": 1, "b": {"c": [1, 2], "d": "long" * 50}}
PAIRS = {
    "one-line-of-many": ("autoresponder_body", BODY, BODY.replace("May 1", "May 7")),
    "line-added": ("autoresponder_body", BODY, BODY + "Ask bob@example.com.\n"),
    "no-line-break-at-the-end": ("autoresponder_body", BODY, BODY[:-1]),
    "blank-at-the-end": ("autoresponder_body", "Away.\nBye", "Away.\nBye "),
    "long-line": ("bounce_msg", SIGNATURE, SIGNATURE.replace("Telephone 1", "Telephone 2")),
    "long-line-of-two": ("bounce_msg", f"{SIGNATURE}\nBye", SIGNATURE.replace("Telephone 1", "Telephone 2") + "\nBye"),
    "only-the-end": ("description", "d" * 150, "d" * 150 + "end"),
    "cleared": ("autoresponder_body", BODY, ""),
    "set": ("autoresponder_body", "", BODY),
    "never-seen": ("autoresponder_body", None, BODY),
    "look-alikes": ("lastname", "Rene\u0301", "Ren\u00e9"),
    "control-characters": ("bounce_msg", "a\nb\x1b[2J", "a\nb\x1b[3J\r"),
    "list": ("allow_nets", NETS[:40], NETS[30:]),
    "nested": ("extra.x", NESTED, {"a": 1, "b": {"c": [3, 2], "d": "long" * 50 + "!"}, "n": True}),
    "nested-short": (
        "extra.x",
        {"tags": {"colour": "red"}, "rules": [{"id": 1}, {"id": 2}, {"id": 3}], "on": True},
        {"tags": {"colour": "blue"}, "rules": [{"id": 3}, {"id": 1}, {"if": "a", "then": "b"}], "on": "true"},
    ),
    "nested-twice": ("extra.x", {"a": [{"b": 1}, {"c": 2}]}, {"a": [{"b": 1}, {"b": 1}]}),
    "nested-in-a-list": ("extra.x", [NESTED], [{**NESTED, "a": 2}]),
    "number-and-text": ("extra.x", {"a": "b"}, {"a": ["b"]}),
    "text-of-a-number": ("extra.x", "5", 5),
}


def changed(name: str, before: object, after: object, action: Action = Action.UPDATE) -> Change:
    address = Address("mailbox", "ada@example.com")
    return Change(address, action, fields=(FieldChange(name, before, after),), reason="differs")


def plan_of(*changes: Change) -> Plan:
    return Plan("ab" * 32, "default", "https://api.example", "", changes=changes)


def attributes(change: Change, **options: bool) -> str:
    lines = plan_text.render(plan_of(change), TYPES, **options).splitlines()
    return "\n".join(line for line in lines if line.startswith("      "))


@pytest.mark.parametrize("name", PAIRS)
def test_what_differs_is_seen(name, snapshot):
    change = changed(*PAIRS[name])
    assert attributes(change) == snapshot
    (line,) = parts.lines(change, TYPES)
    assert line.before != line.after  # on one line, among many changes
    if line.long:
        rows = line.long.rows()
        if any(row.sign == CHANGED for row in rows):
            return  # one line for both: the snapshot shows it
        sides = [[row.text for row in rows if row.sign == sign] for sign in (OLD, NEW)]
        assert sides[0] != sides[1]


@pytest.mark.parametrize("form", [plan_markdown, plan_html])
def test_other_formats_show_the_same_difference(form, snapshot):
    names = ("one-line-of-many", "list", "control-characters", "never-seen", "nested-short")
    text = form.render(plan_of(*(changed(*PAIRS[name]) for name in names)), TYPES)
    assert re.search(r"```diff.*```|<main>.*</main>", text, re.DOTALL)[0] == snapshot


@pytest.mark.parametrize("value", [BODY, SIGNATURE, NETS, "short\ntext"], ids=["text", "line", "list", "short"])
def test_a_creation_tells_the_beginning_and_how_much_there_is(value, snapshot):
    name = "allow_nets" if isinstance(value, tuple) else "bounce_msg"
    change = changed(name, None, value, Action.CREATE)
    assert attributes(change) == snapshot
    whole = attributes(change, full=True)
    assert all(part in whole for part in (value if isinstance(value, tuple) else value.rstrip("\n").split("\n")))


def test_the_lines_of_a_new_text_add_up():
    told = attributes(changed("bounce_msg", None, BODY, Action.CREATE))
    shown = len(re.findall(r"^ +\+", told, re.MULTILINE))
    assert int(re.search(r"(\d+) lines", told)[1]) == shown + int(re.search(r"and (\d+) more", told)[1])


def test_the_whole_is_in_html_and_with_v():
    change = changed(*PAIRS["one-line-of-many"])
    assert "sentence 7" not in attributes(change)
    assert "  sentence 7" in attributes(change, full=True)
    page = plan_html.render(plan_of(change), TYPES)
    assert "<span>  sentence 7</span>" in page
    assert "<del>- I am away until May 1.</del><ins>+ I am away until May 7.</ins>" in page
    long = plan_html.render(plan_of(changed(*PAIRS["long-line"])), TYPES)
    assert (
        f"<del>- {SIGNATURE}</del>".replace("<p>", "&lt;p&gt;")
        .replace("<b>", "&lt;b&gt;")
        .replace("</b>", "&lt;/b&gt;")
        in long
    )


texts = st.text(st.sampled_from("ab \n\u0301é\x1b<`"), max_size=30)
longer = st.builds(lambda start, text, number: start * number + text, texts, texts, st.integers(0, 20))


@settings(deadline=None)  # a busy machine is no mistake
@given(longer, longer)
@example("a" * 150 + "b" + "a" * 150, "a" * 150 + "c" + "a" * 150)
@example("e\u0301", "é")
@example("a" * 500, "a" * 501)
def test_two_texts_that_differ_never_look_alike(one, other):
    shown = pair(one, other)
    assert (shown[0] == shown[1]) == (one == other)
    rows = Long(one, other).rows(whole=True)
    for sign, text in ((OLD, one), (NEW, other)):
        mine = [row for row in rows if row.sign in (sign, SAME)]
        assert len(mine) == (text.count("\n") + 1 if text else 0)
    assert any(row.sign != SAME for row in rows) == (one != other)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (range(30_000), range(30_000, 0, -1)),
        (range(30_000), range(30_000, 60_000)),
        ([number % 2 for number in range(30_000)], [number % 3 for number in range(30_000)]),
    ],
)
def test_hostile_texts_take_no_time(before, after):
    texts = ["\n".join(map(str, side)) for side in (before, after)]
    assert Long(*texts).rows(whole=True)
    shown = Long(*texts).rows()
    assert len(shown) < 70
    assert max(len(row.text) for row in shown) <= WIDTH


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "a", "b ", "a → b", "0"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "__b", "c.d", ""]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)  # a busy machine is no mistake
@given(json_values.filter(lambda value: value is not None), json_values)
@example({"a": [1, 1, {}]}, {"a": [1, {}, {}]})
@example({"a": [{"b": 1}]}, {"a": [{"b": True}]})
@example({"a": "b"}, {"a": "b "})
def test_nested_values_that_differ_are_never_without_a_line(one, other):
    found = places(one, other)
    assert all(str(place) and place.old != place.new for place in found)
    rows = Long(one, other).rows(whole=True)
    assert repr(one) == repr(other) or any(row.sign != SAME for row in rows)
    if not same_json(one, other) and type(one) is type(other) is dict:
        assert found
    assert not places(one, one)


@pytest.mark.parametrize(
    "value",
    [
        [{"id": number, "text": str(number) * 9} for number in range(3_000)],
        reduce(lambda inner, number: [inner, number], range(400), 1),
        [[number % 7, [number % 3]] for number in range(6_000)],
    ],
    ids=["long", "deep", "alike"],
)
def test_hostile_values_are_not_compared_place_by_place(value):
    other = [*value, {"one": "more"}]
    assert places({"a": value}, {"a": other}) == ()
    rows = Long({"a": value}, {"a": other}).rows()
    assert [row.sign for row in rows] == [OLD, NEW]
    assert rows[0].text != rows[1].text
    assert max(len(row.text) for row in rows) <= WIDTH + 2


def test_markdown_fits_with_any_number_of_long_texts():
    line = "``` @everyone <img> " * 50
    changes = [changed("bounce_msg", "\n".join([line] * 40), "\n".join([line + "x"] * 40)) for _ in range(200)]
    text = plan_markdown.render(plan_of(*changes[:5]), TYPES)
    assert "-     | …" in text
    assert not re.search(r"^(?![-+! ] |```diff$|```$).*everyone", text, re.MULTILINE)
    assert len(plan_markdown.render(plan_of(*changes), TYPES)) <= 65_536


def test_a_text_cannot_pose_as_a_change():
    fake = "x\n- mailbox/ceo@example.com  DELETED\nmailbox/ceo@example.com"
    text = plan_markdown.render(plan_of(changed("bounce_msg", fake, fake.replace("ceo", "boss"))), TYPES)
    assert re.findall(r"^[-+!] mailbox/\S+", text, re.MULTILINE) == ["! mailbox/ada@example.com"]
