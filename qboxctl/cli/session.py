"""From the command line's options to a wish and a connection."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from qboxctl import __version__
from qboxctl.advice import advise
from qboxctl.cli.common import Common
from qboxctl.cli.config import at_endpoint, checked_wish
from qboxctl.cli.progress import Progress
from qboxctl.client import Clock, InProcess, Reader, SystemClock
from qboxctl.compare import compare
from qboxctl.errors import AuthError, ConfigError, QboxctlError, has_errors
from qboxctl.load import load, stated
from qboxctl.model import Plan, Secret, SecretSource
from qboxctl.names import Pattern, covering
from qboxctl.remote import Account
from qboxctl.render import diagnostics
from qboxctl.render.style import plural
from qboxctl.resources import TYPES
from qboxctl.scope import Options, Scope
from qboxctl.secret import SecretError, Secrets
from qboxctl.settings import EMULATOR
from qboxctl.since import difference
from qboxctl.sources import has_sources
from qboxctl.wish import Wish

_ADVICE = 20
"""So many warnings are shown; more of them are counted."""
_R = TypeVar("_R", bound=Reader)
_F = TypeVar("_F", bound=Callable[..., Any])


def read_wish(options: Common) -> Wish:
    """The configuration, checked; its warnings go to stderr. Raises ConfigError."""
    wish, found = checked_wish(options)
    if has_errors(found):
        raise ConfigError(found)
    if found:
        options.say(diagnostics.text(found, options.palette()))
    return wish


def settings_only(options: Common) -> Wish:
    """The configuration for commands that need none: a folder without files stands for the default settings."""
    if Path(options.directory).is_dir() and not has_sources(options.directory):
        return at_endpoint(load([], TYPES, options.env), options)
    return read_wish(options)


def connect(
    kind: type[_R], wish: Wish, options: Common, *, seed: str | None, stop: threading.Event | None = None
) -> _R:
    """A connection to the account, for reading only or for writing too. Raises AuthError without a token."""
    settings = wish.settings
    inside = settings.endpoint == EMULATOR
    transport = _emulator(seed) if inside else None
    if seed and not inside:
        raise QboxctlError("--seed fills an emulator, and goes with --endpoint emulator: only")
    token = _token(settings.token, inside=inside)
    clock: Clock = SystemClock()
    progress = Progress(options, "asking the API")
    options.clear = progress.clear
    return kind(
        settings.endpoint,
        token,
        settings.api,
        transport=transport,
        clock=clock,
        stop=stop,
        log=options.log(),
        notice=options.say,
        answered=progress,
    )


def _token(secret: Secret, *, inside: bool) -> str:
    try:
        token = Secrets(os.environ).resolve(secret).strip()
    except SecretError as error:
        if inside:
            return "emulator"
        variable = secret.name[0] if secret.source is SecretSource.ENV else "the token"
        hint = f"make a Management API token in the panel, and export {variable}"
        raise AuthError(f"there is no API token: {error}", hint=hint) from None
    if not token or not all(33 <= ord(char) < 127 for char in token):
        raise AuthError("the API token is empty, or holds blanks or characters that no token has")
    return token


def _emulator(seed: str | None) -> InProcess:
    from qboxctl.emulator import Emulator, Request

    try:
        emulator = Emulator(seed=read_seed(seed) if seed else None)
    except ValueError as error:
        raise QboxctlError(f"the seed {seed} does not fit: {error}") from None
    return InProcess(lambda *parts: emulator.handle(Request(*parts)))


def read_seed(path: str) -> Any:
    """A seed file for the emulator: the shape of a configuration, or what `--state` saved."""
    from qboxctl.yamlio import load_plain

    try:
        content = load_plain(Path(path).read_text(encoding="utf-8"), path)
    except OSError as error:
        raise QboxctlError(f"the seed {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise QboxctlError(f"the seed cannot be read: {error}") from None
    if content is not None and not isinstance(content, dict):
        raise QboxctlError(f"the seed {path} must hold a mapping")
    return content


def patterns(texts: Iterable[str], option: str) -> tuple[Pattern, ...]:
    """The patterns of an option; raises UsageError for one that names no kind."""
    found = []
    for text in texts:
        try:
            found.append(Pattern.of(text, TYPES))
        except ValueError as error:
            raise click.UsageError(f"{option}: {error}") from None
    return tuple(found)


def planning_options(command: _F) -> _F:
    """The options that plan and a fresh apply share."""
    for option in reversed(
        (
            click.option("--target", multiple=True, metavar="PATTERN", help="Only these objects, and what they need."),
            click.option("--exclude", multiple=True, metavar="PATTERN", help="Not these objects, nor what is in them."),
            click.option("--since", metavar="REV", help="Only what this git revision declared counts as removed."),
            click.option("--only-changed", is_flag=True, help="With --since: only what the files say otherwise now."),
            click.option("--rotate", multiple=True, metavar="PATTERN", help="Send the secrets of these objects again."),
            click.option("--acknowledge", metavar="ID", default="", help="Let exactly this plan pass the count guard."),
            click.option("--seed", metavar="FILE", help="With --endpoint emulator: what is in the account."),
        )
    ):
        command = option(command)
    return command


def planned(
    reader: Reader,
    wish: Wish,
    options: Common,
    *,
    target: tuple[str, ...],
    exclude: tuple[str, ...],
    rotate: tuple[str, ...],
    since: str | None,
    only_changed: bool,
    acknowledge: str,
) -> Plan:
    """Read the account and plan. Raises ConfigError, AuthError, ApiError."""
    from qboxctl.cli import git

    chosen = Options(
        targets=patterns(target, "--target"),
        excludes=patterns(exclude, "--exclude"),
        rotate=patterns(rotate, "--rotate"),
        acknowledge=acknowledge,
    )
    if only_changed and not since:
        raise click.UsageError("--only-changed needs --since REV: changed since when?")
    if since:
        chosen = _remembering(chosen, since, wish, options, only_changed=only_changed)
    scope = Scope(wish, TYPES, chosen)
    snapshot, plan = compare(Account(reader, TYPES), scope)
    _all_match(chosen, {*wish.objects, *snapshot.live})
    if not scope.narrowed:
        _warn_of_idle_patterns(wish, {*wish.objects, *snapshot.live}, options)
    if acknowledge and acknowledge != plan.id:
        options.say(f"--acknowledge names another plan: this one is {plan.id}")
    advice = advise(wish, snapshot, plan, TYPES)
    if advice:
        options.say(diagnostics.text(advice[:_ADVICE], options.palette()))
    if len(advice) > _ADVICE:
        options.say(f"and {plural(len(advice) - _ADVICE, 'warning')} more of this kind")
    return replace(
        plan,
        qboxctl_version=__version__,
        created_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        git_commit=git.commit(options.directory),
    )


def _remembering(chosen: Options, since: str, wish: Wish, options: Common, *, only_changed: bool) -> Options:
    """The options with what git remembers: what is gone since a revision, and where asked for, what changed at all."""
    from qboxctl.cli import git

    before, now = git.changed_since(since, options.directory, wish.sources)
    then = stated(before, TYPES)
    removed = then.present - wish.objects.keys()
    chosen = replace(chosen, removed_since=removed)
    if not only_changed:
        return chosen
    found = difference(then, stated(now, TYPES), wish, now)
    if found.rules:
        options.say(f"{' and '.join(found.rules)} changed since {since}, which may bear on everything: all is planned")
        return chosen
    options.say(f"since {since}: {plural(len(found.changed), 'declaration')} changed, {len(removed)} gone")
    rotated = {address for address in wish.objects if chosen.rotate and covering(chosen.rotate, address)}
    return replace(chosen, only=found.changed | removed | rotated)


def _warn_of_idle_patterns(wish: Wish, known: set[Any], options: Common) -> None:
    """Say when a rule names one object that is nowhere: it is a typing error, and protects nothing."""
    for rule, found in (("protect", wish.protect), ("ignore", wish.ignore)):
        for pattern in found:
            if pattern.single and not any(pattern.matches(address) for address in known):
                options.say(f"warning: {rule}: {pattern.text} matches no object, neither declared nor live")


def _all_match(chosen: Options, known: set[Any]) -> None:
    """Refuse a pattern that means nothing: it is a typing error, and an empty plan would hide it."""
    partly = "with --only-changed, nothing is looked for that is neither declared nor changed"
    hint = "compare it with the addresses that `qboxctl plan` shows" if chosen.only is None else partly
    for option, found in (("--target", chosen.targets), ("--rotate", chosen.rotate)):
        for pattern in found:
            if not any(pattern.matches(address) for address in known):
                raise QboxctlError(f"{option} {pattern.text} matches no object", hint=hint)
