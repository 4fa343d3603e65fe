"""What the server refuses beyond the shape of a body, and what it does by itself, kind by kind.

A judgement is a small function registered for a kind and operations: it complains to the ``Draft`` or raises
``Refusal``. An effect runs once the write is accepted. A kind without rules needs no entry here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from qboxctl.emulator.state import Store, Stored
from qboxctl.emulator.wire import Refusal
from qboxctl.model import JSON
from qboxctl.resources import TYPES
from qboxctl.schema.collections import Texts
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import GB, SIZES, Boolean, Choice, Integer, Level, Limit, Size, Type

OUTBOUND_LIMITS: tuple[Mapping[str, JSON], ...] = tuple(
    {
        "id": number,
        "description": text,
        "rate": rate,
        "period": 86400,
        "view": "default",
        "scope": "email_account",
        "discontinued": False,
        "domain_rate": rate * 10,
        "disabled": False,
        "pay": number > 0,
        "included": number == 0,
    }
    for number, (text, rate) in enumerate(
        (("Default", 1000), ("2000 a day", 2000), ("5000 a day", 5000), ("10000 a day", 10000))
    )
)
"""The sending limits on offer."""

_DELIVERY = ("enabled", "disabled", "blocked")
STATUSES: Mapping[str, tuple[str, ...]] = {
    "domain": ("enabled", "disabled", "ownership_check"),
    "delivery_domain": (*_DELIVERY, "not_verified", "misconfigured"),
    "delivery_account": (*_DELIVERY, "wait_pay"),
}
"""The statuses of each kind; of any other kind only the first two."""
_BANDS = ((8, ""), (25, "max_email_accounts_25gb"), (50, "max_email_accounts_50gb"), (100, "max_email_accounts_100gb"))


@dataclass(slots=True)
class Draft:
    """One write on its way: what it would set (by field names), on what, and what is wrong with it."""

    store: Store
    type: ResourceType
    operation: str
    parent: Stored | None = None
    current: Stored | None = None
    name: str = ""
    key: str = ""
    owner: str = ""
    values: dict[str, JSON] = field(default_factory=dict)
    extra: dict[str, JSON] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)
    activation: int = 0
    """How many reads show something new as activating."""

    @property
    def target(self) -> Stored:
        """The object that is written to; only the judgement of a creation has none."""
        if self.current is None:
            raise LookupError(f"there is no {self.type.kind} yet")
        return self.current

    @property
    def domain(self) -> Stored:
        """The domain that the object lives in."""
        if self.parent is None:
            raise LookupError(f"a {self.type.kind} lives in no domain")
        return self.parent

    def complain(self, name: str, description: str) -> None:
        """Note one reason for a 422; of several for one attribute the first counts."""
        if all(name != other for other, _ in self.errors):
            self.errors.append((name, description))

    def changes(self, name: str) -> bool:
        """Whether the write sets the attribute to another value than it has."""
        return name in self.values and (self.current is None or self.values[name] != self.current.values.get(name))

    def result(self, name: str) -> JSON:
        """The attribute's value after the write."""
        return self.values.get(name, self.current.values.get(name) if self.current else None)


Rule = Callable[[Draft], None]
JUDGEMENTS: dict[tuple[str, str], list[Rule]] = defaultdict(list)
EFFECTS: dict[tuple[str, str], list[Rule]] = defaultdict(list)


def _register(table: dict[tuple[str, str], list[Rule]], kinds: str, operations: str) -> Callable[[Rule], Rule]:
    def take(rule: Rule) -> Rule:
        for kind in kinds.split():
            for operation in operations.split():
                table[kind, operation].append(rule)
        return rule

    return take


def initial_values(type_: ResourceType, parent: Stored | None = None) -> dict[str, JSON]:
    """What a new object has where its creation says nothing."""
    values = dict(_initial(type_.kind))
    if parent is not None and "max_email_quota" in values:
        values["max_email_quota"] = min(parent.values["default_quota"], parent.values["max_email_quota"])
    return values


_INITIAL: Mapping[str, Mapping[str, JSON]] = {
    "domain": {"antispam_level": 2},
    "mailbox": {"timezone": "Europe/Rome"},
}


@cache
def _initial(kind: str) -> Mapping[str, JSON]:
    fields = (one for one in TYPES[kind].fields if one.name != "status" and not one.secret)
    values = {one.name: _blank(one.type) if one.initial is None else one.initial for one in fields}
    return {**values, **_INITIAL.get(kind, {})}


def _blank(type_: Type) -> JSON:
    match type_:
        case Boolean():
            return False
        case Limit():
            return -1
        case Integer() | Level():
            return 0
        case Size():
            return 8 * GB
        case Choice():
            return type_.words[0]
        case Texts():
            return ()
        case _:
            return ""


# -- names ---------------------------------------------------------------------------------------------------


def judge_name(draft: Draft) -> None:
    """Names are unique: of domains on the whole platform, of mailboxes and aliases within their domain."""
    type_ = draft.type
    if not type_.unique or not draft.key or type_.kind == "suppression":
        return
    if draft.store.named(type_, draft.parent, draft.key) or draft.key in draft.store.taken.get(type_.kind, ()):
        draft.complain(type_.key, "already exists")


