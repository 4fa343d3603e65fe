"""What the parts of a run share: the changes and their order, the account before the run, and the codes since."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qboxctl.api.reader import ACCOUNT, Home
from qboxctl.api.writer import Target
from qboxctl.applying.ids import Ids
from qboxctl.config.configuration import Configuration
from qboxctl.live.matching import declared_in
from qboxctl.model import Action, Address, Change, Collection, FieldChange, Live, LiveState
from qboxctl.planning.graph import Graph, Phase, Step, order
from qboxctl.schema.formats import folded
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.lifecycle import SETTLED, UNPROVED


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a plan's changes. All but ``ids`` is fixed.

    ``sizes`` are how many objects each collection held before it, 0 for those that were not read. ``redact`` gives what
    a report may say of a text that the server chose (an id, a name, a status): it may repeat a secret. ``under_way``
    are the changes that were begun before, and are only waited for.
    """

    changes: Mapping[Address, Change]
    graph: Graph
    types: Kinds
    configuration: Configuration
    live_state: LiveState
    ids: Ids
    sizes: Mapping[Collection, int]
    redact: Callable[[str], str]
    under_way: frozenset[Address] = frozenset()

    @classmethod
    def of(
        cls,
        changes: Sequence[Change],
        configuration: Configuration,
        live_state: LiveState,
        types: Kinds,
        redact: Callable[[str], str],
        under_way: Sequence[Change] = (),
    ) -> Run:
        """The run of some changes, on an account that is as ``live_state`` has it."""
        if under_way:
            changes = [*changes, *(change._replace(fields=(), secrets=()) for change in under_way)]
        by_address = {change.address: change for change in changes}
        graph, ids, sizes = order(changes, types, live_state), Ids(live_state, types), _sizes(live_state, types)
        waited_for = frozenset(change.address for change in under_way)
        return cls(by_address, graph, types, configuration, live_state, ids, sizes, redact, waited_for)

    def change(self, step: Step) -> Change | None:
        """The change that a step is a part of; None for a step that only waits for what the plan does not change."""
        return self.changes.get(step.address)

    def fields(self, step: Step) -> Sequence[FieldChange]:
        """What a step writes."""
        return self.graph.work.get(step, ())

    def target(self, step: Step) -> Target:
        """The object that a step is about."""
        type_ = self.types[step.address.kind]
        parent, name = self.types.split(step.address)
        desired = self.configuration.objects.get(step.address)
        others: frozenset[str] = frozenset()
        if not type_.identity.unique and desired is not None:
            name = desired.label
            labels = [one.label for one in declared_in(self.configuration, self.types.collection(step.address))]
            others = frozenset(map(folded, labels)) - {folded(name)}
        codes = self.home(self.types.parent(step.address)).codes
        extra = desired.extra if desired is not None else {}
        return Target(type_, name, self.ids.of(step.address), parent, codes, others, extra)

    def home(self, parent: Address | None) -> Home:
        """What a collection is in, by the codes that are known by now."""
        if parent is None:
            return ACCOUNT
        live = Live(parent, self.ids.of(parent), {})
        return Home(live, {one.kind: self.ids.of(one) for one in (parent, *self.types.ancestors(parent))})

    def gates(self) -> dict[Step, set[Step]]:
        """What steps wait for that the changes do not tell: that the object that they are in is ready for them."""
        found: dict[Step, set[Step]] = defaultdict(set)
        for address, change in self.changes.items():
            parent = self._unready_parent(change)
            if parent is not None:
                found[self.graph.steps_of(address)[0]].add(Step(parent.address, Phase.CREATE))
        return found

    def _unready_parent(self, change: Change) -> Live | None:
        """The live object that a create is inside of, where that is not ready for it yet."""
        parent = self.types.parent(change.address)
        live = self.live_state.live.get(parent) if parent is not None else None
        if change.action is not Action.CREATE or live is None or live.leaving:
            return None
        return live if live.detail != SETTLED or live.status == UNPROVED else None


def _sizes(live_state: LiveState, types: Kinds) -> Counter[Collection]:
    sizes = Counter(types.collection(address) for address in live_state.live)
    for collection, total in live_state.totals.items():
        sizes[collection] = max(sizes[collection], total)
    return sizes
