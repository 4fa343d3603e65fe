"""A client of the Send API: a bearer token, and refusals in a form of their own [operations.md, 7]."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from qboxctl.api.backoff import Backoff
from qboxctl.api.client import Client
from qboxctl.api.responses import Answer
from qboxctl.errors import Refused
from qboxctl.model import JSON

_QUOTA = ("quota", "daily", "monthly", "yearly")
"""What the names of those 429 hold that a wait of seconds does not mend."""
_WAITS = Backoff(first=1, factor=2, most=30)


class Sender(Client):
    """Sends mail for one Delivery account. A message is never sent again after a lost answer."""

    most_refusals = 3

    def credentials(self, token: str) -> Mapping[str, str]:
        """The header that a token goes in."""
        return {"Authorization": f"Bearer {token}"}

    def backoff(self, attempt: int) -> float:
        """How long to wait before a request is sent that did not get through."""
        return _WAITS.seconds(attempt)

    def understood(
        self, status: int, reason: str, headers: Mapping[str, str], content: bytes, bare: Collection[str] | None
    ) -> Answer:
        """What an answer means: a refusal tells the name of its error, and one for want of quota is final."""
        name = _error(content) if status >= 400 else ""
        if status == 429 and any(word in name.lower() for word in _QUOTA):
            raise Refused(status, self.redact(name))
        try:
            return super().understood(status, reason, headers, content, bare)
        except Refused as refused:
            refused.message += f" ({self.redact(name)})" if name else ""
            raise


def _error(content: bytes) -> str:
    """The name of the error in an answer, "" for none."""
    try:
        found: JSON = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    name = found.get("error") if isinstance(found, dict) else None
    return name[:100] if isinstance(name, str) else ""
