"""Where what a plan tells of can be looked up: the places of declarations, and the site that shows their repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

from qboxctl.model import Address


class Place(NamedTuple):
    """A line of a file, and the file's path in its repository ("" where it is in none)."""

    file: str
    line: int
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Site:
    """A repository on the web; ``commits`` and ``files`` are how the site's addresses go on, behind ``root``."""

    root: str
    commits: str = "commit"
    files: str = "blob"

    def commit(self, name: str) -> str:
        """The address of a commit."""
        return f"{self.root}/{self.commits}/{quote(name)}"

    def line(self, commit: str, place: Place) -> str:
        """The address of a line as a commit has it."""
        return f"{self.root}/{self.files}/{quote(commit)}/{quote(place.path)}#L{place.line}"


@dataclass(frozen=True, slots=True)
class Origin:
    """The declarations that are known, and the site, None where there is none that can be shown."""

    places: Mapping[Address, Place] = field(default_factory=dict)
    site: Site | None = None
