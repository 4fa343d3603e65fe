"""What a kind of resource is: one frozen ``ResourceType`` made of ``Field``s and ``Call``s.

Everything that depends on the kind is derived from it: schema, diff, bodies, URLs, order, documentation,
masking, the emulator's routes and the tests' random data. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cached_property

from qboxctl.model import JSON, Action, Change, Value
from qboxctl.schema import formats
from qboxctl.schema.collections import References
from qboxctl.schema.types import Password, Type


class Mode(StrEnum):
    """When an attribute can be written; the words have CloudFormation's meanings."""

    MUTABLE = "mutable"
    CREATE_ONLY = "create_only"
    UPDATE_ONLY = "update_only"
    READ_ONLY = "read_only"
    WRITE_ONLY = "write_only"


class Certainty(StrEnum):
    """How sure a fact about the API is."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    ASSUMED = "assumed"


class Joined(StrEnum):
    """How the natural key of an object that lives in another one is put together."""

    SLASH = "parent/name"
    """Segments, in which a name's own slash is written ``%2F``."""
    AT = "name@parent"
    """An e-mail address."""
    SAME = "parent"
    """There is one of the kind in each parent, and it goes by the parent's key."""


class Phase(IntEnum):
    """When, within one run, a part of a change is written."""

    __hash__ = int.__hash__  # an enum's own is a function in Python, called for each step that is looked up

    CREATE = 0
    FIRST = 1
    """Before the objects inside: limits are raised, a domain is enabled."""
    SETTLE = 2
    """After the objects inside exist that it refers to, before any is removed."""
    LAST = 3
    """After everything inside: limits are lowered, a domain is disabled, an object is removed."""


@dataclass(frozen=True)
class Field:
    """One attribute.

    ``call`` names the write that carries it once the object exists. ``initial`` is what a new object has
    without being told, ``default`` what a declaration means that does not mention it. ``volatile`` attributes
    belong to the object's user from the first use on: they are sent like a secret, and compared only before it.
    ``until`` is the attribute of the answers that is empty until then, and ``guards`` the secret that a volatile
    attribute protects: the two are never written apart. ``beside`` names the
    attribute that this one is written together with. A ``ceiling`` bounds the objects inside, so it is raised
    before they grow and lowered after they shrink. ``refers`` is the kind that its value names, ``source``
    the page of the API's reference that the fact comes from. A limit ``bounds`` the number of objects of a kind
    inside, of all or of those that are ``counted`` by their values. ``lowering`` says what may happen where the
    value goes down. What follows from them is worked out once, since it is asked for each object.
    """

    name: str
    type: Type
    doc: str
    mode: Mode = Mode.MUTABLE
    required: bool = False
    call: str = "update"
    write_as: str = ""
    read_as: str = ""
    initial: Value = None
    default: Value = None
    volatile: bool = False
    until: str = ""
    guards: str = ""
    ceiling: bool = False
    refers: str = ""
    beside: str = ""
    bounds: str = ""
    counted: Callable[[Mapping[str, Value]], bool] | None = None
    lowering: str = ""
    certainty: Certainty = Certainty.DOCUMENTED
    source: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.type, References) and self.type.kind != self.refers:
            raise ValueError(f"{self.name}: a list of references needs its kind in `refers` as well")
        if self.secret and self.mode is not Mode.WRITE_ONLY:
            raise ValueError(f"{self.name}: a secret is write-only")
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
    def linked(self) -> str:
        """The kind whose codes its value stands for on the wire, "" where it is a value of its own."""
        return self.type.kind if isinstance(self.type, References) else ""

    @cached_property
    def compared(self) -> bool:
        """Whether the diff looks at it."""
        return not self.volatile and self.mode not in (Mode.READ_ONLY, Mode.WRITE_ONLY)

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

    @cached_property
    def row_name(self) -> str:
        """Its name in answers."""
        return self.read_as or self.name

    def phase(self, before: Value, after: Value) -> Phase:
        """When a change of an existing object's value is written, as far as the attribute alone can tell."""
        if self.call == "status" and after == "disabled":
            return Phase.LAST
        if self.ceiling and lowers(before, after):
            return Phase.LAST
        return Phase.FIRST


