"""The values that flow through a run: what is wished, what is live, what will change, what came of it.

All frozen; none knows files, the network or the terminal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple, NoReturn

JSON = Any
"""A decoded JSON value from outside; anything of this type must be checked before use."""

Value = Any
"""An attribute in canonical form: None, bool, int, str, a sorted tuple, a ``Destination`` (JSON for ``extra``)."""


Others = Mapping[tuple[str, str], Sequence[Value]]
"""The values that live objects have of some attributes, by kind and name."""


class Missing:
    """The answer of the API does not carry the attribute."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


class Address(NamedTuple):
    """The only identity inside the engine: kind and natural key, ``mailbox/ada@example.com``."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.key}"

    @classmethod
    def of(cls, text: str) -> Address:
        """Read ``kind/key``; raises ValueError without a slash."""
        kind, slash, key = text.partition("/")
        if not slash or not kind or not key:
            raise ValueError(f"{text!r} is not an address: write kind/name")
        return cls(kind, key)


class Collection(NamedTuple):
    """A list of the API: all domains, or the mailboxes of one domain (``parent`` is its key, else "")."""

    kind: str
    parent: str = ""


class SecretSource(StrEnum):
    """Where a secret comes from."""

    ENV = "env"
    FILE = "file"
    EXEC = "exec"


@dataclass(frozen=True, slots=True)
class Secret:
    """A reference to a secret, never the secret. ``base`` is the folder that relative paths start at."""

    source: SecretSource
    name: tuple[str, ...]
    base: str = ""

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a secret goes that the server tells once: a ``file``, or the standard input of a ``program``.

    ``base`` is the folder that relative paths start at.
    """

    file: str = ""
    program: tuple[str, ...] = ()
    base: str = ""

    def __str__(self) -> str:
        return f"the file {self.file}" if self.file else f"the program {self.program[0]}"


@dataclass(frozen=True, slots=True)
class StoresSeen:
    """What was seen of the stores of declared objects, before a plan.

    Into those that are ``pending`` a secret was on its way when its run ended; ``missing`` are files that are not
    there.
    """

    pending: frozenset[Address] = frozenset()
    missing: frozenset[Address] = frozenset()


class Revealed:
    """An opened secret. It shows as stars wherever it is printed, and can be neither saved nor sent by accident.

    Who needs the text says so: ``open`` is called where a request is built, and where texts are searched for secrets.
    """

    __slots__ = ("_hidden",)

    def __init__(self, text: str) -> None:
        self._hidden = text

    def open(self) -> str:
        """The text itself."""
        return self._hidden

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Revealed) and self._hidden == other._hidden

    def __hash__(self) -> int:
        return hash(self._hidden)

    def __repr__(self) -> str:
        return "***"

    def __format__(self, form: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an opened secret is not to be saved or copied")


class Where(NamedTuple):
    """An object's place in the files: the file's number and the keys that lead to it."""

    file: int
    path: tuple[str | int, ...]

    def inside(self, *keys: str | int) -> Where:
        """The place to which some more keys lead from here."""
        return Where(self.file, (*self.path, *keys))


class Desired(NamedTuple):
    """One declared object: only the attributes that the files state, in canonical form.

    ``label`` is what an object is matched by whose name is no name on the server, ``pin`` its ``id:``, and ``fallback``
    what may tell which object is meant where the label does not.
    """

    address: Address
    values: Mapping[str, Value]
    secrets: Mapping[str, Secret]
    extra: Mapping[str, JSON]
    where: Where
    absent: bool = False
    label: str = ""
    pin: str = ""
    fallback: str = ""


class Live(NamedTuple):
    """One object as the API reports it: ``row`` is the answer itself, decoded only where someone asks.

    ``status`` is canonical (``enabled``, ``disabled``, or the server's own word), ``detail`` is "ok" when
    nothing is in progress, ``leaving`` marks an object whose deletion is queued.
    """

    address: Address
    remote_id: str
    row: Mapping[str, JSON]
    status: str = ""
    detail: str = "ok"
    leaving: bool = False
    detailed: bool = False


class Count(NamedTuple):
    """How many objects an object says that it holds, by the attribute that counts them, and how many its list shows.

    ``reserved`` tells whether the list also shows the one that is in every parent by itself.
    """

    counter: str
    counted: int
    shown: int
    reserved: bool = False


@dataclass(frozen=True, slots=True)
class LiveState:
    """What was read of the account. Postmasters are never in it.

    ``complete`` are the collections that were read to their end, ``totals`` the sizes that the API reports
    for collections of which only single objects were read. ``codes`` turns codes and ids into keys, per kind.
    ``unseen`` are the counts of more than what the lists show, of objects that may be deleted. ``requests`` are how
    many it took for kinds that have a list in each single object, beyond the lists that all are in. ``others`` are the
    values of all live objects, of those attributes whose meaning these tell, by kind and name. ``unread`` are the kinds
    whose lists could not be read, each with why.
    """

    live: Mapping[Address, Live]
    complete: frozenset[Collection] = frozenset()
    totals: Mapping[Collection, int] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unseen: Mapping[Address, Sequence[Count]] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    others: Others = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)


