"""Delivery accounts: they cost money and have no unique key, so they are matched by id or description."""

from collections.abc import Iterator, Mapping, Sequence

from qboxctl.model import JSON, Live, Missing, Value
from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls
from qboxctl.schema.collections import Networks, References
from qboxctl.schema.field import Field, Mode, Reference
from qboxctl.schema.identity import Identity
from qboxctl.schema.labels import Label
from qboxctl.schema.lifecycle import ENABLED
from qboxctl.schema.readiness import Lack, Readiness, Rows
from qboxctl.schema.resource import Billing, ResourceType
from qboxctl.schema.types import Boolean, Choice, Email

_UPDATE = "putApiDeliveryAccountsId"
_ITEM = "/api/delivery/accounts/{id}"


def _lacks(live: Live, rows: Rows) -> Iterator[Lack]:
    """What stands between an account and its first message [delivery.md, 9 and 10]."""
    if live.status != ENABLED:
        yield Lack("status", f"its status is {live.status or 'not told'}")
    linked = _linked(live, rows)
    if not linked:
        yield Lack("domain", "no Delivery domain is linked to it")
    for name, row in linked:
        if row is None:
            yield Lack("domain", f"{name}: its Delivery domain was not among those looked at", name)
            continue
        yield from (Lack(word, f"{name} {what}", name) for word, what in _unready(row))
        yield from (Lack(word, f"{name} {what}", name, stops=False) for word, what in _unpublished(row, live))
    if "token" in rows:
        yield from _without_token(live, rows["token"])


def _linked(live: Live, rows: Rows) -> list[tuple[str, Mapping[str, JSON] | None]]:
    """The Delivery domains of an account, by name, whichever the API lists; None for an unknown one."""
    codes = References().decode(live.row.get("domains"))
    domains = {str(row.get(name)): row for name in ("code", "name") for row in rows.get("delivery_domain", ())}
    found = [(code, domains.get(code)) for code in (codes if isinstance(codes, tuple) else ())]
    named = [(code if row is None else str(row.get("name", code)), row) for code, row in found]
    return sorted(named, key=lambda one: one[0])


def _through(live: Live, rows: Rows) -> Sequence[Mapping[str, JSON]]:
    """The Delivery domains that an account may send from."""
    return [row for _, row in _linked(live, rows) if row is not None]


def _unready(row: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    """What a Delivery domain lacks; of the states only two are known, others are told as they are."""
    shown = _word(row.get("display_status") or row.get("status"))
    if shown in ("disabled", "blocked"):
        yield "domain", f"is {shown}"
    verified, approved = _word(row.get("dns_verification_status")), _word(row.get("approval_status"))
    if verified == "not_verified":
        yield "verification", "is not verified: publish what `qboxctl dns` shows, then verify it in the panel"
    elif verified and verified != "verified":
        yield "verification", f"has the verification status {verified}"
    if approved == "need_approval":
        yield "approval", "needs Qboxmail's approval"
    elif approved and approved != "approved":
        yield "approval", f"has the approval status {approved}"


def _unpublished(row: Mapping[str, JSON], live: Live) -> Iterator[tuple[str, str]]:
    """Which records of a Delivery domain the server did not find when it looked last."""
    kind = live.row.get("type")
    for word, names in (("spf", _SPF), ("dkim", _DKIM.get(_word(kind), _DKIM[""])), ("dmarc", _DMARC)):
        checked = next((row[name] for name in names if row.get(name) is not None), None)
        if Boolean().decode(checked) is False:
            yield word, f"has no {word.upper()} record that the server finds: `qboxctl dns --check` tells more"


_SPF = ("spf_last_check_ok",)
_DKIM = {
    "transactional": ("dkim_tr_last_check_ok", "dkim_last_check_ok"),
    "newsletter": ("dkim_nl_last_check_ok", "dkim_last_check_ok"),
    "": ("dkim_last_check_ok", "dkim_tr_last_check_ok"),
}
"""Which check counts for which type of account."""
_DMARC = ("dmarc_last_check_ok",)
"""No reference has it: where it is not there, only DNS tells."""
_CHECKS = ("dns_verification_status", "approval_status", *_SPF, *_DKIM[""], "dkim_nl_last_check_ok")


def _without_token(live: Live, tokens: Sequence[Mapping[str, JSON]]) -> Iterator[Lack]:
    """Whether nothing could send: there is no token, or no network from which both token and account let it."""
    if not tokens:
        yield Lack("token", "it has no Send API token: declare one under its tokens, or make one in the panel")
        return
    mine = Networks().decode(live.row.get("allow_nets"))
    theirs = [Networks().decode(row.get("allow_nets")) for row in tokens]
    if mine and not any(_meet(mine, one) for one in theirs):
        yield Lack("networks", "no network is in its allow_nets and in those of one of its tokens")


def _meet(some: Value | Missing, others: Value | Missing) -> bool:
    """Whether an address may be in both lists of networks; an empty one holds all."""
    import ipaddress

    if not isinstance(some, tuple) or not isinstance(others, tuple) or not others:
        return True
    try:
        nets = [[ipaddress.ip_network(text, strict=False) for text in texts] for texts in (some, others)]
    except ValueError:
        return True
    return any(one.version == other.version and one.overlaps(other) for one in nets[0] for other in nets[1])


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
    readiness=Readiness(
        "sending",
        "is ready for a Send API token",
        "cannot send yet",
        "delivery_domain",
        _lacks,
        _through,
        {"delivery_account": ("domains", "allow_nets", "type"), "delivery_domain": _CHECKS},
    ),
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
