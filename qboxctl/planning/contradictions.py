"""What is wrong with the changes of a plan beside each other, or beside what they leave as it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from qboxctl.config.configuration import Configuration
from qboxctl.errors import Diagnostic
from qboxctl.model import Action, Address, Change, Desired, LiveState, Value
from qboxctl.planning.targets import Targets
from qboxctl.schema.decoding import value_of
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.lifecycle import DISABLED
from qboxctl.schema.patterns import covering_home

Found = tuple[Address, Diagnostic]
"""A mistake, and the object whose change it is about: outside the targets it does not count."""


class Left(NamedTuple):
    """A declaration that names, in an attribute, what the plan deletes: by which name, and whether it must be there."""

    desired: Desired
    attribute: str
    name: str
    gone: Address
    needed: bool
    hint: str = "declare it, or take it out here too"


def left_without(
    changes: Iterable[Change], configuration: Configuration, live_state: LiveState, types: Kinds
) -> Iterator[Left]:
    """What declarations name, and the plan deletes since no file declares it."""
    changes = list(changes)
    gone = {one.address for one in changes if one.action is Action.DELETE} - configuration.objects.keys()
    if not gone:
        return
    there = {address for address, live in live_state.live.items() if not live.leaving} - gone
    there |= {one.address for one in changes if one.action is Action.CREATE}
    naming = types.naming({address.kind for address in gone})
    for address, desired in configuration.objects.items():
        for one in naming[address.kind] if not desired.absent else ():
            value = desired.values.get(one.name, ())
            for name in value if isinstance(value, tuple) else (value,):
                targets = types.referred(address, one.refers, name)
                lost = next((target for target in targets if target in gone), None)
                if lost is not None and there.isdisjoint(targets):
                    yield Left(desired, one.name, name, lost, one.needs_all(value))


def contradictions(changes: Sequence[Change], targets: Targets, live_state: LiveState) -> Iterator[Found]:
    """Names that are taken, sizes beyond their ceiling, references to what is not there, not any more, or disabled."""
    beside = _Beside(changes, targets, live_state)
    yield from beside.taken_names()
    yield from beside.sizes_beyond()
    yield from beside.references_to_nothing()
    yield from beside.references_to_what_goes()
    yield from beside.entries_that_are_off()


@dataclass(frozen=True, slots=True)
class _Beside:
    changes: Sequence[Change]
    targets: Targets
    live_state: LiveState

    def wrong(self, code: str, message: str, desired: Desired, *path: str, hint: str | None = None) -> Diagnostic:
        place = self.targets.configuration.position(desired.where, *path)
        return Diagnostic(code, message, place, str(desired.address), hint)

    def by(self, action: Action) -> set[Address]:
        return {change.address for change in self.changes if change.action is action}

    def taken_names(self) -> Iterator[Found]:
        """An alias may not bear a mailbox's name, live ones included; nor what is the only one everywhere another's."""
        types, live = self.targets.types, self.live_state.live
        created = [change.address for change in self.changes if change.action is Action.CREATE]
        kinds = {other for one in created for other in types.sharing(one.kind)}
        if not kinds:
            return
        deleted = self.by(Action.DELETE)
        borne = types.claims((one for one in live if not live[one].leaving and one not in deleted), kinds)
        for address in created:
            claim = types.claim(address)
            rival = borne.get(claim) if claim is not None else None
            if rival is not None:
                message = f"{address} cannot be created: {rival} has that name"
                desired = self.targets.configuration.objects[address]
                yield address, self.wrong("Q018", message, desired, hint=self.way_out(rival))

    def way_out(self, rival: Address) -> str:
        """What frees the name that a live object bears."""
        pattern = covering_home(self.targets.configuration.ignore, rival, self.targets.types)
        if pattern:
            return f"{rival} is ignored: take {pattern.text} out of ignore and declare it absent"
        if self.targets.excluded(rival):
            return f"{rival} is excluded: plan without that --exclude"
        return f"declare {rival} absent"

    def sizes_beyond(self) -> Iterator[Found]:
        """No value may exceed what its parent's attribute allows, as declared, or else live, or else at creation."""
        types = self.targets.types
        for change in self.changes:
            address, by_name, parent = change.address, types[change.address.kind].by_name, types.parent(change.address)
            if parent is None or change.action.removes:
                continue
            for name, _, size in change.fields:
                one = by_name.get(name)
                most = self.ceiling(parent, one.at_most) if one is not None and one.at_most else None
                if one is None or not isinstance(size, int) or not isinstance(most, int) or size <= most:
                    continue
                message = f"{name} {one.type.show(size)} of {address} is more than {parent} allows: "
                hint = f"state {one.at_most}: {one.type.show(size)} on the {parent.kind}"
                desired = self.targets.configuration.objects[address]
                yield address, self.wrong("Q024", message + one.type.show(most), desired, name, hint=hint)

    def ceiling(self, parent: Address, name: str) -> Value:
        """What a parent's attribute will be, as far as the files and the account tell."""
        type_ = self.targets.types[parent.kind]
        one = type_.by_name[name]
        desired, live = self.targets.configuration.objects.get(parent), self.live_state.live.get(parent)
        if desired is not None and name in desired.values:
            return desired.values[name]
        return value_of(type_, one, live, {}) if live is not None and not live.leaving else one.initial

    def references_to_nothing(self) -> Iterator[Found]:
        """What a change refers to must be there, or be created by the same plan."""
        created, types = self.by(Action.CREATE), self.targets.types
        for change in self.changes:
            by_name = types[change.address.kind].by_name
            for name, _, after in change.fields:
                one = by_name.get(name)
                if one is None or not one.linked:
                    continue
                for key in after:
                    targets = types.referred(change.address, one.refers, key)
                    if all(target not in created and target not in self.live_state.live for target in targets):
                        why = " and it is excluded" if self.targets.excluded(targets[0]) else ""
                        message = f"{name} of {change.address}: {targets[0]} is not there{why}"
                        desired = self.targets.configuration.objects[change.address]
                        yield change.address, self.wrong("Q019", message, desired, name)

    def references_to_what_goes(self) -> Iterator[Found]:
        """What is deleted since no file declares it may not be what a declaration needs."""
        configuration, types = self.targets.configuration, self.targets.types
        for one in left_without(self.changes, configuration, self.live_state, types):
            if one.needed:
                address, name = one.desired.address, one.attribute
                message = f"{name} of {address}: {one.gone} would be deleted, since no file declares it"
                yield one.gone, self.wrong("Q019", message, one.desired, name, hint=one.hint)

    def entries_that_are_off(self) -> Iterator[Found]:
        """What is given to a list entry by entry must be in use by then, and be so afterwards."""
        types = self.targets.types
        own = {change.address: change for change in self.changes}
        for change in self.changes:
            lists = {one.name: one for one in types[change.address.kind].fields if one.each and one.refers}
            for name, before, after in change.fields:
                refers = lists[name].refers if name in lists and lists[name].refers else None
                if refers is None or not refers.within or change.action.removes:
                    continue
                for key in sorted(set(after or ()).difference(before or ())):
                    off = next(
                        (one for one in types.referred(change.address, refers, key) if self.is_off(one, own)), None
                    )
                    if off is not None:
                        message = f"{name} of {change.address}: {off} is disabled, and only what is in use can be given"
                        desired = self.targets.configuration.objects[change.address]
                        hint = f"enable {off}, or leave it out; what is given before it is disabled stays"
                        yield change.address, self.wrong("Q019", message, desired, name, hint=hint)

    def is_off(self, address: Address, own: Mapping[Address, Change]) -> bool:
        """Whether an object is disabled by the plan, or was and stays so."""
        type_, live = self.targets.types[address.kind], self.live_state.live.get(address)
        written = {one.name: one.after for one in own[address].fields} if address in own else {}
        name, off = type_.disabling or ("", None)
        was = live is not None and not live.leaving and live.status == DISABLED
        return bool(written[name] == off) if name in written else was
