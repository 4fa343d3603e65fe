"""Runs the steps of a plan: as many writes at once as allowed, each read back, a failure stopping only its own.

One thread coordinates; a pool of threads writes and reads. A step is finished when its effect has been seen in
the account: by one list for many steps of a collection, when no more writes to it are under way, or very many are over.
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue

from qboxctl.api.writer import Proof
from qboxctl.applying.executor import Executor, Look, Written
from qboxctl.applying.pace import GRACE, Patience, State
from qboxctl.applying.stepwise import GOOD, Part, told
from qboxctl.errors import JournalError, OutcomeUnknown, QboxctlError, Refused
from qboxctl.model import INTERRUPTED, Action, Address, Change, Collection, Live, Outcome, Status
from qboxctl.planning.graph import GATE, Step
from qboxctl.schema.decoding import UNPROVED
from qboxctl.schema.resource import Phase

QUEUED_LOOKS = 3
"""How often a queued ownership check is looked at when nobody asked to wait for the outside."""
BATCH = 400
"""After how many writes to one collection they are read back while others go on; twice as many each time after."""
_WORST = (Status.UNKNOWN, Status.FAILED, Status.SKIPPED, Status.WAITING, Status.DONE, Status.IN_EFFECT)


class Scheduler:
    """One run of a plan's changes against an account that is as the plan saw it."""

    def __init__(
        self,
        executor: Executor,
        *,
        patience: Patience | None = None,
        report: Callable[[Outcome], None] | None = None,
        note: Callable[[str], None] | None = None,
        sent: Callable[[], None] | None = None,
    ) -> None:
        """``report`` is told each outcome, ``note`` what is worth saying meanwhile, ``sent`` of each step sent."""
        self.note = note or (lambda _text: None)
        self.sent = sent or (lambda: None)
        self.executor = executor
        self.types, self.changes, self.graph = executor.types, executor.changes, executor.graph
        self.clock, self.stop = executor.client.clock, executor.client.stop
        self.patience = patience or Patience()
        self.report = report
        self.states: dict[Step, State] = {}
        self.busy: dict[Collection, int] = defaultdict(int)
        self.unverified: dict[Collection, list[Step]] = defaultdict(list)
        self.seen: dict[Collection, int] = defaultdict(int)
        self.running: dict[Future[object], Callable[[Future[object]], None]] = {}
        self.over: SimpleQueue[Future[object]] = SimpleQueue()
        self.later: list[tuple[float, int, Callable[[], None]]] = []
        self.counter = itertools.count()
        self.finished: dict[Address, Outcome] = {}
        self.broken: Exception | None = None

    @property
    def total(self) -> int:
        """How many steps there are."""
        return sum(1 for step in self.graph.needs if step.address.kind != GATE)

    # The course of a run.

    def run(self, in_effect: Iterable[Change] = ()) -> dict[Address, Outcome]:
        """Run all steps; return the outcome of every change, by address. Raises JournalError at its end."""
        for change in in_effect:
            self.conclude(change, Status.IN_EFFECT, self.executor.standing(change), 0.0, None)
        self.prepare()
        workers = self.executor.client.api.concurrency
        writers = workers + workers // 2  # while some wait for an answer, others wait for the journal's disk
        with ThreadPoolExecutor(writers) as self.pool, ThreadPoolExecutor(workers) as self.readers:
            try:
                self.start()
                while self.running or self.later:
                    self.turn()
            except BaseException:
                self.stop.set()  # or the pool would send what waits in it, and nobody would look at what came of it
                raise
        self.note_down(self.executor.journal.flush)
        if self.broken:
            raise self.broken
        return self.finished

    def prepare(self) -> None:
        """Know what each step waits for; what is inside an object that is not ready waits for that."""
        more: dict[Step, set[Step]] = defaultdict(set)
        for address, change in self.changes.items():
            parent = self.unready_parent(change)
            if parent is not None:
                more[self.graph.steps_of(address)[0]].add(Step(parent.address, Phase.CREATE))
        self.needs = {step: {*waits, *more.get(step, ())} for step, waits in self.graph.needs.items()}
        self.sorter = self.graph.sorter(more)
        self.states = {step: State() for step in {*self.needs, *(gate for gates in more.values() for gate in gates)}}

    def start(self) -> None:
        """Start, or give up, whatever has nothing to wait for any more."""
        for step in self.sorter.get_ready():
            self.ready(step)

    def unready_parent(self, change: Change) -> Live | None:
        """The live object that a create is inside of, where that is not ready for it yet."""
        parent = self.types.parent(change.address)
        live = self.executor.live_state.live.get(parent) if parent is not None else None
        if change.action is not Action.CREATE or live is None or live.leaving:
            return None
        return live if live.detail != "ok" or live.status == UNPROVED else None

    def turn(self) -> None:
        """Wait for something to happen, and deal with it."""
        now = self.clock.monotonic()
        while self.later and (self.later[0][0] <= now or self.stop.is_set()):
            heapq.heappop(self.later)[2]()
        soon = min(0.2, max(0.0, self.later[0][0] - now)) if self.later else 0.2
        if not self.running:
            if self.later:
                self.clock.sleep(soon)
            return
        try:
            future = self.over.get(timeout=soon)
        except Empty:
            return
        self.running.pop(future)(future)

    def submit(
        self, pool: ThreadPoolExecutor, job: Callable[[], object], then: Callable[[Future[object]], None]
    ) -> None:
        """Start a job in a thread, and say what to do with its result."""
        future = pool.submit(job)
        self.running[future] = then
        future.add_done_callback(self.end)

    def end(self, future: Future[object]) -> None:
        """Hand a job that is over to the coordinator; after a fault of our own its thread starts no other one."""
        if not isinstance(future.exception(), QboxctlError | None):
            self.stop.set()
        self.over.put(future)

    def later_on(self, seconds: float, job: Callable[[], None]) -> None:
        """Do something after a while."""
        heapq.heappush(self.later, (self.clock.monotonic() + seconds, next(self.counter), job))

    # A step's life: ready, written, read back, finished.

    def ready(self, step: Step) -> None:
        """All that a step waits for is over: start it, or say why not."""
        state = self.states[step]
        if state.result is not None:
            return
        for needed in sorted(self.needs.get(step, ())):
            result = self.states[needed].result
            if result not in GOOD:
                if result is Status.SKIPPED and self.states[needed].message == self.why:
                    self.finish(step, Status.SKIPPED, self.why)
                    return
                waiting = result is Status.WAITING
                status = Status.WAITING if waiting else Status.SKIPPED
                silent = needed.address not in self.changes and self.states[needed].message
                why = f": {silent}" if silent else ""
                self.finish(step, status, f"{'waits for' if waiting else 'needs'} {needed.address}{why}")
                return
        if step.address.kind == GATE:
            self.finish(step, Status.DONE)
        elif self.stop.is_set():
            self.finish(step, Status.SKIPPED, self.why)
        else:
            self.busy[self.collection(step)] += 1
            self.submit(self.pool, lambda: self.write(step), lambda future: self.written(step, future))

    def write(self, step: Step) -> Written | None:
        """Send a step's requests, in a thread of the pool: how long they take is the step's own time."""
        begun = self.clock.monotonic()
        try:
            return self.executor.write(step)
        finally:
            self.states[step].took += self.clock.monotonic() - begun

    def written(self, step: Step, future: Future[object]) -> None:
        """A step's requests are over."""
        collection = self.collection(step)
        self.busy[collection] -= 1
        self.sent()
        error = future.exception()
        if error is None:
            done = future.result()
            if done is None:
                self.finish(step, Status.SKIPPED, self.why)
            elif isinstance(done, Written) and done.taken:
                self.wait_for_name(step)
            elif isinstance(done, Written):
                self.keep(step, done)
                self.unverified[collection].append(step)
        else:
            self.fail(step, error)
        waiting = len(self.unverified[collection])
        if waiting and (not self.busy[collection] or waiting >= max(BATCH, self.seen[collection])):
            self.read_back(collection)

    def keep(self, step: Step, done: Written) -> None:
        """Remember what a write brought back."""
        state = self.states[step]
        state.http_status, state.adopted, state.accepted = done.http_status, state.adopted or done.adopted, True
        state.notes += (done.note,)
        if done.remote_id:
            self.executor.know(step.address, done.remote_id)

    def wait_for_name(self, step: Step) -> None:
        """The object's name is still held by one whose deletion is queued: try again, for a while."""
        state = self.states[step]
        if self.may_wait(state):
            state.look_again(self.clock.monotonic())
            self.later_on(state.interval(), lambda: self.ready(step))
        else:
            self.finish(step, Status.WAITING, "an object of this name is still being deleted")

    def read_back(self, collection: Collection) -> None:
        """Look at all steps of a collection whose requests are over."""
        steps, self.unverified[collection] = self.unverified[collection], []
        self.seen[collection] += len(steps)
        self.submit(
            self.readers, lambda: self.executor.look(collection, steps), lambda future: self.looked(steps, future)
        )

    def looked(self, steps: Sequence[Step], future: Future[object]) -> None:
        """Judge what was read."""
        error = future.exception()
        if error is not None and not isinstance(error, QboxctlError):
            self.break_off(error)
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
            if live is not None and not live.leaving:
                self.executor.know(step.address, live.remote_id)
                self.states[step].seen = True
            look, message = self.executor.judge(step, live)
            self.settle(step, look, message, live, again)
        if again:
            slowest = max(self.states[step].interval() for step in again)
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

    def settle(self, step: Step, look: Look, message: str, live: Live | None, again: list[Step]) -> None:
        """Finish a step, or look again later."""
        state = self.states[step]
        match look:
            case Look.GOOD:
                state.notes += (message,)
                self.finish(step, Status.IN_EFFECT if state.adopted else Status.DONE)
            case Look.UNPROVED:
                self.submit(
                    self.pool, lambda: self.executor.prove(step), lambda future: self.proved(step, live, future)
                )
            case Look.PENDING if self.may_wait(state):
                state.look_again(self.clock.monotonic())
                again.append(step)
            case Look.PENDING:
                self.finish(step, Status.WAITING, message)
            case Look.WRONG if not state.adopted and state.looks < len(GRACE) and not self.stop.is_set():
                state.look_again(self.clock.monotonic())
                again.append(step)
            case Look.WRONG:
                theirs = step.address in self.executor.adopted
                why = "somebody else made it meanwhile: " if theirs else "accepted but not effective: "
                self.finish(step, Status.FAILED, why + message)

    def proved(self, step: Step, live: Live | None, future: Future[object]) -> None:
        """Go on after an ownership check: to the activation, to another check, or to the report."""
        state = self.states[step]
        error = future.exception()
        if error is not None:
            self.fail(step, error, "waits for its ownership proof: ")
            return
        proof = future.result()
        if proof is None:
            known = f"publish {state.record}" if state.record else "interrupted before it was asked for"
            self.finish(step, Status.WAITING, f"waits for its ownership proof: {known}")
            return
        verified = proof.verified if isinstance(proof, Proof) else False
        if isinstance(proof, Proof) and proof.record:
            state.record = self.executor.told(proof.record)
        state.proofs += 1
        looks = QUEUED_LOOKS if verified is None else len(GRACE) + QUEUED_LOOKS if verified else 0
        if state.record and not verified and state.proofs == 1 and self.patience.outside:
            self.note(f"{step.address} waits for its ownership proof: publish {state.record}")
        if self.may_wait(state, outside=True) or (state.proofs <= looks and not self.stop.is_set()):
            at_once = verified and state.proofs == 1  # most servers have it in effect with the answer
            self.later_on(0.0 if at_once else state.interval(), lambda: self.look_again([step]))
            state.look_again(self.clock.monotonic())
            return
        host = self.executor.told(str(live.row.get("possession_a_record") or "")) if live is not None else ""
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
        change = self.changes.get(step.address)
        if change is not None:
            steps = self.graph.steps_of(step.address)
            if all(self.states[one].result is not None for one in steps):
                self.sum_up(change, steps)
        self.sorter.done(step)
        self.start()

    def sum_up(self, change: Change, steps: Sequence[Step]) -> None:
        """A change is over when all its steps are: the worst of them is its status, each of them is told."""
        states = [self.states[step] for step in steps]
        worst = min(states, key=lambda state: _WORST.index(state.result or Status.DONE))
        now = self.clock.monotonic()
        waited = max((now - state.waits_since for state in states if state.waits_since), default=0.0)
        seconds = sum(state.took for state in states) + waited
        message = told([self.part(change, step) for step in steps]) if len(steps) > 1 or worst.message else None
        notes = dict.fromkeys(note for state in states for note in state.notes)
        message = "; ".join(filter(None, (message, *notes))) or None
        self.conclude(change, worst.result or Status.DONE, message, seconds, worst.http_status)

    def part(self, change: Change, step: Step) -> Part:
        """What became of one step of a change."""
        state = self.states[step]
        return Part(
            step.phase is Phase.CREATE and change.action is Action.CREATE,
            state.result or Status.DONE,
            state.message,
            [one.name for one in self.graph.work[step]],
            self.executor.sends(step),
            self.executor.taken.get(step, frozenset()),
            state.accepted,
            state.refused,
            state.seen and not state.adopted,
        )

    def conclude(
        self, change: Change, status: Status, message: str | None, seconds: float, http_status: int | None
    ) -> None:
        """A change is over: journal it, and tell."""
        outcome = Outcome(change.address, change.action, status, message, round(max(seconds, 0.0), 3))
        self.finished[change.address] = outcome
        record = partial(self.executor.journal.record, status.value, change.address, change.action)
        self.note_down(partial(record, http_status=http_status, message=message, flush=False))
        if self.report:
            self.report(outcome)

    def note_down(self, record: Callable[[], None]) -> None:
        """Write to the journal from the coordinating thread."""
        try:
            record()
        except JournalError as failure:
            self.break_off(failure)

    def fail(self, step: Step, error: BaseException, left: str = "") -> None:
        """A step's requests went wrong; ``left`` says of what was to come of them."""
        match error:
            case JournalError():
                self.break_off(error)
                self.finish(step, Status.SKIPPED, str(error))
            case OutcomeUnknown():
                self.states[step].http_status = error.status
                self.finish(step, Status.UNKNOWN, f"{left}nobody knows whether it was done: {error}")
            case Refused():
                self.states[step].http_status, self.states[step].refused = error.status, True
                self.finish(step, Status.FAILED, left + self.executor.explain(step, error))
            case QboxctlError():
                self.finish(step, Status.FAILED, f"{left}{error}")
            case _:
                self.break_off(error)
                self.finish(step, Status.UNKNOWN, f"{left}nobody knows whether it was done: {self.why}")

    def break_off(self, error: BaseException) -> None:
        """Without a journal nothing may be sent any more, nor after a fault of our own."""
        self.broken = self.broken or (error if isinstance(error, Exception) else RuntimeError(repr(error)))
        self.stop.set()

    # Small questions.

    def collection(self, step: Step) -> Collection:
        """The list that a step's object is in."""
        return self.types.collection(step.address)

    @property
    def why(self) -> str:
        """Why nothing new is started, where that is so."""
        if self.broken is None:
            return INTERRUPTED
        ours = not isinstance(self.broken, QboxctlError)
        return self.executor.told(f"a fault in qboxctl: {self.broken!r}" if ours else str(self.broken))

    def may_wait(self, state: State, *, outside: bool = False) -> bool:
        """Whether a step may go on waiting."""
        return not self.stop.is_set() and state.may_wait(self.clock.monotonic(), self.patience, outside=outside)
