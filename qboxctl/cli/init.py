"""``qboxctl init``: a starter project that validates, with a pipeline.

Nothing is overwritten; a .gitignore that is there gets the lines that it lacks.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from qboxctl import __version__
from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, Place, common_options
from qboxctl.config.files import has_sources, read_sources
from qboxctl.errors import QboxctlError

_PIPELINE = Path(".github/workflows/qboxmail.yml")
_ADDED_TO = {Path(".gitignore")}
"""What a repository has already, and only gets more lines."""
_UNKNOWN = 'QBOXCTL_PACKAGE: ""'


_EXAMPLES = """
qboxctl init mail       # in a folder of its own
qboxctl init            # in the working folder, such as an empty repository
"""


@click.command("init", cls=Command, epilog=_EXAMPLES)
@common_options
@click.argument("folder", required=False, type=Place(file_okay=False, path_type=Path), metavar="[DIR]")
@click.pass_obj
def command(options: Common, folder: Path | None) -> None:
    """Make a starter project: settings, a domain, a .gitignore and a pipeline."""
    folder = folder or Path(options.directory)
    starter = _files(files("qboxctl") / "starter", Path())
    added = {path for path in _ADDED_TO if (folder / path).is_file()}
    there = [folder / path for path in sorted(_in_the_way(folder, starter.keys() - added))]
    there = there or [above for above in folder.parents if os.path.lexists(above) and not above.is_dir()]
    if there:
        names = ", ".join(map(str, there))
        raise QboxctlError(f"already there: {names}", hint="nothing was written; choose another folder")
    others = [source.name for source in read_sources(folder)] if folder.is_dir() and has_sources(folder) else []
    package = package_of(_origin())
    starter[_PIPELINE] = starter[_PIPELINE].replace(_UNKNOWN, f"QBOXCTL_PACKAGE: {json.dumps(package)}")
    for path, content in sorted(starter.items()):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a+" if path in added else "x", encoding="utf-8", errors="surrogateescape") as file:
            file.seek(0)
            file.write(lacking(file.read(), content) if path in added else content)
        options.result(f"{'added to' if path in added else 'wrote'} {target}")
    for warning in _warnings(folder, others, package):
        options.say(f"\n{warning}")
    place = "" if folder == Path() else f" -C {shlex.quote(str(folder))}"
    options.say("\nTry it as it is, on an empty account inside the command:")
    options.say(" ", paste=f"qboxctl{place} --endpoint emulator: plan")
    options.say("\nThen put your domain in the place of example.com, export QBOXMAIL_API_TOKEN, and")
    for word in ("validate", "plan"):
        options.say(" ", paste=f"qboxctl{place} {word}")


def _in_the_way(folder: Path, files: Iterable[Path]) -> set[Path]:
    """What is in the place of some files, or of folders that they need: whatever it is, or a link to nothing."""
    places = {path: os.path.lexists(folder / path) for path in files}
    needed = {above for path in places for above in path.parents}
    blocked = {above for above in needed if os.path.lexists(folder / above) and not (folder / above).is_dir()}
    return {path for path, there in places.items() if there} | blocked


def _warnings(folder: Path, others: Sequence[str], package: str) -> Iterator[str]:
    """What would puzzle a newcomer later: files of others, a pipeline that is not found, or cannot install this."""
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        yield (
            f"All .yaml files below a folder are one configuration: {others[0]}{more} now counts as well. "
            "For one that is another program's, make the project in a folder of its own: `qboxctl init mail`."
        )
    if not (folder / ".git").exists() and any((above / ".git").exists() for above in folder.resolve().parents):
        yield (
            f"GitHub runs workflows from the top of a repository only: move {_PIPELINE} there, "
            f"and have its commands begin with qboxctl -C {shlex.quote(folder.name)}."
        )
    if not package:
        yield (
            "This qboxctl came from a folder of this machine, which a pipeline does not have: "
            f"set QBOXCTL_PACKAGE in {_PIPELINE}."
        )


def lacking(old: str, lines: str) -> str:
    """What has to be written behind a text so that it holds all of some lines."""
    known = {line.strip() for line in old.splitlines()}
    more = [f"{line}\n" for line in lines.splitlines() if line.strip() not in known]
    return "".join(["\n" if more and old and not old.endswith("\n") else "", *more])


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


def _origin() -> str | None:
    """What pip noted of where this qboxctl came from (PEP 610), None if that was an index."""
    try:
        return distribution("qboxctl").read_text("direct_url.json")
    except PackageNotFoundError:
        return '{"url": "file:"}'


def package_of(origin: str | None) -> str:
    """What pip must be told to install the same elsewhere, "" where nobody else can have it.

    Never a guess: the owner of a name that we made up on some index would be given the token.
    """
    if origin is None:
        return f"qboxctl=={__version__}"
    found = json.loads(origin)
    url, vcs = found["url"], found.get("vcs_info")
    if not url.startswith(("https:", "ssh:")):
        return ""
    return f"qboxctl @ {vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else f"qboxctl @ {url}"
