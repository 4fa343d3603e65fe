"""What every service has: routes, the pages of its lists, and what a seed says of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from qboxctl.emulator.state import Store
from qboxctl.emulator.wire import PER, Refusal, Request, Response, Row, answer, positive
from qboxctl.model import JSON
from qboxctl.schema.hints import offered

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Ask(NamedTuple):
    """One request to a service: the code in its path ("" where there is none), its query and its body."""

    code: str
    query: Mapping[str, str]
    body: JSON


Serve = Callable[[Ask], Response]


class Service(ABC):
    """A part of the server with routes of its own; ``changed`` says whether the request changed anything.

    Whoever calls it holds the emulator's lock.
    """

    name: ClassVar[str]
    """What a seed calls it."""
    secret: ClassVar[frozenset[str]] = frozenset()
    """The names in its bodies whose values no log shows."""

    def __init__(self, store: Store, quirks: Mapping[str, str], clock: Callable[[], float]) -> None:
        self.store, self.quirks, self.clock = store, quirks, clock
        self.changed = False

    @property
    @abstractmethod
    def routes(self) -> Mapping[tuple[str, str], Serve]:
        """What each method does on a path; ``{code}`` stands for a code."""

    @abstractmethod
    def plant(self, content: Any) -> None:
        """Take in what a seed says; raises ValueError."""

    @abstractmethod
    def dump(self) -> JSON:
        """What a seed would say; nothing where there is nothing."""

    def guards(self, request: Request) -> bool:
        """Whether the request is for a part that has tokens of its own."""
        return False

    def control(self, name: str, body: JSON) -> bool:
        """Do what a control call of this name asks for, if it is one of this service."""
        return False

    def answer(self, request: Request, body: JSON) -> Response | None:
        """Do a request's work, None where its path is none of this service; raises ``Refusal``."""
        found = {}
        for (method, path), route in self.routes.items():
            code = _code(path, request.path)
            if code is not None:
                found[method] = (route, code)
        if not found:
            return None
        if request.method not in found:
            raise Refusal(405, allow=", ".join(sorted(found)))
        route, code = found[request.method]
        return route(Ask(code, request.query, body))

    @property
    def admin(self) -> bool:
        """Whether the token is an admin's: it sees more than one customer."""
        return bool(self.store.customers)

    def page(self, rows: Sequence[Row], query: Mapping[str, str]) -> Response:
        """One page of a list."""
        number, per = positive(query, "page", 1), min(positive(query, "per", PER), int(self.quirks["per_max"]))
        if not rows and self.quirks["empty_list"] == "404":
            return answer(404, {"message": "Not found", "errors": []})
        pagination: Row = {}
        if self.quirks["job_paging"] == "totals":
            pagination = {"page": number, "per": per, "total_pages": -(-len(rows) // per), "total_records": len(rows)}
        return answer(200, {"resources": list(rows[(number - 1) * per : number * per]), "pagination": pagination})

    def searched(self, rows: Iterable[Row], query: Mapping[str, str], names: Iterable[str]) -> list[Row]:
        """The rows that a list's ``query`` asks for, by some of their attributes."""
        text = query.get("query", "").strip().lower()
        if not text or self.quirks["query"] == "ignored":
            return list(rows)
        return [row for row in rows if any(text in str(row.get(name, "")).lower() for name in names)]

    def customer(self, code: str) -> str:
        """The customer whose rows are asked for; only an admin may name another one."""
        if code and code != self.store.customer_code and not self.admin:
            raise Refusal(403)
        return code

    def created(self, path: str, row: Row) -> Response:
        """The answer to a creation, in the form of the quirk."""
        status, form = int(self.quirks["create_status"]), self.quirks["create_answer"]
        match form:
            case "resources":
                return answer(status, {"resources": [row], "pagination": {}})
            case "location":
                return answer(status, None, {"location": f"{path}/{row['code']}"})
            case "nothing":
                return answer(status)
            case _:
                return answer(status, {"message": "Created", "resource_code": row["code"]})

    def written(self) -> Response:
        """The answer to a write that leaves nothing to show."""
        self.changed = True
        return answer(204 if self.quirks["write_answer"] == "204" else 200)

    def errors(self, texts: Sequence[str]) -> list[JSON]:
        """What is wrong with something, in the form of the quirk."""
        if self.quirks["job_errors"] == "objects":
            return [{"code": number, "message": text} for number, text in enumerate(texts, 1)]
        return list(texts)

    def now(self) -> str:
        """A moment after all that was before."""
        self.store.version += 1
        return (_EPOCH + timedelta(seconds=self.store.version)).strftime("%Y-%m-%dT%H:%M:%SZ")


def bodies(what: str, content: Any) -> list[dict[str, Any]]:
    """What a seed says of each object: a list, or a mapping by their codes; raises ValueError."""
    if isinstance(content, Mapping):
        content = [{"code": code, **(body or {})} for code, body in content.items()]
    if not isinstance(content, list | tuple | None) or not all(isinstance(one, Mapping) for one in content or ()):
        raise ValueError(f"{what}: expected a list of objects, or a mapping of them by their codes")
    return [dict(one) for one in content or ()]


def checked(what: str, one: Mapping[str, Any], usual: Mapping[str, Any]) -> None:
    """Raise ValueError for an attribute that is none of the ``usual`` ones, or no list where the usual one is."""
    for name, value in one.items():
        if name not in usual:
            raise ValueError(f"{what}: there is no attribute {name!r}: {offered(str(name), sorted(usual))}")
        if isinstance(usual[name], list | tuple) and not isinstance(value, list | tuple):
            raise ValueError(f"{what}: {name} is a list")


def chosen(query: Mapping[str, str], name: str, words: Iterable[str], usual: str) -> str:
    """One of the words that a filter takes; 422 for another one."""
    word = query.get(name) or usual
    if word not in words:
        raise Refusal(422, [(name, "is not valid")])
    return word


def _code(path: str, given: str) -> str | None:
    """The code in a path, "" where it has none, None where it is another path."""
    before, code, after = path.partition("{code}")
    if not code:
        return "" if path == given else None
    if not (given.startswith(before) and given.endswith(after)):
        return None
    found = given[len(before) : len(given) - len(after)]
    return found if found and "/" not in found else None
