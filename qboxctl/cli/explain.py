"""``qboxctl explain``: the reference in the terminal."""

from __future__ import annotations

import click

from qboxctl.cli.common import Common, common
from qboxctl.errors import QboxctlError
from qboxctl.render import reference


@click.command("explain")
@common
@click.argument("topic", required=False, metavar="[TOPIC]")
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
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
