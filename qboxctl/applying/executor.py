"""What the threads of a run do: send one step's requests, read objects back, and judge what was read.

It decides nothing about order or time; ``qboxctl.applying.scheduler`` does.
"""

from __future__ import annotations

import secrets as randomness
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from qboxctl.api.client import Client
from qboxctl.api.reader import ACCOUNT, MOST_LOOKS, PER_PAGE, Account, Home
from qboxctl.api.writer import Proof, Target, Writer
from qboxctl.applying.ids import Ids
from qboxctl.applying.journal import Journal
from qboxctl.config.configuration import Configuration
from qboxctl.errors import QboxctlError, Refused
from qboxctl.live.counts import counts_of
from qboxctl.model import ALREADY, MISSING, Action, Address, Change, Collection, FieldChange, Live, LiveState, Value
from qboxctl.planning import diff
from qboxctl.planning.graph import Graph, Phase, Step, order
from qboxctl.schema.decoding import value_of
from qboxctl.schema.formats import folded
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.labels import text_of
from qboxctl.schema.lifecycle import SETTLED


class Look(Enum):
    """What reading back shows: in effect, in progress, waiting for the ownership proof, or not as it was sent."""

    GOOD = auto()
    PENDING = auto()
    UNPROVED = auto()
    WRONG = auto()


@dataclass(frozen=True, slots=True)
class Written:
    """What a write brings back.

    ``adopted``: somebody else had created the object meanwhile; ``taken``: its name is not free yet; ``note``: what
    has to be told of it, though it is done.
    """

    remote_id: str = ""
    http_status: int | None = None
    adopted: bool = False
    taken: bool = False
    note: str = ""


