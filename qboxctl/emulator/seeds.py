"""An account from a seed and back. A seed has the shape of a configuration, with plain values.

What a configuration says about the run (``settings``, ``protect``, ``defaults`` …) means nothing here.
``customer_code`` on a domain or a Delivery object makes it another customer's, as the token of an admin sees it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from qboxctl.emulator.rules import STATUSES, add_postmaster, initial_values
from qboxctl.emulator.state import Store, Stored, canonical
from qboxctl.model import JSON
from qboxctl.resources import TYPES
from qboxctl.schema import formats
from qboxctl.schema.collections import References
from qboxctl.schema.resource import Field, ResourceType
from qboxctl.schema.types import GB, Choice

POSTMASTER = "postmaster"
"""The key of a domain in a dump under which its postmaster's settings stand, where they are not the usual."""
_Names = dict[str, dict[str, Stored]]


def plant(store: Store, seed: Mapping[str, Any], extra: dict[str, set[str]]) -> None:
    """Fill an empty store; ``extra`` learns the unmodelled attributes that the seed uses. Raises ValueError."""
    settings = seed.get("settings") or {}
    store.customer_code = str(seed.get("customer_code") or settings.get("customer_code") or store.customer_code)
    delivery = _mapping("delivery", seed.get("delivery"))
    for kind, section in (("domain", "domains"), ("delivery_domain", "delivery_domains")):
        store.taken[kind] = {formats.relaxed_domain(name) for name in (seed.get("taken") or {}).get(section) or ()}
    planter = _Planter(store, extra)
    for name, block in _mapping("domains", seed.get("domains")).items():
        planter.domain(str(name), block)
    for type_ in TYPES.levels[0]:
        if type_.section[0] == "delivery":
            for name, block in _mapping(type_.section[1], delivery.get(type_.section[1])).items():
                planter.plant(type_, str(name), block)


def _mapping(where: str, block: Any) -> Mapping[str, Any]:
    if not isinstance(block, Mapping | None):
        raise ValueError(f"{where}: expected a mapping of objects")
    return block or {}


class _Planter:
    """Makes the objects of one seed; references are looked up among those that it has made."""

    def __init__(self, store: Store, extra: dict[str, set[str]]) -> None:
        self._store = store
        self._extra = extra
        self._made: _Names = {kind: {} for kind in TYPES}

    def domain(self, name: str, block: Any) -> None:
        """One domain with everything inside."""
        sections = {type_.section[0]: type_ for type_ in TYPES.children("domain")}
        own = dict(_mapping(f"domain/{name}", block))
        inside = {section: _mapping(f"domain/{name}: {section}", own.pop(section, None)) for section in sections}
        postmaster = own.pop(POSTMASTER, None) or {}
        domain = self.plant(TYPES["domain"], name, own, ceiling=_largest(inside))
        if domain is None:
            return
        try:
            made = add_postmaster(self._store, domain)
            for section, type_ in sections.items():
                for child, attributes in inside[section].items():
                    if child == type_.reserved:
                        postmaster = {**postmaster, **attributes}
                    else:
                        self.plant(type_, str(child), attributes, parent=domain)
            self._overwrite(made, postmaster)
        except ValueError as error:
            raise error if "/" in str(error).partition(":")[0] else ValueError(f"{domain.address}: {error}") from None

    def plant(
        self, type_: ResourceType, name: str, block: Any, *, parent: Stored | None = None, ceiling: int = 0
    ) -> Stored | None:
        """One object; None where the seed says that it is absent."""
        where = f"{type_.kind}/{TYPES.key(type_.kind, name, parent.key if parent else '')}"
        try:
            if type_.short and not isinstance(block, Mapping):
                block = {type_.short: block}
            if not isinstance(block, Mapping | None):
                raise ValueError("expected a mapping of attributes")
            block = dict(block or {})
            if block.pop("state", "present") == "absent":
                return None
            return self._made_of(type_, name, block, parent, ceiling)
        except ValueError as error:
            named = str(error).startswith(f"{type_.kind}/")
            raise ValueError(str(error) if named else f"{where}: {error}") from None

    def _made_of(
        self, type_: ResourceType, name: str, block: dict[str, Any], parent: Stored | None, ceiling: int
    ) -> Stored:
        key = type_.normalise(name)
        code = str(block.pop(type_.id, None) or self._store.next_code(type_))
        owner = "" if parent else str(block.pop("customer_code", ""))
        accessed = str(block.pop("last_access_at", None) or "") if type_.kind == "mailbox" else ""
        self._store.customers.update([owner] if owner else [])
        status = block.pop("status", "enabled")
        if status not in STATUSES.get(type_.kind, ("enabled", "disabled")):
            raise ValueError(f"status: {status!r} is not a status of this kind")
        values, more = self._attributes(type_, block)
        initial = initial_values(type_, parent)
        if ceiling and "max_email_quota" not in values:
            initial["max_email_quota"] = max(ceiling, initial["max_email_quota"])
        if type_.key in type_.by_name:
            values.setdefault(type_.key, name)
            name = values[type_.key]
        obj = Stored(type_, code, name.strip(), key, {**initial, **values}, more, parent, status)
        obj.owner, obj.accessed = owner, accessed
        self._allowed(obj)
        if type_.key in type_.by_name:
            obj.key = type_.comparable(obj.name)
        self._store.add(obj)
        self._made[type_.kind][key] = obj
        return obj

    def _allowed(self, obj: Stored) -> None:
        if obj.key in self._store.taken.get(obj.kind, ()):
            raise ValueError("the name is taken by a stranger")
        size = obj.values.get("max_email_quota")
        if obj.parent is not None and size is not None and size > obj.parent.values["max_email_quota"]:
            raise ValueError("max_email_quota: it is larger than the domain's")

    def _overwrite(self, obj: Stored, block: Mapping[str, Any]) -> None:
        values, more = self._attributes(obj.type, {k: v for k, v in block.items() if k not in ("code", "state")})
        self._store.write(obj, values, more)

    def _attributes(self, type_: ResourceType, block: Mapping[str, Any]) -> tuple[dict[str, JSON], dict[str, JSON]]:
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
                raise ValueError(f"there is no attribute {name!r}")
            elif not one.secret:
                try:
                    values[name] = self._value(one, raw)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        for name in more:
            if name in type_.wire_names or name in type_.by_name:
                raise ValueError(f"extra.{name}: this attribute has a place of its own")
        self._extra[type_.kind].update(more)
        return values, more

    def _value(self, one: Field, raw: Any) -> JSON:
        if isinstance(one.type, Choice) and raw in dict(one.type.others) and not str(raw).isdigit():
            return raw  # an older word, which only the past can have given to an object
        value = one.type.parse(raw)
        if isinstance(one.type, References):
            known = self._made[one.refers]
            missing = [str(name) for name in raw if _key(one, str(name)) not in known]
            if missing:
                raise ValueError(f"there is no {one.refers}/{missing[0]}")
            return tuple(dict.fromkeys(known[_key(one, str(name))].code for name in raw))
        return value


