"""In which order changes are written: each change as one to four steps, and what each step needs.

Pure, and derived from the changes and the account alone, so that a saved plan cannot ask for another order. Of the
account counts what a switch puts in effect: the attribute beside it that stays as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import IntEnum
from graphlib import TopologicalSorter
from typing import NamedTuple

from qboxctl.model import MISSING, Action, Address, Change, Collection, FieldChange, LiveState
from qboxctl.schema.calls import UPDATE
from qboxctl.schema.decoding import EXTRA, now_of
from qboxctl.schema.entries import moves
from qboxctl.schema.field import lowers
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.lifecycle import UNPROVED

GATE = ""
"""The kind of a step that writes nothing: many steps wait for many others through it."""

_PRESENT = (Action.CREATE, Action.UPDATE)


class Phase(IntEnum):
    """When, within one run, a part of a change is written."""

    __hash__ = int.__hash__  # an enum's own is a function in Python, called for each step that is looked up

    CREATE = 0
    FIRST = 1
    """Before the objects inside: limits are raised, a domain is enabled."""
    SETTLE = 2
    """After the objects inside exist that it refers to, before any is removed."""
    LAST = 3
    """After everything inside: limits are lowered, a domain is disabled, an object is removed."""


class Step(NamedTuple):
    """A part of a change that is written at once."""

    address: Address
    phase: Phase


@dataclass(frozen=True, slots=True)
class Graph:
    """``work``: what each step writes; ``needs``: what must have succeeded before; ``after``: what must be over.

    ``steps`` are those of each change, in order.
    """

    steps: Mapping[Address, Sequence[Step]]
    work: Mapping[Step, Sequence[FieldChange]]
    needs: Mapping[Step, Set[Step]]
    after: Mapping[Step, Set[Step]]

    @property
    def size(self) -> int:
        """How many steps there are that write something."""
        return sum(1 for step in self.work if step.address.kind != GATE)

    def steps_of(self, address: Address) -> Sequence[Step]:
        """A change's steps in order; none for what does not change."""
        return self.steps.get(address, ())

    def needed(self, steps: Iterable[Step]) -> set[Step]:
        """All that must have succeeded before some steps, however far away."""
        found: set[Step] = set()
        todo = list(steps)
        while todo:
            new = self.needs[todo.pop()] - found
            found |= new
            todo += new
        return found

    def sorter(self, more: Mapping[Step, Iterable[Step]] | None = None) -> TopologicalSorter[Step]:
        """The steps, to be taken as they get ready; ``more`` adds what steps wait for. Raises CycleError."""
        waits = {step: self.needs[step] | self.after[step] | set((more or {}).get(step, ())) for step in self.work}
        found = TopologicalSorter(waits)
        found.prepare()
        return found


class Ordered(tuple[Change, ...]):
    """The changes of a plan, each with what it needs, which keep their graph: it is worked out once.

    They equal the same changes in a plain tuple, and are saved and copied as one.
    """

    types: Kinds
    graph: Graph

    def __reduce__(self) -> tuple[type[tuple[Change, ...]], tuple[tuple[Change, ...]]]:
        return tuple, (tuple(self),)


def order(changes: Sequence[Change], types: Kinds, live_state: LiveState | None = None) -> Graph:
    """The steps of the changes to an account, and what each waits for; without it, as far as the changes tell."""
    if isinstance(changes, Ordered) and changes.types is types:
        return changes.graph
    return _Builder(changes, types, switched(changes, types, live_state) if live_state else {}).graph()


def ordered(changes: Sequence[Change], types: Kinds, live_state: LiveState | None = None) -> Ordered:
    """The changes, each with those that must succeed before it starts."""
    graph = order(changes, types, live_state)
    found = Ordered(_with_needs(change, graph.needs[graph.steps[change.address][0]]) for change in changes)
    found.types, found.graph = types, graph
    return found


def _with_needs(change: Change, waits: Set[Step]) -> Change:
    needs = tuple(sorted({step.address for step in waits})) if waits else ()
    return change if change.needs == needs else change._replace(needs=needs)


