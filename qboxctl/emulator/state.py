"""The objects of one account with the indexes that answers and rules need. No quirks, no HTTP, no rules.

Whoever changes anything holds the emulator's lock. Values are kept as they were sent; ``canonical`` gives the
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
from functools import cache

from qboxctl.model import JSON
from qboxctl.resources import TYPES
from qboxctl.schema.collections import References
from qboxctl.schema.resource import Field, ResourceType
from qboxctl.schema.types import Choice

_NO_ROWS: Mapping[str, Stored] = {}
_NO_SIZES: Counter[int] = Counter()
CUSTOMER = "C123456789"
"""The customer code of an account whose seed names none."""
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_PREFIXES = {"domain": ("D", 9), "mailbox": ("EA", 8), "alias": ("AE", 8), "delivery_domain": ("DD", 8)}
_BARE_IDS = {"delivery_account": 1000, "suppression": 5000}


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
    status: str = "enabled"
    pending: int = 0
    leaving: int | None = None
    owner: str = ""
    created: str = ""
    updated: str = ""
    accessed: str = ""
    version: int = 0
    searched: str = ""
    """What a list's ``query`` looks at, in lower case: address, names, description."""
    row: tuple[tuple[JSON, ...], str] | None = None
    """The row as text with what it depends on; see ``Answers``."""

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.type.kind

    @property
    def address(self) -> str:
        """What people call it: ``mailbox/ada@example.com``."""
        return f"{self.kind}/{TYPES.key(self.kind, self.key, self.parent.key if self.parent else '')}"

    @property
    def reserved(self) -> bool:
        """Whether it exists by itself, as a domain's postmaster does."""
        return bool(self.type.reserved) and self.key == self.type.reserved

    @property
    def detail(self) -> str:
        """Its ``status_detail``."""
        return "deleting" if self.leaving is not None else "activating" if self.pending else "ok"

    @property
    def digits(self) -> str:
        """The digits of its code; what the server names after the object is made of them."""
        return re.sub(r"\D", "", self.code) or "0"


def canonical(one: Field, value: JSON) -> JSON:
    """The value in the form that compares, as JSON has it; an older word of a choice stays what it is."""
    if value is None or isinstance(one.type, Choice):
        return value
    decoded = one.type.decode(list(value) if isinstance(value, tuple) else value)
    return list(decoded) if isinstance(decoded, tuple) else decoded


