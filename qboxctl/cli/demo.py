"""``qboxctl demo``: validate, plan, apply and plan again, on the quickstart example and an emulator."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from qboxctl.cli.common import Common, common
from qboxctl.errors import QboxctlError

_STORY = (
    ("The configuration: one domain with two mailboxes and an alias.", None),
    ("Is it right? `validate` asks nobody.", ("validate",)),
    ("What would be done? `plan` reads the account, which is empty, and writes nothing.", ("plan", "--out", "PLAN")),
    (
        "Do exactly that. `apply` reads back all that it writes.",
        ("apply", "PLAN", "--auto-approve", "--journal", "LOG"),
    ),
    ("Again: the account is as the files say, so there is nothing to do.", ("plan", "--detailed-exitcode")),
    ("Now somebody asks for a larger mailbox, and removes the other one.", "EDIT"),
    ("The plan shows what would be lost before anything else.", ("plan", "--out", "PLAN")),
    ("Apply it,", ("apply", "PLAN", "--auto-approve", "--journal", "LOG")),
    ("and the second plan is empty again.", ("plan", "--detailed-exitcode")),
)


def example(name: str) -> Path:
    """The folder of an example: in the package, or in the project's checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "examples" / name, package.parent / "examples" / name):
        if folder.is_dir():
            return folder
    raise QboxctlError(f"the example {name} is not installed")


@click.command("demo")
@common
@click.pass_obj
def command(options: Common) -> None:
    """Show the whole course on an emulated account: nothing leaves this machine."""
    from qboxctl.emulator import Emulator
    from qboxctl.emulator.app import BackgroundServer

    with tempfile.TemporaryDirectory(prefix="qboxctl-demo-") as folder, BackgroundServer(Emulator()) as server:
        work = Path(folder)
        config = work / "config"
        shutil.copytree(example("quickstart"), config)
        for number, (title, step) in enumerate(_STORY, 1):
            options.result("\n" + options.palette().paint(f"{number}. {title}", "bold"))
            if step is None:
                options.result((config / "qboxmail.yaml").read_text(encoding="utf-8").rstrip())
            elif isinstance(step, str):
                _edit(config / "qboxmail.yaml", options)
            else:
                _call(step, work, config, server.url, options)
    options.result("\nThat was all. `qboxctl init` makes a project of your own.")


def _call(step: tuple[str, ...], work: Path, config: Path, url: str, options: Common) -> None:
    """Run a command as a user would, and stop the story where it fails."""
    places = {"PLAN": str(work / "plan.json"), "LOG": str(work / "journal.jsonl")}
    options.result(options.palette().paint(f"$ qboxctl {' '.join(_public(word) for word in step)}", "blue"))
    environ = {
        **os.environ,
        "QBOXMAIL_API_TOKEN": "demo",
        "QBOXCTL_ENDPOINT": url,
        "QBOXCTL_ENV": "",
        "POSTMASTER_PASSWORD": "postmaster-1",
        "INITIAL_PASSWORD": "change-me-1",
    }
    words = [places.get(word, word) for word in step]
    colour = "always" if options.palette().enabled else "never"
    sys.stdout.flush()
    program = [sys.executable, "-P", "-m", "qboxctl"]  # -P: no module is taken from the working folder
    quiet = [] if "--detailed-exitcode" in words else ["-q"]  # which would hide that there is nothing to change
    done = subprocess.run([*program, *quiet, "-C", str(config), "--color", colour, *words], env=environ, check=False)
    if done.returncode != 0:
        raise QboxctlError(f"the demo failed: exit code {done.returncode}")


def _public(word: str) -> str:
    return {"PLAN": "plan.json", "LOG": "journal.jsonl"}.get(word, word)


def _edit(path: Path, options: Common) -> None:
    """Change the configuration, and show how."""
    text = path.read_text(encoding="utf-8")
    edits = (
        ("        max_email_quota: 8GB\n", "        max_email_quota: 25GB\n"),
        ("      ada:\n", "      ada:\n        state: absent\n"),
        ("      info: [ada@example.com, grace@example.com]", "      info: [grace@example.com]"),
    )
    for before, after in edits:
        if before not in text:
            raise QboxctlError(f"the example has no line {before.strip()!r}")
        text = text.replace(before, after, 1)
        for sign, colour, lines in (("-", "red", before), ("+", "green", after)):
            for line in lines.splitlines():
                if not (sign == "-" and line in after.splitlines()):
                    options.result(options.palette().paint(f"{sign} {line}", colour))
    path.write_text(text, encoding="utf-8")
