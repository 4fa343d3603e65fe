"""In which order changes are written: each change as one to four steps, and what each step needs.

Pure, and derived from the changes alone, so that a saved plan cannot ask for another order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import NamedTuple

from qboxctl.definition import Phase, ResourceType, lowers
from qboxctl.diff import EXTRA, UNPROVED
from qboxctl.model import Action, Address, Change, FieldChange

GATE = ""
"""The kind of a step that writes nothing: many steps wait for many others through it."""

_PRESENT = (Action.CREATE, Action.UPDATE)
_PHASES = tuple(Phase)


class Step(NamedTuple):
    """A part of a change that is written at once."""

    address: Address
    phase: Phase


@dataclass(frozen=True, slots=True)
class Graph:
    """``work``: what each step writes; ``needs``: what must have succeeded before; ``after``: what must be over."""

    work: Mapping[Step, tuple[FieldChange, ...]]
    needs: Mapping[Step, frozenset[Step]]
    after: Mapping[Step, frozenset[Step]]

    def steps_of(self, address: Address) -> list[Step]:
        """A change's steps in order."""
        return [step for phase in _PHASES if (step := Step(address, phase)) in self.work]

    def sorter(self, more: Mapping[Step, Iterable[Step]] | None = None) -> TopologicalSorter[Step]:
        """The steps, to be taken as they get ready; ``more`` adds what steps wait for. Raises CycleError."""
        waits = {step: self.needs[step] | self.after[step] | set((more or {}).get(step, ())) for step in self.work}
        found = TopologicalSorter(waits)
        found.prepare()
        return found

    def ready_sets(self) -> list[list[Step]]:
        """The steps in sets that could run at the same time; raises CycleError."""
        sorter, sets = self.sorter(), []
        while sorter.is_active():
            sets.append(sorted(sorter.get_ready()))
            sorter.done(*sets[-1])
        return sets


def order(changes: Sequence[Change], types: Mapping[str, ResourceType]) -> Graph:
    """The steps of the changes, and what each waits for."""
    return _Builder(changes, types).graph()


def needs(changes: Sequence[Change], types: Mapping[str, ResourceType]) -> dict[Address, tuple[Address, ...]]:
    """For each change, the changes that must succeed before it starts."""
    graph = order(changes, types)
    found = {}
    for change in changes:
        first = graph.steps_of(change.address)[0]
        found[change.address] = tuple(sorted({step.address for step in graph.needs[first]}))
    return found


def writes(changes: Sequence[Change], types: Mapping[str, ResourceType]) -> int:
    """How many requests that write an undisturbed apply of the changes sends; reading comes on top."""
    graph = order(changes, types)
    by_address = {change.address: change for change in changes}
    count = 0
    for step, fields in graph.work.items():
        change = by_address.get(step.address)
        if change is None:
            continue
        if step.phase is Phase.CREATE or change.action is Action.DELETE:
            count += 1
            continue
        by_name = types[step.address.kind].by_name
        calls = {by_name[one.name].call if one.name in by_name else "update" for one in fields}
        count += len(calls | ({"update"} if change.secrets and change.action is Action.UPDATE else set()))
    return count


def referred(types: Mapping[str, ResourceType], kind: str, value: object) -> list[Address]:
    """The objects that a value refers to; a name inside a parent may be of any kind that lives there."""
    keys = [value] if isinstance(value, str) and value else value if isinstance(value, (tuple, list)) else []
    parent = types[kind].parent if kind else ""
    kinds = [one for one, type_ in types.items() if type_.parent == parent] if parent else [kind]
    return [Address(one, str(key)) for key in keys for one in kinds if kind]


