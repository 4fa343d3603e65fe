"""How the server behaves towards the objects of one kind, beyond the shape of their bodies.

A ``Behaviour`` stands in ``emulator/kinds``, in a module named for its kind; a kind without one gets the plain one. A
judgement complains to the ``Draft`` of a write or raises ``Refusal``; an effect runs once the write is accepted.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from qboxctl.emulator.state import PLAIN_CODE, Code, Store, Stored
from qboxctl.model import JSON
from qboxctl.schema.calls import Call
from qboxctl.schema.collections import Objects, Texts
from qboxctl.schema.lifecycle import DISABLED, ENABLED
from qboxctl.schema.numbers import GB, Integer, Level, Limit, Size
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import Boolean, Choice, Type

if TYPE_CHECKING:
    from qboxctl.emulator.answers import Answers
    from qboxctl.emulator.wire import Response, Row


@dataclass(slots=True)
class Draft:
    """One write on its way: what it would set (by field names), on what, and what is wrong with it.

    ``entries`` are those of a list that it is about, ``quirks`` those of the emulator.
    """

    store: Store
    type: ResourceType
    operation: str
    parent: Stored | None = None
    current: Stored | None = None
    name: str = ""
    key: str = ""
    owner: str = ""
    values: dict[str, JSON] = field(default_factory=dict)
    extra: dict[str, JSON] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)
    activation: int = 0
    """How many reads show something new as activating."""
    entries: tuple[Stored, ...] = ()
    quirks: Mapping[str, str] = field(default_factory=dict)
    removal: int = 0
    """How many reads still show what is on its way out."""

    @property
    def target(self) -> Stored:
        """The object that is written to; only the judgement of a creation has none."""
        if self.current is None:
            raise LookupError(f"there is no {self.type.kind} yet")
        return self.current

    @property
    def home(self) -> Stored:
        """What the object lives in."""
        if self.parent is None:
            raise LookupError(f"a {self.type.kind} lives in nothing")
        return self.parent

    def complain(self, name: str, description: str) -> None:
        """Note one reason for a 422; of several for one attribute the first counts."""
        if all(name != other for other, _ in self.errors):
            self.errors.append((name, description))

    def changes(self, name: str) -> bool:
        """Whether the write sets the attribute to another value than it has."""
        return name in self.values and (self.current is None or self.values[name] != self.current.values.get(name))

    def result(self, name: str) -> JSON:
        """The attribute's value after the write."""
        return self.values.get(name, self.current.values.get(name) if self.current else None)


Reaction = Callable[[Draft], None]


@dataclass(frozen=True, slots=True)
class Paging:
    """A list that may tell no totals: it does not where the ``quirk`` is ``{}``, and shows all of it if ``whole``."""

    quirk: str
    whole: bool = False


@dataclass(frozen=True)
class Behaviour:
    """What the server does with a kind.

    ``initial`` are the values that a new object has where its creation says nothing, as far as they are not the plain
    ones of their types; ``reserved`` those of the object that is in every parent by itself. ``row`` gives what the
    server adds to an answer. An abridged list ``keeps`` some attributes beside name, code and status, and a blind one
    does not know the ``unlisted`` ones. ``unmodelled`` texts are accepted though no definition knows them. ``searched``
    is what a list's query looks at beside the name. ``merge`` gives the values of an object that a second creation of
    its name is merged into, or refuses that; None is a second one. ``tells`` gives the answer to a creation that tells
    a secret, which is in the row unless said otherwise. ``shown`` are attributes with a form of their own in answers,
    ``more`` other lists by path. ``unused`` are the calls that no definition has, by what they do. Of all calls,
    ``optional`` names those that are missing where a quirk is ``absent``. ``unforced`` attributes need not be sent,
    though the engine always does. ``ends_empty`` tells whether it ends by itself once nothing is kept of any entry of
    its list. To the tokens of some callers all calls are ``closed_to``. ``partly`` are the calls that are missing under
    another value of the quirk.

    Of ``bare`` objects, answers tell neither status nor times, and they are deleted at once. ``listed`` are the
    attributes that a list shows, where that is never all. Where the quirk ``snake`` says so, answers spell names as
    bodies do. ``find`` gives the object that a path names otherwise than by its code, and ``prepare`` is what comes to
    be in a parent when it is first asked about. ``resource_code`` is what a creation tells that may be no code.
    ``missing`` is the quirk that says what comes of an update of a name that is not there. ``facts`` are attributes of
    the answers that no write sets, and that a seed may state.
    """

    code: Code = PLAIN_CODE
    statuses: tuple[str, ...] = (ENABLED, DISABLED)
    initial: Mapping[str, JSON] = field(default_factory=dict)
    reserved: Mapping[str, JSON] = field(default_factory=dict)
    row: Callable[[Answers, Stored], Row] | None = None
    judgements: Mapping[str, tuple[Reaction, ...]] = field(default_factory=dict)
    effects: Mapping[str, tuple[Reaction, ...]] = field(default_factory=dict)
    keeps: frozenset[str] = frozenset()
    unlisted: frozenset[str] = frozenset()
    noise: Mapping[str, JSON] = field(default_factory=dict)
    unmodelled: tuple[str, ...] = ()
    searched: tuple[str, ...] = ("description",)
    tells: Callable[[Answers, Stored, str], Response] | None = None
    shown: Mapping[str, Callable[[Answers, JSON], JSON]] = field(default_factory=dict)
    merge: Callable[[Draft, Stored], Row | None] | None = None
    more: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    bare: bool = False
    listed: frozenset[str] = frozenset()
    snake: str = ""
    find: Callable[[Answers, Stored | None, str], Stored | None] | None = None
    prepare: Callable[[Store, Stored], None] | None = None
    resource_code: Callable[[Answers, Stored], JSON] | None = None
    missing: str = ""
    facts: frozenset[str] = frozenset()
    paging: Paging | None = None
    unused: Mapping[str, Call] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    unforced: frozenset[str] = frozenset()
    ends_empty: Callable[[Mapping[str, str]], bool] = lambda _quirks: False
    closed_to: frozenset[str] = frozenset()
    partly: Mapping[str, frozenset[str]] = field(default_factory=dict)


