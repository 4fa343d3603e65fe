"""What other Python programs may use: ``load``, ``plan``, ``apply`` and ``render``, as ``import qboxctl`` offers them.

What is named here changes only with a new version that says so; all other modules are private. It is the command line's
work without a terminal: what the commands print is returned here, or raised as a QboxctlError.

Never: printing, asking, or reading what no argument names, but the references that the files themselves make.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from qboxctl import __version__
from qboxctl.api.client import Client, Reader
from qboxctl.api.reader import Account
from qboxctl.applying.apply import Applied, Hooks, apply_plan
from qboxctl.applying.pace import Patience
from qboxctl.applying.preflight import refuse_another_account, refuse_another_configuration
from qboxctl.config.configuration import Configuration
from qboxctl.config.files import read_sources
from qboxctl.config.loader import load as load_files
from qboxctl.config.rules import check
from qboxctl.config.secrets import Secrets
from qboxctl.config.settings import EMULATOR, normal_endpoint, token_variables
from qboxctl.config.trust import token_of
from qboxctl.config.yaml.parallel import parse_together
from qboxctl.errors import ConfigError, QboxctlError, has_errors
from qboxctl.model import Change, Outcome, Plan, PlanOptions, Revealed
from qboxctl.planning.pipeline import read_and_plan, with_advice
from qboxctl.planning.targets import Options, Targets
from qboxctl.render.plans import picture
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern

__all__ = [
    "Applied",
    "Change",
    "ConfigError",
    "Configuration",
    "Outcome",
    "Plan",
    "QboxctlError",
    "apply",
    "load",
    "plan",
    "render",
]

Form = Literal["text", "markdown", "html", "json"]


def load(
    directory: str | os.PathLike[str] = ".", environment: str | None = None, *, endpoint: str = ""
) -> Configuration:
    """Read and check a configuration: a folder, or one file.

    ``environment`` is one of ``settings.environments``. ``endpoint`` wins over what the files say, and a token may go
    there. Warnings are in the result's ``warnings``.

    Raises ConfigError with everything that is wrong, each with its place.
    """
    sources = read_sources(Path(directory))
    parse_together(sources)
    configuration = load_files(sources, TYPES, environment or "default")
    found = check(configuration, TYPES)
    if has_errors(found):
        raise ConfigError(found)
    settings = configuration.settings
    if endpoint:
        try:
            settings = replace(settings, endpoint=normal_endpoint(endpoint), endpoint_at=None)
        except ValueError as error:
            raise QboxctlError(str(error)) from None
    return replace(configuration, settings=settings, warnings=tuple(found))


def plan(
    configuration: Configuration,
    *,
    targets: Iterable[str] = (),
    excludes: Iterable[str] = (),
    rotate: Iterable[str] = (),
    acknowledge: str = "",
    token: str = "",
    no_exec: bool = False,
) -> Plan:
    """Compare a configuration with the account; nothing is written, by a client that cannot write.

    ``targets``, ``excludes``, ``rotate`` and ``acknowledge`` are the options of the command. Without a ``token``, it is
    taken from where the settings say; with ``no_exec``, no program that they name is run for it. A plan that a guard
    stops is returned, with what stops it in ``blocked``.

    Raises AuthError, ConfigError, ApiError, and QboxctlError for a pattern that is none or matches nothing.
    """
    asked = PlanOptions(targets=tuple(targets), excludes=tuple(excludes), rotate=tuple(rotate))
    chosen = Options(
        targets=_patterns(asked.targets),
        excludes=_patterns(asked.excludes),
        rotate=_patterns(asked.rotate),
        acknowledge=acknowledge,
    )
    about = Targets(configuration, TYPES, chosen)
    revealed = _token(configuration, token, no_exec=no_exec)
    with closing(Reader(configuration.settings.endpoint, revealed, configuration.settings.api)) as reader:
        compared = read_and_plan(Account(reader, TYPES), about)
    return replace(
        with_advice(compared),
        options=asked,
        config_digest=configuration.digest,
        qboxctl_version=__version__,
        created_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def apply(
    plan: Plan,
    configuration: Configuration,
    *,
    approve: Callable[[Plan], bool],
    acknowledge: str = "",
    wait: float | None = None,
    journal: str | os.PathLike[str] | None = None,
    told: Callable[[Outcome], None] | None = None,
    token: str = "",
    no_exec: bool = False,
) -> Applied:
    """Make the account as a plan says, exactly; the plan and the configuration are those of ``plan``.

    ``approve`` is asked once, before the first write and where there is one; nothing is written for a no. ``told`` is
    called with each outcome as soon as it is known, from any thread. ``wait`` is how many seconds to wait for DNS and
    for the server; without a path, the ``journal`` goes below the working folder. ``token`` and ``no_exec`` are as in
    ``plan``; secrets are taken from where the files say.

    What came of it is in the result, failures included. Raises StalePlanError where the account moved, AuthError,
    ConfigError and ApiError before the first write, and PlanFileError for a plan of another account.
    """
    refuse_another_account(plan, configuration)
    refuse_another_configuration(plan, configuration, plan.options.rotate)
    revealed = _token(configuration, token, no_exec=no_exec)
    with closing(Client(configuration.settings.endpoint, revealed, configuration.settings.api)) as client:
        return apply_plan(
            plan,
            configuration,
            client,
            types=TYPES,
            secrets=_secrets(configuration, no_exec=no_exec),
            approve=approve,
            acknowledge=acknowledge,
            patience=None if wait is None else Patience(wait, wait),
            journal=Path(journal) if journal else None,
            hooks=Hooks(outcome=told) if told else None,
        )


def render(plan: Plan, form: Form = "text") -> str:
    """Show a plan as a text, as Markdown, as one HTML page, or as the JSON that ``qboxctl apply FILE`` takes.

    Raises ValueError for another form.
    """
    return picture(plan, form, TYPES)


def _token(configuration: Configuration, token: str, *, no_exec: bool) -> Revealed:
    """The token, given or from where the settings say, if there is a server that it may go to."""
    if configuration.settings.endpoint == EMULATOR:
        hint = "run `qboxctl emulator`, and load with the address that it prints"
        raise QboxctlError(f"{EMULATOR} is an account inside a command", hint=hint)
    return token_of(configuration, _secrets(configuration, no_exec=no_exec), given=token)


def _secrets(configuration: Configuration, *, no_exec: bool) -> Secrets:
    return Secrets(os.environ, tokens=token_variables(configuration.settings_block), allow_exec=not no_exec)


def _patterns(texts: Iterable[str]) -> tuple[Pattern, ...]:
    try:
        return tuple(Pattern.of(text, TYPES) for text in texts)
    except ValueError as error:
        raise QboxctlError(str(error)) from None
