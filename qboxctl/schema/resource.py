"""What a kind of resource is: one frozen ``ResourceType`` made of ``Field``s and calls.

Everything that depends on the kind is derived from it: schema, diff, bodies, URLs, order, documentation,
masking, the emulator's routes and the tests' random data. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from qboxctl.model import JSON, Action, Change, FieldChange, Value
from qboxctl.schema import formats
from qboxctl.schema.calls import UPDATE, Call, Calls, Certainty
from qboxctl.schema.collections import References
from qboxctl.schema.entries import Entries
from qboxctl.schema.lifecycle import Lifecycle
from qboxctl.schema.readiness import Readiness
from qboxctl.schema.records import Records
from qboxctl.schema.types import Password, Store, Type

if TYPE_CHECKING:
    from qboxctl.schema.rules import Advice, Rule  # what they look at knows the kinds


class Mode(StrEnum):
    """When an attribute can be written; the words have CloudFormation's meanings."""

    MUTABLE = "mutable"
    CREATE_ONLY = "create_only"
    UPDATE_ONLY = "update_only"
    READ_ONLY = "read_only"
    WRITE_ONLY = "write_only"
    LOCAL = "local"
    """It is for qboxctl alone: neither sent nor read."""


class Joined(StrEnum):
    """How the natural key of an object that lives in another one is put together."""

    SLASH = "parent/name"
    """Segments, in which a name's own slash is written ``%2F``."""
    AT = "name@parent"
    """An e-mail address."""
    SAME = "parent"
    """There is one of the kind in each parent, and it goes by the parent's key."""


@dataclass(frozen=True, slots=True)
class Holder:
    """How the answers of an object tell by which other one it is held: that one's ``code``, and its full ``name``."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Reference:
    """What the values of an attribute name: objects of some ``kinds``.

    Keys are of the whole account, unless they are names ``within`` the object's own parent. Where it goes ``by_code``,
    the API takes the codes of the objects for their names. What is named may tell its ``holder``: then the list is read
    from there, whatever the object itself says, and each can be held by one only, who has to let go of it first.
    """

    kinds: tuple[str, ...]
    by_code: bool = False
    within: bool = False
    holder: Holder | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which objects inside a limit counts: all of a ``kind``, or those whose ``by`` is ``above`` and up to ``most``."""

    kind: str
    by: str = ""
    above: int = 0
    most: int = 0

    def counts(self, value: Value) -> bool:
        """Whether an object counts whose attribute ``by`` has this value."""
        return not self.by or (isinstance(value, int) and self.above < value <= self.most)


@dataclass(frozen=True)
class Field:
    """One attribute.

    ``call`` names the write that carries it once the object exists; what is written ``each`` entry by itself is carried
    by none. ``initial`` is what a new object has without being told, ``default`` what a declaration means that does not
    mention it. Bodies ``write_as`` another name (those of a creation perhaps ``create_as`` yet another), and answers
    are ``read_as`` others, where that is so. ``volatile`` attributes belong to the object's user from the first use on:
    they are sent like a secret, and compared only before it. ``until`` is the attribute of the answers that is empty
    until then, and ``guards`` the secret that a volatile attribute protects: the two are never written apart.
    ``beside`` names the attribute that this one is written together with. ``refers`` is what its value names,
    ``source`` the page of the API's reference that the fact comes from.

    A ``ceiling`` limits the objects inside, so it is raised before they grow and lowered after they shrink; it
    ``bounds`` their number, or their values: these name it in ``at_most``. ``otherwise`` is the attribute of the parent
    that gives the value where none is stated. ``lowering`` says what may happen where the value goes down, ``loses``
    what is destroyed then. What says something only while the object is ``in_use`` is left alone while that is
    disabled. One at most of the objects in a parent has a ``sole`` attribute: whichever is given it last takes it from
    the others.

    What follows from all this is worked out once, since it is asked for each object.
    """

    name: str
    type: Type
    doc: str
    mode: Mode = Mode.MUTABLE
    required: bool = False
    call: str = UPDATE
    write_as: str = ""
    create_as: str = ""
    read_as: tuple[str, ...] = ()
    initial: Value = None
    default: Value = None
    volatile: bool = False
    until: str = ""
    guards: str = ""
    ceiling: bool = False
    in_use: bool = False
    refers: Reference | None = None
    each: Entries | None = None
    beside: str = ""
    bounds: Bounds | None = None
    at_most: str = ""
    otherwise: str = ""
    lowering: str = ""
    loses: str = ""
    sole: bool = False
    certainty: Certainty = Certainty.DOCUMENTED
    source: str = ""

    def __post_init__(self) -> None:
        if self.each is not None:
            object.__setattr__(self, "call", "")
            if not self.linked or self.initial is None:
                raise ValueError(f"{self.name}: what is written entry by entry is a list of codes, empty at first")
        if isinstance(self.type, References) and not self.refers:
            raise ValueError(f"{self.name}: a list of references needs to say what it refers to")
        if self.refers and self.refers.by_code and not isinstance(self.type, References):
            raise ValueError(f"{self.name}: only a list of references goes by codes")
        if self.secret and self.mode is not Mode.WRITE_ONLY:
            raise ValueError(f"{self.name}: a secret is write-only")
        if isinstance(self.type, Store) != (self.mode is Mode.LOCAL):
            raise ValueError(f"{self.name}: a store is local, and nothing else is")
        if self.required and self.mode in (Mode.READ_ONLY, Mode.UPDATE_ONLY):
            raise ValueError(f"{self.name}: what a creation cannot carry cannot be required for it")
        if self.volatile and self.mode is Mode.CREATE_ONLY:
            raise ValueError(f"{self.name}: a volatile attribute must be writable later on")
        if (self.until or self.guards) and not self.volatile:
            raise ValueError(f"{self.name}: only a volatile attribute has a first use, or guards a secret")

    @cached_property
    def secret(self) -> bool:
        """Whether only a reference may stand in a file."""
        return isinstance(self.type, Password)

    @cached_property
    def returned(self) -> bool:
        """Whether answers may carry it."""
        return self.mode not in (Mode.WRITE_ONLY, Mode.LOCAL)

    @cached_property
    def linked(self) -> tuple[str, ...]:
        """The kinds whose codes its value stands for on the wire, () where it is a value of its own."""
        return self.refers.kinds if self.refers and self.refers.by_code else ()

    def needs_all(self, value: Value) -> bool:
        """Whether all that a value names must be there: of a list of plain texts, some may be elsewhere."""
        return bool(self.linked) or not isinstance(value, tuple)

    @cached_property
    def holder(self) -> Holder | None:
        """How what it names tells that the object holds it, None where the object's own answers tell."""
        return self.refers.holder if self.refers else None

    @cached_property
    def compared(self) -> bool:
        """Whether the diff looks at it."""
        return not self.volatile and self.returned and self.mode is not Mode.READ_ONLY

    @cached_property
    def on_create(self) -> bool:
        """Whether the create body carries it."""
        return self.mode in (Mode.MUTABLE, Mode.CREATE_ONLY, Mode.WRITE_ONLY)

    @cached_property
    def on_update(self) -> bool:
        """Whether it can be written once the object exists."""
        return self.mode in (Mode.MUTABLE, Mode.UPDATE_ONLY, Mode.WRITE_ONLY)

    @cached_property
    def wire(self) -> str:
        """Its name in request bodies."""
        return self.write_as or self.name

    def wire_in(self, *, creating: bool) -> str:
        """Its name in the body of a creation, or of a later write."""
        return (self.create_as if creating else "") or self.wire

    @cached_property
    def row_names(self) -> tuple[str, ...]:
        """Its names in answers: the usual one, then others under which some have it."""
        return self.read_as or (self.name,)

    @cached_property
    def row_name(self) -> str:
        """Its usual name in answers."""
        return self.row_names[0]


