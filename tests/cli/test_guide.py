"""The guides in the terminal: the list, a page, a topic that is none, and completion."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qboxctl.render import guide
from qboxctl.render.style import Palette

KNOWN = guide.topics(
    "# Pages\n\n## Start\n\n- [first-steps](first-steps.md): How to begin\n\n## Safety\n\n"
    "- [removals](removals.md): What may go\n- [no-state](decisions/01-no-state.md): Why not\n"
)
WIDE, NARROW, COLOURS = Palette(), Palette(columns=40), Palette(enabled=True)


def test_the_index_is_read_in_its_order() -> None:
    assert [(one.name, one.section) for one in KNOWN.values()] == [
        ("first-steps", "Start"),
        ("removals", "Safety"),
        ("no-state", "Safety"),
    ]


def test_the_list_has_sections_and_one_line_each() -> None:
    assert guide.contents(KNOWN).splitlines() == [
        "qboxctl guide TOPIC prints one of these:",
        "",
        "Start",
        "  first-steps  How to begin",
        "",
        "Safety",
        "  removals     What may go",
        "  no-state     Why not",
    ]


@pytest.mark.parametrize(
    ("page", "palette", "shown"),
    [
        ("# A title", WIDE, "# A title"),
        ("# A title", COLOURS, "\x1b[1mA title\x1b[0m"),
        ("**Bold** and `code`", WIDE, "Bold and `code`"),
        ("**Bold** and `code`", COLOURS, "\x1b[1mBold\x1b[0m and \x1b[36mcode\x1b[0m"),
        ("See [it](removals.md#guards).", WIDE, "See it (`qboxctl guide removals`)."),
        ("See [why](decisions/01-no-state.md)", WIDE, "See why (`qboxctl guide no-state`)"),
        ("See [it](../removals.md)", WIDE, "See it (`qboxctl guide removals`)"),
        ("See [all](README.md#decisions)", WIDE, "See all (`qboxctl guide`)"),
        ("See [a file](../../examples/x/README.md)", WIDE, "See a file (examples/x/README.md)"),
        ("See [a site](https://example.com/a)", WIDE, "See a site (https://example.com/a)"),
        ("```sh\nqboxctl plan   # **as it is**, [a](b)\n\nnext\n```", NARROW,
         "    qboxctl plan   # **as it is**, [a](b)\n\n    next"),
        ("one line\nand its end", WIDE, "one line\nand its end"),
        ("one line of a paragraph, and what\nis left of it", NARROW,
         "one line of a paragraph, and what is\nleft of it"),
        ("- an item of a list that goes on\n  below\n- the next one", NARROW,
         "- an item of a list that goes on below\n- the next one"),
        ("- an item of a list that goes on and on\n- next", NARROW, "- an item of a list that goes on and on\n- next"),
        ("- an item of a list that goes on and on for long", NARROW,
         "- an item of a list that goes on and on\n  for long"),
        ("text\n\n| a | bb |\n| --- | --- |\n| 1 \\| 2 | `c` |", WIDE, "text\n\n  a      bb\n  1 | 2  `c`"),
        ("| a | what |\n| --- | --- |\n| one | a cell that has no room at all beside it |", NARROW,
         "  a    what\n  one  a cell that has no room at all\n       beside it"),
        ("| a | what |\n| --- | --- |\n| one two three four | a cell that has no room beside it |", NARROW,
         "  one two three four\n      a cell that has no room beside it"),
        ("| a | b | c |\n| --- | --- | --- |\n| one two three | a cell that has no room | |\n| two | | short |", NARROW,
         "  one two three\n      b: a cell that has no room\n  two\n      c: short"),
    ],
)  # fmt: skip
def test_a_page_is_shown_as_a_terminal_can(page: str, palette: Palette, shown: str) -> None:
    assert guide.text(page, KNOWN, palette) == shown


PAGES = sorted((Path(guide.__file__).parents[1] / "docs").rglob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_page_fits_a_narrow_terminal(path: Path) -> None:
    """Only code may be wider, and a word that is."""
    shown = guide.text(path.read_text(encoding="utf-8"), KNOWN, Palette(columns=60))
    wide = [line for line in shown.splitlines() if len(line) > 60 and not line.startswith("    ")]
    assert [line for line in wide if " " in line.strip()] == []


def test_the_list_names_the_guides(project) -> None:
    names = [line.split()[0] for line in project.run("guide").out.splitlines() if line.startswith("  ")]
    assert {"first-steps", "removals", "reference", "opinions", "no-state-file"} <= set(names)


def test_a_page_is_printed(project) -> None:
    done = project.run("guide", "exit-codes")
    assert done.code == 0
    assert done.out.startswith("# Exit codes\n")
    assert re.search(r"^  130 +interrupted$", done.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("topic", "hint"),
    [
        ("removal", "did you mean removals?"),
        ("guards", "did you mean removals?"),
        ("pasword", "did you mean passwords?"),
        ("zzz", "`qboxctl guide` lists them"),
    ],
)
def test_a_topic_that_is_none_names_what_is_near(topic, hint, project) -> None:
    done = project.run("guide", topic)
    assert done.code == 1
    assert f"there is no guide called {topic}" in done.err
    assert hint in done.err
