"""``qboxctl ready``: what a Delivery account still lacks before mail can be sent through it, and whether it arrives."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import click

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.api.sender import Sender
from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, common_options, format_option, seed_option
from qboxctl.cli.failures import Exit
from qboxctl.cli.session import connect, process_secrets, read_configuration, settings_only
from qboxctl.cli.times import Duration
from qboxctl.config.configuration import Configuration
from qboxctl.config.files import has_sources
from qboxctl.config.settings import EMULATOR
from qboxctl.config.trust import bearer_of, send_base
from qboxctl.errors import QboxctlError, Undone
from qboxctl.jobs.ready import Amiss, Examination, Examiner, published
from qboxctl.jobs.trace import Standing, TraceMail
from qboxctl.jobs.trial import Trial
from qboxctl.model import Revealed, Secret, SecretSource
from qboxctl.render import readiness
from qboxctl.render.style import clean
from qboxctl.resources import TYPES
from qboxctl.schema.formats import email_address
from qboxctl.schema.records import Record

_EXAMPLES = """
qboxctl ready newsletter
qboxctl ready newsletter --check                              # ask DNS too
qboxctl ready newsletter --send-to ada@example.com --token file:web.token
"""
_WAIT = 120.0
_SOURCES = {"env": SecretSource.ENV, "file": SecretSource.FILE}
_ENDS = {Standing.BOUNCE: Exit.PARTIAL, Standing.SUPPRESSED: Exit.PARTIAL, Standing.ERROR: Exit.PARTIAL,
         Standing.DELIVERED: Exit.DONE, Standing.QUEUED: Exit.WAITING}  # fmt: skip


class Reference(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on only
    """Where a token is: env:NAME or file:PATH."""

    name = "reference"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Secret:
        """Read a reference; what is none may be a token, and is not repeated."""
        source, _, name = str(value).partition(":")
        if source not in _SOURCES or not name:
            self.fail("write env:NAME or file:PATH, never the token itself", param, ctx)
        return Secret(_SOURCES[source], (name,))


class EmailAddress(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on only
    """An e-mail address."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read an address."""
        try:
            return email_address(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Wanted(NamedTuple):
    """The message that is asked for: to whom, who it is from ("" for anybody), the token, and how long to follow it."""

    to: str
    sender: str
    bearer: Revealed
    wait: float


class Sent(NamedTuple):
    """A message that was sent, and what became of it; why nobody knows whether it was sent, and why it was refused."""

    trial: Trial
    standing: Standing | None
    lost: str = ""
    refused: Undone | None = None


@click.command("ready", cls=Command, epilog=_EXAMPLES)
@common_options
@click.argument("account")
@click.option("--send-to", type=EmailAddress(), metavar="ADDRESS", help="Send one message there, and follow it.")
@click.option("--token", type=Reference(), metavar="REFERENCE", help="The Send API token: env:NAME or file:PATH.")
@click.option("--from", "sender", type=EmailAddress(), metavar="ADDRESS", help="Who it is from; qboxctl@ a domain.")
@click.option("--wait", type=Duration(), metavar="DURATION", help="How long to follow it, such as 5m; 2m if absent.")
@click.option("--check", is_flag=True, help="Ask DNS for the records, too.")
@click.option("--resolver", default="", metavar="ADDRESS[:PORT]", help="The DNS server to ask.")
@format_option(["table", "json"])
@seed_option
@click.pass_obj
def command(
    options: Common,
    account: str,
    send_to: str | None,
    token: Secret | None,
    sender: str | None,
    wait: float | None,
    check: bool,
    resolver: str,
    form: str,
    seed: str | None,
) -> int:
    """Show what a Delivery account still lacks before the Send API accepts its mail; send a message to try it."""
    if (send_to is None) != (token is None):
        raise click.UsageError("--send-to and --token go together")
    if send_to is None and (sender or wait is not None):
        raise click.UsageError("--from and --wait go with --send-to")
    if resolver and not check:
        raise click.UsageError("--resolver goes with --check")
    look_up = _in_dns(resolver) if check else None
    configuration = read_configuration(options) if has_sources(options.directory) else settings_only(options)
    wanted = None
    if send_to and token:
        wanted = Wanted(send_to, sender or "", _bearer(configuration, token, options), _WAIT if wait is None else wait)
    with closing(connect(Reader, configuration, options, seed=seed)) as reader:
        found = Examiner(Account(reader, TYPES), configuration).examine(account)
        if look_up:
            found = published(found, look_up)
        look = ("trace", "--to", wanted.to if wanted else "")
        with options.doubtful("the message may be sent", *look, before=" before you send another one"):
            sent = _tried(found, wanted, configuration, reader, options) if wanted else None
    told = None if sent is None else (sent.trial, _word(sent))
    options.result(readiness.shown(found, told, form, options.palette(), reader.redact))
    if sent and sent.refused:
        raise sent.refused
    return _verdict(found, sent, options, asked=wanted is not None)


def _bearer(configuration: Configuration, token: Secret, options: Common) -> Revealed:
    """The Send API token; a Management token is refused before it leaves."""
    if configuration.settings.endpoint == EMULATOR:
        raise QboxctlError("an emulator inside the command has no token yet", hint="start one with `qboxctl emulator`")
    send_base(configuration)
    return bearer_of(configuration, process_secrets(configuration, options), token)


def _in_dns(resolver: str) -> Callable[[Sequence[Record]], Mapping[Record, Amiss]]:
    """What tells what is wrong with each record in DNS; one that DNS gives no answer about is not known to be there."""
    from qboxctl.dns.lookup import Published, lookup_at

    look_up = lookup_at(resolver)
    wrong = (Published.MISSING, Published.DIFFERENT, Published.UNPROVED)
    words = {status: Amiss(f"{status.value} in DNS") for status in wrong}
    words[Published.UNKNOWN] = Amiss("unknown: DNS gives no answer", known=False)
    return lambda records: {one.record: words[one.status] for one in look_up(records) if one.status in words}


def _tried(
    found: Examination, wanted: Wanted, configuration: Configuration, reader: Reader, options: Common
) -> Sent | None:
    """Send the message, and follow it; None where nothing was sent, since something lacks.

    Raises QboxctlError where others could send, and the sender's domain is none of the account's.
    """
    domain = wanted.sender.rpartition("@")[2] if wanted.sender else next(iter(found.usable), "")
    if not found.usable or any(one.about == domain for one in found.lacks):
        return None
    if domain not in found.usable:
        message = f"nothing was sent: {found.name} may not send from {domain}"
        raise QboxctlError(message, hint=f"it may send from {', '.join(found.usable)}: choose with --from")
    reader.redact.hide(wanted.bearer)
    trial = Trial(wanted.sender or f"qboxctl@{domain}", wanted.to, randomness.token_hex(8))
    settings = configuration.settings
    way = Sender(
        send_base(configuration), wanted.bearer, settings.api, stop=reader.stop, log=options.log(), notice=options.say
    )
    options.acting = True
    with closing(way) as client:
        try:
            lost = trial.send(client)
        except Undone as refused:
            return Sent(trial, None, refused=refused)
    if lost:
        options.alert(f"it is unknown whether the message was sent, and it is not sent again: {lost}")
    options.say(f"looking for it in TraceMail, for up to {wanted.wait:g} s")
    try:
        return Sent(trial, trial.follow(TraceMail(reader), wanted.wait), lost)
    except QboxctlError as error:  # it was sent all the same, and that must be told
        options.alert(f"TraceMail cannot be read: {clean(str(error))}")
        return Sent(trial, None, lost)


def _word(sent: Sent) -> str:
    """What became of a message, in a word."""
    if sent.refused:
        return "refused"
    if sent.standing is None:
        return "unknown" if sent.lost else Standing.QUEUED.value
    return sent.standing.value


def _verdict(found: Examination, sent: Sent | None, options: Common, *, asked: bool) -> int:
    """What is told at the end, and the exit code."""
    lacking = Exit.WAITING if found.lacks else Exit.DONE
    if sent is None:
        if asked:
            options.alert("nothing was sent: its domain is not ready, or not linked to the account")
            return Exit.WAITING
        return lacking
    if sent.standing is None and sent.lost:
        options.alert("it was not found: look at TraceMail again before you try anew")
        return Exit.PARTIAL
    end = _ENDS[sent.standing or Standing.QUEUED]
    if end is Exit.WAITING:
        paste = f"`{options.command_line('trace', '--to', sent.trial.to)}` tells how it goes on"
        options.say("it was accepted, and has not arrived yet:", paste=paste)
    return end or lacking
