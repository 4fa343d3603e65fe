"""What the objects of a kind are known by: one frozen ``Identity``. Nothing here does I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from qboxctl.model import JSON
from qboxctl.schema import formats


class Joined(StrEnum):
    """How the natural key of an object that lives in another one is put together."""

    SLASH = "parent/name"
    """Segments, in which a name's own slash is written ``%2F``."""
    AT = "name@parent"
    """An e-mail address."""
    SAME = "parent"
    """There is one of the kind in each parent, and it goes by the parent's key."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """The object of a kind that is in every parent by itself: its name, and what its codes look like."""

    name: str
    prefix: str
    digits: int = 9

    def bears(self, name: str, code: str) -> bool:
        """Whether it is this one, by its name or its code."""
        number = code.removeprefix(self.prefix)
        return name == self.name or (number != code and len(number) == self.digits and number.isdecimal())


@dataclass(frozen=True, slots=True)
class Identity:
    """What an object is known by.

    ``key`` is the attribute of the answers that holds its name ("" where it has none of its own), ``id`` the one that
    holds its code, ``normalise`` brings a name from a file to canonical form or raises ValueError. ``joined`` is how
    its key is put together with its parent's; kinds of one ``namespace`` in one parent share their names, or all of
    them where a name is the only one ``everywhere``: in the whole account, whatever it is in. ``unique`` is
    False where the server would accept a second object of the same name: such a creation is never repeated blindly. Its
    files may know such an object ``otherwise``, by the first entry of an attribute. What a file calls it is ``stated``
    of it, even where that goes by its code. ``also`` are other attributes that may hold the code.
    ``refused`` are names that no file may give to such an object, each with why. Under the key ``pin`` a file may say
    which code the object has; ``fullname`` are the attributes that its full name is made of.
    """

    key: str = "name"
    id: str = "code"
    normalise: Callable[[str], str] = formats.domain_name
    joined: Joined = Joined.SLASH
    namespace: str = ""
    everywhere: bool = False
    unique: bool = True
    also: tuple[str, ...] = ()
    stated: bool = False
    otherwise: str = ""
    reserved: Reserved | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    pin: str = ""
    fullname: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.everywhere and not (self.namespace and self.unique):
            raise ValueError("what is the only one of its name everywhere says in which namespace")
        if not self.unique:
            object.__setattr__(self, "pin", "id")  # whatever answers call it
        if self.alone:
            object.__setattr__(self, "normalise", str)  # it goes by its parent's key, which is canonical

    @property
    def alone(self) -> bool:
        """Whether there is one in each parent: it stands in the files as a block, not under a name."""
        return self.joined is Joined.SAME

    @property
    def coded(self) -> bool:
        """Whether an object has a code of its own, and is not known by its name alone."""
        return self.id != self.key

    def known(self, name: str) -> str:
        """A name from outside in canonical form, "" for one that no object can bear."""
        try:
            return self.normalise(name)
        except ValueError:
            return ""

    def code_in(self, row: Mapping[str, JSON]) -> JSON:
        """What an answer holds for an object's code, None for nothing."""
        return next((row[name] for name in (self.id, *self.also) if row.get(name) is not None), None)

    def reserves(self, name: str) -> bool:
        """Whether the object of this name is in every parent by itself."""
        return self.reserved is not None and self.reserved.name == name

    def comparable(self, name: str) -> str:
        """A name from outside in canonical form; one that no file could declare stays as it is, in lower case."""
        try:
            return self.normalise(name)
        except ValueError:
            return name.strip().lower()
