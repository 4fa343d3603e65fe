"""The options that every command takes, before or after its name, and where results and messages go."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from qboxctl.render.style import Palette

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(slots=True)
class Common:
    """What the common options say."""

    directory: str = "."
    env: str = "default"
    endpoint: str = ""
    color: str = "auto"
    verbose: int = 0
    quiet: bool = False
    debug: bool = False
    clear: Callable[[], None] = lambda: None
    """Takes the line of progress away, before something is printed."""
    redact: Callable[[str], str] = str
    """Takes secrets out of a text that others wrote, once there is a connection that knows some."""

    def palette(self, stream: Any = None) -> Palette:
        """Colours for a stream (stdout unless said otherwise)."""
        stream = stream or sys.stdout
        automatic = (
            stream is not None
            and stream.isatty()
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
        )
        return Palette(self.color == "always" or (self.color == "auto" and automatic))

    def width(self) -> int:
        """The columns of the terminal; a file or a pipe gets 120."""
        import shutil

        return shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 120

    def result(self, text: str) -> None:
        """Print a result, to stdout."""
        self.clear()
        click.echo(text, color=True)

    def say(self, text: str) -> None:
        """Print a message, to stderr, unless -q."""
        if not self.quiet:
            self.clear()
            click.echo(text, err=True, color=True)

    def log(self) -> Callable[[str], None] | None:
        """Where requests are logged, with --debug or -vv."""
        return (lambda text: click.echo(text, err=True)) if self.debug or self.verbose > 1 else None


def run_on() -> None:
    """From here on look for garbage, which each write leaves behind, but not among all that is there already."""
    gc.freeze()
    gc.set_threshold(50_000)
    gc.enable()


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep an option that was given; the one nearer to the command wins."""
    options = ctx.ensure_object(Common)
    if value is not None and param.name:
        setattr(options, param.name, value)


_OPTIONS = (
    click.option("-C", "--dir", "directory", metavar="PATH", help="Folder or file with the configuration (.)."),
    click.option("--env", metavar="NAME", help="Environment of the settings."),
    click.option("--endpoint", metavar="URL", help="The API's address; also QBOXCTL_ENDPOINT."),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), help="Colours; also NO_COLOR."),
    click.option("-v", "--verbose", count=True, default=None, help="Say more; -vv logs requests."),
    click.option("-q", "--quiet", is_flag=True, default=None, help="Only results and errors."),
    click.option("--debug", is_flag=True, default=None, help="Log requests, and show tracebacks."),
)


def common(command: _F) -> _F:
    """Add the common options to a command."""
    for option in reversed(_OPTIONS):
        command = _quietly(option)(command)
    return command


def _quietly(option: Callable[..., Any]) -> Callable[..., Any]:
    """Let an option store its value in ``Common`` instead of passing it to the function."""

    def decorate(command: Any) -> Any:
        decorated = option(command)
        parameters = decorated.params if isinstance(decorated, click.Command) else decorated.__click_params__
        parameters[-1].expose_value = False
        parameters[-1].callback = _keep
        return decorated

    return decorate
