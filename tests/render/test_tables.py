"""Tables of jobs: nothing is cut, no word is broken for want of room, and few rows that do not fit are lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qboxctl.render import listed
from qboxctl.render.style import Palette, columns_of
from qboxctl.render.table import columns, folded

CELLS = st.text("abc 0.@", max_size=30).map(lambda text: " ".join(text.split()))
NAMES = ("code", "what_is_wrong")
LONG = "the name is taken by an object that nobody declares"


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)),
       st.integers(1, 100))  # fmt: skip
def test_all_words_are_shown_within_the_room_that_there_is(rows: list[list[str]], room: int) -> None:
    found = folded(rows, room)
    for row, lines in zip(rows, found, strict=True):
        assert sorted("".join(lines).replace(" ", "")) == sorted("".join(row).replace(" ", ""))
        words = {word for line in lines for word in line.split()}
        assert words == {word for cell in row for word in cell.split()}
    if max(map(columns_of, columns(rows))) <= room:
        assert [line for lines in found for line in lines] == columns(rows)
    least = [
        max((len(word) for cell in column for word in cell.split()), default=0) for column in zip(*rows, strict=True)
    ]
    if sum(least) + 2 * (len(least) - 1) <= room:
        assert max(columns_of(line) for lines in found for line in lines) <= room
    else:
        assert [line for lines in found for line in lines] == columns(rows), "there is no room, whatever is folded"


def test_wide_characters_are_folded_by_their_columns() -> None:
    rows = [{"code": f"I{one}", "what_is_wrong": "名前がもう使われています" * 9} for one in range(20)]
    lines = listed.table(NAMES, rows, Palette(columns=80)).splitlines()
    assert max(map(columns_of, lines)) <= 66
    assert "".join(line[6:] for line in lines[1:]).replace(" ", "") == "名前がもう使われています" * 9 * 20


def shown(width: int, number: int = 1) -> list[str]:
    """A table on a terminal that is so wide."""
    rows = [{"code": f"I{one}", "what_is_wrong": LONG} for one in range(number)]
    return listed.table(NAMES, rows, Palette(columns=width)).splitlines()


def test_a_value_goes_on_under_itself() -> None:
    assert shown(0) == ["CODE  WHAT IS WRONG", f"I0    {LONG}"]
    assert shown(57) == shown(0)
    assert shown(40) == [
        "CODE  WHAT IS WRONG",
        "I0    the name is taken by an object",
        "      that nobody declares",
    ]
    assert shown(15)[:3] == ["CODE  WHAT IS", "      WRONG", "I0    the name"]


def test_what_is_longer_than_a_column_may_be_is_not_cut() -> None:
    row = {"code": "I0", "what_is_wrong": f"{LONG}, and {LONG}"}
    assert listed.table(NAMES, [row]).splitlines() == [
        "CODE  WHAT IS WRONG",
        "I0    the name is taken by an object that nobody declares, and the",
        "      name is taken by an object that nobody declares",
    ]


@pytest.mark.parametrize(("number", "lists"), [(1, True), (12, True), (13, False)])
def test_few_rows_that_do_not_fit_are_lists(number: int, lists: bool) -> None:
    lines = shown(13, number)
    assert ("  code" in lines) == lists
    assert ("CODE  WHAT IS WRONG" in lines) != lists
