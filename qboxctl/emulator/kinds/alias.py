"""E-mail aliases: they live in an active domain."""

from __future__ import annotations

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, Draft
from qboxctl.emulator.state import Code, Stored
from qboxctl.emulator.wire import Row
from qboxctl.schema.lifecycle import SETTLED, UNPROVED


def domain_is_active(draft: Draft) -> None:
    """Nothing can be made in a domain that is not in use yet."""
    if draft.home.status == UNPROVED or draft.home.detail != SETTLED:
        draft.complain("domain", "is not active")


def activates(draft: Draft) -> None:
    """Activation is queued."""
    draft.target.pending = draft.activation


def _row(answers: Answers, obj: Stored) -> Row:
    return {"domain_name": answers.name(obj.parent) if obj.parent else ""}


BEHAVIOUR = Behaviour(
    code=Code("AE", 10_000_000),
    row=_row,
    judgements={"create": (domain_is_active,)},
    effects={"create": (activates,)},
)
