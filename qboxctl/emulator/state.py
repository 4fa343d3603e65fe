"""The objects of one account with the indexes that answers and rules need. No quirks, no HTTP, no rules.

Nothing is changed without the emulator's lock. Values are kept as they were sent; ``canonical`` gives the
form that compares.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from qboxctl.model import JSON, Address
from qboxctl.schema.field import Field
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.lifecycle import DISABLED, ENABLED, SETTLED
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import Choice

_NO_ROWS: Mapping[str, Stored] = {}
_NO_SIZES: Counter[JSON] = Counter()
CUSTOMER = "C123456789"
"""The customer code of an account whose seed names none."""
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Code(NamedTuple):
    """What the codes of a kind look like: ``prefix``, and digits that count from ``first``."""

    prefix: str
    first: int


PLAIN_CODE = Code("X", 10_000_000)
"""What the codes of a kind look like of which nothing is known."""


@dataclass(slots=True, eq=False)
class Stored:
    """One object. ``name`` is as it was sent, ``key`` the form that is unique; ``values`` go by field names.

    ``pending`` counts the reads that still show it as activating, ``leaving`` those that still show it at all
    (None: it stays). ``extra`` holds attributes that no definition knows, ``owner`` the code of the customer that
    it belongs to where that is not the account's.
    """

    type: ResourceType
    code: str
    name: str
    key: str
    values: dict[str, JSON]
    extra: dict[str, JSON] = field(default_factory=dict)
    parent: Stored | None = None
    status: str = ENABLED
    pending: int = 0
    leaving: int | None = None
    owner: str = ""
    facts: dict[str, JSON] = field(default_factory=dict)
    """What a seed says that otherwise the server alone would know."""
    created: str = ""
    updated: str = ""
    accessed: str = ""
    version: int = 0
    kept: dict[str, int] = field(default_factory=dict)
    """What is kept of the entries of a list that is written one by one, by code, whether they are in it or not: the
    number of reads that still show one on its way out, 0 for one that stays."""
    spare: bool = False
    """Whether it came to be by itself."""
    told: str = ""
    """What is shown of the secret that its creation told."""
    opening: tuple[bytes, bytes] = (b"", b"")
    """That secret's salt and hash."""
    searched: str = ""
    """What a list's ``query`` looks at, in lower case: address, names, description."""
    row: tuple[tuple[JSON, ...], str] | None = None
    """The row as text with what it depends on; see ``Answers``."""

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.type.kind

    @property
    def reserved(self) -> bool:
        """Whether it exists by itself, as a domain's postmaster does."""
        return self.type.identity.reserves(self.key)

    @property
    def detail(self) -> str:
        """What is under way with it."""
        return "deleting" if self.leaving is not None else "activating" if self.pending else SETTLED

    @property
    def standing(self) -> str:
        """Its status, or the word for what its kind tells instead."""
        lifecycle = self.type.lifecycle
        if lifecycle.words:
            return self.status
        return DISABLED if self.values[lifecycle.attribute] == lifecycle.disabled else ENABLED

    @property
    def digits(self) -> str:
        """The digits of its code; what the server names after the object is made of them."""
        return re.sub(r"\D", "", self.code) or "0"


def canonical(one: Field, value: JSON) -> JSON:
    """The value in the form that compares, as JSON has it; an older word of a choice stays what it is."""
    if value is None or isinstance(one.type, Choice):
        return value
    return one.type.encode(one.type.decode(list(value) if isinstance(value, tuple) else value))


