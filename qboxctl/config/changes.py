"""What a configuration says otherwise than it did at an earlier revision: two sets of files in, addresses out. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from qboxctl.config.configuration import Configuration
from qboxctl.config.loader import Stated, stated
from qboxctl.config.yaml.reader import Source
from qboxctl.errors import ConfigError, Diagnostic, Severity
from qboxctl.model import JSON, Address, Desired, Value
from qboxctl.schema.decoding import EXTRA
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.types import Type

_NOTHING = "{}"
"""What ``stated`` gives for an object that is mentioned, and of which nothing is said."""


class Edit(NamedTuple):
    """What was edited since a revision: what the files that are not the same said then, and what they say now."""

    then: Stated
    now: Stated
    touched: Sequence[Source]
    types: Kinds

    def warnings(self) -> list[Diagnostic]:
        """What could not be read of the files as they were; today's are there to correct it."""
        hint = "nothing counts as removed on account of this"
        return [replace(one, hint=hint, severity=Severity.WARNING) for one in self.then.mistakes]


def edit(before: Sequence[Source], touched: Sequence[Source], types: Kinds) -> Edit:
    """Read the files that differ: as they were, as far as they can be read, and as they are. Raises ConfigError."""
    now = stated(touched, types)
    if now.mistakes:
        raise ConfigError(now.mistakes)
    return Edit(stated(before, types), now, touched, types)


@dataclass(frozen=True, slots=True)
class RevisionDiff:
    """``changed`` are the declared objects of which the files say something else, or nothing, at the revision.

    ``edited`` are their attributes that are new or have another value, of those whose effect an account may not tell:
    ``extra.NAME``, and sets of which a server may drop a part; with each, the entries that left it. ``gone`` are those
    that were declared then, and are no more; ``remembered`` is what was declared then of all that only an id or a text
    tells. ``rules`` are what bears on objects that no file mentions: ``settings``, ``protect``, ``ignore``.
    """

    changed: frozenset[Address]
    gone: frozenset[Address]
    rules: tuple[str, ...]
    edited: Mapping[Address, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    remembered: Mapping[Address, Desired] = field(default_factory=dict)


def difference(made: Edit, configuration: Configuration) -> RevisionDiff:
    """What an edit changed of a configuration, of whose files it touched some.

    What stands in a file that did not change may have had attributes in another one: then these tell. It is not
    changed by being mentioned in one more.
    """
    before, now = made.then, made.now
    touched = {id(source) for source in made.touched}
    files = {number for number, source in enumerate(configuration.sources) if id(source) in touched}
    kinds = _differing(before.defaults, now.defaults)
    changed = {
        address
        for address in before.objects.keys() | now.objects.keys()
        if address in configuration.objects
        and (
            before.objects.get(address, _NOTHING) != now.objects.get(address, _NOTHING)
            or (address not in before.objects and configuration.objects[address].where.file in files)
        )
    }
    changed |= {address for address in configuration.objects if address.kind in kinds}
    rules = tuple(sorted(_differing(before.rules, now.rules)))
    edited = {address: names for address in changed if (names := _edited(made, configuration.objects[address]))}
    gone = before.present - configuration.objects.keys()
    return RevisionDiff(frozenset(changed), gone, rules, edited, before.labelled)


def _edited(made: Edit, one: Desired) -> dict[str, tuple[str, ...]]:
    """The attributes, of those that count, of which the files that differ say something else now, as far as is known.

    With each comes what left it, where it is a list. What another file says of them today is not what was edited.
    """
    types = {each.name: each.type for each in made.types[one.address.kind].doubtful if each.name in one.values}
    values = {EXTRA + name: _text(value) for name, value in one.extra.items()}
    values |= {name: _text(one.values[name]) for name in types}
    if not values or (made.then.mistakes and one.address not in made.then.objects):
        return {}
    was, now = (_said(said, one.address, types) for said in (made.then, made.now))
    stands = {name: text for name, text in now.items() if values.get(name) == text}
    return {name: _left(was.get(name), text) for name, text in stands.items() if was.get(name) != text}


def _left(before: str | None, now: str) -> tuple[str, ...]:
    """The entries of a list that are not in it any more, both as texts that compare; () for what is no list."""
    was, has = json.loads(before or "null"), json.loads(now)
    both = isinstance(was, list) and isinstance(has, list)
    return tuple(one for one in was if one not in has and isinstance(one, str)) if both else ()


def _said(said: Stated, address: Address, types: Mapping[str, Type]) -> Mapping[str, str]:
    """What some files say of an object in ``extra`` and some attributes, defaults included, as texts that compare."""
    bodies = [json.loads(text) for text in (said.defaults.get(address.kind), said.objects.get(address)) if text]
    found: dict[str, str] = {}
    for body in bodies:
        if isinstance(body, dict):
            extra = body.get("extra")
            found |= {EXTRA + name: _text(value) for name, value in (extra.items() if isinstance(extra, dict) else ())}
            found |= {name: _canonical(types[name], body[name]) for name in types.keys() & body.keys()}
    return found


def _canonical(type_: Type, raw: JSON) -> str:
    """A value in canonical form, however it is spelt; as it is, where it does not fit."""
    try:
        return _text(type_.parse(raw))
    except ValueError:
        return _text(raw)


def _text(value: Value) -> str:
    return json.dumps(value, sort_keys=True)


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> set[str]:
    return {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