@_register(JUDGEMENTS, "mailbox alias", "create")
def _domain_is_active(draft: Draft) -> None:
    if draft.domain.status == "ownership_check" or draft.domain.detail != "ok":
        draft.complain("domain", "is not active")


# -- domains -------------------------------------------------------------------------------------------------


@_register(JUDGEMENTS, "domain mailbox", "create update")
def _outbound_limit(draft: Draft) -> None:
    if "outbound_limit" in draft.values and not 0 <= draft.values["outbound_limit"] < len(OUTBOUND_LIMITS):
        draft.complain("outbound_limit", "does not exist")


@_register(JUDGEMENTS, "domain", "create update")
def _catch_all(draft: Draft) -> None:
    if draft.result("catch_all_enabled") and not draft.result("catch_all_destination"):
        draft.complain("catch_all_destination", "can't be blank")


@_register(JUDGEMENTS, "domain", "update")
def _ceilings_hold_what_is_inside(draft: Draft) -> None:
    domain = draft.target
    sizes = +draft.store.sizes(domain)
    largest = max(sizes, default=0)
    if draft.changes("max_email_quota") and draft.values["max_email_quota"] < largest:
        draft.complain("max_email_quota", "is lower than the quota of an existing mailbox")
    inside = {"max_email_accounts": sizes.total()}
    for size, number in sizes.items():
        inside[band(size)] = inside.get(band(size), 0) + number
    for name, number in inside.items():
        if name and draft.changes(name) and 0 <= draft.values[name] < number:
            draft.complain(name, "is lower than the number of existing mailboxes")


@_register(JUDGEMENTS, "domain", "status")
def _ownership_first(draft: Draft) -> None:
    if draft.target.status == "ownership_check":
        draft.complain("status", "cannot be changed before the ownership is verified")


@_register(EFFECTS, "domain", "create")
def _new_domain(draft: Draft) -> None:
    draft.target.status = "ownership_check"
    add_postmaster(draft.store, draft.target)


def add_postmaster(store: Store, domain: Stored) -> Stored:
    """The mailbox that comes with every domain."""
    type_ = TYPES["mailbox"]
    values = {**initial_values(type_, domain), "max_email_quota": SIZES["50MB"], "firstname": "Postmaster"}
    store.add(made := Stored(type_, f"P{domain.digits}", type_.reserved, type_.reserved, values, parent=domain))
    return made


def verify(draft: Draft) -> bool:
    """The ownership is proved: activation is queued. Tells whether that is news."""
    domain = draft.target
    if domain.status != "ownership_check":
        return False
    draft.store.write(domain, {"status": "enabled"})
    domain.pending = draft.activation
    return True


# -- mailboxes and aliases -----------------------------------------------------------------------------------


def band(size: int) -> str:
    """The limit of the domain that counts mailboxes of this size; "" for the smallest band."""
    return next((name for most, name in _BANDS if size <= most * GB), _BANDS[-1][1])


@_register(JUDGEMENTS, "mailbox", "create update")
def _mailbox_fits(draft: Draft) -> None:
    domain, size = draft.domain, draft.values.get("max_email_quota")
    if size is None or not draft.changes("max_email_quota"):
        return
    if draft.current is not None and draft.current.reserved:
        draft.complain("max_email_quota", "is fixed for the postmaster")
        return
    if size > domain.values["max_email_quota"]:
        draft.complain("max_email_quota", "is higher than the domain's max_email_quota")
    name = band(size)
    if name and not (draft.current and band(draft.current.values["max_email_quota"]) == name):
        inside = sum(number for other, number in draft.store.sizes(domain).items() if band(other) == name)
        if 0 <= domain.values[name] <= inside:
            draft.complain("max_email_quota", f"exceeds the domain's {name}")


@_register(JUDGEMENTS, "mailbox", "create")
def _one_more_mailbox(draft: Draft) -> None:
    if 0 <= draft.domain.values["max_email_accounts"] <= draft.store.sizes(draft.domain).total():
        draft.complain("domain", "has as many mailboxes as its max_email_accounts allows")


@_register(JUDGEMENTS, "mailbox", "delete")
def _postmaster_stays(draft: Draft) -> None:
    if draft.target.reserved:
        raise Refusal(403)


@_register(EFFECTS, "mailbox alias", "create")
def _activation(draft: Draft) -> None:
    draft.target.pending = draft.activation


# -- Delivery ------------------------------------------------------------------------------------------------


@_register(JUDGEMENTS, "delivery_domain", "delete")
def _linked_domain(draft: Draft) -> None:
    if draft.store.referrers(draft.target):
        draft.complain("name", "is in use")


@_register(EFFECTS, "delivery_account", "delete")
def _no_longer_referred_to(draft: Draft) -> None:
    gone = draft.target.code
    for obj, name in list(draft.store.referrers(draft.target).items()):
        draft.store.write(obj, {name: tuple(code for code in obj.values[name] if code != gone)})
