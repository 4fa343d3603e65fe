"""Delivery domains: verified by DNS and approved by people, and not to be deleted while accounts use them."""

from __future__ import annotations

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, Draft
from qboxctl.emulator.kinds.roles import held_row
from qboxctl.emulator.state import Code, Store, Stored
from qboxctl.emulator.wire import Row
from qboxctl.schema.lifecycle import ENABLED

STATUSES = ("enabled", "disabled", "blocked")
"""What a Delivery object's status may be."""


def _in_use(draft: Draft) -> None:
    if any(one.kind == "delivery_account" for one in draft.store.referrers(draft.target)):
        draft.complain("name", "is in use")


def may_send(store: Store, obj: Stored) -> bool:
    """Whether mail may be sent from a domain: it is in use, verified and approved."""
    there = obj.key in store.published
    verified = obj.facts.get("dns_verification_status", "verified" if there else "")
    approved = obj.facts.get("approval_status", "approved" if there else "")
    return obj.status == ENABLED and (verified, approved) == ("verified", "approved")


def _row(answers: Answers, obj: Stored) -> Row:
    there = obj.key in answers.store.published
    accounts = [account for account in answers.store.referrers(obj) if account.kind == "delivery_account"]
    selectors = {"tr": f"qtr{obj.digits}", "nl": f"qnl{obj.digits}"}
    records = [
        {"name": f"{selector}._domainkey.{obj.key}", "type": "CNAME", "value": f"{selector}.dkim.qboxmail.com"}
        for selector in selectors.values()
    ]
    return {
        "display_status": obj.status,
        "dns_verification_status": "verified" if there else "not_verified",
        "dkim_last_checked_at": None,
        "dkim_last_check_ok": there,
        "dkim_tr_last_check_ok": there,
        "dkim_nl_last_check_ok": there,
        "spf_last_checked_at": None,
        "spf_last_check_ok": there,
        "approval_status": "approved" if there else "need_approval",
        "dkim_selector_tr": selectors["tr"],
        "dkim_selector_nl": selectors["nl"],
        "cname_verification_records": records,
        "txt_spf_record": "v=spf1 include:spf.qboxmail.com ~all",
        "suggested_dmarc_record": "v=DMARC1; p=none",
        "customer_fullname": "Emulated Customer",
        "customer_code": obj.owner or answers.store.customer_code,
        "accounts_count": len(accounts),
        "accounts": [{"id": answers.code(one), "description": answers.name(one)} for one in accounts],
        **held_row(answers, obj),
    }


BEHAVIOUR = Behaviour(
    code=Code("DD", 10_000_000),
    statuses=(*STATUSES, "not_verified", "misconfigured"),
    row=_row,
    judgements={"delete": (_in_use,)},
    keeps=frozenset({"display_status"}),
    facts=frozenset(
        {"dns_verification_status", "approval_status", "spf_last_check_ok"}
        | {f"dkim_{which}last_check_ok" for which in ("", "tr_", "nl_")}
    ),
    noise={"approval_status": "escalated", "dns_verification_status": "half_verified"},
)
