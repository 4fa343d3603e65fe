"""Which step may start, and the life of each: written, read back, finished; a failure stops only its own.

One thread coordinates (see ``qboxctl.applying.loop``); a pool of threads writes, another one reads. A step is finished
when its effect has been seen in the account (see ``qboxctl.applying.verification``).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from qboxctl.api.entries import Sent
from qboxctl.api.rate import Clock
from qboxctl.api.writer import ProofAnswer
from qboxctl.applying.executor import Executor, Written
from qboxctl.applying.journal import Journal
from qboxctl.applying.loop import Loop
from qboxctl.applying.pace import GRACE, Patience, State
from qboxctl.applying.refusals import explain
from qboxctl.applying.run import Run
from qboxctl.applying.stepwise import GOOD, Part, told
from qboxctl.applying.verification import Look, ReadBack, Verifier
from qboxctl.errors import JournalError, OutcomeUnknown, QboxctlError, Refused
from qboxctl.model import INTERRUPTED, Action, Address, Change, Live, Outcome, Status
from qboxctl.planning.graph import GATE, Phase, Step

QUEUED_LOOKS = 3
"""How often a queued ownership check is looked at when nobody asked to wait for the outside."""
MOST_HALF_MADE = 100
"""So many objects may be half made at the same time, or as many as are whole already."""
_WORST = (Status.UNKNOWN, Status.FAILED, Status.SKIPPED, Status.WAITING, Status.DONE, Status.IN_EFFECT)


class Scheduler:
    """Runs a plan's changes against an account that is as the plan saw it."""

    def __init__(
        self,
        run: Run,
        executor: Executor,
        verifier: Verifier,
        journal: Journal,
        *,
        clock: Clock,
        stop: threading.Event,
        concurrency: int,
        patience: Patience,
        report: Callable[[Outcome], None],
        note: Callable[[str], None],
        sent: Callable[[], None],
    ) -> None:
        """``report`` is told each outcome, ``note`` what is worth saying meanwhile, ``sent`` of each step sent."""
        self.changes, self.graph, self.ids, self.redact = run.changes, run.graph, run.ids, run.redact
        self.executor, self.verifier, self.journal = executor, verifier, journal
        self.clock, self.stop, self.patience = clock, stop, patience
        self.report, self.note, self.sent = self.telling(report), self.telling(note), self.telling(sent)
        writers = concurrency + concurrency // 2  # while some wait for an answer, others wait for the journal's disk
        self.writers, self.readers = ThreadPoolExecutor(writers), ThreadPoolExecutor(concurrency)
        self.loop = Loop(clock, stop, QboxctlError)
        self.read_back = ReadBack(run, verifier, self.loop, self.readers, seen=self.seen, unseen=self.unseen)
        gates = run.gates()
        self.needs = {step: {*waits, *gates.get(step, ())} for step, waits in self.graph.needs.items()}
        self.sorter = self.graph.sorter(gates)
        self.states = {step: State() for step in {*self.needs, *(gate for some in gates.values() for gate in some)}}
        self.finished: dict[Address, Outcome] = {}
        self.half: set[Address] = set()
        self.held: deque[Step] = deque()
        self.whole = 0
        self.broken: Exception | None = None

    def run(self, in_effect: Iterable[Change] = ()) -> None:
        """Run all steps; ``finished`` has the outcome of every change then, by address.

        Raises JournalError, or a fault, at its end.
        """
        for change in in_effect:
            self.conclude(change, Status.IN_EFFECT, self.verifier.standing(change), 0.0, None)
        with self.writers, self.readers:
            try:
                self.loop.run(self.start)
                while self.held:  # all that is half made waits for one of them
                    self.half.clear()
                    self.loop.run(self.release)
            except Exception as error:
                self.break_off(error)
        self.abandon()
        self.note_down(self.journal.flush)
        if self.broken:
            raise self.broken

    def start(self) -> None:
        """Start, or give up, whatever has nothing to wait for any more."""
        for step in self.sorter.get_ready():
            self.ready(step)

    # A step's life: ready, written, read back, finished.

    def ready(self, step: Step) -> None:
        """All that a step waits for is over: start it, or say why not."""
        state = self.states[step]
        if state.result is not None:
            return
        for needed in sorted(self.needs.get(step, ())):
            result = self.states[needed].result
            if result not in GOOD and not self.comes_early(step, needed):
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
            self.give_up(step)
        elif self.too_early(step):
            self.held.append(step)
        else:
            state.begun = True
            self.read_back.begun(step)
            self.loop.submit(self.writers, lambda: self.write(step), partial(self.written, step))

    def too_early(self, step: Step) -> bool:
        """Whether a creation should wait, since a run may end at any time and leave half made what it has begun.

        Half made is what got a stand-in, and its secret with a later step. There is room for as many as are whole
        already: so a long list is read back only a few times.
        """
        if step.phase is not Phase.CREATE or step.address in self.half or not self.executor.late(step.address):
            return False
        if not self.room:
            return True
        self.half.add(step.address)
        return False

    @property
    def room(self) -> bool:
        """Whether another object may be half made for a while."""
        return len(self.half) < max(MOST_HALF_MADE, self.whole)

    def release(self) -> None:
        """Start the creations that were held back, as far as there is room, or give them up."""
        while self.held and (self.room or self.stop.is_set()):
            self.ready(self.held.popleft())

    def comes_early(self, step: Step, needed: Step) -> bool:
        """Whether a step may be tried though what its object is in is there and waits for something."""
        types = self.executor.types
        home = types.parent(step.address) if types[step.address.kind].early else None
        waits = needed.address == home and self.states[needed].result is Status.WAITING
        return waits and bool(self.ids.of(needed.address))

    def home_of_early(self, step: Step, refused: Refused) -> Address | None:
        """What a step still waits for that was tried though its object is in that; None where it was refused itself."""
        if refused.status not in (403, 422) or refused.already_exists:
            return None
        waiting = (needed.address for needed in self.needs.get(step, ()) if self.comes_early(step, needed))
        return next(waiting, None)

    def write(self, step: Step) -> Written | None:
        """Send a step's requests, in a thread of the pool: how long they take is the step's own time."""
        begun = self.clock.monotonic()
        try:
            return self.executor.write(step)
        finally:
            self.states[step].took += self.clock.monotonic() - begun

    def written(self, step: Step, future: Future[Written | None]) -> None:
        """A step's requests are over."""
        self.read_back.ended(step)
        self.sent()
        error = future.exception()
        done = future.result() if error is None else None
        if error is not None:
            self.fail(step, error)
        elif done is None:
            self.give_up(step)
        elif done.taken:
            self.wait_for_name(step, done.why)
        else:
            self.keep(step, done)
            self.read_back.add(step)
        self.read_back.look_if_due(step)

    def keep(self, step: Step, done: Written) -> None:
        """Remember what a write brought back."""
        state = self.states[step]
        state.http_status, state.adopted, state.accepted = done.http_status, state.adopted or done.adopted, True
        state.notes += (done.note,)
        if done.remote_id:
            self.ids.know(step.address, done.remote_id)

    def give_up(self, step: Step) -> None:
        """A step is not started any more: nothing was done, but for an object that was deleted to be created again."""
        gone = self.states[step].gone
        self.finish(step, Status.WAITING if gone else Status.SKIPPED, gone or self.why)

    def wait_for_name(self, step: Step, why: str) -> None:
        """The object's name is still held by one whose deletion is queued: try again, for a while."""
        state = self.states[step]
        change = self.changes.get(step.address)
        state.gone = why if change is not None and change.action is Action.UPDATE else ""
        if self.may_wait(state):
            state.look_again(self.clock.monotonic())
            self.loop.later(state.interval(), lambda: self.ready(step))
        else:
            self.finish(step, Status.WAITING, why)

    def unseen(self, steps: Sequence[Step], error: BaseException) -> None:
        """Steps that were sent cannot be read back."""
        if not isinstance(error, QboxctlError):
            self.break_off(error)
        for step in steps:
            self.finish(step, Status.UNKNOWN, f"it was sent, and reading it back failed: {error}")

    def seen(self, step: Step, live: Live | None) -> float | None:
        """Finish a step by what was read of it, or go on otherwise; the seconds until it is to be looked at again."""
        state = self.states[step]
        if live is not None and not live.leaving:
            self.ids.know(step.address, live.remote_id)
            state.seen = True
        look, message = self.verifier.judge(step, live)
        match look:
            case Look.GOOD:
                state.notes += (message,)
                self.finish(step, Status.IN_EFFECT if state.adopted else Status.DONE)
            case Look.UNPROVED:
                self.loop.submit(self.writers, lambda: self.executor.prove(step), partial(self.proved, step, live))
            case Look.PENDING if self.may_wait(state):
                state.look_again(self.clock.monotonic())
                return state.interval()
            case Look.PENDING:
                self.finish(step, Status.WAITING, message)
            case Look.WRONG if not state.adopted and state.looks < GRACE and not self.stop.is_set():
                state.look_again(self.clock.monotonic())
                return state.interval()
            case Look.WRONG:
                theirs = step.address in self.executor.adopted
                why = "somebody else made it meanwhile: " if theirs else "accepted but not effective: "
                self.finish(step, Status.FAILED, why + message)
        return None

    def proved(self, step: Step, live: Live | None, future: Future[ProofAnswer | None]) -> None:
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
        if proof.record:
            state.record = self.redact(proof.record)
        state.proofs += 1
        looks = QUEUED_LOOKS if proof.verified is None else GRACE + QUEUED_LOOKS if proof.verified else 0
        if state.record and not proof.verified and state.proofs == 1 and self.patience.outside:
            self.note(f"{step.address} waits for its ownership proof: publish {state.record}")
        if self.may_wait(state, outside=True) or (state.proofs <= looks and not self.stop.is_set()):
            at_once = proof.verified and state.proofs == 1  # most servers have it in effect with the answer
            self.read_back.again([step], 0.0 if at_once else state.interval())
            state.look_again(self.clock.monotonic())
            return
        if proof.verified:
            self.finish(step, Status.WAITING, "its ownership proof was accepted, and is not in effect yet")
            return
        record = state.record or self.verifier.proof_of(step, live) or "the record that the panel shows"
        self.finish(step, Status.WAITING, f"waits for its ownership proof: publish {record}")

    def finish(self, step: Step, status: Status, message: str | None = None) -> None:
        """A step is over, well or not; go on with what waits for it."""
        state = self.states[step]
        if state.result is not None:
            return
        state.result, state.message = status, message
        change, steps = self.changes.get(step.address), self.graph.steps_of(step.address)
        # one that only waits, for what others are in, is none of the change's own
        if change is not None and step in steps and all(self.states[one].result is not None for one in steps):
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
        state, sent = self.states[step], self.executor.sent.get(step, Sent())
        return Part(
            self.verifier.creates(step),
            state.result or Status.DONE,
            state.message,
            self.executor.writes(step),
            self.executor.sends(step),
            frozenset(sent.taken),
            state.accepted,
            state.refused,
            state.seen and not state.adopted,
            frozenset(sent.tried) if sent.tried else None,
            change.action is Action.DELETE,
        )

    def conclude(
        self, change: Change, status: Status, message: str | None, seconds: float, http_status: int | None
    ) -> None:
        """A change is over: journal it, and tell."""
        outcome = Outcome(change.address, change.action, status, message, round(max(seconds, 0.0), 3))
        self.finished[change.address] = outcome
        if change.address in self.half:
            self.half.remove(change.address)
            self.whole += 1
            if self.held:
                self.loop.later(0, self.release)
        record = partial(self.journal.record, status.value, change.address, change.action)
        self.note_down(partial(record, http_status=http_status, message=message, flush=False))
        self.report(outcome)

    def note_down(self, record: Callable[[], None]) -> None:
        """Write to the journal from the coordinating thread."""
        try:
            record()
        except JournalError as failure:
            self.break_off(failure)

    def fail(self, step: Step, error: BaseException, left: str = "") -> None:
        """A step's requests went wrong; ``left`` says of what was to come of them."""
        if self.journal.failure is not None:  # also where the error tells more than that
            self.break_off(self.journal.failure)
        match error:
            case JournalError() if not self.executor.sent.get(step, Sent()).taken:
                self.finish(step, Status.SKIPPED, str(error))
            case OutcomeUnknown():
                self.states[step].http_status = error.status
                self.finish(step, Status.UNKNOWN, f"{left}nobody knows whether it was done: {error}")
            case Refused() if home := self.home_of_early(step, error):
                self.finish(step, Status.WAITING, f"waits for {home}")
            case Refused():
                self.states[step].http_status, self.states[step].refused = error.status, True
                self.finish(step, Status.FAILED, left + explain(self.executor.run, step, error))
            case QboxctlError():
                self.finish(step, Status.FAILED, f"{left}{error}")
            case _:
                self.break_off(error)
                self.finish(step, Status.UNKNOWN, f"{left}nobody knows whether it was done: {self.why}")

    def break_off(self, error: BaseException) -> None:
        """Without a journal nothing may be sent any more, nor after a fault of our own."""
        self.broken = self.broken or (error if isinstance(error, Exception) else RuntimeError(repr(error)))
        self.stop.set()

    def abandon(self) -> None:
        """Sum up what a fault of the loop itself left open: what was begun may have been done."""
        for address, change in self.changes.items():
            if address in self.finished:
                continue
            steps = self.graph.steps_of(address)
            for state in (self.states[step] for step in steps):
                if state.result is None and state.begun:
                    state.result, state.message = Status.UNKNOWN, f"nobody knows whether it was done: {self.why}"
                elif state.result is None:
                    state.result, state.message = Status.SKIPPED, self.why
            self.sum_up(change, steps)

    def telling(self, hook: Callable[..., None]) -> Callable[..., None]:
        """A hook that can fail without leaving anything untold: the run then ends in order, as after a fault."""

        def tell(*told: object) -> None:
            try:
                hook(*told)
            except Exception as error:
                self.break_off(error)

        return tell

    # Small questions.

    @property
    def why(self) -> str:
        """Why nothing new is started, where that is so."""
        if self.broken is None:
            return INTERRUPTED
        ours = not isinstance(self.broken, QboxctlError)
        return self.redact(f"a fault in qboxctl: {self.broken!r}" if ours else str(self.broken))

    def may_wait(self, state: State, *, outside: bool = False) -> bool:
        """Whether a step may go on waiting."""
        return not self.stop.is_set() and state.may_wait(self.clock.monotonic(), self.patience, outside=outside)
