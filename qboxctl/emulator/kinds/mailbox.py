"""Mailboxes: they fit into the limits of their domain, and their users log in."""

from __future__ import annotations

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, Draft
from qboxctl.emulator.kinds.alias import activates, domain_is_active
from qboxctl.emulator.kinds.outbound import outbound_limit
from qboxctl.emulator.kinds.vault import archive_of, archived_at_once
from qboxctl.emulator.state import Code, Store, Stored
from qboxctl.emulator.wire import Refusal, Row
from qboxctl.schema.numbers import SIZES


def _fits(draft: Draft) -> None:
    domain, size = draft.home, draft.values.get("max_email_quota")
    if size is None or not draft.changes("max_email_quota"):
        return
    if draft.current is not None and draft.current.reserved:
        draft.complain("max_email_quota", "is fixed for the postmaster")
        return
    if size > domain.values["max_email_quota"]:
        draft.complain("max_email_quota", "is higher than the domain's max_email_quota")
    for one in domain.type.fields:
        if one.bounds is None or one.bounds.by != "max_email_quota" or not one.bounds.counts(size):
            continue
        if draft.current is not None and one.bounds.counts(draft.current.values["max_email_quota"]):
            continue  # it is among those that are counted already
        sizes = draft.store.sizes(domain, "mailbox")
        if 0 <= domain.values[one.name] <= sum(count for other, count in sizes.items() if one.bounds.counts(other)):
            draft.complain("max_email_quota", f"exceeds the domain's {one.name}")


def _one_more(draft: Draft) -> None:
    if 0 <= draft.home.values["max_email_accounts"] <= draft.store.sizes(draft.home, "mailbox").total():
        draft.complain("domain", "has as many mailboxes as its max_email_accounts allows")


def _postmaster_stays(draft: Draft) -> None:
    if draft.target.reserved:
        raise Refusal(403)


def _row(answers: Answers, obj: Stored) -> Row:
    domain = answers.name(obj.parent) if obj.parent else ""
    return {
        "email_address": f"{answers.name(obj)}@{domain}",
        "domain_name": domain,
        "used_space": 0,
        "messages_count": 0,
        "last_access_at": obj.accessed or None,
        **archive_of(answers, obj),
    }


def log_in(store: Store, mailbox: str, password: str, new: str = "") -> bool:
    """Let a mailbox's user in; one who must change the password gets in only with a new one."""
    name, _, domain = mailbox.partition("@")
    home = store.named(store.types["domain"], None, domain)
    box = store.named(store.types["mailbox"], home, name) if home is not None else None
    if box is None or box.kind != "mailbox":
        return False
    must = box.values["force_new_password"]
    if not store.has_password(store.address(box), password) or (must and not new):
        return False
    if must:
        store.set_password(store.address(box), new)
        box.values["force_new_password"] = False
    box.accessed = store.touch(box)
    return True


BEHAVIOUR = Behaviour(
    code=Code("EA", 10_000_000),
    initial={"timezone": "Europe/Rome"},
    reserved={"max_email_quota": SIZES["50MB"], "firstname": "Postmaster"},
    row=_row,
    judgements={
        "create": (domain_is_active, outbound_limit, _fits, _one_more),
        "update": (outbound_limit, _fits),
        "delete": (_postmaster_stays,),
    },
    effects={"create": (activates, archived_at_once)},
    keeps=frozenset({"email_address", "max_email_quota"}),
    unlisted=frozenset(
        {"timezone", "language", "tags", "imap_disabled", "pop_disabled", "smtp_disabled", "webmail_disabled"}
        | {f"autoresponder_{name}" for name in ("enabled", "subject", "body", "start_date", "end_date")}
        | {"autoresponder_intervals_enabled"}
    ),
    unmodelled=("webmail_date_format",),
    searched=("firstname", "lastname", "description"),
)
