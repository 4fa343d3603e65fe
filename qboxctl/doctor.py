"""A look at an account without changing it: reach, permissions, clock, and what the answers really carry.

It reads one page of each list and one object of each kind. Values of attributes are never part of what it tells,
but for the states of Delivery objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import NamedTuple

from qboxctl.api.listing import Row
from qboxctl.api.reader import ACCOUNT, Account, Home
from qboxctl.config.configuration import Configuration
from qboxctl.errors import ApiError, AuthError, Refused
from qboxctl.model import Live
from qboxctl.schema.calls import OWN, Call, Certainty
from qboxctl.schema.decoding import CREATED, TOUCHED
from qboxctl.schema.resource import ResourceType

MOST_SKEW = 60
"""Seconds that the clocks of server and machine may differ before it is worth a word."""
_TRIED = 3
"""In so many objects of a kind those are looked for that live inside."""


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


_MANAGEMENT = "your token"
"""What the token of the Management API is called beside the kind of that name."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One check: what it is about, how it ended, in words; ``title`` is what it is about where people read it."""

    topic: str
    verdict: Verdict
    text: str
    title: str


class Seen(StrEnum):
    """Where an attribute was found."""

    LIST = "list"
    DETAILS = "details"
    NEVER = "never"
    UNTRIED = "untried"
    """There is no object of this kind to look at."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute that is modelled or read, by its name in answers, and where an answer carried it."""

    kind: str
    name: str
    certainty: Certainty
    seen: Seen


class Answered(StrEnum):
    """Whether this API has a call."""

    CONFIRMED = "confirmed"
    MISSING = "missing"
    REFUSED = "refused"
    """It answered with an error, which tells nothing of the call itself."""
    UNTRIED = "untried"
    """It writes, or there was nothing to ask it about."""


@dataclass(frozen=True, slots=True)
class Route:
    """A call that no reference shows, and whether the account answered it."""

    kind: str
    call: Call
    answered: Answered


@dataclass(slots=True)
class Report:
    """What was found; ``unknown`` are names in the answers that no definition has, by kind.

    ``ended`` is what ended the examination, where it could not go on: a check that failed tells it too.
    """

    findings: list[Examined] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    ended: AuthError | ApiError | None = None

    def add(self, topic: str, verdict: Verdict, text: str, title: str = "") -> None:
        """Note a check."""
        self.findings.append(Examined(topic, verdict, text, title or topic))

    @property
    def failed(self) -> bool:
        """Whether something must be mended before qboxctl can work."""
        return any(one.verdict is Verdict.FAILED for one in self.findings)


def examine(account: Account, configuration: Configuration, now: float) -> Report:
    """Look at the account; ``now`` is this machine's time in seconds since 1970.

    It ends early where the token is refused (not where it only may not read something), or nothing answers.
    """
    doctor = _Doctor(account, configuration, now)
    try:
        doctor.run()
    except (AuthError, ApiError) as error:
        doctor.report.add("token" if isinstance(error, AuthError) else "reach", Verdict.FAILED, str(error))
        doctor.report.ended = error
    return doctor.report


class _Row(NamedTuple):
    """A row of a list, and what that list is in."""

    content: Row
    home: Home


