"""How kinds hang together: who lives in whom, where each stands in the files, and how addresses are joined.

``Kinds`` is built once, from the definitions, and refuses a shape that it does not know. Parents nest to any depth.
Nothing else cuts a key apart or puts one together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cached_property

from qboxctl.model import Address, Collection, Desired, Value
from qboxctl.schema.calls import ENTRY, OWN
from qboxctl.schema.field import Field, Holder, Reference
from qboxctl.schema.identity import Identity, Joined
from qboxctl.schema.resource import ResourceType

_ESCAPES = (("%", "%25"), ("/", "%2F"))
"""In an address with several segments, a name's own ``/`` is written ``%2F``, and its ``%`` is written ``%25``."""


class Kinds(Mapping[str, ResourceType]):
    """The kinds of resources by name, in the order in which they are created: parents before what lives in them."""

    def __init__(self, types: Iterable[ResourceType]) -> None:
        """Raises ValueError for kinds that do not fit together."""
        self._types = {one.kind: one for one in types}
        self._children: dict[str, tuple[ResourceType, ...]] = {}
        for one in self._types.values():
            if one.parent and one.parent not in self._children:
                raise ValueError(f"{one.kind} lives in {one.parent or 'nothing'}, which is no kind before it")
            if one.parent and self._types[one.parent].replaced:
                raise ValueError(f"{one.kind} lives in {one.parent}, which is replaced: it would go with each change")
            if one.parent and not one.goes_along and self._types[one.parent].goes_along:
                raise ValueError(f"{one.kind} would be lost unseen: {one.parent}, in which it lives, goes along")
            self._children[one.kind] = ()
            if one.parent:
                self._children[one.parent] += (one,)
        self._segments: dict[str, int] = {}
        for kind, one in self._types.items():
            self._segments[kind] = self._segments[one.parent] + 1 if self._segmented(kind) else 1
        self._check_places()
        self._check_references()
        self._check_paths()

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __getitem__(self, kind: str) -> ResourceType:
        return self._types[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    # Who lives in whom.

    def parent(self, one: Address) -> Address | None:
        """The object that an object lives in, None for one that lives in the account itself."""
        type_ = self._types[one.kind]
        return Address(type_.parent, self.split(one)[0]) if type_.parent else None

    def ancestors(self, one: Address) -> Iterator[Address]:
        """What an object lives in, and what that lives in: nearest first."""
        parent = self.parent(one)
        while parent is not None:
            yield parent
            parent = self.parent(parent)

    def root(self, one: Address) -> Address:
        """The outermost object that holds an object: its last ancestor, or itself."""
        *_, last = (one, *self.ancestors(one))
        return last

    def collection(self, one: Address) -> Collection:
        """The list of the API that an object is in."""
        return Collection(one.kind, self.split(one)[0])

    def home(self, one: Collection) -> Address | None:
        """The object that a collection is in, None for a list of the account."""
        parent = self._types[one.kind].parent
        return Address(parent, one.parent) if parent else None

    def children(self, kind: str) -> tuple[ResourceType, ...]:
        """The kinds that live in a kind."""
        return self._children[kind]

    def holding_back(self, kind: str) -> tuple[ResourceType, ...]:
        """The kinds that live in a kind and hold back its deletion."""
        return tuple(one for one in self._children[kind] if not one.goes_along)

    def inside(self, one: Address) -> tuple[Collection, ...]:
        """The collections that are in an object."""
        return tuple(Collection(child.kind, one.key) for child in self._children[one.kind])

    def outer(self, kind: str) -> Iterator[ResourceType]:
        """The kinds that a kind lives in: nearest first."""
        parent = self._types[kind].parent
        while parent:
            yield self._types[parent]
            parent = self._types[parent].parent

    @cached_property
    def inner(self) -> frozenset[str]:
        """The kinds in what itself is in another object: to list them takes a request for each of their parents."""
        return frozenset(kind for kind, one in self._types.items() if one.parent and self._types[one.parent].parent)

    @cached_property
    def levels(self) -> tuple[tuple[ResourceType, ...], ...]:
        """The kinds by depth: those of the account, those in these, and so on."""
        found = [tuple(one for one in self._types.values() if not one.parent)]
        while found[-1]:
            found.append(tuple(child for one in found[-1] for child in self._children[one.kind]))
        return tuple(found[:-1])

    @cached_property
    def _sharing(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for kind, one in self._types.items():
            same = [other for other in self._types.values() if _share_names(one.identity, other.identity)]
            everywhere = one.identity.everywhere
            sharing = {other.kind for other in same if everywhere or (other is not one and other.parent == one.parent)}
            found[kind] = frozenset(sharing)
        return found

    def sharing(self, kind: str) -> frozenset[str]:
        """The kinds whose objects may bear the name of one: a mailbox and an alias, or an alias elsewhere."""
        return self._sharing[kind]

    def claim(self, one: Address) -> tuple[str, ...] | None:
        """What an object has to itself: its name, with where no other may bear it; None where none could."""
        if not self._sharing[one.kind]:
            return None
        identity, (parent, name) = self._types[one.kind].identity, self.split(one)
        return (identity.namespace, name) if identity.everywhere else (identity.namespace, name, parent)

    def claims(self, some: Iterable[Address], kinds: Set[str]) -> dict[tuple[str, ...], Address]:
        """Those of some objects that are of these kinds, by what each has to itself."""
        found = ((self.claim(one), one) for one in some if one.kind in kinds)
        return {claim: one for claim, one in found if claim is not None}

    def referred(self, one: Address, refers: Reference | None, value: Value) -> list[Address]:
        """The objects that a value of an object's attribute may refer to.

        A name may be of any of the kinds; where these are several, it can be an address too, which is of one.
        """
        if refers is None:
            return []
        names = [value] if isinstance(value, str) and value else value if isinstance(value, (tuple, list)) else []
        home = self.split(one)[0] if refers.within else ""
        if len(refers.kinds) > 1:
            whole = [str(name).partition("/")[0] in refers.kinds for name in names]
            return [
                Address.of(str(name)) if known else Address(kind, str(name))
                for name, known in zip(names, whole, strict=True)
                for kind in (refers.kinds[:1] if known else refers.kinds)
            ]
        return [
            Address(kind, self.key(kind, str(name), home) if refers.within else str(name))
            for name in names
            for kind in refers.kinds
        ]

    def naming(self, kinds: Set[str]) -> dict[str, list[Field]]:
        """The attributes that may name an object of some kinds, by the kind that has them."""
        return {
            kind: [one for one in type_.fields if one.refers and not kinds.isdisjoint(one.refers.kinds)]
            for kind, type_ in self._types.items()
        }

    def holders(self, kind: str) -> list[Holder]:
        """How the objects of a kind tell which others hold them."""
        fields = (field for type_ in self._types.values() for field in type_.holding if kind in field.linked)
        return list(dict.fromkeys(field.holder for field in fields if field.holder))

    def named(self, one: Desired) -> Iterator[Address]:
        """All that the attributes of a declared object may refer to."""
        for field in self._types[one.address.kind].fields:
            if field.refers and field.name in one.values:
                yield from self.referred(one.address, field.refers, one.values[field.name])

    def called(self, one: Address) -> str:
        """What values call an object whose code they stand for: its own name where they name what is beside them."""
        return self.name(one) if one.kind in self.named_beside else one.key

    @cached_property
    def naming_beside(self) -> frozenset[str]:
        """The kinds whose values name what lives in the same parent, and stand for its code."""
        links = ((kind, one.refers) for kind, type_ in self._types.items() for one in type_.fields if one.linked)
        return frozenset(kind for kind, refers in links if refers is not None and refers.within)

    def keepers(self, one: Address) -> Iterator[tuple[Address, Field]]:
        """The blocks beside an object that may keep something of it, each with the list that names it."""
        parent = self.parent(one)
        for child in self._children[parent.kind] if parent else ():
            if child.identity.alone and parent:
                yield from (
                    (Address(child.kind, parent.key), field) for field in child.cleared if one.kind in field.linked
                )

    @cached_property
    def named_beside(self) -> frozenset[str]:
        """The kinds that values name by what they are called in the same parent, and stand for by their codes."""
        references = [one.refers for type_ in self._types.values() for one in type_.fields if one.refers]
        return frozenset(kind for one in references if one.within and one.by_code for kind in one.kinds)

    # Keys and addresses.

    def key(self, kind: str, name: str, parent: str = "") -> str:
        """The natural key of an object from its own name and the key of what it lives in."""
        type_ = self._types[kind]
        if not type_.parent:
            return name
        match type_.identity.joined:
            case Joined.AT:
                return f"{name}@{parent}"
            case Joined.SAME:
                return parent
            case Joined.SLASH:
                outer = parent if self._segmented(type_.parent) else _escaped(parent)
                return f"{outer}/{_escaped(name)}"

    def split(self, one: Address) -> tuple[str, str]:
        """The key of what an object lives in ("" for nothing), and the object's own name."""
        type_ = self._types[one.kind]
        if not type_.parent:
            return "", one.key
        match type_.identity.joined:
            case Joined.AT:
                name, _, parent = one.key.rpartition("@")
                return parent, name
            case Joined.SAME:
                return one.key, one.key
            case Joined.SLASH:
                outer, _, name = one.key.rpartition("/")
                return (outer if self._segmented(type_.parent) else _plain(outer)), _plain(name)

    def name(self, one: Address) -> str:
        """The name that the files and the API use for an object."""
        return self.split(one)[1]

    def _segmented(self, kind: str) -> bool:
        type_ = self._types[kind]
        return bool(type_.parent) and type_.identity.joined is Joined.SLASH

    def segments(self, kind: str) -> int:
        """How many parts an address of a kind has behind the kind's name."""
        return self._segments[kind]

    def address(self, text: str) -> Address:
        """Read an address, ``mailbox/ada@example.com``; raises ValueError for one that no object can have."""
        one = Address.of(text)
        if one.kind not in self._types:
            raise ValueError(f"{text!r}: there is no kind {one.kind!r}; there are {', '.join(self._types)}")
        parts = one.key.count("/") + 1
        if self._segmented(one.kind) and parts != self.segments(one.kind):
            raise ValueError(f"{text!r}: a {one.kind} has {self.segments(one.kind)} names behind its kind, not {parts}")
        return one

    # Places in the files.

    def place(self, kind: str) -> tuple[str, ...]:
        """Where a kind stands in the files, ``*`` for a key: ``("domains", "*", "mailboxes")``."""
        type_ = self._types[kind]
        if not type_.parent:
            return type_.section
        alone = self._types[type_.parent].identity.alone
        return (*self.place(type_.parent), *(() if alone else ("*",)), *type_.section)

    def path(self, kind: str) -> str:
        """The keys that lead to a kind's objects, as people read them: ``domains.DOMAIN.mailboxes``."""
        outer = [one.kind.upper() for one in self.outer(kind) if not one.identity.alone]
        return ".".join(outer.pop() if step == "*" else step for step in self.place(kind))

    def form(self, kind: str, name: str = "NAME") -> str:
        """What a key of a kind looks like: ``NAME@DOMAIN``."""
        parent = self._types[kind].parent
        return self.key(kind, name, self.form(parent, parent.upper()) if parent else "")

    def _check_places(self) -> None:
        seen: dict[tuple[str, ...], str] = {}
        for kind, one in self._types.items():
            most = 1 if one.parent else 2
            if not 0 < len(one.section) <= most or not all(one.section):
                raise ValueError(f"{kind}: {one.section} is no place in the files")
            other = seen.setdefault(self.place(kind), kind)
            if other != kind:
                raise ValueError(f"{kind} and {other} stand at the same place in the files")
            for field in one.fields:
                outer = self._types[one.parent].by_name if one.parent else {}
                for name in filter(None, (field.at_most, field.otherwise)):
                    if name not in outer:
                        raise ValueError(f"{kind}.{field.name} follows {name}, which its parent has not")
            if one.parent and one.section[0] in self._types[one.parent].by_name:
                raise ValueError(f"{kind}: {one.section[0]} is an attribute of {one.parent}")

    def _check_references(self) -> None:
        for kind, one in self._types.items():
            for field in one.fields:
                for target in field.refers.kinds if field.refers else ():
                    if target not in self._types:
                        raise ValueError(f"{kind}.{field.name} refers to {target}, which is no kind")
                    if field.refers and field.refers.within and self._types[target].parent != one.parent:
                        raise ValueError(f"{kind}.{field.name} refers to {target}, which lives elsewhere")
                    if field.linked and field.refers and not field.refers.within and self._types[target].parent:
                        raise ValueError(f"{kind}.{field.name} refers by code to {target}, which is not in one list")

    def _check_paths(self) -> None:
        for kind, one in self._types.items():
            if one.calls.counted and kind not in self._types[one.parent].counters:
                raise ValueError(f"{kind}: {one.parent} does not count it")
            known = {OWN, *(outer.kind for outer in self.outer(kind))}
            for call in one.calls:
                if not call.variables <= known:
                    raise ValueError(f"{kind}: {call.path} names {', '.join(sorted(call.variables - known))}")
            for call in (call for field in one.fields if field.each for call in field.each.calls):
                named = [*call.variables & {ENTRY}, *filter(None, (call.entry, call.entries))]
                if not call.variables <= known | {ENTRY} or len(named) != 1:
                    raise ValueError(f"{kind}: {call.path} is about one entry, which it or its body names once")


def _share_names(one: Identity, other: Identity) -> bool:
    return bool(one.namespace) and (one.namespace, one.everywhere) == (other.namespace, other.everywhere)


def _escaped(name: str) -> str:
    for char, code in _ESCAPES:
        name = name.replace(char, code)
    return name


def _plain(segment: str) -> str:
    for char, code in reversed(_ESCAPES):
        segment = segment.replace(code, char)
    return segment
