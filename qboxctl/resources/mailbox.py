"""Mailboxes of a Hosting domain."""

from collections.abc import Mapping

from qboxctl.model import Value
from qboxctl.schema import formats
from qboxctl.schema.collections import Networks, Texts
from qboxctl.schema.resource import Call, Certainty, Field, Joined, Mode, ResourceType
from qboxctl.schema.types import GB, Boolean, Choice, Date, Integer, Password, Size, Text

_UPDATE = "putApiDomainsDomainCodeEmailAccountsEmailAccountCode"
_STATUS = "putApiDomainsDomainCodeEmailAccountsEmailAccountCodeStatus"
_ITEM = "/api/domains/{parent}/email_accounts/{id}"


def billed_size(values: Mapping[str, Value]) -> str:
    """The billing band that holds the mailbox; 8 GB where no size is stated [guide: email-account-storage]."""
    size = values.get("max_email_quota")
    size = size if isinstance(size, int) else 8 * GB
    return next((f"mailboxes_{band}gb" for band in (8, 25, 50) if size <= band * GB), "mailboxes_100gb")


RESOURCE = ResourceType(
    kind="mailbox",
    title="Mailbox",
    doc="A mailbox of a Hosting domain. Deleting one destroys its mail; disabling keeps it (and its price).",
    section=("mailboxes",),
    parent="domain",
    joined=Joined.AT,
    namespace="addresses",
    collection="/api/domains/{parent}/email_accounts",
    read=Call("GET", _ITEM, certainty=Certainty.OBSERVED),
    create=Call("POST", "/api/domains/{parent}/email_accounts"),
    update=Call("PUT", _ITEM),
    status=Call("PUT", f"{_ITEM}/status", always=("status",)),
    delete=Call("DELETE", _ITEM, certainty=Certainty.OBSERVED),
    normalise=formats.local_part,
    holds_data=True,
    disabled=("status", "disabled"),
    reserved="postmaster",
    billed=billed_size,
    refused={
        "postmaster": "each domain comes with that mailbox; its password is the domain's postmaster_password",
        "*": "mail for unknown addresses goes where the domain's catch_all_enabled and catch_all_destination say",
    },
    hints={
        **dict.fromkeys(("quota", "size", "storage", "mailbox_size"), "write max_email_quota, such as 8GB"),
        **dict.fromkeys(("name", "full_name", "fullname", "display_name"), "write firstname and lastname"),
        **dict.fromkeys(("first_name", "givenname", "given_name"), "write firstname"),
        **dict.fromkeys(("last_name", "surname", "sn"), "write lastname"),
        **dict.fromkeys(
            ("enabled", "disabled", "active", "suspended", "locked"), "write status: enabled or status: disabled"
        ),
        **dict.fromkeys(
            ("forward", "forwards", "forward_to", "forwarding", "redirect"),
            "a mailbox forwards nothing: write an alias with another name and its destinations",
        ),
        **dict.fromkeys(
            ("alias", "aliases"), "aliases stand beside the mailboxes, under the domain: aliases: {NAME: [ADDRESS]}"
        ),
        **dict.fromkeys(
            ("admin", "is_admin", "role", "roles"), "qboxctl manages no administrators: make them in the panel"
        ),
        **dict.fromkeys(
            ("password_hash", "hash", "crypt"),
            "the API takes no password hashes: write password with a reference to a secret",
        ),
        **dict.fromkeys(("lang", "locale"), "write language"),
        **dict.fromkeys(("vacation", "out_of_office"), "write autoresponder_enabled, _subject and _body"),
        **dict.fromkeys(("email", "address", "username"), "the key is the part before the @, and the domain is above"),
    },
    fields=(
        Field("firstname", Text(), "First name in the address book", required=True, source=_UPDATE),
        Field("lastname", Text(), "Last name in the address book", source=_UPDATE),
        Field("description", Text(), "Old display name; firstname and lastname have replaced it", source=_UPDATE),
        Field(
            "password",
            Password(),
            "Password: at least 8 characters with a letter and a digit. Sent at creation and with --rotate",
            mode=Mode.WRITE_ONLY,
            required=True,
            source=_UPDATE,
        ),
        Field(
            "max_email_quota",
            Size(),
            "Size of the mailbox",
            lowering="a mailbox that holds more takes no new mail until there is room",
            certainty=Certainty.OBSERVED,
            source=_UPDATE,
        ),
        Field("language", Choice(("it", "en", "es")), "Language of the mailbox", source=_UPDATE),
        Field("timezone", Text(), "Time zone of the mailbox, such as Europe/Rome", source=_UPDATE),
        Field("tags", Texts(), "Labels on the mailbox", source=_UPDATE),
        Field(
            "allow_nets",
            Networks(),
            "IP addresses and networks that may use the mailbox",
            certainty=Certainty.ASSUMED,
            source=_UPDATE,
        ),
        Field("outbound_limit", Integer(), "Id of an outbound sending limit; 0 for the default", source=_UPDATE),
        Field("spam_in_inbox", Boolean(), "Deliver spam to the inbox instead of the spam folder", source=_UPDATE),
        Field("password_change_disabled", Boolean(), "The user may not change the password", source=_UPDATE),
        Field(
            "force_new_password",
            Boolean(),
            "The user must change the password at the next login, which resets it; sent with the first password, with "
            "--rotate, and where a mailbox that nobody has used lacks it",
            mode=Mode.UPDATE_ONLY,
            initial=False,
            volatile=True,
            until="last_access_at",
            guards="password",
            source=_UPDATE,
        ),
        Field(
            "hide_from_addressbook_company",
            Boolean(),
            "Not listed in the company's address book",
            mode=Mode.UPDATE_ONLY,
            initial=False,
            source=_UPDATE,
        ),
        *(
            Field(
                f"{name}_disabled",
                Boolean(),
                f"No {title} for this mailbox",
                certainty=Certainty.ASSUMED,
                source=_UPDATE,
            )
            for name, title in (("imap", "IMAP"), ("pop", "POP"), ("smtp", "SMTP"), ("webmail", "webmail"))
        ),
        Field("autoresponder_enabled", Boolean(), "Answer incoming mail automatically", source=_UPDATE),
        Field("autoresponder_subject", Text(), "Subject of the automatic answer", source=_UPDATE),
        Field("autoresponder_body", Text(lines=True), "Text of the automatic answer", source=_UPDATE),
        Field(
            "autoresponder_start_date", Date(), "First day of automatic answers", mode=Mode.UPDATE_ONLY, source=_UPDATE
        ),
        Field("autoresponder_end_date", Date(), "Last day of automatic answers", mode=Mode.UPDATE_ONLY, source=_UPDATE),
        Field(
            "autoresponder_intervals_enabled",
            Boolean(),
            "Answer only between the two dates",
            mode=Mode.UPDATE_ONLY,
            initial=False,
            source=_UPDATE,
        ),
        Field(
            "status",
            Choice(("enabled", "disabled"), (("0", "enabled"), ("1", "disabled"))),
            "Whether the mailbox is in use; a disabled one refuses mail and keeps what it has",
            mode=Mode.UPDATE_ONLY,
            call="status",
            initial="enabled",
            source=_STATUS,
        ),
        Field(
            "bounce_msg",
            Text(lines=True),
            "What senders are told while the mailbox is disabled",
            mode=Mode.UPDATE_ONLY,
            call="status",
            beside="status",
            source=_STATUS,
        ),
    ),
)
