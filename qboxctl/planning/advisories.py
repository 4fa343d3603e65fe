"""What a plan does rightly and its readers may not expect: warnings that need the files and the account. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from qboxctl.config.configuration import Configuration
from qboxctl.model import MISSING, Action, Advisory, LiveState, Plan
from qboxctl.planning.contradictions import left_without
from qboxctl.planning.guards import strangers
from qboxctl.planning.targets import Targets
from qboxctl.schema.decoding import value_of
from qboxctl.schema.field import lowers
from qboxctl.schema.formats import folded, may_be_cut
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.labels import text_of
from qboxctl.schema.lifecycle import DISABLED, SETTLED, UNPROVED
from qboxctl.schema.rules import Planned


def advise(configuration: Configuration, live_state: LiveState, plan: Plan, types: Kinds) -> tuple[Advisory, ...]:
    """The warnings, sorted by the object that each is about."""
    found = [
        *_left_disabled(configuration, live_state, plan, types),
        *_into_nothing(configuration, live_state, plan, types),
        *_out_of_nothing(configuration, live_state, plan, types),
        *_shrinking(plan, types),
        *_ordered_anew(configuration, live_state, plan, types),
        *_known_by_a_part(configuration, live_state, types),
    ]
    planned = Planned(plan, live_state, configuration.objects, configuration.managed, types)
    found += [one for type_ in types.values() for advice in type_.advice for one in advice(planned)]
    return tuple(sorted(found, key=lambda one: (one.address, one.code, one.message)))


def _left_disabled(configuration: Configuration, live_state: LiveState, plan: Plan, types: Kinds) -> Iterator[Advisory]:
    """Objects that on_remove has disabled stay so when they are declared again: nothing says otherwise."""
    kinds = [kind for kind, todo in configuration.settings.on_remove.items() if todo == "disable"]
    changed = {(change.address, one.name) for change in plan.changes if kinds for one in change.fields}
    for kind in kinds:
        name, off = types[kind].disabling or ("", None)
        on, field = types[kind].lifecycle.enabled, types[kind].by_name.get(name)
        for address, live in live_state.live.items():
            one = configuration.objects.get(address)
            if field is None or one is None or one.absent or address.kind != kind:
                continue
            if live.status != DISABLED or live.leaving:
                continue
            if name not in one.values and (address, name) not in changed:
                yield Advisory("Q044", str(address), f"{address} is declared, and disabled in the account",
                               f"state {name}: {field.type.show(on)}, or {name}: {field.type.show(off)} "
                               "if it is to stay so")  # fmt: skip


def not_taken_out(targets: Targets, live_state: LiveState) -> Iterator[Advisory]:
    """What left a list that the API does not tell: nobody knows whether it is in there, and it stays."""
    configuration, types = targets.configuration, targets.types
    for address, edited in targets.options.edited.items():
        live, desired = live_state.live.get(address), configuration.objects.get(address)
        if live is None or desired is None or not targets.targeted(address) or not targets.visible(address):
            continue
        for one in types[address.kind].fields:
            left = edited.get(one.name, ()) if one.each and one.each.take else ()
            if left and value_of(types[address.kind], one, live, live_state.codes) is MISSING:
                message = f"{address}: the API does not tell its {one.name}, so {', '.join(left)} may still be in them"
                yield Advisory("Q056", str(address), message, "take out in the panel what left the list")


def under_way(targets: Targets, live_state: LiveState) -> Iterator[Advisory]:
    """What an earlier run asked for, and the server has not ended: there is nothing to change, and it is not done."""
    configuration, types = targets.configuration, targets.types
    for address, live in live_state.live.items():
        if not live.leaving and (live.detail == SETTLED or live.status == UNPROVED):
            continue
        one = configuration.objects.get(address)
        removed = configuration.settings.on_remove.get(address.kind) == "delete"
        gone = one.absent if one else removed and types.collection(address) in configuration.managed
        wanted = gone if live.leaving else one is not None and not one.absent
        if wanted and targets.visible(address) and targets.targeted(address):
            state = "its deletion is queued" if live.leaving else f"it is {live.detail}"
            message = f"{address}: {state}; the server is not done with it"
            yield Advisory("Q055", str(address), message, "plan again later")


def _into_nothing(configuration: Configuration, live_state: LiveState, plan: Plan, types: Kinds) -> Iterator[Advisory]:
    """Mail that goes to a declared object which is not there, since the plan leaves its creation out."""
    there = {change.address for change in plan.changes if change.action is Action.CREATE} | live_state.live.keys()
    for change in plan.changes:
        by_name = types[change.address.kind].by_name
        for name, _, after in change.fields:
            refers = by_name[name].refers if name in by_name and not by_name[name].linked else None
            if refers is None:
                continue
            for key in after if isinstance(after, tuple) else (after,):
                possible = types.referred(change.address, refers, key)
                declared = [
                    one for one in possible if one in configuration.objects and not configuration.objects[one].absent
                ]
                if declared and there.isdisjoint(possible):
                    yield Advisory("Q046", str(change.address), f"{name} of {change.address}: {declared[0]} is "
                                   "declared, but neither in the account nor in this plan",
                                   f"let the plan take it in, or leave {change.address} out too")  # fmt: skip


def _out_of_nothing(
    configuration: Configuration, live_state: LiveState, plan: Plan, types: Kinds
) -> Iterator[Advisory]:
    """Mail that goes on to an object that the plan deletes since no file declares it."""
    for one in left_without(plan.changes, configuration, live_state, types):
        if not one.needed:
            address = str(one.desired.address)
            yield Advisory("Q046", address, f"{one.attribute} of {address}: this plan deletes {one.name}", one.hint)


def _shrinking(plan: Plan, types: Kinds) -> Iterator[Advisory]:
    """Sizes that go down: what is stored already may be more."""
    for change in plan.changes:
        by_name = types[change.address.kind].by_name
        for name, before, after in change.fields if change.action is Action.UPDATE else ():
            one = by_name.get(name)
            if one is not None and one.lowering and lowers(before, after):
                size = f"{one.type.show(before)} to {one.type.show(after)}"
                message = f"{name} of {change.address} goes down from {size}"
                yield Advisory("Q048", str(change.address), message, one.lowering)


def _ordered_anew(configuration: Configuration, live_state: LiveState, plan: Plan, types: Kinds) -> Iterator[Advisory]:
    """An order beside a live object that goes or that no file declares: it may be a new name for that one."""
    orders = [one for one in plan.changes if one.action is Action.CREATE and types[one.address.kind].ordered]
    for kind in {change.address.kind for change in orders}:
        gone = [change.address for change in plan.changes if change.address.kind == kind and change.action.removes]
        old = [*(live_state.live[address] for address in gone), *strangers(kind, live_state, configuration)]
        if not old:
            continue
        for change in orders:
            if change.address.kind == kind:
                name = types.name(change.address)
                message = (
                    f"{change.address} will be new, with credentials of its own: {old[0].address} does not become it"
                )
                hint = f"to keep that one under another name, write id: {old[0].remote_id} under {name}"
                yield Advisory("Q049", str(change.address), message, hint)


def _known_by_a_part(configuration: Configuration, live_state: LiveState, types: Kinds) -> Iterator[Advisory]:
    """An object that is taken for a declared one, though only the beginning of its text is there: it may be another."""
    loose = [kind for kind, type_ in types.items() if not type_.identity.unique]
    for address, live in live_state.live.items():
        one = configuration.objects.get(address) if address.kind in loose else None
        if one is None or one.pin:
            continue
        text = text_of(live, types[address.kind].identity.key)
        if folded(text) != folded(one.label) and may_be_cut(text, one.label):
            yield Advisory("Q050", str(address), f"{address} is taken to be id {live.remote_id}, of which the account "
                           f"shows only the beginning of its {types[address.kind].identity.key}: {text[:80]!r}",
                           f"write id: {live.remote_id} if it is, so that nothing else is taken for it")  # fmt: skip
