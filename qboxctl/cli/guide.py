"""``qboxctl guide``: the documentation in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import click

from qboxctl.cli import suggestions
from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, common_options
from qboxctl.cli.pages import page, topics
from qboxctl.errors import QboxctlError
from qboxctl.render import guide

_EXAMPLES = """
qboxctl guide
qboxctl guide removals
"""


@click.command("guide", cls=Command, epilog=_EXAMPLES)
@common_options
@click.argument("topic", required=False, metavar="[TOPIC]", shell_complete=suggestions.guides)
@click.pass_obj
def command(options: Common, topic: str | None) -> None:
    """Print a guide, or without TOPIC the list of them."""
    known = topics()
    if topic is None:
        options.result(guide.contents(known, options.palette()))
        return
    found = known.get(topic)
    if found is None:
        near = _near(topic, known)
        hint = f"did you mean {' or '.join(near)}?" if near else "`qboxctl guide` lists them"
        raise QboxctlError(f"there is no guide called {topic}", hint=hint)
    options.result(guide.text(page(found.path), known, options.palette()).rstrip("\n"))


def _near(topic: str, known: Mapping[str, guide.Topic]) -> list[str]:
    """The guides whose name is written alike, else those whose name or line holds the word."""
    word = topic.lower()
    alike = get_close_matches(word, known, 2, 0.6)
    return alike or [name for name, one in known.items() if word in f"{name} {one.line.lower()}"][:3]
