"""What objects hold, read anew from what they hold: from the lists of these, and details where lists do not tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from qboxctl.api.reader import Account
from qboxctl.live.holding import with_holdings
from qboxctl.model import Address, Live
from qboxctl.schema.field import Field


def what_may_be_held(
    account: Account, lists: Iterable[Field], only: Set[tuple[str, str]] | None = None
) -> dict[Address, Live]:
    """The live objects that some lists may name, each with who holds it.

    Where ``only`` some matter, by kind and code, there are no others.
    """
    found: dict[Address, Live] = {}
    for one in lists:
        for kind in one.linked if one.holder else ():
            type_ = account.types[kind]
            for live in (account.live(type_, row, "") for row in account.rows(type_)):
                if live is None or (only is not None and (kind, live.remote_id) not in only):
                    continue
                missing = account.lacking(type_, live, [one.holder.code, one.holder.name] if one.holder else [])
                found[live.address] = (account.ask(type_, {}, live, missing) if missing else None) or live
    return found


def holding_now(account: Account, found: Mapping[Address, Live], held: Mapping[Address, Live]) -> dict[Address, Live]:
    """Some live objects with what they hold now."""
    return {**found, **with_holdings(account.types, {**held, **found})}


def held_now(account: Account, one: Field, holder: Live) -> dict[Address, str] | None:
    """All that an object holds now, each with its code; None where nothing tells."""
    held = what_may_be_held(account, [one])
    codes = holding_now(account, {holder.address: holder}, held)[holder.address].row.get(one.row_name)
    if not isinstance(codes, list):
        return None
    return {address: live.remote_id for address, live in held.items() if live.remote_id in codes}
