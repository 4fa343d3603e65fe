"""One declared object against its live one: which attributes differ, and which cannot be compared.

Read-only and write-only attributes are skipped, an attribute that the file omits is left alone, a volatile one is
compared until the object's first use, all others are compared strictly in canonical form. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qboxctl.json_text import canonical
from qboxctl.model import JSON, MISSING, Change, Desired, FieldChange, Live, Missing, Others, Value
from qboxctl.planning.firstuse import Use, use_of, used
from qboxctl.schema.collections import same_json
from qboxctl.schema.decoding import EXTRA, TOUCHED, Codes, kept_of, now_of, value_of
from qboxctl.schema.field import Field
from qboxctl.schema.resource import ResourceType


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs: ``changed`` can be written, ``fixed`` cannot any more, ``unseen`` cannot be told."""

    changed: tuple[FieldChange, ...] = ()
    fixed: tuple[FieldChange, ...] = ()
    unseen: tuple[str, ...] = ()


EQUAL = Difference()


_NONE: Others = {}


def compare(type_: ResourceType, desired: Desired, live: Live, codes: Codes, others: Others = _NONE) -> Difference:
    """What differs between the declared and the live object; ``others`` is what live objects have (see LiveState)."""
    changed: list[FieldChange] = []
    fixed: list[FieldChange] = []
    unseen: list[str] = []
    by_name = type_.by_name
    off = type_.disabling is not None and desired.values.get(type_.disabling[0]) == type_.disabling[1]
    for name, want in desired.values.items():
        one = by_name[name]
        if one.in_use and off:
            continue
        if one.volatile:
            have = value_of(type_, one, live, codes)
            match _still_to_send(one, want, have, live):
                case True:
                    changed.append(FieldChange(name, have, want))
                case None:
                    unseen.append(name)
            continue
        if not one.compared:
            continue
        have = value_of(type_, one, live, codes)
        if have is MISSING:
            unseen.append(name)
        elif have != want or type(have) is not type(want):
            settled = _settled(type_, name, want, have, others)
            if settled is None:
                unseen.append(name)
            elif not settled and one.each and one.each.take is None:
                both = tuple(sorted({*want, *(have if isinstance(have, tuple) else ())}))
                if both != have:  # what the API cannot take out stays in
                    changed.append(FieldChange(name, have, both))
            elif not settled:
                (changed if one.on_update else fixed).append(FieldChange(name, have, want))
    lifecycle = type_.lifecycle
    if lifecycle.proves(live.status) and not any(change.name == lifecycle.attribute for change in changed):
        changed.append(FieldChange(lifecycle.attribute, live.status, lifecycle.enabled))
    for name, want in desired.extra.items():
        if name not in live.row:
            unseen.append(EXTRA + name)
        elif not same_json(want, live.row[name]):
            target = changed if type_.changeable else fixed
            target.append(FieldChange(EXTRA + name, live.row[name], want))
    if not changed and not fixed and not unseen:
        return EQUAL
    return Difference(tuple(sorted(changed)) if len(changed) > 1 else tuple(changed), tuple(fixed), tuple(unseen))


def _still_to_send(one: Field, want: Value, have: Value | Missing, live: Live) -> bool | None:
    """Whether a volatile attribute was never sent to an object, None where nobody can tell."""
    if have == want or (have is MISSING and want == one.initial) or not one.until:
        return False
    use = use_of(one, live.row)
    if use is Use.USED:
        return False
    return True if use is Use.UNTOUCHED and have is not MISSING else None


def guarded(type_: ResourceType, fields: Iterable[FieldChange]) -> set[str]:
    """The secrets that are never written apart from what a change writes."""
    known = ((type_.by_name.get(one.name), one.after) for one in fields)
    return {field.guards for field, after in known if field and field.guards and after != field.initial}


def only_once(
    type_: ResourceType, live: Live, fields: Sequence[FieldChange], secrets: Iterable[str], codes: Codes
) -> bool:
    """Whether nothing tells afterwards that an update was made, so that it cannot be repeated safely.

    So it is where secrets are sent again, and not to finish a creation that was broken off, and where nothing that is
    written ever comes back.
    """
    again = set(secrets) - guarded(type_, [one for one in fields if one.before is not None])
    return bool(again) or all(now_of(type_, one.name, live, codes) is MISSING for one in fields)


