"""The record of an apply: JSON lines, on disk before each write goes out. Nothing reads it to decide."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from qboxctl.errors import JournalError
from qboxctl.model import Action, Address


class Journal:
    """One journal file (mode 0600). Threads that record at the same time share one flush to the disk."""

    def __init__(
        self,
        path: Path,
        plan_id: str,
        *,
        user: str,
        commit: str | None,
        now: Callable[[], float],
    ) -> None:
        self.path = path
        self._fixed = {"plan_id": plan_id, "user": user, "commit": commit}
        self._now = now
        self._lock = threading.Lock()
        self._flush = threading.Lock()
        self._written = self._synced = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            self._file = os.open(path, flags, 0o600)
            if stat.S_ISREG(os.fstat(self._file).st_mode):
                os.fchmod(self._file, 0o600)
        except OSError as error:
            raise JournalError(f"the journal {path} cannot be written: {error.strerror}") from None

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
                    self._sync()
                except OSError as error:
                    raise self._failure(error) from None
                self._synced = upto

    def _failure(self, error: OSError) -> JournalError:
        return JournalError(f"the journal {self.path} cannot be written: {error.strerror}")

    def _sync(self) -> None:
        try:
            os.fsync(self._file)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a pipe or a device has no disk to reach
                raise

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def default_path(now: float, plan_id: str) -> Path:
    """Where a journal goes when nobody says: ``.qboxctl/journal/TIME-PLAN.jsonl`` in the working folder."""
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    return Path(".qboxctl", "journal", f"{stamp}-{plan_id[:8]}.jsonl")
