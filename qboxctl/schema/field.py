"""What an attribute of a kind is: one frozen ``Field``. Nothing here does I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from qboxctl.model import Value
from qboxctl.schema.calls import UPDATE, Certainty
from qboxctl.schema.collections import References
from qboxctl.schema.entries import Entries
from qboxctl.schema.secrets import Password, Store
from qboxctl.schema.types import Type


class Mode(StrEnum):
    """When an attribute can be written; the words have CloudFormation's meanings."""

    MUTABLE = "mutable"
    CREATE_ONLY = "create_only"
    UPDATE_ONLY = "update_only"
    READ_ONLY = "read_only"
    WRITE_ONLY = "write_only"
    LOCAL = "local"
    """It is for qboxctl alone: neither sent nor read."""


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
