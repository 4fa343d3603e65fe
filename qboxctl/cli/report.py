"""``qboxctl report``: what the account holds, and what it costs. It changes nothing."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import click

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, common_options, format_option, seed_option
from qboxctl.cli.session import connect, settings_only
from qboxctl.config.configuration import Configuration
from qboxctl.jobs import report
from qboxctl.render import jobs
from qboxctl.resources import TYPES

_EXAMPLES = """
qboxctl report mailboxes                       # sizes, bands, status, aliases
qboxctl report aliases --format csv > aliases.csv
qboxctl report cost                            # by your own settings.prices
"""
_ROWS = {
    "mailboxes": (report.mailboxes, report.MAILBOXES),
    "aliases": (report.aliases, report.ALIASES),
    "delivery": (report.delivery, report.DELIVERY),
}
_COST = "cost"


@click.command("report", cls=Command, epilog=_EXAMPLES)
@common_options
@click.argument("what", type=click.Choice([*_ROWS, _COST]))
@format_option(["table", "csv", "json"])
@seed_option
@click.pass_obj
def command(options: Common, what: str, form: str, seed: str | None) -> None:
    """Report what the account holds: its mailboxes, aliases, Delivery domains and accounts, or what it costs.

    What is disabled is paid for all the same, and marked.
    """
    configuration = settings_only(options)
    with closing(connect(Reader, configuration, options, seed=seed)) as reader:
        shown, found = _reported(Account(reader, TYPES), configuration, what, form, options)
    if shown:
        options.result(shown)
    if not found:
        options.say("there is nothing to report")


def _reported(account: Account, configuration: Configuration, what: str, form: str, options: Common) -> tuple[str, Any]:
    """A report as text, and what is in it."""
    if what == _COST:
        cost = report.cost(account, configuration)
        for name in cost.uncounted:
            options.say(f"{name} is not in the sum: the answers do not tell how many there are")
        return jobs.cost(cost, form, options.palette()), cost.lines
    rows_of, columns = _ROWS[what]
    rows = rows_of(account, configuration)
    return jobs.reported(what, rows, columns, form, options.palette()), rows
