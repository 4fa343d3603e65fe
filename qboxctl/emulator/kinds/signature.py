"""Signatures: named by the address that they belong to, or by their place, and kept as the server likes its HTML."""

from __future__ import annotations

import html
from html.parser import HTMLParser

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, Draft
from qboxctl.emulator.state import Code, Stored
from qboxctl.emulator.wire import Refusal, Row
from qboxctl.errors import ALREADY_EXISTS
from qboxctl.model import JSON

_VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}
_DROPPED = {"script", "style"}


class _Sanitizer(HTMLParser):
    """Writes HTML anew, without what a server does not trust."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self.dropping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self.dropping += 1
        elif not self.dropping:
            kept = [(name, html.escape(value or "")) for name, value in attrs if not name.startswith("on")]
            words = [' {}="{}"'.format(*one) for one in kept]
            self.written.append(f"<{tag}{''.join(words)}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED:
            self.dropping = max(0, self.dropping - 1)
        elif not self.dropping and tag not in _VOID:
            self.written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.dropping:
            self.written.append(html.escape(data, quote=False))


def _sanitized(text: str) -> str:
    writer = _Sanitizer()
    writer.feed(text)
    writer.close()
    return "".join(writer.written)


def _shown(answers: Answers, body: JSON) -> JSON:
    match answers.quirks["signature_html"]:
        case "trimmed":
            return body.strip()
        case "sanitized":
            return _sanitized(body)
        case _:
            return body


def _found(answers: Answers, mailbox: Stored | None, code: str) -> Stored | None:
    """The signature that a path names."""
    if mailbox is None:
        return None
    rows = list(answers.store.rows("signature", mailbox).values())
    how = answers.quirks["signature_identity"]
    if how == "address":
        return next((one for one in rows if one.key == code.strip().lower()), None)
    place = int(code) - int(how == "index1") if code.isascii() and code.isdigit() else -1
    return rows[place] if 0 <= place < len(rows) else None


def _again(draft: Draft, _there: Stored) -> Row | None:
    """What comes of a second creation of an identity: a refusal, its values in the place of the old ones, or two."""
    match draft.quirks["signature_exists"]:
        case "replace":
            return dict(draft.values)
        case "second":
            return None
        case _:
            raise Refusal(422, [("identity", ALREADY_EXISTS)])


def _only_one_default(draft: Draft) -> None:
    """To be the default takes that from the mailbox's other signatures."""
    if not draft.target.values["default_signature"] or draft.quirks["signature_default"] != "exclusive":
        return
    for other in draft.store.rows("signature", draft.target.parent).values():
        if other is not draft.target and other.values["default_signature"]:
            draft.store.write(other, {"default_signature": False})


BEHAVIOUR = Behaviour(
    code=Code("SG", 10_000),
    bare=True,
    effects={"create": (_only_one_default,), "update": (_only_one_default,)},
    shown={"body": _shown},
    merge=_again,
    missing="signature_missing",
    snake="signature_case",
    find=_found,
    keeps=frozenset({"title", "body", "defaultSignature", "default_signature", "defaultSignatureReplies",
                     "default_signature_replies", "senderInBcc", "sender_in_bcc", "onlyNewMessages",
                     "only_new_messages"}),
)  # fmt: skip
