"""The definitions as JSON Schemas: ``schemas/``, editors, validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from qboxctl.model import JSON, Action, Advisory, Blocked
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.secrets import WORD

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
PRICE = r"^\d{1,12}(\.\d{1,12})?$"
"""What a price looks like that is given as text."""
MOST = 10**12
"""The highest price, as a number too: beyond what decimal numbers hold, no sum would be right."""
_SHA = "^sha256:[0-9a-f]{64}$"
Schema = dict[str, JSON]


def closed(properties: Mapping[str, JSON], *required: str, doc: str = "") -> Schema:
    """A mapping that may hold these keys and no others."""
    found: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {
        **({"description": doc} if doc else {}),
        **found,
        **({"required": list(required)} if required else {}),
    }


def mapping_of(values: JSON, doc: str) -> Schema:
    """A mapping with free keys."""
    return {"description": doc, "type": "object", "additionalProperties": values}


def config_schema(kinds: Kinds) -> Schema:
    """The schema of one file of a configuration."""
    properties: dict[str, JSON] = {
        "settings": {"$ref": "#/$defs/settings"},
        "protect": _patterns(kinds, "What is never removed, by whichever road; a list of patterns such as domain/*"),
        "ignore": _patterns(kinds, "What is neither read into a plan nor listed; a list of patterns"),
        "defaults": closed(
            {kind: body(kinds, one, defaults=True) for kind, one in kinds.items()},
            doc="For each kind: attributes under what an object says itself",
        ),
    }
    for one in kinds.levels[0]:
        match one.section:
            case (root,):
                properties[root] = _collection(kinds, one)
            case (root, name):
                group = properties.setdefault(root, closed({}, doc="Email Delivery: sending domains and accounts"))
                group["properties"][name] = _collection(kinds, one)
    return {
        "$schema": _DRAFT,
        "title": "qboxctl configuration",
        "description": "Any file of a qboxctl configuration; all files are united, and every key is optional.",
        **closed(properties),
        "patternProperties": {"^x-": True},
        "$defs": {"secret": _secret(), "settings": settings_schema(kinds)},
    }


def settings_schema(kinds: Kinds, *, overlay: bool = False) -> Schema:
    """The schema of the settings block, or of one environment's overlay."""
    properties: dict[str, JSON] = {
        "endpoint": {
            "type": "string",
            "description": "URL of the Management API, Qboxmail's own or on this machine; https://api.qboxmail.com",
        },
        "send_endpoint": {
            "type": "string",
            "description": "URL of the Send API, to which `ready` sends a message; that of the endpoint with /v1",
        },
        "token": {"description": "Where the token comes from; {env: QBOXMAIL_API_TOKEN}", "$ref": "#/$defs/secret"},
        "customer_code": {"type": "string", "description": "For tokens of an admin: the customer to work for"},
        "me": {
            "type": "string",
            "pattern": "^[^@]+@[^@]+$",
            "description": "Address of the user whose token runs qboxctl: never disabled, nor given fewer permissions",
        },
        "on_remove": closed(
            {kind: {"enum": list(words)} for kind, one in kinds.items() if (words := one.allowed_on_remove())},
            doc="What happens to live objects of a managed collection that no file declares; keep is the default",
        ),
        "guards": closed(
            {
                **_guard(count="the default is 10", percent="the default is 20"),
                **{kind: closed(_guard(count=_GENERAL, percent=_GENERAL), doc=_OF_A_KIND) for kind in kinds},
            },
            doc="How many removals one plan may hold of each kind: the smaller of count and percent, but at least one",
        ),
        "api": closed(
            {
                "concurrency": {"type": "integer", "minimum": 1, "maximum": 64, "description": "Requests at a time: 8"},
                "requests_per_second": {
                    "oneOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "null"}],
                    "description": "Most requests started in a second; null for the server's own limit",
                },
                "timeout": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "maximum": 3600,
                    "description": "Seconds for a whole request, answer included: 30",
                },
                "retries": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 20,
                    "description": "Repetitions after a fault: 5",
                },
            },
            doc="How the API is used",
        ),
    }
    properties["prices"] = _prices(kinds)
    if not overlay:
        properties["environments"] = mapping_of(
            settings_schema(kinds, overlay=True), "Other settings by name, chosen with --env"
        )
    return closed(properties, doc="Where and how; one block, in one file")


_GENERAL = "as in settings.guards unless stated"
_OF_A_KIND = "Other limits for this kind"


def _guard(*, count: str, percent: str) -> Schema:
    """The schema of how many removals are let through; the texts say what counts where nothing is stated."""
    return {
        "count": {"type": "integer", "minimum": 0, "description": f"Most removals of a kind in one plan; {count}"},
        "percent": {
            "type": "number",
            "minimum": 0,
            "maximum": 100,
            "description": f"Most removals as a share of the live objects of a kind, in percent; {percent}",
        },
    }


def _prices(kinds: Kinds) -> Schema:
    """The schema of what things cost: a price for each name, those with a dot in them under what stands before it."""
    doc = "Price of one by the month"
    price = {"description": f"{doc}, such as 1.50", "type": ["number", "string"], "minimum": 0, "maximum": MOST,
             "pattern": PRICE}  # fmt: skip
    found: Schema = {"currency": {"type": "string", "minLength": 1, "description": "What prices are in, such as EUR"}}
    for name in price_names(kinds):
        group, _, band = name.rpartition(".")
        if group:
            found.setdefault(group, closed({}, doc=f"{doc}, by its size"))["properties"][band] = price
        else:
            found[name] = price
    return closed(
        found, doc="What is paid for each by the month, for `report cost`: your own figures, without defaults"
    )


