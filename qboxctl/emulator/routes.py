"""The paths of the API with what each method on them means, from the calls that the definitions list."""

from __future__ import annotations

from dataclasses import dataclass, field

from qboxctl.emulator.behaviour import behaviour_of
from qboxctl.emulator.wire import Refusal
from qboxctl.schema.calls import Call
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType

MORE = "more"
"""What it is to read one of the lists that are no kind's own."""


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
                codes[mine[1:-1]] = given
            elif mine != given:
                return None
        return codes


class Routes:
    """All paths; without ``with_sync`` the ownership check that answers at once is missing."""

    def __init__(self, types: Kinds, *, with_sync: bool) -> None:
        self._table: dict[tuple[str, ...], Route] = {}
        for type_ in types.values():
            calls, proof = type_.calls, type_.lifecycle.proof
            known: dict[str, Call | None] = {"list": calls.list, "read": calls.read, "create": calls.create}
            known |= {**calls.writes, "delete": calls.delete}
            if proof is not None:
                known |= {"check": proof.queued, "check_sync": proof.at_once if with_sync else None}
            for operation, call in known.items():
                if call is not None:
                    self._add(call.path, call.method, type_, operation)
            for path in behaviour_of(type_.kind).more:
                self._add(path, "GET", type_, MORE)
        self._by_length: dict[int, list[Route]] = {}
        # Paths without codes come first: a code must not hide a word of the same length.
        for route in sorted(self._table.values(), key=lambda one: sum("{" in segment for segment in one.segments)):
            self._by_length.setdefault(len(route.segments), []).append(route)

    def _add(self, path: str, method: str, type_: ResourceType, operation: str) -> None:
        segments = tuple(path.split("/"))
        self._table.setdefault(segments, Route(segments)).methods[method] = (type_, operation)

    def find(self, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a path and the codes in it; raises ``Refusal`` for an unknown one."""
        segments = path.split("/")
        for route in self._by_length.get(len(segments), ()):
            codes = route.match(segments)
            if codes is not None:
                return route, codes
        raise Refusal(404)
