"""``qboxctl explain``: the reference in the terminal."""

from __future__ import annotations

import click

from qboxctl.cli import suggestions
from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, common_options, format_option
from qboxctl.errors import QboxctlError
from qboxctl.render import reference

_EXAMPLES = """
qboxctl explain mailbox
qboxctl explain mailbox.antispam_level
qboxctl explain settings
"""


@click.command("explain", cls=Command, epilog=_EXAMPLES)
@common_options
@click.argument("topic", required=False, metavar="[TOPIC]", shell_complete=suggestions.references)
@format_option(["text", "markdown"])
@click.pass_obj
def command(options: Common, topic: str | None, form: str) -> None:
    """Tell of a KIND, of KIND.ATTRIBUTE or of settings: what it is, which values it takes, and how sure that is."""
    if form == "markdown":
        if topic:
            raise click.UsageError("the Markdown reference is one page: leave the topic out")
        options.result(reference.page().rstrip("\n"))
        return
    try:
        options.result(reference.explain(topic, options.palette()))
    except KeyError:
        raise QboxctlError(f"there is nothing called {topic}", hint=reference.meant(topic or "")) from None
