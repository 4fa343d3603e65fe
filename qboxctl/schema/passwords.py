"""What a text must be to serve as a password. No message holds any part of the text."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple


class Objection(NamedTuple):
    """What is wrong with a password, and what to do about it."""

    message: str
    hint: str | None = None


NO_HASHES = "the API takes no password hashes: state the password itself, or let people choose a new one"
"""What to tell those who bring the hashes of another mail server along."""

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
_FILLERS = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")
"""Characters that show nothing although their category does not say so."""
_NAMES = {
    "\ufeff": "a byte order mark", "\r": "a carriage return", "\n": "a line break", "\t": "a tab", " ": "a blank",
    "\xa0": "a no-break space", "\u200b": "a zero width space",
}  # fmt: skip

_SCHEMES = (
    r"argon2(?:id?|d)?|bcrypt|blf-crypt|cleartext|clear|cram-md5|crypt|des-crypt|digest-md5|hmac-md5|lanman|ldap-md5|"
    r"lmnt|md4|md5(?:-crypt)?|nthash|ntlm|otp|pbkdf2(?:-sha(?:1|256|512))?|plain(?:-md[45]|-trunc|text)?|rpa|sasl|"
    r"scram-sha-(?:1|256|512)|scrypt|sha(?:-?1|-?224|-?256|-?384|-?512)?(?:-crypt)?|skey|smd5|sm3-crypt|"
    r"ssha(?:-?224|-?256|-?384|-?512)?|x-[a-z0-9-]+(?:, *[0-9]+)?"
)
_CRYPTS = (
    r"1|2[abxy]?|3|5|6|7|8|9|y|gy|sm3|md5|apr1|sha1|argon2(?:id?|d)|s0|scrypt|pbkdf2(?:-sha(?:1|256|512))?|"
    r"bcrypt-sha256"
)
_HASHES = tuple(
    re.compile(text)
    for text in (
        rf"(?i:\{{(?:{_SCHEMES})(?:\.(?:b64|base64|hex))?\}}).+",
        rf"(?:[^\s:$]+:)?\$(?:{_CRYPTS})\$[A-Za-z0-9./+=,_-]*\$[A-Za-z0-9./+=,$:*]{{8,}}",
        r"(?:[^\s:$]+:)?\$[PHS]\$[A-Za-z0-9./:]{20,}",
        r"(?:pbkdf2|scrypt|argon2|bcrypt|md5|sha1|sha224|sha256|sha384|sha512)[a-z0-9_:]*\$[^$]*\$.{12,}",
        r"SCRAM-SHA-(?:1|256|512)\$[0-9]+:.+",
        r"md5[0-9a-f]{32}",
        r"\*[0-9A-F]{40}",
        r"(?i:[0-9a-f]{32}:[0-9a-f]{32})",
    )
)
"""Hashes as directories, crypt(3), frameworks and databases write them."""
_DIGESTS = frozenset({32, 40, 56, 64, 96, 128})
"""How many hex digits the usual digests have; random texts of that form cannot be told from them."""
_HEX = re.compile(r"(?i:0x)?(?:[0-9a-f]+|[0-9A-F]+)")


def objection(text: str) -> Objection | None:
    """Say why a text is not sent as a password, None where it is.

    The last two reasons are those of the API [postApiDomainsDomainCodeEmailAccounts]; the others would be taken by
    it, and open the mailbox to nobody, or to those who have read the hash.
    """
    for place, char in (("begins", text[:1]), ("ends", text[-1:])):
        if char and is_invisible(char):
            name = _NAMES.get(char, f"the invisible character U+{ord(char):04X}")
            hint = "remove it where the secret is kept: an editor, a copy or another program has added it"
            return Objection(f"it {place} with {name}, which nobody types", hint)
    if any(char in "\r\n" or unicodedata.category(char) == "Cs" for char in text):
        return Objection("it is not text on one line")
    if is_hash(text):
        return Objection("it is a password hash, which would itself become the password", NO_HASHES)
    if len(text) < 8:
        return Objection("it has fewer than 8 characters")
    if not re.search(r"[A-Za-z]", text) or not re.search(r"[0-9]", text):
        return Objection("it needs at least one letter and one digit")
    return None


def is_invisible(char: str) -> bool:
    """Whether a character shows nothing: blanks, controls, marks of order and direction, characters without width."""
    return unicodedata.category(char) in _INVISIBLE or char in _FILLERS or unicodedata.name(char, "")[:9] == "VARIATION"


def is_hash(text: str) -> bool:
    """Whether a text is what other servers keep in place of a password."""
    if _HEX.fullmatch(text):
        return len(text[2:] if text[:2] in ("0x", "0X") else text) in _DIGESTS
    return any(form.fullmatch(text) for form in _HASHES)


def means_hash(attribute: str) -> bool:
    """Whether an attribute's name is one that other servers give to password hashes."""
    return bool(re.search(r"hash|crypt|digest|scheme", attribute.lower()))
