"""The command line: the only place that knows the terminal, the environment, the clock and exit codes.

Commands are imported when they are called: `--help` and `--version` load Click and nothing else.
"""

from __future__ import annotations

import codecs
import gc
import io
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from qboxctl import __version__
from qboxctl.cli.common import Common, common

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
            more = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{more}", ctx)
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
        click.echo(ctx.get_help())


def main(args: list[str] | None = None) -> None:
    """Run the command line, and leave the process with its exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _print_all()
    gc.disable()  # a plan builds millions of values and drops few: looking for garbage took a third of it (see run_on)
    options = Common()
    code = run(lambda: cli.main(args=args, prog_name="qboxctl", standalone_mode=False, obj=options), options)
    gc.freeze()  # nor need they be taken apart one by one before the process ends
    sys.exit(code)


def _print_all() -> None:
    """Print what a stream's encoding lacks as JSON spells it, instead of failing at it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
            codecs.register_error("spelt", _spelt)
            stream.reconfigure(errors="spelt")


def _spelt(error: UnicodeError) -> tuple[str, int]:
    import json

    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def run(command: Callable[[], Any], options: Common) -> int:
    """Call a command, and turn whatever it ends with into a message and an exit code."""
    try:
        return int(command() or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        os._exit(130)  # what is still being read is of no use to anybody; writes end in order before (see apply)
    except OSError as error:  # the result could not be printed: whatever else goes wrong has an error of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            click.echo(f"error: {error.strerror or error}", err=True)
        return 1
    except Exception as error:
        from qboxctl.cli.failures import explained

        return explained(error, options)
