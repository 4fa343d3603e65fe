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
from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.cli import suggestions
from qboxctl.cli.common import Common, seed_option
from qboxctl.cli.config import at_endpoint, checked_configuration, sources_of
from qboxctl.cli.session import accepted
from qboxctl.config import git
from qboxctl.config.changes import Edit, difference, edit
from qboxctl.config.configuration import Configuration
from qboxctl.config.revision import base_of, changed_since, edited, is_none
from qboxctl.config.rules import check as check_files
from qboxctl.config.yaml.reader import Source
from qboxctl.errors import Diagnostic, QboxctlError
from qboxctl.model import Address, Advisory, LiveState, Plan, PlanOptions
from qboxctl.planning.guards import SHORTEST_ID, acknowledges
from qboxctl.planning.partial import part
from qboxctl.planning.pipeline import read_and_plan, with_advice
from qboxctl.planning.targets import Options, Targets
from qboxctl.render.style import plural
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern, covering

_F = TypeVar("_F", bound=Callable[..., Any])


def planning_options(command: _F) -> _F:
    """The options that plan and a fresh apply share."""
    for option in reversed(
        (
            click.option(
                "--target",
                "targets",
                multiple=True,
                metavar="PATTERN",
                shell_complete=suggestions.addresses,
                help="Only these objects, and what they need.",
            ),
            click.option(
                "--exclude",
                "excludes",
                multiple=True,
                metavar="PATTERN",
                shell_complete=suggestions.addresses,
                help="Not these objects, nor what is in them.",
            ),
            click.option("--since", metavar="REV", help="Only what this git revision declared counts as removed."),
            click.option("--only-changed", is_flag=True, help="With --since: only what the files say otherwise now."),
            click.option(
                "--rotate",
                multiple=True,
                metavar="PATTERN",
                shell_complete=suggestions.secret_holders,
                help="Send the secrets of these objects again.",
            ),
            click.option(
                "--acknowledge",
                metavar="ID",
                default="",
                callback=lambda _context, _option, text: text.strip(),
                help=f"Let exactly this plan pass the guards count and order; {SHORTEST_ID} digits of its id will do.",
            ),
            seed_option,
        )
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be planned: a checked configuration, and the options that say which part of it.

    ``edit`` is what was edited since a revision, where that is known. Where it is only the part of the ``files``
    that this bears on, ``whole`` gives the same task with all of them read.
    """

    asked: PlanOptions
    configuration: Configuration
    files: Sequence[Source]
    edit: Edit | None = None
    whole: Callable[[], Task] | None = None


def task_of(options: Common, asked: PlanOptions, *, whole: bool = False, told: Collection[Diagnostic] = ()) -> Task:
    """Read the configuration for a plan: the whole, or where that will do, the part that --only-changed is about.

    Warnings go to stderr, but for those that were told. Raises ConfigError.
    """
    files = sources_of(options)
    made = None
    since = "" if is_none(asked.since or "") else asked.since
    if since and asked.only_changed and not (whole or asked.targets or asked.rotate):
        with suppress(QboxctlError):  # whatever is wrong: all files are read then, and all that is wrong is told
            made = _edit(since, files, options)
            found = part(made, files, TYPES, options.env)
            if found is not None:
                configuration = at_endpoint(found, options)
                known = check_files(configuration, TYPES)
                again = partial(task_of, options, asked, whole=True, told=known)
                return Task(asked, accepted(configuration, known, options), files, made, again)
    configuration, known = checked_configuration(options, files)
    return Task(asked, accepted(configuration, [one for one in known if one not in told], options), files, made)


def _edit(since: str, files: Sequence[Source], options: Common) -> Edit:
    return edit(*changed_since(since, options.directory, files), TYPES)


def _remembered(task: Task, options: Common) -> Task:
    """The task, with what was edited since the revision that it names; raises QboxctlError for a bad one."""
    since = task.asked.since
    if task.edit or not since or is_none(since):
        return task
    return replace(task, edit=_edit(since, task.files, options))


def _chosen(task: Task, options: Common) -> tuple[Options, str]:
    """Which part of the configuration is planned, and in words what changed; raises UsageError."""
    asked, configuration = task.asked, task.configuration
    chosen = Options(
        targets=_patterns(asked.targets, "--target"),
        excludes=_patterns(asked.excludes, "--exclude"),
        rotate=_patterns(asked.rotate, "--rotate"),
    )
    if not asked.since:
        if asked.only_changed:
            raise click.UsageError("--only-changed needs --since REV: changed since when?")
        return chosen, ""
    if task.edit is None:
        news = "--since names no revision, but zeros (a first push): nothing counts as removed, and all is planned"
        return replace(chosen, removed_since=frozenset()), news
    found = difference(task.edit, configuration)
    texts = edited(asked.since, options.directory, configuration.enclosed)
    found = replace(found, changed=found.changed | _holding(texts, configuration))
    chosen = replace(chosen, removed_since=found.gone, edited=found.edited, remembered=found.remembered)
    if not asked.only_changed:
        return chosen, ""
    if task.edit.then.mistakes:
        return chosen, f"not all can be read of what the files said at {asked.since}: all is planned"
    if found.rules:
        rules = " and ".join(found.rules)
        return chosen, f"{rules} changed since {asked.since}, which may bear on everything: all is planned"
    news = f"since {asked.since}: {plural(len(found.changed), 'declaration')} changed, {len(found.gone)} gone"
    news += f"; {len(configuration.sources)} of {plural(len(task.files), 'file')} read" if task.whole else ""
    rotated = {address for address in configuration.objects if chosen.rotate and covering(chosen.rotate, address)}
    return replace(chosen, only=found.changed | found.gone | rotated), news


def _holding(texts: Collection[str], configuration: Configuration) -> set[Address]:
    """The objects whose texts some files hold: declared ones, or all of a kind where they stand in its defaults."""
    named = {one for path in texts for one in configuration.enclosed[path]}
    kinds = {one.kind for one in named if not one.key}
    return {one for one in configuration.objects if one in named or one.kind in kinds}


class Prepared(NamedTuple):
    """A plan, with the configuration and what was read of the account that it comes from."""

    configuration: Configuration
    live_state: LiveState
    plan: Plan


def planned(reader: Reader, task: Task, options: Common, acknowledge: str) -> Prepared:
    """Read the account and plan; the configuration is the task's, or the whole one.

    Some guards look at all that the files declare: before one of them blocks a plan, all files are read. Raises
    UsageError, ConfigError, AuthError, ApiError, and QboxctlError for a bad revision.
    """
    task = _remembered(task, options)
    unread = task.edit.warnings() if task.edit else []
    chosen, news = _chosen(task, options)
    if news:
        options.say(news)
    found = read_and_plan(
        Account(reader, TYPES),
        Targets(task.configuration, TYPES, replace(chosen, acknowledge=acknowledge)),
        widen=partial(_widened, task.whole, options, acknowledge) if task.whole else None,
    )
    plan = with_advice(found)
    tell_unless_acknowledged(acknowledge, plan, options)
    plan = replace(
        plan,
        options=_as_made(task, found.targets, options),
        warnings=(*plan.warnings, *map(_advisory, unread)),
        qboxctl_version=__version__,
        created_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        git_commit=git.commit(options.directory),
    )
    return Prepared(found.targets.configuration, found.live_state, plan)


def tell_unless_acknowledged(text: str, plan: Plan, options: Common) -> None:
    """Say why an acknowledgement that was given is none of this plan."""
    if not text or acknowledges(text, plan.id):
        return
    if plan.id.startswith(text.lower()):
        options.say(f"--acknowledge is too short: it takes at least {SHORTEST_ID} digits of {plan.id}")
    else:
        options.say(f"--acknowledge names another plan: this one is {plan.id}")


def _widened(whole: Callable[[], Task], options: Common, acknowledge: str, guard: str) -> Targets:
    """The targets of a task with all files read, which a guard looks at."""
    options.say(f"the {guard} guard looks at everything: all files are read")
    task = _remembered(whole(), options)
    return Targets(task.configuration, TYPES, replace(_chosen(task, options)[0], acknowledge=acknowledge))


def _as_made(task: Task, targets: Targets, options: Common) -> PlanOptions:
    """The options that a plan was made by: the commit that its revision stood for, and what narrowed it in the end."""
    asked = replace(task.asked, only_changed=targets.options.only is not None)
    return replace(asked, since=base_of(asked.since, options.directory)) if task.edit and asked.since else asked


def _advisory(found: Diagnostic) -> Advisory:
    """A warning about a place in the files as a warning of the plan."""
    place = f"{found.position}: " if found.position else ""
    return Advisory(found.code, found.address or "", f"{place}{found.message}", found.hint or "")


def targets_of(saved: Plan, task: Task, options: Common) -> Targets:
    """What a plan of today would be about that is to say the same as a saved one: its objects, by its options."""
    chosen, _ = _chosen(_remembered(task, options), options)
    named = frozenset(change.address for change in saved.changes)
    return Targets(task.configuration, TYPES, replace(chosen, only=named))


def _patterns(texts: Iterable[str], option: str) -> tuple[Pattern, ...]:
    """The patterns of an option; raises UsageError for one that names no kind."""
    found = []
    for text in texts:
        try:
            found.append(Pattern.of(text, TYPES))
        except ValueError as error:
            raise click.UsageError(f"{option}: {error}") from None
    return tuple(found)
