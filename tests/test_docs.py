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

from qboxctl import docs, reference
from qboxctl.cli import cli
from qboxctl.emulator import Emulator
from qboxctl.emulator.app import BackgroundServer
from qboxctl.errors import Severity
from qboxctl.load import load
from qboxctl.resources import TYPES
from qboxctl.sources import read_sources
from qboxctl.validate import check
from qboxctl.wish import Wish
from qboxctl.yamlio import Source

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = cli.list_commands(click.Context(cli))
GUIDES_FOLDER = ROOT / "examples" / "guides"
GUIDES = sorted(GUIDES_FOLDER.glob("*.md"))
EXAMPLES = sorted({path.parent.name for path in (ROOT / "examples").glob("*/*.yaml")})  # the configurations
LONGEST = 400


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def shell_lines() -> list[str]:
    """Every line of the README's shell blocks, without comments."""
    lines = (line.partition(" #")[0].strip() for block in blocks("sh") for line in block.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


CALLS = [shlex.split(line)[1:] for line in shell_lines() if line.startswith("qboxctl")]
EMULATORS = re.findall(r"^qboxctl (emulator.*)$", (GUIDES_FOLDER / "emulator.md").read_text("utf-8"), re.MULTILINE)
FOREVER = [*(words for words in CALLS if words[0] == "emulator"), *map(shlex.split, EMULATORS)]


# The README.


def test_the_readme_is_short() -> None:
    lines = README.splitlines()
    assert 100 < len(lines) < LONGEST
    assert max(len(line) for line in lines if not line.startswith("|")) <= 160
    assert {"sh", "yaml"} == set(re.findall(r"^```(\w+)$", README, re.MULTILINE))


def test_the_readme_names_the_two_commands_of_a_checkout() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert shell_lines()[:2] == ["make demo", "make test"]


@pytest.mark.parametrize("words", CALLS, ids=shlex.join)
def test_a_command_line_of_the_readme_is_known(words: list[str]) -> None:
    """Click reads all options before it obeys --help, and refuses those that it does not know."""
    assert words[0].startswith("-") or words[0] in COMMANDS
    assert cli.main([*words, "--help"], prog_name="qboxctl", standalone_mode=False) == 0


def test_a_command_line_that_is_wrong_would_be_found() -> None:
    for words in (["plan", "--no-such-option"], ["no-such-command"]):
        with pytest.raises(click.UsageError):
            cli.main([*words, "--help"], prog_name="qboxctl", standalone_mode=False)


def test_every_command_is_in_the_readme() -> None:
    assert [name for name in COMMANDS if not re.search(rf"`{name}`", README)] == []
    shown = {word for words in CALLS for word in words} | {"demo", "completion"}
    assert [name for name in COMMANDS if name not in shown] == []


def test_no_other_command_is_in_the_readme() -> None:
    named = set(re.findall(r"`qboxctl ([a-z]+)", README))
    assert named <= set(COMMANDS)


def test_every_option_that_the_readme_names_exists() -> None:
    context = click.Context(cli)
    commands = [cli, *(cli.get_command(context, name) for name in COMMANDS)]
    known = {option for one in commands if one for parameter in one.params for option in parameter.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README))
    assert named - known == {"--version"} - known


def test_every_kind_is_in_the_readme() -> None:
    for kind, type_ in TYPES.items():
        assert f"| `{kind}` | `{type_.section[0]}." in README, kind
        assert f"`{kind}/" in README, kind


def test_every_exit_code_is_in_the_readme() -> None:
    from qboxctl.cli.failures import Exit

    assert re.findall(r"^\| (\d+) \|", README, re.MULTILINE) == [str(code.value) for code in Exit]


def test_every_file_that_the_readme_names_is_there() -> None:
    named = re.findall(r"`((?:tests|examples|schemas|qboxctl)/[\w./]*\w/?)`", README)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


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
}
"""What is live while a guide is followed."""
EMPTY_AT_FIRST = {"passwords.md", "environments.md"}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_a_guide_can_be_followed(guide: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    done = 0
    author = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com"}
    environ |= author | {name.replace("AUTHOR", "COMMITTER"): value for name, value in author.items()}
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "qboxctl").write_text(f'#!/bin/sh\nexec {sys.executable} -m qboxctl "$@"\n', encoding="utf-8")
    (programs / "qboxctl").chmod(0o755)
    environ["PATH"] = f"{programs}{os.pathsep}{environ['PATH']}"
    seed = {} if guide.name in EMPTY_AT_FIRST else ACCOUNT
    with BackgroundServer(Emulator(seed=seed)) as server:
        environ["QBOXCTL_ENDPOINT"] = server.url
        for file, text in steps(guide.read_text(encoding="utf-8")):
            if file:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_text(text, encoding="utf-8")
                continue
            line, _, comment = text.partition("   # ")
            if line.startswith("cd "):
                folder = folder / line.removeprefix("cd ")
                continue
            ended = run(["sh", "-c", line], folder, environ)
            expected = int(comment.removeprefix("exits ")) if comment.startswith("exits ") else 0
            assert ended.returncode == expected, f"{line}\n{ended.stdout}\n{ended.stderr}"
            done += line.startswith("qboxctl")
    assert done


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_a_guide_is_short_and_linked(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    assert max(len(line) for line in text.splitlines() if not line.startswith("|")) <= 130
    assert len(text.splitlines()) <= 120
    assert f"examples/guides/{guide.name}" in README
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if language == "yaml":
            load([Source(guide.name, block)], TYPES)


def test_the_reference_is_fresh_and_whole() -> None:
    text = (ROOT / "schemas" / "REFERENCE.md").read_text(encoding="utf-8")
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


def record(folder: Path, environ: Mapping[str, str]) -> None:
    """Make the folder a repository, with the branch that the README compares with."""
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "start"]):
        assert run(["git", *words], folder, environ).returncode == 0
    assert run(["git", "update-ref", "refs/remotes/origin/main", "HEAD"], folder, environ).returncode == 0


