"""How stored objects look on the wire: rows, lists and the answers to writes, under the quirks.

A row is built by a plan per kind, made once from the definition, and kept as text until the object changes.
"""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b

from qboxctl.emulator.rules import STATUSES, band
from qboxctl.emulator.state import Store, Stored
from qboxctl.emulator.wire import Response, answer
from qboxctl.model import JSON
from qboxctl.resources import TYPES
from qboxctl.schema.collections import Emails, References, Texts
from qboxctl.schema.resource import Field, ResourceType
from qboxctl.schema.types import Boolean, Email

Row = dict[str, JSON]
Converter = Callable[[JSON], JSON]
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
"""One encoder for all rows: ``json.dumps`` would make a new one for each."""
_LONGEST = 40
"""The characters of a description that the quirk leaves."""
_NUMBERS = ("enabled", "disabled", "ownership_check")
_LIST_KEEPS = frozenset({"code", "id", "name", "email_address", "status", "display_status", "max_email_quota"})
_LIST_KEEPS_TOO = {"delivery_account": {"description"}, "suppression": {"email", "active"}}
_BLIND = ("timezone", "language", "tags", "imap_disabled", "pop_disabled", "smtp_disabled", "webmail_disabled")
_HIDDEN = {"force_new_password": "force_new_password", "last_access": "last_access_at"}
_NOISE: Mapping[str, JSON] = {
    "beta_features": None,
    "x_internal": {"shard": 7, "flags": [None, "new"], "note": None},
    "archive_status": "hibernating",
    "type_label": "",
}
_NOISE_BY_KIND: Mapping[str, Mapping[str, JSON]] = {
    "delivery_domain": {"approval_status": "escalated", "dns_verification_status": "half_verified"},
    "suppression": {"category": "quantum", "message": None},
}


