"""``qboxctl plan``: what apply would do. It holds a client that cannot write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from qboxctl.api.client import Reader
from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, Place, common_options, detail, format_option, in_full
from qboxctl.cli.failures import Exit
from qboxctl.cli.origin import origin_of
from qboxctl.cli.planning import planned, planning_options, task_of
from qboxctl.cli.session import connect
from qboxctl.model import Plan, PlanOptions
from qboxctl.planning.guards import acknowledges
from qboxctl.planning.planfile import write
from qboxctl.render.origin import Origin
from qboxctl.render.parts import nothing_to_say
from qboxctl.render.plans import FORMATS, picture
from qboxctl.render.style import plural
from qboxctl.resources import TYPES

_EXAMPLES = """
qboxctl plan
qboxctl plan --out mail.plan.json                  # then: qboxctl apply mail.plan.json
qboxctl plan --target 'mailbox/*@example.com'      # a part of it, and what that needs
qboxctl plan --since origin/main --only-changed    # what a branch changes
qboxctl plan --format markdown                     # for a comment on a pull request
"""


@click.command("plan", cls=Command, epilog=_EXAMPLES)
@common_options
@click.option("--out", type=Place(dir_okay=False, path_type=Path), help="Save the plan, for `apply FILE`.")
@format_option(FORMATS)
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit 2 where there is something to change, 0 where there is not."
)
@detail
@planning_options
@click.pass_obj
def command(
    options: Common,
    /,
    out: Path | None,
    form: str,
    detailed_exitcode: bool,
    full: bool,
    summary: bool,
    seed: str | None,
    acknowledge: str,
    **chosen: Any,
) -> int:
    """Compare the files with the account, and show what apply would do."""
    full = in_full(options, full=full, summary=summary)
    has_digest = bool(out) or form == "json"
    task = task_of(options, PlanOptions(**chosen), whole=has_digest)
    reader = connect(Reader, task.configuration, options, seed=seed)
    try:
        configuration, _, plan = planned(reader, task, options, acknowledge)
    finally:
        reader.close()
    if has_digest:
        plan = replace(plan, config_digest=configuration.digest)
    if out:
        write(plan, out)
    rate = configuration.settings.api.requests_per_second
    if not (options.quiet and form == "text" and nothing_to_say(plan)):
        origin = origin_of(plan, configuration, options) if form == "html" else Origin()
        shown = picture(
            plan, form, TYPES, options.palette(), rate, full=full, summary=summary,
            place_of=configuration.place_of, origin=origin,
        )  # fmt: skip
        options.result(shown)
    if out and plan.changes and form == "text":
        words = ["apply", str(out), *_again(plan, acknowledge=acknowledge, seed=seed or "")]
        if plan.blocked:
            options.say(f"saved as {out}")
        else:
            options.say(f"saved as {out}; run it with:", paste=options.command_line(*words))
    if options.verbose:
        options.say(f"{plural(reader.sent.requests, 'request')}, {reader.sent.repeated} of them repeated")
    if plan.blocked:
        return Exit.BLOCKED
    return Exit.CHANGES if plan.changes and detailed_exitcode else Exit.DONE


def _again(plan: Plan, *, acknowledge: str, seed: str) -> Iterator[str]:
    """What ``apply`` must be told again, since it believes none of it of a plan file."""
    for pattern in plan.options.rotate:
        yield from ("--rotate", pattern)
    if acknowledges(acknowledge, plan.id):
        yield from ("--acknowledge", acknowledge)
    if seed:
        yield from ("--seed", seed)
