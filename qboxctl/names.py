"""Names and addresses in the one form in which they are compared: lower case, domains as IDNA.

Every function returns the canonical text or raises ValueError with a message for the user.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from qboxctl.errors import BadValue
from qboxctl.model import Address

_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]\Z")
_LOCAL = re.compile(r"(?=.{1,64}\Z)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")


@lru_cache(maxsize=4096)
def domain_name(text: str) -> str:
    """A domain name in lower case and IDNA form: ``Müller.de`` is ``xn--mller-kva.de``."""
    name = text.strip().lower()
    if not name.isascii():
        import idna  # only for the names that need it: the tables take 25 ms to load

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError(f"{text!r} is not a domain name: {error}") from None
    if not _DOMAIN.match(name):
        raise BadValue(f"{text!r} is not a domain name", hint=_meant_domain(text))
    return name


def _meant_domain(text: str) -> str | None:
    """What to write for what is no domain name: a URL, an address, a name with its final dot, a single word."""
    plain = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip().lower())
    local, at, plain = re.split(r"[/?#:]", plain)[0].rpartition("@")
    plain = plain.rstrip(".")
    if plain.startswith("*."):
        return "there are no wildcards here: write each domain by its name"
    if plain == text:
        return None
    try:
        domain_name(plain)
    except ValueError:
        return None
    if at and "://" not in text:
        return f"this is an address: write its domain {plain}, and {local} where a name in that domain belongs"
    return f"write {plain}"


@lru_cache(maxsize=4096)
def local_part(text: str) -> str:
    """The part of an address before the @."""
    name = text.strip().lower()
    if "@" in name:
        raise BadValue(f"{text!r} is a whole address: write only the part before the @",
                       hint=f"write {name.partition('@')[0]}")  # fmt: skip
    if not _LOCAL.match(name) or name == "*":
        raise ValueError(f"{text!r} cannot stand before the @ of an address")
    return name


def email_address(text: str) -> str:
    """A whole e-mail address."""
    local, at, domain = text.strip().rpartition("@")
    try:
        if at:
            return f"{local_part(local)}@{domain_name(domain)}"
    except ValueError:
        pass
    raise BadValue(f"{text!r} is not an e-mail address", hint=_meant_address(text))


def _meant_address(text: str) -> str | None:
    """What to write for what is no e-mail address: a link, a name with its address, several of them, a part of one."""
    if len(re.findall(r"[^\s,;<>]@", text)) > 1:
        return "write each address as an entry of its own"
    inside = re.search(r"<([^<>]*)>", text)
    plain = re.sub(r"^mailto:", "", (inside[1] if inside else text).strip().lower()).rstrip(".")
    local, at, domain = plain.rpartition("@")
    if local == "*" or domain.startswith("*"):
        return "there are no wildcards here: write each address"
    if not at or not local or not domain:
        return "write the whole address, such as ada@example.com"
    try:
        address = f"{local_part(local)}@{domain_name(domain)}"
    except ValueError:
        return None
    return f"write {address}" if address != text else None


def label(text: str) -> str:
    """The key of an object that has no name of its own on the server, such as a Delivery account."""
    name = text.strip().lower()
    if not name or any(ord(char) < 32 for char in name):
        raise ValueError(f"{text!r} cannot be a name")
    return name


def relaxed_label(text: str) -> str:
    """A key of an object without a name of its own, in comparable form."""
    return text.strip().lower()


def relaxed_email(text: str) -> str:
    """An address from the API, in comparable form; whatever is not an address comes back in lower case."""
    try:
        return email_address(text)
    except ValueError:
        return text.strip().lower()


def relaxed_domain(text: str) -> str:
    """A domain name from the API, in comparable form; anything else comes back in lower case."""
    try:
        return domain_name(text)
    except ValueError:
        return text.strip().lower()


def _ascii_glob(text: str) -> str:
    """Bring the domain labels of a pattern to IDNA form, and leave its wildcards alone."""
    if text.isascii():
        return text
    import idna

    local, at, domain = text.rpartition("@")
    try:
        labels = [
            part if part.isascii() else idna.encode(part, uts46=True).decode("ascii") for part in domain.split(".")
        ]
    except idna.IDNAError:
        message = "a wildcard cannot stand beside letters outside ASCII, between two dots: write the name out"
        raise ValueError(f"{text!r} is not a pattern: {message}") from None
    return local + at + ".".join(labels)


_WILD = re.compile(r"[*?\[]")


@lru_cache
def _glob(text: str) -> re.Pattern[str]:
    return re.compile(translate(text))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A glob over addresses: ``mailbox/*@example.com``, ``domain/*``."""

    text: str
    expression: re.Pattern[str]

    @classmethod
    def of(cls, text: str, kinds: Iterable[str]) -> Pattern:
        """Compile a pattern; raises ValueError when its first part matches none of ``kinds``."""
        lowered = text.strip().lower()
        kind, slash, key = lowered.partition("/")
        kinds = list(kinds)
        if lowered.count("[") != lowered.count("]"):
            raise ValueError(f"{text!r} is not a pattern: a [ needs its ]")
        if not slash or not key:
            raise ValueError(f"{text!r} is not a pattern: write kind/name, such as mailbox/*@example.com")
        if not any(re.match(translate(kind), known) for known in kinds):
            raise ValueError(f"{text!r} matches no kind: there are {', '.join(kinds)}")
        return cls(text, re.compile(translate(f"{kind}/{_ascii_glob(key)}")))

    def matches(self, address: Address) -> bool:
        """Whether the pattern covers the address."""
        return self.expression.match(f"{address.kind}/{address.key}") is not None

    @property
    def single(self) -> bool:
        """Whether it can match one address only."""
        return not _WILD.search(self.text)

    @property
    def sole(self) -> Address | None:
        """The only address that it can match, None where there may be several."""
        kind, _, key = self.text.strip().lower().partition("/")
        return Address(kind, _ascii_glob(key)) if self.single else None

    def may_match(self, kind: str, parent: str) -> bool:
        """Whether some object of a kind could match, inside a parent (such as a domain) or with none ("")."""
        wanted, _, key = self.text.strip().lower().partition("/")
        if not _glob(wanted).match(kind):
            return False
        if not parent or "[" in key:
            return True
        _, at, domain = key.rpartition("@")
        if at:
            return _glob(_ascii_glob(domain)).match(parent) is not None
        tail = _WILD.split(_ascii_glob(key))[-1]
        return f"@{parent}".endswith(tail)  # without an @, whatever stands behind the last wildcard is in the domain


def covering(patterns: Iterable[Pattern], address: Address) -> Pattern | None:
    """The first pattern that covers the address, if any does."""
    for pattern in patterns:
        if pattern.matches(address):
            return pattern
    return None
