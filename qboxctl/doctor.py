"""A look at an account without changing it: reach, permissions, clock, and what the answers really carry.

It reads one page of each list and one object of each kind. Values of attributes are never part of what it tells,
but for the states of Delivery objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum

from qboxctl.api.listing import Row
from qboxctl.api.reader import Account, list_path
from qboxctl.config.configuration import Configuration
from qboxctl.errors import ApiError, AuthError, Refused
from qboxctl.model import JSON, Live
from qboxctl.schema.resource import Certainty, Field, ResourceType

MOST_SKEW = 60
"""Seconds that the clocks of server and machine may differ before it is worth a word."""
_DOMAINS_TRIED = 3
"""In so many domains a mailbox and an alias are looked for."""


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what it is about, how it ended, in words."""

    topic: str
    verdict: Verdict
    text: str


class Seen(StrEnum):
    """Where an attribute was found."""

    LIST = "list"
    DETAILS = "details"
    NEVER = "never"
    UNTRIED = "untried"
    """There is no object of this kind to look at."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A modelled attribute, by its name in answers, and where an answer carried it."""

    kind: str
    name: str
    certainty: Certainty
    seen: Seen


@dataclass(slots=True)
class Report:
    """What was found; ``unknown`` are names in the answers that no definition has, by kind."""

    findings: list[Finding] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    unknown: dict[str, list[str]] = field(default_factory=dict)

    def add(self, topic: str, verdict: Verdict, text: str) -> None:
        """Note a check."""
        self.findings.append(Finding(topic, verdict, text))

    @property
    def failed(self) -> bool:
        """Whether something must be mended before qboxctl can work."""
        return any(one.verdict is Verdict.FAILED for one in self.findings)


def examine(account: Account, configuration: Configuration, now: float) -> Report:
    """Look at the account; ``now`` is this machine's time in seconds since 1970.

    Raises AuthError where the token is refused (not where it only may not read something), ApiError where
    nothing answers.
    """
    return _Doctor(account, configuration, now).run()


