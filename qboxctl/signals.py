"""The signals that end a program, and which of them it heeds."""

from __future__ import annotations

import signal

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heeded() -> list[signal.Signals]:
    """Those that end this process: not one that is ignored, as SIGHUP is under nohup."""
    return [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
