"""Delivery (sending) domains. The API can create and delete them; verifying one has no known call."""

from qboxctl.resources.published import delivery_records
from qboxctl.schema.calls import Call, Calls, Certainty
from qboxctl.schema.records import Records
from qboxctl.schema.resource import ResourceType

RESOURCE = ResourceType(
    kind="delivery_domain",
    title="Delivery domain",
    doc="A domain that mail is sent from. It must be verified and approved before production sending.",
    section=("delivery", "domains"),
    calls=Calls(
        list=Call("GET", "/api/delivery/domains", query={"status": "all"}),
        read=Call("GET", "/api/delivery/domains/{id}", certainty=Certainty.ASSUMED),
        create=Call("POST", "/api/delivery/domains"),
        delete=Call("DELETE", "/api/delivery/domains/{id}", certainty=Certainty.ASSUMED),
    ),
    owned=True,
    records=Records(("cname_verification_records", "txt_spf_record", "suggested_dmarc_record"), delivery_records),
    fields=(),
)