class Store:
    """All objects of one account."""

    def __init__(self, types: Kinds, codes: Mapping[str, Code], *, numeric: bool = False) -> None:
        self.types = types
        self.customer_code = CUSTOMER
        self.customers: set[str] = set()
        self.taken: dict[str, set[str]] = defaultdict(set)
        self.published: set[str] = set()
        self.sent: Counter[str] = Counter()
        self.password_sets: Counter[str] = Counter()
        self.version = 0
        self._numeric = numeric
        self._codes_of = codes
        limits = [one.bounds for type_ in types.values() for one in type_.fields if one.bounds]
        self._tallied = {one.kind: one.by for one in sorted(limits, key=lambda one: one.by)}  # by what any counts by
        self._rows: dict[tuple[str, str], dict[str, Stored]] = defaultdict(dict)
        self._codes: dict[str, dict[str, Stored]] = defaultdict(dict)
        self._names: dict[tuple[str, str], dict[str, Stored]] = defaultdict(dict)
        self._referrers: dict[tuple[str, str], dict[Stored, str]] = defaultdict(dict)
        self._sizes: dict[tuple[str, str], Counter[JSON]] = defaultdict(Counter)
        self._numbers: Counter[str] = Counter()
        self._hashes: dict[Address, tuple[bytes, bytes]] = {}

    # -- looking up ----------------------------------------------------------------------------------------

    def rows(self, kind: str, parent: Stored | None = None) -> Mapping[str, Stored]:
        """The objects of one collection by code, in the order of their creation."""
        return self._rows.get((kind, parent.code if parent else ""), _NO_ROWS)

    def objects(self, kind: str) -> list[Stored]:
        """All objects of a kind, wherever they are."""
        return list(self._codes[kind].values())

    def blocks(self, obj: Stored) -> list[Stored]:
        """The objects that are alone in one, and shown with it."""
        alone = (type_ for type_ in self.types.children(obj.kind) if type_.identity.alone)
        return [block for type_ in alone for block in self.rows(type_.kind, obj).values()]

    def find(self, kind: str, code: str) -> Stored | None:
        """The object with this code."""
        return self._codes[kind].get(code)

    def linked(self, one: Field, code: str) -> Stored | None:
        """The object that a code in a list of references stands for."""
        found = (self._codes[kind].get(code) for kind in one.linked)
        return next((obj for obj in found if obj is not None), None)

    def named(self, type_: ResourceType, parent: Stored | None, key: str) -> Stored | None:
        """What bears the name already: kinds of one namespace share their names, in one parent or everywhere."""
        return self._names.get(_space(type_, parent), _NO_ROWS).get(key)

    def strangers(self, type_: ResourceType, key: str) -> bool:
        """Whether a stranger bears the name, as a kind that shares it."""
        kinds = {type_.kind, *(self.types.sharing(type_.kind) if type_.identity.everywhere else ())}
        return any(key in self.taken.get(kind, ()) for kind in kinds)

    def referrers(self, target: Stored) -> dict[Stored, str]:
        """The objects that refer to this one, with the name of the field that does."""
        return self._referrers.get((target.kind, target.code), {})

    def sizes(self, parent: Stored, kind: str) -> Counter[JSON]:
        """How many objects of each size are in one, by what its limits count; those that come by themselves aside."""
        return self._sizes.get((parent.code, kind), _NO_SIZES)

    # -- changing ------------------------------------------------------------------------------------------

    def next_code(self, type_: ResourceType) -> str:
        """A code that no object of the kind has had since the start."""
        kind, (prefix, first) = type_.kind, self._codes_of[type_.kind]
        self._numbers[kind] = max(self._numbers[kind], first) + 1
        return f"{'' if self._numeric else prefix}{self._numbers[kind]}"

    def address(self, obj: Stored) -> Address:
        """What people call an object: ``mailbox/ada@example.com``."""
        parent = self.address(obj.parent).key if obj.parent else ""
        return Address(obj.kind, self.types.key(obj.kind, obj.key, parent))

    def add(self, obj: Stored, *, twice: bool = False) -> None:
        """Take a new object in; raises ValueError where its code is taken, or its name that may not be there twice."""
        if self._numeric:
            obj.code = str(int(obj.digits))
        names = self._names[_space(obj.type, obj.parent)]
        if obj.code in self._codes[obj.kind]:
            raise ValueError(f"{self.address(obj)}: the {obj.type.identity.id} {obj.code} is taken")
        if obj.type.identity.unique and obj.key in names and not twice:
            raise ValueError(f"{self.address(obj)}: the name is taken by {self.address(names[obj.key])}")
        if not obj.reserved:
            self._numbers[obj.kind] = max(self._numbers[obj.kind], int(obj.digits))
        if obj.type.identity.unique:
            names.setdefault(obj.key, obj)
        self._codes[obj.kind][obj.code] = obj
        self._rows[obj.kind, obj.parent.code if obj.parent else ""][obj.code] = obj
        self._refer(obj, True)
        self._count(obj, 1)
        _keep(obj)
        obj.created = self.touch(obj)

    def write(self, obj: Stored, values: Mapping[str, JSON], extra: Mapping[str, JSON] | None = None) -> None:
        """Set attributes of an object; its status may be among them."""
        values = dict(values)
        self._refer(obj, False)
        self._count(obj, -1)
        if obj.type.lifecycle.words:
            obj.status = values.pop(obj.type.lifecycle.attribute, obj.status)
        obj.values.update(values)
        obj.extra.update(extra or {})
        if obj.type.identity.key in values:
            obj.name = values[obj.type.identity.key]
            obj.key = obj.type.identity.comparable(obj.name)
        self._refer(obj, True)
        self._count(obj, 1)
        _keep(obj)
        self.touch(obj)

    def remove(self, obj: Stored) -> None:
        """Forget an object with everything inside."""
        for type_ in self.types.children(obj.kind):
            for child in list(self.rows(type_.kind, obj).values()):
                self.remove(child)
        self._refer(obj, False)
        self._count(obj, -1)
        del self._rows[obj.kind, obj.parent.code if obj.parent else ""][obj.code]
        del self._codes[obj.kind][obj.code]
        if obj.type.identity.unique:
            self._free(obj)
        self._hashes.pop(self.holder(self.address(obj)), None)
        self.touch(obj)

    def publish(self, domain: str) -> None:
        """Note that the records of a domain are in DNS; the rows of what bears its name may tell so."""
        self.published.add(domain)
        for type_ in self.types.levels[0]:
            obj = self.named(type_, None, domain)
            if obj is not None:
                obj.row = None

    def _free(self, obj: Stored) -> None:
        """Forget an object's name, unless another one bears it too."""
        names = self._names[_space(obj.type, obj.parent)]
        if names.get(obj.key) is obj:
            del names[obj.key]
            twin = next((one for one in self.rows(obj.kind, obj.parent).values() if one.key == obj.key), None)
            if twin is not None:
                names[obj.key] = twin

    def touch(self, obj: Stored) -> str:
        """Note that an object has changed, and when."""
        self.version += 1
        obj.version = self.version
        if obj.parent is not None:
            obj.parent.version = self.version
        obj.searched = ""
        obj.updated = (_EPOCH + timedelta(seconds=self.version)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return obj.updated

    def _refer(self, obj: Stored, there: bool) -> None:
        for one in obj.type.fields:
            if not one.linked:
                continue
            for code in obj.values[one.name]:
                target = self.linked(one, code)
                if target is None:
                    continue
                target.version = self.version + 1  # its row may show who refers to it
                if there:
                    self._referrers[target.kind, code][obj] = one.name
                else:
                    self._referrers[target.kind, code].pop(obj, None)

    def _count(self, obj: Stored, number: int) -> None:
        by = self._tallied.get(obj.kind)
        if obj.parent is not None and by is not None and not obj.reserved:
            self._sizes[obj.parent.code, obj.kind][obj.values.get(by)] += number

    # -- secrets -------------------------------------------------------------------------------------------

    def set_password(self, address: Address, text: str) -> None:
        """Keep a salted hash of a password, and count that it was set."""
        salt = secrets.token_bytes(16)
        address = self.holder(address)
        self._hashes[address] = (salt, _hashed(salt, text))
        self.password_sets[str(address)] += 1

    def tell(self, obj: Stored) -> str:
        """Make a secret for a new object: only its hash is kept, and its first letters."""
        text, salt = secrets.token_urlsafe(30), secrets.token_bytes(16)
        obj.told, obj.opening = f"{text[:4]}…", (salt, _hashed(salt, text))
        return text

    def opened_by(self, text: str) -> Stored | None:
        """The object that a told secret opens."""
        for type_ in self.types.values():
            for obj in self.objects(type_.kind) if type_.told else ():
                salt, kept = obj.opening
                if salt and obj.leaving is None and secrets.compare_digest(kept, _hashed(salt, text)):
                    return obj
        return None

    def has_password(self, address: Address, text: str) -> bool:
        """Whether this is the password of the object."""
        salt, kept = self._hashes.get(self.holder(address), (b"", b""))
        return bool(salt) and secrets.compare_digest(kept, _hashed(salt, text))

    def holder(self, address: Address) -> Address:
        """Where a password is kept: that of an object which is in every parent by itself is the parent's."""
        home = self.types.parent(address)
        reserved = self.types[address.kind].identity.reserves(self.types.name(address))
        return home if reserved and home is not None else address


def _keep(obj: Stored) -> None:
    """Something is kept of what is given to a list, until it is cleared."""
    for one in obj.type.fields:
        if one.each and one.each.clear:
            obj.kept.update(dict.fromkeys(obj.values[one.name], 0))


def _hashed(salt: bytes, text: str) -> bytes:
    return hashlib.blake2b(text.encode(), salt=salt, digest_size=32).digest()


def _space(type_: ResourceType, parent: Stored | None) -> tuple[str, str]:
    within = parent.code if parent and not type_.identity.everywhere else ""
    return (type_.identity.namespace or type_.kind, within)
