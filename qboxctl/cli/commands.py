"""The commands by name, and how Click shows them; none is imported before it is called."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

import click

from qboxctl.cli.common import is_common

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from qboxctl.render.style import Palette

SECTIONS = {
    "Every day": {
        "validate": "Check the configuration, offline.",
        "plan": "Show what apply would do; changes nothing.",
        "apply": "Make the account as the files say.",
        "show": "Show a saved plan.",
    },
    "Look": {
        "export": "Write the live account as configuration.",
        "doctor": "Check token, reach and permissions, and what the API really returns.",
        "dns": "The DNS records that the declared domains need.",
        "explain": "The reference of kinds and attributes.",
        "guide": "The documentation, page by page.",
        "schema": "The JSON Schema of the configuration or of a plan.",
    },
    "Jobs": {
        "migrate": "Have mail fetched from another server, and watch how it goes.",
        "imports": "The imports of CSV files that were made in the panel.",
        "ready": "What a Delivery account lacks before mail can be sent through it.",
        "trace": "What became of mail that was sent through Delivery.",
        "report": "What the account holds, and what it costs, as table, CSV or JSON.",
    },
    "Set up": {
        "init": "Make a starter project.",
        "demo": "A first look, without an account.",
        "emulator": "Run a local Management API.",
        "completion": "Completion for bash, zsh or fish.",
    },
}
"""The commands by what they are for, each with a line about it."""
COMMANDS = {name: line for section in SECTIONS.values() for name, line in section.items()}

_BEGIN = {
    "qboxctl demo": "see it at work, without an account",
    "qboxctl init mail": "make a project of your own",
    "qboxctl export --out mail": "write the files of an account that is there",
    "qboxctl guide first-steps": "read how it goes on",
}


def first_screen(palette: Palette) -> str:
    """What there is to see where no command was named: what this is, where to begin, which commands there are."""
    commands = {section: ", ".join(names) for section, names in SECTIONS.items()}
    return "\n".join(
        (
            palette.paint("qboxctl keeps an e-mail account at Qboxmail as files.", "bold"),
            "You write YAML, plan shows what it changes in the account, apply does just that.",
            "",
            palette.paint("Begin with", "bold"),
            *(f"  {palette.paint(f'{line:26}', 'cyan')} {text}" for line, text in _BEGIN.items()),
            "",
            palette.paint("Commands", "bold"),
            *(f"  {palette.paint(f'{section:9}', 'dim')}  {names}" for section, names in commands.items()),
            "",
            "qboxctl --help says what each is for, qboxctl COMMAND --help tells all of one.",
        )
    )


class Command(click.Command):
    """A command whose help begins with the options of its own; its epilog is a list of examples."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the command's own options, then those that every command takes."""
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        own = [one for one in options if one in self.params and not is_common(one)]
        shared = [one for one in options if one not in own]
        for title, some in (("Options", own), ("Options of every command", shared)):
            records = [record for one in some if (record := one.get_help_record(ctx))]
            if records:
                with formatter.section(title):
                    formatter.write_dl(records, col_max=_COLUMN)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the examples as they are written: lines to paste."""
        if self.epilog:
            with formatter.section("Examples"):
                for line in inspect.cleandoc(self.epilog).splitlines():
                    formatter.write(f"{' ' * formatter.current_indent}{line}\n")


class CommandGroup(Command, click.Group):
    """A command of several, each a word behind its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are written."""
        return list(self.commands)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the commands, and then the options."""
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse to be called without one of the commands."""
        if not args and not ctx.resilient_parsing:
            raise click.UsageError(f"say what to do: {' or '.join(self.commands)}", ctx)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse a command that is none, and say which one was meant."""
        _known(ctx, args, self.commands, f"command {self.name}")
        return super().resolve_command(ctx, args)


def _known(ctx: click.Context, args: list[str], names: Iterable[str], what: str) -> None:
    """Raise UsageError for the name of a command that is none."""
    if args and args[0] not in names and not args[0].startswith("-") and not ctx.resilient_parsing:
        from difflib import get_close_matches

        near = get_close_matches(args[0], names, 1, 0.5)
        more = f": did you mean {near[0]}?" if near else ""
        raise click.UsageError(f"there is no {what} {args[0]!r}{more}", ctx)


_COLUMN = 26
"""How wide the names of options may be before their texts go below."""


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
        _known(ctx, args, COMMANDS, "command")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands from the table: no module is imported to name them."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the commands by what they are for, and then the options."""
        width = max(map(len, COMMANDS))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:{width}}", line) for name, line in commands.items()])
        click.Command.format_options(self, ctx, formatter)
