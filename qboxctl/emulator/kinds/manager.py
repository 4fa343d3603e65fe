"""Managers: what they hold is told by that, and whether they can be read at all depends."""

from __future__ import annotations

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, Draft
from qboxctl.emulator.entries import GIVE
from qboxctl.emulator.kinds.roles import holder_of, one_role_more, user_row
from qboxctl.emulator.state import Code, Stored
from qboxctl.emulator.wire import Row
from qboxctl.model import JSON
from qboxctl.schema.numbers import SIZES


def _whole_list(draft: Draft) -> None:
    """A list that an update leaves out may count as empty."""
    if draft.quirks["manager_put"] == "replaces":
        draft.values.setdefault("domains", ())


def _held_by_others(draft: Draft) -> list[Stored]:
    codes = draft.values.get("domains", ())
    domains = [each for code in codes if (each := draft.store.find("domain", code)) is not None]
    targets = [*domains, *draft.entries]
    return [one for one in targets if holder_of(draft.store, one) not in (None, draft.current)]


def _one_manager_each(draft: Draft) -> None:
    """What another manager holds is refused, or moves, as the quirk says."""
    if draft.quirks["manager_assign"] == "422" and _held_by_others(draft):
        draft.complain("id" if draft.entries else "domain_codes", "is assigned to another manager")
        return
    for one in _held_by_others(draft):
        holder = holder_of(draft.store, one)
        name = "delivery" if draft.entries else "domains"
        if holder is not None:
            left = tuple(code for code in holder.values[name] if code != one.code)
            draft.store.write(holder, {name: left})


def _row(answers: Answers, obj: Stored) -> Row:
    domains = [each for code in obj.values["domains"] if (each := answers.store.find("domain", code)) is not None]
    told: Row = {}
    match answers.quirks["manager_domains_read"]:
        case "codes":
            told = {"domains": [answers.code(one) for one in domains]}
        case "objects":
            told = {"domains": [{"code": answers.code(one), "name": answers.name(one)} for one in domains]}
        case _:
            pass
    return {**user_row(answers, obj, "Manager"), **told}


def _initial() -> dict[str, JSON]:
    return {"max_email_quota": SIZES["100GB"], "domains": (), "delivery": ()}


BEHAVIOUR = Behaviour(
    code=Code("MN", 10_000_000),
    initial=_initial(),
    row=_row,
    judgements={
        "create": (one_role_more, _one_manager_each),
        "update": (_whole_list, _one_manager_each),
        GIVE: (_one_manager_each,),
    },
    searched=("firstname", "lastname", "company"),
    optional={"list": "manager_read", "read": "manager_read", "delete": "manager_delete"},
    partly={"list_only": frozenset({"read"})},
    closed_to=frozenset({"no_reseller", "team_member", "manager"}),
)