def price_names(kinds: Kinds) -> list[str]:
    """The names of all prices, in the order of the kinds."""
    bills = [one.billing for one in kinds.values() if one.billing]
    return list(dict.fromkeys(name for bill in bills for name in (*bill.prices.values(), *bill.counters)))


def _patterns(kinds: Kinds, doc: str) -> Schema:
    return {
        "description": doc,
        "type": "array",
        "items": {"type": "string", "pattern": "^[^/]+/.+", "examples": [f"{kind}/*" for kind in kinds]},
    }


def _secret() -> Schema:
    return {
        "description": "A reference to a secret: {env: NAME}, {file: PATH} or {exec: [program, argument]}",
        "oneOf": [
            closed({"env": WORD}, "env"),
            closed({"file": WORD}, "file"),
            closed({"exec": {"type": "array", "minItems": 1, "items": WORD}}, "exec"),
        ],
    }


def _collection(kinds: Kinds, one: ResourceType) -> Schema:
    bodies: list[JSON] = [body(kinds, one), {"type": "null"}]
    if one.identity.alone:
        return {"anyOf": bodies, "description": one.doc}
    if one.short:
        bodies.insert(0, {**one.by_name[one.short].type.schema(), "description": f"Short for {{{one.short}: …}}"})
    return mapping_of({"anyOf": bodies}, f"{one.doc} An empty mapping means: managed, and none of them.")


def body(kinds: Kinds, one: ResourceType, *, defaults: bool = False) -> Schema:
    """The schema of what stands for one object, or for its kind in ``defaults``."""
    properties: dict[str, JSON] = {
        each.name: _attribute(each) for each in one.fields if each.mode is not Mode.READ_ONLY
    }
    properties["extra"] = mapping_of(True, "Attributes by their names in the API that qboxctl does not know")
    if not defaults:
        words = one.by_name["state"].type.schema()["enum"] if "state" in one.by_name else []
        properties["state"] = {
            "enum": ["present", "absent", *words],
            "description": f"absent: {one.removal} it, where it is there",
        }
        if one.identity.pin:
            described = f"The {one.identity.pin} on the server, to match it by"
            properties[one.identity.pin] = {"type": ["string", "integer"], "description": described}
        for child in kinds.children(one.kind):
            properties[child.section[0]] = _collection(kinds, child)
    return closed(properties, doc=one.doc)


def _attribute(one: Field) -> Schema:
    return {**one.type.schema(), "description": describe(one)}


def describe(one: Field) -> str:
    """What an attribute is, and when it can be written."""
    notes = {
        Mode.CREATE_ONLY: "It cannot be changed later",
        Mode.READ_ONLY: "It is only shown: no file states it",
        Mode.LOCAL: "It is never sent; the secret is told once, goes there before anything else, and is kept nowhere",
        Mode.WRITE_ONLY: "It cannot be read back, so it is sent at creation and with --rotate only",
    }
    needed = "Needed to create the object" if one.required else ""
    return ". ".join(filter(None, (one.doc, notes.get(one.mode), needed)))


def _record(properties: Mapping[str, JSON]) -> Schema:
    """A mapping that has all of these keys and no others."""
    return closed(properties, *properties)


def plan_schema(kinds: Kinds) -> Schema:
    """The schema of a plan: `plan --format json` and a saved plan file.

    It bounds no text: a reason names all that is lost. The size of a file is bounded where it is read.
    """
    address = {"type": "string", "pattern": "^[a-z_]+/.+"}
    text: Schema = {"type": "string"}
    patterns = {"type": "array", "items": {"type": "string"}}
    change = _record(
        {
            "address": address,
            "kind": {"enum": list(kinds)},
            "action": {"enum": [action.value for action in Action]},
            "remote_id": {"type": ["string", "null"]},
            "fields": {
                "type": "array",
                "items": _record({"name": text, "before": True, "after": True}),
            },
            "secrets": {"type": "array", "items": text},
            "needs": {"type": "array", "items": address},
            "destroys_data": {"type": "boolean"},
            "reason": text,
            "precondition": {"type": "string", "pattern": f"^absent$|{_SHA}"},
        }
    )
    counts = mapping_of({"type": "integer"}, "Counts by name")
    properties: dict[str, JSON] = {
        "format_version": {"const": "1.0"},
        "id": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 of the content"},
        "qboxctl_version": text,
        "created_at": text,
        "environment": text,
        "endpoint": text,
        "config_digest": {"type": "string", "pattern": _SHA},
        "git_commit": {"type": ["string", "null"], "pattern": "^[0-9a-f]{7,64}$"},
        "changes": {"type": "array", "items": change},
        "unmanaged": {"type": "array", "items": address},
        "unverifiable": {
            "type": "array",
            "items": _record({"address": address, "fields": {"type": "array", "items": text}}),
        },
        "blocked": {"type": "array", "items": _record({one.name: text for one in fields(Blocked)})},
        "warnings": {"type": "array", "items": _record({one.name: text for one in fields(Advisory)})},
        "options": _record(
            {
                "targets": patterns,
                "excludes": patterns,
                "since": {"type": ["string", "null"]},
                "only_changed": {"type": "boolean"},
                "rotate": patterns,
            }
        ),
        "customers": {"type": "array", "items": {"type": "string"}},
        "summary": counts,
        "billing": counts,
    }
    return {"$schema": _DRAFT, "title": "qboxctl plan", **_record(properties)}


SCHEMAS = {"config": config_schema, "plan": plan_schema}
