"""Every example is valid, can be applied through the command line over a real socket, and is then in effect."""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from qboxctl.config.files import read_sources
from qboxctl.config.loader import load
from qboxctl.emulator import Emulator
from qboxctl.emulator.app import BackgroundServer
from qboxctl.model import SecretSource
from qboxctl.resources import TYPES
from tests.support import ROOT, commands
from tests.support.commands import Result

EXAMPLES = sorted({path.parent.name for path in (ROOT / "examples").glob("*/*.yaml")})  # the configurations
SCHEMA = ROOT / "schemas" / "config.schema.json"
PASSWORD = "Initial-1"
SVG = "{http://www.w3.org/2000/svg}"
HEADER = "# yaml-language-server: $schema="

Cli = Callable[..., Result]


def files_of(name: str) -> list[Path]:
    """The YAML files of an example, in order."""
    return [Path(source.name) for source in read_sources(ROOT / "examples" / name)]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Runs qboxctl in a folder of its own, with nothing inherited that could name an account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("QBOX", "GITHUB_", "GITLAB_"))}
    programs = tmp_path / "bin"
    programs.mkdir()
    store = programs / "pass"  # stands for the password store that an example asks
    store.write_text("#!/bin/sh\necho Stored-1\n", encoding="utf-8")
    store.chmod(0o755)
    basic = {
        **kept,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "QBOXMAIL_API_TOKEN": "t",
        "QBOXMAIL_SANDBOX_TOKEN": "t",
        "POSTMASTER_PASSWORD": PASSWORD,
        "INITIAL_PASSWORD": PASSWORD,
    }

    def run(*words: str, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> Result:
        return commands.run(*words, folder=cwd or tmp_path, environ={**basic, **(environ or {})})

    return run


@pytest.fixture(params=EXAMPLES)
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An example, with the secret files that it refers to."""
    folder = tmp_path / request.param
    shutil.copytree(ROOT / "examples" / request.param, folder)
    configuration = load(read_sources(folder), TYPES)
    for one in configuration.objects.values():
        for secret in one.secrets.values():
            if secret.source is SecretSource.FILE:
                path = Path(secret.base, secret.name[0])
                path.parent.mkdir(exist_ok=True)
                path.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return folder


def succeeded(done: Result, code: int = 0) -> str:
    """The output of a command that ended as it should."""
    assert done.code == code, f"exit {done.code}\n{done.out}\n{done.err}"
    return done.out


def test_there_are_the_examples_that_the_documentation_names() -> None:
    assert {"quickstart", "company", "reseller"} <= set(EXAMPLES)


def test_the_examples_show_every_kind() -> None:
    company, reseller = (
        {address.kind for address in load(read_sources(ROOT / "examples" / name), TYPES).objects}
        for name in ("company", "reseller")
    )
    assert company == set(TYPES) - {"manager"}
    assert "manager" in reseller


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_file_fits_the_published_schema(name: str) -> None:
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for source in read_sources(ROOT / "examples" / name):
        tree, found = source.parse()
        assert not found
        assert [error.message for error in validator.iter_errors(tree)] == [], source.name


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_file_tells_editors_its_schema(name: str) -> None:
    for path in files_of(name):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith(HEADER), path
        assert (path.parent / first.removeprefix(HEADER)).resolve() == SCHEMA, path


@pytest.mark.slow
def test_an_example_is_applied_and_then_in_effect(copy: Path, cli: Cli) -> None:
    customer = load(read_sources(copy), TYPES).settings.customer_code
    seed = {"customer_code": customer} if customer else {}
    with BackgroundServer(Emulator(token="t", seed=seed)) as server:
        account = {"QBOXCTL_ENDPOINT": server.url}
        valid = json.loads(succeeded(cli("-C", str(copy), "validate", "--format", "json")))
        assert valid == {"diagnostics": []}
        plan = json.loads(succeeded(cli("-C", str(copy), "plan", "--format", "json", environ=account)))
        assert plan["summary"]["create"] == len(plan["changes"]) > 0
        assert plan["blocked"] == []
        assert plan["unverifiable"] == []
        done = cli("-C", str(copy), "apply", "--auto-approve", "--format", "json", environ=account)
        outcomes = json.loads(succeeded(done))
        assert outcomes["summary"] == {"done": len(plan["changes"])}
        succeeded(cli("-C", str(copy), "plan", "--detailed-exitcode", environ=account))
        assert PASSWORD not in done.out + done.err


def test_the_sandbox_of_the_company_is_another_account(cli: Cli) -> None:
    folder = str(ROOT / "examples" / "company")
    succeeded(cli("-C", folder, "--env", "sandbox", "validate"))
    there = load(read_sources(folder), TYPES, "sandbox").settings
    here = load(read_sources(folder), TYPES).settings
    assert there.endpoint == "https://sandbox.qboxmail.com" != here.endpoint
    assert there.token != here.token
    assert there.on_remove == {"mailbox": "delete", "alias": "delete"}
    assert (here.guard("mailbox").count, here.guard("alias").count, here.guard("alias").percent) == (3, 10, 10)


def test_a_removal_in_the_company_meets_its_guards(tmp_path: Path, cli: Cli) -> None:
    folder = tmp_path / "company"
    shutil.copytree(ROOT / "examples" / "company", folder)
    office = folder / "people" / "office.yaml"
    text = office.read_text(encoding="utf-8")
    office.write_text(text.replace("max_email_quota: 50GB", "state: absent", 1), encoding="utf-8")
    live = {"plan": "enterprise", "mailboxes": {"livia.serra": {"firstname": "Livia"}}}
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"domains": {"velamare.example": live}}), encoding="utf-8")
    done = cli("-C", str(folder), "--endpoint", "emulator:", "plan", "--seed", str(seed))
    assert "mailbox/livia.serra@velamare.example would be removed" in succeeded(done, 4)


def test_the_output_of_the_generator_is_fresh(tmp_path: Path) -> None:
    checkout = tmp_path / "examples" / "reseller"
    checkout.mkdir(parents=True)
    kept = ROOT / "examples" / "reseller"
    shutil.copy(kept / "generate.py", checkout)
    subprocess.run([sys.executable, "generate.py", "12", "3", "."], cwd=checkout, check=True, timeout=60)
    names = sorted(str(path.relative_to(kept)) for path in kept.rglob("*.yaml"))
    assert names == sorted(str(path.relative_to(checkout)) for path in checkout.rglob("*.yaml"))
    assert filecmp.cmpfiles(kept, checkout, names, shallow=False) == (names, [], [])


def test_the_picture_of_the_readme_is_fresh_and_can_be_read(tmp_path: Path) -> None:
    kept = ROOT / "examples" / "picture"
    drawn = tmp_path / "plan.svg"
    subprocess.run([sys.executable, str(kept / "picture.py"), str(drawn)], check=True, timeout=60)
    text = drawn.read_text(encoding="utf-8")
    assert text == (kept / "plan.svg").read_text(encoding="utf-8"), "the plan looks otherwise now: run make schemas"
    root = ElementTree.fromstring(text)
    names = {root.find(f"{SVG}title").get("id"), root.find(f"{SVG}desc").get("id")}
    assert set(root.get("aria-labelledby").split()) == names
    lines = ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]
    assert lines[:2] == ["$ qboxctl plan", "Plan for default at https://api.qboxmail.com"]
    assert any(line.startswith("Plan: ") for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize(("domains", "mailboxes"), [(150, 2), (2, 500)])
def test_the_generator_repeats_no_name(domains: int, mailboxes: int, tmp_path: Path) -> None:
    """There are more domains than pairs of a trade and a place, and more people than pairs of names."""
    program = str(ROOT / "examples" / "reseller" / "generate.py")
    subprocess.run([sys.executable, program, str(domains), str(mailboxes), str(tmp_path)], check=True, timeout=60)
    kinds = [address.kind for address in load(read_sources(tmp_path), TYPES).objects]
    assert (kinds.count("domain"), kinds.count("mailbox")) == (domains, domains * mailboxes)


def test_a_starter_project_is_valid_and_planned(tmp_path: Path, cli: Cli) -> None:
    project = tmp_path / "mail"
    written = succeeded(cli("init", str(project)))
    files = sorted(str(path.relative_to(project)) for path in project.rglob("*") if path.is_file())
    assert files == [
        ".github/workflows/qboxmail.yml",
        ".gitignore",
        "domains/example.com.yaml",
        "settings.yaml",
    ]
    assert all(str(project / name) in written for name in files)
    succeeded(cli("validate", cwd=project))
    shown = succeeded(cli("--endpoint", "emulator:", "plan", cwd=project))
    assert "3 to create" in shown


def test_a_starter_project_fits_the_published_schema(tmp_path: Path, cli: Cli) -> None:
    succeeded(cli("init", "mail"))
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for source in read_sources(tmp_path / "mail"):
        assert list(validator.iter_errors(source.parse()[0])) == []


def test_a_starter_project_overwrites_nothing(tmp_path: Path, cli: Cli) -> None:
    project = tmp_path / "mail"
    succeeded(cli("init", "mail"))
    (project / "settings.yaml").write_text("mine: true\n", encoding="utf-8")
    (project / "domains" / "example.com.yaml").unlink()
    refused = cli("init", "mail")
    succeeded(refused, 1)
    assert "already there" in refused.err
    assert (project / "settings.yaml").read_text(encoding="utf-8") == "mine: true\n"
    assert not (project / "domains" / "example.com.yaml").exists()
