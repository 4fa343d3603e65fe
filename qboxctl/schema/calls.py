"""The calls of the API that a kind of resource is read and written by. Nothing here sends anything."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, unquote

from qboxctl.errors import QboxctlError
from qboxctl.model import JSON

OWN = "id"
"""What stands in a path for the object's own code; for what it lives in stand the names of those kinds."""
ENTRY = "entry"
"""What stands in a path for the code of the entry of a list that a call is about."""
SLASH = "%2F"
"""A slash in a code, which is no step of the path."""
UPDATE = "update"
"""The write that carries an attribute unless it says otherwise."""


def readable(path: str) -> str:
    """A path as servers read it: without escapes, but for the slashes in its codes."""
    return unquote(re.sub(SLASH, f"%25{SLASH[1:]}", path, flags=re.IGNORECASE))


class Certainty(StrEnum):
    """How sure a fact about the API is."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API.

    In the ``path``, ``{id}`` stands for the object's own code and ``{domain}``, as an example, for the code of the
    domain that it lives in. A call is ``named`` where the body names the object, because the path does not. The body
    ``repeats`` some attributes even where they do not change, or states the ``whole`` object; a creation states them
    with their initial values where nothing else is said. ``body`` is what every body says. The code of an entry that a
    call is about goes under ``entry``, or in a list under ``entries``, where the path does not name it. ``query`` goes
    along with a list; one that is not ``paged`` takes no number of a page, and answers with all of it. ``closed`` says
    what to do where the API refuses the call itself: to this token, or to all. Of a call that is ``optional``, nobody
    knows whether the API has it. A path goes ``by_place`` where it may want the object's place in its list for its
    code, and a creation that does not ``tell_code`` answers with something that may be none.
    """

    method: str
    path: str
    named: bool = False
    repeats: tuple[str, ...] = ()
    whole: bool = False
    query: Mapping[str, str] = field(default_factory=dict)
    paged: bool = True
    body: Mapping[str, JSON] = field(default_factory=dict)
    entry: str = ""
    entries: str = ""
    optional: bool = False
    by_place: bool = False
    tell_code: bool = True
    certainty: Certainty = Certainty.DOCUMENTED
    closed: str = ""

    @property
    def variables(self) -> frozenset[str]:
        """What stands for codes in the path."""
        return frozenset(name for _, name, _, _ in string.Formatter().parse(self.path) if name)

    def path_for(self, codes: Mapping[str, str]) -> str:
        """The path with its codes, by what stands for them; whatever they hold, they stay one step of the path.

        Raises QboxctlError where one is not known: without it, the path would be that of something larger.
        """
        known = {name: quote(codes.get(name, ""), safe="") for name in self.variables}
        missing = sorted(name for name, code in known.items() if not code)
        if missing:
            raise QboxctlError(f"{self.method} {self.path}: the code for {' and '.join(missing)} is not known")
        return self.path.format_map(known)


@dataclass(frozen=True, slots=True)
class Calls:
    """What the API can do with a kind.

    ``list`` is None for a block of its parent: there is one in each, and ``read`` answers with the parent's row.
    ``read`` is None where no call shows one object, or none that can be relied on: then its list is read. ``writes``
    are the calls that change an object, by name, in the order in which they are sent. ``search`` is the parameter of
    the list that looks for a text: what it finds is there, what it misses may be too. Objects are read ``one_by_one``
    where that takes fewer requests than the pages of a long list. What is ``counted`` is not looked for in a parent
    that counts none, unless a file names some there.
    """

    list: Call | None
    read: Call | None
    create: Call
    writes: Mapping[str, Call] = field(default_factory=dict)
    delete: Call | None = None
    search: str = ""
    one_by_one: bool = False
    counted: bool = False

    def __post_init__(self) -> None:
        if self.read is None and (self.list is None or self.one_by_one):
            raise ValueError("what no call shows by itself has a list, and is not read one by one")

    def __iter__(self) -> Iterator[Call]:
        """All of them, in the order in which they are documented."""
        found = (self.create, self.list, self.read, *self.writes.values(), self.delete)
        yield from (call for call in found if call is not None)

    @property
    def collection(self) -> Call:
        """What a whole collection is read by."""
        return self.list or self.read  # type: ignore[return-value]  # one of them is there

    @property
    def by_name(self) -> bool:
        """Whether an object is asked for by its name, since it has no path of its own."""
        return self.read is not None and self.read.named

    @property
    def update(self) -> Call | None:
        """The write that carries most attributes, None where nothing can be changed."""
        return self.writes.get(UPDATE)
