"""``qboxctl demo``: validate, plan, apply and plan again, on the quickstart example and an emulator."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from difflib import unified_diff
from itertools import dropwhile
from pathlib import Path

import click

from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, common_options
from qboxctl.errors import QboxctlError

_STORY: tuple[tuple[str, tuple[str, ...] | str], ...] = (
    ("A configuration: one domain with two mailboxes and an alias.", "FILE"),
    ("Is it right? validate reads the files, and asks nobody.", ("validate",)),
    ("What would be done? plan reads the account, here an empty one.", ("plan", "--out", "plan.json")),
    ("Do exactly that: apply writes, and reads back what it wrote.", ("apply", "plan.json", "--auto-approve")),
    ("Once more: the account is as the files say.", ("plan", "--detailed-exitcode")),
    ("Now a pull request: Grace needs a larger mailbox, and Ada has left.", "EDIT"),
    ("Its reviewers see first what would be lost.", ("plan", "--out", "plan.json")),
    ("Merged: exactly what they have seen is done.", ("apply", "plan.json", "--auto-approve")),
    ("And again there is nothing to do.", ("plan", "--detailed-exitcode")),
)
_EDITS = (
    ("        max_email_quota: 8GB\n", "        max_email_quota: 25GB\n"),
    ("      ada:\n", "      ada:\n        state: absent\n"),
    ("      info: [ada@example.com, grace@example.com]", "      info: [grace@example.com]"),
)
_NEXT = {
    "init mail": "a project of your own; then: cd mail",
    "export --out mail": "an account that is there, as files",
    "guide first-steps": "how it goes on",
}
_COLOURS = {"-": "red", "+": "green", "@": "cyan"}


def example(name: str) -> Path:
    """The folder of an example: in the package, or in the project's checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "examples" / name, package.parent / "examples" / name):
        if folder.is_dir():
            return folder
    raise QboxctlError(f"the example {name} is not installed")


@click.command("demo", cls=Command)
@common_options
@click.pass_obj
def command(options: Common) -> None:
    """Show the whole course on an emulated account: nothing leaves this machine."""
    from qboxctl.emulator import Emulator
    from qboxctl.emulator.app import BackgroundServer

    palette = options.palette()
    with tempfile.TemporaryDirectory(prefix="qboxctl-demo-") as folder, BackgroundServer(Emulator()) as server:
        work = Path(folder, "mail")
        shutil.copytree(example("quickstart"), work)
        file = work / "qboxmail.yaml"
        for number, (title, step) in enumerate(_STORY, 1):
            options.result("\n" + palette.fit(palette.paint(f"{number}. {title}", "bold")))
            match step:
                case "FILE":
                    options.result(_without_its_head(file.read_text(encoding="utf-8")))
                case "EDIT":
                    _edit(file, options)
                case words:
                    _call(tuple(words), work, server.url, options)
    program = _program()
    width = max(map(len, _NEXT))
    options.result("\n" + palette.paint("That was all, and nothing is left of it. Next:", "bold"))
    for line, text in _NEXT.items():
        options.result(palette.fit(f"  {palette.paint(f'{program} {line:{width}}', 'cyan')}  {text}"))


def _without_its_head(text: str) -> str:
    """A configuration without the comments above it."""
    lines = text.rstrip().splitlines()
    return "\n".join(dropwhile(lambda line: line.startswith("#"), lines))


def _call(words: tuple[str, ...], work: Path, url: str, options: Common) -> None:
    """Run a command as a user would, and stop the story where it fails."""
    options.result(options.palette().paint(f"$ qboxctl {' '.join(words)}", "cyan"))
    environ = {
        **os.environ,
        "QBOXMAIL_API_TOKEN": "demo",
        "QBOXCTL_ENDPOINT": url,
        "QBOXCTL_ENV": "",
        "POSTMASTER_PASSWORD": "postmaster-1",
        "INITIAL_PASSWORD": "change-me-1",
    }
    colour = "always" if options.palette().enabled else "never"
    sys.stdout.flush()
    program = [sys.executable, "-P", "-m", "qboxctl"]  # -P: no module is taken from the working folder
    done = subprocess.run(
        [*program, "--color", colour, *words],
        cwd=work,
        env=environ,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,  # messages in their place, wherever the story goes
        check=False,
    )
    if done.returncode != 0:
        raise QboxctlError(f"the demo failed: exit code {done.returncode}")


def _edit(path: Path, options: Common) -> None:
    """Change the configuration, and show how."""
    before = after = path.read_text(encoding="utf-8")
    for old, new in _EDITS:
        if old not in after:
            raise QboxctlError(f"the example has no line {old.strip()!r}")
        after = after.replace(old, new, 1)
    path.write_text(after, encoding="utf-8")
    difference = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    for line in list(difference)[2:]:  # without the file's name, twice
        colour = _COLOURS.get(line[0])
        options.result(options.palette().paint(line, colour) if colour else line)


def _program() -> str:
    """How this program is called from here."""
    called = Path(sys.argv[0])
    return "qboxctl" if shutil.which("qboxctl") or called.name != "qboxctl" else shlex.quote(str(called))
