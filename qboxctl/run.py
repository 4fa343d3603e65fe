"""Runs the steps of a plan: as many writes at once as allowed, each read back, a failure stopping only its own.

One thread coordinates; a pool of threads writes and reads. A step is finished when its effect has been seen in
the account: by one list for all steps of a collection, once no more writes to that collection are under way.
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import Enum, auto
from urllib.parse import quote

from qboxctl import diff
from qboxctl.client import Client
from qboxctl.definition import Phase, ResourceType
from qboxctl.errors import JournalError, OutcomeUnknown, QboxctlError, Refused
from qboxctl.graph import GATE, Graph, Step, order
from qboxctl.journal import Journal
from qboxctl.load import Wish
from qboxctl.model import MISSING, Action, Address, Change, Collection, Live, Outcome, Snapshot, Status, Value
from qboxctl.remote import DETAIL, PER_PAGE, Account
from qboxctl.write import Proof, Target, Writer

GRACE = (0.2, 0.5, 1.0)
"""Seconds between looks at a write that was accepted and is not in effect yet."""
QUEUED_LOOKS = 3
"""How often a queued ownership check is looked at when nobody asked to wait for the outside."""
_GOOD = (Status.DONE, Status.IN_EFFECT)
_WORST = (Status.UNKNOWN, Status.FAILED, Status.SKIPPED, Status.WAITING, Status.DONE, Status.IN_EFFECT)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: for what the server finishes by itself, and for the outside (0: not)."""

    server: float = 120.0
    outside: float = 0.0


class _Look(Enum):
    """What reading a step back shows."""

    GOOD = auto()
    PENDING = auto()
    UNPROVED = auto()
    WRONG = auto()


@dataclass(slots=True)
class _State:
    """Where a step is."""

    change: Change | None
    blockers: int
    remote_id: str = ""
    started: float = 0.0
    deadlines: dict[bool, float] = field(default_factory=dict)
    looks: int = 0
    proofs: int = 0
    adopted: bool = False
    http_status: int | None = None
    record: str = ""
    result: Status | None = None
    message: str | None = None


@dataclass(slots=True)
class _Written:
    """What a write job brings back."""

    remote_id: str = ""
    http_status: int | None = None
    adopted: bool = False
    taken: bool = False