def _key(one: Field, name: str) -> str:
    return TYPES[one.refers].normalise(name)


def _largest(inside: Mapping[str, Mapping[str, Any]]) -> int:
    """The largest size that any mailbox of a seeded domain states: a domain that states none has room for it."""
    sizes = [0]
    size = TYPES["mailbox"].by_name["max_email_quota"].type
    for block in inside[TYPES["mailbox"].section[0]].values():
        if isinstance(block, Mapping) and "max_email_quota" in block and block.get("state") != "absent":
            try:
                sizes.append(size.parse(block["max_email_quota"]))
            except ValueError:
                continue  # said when the mailbox's turn comes
    return max(sizes) if max(sizes) > 8 * GB else 0


# -- and back --------------------------------------------------------------------------------------------------


def dump(store: Store, *, codes: bool = True) -> dict[str, Any]:
    """The account as a seed with sorted keys and canonical values; what is on its way out is left out."""
    dumper = _Dumper(store, codes)
    taken = {f"{kind}s": sorted(found) for kind, found in sorted(store.taken.items()) if found}
    content: dict[str, Any] = {
        "customer_code": store.customer_code,
        "domains": {obj.key: dumper.domain(obj) for obj in dumper.sorted_rows(TYPES["domain"])},
        "delivery": {
            type_.section[1]: dict(sorted(dumper.collection(type_)))
            for type_ in sorted(TYPES.levels[0], key=lambda one: one.section)
            if type_.section[0] == "delivery"
        },
    }
    return dict(sorted({**content, **({"taken": taken} if taken else {})}.items()))


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

    def domain(self, obj: Stored) -> dict[str, Any]:
        """One domain with everything inside."""
        block = self.block(obj)
        for type_ in TYPES.children(obj.kind):
            block[type_.section[0]] = {
                child.key: self.block(child) for child in self.sorted_rows(type_, obj) if not child.reserved
            }
        postmaster = next((box for box in self._store.rows("mailbox", obj).values() if box.reserved), None)
        if postmaster is not None:
            initial = {**initial_values(postmaster.type, obj), "firstname": "Postmaster"}
            changed = {
                name: value
                for name, value in self.block(postmaster).items()
                if name not in ("code", "status", "max_email_quota")
                and (name == "extra" or value != canonical(postmaster.type.by_name[name], initial[name]))
            }
            if postmaster.status != "enabled":
                changed["status"] = postmaster.status
            if changed:
                block[POSTMASTER] = changed
        return dict(sorted(block.items()))

    def collection(self, type_: ResourceType) -> Iterator[tuple[str, dict[str, Any]]]:
        """The objects of one Delivery collection with their keys."""
        for obj in self.sorted_rows(type_):
            yield self._keys.get(obj, obj.key), self.block(obj)

    def block(self, obj: Stored) -> dict[str, Any]:
        """One object's attributes."""
        type_ = obj.type
        block: dict[str, Any] = {type_.id: obj.code} if self._codes else {}
        if obj.accessed and self._codes:
            block["last_access_at"] = obj.accessed
        if obj.owner:
            block["customer_code"] = obj.owner
        if "status" in type_.by_name or obj.status != "enabled":
            block["status"] = obj.status
        for name, value in obj.values.items():
            one = type_.by_name[name]
            if isinstance(one.type, References):
                targets = (self._store.find(one.refers, code) for code in value)
                block[name] = sorted(self._keys.get(target, target.key) for target in targets if target is not None)
            else:
                block[name] = canonical(one, value)
        if obj.extra:
            block["extra"] = dict(sorted(obj.extra.items()))
        return dict(sorted(block.items()))

    def _unique_keys(self) -> dict[Stored, str]:
        """A key for each object that has no unique name: its name, with a number behind where that is taken."""
        keys: dict[Stored, str] = {}
        for type_ in (one for one in TYPES.values() if not one.unique):
            used: set[str] = set()
            rows = self.sorted_rows(type_)
            content = {obj: "" if self._codes else json.dumps(self.block(obj), sort_keys=True) for obj in rows}
            for obj in sorted(rows, key=lambda obj: (obj.key, content[obj], int(obj.digits))):
                key, number = obj.key, 2
                while key in used:
                    key, number = f"{obj.key} ({number})", number + 1
                keys[obj] = key
                used.add(key)
        return keys
