"""Plans of any size, for what shows them."""

from __future__ import annotations

from qboxctl.model import Action, Address, Change, FieldChange, Plan

ACTIONS = {"create": Action.CREATE, "update": Action.UPDATE, "disable": Action.DISABLE, "delete": Action.DELETE}


def change(action: Action, number: int, text: str = "Ada", domain: str = "example.com") -> Change:
    values = () if action.removes else (FieldChange("firstname", None if action is Action.CREATE else "Old", text),)
    return Change(
        Address("mailbox", f"user{number:06}@{domain}"),
        action,
        fields=values,
        secrets=("password",) if action is Action.CREATE else (),
        destroys_data=action is Action.DELETE,
        reason=text if action.removes else "differs",
    )


def plan_of(counts: dict[str, int], text: str = "Ada", **parts: object) -> Plan:
    number = iter(range(10**6))
    changes = tuple(change(ACTIONS[name], next(number), text) for name, count in counts.items() for _ in range(count))
    summary = {**dict.fromkeys(ACTIONS, 0), **counts, "unchanged": 5, "unmanaged": 0}
    given = {"environment": "default", "endpoint": "https://api.example", "config_digest": "", **parts}
    return Plan("ab" * 32, changes=changes, summary=summary, **given)  # type: ignore[arg-type]  # any parts
