"""Where an object is in its life: in use or not, busy, waiting for a proof, or leaving, as answers tell it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from qboxctl.model import JSON, MISSING, Missing, Value
from qboxctl.schema.calls import Call

ENABLED = "enabled"
DISABLED = "disabled"
UNPROVED = "ownership_check"
"""The status of what waits for its ownership proof (seen in clients of the API)."""
SETTLED = "ok"
"""What an object's progress is where nothing is under way."""
_LEAVING = ("deleting", "deleted")
_GOES_ON = "delete_on"
"""The attribute of the answers that says when an object will be deleted."""


class Moment(NamedTuple):
    """Where an object is: ``status`` in canonical form (see Lifecycle), its ``progress``, and whether it is leaving."""

    status: str = ""
    progress: str = SETTLED
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """The calls that ask for an ownership proof: one that answers at once, and one that queues it.

    ``host`` is the attribute of the answers that names the record to publish, below the object's own name.
    """

    at_once: Call
    queued: Call
    host: str = ""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """How the answers of a kind tell where an object is.

    The ``attribute`` tells whether it is in use: the words ``enabled`` and ``disabled``, whatever values these are
    there; other words stay as the server has them. It can be disabled where a file can state that attribute.
    Answers have it under the name ``read_as`` where that is another one. Where one word tells both the status and what
    is under way, ``phases`` says what each means; a status in ``failed`` says that the last change went wrong.
    A block of its parent is not there where its status is one of ``absent``, nor where ``there`` says so of its row; if
    it is ``idle`` where it is disabled, none is made for that.
    ``progress`` is the attribute that tells what is under way, "" where none does. ``proof`` is how the ownership is
    proved, None where it need not be.
    """

    attribute: str = "status"
    enabled: Value = ENABLED
    disabled: Value = DISABLED
    progress: str = "status_detail"
    read_as: str = ""
    phases: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    there: Callable[[Mapping[str, JSON]], bool] | None = None
    idle: bool = False
    proof: Proof | None = None

    def moment(self, row: Mapping[str, JSON], decode: Callable[[JSON], Value | Missing] | None) -> Moment:
        """Where an object is, by its row; ``decode`` reads the attribute, where the kind has it."""
        status = self._status(row, decode)
        progress = str(row.get(self.progress) or SETTLED).lower()
        if self.phases:
            status, progress = self.phases.get(progress, (status, SETTLED))
        leaving = progress in _LEAVING or status == "deleted" or bool(row.get(_GOES_ON))
        return Moment(status, progress, leaving)

    def _status(self, row: Mapping[str, JSON], decode: Callable[[JSON], Value | Missing] | None) -> str:
        raw = row.get(self.row_name)
        if raw is None:
            return ""
        shown = row.get(self.shown_as)
        if self.words and (not isinstance(raw, str) or raw.isdigit()) and isinstance(shown, str) and shown:
            raw = shown
        value = decode(raw) if decode else str(raw).lower()
        if value is MISSING:
            return ""
        return str(value) if self.words else DISABLED if value == self.disabled else ENABLED

    @property
    def row_name(self) -> str:
        """The attribute's name in answers."""
        return self.read_as or self.attribute

    @property
    def shown_as(self) -> str:
        """The name in answers of the attribute in words, where it is a number itself."""
        return f"display_{self.row_name}"

    @property
    def row_names(self) -> frozenset[str]:
        """Every name in answers that tells where an object is."""
        return frozenset({self.row_name, self.shown_as, self.progress, _GOES_ON} - {""})

    def shows(self, status: str, row: Mapping[str, JSON]) -> bool:
        """Whether the row of its parent shows that a block with this status is there."""
        return status not in self.absent and (self.there is None or self.there(row))

    @property
    def words(self) -> bool:
        """Whether the attribute's value is a status, of which a server may know more than the two."""
        return bool(self.enabled == ENABLED)

    def proves(self, status: str) -> bool:
        """Whether an object with this status waits for its ownership proof."""
        return self.proof is not None and status == UNPROVED
