"""``qboxctl validate``: everything that can be wrong without asking anybody."""

from __future__ import annotations

from dataclasses import replace

import click

from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, common_options, format_option
from qboxctl.cli.failures import Exit
from qboxctl.errors import ConfigError, Diagnostic, Severity, has_errors
from qboxctl.render import diagnostics

_EXAMPLES = """
qboxctl validate
qboxctl -C mail --env sandbox validate
qboxctl validate --format github     # mistakes beside the lines of a pull request
"""


@click.command("validate", cls=Command, epilog=_EXAMPLES)
@common_options
@format_option(["text", *diagnostics.FORMATS])
@click.pass_obj
def command(options: Common, form: str) -> int:
    """Check the configuration, offline: no network, no secrets, every mistake at once."""
    from qboxctl.cli.config import checked_configuration
    from qboxctl.config.trust import untrusted

    files = objects = 0
    found: list[Diagnostic]
    try:
        configuration, found = checked_configuration(options)
        files, objects = len(configuration.sources), len(configuration.objects)
        wrong = untrusted(configuration)
        found += [replace(wrong, severity=Severity.WARNING)] if wrong else []  # where no token is sent, it does no harm
    except ConfigError as error:
        found = list(error.diagnostics)
    if form == "text":
        if found:
            options.result(diagnostics.text(found, options.palette(), options.excerpts))
        if len(found) > diagnostics.MOST:
            options.say("all of them: qboxctl validate --format json")
        options.say(diagnostics.verdict(found, files, objects))
    else:
        report = diagnostics.FORMATS[form](found)
        if report:
            options.result(report)
    return Exit.INVALID if has_errors(found) else Exit.DONE
