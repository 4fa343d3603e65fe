"""Lists that are written entry by entry.

A refusal is about one entry: the others go out all the same, and each is told by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qboxctl.api.responses import Answer
from qboxctl.errors import OutcomeUnknown, QboxctlError, Refused
from qboxctl.model import Address, FieldChange, Value
from qboxctl.schema.calls import Call
from qboxctl.schema.entries import Entries, Move, moves
from qboxctl.schema.resource import Body

if TYPE_CHECKING:
    from qboxctl.api.writer import Target, Writer


@dataclass(slots=True)
class Sent:
    """What was sent of a step, by the names of attributes, secrets and entries: tried, and ``taken`` by the server."""

    tried: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class EntryWriter:
    """Writes the entries of one object's lists.

    ``now`` gives the value of an attribute that a call repeats, ``intend`` is called before each request goes out.
    """

    writer: Writer
    target: Target
    now: Callable[[str], Value]
    intend: Callable[[str], None]
    sent: Sent

    def move(self, changes: Iterable[FieldChange]) -> int | None:
        """Give and take what differs; the last HTTP status. Raises the first refusal once all have been tried.

        What breaks it off before tells that refusal as well.
        """
        return self._all((one, move) for one in changes for move in moves(one))

    def clear(self, changes: Iterable[FieldChange]) -> int | None:
        """Destroy what is kept of the entries that go; the same otherwise."""
        return self._all(((one, move) for one in changes for move in moves(one) if not move.given), clearing=True)

    def _all(self, jobs: Iterable[tuple[FieldChange, Move]], *, clearing: bool = False) -> int | None:
        status: int | None = None
        refused: Refused | None = None
        for one, move in jobs:
            each = self.target.type.by_name[one.name].each
            if each is None or (not move.given and not clearing and each.take is None):
                continue
            if self.writer.client.stop.is_set():
                break
            self.sent.tried.add(move.label)
            try:
                status = self._clear(each, one, move) if clearing else self._move(each, one, move)
            except Refused as refusal:
                refused = refused or refusal
            except QboxctlError as error:  # that ends it for the others too
                raise (_after(refused, error) if refused else error) from None
            else:
                self.sent.taken.add(move.label)
        if refused:
            raise refused
        return status

    def _move(self, each: Entries, one: FieldChange, move: Move) -> int | None:
        if not move.given:
            return self._unless_gone(each.take, one, move)
        *others, last = each.give
        for call in others:
            try:
                return self._send(call, one, move)
            except Refused as refused:
                if not refused.no_call:
                    raise
        return self._send(last, one, move)

    def _clear(self, each: Entries, one: FieldChange, move: Move) -> int | None:
        try:
            return self._unless_gone(each.clear, one, move)
        except Refused as refused:
            if refused.status != 422 or each.take is None:
                raise
        self._unless_gone(each.take, one, move)
        return self._unless_gone(each.clear, one, move)

    def _unless_gone(self, call: Call | None, one: FieldChange, move: Move) -> int | None:
        """Send what takes an entry away; 404 says that there is nothing to be taken."""
        if call is None:
            return None
        try:
            return self._send(call, one, move)
        except Refused as refused:
            if refused.status != 404:
                raise
            return refused.status

    def _send(self, call: Call, one: FieldChange, move: Move) -> int:
        target, types = self.target, self.writer.account.types
        field = target.type.by_name[one.name]
        address = Address(target.type.kind, types.key(target.type.kind, target.name, target.parent))
        try:
            code = self.writer.codes(types.referred(address, field.refers, move.entry))
        except QboxctlError:
            if move.given:
                raise
            code = move.entry  # what no file can name goes by its code
        repeated = [FieldChange(name, None, self.now(name)) for name in call.repeats]
        repeated = [each for each in repeated if each.after is not None]
        create = target.type.calls.create
        creating = (call.method, call.path) == (create.method, create.path)  # then its body has the names of that
        body: Body = {**call.body, **self.writer.body(target, repeated, {}, creating=creating)}
        body |= {call.entry: code} if call.entry else {call.entries: [code]} if call.entries else {}
        answer: Answer = self.writer.send(call, target, body or None, self.intend, entry=code)
        return answer.status


def _after(refused: Refused, error: QboxctlError) -> QboxctlError:
    """An error that tells of an earlier refusal too."""
    told = f"{error}; before that: {refused}"
    return OutcomeUnknown(told, status=error.status) if isinstance(error, OutcomeUnknown) else QboxctlError(told)
