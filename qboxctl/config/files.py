"""The files of a configuration, read; nothing is made of them here."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from qboxctl.config.yaml.reader import MAX_BYTES, Source
from qboxctl.errors import ConfigError, Diagnostic, Position


def read_sources(root: str | Path) -> list[Source]:
    """The files below a folder (or one file), sorted by path; names starting with . or _ are skipped.

    Raises ConfigError when there is no such folder, no file in it, or a folder that cannot be read.
    """
    shown = Path(root)
    if shown.is_file():
        paths = [shown]
    elif shown.is_dir():
        paths = [Path(folder, name) for folder, name in _walk(shown)]
    else:
        raise ConfigError([Diagnostic("Q030", f"there is no file or folder {shown}", hint="name it with -C")])
    if not paths:
        hint = "`qboxctl init` makes a starter project; name another folder with -C"
        raise ConfigError([Diagnostic("Q030", f"there is no .yaml or .yml file in {shown.resolve()}", hint=hint)])
    root = str(shown if shown.is_dir() else shown.parent)
    return [_read(path, root) for path in paths]


def has_sources(root: str | Path) -> bool:
    """Whether there is a configuration; raises ConfigError for a folder that cannot be read."""
    return Path(root).is_file() or any(True for _ in _walk(Path(root)))


def _read(path: Path, root: str) -> Source:
    """One file below a folder; what cannot be read is told together with all other mistakes."""
    try:
        if not path.is_file():
            raise ValueError("it is not a file")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)  # of files in /proc the system tells no size
        if len(raw) > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MB")
    except (OSError, ValueError) as error:
        return unreadable(str(path), str(error.strerror if isinstance(error, OSError) else error))
    return source_of(str(path), raw, str(path.parent), root)


def source_of(name: str, raw: bytes, folder: str, root: str = "") -> Source:
    """What is in a file, as text; what cannot be read is told together with all other mistakes."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:2]:
        hint = "save it as UTF-8; PowerShell does so with -Encoding utf8"
        return unreadable(name, "it is UTF-16 text, and not UTF-8", Position(name, 1, 1), hint=hint)
    try:
        return Source(name, raw.decode("utf-8-sig"), folder, root=root)
    except UnicodeDecodeError as error:
        read = error.object[: error.start].decode()
        place = Position(name, read.count("\n") + 1, len(read) - read.rfind("\n"))
        return unreadable(name, "it is not UTF-8 text", place, text=raw.decode("utf-8-sig", "replace"))


def unreadable(
    name: str, reason: str, place: Position | None = None, *, text: str = "", hint: str | None = None
) -> Source:
    """A file that counts, of which there is no text that can be read."""
    found = Diagnostic("Q030", f"cannot be read: {reason}", place or Position(name), hint=hint)
    return Source(name, text, unreadable=found)


def counts(path: str) -> bool:
    """Whether a path below the folder of a configuration is one of its files."""
    return path.lower().endswith((".yaml", ".yml")) and not is_hidden(path)


def is_hidden(path: str) -> bool:
    """Whether a path below the folder of a configuration, or a folder on its way, is skipped."""
    return any(part.startswith((".", "_")) for part in path.split("/"))


def _walk(root: Path) -> Iterable[tuple[str, str]]:
    """The files that count, sorted by path. Links to folders are followed, each folder once.

    Raises ConfigError for a folder that cannot be read: what is in it would seem to be declared no more.
    """

    def complain(error: OSError) -> None:
        message = f"the folder cannot be read: {error.strerror}"
        raise ConfigError([Diagnostic("Q030", message, Position(str(error.filename)))])

    found, seen = [], set()
    for folder, folders, names in os.walk(root, onerror=complain, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not is_hidden(name)]
        found += [(folder, name) for name in names if counts(name)]
    return sorted(found, key=lambda pair: os.path.join(*pair))
