"""From the planning options to a plan: which part of the configuration is read, and what git remembers of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import click

from qboxctl import __version__
from qboxctl.advice import advise
from qboxctl.cli import git
from qboxctl.cli.common import Common
from qboxctl.cli.config import at_endpoint, checked_wish
from qboxctl.cli.session import accepted
from qboxctl.client import Reader
from qboxctl.compare import compare
from qboxctl.errors import QboxctlError
from qboxctl.model import Plan
from qboxctl.names import Pattern, covering
from qboxctl.part import Past, changes, part, past
from qboxctl.remote import Account
from qboxctl.render import diagnostics
from qboxctl.render.style import plural
from qboxctl.resources import TYPES
from qboxctl.scope import Options, Scope
from qboxctl.sources import read_files
from qboxctl.validate import check
from qboxctl.wish import Wish
from qboxctl.yamlio import Source

_F = TypeVar("_F", bound=Callable[..., Any])
_ADVICE = 20
"""So many warnings are shown; more of them are counted."""


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


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be planned: a wish, and which part of it. ``news`` is what changed since a revision, in words.

    ``whole`` reads all files, where the wish is only what the changed ones bear on.
    """

    wish: Wish
    chosen: Options
    news: str = ""
    whole: Callable[[], Task] | None = None


def task_of(
    options: Common,
    *,
    target: tuple[str, ...],
    exclude: tuple[str, ...],
    rotate: tuple[str, ...],
    since: str | None,
    only_changed: bool,
    acknowledge: str,
    everything: bool = False,
) -> Task:
    """Read the configuration for a plan: all of it (``everything``), or where that will do, what changed.

    Raises ConfigError, UsageError, and QboxctlError for a bad revision.
    """
    files = read_files(options.directory)
    known = wish = None
    if since and only_changed and not (everything or target or rotate):
        with suppress(QboxctlError):  # whatever is wrong: all files are read then, and all that is wrong with them told
            known = _past(since, options, files)
            wish = _part(known, options, files)
    is_part = wish is not None
    wish = wish or accepted(*checked_wish(options, files), options)
    chosen = Options(
        targets=_patterns(target, "--target"),
        excludes=_patterns(exclude, "--exclude"),
        rotate=_patterns(rotate, "--rotate"),
        acknowledge=acknowledge,
    )
    if only_changed and not since:
        raise click.UsageError("--only-changed needs --since REV: changed since when?")
    if not since:
        return Task(wish, chosen)
    found, gone = changes(known or _past(since, options, files), wish)
    chosen = replace(chosen, removed_since=gone)
    if not only_changed:
        return Task(wish, chosen)
    if found.rules:
        rules = " and ".join(found.rules)
        return Task(wish, chosen, f"{rules} changed since {since}, which may bear on everything: all is planned")
    rotated = {address for address in wish.objects if chosen.rotate and covering(chosen.rotate, address)}
    news = f"since {since}: {plural(len(found.changed), 'declaration')} changed, {len(gone)} gone"
    if is_part:
        news += f"; {len(wish.sources)} of {plural(len(files), 'file')} bear on that"
    again = partial(task_of, options, target=target, exclude=exclude, rotate=rotate, since=since,
                    only_changed=True, acknowledge=acknowledge, everything=True)  # fmt: skip
    return Task(wish, replace(chosen, only=found.changed | gone | rotated), news, again if is_part else None)


def _past(since: str, options: Common, files: Sequence[Source]) -> Past:
    return past(*git.changed_since(since, options.directory, files), TYPES)


def _part(known: Past, options: Common, files: Sequence[Source]) -> Wish | None:
    """What the changed files bear on, checked; None where that is everything. Raises QboxctlError."""
    wish = part(known, files, TYPES, options.env)
    return accepted(at_endpoint(wish, options), check(wish, TYPES), options) if wish else None


def planned(reader: Reader, task: Task, options: Common) -> tuple[Wish, Plan]:
    """Read the account and plan; the wish is the task's, or the whole one. Raises ConfigError, AuthError, ApiError.

    The count guard looks at all that the files manage: before it blocks a plan, all of them are read.
    """
    wish, chosen = task.wish, task.chosen
    if task.news:
        options.say(task.news)
    scope = Scope(wish, TYPES, chosen)
    snapshot, plan = compare(Account(reader, TYPES), scope)
    if task.whole and any(one.guard == "count" for one in plan.blocked):
        return planned(reader, replace(task.whole(), news=""), options)
    _all_match(chosen, {*wish.objects, *snapshot.live})
    if not scope.narrowed:
        _warn_of_idle_patterns(wish, {*wish.objects, *snapshot.live}, options)
    if chosen.acknowledge and chosen.acknowledge != plan.id:
        options.say(f"--acknowledge names another plan: this one is {plan.id}")
    advice = advise(wish, snapshot, plan, TYPES)
    if advice:
        options.say(diagnostics.text(advice[:_ADVICE], options.palette()))
    if len(advice) > _ADVICE:
        options.say(f"and {plural(len(advice) - _ADVICE, 'warning')} more of this kind")
    return wish, replace(
        plan,
        qboxctl_version=__version__,
        created_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        git_commit=git.commit(options.directory),
    )


def _patterns(texts: Iterable[str], option: str) -> tuple[Pattern, ...]:
    """The patterns of an option; raises UsageError for one that names no kind."""
    found = []
    for text in texts:
        try:
            found.append(Pattern.of(text, TYPES))
        except ValueError as error:
            raise click.UsageError(f"{option}: {error}") from None
    return tuple(found)


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
