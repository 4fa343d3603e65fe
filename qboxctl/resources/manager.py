"""Managers: a reseller's customers, who see nothing but the domains and Delivery objects that they are given."""

from collections.abc import Iterator
from typing import Any

from qboxctl.model import Advisory
from qboxctl.resources.people import names, password
from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls, Certainty
from qboxctl.schema.collections import References
from qboxctl.schema.decoding import value_of
from qboxctl.schema.entries import Entries
from qboxctl.schema.field import Field, Holder, Mode, Reference
from qboxctl.schema.identity import Identity
from qboxctl.schema.lifecycle import Lifecycle
from qboxctl.schema.numbers import Limit, Size
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.rules import Planned
from qboxctl.schema.types import Boolean, Choice, Text

_CREATE = "postApiManagers"
_UPDATE = "putApiManagersManagerCode"
_ITEM = "/api/managers/{id}"
_CLOSED = "only a customer with reseller status has managers"
_HOLDER = Holder("manager_code", "manager_fullname")
_DELIVERY = ("delivery_domain", "delivery_account")


def _delivery_name(text: str) -> str:
    """The name of a Delivery domain or account, or its address, in the form in which it is compared."""
    kind, slash, name = text.partition("/")
    if not slash or kind not in _DELIVERY:
        kind, slash, name = "", "", text
    domain = formats.relaxed_domain(name)
    is_domain = kind == "delivery_domain" or (not kind and formats.is_domain(name))
    return f"{kind}{slash}{domain if is_domain else formats.relaxed_label(name)}"


def _kept(planned: Planned) -> Iterator[Advisory]:
    """What a manager holds of Delivery beside what its list names: no call takes it away."""
    for address, live in planned.live_state.live.items():
        desired = planned.objects.get(address) if address.kind == "manager" else None
        if desired is None or desired.absent or "delivery" not in desired.values:
            continue
        have = value_of(RESOURCE, RESOURCE.by_name["delivery"], live, planned.live_state.codes)
        named = set(desired.values["delivery"])
        named |= {name.partition("/")[2] for name in named if name.startswith(_DELIVERY)}
        more = [name for name in have if name not in named] if isinstance(have, tuple) else []
        if more:
            message = f"{address} holds {', '.join(more)} too, which its delivery does not name"
            hint = "this API cannot take it away: do that in the panel, or name it"
            yield Advisory("Q072", str(address), message, hint)


def _limit(name: str, doc: str, **more: Any) -> Field:
    given = {"certainty": Certainty.DOCUMENTED, "source": _UPDATE, **more}
    return Field(name, Limit(), f"{doc}; -1 or unlimited for none", **given)


RESOURCE = ResourceType(
    kind="manager",
    title="Manager",
    doc="Somebody who manages some domains and Delivery objects of a reseller, within limits, and sees no others.",
    section=("managers",),
    file="access",
    calls=Calls(
        list=Call("GET", "/api/managers", query={"status": "all"}, certainty=Certainty.ASSUMED, closed=_CLOSED),
        read=Call("GET", _ITEM, certainty=Certainty.ASSUMED, closed=_CLOSED),
        create=Call("POST", "/api/managers", closed=_CLOSED),
        writes={
            "update": Call("PUT", _ITEM, closed=_CLOSED),
            "status": Call("PUT", f"{_ITEM}/status", repeats=("status",)),
        },
        delete=Call("DELETE", _ITEM, certainty=Certainty.ASSUMED),
    ),
    identity=Identity(
        key="email_address", normalise=formats.email_address, pin="code", fullname=("firstname", "lastname")
    ),
    lifecycle=Lifecycle(progress=""),  # its status_detail is another thing, of which nothing is known
    spared=True,
    advice=(_kept,),
    hints={
        **dict.fromkeys(("name", "full_name", "fullname", "display_name"), "write firstname and lastname"),
        **dict.fromkeys(("email", "email_address", "address", "login", "username"), "the key is the e-mail address"),
        **dict.fromkeys(("domain", "domain_codes", "assigned_domains"), "write domains: [NAME]"),
        **dict.fromkeys(
            ("accounts", "delivery_domains", "delivery_accounts"), "write delivery: [NAME], with domains and accounts"
        ),
        **dict.fromkeys(("max_mailboxes", "max_accounts", "mailbox_limit"), "write max_email_accounts"),
        **dict.fromkeys(("enabled", "disabled", "active", "suspended"), "write status: enabled or status: disabled"),
        **dict.fromkeys(("permissions", "role", "roles"), "a manager has no permissions but domains and limits"),
    },
    fields=(
        *names(_CREATE),
        Field("company", Text(), "Company", mode=Mode.CREATE_ONLY, source=_CREATE),
        password(_UPDATE),
        Field(
            "catch_all",
            Boolean(),
            "Whether a catch-all is allowed on the assigned domains; true unless said otherwise",
            mode=Mode.CREATE_ONLY,
            initial=True,
            source=_CREATE,
        ),
        Field(
            "domains",
            References(),
            "Hosting domains that the manager manages: all of them, the whole list; [] for none",
            write_as="domain_codes",
            refers=Reference(("domain",), by_code=True, holder=_HOLDER),
            source=_UPDATE,
        ),
        Field(
            "delivery",
            References(canonical=_delivery_name),
            "Delivery domains and accounts that the manager is given; none is taken away, since no call does that",
            mode=Mode.UPDATE_ONLY,
            initial=(),
            refers=Reference(_DELIVERY, by_code=True, holder=_HOLDER),
            each=Entries(give=(Call("PUT", f"{_ITEM}/assign/delivery", entry="id"),)),
            source="putApiManagersManagerCodeAssignDelivery",
        ),
        _limit("max_domains", "How many domains the manager may have"),
        _limit("max_email_accounts", "How many mailboxes"),
        _limit("max_email_accounts_archive", "How many mailboxes with an archive"),
        *(_limit(f"max_email_accounts_{band}gb", f"How many mailboxes with {band} GB") for band in (25, 50, 100)),
        Field("max_email_quota", Size(), "Largest size that a mailbox may have", source=_UPDATE),
        *(
            _limit(f"max_delivery_{name}", f"How many Delivery {name}", mode=Mode.UPDATE_ONLY)
            for name in ("domains", "accounts")
        ),
        Field(
            "status",
            Choice(("enabled", "disabled"), (("0", "enabled"), ("1", "disabled"))),
            "Whether the manager may log in; the domains stay assigned",
            mode=Mode.UPDATE_ONLY,
            call="status",
            initial="enabled",
            source="putApiManagersManagerCodeStatus",
        ),
    ),
)