def _settled(type_: ResourceType, name: str, want: Value, have: Value, others: Others) -> bool | None:
    """Whether a value that differs cannot be helped, or differs in form only; None where nobody can tell.

    A blocked account is not enabled by asking again.
    """
    lifecycle = type_.lifecycle
    if name == lifecycle.attribute and lifecycle.words:
        waits = lifecycle.proves(have) or have in lifecycle.failed
        return want == lifecycle.enabled and have != lifecycle.disabled and not waits
    return type_.by_name[name].type.settled(want, have, others.get((type_.kind, name), ()))


def in_effect(
    type_: ResourceType,
    fields: Iterable[FieldChange],
    live: Live,
    codes: Codes,
    others: Others = _NONE,
    *,
    sent: bool = False,
) -> list[FieldChange]:
    """The attributes that are not as a change wants them, with what they are now; unseen ones count as in effect.

    Right after they were ``sent``, what the server made of them counts as well.
    """
    wrong = []
    for name, before, after in fields:
        now = now_of(type_, name, live, codes)
        want = tuple(after) if isinstance(after, list) and not name.startswith(EXTRA) else after
        one = type_.by_name.get(name)
        if now is MISSING or (one is not None and not (one.compared or _before_first_use(one, live))):
            continue
        if name.startswith(EXTRA):
            same: bool | None = same_json(want, now)
        elif one is not None and one.each and one.each.take is None:  # nothing is taken; what it had may have gone
            same = isinstance(now, tuple) and set(want or ()) - set(before or ()) <= set(now)
        elif sent and one is not None and one.type.among:
            same = one.type.taken(want, now, others.get((type_.kind, name), ()))
        else:
            same = (now == want and type(now) is type(want)) or _settled(type_, name, want, now, others)
        if same is False:
            wrong.append(FieldChange(name, now, after))
    return wrong


def untold(type_: ResourceType, fields: Iterable[FieldChange], live: Live, codes: Codes) -> list[str]:
    """The attributes of a change of which nobody can tell whether they were ever sent to the object."""
    known = ((type_.by_name.get(one.name), one.after) for one in fields)
    volatile = ((one, after, value_of(type_, one, live, codes)) for one, after in known if one and one.volatile)
    return [one.name for one, after, have in volatile if _still_to_send(one, after, have, live) is None]


def unnamed(change: Change, live: Live, type_: ResourceType, codes: Codes) -> str:
    """What a deletion would destroy of the entries of lists beside those that its change names, "" for nothing."""
    named = {one.name: one.before for one in change.fields}
    known = ((one, kept_of(type_, one, live, codes)) for one in type_.cleared)
    sure = ((one, set(kept)) for one, kept in known if not isinstance(kept, Missing))
    found = ((one, kept.difference(named.get(one.name, ()))) for one, kept in sure)
    return ", ".join(f"{one.name} {', '.join(sorted(more))}" for one, more in found if more)


def _before_first_use(one: Field, live: Live) -> bool:
    return one.volatile and one.until in live.row and not used(one, live.row)


def precondition(type_: ResourceType, live: Live, names: Iterable[str], codes: Codes, *, once: bool = False) -> str:
    """A hash of what a change relies on: the object itself, its status, and the values that it would replace.

    A change that may run ``once`` only, since what it writes cannot be read back, relies on when the object was
    changed last, where the API tells it; a volatile attribute's change relies on whether the object was used.
    """
    now = {name: now_of(type_, name, live, codes) for name in names}
    content: dict[str, JSON] = {
        "id": live.remote_id,
        "status": live.status,
        "fields": {name: None if value is MISSING else value for name, value in now.items()},
    }
    if once and TOUCHED in live.row:
        content[TOUCHED] = live.row[TOUCHED]
    if type_.told and any(name in type_.by_name and not type_.by_name[name].on_update for name in names):
        content["told"] = bool(live.row.get(type_.told.used))  # who uses it holds its secret
    volatile = [one for name in now if (one := type_.by_name.get(name)) and one.until]
    if volatile:
        content["used"] = [one.name for one in volatile if used(one, live.row)]
    return "sha256:" + hashlib.sha256(canonical(content)).hexdigest()