class Action(StrEnum):
    """What a change does to an object."""

    CREATE = "create"
    UPDATE = "update"
    DISABLE = "disable"
    DELETE = "delete"

    @property
    def removes(self) -> bool:
        """Whether guards count it as a removal."""
        return self in (Action.DISABLE, Action.DELETE)


class FieldChange(NamedTuple):
    """One attribute of a change; ``before`` is None where the object or the value is not there."""

    name: str
    before: Value
    after: Value


class Change(NamedTuple):
    """One object's change. ``precondition`` hashes what it relies on; ``reason`` is for people only."""

    address: Address
    action: Action
    remote_id: str | None = None
    fields: tuple[FieldChange, ...] = ()
    secrets: tuple[str, ...] = ()
    needs: tuple[Address, ...] = ()
    destroys_data: bool = False
    reason: str = ""
    precondition: str = "absent"


@dataclass(frozen=True, slots=True)
class Unverifiable:
    """Attributes that the files state and the API never returns."""

    address: Address
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blocked:
    """A guard that stops the plan, and the way out: what a person can do about it."""

    guard: str
    kind: str
    message: str
    way_out: str = ""


@dataclass(frozen=True, slots=True)
class Advisory:
    """A warning about a plan that is right and may surprise. ``hint`` says what can be done, "" for nothing."""

    code: str
    address: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """The options that a plan was made with, as they were given; a saved plan keeps them.

    ``since`` is a git revision. Patterns are texts, such as ``mailbox/*@example.com``. Of a plan that was made,
    ``only_changed`` says whether that narrowed it: where it could not tell what a change bears on, all was planned.
    """

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    since: str | None = None
    only_changed: bool = False
    rotate: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """All that would be done, and what was seen on the way. ``id`` names its content (see planfile).

    ``customers`` are the codes of the customers whose objects were read, ``disabled`` those of the ``unmanaged`` that
    are disabled already, and ``requests`` what reading took (see LiveState), which a plan file does not tell.
    ``config_digest``, ``options`` and the last three say what it comes from; make_plan leaves them open, and a plan
    file needs the digest.
    """

    id: str
    environment: str
    endpoint: str
    config_digest: str = ""
    changes: tuple[Change, ...] = ()
    unmanaged: tuple[Address, ...] = ()
    unverifiable: tuple[Unverifiable, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    warnings: tuple[Advisory, ...] = ()
    options: PlanOptions = PlanOptions()
    customers: tuple[str, ...] = ()
    summary: Mapping[str, int] = field(default_factory=dict)
    billing: Mapping[str, int] = field(default_factory=dict)
    qboxctl_version: str = ""
    created_at: str = ""
    git_commit: str | None = None
    disabled: frozenset[Address] = field(default=frozenset(), compare=False)
    requests: Mapping[str, int] = field(default_factory=dict, compare=False)

    def only(self, changes: tuple[Change, ...]) -> Plan:
        """What is left of the plan with some of its changes, to be shown: its id stays that of the whole."""
        counts = {action.value: sum(one.action is action for one in changes) for action in Action}
        return replace(self, changes=changes, summary={**self.summary, **counts})


class Status(StrEnum):
    """What became of a change."""

    DONE = "done"
    IN_EFFECT = "in_effect"
    FAILED = "failed"
    SKIPPED = "skipped"
    WAITING = "waiting"
    UNKNOWN = "unknown"


ALREADY: Final = "already in effect"
"""What is said of a change that was in effect before the run, where nothing else is to be told of it."""

INTERRUPTED: Final = "interrupted"
"""What is said of a change that was not started, since the run was asked to stop."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change; ``error`` says why where it is not done, ``seconds`` how long it took."""

    address: Address
    action: Action
    status: Status
    error: str | None = None
    seconds: float = 0.0
