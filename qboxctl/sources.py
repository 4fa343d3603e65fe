"""The files of a configuration, read; nothing is made of them here."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from qboxctl.errors import ConfigError, Diagnostic, Position
from qboxctl.yamlio import MAX_BYTES, Source


class _Utf16(Exception):
    """The encoding of a file that Windows calls Unicode."""


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
    return [_read(path) for path in paths]


def has_sources(root: str | Path) -> bool:
    """Whether there is a configuration; raises ConfigError for a folder that cannot be read."""
    return Path(root).is_file() or any(True for _ in _walk(Path(root)))


def _read(path: Path) -> Source:
    """One file; what cannot be read is told together with all other mistakes."""
    hint = None
    try:
        if not path.is_file():
            raise ValueError("it is not a file")
        raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MB")
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:2]:
            raise _Utf16
        return Source(str(path), raw.decode("utf-8-sig"), str(path.parent))
    except UnicodeDecodeError as error:
        reason, line = "it is not UTF-8 text", error.object[: error.start].count(b"\n") + 1
    except _Utf16:
        reason, line = "it is UTF-16 text, and not UTF-8", 1
        hint = "save it as UTF-8; PowerShell does so with -Encoding utf8"
    except (OSError, ValueError) as error:
        reason, line = str(error.strerror if isinstance(error, OSError) else error), 0
    unreadable = Diagnostic("Q030", f"cannot be read: {reason}", Position(str(path), line, 1 if line else 0), hint=hint)
    return Source(str(path), "", str(path.parent), unreadable=unreadable)


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
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        found += [
            (folder, name)
            for name in names
            if name.lower().endswith((".yaml", ".yml")) and not name.startswith((".", "_"))
        ]
    return sorted(found, key=lambda pair: os.path.join(*pair))
