"""The command line: it knows the terminal, the user's environment and the exit codes, and passes in what others need.

One file for each command, listed in ``commands`` and imported when it is called: `--help` and `--version` load Click
and nothing else. ``common`` has the options that all take, ``planning`` goes from options to a plan, ``session`` to a
connection, ``config`` to the files. ``output`` prints and never raises, ``progress`` tells how far a run is,
``suggestions`` completes words, ``failures`` turns exceptions into messages and exit codes.

Never: a decision about the account that the rooms below could make.
Start at ``plan.command``, then ``apply.command``.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click

from qboxctl import __version__
from qboxctl.cli.commands import Commands, first_screen
from qboxctl.cli.common import Common, common_options
from qboxctl.cli.output import standard_streams
from qboxctl.signals import heeded


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@common_options
@click.version_option(__version__, message="qboxctl %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Qboxmail as code: declare domains, mailboxes, aliases and Delivery in YAML; plan, review, apply."""
    if ctx.invoked_subcommand is None:
        options = ctx.ensure_object(Common)
        options.result(first_screen(options.palette()))


_ALL_WELL = (0, 2)
"""The exit codes of a plan that was shown."""


def main(args: list[str] | None = None) -> None:
    """Run the command line, and leave the process with its exit code."""
    for number in heeded():
        signal.signal(number, signal.default_int_handler)
    gc.disable()  # a plan builds millions of values and drops few: looking for garbage took a third of it (see run_on)
    standard_streams()
    options = Common()
    code = run(lambda: cli.main(args=args, prog_name="qboxctl", standalone_mode=False, obj=options), options)
    gc.freeze()  # nor need they be taken apart one by one before the process ends
    sys.exit(code)


def run(command: Callable[[], Any], options: Common) -> int:
    """Call a command, and turn whatever it ends with into a message and an exit code.

    A command whose result could not be printed has failed, unless what it does is more than to print.
    """
    code = _ended(command, options)
    options.output.settle()
    lost = options.output.lost
    if lost is not None and not isinstance(lost, BrokenPipeError):
        options.alert(f"error: the result cannot be printed: {getattr(lost, 'strerror', None) or lost}")
        options.output.settle()
    return 1 if lost is not None and code in _ALL_WELL and not options.acting else code


def _interrupted(options: Common) -> NoReturn:
    options.alert("interrupted")
    os._exit(130)  # what is still being read is of no use to anybody; writes end in order before (see apply)


def _ended(command: Callable[[], Any], options: Common) -> int:
    """The exit code of a command; its errors are told."""
    try:
        return int(command() or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        from qboxctl.cli.failures import misused

        return misused(error, options)
    except (click.Abort, KeyboardInterrupt):
        _interrupted(options)
    except OSError as error:  # what click prints by itself, such as a help; whatever else goes wrong is told by its own
        if isinstance(error.__context__, KeyboardInterrupt):  # click began a new line, on a terminal that is gone
            _interrupted(options)
        if not isinstance(error, BrokenPipeError):
            from qboxctl.cli.failures import of_the_system

            options.alert(of_the_system(error))
        return 1
    except Exception as error:
        from qboxctl.cli.failures import explained

        return explained(error, options)