class Store:
    """All objects of one account."""

    def __init__(self, *, numeric: bool = False) -> None:
        self.customer_code = CUSTOMER
        self.customers: set[str] = set()
        self.taken: dict[str, set[str]] = defaultdict(set)
        self.published: set[str] = set()
        self.password_sets: Counter[str] = Counter()
        self.version = 0
        self._numeric = numeric
        self._rows: dict[tuple[str, str], dict[str, Stored]] = defaultdict(dict)
        self._codes: dict[str, dict[str, Stored]] = defaultdict(dict)
        self._names: dict[tuple[str, str], dict[str, Stored]] = defaultdict(dict)
        self._referrers: dict[tuple[str, str], dict[Stored, str]] = defaultdict(dict)
        self._sizes: dict[str, Counter[int]] = defaultdict(Counter)
        self._numbers: Counter[str] = Counter()
        self._hashes: dict[str, tuple[bytes, bytes]] = {}

    # -- looking up ----------------------------------------------------------------------------------------

    def rows(self, kind: str, parent: Stored | None = None) -> Mapping[str, Stored]:
        """The objects of one collection by code, in the order of their creation."""
        return self._rows.get((kind, parent.code if parent else ""), _NO_ROWS)

    def find(self, kind: str, code: str) -> Stored | None:
        """The object with this code."""
        return self._codes[kind].get(code)

    def named(self, type_: ResourceType, parent: Stored | None, key: str) -> Stored | None:
        """What bears the name already: all kinds that live in one parent share their names."""
        return self._names.get(_space(type_, parent), _NO_ROWS).get(key)

    def referrers(self, target: Stored) -> dict[Stored, str]:
        """The objects that refer to this one, with the name of the field that does."""
        return self._referrers.get((target.kind, target.code), {})

    def sizes(self, parent: Stored) -> Counter[int]:
        """How many mailboxes of each size a domain holds, its postmaster aside."""
        return self._sizes.get(parent.code, _NO_SIZES)

    # -- changing ------------------------------------------------------------------------------------------

    def next_code(self, type_: ResourceType) -> str:
        """A code that no object of the kind has had since the start."""
        kind = type_.kind
        if kind in _BARE_IDS:
            prefix, first = "", _BARE_IDS[kind]
        else:
            prefix, length = _PREFIXES.get(kind, (kind[:2].upper(), 8))
            first = 10 ** (length - 1)
        self._numbers[kind] = max(self._numbers[kind], first) + 1
        return f"{'' if self._numeric else prefix}{self._numbers[kind]}"

    def add(self, obj: Stored) -> None:
        """Take a new object in; raises ValueError where its code or name is taken."""
        if self._numeric:
            obj.code = str(int(obj.digits))
        names = self._names[_space(obj.type, obj.parent)]
        if obj.code in self._codes[obj.kind]:
            raise ValueError(f"{obj.address}: the {obj.type.id} {obj.code} is taken")
        if obj.type.unique and obj.key in names:
            raise ValueError(f"{obj.address}: the name is taken by {names[obj.key].address}")
        if not obj.reserved:
            self._numbers[obj.kind] = max(self._numbers[obj.kind], int(obj.digits))
        if obj.type.unique:
            names[obj.key] = obj
        self._codes[obj.kind][obj.code] = obj
        self._rows[obj.kind, obj.parent.code if obj.parent else ""][obj.code] = obj
        self._refer(obj, True)
        self._count(obj, 1)
        obj.created = self._touch(obj)

    def write(self, obj: Stored, values: Mapping[str, JSON], extra: Mapping[str, JSON] | None = None) -> None:
        """Set attributes of an object; ``status`` among them is its status."""
        values = dict(values)
        self._refer(obj, False)
        self._count(obj, -1)
        obj.status = values.pop("status", obj.status)
        obj.values.update(values)
        obj.extra.update(extra or {})
        if obj.type.key in values:
            obj.name = values[obj.type.key]
            obj.key = obj.type.comparable(obj.name)
        self._refer(obj, True)
        self._count(obj, 1)
        self._touch(obj)

    def remove(self, obj: Stored) -> None:
        """Forget an object with everything inside."""
        for type_ in TYPES.children(obj.kind):
            for child in list(self.rows(type_.kind, obj).values()):
                self.remove(child)
        self._refer(obj, False)
        self._count(obj, -1)
        del self._rows[obj.kind, obj.parent.code if obj.parent else ""][obj.code]
        del self._codes[obj.kind][obj.code]
        if obj.type.unique:
            del self._names[_space(obj.type, obj.parent)][obj.key]
        self._hashes.pop(secret_address(obj.address), None)
        self._touch(obj)

    def _touch(self, obj: Stored) -> str:
        self.version += 1
        obj.version = self.version
        if obj.parent is not None:
            obj.parent.version = self.version
        texts = (obj.values.get(name) for name in ("firstname", "lastname", "description"))
        obj.searched = "\n".join((obj.address.partition("/")[2], *(str(text).lower() for text in texts if text)))
        obj.updated = (_EPOCH + timedelta(seconds=self.version)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return obj.updated

    def _refer(self, obj: Stored, there: bool) -> None:
        for one in _references(obj.kind):
            for code in obj.values[one.name]:
                target = self._codes[one.refers].get(code)
                if target is not None:
                    target.version = self.version + 1  # its row may show who refers to it
                if there:
                    self._referrers[one.refers, code][obj] = one.name
                else:
                    self._referrers[one.refers, code].pop(obj, None)

    def _count(self, obj: Stored, number: int) -> None:
        size = obj.values.get("max_email_quota")
        if obj.parent is not None and size is not None and not obj.reserved:
            self._sizes[obj.parent.code][size] += number

    # -- secrets -------------------------------------------------------------------------------------------

    def set_password(self, address: str, text: str) -> None:
        """Keep a salted hash of a password, and count that it was set."""
        salt = secrets.token_bytes(16)
        address = secret_address(address)
        self._hashes[address] = (salt, _hashed(salt, text))
        self.password_sets[address] += 1

    def log_in(self, box: Stored, text: str, new: str) -> bool:
        """Let a mailbox's user in; one who must change the password gets in only with a new one."""
        must = box.values["force_new_password"]
        if not self.has_password(box.address, text) or (must and not new):
            return False
        if must:
            self.set_password(box.address, new)
            box.values["force_new_password"] = False
        box.accessed = self._touch(box)
        return True

    def has_password(self, address: str, text: str) -> bool:
        """Whether this is the password of the object."""
        salt, kept = self._hashes.get(secret_address(address), (b"", b""))
        return bool(salt) and secrets.compare_digest(kept, _hashed(salt, text))


def secret_address(address: str) -> str:
    """The address under which a password is kept: a postmaster's is an attribute of the domain."""
    name, at, domain = address.partition("@")
    return f"domain/{domain}" if at and name == "mailbox/postmaster" else address


@cache
def _references(kind: str) -> tuple[Field, ...]:
    return tuple(one for one in TYPES[kind].fields if isinstance(one.type, References))


def _hashed(salt: bytes, text: str) -> bytes:
    return hashlib.blake2b(text.encode(), salt=salt, digest_size=32).digest()


def _space(type_: ResourceType, parent: Stored | None) -> tuple[str, str]:
    return (type_.namespace or type_.kind, parent.code if parent else "")
