"""Address books of a mailbox: a user's notebooks, of which only what files name is managed."""

from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls, Certainty
from qboxctl.schema.field import Field
from qboxctl.schema.identity import Identity
from qboxctl.schema.labels import Label
from qboxctl.schema.resource import ResourceType

_LIST = "/api/addressbooks/{mailbox}"
_ITEM = f"{_LIST}/{{id}}"

RESOURCE = ResourceType(
    kind="address_book",
    title="Address book",
    doc="An address book of a mailbox. Each has a personal one by itself; books that no file names are left alone.",
    section=("address_books",),
    parent="mailbox",
    goes_along=True,
    left=True,
    given=1,
    calls=Calls(
        list=Call("GET", _LIST, paged=False, optional=True, certainty=Certainty.ASSUMED),
        read=None,
        create=Call("POST", _LIST, tell_code=False),
        writes={"update": Call("PUT", _ITEM, certainty=Certainty.ASSUMED)},
        delete=Call("DELETE", _ITEM, certainty=Certainty.ASSUMED),
    ),
    identity=Identity(
        key="name",
        id="id",
        also=("addressbook_id", "code"),
        normalise=formats.cased_label,
        unique=False,
        stated=True,
    ),
    hints={"title": "write name, or only the key under address_books"},
    fields=(
        Field(
            "name",
            Label(),
            "What the book is called; the key unless said otherwise",
            source="postApiAddressbooksCode",
        ),
    ),
)
