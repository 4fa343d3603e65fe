"""What an account must be after an apply, worked out from the seed and the wish by nothing but dictionaries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from qboxctl.emulator.behaviour import initial_values
from qboxctl.model import Action, Address, Change, Outcome, Status
from qboxctl.resources import TYPES
from qboxctl.schema import collections
from qboxctl.schema.field import Field
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType

Tree = dict[str, Any]


def objects(tree: Mapping[str, Any], types: Kinds = TYPES) -> dict[str, Tree]:
    """Every object of a configuration-shaped tree, by address."""
    found: dict[str, Tree] = {}
    for type_ in types.levels[0]:
        for name, body in _step(tree, type_.section).items():
            _gather(found, types, type_.kind, name, body, "")
    return found


def _gather(found: dict[str, Tree], types: Kinds, kind: str, name: str, body: Tree, parent: str) -> None:
    key = types.key(kind, types[kind].identity.comparable(name), parent)
    inside = {child.section[0]: child for child in types.children(kind)}
    found[f"{kind}/{key}"] = {name: value for name, value in body.items() if name not in inside}
    for section, child in inside.items():
        if child.identity.alone and section in body:
            _gather(found, types, child.kind, key, body[section], key)
        else:
            for name, one in body.get(section, {}).items():
                _gather(found, types, child.kind, name, one, key)


def _step(tree: Mapping[str, Any], steps: Iterable[str]) -> Mapping[str, Any]:
    for step in steps:
        tree = tree.get(step, {})
    return tree


def managed(configuration: Tree, address: str) -> bool:
    """Whether an address is in a collection whose key stands in the configuration."""
    one = Address.of(address)
    *outer, last = TYPES.place(one.kind)
    homes = list(TYPES.ancestors(one))
    tree: Mapping[str, Any] = configuration
    for step in outer:
        if step == "*":
            home = homes.pop()
            same = TYPES[home.kind].identity.comparable
            tree = next((body for name, body in tree.items() if same(name) == TYPES.name(home)), {})
        else:
            tree = tree.get(step, {})
    return last in tree


def check(
    before: Tree,
    configuration: Tree,
    after: Tree,
    blind: frozenset[str] = frozenset(),
    broken_off: frozenset[str] = frozenset(),
) -> None:
    """Compare the account after an apply with what it must be; raises AssertionError naming the object.

    What the API tells nothing of, the ``blind`` attributes, is sure on new objects only, and not on those in
    ``broken_off``, whose creation ended half-way in some run and was reported so.
    """
    was, wanted, now = objects(before), objects(configuration), objects(after)
    on_remove = configuration.get("settings", {}).get("on_remove", {})

    def gone(address: str) -> bool:
        """Also where it only looks so, and a run that was broken off left it: what is missing cannot be seen then."""
        return address not in now or (address in broken_off and _like_none(address, now[address]))

    for address, body in wanted.items():
        if body.get("state") == "absent":
            assert gone(address), f"{address} should be gone"
            continue
        if _idle(address, body) and gone(address):
            continue  # it need not be there, or went with the last mailbox that had an archive
        if _idle(address, body):
            assert address in was, f"{address} was made to be disabled"
        assert address in now, f"{address} is missing"
        _still_kept(address, was, now)
        old = was.get(address, {} if address in broken_off else None)
        _as_wished(address, body, old, now[address], blind)
    for address in was.keys() | now.keys():
        if address in wanted:
            continue
        kind = address.partition("/")[0]
        if any(str(home) in was and str(home) not in now for home in TYPES.ancestors(Address.of(address))):
            assert address not in now, f"{address} should be gone with what it was in"
            continue
        todo = on_remove.get(kind, "keep") if managed(configuration, address) else "keep"
        if todo == "delete":
            assert gone(address), f"{address} should be gone"
            continue
        assert address in was, f"{address} came from nowhere"
        assert address in now, f"{address} was lost"
        _still_kept(address, was, now)
        expected = {name: value for name, value in was[address].items() if name != "kept"}
        if todo == "disable":
            name, value = TYPES[kind].disabling or ("", None)
            expected[name] = value
            expected.pop("bounce_msg", None)
        for one in TYPES[kind].fields:
            if one.sole:
                expected.pop(one.name, None)  # another one may have taken it
        if kind == "vault":
            expected["mailboxes"] = [one for one in expected["mailboxes"] if _box(address, one) in now]
        for one in TYPES[kind].holding:
            expected[one.name] = [name for name in expected[one.name] if name in now[address][one.name]]
        if kind == "suppression":
            expected["accounts"] = [one for one in expected["accounts"] if f"delivery_account/{one}" in now]
        assert {key: now[address][key] for key in expected} == expected, address


def _box(vault: str, name: str) -> str:
    return f"mailbox/{name}@{vault.partition('/')[2]}"


def _idle(address: str, body: Tree) -> bool:
    """Whether an object that need not be there is to be disabled."""
    return any(TYPES[address.partition("/")[0]].is_idle(*one) for one in body.items())


def _like_none(address: str, body: Tree) -> bool:
    """Whether the API shows an object as if there were none: it is disabled, and nothing is in it."""
    return _idle(address, body) and not (body["mailboxes"] or body.get("kept"))


def _still_kept(address: str, was: Mapping[str, Tree], now: Mapping[str, Tree]) -> None:
    """No archive of a mailbox that is still there is destroyed unless its Vault is removed."""
    for before, after in ((was[address], now[address]),) if address in was and address.startswith("vault/") else ():
        kept = {*before["mailboxes"], *before.get("kept", ())} - {*after["mailboxes"], *after.get("kept", ())}
        assert not [name for name in kept if _box(address, name) in now], f"{address}: {kept} was destroyed"


def _as_wished(address: str, body: Tree, was: Tree | None, now: Tree, blind: frozenset[str]) -> None:
    type_ = TYPES[address.partition("/")[0]]
    stated = {one.name for one in type_.implied}
    for name, raw in body.get("extra", {}).items():
        if name in blind and was is not None:
            continue
        have = now.get("extra", {}).get(name) or ""  # null and "" are one
        assert have == raw, f"{address}: extra.{name} is {have}, not {raw}"
    for name, raw in body.items():
        if name == "extra":
            continue
        one = type_.by_name[name]
        if not (one.compared or one.volatile) or (one.in_use and _idle(address, body)):
            continue
        stated.add(name)
        if name in blind and was is not None:
            continue  # the API does not tell: it may or may not have been sent
        want = one.type.parse(raw)
        have = now[name]
        if one.type.among:
            assert was is None or one.type.settled(want, tuple(have), ()) is not False, f"{address}: {name} is {have}"
            continue
        if one.each and one.each.take is None:
            assert set(have) >= {one.type.parse([each])[0] for each in raw}, f"{address}: {name} is {have}"
            continue
        assert _shown(one, want) == have, f"{address}: {name} is {have}, not {want}"
    for name, value in (was or {}).items():
        if name not in stated and name not in ("bounce_msg", "extra", "kept"):
            if (
                name in ("accounts", "status")
                or type_.by_name[name].sole
                or isinstance(type_.by_name[name].type, collections.References)
            ):
                continue
            assert now[name] == value, f"{address}: {name} was changed"


def told(
    changes: Iterable[Change], outcomes: Iterable[Outcome], before: Tree, after: Tree, types: Kinds = TYPES
) -> None:
    """Compare a report with the account: what it says was done is there, what it says was not sent is not.

    And the other way round: of a change of which a part was done, whatever is not in effect is named.
    """
    was, now = objects(before, types), objects(after, types)
    by_address = {change.address: change for change in changes}
    for one in outcomes:
        change, address = by_address[one.address], str(one.address)
        if one.status in (Status.DONE, Status.IN_EFFECT) or change.action.removes:
            continue
        text = str(one.error)
        # by an earlier run, or by another kind: a list hid that from the plan
        taken = "already exists" in text or text.startswith("somebody else made it meanwhile")
        unseen = text.startswith("accepted but not effective: it is not there")  # a list hid it when it was read back
        known = address in was  # a list hid it from the plan
        failed = change.action is Action.CREATE and one.status in (Status.FAILED, Status.SKIPPED)
        if failed and not (known or taken or unseen):
            there = text.startswith("created") or bool(_MADE.search(text))
            assert (address in now) == there, f"{address} is there: {address in now}; {text}"
        live = now.get(address)
        if live is None:
            continue
        wrong = {name for name, _, wanted in change.fields if not _same(types[one.address.kind], live, name, wanted)}
        unsent = set(re.findall(r"[\w.]+", " ".join(re.findall(r"([\w., ]+) (?:was|were) not sent", text))))
        # what is blank is so without being sent, and so may be what an update sends without being able to read it
        blind = change.action is Action.UPDATE
        usual = initial_values(types[one.address.kind])
        effects = {
            name
            for name, was, wanted in change.fields
            if wanted and wanted != usual.get(name) and not (blind and was is None)
        }
        assert taken or not (unsent & effects) - wrong, f"{address}: {text}"  # others may have given it the same
        if "ownership proof" in text:
            wrong.discard("status")  # that is what it waits for
        if re.search(r"the server (added|ignored) ", text):  # which entries, and not of which attribute
            wrong -= {each.name for each in types[one.address.kind].among}
        if text.startswith("created"):
            assert all(re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text) for name in wrong), f"{wrong}: {text}"


_MADE = re.compile(r"^it was created and its secret is stored|; it is there, nobody holds its secret")
"""What is told of something that tells a secret, and is there though its creation failed."""


def _shown(one: Field, value: Any) -> Any:
    """A canonical value as a dump shows it."""
    if isinstance(one.type, collections.Objects):
        return one.type.encode(value)
    return list(value) if isinstance(value, tuple) else value


def _same(type_: ResourceType, live: Tree, name: str, wanted: Any) -> bool:
    if name.startswith("extra."):
        return (live.get("extra", {}).get(name.removeprefix("extra.")) or "") == wanted
    one = type_.by_name.get(name)
    return bool(live.get(name) == (_shown(one, wanted) if one else wanted))
