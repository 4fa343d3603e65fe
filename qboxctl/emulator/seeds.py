"""An account from a seed and back. A seed has the shape of a configuration, with plain values.

What a configuration says about the run (``settings``, ``protect``, ``defaults`` …) means nothing here.
``customer_code`` on an object of the account makes it another customer's, as the token of an admin sees it. An object
that is in every parent by itself stands in its parent under its name, where its attributes are not the usual ones.
``published`` are the domains whose records are in DNS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from qboxctl.emulator.behaviour import add_reserved, behaviour_of, initial_values
from qboxctl.emulator.state import Store, Stored, canonical
from qboxctl.model import JSON
from qboxctl.schema.collections import Objects
from qboxctl.schema.field import Field
from qboxctl.schema.hints import offered
from qboxctl.schema.lifecycle import ENABLED
from qboxctl.schema.places import ABSENT, PRESENT, STATE
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import Choice

OWN = frozenset({"customer_code", "taken", "published"})
"""What an account consists of beside its objects."""
KEPT = "kept"
"""Under this a seed names the entries of a list of which something is kept, though they are in it no more."""


def plant(store: Store, seed: Mapping[str, Any], extra: dict[str, set[str]]) -> None:
    """Fill an empty store; ``extra`` learns the unmodelled attributes that the seed uses. Raises ValueError."""
    settings = seed.get("settings") or {}
    store.customer_code = str(seed.get("customer_code") or settings.get("customer_code") or store.customer_code)
    for kind, type_ in store.types.items():
        names = (seed.get("taken") or {}).get(_plural(kind)) or ()
        store.taken[kind] = {type_.identity.comparable(name) for name in names}
    for name in seed.get("published") or ():
        store.publish(str(name))
    planter = _Planter(store, extra)
    for type_ in store.types.levels[0]:
        block: Any = seed
        for step in type_.section[:-1]:
            block = _mapping(step, block.get(step))
        planter.collection(type_, block.get(type_.section[-1]))


def _plural(kind: str) -> str:
    """The name under which a seed lists the names of a kind that strangers have taken."""
    return f"{kind}s"


def _mapping(where: str, block: Any) -> Mapping[str, Any]:
    if not isinstance(block, Mapping | None):
        raise ValueError(f"{where}: expected a mapping of objects")
    return block or {}


class _Planter:
    """Makes the objects of one seed; references are looked up among those that it has made."""

    def __init__(self, store: Store, extra: dict[str, set[str]]) -> None:
        self._store = store
        self._types = store.types
        self._extra = extra
        self._made: dict[tuple[str, Stored | None, str], Stored] = {}

    def collection(self, type_: ResourceType, block: Any, parent: Stored | None = None) -> None:
        """The objects of one collection, with everything inside."""
        where = f"{self._store.address(parent)}: {type_.section[-1]}" if parent else type_.section[-1]
        for name, body in _mapping(where, block).items():
            if parent is None or not type_.identity.reserves(str(name)):
                self.plant(type_, str(name), body, parent)

    def plant(self, type_: ResourceType, name: str, block: Any, parent: Stored | None) -> None:
        """One object, with everything inside; none where the seed says that it is absent."""
        home = self._store.address(parent).key if parent else ""
        where = f"{type_.kind}/{self._types.key(type_.kind, name, home)}"
        try:
            if type_.short and not isinstance(block, Mapping):
                block = {type_.short: block}
            if not isinstance(block, Mapping | None):
                raise ValueError("expected a mapping of attributes")
            own = dict(block or {})
            inside = {child.kind: own.pop(child.section[0], None) for child in self._types.children(type_.kind)}
            reserved = self._reserved(type_, own, inside)
            if own.get(STATE) == ABSENT:
                return
            if own.get(STATE) == PRESENT or STATE not in type_.by_name:
                own.pop(STATE, None)
            obj = self._made_of(type_, name, own, parent, inside)
            add_reserved(self._store, obj)
            for kind, body in inside.items():
                if not self._types[kind].identity.alone:
                    self.collection(self._types[kind], body, obj)
                elif body is not None:
                    self.plant(self._types[kind], "", body, obj)
            for kind, attributes in reserved.items():
                self._overwrite(next(one for one in self._store.rows(kind, obj).values() if one.reserved), attributes)
        except ValueError as error:
            named = "/" in str(error).partition(":")[0].partition(" ")[0]
            raise ValueError(str(error) if named else f"{where}: {error}") from None

    def _reserved(
        self, type_: ResourceType, own: dict[str, Any], inside: Mapping[str, Any]
    ) -> dict[str, Mapping[str, Any]]:
        """What a block says, in itself or in a collection, of the objects that come with it by themselves."""
        found: dict[str, Mapping[str, Any]] = {}
        for child in self._types.children(type_.kind):
            reserved = child.identity.reserved
            if reserved is not None:
                beside = inside[child.kind].get(reserved.name) if isinstance(inside[child.kind], Mapping) else None
                found[child.kind] = {**(own.pop(reserved.name, None) or {}), **(beside or {})}
        return found

    def _made_of(
        self,
        type_: ResourceType,
        name: str,
        block: dict[str, Any],
        parent: Stored | None,
        inside: Mapping[str, Any],
    ) -> Stored:
        key = type_.identity.normalise(name)
        code = str(block.pop(type_.identity.id, None) or self._store.next_code(type_))
        owner = "" if parent else str(block.pop("customer_code", ""))
        used = str(block.pop(type_.first_use, None) or "")
        kept = block.pop(KEPT, ()) if type_.cleared else ()
        self._store.customers.update([owner] if owner else [])
        lifecycle = type_.lifecycle
        status = block.pop(lifecycle.attribute, ENABLED) if lifecycle.words else ENABLED
        if status not in behaviour_of(type_.kind).statuses:
            raise ValueError(f"{lifecycle.attribute}: {status!r} is not a status of this kind")
        facts = {fact: block.pop(fact) for fact in behaviour_of(type_.kind).facts & block.keys()}
        values, more = self._attributes(type_, block, parent)
        for repeated in type_.calls.create.repeats:  # every creation by us says it
            values.setdefault(repeated, type_.by_name[repeated].initial)
        initial = self._with_room(initial_values(type_, parent), inside)
        if type_.identity.key in type_.by_name:
            values.setdefault(type_.identity.key, name)
            name = values[type_.identity.key]
        obj = Stored(type_, code, name.strip(), key, {**initial, **values}, more, parent, status)
        obj.owner, obj.accessed, obj.facts = owner, used, facts
        for one in type_.cleared:
            obj.kept.update((self._named(one, str(each), parent).code, 0) for each in kept)
        self._allowed(obj)
        if type_.identity.key in type_.by_name:
            obj.key = type_.identity.comparable(obj.name)
        self._store.add(obj)
        self._made[type_.kind, parent, key] = obj
        return obj

    def _allowed(self, obj: Stored) -> None:
        if self._store.strangers(obj.type, obj.key):
            raise ValueError("the name is taken by a stranger")
        for one in obj.type.fields:
            if obj.parent is not None and one.at_most and obj.values[one.name] > obj.parent.values[one.at_most]:
                raise ValueError(f"{one.name}: it is larger than the {obj.parent.kind}'s")

    def _with_room(self, initial: dict[str, JSON], inside: Mapping[str, Any]) -> dict[str, JSON]:
        """Initial values that leave room for what a seed puts inside: its blocks need not say that there is."""
        for kind, bodies in inside.items():
            for one in self._types[kind].fields:
                for body in bodies.values() if isinstance(bodies, Mapping) and one.at_most else ():
                    if isinstance(body, Mapping) and one.name in body and body.get(STATE) != ABSENT:
                        initial[one.at_most] = max(initial[one.at_most], _parsed(one, body[one.name]))
        return initial

    def _overwrite(self, obj: Stored, block: Mapping[str, Any]) -> None:
        own = {k: v for k, v in block.items() if k not in ("code", STATE)}
        values, more = self._attributes(obj.type, own, obj.parent)
        self._store.write(obj, values, more)

    def _attributes(
        self, type_: ResourceType, block: Mapping[str, Any], parent: Stored | None
    ) -> tuple[dict[str, JSON], dict[str, JSON]]:
        """The modelled and the other attributes; passwords are left out, so that nothing opens a seeded object."""
        values: dict[str, JSON] = {}
        more = dict(block.get("extra") or {})
        for name, raw in block.items():
            if name == "extra" or name.startswith("x-"):
                continue
            one = type_.by_name.get(name)
            if one is None and name in self._extra[type_.kind]:
                more[name] = raw
            elif one is None:
                raise ValueError(f"there is no attribute {name!r}: {offered(str(name), sorted(type_.by_name))}")
            elif one.returned:
                try:
                    values[name] = self._value(one, raw, parent)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        for name in more:
            if name in type_.wire_names or name in type_.by_name:
                raise ValueError(f"extra.{name}: this attribute has a place of its own")
        self._extra[type_.kind].update(more)
        return values, more

    def _value(self, one: Field, raw: Any, parent: Stored | None) -> JSON:
        if isinstance(one.type, Choice) and raw in dict(one.type.others) and not str(raw).isdigit():
            return raw  # an older word, which only the past can have given to an object
        value = one.type.parse(raw)
        if one.linked:
            return tuple(dict.fromkeys(self._named(one, str(name), parent).code for name in raw))
        return one.type.encode(value) if isinstance(one.type, Objects) else value  # kept as requests send them

    def _named(self, one: Field, name: str, parent: Stored | None) -> Stored:
        within = parent if one.refers is not None and one.refers.within else None
        kind, _, own = name.partition("/")
        stated = len(one.linked) > 1 and kind in one.linked  # an address, where a name may be that of two
        kinds = [self._types[kind]] if stated else [self._types[each] for each in one.linked]
        key = own if stated else name
        found = (self._made.get((type_.kind, within, type_.identity.comparable(key))) for type_ in kinds)
        obj = next((each for each in found if each is not None), None)
        if obj is None:
            raise ValueError(f"there is no {kinds[0].kind}/{key}")
        return obj


def _parsed(one: Field, raw: Any) -> int:
    """A size that a seed states; 0 where it is none, which is said when the object's turn comes."""
    try:
        return int(one.type.parse(raw))
    except ValueError:
        return 0


