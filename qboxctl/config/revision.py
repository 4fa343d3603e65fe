"""The files of the configuration at a git revision, beside those of today.

Git is a memory only of what it keeps. So a part of the configuration that it cannot tell of is an error, or a file that
cannot be read where only the revision is affected: nothing in such a file counts as removed. Silence would be taken
for "that was never declared" or for "that is declared no more".
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from qboxctl.config.files import counts, is_hidden, source_of, unreadable
from qboxctl.config.git import Repository, repository, top_of
from qboxctl.config.yaml.reader import Source
from qboxctl.errors import QboxctlError

_LINK, _SUBMODULE, _FOLDER = "120000", "160000", "040000"
"""How git writes that an entry of a folder is no plain file."""
_ASTRAY = ("symlink", "dangling", "loop", "notdir")
"""What git says of a link that leads out of the commit, to nothing, to itself, or through a file."""
_SHA1 = 40
"""The length of a name that git made with SHA-1; the others are made with SHA-256."""


def is_none(revision: str) -> bool:
    """Whether it is what pipelines are given for "there was no commit before": nothing but zeros."""
    return len(revision) >= 40 and not revision.strip("0")


def changed_since(revision: str, root: str | Path, today: Iterable[Source]) -> tuple[list[Source], list[Source]]:
    """The files that the configuration had at a revision, and today's, without those that say the same in both.

    The revision is where its history and the one that is checked out parted: what others have added since then was
    removed by nobody. Raises QboxctlError where git does not remember what the configuration was.
    """
    place = Path(root).resolve()
    is_folder = place.is_dir()
    found = _repository(revision, place)
    now = {source.name.removeprefix(f"{Path(root)}/") if is_folder else "": source for source in today}
    commit = _Commit(found, _merge_base(found, revision), _as_written(root, found.top))
    links = _kept(found, place, now)
    try:
        blobs, lost = _files(commit, is_folder=is_folder)
        other = {name: blob for name, blob in blobs.items() if name not in now or blob != _blob(now[name].text, blob)}
        then = {name: source_of(commit.shown(name), raw, "") for name, raw in commit.contents(other)}
    except QboxctlError as error:
        hint = "a clone that leaves objects out (--filter) must fetch them first: git fetch --refetch --no-filter"
        raise QboxctlError(f"--since {revision}: {error}", hint=hint) from None
    if not blobs:
        raise _nothing_there(revision, commit)
    # What is a link or a submodule today as well has been judged by what it holds today.
    lost = {key: why for key, why in lost.items() if key not in links}
    then |= {name: unreadable(commit.shown(name), why) for (name, _), why in lost.items()}
    same = blobs.keys() - other.keys()
    same |= {name for name, source in then.items() if name in now and _says_the_same(source, now[name])}
    return (
        [source for name, source in sorted(then.items()) if name not in same],
        [source for name, source in now.items() if name not in same],
    )


def edited(revision: str, root: str | Path, paths: Iterable[str]) -> set[str]:
    """Those of some files, by their real paths, that do not hold what they held at a revision; raises QboxctlError."""
    paths = [path for path in paths if path]
    if not paths:
        return set()
    found = _repository(revision, Path(root).resolve())
    commit = _Commit(found, _merge_base(found, revision), "")
    names = [Path(os.path.relpath(path, found.top)).as_posix() for path in paths]
    texts = {path: Path(path).read_bytes().decode() for path in paths if os.path.isfile(path)}
    then = zip(paths, commit.follow(names), strict=True)
    return {path for path, (_, key) in then if path not in texts or key != _blob(texts[path], key)}


def base_of(revision: str, root: str | Path) -> str:
    """The commit at which a revision's history and the one that is checked out parted; raises QboxctlError."""
    return _merge_base(_repository(revision, Path(root).resolve()), revision)


def _repository(revision: str, place: Path) -> Repository:
    if revision.startswith(("-", "^")):
        raise QboxctlError(f"--since {revision} is not a revision")
    try:
        return repository(place if place.is_dir() else place.parent)
    except QboxctlError as error:
        raise QboxctlError(f"--since needs a git repository: {error}", hint=error.hint) from None


def _nothing_there(revision: str, commit: _Commit) -> QboxctlError:
    return QboxctlError(
        f"--since {revision}: no file of the configuration is in {commit.shown('')}: nothing could count as removed",
        hint="where the folder is new or had another name, or its files are generated and not committed, leave out"
        " --since; what is to go can be declared as state: absent",
    )


