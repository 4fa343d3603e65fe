"""E-mail aliases of a Hosting domain: one address that stands for up to twenty others."""

from qboxctl.resources.addresses import destinations, many_aliases, many_aliases_live, no_circles, same_name
from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls, Certainty
from qboxctl.schema.collections import Emails
from qboxctl.schema.field import Field, Reference
from qboxctl.schema.identity import Identity, Joined
from qboxctl.schema.resource import ResourceType

_LIST = "/api/domains/{domain}/alias_email_accounts"
_ITEM = f"{_LIST}/{{id}}"

RESOURCE = ResourceType(
    kind="alias",
    title="E-mail alias",
    doc="An address of a Hosting domain that forwards to other addresses. It may not bear a mailbox's name.",
    section=("aliases",),
    parent="domain",
    calls=Calls(
        list=Call("GET", _LIST),
        read=Call("GET", _ITEM),
        create=Call("POST", _LIST),
        writes={"update": Call("PUT", _ITEM, repeats=("destinations",))},
        delete=Call("DELETE", _ITEM, certainty=Certainty.ASSUMED),
    ),
    identity=Identity(
        normalise=formats.local_part,
        joined=Joined.AT,
        namespace="addresses",
        refused={
            "postmaster": "each domain has a mailbox of that name, and no alias may bear it",
            "*": "mail for unknown addresses goes where the domain's catch_all_enabled and catch_all_destination say",
        },
    ),
    short="destinations",
    rules=(same_name, destinations, no_circles, many_aliases),
    advice=(many_aliases_live,),
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
            refers=Reference(("mailbox", "alias")),
            source="putApiDomainsDomainCodeAliasEmailAccountsAliasEmailAccountCode",
        ),
    ),
)
