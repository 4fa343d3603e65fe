"""Where what a plan tells of can be looked up: the places of declarations, and the site that shows their repository."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from qboxctl.model import Address

_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?P<path>[^:/][^:]*)")
"""How ssh is told of a repository: ``git@host:path``."""


class SourceLine(NamedTuple):
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
        return f"{self.root}/{self.commits}/{quote(name, safe='')}"

    def line(self, commit: str, place: SourceLine) -> str:
        """The address of a line as a commit has it."""
        return f"{self.root}/{self.files}/{quote(commit, safe='')}/{quote(place.path)}#L{place.line}"


@dataclass(frozen=True, slots=True)
class Origin:
    """The declarations that are known, and the site, None where there is none that can be shown."""

    places: Mapping[Address, SourceLine] = field(default_factory=dict)
    site: Site | None = None


def site_of(environ: Mapping[str, str], remote: str) -> Site | None:
    """The site of a repository: as its pipeline names it, else as the address does that it was cloned from.

    None for a site whose addresses are not known, and for one that is not reached by https.
    """
    if environ.get("GITHUB_REPOSITORY"):
        server = environ.get("GITHUB_SERVER_URL", "https://github.com")
        root, files = f"{server}/{environ['GITHUB_REPOSITORY']}", "blob"
        if environ.get("GITEA_ACTIONS") or environ.get("FORGEJO_ACTIONS"):
            files = "src/commit"
        return _site(root, files=files)
    if environ.get("CI_PROJECT_URL"):
        return _gitlab(environ["CI_PROJECT_URL"])
    root = _web_address(remote)
    host = urlsplit(root).hostname or ""
    if host == "github.com":
        return _site(root)
    if host == "codeberg.org":
        return _site(root, files="src/commit")
    return _gitlab(root) if "gitlab" in host.split(".") else None


def _gitlab(root: str) -> Site | None:
    return _site(root, "-/commit", "-/blob")


def _site(root: str, commits: str = "commit", files: str = "blob") -> Site | None:
    try:
        parts = urlsplit(root)
        fits = parts.scheme == "https" and parts.hostname and not {"@", "?", "#"} & set(root) and root.isprintable()
    except ValueError:
        return None
    return Site(f"https://{parts.netloc}{quote(parts.path.rstrip('/'))}", commits, files) if fits else None


def _web_address(remote: str) -> str:
    """The https address that belongs to the one a repository was cloned from, without who cloned it; "" for none."""
    if match := _SCP.fullmatch(remote):
        host, path = match["host"], match["path"]
    else:
        try:
            parts = urlsplit(remote)
        except ValueError:
            return ""
        host, path = parts.hostname or "", parts.path
        if parts.scheme not in ("https", "ssh", "git"):
            return ""
    return f"https://{host}/{path.strip('/').removesuffix('.git')}"
