"""When a list that was read page by page can be believed. Pure.

Nothing tells the server to hold still meanwhile: an object that goes from one page pulls the first one of the next
page out of sight, and one that comes shows another twice. So a list counts as read where every page tells the same
totals, no object stands on two pages, and there are as many as the totals say. Where that is not so, two readings
must agree. So it is where a list of several pages tells neither how many objects nor how many pages there are. A list
of which each reading holds all that the one before it held, and no less than its first page counts, only grows, as
suppression entries do with every bounce: it is taken as it was last seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from qboxctl.errors import ApiError
from qboxctl.model import JSON

MOST_READINGS = 40
"""How often a list is read before it counts as one that cannot be read."""
MOST_ALIKE = 3
"""How often in a row pages may contradict each other in the very same way: then nothing is under way any more."""
GROWING = 3
"""After so many readings in a row, each with all of the one before, a list only grows."""
MOST_UNTOLD = 10_000
"""So many pages may have a list that does not tell how many it has."""

Row = Mapping[str, JSON]


def number_in(row: Row, name: str) -> int | None:
    """A number that an answer carries under this name; what is none, or too long for one, counts as not told."""
    value = row.get(name)
    return int(value) if isinstance(value, (int, str)) and re.fullmatch("[0-9]{1,18}", str(value)) else None


class Page(NamedTuple):
    """One page of a list: its rows, the number of pages (0: not told), of objects (None: not told).

    ``missing`` is what a 404 said in its place, or a 405, which says that there is ``no_call`` for such lists.
    """

    rows: Sequence[Row]
    pages: int
    total: int | None
    missing: str = ""
    no_call: bool = False

    @property
    def told(self) -> bool:
        """Whether a first page tells that there are others, or that there are none."""
        return self.pages > 0 or len(self.rows) >= (self.total or 0) > 0 or not self.rows


_NOTHING = Page((), 0, None)


def untold(first: Page, page: Callable[[int], Page], id_name: str, path: str) -> Iterator[Page]:
    """All pages of a list whose ``first`` one does not tell how many there are; ``page`` reads one by its number.

    The last is the one that is empty, or shorter than the one before it. One that shows only what others have shown is
    none: the server ignores the number. That is believed at once where it repeats the first to the letter.

    Raises ApiError for a list without an end.
    """
    yield first
    before = beginning = _keys(first.rows, id_name)
    seen = set(beginning)
    for number in range(2, MOST_UNTOLD + 1):
        found = page(number)
        found = _NOTHING if found.missing else found
        keys = _keys(found.rows, id_name)
        if len(keys) < len(before):
            yield found
            return
        if seen.issuperset(keys):
            if keys != beginning:
                yield _NOTHING
            return
        yield found
        before = keys
        seen.update(keys)
    raise ApiError(f"the list does not end after {MOST_UNTOLD} pages", request=f"GET {path}")


def _keys(rows: Sequence[Row], id_name: str) -> list[str]:
    """What tells rows apart: their ids, or else all that they hold."""
    return [repr(sorted(row.items())) if row.get(id_name) is None else str(row[id_name]) for row in rows]


class Readings:
    """The readings of one list, until they can be believed. ``id_name`` is the attribute that tells objects apart."""

    def __init__(self, id_name: str) -> None:
        self.id_name = id_name
        self.number = 0
        self.alike = 0
        self.why = ""
        self._found: dict[str, Row] = {}
        self._total: int | None = None
        self._agreed: set[str] | None = None
        self._last: tuple[object, ...] = ()
        self._before: set[str] | None = None
        self._grown = self._least = 0

    def take(self, pages: Sequence[Page]) -> Sequence[Row] | None:
        """The whole list, once one more reading of all its pages shows it; None where it must be read again."""
        self.number += 1
        shown = [row for page in pages for row in page.rows]
        ids = [row.get(self.id_name) for row in shown]
        keys = [f"\0{number}" if one is None else str(one) for number, one in enumerate(ids)]
        rows = dict(zip(keys, shown, strict=True))
        totals = {page.total for page in pages} - {None}
        self.why = _trouble(pages, totals)
        total = next(iter(totals)) if len(totals) == 1 else None
        once = len(rows) == len(keys)
        told = totals or len(pages) == 1 or any(page.pages for page in pages)
        if self.number == 1 and not self.why and once and told and (len(rows) == total if totals else _full(pages)):
            return list(rows.values())
        self._compare(keys, pages)
        if self._grows(set(rows), pages):
            return list(rows.values())
        if self.why:
            self._found, self._total = {}, None
            return None
        if total != self._total or (total is not None and len(rows) >= total):
            self._found, self._total = {}, total
        self._found.update(rows)
        if total is None and not once:
            self.why = "they show an object twice"
        elif total is not None and len(self._found) < total:
            self.why = f"{len(self._found)} objects of {total} were found"
        else:
            return self._agree()
        return None

    def _agree(self) -> Sequence[Row] | None:
        """All objects that the totals tell of are found: the same ones as the last time?"""
        found, self._found = self._found, {}
        if found.keys() == self._agreed:
            return list(found.values())
        self._agreed, self.why = set(found), "no two readings of it agree"
        return None

    def _compare(self, keys: Sequence[str], pages: Sequence[Page]) -> None:
        """Note whether this reading shows the same as the last one, in the same order."""
        this = (keys, [page[1:] for page in pages])
        self.alike, self._last = (self.alike + 1 if this == self._last else 0), this

    def _grows(self, now: set[str], pages: Sequence[Page]) -> bool:
        """Whether the list only grew, for so many readings that it may go on like that."""
        least = pages[0].total
        whole = least is not None and len(now) >= least and not any(page.missing for page in pages)
        if whole and self._before is not None and self._before <= now:
            self._grown += 1
        else:
            self._grown, self._least = 0, len(now)
        self._before = now if whole else None
        return self._grown >= GROWING and len(now) > self._least


def _trouble(pages: Sequence[Page], totals: set[int | None]) -> str:
    """Why the pages of one reading cannot belong together, "" where they can."""
    counts = {page.pages for page in pages} - {0}
    for number, page in enumerate(pages, 1):
        if page.missing:
            other = f"the first tells of {pages[0].pages} pages" if number > 1 else "there were objects a moment ago"
            return f"page {number} answers {page.missing}, and {other}"
    for told, of in ((totals, "objects"), (counts, "pages")):
        if len(told) > 1:
            return f"they tell of {' and '.join(map(str, sorted(told, key=str)))} {of}"
    return ""


def _full(pages: Sequence[Page]) -> bool:
    """Whether every page but the last holds as many objects as the first."""
    return len({len(page.rows) for page in pages[:-1]}) <= 1
