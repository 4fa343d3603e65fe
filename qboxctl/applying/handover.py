"""What tells a secret is created: the secret goes into its store before anything else, or the object is undone.

However that ends, no object stays of which nobody holds the secret, unless it is said which: the marker of its store
lets the next run find it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from qboxctl.api.entries import Sent
from qboxctl.api.writer import Creation, Target, Writer
from qboxctl.applying.journal import Journal
from qboxctl.config.stores import Store, StoreError
from qboxctl.errors import JournalError, OutcomeUnknown, QboxctlError
from qboxctl.model import Action, Address, FieldChange, Revealed, Value

_NOBODY = "nobody holds its secret"


@dataclass(frozen=True, slots=True)
class HandOver:
    """One creation on its way: what is created, and the store that its secret goes into.

    ``known`` are the ids of objects that were there before. ``redact`` gives what may be shown of an id.
    """

    target: Target
    address: Address
    action: Action
    known: frozenset[str]
    store: Store
    writer: Writer
    journal: Journal
    intend: Callable[[str], None]
    redact: Callable[[str], str]

    def create(self, fields: Sequence[FieldChange], secrets: Mapping[str, Revealed]) -> tuple[Creation, str]:
        """Create the object, and store its secret; what came of it, and what there is to tell.

        Raises QboxctlError where nothing is left of it, or what must be done by hand.
        """
        try:
            made = self.writer.create_once(self.target, fields, secrets, self.intend)
        except OutcomeUnknown as lost:
            raise self.undone(f"whether it was created is unknown ({lost})", None, lost) from None
        except QboxctlError:
            self.store.give_up()  # nothing was created
            raise
        if made.secret is None:
            raise self.undone("it was created, and the answer tells no secret that can be used", made)
        try:
            self.store.put(made.secret)
        except StoreError as error:
            raise self.undone(f"it was created, and its secret could not be stored: {error}", made) from None
        note = self.store.settle()
        with suppress(JournalError):  # what comes of the change cannot be written either, and that ends the run
            self.journal.record("stored", self.address, self.action)
        code = made.code or self.writer.unnamed(self.target, made.body, self.known, made.status)
        return made._replace(code=code), note

    def complete(self, made: Creation, fields: Sequence[FieldChange], now: Callable[[str], Value]) -> None:
        """Write what a creation cannot carry."""
        late = [one for one in fields if self.target.type.comes_late(one)]
        if not late:
            return
        target, names = replace(self.target, remote_id=made.code), " and ".join(one.name for one in late)
        try:
            self.writer.update(target, late, {}, now, self.intend, Sent())
        except QboxctlError as error:
            told = f"it was created and its secret is stored, but {names} was not written: {error}"
            raise QboxctlError(told, hint="apply again") from None

    def undone(self, why: str, made: Creation | None, lost: OutcomeUnknown | None = None) -> QboxctlError:
        """Delete what was created and nobody can use; the error that tells what came of it."""
        try:
            code = made.code if made else ""
            code = code or self.writer.look_for(self.target, self.known, made.body if made else None) or ""
        except QboxctlError as unseen:
            return self.unknown(f"{why}, and looking for it failed: {unseen}", lost)
        if not code:
            return self.unknown(f"{why}, and it was not found", lost)
        try:
            self.writer.delete(replace(self.target, remote_id=code), self.intend, telling=True)
        except QboxctlError as error:
            way_out = f"apply again, or delete id {self.redact(code)} in the panel"
            return QboxctlError(f"{why}; it is there, {_NOBODY}, and deleting it failed ({error}): {way_out}")
        note = self.store.give_up()
        ended = f"{why}; it was deleted again, since {_NOBODY}: apply again"
        return QboxctlError(f"{ended}; {note}" if note else ended)

    def unknown(self, why: str, lost: OutcomeUnknown | None) -> OutcomeUnknown:
        """What to tell where the object may be there."""
        name = f"{self.target.type.title} {self.target.name!r}"
        told = f"{why}; if there is a new {name}, {_NOBODY}: the next apply makes it anew, or delete it in the panel"
        return OutcomeUnknown(told, status=lost.status if lost else None)
