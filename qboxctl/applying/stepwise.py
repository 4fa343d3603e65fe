"""What became of a change that takes several writes, told write by write. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from qboxctl.model import Status

GOOD = (Status.DONE, Status.IN_EFFECT)


@dataclass(frozen=True, slots=True)
class Part:
    """What became of one step: the attributes, entries and secrets that it writes, and which of them the server took.

    ``tried`` are those that were sent, None where nobody knows. ``accepted`` is whether all its requests were,
    ``refused`` whether the server said no to one of them, ``made`` whether the object that it creates was seen
    afterwards, and is not that of others; ``deletes`` whether it deletes its object.
    """

    creates: bool
    status: Status
    message: str | None
    fields: Sequence[str] = ()
    secrets: Sequence[str] = ()
    taken: frozenset[str] = frozenset()
    accepted: bool = False
    refused: bool = False
    made: bool = False
    tried: frozenset[str] | None = None
    deletes: bool = False

    @property
    def good(self) -> bool:
        """Whether it is over and in effect."""
        return self.status in GOOD


def told(parts: Sequence[Part]) -> str | None:
    """What was done of a change and what was not; None where all of it was.

    Where nothing was done, the reason says all; the reason is the first step's that is not good, for the others
    wait for it.
    """
    bad = [part for part in parts if not part.good]
    if not bad:
        return None
    first, *later = bad
    done = _done(parts)
    may_exist = not first.creates or first.accepted or first.status is Status.UNKNOWN
    rest = [text for part in later if may_exist and (text := _unsent(part))]
    rest[:0] = filter(None, [_untried(first)])
    if not done and not rest:
        return first.message
    return "; ".join(filter(None, (*done, _clause(first), *rest)))


def _done(parts: Sequence[Part]) -> list[str]:
    created = any(part.creates and part.made for part in parts)
    names = sorted(chain.from_iterable(_all(part) if part.good else part.taken for part in parts if not part.creates))
    verb = "deleted" if any(part.deletes for part in parts) else "written"
    written = [f"{_listed(names)} {'was' if len(names) == 1 else 'were'} {verb}"] if names else []
    return (["created"] if created else []) + written


def _clause(part: Part) -> str | None:
    """What went wrong with a step."""
    lost = [name for name in _all(part) if name not in part.taken]
    if part.creates or part.accepted or not lost:
        return part.message
    if part.status is Status.SKIPPED or (part.status is Status.FAILED and not part.refused):
        return f"{_unsent(part)}: {part.message}"
    lost = [name for name in lost if part.tried is None or name in part.tried]
    if not lost:
        return part.message
    if part.status is Status.FAILED:
        return f"{_listed(lost)} {'was' if len(lost) == 1 else 'were'} refused: {part.message}"
    return f"{_listed(lost)}: {part.message}"


def _untried(part: Part) -> str:
    """What was not sent any more after the server said no, or nothing, to something else."""
    left = [name for name in _all(part) if part.tried is not None and name not in part.tried]
    tells = part.refused or part.status is Status.UNKNOWN
    return f"{_listed(left)} {'was' if len(left) == 1 else 'were'} not sent" if left and tells and part.tried else ""


def _unsent(part: Part) -> str:
    """The attributes that were not sent; a secret is named last, since it follows from an attribute that guards it."""
    fields = [name for name in part.fields if name not in part.taken]
    secrets = [name for name in part.secrets if name not in part.taken]
    if not fields:
        fields, secrets = secrets, []
    if not fields:
        return ""
    text = f"{_listed(fields)} {'was' if len(fields) == 1 else 'were'} not sent"
    return f"{text}, nor {'was' if len(secrets) == 1 else 'were'} {_listed(secrets)}" if secrets else text


def _all(part: Part) -> list[str]:
    return [*part.fields, *part.secrets]


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
