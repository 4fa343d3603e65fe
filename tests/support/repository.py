"""Git repositories with files in them, and what these declared."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from qboxctl.config.files import read_sources
from qboxctl.config.loader import load, stated
from qboxctl.config.revision import changed_since
from qboxctl.resources import TYPES

Files = dict[str, str]

A = "domains: {a.example: {mailboxes: {ada: {}, bob: {}}}}\n"

B = "domains: {b.example: {mailboxes: {eve: {}}}}\n"

CLEAN = {"PATH": os.environ.get("PATH", os.defpath), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(folder: Path, *words: str) -> str:
    """What git prints, in an environment with nothing of ours."""
    person = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always")
    command = ["git", "-C", str(folder), *person, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=CLEAN).stdout.strip()


def put(folder: Path, files: Files) -> None:
    """Let these be all the files."""
    for name in folder.iterdir():
        if name.name != ".git":
            shutil.rmtree(name) if name.is_dir() and not name.is_symlink() else name.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes(text.encode())


def committed(folder: Path, files: Files, *options: str) -> Path:
    """A repository with these files in its only commit."""
    folder.mkdir(exist_ok=True)
    git(folder, "init", "-q", *options)
    put(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "before")
    return folder


def gone(folder: Path, revision: str = "HEAD") -> set[str]:
    """What was declared at a revision, and is no more."""
    today = read_sources(folder)
    before = stated(changed_since(revision, folder, today)[0], TYPES).present
    return {str(address) for address in before - load(today, TYPES).objects.keys()}
