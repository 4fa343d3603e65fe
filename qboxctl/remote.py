"""Any kind of resource, listed and read: rows of the API become ``Live`` objects."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection as Sized
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import quote

from qboxctl.client import Reader
from qboxctl.definition import Call, ResourceType
from qboxctl.diff import DETAIL, EXTRA
from qboxctl.errors import ApiError, Refused
from qboxctl.model import JSON, MISSING, Address, Live

PER_PAGE = 200
MOST_PAGES = 100_000
MOST_ROUNDS = 40
"""How often a list is read anew while its pages contradict each other."""
LONGEST_ID = 200
SAMPLE = 5
"""After so many objects of a kind whose details lacked an attribute, it counts as never returned."""

Row = Mapping[str, JSON]

_POSTMASTER = re.compile(r"P\d{9}")


class Page(NamedTuple):
    """One page of a list: its rows, the number of pages, the number of objects (None: not told)."""

    rows: list[Row]
    pages: int
    total: int | None


class Account:
    """An account, to be read."""

    def __init__(self, reader: Reader, types: Mapping[str, ResourceType]) -> None:
        self.reader = reader
        self.types = types
        self.workers = reader.api.concurrency
        self.never: dict[str, Counter[str]] = defaultdict(Counter)

    def rows(self, path: str, query: Mapping[str, str], id_name: str, pool: ThreadPoolExecutor | None) -> list[Row]:
        """A whole list, from its first page to its last."""
        return self.rows_from(path, query, id_name, pool, self.page(path, query, 1))

    def rows_from(
        self, path: str, query: Mapping[str, str], id_name: str, pool: ThreadPoolExecutor | None, first: Page
    ) -> list[Row]:
        """A whole list whose first page is there, read until it holds as many different objects as the API counts."""
        run = pool.map if pool else map
        found: dict[str, Row] = {}
        page = first
        for _ in range(MOST_ROUNDS):
            if page.total is not None and len(found) > page.total:
                found = {}
            found.update((str(row.get(id_name)), row) for row in page.rows)
            for other in run(lambda number: self.page(path, query, number), range(2, page.pages + 1)):
                found.update((str(row.get(id_name)), row) for row in other.rows)
                page = other
            if page.total is None or len(found) == page.total:
                return list(found.values())
            page = self.page(path, query, 1)
        raise ApiError(f"the pages of {path} contradict each other: {len(found)} objects of {page.total} were found")

    def page(self, path: str, query: Mapping[str, str], number: int) -> Page:
        """One page of a list."""
        try:
            answer = self.reader.get(path, {**query, "page": number, "per": PER_PAGE})
        except Refused as refused:
            if refused.status == 404:
                return Page([], 1, None)  # some lists answer 404 when they are empty
            raise ApiError(f"GET {path}: {refused}") from None
        pagination = (answer.data or {}).get("pagination")
        pagination = pagination if isinstance(pagination, dict) else {}
        pages = _number(pagination.get("total_pages")) or 1
        if pages > MOST_PAGES:
            raise ApiError(f"GET {path}: the API speaks of {pages} pages, which cannot be")
        return Page(answer.resources, pages, _number(pagination.get("total_records")))

    def detail(self, type_: ResourceType, parent_id: str, live: Live) -> Row | None:
        """One object with all its attributes, None where it is gone."""
        call = type_.read
        path = item_path(call, parent_id, live.remote_id)
        try:
            if call.keyed:
                rows = self.reader.look_up(path, {type_.key: live.address.key}).resources
            else:
                rows = self.reader.get(path).resources
        except Refused as refused:
            if refused.status == 404:
                return None
            raise
        row = rows[0] if rows else None
        return _without(row, type_.secret_answers) if row is not None else None

    def detailed(self, type_: ResourceType, parent_id: str, live: Live) -> Live | None:
        """A live object with what its list left out, None where it is gone."""
        row = self.detail(type_, parent_id, live)
        if row is None:
            return None
        found = self.live(type_, {**live.row, **row}, type_.parent_of(live.address.key), detailed=True)
        return found._replace(address=live.address) if found is not None else None

    def lacking(self, type_: ResourceType, live: Live, names: Iterable[str]) -> list[str]:
        """The attributes that a row does not carry."""
        row, by_name = live.row, type_.by_name
        return [
            name
            for name in names
            if (by_name[name].row_name if name in by_name else name.removeprefix(EXTRA)) not in row
        ]

    def worth_asking(self, type_: ResourceType, missing: Sized[str]) -> bool:
        """Whether an object's details may hold an attribute that its list left out."""
        return any(self.never[type_.kind][name] < SAMPLE for name in missing)

    def ask(self, type_: ResourceType, parent_id: str, live: Live, missing: Iterable[str]) -> Live | None:
        """A live object with its details, and what that teaches of the attributes that its list left out."""
        found = self.detailed(type_, parent_id, live)
        if found is not None:
            never = self.never[type_.kind]
            for name in missing:
                never[name] = 0 if row_name(type_, name) in found.row else never[name] + 1
        return found

    def observe(
        self,
        type_: ResourceType,
        parent: Address | None,
        parent_id: str,
        wanted: Mapping[Address, tuple[str, Sized[str]]],
        pages: int,
    ) -> dict[Address, Live]:
        """Read again some objects of one collection: by list, or one by one where that takes fewer requests.

        ``wanted`` gives the code ("" where it is not known) and the attributes to know of each.
        """
        key = parent.key if parent else ""
        found: dict[Address, Live] = {}
        if len(wanted) <= pages and all(code for code, _ in wanted.values()):
            for address, (code, _) in wanted.items():
                live = self.detailed(type_, parent_id, Live(address, code, {}))
                if live is not None:
                    found[address] = live
            return found
        path = type_.collection.format(parent=quote(parent_id, safe=""))
        by_code = {code: address for address, (code, _) in wanted.items() if code}
        for row in self.rows(path, type_.list_query, type_.id, None):
            live = self.live(type_, row, key)
            if live is None:
                continue
            address = by_code.get(live.remote_id) or live.address
            if address in wanted and (type_.unique or live.remote_id in by_code):
                found[address] = live._replace(address=address)
        for address, live in list(found.items()):
            missing = self.lacking(type_, live, wanted[address][1])
            detailed = self.ask(type_, parent_id, live, missing) if self.worth_asking(type_, missing) else None
            found[address] = detailed or live
        return found

    def live(self, type_: ResourceType, row: Row, parent: str, *, detailed: bool = False) -> Live | None:
        """A row as a live object; None for a postmaster. Delivery accounts get their final key later."""
        name = row.get(type_.key)
        if name is None and type_.parent:
            name = str(row.get("email_address", "")).rpartition("@")[0]
        remote_id, text = code_of(row.get(type_.id)), _word(name).lower()
        if not remote_id or name is None or (type_.unique and not text):
            raise ApiError(f"a {type_.title} came without a usable {type_.id} or {type_.key}")
        if type_.parent:
            text = text.partition("@")[0]
            if text == type_.reserved or (type_.reserved and _POSTMASTER.fullmatch(remote_id)):
                return None
        else:
            text = type_.comparable(text)
        status = status_of(type_, row)
        detail = str(row.get(DETAIL) or "ok").lower()
        leaving = detail in ("deleting", "deleted") or status == "deleted" or bool(row.get("delete_on"))
        address = Address(type_.kind, type_.address_key(text, parent))
        return Live(address, remote_id, _without(row, type_.secret_answers), status, detail, leaving, detailed)


