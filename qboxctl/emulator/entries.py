"""Lists that are written entry by entry: what a request about one entry means, and what is kept of each.

Everything here runs under the emulator's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qboxctl.emulator.behaviour import Draft
from qboxctl.emulator.state import Stored
from qboxctl.emulator.wire import Refusal, Row
from qboxctl.model import JSON
from qboxctl.schema.calls import ENTRY, Call
from qboxctl.schema.entries import Entries
from qboxctl.schema.field import Field

GIVE, TAKE, CLEAR = "give", "take", "clear"
"""What a request may do with an entry; judgements and effects go by these words."""


def understand(draft: Draft, one: Field, call: Call, codes: Mapping[str, str], body: JSON) -> None:
    """Find out which entry a request is about, and what it is to do with it; complain where that cannot be."""
    for operation, known in _calls(one):
        if (known.method, known.path) == (call.method, call.path) and _says(known, body):
            draft.operation = operation
            named = codes[ENTRY] if ENTRY in codes else body[known.entry or known.entries]
            found = {str(code): _linked(draft, one, str(code)) for code in _listed(named)}
            for code, target in found.items():
                if target is None and ENTRY in codes:
                    raise Refusal(404)
                if target is None:
                    draft.complain(known.entry or known.entries, f"{code} does not exist")
            draft.entries = tuple(target for target in found.values() if target is not None)
            return
    raise Refusal(422, [(next(iter(call.body), call.entry or "body"), "is not valid")])


def _calls(one: Field) -> Iterable[tuple[str, Call]]:
    each = one.each or Entries(())
    for operation, calls in ((GIVE, each.give), (TAKE, (each.take,)), (CLEAR, (each.clear,))):
        yield from ((operation, call) for call in calls if call is not None)


def _listed(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else [value]


def _linked(draft: Draft, one: Field, code: str) -> Stored | None:
    """The object of a code, where it may be in the list."""
    found = draft.store.linked(one, code)
    home = draft.target.parent if one.refers and one.refers.within else None
    return found if found is not None and (home is None or found.parent is home) else None


def _says(call: Call, body: JSON) -> bool:
    """Whether a body is one of such a call."""
    wanted = {*call.body, *filter(None, [call.entry, call.entries])}
    if not isinstance(body, dict):
        return not wanted
    return wanted <= body.keys() and all(body[name] == value for name, value in call.body.items())


def move(draft: Draft, one: Field, reads: int) -> None:
    """Do what a request wants with its entry; ``reads`` still show what is kept of one that is cleared."""
    obj, codes = draft.target, [entry.code for entry in draft.entries]
    within = [code for code in obj.values[one.name] if code not in codes]
    for entry in draft.entries:
        entry.version = draft.store.version + 1  # its row may show where it is
    draft.store.write(obj, {one.name: tuple([*within, *codes] if draft.operation == GIVE else within)})
    for code in codes if draft.operation == CLEAR else ():
        if reads:
            obj.kept[code] = reads
        else:
            obj.kept.pop(code, None)


def forget(store_values: Mapping[Stored, str], gone: Stored) -> Mapping[Stored, tuple[str, ...]]:
    """The lists that an object is in which goes, without it."""
    return {
        obj: tuple(code for code in obj.values[name] if code != gone.code)
        for obj, name in store_values.items()
        if obj.type.by_name[name].each or obj.type.by_name[name].holder
    }


def seen(obj: Stored) -> bool:
    """A read that shows an object brings its entries nearer to their end; whether one is gone by that."""
    gone = [code for code, reads in obj.kept.items() if reads == 1]
    for code, reads in list(obj.kept.items()):
        obj.kept[code] = max(0, reads - 1)
    for code in gone:
        del obj.kept[code]
    return bool(gone)


def register(obj: Stored, one: Field) -> list[Row]:
    """The rows of the list that tells which entries there are."""
    told = one.each.register if one.each else None
    if told is None:
        raise Refusal(404)
    codes = dict.fromkeys((*obj.kept, *obj.values[one.name]))
    return [{told.codes[0]: code, told.states[0]: state_of(obj, one, code)} for code in sorted(codes)]


def state_of(obj: Stored, one: Field, code: str) -> str:
    """Where an entry is."""
    if obj.kept.get(code):
        return "deleting"
    return "enabled" if code in obj.values[one.name] else "disabled"
