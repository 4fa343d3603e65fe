"""What can be wrong with a configuration without asking anybody: schemas, references, contradictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from qboxctl.config.circles import circles
from qboxctl.config.configuration import Configuration
from qboxctl.errors import Diagnostic, Position, Severity
from qboxctl.model import Address, Collection, Desired
from qboxctl.schema.formats import folded
from qboxctl.schema.hints import near
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.patterns import covering
from qboxctl.schema.types import SIZE_NAMES

FREE_ALIASES_PER_MAILBOX = 10
"""More of them need Qboxmail's consent [guide: email-aliases]."""


def check(configuration: Configuration, types: Kinds) -> list[Diagnostic]:
    """Everything that is wrong with the configuration as a whole, and what is worth a warning."""
    found = _Findings(configuration, types)
    for rule in _RULES:
        rule(found)
    return sorted([*configuration.warnings, *found.list], key=lambda one: one.sort_key)


_TOO = "take it out here too"
_UNLESS_LIVE = "declare it, unless it is in the account and stays there"
_LOOKS = 50
"""So often a near name is looked for: among thousands, each look takes a while."""


class _Findings:
    """The configuration that is checked, and what was found."""

    def __init__(self, configuration: Configuration, types: Kinds) -> None:
        self.configuration, self.types = configuration, types
        self.list: list[Diagnostic] = []
        self.by_kind: dict[str, list[Desired]] = {kind: [] for kind in types}
        self.looked = 0
        for one in configuration.objects.values():
            if not one.absent:
                self.by_kind[one.address.kind].append(one)

    def add(
        self,
        code: str,
        message: str,
        one: Desired,
        *path: str | int,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
        second: Position | None = None,
    ) -> None:
        """Note something about an object, at one of its attributes; ``second`` is the other place that it is about."""
        place = self.configuration.position(one.where, *path)
        attribute = str(path[0]) if path else ""
        self.list.append(Diagnostic(code, message, place, str(one.address), hint, severity, attribute, second))

    def present(self, kind: str) -> Iterable[Desired]:
        """The declared objects of a kind that are not declared absent."""
        return self.by_kind[kind]

    def exists(self, kind: str, key: str) -> bool:
        """Whether the files declare the object, and not as absent."""
        one = self.configuration.objects.get(Address(kind, key))
        return one is not None and not one.absent

    def near(self, word: str, known: Iterable[str]) -> str:
        """The known name that is spelt most alike, "" for none; looked for a few times only."""
        self.looked += 1
        found = near(word, known) if self.looked <= _LOOKS else ()
        return found[0] if found else ""

    def near_address(self, target: str, otherwise: str, asking: Desired) -> str:
        """A hint that names the nearest declared mailbox or alias of the same domain, but for the one asking."""
        local, _, domain = target.rpartition("@")
        present = (one for one, other in self.configuration.objects.items() if not other.absent and other is not asking)
        names = (one.key.rpartition("@") for one in present if self.types[one.kind].parent)
        found = self.near(local, (name for name, _, home in names if home == domain))
        return f'did you mean "{found}@{domain}"?' if found else otherwise

    def absence(self, address: str) -> Position | None:
        """Where a mailbox or alias is declared absent, None where it is not."""
        for kind in ("mailbox", "alias"):
            one = self.configuration.objects.get(Address(kind, address))
            if one is not None and one.absent:
                return self.configuration.position(one.where)
        return None

    def may_receive(self, address: str) -> bool:
        """Whether mail to an address of a managed domain may arrive: at a mailbox, an alias, or what is ignored."""
        if address.startswith("postmaster@"):
            return True
        kinds = ("mailbox", "alias")
        ignored = any(covering(self.configuration.ignore, Address(kind, address)) for kind in kinds)
        return ignored or any(self.exists(kind, address) for kind in kinds)


def _inside_absent(found: _Findings) -> None:
    absent = {address for address, one in found.configuration.objects.items() if one.absent}
    if not absent:
        return
    for one in found.configuration.objects.values():
        address = found.types.parent(one.address)
        if address in absent and not one.absent:
            parent = found.configuration.objects[address]
            place = found.configuration.position(parent.where)
            found.add("Q017", f"{one.address} is declared, and {parent.address} is absent ({place})", one,
                      hint="declare both absent, or neither", second=place)  # fmt: skip


def _same_name(found: _Findings) -> None:
    for one in found.present("alias"):
        if found.exists("mailbox", one.address.key):
            place = found.configuration.position(found.configuration.objects[Address("mailbox", one.address.key)].where)
            found.add("Q018", f"{one.address} bears the name of a mailbox ({place})", one,
                      hint="rename one of them, or declare the mailbox absent", second=place)  # fmt: skip


def _same_account(found: _Findings) -> None:
    seen: dict[str, Desired] = {}
    for one in found.configuration.objects.values():
        if found.types[one.address.kind].unique:
            continue
        match = f"id {one.pin}" if one.pin else f"description {folded(one.label)!r}"
        if match in seen:
            place = found.configuration.position(seen[match].where)
            found.add("Q014", f"{one.address} and {seen[match].address} ({place}) have the same {match}", one,
                      hint="one account, one place", second=place)  # fmt: skip
        seen[match] = one