class _Doctor:
    """One examination."""

    def __init__(self, account: Account, configuration: Configuration, now: float) -> None:
        self.account, self.types, self.configuration, self.now = account, account.types, configuration, now
        self.report = Report()
        self.rows: dict[str, Sequence[_Row]] = {}
        self.answered: dict[tuple[str, str], Answered] = {}

    def run(self) -> None:
        """Lists of the account, then what is inside a domain, then what the rows tell."""
        self.clock()
        for level in self.types.levels:
            for type_ in level:
                if type_.parent:
                    self.inside(type_)
                else:
                    self.list(type_, ACCOUNT)
        for type_ in self.types.values():
            self.attributes(type_)
            self.routes(type_)
        self.customers()
        for type_ in self.types.values():
            self.readiness(type_)

    def clock(self) -> None:
        """The first request: it must be answered, and its answer's date be near to ours."""
        listing = next(iter(self.types.values())).calls.collection
        try:
            answer = self.account.reader.get(listing.path, {**listing.query, "page": 1, "per": 1})
        except AuthError as error:
            if error.status != 403:
                raise
            self.report.add("token", Verdict.OK, "the API knows it", title=_MANAGEMENT)
            return
        except Refused as refused:
            if refused.status != 404:
                raise
            return
        _ = answer.resources  # what answers without a list is not this API, whatever it says of the token
        self.report.add("token", Verdict.OK, "the API accepts it", title=_MANAGEMENT)
        try:
            skew = parsedate_to_datetime(answer.date).timestamp() - self.now
        except ValueError:
            self.report.add("clock", Verdict.WARNING, "the server does not tell its time")
            return
        late = abs(skew) > MOST_SKEW
        text = f"this machine is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} the server"
        self.report.add("clock", Verdict.WARNING if late else Verdict.OK, text if late else "agrees with the server's")

    def list(self, type_: ResourceType, home: Home) -> Sequence[_Row]:
        """The first page of a list, and what that tells of permissions."""
        try:
            if type_.identity.alone:
                self.rows[type_.kind] = [_Row(row, home) for row in self.account.block(type_, home)]
                return self.rows[type_.kind]
            page = self.account.page(type_, type_.calls.collection.path_for(home.codes), 1)
        except AuthError as error:
            if error.status != 403:
                raise
            closed = type_.calls.collection.closed  # then it is so with most tokens
            text = f"the token may not list these{f': {closed}' if closed else ''}"
            self.report.add(type_.kind, Verdict.WARNING if closed else Verdict.FAILED, text)
            self.note(type_.calls.collection, Answered.REFUSED)
            return ()
        except ApiError as error:
            absent = isinstance(error, Refused) and error.status == 405
            assumed = absent and type_.calls.collection.certainty is Certainty.ASSUMED
            text = f"this API has no such call: {error}" if assumed else str(error)
            self.report.add(type_.kind, Verdict.WARNING if assumed else Verdict.FAILED, text)
            self.note(type_.calls.collection, Answered.MISSING if absent else Answered.REFUSED)
            return ()
        if page.missing:
            there = self.account.counted(type_, home)
            text = f"its list answers {page.missing}: none are there, or none that the token may see"
            if page.no_call:
                self.note(type_.calls.collection, Answered.MISSING)
                text = f"this API has no such call: its list answers {page.missing}"
            if there and home.live:
                text = f"its list answers {page.missing}, and {home.live.address} counts {there}"
            self.report.add(type_.kind, Verdict.FAILED if there else Verdict.WARNING, text)
            self.rows[type_.kind] = ()
            return ()
        self.note(type_.calls.collection, Answered.CONFIRMED)
        total = len(page.rows) if page.total is None else page.total
        where = "" if not type_.parent else f" in the {self.types[type_.parent].noun} looked at"
        self.report.add(type_.kind, Verdict.OK, f"can be listed: {total} there{where}")
        self.rows[type_.kind] = [_Row(row, home) for row in page.rows]
        return self.rows[type_.kind]

    def inside(self, type_: ResourceType) -> None:
        """The list of a kind that lives in another, in the first parent that has some."""
        parent = self.types[type_.parent]
        homes = [home for row in self.rows.get(parent.kind, ()) if (home := self.home(parent, row)) is not None]
        for number, home in enumerate(homes[:_TRIED], start=1):
            kept = len(self.report.findings)
            rows = [row for row in self.list(type_, home) if self.live(type_, row) is not None]
            self.rows[type_.kind] = rows
            failed = any(one.verdict is Verdict.FAILED for one in self.report.findings[kept:])
            if rows or failed or number == len(homes[:_TRIED]):
                return
            del self.report.findings[kept:]
        self.report.add(type_.kind, Verdict.WARNING, f"there is no {parent.noun} to look into")

    def home(self, type_: ResourceType, row: _Row) -> Home | None:
        """What is inside an object, None where it is nothing to manage."""
        live = self.live(type_, row)
        return row.home.inside(live) if live is not None else None

    def live(self, type_: ResourceType, row: _Row) -> Live | None:
        """A row as the engine would read it, None where it is nothing to manage."""
        try:
            return self.account.live(type_, row.content, row.home.live.address.key if row.home.live else "")
        except ApiError:
            return None

    def attributes(self, type_: ResourceType) -> None:
        """Which modelled attributes the answers carry, and which others."""
        rows = self.rows.get(type_.kind, ())
        listed = {name for row in rows for name in row.content}
        detailed = {*self.details(type_, rows), *self.side_lists(type_, rows)} if rows else set()
        for one in type_.fields:
            if one.compared and not one.holder:  # what it names tells it
                seen = _seen(one.row_names, listed, detailed) if rows else Seen.UNTRIED
                self.report.attributes.append(Attribute(type_.kind, one.row_name, one.certainty, seen))
        others = self.others(type_)
        for name in sorted(others):
            seen = _seen((name,), listed, detailed) if rows else Seen.UNTRIED
            self.report.attributes.append(Attribute(type_.kind, name, Certainty.DOCUMENTED, seen))
        unknown = (listed | detailed) - type_.wire_names - others - self.looked_at(type_)
        if unknown and not type_.identity.alone:  # a block's rows are those of its parent
            self.report.unknown[type_.kind] = sorted(unknown)

    def others(self, type_: ResourceType) -> set[str]:
        """What answers tell of an object beside its attributes."""
        return {*type_.telling, *(name for one in self.types.holders(type_.kind) for name in (one.code, one.name))}

    def looked_at(self, type_: ResourceType) -> set[str]:
        """What the engine looks at where it is there: what it lacks is no loss, or has another name."""
        blocks = (child.wire_names for child in self.types.children(type_.kind) if child.identity.alone)
        ready = (one.readiness.attributes.get(type_.kind, ()) for one in self.types.values() if one.readiness)
        return {CREATED, TOUCHED}.union(type_.lifecycle.row_names, *blocks, *ready)

    def details(self, type_: ResourceType, rows: Sequence[_Row]) -> set[str]:
        """The attributes of one object, asked for by itself."""
        live = self.live(type_, rows[0])
        call = type_.calls.read
        if live is None or call is None:
            return set()
        with self.heeding(type_, call):
            found = self.account.detail(type_, rows[0].home.codes, live)
            self.note(call, Answered.MISSING if found is None else Answered.CONFIRMED)
            return set(found or ())
        return set()

    def side_lists(self, type_: ResourceType, rows: Sequence[_Row]) -> set[str]:
        """The lists of one object that are told elsewhere."""
        live = self.live(type_, rows[0])
        found: set[str] = set()
        if live is None:
            return found
        for one in type_.fields:
            register, home = one.each.register if one.each else None, rows[0].home
            if register is None:
                continue
            with self.heeding(type_, register.list):
                path = register.list.path_for({**home.codes, OWN: live.remote_id})
                missing = self.account.side_list(register.list, path, register.codes) is None
                self.note(register.list, Answered.MISSING if missing else Answered.CONFIRMED)
                row = self.account.enrolled(type_, home.codes, live, [one]).row
                found |= {one.row_name} & row.keys()
        return found

    @contextmanager
    def heeding(self, type_: ResourceType, call: Call) -> Iterator[None]:
        """Let what a call answers end no more than the look at it; raises AuthError where the token is refused."""
        try:
            yield
        except (ApiError, AuthError) as error:
            if isinstance(error, AuthError) and error.status != 403:
                raise
            missing = isinstance(error, Refused) and error.status == 405
            self.note(call, Answered.MISSING if missing else Answered.REFUSED)
            told = "this API has no such call" if missing else "could not be told"
            self.report.add(type_.kind, Verdict.WARNING, f"{told}: {call.method} {call.path} ({error})")

    def note(self, call: Call, answered: Answered) -> None:
        """Keep whether a call was answered."""
        self.answered[call.method, call.path] = answered

    def routes(self, type_: ResourceType) -> None:
        """Whether the calls are there that no reference shows."""
        for call in type_.every_call:
            if call.certainty is not Certainty.DOCUMENTED:
                answered = self.answered.get((call.method, call.path), Answered.UNTRIED)
                self.report.routes.append(Route(type_.kind, call, answered))

    def customers(self) -> None:
        """Whether the token sees more than one customer's objects."""
        codes = {
            str(row.content["customer_code"])
            for kind, rows in self.rows.items()
            if self.types[kind].owned
            for row in rows
            if row.content.get("customer_code")
        }
        mine = self.configuration.settings.customer_code
        if mine and codes and mine not in codes:
            self.report.add("customer", Verdict.WARNING, f"nothing on the first pages belongs to {mine}")
        elif len(codes) > 1 and not mine:
            text = f"the token sees {len(codes)} customers: say which one with settings.customer_code"
            self.report.add("customer", Verdict.WARNING, text)
        elif codes:
            self.report.add("customer", Verdict.OK, mine or next(iter(codes)))

    def readiness(self, type_: ResourceType) -> None:
        """What objects of a kind still lack before they can be used."""
        if type_.readiness is None:
            return
        tops = {kind: rows for kind, rows in self.rows.items() if not self.types[kind].parent}
        known = {kind: [row.content for row in rows] for kind, rows in tops.items()}
        for row in self.rows.get(type_.kind, ()):
            live = self.live(type_, row)
            if live is None or live.leaving:
                continue
            lacks = [one.message for one in type_.readiness.lacks(live, known) if one.stops]
            name = str(row.content.get(type_.identity.key) or f"{type_.identity.id} {live.remote_id}")[:100]
            verdict = Verdict.WARNING if lacks else Verdict.OK
            told = f"{type_.readiness.unready}: {'; '.join(lacks)}" if lacks else type_.readiness.ready
            self.report.add(type_.readiness.topic, verdict, f"{name} {told}")


def _seen(row_names: Iterable[str], listed: Iterable[str], detailed: Iterable[str]) -> Seen:
    names = {*row_names}
    return Seen.LIST if names.intersection(listed) else Seen.DETAILS if names.intersection(detailed) else Seen.NEVER
