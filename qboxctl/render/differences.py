"""What differs between two values: texts line by line, lists entry by entry, nested values place by place. Pure.

Two values that differ never look the same here, however long they are: what is shown of a text begins shortly before
the first place where it differs, and characters that look alike are spelt out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from qboxctl.model import JSON, Value
from qboxctl.render.style import clean, plural
from qboxctl.schema.collections import same_json

WIDTH = 100
"""Characters of a value that are shown on one line."""
OLD, NEW, SAME, LEFT_OUT = "-", "+", " ", "…"
"""The signs of rows."""
_BEFORE = 30
"""Characters shown in front of the first place that differs."""
_CONTEXT = 2
"""Lines shown around those that differ."""
_BLOCK = 12
"""Lines shown of a block that goes, or of one that comes, unless the whole is wanted."""
_MOST = 60
"""Lines shown of a whole difference, unless the whole is wanted."""
_FIRST = 3
"""Lines shown of a new text, unless the whole is wanted."""
_ALIGNED = 400
"""Lines that are compared one by one; of more, all go and all come, since aligning them takes too long."""
_DEEPEST = 20


class Row(NamedTuple):
    """One line of a difference: its sign, and its text without what could move a cursor."""

    sign: str
    text: str


class Long(NamedTuple):
    """A value that one line cannot tell; ``before`` is None where there is nothing to compare with."""

    before: Value
    after: Value

    def rows(self, *, whole: bool = False) -> Sequence[Row]:
        """The lines that go and come with a few around them, or with all others where ``whole``."""
        before, after = self
        if isinstance(before, str) and isinstance(after, str):
            found = list(_texts(before, after, whole=whole))
            found = found if whole else list(_near(found))
        elif before is not None:
            before, after = (list(side) if isinstance(side, tuple) else side for side in (before, after))
            found = list(_nested(before, after, "", whole=whole))
            found = found or list(_replaced([_json(before)], [_json(after)], whole=whole))
        else:
            lines = _parts(after)
            width = max(map(len, lines)) if whole else WIDTH
            return _cut([Row(NEW, _ended(excerpt(line, width))) for line in lines], len(lines) if whole else _FIRST)
        return _cut(found, len(found) if whole else _MOST)

    def size(self) -> str:
        """How much it is, or how much of it changes."""
        before, after = self
        if isinstance(before, str) and isinstance(after, str):
            if "\n" not in before + after:
                old, new = len(before), len(after)
                return plural(new, "character") if old == new else f"{old} → {plural(new, 'character')}"
            changed = [block for block in _blocks(before, after) if block.old != block.new]
            return _counted((sum(len(block[side]) for block in changed) for side in (0, 1)), "line")
        if before is not None:
            signs = [row.sign for row in self.rows(whole=True)]
            return _counted((signs.count(sign) for sign in (OLD, NEW)), "entry")
        if not isinstance(after, str):
            return plural(len(_parts(after)), "entry")
        size = plural(len(after), "character")
        return f"{plural(len(after.splitlines()), 'line')}, {size}" if "\n" in after else size


def _counted(numbers: Iterable[int], noun: str) -> str:
    """``-1 +2 lines``; what is 0 is left out."""
    found = {sign: number for sign, number in zip((OLD, NEW), numbers, strict=True) if number}
    nouns = plural(max(found.values(), default=0), noun).partition(" ")[2]
    return " ".join([*(f"{sign}{number}" for sign, number in found.items()), nouns])


def is_edited_text(before: Value, after: Value) -> bool:
    """Whether one text takes the place of another, and either has several lines."""
    return isinstance(before, str) and isinstance(after, str) and before != "" != after and "\n" in before + after


def pair(before: str, after: str, width: int = WIDTH) -> tuple[str, str]:
    """Two texts that differ, on one line each: whole where they fit, else from shortly before they differ."""
    start = 0 if len(before) <= width >= len(after) else max(0, _alike(before, after) - _BEFORE)
    one, other = (_excerpt(text, start, width) for text in (before, after))
    shown = clean(one), clean(other)
    if before != after and (shown[0] == shown[1] or normalize("NFC", shown[0]) == normalize("NFC", shown[1])):
        return ascii(one), ascii(other)
    return shown


def excerpt(text: str, width: int = WIDTH) -> str:
    """The beginning of a text on one line, with a mark where it goes on."""
    return clean(_excerpt(text, 0, width))


def _excerpt(text: str, start: int, width: int) -> str:
    return ("…" if start else "") + text[start : start + width] + ("…" if len(text) > start + width else "")


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _split(text: str) -> list[str]:
    return text.split("\n") if text else []


class _Block(NamedTuple):
    """Lines that go and lines that come in their place; the same ones where they stay."""

    old: Sequence[str]
    new: Sequence[str]


@lru_cache(maxsize=256)  # one text in `defaults` changes a thousand objects alike
def _blocks(before: str, after: str) -> Sequence[_Block]:
    old, new = _split(before), _split(after)
    least = min(len(old), len(new))
    head = next((index for index in range(least) if old[index] != new[index]), least)
    tail = next((index for index in range(least - head) if old[-1 - index] != new[-1 - index]), least - head)
    first, last = old[:head], old[len(old) - tail :]
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(old), len(new)) > _ALIGNED:
        middle = [_Block(old, new)]
    else:
        steps = SequenceMatcher(None, old, new).get_opcodes()
        middle = [_Block(old[begin:end], new[start:stop]) for _, begin, end, start, stop in steps]
    return [_Block(first, first), *middle, _Block(last, last)]


def _texts(before: str, after: str, *, whole: bool) -> Iterator[Row]:
    for block in _blocks(before, after):
        if block.old == block.new:
            yield from (Row(SAME, _ended(clean(line) if whole else excerpt(line))) for line in block.old)
        else:
            yield from _replaced(block.old, block.new, whole=whole)


def _replaced(old: Sequence[str], new: Sequence[str], *, whole: bool) -> Iterator[Row]:
    """Lines in the place of others: the first of both are cut where they differ, and so on."""
    width = max(map(len, (*old, *new)), default=0) if whole else WIDTH
    pairs = [pair(*both, width) for both in zip(old, new, strict=False)]
    for sign, lines, index in ((OLD, old, 0), (NEW, new, 1)):
        shown = [one[index] for one in pairs] + [excerpt(line, width) for line in lines[len(pairs) :]]
        yield from _cut([Row(sign, _ended(text)) for text in shown], len(shown) if whole else _BLOCK)


def _ended(text: str) -> str:
    """A line whose blanks at the end can be seen."""
    bare = text.rstrip(" ")
    return text if len(bare) == len(text) else bare + "\\x20" * (len(text) - len(bare))


def _near(rows: Sequence[Row]) -> Iterator[Row]:
    """Rows that change, with those around them, and a mark for each gap."""
    changed = [index for index, row in enumerate(rows) if row.sign != SAME]
    kept = {near for index in changed for near in range(index - _CONTEXT, index + _CONTEXT + 1)}
    for index, row in enumerate(rows):
        if index in kept:
            yield row
        elif index == 0 or index - 1 in kept:
            yield Row(LEFT_OUT, "")


def _cut(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """The first rows, and how many more there are."""
    return rows if len(rows) <= most else [*rows[:most], Row(LEFT_OUT, f"and {len(rows) - most} more")]


def _entries(before: Iterable[JSON], after: Iterable[JSON], *, whole: bool) -> Iterator[Row]:
    """What goes out of a list, and what comes; the order of entries says nothing."""
    old, new = (Counter(map(plain, side)) for side in (before, after))
    return _replaced(list((old - new).elements()), list((new - old).elements()), whole=whole)


def _nested(before: JSON, after: JSON, place: str, *, whole: bool, depth: int = 0) -> Iterator[Row]:
    """What differs inside of nested values, each with the keys that lead to it."""
    if isinstance(before, dict) and isinstance(after, dict) and depth < _DEEPEST:
        for key in dict.fromkeys([*before, *after]):
            inside = f"{place}.{key}" if place else key
            if key in before and key in after:
                if not same_json(after[key], before[key]):
                    yield from _nested(before[key], after[key], inside, whole=whole, depth=depth + 1)
            else:
                sides = ([_json(side[key])] if key in side else [] for side in (before, after))
                yield from _placed(inside, _replaced(*sides, whole=whole))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _placed(place, _entries(before, after, whole=whole))
    else:
        yield from _placed(place, _replaced([_json(before)], [_json(after)], whole=whole))


def _placed(place: str, rows: Iterable[Row]) -> Iterator[Row]:
    start = f"{excerpt(place)}: " if place else ""
    return (Row(row.sign, start + row.text) for row in rows)


def _parts(value: Value) -> Sequence[str]:
    """A value by itself, as lines: of a text, or the entries of a list or a mapping."""
    match value:
        case str():
            return _split(value)
        case dict():
            return [f"{key}: {_json(item)}" for key, item in value.items()]
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return [_json(value)]


def plain(value: JSON) -> str:
    """A value of ``extra``, or an entry of a list, as text: text as it stands, all else as JSON."""
    return value if isinstance(value, str) else _json(value)


def _json(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
