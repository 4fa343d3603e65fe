"""What something beside an object keeps of it, and is destroyed with it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from qboxctl.api.listing import number_in
from qboxctl.model import MISSING, Address, LiveState, Missing
from qboxctl.schema.decoding import kept_of
from qboxctl.schema.kinds import Kinds


class Kept(NamedTuple):
    """What the ``keeper`` has of an object, in words."""

    keeper: Address
    words: str


def kept_beside(address: Address, live_state: LiveState, types: Kinds) -> Kept | None:
    """What else is destroyed with an object since something beside it keeps that, None for nothing."""
    live = live_state.live
    for keeper, one in types.keepers(address):
        type_ = types[keeper.kind]
        register, name = one.each.register if one.each else None, types.called(address)
        known = kept_of(type_, one, live[keeper], live_state.codes) if keeper in live else MISSING
        if register and register.marked([live[address].row], types[address.kind].identity.id):
            known = (name,)
        if not isinstance(known, Missing) and name in known:
            return Kept(keeper, f"with it goes {type_.lost}")
        counted = number_in(live[keeper].row, register.counter) if register and keeper in live else 0
        if isinstance(known, Missing) and counted:
            return Kept(keeper, f"with it may go {type_.lost}: nothing tells whether it has any")
    return None
