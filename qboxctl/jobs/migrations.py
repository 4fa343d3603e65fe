"""Migrations: mail that Qboxmail fetches from another server, by a file of accounts.

One is posted once. Where the answer is lost it is looked for, by its file's name among those that are newer than all
that were there before; where that does not find it, nobody knows, since a second one would copy all mail twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from qboxctl.api.backoff import LOOKED_FOR, WATCHED
from qboxctl.api.client import Client, Reader
from qboxctl.api.listing import Row
from qboxctl.api.reader import Account, new_code
from qboxctl.api.writer import LOOKS
from qboxctl.config.configuration import Configuration
from qboxctl.errors import Busy, OutcomeUnknown, QboxctlError, Refused, Undone
from qboxctl.jobs import calls
from qboxctl.jobs.account_file import AccountFile, MailAccount
from qboxctl.live.query import Query
from qboxctl.live.refresh import read_live_state
from qboxctl.model import JSON, Address, Live
from qboxctl.schema.kinds import Kinds

PERIODS = ("all", "last_month", "last_6_months", "last_year")
"""How old mail may be that is fetched, in the API's words."""
PRESETS = ("Standard-SSL", "Standard-no-SSL", "Gmail", "Exchange", "Office 365")
"""The kinds of servers, as an older page names them; there may be others, so any name is sent."""
ENDED = frozenset({"failed", "completed_with_errors", "completed"})
FAILED = frozenset({"error", "crashed", "failed"})
"""The statuses of rows whose mail could not be fetched."""
_PATH = "/api/migrations"
_PANEL = "migrations can be made in the panel"
_KIND = "mailbox"
"""What mail is fetched into."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: a file, the kind of its server, and when to fetch which mail.

    ``since`` is one of ``PERIODS``, or a date. ``first`` None means at once.
    """

    file: AccountFile
    preset: str
    first: datetime | None
    second: datetime | None = None
    since: str = PERIODS[0]
    customer_code: str = ""

    def body(self) -> dict[str, JSON]:
        """The body of the request."""
        some = self.since in PERIODS
        asked: dict[str, JSON] = {
            "csv_file_name": self.file.name,
            "csv_file_content": self.file.text.open(),
            "csv_file_size": self.file.size,
            "preset": self.preset,
            "date_filter_preset": self.since if some else "custom",
            "custom_from_date": "" if some else self.since,
            "first_execution_date": self.first.isoformat() if self.first else "",
            "second_execution_date": self.second.isoformat() if self.second else "",
            "execute_now": self.first is None,
            "customer_code": self.customer_code,
        }
        return {name: value for name, value in asked.items() if value != ""}


class Migration(NamedTuple):
    """A migration and its rows, as they can be shown."""

    record: Mapping[str, JSON]
    rows: list[dict[str, JSON]]

    @property
    def failed(self) -> list[dict[str, JSON]]:
        """The rows whose mail could not be fetched."""
        return [row for row in self.rows if status(row) in FAILED]

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return status(self.record) in ENDED

    @property
    def went_wrong(self) -> bool:
        """Whether any mail could not be fetched."""
        return bool(self.failed) or has_errors(self.record) or status(self.record) in ENDED - {"completed"}


def status(row: Row) -> str:
    """The status of a migration or of one of its rows, as it is compared."""
    return str(row.get("status")).lower()


def has_errors(record: Row) -> bool:
    """Whether a migration says that some of its rows went wrong, which a list of these need not show."""
    return str(record.get("resources_has_errors")).lower() in ("true", "1")


def listed(reader: Reader, customer_code: str = "") -> list[Row]:
    """All migrations, as they can be shown."""
    query = {"customer_code": customer_code} if customer_code else {}
    return [calls.shown(row, reader.redact) for row in calls.rows(reader, _PATH, query, panel=_PANEL)]


def found(reader: Reader, text: str, *, failed: bool = False) -> Migration:
    """One migration with its rows, or with those that ``failed``; raises QboxctlError where there is none."""
    code = calls.code(text, "a migration")
    whole = _with_rows(reader, code, _record(reader, code), {"status": "failed"} if failed else {})
    return Migration(whole.record, whole.failed) if failed else whole


def _record(reader: Reader, code: str) -> dict[str, JSON]:
    return calls.shown(calls.one(reader, f"{_PATH}/{code}", f"migration {code}"), reader.redact)


def _with_rows(reader: Reader, code: str, record: Mapping[str, JSON], query: Mapping[str, str]) -> Migration:
    rows = calls.rows(reader, f"{_PATH}/{code}/resources", query)
    return Migration(record, [calls.shown(row, reader.redact) for row in rows])


def homeless(
    account: Account, configuration: Configuration, accounts: Iterable[MailAccount], types: Kinds
) -> list[MailAccount]:
    """The accounts whose local mailbox is neither declared nor there to stay; one list for each domain is read."""
    declared = {address for address, one in configuration.objects.items() if not one.absent}
    asked = {one: Address(_KIND, one.local) for one in accounts}
    asked = {one: address for one, address in asked.items() if address not in declared}
    if not asked:
        return []
    lists = {types.collection(address) for address in asked.values()}
    homes = {types.collection(home) for one in lists if (home := types.home(one)) is not None}
    query = Query(configuration, frozenset(lists | homes), {}, partly=frozenset(homes))
    there = _staying(read_live_state(account, query).live, types)
    return [one for one, address in asked.items() if address not in there and not _comes_with(address, there, types)]


