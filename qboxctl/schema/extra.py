"""What may not stand in ``extra``: what has a place of its own, what costs money, and what JSON does not know. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from qboxctl.model import JSON
from qboxctl.schema.collections import is_json
from qboxctl.schema.resource import ResourceType

_PLAN = "it chooses or changes a plan that has to be paid"
_PAY = "it says how a plan is paid"
_PROFILE = "it belongs to the billing profile"
_UPDATE = "putApiDeliveryAccountsId"
_CREATE = "postApiDeliveryAccounts"
_READ = "getApiDeliveryAccountsId"

MONEY: Mapping[str, tuple[str, str]] = {
    "volume": ("it buys extra messages", _UPDATE),
    "num_messages": ("it sets how many messages are paid for", _UPDATE),
    "override_plan_num_messages": ("it sets how many messages are paid for", _UPDATE),
    "payment_method": (_PAY, _CREATE),
    "plan": (_PLAN, _READ),
    "plan_num_messages": (_PLAN, _READ),
    "reset_to_plan_num_messages": (_PLAN, _READ),
    "plan_expiration_date": (_PLAN, _READ),
    "extra_messages_total": ("it buys extra messages", _READ),
    "remaining_extra_messages_bought": ("it buys extra messages", _READ),
    "has_pending_order": ("it is about an order", _READ),
    "customer_type": (_PROFILE, _CREATE),
    "password2": (_PROFILE, _CREATE),
    "password2_confirmation": (_PROFILE, _CREATE),
    "fiscalcode": (_PROFILE, _CREATE),
    "vat": (_PROFILE, _CREATE),
    "companyname": (_PROFILE, _CREATE),
}
"""What orders or pays, by its name on the wire: why, and the page of the API's reference that has it.

It is refused on every kind: qboxctl knows of no other meaning, and a server may take it wherever it likes.
"""
MONEY_IN_ORDERS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("start_date", "next_renewal_date", "last_renewal_date"), (_PLAN, _READ)),
    **dict.fromkeys(
        ("firstname", "lastname", "email_address", "country", "address1", "city", "postcode", "state", "phonenumber"),
        (_PROFILE, _CREATE),
    ),
}
"""What orders or pays where the object is ordered; elsewhere these may be a person's names and address, or a date."""


_ABOUT = {
    "plan": "plan", "plans": "plan", "payment": "payment_method", "payments": "payment_method", "volume": "volume",
}  # fmt: skip
"""A word in any name that says what it is about: names that nobody knows may order or pay as well."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Misuse(NamedTuple):
    """What is wrong with an entry of ``extra``: the keys that lead to it, from the entry's own on, and a way out."""

    path: tuple[str | int, ...]
    message: str
    hint: str | None = None


def misuses(type_: ResourceType, name: str, value: JSON) -> Iterator[Misuse]:
    """What forbids an entry of ``extra``: nothing where it may go out."""
    if name in type_.wire_names:
        message = f'extra: "{name}" is an attribute that qboxctl knows or sets itself'
        yield Misuse((name,), message, "state it without extra, if it can be stated")
        return
    for path in _keys(name, value):
        why, source = _money(type_, path[-1])
        if why:
            message = f'extra: "{path[-1]}" is never sent, since {why} (see {source})'
            yield Misuse(path, message, "remove it; orders and payments are made in the panel")
    if not is_json(value):
        yield Misuse((name,), f"extra: {name} is not a number that JSON knows")


def _money(type_: ResourceType, key: str | int) -> tuple[str, str]:
    """Why a key has to do with money, and where that is written; "" where it has not."""
    name = "_".join(re.findall(r"[a-z0-9]+", _HUMP.sub("_", str(key)).lower()))
    found = MONEY.get(name) or (MONEY_IN_ORDERS.get(name) if type_.ordered else None)
    words = set(re.findall(r"[a-z]+", name))
    return found or next((MONEY[about] for word, about in _ABOUT.items() if word in words), ("", ""))


def _keys(name: str, value: JSON) -> Iterator[tuple[str | int, ...]]:
    """The way to each key of an entry, at any depth; in a list, the number of an item is one."""
    todo: list[tuple[tuple[str | int, ...], JSON]] = [((name,), value)]
    while todo:
        path, value = todo.pop()
        yield path
        inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        todo += reversed([((*path, key), item) for key, item in inside])
