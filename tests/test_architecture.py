"""Imports point one way, and each third-party library has one home."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "qboxctl"
HOMES = {
    "yaml": {"yamlio.py", "yamlhelp.py", "yamldump.py"},
    "jsonschema": {"validate.py"},
    "fastjsonschema": {"validate.py"},
    "httpx": {"client.py", "transport.py"},
    "httpcore": {"transport.py"},
    "deepdiff": {"diff.py"},
    "dns": {"resolve.py"},
    "idna": {"names.py"},
    "click": {"cli/"},
    "starlette": {"emulator/app.py"},
    "uvicorn": {"emulator/app.py"},
    "anyio": {"emulator/app.py"},
}
PURE = (
    "model.py", "jsonio.py", "hints.py", "names.py", "values.py", "labels.py", "lists.py", "definition.py",
    "resources/", "docs.py", "reference.py", "wish.py", "places.py", "extra.py", "load.py", "since.py", "part.py",
    "circles.py", "validate.py", "firstuse.py", "diff.py", "guards.py", "scope.py", "graph.py", "stepwise.py",
    "pace.py", "bill.py", "limits.py", "plan.py", "want.py", "apply.py", "advice.py", "idle_patterns.py",
    "trust.py", "yamldump.py", "export.py", "dns.py", "render/", "listing.py", "counts.py", "passwords.py",
    "redaction.py", "excerpts.py",
)  # fmt: skip
OUTSIDE = {"os", "socket", "subprocess", "time", "pathlib", "signal", "random", "shutil", "tempfile"}
LAYERS = (
    "errors", "model", "listing", "jsonio", "files", "passwords", "redaction", "hints", "names", "values", "labels",
    "lists", "definition", "counts", "resources", "settings", "yamlhelp", "yamlio", "excerpts", "parallel", "docs",
    "places", "reference", "sources", "wish", "trust", "extra", "load", "since", "circles", "validate", "firstuse",
    "diff", "graph", "stepwise", "pace", "guards", "scope", "part", "bill", "planfile", "limits", "plan", "advice",
    "idle_patterns", "want", "yamldump", "export", "dns", "resolve", "answers", "transport", "client", "remote",
    "customers", "survey", "compare", "doctor", "secret", "journal", "write", "apply", "worker", "run", "render",
    "emulator", "cli",
)  # fmt: skip
LATE = {("load", "validate")}
"""Imported inside a function, so that a command that does not need it does not pay for it."""

FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def imports(name: str) -> set[str]:
    """The modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse((PACKAGE / name).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("name", FILES)
def test_each_library_has_one_home(name: str) -> None:
    used = {module.split(".")[0] for module in imports(name)} & HOMES.keys()
    for library in used:
        assert any(name == home or (home.endswith("/") and name.startswith(home)) for home in HOMES[library]), library


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(PURE)])
def test_pure_modules_touch_nothing(name: str) -> None:
    assert not {module.split(".")[0] for module in imports(name)} & OUTSIDE


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("__")])
def test_imports_point_one_way(name: str) -> None:
    own = name.removesuffix(".py").split("/")[0]
    for module in imports(name):
        parts = module.split(".")
        if parts[0] == "qboxctl" and len(parts) > 1 and parts[1] in LAYERS and parts[1] != own:
            assert LAYERS.index(parts[1]) < LAYERS.index(own) or (own, parts[1]) in LATE, f"{name} imports {module}"
            assert parts[1] != "emulator" or own == "cli", f"{name} imports the emulator"
