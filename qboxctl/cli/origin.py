"""What a page can lead to: the lines that declare what a plan changes, on the site that shows their repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from qboxctl.cli.common import Common
from qboxctl.config import git
from qboxctl.config.configuration import Configuration
from qboxctl.config.files import read_sources
from qboxctl.config.loader import load
from qboxctl.errors import QboxctlError
from qboxctl.model import Address, Plan
from qboxctl.render.origin import Origin, SourceLine, site_of
from qboxctl.resources import TYPES


def origin_of(plan: Plan, configuration: Configuration | None, options: Common) -> Origin:
    """Where a plan comes from, as far as that is known; without a configuration, only its repository."""
    try:
        root = Path(options.directory)
        found = git.repository(root if root.is_dir() else root.parent)
        top, remote = found.top, git.remote(found)
    except QboxctlError:
        top, remote = None, ""
    places = dict(_places(plan, configuration, top)) if configuration else {}
    return Origin(places, site_of(os.environ, remote) if top else None)


def configuration_of(saved: Plan, options: Common) -> Configuration | None:
    """The configuration that a saved plan was made of, None where what is there now is another one, or wrong."""
    try:
        configuration = load(read_sources(options.directory), TYPES, saved.environment)
        return configuration if configuration.digest == saved.config_digest else None
    except QboxctlError:
        return None


def _places(plan: Plan, configuration: Configuration, top: Path | None) -> Iterator[tuple[Address, SourceLine]]:
    paths = {source.name: _path(source.name, top) for source in configuration.sources}
    for change in plan.changes:
        declared = configuration.objects.get(change.address)
        if declared is not None:
            place = configuration.position(declared.where)
            yield change.address, SourceLine(place.file, place.line, paths.get(place.file, ""))


def _path(name: str, top: Path | None) -> str:
    """A file's path in its repository, "" for one that is elsewhere."""
    path = Path(name).resolve()
    return path.relative_to(top).as_posix() if top and path.is_relative_to(top) else ""