class Run:
    """One run of a plan's changes against an account that is as the plan saw it."""

    def __init__(
        self,
        changes: Sequence[Change],
        *,
        types: Mapping[str, ResourceType],
        wish: Wish,
        snapshot: Snapshot,
        client: Client,
        account: Account,
        journal: Journal,
        secrets: Mapping[Address, Mapping[str, str]],
        patience: Patience | None = None,
        report: Callable[[Outcome], None] | None = None,
    ) -> None:
        self.types, self.wish, self.snapshot = types, wish, snapshot
        self.client, self.account, self.journal = client, account, journal
        self.clock, self.stop = client.clock, client.stop
        self.secrets = secrets
        self.patience = patience or Patience()
        self.report = report
        self.changes = {change.address: change for change in changes}
        self.graph: Graph = order(changes, types)
        self.keys = {kind: dict(known) for kind, known in snapshot.codes.items()}
        self.codes = {kind: {key: code for code, key in known.items()} for kind, known in snapshot.codes.items()}
        self.ids = {address: live.remote_id for address, live in snapshot.live.items() if not live.leaving}
        self.sizes = _sizes(snapshot, types)
        self.writer = Writer(client, account, wish.settings.customer_code, self.code_of)
        self.states: dict[Step, _State] = {}
        self.dependents: dict[Step, list[Step]] = defaultdict(list)
        self.busy: dict[Collection, int] = defaultdict(int)
        self.unverified: dict[Collection, list[Step]] = defaultdict(list)
        self.running: dict[Future[object], Callable[[Future[object]], None]] = {}
        self.later: list[tuple[float, int, Callable[[], None]]] = []
        self.counter = itertools.count()
        self.finished: dict[Address, Outcome] = {}
        self.broken: JournalError | None = None

    # The course of a run.

    def run(self, in_effect: Iterable[Change] = ()) -> dict[Address, Outcome]:
        """Run all steps; the outcome of every change, by address. Raises JournalError at its end."""
        for change in in_effect:
            self.conclude(change, Status.IN_EFFECT, "already in effect", 0.0, None)
        self.prepare()
        workers = self.client.api.concurrency
        with ThreadPoolExecutor(workers) as self.pool, ThreadPoolExecutor(workers) as self.readers:
            for step in [step for step, state in self.states.items() if not state.blockers]:
                self.ready(step)
            while self.running or self.later:
                self.turn()
        if self.broken:
            raise self.broken
        return self.finished

    def prepare(self) -> None:
        """Know what each step waits for; what is inside an object that is not ready waits for that."""
        needs = {step: set(waits) for step, waits in self.graph.needs.items()}
        for address, change in self.changes.items():
            parent = self.unready_parent(change)
            if parent is not None:
                gate = Step(parent.address, Phase.CREATE)
                if gate not in needs:
                    needs[gate] = set()
                needs[self.graph.steps_of(address)[0]].add(gate)
        self.needs = needs
        for step, needed in needs.items():
            waits = needed | self.graph.after.get(step, frozenset())
            self.states[step] = _State(self.changes.get(step.address), len(waits), self.ids.get(step.address, ""))
            for other in waits:
                self.dependents[other].append(step)

    def unready_parent(self, change: Change) -> Live | None:
        """The live object that a create is inside of, where that is not ready for it yet."""
        type_ = self.types[change.address.kind]
        parent = Address(type_.parent, type_.parent_of(change.address.key))
        live = self.snapshot.live.get(parent)
        if change.action is not Action.CREATE or live is None or live.leaving:
            return None
        return live if live.detail != "ok" or live.status == diff.UNPROVED else None

    def turn(self) -> None:
        """Wait for something to happen, and deal with it."""
        now = self.clock.monotonic()
        while self.later and (self.later[0][0] <= now or self.stop.is_set()):
            heapq.heappop(self.later)[2]()
        if not self.running:
            if self.later:
                self.clock.sleep(min(0.2, max(0.0, self.later[0][0] - now)))
            return
        timeout = min(0.2, max(0.0, self.later[0][0] - now)) if self.later else 0.2
        done, _ = wait(self.running, timeout=timeout, return_when=FIRST_COMPLETED)
        for future in done:
            self.running.pop(future)(future)

    def submit(
        self, pool: ThreadPoolExecutor, job: Callable[[], object], then: Callable[[Future[object]], None]
    ) -> None:
        """Start a job in a thread, and say what to do with its result."""
        self.running[pool.submit(job)] = then

    def later_on(self, seconds: float, job: Callable[[], None]) -> None:
        """Do something after a while."""
        heapq.heappush(self.later, (self.clock.monotonic() + seconds, next(self.counter), job))

    # A step's life: ready, written, read back, finished.

    def ready(self, step: Step) -> None:
        """All that a step waits for is over: start it, or say why not."""
        state = self.states[step]
        if state.result is not None:
            return
        for needed in sorted(self.needs[step]):
            result = self.states[needed].result
            if result not in _GOOD:
                waiting = result is Status.WAITING
                status = Status.WAITING if waiting else Status.SKIPPED
                silent = self.states[needed].change is None and self.states[needed].message
                why = f": {silent}" if silent else ""
                self.finish(step, status, f"{'waits for' if waiting else 'needs'} {needed.address}{why}")
                return
        if step.address.kind == GATE:
            self.finish(step, Status.DONE)
        elif self.stop.is_set():
            self.finish(step, Status.SKIPPED, "interrupted" if not self.broken else str(self.broken))
        else:
            state.started = self.clock.monotonic()
            self.busy[self.collection(step)] += 1
            self.submit(self.pool, lambda: self.write(step), lambda future: self.written(step, future))

    def write(self, step: Step) -> _Written | None:
        """Send a step's requests (in a thread of the pool); None where nothing was started any more."""
        change = self.states[step].change
        if self.stop.is_set():
            return None
        target = self.target(step)
        if change is None or (step.phase is Phase.CREATE and change.action is Action.UPDATE):
            return _Written(target.remote_id)
        secrets = self.secrets_of(step)
        if step.phase is Phase.CREATE:
            return self.create(step, target, secrets)
        if change.action is Action.DELETE:
            self.look_inside(target)
            return _Written(target.remote_id, self.writer.delete(target, self.intend(step)))
        fields = self.graph.work[step]
        done = self.writer.update(target, fields, secrets, lambda name: self.now(change, name), self.intend(step))
        return _Written(target.remote_id, done)

    def look_inside(self, target: Target) -> None:
        """Refuse to delete what holds something after all: somebody may have put it there a moment ago."""
        for type_ in self.types.values():
            if type_.parent == target.type.kind:
                path = type_.collection.format(parent=quote(target.remote_id, safe=""))
                rows = self.account.rows(path, type_.list_query, type_.id, None)
                lives = [self.account.live(type_, row, target.name) for row in rows]
                inside = [str(live.address) for live in lives if live is not None and not live.leaving]
                if inside:
                    raise QboxctlError(f"it was not deleted, since it holds {', '.join(inside[:3])} now")

    def create(self, step: Step, target: Target, secrets: Mapping[str, str]) -> _Written:
        """Create an object; one that somebody else created meanwhile is looked at before it is called a failure."""
        known = {self.ids[step.address]} if step.address in self.ids else set()
        if not target.type.unique:
            known |= {live.remote_id for live in self.snapshot.live.values() if live.address.kind == step.address.kind}
        try:
            code, status = self.writer.create(
                target, self.graph.work[step], secrets, frozenset(known), self.intend(step)
            )
        except Refused as refused:
            if not refused.already_exists or not target.type.unique:
                raise
            found = self.writer.named(target)
            if found:
                return _Written(found[0].remote_id, refused.status, adopted=True)
            leaving = self.snapshot.live.get(step.address)
            if leaving is None or not leaving.leaving:
                raise
            return _Written("", refused.status, taken=True)
        return _Written(code, status)

    def written(self, step: Step, future: Future[object]) -> None:
        """A step's requests are over."""
        collection = self.collection(step)
        self.busy[collection] -= 1
        error = future.exception()
        if error is None:
            done = future.result()
            if done is None:
                self.finish(step, Status.SKIPPED, "interrupted" if not self.broken else str(self.broken))
            elif isinstance(done, _Written) and done.taken:
                self.wait_for_name(step)
            elif isinstance(done, _Written):
                self.keep_id(step, done)
                self.unverified[collection].append(step)
        else:
            self.fail(step, error)
        if self.unverified[collection] and not self.busy[collection]:
            self.read_back(collection)

    def keep_id(self, step: Step, done: _Written) -> None:
        """Remember what a write brought back."""
        state = self.states[step]
        state.remote_id = done.remote_id or state.remote_id
        state.http_status, state.adopted = done.http_status, state.adopted or done.adopted
        if state.remote_id:
            self.know(step.address, state.remote_id)

    def know(self, address: Address, code: str) -> None:
        """Remember an object's code for what refers to it or is inside it."""
        self.ids[address] = code
        if address.kind in self.codes:
            self.codes[address.kind][address.key] = code
            self.keys[address.kind][code] = address.key

    def wait_for_name(self, step: Step) -> None:
        """The object's name is still held by one whose deletion is queued: try again, for a while."""
        state = self.states[step]
        if self.may_wait(state):
            state.looks += 1
            self.later_on(self.interval(state), lambda: self.ready(step))
        else:
            self.finish(step, Status.WAITING, "an object of this name is still being deleted")

    def read_back(self, collection: Collection) -> None:
        """Look at all steps of a collection whose requests are over."""
        steps, self.unverified[collection] = self.unverified[collection], []
        self.submit(self.readers, lambda: self.look(collection, steps), lambda future: self.looked(steps, future))

    def look(self, collection: Collection, steps: Sequence[Step]) -> dict[Address, Live]:
        """Read the steps' objects (in a thread of the pool)."""
        type_ = self.types[collection.kind]
        parent = Address(type_.parent, collection.parent) if type_.parent else None
        parent_id = self.ids.get(parent, "") if parent else ""
        wanted = {
            step.address: (self.states[step].remote_id, [DETAIL, *(one.name for one in self.graph.work.get(step, ()))])
            for step in steps
        }
        return self.account.observe(type_, parent, parent_id, wanted, 1 + self.sizes[collection] // PER_PAGE)

    def looked(self, steps: Sequence[Step], future: Future[object]) -> None:
        """Judge what was read."""
        error = future.exception()
        if error is not None and not isinstance(error, QboxctlError):
            raise error
        if error is not None:
            for step in steps:
                self.finish(step, Status.UNKNOWN, f"it was sent, and reading it back failed: {error}")
            return
        found = future.result()
        if not isinstance(found, dict):
            raise TypeError(found)
        again: list[Step] = []
        for step in steps:
            live = found.get(step.address)
            look, message = self.judge(step, live)
            self.settle(step, look, message, live, again)
        if again:
            slowest = max(self.interval(self.states[step]) for step in again)
            self.later_on(slowest, lambda: self.look_again(again))

    def look_again(self, steps: Sequence[Step]) -> None:
        """Put steps back among those to be read."""
        by_collection: dict[Collection, list[Step]] = defaultdict(list)
        for step in steps:
            by_collection[self.collection(step)].append(step)
        for collection, some in by_collection.items():
            self.unverified[collection] += some
            if not self.busy[collection]:
                self.read_back(collection)

    def judge(self, step: Step, live: Live | None) -> tuple[_Look, str]:
        """What a live object says of a step."""
        change, type_ = self.states[step].change, self.types[step.address.kind]
        if change is not None and change.action is Action.DELETE:
            if live is None:
                return _Look.GOOD, ""
            return (_Look.PENDING, "its deletion is queued") if live.leaving else (_Look.WRONG, "it is still there")
        if live is None or live.leaving:
            return _Look.WRONG, "it is not there"
        self.know(step.address, live.remote_id)
        self.states[step].remote_id = live.remote_id
        if type_.proof and live.status == diff.UNPROVED and (change is None or not change.action.removes):
            return _Look.UNPROVED, f"{live.row.get('possession_a_record') or ''}"
        if live.detail != "ok":
            return _Look.PENDING, f"it is {live.detail}"
        wrong = diff.in_effect(type_, self.graph.work.get(step, ()), live, self.keys)
        names = ", ".join(one.name for one in wrong)
        return (_Look.WRONG, f"{names} did not take effect") if wrong else (_Look.GOOD, "")

    def settle(self, step: Step, look: _Look, message: str, live: Live | None, again: list[Step]) -> None:
        """Finish a step, or look again later."""
        state = self.states[step]
        match look:
            case _Look.GOOD:
                self.finish(step, Status.IN_EFFECT if state.adopted else Status.DONE)
            case _Look.UNPROVED:
                self.submit(self.pool, lambda: self.prove(step), lambda future: self.proved(step, live, future))
            case _Look.PENDING if self.may_wait(state):
                state.looks += 1
                again.append(step)
            case _Look.PENDING:
                self.finish(step, Status.WAITING, message)
            case _Look.WRONG if not state.adopted and state.looks < len(GRACE) and not self.stop.is_set():
                state.looks += 1
                again.append(step)
            case _Look.WRONG:
                why = "somebody else made it meanwhile: " if state.adopted else "accepted but not effective: "
                self.finish(step, Status.FAILED, why + message)

    def prove(self, step: Step) -> Proof | None:
        """Ask for the ownership proof (in a thread of the pool)."""
        return None if self.stop.is_set() else self.writer.prove(self.target(step), self.intend(step))

    def proved(self, step: Step, live: Live | None, future: Future[object]) -> None:
        """Go on after an ownership check: to the activation, to another check, or to the report."""
        state = self.states[step]
        error = future.exception()
        if error is not None:
            self.fail(step, error)
            return
        proof = future.result()
        verified = proof.verified if isinstance(proof, Proof) else False
        if isinstance(proof, Proof) and proof.record:
            state.record = self.client.redact(proof.record)
        state.proofs += 1
        looks = QUEUED_LOOKS if verified is None else len(GRACE) + QUEUED_LOOKS if verified else 0
        if self.may_wait(state, outside=True) or (state.proofs <= looks and not self.stop.is_set()):
            self.later_on(self.interval(state), lambda: self.look_again([step]))
            state.looks += 1
            return
        host = self.client.redact(str(live.row.get("possession_a_record") or "")) if live is not None else ""
        record = state.record or (
            f"{host}.{step.address.key} (an A record)" if host else "the record that the panel shows"
        )
        self.finish(step, Status.WAITING, f"waits for its ownership proof: publish {record}")

    def finish(self, step: Step, status: Status, message: str | None = None) -> None:
        """A step is over, well or not; go on with what waits for it."""
        state = self.states[step]
        if state.result is not None:
            return
        state.result, state.message = status, message
        change = state.change
        if change is not None:
            steps = self.graph.steps_of(step.address)
            if all(self.states[one].result is not None for one in steps):
                self.sum_up(change, steps)
        for other in self.dependents[step]:
            self.states[other].blockers -= 1
            if not self.states[other].blockers:
                self.ready(other)

    def sum_up(self, change: Change, steps: Sequence[Step]) -> None:
        """A change is over when all its steps are: the worst of them tells."""
        states = [self.states[step] for step in steps]
        worst = min(states, key=lambda state: _WORST.index(state.result or Status.DONE))
        started = [state.started for state in states if state.started]
        seconds = self.clock.monotonic() - min(started) if started else 0.0
        self.conclude(change, worst.result or Status.DONE, worst.message, seconds, worst.http_status)

    def conclude(
        self, change: Change, status: Status, message: str | None, seconds: float, http_status: int | None
    ) -> None:
        """A change is over: journal it, and tell."""
        outcome = Outcome(change.address, change.action, status, message, round(max(seconds, 0.0), 3))
        self.finished[change.address] = outcome
        try:
            self.journal.record(status.value, change.address, change.action, http_status=http_status, message=message)
        except JournalError as failure:
            self.break_off(failure)
        if self.report:
            self.report(outcome)

    def fail(self, step: Step, error: BaseException) -> None:
        """A step's requests went wrong."""
        match error:
            case JournalError():
                self.break_off(error)
                self.finish(step, Status.SKIPPED, str(error))
            case OutcomeUnknown():
                self.states[step].http_status = error.status
                self.finish(step, Status.UNKNOWN, f"nobody knows whether it was done: {error}")
            case Refused():
                self.states[step].http_status = error.status
                self.finish(step, Status.FAILED, self.explain(step, error))
            case QboxctlError():
                self.finish(step, Status.FAILED, str(error))
            case _:
                raise error

    def break_off(self, error: JournalError) -> None:
        """Without a journal nothing may be sent any more."""
        self.broken = self.broken or error
        self.stop.set()

    def explain(self, step: Step, refused: Refused) -> str:
        """A refusal, with the places in the files that it is about."""
        desired = self.wish.objects.get(step.address)
        type_ = self.types[step.address.kind]
        names = {one.wire: one.name for one in type_.fields}
        places = [
            f"{row.field}: {self.wish.position(desired.where, names[row.field])}"
            for row in refused.fields
            if desired is not None and row.field in names
        ]
        text = f"{refused} ({', '.join(places)})" if places else str(refused)
        if refused.status == 403 and step.phase is Phase.CREATE and type_.billed:
            text += (
                "; in production this may mean that there is no billing profile yet: place the first order in the panel"
            )
        elif refused.already_exists and type_.owned:
            text += "; the name is taken, perhaps by another customer"
        return text

    # Small questions.

    def collection(self, step: Step) -> Collection:
        """The list that a step's object is in."""
        return Collection(step.address.kind, self.types[step.address.kind].parent_of(step.address.key))

    def target(self, step: Step) -> Target:
        """The object that a step is about."""
        type_ = self.types[step.address.kind]
        parent = type_.parent_of(step.address.key)
        name = type_.name_of(step.address.key)
        desired = self.wish.objects.get(step.address)
        if not type_.unique and desired is not None:
            name = desired.label
        code = self.states[step].remote_id or self.ids.get(step.address, "")
        return Target(type_, name, code, parent, self.ids.get(Address(type_.parent, parent), ""))

    def secrets_of(self, step: Step) -> Mapping[str, str]:
        """The secrets that a step sends: all at creation, else with the first step of the change."""
        change = self.states[step].change
        first = change is not None and step.phase is (Phase.CREATE if change.action is Action.CREATE else Phase.FIRST)
        return self.secrets.get(step.address, {}) if first else {}

    def now(self, change: Change, name: str) -> Value:
        """The value of an attribute that a call must repeat: as the change leaves it, else as it is."""
        wanted = next((one.after for one in change.fields if one.name == name), None)
        if wanted is not None:
            return wanted
        one, live = self.types[change.address.kind].by_name[name], self.snapshot.live.get(change.address)
        value = diff.value_of(one, live, self.keys) if live is not None else MISSING
        return one.initial if value is MISSING or (one.call == "status" and value != "disabled") else value

    def code_of(self, kind: str, key: str) -> str:
        """The code of an object that a value refers to; raises QboxctlError where it is not there."""
        code = self.codes.get(kind, {}).get(key)
        if code is None:
            raise QboxctlError(f"{kind}/{key} is not there")
        return code

    def intend(self, step: Step) -> Callable[[str], None]:
        """What records a request before it goes out."""
        change = self.states[step].change
        action = change.action if change is not None else Action.UPDATE
        return lambda request: self.journal.record("intended", step.address, action, message=request)

    def may_wait(self, state: _State, *, outside: bool = False) -> bool:
        """Whether a step may go on waiting; the time runs from the first question."""
        if self.stop.is_set():
            return False
        now = self.clock.monotonic()
        seconds = self.patience.outside if outside else self.patience.server
        return now < state.deadlines.setdefault(outside, now + seconds)

    def interval(self, state: _State) -> float:
        """Seconds until the next look."""
        return GRACE[state.looks] if state.looks < len(GRACE) else min(5.0, 1.0 * 1.3 ** (state.looks - len(GRACE)))


def _sizes(snapshot: Snapshot, types: Mapping[str, ResourceType]) -> dict[Collection, int]:
    sizes: dict[Collection, int] = defaultdict(int)
    for address in snapshot.live:
        sizes[Collection(address.kind, types[address.kind].parent_of(address.key))] += 1
    for collection, total in snapshot.totals.items():
        sizes[collection] = max(sizes[collection], total)
    return sizes
