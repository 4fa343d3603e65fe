"""The Send API, which has tokens and answers of its own, and the log of what was sent through it.

Nothing leaves: each message is delivered as soon as it is looked at often enough. One to ``bounce@`` any domain comes
back, and is suppressed from then on; one to ``queued@`` stays in the queue.
"""

from __future__ import annotations

import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from itertools import chain
from typing import Any

from qboxctl.emulator.behaviour import initial_values
from qboxctl.emulator.jobs import tracemail
from qboxctl.emulator.jobs.messages import Message, Unsendable, messages_of, rendered
from qboxctl.emulator.jobs.service import Ask, Serve, Service, bodies, checked
from qboxctl.emulator.jobs.tracemail import Mailout
from qboxctl.emulator.kinds.delivery_account import QUOTA, username
from qboxctl.emulator.kinds.delivery_domain import may_send
from qboxctl.emulator.quirks import reads
from qboxctl.emulator.state import Stored
from qboxctl.emulator.wire import Request, Response, Row, answer, positive
from qboxctl.model import JSON
from qboxctl.schema.lifecycle import ENABLED

PREFIX = "/v1/"
"""What the paths of the Send API begin with."""
MOST_BYTES = 50 * 1024 * 1024
RATE = 10
"""So many requests a second may come with one token."""
_TRACE = "/api/delivery/tracemail"
_HERE = "127.0.0.1"
"""Where requests come from, unless a header x-forwarded-for says otherwise."""
_CALLS: Mapping[str, Callable[[JSON], list[Message | Unsendable]]] = {
    f"{PREFIX}send": messages_of,
    f"{PREFIX}send/bulk": rendered,
}


