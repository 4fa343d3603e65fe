"""Questions before something is done that cannot be taken back."""

from __future__ import annotations

import sys

import click

from qboxctl.cli.common import Common
from qboxctl.errors import QboxctlError


def agreed(options: Common, question: str, *, first: str = "", hint: str) -> bool:
    """Whether the user answers "yes"; ``first`` is what must not be missed before. No is the default.

    Raises QboxctlError where nobody can be asked, or has seen what it is about; ``hint`` says how to do without.
    """
    if not sys.stdin.isatty() or options.output.lost:
        raise QboxctlError("nobody can be asked here", hint=hint)
    if first:
        options.alert(first)
    return str(click.prompt(question, default="no", err=True)).strip().lower() == "yes"
