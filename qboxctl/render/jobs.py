"""What jobs show, as tables and as JSON. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from qboxctl.jobs.migrations import PERIODS, Order, has_errors
from qboxctl.jobs.report import CENT, Cost
from qboxctl.json_text import json_text, rows_text
from qboxctl.model import JSON
from qboxctl.render.listed import Rows, as_csv, facts, table
from qboxctl.render.style import PLAIN, Palette, clean, plural

IMPORTS = ("code", "type", "status", "original_csv_file_name", "resources", "created_at")
IMPORTED = ("status", "description", "fields", "error_details")
_ACCOUNTS = 10
"""So many accounts are listed before a migration is started."""
_NAMED = 3

MIGRATIONS = ("code", "status", "status_detail", "original_csv_file_name", "resources", "first_execution_date")
MIGRATED = ("status", "local_email", "remote_username", "remote_server", "error_details")


def listed(name: str, rows: Sequence[Mapping[str, JSON]], columns: Sequence[str], form: str, palette: Palette) -> str:
    """A list: ``{NAME: [row, …]}`` as JSON, or some columns of it; "" for a table without rows."""
    if form == "json":
        return rows_text({name: list(rows)})
    return table(columns, rows, palette) if rows else ""


def one(
    name: str, row: Mapping[str, JSON], rows: Rows, columns: Sequence[str], form: str, palette: Palette = PLAIN
) -> str:
    """One object and its rows: ``{NAME: {…}, "rows": […]}`` as JSON, or all that it tells above a table."""
    rows = list(rows)
    if form == "json":
        return rows_text({name: dict(row), "rows": rows})
    return "\n\n".join(filter(None, (facts(row, palette), table(columns, rows, palette) if rows else "")))


def file_of(row: Mapping[str, JSON]) -> str:
    """The name of the file that an import or a migration came from, as its user knows it."""
    return clean(str(row.get("original_csv_file_name") or row.get("csv_file_name") or "a file that is not named"))


def announced(order: Order, palette: Palette = PLAIN, *, full: bool = False) -> str:
    """What a migration will do, without a password: where mail comes from, where it goes, when, and which."""
    accounts = order.file.accounts
    targets, servers = (
        Counter(one.local.rpartition("@")[2] for one in accounts),
        Counter(one.server for one in accounts),
    )
    lines = [
        f"this fetches the mail of {plural(len(accounts), 'user')} into {_counted(targets)}, from {_counted(servers)}",
        f"kind of server: {order.preset}; mail: {_period(order.since)}",
        f"first run: {_moment(order.first)}" + (f", second run: {_moment(order.second)}" if order.second else ""),
    ]
    shown = accounts if full else accounts[:_ACCOUNTS]
    lines += [f"  {one.local} from {one.user} at {one.server}" for one in shown]
    lines += [f"  and {len(accounts) - len(shown)} more (-v lists them)"] if len(accounts) > len(shown) else []
    return "\n".join(palette.fit(clean(line)) for line in lines)


def _counted(found: Counter[str]) -> str:
    if len(found) == 1:
        return next(iter(found))
    shown = [f"{name} ({number})" for name, number in found.most_common(_NAMED)]
    return ", ".join(shown) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")


def _period(since: str) -> str:
    return since.replace("_", " ") if since in PERIODS else f"from {since} on"


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M %z}" if moment else "now"


def change(record: Mapping[str, JSON]) -> str:
    """One line about where a migration is."""
    detail, wrong = record.get("status_detail"), "with errors in rows" if has_errors(record) else ""
    words = [str(record.get("status")), f"({detail})" if detail else "", wrong]
    return clean(f"{record.get('code')} {' '.join(filter(None, words))}")


def reported(name: str, rows: Sequence[Mapping[str, JSON]], columns: Sequence[str], form: str, palette: Palette) -> str:
    """A report as a table, as CSV, or as ``{NAME: [row, …]}``."""
    if form == "csv":
        return as_csv(columns, rows).rstrip("\n")
    return listed(name, rows, columns, form, palette)


COST = ("item", "count", "disabled", "price", "amount")


def cost(found: Cost, form: str, palette: Palette) -> str:
    """What an account costs: a row for each price, and the total; JSON has decimal numbers as texts."""
    rows: list[Mapping[str, JSON]] = [
        {**asdict(one), "price": money(one.price), "amount": money(one.amount)} for one in found.lines
    ]
    total = {"item": "total", "amount": money(found.total)}
    match form:
        case "json":
            told = {"currency": found.currency, "lines": rows, "total": total["amount"]}
            return json_text({"cost": {**told, "uncounted": found.uncounted}})
        case "csv":
            currency = {"currency": found.currency}
            return as_csv((*COST, "currency"), [{**row, **currency} for row in [*rows, total]]).rstrip("\n")
        case _:
            shown = table(COST, [*rows, total], palette)
            return f"{shown}\n{palette.paint(clean(f'by the month, in {found.currency}'), 'dim')}" if rows else ""


def money(amount: Decimal) -> str:
    """An amount with two decimals, or more where it has more."""
    return f"{amount if amount.normalize().as_tuple().exponent < -2 else amount.quantize(CENT):f}"  # type: ignore[operator]  # finite
