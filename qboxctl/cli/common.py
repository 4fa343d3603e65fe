"""The options that every command takes, before or after its name, and where results and messages go."""

from __future__ import annotations

import gc
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

from qboxctl.cli import suggestions
from qboxctl.cli.output import Output
from qboxctl.render.style import MARKS, Palette

if TYPE_CHECKING:
    from pathlib import Path

    from qboxctl.cli.progress import Progress
    from qboxctl.errors import Position

_F = TypeVar("_F", bound=Callable[..., Any])

_COLUMNS = 120
"""Of a terminal that does not tell."""
_SHOWN = 20
"""How many names of files a message has."""


@dataclass(slots=True)
class Common:
    """What the common options say, or the variables beside them; ``given`` are those that were given as options."""

    directory: str = "."
    env: str = field(default_factory=lambda: os.environ.get("QBOXCTL_ENV") or "default")
    endpoint: str = field(default_factory=lambda: os.environ.get("QBOXCTL_ENDPOINT", ""))
    no_exec: bool = field(default_factory=lambda: os.environ.get("QBOXCTL_NO_EXEC", "") not in ("", "0"))
    color: str = "auto"
    verbose: int = 0
    quiet: bool = False
    debug: bool = False
    given: dict[str, Any] = field(default_factory=dict)
    clear: Callable[[], None] = lambda: None
    """Takes the line of progress away, before something is printed."""
    progress: Progress = field(init=False)
    """Set where there is a connection."""
    output: Output = field(default_factory=Output)
    excerpts: Callable[[Position], str] = lambda _place: ""
    """The lines of the configuration, once it is read."""
    redact: Callable[[str], str] = str
    """Takes secrets out of a text that others wrote, once there is a connection that knows some."""
    acting: bool = False
    """Whether something approved is being done: the exit code tells of that then, printed or not."""

    def palette(self, stream: Any = None) -> Palette:
        """What a stream can show (stdout unless said otherwise); only a terminal has links and an end of lines."""
        import shutil

        stream = stream or sys.stdout
        terminal = stream is not None and stream.isatty()
        wanted = os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0")
        automatic = (wanted or (terminal and os.environ.get("TERM") != "dumb")) and not os.environ.get("NO_COLOR")
        enabled = self.color == "always" or (self.color == "auto" and automatic)
        columns = shutil.get_terminal_size((_COLUMNS, 24)).columns if terminal else 0
        return Palette(enabled, columns, not _encodes(stream, MARKS), _links() if terminal and enabled else None)

    def result(self, text: str) -> None:
        """Print a result, to stdout."""
        self.clear()
        self.output.write(text, err=False)

    def say(self, text: str, *, paste: str = "") -> None:
        """Print a message, to stderr, unless -q: wrapped at words, but for a command to paste that ends it."""
        if not self.quiet:
            self.alert(" ".join(filter(None, (self.palette(sys.stderr).fit(text), paste))))

    def alert(self, text: str) -> None:
        """Print what must not be missed, to stderr."""
        self.clear()
        self.output.write(text, err=True)

    @contextmanager
    def doubtful(self, may_be: str, *words: str, before: str = "") -> Iterator[None]:
        """Say what may be done all the same where Ctrl-C ends a request, and the command by which that can be seen."""
        try:
            yield
        except KeyboardInterrupt:
            if self.acting:
                self.alert(f"{may_be} all the same: look with `{self.command_line(*words)}`{before}")
            raise

    def command_line(self, *words: str, folder: str = "") -> str:
        """A command to paste into a shell, that works at the same place, on the same account, by the same rules.

        ``folder`` is where its files are, if not at the same place; it has no settings, and so no environments.
        """
        given = {**self.given, "directory": folder, "env": None} if folder else self.given
        named = {"-C": "directory", "--env": "env", "--endpoint": "endpoint"}
        same = [word for name, key in named.items() if given.get(key) is not None for word in (name, given[key])]
        return shlex.join(["qboxctl", *same, *(["--no-exec"] if "no_exec" in self.given else []), *words])

    def log(self) -> Callable[[str], None] | None:
        """Where requests are logged, with --debug or -vv."""
        return self.alert if self.debug or self.verbose > 1 else None


