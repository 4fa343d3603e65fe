"""The folder is the layer: imports go one way, each library has one home, and what is pure touches nothing outside."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import qboxctl
from qboxctl.resources import TYPES
from tests.support import ROOT

PACKAGE = Path(qboxctl.__file__).parent
LAYERS = (
    (("errors", "model", "json_text", "files", "signals"), "the ground: values, the exception tree, texts, files"),
    (("schema",), "what a kind is: it knows no kind"),
    (("resources", "config"), "the kinds, and the files that declare objects: neither knows the other"),
    (("api",), "one HTTP client: it knows no plan"),
    (("live",), "what is read of an account: it knows no plan, it is told what to read"),
    (("planning", "export", "dns", "doctor"), "readers of the account: none of them can write, none needs another"),
    (("jobs",), "what is done once, or only looked at: it is no plan, and is not shown here"),
    (("applying", "render"), "a plan is carried out, a plan is shown: neither knows the other"),
    (("public",), "what other programs may use: it knows no terminal"),
    (("cli",), "the terminal, the environment, the clock and the exit codes"),
)
"""The rooms from the ground up, with what each layer must not know. A room may use all layers below its own."""
EMULATOR = {"emulator"}
"""It plays the server: it may use the kinds, and only the command line may use it."""
BELOW_THE_EMULATOR = 3
"""So many of the lowest layers are known to it: the ground, the schema, the kinds."""

HOMES = {
    "httpx": {"api/client.py", "api/in_process.py", "api/transport.py"},
    "httpcore": {"api/transport.py"},
    "yaml": {"config/yaml/"},
    "jsonschema": {"schema/json_validation.py"},
    "fastjsonschema": {"schema/json_validation.py"},
    "deepdiff": {"render/differences.py"},
    "dns": {"dns/lookup.py", "render/dns_records.py"},
    "idna": {"schema/formats.py"},
    "jinja2": {"render/plan_html.py"},
    "click": {"cli/"},
    "starlette": {"emulator/app.py"},
    "uvicorn": {"emulator/app.py"},
    "anyio": {"emulator/app.py"},
}
"""The libraries, and the only places that know each."""
LATE = {"deepdiff", "dns", "fastjsonschema", "idna", "jsonschema"}
"""Libraries that few runs need, and that take long to load: imported in the functions that use them."""
LOADED_LATE = {"dns/lookup.py"}
"""Modules that are themselves imported so."""

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
    "render/plan_html.py": "its library reads the template that is shipped with the program",
}
"""What is not pure in a pure room, and why."""
OUTSIDE = {"os", "socket", "subprocess", "time", "pathlib", "signal", "random", "shutil", "tempfile"}

OPENING = {
    "api/writer.py": "it makes the body of a request",
    "api/client.py": "it makes the header with the token",
    "jobs/migrations.py": "it makes the body of a request",
    "config/stores.py": "it hands over what the server told",
    "api/redaction.py": "it searches texts for what must not be shown",
}
"""The only places that open a secret, each once, and what for."""

FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
RANKS = {room: rank for rank, (rooms, _) in enumerate(LAYERS) for room in rooms}


def imports(name: str, *, at_once: bool = False) -> set[str]:
    """The modules that a file of the package imports, wherever in it, or ``at_once`` when it is loaded."""
    return imported(PACKAGE / name, at_once=at_once)


def imported(path: Path, *, at_once: bool = False) -> set[str]:
    """The modules that a file imports."""
    found = set()
    tree = ast.parse(path.read_text())
    for node in tree.body if at_once else ast.walk(tree):
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


@pytest.mark.parametrize("name", [name for name in FILES if name not in LOADED_LATE])
def test_what_takes_long_to_load_is_loaded_where_it_is_used(name: str) -> None:
    modules = imports(name, at_once=True)
    assert not {module.split(".")[0] for module in modules} & LATE
    assert not {f"qboxctl/{one}".removesuffix(".py").replace("/", ".") for one in LOADED_LATE} & modules


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(PURE) and name not in TOUCHING])
def test_pure_modules_touch_nothing(name: str) -> None:
    assert not {module.split(".")[0] for module in imports(name)} & OUTSIDE


def test_secrets_are_opened_in_few_places_and_once_in_each() -> None:
    texts = {name: (PACKAGE / name).read_text() for name in FILES}
    opened = {name: text.count(".open()") for name, text in texts.items() if ".open()" in text}
    assert opened == dict.fromkeys(OPENING, 1)
    assert [name for name, text in texts.items() if "._hidden" in text] == ["model.py"]


@pytest.mark.parametrize("room", [room for room in RANKS if (PACKAGE / room).is_dir()])
def test_every_room_says_what_it_does_what_it_never_does_and_where_to_start(room: str) -> None:
    text = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text())) or ""
    assert "Never" in text, room
    assert "Start" in text, room


SPEAKS_OF_KINDS = ("resources/", "emulator/kinds/", "emulator/jobs/")
OTHER_MEANINGS = {
    "name": "nearly everything has one",
    "title": "JSON Schema and HTML have one",
    "body": "HTTP and HTML have one",
    "url": "projects have one",
    "type": "JSON Schema, DNS and HTTP have a word of that name",
    "description": "JSON Schema and answers that refuse something have one",
    "status": "outcomes, checks and HTTP have one; the lists of the API can be asked for one",
    "reason": "a change has one",
    "plan": "that is what it is all about",
    "delivery": "a purpose of DNS records",
    "state": "every object may state one, a block that can be disabled as an attribute",
    "token": "the settings name one, which opens the Management API",
}
"""Words that are an attribute's by chance."""
NAMED = {
    "cli/trace.py": ({"domain"}, "a filter of TraceMail is called so"),
    "cli/export.py": ({"domains"}, "its option --domain chooses among the files that it writes"),
    "cli/report.py": ({"mailboxes", "aliases"}, "its reports are called for what they are about"),
    "jobs/report.py": (
        {"mailbox", "mailboxes", "alias", "aliases", "destinations", "delivery_domain", "delivery_account", "domains"},
        "it says how some kinds belong together",
    ),
    "jobs/account_file.py": ({"password"}, "a column of its file is called so"),
    "jobs/migrations.py": ({"mailbox"}, "mail is fetched into one"),
    "schema/extra.py": ({"firstname", "lastname"}, "what pays is refused in `extra`, under every kind"),
    "emulator/core.py": ({"domain", "mailbox", "password"}, "the bodies of its control calls have these words"),
    "emulator/quirks.py": (
        {"destinations", "force_new_password", "mailbox", "manager", "permissions", "team_member"},
        "quirks and their values are named for what they are about",
    ),
    "emulator/answers.py": ({"destinations", "force_new_password"}, "it plays these quirks"),
}
"""The files that name a kind, a section or an attribute all the same, which they may name, and why."""


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith(SPEAKS_OF_KINDS)])
def test_no_generic_module_names_a_kind_a_section_or_an_attribute(name: str) -> None:
    known = {word for one in TYPES.values() for word in (one.kind, *one.section, *one.by_name)}
    known -= OTHER_MEANINGS.keys() | NAMED.get(name, (set(), ""))[0]
    tree = ast.parse((PACKAGE / name).read_text())
    found = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert not found & known


def test_the_exceptions_are_needed() -> None:
    for name, (words, _) in NAMED.items():
        tree = ast.parse((PACKAGE / name).read_text())
        assert words <= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}, name


# The tests.

TESTS = ROOT / "tests"
BESIDE = {
    "kinds": "each kind through the whole engine",
    "support": "what several tests share",
    "bench": "how fast it is",
    "specimens": "what it looks like",
    "pipelines": "the examples at work",
}
"""The folders of tests that mirror none of the package."""


def test_the_tests_mirror_the_rooms() -> None:
    folders = {path.name for path in TESTS.iterdir() if path.is_dir() and list(path.glob("*.py"))}
    assert folders - BESIDE.keys() <= RANKS.keys() | EMULATOR


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: path.relative_to(TESTS).as_posix())
def test_no_test_needs_another_one(path: Path) -> None:
    shared = ("tests.support", "tests.specimens", f"tests.{path.parent.name}.")
    assert not [one for one in imported(path) if one.startswith("tests.") and not one.startswith(shared)]
