"""Reading back what was written: which steps are looked at when, and what a look says of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Collection as Sized
from concurrent.futures import Executor, Future
from enum import Enum, auto

from qboxctl.api.reader import PER_PAGE, Account
from qboxctl.applying.loop import Loop
from qboxctl.applying.run import Run
from qboxctl.live.held import holding_now, what_may_be_held
from qboxctl.live.holding import recognise
from qboxctl.model import ALREADY, MISSING, Action, Address, Change, Collection, Live
from qboxctl.planning import diff
from qboxctl.planning.graph import Phase, Step
from qboxctl.schema.decoding import now_of
from qboxctl.schema.field import Field
from qboxctl.schema.formats import folded
from qboxctl.schema.labels import text_of
from qboxctl.schema.lifecycle import SETTLED
from qboxctl.schema.resource import ResourceType

BATCH = 400
"""After how many writes to one collection they are read back while others go on; twice as many each time after."""


class Look(Enum):
    """What reading back shows: in effect, in progress, waiting for the ownership proof, or not as it was sent."""

    GOOD = auto()
    PENDING = auto()
    UNPROVED = auto()
    WRONG = auto()


class Verifier:
    """Reads objects (in threads), and judges what was read."""

    def __init__(self, run: Run, account: Account) -> None:
        self.run, self.account = run, account

    def look(self, collection: Collection, steps: Sequence[Step]) -> dict[Address, Live]:
        """Read the objects of some steps, which are all in one collection."""
        run, type_ = self.run, self.run.types[collection.kind]
        wanted = {
            step.address: (
                run.ids.of(step.address),
                [type_.lifecycle.progress, *([] if self.deletes(step) else [one.name for one in run.fields(step)])],
            )
            for step in steps
        }
        pages = 1 + run.sizes[collection] // PER_PAGE
        if type_.holding:
            return self.look_at_holders(type_, steps, wanted, pages)
        return self.account.observe(type_, run.home(run.types.home(collection)), wanted, pages)

    def look_at_holders(
        self, type_: ResourceType, steps: Sequence[Step], wanted: Mapping[Address, tuple[str, Sized[str]]], pages: int
    ) -> dict[Address, Live]:
        """Read objects with what they hold, as that tells it; by that alone where no list shows them."""
        run, written = self.run, {one.name for step in steps for one in self.run.fields(step)}
        if type_.kind in self.account.silent and not self.account.rows(type_):  # though something was made
            self.account.unread.add(type_.kind)
        unread = type_.kind in self.account.unread
        lists = [one for one in type_.holding if one.name in written or unread]
        touched = {target for one in lists for target in self.touched(one, steps)}
        only = None if unread else {(target.kind, run.ids.of(target)) for target in touched}
        held = what_may_be_held(self.account, lists, only)
        if unread:
            objects = self.run.configuration.objects
            declared = [objects[one]._replace(pin=code) for one, (code, _) in wanted.items() if one in objects]
            found = dict(recognise(type_, declared, held.values(), held.keys(), sure=False).found)
        else:
            told = {one.name for one in type_.holding}
            own = {one: (code, [name for name in names if name not in told]) for one, (code, names) in wanted.items()}
            found = self.account.observe(type_, self.run.home(None), own, pages)
        return holding_now(self.account, found, held)

    def touched(self, one: Field, steps: Sequence[Step]) -> Iterator[Address]:
        """What some steps give to objects and take from them, by one of their lists, and what stays in it."""
        for step in steps:
            for each in self.run.fields(step):
                if each.name == one.name:
                    names = (*(each.before or ()), *(each.after or ()))
                    yield from self.run.types.referred(step.address, one.refers, names)

    def judge(self, step: Step, live: Live | None) -> tuple[Look, str]:
        """What a live object says of a step."""
        change, type_ = self.run.change(step), self.run.types[step.address.kind]
        if self.deletes(step):
            if live is None or not live.row:  # gone, or nobody can tell
                return Look.GOOD, ""
            if live.leaving:
                return Look.PENDING, "its deletion is queued"
            return Look.WRONG, self.left(step)
        if live is None or live.leaving:
            return (Look.GOOD, "") if self.is_idle(step) else (Look.WRONG, self.unseen(step))
        if type_.lifecycle.proves(live.status) and (change is None or not change.action.removes):
            return Look.UNPROVED, "it waits for its ownership proof"
        if live.status in type_.lifecycle.failed:
            return Look.WRONG, f"the last change of it failed on the server ({type_.lifecycle.row_name}: {live.status})"
        if live.detail != SETTLED:
            return Look.PENDING, f"it is {self.run.redact(live.detail)}"
        fields, codes, others = self.run.fields(step), self.run.ids.keys(), self.run.live_state.others
        wrong = diff.in_effect(type_, fields, live, codes, others, sent=True)
        if self.creates(step) and not type_.identity.unique:
            # it bears the id that its creation gave: it is the one, whatever the server calls it
            wrong = [one for one in wrong if one.name != type_.identity.key]
            if not wrong:
                return Look.GOOD, self.called(step, live)
        names = ", ".join(one.name for one in wrong)
        if wrong:
            return Look.WRONG, f"{names} did not take effect"
        notes = filter(None, (self.noted(step, live), self.pinned_anew(step, live)))
        return Look.GOOD, "; ".join(notes)

    def left(self, step: Step) -> str:
        """What to say of an object that was deleted and is still there."""
        request = self.run.target(step).deletion
        if request not in self.account.unheard:
            return "it is still there"
        return f"it is still there, and this API has no such call: {self.run.redact(request)}; delete it in the panel"

    def is_idle(self, step: Step) -> bool:
        """Whether an object is, or stays, disabled that looks like none once nothing is left in it."""
        type_, desired = self.run.types[step.address.kind], self.run.configuration.objects.get(step.address)
        after = {one.name: one.after for one in self.run.fields(step)}
        return any(type_.is_idle(*one) for one in {**(desired.values if desired else {}), **after}.items())

    def unseen(self, step: Step) -> str:
        """What to say of an object that is not there; a new one may be, where no list shows it and nothing its code."""
        identity = self.run.types[step.address.kind].identity
        unread = step.address.kind in self.account.unread and self.creates(step)
        if not identity.pin or not unread or self.run.ids.of(step.address):
            return "it is not there"
        pin = f"write {identity.pin}: CODE under it, as the panel shows it"
        return f"it is not there as far as this API tells, which has no list of these and told no code: {pin}"

    def pinned_anew(self, step: Step, live: Live) -> str:
        """What to write in the place of the pin of an object that was deleted and created again."""
        desired, type_ = self.run.configuration.objects.get(step.address), self.run.types[step.address.kind]
        if desired is None or not (desired.pin and type_.replaced) or live.remote_id == desired.pin:
            return ""
        code = self.run.redact(live.remote_id)
        return f"it was created again: write {type_.identity.pin}: {code} in the place of {desired.pin}"

    def noted(self, step: Step, live: Live) -> str:
        """What to tell of what the server made of the values that a step wrote, and of what it does not show."""
        type_ = self.run.types[step.address.kind]
        if type_.kind in self.account.unread and self.creates(step):
            shown = self.run.redact(live.remote_id)
            return f"this API lists no such objects: write {type_.identity.pin}: {shown} under it, to find it again"
        sent = {one.name: one.after for one in self.run.fields(step)} if type_.among else {}
        values = [(one, now_of(type_, one.name, live, {})) for one in type_.among if one.name in sent]
        notes = (one.type.noted(sent[one.name], now) for one, now in values if now is not MISSING)
        return self.run.redact("; ".join(filter(None, notes)))

    def deletes(self, step: Step) -> bool:
        """Whether a step deletes its object."""
        change = self.run.change(step)
        return change is not None and change.action is Action.DELETE

    def creates(self, step: Step) -> bool:
        """Whether a step makes its object."""
        change = self.run.change(step)
        if change is None:
            return False
        if change.action is Action.CREATE:
            return step.phase is Phase.CREATE
        return self.run.types[step.address.kind].remakes(change)

    def called(self, step: Step, live: Live) -> str:
        """What to tell of an object that the server calls otherwise than the files: how to find it again."""
        type_, name = self.run.types[step.address.kind], self.run.target(step).name
        text = text_of(live, type_.identity.key)
        if folded(text) == folded(name):
            return ""
        shown, code = self.run.redact(text), self.run.redact(live.remote_id)
        if not text:
            return f"the account does not tell its {type_.identity.key}: write id: {code} under it"
        return f"the server calls it {shown!r}: write that as its {type_.identity.key}, or id: {code}"

    def proof_of(self, step: Step, live: Live | None) -> str:
        """The record that proves the ownership, as far as the account tells it, "" where it does not."""
        proof = self.run.types[step.address.kind].lifecycle.proof
        host = live.row.get(proof.host) if live is not None and proof is not None else None
        name = self.run.types.name(step.address)
        return f"{self.run.redact(str(host))}.{name} (an A record)" if host else ""

    def standing(self, change: Change) -> str:
        """What to tell of a change that is in effect already, as far as the account shows it."""
        live = self.run.live_state.live.get(change.address)
        type_ = self.run.types[change.address.kind]
        names = diff.untold(type_, change.fields, live, self.run.ids.keys()) if live is not None else []
        doubt = f", but {' and '.join(names)} may never have been sent (--rotate sends it, and the secret, again)"
        return ALREADY + (doubt if names else "")


class ReadBack:
    """The steps whose requests are over, and whose effect has not been seen.

    They are looked at by one list for many steps of a collection: when no more writes to it are under way, or very many
    are over. ``seen`` is told what was read of each, and gives the seconds until it should be looked at again, None
    where it need not be; ``unseen`` is told of steps that could not be read.
    """

    def __init__(
        self,
        run: Run,
        verifier: Verifier,
        loop: Loop,
        pool: Executor,
        *,
        seen: Callable[[Step, Live | None], float | None],
        unseen: Callable[[Sequence[Step], BaseException], None],
    ) -> None:
        self.types, self.verifier, self.loop, self.pool = run.types, verifier, loop, pool
        self.seen, self.unseen = seen, unseen
        self.busy: dict[Collection, int] = defaultdict(int)
        self.unverified: dict[Collection, list[Step]] = defaultdict(list)
        self.looked: dict[Collection, int] = defaultdict(int)

    def begun(self, step: Step) -> None:
        """A step's requests are under way."""
        self.busy[self.collection(step)] += 1

    def ended(self, step: Step) -> None:
        """They are over."""
        self.busy[self.collection(step)] -= 1

    def add(self, step: Step) -> None:
        """A step is to be looked at, in its time."""
        self.unverified[self.collection(step)].append(step)

    def look_if_due(self, step: Step) -> None:
        """Look at the steps of a collection, where no more are to be expected soon, or there are enough of them."""
        collection = self.collection(step)
        waiting = len(self.unverified[collection])
        if waiting and (not self.busy[collection] or waiting >= max(BATCH, self.looked[collection])):
            self._look(collection)

    def again(self, steps: Sequence[Step], seconds: float) -> None:
        """Put steps back among those to be looked at, after a while."""
        self.loop.later(seconds, lambda: self._put_back(steps))

    def collection(self, step: Step) -> Collection:
        """The list that a step's object is in."""
        return self.types.collection(step.address)

    def _put_back(self, steps: Sequence[Step]) -> None:
        by_collection: dict[Collection, list[Step]] = defaultdict(list)
        for step in steps:
            by_collection[self.collection(step)].append(step)
        for collection, some in by_collection.items():
            self.unverified[collection] += some
            if not self.busy[collection]:
                self._look(collection)

    def _look(self, collection: Collection) -> None:
        steps, self.unverified[collection] = self.unverified[collection], []
        self.looked[collection] += len(steps)
        self.loop.submit(
            self.pool,
            lambda: self.verifier.look(collection, steps),
            lambda future: self._read(steps, future),
        )

    def _read(self, steps: Sequence[Step], future: Future[dict[Address, Live]]) -> None:
        error = future.exception()
        if error is not None:
            self.unseen(steps, error)
            return
        found: Mapping[Address, Live] = future.result()
        waits = [(step, self.seen(step, found.get(step.address))) for step in steps]
        again = {step: seconds for step, seconds in waits if seconds is not None}
        if again:
            self.again(list(again), max(again.values()))
