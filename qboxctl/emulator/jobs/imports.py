"""Imports: the records of CSV files that people brought in by the panel. The API shows and deletes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qboxctl.emulator.jobs.service import Ask, Serve, Service, bodies, checked, chosen
from qboxctl.emulator.wire import Refusal, Response, Row
from qboxctl.model import JSON
from qboxctl.schema.hints import offered

_PATH = "/api/imports"
_STATUSES = ("validating", "invalid", "valid", "valid_with_skipped")
_ROW = {"description": "", "status": "valid", "fields": None, "error_details": ()}
_FIRST = 123456789


class Imports(Service):
    """The imports of one account, as a seed tells of them."""

    name = "imports"

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._records: dict[str, Row] = {}

    @property
    def routes(self) -> Mapping[tuple[str, str], Serve]:
        """The three calls that are documented."""
        return {
            ("GET", _PATH): self._list,
            ("GET", f"{_PATH}/{{code}}/resources"): self._rows,
            ("DELETE", f"{_PATH}/{{code}}"): self._delete,
        }

    def plant(self, content: Any) -> None:
        """Take in the imports of a seed, each with its ``rows``."""
        for number, body in enumerate(bodies(self.name, content)):
            code = str(body.get("code") or f"I{_FIRST + number}")
            file = str(body.get("csv_file_name") or f"{code}.csv")
            record: Row = {
                "code": code,
                "type": next(iter(self.store.types.values())).section[-1],
                "status": _STATUSES[2],
                "status_detail": "",
                "expert_mode": False,
                "csv_file_name": file,
                "original_csv_file_name": file,
                "csv_file_size": 0,
                "owner": self.store.customer_code,
                "created_at": "2026-01-01T00:00:00Z",
                "error_details": (),
                "rows": (),
            }
            checked(f"{self.name}: {code}", body, record)
            record |= body
            if record["status"] not in _STATUSES:
                known = offered(str(record["status"]), _STATUSES)
                raise ValueError(f"{self.name}: {code}: {record['status']!r} is no status of an import: {known}")
            for row in bodies(f"{self.name}: {code}: rows", record["rows"]):
                checked(f"{self.name}: {code}: rows", row, _ROW)
            self._records[code] = {**record, "code": code}

    def dump(self) -> JSON:
        """All imports by their codes."""
        return {
            code: {name: one for name, one in record.items() if name != "code"}
            for code, record in sorted(self._records.items())
        }

    def _list(self, ask: Ask) -> Response:
        status = chosen(ask.query, "status", ("all", *_STATUSES), "all")
        customer = self.customer(ask.query.get("customer_code", ""))
        found = [
            self._shown(record)
            for record in self._records.values()
            if status in ("all", record["status"]) and customer in ("", record["owner"])
        ]
        return self.page(self.searched(found, ask.query, ("code", "original_csv_file_name")), ask.query)

    def _shown(self, record: Row) -> Row:
        counted = {"resources": len(record["rows"]), "error_details": self.errors(record["error_details"])}
        return {**{name: one for name, one in record.items() if name != "rows"}, **counted}

    def _rows(self, ask: Ask) -> Response:
        record = self._one(ask)
        status = chosen(ask.query, "status", ("all", "valid", "invalid"), "all")
        rows: list[Row] = [{"import_code": record["code"], **_ROW, **row} for row in record["rows"]]
        rows = [{**row, "error_details": self.errors(row["error_details"])} for row in rows]
        found = [row for row in rows if status in ("all", row["status"])]
        return self.page(self.searched(found, ask.query, ("description",)), ask.query)

    def _delete(self, ask: Ask) -> Response:
        del self._records[self._one(ask)["code"]]
        return self.written()

    def _one(self, ask: Ask) -> Row:
        if ask.code not in self._records:
            raise Refusal(404)
        return self._records[ask.code]
