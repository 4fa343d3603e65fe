"""A value that is empty is a variable that was not set: wrong usage, and never "all" or "the usual one"."""

from __future__ import annotations

from importlib import import_module

import click
import pytest

from qboxctl.cli import cli, run
from qboxctl.cli.commands import COMMANDS
from qboxctl.cli.common import Common


def options(command: click.Command) -> list[str]:
    """The options of a command that take a value, in each of their spellings."""
    found = [one for one in command.params if isinstance(one, click.Option) and not one.is_flag and not one.count]
    return [name for one in found for name in one.opts]


LINES = [("-C", ["-C", "", "validate"]), ("--endpoint", ["--endpoint=", "plan"]), ("an argument", ["apply", ""])]
"""What is empty, in a command line."""
for name in COMMANDS:
    for option in options(import_module(f"qboxctl.cli.{name}").command):
        LINES.append((option, [name, option, ""]))
        if option.startswith("--"):
            LINES.append((option, [name, f"{option}="]))


@pytest.mark.parametrize(("named", "line"), LINES, ids=[" ".join(line) for _, line in LINES])
def test_it_is_wrong_usage(named, line, capsys):
    options = Common()
    assert run(lambda: cli.main(args=[*line], standalone_mode=False, obj=options), options) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"error: {named} has an empty value" in err


def test_all_options_that_take_a_value_are_tried():
    tried = {named for named, _ in LINES}
    assert {"--since", "--target", "--endpoint", "-C", "--env", "--out", "--rotate", "--acknowledge", "--wait"} <= tried


def test_an_endpoint_that_the_environment_leaves_empty_is_none(project):
    project.write({"settings": {"endpoint": "http://127.0.0.1:1", "api": {"retries": 0}}, "domains": {"a.example": {}}})
    done = project.run("plan", env={"QBOXCTL_ENDPOINT": ""})
    assert "no connection to 127.0.0.1" in done.err, "as if the variable were not there"
