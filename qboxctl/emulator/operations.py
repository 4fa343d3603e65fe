"""The calls of the API: which path and method mean what, and what each does. Derived from the definitions.

Everything here runs under the emulator's lock and neither sleeps nor logs.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from qboxctl.emulator import entries
from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Draft, add_reserved, behaviour_of, initial_values, judge_name, verify
from qboxctl.emulator.bodies import Bodies
from qboxctl.emulator.faults import Fault
from qboxctl.emulator.quirks import reads
from qboxctl.emulator.routes import ENTRIES, MORE, REGISTER, Routes
from qboxctl.emulator.state import Store, Stored
from qboxctl.emulator.wire import PER, Refusal, Request, Response, answer, positive
from qboxctl.model import JSON
from qboxctl.schema.calls import OWN
from qboxctl.schema.field import Field
from qboxctl.schema.resource import ResourceType

OWNERSHIP_ADDRESS = "185.97.217.16"
"""Where the record that proves a domain's ownership has to point."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, understood: the objects its ``path`` names by ``codes``, its body, and the fault that hits it."""

    type: ResourceType
    operation: str
    parent: Stored | None
    obj: Stored | None
    query: Mapping[str, str]
    body: JSON
    fault: Fault | None = None
    path: str = ""
    method: str = "GET"
    codes: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> Stored:
        """The object of the path; 404 without one."""
        if self.obj is None:
            raise Refusal(404)
        return self.obj


