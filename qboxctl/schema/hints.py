"""What the writer of a file may have meant: near words, quotes from a word processor, lists written as text. Pure.

No hint proposes what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_PARTS = re.compile(r"[._-]")
_MOST = 3
"""A word that is a part of more names than this tells nothing."""
OPENING = frozenset("“„‟«‹‘‚")
"""The quotes that a word processor puts before a text."""
_CLOSING = frozenset("”“»›’‘")


def near(word: str, known: Iterable[str]) -> list[str]:
    """The known names that may be meant: the one spelt most alike, else those of which the word is a part."""
    from difflib import get_close_matches  # only where something is wrong

    others = [one for one in known if one != word]
    lowered = word.lower()
    alike = get_close_matches(lowered, others, 1, 0.6)
    if alike:
        return alike
    parts = set(_PARTS.split(lowered))
    having = [one for one in others if parts <= set(_PARTS.split(one.lower()))]
    return having if len(having) <= _MOST else []


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A question that names what may be meant, None where nothing is near."""
    found = near(word, known)
    return f"did you mean {listed(found)}?" if found else None


def offered(word: str, known: Sequence[str]) -> str:
    """What may be meant, or else all that there is."""
    return did_you_mean(word, known) or f"there are {', '.join(known)}"


def listed(words: Sequence[str]) -> str:
    """Words in quotes, the last one after an "or"."""
    quoted = [f'"{word}"' for word in words]
    return " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def unquoted(text: str) -> str:
    """What stands between typographic quotes, which are none to YAML; "" where the text is not inside such quotes."""
    return text[1:-1] if len(text) > 1 and text[0] in OPENING and text[-1] in _CLOSING else ""


def quotes_told(text: str) -> str | None:
    """What to do about typographic quotes at an end of a name, None where there are none."""
    strange = [char for char in (text[:1], text[-1:]) if char in OPENING | _CLOSING]
    return f'the {strange[0]} is a typographic quote, and none to YAML: write "' if text and strange else None


def as_list(text: str) -> str:
    """The list that a text with commas, semicolons or line ends may stand for, as people write it in a file."""
    entries = [entry.strip() for entry in re.split(r"[,;\n]", text)]
    return f"write [{', '.join(filter(None, entries))}]"
