"""``qboxctl schema``: the JSON Schemas, for editors and other programs."""

from __future__ import annotations

import json

import click

from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, common_options
from qboxctl.resources import TYPES
from qboxctl.schema import json_schema


@click.command("schema", cls=Command)
@common_options
@click.argument("which", type=click.Choice(sorted(json_schema.SCHEMAS)), default="config")
@click.pass_obj
def command(options: Common, which: str) -> None:
    """Print the JSON Schema of the configuration, or of a plan."""
    options.result(json.dumps(json_schema.SCHEMAS[which](TYPES), indent=2, ensure_ascii=False))