def _staying(live: Mapping[Address, Live], types: Kinds) -> set[Address]:
    """The objects that are not being deleted, by themselves or with what they live in."""
    leaving = {address for address, one in live.items() if one.leaving}
    return {one for one in live if leaving.isdisjoint((one, *types.ancestors(one)))}


def _comes_with(address: Address, there: Collection[Address], types: Kinds) -> bool:
    """Whether a mailbox is in every domain by itself, and its domain is there."""
    home = types.parent(address)
    return types[_KIND].identity.reserves(types.name(address)) and home is not None and home in there


def start(client: Client, order: Order) -> str:
    """Post a migration, once; its code. Raises Undone where it is refused, or nobody knows whether it is there."""
    for one in order.file.accounts:
        client.hide(one.password)
    client.redact.sends(order.file.text)
    before = list(calls.rows(client, _PATH, panel=_PANEL))
    try:
        answer = client.write("POST", _PATH, order.body(), repeatable=False, telling=True)
    except Refused as refused:
        raise _refused(refused) from None
    except Busy as busy:
        raise Undone(f"the migration was not started: {busy}", hint=busy.hint) from None
    except OutcomeUnknown as lost:
        code = _looked_for(client, order, before, lost)
        if not code:
            raise _unknown(order, f"the answer was lost ({lost}), and the list does not show it") from None
        return code
    told = OutcomeUnknown("it was accepted, and the answer does not tell its code")
    code = new_code(answer, "code", _PATH) or _looked_for(client, order, before, told)
    if not code:
        raise _unknown(order, "it was accepted, and the list does not show which one it is")
    return code


def _refused(refused: Refused) -> Undone:
    if refused.no_call:
        return Undone(f"this API has no such call: POST {_PATH}", hint=_PANEL)
    hint = (
        "it needs an admin, a team member or a manager with the right over the domains"
        if refused.status == 403
        else None
    )
    return Undone(f"the migration was refused: {refused}", hint=hint)


def _unknown(order: Order, why: str) -> Undone:
    hint = f"look for {order.file.name} with `qboxctl migrate list` before you start it again: it would copy all twice"
    return Undone(f"unknown: whether the migration was started cannot be told: {why}", hint=hint, known=False)


def _looked_for(client: Client, order: Order, before: Iterable[Row], lost: OutcomeUnknown) -> str:
    """The code of the only migration of a file that came since, "" where there is none, or more than one."""
    known = {str(row.get("code")) for row in before}
    moments = [moment for row in before if (moment := _created(row)) is not None]
    newest = max(moments, default=None)
    for attempt in range(1, LOOKS + 1):
        try:
            rows = list(calls.rows(client, _PATH, panel=_PANEL))
        except QboxctlError as unseen:
            raise _unknown(order, f"{lost}, and looking for it failed ({unseen})") from None
        new = [row for row in rows if str(row.get("code")) not in known and _is_of(row, order, newest)]
        if new:
            return calls.code(str(new[0].get("code")), "a migration") if len(new) == 1 else ""
        if attempt < LOOKS:
            client.wait(LOOKED_FOR.seconds(attempt))
    return ""


def _is_of(row: Row, order: Order, newest: datetime | None) -> bool:
    """Whether a row may be what was ordered: of that file, and not older than what was there before, as far as told."""
    name = row.get("original_csv_file_name") or row.get("csv_file_name")
    created = _created(row)
    return name == order.file.name and (created is None or newest is None or created >= newest)


def _created(row: Row) -> datetime | None:
    """When a migration was made, by the server's clock."""
    try:
        moment = datetime.fromisoformat(str(row.get("created_at")))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def watch(
    reader: Reader, text: str, tell: Callable[[Mapping[str, JSON]], None], patience: float | None = None
) -> Migration:
    """Look at a migration until it has ended, or ``patience`` (seconds) is over, and ``tell`` of each change."""
    code, attempt = calls.code(text, "a migration"), 0
    last: tuple[JSON, ...] = ()
    end = None if patience is None else reader.clock.monotonic() + patience
    while True:
        record = _record(reader, code)
        state = tuple(record.get(name) for name in ("status", "status_detail", "resources_has_errors"))
        if state != last:
            tell(record)
            last = state
        left = None if end is None else end - reader.clock.monotonic()
        if status(record) in ENDED or (left is not None and left <= 0):
            return _with_rows(reader, code, record, {})
        attempt += 1
        pause = WATCHED.seconds(attempt)
        reader.wait(pause if left is None else min(pause, left))


def cancel(client: Client, text: str) -> None:
    """Delete a migration that is there, which ends its runs where that is possible. Raises Undone."""
    code = calls.code(text, "a migration")

    def there() -> bool:
        return any(str(row.get("code")) == code for row in calls.rows(client, _PATH, panel=_PANEL))

    calls.delete(client, f"{_PATH}/{code}", there, panel=_PANEL)


def can_cancel(record: Mapping[str, JSON]) -> bool:
    """Whether the server says that a migration can be deleted, or says nothing of it."""
    return str(record.get("can_delete")).lower() not in ("false", "0")
