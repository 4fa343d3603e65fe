"""Whether an object is still as its creation left it, as far as its row tells. Pure.

A creation may take several writes, and end between them. What the last of them carries can be missed in the live
object only while nobody has used it: the first use changes a volatile attribute too, and the two look alike. Where
the row does not tell, nothing is guessed: a plan that guessed wrong would give the first password, which many may
know, to a mailbox that has long been in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from qboxctl.model import JSON
from qboxctl.schema.decoding import CREATED, TOUCHED
from qboxctl.schema.field import Field

SETTLING = timedelta(minutes=10)
"""How long after its creation the server itself may still write to an object: its activation is queued."""


class Use(Enum):
    """What a row tells: used by its user, untouched since its creation, or neither for sure."""

    USED = auto()
    UNTOUCHED = auto()
    UNKNOWN = auto()


def use_of(one: Field, row: Mapping[str, JSON]) -> Use:
    """Whether an object was used, by the attribute that a volatile one names.

    That nobody has used it is believed only where nothing else was done to it either: an administrator who gave it
    a password of its own in the panel must not see it replaced, nor must users whose way of access does not count.
    """
    if used(one, row):
        return Use.USED
    created, updated = _time(row.get(CREATED)), _time(row.get(TOUCHED))
    if one.until not in row or created is None or updated is None:
        return Use.UNKNOWN
    return Use.UNTOUCHED if updated - created <= SETTLING else Use.UNKNOWN


def used(one: Field, row: Mapping[str, JSON]) -> bool:
    """Whether the row says that the object was used."""
    return bool(row.get(one.until))


def _time(value: JSON) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found
