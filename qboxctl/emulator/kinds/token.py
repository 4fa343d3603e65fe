"""Tokens of the Send API: each tells its text once, under a name that no reference prints."""

from __future__ import annotations

from collections.abc import Sequence

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, Draft
from qboxctl.emulator.state import Code, Stored
from qboxctl.emulator.wire import Refusal, Response, answer
from qboxctl.model import JSON


def _open(draft: Draft) -> None:
    if draft.quirks.get("token_create") == "403":
        raise Refusal(403)


def _label(draft: Draft) -> None:
    beside = draft.store.rows(draft.type.kind, draft.parent).values()
    taken = any(one.key.lower() == draft.key.lower() for one in beside)
    if draft.quirks.get("token_label") == "422" and draft.key and taken:
        draft.complain("label", "already exists")


def _tells(answers: Answers, obj: Stored, secret: str) -> Response:
    """The answer to a creation, which tells the token."""
    name, row = answers.quirks["token_field"], answers.row(obj)
    beside = name == "in_message"
    content: dict[str, JSON] = {"resources": [row if beside else {**row, name: secret}], "pagination": {}}
    told = {"message": "Created", "token": secret} if beside else {}
    return answer(int(answers.quirks["create_status"]), {**told, **content})


def _nets(answers: Answers, nets: Sequence[str]) -> JSON:
    shown: list[JSON] = [_cidr(one) if answers.quirks.get("token_nets_form") == "cidr" else one for one in nets]
    match answers.quirks["token_nets"]:
        case "comma":
            return ", ".join(shown)
        case "null_when_empty" if not shown:
            return None
        case _:
            return answers.listed(shown)


def _cidr(text: str) -> str:
    return text if "/" in text else f"{text}/{128 if ':' in text else 32}"


BEHAVIOUR = Behaviour(
    code=Code("", 7000),
    judgements={"create": (_open, _label)},
    tells=_tells,
    shown={"allow_nets": _nets},
    searched=(),
)