def belongs(type_: ResourceType, row: Row, customer: str) -> bool | None:
    """Whether an object is this customer's ("": whoever the token is for), None where its row does not tell."""
    if not customer or type_.parent:
        return True
    if not type_.owned:
        return str(row.get("customer_id")) == customer or None  # an id: it need not be the code
    owner = row.get("customer_code")
    return None if owner is None else str(owner) == customer


def row_name(type_: ResourceType, name: str) -> str:
    """The name that an attribute or ``extra.name`` has in answers."""
    one = type_.by_name.get(name)
    return one.row_name if one else name.removeprefix(EXTRA)


def item_path(call: Call, parent_id: str, remote_id: str) -> str:
    """A call's path with its codes; whatever they hold, they stay one step of the path."""
    return call.path.format(parent=quote(parent_id, safe=""), id=quote(remote_id, safe=""))


def code_of(value: JSON) -> str:
    """A code or id from the API; "" for what can be none."""
    code = _word(value)
    return code if code.isprintable() and len(code) <= LONGEST_ID else ""


def _word(value: JSON) -> str:
    return str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _number(value: JSON) -> int | None:
    """A number from the API; what is none, or too long for one, counts as not told."""
    return int(value) if isinstance(value, (int, str)) and re.fullmatch("[0-9]{1,18}", str(value)) else None


def _without(row: Row, names: Iterable[str]) -> Row:
    return {name: value for name, value in row.items() if name not in names} if names else row


def status_of(type_: ResourceType, row: Row) -> str:
    """``enabled``, ``disabled``, or the server's own word; "" where the answer says nothing."""
    if type_.disabled and type_.disabled[0] != "status":
        name, off = type_.disabled
        value = type_.by_name[name].type.decode(row[name]) if name in row else MISSING
        return "" if value is MISSING else "disabled" if value == off else "enabled"
    raw = row.get("status")
    if raw is None:
        return ""
    shown = row.get("display_status")
    if not isinstance(raw, str) or raw.isdigit():
        raw = shown if isinstance(shown, str) and shown else raw
    one = type_.by_name.get("status")
    return str(one.type.decode(raw)) if one else str(raw).lower()
