"""From the planning options to a plan: which part of the configuration is read, and what git remembers of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

import click

from qboxctl import __version__
from qboxctl.advice import advise
from qboxctl.cli import git
from qboxctl.cli.common import Common
from qboxctl.cli.config import at_endpoint, checked_wish
from qboxctl.cli.session import accepted
from qboxctl.client import Reader
from qboxctl.compare import compare
from qboxctl.errors import Diagnostic, QboxctlError
from qboxctl.model import Plan
from qboxctl.names import Pattern, covering
from qboxctl.part import part
from qboxctl.patterns import Known, idle_rules, refuse_idle_options
from qboxctl.remote import Account
from qboxctl.render import diagnostics
from qboxctl.render.style import plural
from qboxctl.resources import TYPES
from qboxctl.scope import Options, Scope
from qboxctl.since import Edit, difference, edit
from qboxctl.sources import read_sources
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


class Asked(NamedTuple):
    """The planning options, as they were given."""

    target: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    since: str | None = None
    only_changed: bool = False
    rotate: tuple[str, ...] = ()
    acknowledge: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be planned: a checked wish, and the options that say which part of it.

    ``edit`` is what was edited since a revision, where that is known. Where the wish is only the part of the ``files``
    that this bears on, ``whole`` gives the same task with all of them read.
    """

    asked: Asked
    wish: Wish
    files: Sequence[Source]
    edit: Edit | None = None
    whole: Callable[[], Task] | None = None


def task_of(options: Common, asked: Asked, *, whole: bool = False, told: Collection[Diagnostic] = ()) -> Task:
    """Read the configuration for a plan: the whole, or where that will do, the part that --only-changed is about.

    Warnings go to stderr, but for those that were told. Raises ConfigError.
    """
    files = read_sources(options.directory)
    made = None
    if asked.since and asked.only_changed and not (whole or asked.target or asked.rotate):
        with suppress(QboxctlError):  # whatever is wrong: all files are read then, and all that is wrong is told
            made = _edit(asked.since, files, options)
            found = part(made, files, TYPES, options.env)
            if found is not None:
                wish = at_endpoint(found, options)
                known = check(wish, TYPES)
                again = partial(task_of, options, asked, whole=True, told=known)
                return Task(asked, accepted(wish, known, options), files, made, again)
    wish, known = checked_wish(options, files)
    return Task(asked, accepted(wish, [one for one in known if one not in told], options), files, made)


def _edit(since: str, files: Sequence[Source], options: Common) -> Edit:
    return edit(*git.changed_since(since, options.directory, files), TYPES)


def _chosen(task: Task, options: Common) -> tuple[Options, str]:
    """Which part of the wish is planned, and in words what changed.

    Raises UsageError, and QboxctlError for a bad revision.
    """
    asked, wish = task.asked, task.wish
    chosen = Options(
        targets=_patterns(asked.target, "--target"),
        excludes=_patterns(asked.exclude, "--exclude"),
        rotate=_patterns(asked.rotate, "--rotate"),
        acknowledge=asked.acknowledge,
    )
    if not asked.since:
        if asked.only_changed:
            raise click.UsageError("--only-changed needs --since REV: changed since when?")
        return chosen, ""
    found = difference(task.edit or _edit(asked.since, task.files, options), wish)
    chosen = replace(chosen, removed_since=found.gone)
    if not asked.only_changed:
        return chosen, ""
    if found.rules:
        rules = " and ".join(found.rules)
        return chosen, f"{rules} changed since {asked.since}, which may bear on everything: all is planned"
    news = f"since {asked.since}: {plural(len(found.changed), 'declaration')} changed, {len(found.gone)} gone"
    news += f"; {len(wish.sources)} of {plural(len(task.files), 'file')} read" if task.whole else ""
    rotated = {address for address in wish.objects if chosen.rotate and covering(chosen.rotate, address)}
    return replace(chosen, only=found.changed | found.gone | rotated), news


def planned(reader: Reader, task: Task, options: Common) -> tuple[Wish, Plan]:
    """Read the account and plan; the wish is the task's, or the whole one.

    The count guard looks at all that the files manage: before it blocks a plan, all of them are read. Raises
    UsageError, ConfigError, AuthError, ApiError, and QboxctlError for a bad revision.
    """
    chosen, news = _chosen(task, options)
    if news:
        options.say(news)
    scope = Scope(task.wish, TYPES, chosen)
    snapshot, plan = compare(Account(reader, TYPES), scope)
    if task.whole and any(one.guard == "count" for one in plan.blocked):
        options.say("the count guard looks at everything: all files are read")
        task = task.whole()
        chosen, _ = _chosen(task, options)
        scope = Scope(task.wish, TYPES, chosen)
        snapshot, plan = compare(Account(reader, TYPES), scope)
    wish = task.wish
    known = Known(wish, snapshot, TYPES)
    refuse_idle_options(known, chosen)
    if chosen.acknowledge and chosen.acknowledge != plan.id:
        options.say(f"--acknowledge names another plan: this one is {plan.id}")
    advice = [*(() if scope.narrowed else idle_rules(known)), *advise(wish, snapshot, plan, TYPES)]
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
