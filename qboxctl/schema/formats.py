"""Names and addresses in the one form in which they are compared: lower case, domains as IDNA.

Every function returns the canonical text or raises ValueError with a message for the user.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from qboxctl.errors import BadValue

_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]\Z")
_LONGEST_LOCAL = 64
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")


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


def is_domain(text: str) -> bool:
    """Whether a text is a domain name."""
    try:
        domain_name(text)
    except ValueError:
        return False
    return True


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
    return (
        f"write {plain}, without the dot that {text!r} ends with" if text.lower() == f"{plain}." else f"write {plain}"
    )


@lru_cache(maxsize=4096)
def local_part(text: str) -> str:
    """The part of an address before the @."""
    name = text.strip().lower()
    if "@" in name:
        raise BadValue(f"{text!r} is a whole address: write only the part before the @",
                       hint=f"write {name.partition('@')[0]}")  # fmt: skip
    if not _LOCAL.match(name) or len(name) > _LONGEST_LOCAL or name == "*":
        why, hint = _not_local(name)
        raise BadValue(f"{text!r} cannot stand before the @ of an address: {why}", hint=hint)
    return name


def _not_local(name: str) -> tuple[str, str]:
    """Why a name cannot stand before the @, and what to do."""
    strange = next((char for char in name if not _LOCAL.match(char) and char != "."), "")
    if strange:
        return f"it holds {strange!r}", "take it out: letters a to z, digits and . - _ + are understood everywhere"
    if not name:
        return "it is empty", "write a name"
    if name == "*":
        return "it stands for all names", "write a name"
    if len(name) > _LONGEST_LOCAL:
        return f"it has {len(name)} characters, and {_LONGEST_LOCAL} are the most", "shorten it"
    return "a dot stands only between two other characters", "take out the dots that are too many"


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


_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_MOST_LAYERS = 8
"""So often a text is unescaped that was escaped again and again."""
SHORTEST_CUT = 32
"""A shorter text is not taken for the beginning of a longer one that a server has cut."""


def label(text: str) -> str:
    """The key of an object that has no name of its own on the server, such as a Delivery account."""
    return _usable_label(text, relaxed_label(text))


def cased_label(text: str) -> str:
    """The same for kinds whose keys keep their capital letters."""
    return _usable_label(text, _settled(text, str))


def _usable_label(text: str, name: str) -> str:
    if not name or any(ord(char) < 32 for char in name):
        raise ValueError(f"{text!r} cannot be a name")
    if name.startswith("#"):
        raise ValueError(f"{text!r} cannot be a name: what begins with # is an id, and `id:` states one")
    return name


def relaxed_label(text: str) -> str:
    """A key of an object without a name of its own, in comparable form: whatever a server made of it in keeping it.

    Lower case, HTML entities as what they stand for, Unicode in its composed form (NFC), runs of blanks as one.
    """
    return _settled(text, str.lower)


def _settled(text: str, case: Callable[[str], str]) -> str:
    for _ in range(_MOST_LAYERS):
        before = text
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), case(text))
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        text = " ".join(text.split())
        if text == before:
            break
    return text


def folded(text: str) -> str:
    """A text by which people know an object, in the form in which two of them are one."""
    return unicodedata.normalize("NFC", relaxed_label(text).casefold())


def may_be_cut(have: str, want: str) -> bool:
    """Whether a text may be the beginning of a longer one that a server has cut. It may as well be another text."""
    have, want = folded(have), folded(want)
    return SHORTEST_CUT <= len(have) < len(want) and want.startswith(have)


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


@lru_cache(maxsize=1024)
def ascii_glob(text: str) -> str:
    """Bring the domain labels of a pattern to IDNA form, and leave its wildcards alone."""
    if text.isascii():
        return text
    import idna  # see domain_name

    local, at, domain = text.rpartition("@")
    try:
        labels = [
            part if part.isascii() else idna.encode(part, uts46=True).decode("ascii") for part in domain.split(".")
        ]
    except idna.IDNAError:
        message = "a wildcard cannot stand beside letters outside ASCII, between two dots: write the name out"
        raise ValueError(f"{text!r} is not a pattern: {message}") from None
    return local + at + ".".join(labels)


def can_be_asked(host: str) -> bool:
    """Whether a name can be looked up: that of an international domain must be a right one, in either form."""
    if host.isascii() and "xn--" not in host:
        return True
    import idna  # see domain_name

    try:
        return bool(idna.decode(idna.encode(host)))
    except idna.IDNAError:
        return False
