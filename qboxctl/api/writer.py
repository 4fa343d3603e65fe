"""Any kind of resource, created, updated, removed: bodies, paths, and what a lost answer means.

A create whose answer is lost is looked up by its key before it is tried again. Where the key is not unique
(a Delivery account, which costs money) it is never tried again: the look-up finds it, or nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from qboxctl.api.backoff import LOOKED_FOR
from qboxctl.api.client import Client
from qboxctl.api.entries import EntryWriter, Sent
from qboxctl.api.listing import Row
from qboxctl.api.reader import Account, Home, belongs, new_code
from qboxctl.api.responses import Answer
from qboxctl.api.telling import taken_out
from qboxctl.errors import ApiError, JournalError, OutcomeUnknown, QboxctlError, Refused
from qboxctl.model import JSON, MISSING, Address, FieldChange, Live, Revealed, Value
from qboxctl.schema.calls import ENTRY, OWN, UPDATE, Call
from qboxctl.schema.decoding import EXTRA, value_of
from qboxctl.schema.formats import folded
from qboxctl.schema.labels import means, text_of
from qboxctl.schema.resource import Body, ResourceType

LOOKS = 3
"""How often an object is looked for after a lost answer, before it counts as not created."""


@dataclass(frozen=True, slots=True)
class Target:
    """The object that a write is about: its name for the API, its code, and its parent's key.

    ``codes`` are the codes of what it lives in, by kind. ``others`` are the folded texts by which the files know other
    objects of a kind without names. ``extra`` is what the files state of it beside the definition.
    """

    type: ResourceType
    name: str
    remote_id: str = ""
    parent: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    extra: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def deletion(self) -> str:
        """The request that deletes it, as messages name it; "" where none does."""
        call = self.type.calls.delete
        return f"{call.method} {call.path_for({**self.codes, OWN: self.remote_id})}" if call else ""

    def beside(self, written: Container[str] = ()) -> list[FieldChange]:
        """What the files state beside the definition, but for what is ``written`` anyway."""
        return [
            FieldChange(EXTRA + name, None, value) for name, value in self.extra.items() if EXTRA + name not in written
        ]


@dataclass(frozen=True, slots=True)
class ProofAnswer:
    """What an ownership check said. ``record`` is the DNS record to publish; ``verified`` None: queued."""

    verified: bool | None
    record: str = ""


class Creation(NamedTuple):
    """What a creation brought that was tried once: a code ("" where the answer does not tell), and a secret."""

    code: str
    status: int
    secret: Revealed | None
    body: Body


class Writer:
    """Writes to an account. ``intend`` is called before each request goes out, with its method and path.

    ``codes`` gives the code of what a value refers to, by the objects that it may be.
    """

    def __init__(
        self,
        client: Client,
        account: Account,
        customer_code: str,
        codes: Callable[[Sequence[Address]], str],
    ) -> None:
        self.client = client
        self.account = account
        self.customer_code = customer_code
        self.codes = codes
        self._lists: dict[str, Lock] = {}

    def create(
        self,
        target: Target,
        fields: Iterable[FieldChange],
        secrets: Mapping[str, Revealed],
        known_ids: frozenset[str],
        intend: Callable[[str], None],
    ) -> tuple[str, int | None]:
        """Create an object; return its code ("" where the answer does not tell) and the HTTP status.

        ``known_ids`` are the codes of objects with the same key that were there before. Raises Refused and
        Unreachable where it was not created, and OutcomeUnknown where that cannot be told: also where an answer was
        lost first, and a later attempt went wrong in another way.
        """
        type_ = target.type
        path, body = self.creation(target, fields, secrets)
        attempt = 0
        lost: OutcomeUnknown | None = None
        while True:
            try:
                intend(f"{type_.calls.create.method} {path}")
                answer = self.client.write(type_.calls.create.method, path, body, repeatable=False)
            except OutcomeUnknown as unknown:
                lost = unknown
                found = self.found_after(lost, target, known_ids)
                if found is not None:
                    return found, lost.status
                attempt += 1
                if not type_.identity.unique or attempt > self.client.api.retries:
                    raise
                self.client.wait(self.client.backoff(attempt))
                if self.client.stop.is_set():
                    raise
            except (ApiError, JournalError) as error:
                if lost is None:
                    raise
                if not (isinstance(error, Refused) and error.already_exists):
                    raise OutcomeUnknown(f"{lost}; and then: {error}", status=lost.status) from None
                found = self.found_after(lost, target, known_ids)
                if found is None:
                    raise  # it is there, and not ours as far as can be seen
                return found, lost.status
            else:
                code = self.code(answer, type_) or self.unlisted(answer, target)
                return code or self.unnamed(target, body, known_ids, answer.status), answer.status

    def creation(
        self, target: Target, fields: Iterable[FieldChange], secrets: Mapping[str, Revealed]
    ) -> tuple[str, Body]:
        """The path and the body of a creation."""
        type_ = target.type
        stated = [one for one in fields if _at_creation(type_, one)]
        repeated = [type_.by_name[name] for name in type_.calls.create.repeats]
        names = {one.name for one in stated}
        stated += [FieldChange(one.name, None, one.initial) for one in repeated if one.name not in names]
        body = self.body(target, stated, secrets, creating=True)
        if type_.identity.key and type_.identity.key not in body:
            body[type_.identity.key] = target.name
        if self.customer_code and type_.owned:
            body["customer_code"] = self.customer_code
        return type_.calls.create.path_for(target.codes), body

    def create_once(
        self,
        target: Target,
        fields: Iterable[FieldChange],
        secrets: Mapping[str, Revealed],
        intend: Callable[[str], None],
    ) -> Creation:
        """Create an object whose secret only the answer tells: a lost answer is not made good by another request.

        Raises OutcomeUnknown where it may be there, and other ApiErrors where it is not.
        """
        type_ = target.type
        if type_.told is None:
            raise ValueError(f"a {type_.title} tells no secret")
        path, body = self.creation(target, fields, secrets)
        intend(f"{type_.calls.create.method} {path}")
        answer, secret = taken_out(
            self.client.write(type_.calls.create.method, path, body, repeatable=False, telling=True), type_, type_.told
        )
        if secret is not None:
            self.client.hide(secret)
        return Creation(self.code(answer, type_), answer.status, secret, body)

    def code(self, answer: Answer, type_: ResourceType) -> str:
        """The new object's code, in whichever of the three documented places it stands, "" where none tells it."""
        code = self.account.code(type_, answer.row) if answer.row else ""
        if code or not (type_.identity.coded and type_.calls.create.tell_code):
            return code
        return _new_code(answer, type_)

    def found_after(self, lost: OutcomeUnknown, target: Target, known_ids: frozenset[str]) -> str | None:
        """Look for what a creation may have made whose answer was ``lost``; raises OutcomeUnknown where that fails."""
        try:
            return self.look_for(target, known_ids)
        except QboxctlError as unseen:
            raise OutcomeUnknown(f"{lost}, and looking for it failed ({unseen})", status=lost.status) from None

    def unlisted(self, answer: Answer, target: Target) -> str:
        """The new object's code where the API has no list to look it up in: then what the answer tells is believed."""
        try:
            listable = self.account.listable(target.type, target.codes)
        except QboxctlError:
            return ""  # looking it up fails as well, and tells why
        return "" if listable else _new_code(answer, target.type)

    def unnamed(self, target: Target, body: Body, known_ids: frozenset[str], status: int) -> str:
        """The id of what was created without being told which; "" where its name will tell.

        Raises OutcomeUnknown where the name cannot tell, and it is not the only one that is new.
        """
        if target.type.identity.unique:
            return ""
        try:
            found = self.look_for(target, known_ids, body)
        except QboxctlError as unseen:
            raise OutcomeUnknown(f"it was accepted, and looking for it failed ({unseen})", status=status) from None
        if found is None:
            raise OutcomeUnknown("it was accepted, and which one it is cannot be told", status=status)
        return found

    def look_for(self, target: Target, known_ids: frozenset[str], body: Body | None = None) -> str | None:
        """The code of an object that may have been created just now, None where it is not there.

        Where it was created for sure, with a ``body``, the only one that is new is it, whatever the server calls it.
        Raises ApiError where that cannot be read: then it must not be created again either.
        """
        for attempt in range(1, LOOKS + 1):
            new = [live for live in self.there(target) if live.remote_id not in known_ids]
            found = self.bearing(target, new)
            if body is not None and not found:
                found = [live for live in new if _may_be(target, body, live) and self.mine(target.type, live)]
            if len(found) == 1:
                return found[0].remote_id
            if found or attempt == LOOKS or self.client.stop.is_set():
                break
            self.client.wait(LOOKED_FOR.seconds(attempt))
        return None

    def named(self, target: Target) -> list[Live]:
        """The customer's live objects that bear the target's name."""
        return self.bearing(target, self.there(target))

    def bearing(self, target: Target, lives: Iterable[Live]) -> list[Live]:
        """Those of some objects that bear the target's name and are the customer's."""
        type_ = target.type
        if type_.identity.unique:
            key = self.account.types.key(type_.kind, type_.identity.normalise(target.name), target.parent)
            found = [live for live in lives if live.address.key == key]
        else:
            found = [live for live in lives if means(target.name, live, type_.identity.key, target.others)]
        return [live for live in found if self.mine(type_, live)]

    def there(self, target: Target) -> list[Live]:
        """The live objects in the target's list, without those that are leaving."""
        return [live for live in self.listed(target) if not live.leaving]

    def listed(self, target: Target) -> list[Live]:
        """The objects in the target's list, or only the target where the list need not be read."""
        type_ = target.type
        if type_.calls.one_by_one:
            row = self.account.detail(type_, target.codes, Live(Address(type_.kind, target.name), "", {}))
            rows: Sequence[Row] = [row] if row is not None else []
        else:
            parent = (
                Live(Address(type_.parent, target.parent), target.codes[type_.parent], {}) if type_.parent else None
            )
            rows = self.account.rows(type_, Home(parent, target.codes))
        lives = [self.account.live(type_, row, target.parent) for row in rows]
        return [live for live in lives if live is not None]

    def mine(self, type_: ResourceType, live: Live) -> bool:
        """Whether an object is the customer's: its details tell where its list does not."""
        known = belongs(type_, live.row, self.customer_code)
        if known is None and type_.owned:
            detailed = self.account.detailed(type_, {}, live)
            known = detailed is not None and belongs(type_, detailed.row, self.customer_code)
        return known is not False

    def update(
        self,
        target: Target,
        fields: Iterable[FieldChange],
        secrets: Mapping[str, Revealed],
        now: Callable[[str], Value],
        intend: Callable[[str], None],
        sent: Sent,
    ) -> int | None:
        """Write attributes of an object, by as many calls as they need; the last HTTP status.

        ``now`` gives the value of an attribute that a call must repeat because it cannot go out without it.
        ``sent`` is told of each call, since the next one may fail.
        """
        type_ = target.type
        by_call: dict[str, list[FieldChange]] = {}
        for one in fields:
            field = type_.by_name.get(one.name)
            by_call.setdefault(field.call if field else UPDATE, []).append(one)
        if secrets:
            by_call.setdefault(UPDATE, [])
        done: int | None = None
        for name, call in type_.calls.writes.items():
            if name not in by_call:
                continue
            written = {one.name for one in by_call[name]}
            repeated = [FieldChange(one, None, now(one)) for one in type_.repeated(name) if one not in written]
            repeated = [one for one in repeated if one.after is not None]
            repeated += target.beside(written) if call.whole and name == UPDATE else []
            body = self.body(target, [*by_call[name], *repeated], secrets if name == UPDATE else {})
            if call.named:
                body[type_.identity.key] = target.name
            going = {*written, *(secrets if name == UPDATE else ())}
            sent.tried |= going
            done = self.send(call, target, body, intend).status
            sent.taken |= going
        moved = EntryWriter(self, target, now, intend, sent).move(by_call.get("", ()))
        return done if moved is None else moved

    def delete(
        self, target: Target, intend: Callable[[str], None], *, telling: bool = False, cleared: bool = False
    ) -> int:
        """Delete an object; 404 where it is gone already. An answer that may be ``telling`` a secret is not quoted.

        What has been ``cleared`` entry by entry is gone by that where the API has no call for the whole (405).
        """
        call = target.type.calls.delete
        if call is None:
            raise ValueError(f"a {target.type.title} cannot be deleted")
        try:
            if call.by_place:
                status = self.delete_placed(call, target, intend)
            else:
                status = self.send(call, target, None, intend, telling=telling).status
        except Refused as refused:
            if refused.status != 404 and not (cleared and refused.status == 405):
                raise
            status = refused.status
            self.account.unheard.add(target.deletion)
        self.account.forget(target.type, target.codes, target.remote_id)
        return status

    def delete_placed(self, call: Call, target: Target, intend: Callable[[str], None]) -> int:
        """Delete an object whose path may want its place in the list; 404 where it is gone already.

        Each time what stands there is looked at first, and nothing else is deleted from that list meanwhile, since all
        behind it move up then: so such a request is never simply repeated.
        """
        list_path = target.type.calls.collection.path_for(target.codes)
        with self._lists.setdefault(list_path, Lock()):
            for attempt in range(self.client.api.retries + 1):
                place = self.account.in_path(target.type, target.codes, target.remote_id)
                if not place:
                    break
                path = call.path_for({**target.codes, OWN: place})
                intend(f"{call.method} {path}")
                try:
                    return self.client.write(call.method, path, None, repeatable=False).status
                except OutcomeUnknown:
                    if attempt == self.client.api.retries or self.client.stop.is_set():
                        raise
                    self.client.wait(self.client.backoff(attempt + 1))
        return 404

    def prove(self, target: Target, intend: Callable[[str], None]) -> ProofAnswer:
        """Ask for the ownership proof: checked at once where the API can, queued where it cannot."""
        proof = target.type.lifecycle.proof
        if proof is None:
            raise ValueError(f"a {target.type.title} needs no proof")
        try:
            answer = self.send(proof.at_once, target, None, intend)
        except Refused as refused:
            if refused.status == 422:
                return ProofAnswer(False)
            if not refused.no_call:
                raise
        else:
            data = answer.data or {}
            return ProofAnswer(data.get("verified") in (True, 1, "true", "1"), _record(data.get("expected_record")))
        try:
            self.send(proof.queued, target, None, intend)
        except Refused as refused:
            if refused.status != 422:
                raise
            return ProofAnswer(False)
        return ProofAnswer(None)

    def send(
        self,
        call: Call,
        target: Target,
        body: Body | None,
        intend: Callable[[str], None],
        *,
        entry: str = "",
        telling: bool = False,
    ) -> Answer:
        """Send a write that may be repeated without harm; ``entry`` is the code of the one that it is about."""
        path = call.path_for({**target.codes, OWN: target.remote_id, ENTRY: entry})
        intend(f"{call.method} {path}")
        return self.client.write(call.method, path, body, repeatable=True, telling=telling)

    def body(
        self,
        target: Target,
        fields: Iterable[FieldChange],
        secrets: Mapping[str, Revealed],
        *,
        creating: bool = False,
    ) -> Body:
        """A request body: wire names, codes for references, each secret with its confirmation."""
        body: Body = {}
        types, type_ = self.account.types, target.type
        address = Address(type_.kind, types.key(type_.kind, target.name, target.parent))
        for name, _, after in fields:
            field = type_.by_name.get(name)
            if field is None:
                body[name.removeprefix(EXTRA)] = after
            elif field.linked:
                body[field.wire_in(creating=creating)] = [
                    self.codes(types.referred(address, field.refers, each)) for each in after
                ]
            else:
                body[field.wire_in(creating=creating)] = field.type.encode(after)
        for name, secret in secrets.items():
            wire = type_.by_name[name].wire
            body[wire] = body[f"{wire}_confirmation"] = secret.open()
        return body


def _at_creation(type_: ResourceType, one: FieldChange) -> bool:
    field = type_.by_name.get(one.name)
    return field is None or field.on_create


def _may_be(target: Target, body: Body, live: Live) -> bool:
    """Whether a new object may have been created with a body: what only a creation sets is as it was sent."""
    fixed = [(one, one.wire_in(creating=True)) for one in target.type.fields if one.on_create and not one.on_update]
    known = [(one, wire, value_of(target.type, one, live, {})) for one, wire in fixed if wire in body]
    same = all(have is MISSING or have == one.type.decode(body[wire]) for one, wire, have in known)
    return same and folded(text_of(live, target.type.identity.key)) not in target.others


def _new_code(answer: Answer, type_: ResourceType) -> str:
    return new_code(answer, type_.identity.id, type_.calls.collection.path)


def _record(expected: JSON) -> str:
    """A DNS record as people publish it."""
    if not isinstance(expected, dict):
        return ""
    return " ".join(str(expected.get(name, "")) for name in ("name", "type", "value")).strip()
