"""What differs between two values: texts line by line, lists entry by entry, nested values place by place. Pure.

Two values that differ never look the same here, however long they are: what is shown of a text begins shortly before
the first place where it differs, and characters that look alike are spelt out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import normalize

from qboxctl.model import JSON, Value
from qboxctl.render.style import clean, plural

WIDTH = 100
"""Characters of a value that are shown on one line."""
OLD, NEW, CHANGED, SAME, LEFT_OUT = "-", "+", "~", " ", "…"
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
_COMPARED = 30_000
"""Characters of nested values, as JSON, that are compared place by place; more would take too long."""
_DEEPEST = 20
"""Levels of nested values that are compared place by place."""


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
            found = [row for place in places(before, after) for row in place.rows(whole=whole)]
            if not found and _are_flat(before, after):
                found = list(_entries(before, after, whole=whole))
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
            numbers = (sum(len(block[side]) for block in changed) for side in (0, 1))
            return _counted(dict(zip((OLD, NEW), numbers, strict=True)), "line")
        if before is not None:
            signs = [one.sign for one in places(before, after) or self.rows(whole=True)]
            return _counted({sign: signs.count(sign) for sign in (OLD, CHANGED, NEW)}, "entry")
        if not isinstance(after, str):
            return plural(len(_parts(after)), "entry")
        size = plural(len(after), "character")
        return f"{plural(len(after.splitlines()), 'line')}, {size}" if "\n" in after else size


def _counted(numbers: Mapping[str, int], noun: str) -> str:
    """``-1 +2 lines``; what is 0 is left out."""
    found = {sign: number for sign, number in numbers.items() if number}
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


class Place(NamedTuple):
    """One place inside nested values where they differ; ``old`` or ``new`` is "" where there is nothing."""

    name: str
    old: str
    new: str

    def __str__(self) -> str:
        return self.text(WIDTH)

    def text(self, width: int) -> str:
        """The place and what stood and stands there, on one line."""
        name = excerpt(self.name)
        if self.old and self.new:
            return f"{name}: {' → '.join(pair(self.old, self.new, width))}"
        return f"{name} {'added' if self.new else 'removed'}: {excerpt(self.old or self.new, width)}"

    @property
    def sign(self) -> str:
        """Whether something goes, comes or changes there."""
        return CHANGED if self.old and self.new else NEW if self.new else OLD

    def rows(self, *, whole: bool) -> Iterable[Row]:
        """One line, or two where two values are too long for it."""
        longest = max(len(self.old), len(self.new))
        if self.sign == CHANGED and len(self.name) + len(self.old) + len(self.new) > WIDTH:
            return _placed(self.name, _replaced([self.old], [self.new], whole=whole))
        return [Row(self.sign, self.text(longest if whole else WIDTH))]


def places(before: JSON, after: JSON) -> Sequence[Place]:
    """Where two mappings, or two lists with such in them, differ; none where one line for each place is no help.

    The order of a list says nothing: its entries are compared with those that are most like them.
    """
    if type(before) is not type(after) or not isinstance(before, (dict, list)) or _are_flat(before, after):
        return ()
    texts = _json(before), _json(after)
    if max(map(len, texts)) > _COMPARED or _is_deep(before) or _is_deep(after):
        return ()
    return _places(*texts)


@lru_cache(maxsize=256)
def _places(before: str, after: str) -> Sequence[Place]:
    from deepdiff import DeepDiff

    found = DeepDiff(
        json.loads(before),
        json.loads(after),
        view="tree",
        ignore_order=True,
        report_repetition=True,
        threshold_to_diff_deeper=0,
        ignore_private_variables=False,
    )
    each = ((level.path(output_format="list"), kind, level) for kind, levels in found.items() for level in levels)
    ordered = sorted(each, key=lambda one: [(isinstance(step, str), step) for step in one[0]])
    return tuple(Place(_path(steps), *_sides(kind, level)) for steps, kind, level in ordered)


def _sides(kind: str, level: Any) -> tuple[str, str]:
    """What stood in a place that DeepDiff found, and what stands there now, "" for nothing."""
    old, new = level.t1, level.t2
    if kind.endswith("_added"):
        return "", _json(new)
    if kind.endswith("_removed"):
        return _json(old), ""
    if kind == "repetition_change":
        before, after = (plural(level.additional["repetition"][f"{side}_repeat"], "time") for side in ("old", "new"))
        return f"{_json(old)}, {before}", after
    if (
        isinstance(old, str)
        and isinstance(new, str)
        and all(text.strip() and text.isprintable() for text in (old, new))
    ):
        return old, new
    return _json(old), _json(new)


def _path(steps: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def _are_flat(before: JSON, after: JSON) -> bool:
    """Whether both are lists with nothing nested in them."""
    sides = before, after
    return all(isinstance(side, list) and not any(isinstance(item, (dict, list)) for item in side) for side in sides)


def _is_deep(value: JSON, levels: int = _DEEPEST) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not levels or any(_is_deep(item, levels - 1) for item in inside)


def _placed(place: str, rows: Iterable[Row]) -> Iterator[Row]:
    start = f"{excerpt(place)}: " if place else ""
    return (Row(row.sign, start + row.text) for row in rows)


def _parts(value: Value) -> Sequence[str]:
    """A value by itself, as lines: of a text, or the entries of a list or a mapping."""
    match value:
        case str():
            return _split(value.removesuffix("\n"))
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
