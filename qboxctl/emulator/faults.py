"""What goes wrong on purpose, aimed at single requests: delays, refusals, server errors, broken connections, and lists
that move while they are read or hide something.

A fault is data; how many requests it has seen is kept by the ``Aim`` of one emulator.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TypeVar

_T = TypeVar("_T")

_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "delay": ("seconds",),
    "404": (),
    "429": ("retry-after",),
    "500": ("done",),
    "502": ("done",),
    "503": ("done", "retry-after"),
    "drop-before": (),
    "drop-after": (),
    "cut": (),
    "html": ("done", "status"),
    "slow": ("seconds",),
    "late": ("seconds",),
    "shift": (),
    "grow": (),
    "hide": ("objects",),
}
KINDS = tuple(_OPTIONS)
"""The kinds of faults."""
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
"""What a request can be, of those that a fault may be aimed at."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: ``nth`` is the first matching request that is hit, from 1; ``count`` how many in a row are.

    ``delay`` holds the request back before its work, ``late`` the answer after it; ``slow`` lets the body trickle.
    ``done`` says whether an error answer comes after the work instead of in its place. ``status`` is the HTTP
    status of an ``html`` page. With ``page`` only that page of a list is hit.

    ``shift`` shows a later page of a list as if an object on an earlier page had just gone, ``grow`` as if one had
    come. ``hide`` leaves out that many ``objects`` at the end of a list (0: all), and does not count them.
    """

    kind: str
    method: str = ""
    path: str = "*"
    nth: int = 1
    count: float = 1
    retry_after: float | None = None
    seconds: float = 1.0
    done: bool = False
    status: int = 502
    page: int = 0
    objects: int = 0

    def __post_init__(self) -> None:
        if self.kind not in _OPTIONS:
            near = get_close_matches(self.kind, KINDS, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(KINDS)}"
            raise ValueError(f"there is no fault {self.kind!r}: {hint}")

    @property
    def before(self) -> bool:
        """Whether the request is answered, or dropped, without its work."""
        if self.kind in ("404", "429", "drop-before"):
            return True
        return self.kind in ("500", "502", "503", "html") and not self.done

    def matches(self, method: str, path: str, page: str = "") -> bool:
        """Whether the request is one of those that are counted."""
        if self.page and page != str(self.page):
            return False
        return (not self.method or self.method.upper() == method.upper()) and fnmatchcase(path, self.path)

    def seen(self, objects: Sequence[_T], page: int) -> Sequence[_T]:
        """What a list holds while this fault hits a page of it."""
        if self.kind == "hide":
            return objects[: -self.objects] if self.objects else ()
        if page > 1 and objects:
            if self.kind == "shift":
                return objects[1:]
            if self.kind == "grow":
                return [objects[0], *objects]
        return objects


def parse_fault(text: str) -> Fault:
    """Read ``KIND[,key=value]...``; raises ValueError that says what is wrong."""
    kind, *options = (part.strip() for part in text.split(","))
    Fault(kind)  # an unknown kind is the first thing to say
    found: dict[str, object] = {}
    for option in options:
        name, equals, value = (part.strip() for part in option.partition("="))
        allowed = ("method", "path", "page", "nth", "count", *_OPTIONS[kind])
        if not equals or not value:
            raise ValueError(f"fault {text!r}: {option!r} is not key=value")
        if name not in allowed:
            raise ValueError(f"fault {text!r}: {kind} takes no {name!r}, only {', '.join(allowed)}")
        try:
            found[name.replace("-", "_")] = _READERS[name](value)
        except ValueError as error:
            raise ValueError(f"fault {text!r}: {name}={value}: {error}") from None
    return Fault(kind, **found)  # type: ignore[arg-type]  # each reader gives its attribute's type


def _whole(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ValueError("expected a whole number from 1")
    return int(text)


def _count(text: str) -> float:
    return math.inf if text == "inf" else _whole(text)


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf:
        raise ValueError("expected a number of seconds")
    return number


def _method(text: str) -> str:
    if text.upper() not in METHODS:
        raise ValueError(f"expected one of {', '.join(METHODS)}")
    return text.upper()


def _yes(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("expected true or false")
    return text == "true"


_READERS: Mapping[str, Callable[[str], object]] = {
    "method": _method,
    "path": str,
    "nth": _whole,
    "count": _count,
    "retry-after": _seconds,
    "seconds": _seconds,
    "done": _yes,
    "status": _whole,
    "page": _whole,
    "objects": _whole,
}


class Aim:
    """Counts the requests of one emulator and tells which faults hit."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._faults = tuple(faults)
        self._seen = [0] * len(self._faults)
        self._lock = threading.Lock()

    def hits(self, method: str, path: str, page: str = "") -> list[Fault]:
        """The faults that this request gets, in the order in which they were given."""
        hit = []
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.matches(method, path, page):
                    self._seen[index] += 1
                    if fault.nth <= self._seen[index] < fault.nth + fault.count:
                        hit.append(fault)
        return hit
