"""The commands by name, and how Click shows them; none is imported before it is called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
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


class Commands(click.Group):
    """The commands, each in a module of its own that is imported when it is needed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an empty value of any option or argument: a variable that was not set must not mean "all"."""
        for before, word in zip(["", *args], args, strict=False):
            if not ctx.resilient_parsing and (not word or (word.startswith("--") and word.find("=") == len(word) - 1)):
                named = word[:-1] or (before if before.startswith("-") else "an argument")
                raise click.UsageError(f"{named} has an empty value: give it one, or leave it out", ctx)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"qboxctl.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse a command that is none, and say which one was meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1, 0.5)
            more = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{more}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands from the table: no module is imported to name them."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
