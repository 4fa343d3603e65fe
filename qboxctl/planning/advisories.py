"""What a plan does rightly and somebody may not expect: warnings that need the files and the account. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from qboxctl.config.configuration import Configuration
from qboxctl.config.rules import FREE_ALIASES_PER_MAILBOX
from qboxctl.model import Action, Address, Advisory, Collection, Desired, Live, LiveState, Plan
from qboxctl.planning.graph import referred
from qboxctl.planning.guards import strangers
from qboxctl.schema.formats import folded
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.labels import text_of
from qboxctl.schema.resource import lowers


def advise(configuration: Configuration, live_state: LiveState, plan: Plan, types: Kinds) -> tuple[Advisory, ...]:
    """The warnings, sorted by the object that each is about."""
    found = [
        *_left_disabled(configuration, live_state, plan, types),
        *_not_renamed(configuration, live_state, plan),
        *_into_nothing(configuration, live_state, plan, types),
        *_shrinking(plan, types),
        *_many_aliases(configuration, live_state, plan),
        *_ordered_anew(configuration, live_state, plan, types),
        *_known_by_a_part(configuration, live_state, types),
    ]
    return tuple(sorted(found, key=lambda one: (one.address, one.code, one.message)))


def _left_disabled(configuration: Configuration, live_state: LiveState, plan: Plan, types: Kinds) -> Iterator[Advisory]:
    """Objects that on_remove has disabled stay so when they are declared again: nothing says otherwise."""
    kinds = [kind for kind, todo in configuration.settings.on_remove.items() if todo == "disable"]
    changed = {(change.address, one.name) for change in plan.changes if kinds for one in change.fields}
    for kind in kinds:
        name, off = types[kind].disabled or ("", None)
        for address, live in live_state.live.items():
            one = configuration.objects.get(address)
            if one is None or one.absent or address.kind != kind or live.status != "disabled":
                continue
            if name not in one.values and (address, name) not in changed:
                yield Advisory("Q044", str(address), f"{address} is declared, and disabled in the account",
                               f"state {name}: enabled, or {name}: {off} if it is to stay so")  # fmt: skip


def _not_renamed(configuration: Configuration, live_state: LiveState, plan: Plan) -> Iterator[Advisory]:
    """A mailbox that comes where another one goes: it looks like a new name, and is a new, empty mailbox."""
    made: dict[str, list[Address]] = defaultdict(list)
    gone: dict[str, list[Address]] = defaultdict(list)
    for change in plan.changes:
        if change.address.kind == "mailbox" and (change.action is Action.CREATE or change.action.removes):
            side = gone if change.action.removes else made
            side[_domain(change.address)].append(change.address)
    left: dict[str, list[Address]] = defaultdict(list)
    for address in plan.unmanaged:
        if address.kind == "mailbox":
            left[_domain(address)].append(address)
    for domain, addresses in made.items():
        alone = len(addresses) == len(gone[domain]) == 1
        for address in addresses:
            one = configuration.objects[address]
            old = next((other for other in [*gone[domain], *left[domain]] if _same(one, live_state.live[other])), None)
            old = old or (gone[domain][0] if alone else None)
            if old is not None:
                message = f"{address} will be new and empty: the mail of {old} does not move to it"
                hint = "no mailbox can be renamed; copy the mail before the old one goes, "
                yield Advisory("Q045", str(address), message, f"{hint}and let an alias bear the old name after that")


def _into_nothing(configuration: Configuration, live_state: LiveState, plan: Plan, types: Kinds) -> Iterator[Advisory]:
    """Mail that goes to a declared object which is not there, since the plan leaves its creation out."""
    there = {change.address for change in plan.changes if change.action is Action.CREATE} | live_state.live.keys()
    for change in plan.changes:
        by_name = types[change.address.kind].by_name
        for name, _, after in change.fields:
            refers = by_name[name].refers if name in by_name and not by_name[name].linked else ""
            if not refers:
                continue
            for key in after if isinstance(after, tuple) else (after,):
                possible = referred(types, refers, key)
                declared = [
                    one for one in possible if one in configuration.objects and not configuration.objects[one].absent
                ]
                if declared and there.isdisjoint(possible):
                    yield Advisory("Q046", str(change.address), f"{name} of {change.address}: {declared[0]} is "
                                   "declared, but neither in the account nor in this plan",
                                   f"let the plan take it in, or leave {change.address} out too")  # fmt: skip


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


def _many_aliases(configuration: Configuration, live_state: LiveState, plan: Plan) -> Iterator[Advisory]:
    """More aliases for each mailbox than are free, counting what is live; what the files show alone is told before."""
    made = {_domain(one.address) for one in plan.changes if (one.address.kind, one.action) == ("alias", Action.CREATE)}
    if not made:
        return
    declared = Counter((one.kind, _domain(one)) for one, desired in configuration.objects.items() if not desired.absent)
    after = Counter((one.kind, _domain(one)) for one, live in live_state.live.items() if not live.leaving)
    for change in plan.changes:
        step = {Action.CREATE: 1, Action.DELETE: -1}.get(change.action, 0)
        after[change.address.kind, _domain(change.address)] += step
    for domain in sorted(made):
        one = configuration.objects.get(Address("domain", domain))
        known = all(Collection(kind, domain) in live_state.complete for kind in ("alias", "mailbox"))
        told = _too_many(declared, domain) and Collection("mailbox", domain) in configuration.managed
        if one is not None and known and not told and _too_many(after, domain):
            aliases, mailboxes = after["alias", domain], after["mailbox", domain]
            message = f"{one.address} will have {aliases} aliases for {mailboxes} mailboxes: more than "
            message += f"{FREE_ALIASES_PER_MAILBOX} per mailbox need Qboxmail's consent"
            yield Advisory("Q026", str(one.address), message, "ask Qboxmail, or declare fewer")


def _too_many(counts: Counter[tuple[str, str]], domain: str) -> bool:
    return counts["alias", domain] > FREE_ALIASES_PER_MAILBOX * max(1, counts["mailbox", domain])


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
    loose = [kind for kind, type_ in types.items() if not type_.unique]
    for address, live in live_state.live.items():
        one = configuration.objects.get(address) if address.kind in loose else None
        if one is None or one.pin:
            continue
        text = text_of(live, types[address.kind].key)
        if folded(text) != folded(one.label):
            yield Advisory("Q050", str(address), f"{address} is taken to be id {live.remote_id}, of which the account "
                           f"shows only the beginning of its {types[address.kind].key}: {text[:80]!r}",
                           f"write id: {live.remote_id} if it is, so that nothing else is taken for it")  # fmt: skip


def _same(one: Desired, live: Live) -> bool:
    """Whether both are of one person, by the name."""
    names = [(one.values.get(name), live.row.get(name)) for name in ("firstname", "lastname")]
    return all(wanted and wanted == now for wanted, now in names)


def _domain(address: Address) -> str:
    return address.key.rpartition("@")[2]
