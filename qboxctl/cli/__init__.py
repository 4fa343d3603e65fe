"""The command line: it knows the terminal, the user's environment and the exit codes, and passes in what others need.

One file for each command. ``planning`` goes from the options to a plan, ``session`` to a connection, ``output``
prints and never raises, ``failures`` turns exceptions into messages and exit codes. Commands are imported when they
are called: `--help` and `--version` load Click and nothing else.

Never: a decision about the account that the rooms below could make.
Start at ``plan.command``, then ``apply.command``.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from qboxctl import __version__
from qboxctl.cli.common import Common, common
from qboxctl.cli.output import standard_streams

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS = {
    "init": "Make a starter project.",
    "validate": "Check the configuration, offline.",
    "plan": "Show what apply would do; changes nothing.",
    "apply": "Make the account as the files say.",
    "show": "Show a saved plan.",
    "export": "Write the live account as configuration.",
    "dns": "The DNS records that the declared domains need.",
    "doctor": "Check token, reach and permissions, and what the API really returns.",
    "explain": "The reference of kinds and attributes.",
    "guide": "The documentation, page by page.",
    "schema": "The JSON Schema of the configuration or of a plan.",
    "emulator": "Run a local Management API.",
    "demo": "A first look, without an account.",
    "completion": "Completion for bash, zsh or fish.",
}


class _Commands(click.Group):
    """The commands, each in a module of its own that is imported when it is needed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an empty value of any option or argument: a variable that was not set must not mean "all"."""
        for before, word in zip(["", *args], args, strict=False):
            if not ctx.resilient_parsing and (not word or (word.startswith("--") and word.find("=") == len(word) - 1)):
                named = word[:-1] or (before if before.startswith("-") else "an argument")
                raise click.UsageError(f"{named} has an empty value: give it one, or leave it out", ctx)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"qboxctl.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS, 1, 0.5)
            more = f": did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"there is no command {args[0]!r}{more}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands from the table: no module is imported to name them."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=text) for name, text in _COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@common
@click.version_option(__version__, message="qboxctl %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Qboxmail as code: declare domains, mailboxes, aliases and Delivery in YAML; plan, review, apply."""
    if ctx.invoked_subcommand is None:
        ctx.ensure_object(Common).result(ctx.get_help())


_ALL_WELL = (0, 2)
"""The exit codes of a plan that was shown."""


def main(args: list[str] | None = None) -> None:
    """Run the command line, and leave the process with its exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
        options.alert("interrupted")
        os._exit(130)  # what is still being read is of no use to anybody; writes end in order before (see apply)
    except OSError as error:  # what click prints by itself, such as a help; whatever else goes wrong is told by its own
        if not isinstance(error, BrokenPipeError):
            from qboxctl.cli.failures import of_the_system

            options.alert(of_the_system(error))
        return 1
    except Exception as error:
        from qboxctl.cli.failures import explained

        return explained(error, options)
