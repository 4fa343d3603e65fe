"""Values from outside against their JSON Schemas: settings and plan files; every misfit in plain words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from qboxctl.model import JSON
from qboxctl.schema import json_schema
from qboxctl.schema.hints import did_you_mean
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.types import kind_of


@lru_cache
def _validator(name: str, kinds: Kinds) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    # NaN is neither above nor below any bound, and would pass them all
    finite = Draft202012Validator.TYPE_CHECKER.redefine("number", lambda _, value: _is_number(value))
    validator: Any = extend(Draft202012Validator, type_checker=finite)  # type: ignore[no-untyped-call]  # jsonschema types it not
    if name == "settings":
        return validator({"$ref": "#/$defs/settings", "$defs": json_schema.config_schema(kinds)["$defs"]})
    return validator(json_schema.plan_schema(kinds))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


@lru_cache
def _quick(kinds: Kinds) -> Callable[[JSON], object]:
    # Not msgspec, which is faster still: it passes over unknown keys of dataclasses and takes NamedTuples for lists, so
    # the plan's shape would stand in classes of its own beside the model, and be no shorter than the schema is.
    import fastjsonschema

    return fastjsonschema.compile(json_schema.plan_schema(kinds), use_default=False, use_formats=False)


def _fits_plan(value: JSON, kinds: Kinds) -> bool:
    """Whether a value fits the schema of plans: 100,000 changes take a second here, and twenty in jsonschema."""
    try:
        _quick(kinds)(value)
    except ValueError:
        return False
    return True


class Misfit(NamedTuple):
    """Where a value does not fit its schema; ``at_key`` where the key itself is wrong, not what it holds."""

    path: tuple[str | int, ...]
    message: str
    hint: str | None = None
    at_key: bool = False


def schema_errors(name: str, value: JSON, kinds: Kinds) -> list[Misfit]:
    """Everything that does not fit the schema ``plan`` or ``settings``."""
    if (name == "settings" and not value) or (name == "plan" and _fits_plan(value, kinds)):
        return []
    found = [entry for error in _validator(name, kinds).iter_errors(value) for entry in _explained(error)]
    return sorted(found, key=lambda entry: ([str(step) for step in entry.path], entry.message))


_WORDS = {"object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number", "number": "a number"}
_BOUNDS = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}


def _explained(error: Any) -> Iterable[Misfit]:
    path = tuple(error.absolute_path)
    name = str(path[-1]) if path else "it"
    wanted = error.validator_value
    match error.validator:
        case "additionalProperties":
            known = list(error.schema.get("properties", {}))
            for word in sorted(set(error.instance) - set(known)):
                hint = did_you_mean(word, known) or f"there are: {', '.join(known)}"
                yield Misfit((*path, word), f'unknown key "{word}"', hint, at_key=True)
        case "enum":
            words = ", ".join(map(str, wanted))
            yield Misfit(path, f"{name}: {str(error.instance)[:80]!r} is not allowed here", f"write one of {words}")
        case "type":
            words = " or ".join(_WORDS.get(one, one) for one in ([wanted] if isinstance(wanted, str) else wanted))
            yield Misfit(path, f"{name} must be {words}, found {_found(error.instance)}")
        case "minimum" | "maximum" | "exclusiveMinimum":
            yield Misfit(path, f"{name} must be {_BOUNDS[error.validator]} {wanted}, found {error.instance}")
        case "oneOf" if name == "requests_per_second":
            yield Misfit(path, f"{name} must be a number above 0, or null for no limit", "such as 10")
        case "oneOf":
            hint = "write {env: NAME}, {file: PATH} or {exec: [program, argument]}"
            yield Misfit(path, f"{name} must be a reference to a secret", hint)
        case "pattern" if wanted == json_schema.PRICE:
            yield Misfit(path, f"{name} must be a price from 0 on, found {str(error.instance)[:80]!r}", "such as 1.50")
        case "pattern" if name == "me":
            yield Misfit(path, f"{name} must be an e-mail address, found {str(error.instance)[:80]!r}")
        case "required":
            yield Misfit(path, f"{name} lacks {error.message.split(' ')[0]}")
        case _:
            yield Misfit(path, f"{name}: {str(error.instance)[:80]!r} does not fit ({error.validator})")


def _found(value: object) -> str:
    return str(value) if isinstance(value, float) else kind_of(value)
