"""Signatures of a mailbox, one for each address that it sends as: no codes, and always written whole."""

from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.identity import Identity
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import Boolean, Document, Text

_WRITE = "postApiSignaturesCode"
_READ = "getApiSignaturesCode"
_LIST = "/api/signatures/{mailbox}"
_ITEM = f"{_LIST}/{{id}}"

RESOURCE = ResourceType(
    kind="signature",
    title="Signature",
    doc="What a mailbox adds to the mail that it sends as one of its addresses. Its user may change it at any time.",
    section=("signatures",),
    parent="mailbox",
    goes_along=True,
    calls=Calls(
        list=Call("GET", _LIST, paged=False),
        read=Call("GET", _ITEM, by_place=True),
        create=Call("POST", _LIST),
        writes={"update": Call("PUT", _LIST, named=True, whole=True, repeats=("body",))},
        delete=Call("DELETE", _ITEM, by_place=True),
    ),
    identity=Identity(key="identity", id="identity", normalise=formats.email_address),
    hints={
        **dict.fromkeys(("html", "text", "content", "signature"), "write body: TEXT, or body: {file: PATH}"),
        **dict.fromkeys(("default", "is_default", "defaultsignature"), "write default_signature: true"),
        "name": "write title",
        **dict.fromkeys(("email", "address", "from"), "the address is the key under signatures"),
        **dict.fromkeys(("defaultsignaturereplies",), "only the server can set it"),
    },
    fields=(
        Field("title", Text(), "Title, as the Webmail lists it", source=_WRITE),
        Field(
            "body",
            Document(),
            "The signature: HTML or text, or {file: PATH} for a file that holds it",
            required=True,
            source=_WRITE,
        ),
        Field(
            "default_signature",
            Boolean(),
            "Whether it is the one that the mailbox uses by default; one at most can be",
            read_as=("defaultSignature", "default_signature"),
            sole=True,
            source=_WRITE,
        ),
        Field(
            "default_signature_replies",
            Boolean(),
            "Whether it is the default of replies",
            mode=Mode.READ_ONLY,
            read_as=("defaultSignatureReplies", "default_signature_replies"),
            source=_READ,
        ),
        Field(
            "sender_in_bcc",
            Boolean(),
            "Send a blind copy to the sender",
            read_as=("senderInBcc", "sender_in_bcc"),
            source=_WRITE,
        ),
        Field(
            "only_new_messages",
            Boolean(),
            "Only on new messages, and not on replies",
            read_as=("onlyNewMessages", "only_new_messages"),
            source=_WRITE,
        ),
    ),
)
