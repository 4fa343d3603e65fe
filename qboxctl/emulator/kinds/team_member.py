"""Team members: no reference prints the keys of permissions; these are made of the panel's switches."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, Draft, Paging
from qboxctl.emulator.kinds.roles import one_role_more, user_row
from qboxctl.emulator.state import Code, Stored
from qboxctl.emulator.wire import Row
from qboxctl.model import JSON
from qboxctl.schema.calls import Call

_KEY = re.compile(
    r"(domains?|accounts?|mailbox(es)?|email_accounts?|alias(es)?|archive|vault|analysis|logs?|access|delivery|managers?)"
    r"[._:](view|read|create|add|edit|update|disable|enable|reactivate|delete|managers|password|email|activity|api|send)"
)
_SIGHT = "view"


def _known(draft: Draft, key: str) -> bool:
    """Whether the server knows a key: one of a switch in the panel, or one that a member has."""
    members = draft.store.objects(draft.type.kind)
    return bool(_KEY.fullmatch(key)) or any(key in obj.values["permissions"] for obj in members)


def _permissions(draft: Draft) -> None:
    """Refuse unknown keys or drop them, and add those that others bring with them, as the quirks say."""
    if "permissions" not in draft.values:
        return
    keys: Iterable[str] = draft.values["permissions"]
    unknown = [key for key in keys if not _known(draft, key)]
    if unknown and draft.quirks["permission_keys"] == "strict":
        draft.complain("permissions", "is not valid")
    found = [key for key in keys if key not in unknown]
    if draft.quirks["permission_implied"] == "added":
        found += [re.sub(r"[^._:]+\Z", _SIGHT, key) for key in found if re.search(r"[._:]", key)]
    draft.values["permissions"] = tuple(dict.fromkeys(found))


def _row(answers: Answers, obj: Stored) -> Row:
    return {**user_row(answers, obj, "TeamMember"), "catch_all": True}


def _shown(answers: Answers, keys: Iterable[str]) -> JSON:
    found: list[JSON] = list(keys or ())
    match answers.quirks["permissions"]:
        case "comma":
            return ",".join(map(str, found))
        case "object":
            return {str(key): True for key in found}
        case "null_when_empty" if not found:
            return None
        case _:
            return answers.listed(found)


BEHAVIOUR = Behaviour(
    code=Code("T", 100_000_000),
    row=_row,
    judgements={"create": (one_role_more, _permissions), "update": (_permissions,)},
    shown={"permissions": _shown},
    searched=("firstname", "lastname"),
    paging=Paging("team_paging"),
    unused={"delete": Call("DELETE", "/api/team_members/{id}")},
    optional={"delete": "team_delete"},
    closed_to=frozenset({"team_member", "manager"}),
)
