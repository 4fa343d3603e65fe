"""What there is to see before anything is done: the first screen, and the help of each command."""

from __future__ import annotations

import shlex
from importlib import import_module

import click
import pytest

from qboxctl.cli import cli, run
from qboxctl.cli.commands import COMMANDS, SECTIONS, first_screen
from qboxctl.cli.common import Common, is_common
from qboxctl.render.style import Palette

TOP: dict[str, click.Command] = {name: import_module(f"qboxctl.cli.{name}").command for name in COMMANDS}
INSIDE = {
    f"{name} {inner}": command for name, one in TOP.items() for inner, command in getattr(one, "commands", {}).items()
}
FOUND = {**TOP, **INSIDE}
EXAMPLES = [line for one in FOUND.values() for line in (one.epilog or "").strip().splitlines()]
NARROW = 80


def succeed(*words: str) -> None:
    """Run a command, which must end well."""
    options = Common()
    assert run(lambda: cli.main([*words], prog_name="qboxctl", standalone_mode=False, obj=options), options) == 0


def test_the_first_screen_fits_one_and_names_every_command(capsys):
    succeed()
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert (err, len(lines) < 24, max(map(len, lines)) <= NARROW) == ("", True, True)
    assert [name for name in COMMANDS if name not in out.replace(",", " ").split()] == []
    assert "\x1b[" in first_screen(Palette(enabled=True))
    for begin in ("qboxctl demo ", "qboxctl init mail ", "qboxctl guide first-steps "):
        assert f"  {begin}" in out


def test_the_help_groups_the_commands_and_then_lists_the_options(capsys):
    succeed("--help")
    out = capsys.readouterr().out
    titles = [line for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == [*(f"{section}:" for section in SECTIONS), "Options:"]


@pytest.mark.parametrize("name", FOUND)
def test_a_command_shows_its_own_options_first(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(NARROW))
    succeed(*name.split(), "-h")
    out = capsys.readouterr().out
    own = [one for one in FOUND[name].params if isinstance(one, click.Option) and not is_common(one)]
    shared = out.index("Options of every command:")
    assert all(0 < out.index(one.opts[-1]) < shared for one in own)
    assert shared < out.index("--endpoint URL")
    assert all(len(line) <= NARROW for line in out[:shared].splitlines())


@pytest.mark.parametrize("name", FOUND)
def test_every_option_says_what_it_does(name):
    assert [one.opts for one in FOUND[name].params if isinstance(one, click.Option) and not one.help] == []


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_can_be_typed(line):
    """Click reads all options before it obeys --help, and refuses those that it does not know."""
    program, *words = shlex.split(line.partition(">")[0], comments=True)
    assert program == "qboxctl"
    assert cli.main([*words, "--help"], prog_name="qboxctl", standalone_mode=False, obj=Common()) == 0


def test_there_are_examples_where_they_help():
    assert {line.split()[1] for line in EXAMPLES} >= {"plan", "apply", "show", "export", "init", "validate", "dns"}
