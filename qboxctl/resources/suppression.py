"""Suppression entries: addresses that no mail is sent to. The API can switch one off, not delete it."""

from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls
from qboxctl.schema.collections import References
from qboxctl.schema.field import Field, Mode, Reference
from qboxctl.schema.identity import Identity
from qboxctl.schema.lifecycle import Lifecycle
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import Boolean, Choice

_EDIT = "putApiDeliverySuppressionListsEdit"

RESOURCE = ResourceType(
    kind="suppression",
    title="Suppression entry",
    doc="An address that Delivery does not send to. Bounces add entries by themselves.",
    section=("delivery", "suppressions"),
    calls=Calls(
        list=Call("GET", "/api/delivery/suppression_lists", query={"status": "all"}),
        read=Call("POST", "/api/delivery/suppression_lists/details", named=True),
        create=Call("POST", "/api/delivery/suppression_lists"),
        writes={"update": Call("PUT", "/api/delivery/suppression_lists/edit", named=True)},
        one_by_one=True,
    ),
    identity=Identity(key="email", id="id", normalise=formats.email_address),
    lifecycle=Lifecycle("active", enabled=True, disabled=False),
    hints=dict.fromkeys(("enabled", "disabled", "status"), "write active: true or active: false"),
    fields=(
        Field("reason", Choice(("complaint", "bounce")), "Why the address is suppressed", required=True, source=_EDIT),
        Field(
            "accounts",
            References(canonical=formats.relaxed_label),
            "Delivery accounts that the entry is limited to; [] for all of them",
            initial=(),
            refers=Reference(("delivery_account",), by_code=True),
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
