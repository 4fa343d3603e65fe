"""Any kind of resource, listed and read: rows of the API become ``Live`` objects."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Collection as Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import unquote

from qboxctl.api.client import Reader
from qboxctl.api.listing import MOST_ALIKE, MOST_READINGS, Page, Readings, Row, number_in, untold
from qboxctl.api.registers import registered
from qboxctl.api.responses import Answer
from qboxctl.errors import ApiError, AuthError, NoSuchCall, Refused
from qboxctl.model import JSON, Address, Live
from qboxctl.schema.calls import OWN, Call, Certainty
from qboxctl.schema.decoding import EXTRA
from qboxctl.schema.field import Field
from qboxctl.schema.identity import Joined
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType

PER_PAGE = 200
MOST_PAGES = 100_000
UNPLACED = (400, 404, 422)
"""What is answered to a path that names no object in the form that the server wants."""
MOST_LOOKS = 4
"""How often a list that answers 404 is asked for, before that is taken for an answer where there must be something."""
SAMPLE = 5
"""After so many objects of a kind whose details lacked an attribute, it counts as never returned."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
"""What a code or id may look like: no path, and no step out of one."""
_IN_PART = (
    "either it changes faster than it is read, or the token does not see all of it: try again when nobody else "
    "writes to the account, and if that does not help, compare with the panel"
)

_ALL: Mapping[str, str] = {}


class Home(NamedTuple):
    """What a collection is in: the object (None for the account itself), and the codes that lead there, by kind."""

    live: Live | None = None
    codes: Mapping[str, str] = _ALL

    def inside(self, live: Live) -> Home:
        """The home of what is in an object that lives here."""
        return Home(live, {**self.codes, live.address.kind: live.remote_id})


ACCOUNT = Home()


