"""The folder is the layer: imports go one way, each library has one home, and what is pure touches nothing outside."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import qboxctl
from tests.support import ROOT

PACKAGE = Path(qboxctl.__file__).parent
LAYERS = (
    (("errors", "model", "json_text", "files"), "the ground: values, the exception tree, texts, and private files"),
    (("schema",), "what a kind is: it knows no kind"),
    (("resources", "config"), "the kinds, and the files that declare objects: neither knows the other"),
    (("api",), "one HTTP client: it knows no plan"),
    (("live",), "what is read of an account: it knows no plan, it is told what to read"),
    (("planning", "export", "dns", "doctor"), "readers of the account: none of them can write, none needs another"),
    (("applying", "render"), "a plan is carried out, a plan is shown: neither knows the other"),
    (("cli",), "the terminal, the environment, the clock and the exit codes"),
)
"""The rooms from the ground up, with what each layer must not know. A room may use all layers below its own."""
EMULATOR = {"emulator"}
"""It plays the server: it may use the kinds, and only the command line may use it."""
BELOW_THE_EMULATOR = 3
"""So many of the lowest layers are known to it: the ground, the schema, the kinds."""

HOMES = {
    "httpx": {"api/client.py", "api/transport.py"},
    "httpcore": {"api/transport.py"},
    "yaml": {"config/yaml/"},
    "jsonschema": {"schema/json_validation.py"},
    "fastjsonschema": {"schema/json_validation.py"},
    "deepdiff": {"planning/diff.py"},
    "dns": {"dns/lookup.py"},
    "idna": {"schema/formats.py"},
    "click": {"cli/"},
    "starlette": {"emulator/app.py"},
    "uvicorn": {"emulator/app.py"},
    "anyio": {"emulator/app.py"},
}
"""The libraries, and the only places that know each."""

PURE = (
    "model.py",
    "json_text.py",
    "schema/",
    "resources/",
    "live/",
    "planning/",
    "export.py",
    "dns/records.py",
    "render/",
)
TOUCHING = {
    "planning/planfile.py": "it saves and reads plan files",
    "live/refresh.py": "it asks the API",
    "render/guide.py": "it reads the pages that are shipped with the program",
}
"""What is not pure in a pure room, and why."""
OUTSIDE = {"os", "socket", "subprocess", "time", "pathlib", "signal", "random", "shutil", "tempfile"}

FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
RANKS = {room: rank for rank, (rooms, _) in enumerate(LAYERS) for room in rooms}


def imports(name: str) -> set[str]:
    """The modules that a file of the package imports, wherever in it."""
    return imported(PACKAGE / name)


def imported(path: Path) -> set[str]:
    """The modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def room_of(name: str) -> str:
    return name.removesuffix(".py").split("/")[0]


def rooms_used(name: str) -> set[str]:
    """The other rooms that a file imports from."""
    parts = (module.split(".") for module in imports(name))
    known = RANKS.keys() | EMULATOR
    return {one[1] for one in parts if one[0] == "qboxctl" and len(one) > 1 and one[1] in known} - {room_of(name)}


def test_every_file_is_in_a_room() -> None:
    strangers = {room_of(name) for name in FILES} - RANKS.keys() - EMULATOR - {"__init__", "__main__"}
    assert not strangers


@pytest.mark.parametrize("name", [name for name in FILES if room_of(name) in RANKS])
def test_imports_point_one_way(name: str) -> None:
    rank = RANKS[room_of(name)]
    for room in rooms_used(name):
        if room in EMULATOR:
            assert room_of(name) == "cli", f"{name} imports the emulator"
        elif RANKS[room] == rank == 0:
            continue  # the ground is one room of single files
        else:
            assert RANKS[room] < rank, f"{name} imports {room}: {LAYERS[rank][1]}"


@pytest.mark.parametrize("name", [name for name in FILES if room_of(name) in EMULATOR])
def test_the_emulator_knows_the_kinds_and_nothing_of_the_engine(name: str) -> None:
    known = {room for rooms, _ in LAYERS[:BELOW_THE_EMULATOR] for room in rooms} - {"config"}
    assert rooms_used(name) <= known


@pytest.mark.parametrize("name", FILES)
def test_each_library_has_one_home(name: str) -> None:
    used = {module.split(".")[0] for module in imports(name)} & HOMES.keys()
    for library in used:
        assert any(name == home or (home.endswith("/") and name.startswith(home)) for home in HOMES[library]), library


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(PURE) and name not in TOUCHING])
def test_pure_modules_touch_nothing(name: str) -> None:
    assert not {module.split(".")[0] for module in imports(name)} & OUTSIDE


@pytest.mark.parametrize("room", [room for room in RANKS if (PACKAGE / room).is_dir()])
def test_every_room_says_what_it_does_what_it_never_does_and_where_to_start(room: str) -> None:
    text = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text())) or ""
    assert "Never" in text, room
    assert "Start" in text, room


# The tests.

TESTS = ROOT / "tests"
BESIDE = {"support": "what several tests share", "bench": "how fast it is", "pipelines": "the examples at work"}
"""The folders of tests that mirror none of the package."""


def test_the_tests_mirror_the_rooms() -> None:
    folders = {path.name for path in TESTS.iterdir() if path.is_dir() and list(path.glob("*.py"))}
    assert folders - BESIDE.keys() <= RANKS.keys() | EMULATOR


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: path.relative_to(TESTS).as_posix())
def test_no_test_needs_another_one(path: Path) -> None:
    shared = ("tests.support", "tests.bench") if path.parent.name == "bench" else ("tests.support",)
    assert not [one for one in imported(path) if one.startswith("tests.") and not one.startswith(shared)]
