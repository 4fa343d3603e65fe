"""Any kind of resource, listed and read: what is wanted of the account becomes a ``Snapshot``.

Reads by list pages, several at a time, and only the collections that are wanted; single objects only where the
list lacks a wanted attribute, or where a few of very many are wanted.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Collection as Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import quote

from qboxctl.client import Reader
from qboxctl.definition import Call, ResourceType
from qboxctl.diff import EXTRA
from qboxctl.errors import ApiError, ConfigError, Diagnostic, Refused
from qboxctl.load import Wish
from qboxctl.model import JSON, MISSING, Action, Address, Change, Collection, Desired, Live, Snapshot
from qboxctl.plan import Scope

PER_PAGE = 200
MOST_PAGES = 100_000
MOST_ROUNDS = 40
"""How often a list is read anew while its pages contradict each other."""
DETAIL = "status_detail"
"""The attribute of every answer that says whether something is in progress; "ok" where nothing is."""
SAMPLE = 5
"""After so many objects of a kind whose details lacked an attribute, it counts as never returned."""

Row = Mapping[str, JSON]


class Page(NamedTuple):
    """One page of a list: its rows, the number of pages, the number of objects (None: not told)."""

    rows: list[Row]
    pages: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Want:
    """What to know of the account.

    ``fields`` names the attributes of each object that must be known if the API has them. ``whole`` are the
    kinds whose lists must be read to their end. ``doomed`` tells which parents would be deleted, so that
    what is in them is read too.
    """

    wish: Wish
    collections: frozenset[Collection]
    fields: Mapping[Address, Sized[str]]
    whole: frozenset[str] = frozenset()
    doomed: Callable[[Mapping[Address, Live]], Iterable[str]] = field(default=lambda _live: ())


def want_for_plan(scope: Scope) -> Want:
    """What a plan must know: the declared objects' attributes, and who else is in the managed collections."""
    types, wish = scope.types, scope.wish
    since = scope.options.removed_since
    candidates = scope.candidates()
    collections = {_collection(types, address) for address in candidates}
    collections |= {one for one in wish.managed if scope.reaches(one)}
    collections |= {_collection(types, address) for address in since or ()}
    fields = {address: _stated(types[address.kind], one) for address, one in candidates.items()}
    for address, names in fields.items():
        collections |= _referred(types[address.kind], names)
    removing = {kind for kind, todo in wish.settings.on_remove.items() if todo != "keep"}
    return Want(
        wish,
        frozenset(_with_parents(types, collections)),
        {**dict.fromkeys(since or (), ("status",)), **fields},
        whole=frozenset(removing if since is None else ()),
        doomed=lambda live: _doomed(scope, live),
    )


def want_for_changes(changes: Iterable[Change], wish: Wish, types: Mapping[str, ResourceType]) -> Want:
    """What applying must know: the touched objects, and what the guards look at."""
    changes = list(changes)
    collections = {_collection(types, change.address) for change in changes}
    fields = {change.address: [one.name for one in change.fields] for change in changes}
    for address, names in fields.items():
        collections |= _referred(types[address.kind], names)
    for change in changes:
        parent = _parent(types, change.address)
        if change.action is Action.DELETE:
            fields[change.address].append(DETAIL)
        elif change.action is Action.CREATE and parent is not None and DETAIL not in fields.setdefault(parent, []):
            fields[parent].append(DETAIL)
    removed = {change.address.kind for change in changes if change.action.removes}
    collections |= {one for one in wish.managed if one.kind in removed}
    deleted = {change.address for change in changes if change.action is Action.DELETE}
    return Want(
        wish,
        frozenset(_with_parents(types, collections)),
        fields,
        doomed=lambda live: [address.key for address in deleted & live.keys()],
    )


def _collection(types: Mapping[str, ResourceType], address: Address) -> Collection:
    return Collection(address.kind, types[address.kind].parent_of(address.key))


def _parent(types: Mapping[str, ResourceType], address: Address) -> Address | None:
    type_ = types[address.kind]
    return Address(type_.parent, type_.parent_of(address.key)) if type_.parent else None


