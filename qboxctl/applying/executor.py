"""What the threads of a run do to the account: send one step's requests.

It decides nothing about order or time; ``qboxctl.applying.scheduler`` does.
"""

from __future__ import annotations

import secrets as randomness
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import NoReturn

from qboxctl.api.client import Client
from qboxctl.api.entries import EntryWriter, Sent
from qboxctl.api.reader import MOST_LOOKS, Account, Home
from qboxctl.api.writer import ProofAnswer, Target, Writer
from qboxctl.applying.handover import HandOver
from qboxctl.applying.journal import Journal
from qboxctl.applying.refusals import explain, is_there, understood
from qboxctl.applying.run import Run
from qboxctl.config.stores import Store, StoreError, Stores
from qboxctl.errors import Busy, NoSuchCall, OutcomeUnknown, QboxctlError, Refused
from qboxctl.live.counts import counts_of
from qboxctl.live.held import held_now
from qboxctl.model import MISSING, Action, Address, Change, Collection, FieldChange, Live, Revealed, Value
from qboxctl.planning import diff
from qboxctl.planning.graph import Phase, Step
from qboxctl.schema.decoding import irreplaceable, now_of, value_of
from qboxctl.schema.entries import moves
from qboxctl.schema.formats import folded, may_be_cut

_LEAVING = "an object of this name is still being deleted"


@dataclass(frozen=True, slots=True)
class Written:
    """What a write brings back.

    ``adopted``: the object had been created by others meanwhile; ``taken``: its name is not free yet, which says
    ``why``; ``note``: what has to be told of it, though it is done.
    """

    remote_id: str = ""
    http_status: int | None = None
    adopted: bool = False
    taken: bool = False
    why: str = _LEAVING
    note: str = ""


