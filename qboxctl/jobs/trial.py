"""One message through the Send API, and what becomes of it. It is never sent twice, whatever happens to the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from qboxctl.api.backoff import IN_PROGRESS
from qboxctl.api.client import Client
from qboxctl.errors import Busy, OutcomeUnknown, Refused, Undone
from qboxctl.jobs.trace import Filters, Standing, TraceMail
from qboxctl.model import JSON

_SEND = "/send"
_ROWS = 100
_ADDRESS = re.compile(r"\S+@\S+")
_HINTS = {
    401: "the Send API knows no such token: make one, and wait a moment",
    403: "look at the token's allow_nets, and at the account and its domains: `qboxctl ready` tells what it lacks",
    404: "the Send API is not there: settings.send_endpoint names another place",
}


@dataclass(slots=True)
class Trial:
    """A message to one address; ``mark`` stands in its subject, and in no other one."""

    sender: str
    to: str
    mark: str
    message_id: str = ""
    request_id: str = ""

    @property
    def subject(self) -> str:
        """Its subject."""
        return f"Test of Delivery {self.mark}"

    @property
    def body(self) -> dict[str, JSON]:
        """The body of the request."""
        text = "This message was sent by `qboxctl ready`, to see whether the Send API delivers.\n"
        return {"messages": [{"from": self.sender, "to": self.to, "subject": self.subject, "text_body": text}]}

    def send(self, client: Client) -> str:
        """Send it once; why its outcome is unknown, "" where it was accepted. Raises Undone where it was refused."""
        try:
            answer = client.write("POST", _SEND, self.body, repeatable=False)
        except OutcomeUnknown as lost:
            return str(lost)
        except Refused as refused:
            raise Undone(f"the Send API refuses the message: {refused.text}", hint=_HINTS.get(refused.status)) from None
        except Busy as busy:
            raise Undone(f"the Send API takes no message: {busy.text}", hint=busy.hint) from None
        data = answer.data or {}
        messages = data.get("messages")
        one = messages[0] if isinstance(messages, list) and messages and isinstance(messages[0], dict) else {}
        code = one.get("error_code") or data.get("error_code")
        if code not in (None, 0, "0", ""):
            told = client.redact(f"{code} {one.get('message') or data.get('message') or ''}".strip())
            raise Undone(f"the Send API refuses the message: {told}")
        self.message_id = str(one.get("message_id") or "")
        self.request_id = str(one.get("request_id") or data.get("request_id") or "")
        return ""

    def follow(self, log: TraceMail, wait: float) -> Standing | None:
        """What the log says of it at last, None where it does not know it: when it has ended, or the time is over."""
        clock = log.reader.clock
        end, looks = clock.monotonic() + wait, 0
        while True:
            standing = self.standing(log)
            left = end - clock.monotonic()
            if standing not in (None, Standing.QUEUED) or left <= 0 or log.reader.stop.is_set():
                return standing
            looks += 1
            log.reader.wait(min(left, IN_PROGRESS.seconds(looks)))

    def standing(self, log: TraceMail) -> Standing | None:
        """What the log says of it now, None where it does not know it.

        Rows have any shape, and a server may heed no filter: a row is this message's where it bears its id or its mark,
        and what it says itself counts more than what was asked for.
        """
        yesterday = datetime.fromtimestamp(log.reader.clock.time(), UTC) - timedelta(days=1)
        filters = Filters({"to": self.to}, since=yesterday.date().isoformat())
        for asked in (Standing.DELIVERED, Standing.BOUNCE, Standing.SUPPRESSED, Standing.ERROR, Standing.QUEUED):
            for row in log.search(filters, asked, _ROWS):
                texts = list(_texts(row))
                if any(mine in text for mine in filter(None, (self.message_id, self.mark)) for text in texts):
                    return _said(texts) or asked
        return None


def _texts(value: JSON) -> Iterator[str]:
    """All texts in a row; one that is JSON is read."""
    left = [value]
    while left:  # a row may be nested deep
        match left.pop():
            case dict() as inside:
                left += inside.values()
            case list() as inside:
                left += inside
            case str() as text if text[:1] in ("{", "["):
                try:
                    left.append(json.loads(text))
                except (ValueError, RecursionError):
                    yield text
            case None | bool():
                pass
            case other:
                yield str(other)


_SAID: Mapping[str, Standing] = {
    **{one.value: one for one in Standing},
    "bounced": Standing.BOUNCE,
    "errors": Standing.ERROR,
}


def _said(texts: list[str]) -> Standing | None:
    """The one standing that a row tells, None where it tells none, or several."""
    words = {word for text in texts for word in re.findall(r"[a-z]+", _ADDRESS.sub(" ", text.lower()))}
    found = {_SAID[word] for word in words & _SAID.keys()}
    return found.pop() if len(found) == 1 else None