def _references(found: _Findings) -> None:
    for type_ in found.types.values():
        for field in type_.fields:
            if field.linked:
                for one in found.present(type_.kind):
                    _named(found, one, field.name, field.linked, one.values.get(field.name, ()))


def _named(found: _Findings, one: Desired, name: str, kind: str, keys: Iterable[str]) -> None:
    for key in keys:
        target = found.configuration.objects.get(Address(kind, key))
        if target is not None and target.absent:
            gone = found.configuration.position(target.where)
            found.add("Q017", f"{name}: {kind}/{key} is declared absent ({gone})", one, name,
                      hint=_TOO, second=gone)  # fmt: skip
        elif target is None and Collection(kind) in found.configuration.managed:
            meant = found.near(key, (one.address.key for one in found.present(kind)))
            hint = f'did you mean "{meant}"?' if meant else f"declare it under {'.'.join(found.types.place(kind))}"
            found.add("Q019", f"{name}: there is no {kind}/{key}", one, name, hint=hint)


def _catch_all(found: _Findings) -> None:
    for one in found.present("domain"):
        target = one.values.get("catch_all_destination", "")
        if one.values.get("catch_all_enabled") and "catch_all_destination" in one.values and not target:
            found.add("Q019", "catch_all_enabled needs a catch_all_destination", one, "catch_all_enabled")
        domain = target.rpartition("@")[2]
        if target and Collection("mailbox", domain) in found.configuration.managed and not found.may_receive(target):
            gone = found.absence(target)
            hint = _TOO if gone else found.near_address(target, f"declare the mailbox {target}", one)
            why = f": it is declared absent ({gone})" if gone else ""
            message = f"catch_all_destination: there is no mailbox or alias {target}{why}"
            found.add("Q019", message, one, "catch_all_destination", hint=hint, second=gone)


def _alias_targets(found: _Findings) -> None:
    managed = {c.parent for c in found.configuration.managed if c.kind == "mailbox"}
    managed &= {c.parent for c in found.configuration.managed if c.kind == "alias"}
    for one in found.present("alias"):
        for target in one.values.get("destinations", ()):
            if target.rpartition("@")[2] not in managed or found.may_receive(target):
                continue
            gone = found.absence(target)
            message = f"no file declares {target}" if gone is None else f"{target} is declared absent ({gone})"
            hint = _TOO if gone else found.near_address(target, _UNLESS_LIVE, one)
            found.add("Q023", f"destinations: {message}", one, "destinations", second=gone,
                      hint=hint, severity=Severity.WARNING)  # fmt: skip


def _circles(found: _Findings) -> None:
    for circle in circles(found.configuration, found.may_receive):
        found.add("Q027", f"mail goes round in a circle: {' → '.join(circle.way)}", circle.one, circle.attribute,
                  hint="let one of them lead to a mailbox, or to an address elsewhere")  # fmt: skip


def _sizes(found: _Findings) -> None:
    for one in found.present("mailbox"):
        size = one.values.get("max_email_quota")
        if size is None:
            continue
        domain = found.configuration.objects.get(Address("domain", one.address.key.rpartition("@")[2]))
        most = domain.values.get("max_email_quota") if domain is not None and not domain.absent else None
        if domain is not None and most is not None and size > most:
            place = found.configuration.position(domain.where, "max_email_quota")
            found.add("Q024", f"max_email_quota {SIZE_NAMES[size]} is more than {domain.address} allows: "
                      f"{SIZE_NAMES[most]} ({place})", one, "max_email_quota",
                      hint=f"raise the domain's max_email_quota to {SIZE_NAMES[size]}", second=place)  # fmt: skip


def _dates(found: _Findings) -> None:
    for one in found.present("mailbox"):
        first, last = one.values.get("autoresponder_start_date"), one.values.get("autoresponder_end_date")
        if first and last and last < first:
            found.add("Q025", f"autoresponder_end_date {last} is before autoresponder_start_date {first}", one,
                      "autoresponder_end_date")  # fmt: skip


def _many_aliases(found: _Findings) -> None:
    aliases = Counter(one.address.key.rpartition("@")[2] for one in found.present("alias"))
    if max(aliases.values(), default=0) <= FREE_ALIASES_PER_MAILBOX:
        return
    mailboxes = Counter(one.address.key.rpartition("@")[2] for one in found.present("mailbox"))
    for domain, count in aliases.items():
        one = found.configuration.objects.get(Address("domain", domain))
        known = Collection("mailbox", domain) in found.configuration.managed
        if one is not None and known and count > FREE_ALIASES_PER_MAILBOX * max(1, mailboxes[domain]):
            found.add("Q026", f"{count} aliases for {mailboxes[domain]} mailboxes: more than "
                      f"{FREE_ALIASES_PER_MAILBOX} per mailbox need Qboxmail's consent", one, "aliases",
                      severity=Severity.WARNING)  # fmt: skip


_RULES: tuple[Callable[[_Findings], None], ...] = (
    _inside_absent, _same_name, _same_account, _references, _catch_all, _alias_targets, _circles, _sizes, _dates,
    _many_aliases,
)  # fmt: skip
