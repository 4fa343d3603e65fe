"""Plain values as tidy YAML: short mappings and lists on one line, words in quotes only where they need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from qboxctl.config.yaml.reader import scalar
from qboxctl.model import JSON
from qboxctl.schema.hints import unquoted

WIDTH = 110
"""A mapping or list that fits in so many columns stands on one line."""

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Tidy(_Dumper):  # type: ignore[misc]  # chosen at run time: the C dumper where there is one
    """Writes what qboxctl reads, which is YAML 1.2; what YAML 1.1 would misread is quoted too."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class Compact(dict[str, JSON]):
    """A mapping that stands on one line where it fits there."""


class _Short(dict[str, JSON]):
    """A mapping on one line."""


class _Row(list[JSON]):
    """A list on one line."""


def _text(dumper: Any, text: str) -> Any:
    misread = text and (not isinstance(scalar(text), str) or unquoted(text))
    style = "|" if "\n" in text else "'" if misread else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _mapping(dumper: Any, value: _Short) -> Any:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)


def _sequence(dumper: Any, value: _Row) -> Any:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)


for _type, _representer in ((str, _text), (_Short, _mapping), (_Row, _sequence)):
    _Tidy.add_representer(_type, _representer)


def dump(tree: Mapping[str, JSON]) -> str:
    """The YAML text of a mapping, its keys in the order given."""
    text: str = yaml.dump(
        _folded(tree, 0), Dumper=_Tidy, sort_keys=False, allow_unicode=True, width=10**6, default_flow_style=False
    )
    return text


def _folded(value: JSON, depth: int, name: str = "") -> JSON:
    """The value with what goes on one line marked so."""
    room = WIDTH - 2 * depth - len(name)
    match value:
        case dict():
            inner = {key: _folded(one, depth + 1, key) for key, one in value.items()}
            whole = isinstance(value, Compact) and not any(isinstance(one, dict) for one in value.values())
            return _Short(inner) if not inner or (whole and _length(value) <= room) else inner
        case list():
            items = [_folded(one, depth + 1) for one in value]
            return _Row(items) if _length(value) <= room else items
        case _:
            return value


def _length(value: JSON) -> int:
    """About how many columns a value takes on one line; a text of several lines never fits."""
    match value:
        case dict():
            return sum(len(key) + 4 + _length(one) for key, one in value.items())
        case list():
            return sum(2 + _length(one) for one in value)
        case str() if "\n" in value:
            return 10**6
        case _:
            return len(str(value))
