"""From the command line's options to a checked wish; nothing here loads what talks to a server."""

from __future__ import annotations

import os
from dataclasses import replace

from qboxctl.cli.common import Common
from qboxctl.errors import Diagnostic, QboxctlError
from qboxctl.load import load
from qboxctl.resources import TYPES
from qboxctl.settings import normal_endpoint
from qboxctl.sources import read_sources
from qboxctl.validate import check
from qboxctl.wish import Wish


def checked_wish(options: Common) -> tuple[Wish, list[Diagnostic]]:
    """The configuration and everything that is wrong with it as a whole."""
    wish = at_endpoint(load(read_sources(options.directory), TYPES, options.env), options)
    return wish, check(wish, TYPES)


def at_endpoint(wish: Wish, options: Common) -> Wish:
    """The wish with the endpoint that a flag or the environment names, where one does."""
    endpoint = options.endpoint or os.environ.get("QBOXCTL_ENDPOINT", "")
    if not endpoint:
        return wish
    try:
        return replace(wish, settings=replace(wish.settings, endpoint=normal_endpoint(endpoint)))
    except ValueError as error:
        raise QboxctlError(str(error), hint="correct --endpoint or QBOXCTL_ENDPOINT") from None
