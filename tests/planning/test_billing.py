"""What a plan adds to the bill and takes from it: a mailbox counts in the band that holds its size."""

from __future__ import annotations

from typing import Any

import pytest

from qboxctl.planning.billing import lines
from qboxctl.resources import TYPES
from tests.support.lab import Lab, configuration_of

SEED: dict[str, Any] = {
    "domains": {
        "a.example": {
            "max_email_quota": "100GB",
            "default_quota": "25GB",
            "mailboxes": {
                "small": {"firstname": "S", "max_email_quota": "1GB"},
                "large": {"firstname": "L", "max_email_quota": "50GB"},
            },
        },
        "b.example": {},
    },
    "delivery": {"accounts": {"old": {"type": "newsletter"}}},
}
NEW = "firstname: N, password: {env: PW}"
CASES: dict[str, tuple[str, dict[str, int]]] = {
    "nothing": ("domains: {a.example: {mailboxes: {small: {}}}}", {}),
    "the smallest size of a band": (
        f"domains: {{a.example: {{mailboxes: {{n: {{{NEW}, max_email_quota: 16GB}}}}}}}}", {"mailboxes_25gb": 1}),
    "the largest size of a band": (
        f"domains: {{a.example: {{mailboxes: {{n: {{{NEW}, max_email_quota: 8GB}}}}}}}}", {"mailboxes_8gb": 1}),
    "the largest of all": (
        f"domains: {{a.example: {{mailboxes: {{n: {{{NEW}, max_email_quota: 100GB}}}}}}}}", {"mailboxes_100gb": 1}),
    "the size that the live domain gives": (
        f"domains: {{a.example: {{mailboxes: {{n: {{{NEW}}}}}}}}}", {"mailboxes_25gb": 1}),
    "the size that the declared domain gives": (
        f"domains: {{a.example: {{default_quota: 50GB, mailboxes: {{n: {{{NEW}}}, m: {{{NEW}}}}}}}}}",
        {"mailboxes_50gb": 2}),
    "another band": ("domains: {a.example: {mailboxes: {small: {max_email_quota: 50GB}}}}",
                     {"mailboxes_8gb": -1, "mailboxes_50gb": 1}),
    "another size in the same band": ("domains: {a.example: {mailboxes: {small: {max_email_quota: 2GB}}}}", {}),
    "another attribute": ("domains: {a.example: {mailboxes: {large: {firstname: X}}}}", {}),
    "a deletion": ("domains: {a.example: {mailboxes: {large: {state: absent}}}}", {"mailboxes_50gb": -1}),
    "what is disabled is paid on": (
        "settings: {on_remove: {mailbox: disable}}\ndomains: {a.example: {mailboxes: {small: {}}}}", {}),
    "a domain": ("domains: {c.example: {postmaster_password: {env: PW}}, b.example: {state: absent}, "
                 "d.example: {postmaster_password: {env: PW}}}", {"domains": 1}),
    "an account": ("delivery: {accounts: {new: {type: newsletter}, more: {type: newsletter}, old: {state: absent}}}",
                   {"delivery_accounts": 1}),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_the_bill(text: str, expected: dict[str, int]) -> None:
    plan = Lab(seed=SEED).plan(configuration_of(text))
    assert plan.billing == {**dict.fromkeys(lines(TYPES), 0), **expected}
