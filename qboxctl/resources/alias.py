"""E-mail aliases of a Hosting domain: one address that stands for up to twenty others."""

from qboxctl.schema import formats
from qboxctl.schema.collections import Emails
from qboxctl.schema.resource import Call, Certainty, Field, Joined, ResourceType

_ITEM = "/api/domains/{parent}/alias_email_accounts/{id}"

RESOURCE = ResourceType(
    kind="alias",
    title="E-mail alias",
    doc="An address of a Hosting domain that forwards to other addresses. It may not bear a mailbox's name.",
    section=("aliases",),
    parent="domain",
    joined=Joined.AT,
    namespace="addresses",
    collection="/api/domains/{parent}/alias_email_accounts",
    read=Call("GET", _ITEM),
    create=Call("POST", "/api/domains/{parent}/alias_email_accounts"),
    update=Call("PUT", _ITEM, always=("destinations",)),
    delete=Call("DELETE", _ITEM, certainty=Certainty.ASSUMED),
    normalise=formats.local_part,
    short="destinations",
    refused={
        "postmaster": "each domain has a mailbox of that name, and no alias may bear it",
        "*": "mail for unknown addresses goes where the domain's catch_all_enabled and catch_all_destination say",
    },
    hints=dict.fromkeys(
        ("to", "goto", "target", "targets", "destination", "forward", "forward_to", "recipients", "members"),
        "write destinations: [ADDRESS], or the list alone",
    ),
    fields=(
        Field(
            "destinations",
            Emails(least=1, most=20),
            "Addresses that receive the alias's mail, 1 to 20",
            required=True,
            refers="mailbox",
            source="putApiDomainsDomainCodeAliasEmailAccountsAliasEmailAccountCode",
        ),
    ),
)
