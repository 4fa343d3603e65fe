"""``qboxctl show``: a saved plan, for people."""

from __future__ import annotations

from pathlib import Path

import click

from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, common_options, detail, format_option, in_full
from qboxctl.cli.origin import configuration_of, origin_of
from qboxctl.cli.suggestions import plan_files
from qboxctl.planning.planfile import read
from qboxctl.render.origin import Origin
from qboxctl.render.plans import FORMATS, picture
from qboxctl.resources import TYPES

_EXAMPLES = """
qboxctl show mail.plan.json
qboxctl show mail.plan.json --format html > plan.html
"""


@click.command("show", cls=Command, epilog=_EXAMPLES)
@common_options
@click.argument("planfile", type=click.Path(dir_okay=False, path_type=Path), shell_complete=plan_files)
@format_option(FORMATS)
@detail
@click.pass_obj
def command(options: Common, planfile: Path, form: str, full: bool, summary: bool) -> None:
    """Show a saved plan; asks nobody."""
    full = in_full(options, full=full, summary=summary)
    plan = read(planfile, TYPES)
    origin = origin_of(plan, configuration_of(plan, options), options) if form == "html" else Origin()
    options.result(picture(plan, form, TYPES, options.palette(), full=full, summary=summary, origin=origin))
