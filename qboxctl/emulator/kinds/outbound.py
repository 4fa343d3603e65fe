"""The limits on outgoing mail that domains and mailboxes name by their ids."""

from __future__ import annotations

from qboxctl.emulator.behaviour import Draft
from qboxctl.emulator.wire import Row

OUTBOUND_LIMITS: tuple[Row, ...] = tuple(
    {
        "id": number,
        "description": text,
        "rate": rate,
        "period": 86400,
        "view": "default",
        "scope": "email_account",
        "discontinued": False,
        "domain_rate": rate * 10,
        "disabled": False,
        "pay": number > 0,
        "included": number == 0,
    }
    for number, (text, rate) in enumerate(
        (("Default", 1000), ("2000 a day", 2000), ("5000 a day", 5000), ("10000 a day", 10000))
    )
)
"""The sending limits on offer."""


def outbound_limit(draft: Draft) -> None:
    """Only a limit on offer can be named."""
    if "outbound_limit" in draft.values and not 0 <= draft.values["outbound_limit"] < len(OUTBOUND_LIMITS):
        draft.complain("outbound_limit", "does not exist")
