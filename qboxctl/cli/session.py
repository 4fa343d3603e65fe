"""From the command line's options to a configuration and a connection."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any, TypeVar

from qboxctl.api.client import Reader
from qboxctl.api.in_process import InProcess
from qboxctl.cli.common import Common
from qboxctl.cli.config import at_endpoint, checked_configuration, sources_of
from qboxctl.cli.progress import Progress
from qboxctl.config.configuration import Configuration
from qboxctl.config.files import has_sources
from qboxctl.config.loader import load_settings
from qboxctl.config.secrets import Secrets
from qboxctl.config.settings import EMULATOR, token_variables
from qboxctl.config.trust import token_of
from qboxctl.errors import ConfigError, Diagnostic, QboxctlError, has_errors
from qboxctl.model import Revealed, Secret, SecretSource
from qboxctl.render import diagnostics
from qboxctl.resources import TYPES

_R = TypeVar("_R", bound=Reader)
_EMULATED = Revealed("emulator")
"""Stands for a token where the account is in this process: none is read, and no program is run for one."""


def read_configuration(options: Common) -> Configuration:
    """The configuration, checked; its warnings go to stderr. Raises ConfigError."""
    return accepted(*checked_configuration(options), options)


def accepted(configuration: Configuration, found: list[Diagnostic], options: Common) -> Configuration:
    """A configuration with nothing but warnings, which go to stderr; raises ConfigError."""
    if has_errors(found):
        raise ConfigError(found)
    if found:
        options.say(diagnostics.text(found, options.palette(sys.stderr), options.excerpts))
    return configuration


def settings_only(options: Common) -> Configuration:
    """The settings, for commands that need nothing else: a folder without files stands for the default ones.

    Raises ConfigError for a mistake in the settings; others do not matter.
    """
    nothing = Path(options.directory).is_dir() and not has_sources(options.directory)
    files = [] if nothing else sources_of(options)
    return at_endpoint(load_settings(files, TYPES, options.env), options)


def connect(
    kind: type[_R],
    configuration: Configuration,
    options: Common,
    *,
    seed: str | None,
    stop: threading.Event | None = None,
    counting: bool = True,
) -> _R:
    """A connection to the account, for reading only or for writing too; its answers are counted, unless told not to.

    Raises AuthError without a token, and ConfigError for an endpoint that none may go to.
    """
    settings = configuration.settings
    inside = settings.endpoint == EMULATOR
    transport = _emulator(seed) if inside else None
    if seed and not inside:
        raise QboxctlError("--seed fills an emulator, and goes with --endpoint emulator: only")
    token = _EMULATED if inside else _token(configuration, options)
    progress = Progress(options, "asking the API")
    options.clear, options.progress = progress.clear, progress
    made = kind(
        settings.endpoint,
        token,
        settings.api,
        transport=transport,
        stop=stop,
        log=options.log(),
        notice=options.say,
        answered=progress if counting else None,
    )
    options.redact = made.redact
    return made


def process_secrets(configuration: Configuration, options: Common) -> Secrets:
    """What resolves the references of a configuration in this process's environment, as far as the options allow."""
    return Secrets(os.environ, tokens=token_variables(configuration.settings_block), allow_exec=not options.no_exec)


def _token(configuration: Configuration, options: Common) -> Revealed:
    """The token for the endpoint of a configuration."""
    hint = _way_to_a_token(configuration.settings.token, options)
    return token_of(configuration, process_secrets(configuration, options), hint)


def _way_to_a_token(secret: Secret, options: Common) -> str:
    if secret.source is SecretSource.EXEC and options.no_exec:
        return "where no program may run, let settings.token name a variable or a file: {env: NAME} or {file: PATH}"
    variable = secret.name[0] if secret.source is SecretSource.ENV else "the token"
    return f"make a Management API token in the panel, and export {variable}"


def _emulator(seed: str | None) -> InProcess:
    from qboxctl.emulator import Emulator, Request

    try:
        emulator = Emulator(seed=read_seed(seed) if seed else None)
    except ValueError as error:
        raise QboxctlError(f"the seed {seed} does not fit: {error}") from None
    return InProcess(lambda *parts: emulator.handle(Request(*parts)))


def read_seed(path: str) -> Any:
    """A seed file for the emulator: the shape of a configuration, or what `--state` saved."""
    from qboxctl.config.yaml.reader import load_plain

    try:
        content = load_plain(Path(path).read_text(encoding="utf-8"), path)
    except OSError as error:
        raise QboxctlError(f"the seed {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise QboxctlError(f"the seed cannot be read: {error}") from None
    if content is not None and not isinstance(content, dict):
        raise QboxctlError(f"the seed {path} must hold a mapping")
    return content
