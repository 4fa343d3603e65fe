"""Migrations: mail that is fetched from another server, by a file of accounts, once or twice.

Reads bring a migration on: each that shows it takes it one step further, as far as its dates allow. Passwords are
never kept. Rows of accounts that are ``failing`` end in an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from qboxctl.emulator.jobs.orders import ZONE, accounts, complaints, moment
from qboxctl.emulator.jobs.service import Ask, Serve, Service, bodies, checked, chosen
from qboxctl.emulator.wire import Refusal, Response, Row, answer
from qboxctl.model import JSON
from qboxctl.schema.hints import offered

MOST_SCHEDULED = 5
"""How many migrations may be under way at once."""
_PATH = "/api/migrations"
_ITEM = f"{_PATH}/{{code}}"
_UNDER_WAY = ("validating", "to_schedule", "scheduled", "running")
_STATUSES = (*_UNDER_WAY, "failed", "completed_with_errors", "completed")
_FAILED = ("error", "crashed")
_ROW_STATUSES = ("all", "running", "success", *_FAILED, "failed")
_RUNS = ("first", "second")
_FIRST = 12345678


class Migrations(Service):
    """The migrations of one account."""

    name = "migrations"
    secret = frozenset({"csv_file_content"})

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._records: dict[str, Row] = {}
        self._failing: dict[str, str] = {}
        self._last = _FIRST - 1

    @property
    def routes(self) -> Mapping[tuple[str, str], Serve]:
        """The six calls that are documented."""
        return {
            ("GET", _PATH): self._list,
            ("POST", _PATH): self._create,
            ("GET", _ITEM): self._read,
            ("PUT", _ITEM): self._run_now,
            ("DELETE", _ITEM): self._delete,
            ("GET", f"{_ITEM}/resources"): self._rows,
        }

    # -- seeds and control calls ---------------------------------------------------------------------------

    def plant(self, content: Any) -> None:
        """Take in the migrations of a seed, each with its ``rows``."""
        for body in bodies(self.name, content):
            code = str(body.pop("code", "") or f"MG{self._last + 1}")
            where = f"{self.name}: {code}"
            record = self._record(code, {})
            checked(where, body, record)
            record |= {"original_csv_file_name": body.get("csv_file_name", record["csv_file_name"]), **body}
            if record["status"] not in _STATUSES:
                known = offered(str(record["status"]), _STATUSES)
                raise ValueError(f"{where}: {record['status']!r} is no status of a migration: {known}")
            for row in bodies(f"{where}: rows", record["rows"]):
                checked(f"{where}: rows", row, _row(code, 0, ("", "", "")))
            rows = [{**_row(code, number, ("", "", "")), **row} for number, row in enumerate(record["rows"], 1)]
            self._records[code] = {**record, "rows": rows}
            self._last = max(self._last, int(re.sub(r"\D", "", code) or 0))

    def dump(self) -> JSON:
        """All migrations by their codes."""
        return {
            code: {name: one for name, one in record.items() if name != "code"}
            for code, record in sorted(self._records.items())
        }

    def control(self, name: str, body: JSON) -> bool:
        """``failing``: the mail of a local mailbox cannot be fetched, by any migration from now on."""
        if name != "failing" or not isinstance(body, dict) or not isinstance(body.get("local_email"), str):
            return False
        self._failing[body["local_email"].lower()] = str(body.get("error") or "login refused by the remote server")
        return True

    # -- reading -------------------------------------------------------------------------------------------

    def _list(self, ask: Ask) -> Response:
        status = chosen(ask.query, "status", ("all", *_STATUSES), "all")
        customer = self.customer(ask.query.get("customer_code", ""))
        found = [
            record
            for record in self._records.values()
            if status in ("all", record["status"]) and customer in ("", record["owner"])
        ]
        shown = [self._shown(record) for record in found]
        for record in found:
            self._go_on(record)
        return self.page(self.searched(shown, ask.query, ("code", "original_csv_file_name")), ask.query)

    def _read(self, ask: Ask) -> Response:
        record = self._one(ask)
        shown = self._shown(record)
        self._go_on(record)
        return answer(200, {"resources": [shown], "pagination": {}})

    def _rows(self, ask: Ask) -> Response:
        status = chosen(ask.query, "status", _ROW_STATUSES, "all")
        wanted = _FAILED if status == "failed" else (status,)
        rows: list[Row] = [
            {**row, "error_details": self.errors(row["error_details"])} for row in self._one(ask)["rows"]
        ]
        found = [row for row in rows if status == "all" or row["status"] in wanted]
        return self.page(self.searched(found, ask.query, ("local_email", "remote_username")), ask.query)

    def _one(self, ask: Ask) -> Row:
        if ask.code not in self._records:
            raise Refusal(404)
        return self._records[ask.code]

    def _shown(self, record: Row) -> Row:
        hidden = ("rows", "left")
        row = {name: one for name, one in record.items() if name not in hidden}
        for name in ("first_execution_date", "second_execution_date", "from_date"):
            row[name] = self._date(record[name])
        failed = any(one["error_details"] for one in record["rows"])
        return {**row, "resources": len(record["rows"]), "resources_has_errors": failed}

    def _date(self, text: str | None) -> str | None:
        """A moment in the form of the quirk."""
        if text is None:
            return None
        when = datetime.fromisoformat(text)
        match self.quirks["migration_dates"]:
            case "offset":
                return when.astimezone(ZONE).isoformat()
            case "local":
                return when.astimezone(ZONE).replace(tzinfo=None).isoformat()
            case _:
                return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    # -- what happens by itself ----------------------------------------------------------------------------

    def _go_on(self, record: Row) -> None:
        """Take a migration one step further."""
        if record["status"] == "validating":
            record["left"] -= 1
            if record["left"] <= 0:
                self._validated(record)
        elif record["status"] == "running":
            self._ended(record)
        elif record["status"] == "scheduled" and self._due(record):
            self._begun(record)
        else:
            return
        record["updated_at"] = self.now()
        self.changed = True

    def _due(self, record: Row) -> bool:
        date = record[
            "second_execution_date" if record["status_detail"] == "second execution" else "first_execution_date"
        ]
        now = record["execute_now"] and record["status_detail"] == "first execution"
        return now or (date is not None and datetime.fromisoformat(date).timestamp() <= self.clock())

    def _validated(self, record: Row) -> None:
        if self.quirks["migration_validation"] == "failed":
            record |= {"status": "failed", "status_detail": "validation failed"}
            for row in record["rows"]:
                row |= {"status": "error", "error_details": ["the remote server cannot be reached"]}
        else:
            record |= {"status": "scheduled", "status_detail": "first execution"}

    def _begun(self, record: Row) -> None:
        record["status"] = "running"
        for row in record["rows"]:
            row["status"] = "running"

    def _ended(self, record: Row) -> None:
        run = "second" if record["status_detail"] == "second execution" else "first"
        for row in record["rows"]:
            told = [self._failing.get(row["local_email"].lower()) or self._lacks(row["local_email"])]
            errors = list(filter(None, told)) or row["error_details"]
            row |= {"status": "error" if errors else "success", "error_details": errors}
            row[f"{run}_execution_run"] = {"status": row["status"]}
        failed = any(row["status"] in _FAILED for row in record["rows"])
        if run == "first" and record["second_execution_date"] is not None:
            record |= {"status": "scheduled", "status_detail": "second execution"}
        else:
            record |= {
                "status": "completed_with_errors" if failed else "completed",
                "status_detail": f"{run} execution",
            }

    def _lacks(self, address: str) -> str:
        """What is wrong with a local address, "" where a mailbox bears it."""
        found = any(self.store.address(one).key == address.lower() for one in self.store.objects("mailbox"))
        return "" if found else "the local mailbox does not exist"

    # -- writing -------------------------------------------------------------------------------------------

    def _create(self, ask: Ask) -> Response:
        body = ask.body
        if not isinstance(body, dict):
            raise Refusal(422, [("body", "is not a JSON object")])
        wrong = complaints(body, any_preset=self.quirks["migration_preset"] == "any")
        customer = body.get("customer_code", self.store.customer_code)
        if self.customer(str(customer)) not in (self.store.customer_code, *self.store.customers):
            wrong.setdefault("customer_code", "is not valid")
        if wrong:
            raise Refusal(422, wrong.items())
        if sum(one["status"] in _UNDER_WAY for one in self._records.values()) >= MOST_SCHEDULED:
            raise Refusal(422, [("base", f"too many migrations are scheduled (maximum is {MOST_SCHEDULED})")])
        self._last += 1
        record = self._record(f"MG{self._last}", body)
        rows, _ = accounts(body["csv_file_content"])
        record["rows"] = [_row(record["code"], number, row) for number, row in enumerate(rows, 1)]
        self._records[record["code"]] = record
        if record["left"] == 0:
            self._validated(record)
        self.changed = True
        return self.created(_PATH, self._shown(record))

    def _record(self, code: str, body: Mapping[str, Any]) -> Row:
        """A new migration, from the body of its creation."""
        validation, now = self.quirks["migration_validation"], self.now()
        name = body.get("csv_file_name", f"{code}.csv")
        return {
            "code": code,
            "status": "validating",
            "status_detail": "",
            "csv_file_name": f"{code}-{name}" if body else name,
            "original_csv_file_name": name,
            "csv_file_size": len(str(body.get("csv_file_content", "")).encode()),
            "preset": body.get("preset", "Standard-SSL"),
            "rows": [],
            "first_execution_date": _stored(body.get("first_execution_date")),
            "second_execution_date": _stored(body.get("second_execution_date")),
            "from_date": self._from(body),
            "execute_now": body.get("execute_now", False),
            "is_late": False,
            "can_delete": True,
            "admin_first_execution_override": False,
            "admin_second_execution_override": False,
            "owner": body.get("customer_code", self.store.customer_code),
            "created_at": now,
            "updated_at": now,
            "left": int(validation) if validation.isdigit() else 0,
        }

    def _from(self, body: Mapping[str, Any]) -> str | None:
        """The date from which on mail is fetched, None for all of it."""
        days = {"last_month": 30, "last_6_months": 182, "last_year": 365}.get(body.get("date_filter_preset", "all"))
        if days is not None:
            return (datetime.fromtimestamp(self.clock(), UTC) - timedelta(days=days)).isoformat()
        return _stored(body.get("custom_from_date"))

    def _run_now(self, ask: Ask) -> Response:
        record = self._one(ask)
        if not self.admin:
            raise Refusal(403)
        execution = ask.body.get("execution") if isinstance(ask.body, dict) else None
        if execution not in _RUNS:
            raise Refusal(422, [("execution", "is not included in the list")])
        if record["status"] in ("running", "failed"):
            raise Refusal(422, [("execution", "cannot be started now")])
        record |= {f"admin_{execution}_execution_override": True, "status_detail": f"{execution} execution"}
        self._begun(record)
        return self.written()

    def _delete(self, ask: Ask) -> Response:
        record = self._one(ask)
        if not record["can_delete"]:
            raise Refusal(422, [("status", "cannot be deleted now")])
        del self._records[record["code"]]
        return self.written()


def _row(code: str, number: int, account: Sequence[str]) -> Row:
    local, user, server = account
    return {
        "code": f"{code}-{number}",
        "status": "scheduled",
        "status_detail": "",
        "local_email": local,
        "remote_username": user,
        "remote_server": server,
        "masteruser": None,
        "migration_id": int(re.sub(r"\D", "", code) or 0),
        "test_run": None,
        "first_execution_run": None,
        "second_execution_run": None,
        "from_date": None,
        "error_details": [],
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }


def _stored(text: JSON) -> str | None:
    found = moment(text)
    return found.isoformat() if found else None
