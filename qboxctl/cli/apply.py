"""``qboxctl apply``: run a saved plan exactly, or a fresh one."""

from __future__ import annotations

import getpass
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from qboxctl.api.client import Client
from qboxctl.api.reader import Account
from qboxctl.applying.executor import Executor
from qboxctl.applying.journal import Journal, default_path
from qboxctl.applying.pace import Patience
from qboxctl.applying.preflight import Checked, check, refuse_unapproved, resolve_secrets
from qboxctl.applying.scheduler import Scheduler
from qboxctl.cli.common import Common, common, run_on
from qboxctl.cli.failures import Exit, explained
from qboxctl.cli.planning import planned, planning_options, still_asked, task_of
from qboxctl.cli.session import connect, process_secrets
from qboxctl.config import git
from qboxctl.config.configuration import Configuration
from qboxctl.errors import PlanFileError, QboxctlError, StalePlanError
from qboxctl.live.refresh import read_live_state
from qboxctl.model import Address, Blocked, Change, LiveState, Outcome, Plan, PlanOptions, Status
from qboxctl.planning.planfile import read
from qboxctl.planning.queries import query_for_changes
from qboxctl.render import approval, outcomes, plan_text
from qboxctl.render.outcomes import Telling
from qboxctl.render.parts import nothing_to_say
from qboxctl.render.style import clean
from qboxctl.resources import TYPES

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_BAD = (Status.FAILED, Status.UNKNOWN)
_UNITS = {"s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on only
    """A time such as 90s, 30m or 1h, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a number with its unit."""
        number, unit = str(value)[:-1], str(value)[-1:]
        if unit not in _UNITS or not number.isdigit():
            self.fail(f"{value!r} is not a time: write 90s, 30m or 1h", param, ctx)
        return float(number) * _UNITS[unit]


@click.command("apply")
@common
@click.argument("planfile", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--auto-approve", is_flag=True, help="Do not ask; needed where nobody can be asked.")
@click.option("--wait", type=Duration(), metavar="DURATION", help="How long to wait for DNS and for the server.")
@click.option("--journal", type=click.Path(dir_okay=False, path_type=Path), help="Where the record goes.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@planning_options
@click.pass_obj
def command(
    options: Common,
    /,
    planfile: Path | None,
    auto_approve: bool,
    wait: float | None,
    journal: Path | None,
    form: str,
    seed: str | None,
    acknowledge: str,
    **chosen: Any,
) -> int:
    """Make the account as the files say: a saved plan exactly, or what a fresh plan shows."""
    asked = PlanOptions(**chosen)
    if planfile and replace(asked, rotate=()) != PlanOptions():
        only = "of the planning options, only --acknowledge and --rotate go with it"
        raise click.UsageError(f"a saved plan runs as it is: {only}")
    saved = read(planfile, TYPES) if planfile else None
    task = task_of(options, replace(saved.options, rotate=asked.rotate) if saved else asked, whole=saved is not None)
    stop = threading.Event()
    if saved:
        _same_account(saved, task.configuration)
    client = connect(Client, task.configuration, options, seed=seed, stop=stop)
    patience = Patience() if wait is None else Patience(wait, wait)
    with closing(client):
        if saved:
            _same_configuration(saved, task.configuration, asked.rotate)
            checked = still_asked(client, task, saved, options, acknowledge)
            configuration, plan, blocked, todo = task.configuration, saved, checked.blocked, checked.todo
        else:
            configuration, _, plan = planned(client, task, options, acknowledge)
            blocked, todo = plan.blocked, plan.changes
        addresses = [str(change.address) for change in plan.changes]
        telling = Telling(addresses, options.palette(), full=options.verbose > 0)
        order = _Order(
            plan, configuration, client, options, form, acknowledge, auto_approve, patience, journal, telling,
            reviewed=saved is not None,
        )  # fmt: skip
        return order.carry_out(blocked, todo)


@dataclass(frozen=True, slots=True)
class _Order:
    """A plan, and how its user wants it applied."""

    plan: Plan
    configuration: Configuration
    client: Client
    options: Common
    form: str
    acknowledge: str
    auto_approve: bool
    patience: Patience
    journal: Path | None
    telling: Telling
    reviewed: bool
    """Whether the plan was saved, and seen before: a summary of it will do."""

    def carry_out(self, blocked: Sequence[Blocked], todo: Sequence[Change]) -> int:
        """Show, judge, ask, look again, run what is left ``todo``; the exit code."""
        self.options.acting = self.auto_approve
        if not (self.options.quiet and (self.auto_approve or nothing_to_say(self.plan))):
            self.show()
        if blocked:
            return self.refuse(blocked)
        if not self.plan.changes:
            return self.report([])
        secrets = resolve_secrets(todo, self.configuration, process_secrets(self.configuration, self.options))
        if todo:
            _ask(self.plan, self.options, auto_approve=self.auto_approve)
        live_state, checked = self.check()
        refuse_unapproved(checked.todo, todo)
        if checked.blocked:
            return self.refuse(checked.blocked)
        return self.run(live_state, checked, secrets)

    def check(self) -> tuple[LiveState, Checked]:
        """The account as it is now, and whether the plan still fits it."""
        live_state = read_live_state(
            Account(self.client, TYPES), query_for_changes(self.plan.changes, self.configuration, TYPES)
        )
        return live_state, check(self.plan, live_state, self.configuration, TYPES, acknowledge=self.acknowledge)

    def run(self, live_state: LiveState, checked: Checked, secrets: Mapping[Address, Mapping[str, str]]) -> int:
        """Do what is left to do, and report all of the plan."""
        client, options = self.client, self.options
        for secret in {text for some in secrets.values() for text in some.values()}:
            client.hide(secret)
        path = self.journal or default_path(client.clock.time(), self.plan.id)
        commit = git.commit(options.directory)
        book = Journal(path, self.plan.id, user=_user(), commit=commit, now=client.clock.time)
        executor = Executor(
            checked.todo,
            types=TYPES,
            configuration=self.configuration,
            live_state=live_state,
            client=client,
            account=Account(client, TYPES),
            journal=book,
            secrets=secrets,
        )
        scheduler = Scheduler(
            executor, patience=self.patience, report=self.tell, note=options.say, sent=options.progress.step
        )
        options.progress.begin("applying", scheduler.total)
        failure: Exception | None = None
        options.acting = True
        run_on()
        with _stopping(client.stop, options):
            with closing(book):
                try:
                    scheduler.run(checked.in_effect)
                except Exception as error:  # whatever it is: what was made before is told first
                    failure = error
            stopped = client.stop.is_set()
            done = [
                scheduler.finished[change.address]
                for change in self.plan.changes
                if change.address in scheduler.finished
            ]
            code = self.report(done)
            options.say(f"journal: {path}")
        if failure and all(one.status in (Status.SKIPPED, Status.IN_EFFECT) for one in done):
            raise failure
        if failure:  # a part is done: that is what the exit code tells
            explained(failure, options)
            return code
        if stopped:
            options.say("interrupted: what was not started is counted as skipped; run it again to go on")
        return Exit.INTERRUPTED if stopped else code

    def show(self) -> None:
        """Show the plan: as a result, or beside one that is for a program."""
        stream = sys.stdout if self.form == "text" else sys.stderr
        text = plan_text.render(
            self.plan,
            TYPES,
            self.options.palette(stream),
            self.configuration.settings.api.requests_per_second,
            full=self.options.verbose > 0,
            summary=self.reviewed and not self.options.verbose,
            place_of=self.configuration.place_of,
        )
        if self.form == "text":
            self.options.result(f"{text}\n" if self.plan.changes and not self.plan.blocked else text)
        else:
            self.options.say(text)

    def tell(self, one: Outcome) -> None:
        """Show an outcome as soon as it is known."""
        self.options.progress.over(well=one.status not in _BAD)
        text = self.telling.now(one) if self.form == "text" else ""
        if text:
            self.options.result(text)

    def refuse(self, blocked: Sequence[Blocked]) -> int:
        """Say which guards stop the plan, as far as the plan has not said so."""
        shown = {(one.guard, one.message) for one in self.plan.blocked}
        for one in blocked:
            if (one.guard, one.message) not in shown:
                self.options.alert(clean(f"blocked by the {one.guard} guard: {one.message}; {one.way_out}"))
        self.options.say("nothing was written")
        return Exit.BLOCKED

    def report(self, done: Sequence[Outcome]) -> int:
        """Report what became of the changes; the exit code."""
        if self.form == "json":
            self.options.result(outcomes.as_json(self.plan.id, done))
        elif done:
            self.options.result(self.telling.report(done))
        found = {one.status for one in done}
        if found & {Status.FAILED, Status.UNKNOWN, Status.SKIPPED}:
            return Exit.PARTIAL
        return Exit.WAITING if Status.WAITING in found else Exit.DONE


def _same_account(plan: Plan, configuration: Configuration) -> None:
    """Refuse a saved plan for another environment or endpoint; raises PlanFileError."""
    settings = configuration.settings
    if plan.environment != settings.environment:
        raise PlanFileError(
            f"the plan was made for the environment {plan.environment!r}, and this is {settings.environment!r}",
            hint=f"apply it with --env {shlex.quote(plan.environment)}",
        )
    if plan.endpoint != settings.endpoint:
        raise PlanFileError(f"the plan was made for {plan.endpoint}, and this is {settings.endpoint}")


def _same_configuration(plan: Plan, configuration: Configuration, rotate: Sequence[str]) -> None:
    """Refuse a saved plan of other files, or one that would send secrets again unasked; raises StalePlanError."""
    if plan.config_digest != configuration.digest:
        hint = "run `qboxctl plan` again and review what it says now, or name the folder that it was made in with -C"
        raise StalePlanError("the configuration is not the one that the plan was made from", hint=hint)
    if set(plan.options.rotate) != set(rotate):
        again = " ".join(f"--rotate {shlex.quote(clean(text))}" for text in plan.options.rotate) or "no --rotate"
        raise StalePlanError(
            "secrets are sent again only where apply is given the same --rotate as the plan",
            hint=f"if the plan is right, apply it with {again}",
        )


def _ask(plan: Plan, options: Common, *, auto_approve: bool) -> None:
    """Ask before writing; raises QboxctlError for a no, and where nobody can be asked or has seen the plan."""
    if auto_approve:
        return
    if not sys.stdin.isatty() or options.output.lost:
        raise QboxctlError("nobody can be asked here", hint="add --auto-approve, once the plan has been reviewed")
    lost = approval.losses(plan, TYPES, options.palette(sys.stderr))
    if lost:
        options.alert(lost)
    answer = click.prompt(approval.question(plan), default="no", err=True)
    if answer.strip().lower() != "yes":
        raise QboxctlError("not approved; nothing was written")


def _user() -> str:
    for name in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@contextmanager
def _stopping(stop: threading.Event, options: Common) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP end the run in order; a second one ends it at once."""

    def ask_to_stop(number: int, _frame: object) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        stop.set()
        # in a thread of its own: this one may be in the middle of printing something, and must not wait for itself
        words = "interrupted: nothing new is started; waiting for what is in flight"
        threading.Thread(target=options.say, args=(words,)).start()

    heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]  # as under nohup
    before = {number: signal.signal(number, ask_to_stop) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
