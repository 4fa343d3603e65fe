"""From what is wanted to a ``Snapshot``: which lists and objects are read, and which live object is which."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Set
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from qboxctl import labels
from qboxctl.definition import ResourceType
from qboxctl.errors import ConfigError, Diagnostic
from qboxctl.guards import ignored, labelled
from qboxctl.model import Address, Collection, Live, Snapshot
from qboxctl.names import folded
from qboxctl.remote import SAMPLE, Account, Row, belongs
from qboxctl.want import Want

MOST_SEARCHES = 8
"""Up to so many objects of a list are searched for; for more of them the whole list is read."""
LONGEST_LABEL = 200
"""A description that is longer, or cannot be printed, is no name for people: the id stands for the account."""


def survey(account: Account, want: Want) -> Snapshot:
    """Read what is wanted; raises AuthError, ConfigError (accounts that cannot be told apart), ApiError."""
    pool = ThreadPoolExecutor(account.workers)
    try:
        return _Survey(account, want, pool).run()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after a failure nobody waits for what is still read


class _Survey:
    """One reading of the account."""

    def __init__(self, account: Account, want: Want, pool: ThreadPoolExecutor) -> None:
        self.account, self.want, self.pool = account, want, pool
        self.types = account.types
        self.customer = want.wish.settings.customer_code
        self.found: dict[Address, Live] = {}
        self.complete: set[Collection] = set()
        self.totals: dict[Collection, int] = {}

    def run(self) -> Snapshot:
        """Lists of the account first, then what is inside the objects, then details."""
        self.read([one for one in self.want.collections if not one.parent and not self.searched(one)])
        inside = {one for one in self.want.collections if one.parent}
        for key in self.want.opened(self.found):
            inside |= {Collection(type_.kind, key) for type_ in self.types.values() if type_.parent}
        self.read(list(inside))
        self.detail()
        codes = {
            kind: {live.remote_id: live.address.key for live in self.found.values() if live.address.kind == kind}
            for kind in {one.linked for type_ in self.types.values() for one in type_.fields if one.linked}
        }
        return Snapshot(self.found, frozenset(self.complete), self.totals, codes)

    def parent_id(self, type_: ResourceType, parent: str) -> str:
        """The code of the object that a collection is in, "" where it is not there."""
        live = self.found.get(Address(type_.parent, parent))
        return "" if live is None or live.leaving else live.remote_id

    def read(self, collections: list[Collection]) -> None:
        """Read collections: all first pages together, then the other pages of each together.

        Rows are understood while other pages are still under way.
        """
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
        for (collection, type_, path), first in zip(jobs, firsts, strict=True):
            if self.rather_single(collection, type_, first.pages):
                self.totals[collection] = first.total or 0
                self.single(type_)
            else:
                rows = self.account.rows_from(path, query[type_.kind], type_.id, self.pool, first)
                self.keep(collection, type_, rows)

    def searched(self, collection: Collection) -> bool:
        """Whether all that is wanted of a collection was found by searching: then nobody reads the whole list.

        What a search misses may be there all the same, so one miss is enough to read the list.
        """
        type_ = self.types[collection.kind]
        if not type_.search or collection not in self.want.partly:
            return False
        keys = {address.key for address in self.want.fields if address.kind == type_.kind}
        keys |= {one.parent for one in self.want.collections if self.types[one.kind].parent == type_.kind}
        if not 0 < len(keys) <= MOST_SEARCHES:
            return False
        query = dict(type_.list_query)
        pages = self.pool.map(lambda key: self.account.page(type_.collection, {**query, type_.search: key}, 1), keys)
        rows = [self.account.live(type_, row, "") for page in pages for row in page.rows]
        lives = self.told(type_, [live for live in rows if live is not None])
        found = {live.address: live for live in lives if self.ours(type_, live)}
        wanted = {Address(type_.kind, key) for key in keys}
        if any(address not in found or found[address].leaving for address in wanted):
            return False
        self.found.update((address, found[address]) for address in wanted)
        return True

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
        lives = [live for row in rows if (live := self.account.live(type_, row, collection.parent)) is not None]
        lives = self.told(type_, lives)
        if type_.unique:
            for live in lives:
                other = self.found.get(live.address)
                if self.ours(type_, live) and (other is None or other.leaving):
                    self.found[live.address] = live
        else:
            self.match(type_, [live for live in lives if belongs(type_, live.row, self.customer) is not False])

    def told(self, type_: ResourceType, lives: list[Live]) -> list[Live]:
        """The same objects, those that a file may mean with details where their rows do not tell whose they are."""
        if not (self.customer and type_.owned):
            return lives
        known = [live for live in lives if belongs(type_, live.row, self.customer) is not None]
        meant = [live for live in lives if not type_.unique or self.meant(live.address)]
        unsure = [live for live in meant if belongs(type_, live.row, self.customer) is None]
        asked = self.pool.map(lambda live: self.account.ask(type_, "", live, ["customer_code"]), unsure)
        return [*known, *(live for live in asked if live is not None)]

    def meant(self, address: Address) -> bool:
        """Whether a file declares the object, or all of it is wanted."""
        return address in self.want.wish.objects or self.want.entire(address)

    def ours(self, type_: ResourceType, live: Live) -> bool:
        """Whether an object is of the customer that the settings name (admin tokens see all of them).

        Where its row does not tell, it is one that a file declares.
        """
        known = belongs(type_, live.row, self.customer)
        return live.address in self.want.wish.objects if known is None else known

    def match(self, type_: ResourceType, lives: list[Live]) -> None:
        """Give objects without a unique key the key of the declaration that means them, by id or description."""
        declared = [one for one in self.want.wish.objects.values() if one.address.kind == type_.kind]
        found, wrong = labels.match(declared, lives, type_.key, type_.title)
        if wrong:
            position = self.want.wish.position
            raise ConfigError(
                Diagnostic("Q042", message, position(one.where), str(one.address), hint) for one, message, hint in wrong
            )
        self.found.update((address, live._replace(address=address)) for address, live in found.items())
        taken = {live.remote_id for live in found.values()}
        self.strangers(type_, lives, taken)

    def strangers(self, type_: ResourceType, lives: list[Live], taken: Set[str]) -> None:
        """Key the objects that no file declares by their description where that is unique, else by their id."""
        numbers = Counter(folded(labels.text_of(live, type_.key)) for live in lives)
        for live in lives:
            if live.remote_id in taken:
                continue
            text = labels.text_of(live, type_.key)
            address = labelled(type_, live)
            label = address.key
            fit = 0 < len(label) <= LONGEST_LABEL and label.isprintable() and type_.comparable(label) == label
            if ignored(self.want.wish, self.types, address) or belongs(type_, live.row, self.customer) is None:
                continue
            if not fit or label.startswith("#") or numbers[folded(text)] != 1 or address in self.want.wish.objects:
                address = Address(type_.kind, f"#{live.remote_id}")
            self.found[address] = live._replace(address=address)

    def detail(self) -> None:
        """Ask for single objects where the list lacks a wanted attribute."""
        lacking: dict[str, list[tuple[Live, list[str]]]] = defaultdict(list)
        entire = {address: _comparable(self.types[address.kind]) for address in self.found if self.want.entire(address)}
        for address, names in {**self.want.fields, **entire}.items():
            live = self.found.get(address)
            if live is not None and not live.detailed:
                missing = self.account.lacking(self.types[address.kind], live, names)
                if missing:
                    lacking[address.kind].append((live, missing))
        for kind, wanted in lacking.items():
            type_ = self.types[kind]
            self.detail_some(type_, wanted[:SAMPLE])
            self.detail_some(type_, [one for one in wanted[SAMPLE:] if self.account.worth_asking(type_, one[1])])

    def detail_some(self, type_: ResourceType, wanted: list[tuple[Live, list[str]]]) -> None:
        """Read the details of some objects of a kind."""
        jobs = [(self.parent_id(type_, type_.parent_of(live.address.key)), live, missing) for live, missing in wanted]
        found = self.pool.map(lambda job: self.account.ask(type_, *job), jobs)
        for (live, _), detailed in zip(wanted, found, strict=True):
            if detailed is None:
                del self.found[live.address]
            else:
                self.found[live.address] = detailed


def _comparable(type_: ResourceType) -> list[str]:
    """The attributes that an answer may carry and a file may state."""
    return [one.name for one in type_.fields if one.compared]
