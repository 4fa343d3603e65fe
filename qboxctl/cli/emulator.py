"""``qboxctl emulator``: a local Management API, to try things out on."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import click

from qboxctl.cli import suggestions
from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, Place, common_options, run_on
from qboxctl.errors import QboxctlError
from qboxctl.files import write_file
from qboxctl.resources import TYPES

_EXAMPLES = """
qboxctl emulator --state account.json              # an account that outlasts the emulator
qboxctl emulator --fault 503,method=POST,nth=2     # the second creation is refused for a while
qboxctl emulator --quirk activation=5              # a new domain takes five reads to be active
"""


@click.command("emulator", cls=Command, epilog=_EXAMPLES)
@common_options
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="NUMBER",
    default=8025,
    show_default=True,
    help="0 for any free port.",
)
@click.option("--token", metavar="TOKEN", help="The only token that is taken; any one unless given.")
@click.option(
    "--seed",
    metavar="FILE",
    shell_complete=suggestions.files,
    help="What is in the account at the start: the shape of a configuration.",
)
@click.option("--state", type=Place(dir_okay=False, path_type=Path), help="Keep the account in this file.")
@click.option("--latency", type=click.FloatRange(0), default=0, metavar="MS", help="How long each answer takes.")
@click.option("--fault", multiple=True, metavar="SPEC", shell_complete=suggestions.faults, help="A fault: see above.")
@click.option(
    "--quirk",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=suggestions.quirks,
    help="A choice that the API leaves open, such as activation=5.",
)
@click.pass_obj
def command(
    options: Common,
    port: int,
    token: str | None,
    seed: str | None,
    state: Path | None,
    latency: float,
    fault: tuple[str, ...],
    quirk: tuple[str, ...],
) -> None:
    """Run a Management API on this machine until it is interrupted.

    Use it with --endpoint http://127.0.0.1:8025 and any token; what it did is at GET /_emulator/requests.

    Faults: KIND[,key=value]… with KIND one of delay, 404, 429, 500, 502, 503, drop-before, drop-after, cut, html, slow,
    late and the keys method, path, page, nth, count, retry-after, seconds, done; each hits one request unless count
    says more (or inf).

    Lists that move: shift shows a later page as if an object had gone from an earlier one, grow as if one had come;
    hide leaves out objects=N at the end (all without it), and 404,page=2 denies a page: as in 404,page=2,count=inf.

    An ownership record is published by POST /_emulator/publish {"domain": "example.com"}, a user logs in by
    POST /_emulator/login {"mailbox": "ada@example.com", "password": "…", "new": "…"}. No mail of a mailbox can be
    fetched after POST /_emulator/failing {"local_email": "ada@example.com", "error": "…"}.
    """
    from qboxctl.emulator import Emulator, parse_fault, parse_quirks

    try:
        from qboxctl.emulator.app import serve
    except ImportError:
        hint = "pip install 'qboxctl[emulator]'; without it, --endpoint emulator: works inside any command"
        raise QboxctlError("the emulator needs starlette and uvicorn", hint=hint) from None
    content = _at_the_start(seed, state, options)
    kept: list[Emulator] = []
    saving = threading.Lock()

    def save() -> None:
        try:
            with saving:
                _keep(kept[0].dump(), state)
        except QboxctlError as error:  # what was asked for is done: who asked is not the one to be told
            options.alert(f"error: {error}")

    try:
        emulator = Emulator(
            token=token,
            quirks=parse_quirks(list(quirk)),
            faults=[parse_fault(text) for text in fault],
            seed=content,
            latency=latency / 1000,
            on_write=save if state else None,
        )
    except ValueError as error:
        raise QboxctlError(str(error)) from None
    kept.append(emulator)
    _keep(emulator.dump(), state)  # before anybody relies on it

    def ready(bound: int) -> None:
        url = f"http://127.0.0.1:{bound}"
        options.result(f"listening on {url}")
        chosen = "the-token-that-you-chose" if token else "any-token"
        options.say("Ctrl-C ends it. In another terminal:")
        options.say(" ", paste=f"QBOXMAIL_API_TOKEN={chosen} qboxctl --endpoint {url} plan")

    run_on()
    try:
        serve(emulator, "127.0.0.1", port, ready=ready)
    except OSError as error:
        raise QboxctlError(f"port {port} cannot be used: {error.strerror}", hint="choose one with --port") from None


def _sections() -> set[str]:
    """What an account consists of that an emulator has saved."""
    from qboxctl.emulator.jobs import SERVICES
    from qboxctl.emulator.seeds import OWN

    kinds = (type_.section[0] for type_ in TYPES.levels[0])
    return {*OWN, *kinds, *(service.name for service in SERVICES)}


def _at_the_start(seed: str | None, state: Path | None, options: Common) -> Any:
    """What is in the account: what was kept of it, else what the seed says. Raises QboxctlError."""
    from qboxctl.cli.session import read_seed

    planted = read_seed(seed) if seed else None
    if not state or not state.is_file():
        return planted
    content = read_seed(str(state)) or {}
    if content and (set(content) - _sections() or "customer_code" not in content):
        hint = "name another file with --state; a configuration goes with --seed"
        raise QboxctlError(f"{state} is there, and is no account that an emulator has saved", hint=hint)
    if seed:
        options.say(f"the account is the one in {state}; the seed {seed} is for a new one, and is not used")
    return content


def _keep(content: dict[str, Any], path: Path | None) -> None:
    """Save the account; the file changes as a whole. Raises QboxctlError."""
    if path is None:
        return
    try:
        write_file(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise QboxctlError(f"the account cannot be kept in {path}: {error.strerror}") from None
