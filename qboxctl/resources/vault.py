"""The Vault of a Hosting domain: which mailboxes have an archive, and how long messages stay in it.

A block of its domain, without a code of its own: the domain's row tells its state, and a list that is assumed its
mailboxes. Everything in it is paid for, and what is removed is gone for good.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qboxctl.errors import Severity
from qboxctl.model import JSON, Action, Advisory, Missing, Value
from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls, Certainty
from qboxctl.schema.collections import References
from qboxctl.schema.decoding import value_of
from qboxctl.schema.entries import Entries, Register
from qboxctl.schema.field import Field, Mode, Reference
from qboxctl.schema.identity import Identity, Joined
from qboxctl.schema.lifecycle import DISABLED, ENABLED, Lifecycle
from qboxctl.schema.numbers import Integer, decode_int
from qboxctl.schema.resource import Billing, ResourceType
from qboxctl.schema.rules import Declared, Finding, Planned
from qboxctl.schema.types import Boolean, Choice

_VAULT = "/api/archive/domains/{domain}"
_BOX = f"{_VAULT}/email_accounts/{{entry}}"
_PUT = "putApiArchiveDomainsDomainCode"
_POST = "postApiArchiveDomainsDomainCode"
_STATUS = "putApiArchiveDomainsDomainCodeEmailAccountsEmailCodeStatus"
_YEAR, _LEAST, _MOST = 12, 12, 120
_COUNTER = "no_email_accounts_archive"


@dataclass(frozen=True, slots=True)
class Months(Integer):
    """So many months; 12 to 120. A server that answers with years is understood: no number of months is that small."""

    least: int = _LEAST

    def parse(self, raw: object) -> int:
        """The number."""
        if isinstance(raw, int) and not isinstance(raw, bool) and not _LEAST <= raw <= _MOST:
            raise ValueError(f"{raw} is out of range: {_LEAST} to {_MOST} months")
        return Integer.parse(self, raw)

    def decode(self, wire: JSON) -> Value | Missing:
        """Months, also from years."""
        if isinstance(wire, float) and 0 < wire < _LEAST:
            return round(wire * _YEAR)
        found = Integer.decode(self, wire)
        return found * _YEAR if isinstance(found, int) and 0 < found <= _MOST // _YEAR else found

    def schema(self) -> dict[str, JSON]:
        """A number of months."""
        return {"type": "integer", "minimum": _LEAST, "maximum": _MOST}


def _there(row: Mapping[str, JSON]) -> bool:
    """Whether a domain's row shows a Vault: a domain that never had one says ``disabled`` too."""
    state = str(row.get("archive_status") or "").lower()
    if state in (ENABLED, "failure", *_PHASES):
        return True
    counted = decode_int(row.get(_COUNTER))
    return Boolean().decode(row.get("archive")) is True or (isinstance(counted, int) and counted > 0)


_PHASES = {"activating": (ENABLED, "activating"), "disabling": (DISABLED, "disabling"), "deleting": ("", "deleting")}


def _whole_years(declared: Declared) -> Iterator[Finding]:
    """The guides know years only: what is none may be refused, or come back as another number."""
    for one in declared.present("vault"):
        months = one.values.get("retention", _YEAR)
        if months % _YEAR:
            message = f"retention {months} is no whole number of years, and the panel offers those only"
            hint = f"write {months - months % _YEAR} or {months - months % _YEAR + _YEAR}"
            yield Finding("Q051", message, one, ("retention",), hint, Severity.WARNING)


def _archived_by_themselves(declared: Declared) -> Iterator[Finding]:
    """Mailboxes that the domain's default gives an archive, and the list takes out again."""
    for one in declared.present("vault"):
        listed = one.values.get("mailboxes")
        if not one.values.get("default_archive") or listed is None or one.values.get("state") == DISABLED:
            continue
        left = [name for name in _declared_in(declared, one.address.key) if name not in listed]
        if left:
            message = f"default_archive gives every new mailbox an archive, and mailboxes leaves out {', '.join(left)}"
            hint = "list them too, or write default_archive: false"
            yield Finding("Q052", message, one, ("default_archive",), hint, Severity.WARNING)


def _declared_in(declared: Declared, domain: str) -> list[str]:
    keys = (one.address.key.rpartition("@") for one in declared.present("mailbox"))
    return sorted(name for name, _, home in keys if home == domain)


