"""A plan as JSON and back. A plan file is untrusted: whatever does not fit exactly is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from qboxctl.errors import PlanFileError
from qboxctl.files import write_file
from qboxctl.json_text import canonical, rows_text
from qboxctl.model import (
    JSON,
    Action,
    Address,
    Advisory,
    Blocked,
    Change,
    FieldChange,
    Plan,
    PlanOptions,
    Unverifiable,
    Value,
)
from qboxctl.planning import graph
from qboxctl.schema.decoding import EXTRA
from qboxctl.schema.extra import misuses
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType

FORMAT_VERSION = "1.0"
MAX_BYTES = 256 * 1024 * 1024
_MAKE_ONE = "`qboxctl plan --out FILE` makes one"


def plan_id(environment: str, endpoint: str, changes: Iterable[Change]) -> str:
    """The SHA-256 of what the plan would do, where: the same files against the same account give the same id."""
    content = {
        "format_version": FORMAT_VERSION,
        "environment": environment,
        "endpoint": endpoint,
        "changes": [_change(change) for change in changes],
    }
    return hashlib.sha256(canonical(content)).hexdigest()


def to_json(plan: Plan) -> dict[str, JSON]:
    """The plan as the JSON of `schemas/plan.schema.json`."""
    return {
        "format_version": FORMAT_VERSION,
        "id": plan.id,
        "qboxctl_version": plan.qboxctl_version,
        "created_at": plan.created_at,
        "environment": plan.environment,
        "endpoint": plan.endpoint,
        "config_digest": plan.config_digest,
        "git_commit": plan.git_commit,
        "changes": [_change(change) for change in plan.changes],
        "unmanaged": [str(address) for address in plan.unmanaged],
        "unverifiable": [{"address": str(one.address), "fields": list(one.fields)} for one in plan.unverifiable],
        "blocked": [asdict(one) for one in plan.blocked],
        "warnings": [asdict(one) for one in plan.warnings],
        "options": {name: _plain(value) for name, value in asdict(plan.options).items()},
        "customers": list(plan.customers),
        "summary": dict(plan.summary),
        "billing": dict(plan.billing),
    }


def _change(change: Change) -> dict[str, JSON]:
    return {
        "address": str(change.address),
        "kind": change.address.kind,
        "action": change.action.value,
        "remote_id": change.remote_id,
        "fields": [
            {"name": one.name, "before": _plain(one.before), "after": _plain(one.after)} for one in change.fields
        ],
        "secrets": list(change.secrets),
        "needs": [str(address) for address in change.needs],
        "destroys_data": change.destroys_data,
        "reason": change.reason,
        "precondition": change.precondition,
    }


def _plain(value: Value) -> JSON:
    """A value as JSON has it; small objects, of which only `Objects` has some, are mappings there."""
    if not isinstance(value, tuple):
        return value
    return [dict(item) if isinstance(item, tuple) else item for item in value]


def _frozen(value: JSON) -> Value:
    if not isinstance(value, list):
        return value
    return tuple(tuple(item.items()) if isinstance(item, dict) else item for item in value)


def dumps(plan: Plan) -> str:
    """The text of a plan file: a line for each change, whatever their number."""
    return rows_text(to_json(plan)) + "\n"


def write(plan: Plan, path: Path) -> None:
    """Save a plan for its owner only (mode 0600); the file appears whole or not at all."""
    try:
        write_file(path, dumps(plan))
    except OSError as error:
        raise PlanFileError(f"the plan cannot be saved as {path}: {error.strerror}") from None


def read(path: Path, types: Kinds) -> Plan:
    """Read a plan file; raises PlanFileError for anything that is not a whole, unchanged plan."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)  # the size that the system tells of a device is none
        if len(raw) > MAX_BYTES:
            raise PlanFileError(f"{path} is too large to be a plan")
        text = raw.decode()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise PlanFileError(f"the plan file {path} cannot be read: {reason}", hint=_MAKE_ONE) from None
    return loads(text, str(path), types)


def loads(text: str, name: str, types: Kinds) -> Plan:
    """A plan from the text of a plan file; raises PlanFileError."""
    try:
        return _read(text, name, types)
    except RecursionError:
        raise PlanFileError(f"{name} is not a plan: it is nested too deep", hint=_MAKE_ONE) from None


def _read(text: str, name: str, types: Kinds) -> Plan:
    try:
        raw = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_twice)
    except json.JSONDecodeError:
        raise PlanFileError(f"{name} is not a plan: it is not JSON", hint=_MAKE_ONE) from None
    except ValueError as error:
        raise PlanFileError(f"{name} is not a plan: {str(error)[:200]}", hint=_MAKE_ONE) from None
    version = raw.get("format_version") if isinstance(raw, dict) else None
    if version != FORMAT_VERSION:
        hint = f"this qboxctl reads format {FORMAT_VERSION}; plan again with it"
        raise PlanFileError(f"{name} has format {version!r:.40}", hint=hint)
    _fit(raw, name, types)
    try:
        plan = _plan(raw, types)
        orderly = all(map(partial(_is_orderly, plan.changes, types), plan.changes, graph.ordered(plan.changes, types)))
    except (ValueError, KeyError, TypeError) as error:
        raise PlanFileError(f"{name} is not a plan that qboxctl made: {str(error)[:200]}") from None
    counted = all(
        plan.summary.get(action.value) == sum(change.action is action for change in plan.changes) for action in Action
    )
    if plan_id(plan.environment, plan.endpoint, plan.changes) != plan.id or not orderly or not counted:
        hint = "a plan file cannot be edited; change the configuration and plan again"
        raise PlanFileError(f"{name} was changed after it was made: its content does not fit its id", hint=hint)
    return plan


