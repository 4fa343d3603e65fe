"""Mailboxes of a Hosting domain."""

from collections import defaultdict
from collections.abc import Iterator

from qboxctl.model import Action, Address, Advisory, Desired, Live, Value
from qboxctl.resources.people import password
from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls, Certainty
from qboxctl.schema.collections import Networks, Texts
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.identity import Identity, Joined, Reserved
from qboxctl.schema.numbers import GB, Integer, Size
from qboxctl.schema.resource import Billing, ResourceType
from qboxctl.schema.rules import Declared, Finding, Planned
from qboxctl.schema.types import Boolean, Choice, Date, Text

_UPDATE = "putApiDomainsDomainCodeEmailAccountsEmailAccountCode"
_STATUS = "putApiDomainsDomainCodeEmailAccountsEmailAccountCodeStatus"
_LIST = "/api/domains/{domain}/email_accounts"
_ITEM = f"{_LIST}/{{id}}"


_BANDS = (8, 25, 50, 100)


def _band(size: Value) -> str:
    """The line of the bill for a mailbox of a size; 8 GB where that is not known [guide: email-account-storage]."""
    size = size if isinstance(size, int) else 8 * GB
    return next((f"mailboxes_{band}gb" for band in _BANDS if size <= band * GB), f"mailboxes_{_BANDS[-1]}gb")


def _ends_after_its_start(declared: Declared) -> Iterator[Finding]:
    for one in declared.present("mailbox"):
        first, last = one.values.get("autoresponder_start_date"), one.values.get("autoresponder_end_date")
        if first and last and last < first:
            message = f"autoresponder_end_date {last} is before autoresponder_start_date {first}"
            yield Finding("Q025", message, one, ("autoresponder_end_date",))


def _not_renamed(planned: Planned) -> Iterator[Advisory]:
    """A mailbox that comes where another one goes: it looks like a new name, and is a new, empty mailbox."""
    made: dict[Address | None, list[Address]] = defaultdict(list)
    gone: dict[Address | None, list[Address]] = defaultdict(list)
    left: dict[Address | None, list[Address]] = defaultdict(list)
    for change in planned.plan.changes:
        if change.address.kind == "mailbox" and (change.action is Action.CREATE or change.action.removes):
            side = gone if change.action.removes else made
            side[planned.types.parent(change.address)].append(change.address)
    for address in planned.plan.unmanaged:
        if address.kind == "mailbox":
            left[planned.types.parent(address)].append(address)
    for domain, addresses in made.items():
        alone = len(addresses) == len(gone[domain]) == 1
        for address in addresses:
            one, rows = planned.objects[address], planned.live_state.live
            old = next((other for other in [*gone[domain], *left[domain]] if _same_person(one, rows[other])), None)
            old = old or (gone[domain][0] if alone else None)
            if old is not None:
                message = f"{address} will be new and empty: the mail of {old} does not move to it"
                hint = "no mailbox can be renamed; copy the mail before the old one goes, "
                yield Advisory("Q045", str(address), message, f"{hint}and let an alias bear the old name after that")


def _same_person(one: Desired, live: Live) -> bool:
    """Whether both are of one person, by the name."""
    names = [(one.values.get(name), live.row.get(name)) for name in ("firstname", "lastname")]
    return all(wanted and wanted == now for wanted, now in names)


RESOURCE = ResourceType(
    kind="mailbox",
    title="Mailbox",
    doc="A mailbox of a Hosting domain. Deleting one destroys its mail; disabling keeps it (and its price).",
    section=("mailboxes",),
    parent="domain",
    calls=Calls(
        list=Call("GET", _LIST),
        read=Call("GET", _ITEM, certainty=Certainty.OBSERVED),
        create=Call("POST", _LIST),
        writes={"update": Call("PUT", _ITEM), "status": Call("PUT", f"{_ITEM}/status", repeats=("status",))},
        delete=Call("DELETE", _ITEM, certainty=Certainty.OBSERVED),
    ),
    identity=Identity(
        normalise=formats.local_part,
        joined=Joined.AT,
        namespace="addresses",
        reserved=Reserved("postmaster", prefix="P"),
        refused={
            "postmaster": "each domain comes with that mailbox; its password is the domain's postmaster_password",
            "*": "mail for unknown addresses goes where the domain's catch_all_enabled and catch_all_destination say",
        },
    ),
    lost="its mail",
    billing=Billing(
        lines={f"mailboxes_{band}gb": f"mailbox of {band} GB" for band in _BANDS},
        by="max_email_quota",
        line=_band,
        prices={f"mailboxes_{band}gb": f"mailbox.{band}GB" for band in _BANDS},
    ),
    rules=(_ends_after_its_start,),
    advice=(_not_renamed,),
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
        password(_UPDATE),
        Field(
            "max_email_quota",
            Size(),
            "Size of the mailbox",
            at_most="max_email_quota",
            otherwise="default_quota",
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
