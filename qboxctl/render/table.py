"""Rows in columns: what is above each other lines up, numbers at the right. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qboxctl.render.style import columns_of, pad

_NUMBER = re.compile(r"(?!\d+(?:\.\d+){3}\Z)[+-]?\d[\d.,]*(?: ?[A-Za-z]{1,3})?")
"""A number, and its unit; not the address of a machine."""


def columns(rows: Sequence[Sequence[str]], gap: str = "  ") -> list[str]:
    """Rows as lines of text; the first is the head, and says nothing of whether a column holds numbers."""
    found = []
    for head, *cells in zip(*rows, strict=True):
        width = max(map(columns_of, (head, *cells)))
        right = any(cells) and all(not cell or _NUMBER.fullmatch(cell) for cell in cells)
        found.append([pad(cell, width, right=right) for cell in (head, *cells)])
    return [gap.join(line).rstrip() for line in zip(*found, strict=True)]