def switches(change: Change, types: Kinds) -> Mapping[str, str]:
    """The switches that a change writes and not what they put in effect, each with the attribute that tells that."""
    if change.action is not Action.UPDATE:
        return {}
    written = {one.name for one in change.fields}
    by_name = types[change.address.kind].by_name
    fields = (by_name[name] for name in written if name in by_name)
    return {one.name: one.beside for one in fields if one.beside not in ("", *written) and by_name[one.beside].refers}


def switched(
    changes: Iterable[Change], types: Kinds, live_state: LiveState
) -> Mapping[tuple[Address, str], FieldChange]:
    """What switches put in effect, or out of it: by object and switch, the attribute beside that is not written."""
    found = {}
    for change in changes:
        live = live_state.live.get(change.address)
        if live is None:
            continue
        for name, beside in switches(change, types).items():
            now = now_of(types[change.address.kind], beside, live, live_state.codes)
            value = None if now is MISSING else now
            on = any(one.after is True for one in change.fields if one.name == name)
            found[change.address, name] = FieldChange(beside, *((None, value) if on else (value, None)))
    return found


def writes(changes: Sequence[Change], types: Kinds) -> int:
    """How many requests that write an undisturbed apply of the changes sends; reading comes on top."""
    graph = order(changes, types)
    count = 0
    for change in changes:
        type_, by_name = types[change.address.kind], types[change.address.kind].by_name
        for step in graph.steps_of(change.address):
            fields = graph.work[step]
            if type_.told and (step.phase is Phase.CREATE or type_.remakes(change)):
                late = {by_name[one.name].call for one in fields if type_.comes_late(one)}
                count += 1 + len(late) + (change.action is Action.UPDATE)
                continue
            single = [one for one in fields if one.name in by_name and by_name[one.name].each]
            if step.phase is Phase.CREATE or change.action is Action.DELETE:
                count += 1 + (sum(len(moves(one)) for one in single) if change.action is Action.DELETE else 0)
                continue
            if type_.replaced:
                count += 2
                continue
            calls = {by_name[one.name].call if one.name in by_name else UPDATE for one in fields if one not in single}
            count += sum(len(moves(one)) for one in single)
            count += len(calls | ({UPDATE} if change.secrets and change.action is Action.UPDATE else set()))
    return count


