"""What a kind of resource is: one frozen ``ResourceType`` made of ``Field``s and calls.

Everything that depends on the kind is derived from it: schema, diff, bodies, URLs, order, documentation,
masking, the emulator's routes and the tests' random data. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from qboxctl.model import JSON, Action, Change, FieldChange, Value
from qboxctl.schema.calls import UPDATE, Call, Calls
from qboxctl.schema.field import Field, Mode, lowers
from qboxctl.schema.identity import Identity
from qboxctl.schema.lifecycle import Lifecycle
from qboxctl.schema.readiness import Readiness
from qboxctl.schema.records import Records

if TYPE_CHECKING:
    from qboxctl.schema.rules import Advice, Rule  # what they look at knows the kinds


@dataclass(frozen=True, slots=True)
class Billing:
    """What an object adds to the bill: one of the ``lines``, each with its words for people.

    Which one ``line`` tells by the value of the attribute ``by`` (None where nobody knows it); without it there is one.
    Where the attribute ``each`` is a list, it is one for each entry.
    ``prices`` gives the name of each line's price in ``settings.prices``; ``counters`` the attributes of answers that
    count what else is paid for, by the names of its prices.
    """

    lines: Mapping[str, str]
    by: str = ""
    line: Callable[[Value], str] | None = None
    each: str = ""
    prices: Mapping[str, str] = field(default_factory=dict)
    counters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.prices and self.prices.keys() != self.lines.keys():
            raise ValueError("a bill has a price for each of its lines, or for none")

    def of(self, value: Value) -> str:
        """The line that an object adds to."""
        return self.line(value) if self.line else next(iter(self.lines))


@dataclass(frozen=True, slots=True)
class Told:
    """A secret that the server makes, and tells once: in the answer to a creation.

    ``store`` is the attribute that says where it goes. An answer has it under one of some ``names``, the first that is
    there; else it is its only text that is neither an attribute nor known to be ``beside`` it. ``preview`` is what
    answers show of it later, ``used`` what is empty in them until its first use; "" where there is none.
    """

    store: str
    names: tuple[str, ...]
    preview: str = ""
    used: str = ""
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)  # a kind is only ever itself
class ResourceType:
    """One kind of resource.

    ``section`` is where it stands in the files, or in its ``parent``'s block. What ``goes_along`` with a parent that
    is deleted does not hold that back. An ``early`` one may be created in a parent that waits for something: where the
    server refuses that, it waits too. A kind that cannot be changed may be ``replaced``: deleted, and created again,
    but not where that would lose what is ``irreplaceable``. As many as are ``given`` are in each parent by themselves,
    whatever they are called.
    ``counters`` gives, for each kind that may be inside (known here or not), the attribute of the answers that counts
    its objects. ``secret_answers`` are dropped from every answer. ``told`` is a secret that the answer to a creation
    brings: what is created then is made whole in one step, and made anew where nobody may hold its secret. ``owned``
    objects tell which customer they belong to. What is ``spared`` is disabled where a file says that it is absent,
    and deleted by ``on_remove`` alone. ``grants`` is the attribute that lets the object's own token do what it does:
    the program takes nothing of it from the object whose token it runs with. ``short`` is the attribute that an
    object may consist of alone. Live ones that no file declares are ``left`` alone, where that is not for ``on_remove``
    to say. ``lost`` says what a deletion destroys. An export puts it into a ``file`` of this name, unless it is named
    for the section. ``rules`` tell what can be wrong with declarations, ``advice`` what may surprise in a plan,
    ``records`` what belongs into DNS, ``readiness`` what an object still lacks. ``hints`` are words that people bring
    from elsewhere in the place of an attribute, each with what to write.
    """

    kind: str
    title: str
    doc: str
    section: tuple[str, ...]
    fields: tuple[Field, ...]
    calls: Calls
    identity: Identity = field(default_factory=Identity)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    parent: str = ""
    goes_along: bool = False
    early: bool = False
    left: bool = False
    replaced: bool = False
    irreplaceable: tuple[str, ...] = ()
    given: int = 0
    owned: bool = False
    counters: Mapping[str, str] = field(default_factory=dict)
    secret_answers: tuple[str, ...] = ()
    told: Told | None = None
    spared: bool = False
    grants: str = ""
    short: str = ""
    lost: str = ""
    file: str = ""
    billing: Billing | None = None
    rules: tuple[Rule, ...] = ()
    advice: tuple[Advice, ...] = ()
    records: Records | None = None
    readiness: Readiness | None = None
    hints: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen = [one.name for one in self.fields]
        if len(set(seen)) != len(seen):
            raise ValueError(f"{self.kind}: an attribute is defined twice")
        if self.identity.alone != (self.calls.list is None):
            raise ValueError(f"{self.kind}: what is alone in its parent has no list, and all else has one")
        by_name = self.calls.search or self.calls.one_by_one or self.calls.by_name
        if by_name and (self.parent or not self.identity.unique):
            raise ValueError(
                f"{self.kind}: only what has a name of its own in the whole account can be asked for by it"
            )
        if self.calls.delete is None and self.disabling is None:
            raise ValueError(f"{self.kind}: it can neither be deleted nor disabled")
        for one in self.fields:
            if one.on_update and one.call not in self.calls.writes and not self.replaced and not one.each:
                raise ValueError(f"{self.kind}.{one.name}: there is no {one.call!r} call to write it with")
            if one.secret and one.on_update and one.call != UPDATE:
                raise ValueError(f"{self.kind}.{one.name}: a secret is written by the {UPDATE!r} call")
            if one.guards and not ((secret := self.by_name[one.guards]).secret and secret.call == one.call):
                raise ValueError(f"{self.kind}.{one.name}: it guards no secret that the same call writes")
        if self.early and (not self.parent or self.told or self.identity.alone):
            raise ValueError(f"{self.kind}: only what is plainly created in a parent may be early")
        self._check_stores()

    def _check_stores(self) -> None:
        stores = [one for one in self.fields if one.mode is Mode.LOCAL]
        if [one.name for one in stores] != ([self.told.store] if self.told else []):
            raise ValueError(f"{self.kind}: a secret that is told has one store, and nothing else has any")
        if self.told and not (stores[0].required and self.calls.delete):
            raise ValueError(f"{self.kind}: what tells a secret cannot be created without a store, and can be deleted")
        if self.told and (self.replaced or self.lifecycle.proof or self.identity.alone):
            raise ValueError(f"{self.kind}: what tells a secret is neither replaced nor proved, nor a block")
        if self.told and not any(one.on_create and not one.on_update for one in self.fields):
            raise ValueError(f"{self.kind}: what tells a secret has an attribute that only its creation sets")

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The attributes by their names in the files."""
        return {one.name: one for one in self.fields}

    def repeated(self, call: str) -> tuple[str, ...]:
        """The attributes that a write carries even where they do not change."""
        write = self.calls.writes[call]
        whole = tuple(one.name for one in self.fields if one.call == call and one.on_update and not one.secret)
        held = tuple(one.name for one in self.holding if one.call == call)  # what is left out may be taken away
        return whole if write.whole else (*write.repeats, *(name for name in held if name not in write.repeats))

    def along(self, names: Collection[str]) -> set[str]:
        """The attributes that are sent when some others of an object that exists are written."""
        if self.replaced:
            return {name for name in self.at_once if not self.by_name[name].secret}
        known = [self.by_name[name] for name in names if name in self.by_name]
        calls = {one.call for one in known} | ({UPDATE} if any(name not in self.by_name for name in names) else set())
        found = {again for call in calls & self.calls.writes.keys() for again in self.repeated(call)}
        return found.union(*(one.each.repeats for one in known if one.each))

    @property
    def changeable(self) -> bool:
        """Whether what no definition knows can be written once an object exists."""
        return self.calls.update is not None or self.replaced

    @property
    def holds_data(self) -> bool:
        """Whether a deletion destroys what belongs to people."""
        return bool(self.lost)

    def destroys(self, change: Change) -> bool:
        """Whether a change destroys what belongs to people: by deleting it, or by lowering what keeps it."""
        return (self.holds_data and change.action is Action.DELETE) or bool(self.losing(change))

    def losing(self, change: Change) -> list[Field]:
        """The attributes that destroy something by going down."""
        known = ((self.by_name.get(name), before, after) for name, before, after in change.fields)
        found = [one for one, before, after in known if one is not None and one.loses and lowers(before, after)]
        return found if change.action is Action.UPDATE else []

    @property
    def counted(self) -> str:
        """What the guards count of it, in words."""
        return f"{self.kind} {self.cleared[0].name}" if self.cleared else f"{self.kind} objects"

    @property
    def removed(self) -> str:
        """What may be done to those, in words, where not all of it is removal."""
        lowered = any(one.loses for one in self.fields)
        return "removed, disabled or lose data" if lowered else "removed or disabled"

    @cached_property
    def ordered(self) -> bool:
        """Whether to create one is an order: it costs money, and the server would take the same one twice."""
        return self.billing is not None and not self.identity.unique

    @cached_property
    def order(self) -> Mapping[str, int]:
        """The place of each attribute among the others."""
        return {name: place for place, name in enumerate(self.by_name)}

    def place(self, name: str) -> int:
        """The place of an attribute among the others: "", the object itself, is first, what is no attribute last."""
        return self.order.get(name, len(self.order)) if name else -1

    @cached_property
    def wire_names(self) -> frozenset[str]:
        """Every name that a body or an answer uses for a modelled attribute."""
        confirmations = {f"{one.wire}_confirmation" for one in self.fields if one.secret}
        named = {text for one in self.fields for text in (one.wire, one.wire_in(creating=True), *one.row_names)}
        told = (self.told.preview, self.told.used, *self.told.names) if self.told else ()
        keys = {self.identity.key, self.identity.id, *self.identity.also, "customer_code", *self.secret_answers, *told}
        return frozenset((named | confirmations | keys) - {""})

    @property
    def telling(self) -> tuple[str, ...]:
        """The names in answers that tell more than attributes do: what is counted, DNS records, proof, first use."""
        records = self.records.attributes if self.records else ()
        proof = self.lifecycle.proof.host if self.lifecycle.proof else ""
        counts = (*self.counters.values(), *(self.billing.counters.values() if self.billing else ()))
        return tuple(filter(None, dict.fromkeys((*counts, *records, proof, self.first_use))))

    @property
    def every_call(self) -> Iterator[Call]:
        """All calls of the API that it is read and written by."""
        yield from self.calls
        if self.lifecycle.proof:
            yield from (self.lifecycle.proof.at_once, self.lifecycle.proof.queued)
        known = {(call.method, call.path) for call in self.calls}
        for each in (one.each for one in self.fields if one.each):
            listed = (each.register.list,) if each.register else ()
            for call in (*listed, *each.calls):
                if (call.method, call.path) not in known:
                    known.add((call.method, call.path))
                    yield call

    @cached_property
    def cleared(self) -> tuple[Field, ...]:
        """The lists of whose entries something is kept, which goes one by one before the object is deleted."""
        return tuple(one for one in self.fields if one.each and one.each.clear)

    @cached_property
    def implied(self) -> tuple[Field, ...]:
        """The attributes that every declaration states, whether it mentions them or not."""
        return tuple(one for one in self.fields if one.default is not None)

    @cached_property
    def holding(self) -> tuple[Field, ...]:
        """The attributes that are read from what they name."""
        return tuple(one for one in self.fields if one.holder)

    @cached_property
    def among(self) -> tuple[Field, ...]:
        """The attributes of which the values of other live objects tell what a difference means."""
        return tuple(one for one in self.fields if one.type.among)

    @cached_property
    def doubtful(self) -> tuple[Field, ...]:
        """The attributes that are sent where the files changed them, though the account may not tell what they are."""
        found = [one for one in self.fields if one.type.among or (one.each and one.each.register)]
        if self.holding:  # what no list shows is known by what it holds, and by nothing else
            found += [one for one in self.fields if one.compared and one.on_update and not one.holder]
        return tuple(found)

    @cached_property
    def at_once(self) -> frozenset[str]:
        """The attributes that a creation can carry."""
        return frozenset(one.name for one in self.fields if one.on_create)

    @cached_property
    def disabling(self) -> tuple[str, Value] | None:
        """The attribute and value that disabling writes, None where an object cannot be disabled."""
        one = self.by_name.get(self.lifecycle.attribute)
        return (one.name, self.lifecycle.disabled) if one is not None and one.on_update else None

    def is_idle(self, name: str, value: Value) -> bool:
        """Whether an attribute's value means that the object need not be there: it is to be disabled."""
        return self.lifecycle.idle and (name, value) == self.disabling

    @cached_property
    def noun(self) -> str:
        """Its title within a sentence, where proper names keep their capital letters."""
        return self.title.lower() if self.title[1:].islower() else self.title

    def numbered(self, count: int, which: str = "") -> str:
        """So many objects of the kind, in words; ``which`` stands before its name."""
        return f"{count} {which}{self.kind if count == 1 else self.section[-1]}".replace("_", " ")

    @property
    def removal(self) -> Action:
        """What ``state: absent`` means: deletion, or disabling where the API can do no more, or is not to."""
        return Action.DELETE if self.calls.delete and not self.spared else Action.DISABLE

    def removes(self, change: Change) -> bool:
        """Whether a change of such an object deletes or disables it, by whichever name."""
        off = change.action is Action.UPDATE and any((one.name, one.after) == self.disabling for one in change.fields)
        return off or change.action.removes

    def remakes(self, change: Change) -> bool:
        """Whether an update deletes the object and creates it anew, for its secret to be told again."""
        made = (one.name in self.by_name and not self.by_name[one.name].on_update for one in change.fields)
        return self.told is not None and change.action is Action.UPDATE and any(made)

    def renews(self, change: Change) -> bool:
        """Whether an update deletes the object and creates it anew, for whichever reason."""
        return self.remakes(change) or (self.replaced and change.action is Action.UPDATE)

    def comes_late(self, one: FieldChange) -> bool:
        """Whether a new object is given the value after its creation: that cannot carry it, nor is it there anyway."""
        field = self.by_name.get(one.name)
        return field is not None and not field.on_create and one.after != field.initial

    @property
    def first_use(self) -> str:
        """The attribute of the answers that is empty until an object is used, "" where none tells."""
        return next((one.until for one in self.fields if one.until), self.told.used if self.told else "")

    def allowed_on_remove(self) -> tuple[str, ...]:
        """What ``settings.on_remove`` may say for this kind."""
        if self.left:
            return ()
        return ("keep", *(["disable"] if self.disabling else []), *(["delete"] if self.calls.delete else []))


Body = dict[str, JSON]
