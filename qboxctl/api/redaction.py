"""Texts from outside, fit to be shown: without secrets, however they are spelled; messages short and printable."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote_plus

from qboxctl.model import JSON, Revealed

SHORTEST_SECRET = 4
"""Shorter texts are hidden only where they were sent and stand as words: else that would garble every message."""
SHORTEST_PART = 8
"""As much of a secret, in a row, gives it away."""
MASK = "***"
_LONGEST = 2000
_SEARCHED = 20_000
_ESCAPE = re.compile(r"\\(?:u\{?([0-9a-fA-F]{4,6})\}?|x([0-9a-fA-F]{2}))")
_DECODINGS = 3
"""How many spellings may lie over one another."""
_DISGUISED = re.compile(rb"\\(?:/|u00[2-7])", re.IGNORECASE)
"""A letter that JSON states in another way than it must."""
_SURELY_A_TOKEN = 16
"""A shorter token, as people choose for an emulator, may be a word of the account."""


class Redaction:
    """Hides the secrets that it was told of; to be called with any text that a server or a library wrote."""

    def __init__(self) -> None:
        self._spellings: set[str] = set()
        self._longest_first: list[str] = []
        self._parts: set[str] = set()
        self._sizes: set[int] = set()
        self._sent: set[str] = set()
        self._words: re.Pattern[str] | None = None
        self._tokens: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def sends(self, secret: Revealed) -> None:
        """Take a body that holds this for one with a secret; it is too long to be looked for in other texts."""
        self._opened(secret, sent=True)

    def _opened(self, secret: Revealed, *, sent: bool) -> str:
        text = secret.open()
        if sent:
            with self._lock:
                self._sent.add(text)
        return text

    def hide(self, secret: Revealed, *, sent: bool = False, token: bool = False) -> None:
        """Let a secret appear in no text from now on; ``sent`` says that it goes out in a body.

        The ``token`` of the requests is known in hexadecimal digits and base64 too, and looked for in usable answers.
        """
        text = self._opened(secret, sent=sent)
        with self._lock:  # others may be searching meanwhile
            if token and len(text) >= _SURELY_A_TOKEN:
                self._tokens = (*self._tokens, text)
            if len(text) < SHORTEST_SECRET:
                self._words = _words(one for one in self._sent if len(one) < SHORTEST_SECRET)
                return
            encoded = _encodings(text.encode("utf-8", "surrogatepass")) if token else ()
            for letters in map(_letters, (text, *encoded)):
                size = max(SHORTEST_PART, len(letters) // 2)
                if len(letters) >= SHORTEST_PART:
                    self._parts |= {letters[start : start + size] for start in range(len(letters) - size + 1)}
                    self._sizes = self._sizes | {size}
            self._spellings |= _spellings(text)

    def __call__(self, text: str) -> str:
        """A message with a mask for each secret, cut where it is long, and without control characters."""
        return printable(self._masked(text[:_SEARCHED]))

    def whole(self, text: str) -> str:
        """A text with a mask for each secret, else as it came; the mask alone where it is too long to be searched."""
        return self._masked(text) if len(text) <= _SEARCHED else MASK

    def _masked(self, text: str) -> str:
        """A text with a mask for each secret; nothing but the mask where one is still in it in another spelling."""
        if len(self._longest_first) != len(self._spellings):
            with self._lock:
                self._longest_first = sorted(self._spellings, key=len, reverse=True)
        for secret in self._longest_first:
            text = text.replace(secret, MASK)
        if self._words:
            text = self._words.sub(MASK, text)
        return MASK if self._gives_away(text) else text

    def without_tokens(self, content: bytes, data: JSON) -> JSON:
        """What a body tells, with a mask for each token that it repeats: plans would show it to others.

        Raises RecursionError.
        """
        disguised = self._tokens and _DISGUISED.search(content)
        for token in self._tokens:
            if disguised or json.dumps(token, ensure_ascii=False)[1:-1].encode(errors="replace") in content:
                data = _replaced(data, token)
        return data

    def sent_in(self, body: Mapping[str, JSON]) -> bool:
        """Whether a body holds a secret that is sent."""
        return not self._sent.isdisjoint(map(str, body.values()))

    def _gives_away(self, text: str) -> bool:
        """Whether a part of a secret can be read in a text: cut, escaped, in capitals, or letter by letter."""
        if not self._parts:
            return False
        for _ in range(_DECODINGS):
            letters = _letters(text)
            if any(
                letters[start : start + size] in self._parts
                for size in self._sizes
                for start in range(len(letters) - size + 1)
            ):
                return True
            decoded = _decoded(text)
            if decoded == text:
                break
            text = decoded
        return False


def printable(text: str) -> str:
    """A text from outside without anything that could move a terminal's cursor."""
    return "".join(char if char.isprintable() else " " for char in text)[:_LONGEST]


def _replaced(value: JSON, token: str) -> JSON:
    """A value with a mask for a token in any of its texts and names."""
    match value:
        case str():
            return value.replace(token, MASK)
        case list():
            return [_replaced(one, token) for one in value]
        case dict():
            return {name.replace(token, MASK): _replaced(one, token) for name, one in value.items()}
        case _:
            return value


def _spellings(secret: str) -> set[str]:
    """A secret as it stands, and as it looks inside JSON, HTML and a URL."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        quote(secret),
        quote_plus(secret),
    }


def _words(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """What finds secrets that are too short to be looked for inside of words."""
    longest_first = sorted(filter(None, secrets), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)") if longest_first else None


def _encodings(secret: bytes) -> Iterator[str]:
    """A secret in hexadecimal digits, and in the letters that it has in a base64 text, wherever in that it begins."""
    yield secret.hex()
    for before, changed in ((0, 0), (1, 2), (2, 3)):
        whole = base64.b64encode(bytes(before) + secret).decode()
        yield whole[changed : (before + len(secret)) * 8 // 6]


def _letters(text: str) -> str:
    """The letters and digits of a text, in lower case: what is left of it in any dress."""
    return "".join(char for char in text.casefold() if char.isalnum())


def _decoded(text: str) -> str:
    """A text with one layer of HTML, URL and string escapes taken away."""
    return _ESCAPE.sub(lambda found: _char(found[1] or found[2]), unquote_plus(html.unescape(text)))


def _char(digits: str) -> str:
    number = int(digits, 16)
    return chr(number) if number < 0x110000 else ""
