"""The story of an apply: from a plan to what came of it.

A saved plan is compared with a plan of today first (``still_asked``). Then, saved or fresh: ``apply``. What only a
terminal can do is passed in: asking before the first write, and telling what happens.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from qboxctl.api.client import Client
from qboxctl.api.reader import Account
from qboxctl.applying.executor import Executor
from qboxctl.applying.journal import Author, Journal, default_path
from qboxctl.applying.pace import Patience
from qboxctl.applying.preflight import (
    Checked,
    check_saved,
    refuse_unapproved,
    resolve_secrets,
    still_fits,
    unusable,
)
from qboxctl.applying.run import Run
from qboxctl.applying.scheduler import Scheduler
from qboxctl.applying.verification import Verifier
from qboxctl.config.configuration import Configuration
from qboxctl.config.secrets import Secrets
from qboxctl.config.stores import Stores
from qboxctl.live.refresh import read_live_state
from qboxctl.model import Action, Blocked, Outcome, Plan, Status
from qboxctl.planning.customers import refuse_another_customer
from qboxctl.planning.pipeline import read_and_plan
from qboxctl.planning.queries import query_for_changes, query_for_saved
from qboxctl.planning.targets import Targets
from qboxctl.schema.kinds import Kinds


def _nothing(*_told: object) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What is called while a plan is carried out.

    ``begin`` once the plan is approved and fits, before the first write, with the number of steps; ``outcome`` for each
    change that is over; ``note`` with what a person should know meanwhile; ``sent`` for each step whose requests are
    over.
    """

    begin: Callable[[int], None] = _nothing
    outcome: Callable[[Outcome], None] = _nothing
    note: Callable[[str], None] = _nothing
    sent: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of an apply; without a ``journal``, nothing was begun.

    ``outcomes`` are those of the plan's changes, in its order. ``blocked`` are the guards that stopped it, ``declined``
    is whether it was not approved. ``interrupted`` is whether it was asked to stop, ``failure`` what it broke off for:
    a journal that cannot be written, or a fault.
    """

    outcomes: tuple[Outcome, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    declined: bool = False
    interrupted: bool = False
    failure: Exception | None = None
    journal: Path | None = None

    @property
    def touched(self) -> bool:
        """Whether anything may have been written."""
        return any(one.status not in (Status.SKIPPED, Status.IN_EFFECT) for one in self.outcomes)


def still_asked(
    saved: Plan, targets: Targets, account: Account, *, acknowledge: str, note: Callable[[str], None] = _nothing
) -> Checked:
    """Compare a saved plan with the account, and with a fresh plan of what it names: same options, today's files.

    ``targets`` are those of the options that it was made with. Raises StalePlanError, PlanFileError (another customer's
    account), ConfigError, AuthError, ApiError.
    """
    configuration, types = targets.configuration, targets.types
    live_state = read_live_state(account, query_for_saved(targets, saved.changes))
    refuse_another_customer(saved, configuration, live_state, account)
    if not saved.customers and any(change.action is Action.CREATE for change in saved.changes):
        note(
            "nothing in the account said whose it is when the plan was made: be sure that the token is for the same one"
        )
    still_fits(
        saved, live_state, configuration, types, acknowledge=acknowledge
    )  # what moved is told before what it spoils
    _, live_state, fresh = read_and_plan(account, targets, live_state)
    return check_saved(saved, fresh, live_state, configuration, types, acknowledge=acknowledge)


def apply_plan(
    plan: Plan,
    configuration: Configuration,
    client: Client,
    *,
    types: Kinds,
    secrets: Secrets,
    approve: Callable[[Plan], bool],
    checked: Checked | None = None,
    acknowledge: str = "",
    patience: Patience | None = None,
    journal: Path | None = None,
    author: Author | None = None,
    hooks: Hooks | None = None,
) -> Applied:
    """Carry out a plan: guards, secrets and stores, approval, another look at the account, and then the writes.

    ``checked`` is what ``still_asked`` found of a saved plan. ``approve`` is asked once, where there is something to
    write. ``acknowledge`` is the id of a plan that may pass the guards count and order. Without a path, the ``journal``
    goes to the working folder. Setting ``client.stop`` ends the run in order.

    Raises ConfigError for secrets that cannot be had or kept, PlanFileError where the account is another customer's,
    StalePlanError where it moved, AuthError and ApiError where it cannot be read, JournalError; what goes wrong after
    the first write is told by the value.
    """
    checked = checked or Checked(plan.changes, (), plan.blocked)
    if checked.blocked or not plan.changes:
        return Applied(blocked=checked.blocked)
    stores = Stores(configuration, types, secrets.programs)
    opened = resolve_secrets(checked.todo, configuration, secrets, unusable(checked.todo, configuration, types, stores))
    if (checked.todo or checked.under_way) and not approve(plan):
        return Applied(declined=True)
    account = Account(client, types)
    live_state = read_live_state(account, query_for_changes(plan.changes, configuration, types))
    refuse_another_customer(plan, configuration, live_state, account)
    again = still_fits(plan, live_state, configuration, types, acknowledge=acknowledge)
    refuse_unapproved(again.todo, checked.todo)
    if again.blocked:
        return Applied(blocked=again.blocked)
    for secret in {one for some in opened.values() for one in some.values()}:
        client.hide(secret)
    path, author, hooks = journal or default_path(client.clock.time(), plan.id), author or Author(), hooks or Hooks()
    with closing(Journal(path, plan.id, author, now=client.clock.time)) as book:
        run = Run.of(again.todo, configuration, live_state, types, client.redact, again.under_way)
        executor = Executor(run, client, account, journal=book, secrets=opened, stores=stores)
        scheduler = _scheduler(run, executor, client, book, patience or Patience(), hooks)
        hooks.begin(run.graph.size)
        failure = _failure_of(scheduler, again)
    done = scheduler.finished
    outcomes = tuple(done[change.address] for change in plan.changes if change.address in done)
    return Applied(outcomes, interrupted=client.stop.is_set(), failure=failure, journal=path)


def _scheduler(
    run: Run, executor: Executor, client: Client, journal: Journal, patience: Patience, hooks: Hooks
) -> Scheduler:
    return Scheduler(
        run,
        executor,
        Verifier(run, executor.account),
        journal,
        clock=client.clock,
        stop=client.stop,
        concurrency=client.api.concurrency,
        patience=patience,
        report=hooks.outcome,
        note=hooks.note,
        sent=hooks.sent,
    )


def _failure_of(scheduler: Scheduler, checked: Checked) -> Exception | None:
    """Run all steps; what the run broke off for is given back, since what was made before is told first."""
    try:
        scheduler.run(checked.in_effect)
    except Exception as error:
        return error
    return None