class Account:
    """An account, to be read.

    By the path of each list, ``shown`` is what it held when it was last read, ``deleted`` what was deleted since.
    The lists of the kinds in ``unread`` cannot be read; those of the ``silent`` ones answer 404, and may be empty.
    ``unheard`` are deletions that were answered 404 or 405: what is still there then needs a call that is missing.
    """

    def __init__(self, reader: Reader, types: Kinds) -> None:
        self.reader = reader
        self.types = types
        self.workers = reader.api.concurrency
        self.never: dict[str, Counter[str]] = defaultdict(Counter)
        self.shown: dict[str, Sequence[Row]] = {}
        self.deleted: dict[str, set[str]] = defaultdict(set)
        self.unread: set[str] = set()
        self.silent: set[str] = set()
        self.unheard: set[str] = set()

    def rows(
        self,
        type_: ResourceType,
        home: Home = ACCOUNT,
        pool: ThreadPoolExecutor | None = None,
        begun: Sequence[Page] = (),
    ) -> Sequence[Row]:
        """A whole list, by the threads of a pool where there is one; ``begun`` are its first pages, if these were read.

        Raises ApiError where its pages contradict each other.
        """
        path = type_.calls.collection.path_for(home.codes)
        if type_.identity.alone:
            return self.block(type_, home)
        if type_.kind in self.unread:
            return ()
        pages = begun or self.begin(type_, path)
        if pages[0].missing:
            pages = self.believed(type_, path, pages, home)
            if pages[0].missing:
                return ()
        if not type_.calls.collection.paged:
            self.shown[path] = pages[0].rows
            return pages[0].rows

        def emptied(seen: Sequence[Row]) -> bool:
            there = self.staying(type_, path, seen) or self.left(type_, path)
            return not (there or self.counted(type_, home, again=True))

        run = pool.map if pool else map
        return self._settled(type_.calls.collection, path, pages, run, type_.identity.id, emptied)

    def _settled(
        self,
        call: Call,
        path: str,
        pages: Sequence[Page],
        run: Callable[..., Iterable[Page]],
        id_name: str,
        emptied: Callable[[Sequence[Row]], bool] = lambda _seen: False,
    ) -> Sequence[Row]:
        """A list by its first pages and all others, once they agree.

        ``emptied`` is whether all that was seen may be gone, so that an answer of 404 is believed.
        """
        readings = Readings(id_name)
        while readings.number < MOST_READINGS and readings.alike < MOST_ALIKE:
            others: Sequence[Page] = [
                *run(lambda number: self._page(call, path, number), range(len(pages) + 1, pages[0].pages + 1))
            ]
            rows = readings.take([*pages, *others])
            if rows is not None:
                self.shown[path] = rows
                return rows
            if readings.alike:
                self.reader.wait(self.reader.backoff(readings.alike))
            seen = [row for page in [*pages, *others] for row in page.rows]
            pages = self._begin(call, path, id_name, self._page(call, path, 1))
            if pages[0].missing and emptied(seen):
                self.shown[path] = ()
                return ()
        told = f"its pages contradict each other: {readings.why}"
        raise ApiError(told, hint=_IN_PART, request=f"GET {path}")

    def begin(self, type_: ResourceType, path: str) -> Sequence[Page]:
        """The first page of a list; with all others where it does not tell how many there are."""
        return self._begin(type_.calls.collection, path, type_.identity.id, self.page(type_, path, 1))

    def _begin(self, call: Call, path: str, id_name: str, first: Page) -> Sequence[Page]:
        if not call.paged or first.told:
            return [first]
        return list(untold(first, lambda number: self._page(call, path, number), id_name, path))

    def side_list(self, call: Call, path: str, id_names: Sequence[str]) -> Sequence[Row] | None:
        """A list that is no kind's own, None where the API shows none there."""
        try:
            first = self._page(call, path, 1)
        except Refused as refused:
            if refused.status != 405:
                raise
            return None
        if first.missing:
            return None
        id_name = next((name for name in id_names if first.rows and name in first.rows[0]), id_names[0])
        return self._settled(call, path, self._begin(call, path, id_name, first), map, id_name)

    def beside(self, type_: ResourceType, home: Home) -> Sequence[Row]:
        """The rows of a kind in some home as they were read last, or now where they were not."""
        path = type_.calls.collection.path_for(home.codes)
        return self.shown[path] if path in self.shown else self.rows(type_, home)

    def block(self, type_: ResourceType, home: Home) -> Sequence[Row]:
        """The row of a kind that is alone in its parent: the parent's own, asked for where that does not tell."""
        row = home.live.row if home.live else {}
        if type_.lifecycle.row_name not in row:
            found = self.detail(type_, home.codes, Live(Address(type_.kind, ""), "", {}))
            return [found] if found is not None else ()
        return [row]

    def believed(self, type_: ResourceType, path: str, pages: Sequence[Page], home: Home) -> Sequence[Page]:
        """The pages of a list that answered 404, as soon as nothing contradicts it.

        "Not there or not visible" means "none" only where neither what the list is in counts any, nor the list itself
        showed some that have not been deleted since.
        """
        for attempt in range(1, MOST_LOOKS + 1):
            there = max(self.counted(type_, home, again=attempt > 1), self.left(type_, path))
            if not there:
                return pages
            self.reader.wait(self.reader.backoff(attempt))
            pages = self.begin(type_, path)
            if not pages[0].missing:
                return pages
        told = f"it answers {pages[0].missing}, and must hold {there} {'object' if there == 1 else 'objects'}"
        raise ApiError(told, hint=_IN_PART, request=f"GET {path}")

    def left(self, type_: ResourceType, path: str) -> int:
        """How many objects a list showed when it was last read, without those that were leaving or deleted since."""
        return self.staying(type_, path, self.shown.get(path, ()))

    def staying(self, type_: ResourceType, path: str, rows: Iterable[Row]) -> int:
        """How many rows of a list are of objects that are neither leaving nor deleted by this run."""
        lives = (self.live(type_, row, "") for row in rows)
        return sum(1 for one in lives if one and not one.leaving and one.remote_id not in self.deleted[path])

    def forget(self, type_: ResourceType, codes: Mapping[str, str], remote_id: str) -> None:
        """Note that an object was deleted: its list may be empty now."""
        self.deleted[type_.calls.collection.path_for(codes)].add(remote_id)

    def counted(self, type_: ResourceType, home: Home, *, again: bool = False) -> int:
        """How many objects of a kind a parent counts, by its row or, asked anew or for the first time, its details.

        The one that is in every parent by itself may be among them, so it is taken off. The account counts nothing.
        """
        parent = home.live
        if parent is None:
            return 0
        kind = self.types[type_.parent]
        if type_.kind not in kind.counters:
            return 0
        row = self.detail(kind, home.codes, parent) if again or not parent.row else parent.row
        if row is None:
            request = f"GET {type_.calls.collection.path_for(home.codes)}"
            raise ApiError(f"neither it nor {parent.address} is there", hint=_IN_PART, request=request)
        return max(0, (number_in(row, kind.counters.get(type_.kind, "")) or 0) - bool(type_.identity.reserved))

    def page(self, type_: ResourceType, path: str, number: int, query: Mapping[str, str] = _ALL) -> Page:
        """One page of a list; ``query`` says what to look for in it."""
        call = type_.calls.collection
        by_name = call.certainty is Certainty.ASSUMED and type_.identity.unique  # what is not seen is not made twice
        return self._page(call, path, number, query, optional=call.optional or by_name)

    def _page(
        self, call: Call, path: str, number: int, query: Mapping[str, str] = _ALL, *, optional: bool = False
    ) -> Page:
        paging: Mapping[str, int] = {"page": number, "per": PER_PAGE} if call.paged else {}
        with _explained(call):
            return page_of(self.reader, path, {**call.query, **query, **paging}, optional=optional or call.optional)

    def detail(self, type_: ResourceType, codes: Mapping[str, str], live: Live) -> Row | None:
        """One object with all its attributes, None where it is gone; ``codes`` are those of what it lives in."""
        call = type_.calls.read
        if call is None:
            return self.listed(type_, codes, live)
        path = call.path_for({**codes, OWN: live.remote_id})
        assumed = call.certainty is Certainty.ASSUMED  # then there may be no such call
        try:
            with _explained(call):
                if call.named:
                    rows = self.reader.look_up(path, {type_.identity.key: live.address.key}).resources
                else:
                    rows = self.reader.get(path, assumed=assumed).resources
        except Refused as refused:
            if call.by_place and refused.status in UNPLACED:
                return self.placed(type_, codes, live.remote_id)[1]
            if refused.status == 404 or (refused.status == 405 and assumed):
                return None
            raise
        row = rows[0] if rows else None
        if call.by_place and row is not None and self.code(type_, row) != live.remote_id:
            return self.placed(type_, codes, live.remote_id)[1]
        return _without(row, type_.secret_answers) if row is not None else None

    def listable(self, type_: ResourceType, codes: Mapping[str, str]) -> bool:
        """Whether the API has the list of a kind, in what has these codes."""
        call = type_.calls.collection
        return not (call.optional and self.page(type_, call.path_for(codes), 1).missing)

    def holds(self, type_: ResourceType, codes: Mapping[str, str]) -> bool:
        """Whether something is there that cannot be asked for: the lists in it are, by its code and those above it."""
        inside = (one for one in self.types.children(type_.kind))
        return not all(self.page(one, one.calls.collection.path_for(codes), 1).missing for one in inside)

    def in_path(self, type_: ResourceType, codes: Mapping[str, str], code: str) -> str:
        """What stands for an object in its path, "" where it is gone: its code, or its place in the list."""
        call = type_.calls.read
        if call is not None:
            try:
                found = self.reader.get(call.path_for({**codes, OWN: code})).resources
            except Refused as refused:
                if refused.status not in UNPLACED:
                    raise
            else:
                if found and self.code(type_, found[0]) == code:
                    return code
        place, row = self.placed(type_, codes, code)
        if row is not None and not place:
            request = f"GET {type_.calls.collection.path_for(codes)}"
            raise ApiError(f"it shows {code}, and no path takes its name or its place there", request=request)
        return place

    def placed(self, type_: ResourceType, codes: Mapping[str, str], code: str) -> tuple[str, Row | None]:
        """What stands for an object in a path that takes its place in the list for its code, and its row.

        Nobody knows from where places are counted, so what stands at each is looked at. "" where no path takes it, and
        None where the object is not in its list.
        """
        call = type_.calls.read
        outer = type_.parent
        home = Home(Live(Address(outer, ""), codes[outer], {}), codes) if outer else ACCOUNT
        rows = list(self.rows(type_, home))
        first = next((place for place, row in enumerate(rows) if self.code(type_, row) == code), None)
        if call is None or first is None:
            return "", None
        for place in sorted(range(len(rows) + 1), key=lambda place: (place not in (first, first + 1), place)):
            try:
                found = self.reader.get(call.path_for({**codes, OWN: str(place)})).resources
            except Refused as refused:
                if refused.status not in UNPLACED:
                    raise
                continue
            if found and self.code(type_, found[0]) == code:
                return str(place), found[0]
        return "", rows[first]

    def code(self, type_: ResourceType, row: Row) -> str:
        """The code that a row gives its object, "" for none: one that has none of its own goes by its name."""
        identity = type_.identity
        value = row.get(identity.id)
        if not identity.coded:
            return identity.known(_word(value))
        return code_of(identity.code_in(row) if value is None else value)

    def listed(self, type_: ResourceType, codes: Mapping[str, str], live: Live) -> Row | None:
        """One object as its list shows it, None where it does not."""
        outer = self.types.parent(live.address)
        home = Home(Live(outer, codes[outer.kind], {}), codes) if outer is not None else ACCOUNT
        rows = self.rows(type_, home)
        row = next((row for row in rows if self.code(type_, row) == live.remote_id), None)
        return _without(row, type_.secret_answers) if row is not None else None

    def detailed(self, type_: ResourceType, codes: Mapping[str, str], live: Live) -> Live | None:
        """A live object with what its list left out, None where it is gone."""
        row = self.detail(type_, codes, live)
        if row is None:
            return None
        found = self.live(type_, {**live.row, **row}, self.types.split(live.address)[0], detailed=True)
        return found._replace(address=live.address) if found is not None else None

    def lacking(self, type_: ResourceType, live: Live, names: Iterable[str]) -> list[str]:
        """The attributes that a row does not carry, and should: what an object holds is told by that."""
        elsewhere = {one.name for one in type_.holding}
        return [name for name in names if name and name not in elsewhere and not tells(type_, name, live.row)]

    def worth_asking(self, type_: ResourceType, missing: Sized[str]) -> bool:
        """Whether an object's details may hold an attribute that its list left out."""
        return type_.calls.read is not None and any(self.never[type_.kind][name] < SAMPLE for name in missing)

    def ask(self, type_: ResourceType, codes: Mapping[str, str], live: Live, missing: Sized[str]) -> Live | None:
        """A live object with its details, and what that teaches of the attributes that its list left out."""
        if type_.calls.read is None:
            return live  # its list, which it comes from, shows all that can be known
        elsewhere = [one for name in missing if (one := type_.by_name.get(name)) and one.each and one.each.register]
        inside = len(elsewhere) < len(missing)
        found = self.detailed(type_, codes, live) if inside else live
        if found is not None:
            found = self.enrolled(type_, codes, found, elsewhere)
        never = self.never[type_.kind]
        for name in missing:
            never[name] = 0 if found is not None and tells(type_, name, found.row) else never[name] + 1
        return found

    def enrolled(
        self, type_: ResourceType, codes: Mapping[str, str], live: Live, lists: Iterable[Field], *, anew: bool = False
    ) -> Live:
        """A live object with those of its lists that are told elsewhere; what was read before is read ``anew``."""
        for kind in {kind for one in lists for kind in one.linked} if anew else ():
            self.shown.pop(self.types[kind].calls.collection.path_for(codes), None)
        parent = self.types.parent(live.address)
        home = Home(Live(parent, codes[parent.kind], {}) if parent else None, codes)
        more = [registered(self, one, home, live) for one in lists]
        return live._replace(row={**live.row, **{name: value for one in more for name, value in one.items()}})

    def observe(
        self,
        type_: ResourceType,
        home: Home,
        wanted: Mapping[Address, tuple[str, Sized[str]]],
        pages: int,
    ) -> dict[Address, Live]:
        """Read again some objects of one collection: by list, or one by one where that takes fewer requests.

        ``wanted`` gives the code ("" where it is not known) and the attributes to know of each.
        """
        key = home.live.address.key if home.live else ""
        found: dict[Address, Live] = {}
        if not self.listable(type_, home.codes):
            return {address: Live(address, code, {}) for address, (code, _) in wanted.items() if code}
        read = type_.calls.read
        single = read is not None and not read.by_place and read.certainty is not Certainty.ASSUMED
        if single and len(wanted) <= pages and all(code for code, _ in wanted.values()):
            for address, (code, names) in wanted.items():
                live = self.detailed(type_, home.codes, Live(address, code, {}))
                if live is not None:
                    lists = [one for one in type_.fields if one.name in names and one.each and one.each.register]
                    found[address] = self.enrolled(type_, home.codes, live, lists, anew=True)
            return found
        by_code = {code: address for address, (code, _) in wanted.items() if code}
        for row in self.rows(type_, home):
            live = self.live(type_, row, key)
            if live is None:
                continue
            address = by_code.get(live.remote_id) or live.address
            if address in wanted and (type_.identity.unique or live.remote_id in by_code):
                found[address] = live._replace(address=address)
        for address, live in list(found.items()):
            missing = self.lacking(type_, live, wanted[address][1])
            detailed = self.ask(type_, home.codes, live, missing) if self.worth_asking(type_, missing) else None
            found[address] = detailed or live
        return found

    def live(self, type_: ResourceType, row: Row, parent: str, *, detailed: bool = False) -> Live | None:
        """A row as a live object; None for a postmaster, and a block that is not there. Labels are matched later."""
        name = row.get(type_.identity.key)
        by_address = bool(type_.parent) and type_.identity.joined is Joined.AT
        if name is None and by_address:
            name = str(row.get("email_address", "")).rpartition("@")[0]
        if type_.identity.alone:
            name = parent
        remote_id, text = self.code(type_, row), _word(name)
        if not remote_id or (type_.identity.unique and not text):
            raise ApiError(f"a {type_.title} came without a usable {type_.identity.id} or {type_.identity.key}")
        if by_address:
            text = text.lower().partition("@")[0]
            if type_.identity.reserved and type_.identity.reserved.bears(text, remote_id):
                return None
        else:
            text = type_.identity.comparable(text)
        one = type_.by_name.get(type_.lifecycle.attribute)
        status, detail, leaving = type_.lifecycle.moment(row, one.type.decode if one else None)
        if type_.identity.alone and not type_.lifecycle.shows(status, row):
            return None
        address = Address(type_.kind, self.types.key(type_.kind, text, parent))
        return Live(address, remote_id, _without(row, type_.secret_answers), status, detail, leaving, detailed)