class Answers:
    """Writes the answers of one emulator."""

    def __init__(self, store: Store, quirks: Mapping[str, str], extra: Mapping[str, Iterable[str]]) -> None:
        self.store = store
        self.quirks = quirks
        self._extra = extra
        self._numeric = quirks["ids"] == "number"
        self._as_sent = quirks["address_case"] == "as_sent"
        self._plans = {kind: self._plan(type_) for kind, type_ in TYPES.items()}

    # -- rows ----------------------------------------------------------------------------------------------

    def text(self, obj: Stored, *, listed: bool = False) -> str:
        """The object's row as JSON text."""
        short = listed and self.quirks["list_detail"] == "abridged"
        stamp = (obj.version, obj.pending > 0, obj.leaving is not None, short)
        if obj.row is None or obj.row[0] != stamp:
            obj.row = (stamp, _ENCODE(self.row(obj, short=short)))
        return obj.row[1]

    def row(self, obj: Stored, *, short: bool = False) -> Row:
        """The object's row; a short one is what an abridged list shows of it."""
        type_ = obj.type
        row: Row = {type_.id: self.code(obj), type_.key: self.name(obj)}
        row.update(self._state(obj))
        server_made = _SERVER_MADE.get(type_.kind)
        if server_made is not None:
            row.update(server_made(self, obj))
        for row_name, name, convert in self._plans[type_.kind]:
            value = obj.values.get(name)
            row[row_name] = value if convert is None else convert(value)
        if self.quirks["unmodelled"] == "returned":
            row.update((name, obj.extra.get(name)) for name in self._extra[type_.kind])
        for quirk, name in _HIDDEN.items():
            if self.quirks[quirk] == "hidden":
                row.pop(name, None)
        if self.quirks["extra_fields"] == "noise":
            row.update(_NOISE)
            row.update(_NOISE_BY_KIND.get(type_.kind, {}))
        if short:
            keeps = _LIST_KEEPS | _LIST_KEEPS_TOO.get(type_.kind, set())
            return {name: value for name, value in row.items() if name in keeps}
        if self.quirks["list_detail"] == "blind":
            return {name: row[name] for name in row if name not in _BLIND and not name.startswith("autoresponder_")}
        return row

    def code(self, obj: Stored) -> JSON:
        """The object's code or id."""
        return self._wire_code(obj.code)

    def _wire_code(self, code: str) -> JSON:
        return int(code) if self._numeric else code

    def name(self, obj: Stored) -> str:
        """The object's name as answers spell it."""
        if obj.type.key in obj.type.by_name:
            return self._kept(obj.name)
        return obj.name if self._as_sent else obj.key

    def _kept(self, text: str) -> str:
        """A description in the form in which the server keeps it."""
        match self.quirks["descriptions"]:
            case "cut":
                return text[:_LONGEST].rstrip()
            case "composed":
                return unicodedata.normalize("NFC", text)
            case "blanks":
                return " ".join(text.split())
            case "escaped":
                return html.escape(text)
            case _:
                return text

    def _state(self, obj: Stored) -> Row:
        state: Row = {"created_at": obj.created, "updated_at": obj.updated}
        if obj.kind == "suppression":
            return state
        number = self.quirks["status"] == "number"
        state["status"] = status_number(obj) if number else obj.status
        state["status_detail"] = obj.detail
        if obj.type.section[0] == "delivery":
            state["display_status"] = obj.status
        return state

    def _plan(self, type_: ResourceType) -> list[tuple[str, str, Converter | None]]:
        shown = [one for one in type_.fields if not one.secret and one.name != "status"]
        return [(one.row_name, one.name, self._converter(type_, one)) for one in shown]

    def _converter(self, type_: ResourceType, one: Field) -> Converter | None:
        match one.type:
            case _ if one.name == type_.key:
                return self._kept
            case Boolean():
                return {"text": _boolean_text, "number": _boolean_number}.get(self.quirks["booleans"])
            case References() if (type_.kind, one.name) == ("delivery_account", "domains"):
                return self._account_domains
            case References():
                return lambda codes: self._list([self._wire_code(code) for code in codes or ()])
            case Emails():
                return self._emails
            case Texts():
                return lambda items: self._list(list(items or ()))
            case Email() if not self._as_sent:
                return lambda value: value.lower() if value else value
            case _:
                return None

    def _list(self, items: list[JSON]) -> JSON:
        if self.quirks["lists"] == "comma":
            return ", ".join(str(item) for item in items)
        return None if not items and self.quirks["lists"] == "null_when_empty" else items

    def _emails(self, items: Sequence[str] | None) -> JSON:
        shown = list(items or ()) if self._as_sent else [item.lower() for item in items or ()]
        return self._list(sorted(shown) if self.quirks["destinations"] == "sorted" else shown)

    def _account_domains(self, codes: Iterable[str] | None) -> JSON:
        found = [self.store.find("delivery_domain", code) for code in codes or ()]
        domains = [obj for obj in found if obj is not None]
        form = self.quirks["account_domains"]
        if form == "objects":
            rows = [{"code": self.code(obj), "name": self.name(obj)} for obj in domains]
            return None if not rows and self.quirks["lists"] == "null_when_empty" else rows
        if form == "codes":
            return self._list([self.code(obj) for obj in domains])
        names: list[JSON] = [self.name(obj) for obj in domains]
        if form == "comma" and (names or self.quirks["lists"] != "null_when_empty"):
            return ", ".join(names)
        return self._list(names)

    # -- whole answers -------------------------------------------------------------------------------------

    def page(self, rows: Sequence[Stored], pagination: Row) -> Response:
        """One page of a list."""
        if not rows and self.quirks["empty_list"] == "404":
            return answer(404, {"message": "Not found", "errors": []})
        return self._envelope(rows, pagination, listed=True)

    def one(self, obj: Stored) -> Response:
        """One object by its code."""
        return self._envelope([obj], {})

    def _envelope(
        self, rows: Sequence[Stored], pagination: Row, *, status: int = 200, listed: bool = False
    ) -> Response:
        noise = ',"meta":{"took":null}' if self.quirks["extra_fields"] == "noise" else ""
        texts = ",".join([self.text(obj, listed=listed) for obj in rows])
        body = f'{{"resources":[{texts}],"pagination":{json.dumps(pagination)}{noise}}}'
        return Response(status, {"content-type": "application/json"}, body.encode())

    def created(self, obj: Stored) -> Response:
        """The answer to a create; without an address of its own an object's creation answers nothing at all."""
        status, form = int(self.quirks["create_status"]), self.quirks["create_answer"]
        if form == "resources":
            return self._envelope([obj], {}, status=status)
        if obj.type.read.keyed or form == "nothing":
            return answer(status)
        if form == "location":
            path = obj.type.read.path.replace("{id}", obj.code)
            return answer(status, None, {"location": path.replace("{parent}", obj.parent.code if obj.parent else "")})
        return answer(status, {"message": "Created", "resource_code": self.code(obj)})

    def written(self, *objects: Stored) -> Response:
        """The answer to an update, to another write, or (without an object that is still there) to a delete."""
        form = self.quirks["write_answer"]
        if form == "200-resources":
            return self._envelope(objects, {})
        return answer(204 if form == "204" else 200)


def _boolean_text(value: JSON) -> JSON:
    return "true" if value else "false"


def _boolean_number(value: JSON) -> JSON:
    return 1 if value else 0


def status_number(obj: Stored) -> int:
    """The number that stands for a status; those of which no reference tells come after the known ones."""
    if obj.status in _NUMBERS:
        return _NUMBERS.index(obj.status)
    others = [status for status in STATUSES.get(obj.kind, ()) if status not in _NUMBERS]
    return len(_NUMBERS) + others.index(obj.status)


def _secret_text(code: str) -> str:
    return f"q7{blake2b(code.encode(), digest_size=9).hexdigest()}"


# -- what the server adds to the attributes of each kind -------------------------------------------------------