def _is_orderly(changes: Sequence[Change], types: Kinds, change: Change, derived: Change) -> bool:
    """Whether a change needs what can be derived from all, and more of these only where the account told what."""
    if change.needs == derived.needs:
        return True
    told = any(graph.switches(one, types) for one in changes)
    return told and set(derived.needs) <= set(change.needs) <= {one.address for one in changes}


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _no_twice(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _fit(raw: JSON, name: str, types: Kinds) -> None:
    from qboxctl.schema.json_validation import schema_errors

    wrong = schema_errors("plan", raw, types)
    if wrong:
        where = ".".join(map(str, wrong[0].path))
        raise PlanFileError(f"{name} is not a plan: {where[:200]}: {wrong[0].message[:200]}", hint=_MAKE_ONE)


def _plan(raw: dict[str, Any], types: Kinds) -> Plan:
    changes = tuple(_change_of(one, types) for one in raw["changes"])
    if len({change.address for change in changes}) != len(changes):
        raise ValueError("an object is changed twice")
    return Plan(
        id=raw["id"],
        environment=raw["environment"],
        endpoint=raw["endpoint"],
        config_digest=raw["config_digest"],
        changes=changes,
        unmanaged=tuple(Address.of(text) for text in raw["unmanaged"]),
        unverifiable=tuple(
            Unverifiable(Address.of(one["address"]), tuple(one["fields"])) for one in raw["unverifiable"]
        ),
        blocked=tuple(Blocked(**one) for one in raw["blocked"]),
        warnings=tuple(Advisory(**one) for one in raw["warnings"]),
        options=PlanOptions(**{name: _frozen(value) for name, value in raw["options"].items()}),
        customers=tuple(raw["customers"]),
        summary=raw["summary"],
        billing=raw["billing"],
        qboxctl_version=raw["qboxctl_version"],
        created_at=raw["created_at"],
        git_commit=raw["git_commit"],
    )


def _change_of(raw: dict[str, Any], types: Kinds) -> Change:
    address = Address.of(raw["address"])
    type_ = types[address.kind]
    action = Action(raw["action"])
    if raw["kind"] != address.kind:
        raise ValueError(f"{address} is not a {raw['kind']}")
    canonical_name = type_.identity.normalise if action is Action.CREATE else type_.identity.comparable
    parent, own = types.split(address)
    if types.key(address.kind, canonical_name(own), parent) != address.key:
        raise ValueError(f"{address} is not a name in its canonical form")
    fields = tuple(_field_of(one, type_, action) for one in raw["fields"])
    if len({one.name for one in fields}) != len(fields):
        raise ValueError(f"an attribute of {address} is changed twice")
    for name in raw["secrets"]:
        if name not in type_.by_name or not type_.by_name[name].secret:
            raise ValueError(f"{address} has no secret {name}")
    change = Change(
        address,
        action,
        remote_id=raw["remote_id"],
        fields=fields,
        secrets=tuple(raw["secrets"]),
        needs=tuple(Address.of(text) for text in raw["needs"]),
        destroys_data=raw["destroys_data"],
        reason=raw["reason"],
        precondition=raw["precondition"],
    )
    _consistent(change, type_)
    return change


def _field_of(raw: dict[str, Any], type_: ResourceType, action: Action) -> FieldChange:
    name, after = raw["name"], raw["after"]
    before = raw["before"] if name.startswith(EXTRA) else _frozen(raw["before"])
    if name.startswith(EXTRA):
        for wrong in misuses(type_, name.removeprefix(EXTRA), after):
            raise ValueError(wrong.message)
        return FieldChange(name, before, after)
    one = type_.by_name[name]
    remade = type_.told is not None and one.on_create
    proved = name == type_.lifecycle.attribute and type_.lifecycle.proves(before)
    if one.secret or not (one.on_update or remade or proved or (action is Action.CREATE and one.returned)):
        raise ValueError(f"{name} cannot be written")
    parsed = one.type.parse(after)
    if _plain(parsed) != after:
        raise ValueError(f"{name} is not in its canonical form")
    return FieldChange(name, before, parsed)


def _consistent(change: Change, type_: ResourceType) -> None:
    """Refuse what the planner would never make."""
    creating = change.action is Action.CREATE
    if creating != (change.precondition == "absent") or creating != (change.remote_id is None):
        raise ValueError(f"{change.address}: its precondition does not fit its action")
    if change.destroys_data != type_.destroys(change):
        raise ValueError(f"{change.address}: destroys_data does not fit its action")
    wanted: tuple[tuple[str, Value], ...] = ()
    match change.action:
        case Action.DISABLE if type_.disabling:
            wanted = (type_.disabling,)
        case Action.DELETE if type_.calls.delete:
            wanted = tuple((one.name, ()) for one in type_.cleared)
        case Action.CREATE | Action.UPDATE:
            return
        case _:
            raise ValueError(f"{change.address} cannot be {change.action.value}d")
    kept = change.action is Action.DISABLE  # what is disabled goes on holding what nobody else is to hold
    fields = [one for one in change.fields if not (kept and _takes(type_, one))]
    if tuple((one.name, one.after) for one in fields) != wanted or change.secrets:
        raise ValueError(f"{change.address}: a removal writes nothing else")


def _takes(type_: ResourceType, change: FieldChange) -> bool:
    """Whether something is taken from what an object holds, and nothing given to it."""
    one = next((each for each in type_.holding if each.name == change.name and not each.each), None)
    return one is not None and set(change.after) < set(change.before or ())
