"""Alias domains: names of their own on the platform, whose ownership is proved like a domain's."""

from __future__ import annotations

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, Draft, Paging
from qboxctl.emulator.kinds.alias import domain_is_active
from qboxctl.emulator.state import Code, Stored
from qboxctl.emulator.wire import Row
from qboxctl.schema.calls import Call, Certainty
from qboxctl.schema.lifecycle import DISABLED, ENABLED, UNPROVED


def _in_an_active_domain(draft: Draft) -> None:
    if draft.quirks["alias_domain_parent"] == "enabled":
        domain_is_active(draft)


def _new(draft: Draft) -> None:
    draft.target.status = UNPROVED


def _row(answers: Answers, obj: Stored) -> Row:
    return {"domain_name": answers.name(obj.parent) if obj.parent else ""}


BEHAVIOUR = Behaviour(
    code=Code("AD", 10_000_000),
    statuses=(ENABLED, DISABLED, UNPROVED),
    row=_row,
    judgements={"create": (_in_an_active_domain,)},
    effects={"create": (_new,)},
    paging=Paging("alias_domain_paging", whole=True),
    unused={"read": Call("GET", "/api/domains/{domain}/aliases/{id}", certainty=Certainty.ASSUMED)},
    optional={"read": "alias_domain_item"},
)
