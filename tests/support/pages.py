"""What a browser would make of a page, and texts that try to get out of their place in it."""

from __future__ import annotations

from html.parser import HTMLParser

HOSTILE = [
    "```", "````\n# title", "</code></pre><script>alert(1)</script>", "--> <!--", "@everyone", "a\nb", "\x1b[2J",
    "</style>", "<!-- qboxctl plan -->", "'\"><img src=x onerror=alert(1)>", "]]>", "~~~", "</details>",
]  # fmt: skip


class Page(HTMLParser):
    """What a browser would make of a page, roughly."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.links: list[str] = []
        self.frames: list[dict[str, str]] = []
        self.raw: dict[str, str] = {}
        self.policy = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name in ("src", "action", "style")]
        self.links += [text for name, text in attrs if name == "href"]
        assert all(tag == "a" for name, _ in attrs if name == "href")
        self.frames += [{name: text or "" for name, text in attrs}] if tag == "iframe" else []
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"]
        if tag not in ("meta", "input", "br", "wbr", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("script", "style"):
            self.raw[self.open[-1]] = data