def lowers(before: Value, after: Value) -> bool:
    """Whether a limit goes down; -1 is no limit, an unknown value counts as raised."""
    if not isinstance(before, int) or not isinstance(after, int):
        return False
    return after != -1 and (before == -1 or after < before)


@dataclass(frozen=True, slots=True)
class Reserved:
    """The object of a kind that is in every parent by itself: its name, and what its codes look like."""

    name: str
    prefix: str
    digits: int = 9

    def bears(self, name: str, code: str) -> bool:
        """Whether it is this one, by its name or its code."""
        number = code.removeprefix(self.prefix)
        return name == self.name or (number != code and len(number) == self.digits and number.isdecimal())


@dataclass(frozen=True, slots=True)
class Identity:
    """What an object is known by.

    ``key`` is the attribute of the answers that holds its name ("" where it has none of its own), ``id`` the one that
    holds its code, ``normalise`` brings a name from a file to canonical form or raises ValueError. ``joined`` is how
    its key is put together with its parent's; kinds of one ``namespace`` in one parent share their names, or all of
    them where a name is the only one ``everywhere``: in the whole account, whatever it is in. ``unique`` is
    False where the server would accept a second object of the same name: such a creation is never repeated blindly. Its
    files may know such an object ``otherwise``, by the first entry of an attribute. What a file calls it is ``stated``
    of it, even where that goes by its code. ``also`` are other attributes that may hold the code.
    ``refused`` are names that no file may give to such an object, each with why. Under the key ``pin`` a file may say
    which code the object has; ``fullname`` are the attributes that its full name is made of.
    """

    key: str = "name"
    id: str = "code"
    normalise: Callable[[str], str] = formats.domain_name
    joined: Joined = Joined.SLASH
    namespace: str = ""
    everywhere: bool = False
    unique: bool = True
    also: tuple[str, ...] = ()
    stated: bool = False
    otherwise: str = ""
    reserved: Reserved | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    pin: str = ""
    fullname: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.everywhere and not (self.namespace and self.unique):
            raise ValueError("what is the only one of its name everywhere says in which namespace")
        if not self.unique:
            object.__setattr__(self, "pin", "id")  # whatever answers call it
        if self.alone:
            object.__setattr__(self, "normalise", str)  # it goes by its parent's key, which is canonical

    @property
    def alone(self) -> bool:
        """Whether there is one in each parent: it stands in the files as a block, not under a name."""
        return self.joined is Joined.SAME

    @property
    def coded(self) -> bool:
        """Whether an object has a code of its own, and is not known by its name alone."""
        return self.id != self.key

    def known(self, name: str) -> str:
        """A name from outside in canonical form, "" for one that no object can bear."""
        try:
            return self.normalise(name)
        except ValueError:
            return ""

    def code_in(self, row: Mapping[str, JSON]) -> JSON:
        """What an answer holds for an object's code, None for nothing."""
        return next((row[name] for name in (self.id, *self.also) if row.get(name) is not None), None)

    def reserves(self, name: str) -> bool:
        """Whether the object of this name is in every parent by itself."""
        return self.reserved is not None and self.reserved.name == name

    def comparable(self, name: str) -> str:
        """A name from outside in canonical form; one that no file could declare stays as it is, in lower case."""
        try:
            return self.normalise(name)
        except ValueError:
            return name.strip().lower()


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
