"""Suppression entries: addresses that no mail is sent to. The API can switch one off, not delete it."""

from qboxctl.schema import formats
from qboxctl.schema.collections import References
from qboxctl.schema.resource import Call, Field, Mode, ResourceType
from qboxctl.schema.types import Boolean, Choice

_EDIT = "putApiDeliverySuppressionListsEdit"

RESOURCE = ResourceType(
    kind="suppression",
    title="Suppression entry",
    doc="An address that Delivery does not send to. Bounces add entries by themselves.",
    section=("delivery", "suppressions"),
    collection="/api/delivery/suppression_lists",
    list_query={"status": "all"},
    read=Call("POST", "/api/delivery/suppression_lists/details", keyed=True),
    create=Call("POST", "/api/delivery/suppression_lists"),
    update=Call("PUT", "/api/delivery/suppression_lists/edit", keyed=True),
    key="email",
    id="id",
    normalise=formats.email_address,
    per_object=True,
    disabled=("active", False),
    hints=dict.fromkeys(("enabled", "disabled", "status"), "write active: true or active: false"),
    fields=(
        Field("reason", Choice(("complaint", "bounce")), "Why the address is suppressed", required=True, source=_EDIT),
        Field(
            "accounts",
            References(kind="delivery_account", canonical=formats.relaxed_label),
            "Delivery accounts that the entry is limited to; [] for all of them",
            initial=(),
            refers="delivery_account",
            source=_EDIT,
        ),
        Field(
            "active",
            Boolean(),
            "Whether the entry is in force; true unless said otherwise",
            mode=Mode.UPDATE_ONLY,
            initial=True,
            default=True,
            source=_EDIT,
        ),
    ),
)