def test_the_readme_can_be_followed(tmp_path: Path, environ: dict[str, str]) -> None:
    folder, outputs = tmp_path, {}
    (tmp_path / "large").mkdir()
    with BackgroundServer(Emulator()) as server:
        environ["QBOXCTL_ENDPOINT"] = server.url  # the README's ports and sandboxes are not this machine's
        for line in shell_lines():
            words = shlex.split(line.replace("/tmp/large", str(tmp_path / "large")))
            if words[0] == "cd":
                folder = folder / words[1]
                record(folder, environ)
            if words[0] == "python":
                small = ["4", "3"]  # the README's numbers are for patient readers
                words = [sys.executable, str(ROOT / words[1]), *small, words[-1]]
                assert run(words, folder, environ).returncode == 0
            if words[0] != "qboxctl" or "emulator" in words:
                continue
            if "apply" in words and "--auto-approve" not in words:
                words.append("--auto-approve")  # a reader would say yes
            done = run([sys.executable, "-m", *words], folder, environ)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            outputs.setdefault(line, done.stdout)
    assert "3 to create" in outputs["qboxctl plan --out mail.plan.json"]
    assert "3 done" in outputs["qboxctl apply mail.plan.json"]
    assert "Nothing to change" in outputs["qboxctl plan"]


@pytest.fixture
def project(tmp_path: Path, environ: dict[str, str]) -> Path:
    """The starter project."""
    assert run([sys.executable, "-m", "qboxctl", "init", "mail"], tmp_path, environ).returncode == 0
    return tmp_path / "mail"


@pytest.mark.parametrize("words", FOREVER, ids=shlex.join)
def test_an_emulator_of_the_pages_listens(words: list[str], project: Path, environ: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "qboxctl", *words, "--port", "0"],
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


def test_the_demonstration_runs(tmp_path: Path, environ: dict[str, str]) -> None:
    done = run([sys.executable, "-m", "qboxctl", "demo"], tmp_path, environ)
    assert done.returncode == 0, done.stderr
    assert "Nothing to change" in done.stdout
    assert "change-me" not in done.stdout


# YAML.


def clean(sources: list[Source]) -> Wish:
    """A configuration without mistakes and without warnings."""
    wish = load(sources, TYPES)
    assert [found.message for found in check(wish, TYPES)] == []
    return wish


@pytest.mark.parametrize("text", blocks("yaml"), ids=lambda text: text.strip().splitlines()[-1].strip()[:40])
def test_a_yaml_block_of_the_readme_is_a_configuration(text: str) -> None:
    clean([Source("README.md", text)])
    (tree,) = [Source("README.md", text).parse()[0]]
    schema = json.loads((ROOT / "schemas" / "config.schema.json").read_text(encoding="utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(tree)] == []


def test_the_yaml_of_the_readme_shows_every_kind() -> None:
    shown = {address.kind for text in blocks("yaml") for address in clean([Source("README.md", text)]).objects}
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
    text = "\n".join(reference.explain(kind))
    for one in TYPES[kind].fields:
        assert re.search(rf"^  {one.name} +{re.escape(one.doc)}", text, re.MULTILINE), one.name
        alone = "\n".join(reference.explain(f"{kind}.{one.name}"))
        assert alone.startswith(f"{kind}.{one.name}\n")
        assert re.search(r"^values: +\S", alone, re.MULTILINE), one.name


def test_every_kind_is_explained() -> None:
    text = "\n".join(reference.explain(None))
    for kind, type_ in TYPES.items():
        assert kind in text
        assert type_.doc in text


def test_every_setting_is_explained() -> None:
    text = "\n".join(reference.explain("settings"))
    assert all(row.doc for row in reference.settings())
    for name in docs.settings_schema()["properties"]:
        assert re.search(rf"^settings\.{name} +\S", text, re.MULTILINE), name
    for name in ("protect", "ignore", "defaults"):
        assert "\n".join(reference.explain(name)).startswith(f"{name}  ")
        assert f"| `{name}` |" in reference.page()
    assert re.search(r"^settings\.api\.retries +\S", "\n".join(reference.explain("settings.api")), re.MULTILINE)
    with pytest.raises(KeyError):
        reference.explain("settings.gards")


def test_explain_is_what_the_command_prints(tmp_path: Path, environ: dict[str, str]) -> None:
    done = run([sys.executable, "-m", "qboxctl", "explain", "mailbox"], tmp_path, environ)
    assert done.stdout == "\n".join(reference.explain("mailbox")) + "\n"


@pytest.mark.parametrize("name", docs.SCHEMAS)
def test_a_published_schema_is_fresh(name: str, tmp_path: Path, environ: dict[str, str]) -> None:
    printed = run([sys.executable, "-m", "qboxctl", "schema", name], tmp_path, environ).stdout
    assert (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8") == printed


def test_the_published_schemas_are_all() -> None:
    found = {path.name.partition(".")[0] for path in (ROOT / "schemas").glob("*.json")}
    assert found == set(docs.SCHEMAS)


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
    schema = docs.config_schema()
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
    in_schema = docs.config_schema()["properties"]["defaults"]["properties"][kind]["properties"]
    assert set(TYPES[kind].by_name) <= set(in_schema)
    assert all(in_schema[name].get("description") for name in TYPES[kind].by_name)