def lowers(before: Value, after: Value) -> bool:
    """Whether a limit goes down; -1 is no limit, an unknown value counts as raised."""
    if not isinstance(before, int) or not isinstance(after, int):
        return False
    return after != -1 and (before == -1 or after < before)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API. ``{parent}`` and ``{id}`` in the path stand for codes.

    ``keyed`` calls name the object in the body, because the path does not. ``always`` lists attributes that
    the body must hold even where they do not change.
    """

    method: str
    path: str
    keyed: bool = False
    always: tuple[str, ...] = ()
    certainty: Certainty = Certainty.DOCUMENTED


@dataclass(frozen=True)
class ResourceType:
    """One kind of resource.

    ``section`` is where it stands in the files, or in its parent's block. ``joined`` is how its key is put together
    with its parent's; kinds of one ``namespace`` in one parent share their names. ``key`` is the attribute of the
    answers that holds the natural key, ``id`` the one that holds the code. ``unique`` is False where the
    server would accept a second object with the same key: such a create is never repeated blindly.
    ``search`` is the list parameter that searches by text: what it finds is there, what it misses may be too.
    ``counters`` gives, for each kind that may be inside (known here or not), the attribute of the answers that counts
    its objects.
    ``disabled`` is the attribute and value that disabling writes. ``secret_answers`` are dropped from every
    answer. ``billed`` gives the line of the bill that an object with these values adds to. ``refused`` are names
    that no file may give to such an object, each with why; ``hints`` are words that people bring from elsewhere in
    the place of an attribute, each with what to write.
    """

    kind: str
    title: str
    doc: str
    section: tuple[str, ...]
    fields: tuple[Field, ...]
    collection: str
    read: Call
    create: Call
    update: Call | None = None
    status: Call | None = None
    delete: Call | None = None
    proof: tuple[Call, ...] = ()
    parent: str = ""
    joined: Joined = Joined.SLASH
    namespace: str = ""
    key: str = "name"
    id: str = "code"
    normalise: Callable[[str], str] = formats.domain_name
    list_query: Mapping[str, str] = field(default_factory=dict)
    search: str = ""
    per_object: bool = False
    unique: bool = True
    owned: bool = False
    holds_data: bool = False
    counters: Mapping[str, str] = field(default_factory=dict)
    disabled: tuple[str, Value] | None = None
    secret_answers: tuple[str, ...] = ()
    short: str = ""
    reserved: str = ""
    billed: Callable[[Mapping[str, Value]], str] | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen = [one.name for one in self.fields]
        if len(set(seen)) != len(seen):
            raise ValueError(f"{self.kind}: an attribute is defined twice")
        if self.search and (self.parent or not self.unique):
            raise ValueError(f"{self.kind}: only what has a name of its own in the whole account can be searched for")
        if self.delete is None and self.disabled is None:
            raise ValueError(f"{self.kind}: it can neither be deleted nor disabled")
        for one in self.fields:
            if one.on_update and getattr(self, one.call) is None:
                raise ValueError(f"{self.kind}.{one.name}: there is no {one.call!r} call to write it with")
            if one.guards and not ((secret := self.by_name[one.guards]).secret and secret.call == one.call):
                raise ValueError(f"{self.kind}.{one.name}: it guards no secret that the same call writes")

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The attributes by their names in the files."""
        return {one.name: one for one in self.fields}

    @cached_property
    def ordered(self) -> bool:
        """Whether to create one is an order: it costs money, and the server would take the same one twice."""
        return self.billed is not None and not self.unique

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
        named = {text for one in self.fields for text in (one.wire, one.row_name)}
        return frozenset(named | confirmations | {self.key, self.id, "customer_code", *self.secret_answers})

    @cached_property
    def implied(self) -> tuple[Field, ...]:
        """The attributes that every declaration states, whether it mentions them or not."""
        return tuple(one for one in self.fields if one.default is not None)

    @cached_property
    def at_once(self) -> frozenset[str]:
        """The attributes that a creation can carry."""
        return frozenset(one.name for one in self.fields if one.on_create)

    @property
    def removal(self) -> Action:
        """What ``state: absent`` means: deletion, or disabling where the API can do no more."""
        return Action.DELETE if self.delete else Action.DISABLE

    def removes(self, change: Change) -> bool:
        """Whether a change of such an object deletes or disables it, by whichever name."""
        off = change.action is Action.UPDATE and any((one.name, one.after) == self.disabled for one in change.fields)
        return off or change.action.removes

    def comparable(self, name: str) -> str:
        """A name from outside in canonical form; one that no file could declare stays as it is, in lower case."""
        try:
            return self.normalise(name)
        except ValueError:
            return name.strip().lower()

    def allowed_on_remove(self) -> tuple[str, ...]:
        """What ``settings.on_remove`` may say for this kind."""
        return ("keep", *(["disable"] if self.disabled else []), *(["delete"] if self.delete else []))


Body = dict[str, JSON]
