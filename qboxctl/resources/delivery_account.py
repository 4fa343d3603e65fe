"""Delivery accounts: they cost money and have no unique key, so they are matched by id or description."""

from qboxctl.schema import formats
from qboxctl.schema.collections import Networks, References
from qboxctl.schema.labels import Label
from qboxctl.schema.resource import Call, Field, Mode, ResourceType
from qboxctl.schema.types import Boolean, Choice, Email

_UPDATE = "putApiDeliveryAccountsId"
_ITEM = "/api/delivery/accounts/{id}"

RESOURCE = ResourceType(
    kind="delivery_account",
    title="Delivery account",
    doc="An account to send through. Its plan and payment are never touched; order those in the panel.",
    section=("delivery", "accounts"),
    collection="/api/delivery/accounts",
    list_query={"status": "all"},
    read=Call("GET", _ITEM),
    create=Call("POST", "/api/delivery/accounts"),
    update=Call("PUT", _ITEM),
    status=Call("PUT", f"{_ITEM}/status", always=("status",)),
    delete=Call("DELETE", _ITEM),
    key="description",
    id="id",
    normalise=formats.label,
    unique=False,
    owned=True,
    holds_data=True,
    disabled=("status", "disabled"),
    secret_answers=("password",),
    billed=lambda _values: "delivery_accounts",
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
            References(kind="delivery_domain"),
            "Delivery domains that the account may send from",
            mode=Mode.UPDATE_ONLY,
            write_as="domain_codes",
            initial=(),
            refers="delivery_domain",
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