class _Builder:
    """Knows the changes, and which of them are inside others."""

    def __init__(
        self, changes: Sequence[Change], types: Kinds, switched: Mapping[tuple[Address, str], FieldChange]
    ) -> None:
        self.types, self.switched = types, switched
        self.changes = {change.address: change for change in changes}
        self.parents: dict[Address, Change] = {}
        self.inside: dict[Address, list[Change]] = {}
        for change in changes:
            home = types.parent(change.address)
            parent = self.changes.get(home) if home is not None else None
            if parent is not None:
                self.parents[change.address] = parent
                self.inside.setdefault(parent.address, []).append(change)
        self.losing: dict[tuple[str, str], set[Address]] = defaultdict(set)
        for change in changes:
            for one in change.fields if types[change.address.kind].holding else ():
                if any(one.name == each.name for each in types[change.address.kind].holding):
                    for name in set(one.before or ()).difference(one.after or ()):
                        self.losing[one.name, name].add(change.address)
        self.work: dict[Step, Sequence[FieldChange]] = {}
        self.steps: dict[Address, list[Step]] = {}
        self.needs: dict[Step, set[Step]] = defaultdict(set)
        self.after: dict[Step, set[Step]] = defaultdict(set)
        self.parting: list[tuple[Step, Step]] = []
        deleted = [change.address for change in changes if change.action is Action.DELETE]
        self.freed = types.claims(deleted, types.keys())

    def graph(self) -> Graph:
        """All steps, each after what it needs."""
        for address, change in self.changes.items():
            parts = self.split(change)
            steps = self.steps[address] = [Step(address, phase) for phase in sorted(parts)]
            for number, step in enumerate(steps):
                self.work[step] = parts[step.phase]
                if number:
                    self.needs[step].add(steps[number - 1])
        deleting = any(change.action is Action.DELETE for change in self.changes.values())
        for change in self.changes.values():
            if change.action in _PRESENT:
                self.wait_for_parent(change)
                if deleting:
                    self.wait_for_names(change)
                self.wait_for_references(change)
                if self.types[change.address.kind].holding:
                    self.wait_for_holders(change)
            else:
                self.wait_for_removals(change)
        for parent, inside in self.inside.items():
            self.settle(parent, inside)
        self.part()
        self.make_room()
        if any(one.sole for kind in {address.kind for address in self.changes} for one in self.types[kind].fields):
            self.give_last()
        after = {step: waits - self.needs[step] for step, waits in self.after.items()}
        return Graph(self.steps, self.work, self.shared(self.needs), self.shared(after))

    def shared(self, waits: Mapping[Step, Set[Step]]) -> dict[Step, Set[Step]]:
        """What each step waits for; most wait for nothing, or for the same as many others, and share that."""
        none: Set[Step] = frozenset()
        found = dict.fromkeys(self.work, none)
        known: dict[Set[Step], Set[Step]] = {}
        for step, some in waits.items():
            frozen = frozenset(some)
            found[step] = known.setdefault(frozen, frozen)
        return found

    # The steps of one change.

    def split(self, change: Change) -> Mapping[Phase, Sequence[FieldChange]]:
        """What of a change is written in which phase."""
        if change.action not in _PRESENT:
            return {Phase.LAST: change.fields}
        holding = self.types[change.address.kind].holding
        if change.action is Action.CREATE and change.address not in self.inside and not holding:
            at_once = self.types[change.address.kind].at_once
            if all(one.name in at_once for one in change.fields):  # as nearly always: no attribute need be looked at
                return {Phase.CREATE: change.fields}
        parts: dict[Phase, list[FieldChange]] = {}
        for one in change.fields:
            for phase, share in self.shares(change, one) if holding else ((self.phase(change, one), one),):
                parts.setdefault(phase, []).append(share)
        if change.action is Action.CREATE or self.must_prove(change):
            parts.setdefault(Phase.CREATE, [])
        elif change.secrets or not parts:
            parts.setdefault(Phase.FIRST, [])
        return parts

    def shares(self, change: Change, one: FieldChange) -> Iterable[tuple[Phase, FieldChange]]:
        """What of an attribute is written when: what another one has to let go of first, or must be proved, is late."""
        phase, type_ = self.phase(change, one), self.types[change.address.kind]
        if not any(one.name == each.name and each.each is None for each in type_.holding):
            return [(phase, one)]
        late = {name for name in one.after if name not in (one.before or ()) and self.is_late(change, one.name, name)}
        if not late:
            return [(phase, one)]
        soon = tuple(name for name in one.after if name not in late)
        first = [(phase, one._replace(after=soon))] if soon != (one.before or ()) else []
        return [*first, (Phase.SETTLE, one._replace(before=soon))]

    def is_late(self, change: Change, attribute: str, name: str) -> bool:
        """Whether something can be given to an object only after other changes."""
        refers = self.types[change.address.kind].by_name[attribute].refers
        targets = self.types.referred(change.address, refers, name)
        found = (self.changes[one] for one in targets if one in self.changes)
        unready = any(one.action is Action.CREATE or self.must_prove(one) for one in found)
        return unready or bool(self.losing.get((attribute, name), set()) - {change.address})

    def must_prove(self, change: Change) -> bool:
        """Whether the change begins with the ownership proof of a domain that is already there."""
        lifecycle = self.types[change.address.kind].lifecycle
        return any(one.name == lifecycle.attribute and lifecycle.proves(one.before) for one in change.fields)

    def phase(self, change: Change, one: FieldChange) -> Phase:
        """When an attribute is written."""
        type_ = self.types[change.address.kind]
        creating = change.action is Action.CREATE
        if one.name.startswith(EXTRA):
            return Phase.CREATE if creating else Phase.FIRST
        if type_.told and (creating or type_.remakes(change)):
            return Phase.CREATE if creating else Phase.FIRST  # it is made whole in one step
        field = type_.by_name[one.name]
        if field.beside:
            written = (other for other in change.fields if other.name == field.beside)
            leader = next(written, self.switched.get((change.address, one.name)))
            if leader is not None:
                return max(self.phase(change, leader), Phase.CREATE if field.on_create and creating else Phase.FIRST)
        lifecycle = type_.lifecycle
        if one.name == lifecycle.attribute and one.before == UNPROVED and one.after == lifecycle.enabled:
            return Phase.CREATE
        if creating and field.initial is not None and one.after == field.initial:
            return Phase.CREATE
        if change.address in self.inside:
            if any(self.is_created(target) for target in self.types.referred(change.address, field.refers, one.after)):
                return Phase.SETTLE
            if not (creating and field.on_create):
                closes = (one.name, one.after) == type_.disabling or (field.ceiling and lowers(one.before, one.after))
                return Phase.LAST if closes else Phase.FIRST
        if creating:
            return Phase.CREATE if field.on_create else Phase.FIRST
        return Phase.FIRST

    # What the steps wait for.

    def is_created(self, address: Address) -> bool:
        change = self.changes.get(address)
        return change is not None and change.action is Action.CREATE

    def is_opened(self, address: Address) -> bool:
        """Whether the plan enables the object."""
        change = self.changes.get(address)
        lifecycle = self.types[address.kind].lifecycle
        wanted = (lifecycle.attribute, lifecycle.enabled)
        return change is not None and any((one.name, one.after) == wanted for one in change.fields)

    def is_removed(self, address: Address) -> bool:
        """Whether the plan deletes or disables the object."""
        change = self.changes.get(address)
        return change is not None and change.action.removes

    def wait_for_parent(self, change: Change) -> None:
        parent = self.parents.get(change.address)
        if parent is None or parent.action not in _PRESENT:
            return
        first = self.steps[change.address][0]
        for step in self.steps[parent.address]:
            creating = step.phase is Phase.CREATE
            if creating or (step.phase is Phase.FIRST and (parent.action is Action.CREATE or self.opens(step))):
                self.needs[first].add(step)

    def opens(self, step: Step) -> bool:
        """Whether a step makes room for what is inside: raises a limit, or enables."""
        type_ = self.types[step.address.kind]
        return any(
            one.name in type_.by_name and (type_.by_name[one.name].ceiling or one.name == type_.lifecycle.attribute)
            for one in self.work[step]
        )

    def wait_for_names(self, change: Change) -> None:
        """A removal that frees a name goes before the create that takes it."""
        claim = self.types.claim(change.address) if change.action is Action.CREATE else None
        rival = self.freed.get(claim) if claim is not None else None
        if rival is not None:
            self.needs[Step(change.address, Phase.CREATE)].add(Step(rival, Phase.LAST))

    def wait_for_references(self, change: Change) -> None:
        """What is referred to must be there before; what is no longer referred to, ``part`` looks at."""
        by_name = self.types[change.address.kind].by_name
        for step in self.steps[change.address]:
            for written in self.work[step]:
                one = self.switched.get((change.address, written.name), written)
                refers = by_name[one.name].refers if one.name in by_name else None
                if refers is None:
                    continue
                after = self.types.referred(change.address, refers, one.after)
                for target in after:
                    awaited = self.is_created(target) or (refers.within and refers.by_code and self.is_opened(target))
                    if awaited and target.kind != change.address.kind:
                        self.needs[step].update(s for s in self.steps[target] if s.phase <= Phase.FIRST)
                for target in set(self.types.referred(change.address, refers, one.before)) - set(after):
                    if self.is_removed(target):
                        self.parting.append((Step(target, Phase.LAST), step))

    def part(self) -> None:
        """What is no longer referred to is removed after, unless what lets go of it takes a name that this frees."""
        for removal, step in self.parting:
            if removal not in self.reach([step]):
                self.needs[removal].add(step)

    def wait_for_holders(self, change: Change) -> None:
        """What an object is to hold is proved before, and let go of by others; what goes is let go of before."""
        type_ = self.types[change.address.kind]
        lists = {one.name: one.refers for one in type_.holding}
        for step in self.steps[change.address]:
            for one in (each for each in self.work[step] if each.name in lists):
                for name in set(one.after or ()).difference(one.before or ()):
                    for target in self.types.referred(change.address, lists[one.name], name):
                        if target in self.changes and self.must_prove(self.changes[target]):
                            self.needs[step].add(Step(target, Phase.CREATE))
                    for other in self.losing.get((one.name, name), set()) - {change.address}:
                        self.needs[step].update(self.letting_go(other, one.name, name))
        written = {one.name for one in change.fields}
        kinds = {kind for one in type_.holding if one.each is None and one.name not in written for kind in one.linked}
        for gone in self.changes.values() if kinds else ():  # the list goes along as it is
            if gone.address.kind in kinds and gone.action is Action.DELETE:
                self.after[Step(gone.address, Phase.LAST)].update(self.steps[change.address])

    def letting_go(self, address: Address, attribute: str, name: str) -> Iterable[Step]:
        """The steps in which an object lets go of something."""
        for step in self.steps[address]:
            for one in self.work[step]:
                if one.name == attribute and name in (one.before or ()) and name not in (one.after or ()):
                    yield step

    def wait_for_removals(self, change: Change) -> None:
        """An object goes only after all that is inside it."""
        step = Step(change.address, Phase.LAST)
        if change.action is Action.DELETE:
            for inner in self.inside.get(change.address, ()):
                self.needs[step].update(self.steps[inner.address])

    def settle(self, parent: Address, inside: Sequence[Change]) -> None:
        """What a parent writes last waits for what is inside it."""
        last = Step(parent, Phase.LAST)
        if last not in self.work or self.changes[parent].action not in _PRESENT:
            return
        closing = any(one.name == self.types[parent.kind].lifecycle.attribute for one in self.work[last])
        for change in inside:
            shrinks = change.action.removes or any(lowers(one.before, one.after) for one in change.fields)
            must = (closing or shrinks) and not self.types[change.address.kind].goes_along
            (self.needs if must else self.after)[last].update(self.steps[change.address])

    def give_last(self) -> None:
        """What takes an attribute from the other objects of a list is written after all that is said of these."""
        beside: dict[Collection, list[Step]] = defaultdict(list)
        takes: dict[Collection, list[Step]] = defaultdict(list)
        for address, change in self.changes.items():
            by_name = self.types[address.kind].by_name
            sole = {one.name for one in self.types[address.kind].fields if one.sole}
            for step in self.steps[address] if sole else ():
                gives = any(one.name in by_name and one.name in sole and one.after is True for one in self.work[step])
                (takes if gives and not change.action.removes else beside)[self.types.collection(address)].append(step)
        for collection, steps in takes.items():
            self.before(beside[collection], steps)

    def make_room(self) -> None:
        """Where nothing speaks against it, what leaves room comes first: for limits, links and lists of entries."""
        kinds = list(self.types)
        removals: dict[Collection, list[Step]] = defaultdict(list)
        room: dict[Collection, list[Step]] = defaultdict(list)
        takers: dict[Collection, list[Step]] = defaultdict(list)
        bounds = (one.bounds for type_ in self.types.values() for one in type_.fields if one.bounds)
        bounded = {(one.kind, one.by) for one in bounds}
        for address, change in self.changes.items():
            group = self.types.collection(address)
            if change.action is Action.DELETE:
                removals[group].append(Step(address, Phase.LAST))
                room[group].append(Step(address, Phase.LAST))
            elif change.action is Action.CREATE:
                takers[group].append(Step(address, Phase.CREATE))
            for step in self.steps[address] if change.action is Action.UPDATE else ():
                for one in (each for each in self.work[step] if (address.kind, each.name) in bounded):
                    (room if lowers(one.before, one.after) else takers)[group].append(step)
        for (kind, parent), steps in list(removals.items()):
            for later in kinds[kinds.index(kind) + 1 :]:
                if self.types[later].parent == self.types[kind].parent:
                    self.before(removals.get(Collection(later, parent), []), steps)
            for entry in {entry for one in self.types[kind].cleared for entry in one.linked}:
                self.before(steps, takers.get(Collection(entry, parent), []))
        for group, steps in room.items():
            self.before(steps, takers.get(group, []))

    def before(self, earlier: Sequence[Step], later: Sequence[Step]) -> None:
        """Let some steps be over before others start, unless one of the first waits for one of the others."""
        if not earlier or not later or self.reach(earlier) & set(later):
            return
        gate = Step(Address(GATE, str(len(self.work))), Phase.FIRST)
        self.work[gate] = ()
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
