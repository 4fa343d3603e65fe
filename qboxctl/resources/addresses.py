"""What may be wrong with addresses of Hosting domains: names, destinations, catch-alls. Pure.

Mailboxes and aliases of a domain share their names; mail to a name that is neither goes to the domain's catch-all, or
back to its sender.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from qboxctl.errors import Position, Severity
from qboxctl.model import Action, Address, Advisory, Collection, Desired
from qboxctl.resources.circles import find_circles
from qboxctl.schema.rules import Declared, Finding, Planned

FREE_ALIASES_PER_MAILBOX = 10
"""More of them need Qboxmail's consent [guide: email-aliases]."""
_CONSENT = f"more than {FREE_ALIASES_PER_MAILBOX} per mailbox need Qboxmail's consent"
KINDS = ("mailbox", "alias")
_TOO = "take it out here too"
_UNLESS_LIVE = "declare it, unless it is in the account and stays there"


def same_name(declared: Declared) -> Iterator[Finding]:
    """An alias may not bear a mailbox's name."""
    for one in declared.present("alias"):
        mailbox = declared.get(Address("mailbox", one.address.key))
        if mailbox is not None and not mailbox.absent:
            place = declared.position(mailbox)
            yield Finding("Q018", f"{one.address} bears the name of a mailbox ({place})", one, second=place,
                          hint="rename one of them, or declare the mailbox absent")  # fmt: skip


def catch_all(declared: Declared) -> Iterator[Finding]:
    """A catch-all needs an address that receives mail."""
    for one in declared.present("domain"):
        target = one.values.get("catch_all_destination", "")
        if one.values.get("catch_all_enabled") and "catch_all_destination" in one.values and not target:
            message = "catch_all_enabled needs a catch_all_destination"
            yield Finding("Q019", message, one, ("catch_all_enabled",))
        domain = target.rpartition("@")[2]
        if target and declared.manages(Collection("mailbox", domain)) and not may_receive(declared, target):
            gone = _absence(declared, target)
            why = f": it is declared absent ({gone})" if gone else ""
            message = f"catch_all_destination: there is no mailbox or alias {target}{why}"
            hint = _TOO if gone else _near(declared, target, f"declare the mailbox {target}", one)
            yield Finding("Q019", message, one, ("catch_all_destination",), hint, second=gone)


def destinations(declared: Declared) -> Iterator[Finding]:
    """A destination in a managed domain should be there, or its mail bounces."""
    managed: dict[str, bool] = {}
    for one in declared.present("alias"):
        for target in one.values.get("destinations", ()):
            domain = target.rpartition("@")[2]
            if domain not in managed:
                managed[domain] = known(declared, domain)
            if not managed[domain] or may_receive(declared, target):
                continue
            gone = _absence(declared, target)
            message = f"no file declares {target}" if gone is None else f"{target} is declared absent ({gone})"
            hint = _TOO if gone else _near(declared, target, _UNLESS_LIVE, one)
            yield Finding("Q023", f"destinations: {message}", one, ("destinations",), hint, Severity.WARNING, gone)


def no_circles(declared: Declared) -> Iterator[Finding]:
    """Mail must not go round in a circle."""
    for circle in find_circles(declared, may_receive, known):
        message = f"mail goes round in a circle: {' → '.join(circle.way)}"
        hint = "let one of them lead to a mailbox, or to an address elsewhere"
        yield Finding("Q027", message, circle.one, (circle.attribute,), hint)


def _proportion(counts: Mapping[tuple[str, str], int], domain: str) -> str:
    mailboxes = counts["mailbox", domain]
    return f"{counts['alias', domain]} aliases for {mailboxes} {'mailbox' if mailboxes == 1 else 'mailboxes'}"


def many_aliases(declared: Declared) -> Iterator[Finding]:
    """More aliases for each mailbox than are free."""
    counts = Counter((one.address.kind, _domain(one.address)) for one in declared.present("alias"))
    if max(counts.values(), default=0) <= FREE_ALIASES_PER_MAILBOX:
        return
    counts.update((one.address.kind, _domain(one.address)) for one in declared.present("mailbox"))
    for domain in dict.fromkeys(domain for _, domain in counts):
        one = declared.get(Address("domain", domain))
        if one is not None and declared.manages(Collection("mailbox", domain)) and _too_many(counts, domain):
            message = f"{_proportion(counts, domain)}: {_CONSENT}"
            yield Finding("Q026", message, one, ("aliases",), severity=Severity.WARNING)


def many_aliases_live(planned: Planned) -> Iterator[Advisory]:
    """More aliases for each mailbox than are free, counting what is live; what the files show alone is told before."""
    changes, objects, complete = planned.plan.changes, planned.objects, planned.live_state.complete
    made = {_domain(one.address) for one in changes if (one.address.kind, one.action) == ("alias", Action.CREATE)}
    if not made:
        return
    stated = Counter((one.kind, _domain(one)) for one, desired in objects.items() if not desired.absent)
    after = Counter((one.kind, _domain(one)) for one, live in planned.live_state.live.items() if not live.leaving)
    for change in changes:
        step = {Action.CREATE: 1, Action.DELETE: -1}.get(change.action, 0)
        after[change.address.kind, _domain(change.address)] += step
    for domain in sorted(made):
        one = objects.get(Address("domain", domain))
        read = all(Collection(kind, domain) in complete for kind in KINDS)
        told = _too_many(stated, domain) and Collection("mailbox", domain) in planned.managed
        if one is not None and read and not told and _too_many(after, domain):
            message = f"{one.address} will have {_proportion(after, domain)}: {_CONSENT}"
            yield Advisory("Q026", str(one.address), message, "ask Qboxmail, or declare fewer")


def may_receive(declared: Declared, address: str) -> bool:
    """Whether mail to an address of a managed domain may arrive: at a mailbox, an alias, or what is ignored."""
    if address.startswith("postmaster@"):
        return True
    for kind in KINDS:
        one = declared.get(Address(kind, address))
        if (one is not None and not one.absent) or declared.ignores(Address(kind, address)):
            return True
    return False


def known(declared: Declared, domain: str) -> bool:
    """Whether the files tell all that receives mail in a domain."""
    return all(declared.manages(Collection(kind, domain)) for kind in KINDS)


def _absence(declared: Declared, address: str) -> Position | None:
    """Where a mailbox or alias is declared absent, None where it is not."""
    found = (declared.get(Address(kind, address)) for kind in KINDS)
    return next((declared.position(one) for one in found if one is not None and one.absent), None)


def _near(declared: Declared, target: str, otherwise: str, asking: Desired) -> str:
    """A hint that names the nearest declared mailbox or alias of the same domain, but for the one asking."""
    local, _, domain = target.rpartition("@")
    names = (one.address.key.rpartition("@") for kind in KINDS for one in declared.present(kind) if one is not asking)
    found = declared.near(local, (name for name, _, home in names if home == domain))
    return f'did you mean "{found}@{domain}"?' if found else otherwise


def _too_many(counts: Mapping[tuple[str, str], int], domain: str) -> bool:
    return counts["alias", domain] > FREE_ALIASES_PER_MAILBOX * max(1, counts["mailbox", domain])


def _domain(address: Address) -> str:
    return address.key.rpartition("@")[2]