class Executor:
    """Does the work on single steps; its methods may be called from many threads at once."""

    def __init__(
        self,
        changes: Sequence[Change],
        *,
        types: Kinds,
        configuration: Configuration,
        live_state: LiveState,
        client: Client,
        account: Account,
        journal: Journal,
        secrets: Mapping[Address, Mapping[str, str]],
    ) -> None:
        self.types, self.configuration, self.live_state = types, configuration, live_state
        self.client, self.account, self.journal = client, account, journal
        self.secrets = secrets
        self.changes = {change.address: change for change in changes}
        self.graph: Graph = order(changes, types)
        self.ids = Ids(live_state, types)
        self.sizes = _sizes(live_state, types)
        self.told = client.redact
        """What a report may say of a text that the server chose (an id, a name, a status): it may repeat a secret."""
        self.stand_in = f"{randomness.token_urlsafe(30)}-a1"
        client.hide(self.stand_in)
        self.taken: dict[Step, frozenset[str]] = defaultdict(frozenset)
        self.adopted: set[Address] = set()
        self.writer = Writer(client, account, configuration.settings.customer_code, self.ids.first_of)

    def write(self, step: Step) -> Written | None:
        """Send a step's requests (in a thread of the pool); None where nothing was started any more."""
        change = self.changes.get(step.address)
        if self.client.stop.is_set():
            return None
        target = self.target(step)
        if change is None or (step.phase is Phase.CREATE and change.action is Action.UPDATE):
            return Written(target.remote_id)
        secrets = {name: self.secrets[step.address][name] for name in self.sends(step)}
        if step.phase is Phase.CREATE:
            made = self.create(step, target, {**secrets, **self.stand_ins(step)})
            if made.adopted:
                self.adopted.add(step.address)
            return made
        if change.action is Action.DELETE:
            self.look_inside(target)
            return Written(target.remote_id, self.writer.delete(target, self.intend(step)))
        fields = self.graph.work[step]
        if step.address in self.adopted:  # its first password is the business of whoever made it
            fields = [one for one in fields if not diff.guarded(target.type, [one])]
            secrets = {}

        def taken(names: Iterable[str]) -> None:
            self.taken[step] |= frozenset(names)

        now = partial(self.now, change)
        if target.type.replaced:
            return self.replace(step, target, self.anew(change))
        return Written(target.remote_id, self.writer.update(target, fields, secrets, now, self.intend(step), taken))

    def look_inside(self, target: Target) -> None:
        """Refuse to delete what holds something after all: somebody may have put it there a moment ago.

        Nor may it count more beyond its lists than when the plan was judged; counters may lag behind, and are waited
        for.
        """
        children = self.types.holding(target.type.kind)
        address = Address(target.type.kind, target.name)
        if not children:
            return
        then = {type_.kind: self.sizes[Collection(type_.kind, target.name)] for type_ in children}
        before = self.beyond(self.live_state.live.get(address), then)
        for attempt in range(1, MOST_LOOKS + 1):
            parent = Live(address, target.remote_id, {})
            home = Home(parent, {**target.codes, target.type.kind: target.remote_id})
            rows = [(type_, row) for type_ in children for row in self.account.rows(type_, home)]
            lives = [live for type_, row in rows if (live := self.account.live(type_, row, target.name)) is not None]
            inside = [str(live.address) for live in lives if not live.leaving]
            if inside:
                raise QboxctlError(f"it was not deleted, since it holds {self.told(', '.join(inside[:3]))} now")
            shown = Counter(live.address.kind for live in lives)
            now = self.beyond(
                self.account.detailed(target.type, target.codes, parent), {**dict.fromkeys(then, 0), **shown}
            )
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

    def replace(self, step: Step, target: Target, fields: Iterable[FieldChange]) -> Written:
        """Delete an object that cannot be changed, and create it again."""
        try:
            return Written(*self.writer.replace(target, fields, self.intend(step)))
        except Refused as refused:
            if not refused.already_exists or self.writer.named(target):
                raise
            return Written("", refused.status, taken=True)  # its own deletion is queued

    def create(self, step: Step, target: Target, secrets: Mapping[str, str]) -> Written:
        """Create an object; one that somebody else created meanwhile is looked at before it is called a failure."""
        known = {code} if (code := self.ids.of(step.address)) else set()
        if not target.type.identity.unique:
            known |= {
                live.remote_id for live in self.live_state.live.values() if live.address.kind == step.address.kind
            }
            # the server would take a second one of that name, so look once more before it is ordered
            there = self.writer.there(target)
            rival = next((one for one in self.writer.bearing(target, there) if one.remote_id not in known), None)
            if rival is not None:
                return Written(rival.remote_id, adopted=True)
            known |= {live.remote_id for live in there}
        try:
            code, status = self.writer.create(
                target, self.graph.work[step], secrets, frozenset(known), self.intend(step)
            )
        except Refused as refused:
            if not refused.already_exists or not target.type.identity.unique:
                raise
            found = self.writer.named(target)
            if found:
                return Written(found[0].remote_id, refused.status, adopted=True)
            leaving = self.live_state.live.get(step.address)
            if leaving is None or not leaving.leaving:
                raise
            return Written("", refused.status, taken=True)
        return Written(code, status, note="" if target.type.identity.unique else self.twins(target, code, known))

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
        ids = [self.told(one) for one in ids]
        return (
            f"another order of the same name was made at the same time: ids {' and '.join(ids)}; {ids[-1]} is the "
            f"younger; keep one of them with id: {ids[0]}"
        )

    def prove(self, step: Step) -> Proof | None:
        """Ask for the ownership proof (in a thread of the pool)."""
        return None if self.client.stop.is_set() else self.writer.prove(self.target(step), self.intend(step))

    def look(self, collection: Collection, steps: Sequence[Step]) -> dict[Address, Live]:
        """Read the steps' objects (in a thread of the pool)."""
        type_ = self.types[collection.kind]
        wanted = {
            step.address: (
                self.ids.of(step.address),
                [type_.lifecycle.progress, *(one.name for one in self.graph.work.get(step, ()))],
            )
            for step in steps
        }
        return self.account.observe(
            type_, self.home(self.types.home(collection)), wanted, 1 + self.sizes[collection] // PER_PAGE
        )

    def judge(self, step: Step, live: Live | None) -> tuple[Look, str]:
        """What a live object says of a step."""
        change, type_ = self.changes.get(step.address), self.types[step.address.kind]
        if change is not None and change.action is Action.DELETE:
            if live is None:
                return Look.GOOD, ""
            return (Look.PENDING, "its deletion is queued") if live.leaving else (Look.WRONG, "it is still there")
        if live is None or live.leaving:
            return Look.WRONG, "it is not there"
        if type_.lifecycle.proves(live.status) and (change is None or not change.action.removes):
            return Look.UNPROVED, "it waits for its ownership proof"
        if live.detail != SETTLED:
            return Look.PENDING, f"it is {self.told(live.detail)}"
        wrong = diff.in_effect(type_, self.graph.work.get(step, ()), live, self.ids.keys())
        created = step.phase is Phase.CREATE and change is not None and change.action is Action.CREATE
        if created and not type_.identity.unique:
            # it bears the id that its creation gave: it is the one, whatever the server calls it
            wrong = [one for one in wrong if one.name != type_.identity.key]
            if not wrong:
                return Look.GOOD, self.called(step, live)
        names = ", ".join(one.name for one in wrong)
        return (Look.WRONG, f"{names} did not take effect") if wrong else (Look.GOOD, "")

    def standing(self, change: Change) -> str:
        """What to tell of a change that is in effect already, as far as the account shows it."""
        live = self.live_state.live.get(change.address)
        type_ = self.types[change.address.kind]
        names = diff.untold(type_, change.fields, live, self.ids.keys()) if live is not None else []
        doubt = f", but {' and '.join(names)} may never have been sent (--rotate sends it, and the secret, again)"
        return ALREADY + (doubt if names else "")

    def called(self, step: Step, live: Live) -> str:
        """What to tell of an object that the server calls otherwise than the files: how to find it again."""
        type_, target = self.types[step.address.kind], self.target(step)
        text = text_of(live, type_.identity.key)
        if folded(text) == folded(target.name):
            return ""
        shown, code = self.told(text), self.told(live.remote_id)
        return f"the server calls it {shown!r}: write that as its {type_.identity.key}, or id: {code}"

    def explain(self, step: Step, refused: Refused) -> str:
        """A refusal, with the places in the files that it is about."""
        desired = self.configuration.objects.get(step.address)
        type_ = self.types[step.address.kind]
        names = {one.wire: one.name for one in type_.fields}
        places = [
            f"{row.field}: {self.configuration.position(desired.where, names[row.field])}"
            for row in refused.fields
            if desired is not None and row.field in names
        ]
        text = f"{refused} ({', '.join(places)})" if places else str(refused)
        if refused.status == 403 and step.phase is Phase.CREATE and type_.billing:
            text += (
                "; in production this may mean that there is no billing profile yet: place the first order in the panel"
            )
        elif refused.already_exists and type_.owned:
            text += "; the name is taken, perhaps by another customer"
        return text

    def target(self, step: Step) -> Target:
        """The object that a step is about."""
        type_ = self.types[step.address.kind]
        parent, name = self.types.split(step.address)
        desired = self.configuration.objects.get(step.address)
        others: frozenset[str] = frozenset()
        if not type_.identity.unique and desired is not None:
            name = desired.label
            others = frozenset(
                folded(one.label) for one in self.configuration.objects.values() if one.address.kind == type_.kind
            ) - {folded(name)}
        codes = self.home(self.types.parent(step.address)).codes
        return Target(type_, name, self.ids.of(step.address), parent, codes, others)

    def home(self, parent: Address | None) -> Home:
        """What a collection is in, by the codes that are known by now."""
        if parent is None:
            return ACCOUNT
        live = Live(parent, self.ids.of(parent), {})
        return Home(live, {one.kind: self.ids.of(one) for one in (parent, *self.types.ancestors(parent))})

    def sends(self, step: Step) -> list[str]:
        """The secrets that a step sends: with the first step of a change, but for those that follow a creation."""
        change = self.changes.get(step.address)
        if change is None:
            return []
        known = self.secrets.get(step.address, {})
        if change.action is Action.UPDATE:
            return sorted(known) if step.phase is Phase.FIRST else []
        late = self.late(step.address)
        return [name for name in sorted(known) if late.get(name, Step(step.address, Phase.CREATE)) == step]

    def late(self, address: Address) -> dict[str, Step]:
        """The secrets that go with a later step of a creation, which writes what guards them, each with that step."""
        type_, later = self.types[address.kind], self.graph.steps_of(address)[1:]
        return {name: step for step in later for name in diff.guarded(type_, self.graph.work.get(step, ()))}

    def stand_ins(self, step: Step) -> Mapping[str, str]:
        """What a creation carries in place of the secrets that only its second write can guard.

        The object gets a password that nobody knows. If the run ends before the real one is sent together with what
        guards it, nobody can open it with a first password that many may know; the next plan sees what is missing.
        """
        known = self.secrets.get(step.address, {})
        return dict.fromkeys(self.late(step.address).keys() & known.keys(), self.stand_in)

    def now(self, change: Change, name: str) -> Value:
        """The value of an attribute that a call must repeat: as the change leaves it, else as it is."""
        wanted = next((one.after for one in change.fields if one.name == name), None)
        if wanted is not None:
            return wanted
        one, live = self.types[change.address.kind].by_name[name], self.live_state.live.get(change.address)
        type_ = self.types[change.address.kind]
        value = value_of(type_, one, live, self.ids.keys()) if live is not None else MISSING
        busy = one.name == type_.lifecycle.attribute and value != type_.lifecycle.disabled
        return one.initial if value is MISSING or busy else value

    def anew(self, change: Change) -> list[FieldChange]:
        """All that an object is to have which is created again: what the change says, else what it has now."""
        names = [one.name for one in self.types[change.address.kind].fields if one.on_create]
        found = [FieldChange(name, None, self.now(change, name)) for name in names]
        return [one for one in found if one.after is not None]

    def intend(self, step: Step) -> Callable[[str], None]:
        """What records a request before it goes out."""
        change = self.changes.get(step.address)
        action = change.action if change is not None else Action.UPDATE
        return lambda request: self.journal.record("intended", step.address, action, message=self.told(request))


def _age(remote_id: str) -> tuple[int, str]:
    """Sorts ids by when they were given: they are numbers that count up."""
    return len(remote_id), remote_id


def _sizes(live_state: LiveState, types: Kinds) -> dict[Collection, int]:
    sizes: dict[Collection, int] = defaultdict(int)
    for address in live_state.live:
        sizes[types.collection(address)] += 1
    for collection, total in live_state.totals.items():
        sizes[collection] = max(sizes[collection], total)
    return sizes