def _stated(type_: ResourceType, one: Desired) -> list[str]:
    by_name = type_.by_name
    names = [name for name in one.values if by_name[name].compared]
    if one.absent:
        names = [DETAIL] if type_.delete else [type_.disabled[0]] if type_.disabled else []
    return [*names, *(EXTRA + name for name in one.extra)]


def _referred(type_: ResourceType, names: Iterable[str]) -> set[Collection]:
    kinds = {type_.by_name[name].refers for name in names if name in type_.by_name}
    return {Collection(kind) for kind in kinds if kind and kind != "mailbox"}


def _with_parents(types: Mapping[str, ResourceType], collections: Iterable[Collection]) -> set[Collection]:
    found = set(collections)
    return found | {Collection(types[one.kind].parent) for one in found if one.parent}


def _doomed(scope: Scope, live: Mapping[Address, Live]) -> list[str]:
    """The keys of parents that the plan may delete."""
    wish, since = scope.wish, scope.options.removed_since
    parents = {type_.parent for type_ in scope.types.values() if type_.parent}
    found = []
    for address in live:
        if address.kind in parents:
            desired = wish.objects.get(address)
            gone = since is None or address in since
            undeclared = desired is None and gone and wish.settings.on_remove.get(address.kind) == "delete"
            if (desired is not None and desired.absent) or undeclared:
                found.append(address.key)
    return found


class Account:
    """An account, to be read."""

    def __init__(self, reader: Reader, types: Mapping[str, ResourceType]) -> None:
        self.reader = reader
        self.types = types
        self.workers = reader.api.concurrency
        self.never: dict[str, Counter[str]] = defaultdict(Counter)

    def survey(self, want: Want) -> Snapshot:
        """Read what is wanted; raises AuthError, ConfigError (accounts that cannot be told apart), ApiError."""
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                return _Survey(self, want, pool).run()
            except BaseException as error:
                if not isinstance(error, Exception):
                    self.reader.stop.set()  # interrupted: what is in flight shall not be tried again
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def rows(self, path: str, query: Mapping[str, str], id_name: str, pool: ThreadPoolExecutor | None) -> list[Row]:
        """A whole list, from its first page to its last."""
        return self.rest(path, query, id_name, pool, self.page(path, query, 1))

    def rest(
        self, path: str, query: Mapping[str, str], id_name: str, pool: ThreadPoolExecutor | None, first: Page
    ) -> list[Row]:
        """A whole list after its first page, read until it holds as many different objects as the API counts."""
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
        return replace(found, address=live.address) if found is not None else None

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
                found[address] = replace(live, address=address)
        never = self.never[type_.kind]
        for address, live in list(found.items()):
            missing = [name for name in wanted[address][1] if row_name(type_, name) not in live.row]
            if missing and not all(never[name] >= SAMPLE for name in missing):
                detailed = self.detailed(type_, parent_id, live)
                for name in missing:
                    got = detailed is not None and row_name(type_, name) in detailed.row
                    never[name] = 0 if got else never[name] + 1
                if detailed is not None:
                    found[address] = detailed
        return found

    def live(self, type_: ResourceType, row: Row, parent: str, *, detailed: bool = False) -> Live | None:
        """A row as a live object; None for a postmaster. Delivery accounts get their final key later."""
        name = row.get(type_.key)
        if name is None and type_.parent:
            name = str(row.get("email_address", "")).rpartition("@")[0]
        remote_id = row.get(type_.id)
        if remote_id is None or name is None:
            raise ApiError(f"a {type_.title} came without {type_.id} or {type_.key}")
        text = str(name).strip().lower()
        if type_.parent:
            text = text.partition("@")[0]
            if text == type_.reserved or (type_.reserved and re.fullmatch(r"P\d{9}", str(remote_id))):
                return None
        else:
            text = _relaxed(type_, text)
        status = status_of(type_, row)
        detail = str(row.get(DETAIL) or "ok").lower()
        leaving = detail in ("deleting", "deleted") or status == "deleted" or bool(row.get("delete_on"))
        address = Address(type_.kind, type_.address_key(text, parent))
        return Live(address, str(remote_id), _without(row, type_.secret_answers), status, detail, leaving, detailed)


def row_name(type_: ResourceType, name: str) -> str:
    """The name that an attribute or ``extra.name`` has in answers."""
    one = type_.by_name.get(name)
    return one.row_name if one else name.removeprefix(EXTRA)


