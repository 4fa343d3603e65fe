"""The planner: a configuration and the live state give a plan. Pure: no network, files, clock or environment."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from qboxctl.config.configuration import Configuration, runs
from qboxctl.errors import ConfigError, Diagnostic
from qboxctl.model import (
    MISSING,
    Action,
    Address,
    Change,
    Desired,
    FieldChange,
    Live,
    LiveState,
    Missing,
    Plan,
    StoresSeen,
    Unverifiable,
    Value,
)
from qboxctl.planning import diff, graph, holding
from qboxctl.planning.billing import bill
from qboxctl.planning.contradictions import contradictions
from qboxctl.planning.guards import judge
from qboxctl.planning.keeping import kept_beside
from qboxctl.planning.limits import over_limits
from qboxctl.planning.planfile import plan_id
from qboxctl.planning.remaking import remade, unheld
from qboxctl.planning.remembered import as_live
from qboxctl.planning.targets import Options, Targets
from qboxctl.schema.decoding import EXTRA, irreplaceable, kept_of, now_of
from qboxctl.schema.field import Field
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.lifecycle import DISABLED
from qboxctl.schema.patterns import covering
from qboxctl.schema.resource import ResourceType

UNFINISHED = "its creation was broken off: nobody has used it, and its first password goes out now"
UNSEEN = "; the API does not tell whether it is disabled already: take it out of the files once it is"
SUMMARY = ("create", "update", "disable", "delete", "unchanged", "unmanaged")


def make_plan(
    types: Kinds,
    configuration: Configuration,
    live_state: LiveState,
    options: Options | None = None,
    stores: StoresSeen | None = None,
) -> Plan:
    """Compare the configuration with the live state, and with what was seen of its stores.

    Raises ConfigError for what only a plan can know to be wrong. What a plan comes from (digest, version, time, commit)
    is added where it is shown or saved.
    """
    return _Planner(types, configuration, live_state, options or Options(), stores or StoresSeen()).plan()


class _Planner:
    def __init__(
        self, types: Kinds, configuration: Configuration, live_state: LiveState, options: Options, stores: StoresSeen
    ) -> None:
        self.types, self.configuration, self.live_state = types, configuration, live_state
        self.options = as_live(options, configuration, live_state.live, types)
        self.stores = stores
        self.targets = Targets(configuration, types, self.options)
        self.changes: list[Change] = []
        self.unmanaged: list[Address] = []
        self.disabled: set[Address] = set()
        self.unverifiable: list[Unverifiable] = []
        self.unchanged: list[Address] = []
        self.wrong: list[tuple[Address, Diagnostic]] = []

    def plan(self) -> Plan:
        """Every change, judged."""
        for address, desired in self.targets.candidates().items():
            self.declared(address, desired)
        self.undeclared()
        self.let_go()
        self.wrong += contradictions(self.changes, self.targets, self.live_state)
        chosen = self.chosen()
        kept = {change.address for change in chosen}
        wrong = [found for address, found in self.wrong if address in kept or self.targets.targeted(address)]
        wrong += over_limits(chosen, self.configuration, self.live_state, self.types)
        if wrong:
            raise ConfigError(wrong)
        changes = self.ordered(chosen)
        settings = self.configuration.settings
        identity = plan_id(settings.environment, settings.endpoint, changes)
        acknowledge = self.options.acknowledge
        return Plan(
            id=identity,
            environment=settings.environment,
            endpoint=settings.endpoint,
            changes=changes,
            unmanaged=tuple(sorted(self.unmanaged)),
            disabled=frozenset(self.disabled),
            unverifiable=tuple(sorted(self._seen(self.unverifiable, kept), key=lambda one: one.address)),
            blocked=judge(
                changes, self.live_state, self.configuration, self.types, plan_id=identity, acknowledge=acknowledge
            ),
            summary=self.summary(changes),
            billing=bill(changes, self.configuration, self.live_state, self.types),
            requests=self.live_state.requests,
        )

    def _seen(self, rows: Iterable[Unverifiable], kept: set[Address]) -> Iterable[Unverifiable]:
        return (row for row in rows if self.targets.targeted(row.address) or row.address in kept)

    # What the files declare.

    def declared(self, address: Address, desired: Desired) -> None:
        """One declared object."""
        live = self.live_state.live.get(address)
        if live is not None and live.leaving:
            live = None
        if self.types[address.kind].holding:
            desired = holding.as_held(desired, live, self.configuration, self.live_state, self.types)
            for attribute, name, kinds in holding.of_two_kinds(desired, self.live_state, self.types):
                found = [str(Address(kind, name)) for kind in kinds]
                self.error("Q073", f"{attribute}: {name} is {' and '.join(found)}", desired, attribute,
                           hint=f"write its address: {' or '.join(found)}")  # fmt: skip
        self.check_pin(desired, live)
        if desired.absent:
            if live is None:
                self.unchanged.append(address)
            else:
                self.remove(live, self.types[address.kind].removal, "state: absent")
        elif live is None and self.is_idle(desired):
            self.unchanged.append(address)
        elif live is None:
            self.create(address, desired)
        elif why := unheld(self.types[address.kind], desired, live, self.stores):
            self.check_complete(address, desired)
            codes = self.live_state.codes
            self.changes.append(remade(self.types[address.kind], live, self.values(desired), codes, why))
        else:
            self.update(address, desired, live)

    def is_idle(self, desired: Desired) -> bool:
        """Whether something that is not there is to be disabled, and need not be made for that."""
        return any(self.types[desired.address.kind].is_idle(*one) for one in desired.values.items())

    def check_pin(self, desired: Desired, live: Live | None) -> None:
        """A pinned code is that of the live object, where its address tells that by itself."""
        identity = self.types[desired.address.kind].identity
        if not desired.pin or not identity.unique or (live is not None and live.remote_id == desired.pin):
            return
        title, lives = self.types[desired.address.kind].title, self.live_state.live.values()
        other = next((o for o in lives if (o.address.kind, o.remote_id) == (desired.address.kind, desired.pin)), None)
        message = f"there is no {title} with the {identity.pin} {desired.pin}"
        if other is not None:
            message = f"{identity.pin} {desired.pin} is that of {other.address}, and an address cannot be changed"
        self.error("Q042", message, desired, identity.pin, hint=f"correct the {identity.pin}, or leave it out")

    def let_go(self) -> None:
        """What one object is to hold, another one has to let go of first."""
        if not any(self.types[change.address.kind].holding for change in self.changes):
            return
        stated = self.changes
        everybody = {change.address for change in stated}
        self.changes, wrong = holding.let_go(stated, everybody, self.targets, self.live_state)
        if self.targets.narrowed:  # for those alone that this plan is about
            asked = {change.address for change in self.chosen()}
            self.changes, wrong = holding.let_go(stated, asked, self.targets, self.live_state)
        for change, name, message, hint in wrong:
            self.error("Q071", message, self.configuration.objects[change.address], name, hint=hint)
        changed = {change.address for change in self.changes}
        self.unchanged = [address for address in self.unchanged if address not in changed]

    def check_complete(self, address: Address, desired: Desired) -> None:
        """What is created has all that its creation needs."""
        type_ = self.types[address.kind]
        lacking = [
            one.name
            for one in type_.fields
            if one.required and desired.values.get(one.name, ()) == () and one.name not in desired.secrets
        ]
        lacking += [
            one.beside
            for one in type_.fields
            if one.beside and desired.values.get(one.name) is True and not desired.values.get(one.beside)
        ]
        if lacking:
            self.error(
                "Q040",
                f"{address} must be created, and lacks {' and '.join(lacking)}",
                desired,
                hint=f"state {'it' if len(lacking) == 1 else 'them'}, or declare an object that is there already",
            )

    def create(self, address: Address, desired: Desired) -> None:
        """An object that is not there."""
        type_ = self.types[address.kind]
        self.check_complete(address, desired)
        fields = [FieldChange(name, None, value) for name, value in self.values(desired).items()]
        self.changes.append(
            Change(
                address,
                Action.CREATE,
                fields=tuple(fields),
                secrets=tuple(sorted(desired.secrets)),
                reason=f"orders a new {type_.title} (costs money)" if type_.ordered else "declared, not there",
            )
        )

    def values(self, desired: Desired) -> dict[str, Value]:
        """All that a declaration says of a new object, by name; where its secret goes is no attribute of it."""
        type_ = self.types[desired.address.kind]
        values = dict(desired.values)
        if type_.told:
            values.pop(type_.told.store, None)
        if not type_.identity.unique:
            values[type_.identity.key] = desired.label
        return {**dict(sorted(values.items())), **{EXTRA + name: one for name, one in sorted(desired.extra.items())}}

    def update(self, address: Address, desired: Desired, live: Live) -> None:
        """An object that is there."""
        type_ = self.types[address.kind]
        found = diff.compare(type_, desired, live, self.live_state.codes, self.live_state.others)
        rotate = covering(self.options.rotate, address) is not None
        if found is diff.EQUAL and not rotate:
            self.unchanged.append(address)
            return
        for name, before, after in found.fixed:
            self.fixed(address, desired, name, before, after)
        if found.unseen:
            self.unverifiable.append(Unverifiable(address, tuple(sorted(found.unseen))))
        unfinished = diff.guarded(type_, found.changed) & desired.secrets.keys()
        secrets = tuple(sorted(desired.secrets if rotate else unfinished))
        again = self.sent_again(address, desired, found, rotate=rotate)
        if not found.changed and not secrets and not again:
            self.unchanged.append(address)
            return
        if type_.replaced:
            self.refuse_loss(type_, desired, live)
        if not rotate:  # what cannot be read goes along where there is something else to write
            again += [name for name in found.unseen if name not in again and self.is_sent_along(type_, desired, name)]
        fields = [*found.changed, *(self.unseen(type_, desired, live, name) for name in again)]
        names = [one.name for one in fields]
        once = diff.only_once(type_, live, fields, secrets, self.live_state.codes)
        change = Change(
            address,
            Action.UPDATE,
            remote_id=live.remote_id,
            fields=tuple(sorted(fields, key=lambda one: one.name)),
            secrets=secrets,
            reason=_why(type_, live, found, secrets, once=once),
            precondition=diff.precondition(type_, live, names, self.live_state.codes, once=once),
        )
        self.changes.append(change._replace(destroys_data=type_.destroys(change)))

    def refuse_loss(self, type_: ResourceType, desired: Desired, live: Live) -> None:
        """Note what replacing an object would lose that nothing can write again."""
        names = irreplaceable(type_, live)
        if names:
            self.error(
                "Q041",
                f"{desired.address} would have to be deleted and created again, and loses its {' and '.join(names)}",
                desired,
                hint="change it in the Webmail, or take its attributes out of the file",
            )

    def sent_again(self, address: Address, desired: Desired, found: diff.Difference, *, rotate: bool) -> list[str]:
        """The attributes that are sent though the account does not tell that they differ.

        An ``extra`` that is never returned may do anything when it is sent, so it is sent where that was asked for, or
        where the files say something else of it than at the revision that the plan compares with. So it is with a value
        of which the server may have dropped a part. A volatile attribute is its user's.
        """
        type_ = self.types[address.kind]
        edited = self.options.edited.get(address, {})
        again = []
        for name in found.unseen:
            one = type_.by_name.get(name)
            writable = one.on_update and not one.volatile and self.has_writes(one, desired) if one else type_.changeable
            doubtful = one is None or one in type_.doubtful
            if writable and (rotate or (doubtful and name in edited)):
                again.append(name)
        known = {one.name for one in found.changed}
        return again + [
            name for name in desired.values if rotate and type_.by_name[name].volatile and name not in known
        ]

    def unseen(self, type_: ResourceType, desired: Desired, live: Live, name: str) -> FieldChange:
        """The change of an attribute that the account does not tell to differ: what it has now, where that is told."""
        among = name in type_.by_name and type_.by_name[name].type.among
        before = now_of(type_, name, live, self.live_state.codes) if among else MISSING
        return FieldChange(name, None if before is MISSING else before, self.wanted(desired, name))

    def is_sent_along(self, type_: ResourceType, desired: Desired, name: str) -> bool:
        """Whether an attribute that cannot be read is written beside others; a volatile one is its user's."""
        one = type_.by_name.get(name)
        return one is not None and one.on_update and not one.volatile and self.has_writes(one, desired)

    def has_writes(self, one: Field, desired: Desired) -> bool:
        """Whether anything is sent for an attribute that cannot be read: to a list, what is in the files' one."""
        return not one.each or bool(desired.values[one.name])

    def wanted(self, desired: Desired, name: str) -> Value:
        """What a declaration says of an attribute or of ``extra.name``."""
        if name.startswith(EXTRA):
            return desired.extra[name.removeprefix(EXTRA)]
        return desired.values[name]

    def fixed(self, address: Address, desired: Desired, name: str, before: Value, after: Value) -> None:
        """An attribute that differs and can no longer be changed."""
        one = self.types[address.kind].by_name.get(name)
        shown, configuration = (one.type.show(before), one.type.show(after)) if one else (str(before), str(after))
        self.error(
            "Q041",
            f"{name} of {address} is {shown}, and can only be chosen at creation: the file says {configuration}",
            desired,
            *name.split(".", 1),
            hint=f"write {shown}, or leave {name} out; it is not created again, since what is in it would be lost",
        )

    def remove(self, live: Live, action: Action, reason: str) -> None:
        """Delete or disable a live object."""
        type_ = self.types[live.address.kind]
        fields: tuple[FieldChange, ...] = ()
        if action is Action.DISABLE and type_.disabling:
            name, value = type_.disabling
            before = now_of(type_, name, live, self.live_state.codes)
            if live.status == DISABLED:
                self.unchanged.append(live.address)
                return
            fields = (FieldChange(name, None if before is MISSING else before, value),)
            reason += UNSEEN if before is MISSING else ""
        relied = [one.name for one in fields]
        if action is Action.DELETE:
            fields = tuple(FieldChange(one.name, self.kept(live, one), ()) for one in type_.cleared)
        self.changes.append(
            Change(
                live.address,
                action,
                remote_id=live.remote_id,
                fields=fields,
                destroys_data=type_.holds_data and action is Action.DELETE,
                reason=reason + (self.along(live.address) if action is Action.DELETE else ""),
                precondition=diff.precondition(type_, live, relied, self.live_state.codes),
            )
        )

    def kept(self, live: Live, one: Field) -> tuple[str, ...]:
        """The entries of which something is destroyed with an object: where nobody knows, all that there may be."""
        found = kept_of(self.types[live.address.kind], one, live, self.live_state.codes)
        if not isinstance(found, Missing):
            return found
        home = self.types.split(live.address)[0]
        beside = (
            address
            for kind in one.linked
            for address, other in self.live_state.live.items()
            if address.kind == kind and not other.leaving and self.types.split(address)[0] == home
        )
        return tuple(sorted(map(self.types.called, beside)))

    @cached_property
    def inside(self) -> Mapping[Address, Counter[str]]:
        """How many live objects of each kind go along with each object that holds some."""
        found: dict[Address, Counter[str]] = defaultdict(Counter)
        shown = Counter(
            self.types.collection(address)
            for address, live in self.live_state.live.items()
            if self.types[address.kind].goes_along and not live.leaving
        )
        for collection, number in shown.items():
            home = self.types.home(collection)
            more = max(0, number - self.types[collection.kind].given)
            for outer in (home, *self.types.ancestors(home)) if home else ():
                found[outer][collection.kind] += more
        return found

    def along(self, address: Address) -> str:
        """What else goes when an object is deleted, "" for nothing."""
        counts = self.inside.get(address, Counter())
        beside = kept_beside(address, self.live_state, self.types)
        kept = f"; {beside.words}" if beside else ""
        kept += "".join(
            f"; it loses its {name}: {', '.join(held)}"
            for name, held in holding.held_by(address, self.live_state, self.types)
        )
        found = [type_.numbered(counts[kind]) for kind, type_ in self.types.items() if counts[kind]]
        return (f"; with it {'goes' if counts.total() == 1 else 'go'} {', '.join(found)}" if found else "") + kept

    # What the files do not declare.

    def undeclared(self) -> None:
        """Live objects of managed collections that no file declares."""
        since = self.options.removed_since
        made = [change.address for change in self.changes if change.action is Action.CREATE]
        claimed = self.types.claims(made, self.types.keys())
        for address, live in self.live_state.live.items():
            if address in self.configuration.objects or live.leaving:
                continue
            type_ = self.types[address.kind]
            collection = self.types.collection(address)
            counted = collection in self.configuration.managed or (since is not None and address in since)
            if not counted or not self.targets.visible(address):
                continue
            if type_.left or (type_.goes_along and self.inside_removed(address)):
                continue  # it is its user's own, or told with what it goes along with
            in_the_way = (claimed and self.types.claim(address) in claimed) or self.inside_removed(address)
            if not self.targets.targeted(address) and not in_the_way:
                continue
            todo = self.configuration.settings.on_remove.get(address.kind, "keep")
            gone = (since is None or address in since) and not runs(self.configuration, self.types, address)
            off = live.status == DISABLED or type_.lifecycle.proves(live.status)  # what is unproved is not in use yet
            if todo == "keep" or not gone or (todo == "disable" and off):
                if collection in self.live_state.complete and self.targets.targeted(address):
                    self.unmanaged.append(address)
                    if live.status == DISABLED:
                        self.disabled.add(address)
            else:
                why = "no longer declared" if since is not None else "not declared"
                self.remove(live, Action(todo), f"{why} (on_remove: {todo})")
        self.leave_out_what_goes_along()

    def leave_out_what_goes_along(self) -> None:
        """What no file declares in an object that is deleted is told with that one, and nowhere else."""
        deleted = (change.address for change in self.changes if change.action is Action.DELETE)
        gone = {address for address in deleted if self.types.children(address.kind) and self.targets.targeted(address)}
        if not gone:
            return

        def stays(one: Address) -> bool:
            along = self.types[one.kind].goes_along and one not in self.configuration.objects
            return not along or gone.isdisjoint(self.types.ancestors(one))

        self.changes = [change for change in self.changes if stays(change.address)]
        self.unmanaged = [address for address in self.unmanaged if stays(address)]

    def inside_removed(self, address: Address) -> bool:
        """Whether the object lives in one that is declared absent: it may have to go first."""
        parent = self.types.parent(address)
        desired = self.configuration.objects.get(parent) if parent else None
        return desired is not None and desired.absent

    # What only a plan can know.

    def error(self, code: str, message: str, desired: Desired, *path: str, hint: str | None = None) -> None:
        """Note a mistake at its place in the files; it counts where its object is a part of the plan."""
        place = self.configuration.position(desired.where, *path)
        self.wrong.append((desired.address, Diagnostic(code, message, place, str(desired.address), hint)))

    # The plan's parts.

    def chosen(self) -> list[Change]:
        """The changes of the targets, with all that they need."""
        if not self.targets.narrowed:
            return self.changes
        by_address = {change.address: change for change in self.changes}
        graph_of_all = graph.order(self.changes, self.types, self.live_state)
        waits: dict[Address, set[Address]] = defaultdict(set)
        for step, needed in graph_of_all.needs.items():
            waits[step.address].update(other.address for other in needed)
        todo = [address for address in by_address if self.targets.targeted(address)]
        kept: set[Address] = set()
        while todo:
            address = todo.pop()
            if address not in kept:
                kept.add(address)
                todo += waits[address]
        return [by_address[address] for address in by_address if address in kept]

    def ordered(self, changes: list[Change]) -> tuple[Change, ...]:
        """The changes by kind and key, each with what it needs."""
        ranks = {kind: rank for rank, kind in enumerate(self.types)}
        changes.sort(key=lambda change: (ranks[change.address.kind], change.address.key))
        return graph.ordered(changes, self.types, self.live_state)

    def summary(self, changes: Iterable[Change]) -> dict[str, int]:
        """How many of each."""
        counts = Counter(change.action.value for change in changes)
        counts["unchanged"] = sum(1 for address in self.unchanged if self.targets.targeted(address))
        counts["unmanaged"] = len(self.unmanaged)
        return {name: counts[name] for name in SUMMARY}


def _why(type_: ResourceType, live: Live, found: diff.Difference, secrets: Sequence[str], *, once: bool) -> str:
    """Why an object is updated, and how, where that is more than a request."""
    if type_.lifecycle.proves(live.status):
        return "waits for its ownership proof"
    if once:
        sent = "its secrets are sent" if secrets else "what nothing tells of is sent"
        reason = f"{sent} again; this cannot be repeated safely"
    elif secrets:
        reason = UNFINISHED
    else:
        reason = "differs" if found.changed else "to be sent again"
    if type_.replaced:
        reason += "; it is deleted and created again"
        reason += " where the API cannot change it" if type_.calls.update else ""
    return reason
