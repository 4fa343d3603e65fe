"""Who is who: one address can be of two roles at most, a mailbox's user included."""

from __future__ import annotations

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Draft
from qboxctl.emulator.state import Store, Stored
from qboxctl.emulator.wire import Row

MOST_ROLES = 2
_ROLES = ("manager", "team_member")


def one_role_more(draft: Draft) -> None:
    """Refuse an address that has as many roles as it may have."""
    store, (local, _, domain) = draft.store, draft.key.rpartition("@")
    known = [type_ for kind in _ROLES if (type_ := store.types.get(kind)) is not None]
    roles = sum(1 for type_ in known if store.named(type_, None, draft.key))
    home = store.named(store.types["domain"], None, domain) if "domain" in store.types else None
    box = store.named(store.types["mailbox"], home, local) if home is not None else None
    if draft.key and roles + (box is not None and box.kind == "mailbox") >= MOST_ROLES:
        draft.complain("email_address", "already exists")


def holder_of(store: Store, obj: Stored) -> Stored | None:
    """The manager to whom an object is assigned."""
    return next((one for one in store.referrers(obj) if one.kind == "manager"), None)


def held_row(answers: Answers, obj: Stored) -> Row:
    """What the row of an object tells of its manager."""
    holder = holder_of(answers.store, obj)
    return {
        "manager_code": answers.code(holder) if holder else None,
        "manager_fullname": full_name(holder) if holder else None,
    }


def full_name(obj: Stored) -> str:
    """A user's two names in one."""
    return f"{obj.values.get('firstname', '')} {obj.values.get('lastname', '')}".strip()


def user_row(answers: Answers, obj: Stored, label: str) -> Row:
    """What answers tell of every user beside its own attributes."""
    return {
        "fullname": full_name(obj),
        "status_detail": "customer",
        "type": label,
        "type_label": label,
        "customer_code": obj.owner or answers.store.customer_code,
        "otp": False,
        "allow_nets": [],
        "timezone": "Europe/Rome",
        "language": "it",
        "linked_email_account": None,
        "can_edit_outbound_limits": True,
        "can_access_delivery": True,
        "is_customer_wholesale": False,
        "is_customer_disabled": False,
        "is_customer_reseller": True,
        "is_customer_trial": False,
        "is_vianova_customer": False,
        "ordered_domains": 0,
        "customization_logo": None,
        "customization_help_desk_url": None,
        "customization_company": None,
    }
