"""Rows in columns: what is above each other lines up, numbers at the right. Pure."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from itertools import islice

from qboxctl.render.style import columns_of, pad

_NUMBER = re.compile(r"(?!\d+(?:\.\d+){3}\Z)[+-]?\d[\d.,]*(?: ?[A-Za-z]{1,3})?")
"""A number, and its unit; not the address of a machine."""

Rows = Sequence[Sequence[str]]


def columns(rows: Rows, gap: str = "  ") -> list[str]:
    """Rows as lines of text; the first is the head, and says nothing of whether a column holds numbers."""
    return [line for lines in folded(rows, gap=gap) for line in lines]


def folded(rows: Rows, room: int = 0, widest: int = 0, gap: str = "  ") -> list[list[str]]:
    """The lines of each row: what is wider than its column goes on under itself.

    No column is wider than ``widest``, and all take no more than ``room`` together as far as words allow (0: no limit).
    """
    down = list(zip(*rows, strict=True))
    free = room - len(gap) * (len(down) - 1) if room else sys.maxsize
    widths = _widths(down, free, widest or sys.maxsize)
    right = [any(cells) and all(not cell or _NUMBER.fullmatch(cell) for cell in cells) for _, *cells in down]
    parts = [[_parts(cell, width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    heights = [max(map(len, cells), default=0) for cells in parts]
    across = [
        [cell[line] if line < len(cell) else "" for cell in cells]
        for cells, height in zip(parts, heights, strict=True)
        for line in range(height)
    ]
    padded = [_padded(column, at_right) for column, at_right in zip(zip(*across, strict=True), right, strict=True)]
    lines = (gap.join(cells).rstrip() for cells in zip(*padded, strict=True))
    return [list(islice(lines, height)) for height in heights]


def _widths(down: Rows, room: int, widest: int) -> list[int]:
    """How wide each column is: for want of room the widest are folded, between words."""
    widths = [min(widest, max(map(columns_of, column))) for column in down]
    words = [[columns_of(word) for cell in column for word in cell.split()] for column in down]
    least = [min(widest, max(found, default=0)) for found in words]
    if sum(least) > room:
        return widths  # there is no room, whatever is folded
    while sum(widths) > room:
        wider = [number for number, width in enumerate(widths) if width > least[number]]
        widths[max(wider, key=widths.__getitem__)] -= 1
    return widths


def _padded(column: Sequence[str], right: bool) -> list[str]:
    width = max(map(columns_of, column))
    return [pad(cell, width, right=right) for cell in column]


def _parts(cell: str, width: int) -> list[str]:
    """A cell in lines of so many columns: between words, and within what is longer."""
    if columns_of(cell) <= width:
        return [cell]
    lines = [""]
    for word in cell.split():
        if lines[-1] and columns_of(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
            continue
        lines += [""] if lines[-1] else []
        for char in word:
            if lines[-1] and columns_of(lines[-1] + char) > width:
                lines.append("")
            lines[-1] += char
    return lines
