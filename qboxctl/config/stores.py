"""Stores: where the secrets go that a server tells once, each in the answer to a creation.

A marker, a note on disk, stands beside a store from before the request until the secret is there. A run that ends in
between leaves it behind, and the next one knows that perhaps nobody holds that secret. A run that is alive holds its
marker locked, so that two runs on one machine do not take each other for dead, nor fill one store twice.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from qboxctl.config.configuration import Configuration
from qboxctl.config.programs import ProgramError, Programs
from qboxctl.files import FILE_MODE, make_folders, sync, sync_folder
from qboxctl.model import Address, Destination, Revealed, StoresSeen
from qboxctl.schema.kinds import Kinds

FOLDER = Path(".qboxctl", "pending")
"""Where the markers of programs are, in the working folder; that of a file is beside the file."""
_ANEW = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_MARKER = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST = 4096
_IN_THE_WAY = (
    "is in the way: it is not the marker of this object's store; if it is that of another run, end that with the "
    "settings that it had, and else remove it"
)
_TRIES = 20
"""How often a marker is tried that is locked: a plan that looks at it locks it for an instant."""


class StoreError(Exception):
    """A store cannot take a secret; the message never holds the secret, nor what a program printed."""


@dataclass(frozen=True, slots=True)
class Place:
    """A store of one object: the file (None for a program), and its marker with what that says."""

    address: Address
    to: Destination
    file: Path | None
    marker: Path
    note: bytes

    @property
    def unfinished(self) -> bool:
        """Whether a run has ended while a secret was on its way."""
        return _left(self.marker, self.note) and not (self.file and _size(self.file))

    @property
    def obstructed(self) -> bool:
        """Whether something else stands where its marker goes."""
        try:
            opened = os.open(self.marker, _MARKER | os.O_RDONLY)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        try:
            return not self.note.startswith(os.pread(opened, _LONGEST, 0))
        except OSError:  # it is no file
            return True
        finally:
            os.close(opened)

    @property
    def missing(self) -> bool:
        """Whether its folder is there, and the file is not, nor a run that is about to make it."""
        there = self.file is None or _size(self.file) is not None or _in_use(self.marker)
        return not there and self.marker.parent.is_dir()


class Stores:
    """The stores that a configuration names. Without ``programs``, they are only looked at."""

    def __init__(self, configuration: Configuration, types: Kinds, programs: Programs | None = None) -> None:
        self.configuration, self.types, self.programs = configuration, types, programs

    def seen(self) -> StoresSeen:
        """What can be seen of the stores of declared objects."""
        told = {kind: type_.told.store for kind, type_ in self.types.items() if type_.told}
        if not told:
            return StoresSeen()
        objects = self.configuration.objects.items()
        named = [address for address, one in objects if told.get(address.kind) in one.values and not one.absent]
        places = [place for address in named if (place := self._place_if_any(address)) is not None]
        return StoresSeen(
            frozenset(one.address for one in places if one.unfinished),
            frozenset(one.address for one in places if one.missing),
        )

    def place(self, address: Address) -> Place:
        """The store of an object; raises StoreError where its path leads nowhere."""
        told, desired = self.types[address.kind].told, self.configuration.objects.get(address)
        to = desired.values.get(told.store) if told and desired else None
        if not isinstance(to, Destination):
            raise StoreError("no store is declared for its secret")
        settings = self.configuration.settings
        note = f"the secret of {address} ({settings.environment} at {settings.endpoint}) is on its way\n".encode()
        if to.program:
            return Place(address, to, None, FOLDER / hashlib.sha256(note).hexdigest()[:32], note)
        file = file_of(to)
        return Place(address, to, file, file.with_name(f"{file.name}.pending"), note)

    def _place_if_any(self, address: Address) -> Place | None:
        try:
            return self.place(address)
        except StoreError:
            return None

    def lacks(self, address: Address) -> str:
        """Why the store of an object could not take its secret now, "" where nothing speaks against it.

        Where programs must not run, theirs are not looked at: that spoils a change, and not the run.
        """
        try:
            place = self.place(address)
        except StoreError as error:
            return str(error)
        folder = place.marker.parent
        if place.file is None:
            folder = next(one for one in (folder, *folder.parents) if os.path.lexists(one))  # the others are made
        elif not folder.is_dir():
            return f"{place.to} cannot be made: there is no folder {folder}"
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            what = f"the marker of {place.to}" if place.file is None else str(place.to)
            return f"{what} cannot be made: its folder {folder} is not writable"
        if place.obstructed:
            return f"{place.marker} {_IN_THE_WAY}"
        if place.file is None:
            asked = self.programs if self.programs and self.programs.allowed else None
            return asked.lacks(place.to.program, place.to.base) if asked else ""
        size = _size(place.file)
        if size is None or (size == 0 and place.unfinished):
            return ""
        return f"{place.to} is there already, and is never overwritten"

    @contextmanager
    def opened(self, address: Address) -> Iterator[Store]:
        """The store of an object, with its marker on disk; raises StoreError where the secret could not go there.

        The marker stays where nothing settles whether anybody holds the secret.
        """
        why, place = self.lacks(address), self.place(address)
        if why or self.programs is None:
            raise StoreError(why)
        if place.file is None and not self.programs.allowed:
            raise StoreError(f"{place.to} is not run: --no-exec or QBOXCTL_NO_EXEC forbids it")
        try:
            marker, again = _marked(place)
        except OSError as error:
            raise StoreError(f"the marker {place.marker} cannot be written: {error.strerror}") from None
        try:
            yield Store(place, self.programs, again)
        finally:
            os.close(marker)  # which unlocks it


@dataclass(slots=True)
class Store:
    """The store of one object, held by this run; ``again`` is whether an earlier run has left its marker behind."""

    place: Place
    programs: Programs
    again: bool

    def put(self, secret: Revealed) -> None:
        """Hand a secret over; raises StoreError."""
        place, text = self.place, secret.open()
        try:
            if place.file is None:
                self.programs.give(place.to.program, place.to.base, place.address, text.encode())
            else:
                _into(place.file, f"{text}\n", again=self.again)
        except ProgramError as error:
            raise StoreError(str(error)) from None
        except OSError as error:
            raise StoreError(f"{place.to} cannot be written: {error.strerror}") from None

    def settle(self) -> str:
        """Take the marker away: the secret is there, or no object is that it opens. Where that fails, what to do."""
        try:
            self.place.marker.unlink(missing_ok=True)
            sync_folder(self.place.marker.parent)
        except OSError as error:
            return f"remove {self.place.marker}, which could not be removed: {error.strerror}"
        return ""

    def give_up(self) -> str:
        """Take the marker away, since this run leaves nothing behind; that of an earlier run stays."""
        return "" if self.again else self.settle()


def file_of(to: Destination) -> Path:
    """Where the file of a store is; raises StoreError where that cannot be known."""
    try:
        return Path(to.base, Path(to.file).expanduser())
    except RuntimeError:
        raise StoreError(f"{to} cannot be made: HOME is not set, so ~ is no folder") from None


def _into(file: Path, text: str, *, again: bool) -> None:
    """Make a file that holds a text: for its owner only, whole or not at all, and never over another one."""
    part = file.with_name(f".{file.name}.qboxctl-part")
    if again and _size(file) == 0:  # reserved by a run that ended just then
        file.unlink()
    os.close(os.open(file, _ANEW | os.O_EXCL, FILE_MODE))
    try:
        part.unlink(missing_ok=True)
        descriptor = os.open(part, _ANEW | os.O_EXCL, FILE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            os.fchmod(descriptor, FILE_MODE)
            opened.write(text)
            opened.flush()
            sync(descriptor)
        part.rename(file)
        sync_folder(file.parent)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
            if _size(file) == 0:
                file.unlink()
        raise


def _size(file: Path) -> int | None:
    """How much a file holds, None where there is none; what is no file, or cannot be looked at, counts as full."""
    try:
        found = os.lstat(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return 1
    return found.st_size if stat.S_ISREG(found.st_mode) else 1


def _marked(place: Place) -> tuple[int, bool]:
    """Write a marker, and lock it: the open file, and whether it was there before. Raises OSError, StoreError."""
    if place.file is None:
        for made in make_folders(place.marker.parent):
            sync_folder(made.parent)
    marker = _locked(place)
    try:
        known = os.pread(marker, _LONGEST, 0)
        if not place.note.startswith(known):
            raise StoreError(f"{place.marker} {_IN_THE_WAY}")
        if known != place.note:  # else it was written by a run that could send its request
            os.fchmod(marker, FILE_MODE)
            os.pwrite(marker, place.note, 0)
            sync(marker)
            sync_folder(place.marker.parent)
    except BaseException:
        os.close(marker)
        raise
    return marker, known == place.note


def _locked(place: Place) -> int:
    for _ in range(_TRIES):
        marker = os.open(place.marker, _MARKER | os.O_RDWR | os.O_CREAT, FILE_MODE)
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(marker), os.lstat(place.marker)):
                return marker
        except (BlockingIOError, FileNotFoundError):  # another run has it, or has just taken it away
            pass
        except BaseException:
            os.close(marker)
            raise
        os.close(marker)
        time.sleep(0.01)
    raise StoreError("another run is about to fill its store")


def _in_use(marker: Path) -> bool:
    """Whether a run that is alive has a marker; one that cannot be looked at counts as held."""
    try:
        opened = os.open(marker, _MARKER | os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(opened)
    return False


def _left(marker: Path, note: bytes) -> bool:
    """Whether a marker says what it should, and the run that wrote it has ended."""
    try:
        opened = os.open(marker, _MARKER | os.O_RDONLY)
    except OSError:
        return False
    try:
        if os.pread(opened, _LONGEST, 0) != note:
            return False
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # a run that is alive has it
        return False
    finally:
        os.close(opened)
    return True
