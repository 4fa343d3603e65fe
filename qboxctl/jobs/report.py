"""What an account holds, and what that costs by the month. It reads lists, and details only where these lack much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as Sized
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from qboxctl.api.listing import number_in
from qboxctl.api.reader import Account
from qboxctl.config.configuration import Configuration
from qboxctl.errors import ConfigError, Diagnostic, Position
from qboxctl.live.query import Query
from qboxctl.live.refresh import read_live_state
from qboxctl.model import JSON, MISSING, Collection, Live, LiveState, Value
from qboxctl.schema.decoding import value_of
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import Billing, ResourceType

CENT = Decimal("0.01")
_BOX, _ALIAS, _ACCOUNT = "mailbox", "alias", "delivery_account"
_DELIVERY = ("delivery_domain", _ACCOUNT)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What was read of an account."""

    state: LiveState
    types: Kinds

    def of(self, kind: str) -> list[Live]:
        """The objects of a kind that stay, by their keys."""
        found = [live for address, live in self.state.live.items() if address.kind == kind and not live.leaving]
        return sorted(found, key=lambda live: live.address.key)

    def value(self, live: Live, name: str) -> Value | None:
        """An attribute in canonical form, None where the answers do not tell it, or the kind has none."""
        type_ = self.types[live.address.kind]
        field = type_.by_name.get(name)
        found = value_of(type_, field, live, self.state.codes) if field else MISSING
        return None if found is MISSING else found

    def shown(self, live: Live, name: str) -> JSON:
        """An attribute as a file would state it."""
        value, field = self.value(live, name), self.types[live.address.kind].by_name.get(name)
        if value is None or field is None:
            return None
        return list(value) if isinstance(value, tuple) else field.type.write(value)

    def status(self, live: Live) -> str:
        """Whether it is in use, in the server's word."""
        return live.status or str(self.value(live, self.types[live.address.kind].lifecycle.attribute) or "")

    def disabled(self, live: Live) -> bool:
        """Whether it is disabled: what is, is paid for all the same."""
        disabling = self.types[live.address.kind].disabling
        return disabling is not None and self.value(live, disabling[0]) == disabling[1]


def read(account: Account, configuration: Configuration, kinds: Sized[str], *, entire: Sized[str] = ()) -> Holdings:
    """All objects of some kinds, and what they live in; those of the kinds in ``entire`` with all their attributes.

    What is ignored is there all the same: that keeps it out of plans.
    """
    types = account.types
    needed = {*kinds, *(one.kind for kind in kinds for one in types.outer(kind))}
    needed |= {linked for kind in entire for one in types[kind].fields for linked in one.linked}
    parents = {types[kind].parent for kind in needed}
    query = Query(
        replace(configuration, ignore=()),
        frozenset(Collection(kind) for kind in needed if not types[kind].parent),
        {},
        whole=frozenset(needed),
        opened=lambda found: [address for address in found if address.kind in parents],
        entire=lambda address: address.kind in entire,
    )
    return Holdings(read_live_state(account, query), types)


# -- mailboxes, aliases, Delivery ------------------------------------------------------------------------------

MAILBOXES = ("address", "status", "size", "band", "aliases", "disabled_but_billed")
ALIASES = ("address", "destinations", "mailboxes")
DELIVERY = ("kind", "name", "id", "status", "type", "domains", "disabled_but_billed")


def mailboxes(account: Account, configuration: Configuration) -> list[dict[str, JSON]]:
    """Each mailbox with its size and the band that is billed, its status, and how many aliases lead to it."""
    held = read(account, configuration, (_BOX, _ALIAS), entire=(_ALIAS,))
    leading = Counter(str(one) for alias in held.of(_ALIAS) for one in _destinations(held, alias))
    billing = _billing(held.types[_BOX])
    return [
        {
            "address": live.address.key,
            "status": held.status(live),
            "size": held.shown(live, billing.by),
            "band": billing.prices[billing.of(held.value(live, billing.by))].rpartition(".")[2],
            "aliases": leading[live.address.key],
            "disabled_but_billed": held.disabled(live),
        }
        for live in held.of(_BOX)
    ]


