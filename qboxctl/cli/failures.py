"""Exceptions as messages and exit codes: what is wrong, where, what to do."""

from __future__ import annotations

import sys
import traceback
from enum import IntEnum

import click

from qboxctl.cli.common import Common
from qboxctl.errors import AuthError, ConfigError, QboxctlError, StalePlanError
from qboxctl.render import diagnostics
from qboxctl.render.style import clean


class Exit(IntEnum):
    """How a command ends. Where several fit, the first of 130, 3, 8, 5, 4, 6, 7."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    INVALID = 3
    BLOCKED = 4
    STALE = 5
    PARTIAL = 6
    WAITING = 7
    AUTH = 8
    INTERRUPTED = 130


_CODES = {AuthError: Exit.AUTH, StalePlanError: Exit.STALE}


def explained(error: Exception, options: Common) -> int:
    """Print an error to stderr, and give its exit code."""
    options.clear()
    palette = options.palette(sys.stderr)
    mark = palette.paint("error", "alarm")
    match error:
        case ConfigError():
            click.echo(diagnostics.text(error.diagnostics, palette), err=True, color=True)
            return Exit.INVALID
        case QboxctlError():
            click.echo(palette.fit(f"{mark}: {clean(str(error))}"), err=True, color=True)
            if isinstance(error, StalePlanError):
                for moved in error.moved:
                    click.echo(palette.fit(f"  {clean(moved.address)}: {clean(moved.what)}"), err=True)
            if error.hint:
                hint = f"{palette.paint('  help:', 'cyan')} {clean(error.hint)}"
                click.echo(palette.fit(hint), err=True, color=True)
            return _CODES.get(type(error), Exit.ERROR)
    if options.debug:
        traceback.print_exception(error)
    else:
        click.echo(f"{mark}: a fault in qboxctl: {type(error).__name__}: {clean(str(error))[:300]}", err=True)
        click.echo("  help: run it again with --debug, and report what that prints", err=True)
    return Exit.ERROR
