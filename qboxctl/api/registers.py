"""What a list of the API tells of the entries of another object's list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qboxctl.api.listing import number_in
from qboxctl.model import JSON, Live
from qboxctl.schema.calls import OWN
from qboxctl.schema.entries import Members, Register
from qboxctl.schema.field import Field

if TYPE_CHECKING:
    from qboxctl.api.reader import Account, Home


def registered(account: Account, one: Field, home: Home, live: Live) -> dict[str, JSON]:
    """What to add to an object's row of a list that is told elsewhere; nothing where that cannot be told.

    ``home`` is what the object lives in. What cannot be read is empty only where the object counts none.
    """
    register = one.each.register if one.each else None
    if register is None:
        return {}
    found = _members(account, one, register, home, live)
    return {one.row_name: list(found.within), register.kept: list(found.kept)} if found is not None else {}


def _members(account: Account, one: Field, register: Register, home: Home, live: Live) -> Members | None:
    codes = {**home.codes, OWN: live.remote_id}
    counted = number_in(live.row, register.counter)
    rows = account.side_list(register.list, register.list.path_for(codes), register.codes)
    if rows or (rows is not None and not counted):
        return register.listed(rows)
    if counted == 0:
        return Members()
    for kind in one.linked:
        beside = account.types[kind]
        marked = register.marked(account.beside(beside, home), beside.identity.id)
        if marked is not None:
            return marked
    return None
