"""Hosting domains: a postmaster comes with each, the ownership is proved first, limits hold what is inside."""

from __future__ import annotations

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, Draft
from qboxctl.emulator.kinds.outbound import OUTBOUND_LIMITS, outbound_limit
from qboxctl.emulator.kinds.roles import held_row
from qboxctl.emulator.state import Code, Stored
from qboxctl.emulator.wire import Row
from qboxctl.schema.lifecycle import DISABLED, ENABLED, UNPROVED


def _catch_all(draft: Draft) -> None:
    if draft.result("catch_all_enabled") and not draft.result("catch_all_destination"):
        draft.complain("catch_all_destination", "can't be blank")


def _ceilings_hold_what_is_inside(draft: Draft) -> None:
    domain = draft.target
    sizes = +draft.store.sizes(domain, "mailbox")
    if draft.changes("max_email_quota") and draft.values["max_email_quota"] < max(sizes, default=0):
        draft.complain("max_email_quota", "is lower than the quota of an existing mailbox")
    for one in domain.type.fields:
        if one.bounds and one.bounds.kind == "mailbox" and draft.changes(one.name):
            number = sum(count for size, count in sizes.items() if one.bounds.counts(size))
            if 0 <= draft.values[one.name] < number:
                draft.complain(one.name, "is lower than the number of existing mailboxes")


def _ownership_first(draft: Draft) -> None:
    if draft.target.status == UNPROVED:
        draft.complain("status", "cannot be changed before the ownership is verified")


def _new(draft: Draft) -> None:
    draft.target.status = UNPROVED


def _row(answers: Answers, obj: Stored) -> Row:
    store, sizes = answers.store, answers.store.sizes(obj, "mailbox")
    bands = {
        one.name.replace("max_", "no_"): sum(count for size, count in sizes.items() if one.bounds.counts(size))
        for one in obj.type.fields
        if one.bounds and one.bounds.by
    }
    return {
        "activated_at": None if obj.status == UNPROVED else obj.created,
        "archive_activated_at": None,
        "archive_status": "disabled",
        "is_healthy": obj.status == ENABLED,
        "customer_fullname": "Emulated Customer",
        "customer_code": obj.owner or store.customer_code,
        "customer_catch_all": True,
        "archive": False,
        **held_row(answers, obj),
        "default_retention": 0,
        "default_archive": False,
        "email_services": 0,
        "dkim_public_key": None,
        "dkim_selector": None,
        "has_dkim": 0,
        "dkim_last_checked_at": None,
        "dkim_last_check_ok": False,
        "no_alias_domains": len(store.rows("domain_alias", obj)),
        "no_alias_email_accounts": len(store.rows("alias", obj)),
        "no_email_accounts": sizes.total(),
        "no_email_accounts_archive": 0,
        **bands,
        "ownership_verification_email_address": None,
        "possession_a_record": f"d{obj.digits}",
    }


BEHAVIOUR = Behaviour(
    code=Code("D", 100_000_000),
    statuses=(ENABLED, DISABLED, UNPROVED),
    initial={"antispam_level": 2},
    row=_row,
    judgements={
        "create": (outbound_limit, _catch_all),
        "update": (outbound_limit, _catch_all, _ceilings_hold_what_is_inside),
        "status": (_ownership_first,),
    },
    effects={"create": (_new,)},
    keeps=frozenset({"max_email_quota"}),
    unlisted=frozenset({"imap_disabled", "pop_disabled", "smtp_disabled", "webmail_disabled"}),
    more={"/api/domains/{id}/outbound_limits": OUTBOUND_LIMITS},
)
