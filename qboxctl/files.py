"""Files that qboxctl writes, with anything private in them: for their owner only, whole or not at all, through no link.

Everything is done inside folders that are held open, so that nothing can be put in their place meanwhile.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

FILE_MODE = 0o600
FOLDER_MODE = 0o700
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_INTO = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_file(path: Path, text: str) -> None:
    """Write one file; into a pipe or a device as it is. Raises OSError, for a link too."""
    name = path.name
    with _folder(path.parent) as folder:
        kind = _kind(name, folder)
        if kind == stat.S_IFLNK and _names_open_files(path.parent):
            _write_into(os.open(name, _INTO, dir_fd=folder), text)
        elif kind in (stat.S_IFIFO, stat.S_IFCHR):
            _write_into(os.open(name, _INTO | os.O_NOFOLLOW, dir_fd=folder), text)
        elif kind in (0, stat.S_IFREG):
            _replace(name, text, folder)
        else:
            raise OSError(
                errno.ELOOP, "it is a link: name the file itself" if kind == stat.S_IFLNK else "it is no file"
            )


def write_files(root: Path, files: Mapping[PurePath, str]) -> None:
    """Write files below a folder, in folders of it that are made where they are not there.

    A link in the place of a file is replaced; one in the place of a folder below ``root`` is not followed. Raises
    OSError, with the path.
    """
    make_folders(root)
    for path, text in files.items():
        try:
            with _folder(root, *path.parts[:-1]) as folder:
                _replace(path.name, text, folder)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(root / path)) from None


def make_folders(folder: Path) -> list[Path]:
    """Make the folders of a path that are missing, for their owner only; those that were made, the outer ones first."""
    missing = [one for one in (folder, *folder.parents) if not one.is_dir()][::-1]
    for one in missing:
        one.mkdir(FOLDER_MODE, exist_ok=True)
        one.chmod(FOLDER_MODE)  # the umask may have taken rights away that its owner needs
    return missing


def sync_folder(folder: Path) -> None:
    """Return once the names in a folder are on disk; raises OSError."""
    try:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:  # one that takes files and shows none
        return
    try:
        sync(number)
    finally:
        os.close(number)


def sync(number: int) -> None:
    """Return once an open file or folder is on disk; raises OSError."""
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a pipe or a device has no disk to reach, nor have some folders
            raise


@contextmanager
def _folder(start: Path, *below: str) -> Iterator[int]:
    """An open folder: ``start``, which may be a link, or one below it, where none may be."""
    opened = os.open(start, _FOLDER)
    try:
        for name in below:
            with suppress(FileExistsError):
                os.mkdir(name, FOLDER_MODE, dir_fd=opened)
            if _kind(name, opened) == stat.S_IFLNK:
                raise OSError(errno.ELOOP, f"the folder {name} is a link, which is not followed")
            inner = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=opened)
            os.close(opened)
            opened = inner
        yield opened
    finally:
        os.close(opened)


def _names_open_files(folder: Path) -> bool:
    """Whether the system keeps its names of open files there, such as /dev/stdout and /dev/fd/63."""
    real = Path(os.path.realpath(folder))
    return real == Path("/dev") or (real.is_relative_to("/proc") and real.name == "fd")


def _kind(name: str, folder: int) -> int:
    """What stands under a name; 0 for nothing."""
    try:
        return stat.S_IFMT(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return 0


def _replace(name: str, text: str, folder: int) -> None:
    """Write beside, under a name that nobody can foresee, and put that in place."""
    beside = f".qboxctl-{secrets.token_hex(16)}"
    descriptor = os.open(beside, _NEW, FILE_MODE, dir_fd=folder)
    try:
        os.fchmod(descriptor, FILE_MODE)
        _write_into(descriptor, text)
        os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside, dir_fd=folder)
        raise


def _write_into(descriptor: int, text: str) -> None:
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