def _joining(planned: Planned) -> Iterator[Advisory]:
    """New mailboxes that get an archive by themselves, though the list leaves them out."""
    made = [one.address for one in planned.plan.changes if (one.address.kind, one.action) == ("mailbox", Action.CREATE)]
    for address, one in planned.objects.items() if made else ():
        live = planned.live_state.live.get(address) if address.kind == "vault" else None
        if live is None or one.absent or "mailboxes" not in one.values or "default_archive" in one.values:
            continue
        on = value_of(RESOURCE, RESOURCE.by_name["default_archive"], live, planned.live_state.codes)
        keys = (box.key.rpartition("@") for box in made)
        names = sorted(name for name, _, home in keys if home == address.key and name not in one.values["mailboxes"])
        if on is True and names:
            message = f"{address}: default_archive is on, so {', '.join(names)} will get an archive by being created"
            yield Advisory("Q052", str(address), message, "list them too, or write default_archive: false")


RESOURCE = ResourceType(
    kind="vault",
    title="Vault",
    doc="The mail archive of a Hosting domain, a paid option. Removing it destroys the archived mail; state: disabled "
    "stops archiving and keeps it.",
    section=("vault",),
    parent="domain",
    left=True,
    calls=Calls(
        list=None,
        read=Call("GET", "/api/domains/{domain}"),
        create=Call("POST", _VAULT, repeats=("default_archive",)),
        writes={
            "status": Call("PUT", f"{_VAULT}/status", repeats=("state",), certainty=Certainty.ASSUMED),
            "update": Call("PUT", _VAULT, repeats=("default_archive",)),
        },
        delete=Call("DELETE", _VAULT, certainty=Certainty.ASSUMED),
    ),
    identity=Identity(key="", joined=Joined.SAME),
    lifecycle=Lifecycle(
        "state",
        progress="archive_status",
        read_as="archive_status",
        phases=_PHASES,
        failed=("failure",),
        there=_there,
        idle=True,
    ),
    lost="the archived mail",
    billing=Billing({"archives": "archived mailbox"}, each="mailboxes"),
    rules=(_whole_years, _archived_by_themselves),
    advice=(_joining,),
    hints={
        **dict.fromkeys(("years", "months", "default_retention", "retention_months"), "write retention, in months"),
        **dict.fromkeys(
            ("email_codes", "email_accounts", "users", "accounts"), "write mailboxes: [NAME], names in the domain"
        ),
        **dict.fromkeys(("status", "enabled", "disabled"), "write state: disabled, or leave it out"),
        **dict.fromkeys(("delegates", "delegate"), "the API shows no delegates: make them in the panel"),
    },
    fields=(
        Field(
            "retention",
            Months(),
            "How many months messages stay in the archive, 12 to 120, by the date of each",
            required=True,
            create_as="retention",
            write_as="default_retention",
            read_as=("default_retention",),
            loses="archived mail that is older",
            source=_PUT,
        ),
        Field(
            "default_archive",
            Boolean(),
            "Give every new mailbox of the domain an archive, which costs money; false at creation unless stated",
            initial=False,
            source=_PUT,
        ),
        Field(
            "mailboxes",
            References(canonical=formats.local_part),
            "Mailboxes of the domain that have an archive; one that leaves the list is disabled, and keeps what it has",
            required=True,
            create_as="email_codes",
            read_as=("email_codes",),
            initial=(),
            in_use=True,
            refers=Reference(("mailbox",), by_code=True, within=True),
            each=Entries(
                give=(
                    Call("PUT", f"{_BOX}/status", body={"status": ENABLED}),
                    Call("POST", _VAULT, entries="email_codes", repeats=("retention", "default_archive")),
                ),
                take=Call("PUT", f"{_BOX}/status", body={"status": DISABLED}),
                clear=Call("DELETE", _BOX),
                register=Register(
                    Call("GET", f"{_VAULT}/email_accounts", certainty=Certainty.ASSUMED),
                    codes=("email_code", "email_account_code", "code"),
                    states=("archive_status", "status"),
                    marks=("archive_status",),
                    counter=_COUNTER,
                    kept="archived_email_codes",
                ),
            ),
            certainty=Certainty.ASSUMED,
            source=_STATUS,
        ),
        Field(
            "state",
            Choice((ENABLED, DISABLED)),
            "Whether the domain's mail is archived: present is enabled, the default; absent destroys the whole archive",
            mode=Mode.UPDATE_ONLY,
            call="status",
            write_as="status",
            read_as=("archive_status",),
            initial=ENABLED,
            default=ENABLED,
            certainty=Certainty.ASSUMED,
            source="getApiArchiveDomains",
        ),
    ),
)