def _blob(text: str, like: str) -> str:
    """The name that git gives to a content, in a repository with such names as this one: so only others are fetched.

    `git diff` and `git diff-files` would not do. Against the work tree both run the clean filters of the repository's
    configuration, which a branch chooses by `.gitattributes`; they take files marked assume-unchanged or skip-worktree
    for unchanged, which are read here all the same; and they judge the disk of now, not the text that was read.
    """
    raw = text.encode()
    digest = hashlib.sha1 if len(like) == _SHA1 else hashlib.sha256
    return digest(b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()


def _says_the_same(one: Source, other: Source) -> bool:
    """Whether two texts are the same; lines may end otherwise, as git makes them end on some machines."""
    return not one.unreadable and one.text.replace("\r\n", "\n") == other.text.replace("\r\n", "\n")


def _as_written(root: str | Path, top: Path) -> str:
    """The path of the configuration in its repository, with the links on its way: these led elsewhere once, perhaps."""
    written = Path(os.path.abspath(root))
    if written.resolve() == Path(root).resolve():
        for above in (written, *written.parents):
            if above.resolve() == top:
                return _posix(written.relative_to(above))
    return _posix(Path(root).resolve().relative_to(top))


def _posix(path: Path) -> str:
    return "" if path == Path() else path.as_posix()


# Which commit.


def _merge_base(found: Repository, revision: str) -> str:
    """The commit at which the histories of a revision and of what is checked out parted."""
    try:
        bases = found.ask("merge-base", revision, "HEAD", may_fail=True).decode().split()
    except QboxctlError as error:
        raise _unknown(found, revision, error) from None
    if not bases:
        hint = _deeper(found) or "name a revision in the history of what is checked out"
        message = f"--since {revision} and HEAD have no commit in common, so who removed what cannot be told"
        raise QboxctlError(message, hint=hint)
    return bases[0]


def _unknown(found: Repository, revision: str, error: QboxctlError) -> QboxctlError:
    """Which of the two it is that git does not know."""
    try:
        found.ask("rev-parse", "--verify", f"{revision}^{{commit}}")
    except QboxctlError:
        hint = _deeper(found) or "fetch it first: git fetch origin BRANCH makes origin/BRANCH"
        return QboxctlError(f"--since {revision}: there is no such revision here", hint=hint)
    try:
        found.ask("rev-parse", "--verify", "HEAD^{commit}")
    except QboxctlError:
        return QboxctlError(f"--since {revision}: nothing is committed yet on what is checked out")
    return QboxctlError(f"--since {revision}: {error}", hint=_deeper(found) or None)


def _deeper(found: Repository) -> str:
    """The way out where history was cut off."""
    if found.ask("rev-parse", "--is-shallow-repository").strip() != b"true":
        return ""
    return "in a shallow clone, fetch more history first: git fetch --unshallow (or fetch-depth: 0 in a workflow)"


# Today's files, of which git must be able to tell.


def _kept(found: Repository, place: Path, now: Mapping[str, Source]) -> set[tuple[str, str]]:
    """The links and submodules that git keeps in the configuration, by name and mode, unless files took their places.

    Raises QboxctlError for a file that is kept and left out of the work tree, and for one that no revision can hold.
    """
    at = _posix(place.relative_to(found.top))
    plain, special = set(), set()
    for entry in _entries(found.ask("ls-files", "-z", "-v", "-s", "--", f":(literal){at or '.'}")):
        what, path = entry.split("\t", 1)
        tag, mode, *_ = what.split()
        name = path[len(at) :].lstrip("/")
        if (tag == "S" or tag.islower()) and name not in now and (counts(name) or not name):
            raise _left_out(path, "--no-assume-unchanged" if tag.islower() else "--no-skip-worktree")
        if mode == _LINK:
            special |= {(name, mode)} if os.path.islink(place / name) else set()
        elif mode == _SUBMODULE:
            special |= set() if any(one.startswith(f"{name}/") for one in now) else {(name, mode)}
        else:
            plain.add(name)
    _refuse_forgotten(found, [source for name, source in now.items() if name not in plain])
    return special


def _left_out(path: str, back: str) -> QboxctlError:
    return QboxctlError(
        f"--since: git keeps {path}, and was told to leave it out of the work tree (sparse checkout, skip-worktree or"
        " assume-unchanged): what it declares would count as removed",
        hint="bring it back: git sparse-checkout disable, or"
        f" git update-index {back} {path} and git checkout -- {path}",
    )


def _refuse_forgotten(found: Repository, unsure: Sequence[Source]) -> None:
    """Raise QboxctlError for a file that is elsewhere or ignored: of what left it, no revision can tell."""
    real = {os.path.realpath(source.name): source for source in unsure}
    for path, source in real.items():
        if top_of(Path(path).parent) != found.top:
            raise QboxctlError(
                f"--since: {source.name} leads out of the repository {found.top}, to a submodule, to another repository"
                " or over a link: what left it cannot be told",
                hint="run qboxctl on that folder by itself, or leave out --since",
            )
    names = "".join(f"./{Path(path).relative_to(found.top).as_posix()}\0" for path in real)
    if not names:
        return
    ignored = _entries(found.ask("check-ignore", "-z", "--stdin", data=os.fsencode(names), may_fail=True))
    if ignored:
        name = real[str(found.top / ignored[0])].name
        raise QboxctlError(
            f"--since: no file of a revision tells what left {name}, which git ignores",
            hint="commit it, give it a name with a _ in front, which qboxctl skips, or leave out --since",
        )


def _entries(listing: bytes) -> list[str]:
    return os.fsdecode(listing).split("\0")[:-1]


# The files at the revision.


class _Commit(NamedTuple):
    """A commit, and the path of the configuration in it."""

    repository: Repository
    name: str
    root: str

    def shown(self, name: str) -> str:
        """A file's path in the repository, and the commit."""
        return f"{self._path(name) or self.repository.top} at {self.name[:12]}"

    def _path(self, name: str) -> str:
        return "/".join(part for part in (self.root, name) if part)

    def follow(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        """What stands at some paths, behind all links: its kind, and its key (none where a link leads nowhere)."""
        if "\n" in self.root:
            raise QboxctlError("git cannot be asked of a folder with a line break in its name")
        asked = "".join(f"{self.name}:{self._path(name)}\n" for name in names)
        told = self.repository.ask("cat-file", "--batch-check", "--follow-symlinks", data=os.fsencode(asked))
        stream = BytesIO(told)
        for _ in names:
            line = os.fsdecode(stream.readline()).removesuffix("\n")
            first, *rest = line.split(" ")
            if first in _ASTRAY:
                stream.read(int(rest[0]) + 1)
                yield first, ""
            elif line.endswith(" missing"):  # all before it is what was asked
                yield "missing", ""
            else:
                yield rest[0], first

    def listing(self, tree: str) -> Iterator[tuple[str, str, str]]:
        """All that is in a folder: mode, key and path of each entry."""
        for entry in _entries(self.repository.ask("ls-tree", "-r", "-t", "-z", tree)):
            what, path = entry.split("\t", 1)
            mode, _, key = what.split()
            yield mode, key, path

    def contents(self, blobs: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
        """What is in some files: by name, their keys."""
        asked = "".join(f"{blob}\n" for blob in blobs.values()).encode()
        stream = BytesIO(self.repository.ask("cat-file", "--batch", data=asked))
        for name, blob in blobs.items():
            _, kind, *size = stream.readline().decode().split()
            if kind != "blob":
                raise QboxctlError(f"git has no object {blob}")
            yield name, stream.read(int(size[0]))
            stream.readline()


def _files(then: _Commit, *, is_folder: bool) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """The configuration in a commit: the keys of its files by name, and by name and mode why more cannot be read.

    Links are followed within the commit, and each folder is listed once, as today.
    """
    blobs: dict[str, str] = {}
    lost: dict[tuple[str, str], str] = {}
    seen: set[str] = set()
    todo = [""]
    while todo:
        links = []
        for name, (kind, key) in zip(todo, then.follow(todo), strict=True):
            if kind == "symlink":
                lost[name, _LINK] = "it was a link that leads out of the repository"
            elif kind == "blob" and (counts(name) or not is_folder):
                blobs[name] = key
            elif kind == "tree" and is_folder and key not in seen:
                seen.add(key)
                for mode, inner, path in then.listing(key):
                    below = f"{name}/{path}" if name else path
                    if is_hidden(below):
                        continue
                    if mode == _FOLDER:
                        seen.add(inner)
                    elif mode == _SUBMODULE:
                        lost[below, mode] = "it was a submodule"
                    elif mode == _LINK and "\n" not in below:
                        links.append(below)
                    elif counts(below):
                        blobs[below] = inner
        todo = links
    return blobs, lost