# -- and back --------------------------------------------------------------------------------------------------


def dump(store: Store, *, codes: bool = True) -> dict[str, Any]:
    """The account as a seed with sorted keys and canonical values; what is on its way out is left out."""
    dumper = _Dumper(store, codes)
    taken = {_plural(kind): sorted(found) for kind, found in sorted(store.taken.items()) if found}
    content: dict[str, Any] = {"customer_code": store.customer_code, **({"taken": taken} if taken else {})}
    if codes and store.published:
        content["published"] = sorted(store.published)
    for type_ in sorted(store.types.levels[0], key=lambda one: one.section):
        block = content
        for step in type_.section[:-1]:
            block = block.setdefault(step, {})
        block[type_.section[-1]] = dumper.collection(type_)
    return dict(sorted(content.items()))


class _Dumper:
    """Writes the objects of one store down; accounts go by keys that it gives them first."""

    def __init__(self, store: Store, codes: bool) -> None:
        self._store = store
        self._codes = codes
        self._keys: dict[Stored, str] = {}
        self._keys = self._unique_keys()

    def sorted_rows(self, type_: ResourceType, parent: Stored | None = None) -> list[Stored]:
        """The objects of a collection that stay, by their keys."""
        rows = [obj for obj in self._store.rows(type_.kind, parent).values() if obj.leaving is None]
        return sorted(rows, key=lambda obj: obj.key)

    def collection(self, type_: ResourceType, parent: Stored | None = None) -> dict[str, Any]:
        """The objects of a collection by their keys, with everything inside."""
        rows = [obj for obj in self.sorted_rows(type_, parent) if not (obj.reserved or self.untouched(obj))]
        found = [(self._keys.get(obj, obj.key), self.whole(obj)) for obj in rows]
        return dict(sorted(found, key=itemgetter(0)))  # of two that share a key, the one that came last is kept

    def untouched(self, obj: Stored) -> bool:
        """Whether an object came to be by itself, and nothing is in it."""
        children = self._store.types.children(obj.kind)
        return obj.spare and not any(self._store.rows(type_.kind, obj) for type_ in children)

    def whole(self, obj: Stored) -> dict[str, Any]:
        """One object with everything inside."""
        block = self.block(obj)
        for type_ in self._store.types.children(obj.kind):
            if type_.identity.alone:
                for one in self.sorted_rows(type_, obj):
                    block[type_.section[0]] = self.whole(one)
                continue
            block[type_.section[0]] = self.collection(type_, obj)
            own = next((one for one in self._store.rows(type_.kind, obj).values() if one.reserved), None)
            changed = self.unusual(own) if own is not None else {}
            if own is not None and changed:
                block[own.key] = changed
        return dict(sorted(block.items()))

    def unusual(self, obj: Stored) -> dict[str, Any]:
        """The attributes of an object that is there by itself, as far as they are not what they are at first."""
        type_ = obj.type
        usual = {**initial_values(type_, obj.parent), **behaviour_of(type_.kind).reserved}
        same = {name: canonical(type_.by_name[name], value) for name, value in usual.items()}
        same[type_.lifecycle.attribute] = ENABLED
        fixed = {type_.identity.id, *(one.name for one in type_.fields if one.at_most)}
        block = self.block(obj).items()
        return {name: value for name, value in block if name not in fixed and (name not in same or value != same[name])}

    def block(self, obj: Stored) -> dict[str, Any]:
        """One object's attributes."""
        type_ = obj.type
        block: dict[str, Any] = {type_.identity.id: obj.code} if self._codes else {}
        block |= obj.facts if self._codes else {}
        if obj.accessed and self._codes:
            block[type_.first_use] = obj.accessed
        if obj.owner:
            block["customer_code"] = obj.owner
        if type_.lifecycle.words and (type_.disabling or obj.status != ENABLED):
            block[type_.lifecycle.attribute] = obj.status
        for name, value in obj.values.items():
            one = type_.by_name[name]
            if one.linked:
                targets = (self._store.linked(one, code) for code in value)
                block[name] = sorted(self.named(one, target) for target in targets if target is not None)
            else:
                block[name] = canonical(one, value)
        kept = obj.kept.keys() - {code for one in type_.cleared for code in obj.values[one.name]}
        if kept:
            boxes = (self._store.linked(one, code) for one in type_.cleared for code in kept)
            block[KEPT] = sorted(self._keys.get(box, box.key) for box in boxes if box is not None)
        if obj.extra:
            block["extra"] = dict(sorted(obj.extra.items()))
        return dict(sorted(block.items()))

    def named(self, one: Field, target: Stored) -> str:
        """The name of an object in a list; its address where the list may mean another one by that name."""
        name = self._keys.get(target, target.key)
        others = (obj for kind in one.linked if kind != target.kind for obj in self._store.objects(kind))
        shared = any(self._keys.get(obj, obj.key) == name for obj in others)
        return f"{target.kind}/{name}" if shared else name

    def _unique_keys(self) -> dict[Stored, str]:
        """A key for each object that has no unique name: its name, with a number behind where that is taken."""
        keys: dict[Stored, str] = {}
        for type_ in (one for one in self._store.types.values() if not one.identity.unique):
            for parent in self._store.objects(type_.parent) if type_.parent else (None,):
                self._name_apart(self.sorted_rows(type_, parent), keys)
        return keys

    def _name_apart(self, rows: list[Stored], keys: dict[Stored, str]) -> None:
        """Give the objects of one list a key each."""
        used: set[str] = set()
        content = {obj: "" if self._codes else json.dumps(self.block(obj), sort_keys=True) for obj in rows}
        for obj in sorted(rows, key=lambda obj: (obj.key, content[obj], int(obj.digits))):
            key, number = obj.key, 2
            while key in used:
                key, number = f"{obj.key} ({number})", number + 1
            keys[obj] = key
            used.add(key)