_PLAIN = Behaviour()


@cache
def behaviour_of(kind: str) -> Behaviour:
    """The behaviour of a kind, by the module that is named for it."""
    try:
        module = importlib.import_module(f"qboxctl.emulator.kinds.{kind}")
    except ModuleNotFoundError as missing:
        if missing.name != f"qboxctl.emulator.kinds.{kind}":
            raise
        return _PLAIN
    found: Behaviour = module.BEHAVIOUR
    return found


def initial_values(type_: ResourceType, parent: Stored | None = None) -> dict[str, JSON]:
    """What a new object has where its creation says nothing."""
    values = dict(_initial(type_))
    for one in type_.fields:
        if one.otherwise and parent is not None:
            most = parent.values[one.at_most] if one.at_most else parent.values[one.otherwise]
            values[one.name] = min(parent.values[one.otherwise], most)
    return values


@cache
def _initial(type_: ResourceType) -> Mapping[str, JSON]:
    state = type_.lifecycle.attribute if type_.lifecycle.words else ""
    fields = (one for one in type_.fields if one.name != state and one.returned)
    values = {one.name: _blank(one.type) if one.initial is None else one.initial for one in fields}
    return {**values, **behaviour_of(type_.kind).initial}


def _blank(type_: Type) -> JSON:
    match type_:
        case Boolean():
            return False
        case Limit():
            return -1
        case Integer() | Level():
            return 0
        case Size():
            return 8 * GB
        case Choice():
            return type_.words[0]
        case Texts() | Objects():
            return ()
        case _:
            return ""


def add_reserved(store: Store, parent: Stored) -> None:
    """Add the objects that come with a new one by themselves, as a postmaster does with a domain."""
    for type_ in store.types.children(parent.kind):
        reserved = type_.identity.reserved
        if reserved is not None:
            values = {**initial_values(type_, parent), **behaviour_of(type_.kind).reserved}
            code = f"{reserved.prefix}{parent.digits}"
            store.add(Stored(type_, code, reserved.name, reserved.name, values, parent=parent))


def judge_name(draft: Draft) -> None:
    """Names are unique: of domains and their aliases on the whole platform, of addresses within their domain."""
    type_ = draft.type
    if type_.identity.alone and draft.store.rows(type_.kind, draft.parent):
        draft.complain(type_.kind, "already exists")
    if not type_.identity.unique or not draft.key or behaviour_of(type_.kind).merge:
        return
    if draft.store.named(type_, draft.parent, draft.key) or draft.store.strangers(type_, draft.key):
        draft.complain(type_.identity.key, "already exists")


def verify(draft: Draft) -> bool:
    """The ownership is proved: activation is queued. Tells whether that is news."""
    obj = draft.target
    if not obj.type.lifecycle.proves(obj.status):
        return False
    draft.store.write(obj, {obj.type.lifecycle.attribute: ENABLED})
    obj.pending = draft.activation
    return True
