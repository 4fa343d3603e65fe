"""Messages of the Send API: what each may hold, to whom it goes, and templates with one message for each recipient."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import getaddresses

from qboxctl.model import JSON
from qboxctl.schema.formats import email_address

MOST = 500
"""So many messages, or recipients of a template, may one request bring."""
_BODIES = ("text_body", "html_body")
_LISTS = ("to", "cc", "bcc", "reply_to")
_ADDRESSED = ("to", "cc", "bcc")
_KNOWN = frozenset({"from", "subject", *_BODIES, *_LISTS, "headers", "attachments", "metadata", "tags"})
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][\w.]*)\s*\}\}")


class Unsendable(Exception):
    """A payload, or one message of it, that cannot be sent: the name of the error, and what is wrong."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error, self.message = error, message


@dataclass(frozen=True, slots=True)
class Message:
    """A message that can be sent."""

    sender: str
    recipients: tuple[str, ...]
    subject: str

    @property
    def domain(self) -> str:
        """The domain that it is sent from."""
        return self.sender.partition("@")[2]


def messages_of(body: JSON) -> list[Message | Unsendable]:
    """The messages of a request, each or what is wrong with it; raises Unsendable for a payload that is none."""
    if not isinstance(body, dict):
        raise Unsendable("invalid_json", "the body is not a JSON object")
    given = body.get("messages")
    if not isinstance(given, list) or not given:
        raise Unsendable("missing_send_payload", "messages must be a list that is not empty")
    if len(given) > MOST:
        raise Unsendable("too_many_messages", f"messages: at most {MOST} are allowed")
    return [_tried(f"messages[{number}]", one) for number, one in enumerate(given)]


def rendered(body: JSON) -> list[Message | Unsendable]:
    """The messages that a template makes; raises Unsendable for a payload that is none."""
    if not isinstance(body, dict):
        raise Unsendable("invalid_json", "the body is not a JSON object")
    template, recipients, options = body.get("message"), body.get("recipients"), body.get("options") or {}
    if not isinstance(template, dict) or not template or not isinstance(recipients, list) or not recipients:
        raise Unsendable("missing_send_payload", "message and a list of recipients that is not empty are needed")
    if len(recipients) > MOST:
        raise Unsendable("too_many_recipients", f"recipients: at most {MOST} are allowed")
    if "to" in template:
        raise Unsendable("invalid_message", "message.to is not allowed: each recipient becomes one")
    strict = options.get("strict_substitutions", True) if isinstance(options, dict) else None
    if not isinstance(strict, bool):
        raise Unsendable("invalid_message", "options.strict_substitutions must be true or false")
    known = {name: value for name, value in template.items() if name in _KNOWN}
    return [_for_one(f"recipients[{number}]", known, one, strict) for number, one in enumerate(recipients)]


def _for_one(where: str, template: Mapping[str, JSON], recipient: JSON, strict: bool) -> Message | Unsendable:
    email = recipient.get("email") if isinstance(recipient, dict) else None
    given = recipient.get("substitutions") or {} if isinstance(recipient, dict) else None
    if not isinstance(email, str) or not isinstance(given, dict):
        return Unsendable("invalid_message", f"{where}: email must be an address, substitutions an object")
    values = {"email": email, **given}
    missing = sorted(set(_VARIABLE.findall(json.dumps(template))) - values.keys())
    if missing and strict:
        return Unsendable("missing_substitution", f"{where}: there is no value for {', '.join(missing)}")
    return _tried(where, {**_filled(template, values), "to": email})


def _filled(value: JSON, values: Mapping[str, JSON]) -> JSON:
    match value:
        case str():
            return _VARIABLE.sub(lambda found: str(values.get(found[1], "")), value)
        case list():
            return [_filled(one, values) for one in value]
        case dict():
            return {_filled(name, values): _filled(one, values) for name, one in value.items()}
        case _:
            return value


def _tried(where: str, one: JSON) -> Message | Unsendable:
    try:
        return _message(one)
    except Unsendable as wrong:
        return Unsendable(wrong.error, f"{where}.{wrong.message}")


def _message(one: JSON) -> Message:
    if not isinstance(one, dict):
        raise _wrong("message", "must be an object")
    for name in one.keys() - _KNOWN:
        raise _wrong(str(name), "is not allowed")
    if "from" not in one:
        raise _wrong("from", "is missing")
    senders = list(_addresses("from", one["from"]))
    if len(senders) != 1:
        raise _wrong("from", "must be one address")
    subject = one.get("subject")
    if not isinstance(subject, str) or not subject.strip():
        raise _wrong("subject", "must be a text")
    if not any(isinstance(one.get(name), str) and one[name] for name in _BODIES):
        raise _wrong("text_body", "is needed, or html_body")
    lists = {name: list(_addresses(name, one[name])) for name in _LISTS if one.get(name) is not None}
    recipients = tuple(dict.fromkeys(each for name in _ADDRESSED for each in lists.get(name, ())))
    if not recipients:
        raise _wrong("to", "there is no recipient in to, cc or bcc")
    _check_headers(one.get("headers"))
    for attachment in _listed("attachments", one.get("attachments")):
        _check_attachment(attachment)
    return Message(senders[0], recipients, subject)


def _addresses(name: str, value: JSON) -> Iterator[str]:
    """The addresses of a text, an object, or a list of these."""
    for one in value if isinstance(value, list) else [value]:
        match one:
            case str():
                texts = [address for _, address in getaddresses([one])]
            case {"address": str(address)} if one.keys() <= {"address", "name"}:
                texts = [address]
            case _:
                raise _wrong(name, "must be an address, or a list of addresses")
        try:
            yield from [email_address(text) for text in texts]
        except ValueError:
            raise _wrong(name, "holds what is no e-mail address") from None


def _check_headers(headers: JSON) -> None:
    if headers is None:
        return
    if not isinstance(headers, dict):
        raise _wrong("headers", "must be an object")
    for value in headers.values():
        if any(not isinstance(one, str | int | float) for one in (value if isinstance(value, list) else [value])):
            raise _wrong("headers", "may hold texts, numbers, booleans and lists of these")


def _check_attachment(one: JSON) -> None:
    for name in ("filename", "content_type", "content"):
        if not isinstance(one, dict) or not isinstance(one.get(name), str) or not one[name]:
            raise _wrong("attachments", f"each needs {name}")
    try:
        base64.b64decode(one["content"], validate=True)
    except (binascii.Error, ValueError):
        raise _wrong("attachments", "content must be base64") from None
    disposition = one.get("disposition") or ("inline" if one.get("content_id") else "attachment")
    if disposition not in ("attachment", "inline") or (disposition == "inline") != bool(one.get("content_id")):
        raise _wrong("attachments", "disposition is attachment, or inline with a content_id")


def _listed(name: str, value: JSON) -> Sequence[JSON]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _wrong(name, "must be a list")
    return value


def _wrong(name: str, text: str) -> Unsendable:
    return Unsendable("invalid_message", f"{name}: {text}")
