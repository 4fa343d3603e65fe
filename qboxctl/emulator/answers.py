"""How stored objects look on the wire: rows, lists and the answers to writes, under the quirks.

A row is built by a plan per kind, made once from the definition, and kept as text until the object changes.
"""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from qboxctl.emulator.behaviour import behaviour_of
from qboxctl.emulator.state import Store, Stored
from qboxctl.emulator.wire import Response, Row, answer
from qboxctl.model import JSON
from qboxctl.schema.calls import OWN
from qboxctl.schema.collections import Emails, References, Texts
from qboxctl.schema.field import Field
from qboxctl.schema.lifecycle import DISABLED, ENABLED, UNPROVED, Lifecycle
from qboxctl.schema.resource import ResourceType, Told
from qboxctl.schema.types import Boolean, Email

Converter = Callable[[JSON], JSON]
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
"""One encoder for all rows: ``json.dumps`` would make a new one for each."""
_LONGEST = 40
"""The characters of a description that the quirk leaves."""
_NUMBERS = (ENABLED, DISABLED, UNPROVED)
_HIDDEN = {"force_new_password": "force_new_password", "last_access": "last_access_at"}
"""The attributes that a quirk of a like name hides."""
_NOISE: Mapping[str, JSON] = {
    "beta_features": None,
    "x_internal": {"shard": 7, "flags": [None, "new"], "note": None},
    "migration_status": "hibernating",
    "type_label": "",
}


_COMMON = ("created_at", "updated_at")