class Executor:
    """Does the work on single steps; its methods may be called from many threads at once."""

    def __init__(
        self,
        run: Run,
        client: Client,
        account: Account,
        *,
        journal: Journal,
        secrets: Mapping[Address, Mapping[str, Revealed]],
        stores: Stores,
    ) -> None:
        self.run, self.types, self.live = run, run.types, run.live_state.live
        self.client, self.account, self.journal = client, account, journal
        self.secrets, self.stores = secrets, stores
        self.stand_in = Revealed(f"{randomness.token_urlsafe(30)}-a1")
        client.hide(self.stand_in)
        self.sent: dict[Step, Sent] = defaultdict(Sent)
        self.adopted: set[Address] = set()
        self.fixed: set[str] = set()
        self.deleted: set[Step] = set()
        """The steps whose object was deleted to be created again."""
        self.writer = Writer(client, account, run.configuration.settings.customer_code, run.ids.first_of)

    def write(self, step: Step) -> Written | None:
        """Send a step's requests (in a thread of the pool); None where nothing was started any more."""
        try:
            return self.send(step)
        except Refused as refused:
            raise understood(self.run, self.account, step, refused) from None

    def send(self, step: Step) -> Written | None:
        """Send them; a refusal is raised as the server gave it."""
        change = self.run.change(step)
        if self.client.stop.is_set():
            return None
        target = self.run.target(step)
        if step.address in self.run.under_way:
            return Written(target.remote_id, adopted=True)
        if change is None or (step.phase is Phase.CREATE and change.action is Action.UPDATE):
            return Written(target.remote_id)
        if target.type.remakes(change):
            return self.tell(step, target, {}, change)
        secrets = {name: self.secrets[step.address][name] for name in self.sends(step)}
        if step.phase is Phase.CREATE:
            make = partial(self.tell, change=change) if target.type.told else self.create
            made = make(step, target, {**secrets, **self.stand_ins(step)})
            if made.adopted:
                self.adopted.add(step.address)
            return made
        if change.action is Action.DELETE:
            self.look_inside(step.address, target)
            return self.delete(step, target)
        fields = self.run.fields(step)
        if step.address in self.adopted:  # its first password is the business of whoever made it
            fields = [one for one in fields if not diff.guarded(target.type, [one])]
            secrets = {}

        now, sent = partial(self.now, step), self.sent[step]
        update = partial(self.writer.update, target, fields, secrets, now, self.intend(step), sent)
        if target.type.replaced:
            return self.exchange(step, target, update)
        status = update()
        return None if self.broken_off(step) else Written(target.remote_id, status)

    def delete(self, step: Step, target: Target) -> Written | None:
        """Delete an object, after what is kept of the entries of its lists."""
        fields, sent = self.run.fields(step), self.sent[step]
        EntryWriter(self.writer, target, partial(self.now, step), self.intend(step), sent).clear(fields)
        if self.broken_off(step):
            return None
        self.look_for_more(step, target)
        status = self.writer.delete(target, self.intend(step), cleared=bool(fields))
        if not fields:
            self.is_gone(step, target, status)
        return Written(target.remote_id, status)

    def is_gone(self, step: Step, target: Target, status: int) -> None:
        """Refuse to believe in a deletion that was answered 404, where the object is still there."""
        if status == 404 and is_there(self.run, self.account, step.address):
            refused = Refused(status, "Not found, and it is still there")
            refused.request = self.run.redact(target.deletion)
            raise NoSuchCall(refused)

    def look_for_more(self, step: Step, target: Target) -> None:
        """Refuse to delete what has got more entries meanwhile than the plan names: what is kept of them would go."""
        change = self.run.change(step)
        if change is None or not target.type.cleared:
            return
        live = self.account.detailed(target.type, target.codes, Live(step.address, target.remote_id, {}))
        if live is not None:
            live = self.account.enrolled(target.type, target.codes, live, target.type.cleared, anew=True)
            more = diff.unnamed(change, live, target.type, self.run.ids.keys())
            if more:
                raise QboxctlError(f"it was not deleted, since it holds {self.run.redact(more)} now", hint="plan again")

    def broken_off(self, step: Step) -> bool:
        """Whether some entries of a step were not sent any more, since the run is to stop."""
        labels = {move.label for one in self.entrywise(step) for move in moves(one)}
        return self.client.stop.is_set() and not labels <= self.sent[step].tried

    def entrywise(self, step: Step) -> list[FieldChange]:
        """What a step writes entry by entry."""
        by_name = self.types[step.address.kind].by_name
        return [one for one in self.run.fields(step) if one.name in by_name and by_name[one.name].each]

    def writes(self, step: Step) -> list[str]:
        """What a step writes, by the names of attributes, and of entries where each is written by itself."""
        single = [] if step.phase is Phase.CREATE else self.entrywise(step)
        names = [one.name for one in self.run.fields(step) if one not in single]
        return names + [move.label for one in single for move in moves(one)]

    def look_inside(self, address: Address, target: Target) -> None:
        """Refuse to delete what holds something after all: it may have been put there a moment ago.

        Nor may it count more beyond its lists than when the plan was judged; counters may lag behind, and are waited
        for.
        """
        children = self.types.holding_back(address.kind)
        if not children:
            return
        then = {type_.kind: self.run.sizes[Collection(type_.kind, address.key)] for type_ in children}
        before = self.beyond(self.live.get(address), then)
        for attempt in range(1, MOST_LOOKS + 1):
            parent = Live(address, target.remote_id, {})
            home = Home(codes=target.codes).inside(parent)
            rows = [(type_, row) for type_ in children for row in self.account.rows(type_, home)]
            lives = [live for type_, row in rows if (live := self.account.live(type_, row, address.key)) is not None]
            inside = [str(live.address) for live in lives if not live.leaving]
            if inside:
                raise QboxctlError(f"it was not deleted, since it holds {self.run.redact(', '.join(inside[:3]))} now")
            shown = Counter(live.address.kind for live in lives)
            anew = self.account.detailed(target.type, target.codes, parent)
            now = self.beyond(anew, {**dict.fromkeys(then, 0), **shown})
            more = [f"its {one} is {now[one]} more than can be seen" for one in now if now[one] > before.get(one, 0)]
            if not more:
                return
            if attempt < MOST_LOOKS:
                self.client.wait(self.client.backoff(attempt))
        raise QboxctlError(f"it was not deleted, since {' and '.join(more)}: the token may not see all that is in it")

    def beyond(self, live: Live | None, shown: Mapping[str, int]) -> dict[str, int]:
        """By how much an object's counters exceed what can be seen in it of each kind, by the counter's name."""
        if live is None:
            return {}
        counts = counts_of(self.types, live, {kind: (number, False) for kind, number in shown.items()})
        return {one.counter: one.counted - one.shown for one in counts.values() if one.counted > one.shown}

    def exchange(self, step: Step, target: Target, update: Callable[[], int | None]) -> Written:
        """Change an object where the API can; else delete it and create it again, where that loses nothing."""
        type_ = target.type
        if step in self.deleted:  # its name was not free a moment ago
            return self.replace(step, target, [*self.anew(step), *target.beside()])
        if type_.calls.update is not None and type_.kind not in self.fixed:
            try:
                return Written(target.remote_id, update())
            except Refused as refused:
                if not refused.no_call:
                    raise
        if type_.calls.update is not None:
            live = self.account.detailed(type_, target.codes, Live(step.address, target.remote_id, {}))
            if live is None:
                raise QboxctlError("it is not there any more: plan again")
            self.fixed.add(type_.kind)
            lost = irreplaceable(type_, live)
            if lost:
                told = f"this API cannot change it, and to create it again would lose its {' and '.join(lost)}"
                raise QboxctlError(told, hint="change it in the Webmail")
        return self.replace(step, target, [*self.anew(step), *target.beside()])

    def replace(self, step: Step, target: Target, fields: Sequence[FieldChange]) -> Written:
        """Delete an object that cannot be changed, and create it again; as it was, where it is refused otherwise."""
        desired = self.run.configuration.objects.get(step.address)
        kept = [one.name for one in fields if one.after and (desired is None or one.name not in desired.values)]
        told = "it was deleted to be created again"
        told += f" (no file states its {' and '.join(kept)})" if kept else ""
        if step not in self.deleted:
            self.is_gone(step, target, self.writer.delete(target, self.intend(step)))
            self.deleted.add(step)
        known = frozenset({target.remote_id})
        with self.having(step, told):
            try:
                code, status = self.writer.create(target, fields, {}, known, self.intend(step))
            except Busy as busy:
                self.put_back(step, target, str(busy))
            except OutcomeUnknown as lost:
                raise OutcomeUnknown(f"{lost}; it had {self.had(step, target)}", status=lost.status) from None
            except Refused as refused:
                if not refused.already_exists:
                    self.put_back(step, target, explain(self.run, step, refused))
                # the one that is going may still be in its list, as it was
                if any(one.remote_id not in known for one in self.writer.named(target)):
                    raise
                return Written("", refused.status, taken=True, why=f"{told}, and its deletion is queued")
            code = code or self.writer.look_for(target, known) or ""
        if not code:
            self.run.ids.forget(step.address)  # its list will tell the new one
        return Written(code, status)

    def put_back(self, step: Step, target: Target, why: str) -> NoReturn:
        """Create an object as it was which was deleted, and is not taken as it is wanted; raises QboxctlError."""
        fields, known = self.as_it_was(step, target), frozenset({target.remote_id})
        try:
            code, _ = self.writer.create(target, fields, {}, known, self.intend(step))
        except QboxctlError as error:
            had = self.had(step, target)
            raise QboxctlError(f"{why}; putting it back failed too ({error}); it had {had}") from None
        if code:
            self.run.ids.know(step.address, code)
        raise QboxctlError(f"{why}; it was created again as it was")

    def as_it_was(self, step: Step, target: Target) -> list[FieldChange]:
        """All that the account told of an object before the run, as it is created."""
        names = [one.name for one in target.type.fields if one.on_create]
        values = [(name, now_of(target.type, name, self.live[step.address], {})) for name in names]
        return [FieldChange(name, None, value) for name, value in values if value is not None and value is not MISSING]

    def had(self, step: Step, target: Target) -> str:
        """The same in words: what is lost otherwise."""
        fields, by_name = self.as_it_was(step, target), target.type.by_name
        shown = (f"{one.name}: {by_name[one.name].type.show(one.after)}" for one in fields if one.after)
        return self.run.redact("; ".join(shown))

    def create(self, step: Step, target: Target, secrets: Mapping[str, Revealed]) -> Written:
        """Create an object; one that others created meanwhile is looked at before it is called a failure."""
        known, rival = self.beside(step, target)
        if rival is not None:
            return Written(rival.remote_id, adopted=True)
        try:
            code, status = self.writer.create(target, self.run.fields(step), secrets, known, self.intend(step))
        except Refused as refused:
            if not refused.already_exists or not target.type.identity.unique:
                raise
            found = self.writer.named(target)
            if found:
                return Written(found[0].remote_id, refused.status, adopted=True)
            leaving = self.leaving(step.address)
            if leaving is None and not self.is_held(target):
                raise
            if leaving is not None and leaving != step.address:
                is_there(self.run, self.account, leaving)  # a look at what is waited for
            return Written("", refused.status, taken=True)
        return Written(code, status, note=self.twins(target, code, known) if target.type.ordered else "")

    def leaving(self, address: Address) -> Address | None:
        """What bore the same name and was on its way out before the run: this one, or one elsewhere."""
        live = self.live.get(address)
        if live is not None:
            return address if live.leaving else None
        others = self.types.claims(
            (one for one, live in self.live.items() if live.leaving), self.types.sharing(address.kind)
        )
        return others.get(self.types.claim(address) or ())

    def is_held(self, target: Target) -> bool:
        """Whether what is on its way out beside it holds the name, of a kind of which the run read nothing."""
        key = self.types.key(target.type.kind, target.name, target.parent)
        claim = self.types.claim(Address(target.type.kind, key))
        beside = (self.types[kind] for kind in self.types.sharing(target.type.kind))
        listed = (self.writer.listed(replace(target, type=one)) for one in beside if one.parent == target.type.parent)
        return any(live.leaving and self.types.claim(live.address) == claim for lives in listed for live in lives)

    def beside(self, step: Step, target: Target) -> tuple[frozenset[str], Live | None]:
        """The ids of what is not the object that a step creates, and one that others created meanwhile."""
        known = {code} if (code := self.run.ids.of(step.address)) else set()
        if target.type.identity.unique:
            return frozenset(known), None
        known |= {live.remote_id for live in self.live.values() if live.address.kind == step.address.kind}
        if not (target.type.ordered or target.type.told or target.type.given):
            return frozenset(known), None
        # the server would take a second one of that name, so look once more before it is made: what is in a new parent
        # by itself was not there when the plan was
        there = self.writer.there(target)
        rival = next((one for one in self.writer.bearing(target, there) if one.remote_id not in known), None)
        return frozenset(known | {live.remote_id for live in there}), rival

    def tell(self, step: Step, target: Target, secrets: Mapping[str, Revealed], change: Change) -> Written:
        """Create what tells a secret, in the place of what is there where nobody may hold that one's."""
        try:
            with self.stores.opened(step.address) as store:
                return self.tell_into(store, step, target, secrets, change)
        except StoreError as error:
            raise QboxctlError(f"nothing was created: {error}") from None

    def tell_into(
        self, store: Store, step: Step, target: Target, secrets: Mapping[str, Revealed], change: Change
    ) -> Written:
        """Create it, and hand its secret over to a store that this run holds."""
        known = self.alone(step, target, store)
        deleted = self.make_room(step, target, store) if change.action is Action.UPDATE else ""
        anew, intend = replace(target, remote_id=""), self.intend(step)
        hand_over = HandOver(
            anew, step.address, change.action, known, store, self.writer, self.journal, intend, self.run.redact
        )
        fields = self.run.fields(step)
        with self.having(step, deleted) if deleted else nullcontext():
            try:
                made, note = hand_over.create(fields, secrets)
            except Refused as refused:
                if refused.already_exists and not self.writer.named(target):
                    queued = f"{deleted}, and its deletion is queued" if deleted else _LEAVING
                    return Written("", refused.status, taken=True, why=queued)
                raise
        hand_over.complete(made, fields, partial(self.now, step))
        twins = "" if target.type.identity.unique else self.twins(target, made.code, known)
        return Written(made.code, made.status, note="; ".join(filter(None, (note, twins))))

    def make_room(self, step: Step, target: Target, store: Store) -> str:
        """Delete what is to be made anew, and say so; where that fails, its store stays as it was."""
        try:
            self.look_inside(step.address, target)
            self.is_gone(step, target, self.writer.delete(target, self.intend(step)))
        except QboxctlError:
            store.give_up()
            raise
        return "it was deleted to be made anew"

    @contextmanager
    def having(self, step: Step, done: str) -> Iterator[None]:
        """Say with whatever goes wrong now what a step has ``done`` before."""
        try:
            yield
        except OutcomeUnknown as lost:
            raise OutcomeUnknown(f"{done}: {lost}", status=lost.status) from None
        except QboxctlError as error:
            why = explain(self.run, step, error) if isinstance(error, Refused) else str(error)
            raise QboxctlError(f"{done}, and that failed: {why}", hint="apply again") from None

    def alone(self, step: Step, target: Target, store: Store) -> frozenset[str]:
        """The ids of what is not the object that a step creates; raises QboxctlError where that is made already."""
        try:
            known, rival = self.beside(step, target)
        except QboxctlError as error:
            store.give_up()
            raise QboxctlError(f"nothing was created, since looking for it failed: {error}") from None
        if rival is not None:
            store.give_up()
            raise QboxctlError("somebody else made it meanwhile, and its secret is not in its store", hint="plan again")
        return known

    def twins(self, target: Target, code: str, known: Set[str]) -> str:
        """What to tell where another object of the name was made in the same instant: neither is undone.

        Whichever run looks last sees both.
        """
        try:
            made = [live for live in self.writer.named(target) if live.remote_id not in known]
        except QboxctlError:
            return ""  # reading it back will tell what is wrong
        ids = sorted((live.remote_id for live in made), key=_age)
        if len(ids) < 2 or code not in ids:
            return ""
        ids = [self.run.redact(one) for one in ids]
        return (
            f"another order of the same name was made at the same time: ids {' and '.join(ids)}; {ids[-1]} is the "
            f"younger; keep one of them with id: {ids[0]}"
        )

    def prove(self, step: Step) -> ProofAnswer | None:
        """Ask for the ownership proof (in a thread of the pool)."""
        try:
            return None if self.client.stop.is_set() else self.writer.prove(self.run.target(step), self.intend(step))
        except Refused as refused:
            raise understood(self.run, self.account, step, refused) from None

    def sends(self, step: Step) -> list[str]:
        """The secrets that a step sends: with the first step of a change, but for those that follow a creation."""
        change = self.run.change(step)
        if change is None:
            return []
        known = self.secrets.get(step.address, {})
        if change.action is Action.UPDATE:
            return sorted(known) if step.phase is Phase.FIRST else []
        late = self.late(step.address)
        return [name for name in sorted(known) if late.get(name, Step(step.address, Phase.CREATE)) == step]

    def late(self, address: Address) -> dict[str, Step]:
        """The secrets that go with a later step of a creation, which writes what guards them, each with that step."""
        type_, later = self.types[address.kind], self.run.graph.steps_of(address)[1:]
        return {name: step for step in later for name in diff.guarded(type_, self.run.fields(step))}

    def stand_ins(self, step: Step) -> Mapping[str, Revealed]:
        """What a creation carries in place of the secrets that only its second write can guard.

        The object gets a password that nobody knows. If the run ends before the real one is sent together with what
        guards it, nobody can open it with a first password that many may know; the next plan sees what is missing.
        """
        known = self.secrets.get(step.address, {})
        return dict.fromkeys(self.late(step.address).keys() & known.keys(), self.stand_in)

    def now(self, step: Step, name: str) -> Value:
        """The value of an attribute that a call must repeat: as the change's steps leave it so far, else as it is."""
        steps = (one for one in self.run.graph.steps_of(step.address) if one.phase <= step.phase)
        wanted = next((one.after for each in steps for one in self.run.fields(each) if one.name == name), None)
        if wanted is not None:
            return wanted
        type_, live = self.types[step.address.kind], self.live.get(step.address)
        one, lifecycle = type_.by_name[name], type_.lifecycle
        if one.holder and live is not None:  # others may have given it something since the plan was made
            held = held_now(self.account, one, live)
            for address, code in (held or {}).items():
                self.run.ids.know(address, code)
            return None if held is None else tuple(sorted(self.types.called(address) for address in held))
        value = value_of(type_, one, live, self.run.ids.keys()) if live is not None else MISSING
        if value is MISSING:
            return one.initial
        busy = name == lifecycle.attribute and value != lifecycle.disabled
        value = lifecycle.enabled if busy else value
        return self.labelled(step.address, value) if name == type_.identity.key else value

    def labelled(self, address: Address, shown: Value) -> Value:
        """The text that the files know an object by, where the server shows another form of it, or only its beginning.

        What it shows must not be sent back: it would be escaped or cut once more.
        """
        desired = self.run.configuration.objects.get(address)
        label = desired.label if desired is not None else ""
        if not label or not isinstance(shown, str):
            return shown
        form = folded(shown) == folded(label) and shown.casefold() != label.casefold()
        return label if form or may_be_cut(shown, label) else shown

    def anew(self, step: Step) -> list[FieldChange]:
        """All that an object is to have which is created again: what the change says, else what it has now."""
        names = [one.name for one in self.types[step.address.kind].fields if one.on_create]
        found = [FieldChange(name, None, self.now(step, name)) for name in names]
        return [one for one in found if one.after is not None]

    def intend(self, step: Step) -> Callable[[str], None]:
        """What records a request before it goes out."""
        change = self.run.change(step)
        action = change.action if change is not None else Action.UPDATE
        return lambda request: self.journal.record("intended", step.address, action, message=self.run.redact(request))


def _age(remote_id: str) -> tuple[int, str]:
    """Sorts ids by when they were given: they are numbers that count up."""
    return len(remote_id), remote_id
