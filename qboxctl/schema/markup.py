"""HTML in the form in which two texts of it are one, whatever a server made of it in keeping it. Pure.

Case of tags and attributes, their order, entities, void tags and blanks do not count; comments, scripts, styles and
attributes that run scripts are left out. A text without any tag is plain: its lines count.
"""

from __future__ import annotations

from functools import lru_cache
from html.parser import HTMLParser

Form = tuple[object, ...]
"""A text as its tags, with their attributes, and what stands between them."""

_DROPPED = frozenset({"script", "style"})
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)  # fmt: skip
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "fieldset",
     "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "li",
     "link", "main", "meta", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead",
     "title", "tr", "ul"}
)  # fmt: skip
"""Elements beside which a blank shows nothing."""
_BLANKS = " \t\r\n\f"
"""What counts as a blank in HTML; one that does not break is none."""


@lru_cache(maxsize=4096)
def normal_form(text: str) -> Form:
    """What a text shows and does, in comparable form."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return _spaced(reader.parts) if reader.tags else _lines(reader.parts)


def has_tags(text: str) -> bool:
    """Whether a text is HTML: one without any tag is plain."""
    reader = _Reader()
    reader.feed(text)
    return reader.tags


class _Reader(HTMLParser):
    """Collects tags, as tuples, and texts; ``tags`` is whether there were any at all, left out or not."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[object] = []
        self.dropped = 0
        self.tags = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag, or begin to leave out."""
        self.tags = True
        if tag in _DROPPED:
            self.dropped += 1
        elif not self.dropped:
            self.parts.append((tag, _attributes(attrs)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag that closes itself: a void one, or an element with nothing in it."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Take a closing tag, or end to leave out."""
        if tag in _DROPPED:
            self.dropped = max(0, self.dropped - 1)
        elif not self.dropped and tag not in _VOID:
            self.parts.append((f"/{tag}",))

    def handle_comment(self, data: str) -> None:  # a comment shows nothing
        """Note that it is HTML."""
        self.tags = True

    def handle_decl(self, decl: str) -> None:  # nor does a declaration
        """Note that it is HTML."""
        self.tags = True

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Take what begins with ``<![`` as browsers do: as a comment. The library raises AssertionError."""
        return self.parse_bogus_comment(i, report)

    def handle_data(self, data: str) -> None:
        """Take a text."""
        if not self.dropped:
            self.parts.append(data)


def _attributes(attrs: list[tuple[str, str | None]]) -> Form:
    """The attributes by name, of equal names the first, without those that run scripts."""
    found: dict[str, str] = {}
    for name, value in attrs:
        if not name.startswith("on"):
            found.setdefault(name, _words(value or "").strip(" "))
    return tuple(sorted(found.items()))


def _spaced(parts: list[object]) -> Form:
    """The parts with one blank for several, and none beside what begins a line of its own."""
    joined: list[object] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    found: list[object] = []
    for number, part in enumerate(joined):
        if isinstance(part, str):
            before = joined[number - 1] if number else None
            after = joined[number + 1] if number + 1 < len(joined) else None
            text = _words(part)
            text = text.lstrip(" ") if _breaks(before) else text
            text = text.rstrip(" ") if _breaks(after) else text
            found += [text] if text else []
        else:
            found.append(part)
    return tuple(found)


def _breaks(part: object) -> bool:
    """Whether a tag, or the end of the text, begins or ends a line."""
    return part is None or (isinstance(part, tuple) and str(part[0]).removeprefix("/") in _BLOCKS)


def _lines(parts: list[object]) -> Form:
    """A plain text by its lines, without empty ones at its ends."""
    lines = "".join(map(str, parts)).replace("\r\n", "\n").replace("\r", "\n").strip(_BLANKS).split("\n")
    return tuple(_words(line).strip(" ") for line in lines)


def _words(text: str) -> str:
    """The text with one blank for several, also at its ends."""
    for blank in _BLANKS[1:]:
        text = text.replace(blank, " ")
    inner = " ".join(filter(None, text.split(" ")))
    first, last = " " if text.startswith(" ") else "", " " if text.endswith(" ") else ""
    return f"{first}{inner}{last}" if inner else first