class _Doctor:
    """One examination."""

    def __init__(self, account: Account, configuration: Configuration, now: float) -> None:
        self.account, self.types, self.configuration, self.now = account, account.types, configuration, now
        self.report = Report()
        self.rows: dict[str, Sequence[Row]] = {}

    def run(self) -> Report:
        """Lists of the account, then what is inside a domain, then what the rows tell."""
        self.clock()
        for type_ in self.types.values():
            if not type_.parent:
                self.list(type_, type_.collection)
        for type_ in self.types.values():
            if type_.parent:
                self.inside(type_)
        for type_ in self.types.values():
            self.attributes(type_)
        self.customers()
        self.delivery()
        return self.report

    def clock(self) -> None:
        """The first request: it must be answered, and its answer's date be near to ours."""
        first = next(iter(self.types.values()))
        try:
            answer = self.account.reader.get(first.collection, {**first.list_query, "page": 1, "per": 1})
        except AuthError as error:
            if error.status != 403:
                raise
            self.report.add("token", Verdict.OK, "the API knows it")
            return
        except Refused as refused:
            if refused.status != 404:
                raise
            return
        _ = answer.resources  # what answers without a list is not this API, whatever it says of the token
        self.report.add("token", Verdict.OK, "the API accepts it")
        try:
            skew = parsedate_to_datetime(answer.date).timestamp() - self.now
        except ValueError:
            self.report.add("clock", Verdict.WARNING, "the server does not tell its time")
            return
        late = abs(skew) > MOST_SKEW
        text = f"this machine is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} the server"
        self.report.add("clock", Verdict.WARNING if late else Verdict.OK, text if late else "agrees with the server's")

    def list(self, type_: ResourceType, path: str, parent: Live | None = None) -> Sequence[Row]:
        """The first page of a list, and what that tells of permissions; ``parent`` is what it is in."""
        try:
            page = self.account.page(type_, path, 1)
        except AuthError as error:
            if error.status != 403:
                raise
            self.report.add(type_.kind, Verdict.FAILED, "the token may not list these")
            return ()
        except ApiError as error:
            self.report.add(type_.kind, Verdict.FAILED, str(error))
            return ()
        if page.missing:
            there = self.account.counted(type_, parent) if parent else 0
            text = f"its list answers {page.missing}: none are there, or none that the token may see"
            text = f"its list answers {page.missing}, and {parent.address} counts {there}" if there and parent else text
            self.report.add(type_.kind, Verdict.FAILED if there else Verdict.WARNING, text)
            self.rows[type_.kind] = ()
            return ()
        total = len(page.rows) if page.total is None else page.total
        where = "" if not type_.parent else " in the domain looked at"
        self.report.add(type_.kind, Verdict.OK, f"can be listed: {total} there{where}")
        self.rows[type_.kind] = page.rows
        return page.rows

    def inside(self, type_: ResourceType) -> None:
        """The list of a kind that lives in another, in the first parent that has some."""
        parent = self.types[type_.parent]
        lives = [live for row in self.rows.get(parent.kind, ()) if (live := self.live(parent, row, "")) is not None]
        for live in lives[:_DOMAINS_TRIED]:
            kept = len(self.report.findings)
            listed = self.list(type_, list_path(type_, live.remote_id), live)
            rows = [row for row in listed if self.live(type_, row, live.address.key) is not None]
            self.rows[type_.kind] = [{**row, _PARENT: live.remote_id} for row in rows]
            failed = any(one.verdict is Verdict.FAILED for one in self.report.findings[kept:])
            if rows or failed or live is lives[:_DOMAINS_TRIED][-1]:
                return
            del self.report.findings[kept:]
        self.report.add(type_.kind, Verdict.WARNING, f"there is no {parent.title} to look into")

    def live(self, type_: ResourceType, row: Row, parent: str) -> Live | None:
        """A row as the engine would read it, None where it is nothing to manage."""
        try:
            return self.account.live(type_, row, parent)
        except ApiError:
            return None

    def attributes(self, type_: ResourceType) -> None:
        """Which modelled attributes the answers carry, and which others."""
        rows = self.rows.get(type_.kind, ())
        listed = {name for row in rows for name in row}
        detailed = self.details(type_, rows) if rows else set()
        for one in type_.fields:
            if one.compared:
                seen = _seen(one, listed, detailed) if rows else Seen.UNTRIED
                self.report.attributes.append(Attribute(type_.kind, one.row_name, one.certainty, seen))
        unknown = (listed | detailed) - type_.wire_names - {_PARENT}
        if unknown:
            self.report.unknown[type_.kind] = sorted(unknown)

    def details(self, type_: ResourceType, rows: Sequence[Row]) -> set[str]:
        """The attributes of one object, asked for by itself."""
        row = rows[0]
        live = self.live(type_, row, "")
        if live is None:
            return set()
        try:
            found = self.account.detail(type_, str(row.get(_PARENT, "")), live)
        except (Refused, AuthError) as error:
            text = f"this API has no such call, or the token may not use it: {type_.read.path} ({error})"
            self.report.add(type_.kind, Verdict.WARNING, text)
            return set()
        return set(found or ())

    def customers(self) -> None:
        """Whether the token sees more than one customer's objects."""
        codes = {
            str(row["customer_code"])
            for kind, rows in self.rows.items()
            if self.types[kind].owned
            for row in rows
            if row.get("customer_code")
        }
        mine = self.configuration.settings.customer_code
        if mine and codes and mine not in codes:
            self.report.add("customer", Verdict.WARNING, f"nothing on the first pages belongs to {mine}")
        elif len(codes) > 1 and not mine:
            text = f"the token sees {len(codes)} customers: say which one with settings.customer_code"
            self.report.add("customer", Verdict.WARNING, text)
        elif codes:
            self.report.add("customer", Verdict.OK, mine or next(iter(codes)))

    def delivery(self) -> None:
        """What each Delivery account still lacks before the Send API can be used [delivery.md, 9 and 10]."""
        domains = {str(row.get("code")): row for row in self.rows.get("delivery_domain", ())}
        domains |= {str(row.get("name")): row for row in self.rows.get("delivery_domain", ())}
        for row in self.rows.get("delivery_account", ()):
            type_ = self.types["delivery_account"]
            live = self.live(type_, row, "")
            if live is None or live.leaving:
                continue
            lacks = list(_lacks(type_, live, domains))
            name = str(row.get("description") or f"id {live.remote_id}")[:100]
            if lacks:
                self.report.add("sending", Verdict.WARNING, f"{name} cannot send yet: {'; '.join(lacks)}")
            else:
                self.report.add("sending", Verdict.OK, f"{name} is ready; its Send API token is made in the panel")


_PARENT = "\0parent"
"""Under this name a row keeps its parent's code; no answer can have it."""


def _seen(one: Field, listed: Iterable[str], detailed: Iterable[str]) -> Seen:
    return Seen.LIST if one.row_name in listed else Seen.DETAILS if one.row_name in detailed else Seen.NEVER


def _lacks(type_: ResourceType, live: Live, domains: Mapping[str, Row]) -> Iterable[str]:
    """What stands between an account and its first message."""
    if live.status != "enabled":
        yield f"its status is {live.status or 'not told'}"
    linked = type_.by_name["domains"]
    codes = linked.type.decode(live.row.get(linked.row_name))
    if not isinstance(codes, tuple) or not codes:
        yield "no Delivery domain is linked to it"
        return
    for code in codes:
        row = domains.get(code)
        if row is None:
            yield f"{code}: its Delivery domain was not among those looked at"
        else:
            yield from (f"{row.get('name', code)} {what}" for what in _unready(row))


def _unready(row: Row) -> Iterable[str]:
    """What a Delivery domain lacks; of the states only two are known, others are told as they are."""
    verified, approved = _word(row.get("dns_verification_status")), _word(row.get("approval_status"))
    if verified == "not_verified":
        yield "is not verified: publish what `qboxctl dns` shows, then verify it in the panel"
    elif verified and verified != "verified":
        yield f"has the verification status {verified}"
    if approved == "need_approval":
        yield "needs Qboxmail's approval"
    elif approved and approved != "approved":
        yield f"has the approval status {approved}"


def _word(value: JSON) -> str:
    return value.strip().lower()[:40] if isinstance(value, str) else ""
