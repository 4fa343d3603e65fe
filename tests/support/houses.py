"""Random houses: accounts and wishes of the kinds in ``tests.support.shapes``."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from qboxctl.emulator import Fault
from tests.support.expect import objects
from tests.support.shapes import KINDS

Tree = dict[str, Any]

NAMES = ("h1", "h2", "100%")
ROOMS = ("hall", "top/left", "no", "%2f", "grüner salon")
"""Each can be mistaken for something else: a path, a truth, an escape."""
_TEXTS = st.sampled_from(["", "red", "no", "a: b # c", "12", "{x}"])
_PHONE = st.one_of(
    st.sampled_from(["1", "+39 2", "no"]),
    st.fixed_dictionaries({"value": st.sampled_from(["1", "2"])}, optional={"type": st.sampled_from(["home", "work"])}),
)
_SHELF = st.fixed_dictionaries({}, optional={"width": st.integers(0, 3)})
_ROOM = st.fixed_dictionaries(
    {},
    optional={
        "note": _TEXTS,
        "shelves": st.dictionaries(st.sampled_from(["low", "top/left", "~"]), _SHELF, max_size=2),
    },
)
_BOX = st.fixed_dictionaries({"first_colour": _TEXTS}, optional={"is_open": st.booleans()})
_CARD = st.fixed_dictionaries({}, optional={"phones": st.lists(_PHONE, max_size=3), "nickname": _TEXTS})
_HOUSE = st.fixed_dictionaries(
    {},
    optional={
        "colour": _TEXTS,
        "rooms": st.dictionaries(st.sampled_from(ROOMS), _ROOM, max_size=3),
        "boxes": st.dictionaries(st.sampled_from(["b1", "b 2"]), _BOX, max_size=2),
        "cards": st.dictionaries(st.sampled_from(["acme", "o'hara"]), _CARD, max_size=2),
    },
)
_ALARM = st.fixed_dictionaries(
    {"level": st.integers(0, 3)}, optional={"alarm_status": st.sampled_from(["enabled", "disabled"])}
)


@st.composite
def houses(draw: st.DrawFn) -> Tree:
    """An account of houses, in the form of a configuration; what an alarm names is there."""
    found = draw(st.dictionaries(st.sampled_from(NAMES), _HOUSE, max_size=2))
    for house in found.values():
        if draw(st.booleans()):
            house["alarm"] = draw(_ALARM)
            rooms = sorted(house.get("rooms", {}))
            if rooms:
                house["alarm"]["rooms"] = draw(st.lists(st.sampled_from(rooms), max_size=2, unique=True))
    return {"houses": found}


@st.composite
def wanted(draw: st.DrawFn, seed: Tree) -> Tree:
    """A wish for an account: other houses, and some of what is there already is to go."""
    wish = draw(houses())
    for address in objects(seed, KINDS):
        if draw(st.integers(0, 3)) == 0:
            _remove(seed, wish, address)
    wish["settings"] = {
        "guards": {"count": 1000, "percent": 100},
        "on_remove": {kind: draw(st.sampled_from(["keep", "delete"])) for kind in KINDS},
    }
    return wish


def _remove(seed: Tree, wish: Tree, address: str) -> None:
    """Declare an object absent, with all that is in it, unless the wish says something of it or of its home."""
    tree, inside = wish, seed
    one = KINDS.address(address)
    for home in (*reversed([*KINDS.ancestors(one)]), one):
        type_ = KINDS[home.kind]
        section, alone = type_.section[0], type_.identity.alone
        if home == one and (section in tree if alone else KINDS.name(home) in tree.get(section, {})):
            return
        inside = inside[section] if alone else inside[section][KINDS.name(home)]
        tree = tree.setdefault(section, {}) if alone else tree.setdefault(section, {}).setdefault(KINDS.name(home), {})
    tree |= _absent(one.kind, inside)


def _absent(kind: str, body: Tree) -> Tree:
    found: Tree = {"state": "absent"}
    for child in KINDS.children(kind):
        section = child.section[0]
        if child.identity.alone and section in body:
            found[section] = {"state": "absent"}
        elif section in body and not child.identity.alone:
            found[section] = {name: _absent(child.kind, one) for name, one in body[section].items()}
    return found


def outcome(before: Tree, wish: Tree) -> dict[str, Tree]:
    """What an account must be after an apply, by address: what is stated of each object, and what it had before."""
    found = deepcopy(objects(before, KINDS))
    for address, body in objects(wish, KINDS).items():
        if body.get("state") == "absent":
            found.pop(address, None)
        else:
            found[address] = {**found.get(address, {}), **parsed(address, body)}
    on_remove = wish["settings"]["on_remove"]
    said = objects(wish, KINDS)
    for address in list(found):
        one = KINDS.address(address)
        homes = [str(home) for home in KINDS.ancestors(one)]
        kept = address in said or on_remove[one.kind] == "keep" or not managed(wish, address)
        if any(home not in found for home in homes) or not kept:
            del found[address]
    for address, body in found.items():
        if address.startswith("alarm/"):
            body["rooms"] = [name for name in body.get("rooms", ()) if _beside(address, name) in found]
    return found


def _beside(alarm: str, room: str) -> str:
    return f"room/{KINDS.key('room', room, KINDS.address(alarm).key)}"


def managed(wish: Tree, address: str) -> bool:
    """Whether a wish tells all of the collection that an object is in."""
    one = KINDS.address(address)
    home, type_ = KINDS.parent(one), KINDS[one.kind]
    if type_.identity.alone:
        return False
    block: Any = wish
    for outer in reversed([*KINDS.ancestors(one)]):
        block = block.get(KINDS[outer.kind].section[0], {}).get(KINDS.name(outer), {})
    return type_.section[0] in block and (home is None or block.get("state") != "absent")


def parsed(address: str, body: Tree) -> Tree:
    """The attributes of a wish in the form in which an account is dumped."""
    by_name = KINDS[address.partition("/")[0]].by_name
    return {name: by_name[name].type.encode(by_name[name].type.parse(raw)) for name, raw in body.items()}


_MOVES = [
    {"kind": "shift"}, {"kind": "grow"}, {"kind": "hide", "path": "/api/rooms/*"},
    {"kind": "404", "path": "/api/rooms/*"},
    {"kind": "hide", "path": "/api/houses/*/*", "objects": 1}, {"kind": "404", "path": "/api/houses/*/cards"},
]  # fmt: skip


def moves() -> st.SearchStrategy[Fault]:
    """One list, for some requests in a row, that does not tell the truth."""
    return st.builds(
        lambda move, nth, count: Fault(**{"method": "GET", "nth": nth, "count": count, **move}),
        st.sampled_from(_MOVES), st.integers(1, 12), st.integers(1, 4),
    )  # fmt: skip
