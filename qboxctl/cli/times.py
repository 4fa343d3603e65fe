"""Times and durations on the command line."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import click

_UNITS = {"s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on only
    """A time such as 90s, 30m or 1h, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a number with its unit."""
        number, unit = str(value)[:-1], str(value)[-1:]
        if unit not in _UNITS or not number.isdecimal():
            self.fail(f"{value!r} is not a time: write 90s, 30m or 1h", param, ctx)
        return float(number) * _UNITS[unit]


class Moment(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on only
    """A date with a time; without an offset it is meant in the time zone of this machine."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a moment, which has an offset then."""
        try:
            if "T" not in str(value) and " " not in str(value):
                raise ValueError
            return datetime.fromisoformat(str(value)).astimezone()
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time: write 2026-12-01T22:00, or 2026-12-01T22:00+01:00", param, ctx)


class Since(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on only
    """One of some words, or a date."""

    name = "since"

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read a word or a date."""
        if value in self.words:
            return str(value)
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            self.fail(f"{value!r} is not one of {', '.join(self.words)}, nor a date such as 2026-01-31", param, ctx)
