"""``qboxctl imports``: the imports of CSV files that were made in the panel."""

from __future__ import annotations

from contextlib import closing

import click

from qboxctl.api.client import Client, Reader
from qboxctl.cli.asking import agreed
from qboxctl.cli.commands import Command, CommandGroup
from qboxctl.cli.common import Common, common_options, format_option, seed_option
from qboxctl.cli.session import connect, settings_only
from qboxctl.errors import QboxctlError
from qboxctl.jobs import imports
from qboxctl.render import jobs
from qboxctl.resources import TYPES

_EXAMPLES = """
qboxctl imports list
qboxctl imports show I123456789       # its rows, and what is wrong with them
qboxctl imports delete I123456789     # the record and the file; what was imported stays
"""
_FORMS = ["table", "json"]


@click.group("imports", cls=CommandGroup, epilog=_EXAMPLES)
@common_options
def command() -> None:
    """Show the imports of CSV files that were made in the panel, or delete their records."""


@command.command("list", cls=Command)
@common_options
@format_option(_FORMS)
@seed_option
@click.pass_obj
def list_(options: Common, form: str, seed: str | None) -> None:
    """List the imports with their status."""
    configuration = settings_only(options)
    with closing(connect(Reader, configuration, options, seed=seed)) as reader:
        found = imports.listed(reader, configuration.settings.customer_code)
    shown = jobs.listed("imports", found, jobs.IMPORTS, form, options.palette())
    if shown:
        options.result(shown)
    if not found:
        options.say("there are no imports")


@command.command("show", cls=Command)
@common_options
@click.argument("code")
@format_option(_FORMS)
@seed_option
@click.pass_obj
def show(options: Common, code: str, form: str, seed: str | None) -> None:
    """Show an import and its rows.

    Columns that may hold a secret are masked.
    """
    with closing(connect(Reader, settings_only(options), options, seed=seed)) as reader:
        found = imports.found(reader, code, TYPES)
    options.result(jobs.one("import", found.record, found.rows, jobs.IMPORTED, form, options.palette()))


@command.command("delete", cls=Command)
@common_options
@click.argument("code")
@click.option("--auto-approve", is_flag=True, help="Do not ask; needed where nobody can be asked.")
@format_option(_FORMS)
@seed_option
@click.pass_obj
def delete(options: Common, code: str, auto_approve: bool, form: str, seed: str | None) -> None:
    """Delete the record of an import and its file.

    It asks first. The domains, mailboxes and aliases that came of it stay.
    """
    stays = "what was imported stays: domains, mailboxes and aliases"
    with closing(connect(Client, settings_only(options), options, seed=seed)) as client:
        found = imports.found(client, code, TYPES)
        options.say(f"this deletes the record of {code} and its file {jobs.file_of(found.record)}; {stays}")
        question = f"Delete import {code}? Only yes is taken"
        if not (auto_approve or agreed(options, question, hint="add --auto-approve, once that is what you want")):
            raise QboxctlError("not approved; nothing was deleted")
        options.acting = True
        with options.doubtful("it may be deleted", "imports", "list"):
            imports.delete(client, code)
    if form == "json":
        options.result(jobs.one("import", found.record, found.rows, (), form))
    options.say(f"deleted import {code}")