class _Builder:
    def __init__(self, changes: Sequence[Change], types: Mapping[str, ResourceType]) -> None:
        self.types = types
        self.changes = {change.address: change for change in changes}
        self.inside: dict[Address, list[Change]] = defaultdict(list)
        for change in changes:
            parent = self.parent(change.address)
            if parent in self.changes:
                self.inside[parent].append(change)
        self.work: dict[Step, tuple[FieldChange, ...]] = {}
        self.needs: dict[Step, set[Step]] = {}
        self.after: dict[Step, set[Step]] = {}

    def parent(self, address: Address) -> Address:
        type_ = self.types[address.kind]
        return Address(type_.parent, type_.parent_of(address.key))

    def graph(self) -> Graph:
        for change in self.changes.values():
            self.split(change)
        for change in self.changes.values():
            if change.action in _PRESENT:
                self.wait_for_parent(change)
                self.wait_for_names(change)
                self.wait_for_references(change)
            else:
                self.wait_for_removals(change)
        for parent, inside in self.inside.items():
            self.settle(parent, inside)
        self.make_room()
        return Graph(
            self.work,
            {step: frozenset(waits) for step, waits in self.needs.items()},
            {step: frozenset(waits - self.needs[step]) for step, waits in self.after.items()},
        )

    def add(self, address: Address, phase: Phase, fields: Iterable[FieldChange]) -> None:
        step = Step(address, phase)
        self.work[step] = tuple(fields)
        self.needs[step], self.after[step] = set(), set()

    def steps(self, address: Address) -> list[Step]:
        return [step for phase in _PHASES if (step := Step(address, phase)) in self.work]

    # The steps of one change.

    def split(self, change: Change) -> None:
        """Cut a change into steps, each of which needs the one before."""
        if change.action not in _PRESENT:
            self.add(change.address, Phase.LAST, change.fields)
            return
        parts: dict[Phase, list[FieldChange]] = defaultdict(list)
        for one in change.fields:
            parts[self.phase(change, one)].append(one)
        if change.action is Action.CREATE or self.must_prove(change):
            parts.setdefault(Phase.CREATE, [])
        elif change.secrets or not parts:
            parts.setdefault(Phase.FIRST, [])
        previous: Step | None = None
        for phase in sorted(parts):
            self.add(change.address, phase, parts[phase])
            if previous:
                self.needs[Step(change.address, phase)].add(previous)
            previous = Step(change.address, phase)

    def must_prove(self, change: Change) -> bool:
        """Whether the change begins with the ownership proof of a domain that is already there."""
        proof = self.types[change.address.kind].proof
        return bool(proof) and any(one.name == "status" and one.before == UNPROVED for one in change.fields)

    def phase(self, change: Change, one: FieldChange) -> Phase:
        """When an attribute is written."""
        type_ = self.types[change.address.kind]
        creating = change.action is Action.CREATE
        if one.name.startswith(EXTRA):
            return Phase.CREATE if creating else Phase.FIRST
        field = type_.by_name[one.name]
        if field.beside:
            leader = next((other for other in change.fields if other.name == field.beside), None)
            if leader is not None:
                return max(self.phase(change, leader), Phase.CREATE if field.on_create and creating else Phase.FIRST)
        if one.name == "status" and one.before == UNPROVED and one.after == "enabled":
            return Phase.CREATE
        if creating and field.initial is not None and one.after == field.initial:
            return Phase.CREATE
        if self.inside[change.address]:
            if any(self.is_created(target) for target in referred(self.types, field.refers, one.after)):
                return Phase.SETTLE
            if not (creating and field.on_create):
                return field.phase(one.before, one.after)
        if creating:
            return Phase.CREATE if field.on_create else Phase.FIRST
        return Phase.FIRST

    # What the steps wait for.

    def is_created(self, address: Address) -> bool:
        change = self.changes.get(address)
        return change is not None and change.action is Action.CREATE

    def is_deleted(self, address: Address) -> bool:
        change = self.changes.get(address)
        return change is not None and change.action is Action.DELETE

    def is_removed(self, address: Address) -> bool:
        """Whether the plan deletes or disables the object."""
        change = self.changes.get(address)
        return change is not None and change.action.removes

    def wait_for_parent(self, change: Change) -> None:
        parent = self.changes.get(self.parent(change.address))
        if parent is None or parent.action not in _PRESENT:
            return
        first = self.steps(change.address)[0]
        for phase in (Phase.CREATE, Phase.FIRST):
            step = Step(parent.address, phase)
            if step in self.work and (phase is Phase.CREATE or parent.action is Action.CREATE or self.opens(step)):
                self.needs[first].add(step)

    def opens(self, step: Step) -> bool:
        """Whether a step makes room for what is inside: raises a limit, or enables."""
        by_name = self.types[step.address.kind].by_name
        return any(
            one.name in by_name and (by_name[one.name].ceiling or by_name[one.name].call == "status")
            for one in self.work[step]
        )

    def wait_for_names(self, change: Change) -> None:
        """A removal that frees a name goes before the create that takes it."""
        if change.action is not Action.CREATE:
            return
        section = self.types[change.address.kind].parent
        for kind, type_ in self.types.items():
            rival = Address(kind, change.address.key)
            if section and type_.parent == section and kind != change.address.kind and self.is_deleted(rival):
                self.needs[Step(change.address, Phase.CREATE)].add(Step(rival, Phase.LAST))

    def wait_for_references(self, change: Change) -> None:
        """What is referred to must be there before; what is no longer referred to is removed after."""
        by_name = self.types[change.address.kind].by_name
        for step in self.steps(change.address):
            for one in self.work[step]:
                refers = by_name[one.name].refers if one.name in by_name else ""
                if not refers:
                    continue
                after = referred(self.types, refers, one.after)
                for target in after:
                    if self.is_created(target) and target.kind != change.address.kind:
                        self.needs[step].update(s for s in self.steps(target) if s.phase <= Phase.FIRST)
                for target in set(referred(self.types, refers, one.before)) - set(after):
                    if self.is_removed(target):
                        self.needs[Step(target, Phase.LAST)].add(step)

    def wait_for_removals(self, change: Change) -> None:
        """Removals in reverse order of creation; an object goes only after all that is inside it."""
        step = Step(change.address, Phase.LAST)
        if change.action is Action.DELETE:
            for inner in self.inside[change.address]:
                self.needs[step].update(self.steps(inner.address))

    def settle(self, parent: Address, inside: Sequence[Change]) -> None:
        """What a parent writes last waits for what is inside it."""
        last = Step(parent, Phase.LAST)
        if last not in self.work or self.changes[parent].action not in _PRESENT:
            return
        closing = any(one.name == "status" for one in self.work[last])
        for change in inside:
            shrinks = change.action.removes or any(lowers(one.before, one.after) for one in change.fields)
            (self.needs if closing or shrinks else self.after)[last].update(self.steps(change.address))

    def make_room(self) -> None:
        """Where nothing speaks against it, removals come first, so that limits and links leave room."""
        kinds = list(self.types)
        removals: dict[tuple[str, str], list[Step]] = defaultdict(list)
        creates: dict[tuple[str, str], list[Step]] = defaultdict(list)
        for address, change in self.changes.items():
            group = (address.kind, self.types[address.kind].parent_of(address.key))
            if change.action is Action.DELETE:
                removals[group].append(Step(address, Phase.LAST))
            elif change.action is Action.CREATE:
                creates[group].append(Step(address, Phase.CREATE))
        for (kind, parent), steps in list(removals.items()):
            for later in kinds[kinds.index(kind) + 1 :]:
                if self.types[later].parent == self.types[kind].parent:
                    self.before(removals.get((later, parent), []), steps)
            self.before(steps, creates.get((kind, parent), []))

    def before(self, earlier: Sequence[Step], later: Sequence[Step]) -> None:
        """Let some steps be over before others start, unless one of the first waits for one of the others."""
        if not earlier or not later or self.reach(earlier) & set(later):
            return
        gate = Step(Address(GATE, f"{earlier[0].address} {later[0].address}"), Phase.FIRST)
        self.add(gate.address, gate.phase, ())
        self.after[gate].update(earlier)
        for step in later:
            self.after[step].add(gate)

    def reach(self, steps: Iterable[Step]) -> set[Step]:
        """All steps that these wait for, however far away."""
        found: set[Step] = set()
        todo = list(steps)
        while todo:
            step = todo.pop()
            for other in self.needs[step] | self.after[step]:
                if other not in found:
                    found.add(other)
                    todo.append(other)
        return found