def _domain(answers: Answers, obj: Stored) -> Row:
    store = answers.store
    sizes = store.sizes(obj)
    bands = dict.fromkeys(("no_email_accounts_25gb", "no_email_accounts_50gb", "no_email_accounts_100gb"), 0)
    for size, number in sizes.items():
        limit = band(size)
        if limit:
            bands[limit.replace("max_", "no_")] += number
    return {
        "activated_at": None if obj.status == "ownership_check" else obj.created,
        "archive_activated_at": None,
        "archive_status": "disabled",
        "is_healthy": obj.status == "enabled",
        "customer_fullname": "Emulated Customer",
        "customer_code": obj.owner or store.customer_code,
        "customer_catch_all": True,
        "archive": False,
        "manager_fullname": None,
        "manager_code": None,
        "default_retention": 0,
        "default_archive": False,
        "email_services": 0,
        "dkim_public_key": None,
        "dkim_selector": None,
        "has_dkim": 0,
        "dkim_last_checked_at": None,
        "dkim_last_check_ok": False,
        "no_alias_domains": 0,
        "no_alias_email_accounts": len(store.rows("alias", obj)),
        "no_email_accounts": sizes.total(),
        "no_email_accounts_archive": 0,
        **bands,
        "ownership_verification_email_address": None,
        "possession_a_record": f"d{obj.digits}",
    }


def _mailbox(answers: Answers, obj: Stored) -> Row:
    domain = answers.name(obj.parent) if obj.parent else ""
    return {
        "email_address": f"{answers.name(obj)}@{domain}",
        "domain_name": domain,
        "archive": False,
        "used_space": 0,
        "messages_count": 0,
        "last_access_at": obj.accessed or None,
    }


def _alias(answers: Answers, obj: Stored) -> Row:
    return {"domain_name": answers.name(obj.parent) if obj.parent else ""}


def _delivery_domain(answers: Answers, obj: Stored) -> Row:
    accounts = [account for account in answers.store.referrers(obj) if account.kind == "delivery_account"]
    selectors = {"tr": f"qtr{obj.digits}", "nl": f"qnl{obj.digits}"}
    records = [
        {"name": f"{selector}._domainkey.{obj.key}", "type": "CNAME", "value": f"{selector}.dkim.qboxmail.com"}
        for selector in selectors.values()
    ]
    return {
        "dns_verification_status": "not_verified",
        "dkim_last_checked_at": None,
        "dkim_last_check_ok": False,
        "dkim_tr_last_check_ok": False,
        "dkim_nl_last_check_ok": False,
        "spf_last_checked_at": None,
        "spf_last_check_ok": False,
        "approval_status": "need_approval",
        "dkim_selector_tr": selectors["tr"],
        "dkim_selector_nl": selectors["nl"],
        "cname_verification_records": records,
        "txt_spf_record": "v=spf1 include:spf.qboxmail.com ~all",
        "suggested_dmarc_record": "v=DMARC1; p=none",
        "customer_fullname": "Emulated Customer",
        "customer_code": obj.owner or answers.store.customer_code,
        "accounts_count": len(accounts),
        "accounts": [{"id": answers.code(one), "description": answers.name(one)} for one in accounts],
        "manager_fullname": None,
        "manager_code": None,
    }


def _delivery_account(answers: Answers, obj: Stored) -> Row:
    password = {"masked": "********", "clear": _secret_text(f"password {obj.code}"), "null": None}
    return {
        "username": _secret_text(f"username {obj.code}"),
        "plan": "free",
        "start_date": obj.created[:10],
        "num_messages": 1000,
        "password": password[answers.quirks["account_password"]],
        "config_hostname": "smtp.delivery.qboxmail.com",
        "customer_code": obj.owner or answers.store.customer_code,
        "customer_fullname": "Emulated Customer",
        "domains_count": len(obj.values["domains"]),
        **dict.fromkeys(
            ("next_renewal_date", "last_renewal_date", "plan_expiration_date", "extra_messages_expires_at")
        ),
        "remaining_messages": 1000,
        "messages_sent": 0,
        "remaining_extra_messages_bought": 0,
        "extra_messages_total": 0,
        "remaining_messages_error": None,
        "delivery_analytics": False,
        "has_pending_order": False,
        "delete_on": None,
        "plan_num_messages": 1000,
        "reset_to_plan_num_messages": False,
        "manager_fullname": None,
        "manager_code": None,
    }


def _suppression(answers: Answers, obj: Stored) -> Row:
    return {
        "customer_id": obj.owner or answers.store.customer_code,
        "category": "manual",
        "message": "",
        "message_translated": "",
    }


_SERVER_MADE: Mapping[str, Callable[[Answers, Stored], Row]] = {
    "domain": _domain,
    "mailbox": _mailbox,
    "alias": _alias,
    "delivery_domain": _delivery_domain,
    "delivery_account": _delivery_account,
    "suppression": _suppression,
}
