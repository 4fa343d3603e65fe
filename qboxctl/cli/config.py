"""From the command line's options to a checked configuration; nothing here loads what talks to a server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qboxctl.cli.common import Common
from qboxctl.config.configuration import Configuration
from qboxctl.config.excerpts import Excerpts
from qboxctl.config.files import read_sources
from qboxctl.config.loader import load
from qboxctl.config.rules import check
from qboxctl.config.settings import normal_endpoint
from qboxctl.config.yaml.parallel import parse_together
from qboxctl.config.yaml.reader import Source
from qboxctl.errors import Diagnostic, QboxctlError
from qboxctl.resources import TYPES


def sources_of(options: Common) -> list[Source]:
    """The files of the configuration, which messages show lines of from now on. Raises ConfigError."""
    sources = read_sources(options.directory)
    secrets = {one.name for type_ in TYPES.values() for one in type_.fields if one.secret}
    options.excerpts = Excerpts(sources, secrets)
    return sources


def checked_configuration(
    options: Common, sources: Sequence[Source] | None = None
) -> tuple[Configuration, list[Diagnostic]]:
    """The configuration and everything that is wrong with it as a whole; its files are read, where they were not."""
    sources = sources_of(options) if sources is None else sources
    parse_together(sources)
    configuration = at_endpoint(load(sources, TYPES, options.env), options)
    return configuration, check(configuration, TYPES)


def at_endpoint(configuration: Configuration, options: Common) -> Configuration:
    """The configuration with the endpoint that a flag or the environment names, where one does."""
    if not options.endpoint:
        return configuration
    try:
        settings = replace(configuration.settings, endpoint=normal_endpoint(options.endpoint), endpoint_at=None)
    except ValueError as error:
        raise QboxctlError(str(error), hint="correct --endpoint or QBOXCTL_ENDPOINT") from None
    return replace(configuration, settings=settings)
