"""Exceptions as messages and exit codes: what is wrong, where, what to do."""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from difflib import get_close_matches
from enum import IntEnum

import click

from qboxctl.cli.common import Common
from qboxctl.errors import AuthError, ConfigError, QboxctlError, StalePlanError, Undone
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


_SHOWN = 20
"""So many objects that moved are listed."""
_PLACED = re.compile(r"(?:File|Directory) ('.*') is a (file|directory)", re.DOTALL)
_CODES = {AuthError: Exit.AUTH, StalePlanError: Exit.STALE, Undone: Exit.PARTIAL}


def explained(error: Exception, options: Common) -> int:
    """Print an error to stderr, and give its exit code."""
    palette = options.palette(sys.stderr)
    mark = palette.paint("error", "alarm")
    match error:
        case ConfigError():
            options.alert(diagnostics.text(error.diagnostics, palette, options.excerpts))
            return Exit.INVALID
        case QboxctlError():
            options.alert(palette.fit(f"{mark}: {clean(str(error))}"))
            if isinstance(error, StalePlanError):
                for moved in error.moved if options.verbose else error.moved[:_SHOWN]:
                    options.alert(palette.fit(f"  {clean(moved.address)}: {clean(moved.what)}"))
                if len(error.moved) > _SHOWN and not options.verbose:
                    options.alert(f"  and {len(error.moved) - _SHOWN} more (-v lists them)")
            if error.hint:
                options.alert(palette.fit(f"{palette.paint('  help:', 'cyan')} {clean(error.hint)}"))
            return _CODES.get(type(error), Exit.ERROR)
        case MemoryError():
            options.alert(f"{mark}: there is not enough memory")
            return Exit.ERROR
        case RuntimeError() if "can't start new thread" in str(error):
            options.alert(f"{mark}: the system allows no more threads")
            options.alert("  help: raise its limit on processes (ulimit -u), or lower settings.api.concurrency")
            return Exit.ERROR
    if options.debug:
        lines = "".join(traceback.format_exception(error)).splitlines()
        options.alert("\n".join(options.redact(line) for line in lines))
    else:
        told = clean(options.redact(str(error)))[:300]
        options.alert(f"{mark}: a fault in qboxctl: {type(error).__name__}: {told}")
        options.alert("  help: run it again with --debug, and report what that prints")
    return Exit.ERROR


def misused(error: click.ClickException, options: Common) -> int:
    """Print what is wrong with a command line, as all other errors are printed, and give its exit code."""
    palette = options.palette(sys.stderr)
    context = error.ctx if isinstance(error, click.UsageError) else None
    hints = []
    match error:
        case click.NoSuchOption():
            message = f"there is no option {error.option_name}"
            near = get_close_matches(error.option_name, error.possibilities or (), 2, 0)
            hints += [f"did you mean {' or '.join(near)}?"] if near else []
        case click.MissingParameter() | click.BadParameter() if error.param is not None:
            name = " ".join(filter(None, (_name(error.param), "is missing" if not error.message else "")))
            message = f"{name}: {_PLACED.sub(_placed, error.message).rstrip('.')}" if error.message else name
        case _:
            message, question, near_by = error.format_message().partition("did you mean")
            message = re.sub(r"Option '(\S+)'", r"\1", message)  # requires an argument, or takes none
            message = message[:1].lower() + message[1:].rstrip(" :.")
            hints += [question + near_by] if question else []
    if context is not None:
        hints.append(f"`{context.command_path} --help` tells what it takes")
    options.alert(palette.fit(f"{palette.paint('error', 'alarm')}: {clean(message)}"))
    if hints:
        options.alert(palette.fit(f"{palette.paint('  help:', 'cyan')} {clean(' '.join(hints))}"))
    return Exit.ERROR


def _name(parameter: click.Parameter) -> str:
    """What a parameter is called on the command line: an option's longest name, or an argument's."""
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return parameter.human_readable_name.strip("[]")


def _placed(found: re.Match[str]) -> str:
    """What is said of a file in a folder's place, or of a folder in a file's."""
    is_, wanted = ("a file", "a folder") if found[2] == "file" else ("a folder", "a file")
    return f"{found[1]} is {is_}: name {wanted}"


def of_the_system(error: OSError) -> str:
    """What is said of something that the system refuses, and that no command foresaw."""
    about = f"{clean(str(error.filename))}: " if error.filename is not None else ""
    hint = ""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        hint = "\n  help: raise the limit on open files (ulimit -n), or lower settings.api.concurrency"
    elif error.errno == errno.ENOENT and not _has_folder():
        hint = "\n  help: the working folder is not there any more: change to another one"
    return f"error: {about}{error.strerror or error}{hint}"


def _has_folder() -> bool:
    try:
        return bool(os.getcwd())
    except FileNotFoundError:
        return False
