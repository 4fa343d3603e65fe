"""Whose account it is: the codes of customers that answers tell, of a plan and of the account that it is applied to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qboxctl.api.listing import Row
from qboxctl.api.reader import Account
from qboxctl.config.configuration import Configuration
from qboxctl.errors import PlanFileError
from qboxctl.model import LiveState, Plan
from qboxctl.schema.kinds import Kinds

_CODE = "customer_code"


def customer_codes(configuration: Configuration, live_state: LiveState, types: Kinds) -> tuple[str, ...]:
    """The customer that the settings name, else those whose objects were read and tell it."""
    if configuration.settings.customer_code:
        return (configuration.settings.customer_code,)
    owned = {kind for kind, type_ in types.items() if type_.owned}
    return _codes(live.row for address, live in live_state.live.items() if address.kind in owned)


def refuse_another_customer(saved: Plan, configuration: Configuration, live_state: LiveState, account: Account) -> None:
    """Refuse a saved plan that was made for another customer's account; raises PlanFileError, and what reading raises.

    More than the live state is read only where that tells nothing and the plan knows its customer. A plan that was made
    while the account told of nobody may be for any.
    """
    if not saved.customers:
        return
    today = customer_codes(configuration, live_state, account.types) or _asked(account)
    if not set(today) & set(saved.customers):
        mine = f"this one is {_named(today)}" if today else "nothing in this one says whose it is"
        raise PlanFileError(
            f"the plan was made for the account of {_named(saved.customers)}, and {mine}",
            hint="apply it with the token that it was made with, or plan again with this one",
        )


def _asked(account: Account) -> tuple[str, ...]:
    """Whose objects are first in the lists of the account, by details where the list does not tell."""
    for type_ in account.types.values():
        if not type_.owned:
            continue
        rows = account.page(type_, type_.calls.collection.path, 1).rows
        found = _codes(rows)
        live = account.live(type_, rows[0], "") if rows and not found else None
        if live is not None:
            found = _codes([account.detail(type_, {}, live) or {}])
        if found:
            return found
    return ()


def _codes(rows: Iterable[Row]) -> tuple[str, ...]:
    return tuple(sorted({str(row[_CODE]) for row in rows if row.get(_CODE) is not None}))


def _named(codes: Sequence[str]) -> str:
    shown = ", ".join(codes[:3])
    more = f" and {len(codes) - 3} more" if len(codes) > 3 else ""
    return f"{'customer' if len(codes) == 1 else 'the customers'} {shown}{more}"
