"""TraceMail: what became of the mail that was sent, counted and row by row, in whichever form a quirk chooses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from qboxctl.emulator.jobs.service import chosen
from qboxctl.emulator.wire import Refusal, Row
from qboxctl.model import JSON

WORKED = ("delivered", "suppressed", "bounce")
"""The statuses of what has come to an end."""
STATUSES = (*WORKED, "queued", "error")
CATEGORIES = ("auth", "limits", "generic")
PER = 30
"""The rows on a page where the request names no number."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")


@dataclass(slots=True)
class Mailout:
    """One message to one recipient, and what became of it; ``pending`` reads show it in the queue."""

    date: str
    account: str
    domain: str
    sender: str
    to: str
    subject: str
    message_id: str
    request_id: str
    status: str = "queued"
    pending: int = 0
    auth_protocol: str = "api"
    error_category: str = ""
    username: str = ""

    @property
    def standing(self) -> str:
        """What the log says of it now."""
        return "queued" if self.pending else self.status


def collection(one: Mailout) -> str:
    """The collection that a message is in."""
    return {"queued": "queued", "error": "errors"}.get(one.standing, "worked")


def matching(
    log: Sequence[Mailout], query: Mapping[str, str], names: Mapping[str, set[str]], dates: str
) -> list[Mailout]:
    """The messages that the filters of a query let through; ``names`` are those that an account goes by, by its id."""
    start, end = (_day(query, name, dates) for name in ("start_date", "end_date"))
    protocol = chosen(query, "auth_protocol", ("", "smtp", "api"), "")
    account, domain = query.get("account", ""), query.get("domain", "").lower()
    parts = {name: query.get(name, "").lower() for name in ("from", "to", "subject")}
    return [
        one
        for one in log
        if account in ("", *names.get(one.account, {one.account}))
        and domain in ("", one.domain)
        and protocol in ("", one.auth_protocol)
        and (not start or one.date[:10] >= start)
        and (not end or one.date[:10] <= end)
        and parts["from"] in one.sender
        and parts["to"] in one.to
        and parts["subject"] in one.subject.lower()
    ]


def chosen_rows(found: Iterable[Mailout], query: Mapping[str, str]) -> Iterator[Mailout]:
    """Those of one collection, with the status or the category that is asked for; the latest first."""
    where = chosen(query, "collection", ("worked", "queued", "errors"), "worked")
    status = chosen(query, "status", ("", *WORKED), "")
    category = chosen(query, "error_category", ("", *CATEGORIES), "")
    for one in reversed([*found]):
        if collection(one) == where and status in ("", one.standing) and category in ("", one.error_category):
            yield one


def counters(found: Sequence[Mailout], form: str) -> Row:
    """How many there are of each."""
    standing = [one.standing for one in found]
    failed = [one.error_category for one in found if one.standing == "error"]
    numbers = {
        "all": len(found),
        **{status: standing.count(status) for status in (*WORKED, "queued")},
        "errors": len(failed),
        **{f"{name}Errors": failed.count(name) for name in CATEGORIES},
    }
    return {name: str(number) if form == "text" else number for name, number in numbers.items()}


def row(one: Mailout, form: str) -> Row:
    """A row of the log."""
    told: dict[str, JSON] = {
        name: value for name, value in asdict(one).items() if name not in ("sender", "pending", "domain")
    }
    told |= {"from": one.sender, "status": one.standing}
    match form:
        case "data_text":
            return {"data": json.dumps(told)}
        case "data_object":
            return {"data": told}
        case _:
            return told


def _day(query: Mapping[str, str], name: str, dates: str) -> str:
    """The day of a filter, "" where it is not asked for; 422 for one in the other form."""
    text = query.get(name, "")
    form = _DAY if dates == "day" else _MOMENT
    if text and not form.fullmatch(text):
        raise Refusal(422, [(name, "is not valid")])
    return text[:10]