class _Refused(Exception):
    """The Send API says no: its status, the name of the error, and what is wrong."""

    def __init__(self, status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.error, self.message, self.headers = status, error, message, dict(headers or {})


class Sending(Service):
    """The Send API of one account, and TraceMail."""

    name = "mailouts"

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._log: list[Mailout] = []
        self._times: dict[str, deque[float]] = defaultdict(deque)

    @property
    def routes(self) -> Mapping[tuple[str, str], Serve]:
        """The calls of TraceMail that are documented."""
        return {
            ("GET", f"{_TRACE}/counters"): self._counters,
            ("GET", f"{_TRACE}/mailouts"): self._mailouts,
        }

    def guards(self, request: Request) -> bool:
        """The Send API knows no Management token."""
        return request.path.startswith(PREFIX)

    def plant(self, content: Any) -> None:
        """Take in the mail that a seed says was sent."""
        known = dict.fromkeys(one.name for one in fields(Mailout))
        for number, body in enumerate(bodies(self.name, content)):
            checked(f"{self.name}: {number}", body, known)
            usual = {"date": self.now(), "account": "", "domain": "", "sender": "", "to": "", "subject": ""}
            ids = {name: str(uuid.UUID(int=number)) for name in ("message_id", "request_id")}
            self._log.append(Mailout(**{**usual, **ids, **body}))

    def dump(self) -> JSON:
        """All that was sent."""
        return [asdict(one) for one in self._log]

    # -- TraceMail -----------------------------------------------------------------------------------------

    def _found(self, query: Mapping[str, str]) -> list[Mailout]:
        self.customer(query.get("customer_code", ""))
        accounts = self.store.objects("delivery_account")
        names = {one.code: {one.code, one.name, one.key, username(one)} for one in accounts}
        return tracemail.matching(self._log, query, names, self.quirks["trace_dates"])

    def _counters(self, ask: Ask) -> Response:
        row = tracemail.counters(self._found(ask.query), self.quirks["trace_numbers"])
        return answer(200, {"resources": [row], "pagination": {}})

    def _mailouts(self, ask: Ask) -> Response:
        per = str(positive(ask.query, "per", tracemail.PER))
        found = list(tracemail.chosen_rows(self._found(ask.query), ask.query))
        rows = [tracemail.row(one, self.quirks["trace_row"]) for one in found]
        for one in found if positive(ask.query, "page", 1) == 1 else ():
            one.pending -= bool(one.pending)
        return self.page(rows, {**ask.query, "per": per})

    # -- the Send API --------------------------------------------------------------------------------------

    def answer(self, request: Request, body: JSON) -> Response | None:
        """Do a request's work; what the Send API refuses is told in its own form."""
        if not self.guards(request):
            return super().answer(request, body)
        request_id = str(uuid.uuid4())
        try:
            return self._send(request, body, request_id)
        except _Refused as no:
            content = {"error_code": no.status, "message": no.message, "error": no.error, "request_id": request_id}
            return answer(no.status, content, no.headers)

    def _send(self, request: Request, body: JSON, request_id: str) -> Response:
        understood = _CALLS.get(request.path)
        if understood is None or self._elsewhere(request):
            raise _Refused(404, "not_found", "there is no such call")
        if request.method != "POST":
            raise _Refused(405, "method_not_allowed", "only POST is allowed", {"allow": "POST"})
        token = self._admitted(request)
        account = token.parent
        if account is None or account.leaving is not None or account.status != ENABLED:
            raise _Refused(403, "account_not_allowed", "the account cannot be used")
        self._check_network(request, token, account)
        if len(request.body) > MOST_BYTES:
            raise _Refused(413, "payload_too_large", "the payload is larger than 50 MB")
        self._check_rate(token)
        tried = self._judged(understood, body, account)
        good = [one for one in tried if isinstance(one, Message)]
        self._check_quota(account, sum(len(one.recipients) for one in good))
        token.accessed = self.store.touch(token)
        self.changed = True
        return self._answered(tried, account, request_id)

    def _elsewhere(self, request: Request) -> bool:
        """Whether the request was sent to the one of the two hosts that does not serve the Send API."""
        other = "delivery" if self.quirks["send_host"] == "api" else "api"
        return request.headers.get("host", "").startswith(f"{other}.")

    def _admitted(self, request: Request) -> Stored:
        word, _, text = request.headers.get("authorization", "").partition(" ")
        token = self.store.opened_by(text.strip()) if word.lower() == "bearer" and text.strip() else None
        if token is None:
            raise _Refused(401, "unauthorized", "the bearer token is missing or invalid")
        return token

    def _check_network(self, request: Request, token: Stored, account: Stored) -> None:
        origin = request.headers.get("x-forwarded-for", _HERE).partition(",")[0].strip()
        try:
            address = ip_address(origin)
        except ValueError:  # a word, or an address with a port
            raise _Refused(403, "network_not_allowed", "where the request comes from is no address") from None
        for nets in (token.values["allow_nets"], account.values["allow_nets"]):
            if nets and not any(address in ip_network(one, strict=False) for one in nets):
                raise _Refused(403, "network_not_allowed", f"{address} may not send with this token")

    def _check_rate(self, token: Stored) -> None:
        times, now = self._times[token.code], self.clock()
        while times and now - times[0] >= 1:
            times.popleft()
        if len(times) >= RATE:
            headers = {"retry-after": "1"} if self.quirks["send_429"] == "retry_after" else {}
            raise _Refused(429, "rate_limit_exceeded", f"more than {RATE} requests a second", headers)
        times.append(now)

    def _check_quota(self, account: Stored, number: int) -> None:
        most = 0 if self.quirks["send_429"] == "quota" else QUOTA
        if number > most - self.store.sent[account.code]:
            raise _Refused(429, "daily_quota_exceeded", "the account has not so many messages left")

    def _judged(
        self, understood: Callable[[JSON], list[Message | Unsendable]], body: JSON, account: Stored
    ) -> Sequence[Message | Unsendable]:
        """The messages of a payload, each or what is wrong with it; one that is wrong may spoil all."""
        try:
            tried = [self._from_its_domain(one, account) for one in understood(body)]
        except Unsendable as wrong:
            raise _Refused(400, wrong.error, wrong.message) from None
        bad = [one for one in tried if isinstance(one, Unsendable)]
        if bad and (self.quirks["send_partial"] == "all_or_nothing" or len(bad) == len(tried)):
            raise _Refused(_status(bad[0]), bad[0].error, bad[0].message)
        return tried

    def _from_its_domain(self, one: Message | Unsendable, account: Stored) -> Message | Unsendable:
        if isinstance(one, Unsendable):
            return one
        linked = [self.store.find("delivery_domain", code) for code in account.values["domains"]]
        domain = next((each for each in linked if each is not None and each.key == one.domain), None)
        if domain is None:
            return Unsendable("domain_not_allowed", f"{one.domain} is no domain of this account")
        if not may_send(self.store, domain):
            return Unsendable("domain_not_allowed", f"{one.domain} is not verified and approved")
        return one

    def _answered(self, tried: Sequence[Message | Unsendable], account: Stored, request_id: str) -> Response:
        told, suppressed = [], 0
        for one in tried:
            if isinstance(one, Unsendable):
                wrong = {"error_code": _status(one), "message": one.message, "error": one.error}
                told.append({**wrong, "request_id": request_id})
                continue
            sent = self._queued(one, account, request_id)
            unsent = sum(each.status == "suppressed" for each in sent)
            suppressed += unsent
            told.append({**_ok(request_id), **_of(sent), **self._summary("per_message", account, len(sent), unsent)})
        good = [one for one in tried if isinstance(one, Message)]
        if self.quirks["send_order"] == "shuffled":
            told.reverse()
        whole = sum(len(one.recipients) for one in good)
        content = {**_ok(request_id), "queued_messages": len(good), "messages": told}
        content |= self._summary("top", account, whole, suppressed)
        return answer(int(self.quirks["send_status"]), content)

    def _summary(self, place: str, account: Stored, whole: int, suppressed: int) -> Row:
        if self.quirks["send_summary"] != place:
            return {}
        status = "ignored" if account.values["ignore_suppression_list"] else "checked"
        return {"suppression_summary": {"status": status, "recipients": whole, "suppressed": suppressed}}

    def _queued(self, one: Message, account: Stored, request_id: str) -> list[Mailout]:
        """Put a message into the queue, once for each recipient; what is suppressed costs nothing."""
        message_id = f"{uuid.uuid4()}@{one.domain}"
        moment = datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        sent = []
        for to in one.recipients:
            status = self._fate(to, account)
            stays = to.startswith("queued@")
            sent.append(
                Mailout(
                    f"{moment}Z", account.code, one.domain, one.sender, to, one.subject, message_id, request_id,
                    status="queued" if stays and status != "suppressed" else status,
                    pending=reads(self.quirks["activation"]), username=username(account),
                )
            )  # fmt: skip
            self.store.sent[account.code] += status != "suppressed"
            if status == "bounce":
                self._suppress(to)
        account.row = None
        self._log += sent
        return sent

    def _fate(self, to: str, account: Stored) -> str:
        entries = self.store.objects("suppression")
        held = any(
            one.key == to
            and one.values["active"]
            and (account.code in one.values["accounts"] or not one.values["accounts"])
            for one in entries
        )
        if held and not account.values["ignore_suppression_list"]:
            return "suppressed"
        return "bounce" if to.startswith("bounce@") else "delivered"

    def _suppress(self, address: str) -> None:
        """A bounce adds a suppression entry by itself."""
        type_ = self.store.types["suppression"]
        if self.store.named(type_, None, address) is None:
            values = {**initial_values(type_), "reason": "bounce"}
            self.store.add(Stored(type_, self.store.next_code(type_), address, address, values))


def _status(wrong: Unsendable) -> int:
    return 403 if wrong.error == "domain_not_allowed" else 400


def _ok(request_id: str) -> Row:
    return {"error_code": 0, "message": "OK", "request_id": request_id}


def _of(sent: Sequence[Mailout]) -> Row:
    first = sent[0]
    return {
        "message_id": first.message_id,
        "submitted_at": first.date,
        "to": ", ".join(dict.fromkeys(chain(one.to for one in sent))),
    }
