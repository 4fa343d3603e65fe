"""``qboxctl completion``: the script that makes a shell complete commands, options and their values."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, common_options


class _Bash(BashComplete):
    """Click's completion, with a script that knows words such as ``mailbox/ada@example.com`` and ``name=value``.

    Bash splits them at ``@``, ``=`` and ``:``, and replaces only what stands behind the last ``=`` or ``:``, or from
    the ``@`` on. Nor are suggestions patterns for files, although some hold a ``*``.
    """

    source_template = r"""
%(complete_func)s() {
    local IFS=$'\n' line=$COMP_LINE words=() piece known type value

    for piece in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if [[ ${#words[@]} -gt 0 && -n $line && $line != [[:space:]]* ]]; then
            words[-1]+=$piece
        else
            words+=("$piece")
            line=${line#"${line%%%%[![:space:]]*}"}
        fi
        line=${line#"$piece"}
    done
    known=${words[-1]}
    [[ $piece == [=:]* ]] || known=${known%%"$piece"}
    known=${known%%@}
    [[ $known != --*=* ]] || known=${known#*=}

    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("${value#"$known"}") ;;
        esac
    done < <(COMP_WORDS="${words[*]}" COMP_CWORD=$((${#words[@]} - 1)) %(complete_var)s=bash_complete "$1" 2> /dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Fish(FishComplete):
    """Click's completion, with a script that keeps the commas of what is said about a suggestion."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')


_SHELLS: dict[str, tuple[type[ShellComplete], str]] = {
    "bash": (_Bash, 'eval "$(qboxctl completion bash)"     # in ~/.bashrc'),
    "zsh": (ZshComplete, 'eval "$(qboxctl completion zsh)"      # in ~/.zshrc, after compinit'),
    "fish": (_Fish, "qboxctl completion fish > ~/.config/fish/completions/qboxctl.fish"),
}


@click.command("completion", cls=Command)
@common_options
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell; the first line says where it goes."""
    options = ctx.find_object(Common) or Common()
    made, where = _SHELLS[shell]
    script = made(ctx.find_root().command, {}, "qboxctl", "_QBOXCTL_COMPLETE").source()
    options.result(f"# {where}\n{script.strip()}")