def item_path(call: Call, parent_id: str, remote_id: str) -> str:
    """A call's path with its codes; whatever they hold, they stay one step of the path."""
    return call.path.format(parent=quote(parent_id, safe=""), id=quote(remote_id, safe=""))


def _number(value: JSON) -> int | None:
    return int(value) if isinstance(value, (int, str)) and str(value).isdigit() else None


def _without(row: Row, names: Iterable[str]) -> Row:
    return {name: value for name, value in row.items() if name not in names} if names else row


def _relaxed(type_: ResourceType, text: str) -> str:
    try:
        return type_.normalise(text)
    except ValueError:
        return text


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


class _Survey:
    """One reading of the account."""

    def __init__(self, account: Account, want: Want, pool: ThreadPoolExecutor) -> None:
        self.account, self.want, self.pool = account, want, pool
        self.types = account.types
        self.found: dict[Address, Live] = {}
        self.complete: set[Collection] = set()
        self.totals: dict[Collection, int] = {}

    def run(self) -> Snapshot:
        """Lists of the account first, then what is inside the objects, then details."""
        self.read([one for one in self.want.collections if not one.parent])
        inside = {one for one in self.want.collections if one.parent}
        for key in self.want.doomed(self.found):
            inside |= {Collection(type_.kind, key) for type_ in self.types.values() if type_.parent}
        self.read(list(inside))
        self.detail()
        codes = {
            kind: {live.remote_id: live.address.key for live in self.found.values() if live.address.kind == kind}
            for kind in {one.refers for type_ in self.types.values() for one in type_.fields if one.refers}
            if kind and kind != "mailbox"
        }
        return Snapshot(self.found, frozenset(self.complete), self.totals, codes)

    def parent_id(self, type_: ResourceType, parent: str) -> str:
        """The code of the object that a collection is in, "" where it is not there."""
        live = self.found.get(Address(type_.parent, parent))
        return "" if live is None or live.leaving else live.remote_id

    def read(self, collections: list[Collection]) -> None:
        """Read collections: all first pages together, then all others together."""
        jobs = []
        for collection in sorted(collections):
            type_ = self.types[collection.kind]
            code = self.parent_id(type_, collection.parent) if type_.parent else ""
            if type_.parent and not code:
                self.complete.add(collection)  # there is no such parent, so there is nothing in it
            else:
                jobs.append((collection, type_, type_.collection.format(parent=quote(code, safe=""))))
        query = {kind: dict(type_.list_query) for kind, type_ in self.types.items()}
        firsts = self.pool.map(lambda job: self.account.page(job[2], query[job[0].kind], 1), jobs)
        for (collection, type_, path), first in zip(jobs, list(firsts), strict=True):
            if self.rather_single(collection, type_, first.pages):
                self.totals[collection] = first.total or 0
                self.single(type_)
            else:
                rows = self.account.rest(path, query[type_.kind], type_.id, self.pool, first)
                self.keep(collection, type_, rows)

    def rather_single(self, collection: Collection, type_: ResourceType, pages: int) -> bool:
        """Whether it is cheaper to ask for each wanted object than to read every page."""
        if not type_.per_object or type_.kind in self.want.whole or collection.parent:
            return False
        return pages - 1 > sum(1 for address in self.want.fields if address.kind == type_.kind)

    def single(self, type_: ResourceType) -> None:
        """Read the wanted objects of a kind one by one."""
        wanted = [address for address in self.want.fields if address.kind == type_.kind]
        stubs = [Live(address, "", {}) for address in wanted]
        for row in self.pool.map(lambda stub: self.account.detail(type_, "", stub), stubs):
            live = self.account.live(type_, row, "", detailed=True) if row is not None else None
            if live is not None:
                self.found[live.address] = live

    def keep(self, collection: Collection, type_: ResourceType, rows: Iterable[Row]) -> None:
        """Take the rows of a collection that was read to its end."""
        self.complete.add(collection)
        lives = [self.account.live(type_, row, collection.parent) for row in rows]
        ours = [live for live in lives if live is not None and self.ours(type_, live)]
        if type_.unique:
            for live in ours:
                other = self.found.get(live.address)
                if other is None or other.leaving:
                    self.found[live.address] = live
        else:
            self.match(type_, ours)

    def ours(self, type_: ResourceType, live: Live) -> bool:
        """Whether an object belongs to the customer that the settings name (admin tokens see all of them)."""
        customer = self.want.wish.settings.customer_code
        if not customer or not type_.owned:
            return True
        owner = live.row.get("customer_code", MISSING)
        if owner is MISSING:
            return live.address in self.want.wish.objects
        return str(owner) == customer

    def match(self, type_: ResourceType, lives: list[Live]) -> None:
        """Give objects without a unique key the key of the declaration that means them, by id or description."""
        declared = [one for one in self.want.wish.objects.values() if one.address.kind == type_.kind]
        by_id = {live.remote_id: live for live in lives}
        pinned = {one.pin for one in declared if one.pin}
        by_label: dict[str, list[Live]] = defaultdict(list)
        for live in lives:
            if live.remote_id not in pinned:
                by_label[str(live.row.get(type_.key, "")).strip().casefold()].append(live)
        wrong, taken = [], set()
        for one in declared:
            same = [by_id[one.pin]] if one.pin in by_id else by_label.get(one.label.strip().casefold(), [])
            same = [live for live in same if not live.leaving] or same[:1]
            if one.pin and one.pin not in by_id:
                wrong.append(self.complaint(one, f"there is no {type_.title} with the id {one.pin}",
                                            "correct the id, or remove it to have the account created"))  # fmt: skip
            elif len(same) > 1:
                ids = ", ".join(sorted(live.remote_id for live in same))
                wrong.append(self.complaint(one, f"{len(same)} live accounts are called {one.label!r}: ids {ids}",
                                            f"say which one is meant, such as id: {same[0].remote_id}"))  # fmt: skip
            elif same:
                self.found[one.address] = replace(same[0], address=one.address)
                taken.add(same[0].remote_id)
        if wrong:
            raise ConfigError(wrong)
        self.strangers(type_, [live for live in lives if live.remote_id not in taken], by_label)

    def strangers(self, type_: ResourceType, lives: list[Live], by_label: Mapping[str, list[Live]]) -> None:
        """Key the objects that no file declares by their description where that is unique, else by their id."""
        for live in lives:
            label = str(live.row.get(type_.key, "")).strip().casefold()
            address = Address(type_.kind, label)
            alone = len(by_label.get(label, ())) == 1 and label and address not in self.want.wish.objects
            address = address if alone else Address(type_.kind, f"#{live.remote_id}")
            self.found[address] = replace(live, address=address)

    def complaint(self, one: Desired, message: str, hint: str) -> Diagnostic:
        """A mistake of the configuration that only the account shows."""
        return Diagnostic("Q042", message, self.want.wish.position(one.where), str(one.address), hint)

    def detail(self) -> None:
        """Ask for single objects where the list lacks a wanted attribute."""
        lacking: dict[str, list[tuple[Live, list[str]]]] = defaultdict(list)
        for address, names in self.want.fields.items():
            live = self.found.get(address)
            if live is not None and not live.detailed:
                missing = [name for name in names if row_name(self.types[address.kind], name) not in live.row]
                if missing:
                    lacking[address.kind].append((live, missing))
        for kind, wanted in lacking.items():
            sample, rest = wanted[:SAMPLE], wanted[SAMPLE:]
            self.detail_some(kind, sample)
            never = self.account.never[kind]
            self.detail_some(kind, [one for one in rest if not all(never[name] >= SAMPLE for name in one[1])])

    def detail_some(self, kind: str, wanted: list[tuple[Live, list[str]]]) -> None:
        """Read the details of some objects of a kind."""
        type_ = self.types[kind]
        jobs = [(live, self.parent_id(type_, type_.parent_of(live.address.key))) for live, _ in wanted]
        never = self.account.never[kind]
        rows = self.pool.map(lambda job: self.account.detailed(type_, job[1], job[0]), jobs)
        for (live, missing), detailed in zip(wanted, rows, strict=True):
            if detailed is None:
                del self.found[live.address]
                continue
            for name in missing:
                never[name] = 0 if row_name(type_, name) in detailed.row else never[name] + 1
            self.found[live.address] = detailed
