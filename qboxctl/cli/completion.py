"""``qboxctl completion``: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from qboxctl.cli.common import Common, common

_HOW = {
    "bash": 'eval "$(qboxctl completion bash)"     # in ~/.bashrc',
    "zsh": 'eval "$(qboxctl completion zsh)"      # in ~/.zshrc, after compinit',
    "fish": "qboxctl completion fish > ~/.config/fish/completions/qboxctl.fish",
}


@click.command("completion")
@common
@click.argument("shell", type=click.Choice(list(_HOW)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell; the first line says where it goes."""
    options = ctx.find_object(Common) or Common()
    made = get_completion_class(shell)
    if made is not None:
        script = made(ctx.find_root().command, {}, "qboxctl", "_QBOXCTL_COMPLETE").source()
        options.result(f"# {_HOW[shell]}\n{script.strip()}")
