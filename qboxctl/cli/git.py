"""Git, asked by its own program: the commit that is checked out, and the configuration at a revision.

The work tree is never touched.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path, PurePosixPath

from qboxctl.errors import QboxctlError
from qboxctl.yamlio import Source

_TIMEOUT = 60.0


def _git(folder: Path, *words: str, data: bytes | None = None) -> bytes:
    """What git prints; raises QboxctlError with what it complains of."""
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            capture_output=True,
            env=environ,
            timeout=_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        raise QboxctlError("the git program is not installed, and --since needs it") from None
    except subprocess.TimeoutExpired:
        raise QboxctlError(f"git {words[0]} took longer than {_TIMEOUT:.0f} s") from None
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise QboxctlError(lines[0] if lines else f"git {words[0]} failed")
    return done.stdout


def _folder(root: str | Path) -> Path:
    path = Path(root)
    return path if path.is_dir() else path.parent


def commit(root: str | Path) -> str | None:
    """The commit that the configuration's folder stands at, None outside a repository."""
    try:
        return _git(_folder(root), "rev-parse", "--verify", "HEAD").decode().strip() or None
    except QboxctlError:
        return None


def sources_at(revision: str, root: str | Path) -> list[Source]:
    """The configuration as it was at a revision; raises QboxctlError (no repository, no such revision)."""
    folder = _folder(root)
    if revision.startswith("-"):
        raise QboxctlError(f"--since {revision} is not a revision")
    try:
        _git(folder, "rev-parse", "--git-dir")
    except QboxctlError as error:
        raise QboxctlError(f"--since needs a git repository: {error}") from None
    try:
        found = _git(folder, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    except QboxctlError:
        hint = "in a shallow clone, fetch more history first: git fetch --unshallow (or fetch-depth: 0 in a workflow)"
        raise QboxctlError(f"--since {revision}: there is no such revision here", hint=hint) from None
    names = _git(folder, "ls-tree", "-r", "-z", "--name-only", found, "." if Path(root).is_dir() else Path(root).name)
    chosen = [name for name in names.decode().split("\0") if name and _counts(name, is_folder=Path(root).is_dir())]
    return [_source(folder, found, name, root) for name in sorted(chosen)]


def _counts(name: str, *, is_folder: bool) -> bool:
    """Whether a file of the tree belongs to the configuration."""
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "_")) for part in path.parts)
    return not is_folder or (path.suffix in (".yaml", ".yml") and not hidden)


def _source(folder: Path, revision: str, name: str, root: str | Path) -> Source:
    raw = _git(folder, "cat-file", "blob", f"{revision}:./{name}")
    return Source(f"{name} at {revision[:12]}", raw.decode("utf-8", "replace"), str(_folder(root)))
