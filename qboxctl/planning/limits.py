"""How many objects may be in another: the limits that a domain sets for its mailboxes, against what a plan makes. Pure.

Nothing is read for it. Where a list was not read to its end, what is known of it is the least that there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from qboxctl.config.configuration import Configuration
from qboxctl.errors import Diagnostic
from qboxctl.model import Action, Address, Change, Live, LiveState, Value
from qboxctl.planning import graph
from qboxctl.planning.billing import otherwise
from qboxctl.planning.graph import Graph, Phase, Step
from qboxctl.schema.decoding import now_of, value_of
from qboxctl.schema.field import Field, lowers
from qboxctl.schema.kinds import Kinds


def over_limits(
    changes: Sequence[Change], configuration: Configuration, live_state: LiveState, types: Kinds
) -> Iterator[Diagnostic]:
    """Each limit that an object would be over after the changes, and is not over today."""
    limits = [one.bounds for type_ in types.values() for one in type_.fields if one.bounds]
    bounded, by = {one.kind for one in limits}, {(one.kind, one.by) for one in limits}
    bounding = {(kind, one.name) for kind, type_ in types.items() for one in type_.fields if one.bounds}
    inside: dict[Address, list[Change]] = defaultdict(list)
    grown: set[Address] = set()
    own = {change.address: change for change in changes}
    for change in changes:
        kind, home = change.address.kind, types.parent(change.address)
        if home is not None and kind in bounded:
            inside[home].append(change)
            if change.action is Action.CREATE or any((kind, one.name) in by for one in change.fields):
                grown.add(home)
        if any((kind, one.name) in bounding and lowers(one.before, one.after) for one in change.fields):
            grown.add(change.address)
    if not grown:
        return
    lives: dict[Address, list[Live]] = defaultdict(list)
    for address, live in live_state.live.items():
        if address.kind in bounded and not live.leaving:
            home = types.parent(address)
            if home is not None and home in grown:
                lives[home].append(live)
    order = cache(lambda: graph.order(changes, types, live_state))
    for home in sorted(grown):
        look = _Home(home, own.get(home), inside[home], lives[home], configuration, live_state, types)
        yield from look.over(order)


class _Home:
    """One object with limits, what is in it, and what the plan does there."""

    def __init__(
        self,
        address: Address,
        own: Change | None,
        changes: Iterable[Change],
        lives: Iterable[Live],
        configuration: Configuration,
        live_state: LiveState,
        types: Kinds,
    ) -> None:
        self.address, self.own = address, own
        self.configuration, self.live_state, self.types = configuration, live_state, types
        self.changes = {change.address: change for change in changes}
        self.lives = {live.address: live for live in lives}

    def over(self, order: Callable[[], Graph]) -> Iterator[Diagnostic]:
        """The limits that would be passed in the end, or on the way there in the ``order`` of the plan."""
        for one in self.types[self.address.kind].fields:
            most = self.limit(one) if one.bounds else None
            if not isinstance(most, int) or most < 0:
                continue
            before = sum(self.counts(one, address, None) for address in self.lives)
            after = sum(self.counts(one, address, self.changes.get(address)) for address in self.lives)
            new = [change.address for change in self.changes.values() if change.action is Action.CREATE]
            made = [address for address in new if self.counts(one, address, self.changes[address])]
            after += len(made)
            believed = before <= most or self.stated(one)  # what is passed already may mean something else
            if believed and after > most and (after > before or self.lowered(one)):
                yield self.told(one, most, after, made)
            elif believed and most < before + len(made):
                late = [address for address in self.late(order(), made) if self.counts(one, address, None)]
                if after + len(late) > most:
                    yield self.told(one, most, after + len(late), made, late)

    def late(self, order: Graph, made: Sequence[Address]) -> list[Address]:
        """What is deleted only after something that is made beside it."""
        new = {Step(address, Phase.CREATE) for address in made}
        deleted = [change.address for change in self.changes.values() if change.action is Action.DELETE]
        return [address for address in deleted if order.needed([Step(address, Phase.LAST)]) & new]

    def limit(self, one: Field) -> Value:
        """The limit after the plan: as written by it, else as it is, else as declared."""
        written = [field.after for field in self.own.fields if field.name == one.name] if self.own else []
        live, desired = self.live_state.live.get(self.address), self.configuration.objects.get(self.address)
        now = value_of(self.types[self.address.kind], one, live, {}) if live is not None and not live.leaving else None
        declared = desired.values.get(one.name) if desired is not None else None
        return written[0] if written else now if isinstance(now, int) else declared

    def stated(self, one: Field) -> bool:
        """Whether a file states the limit; else only the account tells it."""
        desired = self.configuration.objects.get(self.address)
        return desired is not None and one.name in desired.values

    def lowered(self, one: Field) -> bool:
        """Whether the plan lowers the limit."""
        fields = self.own.fields if self.own else ()
        return any(field.name == one.name and lowers(field.before, field.after) for field in fields)

    def counts(self, one: Field, address: Address, change: Change | None) -> bool:
        """Whether an object counts for a limit, as it is, or as a change leaves it."""
        bounds = one.bounds
        if bounds is None or address.kind != bounds.kind or (change is not None and change.action is Action.DELETE):
            return False
        if not bounds.by:
            return True
        written = [field.after for field in change.fields if field.name == bounds.by] if change is not None else []
        return bounds.counts(written[0] if written else self.now(address, bounds.by))

    def now(self, address: Address, name: str) -> Value:
        """What an attribute is that no change writes: as it is live, or as its home gives it to what is new."""
        type_, live = self.types[address.kind], self.lives.get(address)
        if live is not None:
            return now_of(type_, name, live, {})
        return otherwise(self.configuration, self.live_state, self.types, self.address, type_.by_name[name].otherwise)

    def told(
        self, one: Field, most: int, after: int, made: Sequence[Address], late: Sequence[Address] = ()
    ) -> Diagnostic:
        """One mistake for all that is too much; ``late`` is what makes room only after something that needs it."""
        desired = self.configuration.objects.get(self.address)
        places = [self.configuration.objects[address] for address in made if address in self.configuration.objects]
        first = desired or (places[0] if places else None)
        place = self.configuration.position(first.where, one.name) if first is not None else None
        news = f", {len(made)} of them created by this plan" if made else ""
        news += f", until {late[0]} goes, which waits for them" if late else ""
        message = f"{self.address} would hold {after} where its {one.name} allows {most}{news}"
        return Diagnostic("Q028", message, place, str(self.address), hint=f"raise {one.name}, or remove some first")
