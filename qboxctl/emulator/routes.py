"""The paths of the API with what each method on them means, from the calls that the definitions list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qboxctl.emulator.behaviour import Behaviour, behaviour_of
from qboxctl.emulator.wire import Refusal
from qboxctl.schema.calls import SLASH, Call
from qboxctl.schema.entries import Entries
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType

MORE = "more"
"""What it is to read one of the lists that are no kind's own."""
_ABSENT = "absent"
ENTRIES, REGISTER = "entries:", "register:"
"""What it is to write an entry of a list, and to read which there are; the attribute's name follows."""


@dataclass(slots=True)
class Route:
    """One path with its methods; ``{id}`` and names of kinds in brackets among the segments stand for codes."""

    segments: tuple[str, ...]
    methods: dict[str, tuple[ResourceType, str]] = field(default_factory=dict)

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The codes in the path, or None where it is another path."""
        codes = {}
        for mine, given in zip(self.segments, segments, strict=True):
            if mine.startswith("{"):
                if not given:
                    return None
                codes[mine[1:-1]] = given.replace(SLASH, "/")
            elif mine != given:
                return None
        return codes


class Routes:
    """All paths; some quirks say which calls are missing: such a call answers as if its path was not there."""

    def __init__(self, types: Kinds, quirks: Mapping[str, str]) -> None:
        self._table: dict[tuple[str, ...], Route] = {}
        for type_ in types.values():
            behaviour = behaviour_of(type_.kind)
            optional = {"check_sync": "ownership_sync", **behaviour.optional}
            for operation, call in _calls(type_, behaviour).items():
                value = quirks[optional[operation]] if operation in optional else ""
                absent = value == _ABSENT or operation in behaviour.partly.get(value, ())
                self._add(call.path, call.method, type_, _ABSENT if absent else operation)
            for one in type_.fields:
                if one.each:
                    self._entries(one.each, type_, one.name)
            for path in behaviour.more:
                self._add(path, "GET", type_, MORE)
        self._by_length: dict[int, list[Route]] = {}
        # Paths without codes come first: a code must not hide a word of the same length.
        for route in sorted(self._table.values(), key=lambda one: sum("{" in segment for segment in one.segments)):
            self._by_length.setdefault(len(route.segments), []).append(route)

    def _entries(self, each: Entries, type_: ResourceType, name: str) -> None:
        """The calls that are about one entry of a list, and the list that tells of them."""
        if each.register:
            self._add(each.register.list.path, "GET", type_, f"{REGISTER}{name}")
        for call in each.calls:
            known = self._table.get(tuple(call.path.split("/")))
            if known is None or call.method not in known.methods:  # a creation may give entries as well
                self._add(call.path, call.method, type_, f"{ENTRIES}{name}")

    def _add(self, path: str, method: str, type_: ResourceType, operation: str) -> None:
        segments = tuple(path.split("/"))
        self._table.setdefault(segments, Route(segments)).methods[method] = (type_, operation)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str], ResourceType, str]:
        """The route of a path, the codes in it, and what the method on it means; raises ``Refusal`` for another one."""
        segments = path.split("/")
        for route in self._by_length.get(len(segments), ()):
            codes = route.match(segments)
            if codes is None:
                continue
            if method not in route.methods:
                raise Refusal(405, allow=", ".join(sorted(route.methods)))
            type_, operation = route.methods[method]
            if operation != _ABSENT:
                return route, codes, type_, operation
            break
        raise Refusal(404)


def _calls(type_: ResourceType, behaviour: Behaviour) -> dict[str, Call]:
    """The calls of a kind, by what they do."""
    calls, proof = type_.calls, type_.lifecycle.proof
    known = {"list": calls.list, "read": calls.read, "create": calls.create, **calls.writes, "delete": calls.delete}
    known |= {"check": proof.queued, "check_sync": proof.at_once} if proof else {}
    return {operation: call for operation, call in {**known, **behaviour.unused}.items() if call is not None}
