"""Any kind of resource, listed and read: rows of the API become ``Live`` objects."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection as Sized
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from qboxctl.api.client import Reader
from qboxctl.api.listing import MOST_ALIKE, MOST_READINGS, Page, Readings, Row, number_in
from qboxctl.errors import ApiError, Refused
from qboxctl.model import JSON, MISSING, Address, Live
from qboxctl.schema.decoding import DETAIL, EXTRA
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import Call, Joined, ResourceType

PER_PAGE = 200
MOST_PAGES = 100_000
MOST_LOOKS = 4
"""How often a list that answers 404 is asked for, before that is taken for an answer where there must be something."""
SAMPLE = 5
"""After so many objects of a kind whose details lacked an attribute, it counts as never returned."""

_POSTMASTER = re.compile(r"P\d{9}")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
"""What a code or id may look like: no path, and no step out of one."""
_IN_PART = (
    "either it changes faster than it is read, or the token does not see all of it: try again when nobody else "
    "writes to the account, and if that does not help, compare with the panel"
)

_ALL: Mapping[str, str] = {}


class Account:
    """An account, to be read.

    By the path of each list, ``shown`` is what it held when it was last read, ``deleted`` what was deleted since.
    """

    def __init__(self, reader: Reader, types: Kinds) -> None:
        self.reader = reader
        self.types = types
        self.workers = reader.api.concurrency
        self.never: dict[str, Counter[str]] = defaultdict(Counter)
        self.shown: dict[str, Sequence[Row]] = {}
        self.deleted: dict[str, set[str]] = defaultdict(set)

    def rows(
        self,
        type_: ResourceType,
        parent: Live | None = None,
        pool: ThreadPoolExecutor | None = None,
        first: Page | None = None,
    ) -> Sequence[Row]:
        """A whole list, by the threads of a pool where there is one; ``parent`` is what it is in.

        ``first`` is its first page, where that was read already.
        """
        path = list_path(type_, parent.remote_id if parent else "")
        page = first or self.page(type_, path, 1)
        if page.missing:
            page = self.believed(type_, path, page, parent)
            if page.missing:
                return ()
        run = pool.map if pool else map
        readings = Readings(type_.id)
        while readings.number < MOST_READINGS and readings.alike < MOST_ALIKE:
            others = run(lambda number: self.page(type_, path, number), range(2, page.pages + 1))
            rows = readings.take([page, *others])
            if rows is not None:
                self.shown[path] = rows
                return rows
            if readings.alike:
                self.reader.wait(self.reader.backoff(readings.alike))
            page = self.page(type_, path, 1)
        told = f"its pages contradict each other: {readings.why}"
        raise ApiError(told, hint=_IN_PART, request=f"GET {path}")

    def believed(self, type_: ResourceType, path: str, page: Page, parent: Live | None) -> Page:
        """The first page of a list that answered 404, as soon as nothing contradicts it.

        "Not there or not visible" means "none" only where neither what the list is in counts any, nor the list itself
        showed some that have not been deleted since.
        """
        for attempt in range(1, MOST_LOOKS + 1):
            there = max(self.counted(type_, parent, again=attempt > 1) if parent else 0, self.left(type_, path))
            if not there:
                return page
            self.reader.wait(self.reader.backoff(attempt))
            page = self.page(type_, path, 1)
            if not page.missing:
                return page
        told = f"it answers {page.missing}, and must hold {there} {'object' if there == 1 else 'objects'}"
        raise ApiError(told, hint=_IN_PART, request=f"GET {path}")

    def left(self, type_: ResourceType, path: str) -> int:
        """How many objects a list showed when it was last read, without those that were leaving or deleted since."""
        lives = (self.live(type_, row, "") for row in self.shown.get(path, ()))
        return sum(1 for one in lives if one and not one.leaving and one.remote_id not in self.deleted[path])

    def forget(self, type_: ResourceType, parent_id: str, remote_id: str) -> None:
        """Note that an object was deleted: its list may be empty now."""
        self.deleted[list_path(type_, parent_id)].add(remote_id)

    def counted(self, type_: ResourceType, parent: Live, *, again: bool = False) -> int:
        """How many objects of a kind a parent counts, by its row or, asked anew or for the first time, its details.

        The one that is in every parent by itself may be among them, so it is taken off.
        """
        kind = self.types[type_.parent]
        row = self.detail(kind, "", parent) if again or not parent.row else parent.row
        if row is None:
            request = f"GET {list_path(type_, parent.remote_id)}"
            raise ApiError(f"neither it nor {parent.address} is there", hint=_IN_PART, request=request)
        return max(0, (number_in(row, kind.counters.get(type_.kind, "")) or 0) - bool(type_.reserved))

    def page(self, type_: ResourceType, path: str, number: int, query: Mapping[str, str] = _ALL) -> Page:
        """One page of a list; ``query`` says what to look for in it."""
        try:
            answer = self.reader.get(path, {**type_.list_query, **query, "page": number, "per": PER_PAGE})
            rows = answer.resources
        except Refused as refused:
            if refused.status != 404:
                raise
            return Page((), 0, None, f"{refused.status} {refused.message}")
        pagination = (answer.data or {}).get("pagination")
        pagination = pagination if isinstance(pagination, dict) else {}
        pages = number_in(pagination, "total_pages") or 0
        if pages > MOST_PAGES:
            raise ApiError(f"the API speaks of {pages} pages, which cannot be", request=answer.request)
        return Page(rows, pages, number_in(pagination, "total_records"))

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
        found = self.live(type_, {**live.row, **row}, self.types.split(live.address)[0], detailed=True)
        return found._replace(address=live.address) if found is not None else None

    def lacking(self, type_: ResourceType, live: Live, names: Iterable[str]) -> list[str]:
        """The attributes that a row does not carry."""
        return [name for name in names if row_name(type_, name) not in live.row]

    def worth_asking(self, type_: ResourceType, missing: Sized[str]) -> bool:
        """Whether an object's details may hold an attribute that its list left out."""
        return any(self.never[type_.kind][name] < SAMPLE for name in missing)

    def ask(self, type_: ResourceType, parent_id: str, live: Live, missing: Iterable[str]) -> Live | None:
        """A live object with its details, and what that teaches of the attributes that its list left out."""
        found = self.detailed(type_, parent_id, live)
        never = self.never[type_.kind]
        for name in missing:
            never[name] = 0 if found is not None and row_name(type_, name) in found.row else never[name] + 1
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
        by_code = {code: address for address, (code, _) in wanted.items() if code}
        for row in self.rows(type_, Live(parent, parent_id, {}) if parent else None):
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
        by_address = bool(type_.parent) and type_.joined is Joined.AT
        if name is None and by_address:
            name = str(row.get("email_address", "")).rpartition("@")[0]
        remote_id, text = code_of(row.get(type_.id)), _word(name).lower()
        if not remote_id or name is None or (type_.unique and not text):
            raise ApiError(f"a {type_.title} came without a usable {type_.id} or {type_.key}")
        if by_address:
            text = text.partition("@")[0]
            if text == type_.reserved or (type_.reserved and _POSTMASTER.fullmatch(remote_id)):
                return None
        else:
            text = type_.comparable(text)
        status = status_of(type_, row)
        detail = str(row.get(DETAIL) or "ok").lower()
        leaving = detail in ("deleting", "deleted") or status == "deleted" or bool(row.get("delete_on"))
        address = Address(type_.kind, self.types.key(type_.kind, text, parent))
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


def list_path(type_: ResourceType, parent_id: str) -> str:
    """Where the list of a kind is read, by the code of the object that it is in."""
    return type_.collection.format(parent=quote(parent_id, safe=""))


def item_path(call: Call, parent_id: str, remote_id: str) -> str:
    """A call's path with its codes; whatever they hold, they stay one step of the path."""
    return call.path.format(parent=quote(parent_id, safe=""), id=quote(remote_id, safe=""))


def code_of(value: JSON) -> str:
    """A code or id from the API; "" for what can be none."""
    code = _word(value)
    return code if _PLAIN.fullmatch(code) else ""


def _word(value: JSON) -> str:
    return str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


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
