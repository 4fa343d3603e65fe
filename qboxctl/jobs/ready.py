"""What an object still lacks before it can be used, as the API's own fields say, and as DNS says.

The definition of its kind knows what counts; here it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from qboxctl.api.reader import ACCOUNT, Account
from qboxctl.config.configuration import Configuration
from qboxctl.errors import QboxctlError
from qboxctl.jobs.report import read
from qboxctl.model import JSON, Address, Live
from qboxctl.schema.hints import near
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.labels import text_of
from qboxctl.schema.readiness import Lack, Readiness
from qboxctl.schema.records import Purpose, Record
from qboxctl.schema.resource import ResourceType

Row = Mapping[str, JSON]
_ITS_STATUS = "status"
"""What an object lacks of its own that nothing it works through can make good."""


class Examination(NamedTuple):
    """What was found of an object: its name, what it lacks, and the records of what it works through.

    ``usable`` are the names of what lacks nothing of that.
    """

    name: str
    lacks: tuple[Lack, ...]
    usable: tuple[str, ...]
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Examiner:
    """Looks at objects of the one kind whose definition tells when they are ready."""

    account: Account
    configuration: Configuration

    @property
    def types(self) -> Kinds:
        """The kinds."""
        return self.account.types

    @property
    def type(self) -> ResourceType:
        """The kind that can be ready or not."""
        return next(one for one in self.types.values() if one.readiness is not None)

    def examine(self, text: str) -> Examination:
        """What the object lacks that a text names: by its key in the files, its name in the account, or its id."""
        readiness = self.type.readiness
        if readiness is None:
            raise LookupError("no kind tells when it is ready")
        live = self._detailed(self.type, self._found(text), readiness)
        rows = self._rows(live, readiness)
        through = readiness.through(live, rows)
        lacks = tuple(readiness.lacks(live, rows))
        names = [str(row.get(self.types[readiness.of].identity.key)) for row in through]
        spoilt = {one.about for one in lacks if one.stops and (one.about or one.code == _ITS_STATUS)}
        usable = tuple(name for name in names if not {name, ""} & spoilt)
        name = text_of(live, self.type.identity.key) or live.remote_id
        return Examination(name, lacks, usable, tuple(self._records(names, through, readiness)))

    def _found(self, text: str) -> Live:
        key = text.removeprefix(f"{self.type.kind}/")
        lives = read(self.account, self.configuration, [self.type.kind]).state.live
        wanted = Address(self.type.kind, self.type.identity.comparable(key))
        live = lives.get(wanted) or next((one for one in lives.values() if one.remote_id == key), None)
        same = [
            one
            for one in lives.values()
            if self.type.identity.comparable(text_of(one, self.type.identity.key)) == wanted.key
        ]
        if live is None and len(same) > 1:
            ids = ", ".join(sorted(one.remote_id for one in same))
            raise QboxctlError(
                f"{self.type.numbered(len(same), 'live ')} are called {key!r}", hint=f"name one by id: {ids}"
            )
        live = live or next(iter(same), None)
        if live is None or live.leaving:
            known = [one.key for one in lives]
            meant = near(wanted.key, known)
            others = f"there are: {', '.join(sorted(known))}" if known else "this account has none"
            hint = f"did you mean {' or '.join(meant)}?" if meant else others
            raise QboxctlError(f"there is no {self.type.title} {key!r}", hint=hint)
        return live

    def _detailed(self, type_: ResourceType, live: Live, readiness: Readiness) -> Live:
        """The object with what its list leaves out."""
        missing = [name for name in readiness.attributes.get(type_.kind, ()) if name not in live.row]
        found = self.account.ask(type_, {}, live, missing) if self.account.worth_asking(type_, missing) else None
        return found or live

    def _rows(self, live: Live, readiness: Readiness) -> dict[str, Sequence[Row]]:
        """The rows of what the object works through, and of what is inside it."""
        type_ = self.types[readiness.of]
        rows = [dict(row) for row in self.account.rows(type_)]
        used = [dict(row) for row in readiness.through(live, {type_.kind: rows})]
        lives = [self.account.live(type_, row, "") for row in used]
        whole = [self._detailed(type_, one, readiness).row if one is not None else {} for one in lives]
        inside = {
            child.kind: self.account.rows(child, ACCOUNT.inside(live)) for child in self.types.children(self.type.kind)
        }
        return {type_.kind: whole, **inside}

    def _records(self, names: Sequence[str], through: Sequence[Row], readiness: Readiness) -> Iterable[Record]:
        """What those must publish that the object works through."""
        known = self.types[readiness.of].records
        for name, row in zip(names, through, strict=True):
            if known is not None:
                yield from known.make(name, Live(Address(readiness.of, name), "", row))


_WORDS = {Purpose.SPF: "spf", Purpose.DMARC: "dmarc", Purpose.DELIVERY: "dkim", Purpose.DKIM: "dkim"}


class Amiss(NamedTuple):
    """What is wrong with a record, in words, and whether DNS said so: else nobody knows how it stands."""

    text: str
    known: bool = True


def published(found: Examination, look_up: Callable[[Sequence[Record]], Mapping[Record, Amiss]]) -> Examination:
    """The same with what DNS says: ``look_up`` gives what is wrong, by record. What is unknown is told of each."""
    wrong = look_up(found.records)
    lacks = list(found.lacks)
    told = {(one.code, one.about) for one in lacks}
    for record in found.records:
        name, word = record.address.key, _WORDS.get(record.purpose, record.purpose.value)
        amiss = wrong.get(record)
        if amiss and not (amiss.known and (word, name) in told):
            told |= {(word, name)} if amiss.known else set()
            lacks.append(Lack(word, f"{name}: {record.type} {record.name} is {amiss.text}", name, stops=False))
    return found._replace(lacks=tuple(lacks))
