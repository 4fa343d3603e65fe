"""Hosting domains: settings, services and limits of everything inside, and the postmaster's password."""

from typing import Any

from qboxctl.resources.addresses import catch_all
from qboxctl.resources.published import hosting_records
from qboxctl.schema.calls import Call, Calls, Certainty
from qboxctl.schema.collections import Networks
from qboxctl.schema.field import Bounds, Field, Mode, Reference
from qboxctl.schema.identity import Identity
from qboxctl.schema.lifecycle import Lifecycle, Proof
from qboxctl.schema.numbers import GB, Integer, Level, Limit, Size
from qboxctl.schema.records import Records
from qboxctl.schema.resource import Billing, ResourceType
from qboxctl.schema.secrets import Password
from qboxctl.schema.types import Boolean, Choice, Email

_UPDATE = "putApiDomainsDomainCode"
_CREATE = "postApiDomains"
_ITEM = "/api/domains/{id}"


def _switch(name: str, doc: str) -> Field:
    return Field(name, Boolean(), doc, source=_UPDATE)


def _limit(name: str, doc: str, **more: Any) -> Field:
    return Field(name, Limit(), f"{doc}; -1 or unlimited for none", ceiling=True, source=_UPDATE, **more)


def _of_mailboxes(name: str, doc: str, above: int, most: int, **more: Any) -> Field:
    """A limit for the mailboxes of one band: larger than so many GB, up to so many."""
    return _limit(name, doc, bounds=Bounds("mailbox", "max_email_quota", above * GB, most * GB), **more)


RESOURCE = ResourceType(
    kind="domain",
    title="Hosting domain",
    doc="A domain whose mail Qboxmail hosts. It becomes usable once its ownership is proved by a DNS record.",
    section=("domains",),
    calls=Calls(
        list=Call("GET", "/api/domains"),
        read=Call("GET", _ITEM),
        create=Call("POST", "/api/domains"),
        writes={
            "update": Call("PUT", _ITEM),
            "status": Call("PUT", f"{_ITEM}/status", repeats=("status",), certainty=Certainty.ASSUMED),
        },
        delete=Call("DELETE", _ITEM, certainty=Certainty.OBSERVED),
        search="query",
    ),
    lifecycle=Lifecycle(
        proof=Proof(
            at_once=Call("PUT", f"{_ITEM}/dns_ownership_check/sync", certainty=Certainty.ASSUMED),
            queued=Call("PUT", f"{_ITEM}/dns_ownership_check"),
            host="possession_a_record",
        )
    ),
    identity=Identity(namespace="domains", everywhere=True),
    owned=True,
    lost="its mail",
    counters={
        "mailbox": "no_email_accounts",
        "alias": "no_alias_email_accounts",
        "domain_alias": "no_alias_domains",
    },
    billing=Billing(
        {"domains": "domain"}, prices={"domains": "domain"}, counters={"archive": "no_email_accounts_archive"}
    ),
    rules=(catch_all,),
    records=Records(("possession_a_record", "dkim_selector", "dkim_public_key"), hosting_records),
    hints={
        "quota": "write max_email_quota for the largest mailbox, default_quota for those that state none",
        "password": "write postmaster_password",
        **dict.fromkeys(("enabled", "disabled", "active", "suspended"), "write status: enabled or status: disabled"),
        **dict.fromkeys(("catch_all", "catchall"), "write catch_all_enabled: true and catch_all_destination: ADDRESS"),
        **dict.fromkeys(("max_mailboxes", "max_accounts", "mailbox_limit"), "write max_email_accounts"),
        **dict.fromkeys(("users", "accounts", "email_accounts"), "write mailboxes"),
        **dict.fromkeys(("archive", "archives"), "write vault: {retention: MONTHS, mailboxes: [NAME]}"),
        **dict.fromkeys(("forwards", "forwarders", "alias_email_accounts"), "write aliases"),
        **dict.fromkeys(("alias_domains", "domain_alias", "alias_domain"), "write domain_aliases: {NAME: {}}"),
        **dict.fromkeys(("admin", "admins", "postmaster"), "qboxctl manages no administrators: make them in the panel"),
        **dict.fromkeys(("spam", "antispam", "spam_filter"), "write antispam_level"),
    },
    fields=(
        Field(
            "plan",
            Choice(("basic", "professional", "enterprise")),
            "Plan of the domain; basic unless said otherwise",
            mode=Mode.CREATE_ONLY,
            certainty=Certainty.OBSERVED,
            source=_CREATE,
        ),
        Field(
            "outbound_limit",
            Integer(),
            "Id of an outbound sending limit",
            mode=Mode.CREATE_ONLY,
            certainty=Certainty.ASSUMED,
            source=_CREATE,
        ),
        Field(
            "postmaster_password",
            Password(),
            "Password of the postmaster, who is created with the domain",
            mode=Mode.WRITE_ONLY,
            required=True,
            source=_UPDATE,
        ),
        Field(
            "catch_all_enabled",
            Boolean(),
            "Deliver mail for unknown addresses to catch_all_destination",
            beside="catch_all_destination",
            source=_UPDATE,
        ),
        Field(
            "catch_all_destination",
            Email(),
            "Where mail for unknown addresses goes",
            refers=Reference(("mailbox", "alias")),
            source=_UPDATE,
        ),
        Field("default_quota", Size(), "Size of new mailboxes that state none", source=_UPDATE),
        Field(
            "antispam_level",
            Level(("disabled", "permissive", "standard", "aggressive")),
            "How strictly spam is filtered",
            source=_UPDATE,
        ),
        Field(
            "allow_nets", Networks(), "IP addresses and networks that may use the domain's mailboxes", source=_UPDATE
        ),
        _switch("imap_disabled", "No IMAP for any mailbox of the domain"),
        _switch("pop_disabled", "No POP for any mailbox of the domain"),
        _switch("smtp_disabled", "No SMTP for any mailbox of the domain"),
        _switch("webmail_disabled", "No webmail for any mailbox of the domain"),
        _switch("chat", "Chat in the webmail"),
        _switch("activesync", "ActiveSync for the domain's mailboxes"),
        _switch("meeting", "Video meetings in the webmail"),
        _switch("calendar", "Calendar in the webmail"),
        _switch("dav", "CalDAV and CardDAV"),
        _limit("max_email_accounts", "How many mailboxes the domain may hold", bounds=Bounds("mailbox")),
        _of_mailboxes("max_email_accounts_25gb", "How many of them with 25 GB", 8, 25),
        _of_mailboxes("max_email_accounts_50gb", "How many of them with 50 GB", 25, 50),
        _of_mailboxes("max_email_accounts_100gb", "How many of them with 100 GB", 50, 100, certainty=Certainty.ASSUMED),
        _limit("max_email_accounts_archive", "How many of them with an archive", certainty=Certainty.ASSUMED),
        Field(
            "max_email_quota",
            Size(),
            "Largest size that a mailbox of the domain may have; 8GB unless said otherwise",
            ceiling=True,
            initial=8 * GB,
            lowering="a domain whose mailboxes are larger refuses it",
            certainty=Certainty.ASSUMED,
            source=_CREATE,
        ),
        Field(
            "status",
            Choice(("enabled", "disabled"), (("0", "enabled"), ("1", "disabled"), ("2", "ownership_check"))),
            "Whether the domain is in use",
            mode=Mode.UPDATE_ONLY,
            call="status",
            initial="enabled",
            certainty=Certainty.ASSUMED,
        ),
    ),
)
