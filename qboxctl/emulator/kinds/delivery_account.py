"""Delivery accounts: each has credentials of its own, and may send from the domains that are linked to it."""

from __future__ import annotations

from hashlib import blake2b

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, Draft
from qboxctl.emulator.kinds.delivery_domain import STATUSES
from qboxctl.emulator.kinds.roles import held_row
from qboxctl.emulator.state import Code, Stored
from qboxctl.emulator.wire import Row
from qboxctl.model import JSON

QUOTA = 1000
"""So many messages has a free plan."""


def _no_longer_referred_to(draft: Draft) -> None:
    gone = draft.target.code
    for obj, name in list(draft.store.referrers(draft.target).items()):
        draft.store.write(obj, {name: tuple(code for code in obj.values[name] if code != gone)})


def _domains(answers: Answers, codes: JSON) -> JSON:
    """The linked domains in the form that the quirk chooses."""
    found = [answers.store.find("delivery_domain", code) for code in codes or ()]
    domains = [obj for obj in found if obj is not None]
    form = answers.quirks["account_domains"]
    if form == "objects":
        rows = [{"code": answers.code(obj), "name": answers.name(obj)} for obj in domains]
        return None if not rows and answers.quirks["lists"] == "null_when_empty" else rows
    if form == "codes":
        return answers.listed([answers.code(obj) for obj in domains])
    names: list[JSON] = [answers.name(obj) for obj in domains]
    if form == "comma" and (names or answers.quirks["lists"] != "null_when_empty"):
        return ", ".join(names)
    return answers.listed(names)


def _row(answers: Answers, obj: Stored) -> Row:
    password = {"masked": "********", "clear": _secret_text(f"password {obj.code}"), "null": None}
    return {
        "display_status": obj.status,
        "username": username(obj),
        "plan": "free",
        "start_date": obj.created[:10],
        "num_messages": QUOTA,
        "password": password[answers.quirks["account_password"]],
        "config_hostname": "smtp.delivery.qboxmail.com",
        "customer_code": obj.owner or answers.store.customer_code,
        "customer_fullname": "Emulated Customer",
        "domains_count": len(obj.values["domains"]),
        **dict.fromkeys(
            ("next_renewal_date", "last_renewal_date", "plan_expiration_date", "extra_messages_expires_at")
        ),
        "remaining_messages": QUOTA - answers.store.sent[obj.code],
        "messages_sent": answers.store.sent[obj.code],
        "remaining_extra_messages_bought": 0,
        "extra_messages_total": 0,
        "remaining_messages_error": None,
        "delivery_analytics": False,
        "has_pending_order": False,
        "delete_on": None,
        "plan_num_messages": QUOTA,
        "reset_to_plan_num_messages": False,
        **held_row(answers, obj),
    }


def username(obj: Stored) -> str:
    """The name that the server gives to an account."""
    return _secret_text(f"username {obj.code}")


def _secret_text(code: str) -> str:
    return f"q7{blake2b(code.encode(), digest_size=9).hexdigest()}"


BEHAVIOUR = Behaviour(
    code=Code("", 1000),
    statuses=(*STATUSES, "wait_pay"),
    row=_row,
    effects={"delete": (_no_longer_referred_to,)},
    keeps=frozenset({"display_status"}),
    shown={"domains": _domains},
)
