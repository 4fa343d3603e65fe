"""``qboxctl export``: the live account as configuration, for adopting what exists. It writes files, never the API."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import click

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, Place, common_options, force_option, save, seed_option
from qboxctl.cli.session import connect, settings_only
from qboxctl.config.settings import DEFAULT_TOKEN, EMULATOR, Settings
from qboxctl.errors import QboxctlError
from qboxctl.export import Export, Selection, export_account, query_for_export
from qboxctl.live.refresh import read_live_state
from qboxctl.render.style import clean, plural
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern

_SHOWN = 20


_EXAMPLES = """
qboxctl export --out mail                          # then: qboxctl -C mail plan
qboxctl export --domain example.com --kind alias   # a part of it, on the terminal
qboxctl export --with signature --out mail         # with what takes a request for each mailbox
"""


@click.command("export", cls=Command, epilog=_EXAMPLES)
@common_options
@click.option(
    "--out",
    type=Place(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write files there, one for each domain; stdout unless given.",
)
@click.option(
    "--domain", "domains", multiple=True, metavar="PATTERN", help="Only these Hosting domains, such as example.com."
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(list(TYPES)),
    metavar="KIND",
    help="Only this kind of object, such as mailbox.",
)
@click.option(
    "--with",
    "more",
    multiple=True,
    type=click.Choice(sorted(TYPES.inner)),
    metavar="KIND",
    help="Also this kind, such as signature: it takes a request for each object that holds some.",
)
@force_option
@seed_option
@click.pass_obj
def command(
    options: Common,
    out: Path | None,
    domains: tuple[str, ...],
    kinds: tuple[str, ...],
    more: tuple[str, ...],
    force: bool,
    seed: str | None,
) -> None:
    """Write the live account as configuration whose plan is empty. Passwords are not in it, and are not needed."""
    if force and not out:
        raise click.UsageError("--force goes with --out")
    choice = _choice(domains, kinds, more)
    configuration = settings_only(options)
    with closing(connect(Reader, configuration, options, seed=seed)) as reader:
        live_state = read_live_state(Account(reader, TYPES), query_for_export(configuration, TYPES, choice))
    if domains and not any(choice.within(address, TYPES) for address in live_state.live):
        raise QboxctlError(f"no live domain fits --domain {' '.join(domains)}")
    done = export_account(live_state, configuration, TYPES, choice)
    if out:
        _write(done, out, options, configuration.settings, force=force, seed=seed)
    else:
        options.result(done.text().rstrip("\n"))
    _tell(done, options)
    unread = sorted(TYPES.inner - choice.kinds) if not kinds else []
    if unread:
        flags = " ".join(f"--with {kind}" for kind in unread)
        names = ", ".join(TYPES[kind].section[-1].replace("_", " ") for kind in unread)
        options.say(f"not read, since each takes a request for each object that holds some: {names} ({flags})")


def _choice(domains: tuple[str, ...], kinds: tuple[str, ...], more: tuple[str, ...]) -> Selection:
    """What was asked for; a pattern for domains leaves out all that is in none.

    What takes a request for each parent is read only where it was named. Beside the rest, it comes with all that
    it may be in; by itself, with no more than what holds some.
    """
    inside = {type_.kind for type_ in TYPES.values() if TYPES.place(type_.kind)[0] == "domains"}
    chosen = {*more, *(set(kinds) or (inside if domains else set(TYPES)) - TYPES.inner)}
    chosen |= {outer.kind for kind in more for outer in TYPES.outer(kind)} & TYPES.inner
    if domains and not chosen <= inside:
        raise click.UsageError("--domain goes with kinds that are in a Hosting domain")
    try:
        patterns = tuple(Pattern.of(text if "/" in text else f"domain/{text}", TYPES) for text in domains)
    except ValueError as error:
        raise click.UsageError(f"--domain: {error}") from None
    return Selection(frozenset(chosen), patterns, frozenset(kinds))


def _write(done: Export, out: Path, options: Common, settings: Settings, *, force: bool, seed: str | None) -> None:
    files = done.files()
    if not files:
        options.say("there is nothing of it in the account: no file was written")
        return
    save(out, files, force=force)
    wrote, words = f"wrote {plural(len(files), 'file')} to {out}", ["plan", *(["--seed", seed] if seed else [])]
    same, chosen = os.path.realpath(out) == os.path.realpath(options.directory), _chosen(settings)
    if chosen and not same:
        options.say(f"{wrote}; to compare, put settings there too: those of {options.directory} say {chosen}")
    else:
        options.say(f"{wrote}; compare:", paste=options.command_line(*words, folder="" if same else str(out)))


def _chosen(settings: Settings) -> str:
    """Which of what leads to an account the files say, in words, "" for nothing."""
    said = {
        "endpoint": settings.endpoint_at is not None,
        "token": settings.token != DEFAULT_TOKEN and settings.endpoint != EMULATOR,
        "customer_code": bool(settings.customer_code),
    }
    return " and ".join(name for name, here in said.items() if here)


def _tell(done: Export, options: Common) -> None:
    """Say what no file can state."""
    for line in done.left_out if options.verbose else done.left_out[:_SHOWN]:
        options.say(f"left out: {clean(line)}")
    if len(done.left_out) > _SHOWN and not options.verbose:
        options.say(f"left out: {len(done.left_out) - _SHOWN} more (-v lists them)")
