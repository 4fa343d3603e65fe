"""``qboxctl init``: a starter project that validates, with a pipeline. Nothing is overwritten."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from qboxctl.cli.common import Common, common
from qboxctl.errors import QboxctlError


@click.command("init")
@common
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]")
@click.pass_obj
def command(options: Common, folder: Path | None) -> None:
    """Make a starter project: settings, a domain, a .gitignore and a pipeline."""
    folder = folder or Path(options.directory)
    starter = _files(files("qboxctl") / "starter", Path())
    there = [path for path in starter if (folder / path).exists()]
    if there:
        names = ", ".join(str(folder / path) for path in sorted(there))
        raise QboxctlError(f"already there: {names}", hint="nothing was written; choose another folder")
    for path, content in sorted(starter.items()):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
        options.result(f"wrote {target}")
    place = "" if folder == Path() else f" -C {folder}"
    options.say(f"\nNext: edit domains/example.com.yaml, then\n  qboxctl{place} validate\n  qboxctl{place} plan")


def _files(folder: Traversable, below: Path) -> dict[Path, str]:
    """The starter's files by where they go; a name that begins with dot_ begins with a dot there."""
    found: dict[Path, str] = {}
    for entry in folder.iterdir():
        if entry.name == "__pycache__":
            continue
        path = below / (f".{entry.name.removeprefix('dot_')}" if entry.name.startswith("dot_") else entry.name)
        if entry.is_dir():
            found.update(_files(entry, path))
        else:
            found[path] = entry.read_text(encoding="utf-8")
    return found
