"""``qboxctl doctor``: whether token, reach, permissions and answers are as they should be. It writes nothing."""

from __future__ import annotations

from contextlib import closing

import click

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, common_options, format_option, seed_option
from qboxctl.cli.failures import Exit
from qboxctl.cli.session import connect, settings_only
from qboxctl.doctor import examine
from qboxctl.render import examination
from qboxctl.resources import TYPES


@click.command("doctor", cls=Command)
@common_options
@format_option(["text", "json"])
@seed_option
@click.pass_obj
def command(options: Common, form: str, seed: str | None) -> int:
    """Check token, reach and permissions, and which of the known attributes this account's answers carry."""
    configuration = settings_only(options)
    options.say(f"asking {configuration.settings.endpoint}")
    with closing(connect(Reader, configuration, options, seed=seed)) as reader:
        report = examine(Account(reader, TYPES), configuration, reader.clock.time())
    if form == "json":
        options.result(examination.as_json(report))
    elif not report.ended:
        options.result(examination.text(report, options.palette(), full=options.verbose > 0))
    if report.ended:
        raise report.ended
    return Exit.ERROR if report.failed else Exit.DONE
