"""Colours, where somebody wants them."""

from __future__ import annotations

from dataclasses import dataclass

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1", "alarm": "1;31"}


@dataclass(frozen=True, slots=True)
class Palette:
    """Paints text, or leaves it as it is."""

    enabled: bool = False

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour: red, green, yellow, blue, dim, bold or alarm."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.enabled and text else text


PLAIN = Palette()


def clean(text: str) -> str:
    """A text from a file or an answer, without characters that would move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def shorten(text: str, width: int) -> str:
    """A text cut to a width, with a mark where it was."""
    return text if len(text) <= width else text[: width - 1] + "…"


def plural(number: int, noun: str) -> str:
    """``1 mailbox``, ``2 mailboxes``."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith(("x", "s")):
        return f"{number} {noun}es"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"
