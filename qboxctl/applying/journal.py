"""The record of an apply: JSON lines, on disk before each write goes out. Nothing reads it to decide."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from qboxctl.errors import JournalError
from qboxctl.files import make_folders, sync, sync_folder
from qboxctl.model import Action, Address


@dataclass(frozen=True, slots=True)
class Author:
    """Who applies, and the git commit of the files, as far as these are known."""

    user: str = ""
    commit: str | None = None


class Journal:
    """One journal file (mode 0600). Threads that record at the same time share one flush to the disk.

    ``failure`` is the last reason why something could not be recorded, None where all was.
    """

    def __init__(self, path: Path, plan_id: str, author: Author, *, now: Callable[[], float]) -> None:
        self.path = path
        self._fixed = {"plan_id": plan_id, **asdict(author)}
        self._now = now
        self._lock = threading.Lock()
        self._flush = threading.Lock()
        self._written = self._synced = 0
        self.failure: JournalError | None = None
        try:
            for made in make_folders(path.parent):
                sync_folder(made.parent)
            self._file = _opened(path)
        except OSError as error:
            raise self._failure(error) from None

    def record(
        self,
        event: str,
        address: Address,
        action: Action,
        *,
        http_status: int | None = None,
        message: str | None = None,
        flush: bool = True,
    ) -> None:
        """Add a line, and return once it is on disk; without ``flush``, the next one that waits takes it along.

        Raises JournalError.
        """
        when = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds")
        line = {
            "time": when.replace("+00:00", "Z"),
            "event": event,
            "address": str(address),
            "action": action.value,
            "http_status": http_status,
            "message": message,
            **self._fixed,
        }
        raw = json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        try:
            with self._lock:
                if os.write(self._file, raw) != len(raw):
                    raise OSError(0, "the disk took only a part of a line")
                self._written += 1
                mine = self._written
        except OSError as error:
            raise self._failure(error) from None
        if flush:
            self.flush(mine)

    def flush(self, lines: int | None = None) -> None:
        """Return once so many lines (all of them unless said otherwise) are on disk; raises JournalError."""
        with self._flush:
            upto = self._written
            if self._synced < (upto if lines is None else lines):
                try:
                    sync(self._file)
                except OSError as error:
                    raise self._failure(error) from None
                self._synced = upto

    def _failure(self, error: OSError) -> JournalError:
        self.failure = JournalError(f"the journal {self.path} cannot be written: {error.strerror}")
        return self.failure

    def close(self) -> None:
        """Close the file; all that matters was flushed to the disk before."""
        with suppress(OSError):
            os.close(self._file)


def _opened(path: Path) -> int:
    """Open the file, at its end, for its owner only; its name is on disk too, or a crash could lose all of it.

    A link is not followed, and a pipe that nobody reads from is an error instead of a wait without an end.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    file = os.open(path, flags, 0o600)
    try:
        os.set_blocking(file, True)
        if stat.S_ISREG(os.fstat(file).st_mode):
            os.fchmod(file, 0o600)
            sync_folder(path.parent)
    except OSError:
        os.close(file)
        raise
    return file


def default_path(now: float, plan_id: str) -> Path:
    """Where a journal goes when nobody says: ``.qboxctl/journal/TIME-PLAN.jsonl`` in the working folder."""
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    return Path(".qboxctl", "journal", f"{stamp}-{plan_id[:8]}.jsonl")
