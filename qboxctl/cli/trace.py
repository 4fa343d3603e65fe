"""``qboxctl trace``: what became of mail that was sent through Delivery."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import click

from qboxctl.api.client import Reader
from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, common_options, format_option, seed_option
from qboxctl.cli.session import connect, settings_only
from qboxctl.jobs.trace import Filters, Standing, TraceMail, day
from qboxctl.render import traced
from qboxctl.render.style import clean
from qboxctl.schema.formats import relaxed_domain, relaxed_email

_EXAMPLES = """
qboxctl trace --to ada@example.com
qboxctl trace --account newsletter --since 2026-11-01 --status bounce
qboxctl trace --subject 'Order 4711' --format json
"""


class Day(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on only
    """A day, YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read a day."""
        try:
            return day(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command("trace", cls=Command, epilog=_EXAMPLES)
@common_options
@click.option("--account", metavar="NAME", help="The Delivery account, by name or id.")
@click.option("--domain", metavar="DOMAIN", help="The domain that it was sent from.")
@click.option("--from", "sender", metavar="ADDRESS", help="Who sent it.")
@click.option("--to", "recipient", metavar="ADDRESS", help="Whom it was sent to.")
@click.option("--subject", metavar="TEXT", help="What its subject says.")
@click.option("--since", type=Day(), metavar="DATE", help="From this day on.")
@click.option("--until", type=Day(), metavar="DATE", help="Up to this day.")
@click.option(
    "--status",
    type=click.Choice([one.value for one in Standing]),
    metavar="STATUS",
    help=f"{', '.join([*Standing][:-1])} or {[*Standing][-1]}.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    metavar="NUMBER",
    show_default=True,
    help="The most rows to show.",
)
@format_option(["table", "json"])
@seed_option
@click.pass_obj
def command(
    options: Common,
    account: str | None,
    domain: str | None,
    sender: str | None,
    recipient: str | None,
    subject: str | None,
    since: str | None,
    until: str | None,
    status: str | None,
    limit: int,
    form: str,
    seed: str | None,
) -> None:
    """Show what became of mail that was sent through Delivery: numbers first, then the rows of the log."""
    configuration = settings_only(options)
    given = {"domain": domain and relaxed_domain(domain), "subject": subject}
    for name, address in (("from", sender), ("to", recipient)):  # it may be a part of one
        given[name] = address if not address or address.isascii() else relaxed_email(address)
    given["customer_code"] = configuration.settings.customer_code
    filters = Filters({name: text for name, text in given.items() if text}, since or "", until or "")
    with closing(connect(Reader, configuration, options, seed=seed)) as reader:
        log = TraceMail(reader)
        if account:
            filters, counters = log.of_account(filters, account, lambda text: options.say(clean(text)))
        else:
            counters = log.counters(filters)
        rows = log.rows(filters, Standing(status) if status else None, limit + 1)  # one more tells that there are more
    options.result(traced.shown(counters, rows[:limit], form, options.palette(), full=options.verbose > 0))
    if not rows:
        options.say("the log has no such mail")
    elif len(rows) > limit:
        shown = "this is the first row" if limit == 1 else f"these are the first {limit} rows"
        options.say(f"{shown}; --limit shows more")
