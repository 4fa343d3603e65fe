"""From a query to the live state: which lists and objects are read, and which live object is which."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection as Sized
from collections.abc import Iterable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial

from qboxctl.api.listing import Page, Row, number_in
from qboxctl.api.reader import ACCOUNT, MOST_LOOKS, SAMPLE, Account, Home, belongs
from qboxctl.config.configuration import ignored
from qboxctl.errors import AuthError, ConfigError, Diagnostic
from qboxctl.live.counts import counts_of, unseen, unsure
from qboxctl.live.holding import code_of_holder, recognise, with_holdings
from qboxctl.live.matching import Listed, match, match_rest, pinned, refuse_twins, strangers
from qboxctl.live.query import Query
from qboxctl.model import MISSING, Address, Collection, Count, Live, LiveState, Others, Value
from qboxctl.schema.decoding import Codes, value_of
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType

MOST_SEARCHES = 8
"""Up to so many objects of a list are searched for; for more of them the whole list is read."""


def read_live_state(account: Account, query: Query) -> LiveState:
    """Read what is wanted; raises AuthError, ConfigError (accounts that cannot be told apart), ApiError."""
    pool = ThreadPoolExecutor(account.workers)
    try:
        return _Refresh(account, query, pool).run()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after a failure nobody waits for what is still read


class _Refresh:
    """One reading of the account."""

    def __init__(self, account: Account, query: Query, pool: ThreadPoolExecutor) -> None:
        self.account, self.query, self.pool = account, query, pool
        self.types = account.types
        self.customer = query.configuration.settings.customer_code
        self.found: dict[Address, Live] = {}
        self.complete: set[Collection] = set()
        self.totals: dict[Collection, int] = {}
        self.shown: dict[Collection, tuple[int, bool]] = {}
        self.doomed: set[Address] = set()
        self.unmatched: list[Listed] = []
        self.requests: Counter[str] = Counter()
        self.unread: dict[str, str] = {}
        self.sure: set[str] = set()

    def run(self) -> LiveState:
        """Lists of the account first, then what is inside the objects, then details."""
        for level in self.types.levels:
            outer = {type_.parent for type_ in level}
            parents = {one: live for one, live in self.found.items() if one.kind in outer}
            opened = {home for home in self.query.opened(parents) if self.types.children(home.kind)}
            inside = (one for home in opened for one in self.types.inside(home))
            kinds = {type_.kind for type_ in level}
            every = {*self.query.collections, *inside, *self.query.also(parents)}
            wanted = {one for one in every if one.kind in kinds}
            self.doomed |= opened if self.query.removing else set()
            self.read([one for one in wanted if not self.searched(one)])
        self.read({self.types.collection(keeper) for keeper, _ in self.keepers()} - self.complete)
        self.detail()
        self.stand_in()
        self.found.update(with_holdings(self.types, self.found))
        codes = self.called()
        others, done = others_of(self.types, self.found.values(), codes), frozenset(self.complete)
        unseen = self.unseen()
        return LiveState(self.found, done, self.totals, codes, unseen, self.requests, others, self.unread)

    def is_invisible(self, address: Address) -> bool:
        """Whether a list of what is beside it shows nothing of an object, since it is ignored."""
        beside = address.kind in self.types.named_beside
        return beside and ignored(self.query.configuration, self.types, address) and address not in self.named

    @cached_property
    def named(self) -> frozenset[Address]:
        """What the lists of declarations name of what is beside them."""
        objects, naming = self.query.configuration.objects, self.types.naming_beside
        return frozenset(
            target
            for address, desired in objects.items()
            for one in self.types[address.kind].fields
            if address.kind in naming and one.linked and one.name in desired.values
            for target in self.types.referred(address, one.refers, desired.values[one.name])
        )

    def home(self, collection: Collection) -> Home | None:
        """What a collection is in, None where that is not there."""
        parent = self.types.home(collection)
        if parent is None:
            return ACCOUNT
        live = self.found.get(parent)
        if live is None or live.leaving:
            return None
        above = self.home(self.types.collection(parent))
        return above.inside(live) if above is not None else None

    def codes(self, live: Live) -> dict[str, str]:
        """The codes of what an object lives in, by kind."""
        return {one.kind: self.found[one].remote_id for one in self.types.ancestors(live.address)}

    def called(self) -> dict[str, dict[str, str]]:
        """What is called by which code, of the kinds to which those that are declared or live refer.

        What is declared and not there yet counts as well, under what can be no code: it may share its name.
        """
        present = {address.kind for address in (*self.found, *self.query.configuration.objects)}
        linked = {kind for each in present for one in self.types[each].fields for kind in one.linked}
        codes: dict[str, dict[str, str]] = {kind: {} for kind in linked}
        for address, live in self.found.items():
            if address.kind in linked and not live.leaving and not self.is_invisible(address):
                codes[address.kind][live.remote_id] = self.types.called(address)
        for address, desired in self.query.configuration.objects.items() if linked else ():
            if address.kind in linked and not desired.absent and not self.is_there(address):
                codes[address.kind][str(address)] = self.types.called(address)
        return codes

    def is_there(self, address: Address) -> bool:
        """Whether an object was found, and is not being deleted."""
        return address in self.found and not self.found[address].leaving

    def read(self, collections: Iterable[Collection]) -> None:
        """Read collections: all first pages together, then the other pages of each together.

        Rows are understood while other pages are still under way.
        """
        jobs, blocks = [], []
        for collection in sorted(collections):
            type_, home = self.types[collection.kind], self.home(collection)
            if home is None:
                self.complete.add(collection)  # there is no such parent, so there is nothing in it
            elif type_.identity.alone:
                blocks.append((collection, type_, home))
            elif self.counts_none(collection, type_, home):
                self.keep(collection, type_, ())
            else:
                jobs.append((collection, type_, type_.calls.collection.path_for(home.codes)))
        self.count(type_ for _, type_, _ in jobs)
        begun = self.pool.map(lambda job: self.begin(job[1], job[2]), jobs)
        rows = self.pool.map(lambda job: self.account.block(job[1], job[2]), blocks)
        for (collection, type_, _), own in zip(blocks, rows, strict=True):
            self.keep(collection, type_, own)
        for (collection, type_, _), pages in zip(jobs, begun, strict=True):
            if self.rather_single(collection, type_, pages[0].pages):
                self.totals[collection] = pages[0].total or 0
                self.single(type_, pages[0])
            elif type_.calls.collection.optional and pages[0].missing:
                self.pinned(collection, type_)
                if self.query.lenient:
                    self.unread[type_.kind] = f"this API has no such call: GET {type_.calls.collection.path}"
            else:
                self.keep(collection, type_, self.whole(collection, pages))
        self.match()

    def counts_none(self, collection: Collection, type_: ResourceType, home: Home) -> bool:
        """Whether a list need not be read: no file names anything in it, and the object that it is in counts none."""
        counted = type_.calls.counted and home.live and not self.query.configuration.managed.get(collection)
        if not counted or home.live is None:
            return False
        return number_in(home.live.row, self.types[type_.parent].counters[type_.kind]) == 0

    def count(self, types: Iterable[ResourceType]) -> None:
        """Count requests for what has a list in each single object."""
        self.requests.update(type_.kind for type_ in types if type_.goes_along)

    def begin(self, type_: ResourceType, path: str) -> Sequence[Page]:
        """The first pages of a list; none of one that cannot be read, where the query can do without it.

        What holds others is known by these, where the API has no such list.
        """
        try:
            pages = self.account.begin(type_, path)
        except AuthError as error:
            if error.status != 403 or not type_.calls.collection.closed or not self.dispensable(type_):
                raise
            self.unread[type_.kind] = str(error.hint)
            self.sure.add(type_.kind)
            return [Page((), 0, None, str(error))]
        if pages[0].missing and type_.holding:
            self.unread[type_.kind] = f"this API has no such call: GET {path}"
            self.sure |= {type_.kind} if pages[0].missing.startswith("405") else set()
        return pages

    def dispensable(self, type_: ResourceType) -> bool:
        """Whether the query can do without the list of a kind that the token may not read."""
        return self.query.lenient and type_.kind not in self.query.named

    def stand_in(self) -> None:
        """Find what no list shows by what it holds: also a list that is only empty may answer 404."""
        objects = self.query.configuration.objects
        for kind in [kind for kind in self.unread if self.types[kind].holding]:
            type_ = self.types[kind]
            declared = [one for one in objects.values() if one.address.kind == kind]
            held = [live for live in self.found.values() for one in type_.holding if live.address.kind in one.linked]
            holders = (one.holder for one in type_.holding if one.holder)
            self.sure |= {kind} if any(code_of_holder(one, live) for one in holders for live in held) else set()
            named = {each for one in declared for each in self.types.named(one)}
            known = {live.address for live in held if live.address in objects or live.address in named}
            found, doubtful = recognise(type_, declared, held, known, sure=kind in self.sure)
            if kind not in self.sure and not found:
                self.account.silent.add(kind)  # it is only empty, as far as can be seen
                del self.unread[kind]
                if self.query.lenient:
                    self.unread[kind] = "its list answers 404: there are none, or this API has no such call"
            self.found.update(found)
            if doubtful:
                position = self.query.configuration.position
                raise ConfigError(
                    Diagnostic("Q042", message, position(one.where), str(one.address), hint)
                    for one, message, hint in doubtful
                )
        self.account.unread |= self.unread.keys()

    def whole(self, collection: Collection, begun: Sequence[Page] = ()) -> Sequence[Row]:
        """A list to its end."""
        home = self.home(collection)
        return self.account.rows(self.types[collection.kind], home, self.pool, begun) if home is not None else ()

    def searched(self, collection: Collection) -> bool:
        """Whether all that is wanted of a collection was found by searching: then nobody reads the whole list.

        What a search misses may be there all the same, so one miss is enough to read the list.
        """
        type_ = self.types[collection.kind]
        if not type_.calls.search or collection not in self.query.partly:
            return False
        keys = {address.key for address in self.query.fields if address.kind == type_.kind}
        keys |= {one.parent for one in self.query.collections if self.types[one.kind].parent == type_.kind}
        if not 0 < len(keys) <= MOST_SEARCHES:
            return False
        path, search = type_.calls.collection.path, type_.calls.search
        pages = self.pool.map(lambda key: self.account.page(type_, path, 1, {search: key}), keys)
        rows = [self.account.live(type_, row, "") for page in pages for row in page.rows]
        lives = self.with_owner(type_, [live for live in rows if live is not None])
        found = {live.address: live for live in lives if self.is_owned(type_, live)}
        wanted = {Address(type_.kind, key) for key in keys}
        if any(address not in found or found[address].leaving for address in wanted):
            return False
        self.found.update((address, found[address]) for address in wanted)
        return True

    def rather_single(self, collection: Collection, type_: ResourceType, pages: int) -> bool:
        """Whether it is cheaper to ask for each wanted object than to read every page."""
        if not type_.calls.one_by_one or type_.kind in self.query.whole or collection.parent:
            return False
        return pages - 1 > sum(1 for address in self.query.fields if address.kind == type_.kind)

    def single(self, type_: ResourceType, first: Page) -> None:
        """Read the wanted objects of a kind one by one; what the first page of their list shows is there."""
        shown = {live.address: live for row in first.rows if (live := self.account.live(type_, row, "")) is not None}
        wanted = [address for address in self.query.fields if address.kind == type_.kind]
        stubs = [Live(address, "", {}) for address in wanted]
        rows = self.pool.map(lambda stub: self.account.detail(type_, {}, stub), stubs)
        for address, row in zip(wanted, rows, strict=True):
            live = self.account.live(type_, row, "", detailed=True) if row is not None else shown.get(address)
            if live is not None:
                self.found[live.address] = live

    def keep(self, collection: Collection, type_: ResourceType, rows: Sequence[Row]) -> None:
        """Take the rows of a collection that was read to its end."""
        lives = self.with_owner(type_, self.lives(collection, type_, rows))
        if not type_.identity.coded:
            refuse_twins(Listed(collection, type_, lives), self.query.configuration, self.types)
        if type_.identity.unique:
            for live in lives:
                other = self.found.get(live.address)
                if self.is_owned(type_, live) and (other is None or other.leaving):
                    self.found[live.address] = live
        else:
            mine = [live for live in lives if belongs(type_, live.row, self.customer) is not False]
            self.unmatched.append(Listed(collection, type_, mine))

    def lives(self, collection: Collection, type_: ResourceType, rows: Sequence[Row]) -> list[Live]:
        """The objects that a whole list shows, the one that is in every parent by itself aside."""
        self.complete.add(collection)
        lives = [live for row in rows if (live := self.account.live(type_, row, collection.parent)) is not None]
        if type_.parent:
            self.shown[collection] = (len(lives), len(rows) > len(lives))
        return lives

    def with_owner(self, type_: ResourceType, lives: list[Live]) -> list[Live]:
        """The same objects, those that are asked about with details where their rows do not tell whose they are."""
        if not (self.customer and type_.owned):
            return lives
        known = [live for live in lives if belongs(type_, live.row, self.customer) is not None]
        wanted = [live for live in lives if not type_.identity.unique or self.is_wanted(live.address)]
        unsure = [live for live in wanted if belongs(type_, live.row, self.customer) is None]
        asked = self.asked(type_, [(live, ["customer_code"]) for live in unsure])
        return [*known, *(live for live in asked if live is not None)]

    def is_wanted(self, address: Address) -> bool:
        """Whether a file declares the object, or something of it is wanted: it may have left the files."""
        query = self.query
        return address in query.configuration.objects or address in query.fields or query.entire(address)

    def is_owned(self, type_: ResourceType, live: Live) -> bool:
        """Whether an object is of the customer that the settings name (admin tokens see all of them).

        Where its row does not tell, it is one that a file declares.
        """
        known = belongs(type_, live.row, self.customer)
        return live.address in self.query.configuration.objects if known is None else known

    def match(self) -> None:
        """Give objects without a unique key the key of the declaration that means them, by id, text or details."""
        configuration = self.query.configuration
        matched = [match(one, configuration) for one in self.unmatched]
        self.unmatched.clear()
        unsure = [(live, [one.listed.type.identity.otherwise]) for one in matched for live in one.rest if one.look]
        known: dict[tuple[Collection, str], Live | None] = {}
        for type_ in {one.listed.type for one in matched if one.look}:
            some = [one for one in unsure if one[0].address.kind == type_.kind]
            jobs = [(self.codes(live), live, missing) for live, missing in some]
            self.count(type_ for _ in jobs)
            details = self.pool.map(partial(self.told, type_), *zip(*jobs, strict=True)) if jobs else ()
            known |= {
                (self.collection(live), live.remote_id): one for (live, _), one in zip(some, details, strict=True)
            }
        for one in matched:
            place = one.listed.collection
            rest = [told for live in one.rest if (told := known.get((place, live.remote_id), live)) is not None]
            found = match_rest(one, rest, configuration) if one.look else one.found
            self.found.update((address, live._replace(address=address)) for address, live in found.items())
            taken = {live.remote_id for live in found.values()}
            for live in strangers(one.listed, taken, configuration, self.types, self.customer, self.doomed):
                self.found[live.address] = live

    def told(self, type_: ResourceType, codes: Mapping[str, str], live: Live, names: list[str]) -> Live | None:
        """An object with attributes that its list may leave out, None where it is gone."""
        missing = self.account.lacking(type_, live, names)
        return self.account.ask(type_, codes, live, missing) if missing else live

    def pinned(self, collection: Collection, type_: ResourceType) -> None:
        """Take the objects of a collection that the API cannot list by the ids that the files state."""
        objects, home = self.query.configuration.objects, self.home(collection)
        for live in pinned(collection, type_, self.query.configuration):
            codes = home.inside(live).codes if home is not None else {}
            if not objects[live.address].absent or self.account.holds(type_, codes):
                self.found[live.address] = live

    def detail(self) -> None:
        """Ask for single objects where the list lacks a wanted attribute."""
        lacking: dict[str, list[tuple[Live, list[str]]]] = defaultdict(list)
        entire = {
            address: _comparable(self.types[address.kind]) for address in self.found if self.query.entire(address)
        }
        wanted = {**self.query.fields, **entire}
        for address, name in (*self.among(wanted), *self.held(wanted)):
            wanted[address] = [*wanted.get(address, ()), name]
        for address in self.doomed & self.found.keys():
            wanted[address] = [*wanted.get(address, ()), *self.types[address.kind].counters.values()]
        for keeper, name in self.keepers():
            wanted[keeper] = dict.fromkeys((*wanted.get(keeper, ()), name))
        for address, names in wanted.items():
            live = self.found.get(address)
            if live is not None and not live.detailed:
                missing = self.account.lacking(self.types[address.kind], live, names)
                if missing:
                    lacking[address.kind].append((live, missing))
        for kind, some in lacking.items():
            type_ = self.types[kind]
            self.detail_some(type_, some[:SAMPLE])
            self.detail_some(type_, [one for one in some[SAMPLE:] if self.account.worth_asking(type_, one[1])])

    def keepers(self) -> set[tuple[Address, str]]:
        """The blocks that may keep something of what may be deleted, since that goes too, each with its list's name."""
        doomed = self.doomed & self.found.keys()
        return {(keeper, one.name) for address in doomed for keeper, one in self.types.keepers(address)}

    def among(self, wanted: Mapping[Address, Sized[str]]) -> list[tuple[Address, str]]:
        """The attributes of other objects that tell what those that are wanted mean."""
        names = {(kind, one.name) for kind, type_ in self.types.items() for one in type_.among}
        kinds = {kind for kind, _ in names}
        some = ((address.kind, known) for address, known in wanted.items() if address.kind in kinds)
        asked = {(kind, name) for kind, known in some for name in known} & names
        return [(address, name) for kind, name in sorted(asked) for address in self.found if address.kind == kind]

    def held(self, wanted: Mapping[Address, Sized[str]]) -> list[tuple[Address, str]]:
        """The attributes of objects that tell what holds them, where that is asked for."""
        holding = {kind: type_.holding for kind, type_ in self.types.items() if type_.holding}
        names = {
            (kind, name)
            for address, some in wanted.items()
            for one in holding.get(address.kind, ())
            if one.holder and (one.name in some or address.kind in self.unread)
            for kind in one.linked
            for name in ((one.holder.code, one.holder.name) if self.unread else (one.holder.code,))
        }
        kinds = {kind for kind, _ in names}
        lives = [address for address in self.found if address.kind in kinds]
        return [(address, name) for kind, name in sorted(names) for address in lives if address.kind == kind]

    def detail_some(self, type_: ResourceType, wanted: list[tuple[Live, list[str]]]) -> None:
        """Read the details of some objects of a kind."""
        wanted = [(live, missing) for live, missing in wanted if live.address in self.found]
        for (live, _), detailed in zip(wanted, self.asked(type_, wanted), strict=True):
            if detailed is None:
                self.drop(live.address)
            else:
                self.found[live.address] = detailed

    def drop(self, address: Address) -> None:
        """Forget an object that has gone meanwhile, and all that was read of what is in it."""
        del self.found[address]
        if self.types.children(address.kind):
            for inner in [one for one in self.found if address in self.types.ancestors(one)]:
                del self.found[inner]

    def asked(self, type_: ResourceType, wanted: Sequence[tuple[Live, list[str]]]) -> list[Live | None]:
        """Objects with their details, None for those that are gone: their list does not show them any more either.

        One whose details answer 404, though it is in its list, stays as the list shows it.
        """
        jobs = [(self.codes(live), live, missing) for live, missing in wanted]
        self.count(type_ for _ in jobs)
        found = list(self.pool.map(lambda job: self.account.ask(type_, *job), jobs))
        missed = {self.collection(live) for (live, _), one in zip(wanted, found, strict=True) if one is None}
        listed = {(one, self.account.code(type_, row)) for one in missed for row in self.whole(one)}
        return [
            one or (live if (self.collection(live), live.remote_id) in listed else None)
            for (live, _), one in zip(wanted, found, strict=True)
        ]

    def collection(self, live: Live) -> Collection:
        """The list that an object is in."""
        return self.types.collection(live.address)

    # What lists do not show.

    def unseen(self) -> dict[Address, tuple[Count, ...]]:
        """What may be deleted and counts more than its lists show, also when it is looked at again, and again.

        Counters may lag behind; they are waited for.
        """
        doomed = {
            address
            for address in self.doomed & self.found.keys()
            if self.types[address.kind].counters and not self.found[address].leaving
        }
        for attempt in range(1, MOST_LOOKS + 1):
            found = self.beyond(doomed)
            if not found or attempt == MOST_LOOKS:
                break
            self.account.reader.wait(self.account.reader.backoff(attempt))
            doomed = found.keys() & self.found.keys()
            for address in doomed:
                self.look_again(address)
        return found

    def beyond(self, doomed: Set[Address]) -> dict[Address, tuple[Count, ...]]:
        """What counts more than its lists show, among what may be deleted."""
        if not doomed:
            return {}
        parents = {address: live for address, live in self.found.items() if self.types[address.kind].counters}
        counts = {address: counts_of(self.types, live, self.shown_in(address)) for address, live in parents.items()}
        others = [address for address in parents if address not in doomed and not parents[address].leaving]
        if unsure(self.types, map(counts.__getitem__, doomed), map(counts.__getitem__, others)):
            counts.update((address, self.counts_anew(parents[address])) for address in others[:SAMPLE])
        found = {
            address: unseen(self.types, counts[address], (one for key, one in counts.items() if key != address))
            for address in doomed
        }
        return {address: some for address, some in found.items() if some}

    def counts_anew(self, live: Live) -> dict[str, Count]:
        """What an object counts, by its details and its lists, which nobody else has asked for."""
        row = self.account.detail(self.types[live.address.kind], self.codes(live), live)
        shown = {}
        for child in self.types.children(live.address.kind):
            rows = self.account.rows(child, Home(live, self.codes(live)).inside(live), self.pool)
            number = sum(1 for one in rows if self.account.live(child, one, live.address.key) is not None)
            shown[child.kind] = (number, len(rows) > number)
        return counts_of(self.types, live._replace(row=row or {}), shown)

    def shown_in(self, home: Address) -> dict[str, tuple[int, bool]]:
        """What the lists that were read show of the objects in one."""
        return {one.kind: self.shown[one] for one in self.types.inside(home) if one in self.shown}

    def look_again(self, address: Address) -> None:
        """Read an object and its lists once more."""
        live = self.found[address]
        self.found[address] = self.account.detailed(self.types[address.kind], self.codes(live), live) or live
        for collection in self.types.inside(address):
            child = self.types[collection.kind]
            now = {live.address: live for live in self.lives(collection, child, self.whole(collection))}
            for other in [one for one, live in self.found.items() if self.collection(live) == collection]:
                if other not in now:
                    del self.found[other]
            self.found.update((one, live) for one, live in now.items() if one not in self.found)


def others_of(types: Kinds, lives: Iterable[Live], codes: Codes) -> Others:
    """The values of live objects that tell what attributes of others mean; see LiveState."""
    telling = {kind: type_.among for kind, type_ in types.items() if type_.among}
    found: dict[tuple[str, str], list[Value]] = defaultdict(list)
    for live in lives:
        for one in telling.get(live.address.kind, ()):
            value = value_of(types[live.address.kind], one, live, codes)
            if value is not MISSING:
                found[live.address.kind, one.name].append(value)
    return found


def _comparable(type_: ResourceType) -> list[str]:
    """The attributes that an answer may carry and a file may state."""
    return [one.name for one in type_.fields if one.compared]
