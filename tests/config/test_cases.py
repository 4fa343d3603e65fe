"""Small files in ``cases``, each about one thing: what they mean, or exactly what is said about them.

The first lines of a file are comments that this module reads:

    # expect: CODE LINE:COLUMN a part of the message (help: or of the hint)      one for each diagnostic, in order
    # schema: refuses | accepts | not reached      what the JSON Schema makes of an invalid file
    # value: ADDRESS ATTRIBUTE JSON                one attribute in canonical form
    # objects: ADDRESS ADDRESS                     all that is declared
    # env: NAME                                    the environment that is asked for

A folder is one case too: a configuration of several files.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from qboxctl.config.configuration import Configuration
from qboxctl.config.files import read_sources
from qboxctl.config.loader import load
from qboxctl.config.rules import check
from qboxctl.config.settings import ApiSettings
from qboxctl.config.yaml.reader import Source
from qboxctl.errors import ConfigError, Diagnostic, Severity
from qboxctl.model import Address
from qboxctl.resources import TYPES
from qboxctl.schema.field import Field
from qboxctl.schema.json_schema import settings_schema
from tests.support import ROOT

CASES = Path(__file__).resolve().parent / "cases"
SCHEMA = Draft202012Validator(json.loads((ROOT / "schemas" / "config.schema.json").read_text(encoding="utf-8")))
RULES = ("resources/addresses", "resources/mailbox")
MODULES = (
    "errors",
    *(f"config/{name}" for name in ("bodies", "environments", "files", "loader", "mistakes", "rules", "yaml/reader")),
    *RULES,
)
_LINE = re.compile(r"# (expect|schema|value|objects|env): ?(.*)")


@dataclass
class Case:
    """What the comments of one case say."""

    path: Path
    expected: list[tuple[str, str, str]] = field(default_factory=list)
    values: list[tuple[str, str, Any]] = field(default_factory=list)
    objects: list[str] | None = None
    schema: str = ""
    env: str = "default"

    @classmethod
    def of(cls, path: Path) -> Case:
        """Read the comments at the top of each file."""
        case = cls(path)
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            for name, rest in _directives(file):
                case.take(file, name, rest)
        return case

    def take(self, file: Path, name: str, rest: str) -> None:
        """Take one comment."""
        match name:
            case "expect":
                code, place, text = rest.split(" ", 2)
                self.expected.append((code, str(file) if place == "-" else f"{file}:{place}", text))
            case "value":
                address, attribute, value = rest.split(" ", 2)
                self.values.append((address, attribute, json.loads(value)))
            case "objects":
                self.objects = rest.split()
            case "schema":
                self.schema = min(self.schema, rest, key=_SCHEMA_ORDER.index)
            case _:
                self.env = rest

    def found(self) -> tuple[Configuration | None, list[Diagnostic]]:
        """What the configuration means, and what is said about it."""
        try:
            configuration = load(read_sources(self.path), TYPES, self.env)
            return configuration, check(configuration, TYPES)
        except ConfigError as error:
            return None, list(error.diagnostics)


_SCHEMA_ORDER = ["refuses", "not reached", "accepts", ""]
"""Of several files of one case, the first of these counts."""


def _directives(file: Path) -> list[tuple[str, str]]:
    raw = file.read_bytes()
    encoding = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    found = []
    for line in raw.decode(encoding, "replace").splitlines():
        if not line.startswith("# "):
            break
        match = _LINE.fullmatch(line)
        assert match, f"{file}: {line}"
        found.append((match[1], match[2]))
    return found


def _cases(folder: str) -> list[Any]:
    paths = sorted(path for path in (CASES / folder).iterdir() if path.suffix == ".yaml" or path.is_dir())
    return [pytest.param(Case.of(path), id=path.stem) for path in paths]


VALID, INVALID = _cases("valid"), _cases("invalid")


def said(found: Diagnostic) -> str:
    """A diagnostic's message, with its hint."""
    return found.message + (f" (help: {found.hint})" if found.hint else "")


def compare(case: Case, found: list[Diagnostic]) -> None:
    """Codes and places are exactly the expected ones; each message holds its text."""
    assert [(one.code, str(one.position or case.path)) for one in found] == [row[:2] for row in case.expected], (
        "\n".join(f"{one.code} {one.position} {said(one)}" for one in found)
    )
    for one, (_, _, text) in zip(found, case.expected, strict=True):
        assert text in said(one)


def refused(case: Case) -> bool:
    """Whether the JSON Schema refuses any file of the case."""
    trees = [source.parse()[0] for source in read_sources(case.path)]
    return any(not SCHEMA.is_valid(tree) for tree in trees if tree is not None)


def canonical(configuration: Configuration, address: str, attribute: str) -> Any:
    """One value as JSON."""
    value = configuration.objects[Address.of(address)].values[attribute]
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("case", VALID)
def test_a_valid_case_is_clean(case: Case) -> None:
    configuration, found = case.found()
    compare(case, found)
    assert all(one.severity is Severity.WARNING for one in found)
    assert configuration is not None
    for address, attribute, value in case.values:
        assert canonical(configuration, address, attribute) == value
        assert type(canonical(configuration, address, attribute)) is type(value)
    if case.objects is not None:
        assert sorted(map(str, configuration.objects)) == case.objects