def aliases(account: Account, configuration: Configuration) -> list[dict[str, JSON]]:
    """Each alias with its destinations, and how many of these are mailboxes of the account."""
    held = read(account, configuration, (_BOX, _ALIAS), entire=(_ALIAS,))
    boxes = {live.address.key for live in held.of(_BOX)}
    found = [(live.address.key, list(_destinations(held, live))) for live in held.of(_ALIAS)]
    return [
        {"address": key, "destinations": targets, "mailboxes": len(boxes.intersection(targets))}
        for key, targets in found
    ]


def delivery(account: Account, configuration: Configuration) -> list[dict[str, JSON]]:
    """The Delivery domains and accounts."""
    held = read(account, configuration, _DELIVERY, entire=_DELIVERY)
    return [
        {
            "kind": kind,
            "name": live.address.key,
            "id": live.remote_id,
            "status": held.status(live),
            "type": held.shown(live, "type"),
            "domains": held.shown(live, "domains"),
            "disabled_but_billed": held.types[kind].billing is not None and held.disabled(live),
        }
        for kind in _DELIVERY
        for live in held.of(kind)
    ]


def _destinations(held: Holdings, live: Live) -> Iterable[Value]:
    found = held.value(live, held.types[_ALIAS].short)
    return found if isinstance(found, tuple) else ()


def _billing(type_: ResourceType) -> Billing:
    if type_.billing is None:
        raise ValueError(f"nothing is paid for a {type_.title}")
    return type_.billing


# -- cost ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """So many of something, of which some are disabled, at a price; ``item`` is the price's name in the settings."""

    item: str
    count: int
    disabled: int
    price: Decimal

    @property
    def amount(self) -> Decimal:
        """What they cost together."""
        return self.count * self.price


class Cost(NamedTuple):
    """What an account costs by the month. ``uncounted`` are the items of which the answers do not tell how many."""

    currency: str
    lines: list[Line]
    uncounted: list[str]

    @property
    def total(self) -> Decimal:
        """The sum of all lines."""
        return sum((line.amount for line in self.lines), Decimal(0))


def cost(account: Account, configuration: Configuration) -> Cost:
    """What the account costs, by the prices of the settings; raises ConfigError for one that is missing.

    A kind whose bill names no price is paid for under another one's counter.
    """
    paid = [type_ for type_ in account.types.values() if type_.billing and type_.billing.prices]
    counting = [type_.kind for type_ in paid if _billing(type_).counters]
    held = read(account, configuration, [type_.kind for type_ in paid], entire=counting)
    count: Counter[str] = Counter()
    disabled: Counter[str] = Counter()
    uncounted: dict[str, None] = {}
    for type_ in paid:
        billing = _billing(type_)
        for live in held.of(type_.kind):
            item = billing.prices[billing.of(held.value(live, billing.by) if billing.by else None)]
            count[item] += 1
            disabled[item] += held.disabled(live)
            for name, counter in billing.counters.items():
                number = number_in(live.row, counter)
                count[name] += number or 0
                uncounted.update({} if number is not None else {name: None})
    settings = configuration.settings
    items = [name for type_ in paid for name in (*_billing(type_).prices.values(), *_billing(type_).counters)]
    items = [name for name in dict.fromkeys(items) if count[name]]
    _demand(configuration, [*(["currency"] if items and not settings.currency else []),
                            *(name for name in items if name not in settings.prices)])  # fmt: skip
    lines = [Line(name, count[name], disabled[name], settings.prices[name]) for name in items]
    return Cost(settings.currency, lines, list(uncounted))


def _demand(configuration: Configuration, missing: list[str]) -> None:
    """Raise ConfigError for prices that are needed and missing, by name."""
    hint = "state what you pay by the month: prices have no defaults"
    place = _prices_at(configuration)
    found = [Diagnostic("Q083", f"settings.prices.{name} is missing", place, hint=hint) for name in missing]
    if found:
        raise ConfigError(found)


def _prices_at(configuration: Configuration) -> Position | None:
    """Where the prices stand in the files, or else the settings; None where no file has any."""
    for source in configuration.sources:
        tree, _ = source.parse()
        block = tree.get("settings") if isinstance(tree, Mapping) else None
        if isinstance(block, Mapping):
            return source.position(("settings", *(["prices"] if "prices" in block else [])))
    return None
