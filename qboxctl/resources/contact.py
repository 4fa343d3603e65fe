"""Contacts of an address book: known by their names or addresses, and replaced where the API cannot change them."""

from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls, Certainty
from qboxctl.schema.collections import Objects
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.identity import Identity
from qboxctl.schema.labels import Label
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import Text

_CREATE = "postApiAddressbooksCodeAddressbookIdContacts"
_READ = "getApiAddressbooksCodeAddressbookIdContactsUid"
_LIST = "/api/addressbooks/{mailbox}/{address_book}/contacts"
_ITEM = f"{_LIST}/{{id}}"

_PLACES = ("work", "home")
_PHONES = ("work", "home", "cell", "home fax", "work fax")
_POSTAL = ("street_address", "city", "postal_code", "region", "country")


def _text(name: str, doc: str) -> Field:
    return Field(name, Text(), doc, source=_CREATE)


RESOURCE = ResourceType(
    kind="contact",
    title="Contact",
    doc="An entry of an address book. Entries that no file names are left alone.",
    section=("contacts",),
    parent="address_book",
    goes_along=True,
    left=True,
    replaced=True,
    irreplaceable=("birthday", "photo"),
    calls=Calls(
        list=Call("GET", _LIST, paged=False),
        read=Call("GET", _ITEM),
        create=Call("POST", _LIST),
        writes={"update": Call("PUT", _ITEM, whole=True, optional=True, certainty=Certainty.ASSUMED)},
        delete=Call("DELETE", _ITEM),
    ),
    identity=Identity(key="fullname", id="uid", normalise=formats.cased_label, unique=False, otherwise="emails"),
    hints={
        "name": "write fullname, or given_name and surname",
        **dict.fromkeys(("first_name", "firstname"), "write given_name"),
        **dict.fromkeys(("last_name", "lastname", "family_name"), "write surname"),
        **dict.fromkeys(("email", "mail", "email_address"), "write emails: [ADDRESS]"),
        **dict.fromkeys(("phone", "phones", "telephone", "mobile"), "write phone_numbers: [NUMBER]"),
        **dict.fromkeys(("address", "postal_address"), "write addresses: [{street_address: …, city: …}]"),
        **dict.fromkeys(("company", "organization", "organisation"), "write company_name"),
        **dict.fromkeys(("urls", "website", "web"), "write url: [URL]"),
        "note": "write notes",
    },
    fields=(
        Field("fullname", Label(), "The whole name, which the contact is known by", source=_CREATE),
        _text("given_name", "First name"),
        _text("surname", "Last name"),
        _text("title", "Title, such as Dr"),
        _text("nickname", "Nickname"),
        _text("company_name", "Company"),
        Field("notes", Text(lines=True), "Notes, of several lines perhaps", source=_CREATE),
        Field(
            "phone_numbers",
            Objects((("value", ""), ("type", "home")), words=(("type", _PHONES),)),
            "Phone numbers, each a text or {value, type}: work, home, cell, home fax or work fax",
            source=_CREATE,
        ),
        Field(
            "emails",
            Objects(
                (("value", ""), ("type", "home")),
                words=(("type", _PLACES),),
                item=formats.email_address,
                relaxed=formats.relaxed_email,
            ),
            "E-mail addresses, each a text or {value, type}: work or home",
            source=_CREATE,
        ),
        Field(
            "url",
            Objects((("value", ""), ("type", "home")), words=(("type", _PLACES),)),
            "Web addresses, each a text or {value, type}: work or home",
            source=_CREATE,
        ),
        Field(
            "addresses",
            Objects((*((name, "") for name in _POSTAL), ("type", "home")), words=(("type", _PLACES),), needed=False),
            "Postal addresses, each {street_address, city, postal_code, region, country, type}",
            source=_CREATE,
        ),
        Field("birthday", Text(), "Birthday, which only users can set", mode=Mode.READ_ONLY, source=_READ),
        Field(
            "photo",
            Objects((("value", ""), ("type", ""))),
            "Photo, which only users can set",
            mode=Mode.READ_ONLY,
            source=_READ,
        ),
    ),
)