def page_of(
    reader: Reader, path: str, query: Mapping[str, str | int], *, optional: bool = False, any_shape: bool = False
) -> Page:
    """One page of a list at a path, which the API may not have at all where it is ``optional``.

    Its rows are objects, but where they may have ``any_shape``.
    """
    try:
        answer = reader.get(path, query, assumed=optional)
        rows = (answer.in_any_shape() if any_shape else answer).resources
    except Refused as refused:
        no_call = refused.status == 405
        if no_call and not optional:
            raise NoSuchCall(refused) from None
        if not no_call and refused.status != 404:
            raise
        return Page((), 0, None, f"{refused.status} {refused.message}", no_call)
    pagination = (answer.data or {}).get("pagination")
    pagination = pagination if isinstance(pagination, dict) else {}
    pages = number_in(pagination, "total_pages") or 0
    if pages > MOST_PAGES:
        raise ApiError(f"the API speaks of {pages} pages, which cannot be", request=answer.request)
    return Page(rows, pages, number_in(pagination, "total_records"))


@contextmanager
def _explained(call: Call) -> Iterator[None]:
    """Let a 403 say what to do about it, where the kind knows."""
    try:
        yield
    except AuthError as error:
        if error.status != 403 or not call.closed:
            raise
        raise AuthError(str(error), hint=call.closed, status=403) from None


