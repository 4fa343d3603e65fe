"""``qboxctl apply``: run a saved plan exactly, or a fresh one."""

from __future__ import annotations

import getpass
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from qboxctl.api.client import Client
from qboxctl.api.reader import Account
from qboxctl.applying.apply import Applied, Hooks, apply_plan, still_asked
from qboxctl.applying.journal import Author
from qboxctl.applying.pace import Patience
from qboxctl.applying.preflight import Checked, refuse_another_account, refuse_another_configuration
from qboxctl.cli.asking import agreed
from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, Place, common_options, format_option, run_on
from qboxctl.cli.failures import Exit, explained
from qboxctl.cli.planning import planned, planning_options, targets_of, task_of, tell_unless_acknowledged
from qboxctl.cli.session import connect, process_secrets
from qboxctl.cli.suggestions import plan_files
from qboxctl.cli.times import Duration
from qboxctl.config import git
from qboxctl.config.configuration import Configuration
from qboxctl.errors import QboxctlError
from qboxctl.model import Blocked, Outcome, Plan, PlanOptions, Status
from qboxctl.planning.planfile import read
from qboxctl.render import approval, outcomes, plan_text
from qboxctl.render.outcomes import Telling
from qboxctl.render.parts import nothing_to_say
from qboxctl.render.style import clean
from qboxctl.resources import TYPES
from qboxctl.signals import heeded

_BAD = (Status.FAILED, Status.UNKNOWN)


_EXAMPLES = """
qboxctl apply mail.plan.json                 # what was reviewed, exactly
qboxctl apply                                # plans, shows it, and asks
qboxctl apply --auto-approve --wait 30m      # where nobody can be asked
"""


@click.command("apply", cls=Command, epilog=_EXAMPLES)
@common_options
@click.argument("planfile", required=False, type=click.Path(dir_okay=False, path_type=Path), shell_complete=plan_files)
@click.option("--auto-approve", is_flag=True, help="Do not ask; needed where nobody can be asked.")
@click.option(
    "--wait", type=Duration(), metavar="DURATION", help="How long to wait for DNS and for the server, such as 30m."
)
@click.option(
    "--journal",
    type=Place(dir_okay=False, path_type=Path),
    help="Where the record of all writes goes; .qboxctl/journal/ unless given.",
)
@format_option(["text", "json"])
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
        refuse_another_account(saved, task.configuration)
    client = connect(Client, task.configuration, options, seed=seed, stop=stop)
    patience = Patience() if wait is None else Patience(wait, wait)
    with closing(client):
        if saved:
            refuse_another_configuration(saved, task.configuration, asked.rotate)
            tell_unless_acknowledged(acknowledge, saved, options)
            targets = targets_of(saved, task, options)
            checked = still_asked(saved, targets, Account(client, TYPES), acknowledge=acknowledge, note=options.say)
            configuration = task.configuration
            plan = replace(saved, blocked=checked.blocked, billing=checked.billing)  # not what the file says of these
        else:
            checked = None
            configuration, _, plan = planned(client, task, options, acknowledge)
        addresses = [str(change.address) for change in plan.changes]
        full = options.verbose > 0
        telling = Telling(addresses, options.palette(), full=full, program=options.command_line())
        order = _Order(
            plan, configuration, client, options, form, acknowledge, auto_approve, patience, journal, telling,
            reviewed=saved is not None,
        )  # fmt: skip
        return order.carry_out(checked)


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

    def carry_out(self, checked: Checked | None) -> int:
        """Show the plan, apply it, and report; the exit code. ``checked`` is what was found of a saved plan."""
        options = self.options
        options.acting = self.auto_approve
        if not (options.quiet and (self.auto_approve or nothing_to_say(self.plan))):
            self.show(self.plan.only(checked.todo) if checked else self.plan)
        with ExitStack() as until_told:
            done = self.apply_plan(checked, until_told)
            if done.blocked:
                return self.refuse(done.blocked)
            if done.declined:
                raise QboxctlError("not approved; nothing was written")
            code = self.report(done.outcomes)
            if done.journal:
                options.say(f"journal: {done.journal}")
        if done.failure and not done.touched:
            raise done.failure
        if done.failure:  # a part is done: that is what the exit code tells
            explained(done.failure, options)
            return code
        if done.interrupted:
            options.say("interrupted: what was not started is counted as skipped; run it again to go on")
        return Exit.INTERRUPTED if done.interrupted else code

    def apply_plan(self, checked: Checked | None, until_told: ExitStack) -> Applied:
        """Apply the plan; from the first write on, signals end the run in order, until all of it is told."""
        options = self.options

        def begin(steps: int) -> None:
            options.acting = True
            options.progress.begin("applying", steps)
            run_on()
            until_told.enter_context(_stopping(self.client.stop, options))

        return apply_plan(
            self.plan,
            self.configuration,
            self.client,
            types=TYPES,
            secrets=process_secrets(self.configuration, options),
            approve=self.approve,
            checked=checked,
            acknowledge=self.acknowledge,
            patience=self.patience,
            journal=self.journal,
            author=Author(_user(), git.commit(options.directory)),
            hooks=Hooks(begin, self.tell, options.say, options.progress.step),
        )

    def show(self, plan: Plan) -> None:
        """Show what is still to be done of a plan: as a result, or beside one that is for a program."""
        stream = sys.stdout if self.form == "text" else sys.stderr
        text = plan_text.render(
            plan,
            TYPES,
            self.options.palette(stream),
            self.configuration.settings.api.requests_per_second,
            full=self.options.verbose > 0,
            summary=self.reviewed and not self.options.verbose,
            place_of=self.configuration.place_of,
        )
        if self.form == "text":
            self.options.result(f"{text}\n" if plan.changes and not plan.blocked else text)
        else:
            self.options.say(text)

    def approve(self, plan: Plan) -> bool:
        """Ask before writing; raises QboxctlError where nobody can be asked or has seen the plan."""
        options = self.options
        if self.auto_approve:
            return True
        lost = approval.losses(plan, TYPES, options.palette(sys.stderr))
        hint = "add --auto-approve, once the plan has been reviewed"
        return agreed(options, approval.question(plan), first=lost, hint=hint)

    def tell(self, one: Outcome) -> None:
        """Show an outcome as soon as it is known."""
        if one.status in _BAD:
            self.options.progress.went_wrong(one.status.value)
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

    before = {number: signal.signal(number, ask_to_stop) for number in heeded()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
