"""Vaults: they need an active domain and active mailboxes, take their time, and keep what is switched off."""

from __future__ import annotations

from collections.abc import Mapping

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, Draft
from qboxctl.emulator.entries import state_of
from qboxctl.emulator.quirks import reads
from qboxctl.emulator.state import Code, Stored
from qboxctl.emulator.wire import Refusal, Row
from qboxctl.errors import ALREADY_EXISTS
from qboxctl.model import JSON
from qboxctl.schema.lifecycle import DISABLED, ENABLED, SETTLED

FAILURE = "failure"
_LIST = "mailboxes"
_YEAR = 12


def _may_begin(draft: Draft) -> None:
    """Needs at least one active domain and mailbox [guide/archive/activation-and-access]."""
    domain = draft.home
    if domain.status != ENABLED or domain.detail != SETTLED:
        draft.complain("domain", "is not active")
    codes = draft.values.get(_LIST, ())
    if not codes:
        draft.complain("email_codes", "can't be blank")
    _fits(draft, codes)


def _fits(draft: Draft, codes: tuple[str, ...]) -> None:
    """The mailboxes are active ones of the domain, and no more than its limit allows."""
    boxes = draft.store.rows("mailbox", draft.home)
    for code in codes:
        box = boxes.get(code)
        if box is None or box.status != ENABLED or box.detail != SETTLED:
            draft.complain("email_codes", f"{code} is not an active mailbox of the domain")
    most = draft.home.values["max_email_accounts_archive"]
    kept = set(draft.current.kept) if draft.current is not None else set()
    if 0 <= most < len(kept.union(codes)):
        draft.complain("email_codes", "exceeds the domain's max_email_accounts_archive")


def _begins(draft: Draft) -> None:
    _under_way(draft)
    if draft.quirks["vault_activation"] == FAILURE:
        draft.target.status = FAILURE


def _under_way(draft: Draft) -> None:
    number = draft.quirks["vault_activation"]
    draft.target.pending = 0 if number == FAILURE else reads(number)


def _add(draft: Draft, vault: Stored) -> Row:
    """A second activation adds its mailboxes, unless the quirk says that it is refused."""
    if vault.leaving is not None:
        raise Refusal(422, [("domain", ALREADY_EXISTS)])
    if vault.status == ENABLED and draft.quirks["vault_add"] == "422":
        raise Refusal(422, [("domain", "has an active archive")])
    _fits(draft, draft.values[_LIST])
    if draft.errors:
        raise Refusal(422, dict.fromkeys(draft.errors))
    _begins(draft)
    state = FAILURE if draft.quirks["vault_activation"] == FAILURE else ENABLED
    both = tuple(dict.fromkeys((*vault.values[_LIST], *draft.values[_LIST])))
    return {**draft.values, _LIST: both, "state": state}


def _may_be_given(draft: Draft) -> None:
    (box,) = draft.entries
    if box.code not in draft.target.kept and draft.quirks["vault_add"] == "post":
        raise Refusal(404)
    if draft.target.status != ENABLED:
        draft.complain("status", "the domain's archive is not active")
    _fits(draft, (box.code,))


def _has_one(draft: Draft) -> None:
    if draft.entries[0].code not in draft.target.kept:
        raise Refusal(404)


def _may_be_cleared(draft: Draft) -> None:
    _has_one(draft)
    if draft.quirks["vault_delete_enabled"] == "422" and draft.entries[0].code in draft.target.values[_LIST]:
        draft.complain("status", "disable it first")


def _is_shown(draft: Draft) -> None:
    if draft.quirks["vault_read"] != "list":
        raise Refusal(404)


def _row(_: Answers, vault: Stored) -> Row:
    return {
        "archive": vault.status == ENABLED,
        "archive_activated_at": vault.created,
        "no_email_accounts_archive": len(vault.kept),
    }


def _retention(answers: Answers, months: JSON) -> JSON:
    if answers.quirks["vault_retention"] == "months":
        return months
    return months // _YEAR if months % _YEAR == 0 else months / _YEAR


def archive_of(answers: Answers, box: Stored) -> Row:
    """What a mailbox's row tells of its archive, where the quirk says that it does."""
    if answers.quirks["vault_read"] != "mailbox":
        return {}
    vault = next(iter(answers.store.rows("vault", box.parent).values()), None)
    state = None
    if vault is not None and box.code in vault.kept:
        state = state_of(vault, vault.type.by_name[_LIST], box.code)
    return {"archive_status": state}


def archived_at_once(draft: Draft) -> None:
    """A new mailbox gets an archive by itself where the domain's Vault says so, up to the limit."""
    vault = next(iter(draft.store.rows("vault", draft.parent).values()), None)
    if vault is None or vault.status != ENABLED or vault.leaving is not None or not vault.values["default_archive"]:
        return
    most = draft.home.values["max_email_accounts_archive"]
    if most < 0 or len(vault.kept) < most:
        draft.store.write(vault, {_LIST: (*vault.values[_LIST], draft.target.code)})


def _ends_empty(quirks: Mapping[str, str]) -> bool:
    return quirks["vault_domain_delete"] == "absent"


BEHAVIOUR = Behaviour(
    code=Code("V", 10_000_000),
    statuses=(ENABLED, DISABLED, FAILURE),
    initial={"default_archive": True},
    row=_row,
    judgements={
        "create": (_may_begin,),
        "give": (_may_be_given,),
        "take": (_has_one,),
        "clear": (_may_be_cleared,),
        "register:mailboxes": (_is_shown,),
    },
    effects={"create": (_begins,), "status": (_begins,)},
    shown={"retention": _retention},
    merge=_add,
    optional={"delete": "vault_domain_delete"},
    unforced=frozenset({"default_archive"}),
    ends_empty=_ends_empty,
)
