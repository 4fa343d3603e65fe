"""The files of a configuration, read; nothing is made of them here."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from qboxctl.errors import ConfigError, Diagnostic, Position
from qboxctl.yamlio import MAX_BYTES, Source


def read_sources(root: str | Path) -> list[Source]:
    """The files below a folder (or one file), sorted by path; names starting with . or _ are skipped.

    Raises ConfigError when there is no such folder, no file in it, or a file that is not UTF-8 text.
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
    sources, wrong = [], []
    for path in paths:
        try:
            raw = path.read_bytes()
            if len(raw) > MAX_BYTES:
                raise ValueError(f"larger than {MAX_BYTES // 2**20} MB")
            sources.append(Source(str(path), raw.decode("utf-8-sig"), str(path.parent)))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            wrong.append(Diagnostic("Q030", f"cannot be read: {reason}", Position(str(path))))
    if wrong:
        raise ConfigError(wrong)
    return sources


def _walk(root: Path) -> Iterable[tuple[str, str]]:
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        found += [
            (folder, name) for name in names if name.endswith((".yaml", ".yml")) and not name.startswith((".", "_"))
        ]
    return sorted(found, key=lambda pair: os.path.join(*pair))
