"""The documentation says what the program does: its commands run, its YAML loads, its reference is whole."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator

from qboxctl.cli import cli
from qboxctl.config.configuration import Configuration
from qboxctl.config.files import read_sources
from qboxctl.config.loader import load
from qboxctl.config.rules import check
from qboxctl.config.yaml.reader import Source
from qboxctl.emulator import Emulator
from qboxctl.emulator.app import BackgroundServer
from qboxctl.errors import Severity
from qboxctl.render import reference
from qboxctl.render.guide import topics
from qboxctl.resources import TYPES
from qboxctl.schema import json_schema
from qboxctl.schema.field import Mode
from tests.support import ROOT, commands
from tests.support.commands import Result

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = ROOT / "qboxctl" / "docs"
COMMANDS = cli.list_commands(click.Context(cli))
GUIDES = sorted(path for path in DOCS.glob("*.md") if path.name not in ("README.md", "reference.md"))
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in [
        *ROOT.glob("*.md"),
        *(ROOT / ".github").rglob("*.md"),
        *DOCS.rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
        *(ROOT / ".changes").glob("*.md"),
    ]
}
"""All that is written for people, by where it stands."""
EXAMPLES = sorted({path.parent.name for path in (ROOT / "examples").glob("*/*.yaml")})  # the configurations
LONGEST = 160

page = pytest.mark.parametrize("page", PAGES)
guide = pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)


def blocks(language: str, text: str = README) -> list[str]:
    """The fenced blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def guide_text(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def lines_of(text: str) -> list[str]:
    """Every line of a page's shell blocks, without comments."""
    lines = (line.partition(" #")[0].strip() for block in blocks("sh", text) for line in block.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def calls_of(text: str) -> list[list[str]]:
    """Every command line of qboxctl in a page."""
    return [shlex.split(line)[1:] for line in lines_of(text) if line.startswith("qboxctl")]


CALLS = sorted({shlex.join(words) for text in PAGES.values() for words in calls_of(text)})
FOREVER = sorted(
    {line for text in PAGES.values() for line in re.findall(r"^qboxctl (emulator.*)$", text, re.MULTILINE)}
)


# The README.


def test_the_readme_is_short() -> None:
    lines = README.splitlines()
    assert 100 < len(lines) < LONGEST
    assert max(len(line) for line in lines if not line.startswith("|")) <= 130
    assert {"sh", "yaml"} == set(re.findall(r"^```(\w+)$", README, re.MULTILINE))


def test_the_readme_begins_with_a_plan_and_two_commands() -> None:
    assert README.index("(examples/picture/plan.svg)") < README.index("\n## ")
    assert lines_of(README)[:2] == ["make demo", "make test"]


@page
def test_every_target_of_make_that_a_page_names_exists(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make ([a-z]+)", PAGES[page], re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("line", CALLS)
def test_a_command_line_of_the_pages_is_known(line: str) -> None:
    """Click reads all options before it obeys --help, and refuses those that it does not know."""
    words = shlex.split(line)
    assert words[0].startswith("-") or words[0] in COMMANDS
    assert cli.main([*words, "--help"], prog_name="qboxctl", standalone_mode=False) == 0


def test_a_command_line_that_is_wrong_would_be_found() -> None:
    for words in (["plan", "--no-such-option"], ["no-such-command"]):
        with pytest.raises(click.UsageError):
            cli.main([*words, "--help"], prog_name="qboxctl", standalone_mode=False)


def test_every_command_is_in_the_readme_and_shown() -> None:
    assert [name for name in COMMANDS if not re.search(rf"`{name}`", README)] == []
    shown = {word for line in CALLS for word in shlex.split(line)} | {"demo", "completion"}
    assert [name for name in COMMANDS if name not in shown] == []


@page
def test_no_other_command_is_in_a_page(page: str) -> None:
    named = set(re.findall(r"`qboxctl ([a-z]+)", PAGES[page]))
    assert named <= set(COMMANDS)


@page
def test_every_option_that_a_page_names_exists(page: str) -> None:
    """Options of other programs stand in a command of theirs."""
    context = click.Context(cli)
    commands = [cli, *(cli.get_command(context, name) for name in COMMANDS)]
    commands += [inner for one in commands if one is not cli for inner in getattr(one, "commands", {}).values()]
    known = {option for one in commands if one for parameter in one.params for option in parameter.opts}
    own = re.sub(r"(?:`|^|&& )(?:git|pip|docker) [^`&\n]*|`--filter`", "", PAGES[page], flags=re.MULTILINE)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", own))
    assert named - known <= {"--help"}


def test_every_kind_is_explained_with_its_place_and_address() -> None:
    text = guide_text("configuration")
    for kind in TYPES:
        assert f"| `{kind}` | `{TYPES.place(kind)[0]}." in text, kind
        assert f"`{kind}/" in text, kind


def test_the_glossary_names_all_kinds() -> None:
    row = re.search(r"^\| kind \|.*$", guide_text("glossary"), re.MULTILINE)
    assert row
    assert re.findall("`(.+?)`", row[0]) == list(TYPES)


def test_every_exit_code_is_told() -> None:
    from qboxctl.cli.failures import Exit

    assert re.findall(r"^\| (\d+) \|", guide_text("exit-codes"), re.MULTILINE) == [str(code.value) for code in Exit]


@page
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    named = re.findall(r"`((?:tests|examples|schemas|qboxctl|\.github/actions|\.changes)/[\w./-]*\w/?)`", PAGES[page])
    assert [name for name in named if not (ROOT / name).exists()] == []


def anchors(text: str) -> set[str]:
    """The places in a page that a link can name, as GitHub makes them of headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@page
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), target


def test_every_promise_is_held_by_tests() -> None:
    rows = re.findall(r"^\| (?!promise|---)[^|]+ \| ([^|]+) \|$", guide_text("promises"), re.MULTILINE)
    assert len(rows) >= 20
    assert all("`tests/" in row for row in rows)


def test_every_defence_is_tried_by_tests() -> None:
    rows = re.findall(r"^\| (?!who|---).+ \| ([^|]+) \|$", PAGES[".github/SECURITY.md"], re.MULTILINE)
    assert len(rows) >= 8
    assert all("`tests/" in row for row in rows)


# The guides: a file that a block names is written, then the commands after it run, as a reader would.


def steps(page: str) -> list[tuple[str, str]]:
    """The files and command lines of a page, in order: ``("FILE", text)`` and ``("", line)``."""
    found: list[tuple[str, str]] = []
    for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        first = text.partition("\n")[0]
        if language == "yaml":
            named = re.fullmatch(r"# ([\w./-]+\.yaml)", first)
            found += [(named[1], text)] if named else []
        elif language == "sh":
            found += [("", line) for line in text.splitlines() if line and not line.startswith("#")]
    return found


ACCOUNT = {
    "domains": {
        "example.com": {
            "max_email_quota": "25GB",
            "mailboxes": {"ada": {"firstname": "Ada"}, "bob": {"firstname": "Bob"}, "kim": {"firstname": "Kim"}},
            "aliases": {"info": ["ada@example.com"]},
        },
        "other.example": {"mailboxes": {"eve": {"firstname": "Eve"}}},
    },
    "delivery": {"accounts": {"newsletter": {"type": "newsletter"}}},
    "imports": {"I123456789": {"csv_file_name": "people.csv", "rows": [{"fields": {"name": "ada"}}]}},
}
"""What is live while a guide is followed."""
FULL_AT_FIRST = {
    "access.md",
    "adopting.md",
    "emulator.md",
    "jobs.md",
    "large-accounts.md",
    "pull-requests.md",
    "removals.md",
    "teams.md",
}
PRINTED: dict[str, dict[str, str]] = {
    "whole-account.md": {
        "qboxctl plan --out account.plan.json": r"(?s)\+ manager/.*\+ token/.*\+ vault/.*\+ contact/.*Plan: 21 to",
        "qboxctl apply account.plan.json": r"Applied: 21 done\.",
        "qboxctl apply": r"Nothing to change: 21 unchanged\.",
        "qboxctl dns": r"(?m)^example\.net$",
        "qboxctl ready newsletter": r"LACKS",
        "qboxctl ready newsletter --send-to mary@example.com --token file:secrets/shop.token": r": delivered\n",
        "qboxctl trace --to mary@example.com": r"delivered .* mary@example\.com .*Test of Delivery",
        "qboxctl report cost": r"(?m)^archive +2 .* 1\.60$",
        "qboxctl -C ../account plan": r"Nothing to change",
    },
}
"""What command lines of a guide print, at first: the pattern is found in it."""
ELSEWHERE = ("make ", "uv ", "export ", "unset ", "qboxctl emulator")
"""What another test tries (an emulator runs for ever), or changes a shell only."""
PATIENT = "python examples/reseller/generate.py 400 300 /tmp/large"


def as_run(line: str, place: Path) -> str:
    """A reader's command line with this machine's paths, numbers for the impatient, and a yes to every question."""
    (place / "large").mkdir(exist_ok=True)
    program = f"{sys.executable} {ROOT / 'examples' / 'reseller' / 'generate.py'}"
    line = line.replace(PATIENT, f"{program} 4 3 {place}/large").replace("/tmp/large", f"{place}/large")
    asks = re.match(r"qboxctl\b.* apply\b", line) and "--auto-approve" not in line
    return f"{line} --auto-approve" if asks else line


def follow(page: str, place: Path, environ: dict[str, str]) -> dict[str, str]:
    """Do what a page says, in a folder of its own, and give what each command line printed at first."""
    folder = place / "project"
    folder.mkdir()
    author = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com"}
    environ |= author | {name.replace("AUTHOR", "COMMITTER"): value for name, value in author.items()}
    printed: dict[str, str] = {}
    for file, text in steps(page):
        if file:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
            continue
        line, _, comment = text.partition("   # ")
        if line.startswith("cd "):
            folder = folder / line.removeprefix("cd ")
        elif not line.startswith(ELSEWHERE):
            ended = in_a_shell(as_run(line.strip(), place), folder, environ)
            expected = int(comment.removeprefix("exits ")) if comment.startswith("exits ") else 0
            assert ended.code == expected, f"{line}\n{ended.out}\n{ended.err}"
            printed.setdefault(line.strip(), ended.out)
    return printed


def in_a_shell(line: str, folder: Path, environ: Mapping[str, str]) -> Result:
    """Do what a shell does with a command line; one of qboxctl alone needs none."""
    program, *words = shlex.split(line)
    if program == "qboxctl":
        assert set(shlex.shlex(line, punctuation_chars=True)).isdisjoint(
            {"|", "||", "&", "&&", ";", "<", ">", ">>", "$"}
        )
        return commands.run(*words, folder=folder, environ=environ)
    done = run(["sh", "-c", line], folder, environ)
    return Result(done.returncode, done.stdout, done.stderr)


@guide
def test_a_guide_can_be_followed(guide: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    text = guide.read_text(encoding="utf-8")
    with BackgroundServer(Emulator(seed=ACCOUNT if guide.name in FULL_AT_FIRST else {})) as server:
        environ["QBOXCTL_ENDPOINT"] = server.url
        printed = follow(text, tmp_path, environ)
    assert any(line.startswith("qboxctl") for line in printed) == bool(calls_of(text))
    for line, expected in PRINTED.get(guide.name, {}).items():
        assert re.search(expected, printed[line]), f"{line}\n{printed[line]}"


@guide
def test_a_guide_is_short(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    assert max(len(line) for line in text.splitlines() if not line.startswith("|")) <= 130
    assert len(text.splitlines()) <= 160
    for block in blocks("yaml", text):
        load([Source(guide.name, block)], TYPES)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_half_a_page_and_says_what_would_change_it(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 130
    assert any(line.startswith("**What would change our mind.**") for line in lines)


def test_the_index_lists_every_page_with_its_title() -> None:
    listed = topics(guide_text("README"))
    assert sorted(one.path for one in listed.values()) == sorted(
        path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if path.name != "README.md"
    )
    for name, one in listed.items():
        assert name == re.sub(r"^\d+-", "", Path(one.path).stem)
    sections = list(dict.fromkeys(one.section for one in listed.values()))
    assert sections == ["Start", "Adopt", "Daily work", "Safety", "Reference", "Decisions"]


def test_the_readme_links_every_guide() -> None:
    assert [path.name for path in GUIDES if f"(qboxctl/docs/{path.name})" not in README] == []


def test_the_reference_is_fresh_and_whole() -> None:
    text = guide_text("reference")
    assert text == reference.page()
    for kind, type_ in TYPES.items():
        assert f"## {kind}\n" in text
        assert all(f"| `{one.name}` |" in text for one in type_.fields)


# Its command lines, run one after the other as a reader would.


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with the variables that the README exports, and nothing of this machine's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("QBOX", "GIT"))}
    return {
        **kept,
        "HOME": str(tmp_path),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "QBOXMAIL_API_TOKEN": "any-token",
        "QBOXMAIL_SANDBOX_TOKEN": "any-token",
        "POSTMASTER_PASSWORD": "change-me-1",
        "INITIAL_PASSWORD": "change-me-2",
        "AGENCY_PASSWORD": "change-me-3",
        "LUCA_PASSWORD": "change-me-4",
    }


def run(words: list[str], folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with nobody to ask."""
    return subprocess.run(
        words,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_readme_can_be_followed(tmp_path: Path, environ: dict[str, str]) -> None:
    with BackgroundServer(Emulator()) as server:
        environ["QBOXCTL_ENDPOINT"] = server.url  # the README's port is not this machine's
        printed = follow(README, tmp_path, environ)
    assert "3 to create" in printed["qboxctl plan --out mail.plan.json"]
    assert "3 done" in printed["qboxctl apply mail.plan.json"]
    assert "Nothing to change" in printed["qboxctl plan"]
    assert "Nothing to change" in printed["qboxctl -C ../account plan"]


@pytest.fixture
def project(tmp_path: Path, environ: dict[str, str]) -> Path:
    """The starter project."""
    assert commands.run("init", "mail", folder=tmp_path, environ=environ).code == 0
    return tmp_path / "mail"


@pytest.mark.slow
@pytest.mark.parametrize("line", FOREVER)
def test_an_emulator_of_the_pages_listens(line: str, project: Path, environ: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "qboxctl", *shlex.split(line), "--port", "0"],
        cwd=project,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+\n", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert process.returncode in (0, 130), errors
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_the_demonstration_runs(tmp_path: Path, environ: dict[str, str]) -> None:
    done = run([sys.executable, "-m", "qboxctl", "demo"], tmp_path, environ)
    assert done.returncode == 0, done.stderr
    assert "Nothing to change" in done.stdout
    assert done.stderr == ""
    assert "change-me" not in done.stdout
    told = [
        line.split("$ qboxctl ")[-1].split()[0] for line in done.stdout.splitlines() if line.startswith("$ qboxctl ")
    ]
    assert told == ["validate", "plan", "apply", "plan", "plan", "apply", "plan"]
    assert "valid: 4 objects in 1 file" in done.stdout
    assert "guide first-steps" in done.stdout.splitlines()[-1]


# YAML.


def clean(sources: list[Source]) -> Configuration:
    """A configuration without mistakes and without warnings."""
    configuration = load(sources, TYPES)
    assert [found.message for found in check(configuration, TYPES)] == []
    return configuration


@pytest.mark.parametrize("text", [*blocks("yaml"), *blocks("yaml", guide_text("configuration"))], ids=["short", "long"])
def test_a_yaml_block_is_a_configuration(text: str) -> None:
    clean([Source("README.md", text)])
    (tree,) = [Source("README.md", text).parse()[0]]
    schema = json.loads((ROOT / "schemas" / "config.schema.json").read_text(encoding="utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(tree)] == []


def test_the_yaml_of_the_configuration_guide_shows_every_kind() -> None:
    found = blocks("yaml", guide_text("configuration"))
    shown = {address.kind for text in found for address in clean([Source("configuration.md", text)]).objects}
    assert shown == set(TYPES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_configuration_without_warnings(name: str) -> None:
    assert clean(read_sources(ROOT / "examples" / name)).objects


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_file_of_an_example_is_a_configuration(name: str) -> None:
    """A file alone may lack what others hold, so warnings do not count."""
    for source in read_sources(ROOT / "examples" / name):
        found = check(load([source], TYPES), TYPES)
        assert [one.message for one in found if one.severity is Severity.ERROR] == [], source.name


# The reference.


@pytest.mark.parametrize("kind", TYPES)
def test_every_attribute_is_explained(kind: str) -> None:
    text = reference.explain(kind)
    for one in TYPES[kind].fields:
        assert re.search(rf"^  {one.name} +{re.escape(one.doc)}", text, re.MULTILINE), one.name
        alone = reference.explain(f"{kind}.{one.name}")
        assert alone.startswith(f"{kind}.{one.name}\n")
        assert re.search(r"^values: +\S", alone, re.MULTILINE), one.name


def test_all_words_of_a_state_are_explained() -> None:
    text = reference.explain("vault.state")
    assert "values:      present, absent, enabled, disabled\n" in text
    assert "| present, absent, enabled, disabled |" in reference.page()


def test_every_kind_is_explained() -> None:
    text = reference.explain(None)
    for kind, type_ in TYPES.items():
        assert kind in text
        assert type_.doc in text


def test_every_setting_is_explained() -> None:
    text = reference.explain("settings")
    assert all(row.doc for row in reference.settings())
    for name in json_schema.settings_schema(TYPES)["properties"]:
        assert re.search(rf"^settings\.{name} +\S", text, re.MULTILINE), name
    for name in ("protect", "ignore", "defaults"):
        assert reference.explain(name).startswith(f"{name}  ")
        assert f"| `{name}` |" in reference.page()
    assert re.search(r"^settings\.api\.retries +\S", reference.explain("settings.api"), re.MULTILINE)
    for wrong in ("settings.gards", "settings.guards.mailbx", "defaults.mailbx", "defaults.settings"):
        with pytest.raises(KeyError):
            reference.explain(wrong)


def test_a_guard_is_explained_as_it_works() -> None:
    """The limits hold for each kind, and what a kind does not say comes from the general ones."""
    general, percent, *_ = reference.explain("settings.guards").splitlines()[1:]
    assert ("of a kind" in general, "default is 10" in general, "default is 20" in percent) == (True, True, True)
    for topic in ("settings.guards.KIND.count", "settings.guards.mailbox.count"):
        text = reference.explain(topic)
        assert (text.partition(" ")[0], "as in settings.guards" in text) == ("settings.guards.KIND.count", True)
    assert "default is" not in reference.explain("settings.guards.alias")


@pytest.mark.parametrize("topic", ["mailbox", "mailbox.language"])
def test_a_default_is_explained_as_what_it_stands_for(topic: str) -> None:
    assert reference.explain(f"defaults.{topic}") == reference.explain(topic)


def test_explain_is_what_the_command_prints(tmp_path: Path, environ: dict[str, str]) -> None:
    done = commands.run("explain", "mailbox", folder=tmp_path, environ=environ)
    assert done.out == reference.explain("mailbox") + "\n"


@pytest.mark.parametrize("name", json_schema.SCHEMAS)
def test_a_published_schema_is_fresh(name: str, tmp_path: Path, environ: dict[str, str]) -> None:
    printed = commands.run("schema", name, folder=tmp_path, environ=environ).out
    assert (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8") == printed


def test_the_published_schemas_are_all() -> None:
    found = {path.name.partition(".")[0] for path in (ROOT / "schemas").glob("*.json")}
    assert found == set(json_schema.SCHEMAS)


@pytest.mark.parametrize("path", sorted((ROOT / "schemas").glob("*.json")), ids=lambda path: path.name)
def test_a_published_schema_is_a_json_schema(path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


def attributes(schema: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every property in a schema, with the path to it."""
    if isinstance(schema, dict):
        for name, inner in schema.items():
            if name == "properties":
                for word, one in inner.items():
                    yield f"{place}.{word}", one
                    yield from attributes(one, f"{place}.{word}")
            else:
                yield from attributes(inner, place)
    elif isinstance(schema, list):
        for inner in schema:
            yield from attributes(inner, place)


def test_every_attribute_in_the_configuration_schema_is_described() -> None:
    """Editors show the descriptions; what refers to a definition may take that one's."""
    schema = json_schema.config_schema(TYPES)
    bare = [
        place
        for place, one in attributes(schema)
        if not one.get("description")
        and not schema["$defs"].get(one.get("$ref", "").rpartition("/")[2], {}).get("description")
    ]
    words = set(TYPES) | {"env", "file", "exec"}  # described where they are listed
    assert [place for place in bare if place.rpartition(".")[2] not in words] == []


@pytest.mark.parametrize("kind", TYPES)
def test_every_attribute_of_a_kind_is_in_the_schema(kind: str) -> None:
    in_schema = json_schema.config_schema(TYPES)["properties"]["defaults"]["properties"][kind]["properties"]
    stated = {name for name, one in TYPES[kind].by_name.items() if one.mode is not Mode.READ_ONLY}
    assert in_schema.keys() == {*stated, "extra"}
    assert all(in_schema[name].get("description") for name in stated)
