"""Delivery accounts: they cost money and have no unique key, so they are matched by id or description."""

from collections.abc import Iterator, Mapping

from qboxctl.model import JSON, Live
from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls
from qboxctl.schema.collections import Networks, References
from qboxctl.schema.labels import Label
from qboxctl.schema.lifecycle import ENABLED
from qboxctl.schema.readiness import Readiness, Rows
from qboxctl.schema.resource import Billing, Field, Identity, Mode, Reference, ResourceType
from qboxctl.schema.types import Boolean, Choice, Email

_UPDATE = "putApiDeliveryAccountsId"
_ITEM = "/api/delivery/accounts/{id}"


def _lacks(live: Live, rows: Rows) -> Iterator[str]:
    """What stands between an account and its first message [delivery.md, 9 and 10]."""
    if live.status != ENABLED:
        yield f"its status is {live.status or 'not told'}"
    codes = References().decode(live.row.get("domains"))
    if not isinstance(codes, tuple) or not codes:
        yield "no Delivery domain is linked to it"
        return
    domains = {str(row.get(name)): row for name in ("code", "name") for row in rows.get("delivery_domain", ())}
    for code in codes:
        row = domains.get(code)
        if row is None:
            yield f"{code}: its Delivery domain was not among those looked at"
        else:
            yield from (f"{row.get('name', code)} {what}" for what in _unready(row))


def _unready(row: Mapping[str, JSON]) -> Iterator[str]:
    """What a Delivery domain lacks; of the states only two are known, others are told as they are."""
    verified, approved = _word(row.get("dns_verification_status")), _word(row.get("approval_status"))
    if verified == "not_verified":
        yield "is not verified: publish what `qboxctl dns` shows, then verify it in the panel"
    elif verified and verified != "verified":
        yield f"has the verification status {verified}"
    if approved == "need_approval":
        yield "needs Qboxmail's approval"
    elif approved and approved != "approved":
        yield f"has the approval status {approved}"


def _word(value: JSON) -> str:
    return value.strip().lower()[:40] if isinstance(value, str) else ""


RESOURCE = ResourceType(
    kind="delivery_account",
    title="Delivery account",
    doc="An account to send through. Its plan and payment are never touched; order those in the panel.",
    section=("delivery", "accounts"),
    calls=Calls(
        list=Call("GET", "/api/delivery/accounts", query={"status": "all"}),
        read=Call("GET", _ITEM),
        create=Call("POST", "/api/delivery/accounts"),
        writes={"update": Call("PUT", _ITEM), "status": Call("PUT", f"{_ITEM}/status", repeats=("status",))},
        delete=Call("DELETE", _ITEM),
    ),
    identity=Identity(key="description", id="id", normalise=formats.label, unique=False),
    owned=True,
    lost="it",
    secret_answers=("password",),
    billing=Billing({"delivery_accounts": "Delivery account"}, prices={"delivery_accounts": "delivery_account"}),
    readiness=Readiness("sending", "is ready; its Send API token is made in the panel", "cannot send yet", _lacks),
    hints={
        "name": "write description",
        **dict.fromkeys(("enabled", "disabled", "active"), "write status: enabled or status: disabled"),
        **dict.fromkeys(("plan", "quota", "limit"), "plans and payment are ordered in the panel, and never touched"),
    },
    fields=(
        Field("description", Label(), "What people know the account by; the key unless said otherwise", source=_UPDATE),
        Field(
            "type",
            Choice(("transactional", "newsletter"), (("promotional", "newsletter"),)),
            "transactional for application mail, newsletter for bulk mail",
            mode=Mode.CREATE_ONLY,
            required=True,
            source="postApiDeliveryAccounts",
        ),
        Field(
            "domains",
            References(),
            "Delivery domains that the account may send from",
            mode=Mode.UPDATE_ONLY,
            write_as="domain_codes",
            initial=(),
            refers=Reference(("delivery_domain",), by_code=True),
            source=_UPDATE,
        ),
        Field("ignore_suppression_list", Boolean(), "Send even to suppressed addresses", source=_UPDATE),
        Field("allow_nets", Networks(), "IP addresses and networks that may send through the account", source=_UPDATE),
        Field(
            "bounce_notification", Email(), "Address that is told about bounces", mode=Mode.UPDATE_ONLY, source=_UPDATE
        ),
        Field(
            "bounce_notification_to_sender",
            Boolean(),
            "Tell the original sender about bounces",
            mode=Mode.UPDATE_ONLY,
            source=_UPDATE,
        ),
        Field(
            "status",
            Choice(("enabled", "disabled"), (("0", "enabled"), ("1", "disabled"))),
            "Whether the account can be used",
            mode=Mode.UPDATE_ONLY,
            call="status",
            initial="enabled",
            source="putApiDeliveryAccountsIdStatus",
        ),
    ),
)