def _links() -> Callable[[str, int, int], str] | None:
    from qboxctl.cli.hyperlinks import url_of

    return url_of(os.environ)


def _encodes(stream: Any, text: str) -> bool:
    """Whether a stream's encoding has these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


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
        options.given[param.name] = value


_OPTIONS = (
    click.option(
        "-C",
        "--dir",
        "directory",
        metavar="PATH",
        shell_complete=suggestions.files,
        help="Folder or file with the configuration; the working folder unless given.",
    ),
    click.option(
        "--env",
        metavar="NAME",
        shell_complete=suggestions.environments,
        help="Environment of the settings; also QBOXCTL_ENV.",
    ),
    click.option(
        "--endpoint",
        metavar="URL",
        help="The API's address, or emulator: for one inside the command; also QBOXCTL_ENDPOINT.",
    ),
    click.option(
        "--no-exec", is_flag=True, default=None, help="Run no program that files name; also QBOXCTL_NO_EXEC=1."
    ),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        metavar="WHEN",
        help="Colours: auto, always or never; also NO_COLOR, CLICOLOR_FORCE.",
    ),
    click.option("-v", "--verbose", count=True, default=None, help="Say more; -vv logs requests."),
    click.option("-q", "--quiet", is_flag=True, default=None, help="Only results and errors."),
    click.option("--debug", is_flag=True, default=None, help="Log requests, and show tracebacks."),
)


def common_options(command: _F) -> _F:
    """Add the common options to a command."""
    for option in reversed(_OPTIONS):
        command = _quietly(option)(command)
    return command


def is_common(parameter: click.Parameter) -> bool:
    """Whether every command takes a parameter."""
    return parameter.callback is _keep


seed_option = click.option(
    "--seed",
    metavar="FILE",
    shell_complete=suggestions.files,
    help="With --endpoint emulator: what is in the account.",
)


def format_option(forms: Sequence[str]) -> Callable[[_F], _F]:
    """The option for the form of a result; the first one is the usual."""
    *others, last = forms
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        metavar="FORM",
        show_default=True,
        help=f"{', '.join(others)} or {last}.",
    )


class Place(click.Path):
    """A file or folder to write: what is written is private, and never goes to stdout."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a path."""
        if value == "-":
            self.fail("it is not written to stdout: name a file or folder (./- is one called so)", param, ctx)
        return super().convert(value, param, ctx)


force_option = click.option("--force", is_flag=True, help="Replace files that are there.")


def save(out: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Write files below a folder, by their path in it; raises QboxctlError for one that cannot be written.

    Where one is there already, none is, unless by ``force``.
    """
    from pathlib import PurePath

    from qboxctl.errors import QboxctlError
    from qboxctl.files import write_files

    there = sorted(str(out / path) for path in files if os.path.lexists(out / path))
    if there and not force:
        shown = ", ".join(there[:_SHOWN]) + (f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else "")
        raise QboxctlError(f"already there: {shown}", hint="nothing was written; choose another folder, or --force")
    try:
        write_files(out, {PurePath(path): text for path, text in files.items()})
    except OSError as error:
        raise QboxctlError(f"{error.filename or out} cannot be written: {error.strerror}") from None


def detail(command: _F) -> _F:
    """Add the options that say how much of a plan its text shows."""
    full = click.option("--full", is_flag=True, help="Text: every attribute of every change, as with -v.")
    summary = click.option("--summary", is_flag=True, help="Text: how many changes of which sort, and what is lost.")
    return full(summary(command))


def in_full(options: Common, *, full: bool, summary: bool) -> bool:
    """Whether every attribute is shown; raises UsageError for options that exclude each other."""
    if full and summary:
        raise click.UsageError("--full and --summary exclude each other")
    return (full or options.verbose > 0) and not summary


def _quietly(option: Callable[..., Any]) -> Callable[..., Any]:
    """Let an option store its value in ``Common`` instead of passing it to the function."""

    def decorate(command: Any) -> Any:
        decorated = option(command)
        parameters = decorated.params if isinstance(decorated, click.Command) else decorated.__click_params__
        parameters[-1].expose_value = False
        parameters[-1].callback = _keep
        return decorated

    return decorate