@pytest.mark.parametrize("one", fields(ApiSettings), ids=lambda one: one.name)
def test_the_json_schema_tells_how_the_api_is_used_unless_it_is_said(one: Any) -> None:
    told = settings_schema(TYPES)["properties"]["api"]["properties"][one.name]["description"]
    assert one.default is None or told.endswith(f": {one.default}")


@pytest.mark.parametrize("case", VALID)
def test_a_valid_case_fits_the_json_schema(case: Case) -> None:
    assert not refused(case)


@pytest.mark.parametrize("case", INVALID)
def test_an_invalid_case_is_told_exactly(case: Case) -> None:
    assert case.expected
    configuration, found = case.found()
    compare(case, found)
    assert configuration is None or any(one.severity is Severity.ERROR for one in found)


@pytest.mark.parametrize("case", INVALID)
def test_the_json_schema_says_what_the_case_says(case: Case) -> None:
    assert case.schema in ("refuses", "accepts", "not reached")
    if case.schema != "not reached":
        assert refused(case) == (case.schema == "refuses")


def test_the_files_stay_about_one_thing() -> None:
    """An invalid case has one mistake, but for those that are about several at once, or of one kind."""
    several = {case.path.stem for (case,) in (param.values for param in INVALID) if len(case.expected) > 1}
    assert several == {
        "absent-in-another-file",
        "aliases-in-a-circle",
        "attributes-one-level-up",
        "blocks-twice-with-mistakes-of-their-own",
        "collections-at-the-top",
        "domain-as-a-url",
        "domain-that-is-no-international-name",
        "entry-wrong-in-a-list-too-long",
        "every-entry-of-a-list",
        "foreign-files",
        "key-twice-with-mistakes-under-both",
        "mailbox-as-a-whole-address",
        "mailboxes-as-a-list",
        "many-mistakes-at-once",
        "object-twice-with-mistakes-of-its-own",
        "one-file-broken-one-file-wrong",
        "sizes-in-other-words",
        "star-as-a-name",
        "state-without-a-word",
        "token-with-a-character-of-no-name",
        "typographic-quotes",
        "words-of-other-tools",
        "wrong-names-with-more-mistakes",
    }


def test_every_code_has_a_case() -> None:
    text = "".join((ROOT / "qboxctl" / f"{name}.py").read_text(encoding="utf-8") for name in MODULES)
    expected = {code for (case,) in (param.values for param in [*VALID, *INVALID]) for code, _, _ in case.expected}
    about_plans = set(re.findall(r'Advisory\("(Q\d{3})"', text))
    assert set(re.findall(r'"(Q\d{3})"', text)) - about_plans <= expected <= set(re.findall(r'"(Q\d{3})"', text))


def test_the_order_of_files_changes_nothing() -> None:
    """A diagnostic's place in the list comes from the file's name, not from when it was read."""
    sources = read_sources(CASES / "invalid" / "one-file-broken-one-file-wrong")
    orders = []
    for some in (sources, sources[::-1]):
        with pytest.raises(ConfigError) as caught:
            load([Source(one.name, one.text, one.folder) for one in some], TYPES)
        orders.append(caught.value.diagnostics)
    assert orders[0] == orders[1]


def test_every_attribute_has_a_value_that_is_refused() -> None:
    """No attribute takes just anything: a mapping that is no reference fits none."""
    for kind, type_ in TYPES.items():
        for one in type_.fields:
            assert _refuses(kind, one), f"{kind}.{one.name}"


def _refuses(kind: str, one: Field) -> bool:
    with pytest.raises(ConfigError) as caught:
        load([Source("a.yaml", f"defaults:\n  {kind}:\n    {one.name}: {{neither: nor}}\n")], TYPES)
    (found,) = caught.value.diagnostics
    return found.code == "Q013" and found.message.startswith(f"{one.name}: ") and found.position is not None


def test_a_folder_that_cannot_be_read_is_an_error_and_not_a_removal(tmp_path: Path) -> None:
    """What is in it would seem to be declared no more; a link to a folder is followed for the same reason."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "a.yaml").write_text("domains: {a.example: {}}\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "B.YAML").write_text("domains: {b.example: {}}\n")
    (tmp_path / "config" / "team").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "config")
    configuration = load(read_sources(tmp_path / "config"), TYPES)
    assert [str(address) for address in sorted(configuration.objects)] == ["domain/a.example", "domain/b.example"]
    (tmp_path / "config" / "pipe.yaml").symlink_to("/dev/null")
    with pytest.raises(ConfigError) as caught:
        load(read_sources(tmp_path / "config"), TYPES)
    assert "it is not a file" in caught.value.diagnostics[0].message