class Answers:
    """Writes the answers of one emulator."""

    def __init__(self, store: Store, quirks: Mapping[str, str], extra: Mapping[str, Iterable[str]]) -> None:
        self.store = store
        self.quirks = quirks
        self._extra = extra
        self._numeric = quirks["ids"] == "number"
        self._as_sent = quirks["address_case"] == "as_sent"
        holders = (type_.parent for type_ in store.types.values() if type_.identity.alone)
        self._composed = frozenset(holders)  # their rows change with the blocks in them
        self._plans = {kind: self._plan(type_) for kind, type_ in store.types.items()}

    # -- rows ----------------------------------------------------------------------------------------------

    def text(self, obj: Stored, *, listed: bool = False) -> str:
        """The object's row as JSON text; a list that is all there is to read is never abridged."""
        short = listed and obj.type.calls.read is not None and self.quirks["list_detail"] == "abridged"
        thin = behaviour_of(obj.kind).listed if listed else None
        stamp = (obj.version, obj.pending > 0, obj.leaving is not None, short, bool(thin))
        if obj.row is None or obj.row[0] != stamp or obj.kind in self._composed:
            row = self.row(obj, short=short)
            obj.row = (stamp, _ENCODE({name: row[name] for name in row if name in thin} if thin else row))
        return obj.row[1]

    def row(self, obj: Stored, *, short: bool = False) -> Row:
        """The object's row; a short one is what an abridged list shows of it."""
        type_ = obj.type
        row: Row = {type_.identity.id: self.code(obj), type_.identity.key: self.name(obj)}
        row.update(self._state(obj))
        behaviour = behaviour_of(type_.kind)
        if behaviour.row is not None:
            row.update(behaviour.row(self, obj))
        row.update(obj.facts)
        if type_.told:
            row.update((name, value) for name, value in _telling(type_.told, obj).items() if name)
        for row_name, name, convert in self._plans[type_.kind]:
            value = obj.values.get(name)
            row[row_name] = value if convert is None else convert(value)
        for child in self.store.types.children(type_.kind):
            if child.identity.alone:
                row.update(self.block(child, obj))
        if self.quirks["unmodelled"] == "returned":
            row.update((name, obj.extra.get(name)) for name in self._extra[type_.kind])
        for quirk, name in _HIDDEN.items():
            if self.quirks[quirk] == "hidden":
                row.pop(name, None)
        if self.quirks["extra_fields"] == "noise":
            row.update(_NOISE)
            row.update(behaviour.noise)
        if short:
            keeps = {type_.identity.id, type_.identity.key, type_.lifecycle.row_name, *behaviour.keeps}
            return {name: value for name, value in row.items() if name in keeps}
        if self.quirks["list_detail"] == "blind":
            return {name: row[name] for name in row if name not in behaviour.unlisted}
        return row

    def block(self, type_: ResourceType, parent: Stored) -> Row:
        """What a row tells of the object that is alone in it."""
        own = next(iter(self.store.rows(type_.kind, parent).values()), None)
        if own is None:
            absent = type_.lifecycle.absent
            return {type_.lifecycle.row_name: absent[0]} if absent else {}  # else the parent's row says so itself
        return {
            name: value
            for name, value in self.row(own).items()
            if name not in {*_COMMON, type_.identity.id, type_.identity.key}
        }

    def code(self, obj: Stored) -> JSON:
        """The object's code or id."""
        return self._wire_code(obj.code)

    def _wire_code(self, code: str) -> JSON:
        return int(code) if self._numeric else code

    def name(self, obj: Stored) -> str:
        """The object's name as answers spell it."""
        if obj.type.identity.key in obj.type.by_name:
            return self._kept(obj.name)
        return obj.name if self._as_sent else obj.key

    def _kept(self, text: str) -> str:
        """A description in the form in which the server keeps it."""
        match self.quirks["descriptions"]:
            case "cut":
                return text[:_LONGEST].rstrip()
            case "composed":
                return unicodedata.normalize("NFC", text)
            case "blanks":
                return " ".join(text.split())
            case "escaped":
                return html.escape(text)
            case _:
                return text

    def _state(self, obj: Stored) -> Row:
        if behaviour_of(obj.kind).bare:
            return {}
        state: Row = {"created_at": obj.created, "updated_at": obj.updated}
        lifecycle = obj.type.lifecycle
        if lifecycle.phases:
            state[lifecycle.row_name] = _phase(lifecycle, obj)
        elif lifecycle.words:
            state[lifecycle.attribute] = status_number(obj) if self.quirks["status"] == "number" else obj.status
            state |= {lifecycle.progress: obj.detail} if lifecycle.progress else {}
        return state

    def _plan(self, type_: ResourceType) -> list[tuple[str, str, Converter | None]]:
        state = type_.lifecycle.attribute if type_.lifecycle.words else ""
        shown = [one for one in type_.fields if one.returned and one.name != state]
        shown = [one for one in shown if not (one.each and one.each.register)]  # a list of its own tells those
        shown = [one for one in shown if not one.holder]  # what it names tells those
        quirk = behaviour_of(type_.kind).snake
        snake = bool(quirk) and self.quirks[quirk] == "snake"
        return [(one.row_names[-1 if snake else 0], one.name, self._converter(type_, one)) for one in shown]

    def _converter(self, type_: ResourceType, one: Field) -> Converter | None:
        match one.type:
            case _ if one.name == type_.identity.key:
                return self._kept
            case Boolean():
                return {"text": _boolean_text, "number": _boolean_number}.get(self.quirks["booleans"])
            case _ if one.name in behaviour_of(type_.kind).shown:
                return partial(behaviour_of(type_.kind).shown[one.name], self)
            case References():
                return lambda codes: self.listed([self._wire_code(code) for code in codes or ()])
            case Emails():
                return self._emails
            case Texts():
                return lambda items: self.listed(list(items or ()))
            case Email() if not self._as_sent:
                return lambda value: value.lower() if value else value
            case _:
                return None

    def listed(self, items: list[JSON]) -> JSON:
        """A list in the form that the quirk chooses."""
        if self.quirks["lists"] == "comma":
            return ", ".join(str(item) for item in items)
        return None if not items and self.quirks["lists"] == "null_when_empty" else items

    def _emails(self, items: Sequence[str] | None) -> JSON:
        shown = list(items or ()) if self._as_sent else [item.lower() for item in items or ()]
        return self.listed(sorted(shown) if self.quirks["destinations"] == "sorted" else shown)

    # -- whole answers -------------------------------------------------------------------------------------

    def page(self, rows: Sequence[Stored], pagination: Row) -> Response:
        """One page of a list."""
        if not rows and self.quirks["empty_list"] == "404":
            return answer(404, {"message": "Not found", "errors": []})
        return self._envelope(rows, pagination, listed=True)

    def one(self, obj: Stored) -> Response:
        """One object by its code."""
        return self._envelope([obj], {})

    def _envelope(
        self, rows: Sequence[Stored], pagination: Row, *, status: int = 200, listed: bool = False
    ) -> Response:
        noise = ',"meta":{"took":null}' if self.quirks["extra_fields"] == "noise" else ""
        texts = ",".join([self.text(obj, listed=listed) for obj in rows])
        body = f'{{"resources":[{texts}],"pagination":{json.dumps(pagination)}{noise}}}'
        return Response(status, {"content-type": "application/json"}, body.encode())

    def created(self, obj: Stored) -> Response:
        """The answer to a create; without an address of its own an object's creation answers nothing at all."""
        status, form = int(self.quirks["create_status"]), self.quirks["create_answer"]
        if form == "resources":
            return self._envelope([obj], {}, status=status)
        if obj.type.calls.by_name or form == "nothing":
            return answer(status)
        if form == "location":
            codes, outer = {OWN: obj.code}, obj.parent
            while outer is not None:
                codes[outer.kind], outer = outer.code, outer.parent
            item = obj.type.calls.read or obj.type.calls.delete or obj.type.calls.collection
            return answer(status, None, {"location": item.path_for(codes)})
        told = behaviour_of(obj.kind).resource_code
        return answer(status, {"message": "Created", "resource_code": told(self, obj) if told else self.code(obj)})

    def told(self, obj: Stored, secret: str) -> Response:
        """The answer to a create that tells a secret, once."""
        tells = behaviour_of(obj.kind).tells
        if tells is not None:
            return tells(self, obj, secret)
        name = obj.type.told.names[0] if obj.type.told else ""
        row = {**self.row(obj), name: secret}
        return answer(int(self.quirks["create_status"]), {"resources": [row], "pagination": {}})

    def written(self, *objects: Stored) -> Response:
        """The answer to an update, to another write, or (without an object that is still there) to a delete."""
        form = self.quirks["write_answer"]
        if form == "200-resources":
            return self._envelope(objects, {})
        return answer(204 if form == "204" else 200)


def _phase(lifecycle: Lifecycle, obj: Stored) -> str:
    """The word that tells both where an object is and what is under way."""
    if obj.leaving is not None or not obj.pending:
        return obj.detail if obj.leaving is not None else obj.status
    return next((word for word, (status, _) in lifecycle.phases.items() if status == obj.status), obj.status)


def _telling(told: Told, obj: Stored) -> Row:
    """What a row shows of a secret that was told once."""
    return {told.preview: obj.told, told.used: obj.accessed or None}


def _boolean_text(value: JSON) -> JSON:
    return "true" if value else "false"


def _boolean_number(value: JSON) -> JSON:
    return 1 if value else 0


def status_number(obj: Stored) -> int:
    """The number that stands for a status; those of which no reference tells come after the known ones."""
    if obj.status in _NUMBERS:
        return _NUMBERS.index(obj.status)
    others = [status for status in behaviour_of(obj.kind).statuses if status not in _NUMBERS]
    return len(_NUMBERS) + others.index(obj.status)
