"""The guides as text for a terminal, and the list of them. Pure: Markdown in, lines out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from qboxctl.render.style import PLAIN, Palette

_SECTION = re.compile(r"## (?P<name>.+)")
_TOPIC = re.compile(r"- \[(?P<topic>[a-z-]+)\]\((?P<path>[\w./-]+\.md)\): (?P<line>.+)")
_FENCE = "```"
_LINK = re.compile(r"\[([^]]+)\]\(([^)]+)\)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_CODE = re.compile(r"`([^`]+)`")
_ITEM = re.compile(r"(?:[-*]|\d+\.) ")
_BROADEST = 100
"""Columns of running text: longer lines are hard to read."""


class Topic(NamedTuple):
    """A guide: what it is called, where it stands, and what it is about, in one line."""

    name: str
    path: str
    line: str
    section: str


def topics(index: str) -> dict[str, Topic]:
    """Read the guides that an index lists, by name, in its order."""
    found: dict[str, Topic] = {}
    section = ""
    for line in index.splitlines():
        if match := _SECTION.fullmatch(line):
            section = match["name"]
        elif match := _TOPIC.fullmatch(line):
            found[match["topic"]] = Topic(match["topic"], match["path"], match["line"], section)
    return found


def contents(known: Mapping[str, Topic], palette: Palette = PLAIN) -> str:
    """List the guides under their sections, a line each."""
    width = max(map(len, known))
    lines = ["qboxctl guide TOPIC prints one of these:"]
    section = ""
    for one in known.values():
        if one.section != section:
            section = one.section
            lines += ["", palette.paint(section, "bold")]
        lines.append(f"  {palette.paint(one.name, 'cyan')}{' ' * (width - len(one.name))}  {one.line}")
    return "\n".join(map(palette.fit, lines))


def text(page: str, known: Mapping[str, Topic], palette: Palette = PLAIN) -> str:
    """Show a page of Markdown: code indented, tables in columns or as lists, links as the commands that follow them."""
    if palette.columns > _BROADEST:
        palette = Palette(palette.enabled, _BROADEST, palette.ascii)
    names = {"README.md": "", **{one.path: one.name for one in known.values()}}
    return "\n".join(_lines(page, names, palette))


def _lines(page: str, names: Mapping[str, str], palette: Palette) -> Iterator[str]:
    for kind, block in _blocks(page):
        match kind:
            case "code":
                yield from (f"    {line}".rstrip() for line in block)
            case "table":
                rows = [[_spans(cell, names, PLAIN) for cell in _cells(line)] for line in block]
                yield from _table(rows[:1] + rows[2:], palette)
            case "heading":
                yield palette.paint(block[0].lstrip("# "), "bold") if palette.enabled else block[0]
            case _:
                whole = [" ".join(line.strip() for line in block)] if palette.columns else block
                shown = (palette.fit(_spans(line, names, palette)) for line in whole)
                yield from shown if _ITEM.match(block[0]) else (line.replace("\n  ", "\n") for line in shown)


def _blocks(page: str) -> Iterator[tuple[str, list[str]]]:
    """The page in pieces that are shown as one: a code block, a table, a heading, a paragraph or an item, a blank."""
    block: list[str] = []
    kind = ""
    for line in page.splitlines():
        fence = line.startswith(_FENCE)
        if kind == "code":
            if fence:
                yield kind, block
                kind, block = "", []
            else:
                block.append(line)
            continue
        new = "code" if fence else "table" if line.startswith("|") else "heading" if line.startswith("#") else "text"
        if block and (new != kind or not line or kind == "heading" or _ITEM.match(line)):
            yield kind, block
            block = []
        kind = new
        if not line:
            yield "text", [""]
        elif not fence:
            block.append(line)
    if block:
        yield kind, block


def _spans(line: str, names: Mapping[str, str], palette: Palette) -> str:
    """A line with its links, its bold words and its code as a terminal can show them."""

    def link(match: re.Match[str]) -> str:
        label, target = match.groups()
        name = None if target.startswith("../../") else names.get(target.partition("#")[0].removeprefix("../"))
        return (
            f"{label} ({target.replace('../', '')})"
            if name is None
            else f"{label} (`{f'qboxctl guide {name}'.strip()}`)"
        )

    line = _LINK.sub(link, line)
    line = _BOLD.sub(lambda match: palette.paint(match[1], "bold"), line)
    return _CODE.sub(lambda match: palette.paint(match[1], "cyan"), line) if palette.enabled else line


def _cells(line: str) -> list[str]:
    """The cells of a row of a table; an escaped bar is a character."""
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]


def _table(rows: list[list[str]], palette: Palette) -> Iterable[str]:
    """A table in columns where the terminal has room, or where the last one can be wrapped; else each row as a list."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = palette.columns or _BROADEST
    if sum(widths) + 2 * len(widths) <= room or (len(widths) == 2 and widths[0] <= room // 3):
        for number, row in enumerate(rows):
            line = "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
            yield palette.fit(f"  {line if number else palette.paint(line, 'bold')}")
        return
    head, *body = rows
    for row in body:
        yield palette.fit(f"  {palette.paint(row[0], 'bold')}")
        for name, cell in zip(head[1:], row[1:], strict=True):
            if cell:
                yield palette.fit(f"      {cell}" if len(row) == 2 else f"      {name}: {cell}")
