"""Git, asked by its own program: the commit that is checked out, and the configuration at a revision.

The work tree is never touched.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath

from qboxctl.errors import QboxctlError
from qboxctl.yamlio import Source

_TIMEOUT = 60.0
_SHA1 = 40
"""The length of a name that git made with SHA-1; the others are made with SHA-256."""


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


def changed_since(revision: str, root: str | Path, today: Iterable[Source]) -> tuple[list[Source], list[Source]]:
    """The files that the configuration had at a revision, and today's, without those that are the same in both.

    Of the revision, links are left out: what they lead to is not in the tree. Raises QboxctlError (no repository, no
    such revision).
    """
    folder, is_folder = _folder(root), Path(root).is_dir()
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
    listing = os.fsdecode(_git(folder, "ls-tree", "-r", "-z", found, "." if is_folder else Path(root).name))
    then = {}
    for entry in listing.split("\0"):
        mode, _, rest = entry.partition(" ")
        blob, _, name = rest.removeprefix("blob ").partition("\t")
        if mode.startswith("100") and _counts(name, is_folder=is_folder):
            then[name] = blob
    inside = f"{Path(root)}/" if is_folder else f"{folder}/"
    now = {source.name.removeprefix(inside): source for source in today}
    same = {name for name, source in now.items() if then.get(name) == _blob(source.text, like=found)}
    before = sorted(then.keys() - same)
    texts = _contents(folder, [then[name] for name in before])
    return (
        [Source(f"{name} at {found[:12]}", text, str(folder)) for name, text in zip(before, texts, strict=True)],
        [source for name, source in now.items() if name not in same],
    )


def _counts(name: str, *, is_folder: bool) -> bool:
    """Whether a file of the tree belongs to the configuration."""
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "_")) for part in path.parts)
    return not is_folder or (path.suffix.lower() in (".yaml", ".yml") and not hidden)


def _blob(text: str, *, like: str) -> str:
    """The name that git gives to a content, in a repository with such names as this one."""
    raw = text.encode()
    digest = hashlib.sha1 if len(like) == _SHA1 else hashlib.sha256
    return digest(b"blob %d\0" % len(raw) + raw).hexdigest()


def _contents(folder: Path, blobs: Sequence[str]) -> list[str]:
    """What is in some blobs."""
    stream = BytesIO(_git(folder, "cat-file", "--batch", data="".join(f"{blob}\n" for blob in blobs).encode()))
    found = []
    for _ in blobs:
        size = int(stream.readline().split()[-1])
        found.append(stream.read(size).decode("utf-8-sig", "replace"))
        stream.readline()
    return found