class Operations:
    """Does what the requests ask for."""

    def __init__(self, store: Store, bodies: Bodies, quirks: Mapping[str, str]) -> None:
        self.store = store
        self.answers = Answers(store, quirks, bodies.extra)
        self.changed = False
        self._bodies = bodies
        self._quirks = quirks
        self._activation = reads(quirks["activation"])
        self._removal = reads(quirks["delete"])
        self._random = random.Random(8025)  # noqa: S311  # shuffles rows, and the same way in every run
        self._routes = Routes(store.types, quirks)
        self._operations: Mapping[str, Callable[[Asked], Response]] = {
            "list": self._list,
            "read": self._read,
            "create": self._create,
            "delete": self._delete,
            "check": self._check,
            "check_sync": self._check_now,
            MORE: self._more,
        }

    def answer(self, request: Request, body: JSON, fault: Fault | None = None) -> Response:
        """Do the request's work; raises ``Refusal``."""
        asked = replace(self._understood(request, body), fault=fault)
        if asked.operation.startswith(ENTRIES):
            return self._move(asked, asked.type.by_name[asked.operation.removeprefix(ENTRIES)])
        if asked.operation.startswith(REGISTER):
            return self._register(asked, asked.type.by_name[asked.operation.removeprefix(REGISTER)])
        return self._operations.get(asked.operation, self._update)(asked)

    def _understood(self, request: Request, body: JSON) -> Asked:
        route, codes, type_, operation = self._routes.find(request.method, request.path)
        if self._quirks["caller"] in behaviour_of(type_.kind).closed_to:
            raise Refusal(403)
        parent: Stored | None = None
        for outer in reversed([*self.store.types.outer(type_.kind)]):  # of those that the path names, from outside in
            if outer.kind in codes:
                inner = self.store.find(outer.kind, codes[outer.kind])
                if inner is None or (parent is not None and inner.parent is not parent):
                    raise Refusal(404)
                parent = inner
        behaviour = behaviour_of(type_.kind)
        if behaviour.prepare is not None and parent is not None:
            behaviour.prepare(self.store, parent)
        obj = self.store.find(type_.kind, codes[OWN]) if OWN in codes and behaviour.find is None else None
        if OWN in codes and behaviour.find is not None:
            obj = behaviour.find(self.answers, parent, codes[OWN])
        if type_.identity.alone:
            obj = next(iter(self.store.rows(type_.kind, parent).values()), None)
        if OWN in codes and (obj is None or (parent is not None and obj.parent is not parent)):
            raise Refusal(404)
        path = "/".join(route.segments)
        return Asked(type_, operation, parent, obj, request.query, body, None, path, request.method, codes)

    # -- reading -------------------------------------------------------------------------------------------

    def _list(self, asked: Asked) -> Response:
        number, per = positive(asked.query, "page", 1), positive(asked.query, "per", PER)
        per = min(per, int(self._quirks["per_max"]))
        found = list(self._matching(asked))
        if asked.fault is not None:
            found = list(asked.fault.seen(found, number))
        paging = behaviour_of(asked.type.kind).paging
        untold = paging is not None and self._quirks[paging.quirk] == "{}"
        if not asked.type.calls.collection.paged or (paging is not None and untold and paging.whole):
            number, per, untold = 1, max(1, len(found)), True
        start = (number - 1) * per
        if self._quirks["order"] == "shuffled":
            # A page of a fresh random order is a random sample of its size.
            shown = self._random.sample(found, max(0, min(per, len(found) - start)))
        else:
            shown = found[start : start + per]
        pagination = {} if untold else _pagination(asked.query, number, per, len(found))
        response = self.answers.page(shown, pagination)
        self._seen(shown)
        return response

    def _matching(self, asked: Asked) -> Iterable[Stored]:
        found: Iterable[Stored] = self.store.rows(asked.type.kind, asked.parent).values()
        text = asked.query.get("query", "").strip().lower()
        if text and self._quirks["query"] == "works":
            found = [obj for obj in found if text in self._searched(obj)]
        if "status" not in asked.type.calls.collection.query:
            return found
        status = asked.query.get("status", self._quirks["list_default_status"])
        if status not in ("all", *behaviour_of(asked.type.kind).statuses):
            raise Refusal(422, [("status", "is not valid")])
        return found if status == "all" else [obj for obj in found if obj.standing == status]

    def _searched(self, obj: Stored) -> str:
        """What a list's ``query`` looks at, in lower case: address, names, description."""
        if not obj.searched:
            texts = (obj.values.get(name) for name in behaviour_of(obj.kind).searched)
            key = self.store.address(obj).key
            obj.searched = "\n".join((key, *(str(text).lower() for text in texts if text)))
        return obj.searched

    def _read(self, asked: Asked) -> Response:
        obj = asked.obj
        if asked.type.calls.by_name:
            draft = self._draft(asked)
            self._bodies.read(draft, asked.body)
            _refuse(draft)
            obj = self.store.named(asked.type, None, draft.key)
        if obj is None:
            raise Refusal(404)
        response = self.answers.one(obj)
        self._seen([obj])
        return response

    def _seen(self, shown: Iterable[Stored]) -> None:
        """Each read that shows an object brings it nearer to the end of what is under way."""
        for obj in [one for each in shown for one in (each, *self.store.blocks(each))]:
            if obj.pending:
                obj.pending -= 1
            if obj.kept and entries.seen(obj):
                self._cleared(obj)
            if obj.leaving is not None:
                obj.leaving -= 1
                if obj.leaving <= 0:
                    self._gone(obj)

    def _more(self, asked: Asked) -> Response:
        return answer(200, {"resources": list(behaviour_of(asked.type.kind).more[asked.path]), "pagination": {}})

    # -- writing -------------------------------------------------------------------------------------------

    def _draft(self, asked: Asked) -> Draft:
        return Draft(
            self.store, asked.type, asked.operation, asked.parent, asked.obj, activation=self._activation,
            quirks=self._quirks, removal=self._removal,
        )  # fmt: skip

    def _create(self, asked: Asked) -> Response:
        draft, type_ = self._draft(asked), asked.type
        self._bodies.read(draft, asked.body)
        initial = initial_values(type_, asked.parent)
        draft.values = {**initial, **draft.values}
        merge, existing = behaviour_of(type_.kind).merge, self._existing(asked, draft)
        if merge is not None and existing is not None and not draft.errors:
            draft.current = existing
            merged = merge(draft, existing)
            if merged is not None:
                self.store.write(existing, merged)
                self._took_effect(draft)
                return self.answers.created(existing)
            draft.current = None
        judge_name(draft)
        self._judge(draft)
        obj = Stored(type_, self.store.next_code(type_), draft.name, draft.key, draft.values, draft.extra, asked.parent)
        obj.owner = draft.owner
        self.store.add(obj, twice=merge is not None)
        add_reserved(self.store, obj)
        draft.current = obj
        self._took_effect(draft)
        return self.answers.told(obj, self.store.tell(obj)) if type_.told else self.answers.created(obj)

    def _existing(self, asked: Asked, draft: Draft) -> Stored | None:
        """What a creation would be a second one of."""
        return asked.obj if asked.type.identity.alone else self.store.named(draft.type, draft.parent, draft.key)

    def _update(self, asked: Asked) -> Response:
        draft, obj = self._draft(asked), asked.obj
        self._bodies.read(draft, asked.body)
        if obj is None and draft.key:
            obj = self.store.named(asked.type, asked.parent, draft.key)
        if obj is None and draft.errors:
            _refuse(draft)
        missing = behaviour_of(asked.type.kind).missing
        if obj is None and missing and self._quirks[missing] == "creates":
            return self._create(replace(asked, operation="create"))
        draft.current = _present(obj)
        self._judge(draft)
        self.store.write(draft.current, draft.values, draft.extra)
        self._took_effect(draft)
        return self.answers.written(draft.current)

    def _delete(self, asked: Asked) -> Response:
        draft, obj = self._draft(asked), _present(asked.target)
        self._judge(draft)
        self._took_effect(draft)
        if self._removal and not behaviour_of(obj.kind).bare:
            obj.leaving = self._removal
            return self.answers.written(obj)
        self._gone(obj)
        return self.answers.written()

    def _gone(self, obj: Stored) -> None:
        """Forget an object; it may be gone already, with what it was in, or since it was empty."""
        if self.store.find(obj.kind, obj.code) is not obj:
            return
        for holder, left in entries.forget(self.store.referrers(obj), obj).items():
            self.store.write(holder, {self.store.referrers(obj)[holder]: left})
            holder.kept.pop(obj.code, None)
        self.store.remove(obj)
        if obj.type.lifecycle.proof:
            self.store.published.discard(obj.key)
        self.changed = True

    def _judge(self, draft: Draft) -> None:
        for rule in behaviour_of(draft.type.kind).judgements.get(draft.operation, ()):
            rule(draft)
        _refuse(draft)

    def _took_effect(self, draft: Draft) -> None:
        for effect in behaviour_of(draft.type.kind).effects.get(draft.operation, ()):
            effect(draft)
        if draft.current is not None:
            for password in draft.passwords.values():
                self.store.set_password(self.store.address(draft.current), password)
        self.changed = True

    # -- lists that are written entry by entry ---------------------------------------------------------------

    def _move(self, asked: Asked, one: Field) -> Response:
        draft = self._draft(asked)
        draft.current = _present(asked.obj)
        known = (each for each in (one.each.calls if one.each else ()) if each.method == asked.method)
        known_call = next(each for each in known if each.path == asked.path)
        entries.understand(draft, one, known_call, asked.codes, asked.body)
        self._judge(draft)
        entries.move(draft, one, self._removal)
        self._took_effect(draft)
        if draft.operation == entries.CLEAR and not self._removal:
            self._cleared(draft.current)
        return self.answers.written(draft.current)

    def _cleared(self, obj: Stored) -> None:
        """The last of what was kept of something is gone, perhaps."""
        self.store.touch(obj)
        self.changed = True
        if not obj.kept and behaviour_of(obj.kind).ends_empty(self._quirks):
            self._gone(obj)

    def _register(self, asked: Asked, one: Field) -> Response:
        self._judge(self._draft(asked))
        rows = [] if asked.obj is None else entries.register(asked.obj, one)
        if not rows and self._quirks["empty_list"] == "404":
            raise Refusal(404)
        number, per = positive(asked.query, "page", 1), positive(asked.query, "per", PER)
        per = min(per, int(self._quirks["per_max"]))
        totals = {"page": number, "per": per, "total_pages": -(-len(rows) // per), "total_records": len(rows)}
        found = answer(200, {"resources": rows[(number - 1) * per : number * per], "pagination": totals})
        self._seen([asked.obj] if asked.obj is not None else [])
        return found

    # -- proof of ownership --------------------------------------------------------------------------------

    def _check(self, asked: Asked) -> Response:
        domain = _present(asked.target)
        self._verified(asked, domain)
        return self.answers.written(domain)

    def _check_now(self, asked: Asked) -> Response:
        domain = _present(asked.target)
        queued = self._verified(asked, domain)
        verified = not domain.type.lifecycle.proves(domain.status)
        if not verified and self._quirks["unverified_answer"] == "422":
            raise Refusal(422, [("ownership", "is not verified")])
        row = self.answers.row(domain)
        identity, lifecycle = domain.type.identity, domain.type.lifecycle
        proof = lifecycle.proof
        told = (identity.id, identity.key, lifecycle.attribute, lifecycle.progress)
        resource = {name: row[name] for name in told}
        content = {
            "verified": verified,
            "activation_queued": queued,
            "resource": {"type": domain.kind, **resource},
            "expected_record": {
                "name": f"{(proof and row.get(proof.host)) or f'd{domain.digits}'}.{domain.key}",
                "type": "A",
                "value": OWNERSHIP_ADDRESS,
            },
            "resolved_ip": OWNERSHIP_ADDRESS if verified else None,
        }
        return answer(200, content)

    def _verified(self, asked: Asked, domain: Stored) -> bool:
        there = self._quirks["ownership"] == "auto" or domain.key in self.store.published
        queued = there and verify(self._draft(asked))
        self.changed |= queued
        return queued


def _present(obj: Stored | None) -> Stored:
    """The object, unless it is on its way out, with or inside its domain: then nothing can be written to it."""
    if obj is None or obj.leaving is not None or (obj.parent is not None and obj.parent.leaving is not None):
        raise Refusal(404)
    return obj


def _refuse(draft: Draft) -> None:
    if draft.errors:
        raise Refusal(422, dict.fromkeys(draft.errors))


def _pagination(query: Mapping[str, str], number: int, per: int, total: int) -> dict[str, JSON]:
    """What a page tells of its list."""
    return {
        "per": per,
        "page": number,
        "total_pages": -(-total // per),
        "query": query.get("query"),
        "filter": None,
        "status": query.get("status"),
        "sort_field": None,
        "sort": None,
        "total_records": total,
    }
