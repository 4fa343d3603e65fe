"""Git, asked by its own program: of one repository, and so that nothing but git's own code runs.

The repository is the one whose work tree holds a folder: it is found here, by the nearest ``.git`` above, and named in
each call. So neither the environment (as git sets it for its hooks) nor a bare repository that lies among the files
takes its place. Only commands are called that read, and that know no filters, diff programs, pagers or aliases.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from qboxctl.errors import QboxctlError

_TIMEOUT = 60.0
_KEPT = (
    "PATH", "HOME", "XDG_CONFIG_HOME", "SUDO_UID", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR",
    "SYSTEMROOT", "PATHEXT", "TEMP", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "PROGRAMDATA",
)  # fmt: skip
"""What git is told of the environment: none of ``GIT_*``, and no secret. Which owners it trusts (``safe.directory``)
stands in the user's or the machine's configuration, which is why these are read."""
_FIXED = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # older versions know no GIT_NO_LAZY_FETCH: then no way to fetch is left
}
_HARDENED = (
    "--no-replace-objects",
    "-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=", "-c", f"core.hooksPath={os.devnull}",
)  # fmt: skip
"""An empty ``core.fsmonitor`` is off in every version: older ones take "false" for the name of a program."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository: the top of its work tree, and the folder in which git keeps it."""

    top: Path
    git_dir: str

    def ask(self, *words: str, data: bytes | None = None, may_fail: bool = False) -> bytes:
        """What git prints, called at the top of the work tree; raises QboxctlError with what it complains of.

        With ``may_fail``, the exit code 1 is an answer too, as of commands that find nothing.
        """
        place = f"--git-dir={self.git_dir}", f"--work-tree={self.top}"
        return _git(self.top, *place, *words, data=data, answers=(0, 1) if may_fail else (0,))


def repository(folder: Path) -> Repository:
    """The repository whose work tree holds a folder; raises QboxctlError where there is none that git takes for one."""
    folder = folder.resolve()
    top = top_of(folder)
    if top is None:
        raise QboxctlError(f"{folder} is in no git repository")
    # Asked without naming it, git looks whom it belongs to, and follows a `.git` that is a file, of a linked work tree
    # or a submodule. What it finds must be what was found here.
    shown, _, rest = os.fsdecode(_git(top, "rev-parse", "--show-toplevel", "--absolute-git-dir")).partition("\n")
    if not shown or not os.path.samefile(shown, top):
        raise QboxctlError(f"{top / '.git'} belongs to the work tree {shown}, not to the one that it lies in")
    return Repository(top, rest.removesuffix("\n"))


def top_of(folder: Path) -> Path | None:
    """The nearest folder with a ``.git`` in it, at a folder (without links in its path) or above."""
    return next((above for above in (folder, *folder.parents) if os.path.lexists(above / ".git")), None)


def commit(root: str | Path) -> str | None:
    """The commit that the configuration's folder stands at, None outside a repository."""
    path = Path(root)
    try:
        found = repository(path if path.is_dir() else path.resolve().parent)
        return found.ask("rev-parse", "--verify", "HEAD").decode().strip() or None
    except QboxctlError:
        return None


def exposed(file: Path) -> str:
    """Why a file may end up in a repository: git tracks it, or would add it. "" where it would not, or is in none.

    Raises QboxctlError where git does not tell.
    """
    file = file.resolve()
    if top_of(file.parent) is None:
        return ""
    found = repository(file.parent)
    if found.ask("--literal-pathspecs", "ls-files", "-z", "--", str(file)):
        return "git tracks it"
    ignored = found.ask("check-ignore", "-z", "--stdin", data=os.fsencode(f"{file}\0"), may_fail=True)
    return "" if ignored else "git does not ignore it, and would add it"


def remote(found: Repository) -> str:
    """The address that a repository was cloned from, "" where it was not; it may hold a password."""
    return found.ask("config", "--get", "remote.origin.url", may_fail=True).decode("utf-8", "replace").strip()


def _git(folder: Path, *words: str, data: bytes | None = None, answers: tuple[int, ...] = (0,)) -> bytes:
    """What git prints; raises QboxctlError with what it complains of."""
    called = next(word for word in words if not word.startswith("-"))
    environ = {**{name: os.environ[name] for name in _KEPT if name in os.environ}, **_FIXED}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *_HARDENED, *words],
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            capture_output=True,
            env=environ,
            timeout=_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        raise QboxctlError("the git program is not installed") from None
    except subprocess.TimeoutExpired:
        raise QboxctlError(f"git {called} took longer than {_TIMEOUT:.0f} s") from None
    except (OSError, ValueError) as error:
        raise QboxctlError(f"git {called} cannot be called: {error}") from None
    if done.returncode not in answers:
        lines = [line.strip() for line in done.stderr.decode("utf-8", "replace").splitlines()]
        fatal = next((line for line in lines if line.startswith("fatal: ")), "".join(lines[:1]))
        hint = next((line for line in lines if line.startswith("git config ")), None)  # says whom git trusts
        raise QboxctlError(fatal or f"git {called} failed", hint=hint)
    return done.stdout
