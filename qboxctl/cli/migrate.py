"""``qboxctl migrate``: have mail fetched from another server, and watch how it goes."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import click

from qboxctl.api.client import Client, Reader
from qboxctl.api.reader import Account
from qboxctl.cli import suggestions
from qboxctl.cli.asking import agreed
from qboxctl.cli.commands import Command, CommandGroup
from qboxctl.cli.common import Common, common_options, format_option, seed_option
from qboxctl.cli.failures import Exit
from qboxctl.cli.session import connect, read_configuration, settings_only
from qboxctl.cli.times import Duration, Moment, Since
from qboxctl.config.configuration import Configuration
from qboxctl.config.files import has_sources
from qboxctl.errors import QboxctlError, Undone
from qboxctl.jobs import account_file, migrations
from qboxctl.jobs.migrations import PERIODS, Migration, Order
from qboxctl.render import jobs
from qboxctl.render.style import clean
from qboxctl.resources import TYPES

_EXAMPLES = """
qboxctl migrate start old-server.csv --preset Standard-SSL --now
qboxctl migrate start old-server.csv --preset Gmail --first 2026-12-01T22:00 --second 2026-12-02T08:00
qboxctl migrate watch MG12345678
qboxctl migrate show MG12345678 --failed
"""
_FORMS = ["table", "json"]
_APART = timedelta(hours=23)
"""How long after the first run a second one may come, by an older page of the documentation."""


@click.group("migrate", cls=CommandGroup, epilog=_EXAMPLES)
@common_options
def command() -> None:
    """Have Qboxmail fetch mail from another server, over IMAP, into mailboxes that exist; and watch how it goes."""


@command.command("start", cls=Command)
@common_options
@click.argument("file", metavar="FILE.csv", type=click.Path(path_type=Path), shell_complete=suggestions.files)
@click.option(
    "--preset",
    required=True,
    metavar="NAME",
    shell_complete=suggestions.presets,
    help="Kind of server, as the panel calls it: Standard-SSL.",
)
@click.option("--first", type=Moment(), metavar="TIME", help="When to fetch it, such as 2026-12-01T22:00.")
@click.option("--second", type=Moment(), metavar="TIME", help="When to fetch what has come since.")
@click.option("--now", is_flag=True, help="Fetch it at once.")
@click.option(
    "--since",
    type=Since(PERIODS),
    default=PERIODS[0],
    metavar="PERIOD",
    show_default=True,
    shell_complete=suggestions.periods,
    help=f"Which mail: {', '.join(PERIODS)}, or from a date on.",
)
@click.option("--auto-approve", is_flag=True, help="Do not ask; needed where nobody can be asked.")
@format_option(_FORMS)
@seed_option
@click.pass_obj
def start(
    options: Common,
    file: Path,
    preset: str,
    first: datetime | None,
    second: datetime | None,
    now: bool,
    since: str,
    auto_approve: bool,
    form: str,
    seed: str | None,
) -> int:
    """Start a migration of the accounts in a file.

    FILE.csv has a row for each mailbox, local;user;password;server, and no header. Git must ignore it.
    """
    if now and first:
        raise click.UsageError("--now and --first exclude each other: say once when")
    if not now and not first:
        raise click.UsageError("say when: --now, or --first TIME")
    if first and second and second <= first:
        raise click.UsageError("--second comes after --first")
    accounts = account_file.read(file)
    configuration = _configuration(options)
    order = Order(accounts, preset, first, second, since, configuration.settings.customer_code)
    with closing(connect(Client, configuration, options, seed=seed)) as client:
        homeless = migrations.homeless(Account(client, TYPES), configuration, accounts.accounts, TYPES)
        if homeless:
            raise account_file.unknown(homeless)
        options.say(jobs.announced(order, options.palette(), full=options.verbose > 0))
        if first and second and second - first > _APART:
            options.say("an older page of the documentation allows a second run up to 23 hours after the first only")
        question = f"Start this migration at {configuration.settings.endpoint}? Only yes is taken"
        if not (auto_approve or agreed(options, question, hint="add --auto-approve, once it is what you want")):
            raise QboxctlError("not approved; nothing was started")
        options.acting = True
        try:
            with options.doubtful("it may be started", "migrate", "list", before=" before you start it again"):
                code = migrations.start(client, order)
        except Undone as undone:
            if form == "json" and not undone.known:
                options.result(jobs.one("migration", {"csv_file_name": file.name, "status": "unknown"}, (), (), form))
            raise
        return _started(client, code, form, options)


def _configuration(options: Common) -> Configuration:
    """The files, which may declare mailboxes; without any, nothing is declared."""
    folder = Path(options.directory)
    return settings_only(options) if folder.is_dir() and not has_sources(folder) else read_configuration(options)


def _started(client: Client, code: str, form: str, options: Common) -> int:
    """Show what was started; that it cannot be shown is no failure any more."""
    try:
        one = migrations.found(client, code)
    except QboxctlError as error:
        options.say(f"it cannot be shown: {clean(str(error))}")
        one = Migration({"code": code}, [])
    options.result(jobs.one("migration", one.record, one.rows, jobs.MIGRATED, form, options.palette()))
    options.say("started; see how it goes:", paste=options.command_line("migrate", "watch", code))
    return Exit.PARTIAL if migrations.status(one.record) == "failed" else Exit.DONE


@command.command("list", cls=Command)
@common_options
@format_option(_FORMS)
@seed_option
@click.pass_obj
def list_(options: Common, form: str, seed: str | None) -> None:
    """List the migrations with their status."""
    configuration = settings_only(options)
    with closing(connect(Reader, configuration, options, seed=seed)) as reader:
        found = migrations.listed(reader, configuration.settings.customer_code)
    shown = jobs.listed("migrations", found, jobs.MIGRATIONS, form, options.palette())
    if shown:
        options.result(shown)
    if not found:
        options.say("there are no migrations")


@command.command("show", cls=Command)
@common_options
@click.argument("code")
@click.option("--failed", is_flag=True, help="Only the rows whose mail could not be fetched.")
@format_option(_FORMS)
@seed_option
@click.pass_obj
def show(options: Common, code: str, failed: bool, form: str, seed: str | None) -> None:
    """Show a migration and its rows."""
    with closing(connect(Reader, settings_only(options), options, seed=seed)) as reader:
        found = migrations.found(reader, code, failed=failed)
    options.result(jobs.one("migration", found.record, found.rows, jobs.MIGRATED, form, options.palette()))


@command.command("watch", cls=Command)
@common_options
@click.argument("code")
@click.option(
    "--wait", type=Duration(), metavar="DURATION", help="How long to watch, such as 30m; to its end if absent."
)
@format_option(_FORMS)
@seed_option
@click.pass_obj
def watch(options: Common, code: str, wait: float | None, form: str, seed: str | None) -> int:
    """Print a line for each change of a migration.

    It ends when the migration does: exit 6 where mail could not be fetched, 7 where --wait was over before.
    """
    tell = options.result if form == "table" else options.say
    with closing(connect(Reader, settings_only(options), options, seed=seed, counting=False)) as reader:
        found = migrations.watch(reader, code, lambda record: tell(jobs.change(record)), wait)
    if form == "json":
        options.result(jobs.one("migration", found.record, found.rows, jobs.MIGRATED, form))
    elif found.failed:
        options.result(jobs.listed("rows", found.failed, jobs.MIGRATED, form, options.palette()))
    if not found.ended:
        options.say(f"migration {code} goes on; that is all for now")
        return Exit.WAITING
    return Exit.PARTIAL if found.went_wrong else Exit.DONE


@command.command("cancel", cls=Command)
@common_options
@click.argument("code")
@click.option("--auto-approve", is_flag=True, help="Do not ask; needed where nobody can be asked.")
@format_option(_FORMS)
@seed_option
@click.pass_obj
def cancel(options: Common, code: str, auto_approve: bool, form: str, seed: str | None) -> None:
    """Delete a migration, which ends its runs.

    It asks first. What can be ended is ended; mail that was fetched stays.
    """
    with closing(connect(Client, settings_only(options), options, seed=seed)) as client:
        found = migrations.found(client, code)
        record = found.record
        options.say(f"{jobs.change(record)}, from {jobs.file_of(record)}")
        if not migrations.can_cancel(record):
            raise Undone(f"migration {code} cannot be cancelled now: the server says can_delete: false")
        question = f"Cancel migration {code}? Only yes is taken"
        if not (auto_approve or agreed(options, question, hint="add --auto-approve, once that is what you want")):
            raise QboxctlError("not approved; nothing was cancelled")
        options.acting = True
        with options.doubtful("it may be cancelled", "migrate", "list"):
            migrations.cancel(client, code)
    if form == "json":
        options.result(jobs.one("migration", found.record, found.rows, (), form))
    options.say(f"cancelled migration {code}; mail that was fetched stays")
