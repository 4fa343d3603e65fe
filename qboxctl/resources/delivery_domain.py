"""Delivery (sending) domains. The API can create and delete them; verifying one has no known call."""

from qboxctl.schema.resource import Call, Certainty, ResourceType

RESOURCE = ResourceType(
    kind="delivery_domain",
    title="Delivery domain",
    doc="A domain that mail is sent from. It must be verified and approved before production sending.",
    section=("delivery", "domains"),
    collection="/api/delivery/domains",
    list_query={"status": "all"},
    read=Call("GET", "/api/delivery/domains/{id}", certainty=Certainty.ASSUMED),
    create=Call("POST", "/api/delivery/domains"),
    delete=Call("DELETE", "/api/delivery/domains/{id}", certainty=Certainty.ASSUMED),
    owned=True,
    fields=(),
)