def belongs(type_: ResourceType, row: Row, customer: str) -> bool | None:
    """Whether an object is this customer's ("": the token's own), None where its row does not tell."""
    if not customer or type_.parent:
        return True
    if not type_.owned:
        return str(row.get("customer_id")) == customer or None  # an id: it need not be the code
    owner = row.get("customer_code")
    return None if owner is None else str(owner) == customer


def tells(type_: ResourceType, name: str, row: Row) -> bool:
    """Whether a row has an attribute, or ``extra.name``, by one of its names in answers."""
    one = type_.by_name.get(name)
    if one is None:
        return name.removeprefix(EXTRA) in row
    return one.row_name in row or any(known in row for known in one.read_as)


def new_code(answer: Answer, id_name: str, path: str) -> str:
    """The code of what a request to ``path`` created, in whichever of the three documented places it stands."""
    data = answer.data or {}
    if answer.row.get(id_name) is not None:
        return code_of(answer.row[id_name])
    if data.get("resource_code") is not None:
        return code_of(data["resource_code"])
    code = code_of(unquote(answer.location.rstrip("/").rpartition("/")[2]))
    return "" if code == path.rpartition("/")[2] else code


def code_of(value: JSON) -> str:
    """A code or id from the API; "" for what can be none."""
    code = _word(value)
    return code if _PLAIN.fullmatch(code) else ""


def _word(value: JSON) -> str:
    return str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _without(row: Row, names: Iterable[str]) -> Row:
    return {name: value for name, value in row.items() if name not in names} if names else row
