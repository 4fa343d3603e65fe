"""What others install: the sdist, the wheel, the commit hook and the image hold what they need, and work."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from qboxctl import __version__
from qboxctl.cli.init import package_of
from qboxctl.emulator import Emulator
from qboxctl.emulator.app import BackgroundServer
from tests.support import ROOT

pytestmark = pytest.mark.slow

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".pre-commit-hooks.yaml", "qboxctl", "examples",
           "schemas", "tests", "Makefile")  # fmt: skip
DOCKERFILE = ROOT / "examples" / "docker" / "Dockerfile"
OFFLINE = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
"""For pip: ask no index, and build with what is installed (the 0 is what pip reads as "no isolation")."""


def run(*words: str | Path, cwd: Path = ROOT, code: int = 0, **env: str) -> str:
    """Run a program to its end, and give what it printed."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("QBOX", "GIT", "PIP", "PYTHON"))}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**kept, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def copy_sources(folder: Path) -> Path:
    """The project as somebody else has it."""
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist and a wheel."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=copy_sources(folder / "sources"))
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


def needed(asking: Distribution, extras: frozenset[str]) -> dict[str, Distribution]:
    """The libraries that something asks for, and those that they ask for, out of what is installed here."""
    found: dict[str, Distribution] = {}
    for text in asking.requires or ():
        one = Requirement(text)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            found[one.name] = distribution(one.name)
            found |= needed(found[one.name], frozenset(one.extras))
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment's programs: the wheel, what its metadata asks for, and nothing else.

    The libraries are copied from here instead of being fetched; that nothing is missing is for pip to find out.
    """
    place = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", place)
    metadata = PathDistribution(zipfile.Path(wheel, f"qboxctl-{__version__}.dist-info/"))
    here = Path(sysconfig.get_path("purelib"))
    target = place / here.relative_to(sys.prefix)
    for one in needed(metadata, frozenset({"emulator"})).values():
        for path in one.files or ():
            source = Path(str(one.locate_file(path)))
            if source.is_relative_to(here):
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target / path)
    python = place / "bin" / "python"
    place_of_wheels = ("--find-links", wheel.parent)
    run(sys.executable, "-m", "pip", "--python", python, "install", *place_of_wheels, "qboxctl[emulator]", **OFFLINE)
    assert "No broken requirements" in run(sys.executable, "-m", "pip", "--python", python, "check")
    return place / "bin"


# The wheel.


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = set(contents(wheel))
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "qboxctl").rglob("*") if path.is_file()}
    expected = {name for name in package if "__pycache__" not in name} | {"qboxctl/examples/quickstart/qboxmail.yaml"}
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert {"qboxctl/py.typed", "qboxctl/starter/dot_github/workflows/qboxmail.yml"} <= names
    assert f"qboxctl-{__version__}.dist-info/licenses/LICENSE" in names


def test_the_sdist_gives_the_same_wheel(built: Path, wheel: Path, tmp_path: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (sources,) = tmp_path.iterdir()
    assert {"schemas", "tests", "examples", "README.md", "CHANGELOG.md"} <= {path.name for path in sources.iterdir()}
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=sources)
    (again,) = tmp_path.glob("*.whl")
    assert contents(again) == contents(wheel)


def test_the_installed_program_works(installed: Path, tmp_path: Path) -> None:
    program = installed / "qboxctl"
    assert run(program, "--version", cwd=tmp_path).split()[-1] == __version__
    assert run(installed / "python", "-m", "qboxctl", "--version", cwd=tmp_path).split()[-1] == __version__
    where = run(installed / "python", "-c", "import qboxctl; print(qboxctl.__file__)", cwd=tmp_path).strip()
    assert Path(where).is_relative_to(installed.parent)
    run(program, "init", "mail", cwd=tmp_path)
    workflow = (tmp_path / "mail" / ".github" / "workflows" / "qboxmail.yml").read_text(encoding="utf-8")
    assert f'QBOXCTL_PACKAGE: "qboxctl=={__version__}"' in workflow, (
        "it was installed by name, so others can do that too"
    )
    assert "valid: 3 objects" in run(program, "-C", "mail", "validate", cwd=tmp_path)
    for name in ("config", "plan"):
        printed = json.loads(run(program, "schema", name, cwd=tmp_path))
        assert printed == json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert "Nothing to change" in run(program, "demo", cwd=tmp_path)


CONSUMER = """\
import qboxctl

def shown(folder: str) -> str:
    configuration: qboxctl.Configuration = qboxctl.load(folder, "sandbox")
    plan: qboxctl.Plan = qboxctl.plan(configuration, targets=["mailbox/*"])
    first: qboxctl.Change = plan.changes[0]
    wrong: int = plan.id  # type: ignore[assignment]
    other: str = qboxctl.render(plan, "pdf")  # type: ignore[arg-type]
    done: qboxctl.Applied = qboxctl.apply(plan, configuration, approve=lambda asked: not asked.blocked)
    worst: list[qboxctl.Outcome] = [one for one in done.outcomes if one.error]
    return qboxctl.render(plan, "markdown") + str(first.address)
"""
"""The ignored errors must be there: mypy finds them only if the package brings its types."""


def test_the_installed_package_is_typed(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "consumer.py").write_text(CONSUMER, encoding="utf-8")
    shutil.copy(ROOT / "examples" / "python" / "plan.py", tmp_path)
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n", encoding="utf-8")
    words = ["--python-executable", installed / "python", "consumer.py", "plan.py"]
    assert "no issues found in 2 source files" in run(sys.executable, "-m", "mypy", *words, cwd=tmp_path)


def test_the_python_example_says_what_would_change(tmp_path: Path) -> None:
    words = [sys.executable, ROOT / "examples" / "python" / "plan.py"]
    with BackgroundServer(Emulator(token="t")) as server:
        account = {"QBOXMAIL_API_TOKEN": "t", "QBOXCTL_ENDPOINT": server.url}
        lines = run(*words, ROOT / "examples" / "quickstart", cwd=tmp_path, **account).splitlines()
        here = run(*words, cwd=ROOT / "examples" / "quickstart", **account).splitlines()
        wrong = run(*words, tmp_path, cwd=tmp_path, code=1, **account)
    assert lines[0].startswith("create domain/example.com: ")
    assert here == lines
    assert lines[-4:] == [
        "1. create domain/example.com",
        "2. create mailbox/ada@example.com",
        "2. create mailbox/grace@example.com",
        "3. create alias/info@example.com",
    ]
    assert wrong.startswith("error: ")


def test_the_python_example_runs_no_program_where_none_may_be(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = json.dumps([sys.executable, "-c", f"open({str(ran)!r}, 'w').close()"])
    (tmp_path / "a.yaml").write_text(f"settings: {{token: {{exec: {program}}}}}\n")
    words = [sys.executable, ROOT / "examples" / "python" / "plan.py", tmp_path]
    assert "is not run" in run(*words, cwd=tmp_path, code=1, QBOXCTL_NO_EXEC="1")
    assert not ran.exists()
    assert "printed nothing" in run(*words, cwd=tmp_path, code=1)
    assert ran.exists()


@pytest.mark.parametrize(
    ("origin", "package"),
    [
        (None, f"qboxctl=={__version__}"),
        ({"url": "file:///home/ada/qboxctl", "dir_info": {"editable": True}}, ""),
        ({"url": "file:///home/ada/q.git", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}}, ""),
        ({"url": "https://git.example/q.git", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}},
         "qboxctl @ git+https://git.example/q.git@0a1b"),
        ({"url": "https://files.example/qboxctl.whl", "archive_info": {}}, "qboxctl @ https://files.example/qboxctl.whl"),
    ],
)  # fmt: skip
def test_a_starter_installs_what_its_author_has(origin: object, package: str) -> None:
    assert package_of(origin and json.dumps(origin)) == package
    if package:
        assert Requirement(package).name == "qboxctl"


# The commit hook.


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_hook_runs_as_pre_commit_runs_it(tmp_path: Path) -> None:
    """In an environment that pre-commit makes and fills; the libraries come from here instead of from an index."""
    environ = {
        **OFFLINE,
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "VIRTUALENV_NO_PERIODIC_UPDATE": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    sources, mail = copy_sources(tmp_path / "sources"), tmp_path / "mail"
    shutil.copytree(ROOT / "examples" / "quickstart", mail)
    config = {"repos": [{"repo": str(sources), "rev": "v0", "hooks": [{"id": "qboxctl-validate"}]}]}
    (mail / ".pre-commit-config.yaml").write_text(json.dumps(config), encoding="utf-8")
    for folder in (sources, mail):
        for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "first"], ["tag", "v0"]):
            run("git", *words, cwd=folder, **environ)

    pre_commit = (sys.executable, "-m", "pre_commit")
    run(*pre_commit, "validate-manifest", ROOT / ".pre-commit-hooks.yaml", **environ)
    assert "Passed" in run(*pre_commit, "run", "--all-files", cwd=mail, **environ)
    assert "no files to check" in run(*pre_commit, "run", cwd=mail, **environ)
    (mail / "wrong.yml").write_text("domains: {example.net: {plna: basic}}\n", encoding="utf-8")
    run("git", "add", ".", cwd=mail, **environ)
    assert "wrong.yml:1:25" in run(*pre_commit, "run", cwd=mail, code=1, **environ)


# The image.


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, lines joined."""
    text = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    return [(line.split()[0], line.partition(" ")[2]) for line in lines if line and not line.startswith("#")]


def test_the_image_is_made_of_files_that_are_there_and_sent() -> None:
    ignored = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    sources = [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert {"pyproject.toml", "qboxctl"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignored, source
    included = re.findall(r'^"(\S+)" = "qboxctl/', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(included) <= set(sources), "the wheel is built of these too"


def test_the_image_runs_as_nobody_in_particular() -> None:
    stages: dict[str, dict[str, str]] = {}
    stage: dict[str, str] = {}
    for name, rest in instructions():
        if name == "FROM":
            base, _, alias = rest.partition(" AS ")
            stage = stages[alias] = {"FROM": base, **stages.get(base, {})}
            assert base in stages or base == "python:${PYTHON}-slim"
        else:
            stage[name] = rest
        if name == "COPY" and rest.startswith("--from="):
            assert rest.split()[0].removeprefix("--from=") in stages
    for alias in ("", "with-git"):
        assert stages[alias]["USER"] == "10001:10001"
        assert stages[alias]["ENTRYPOINT"] == '["qboxctl"]'


def test_the_image_installs_from_what_it_copies(tmp_path: Path) -> None:
    """The build stage, without an engine: its files in a folder, and its command with other paths."""
    copies = [rest.split() for name, rest in instructions() if name == "COPY" and not rest.startswith("--from")]
    for *sources, target in copies:
        for source in sources:
            place = tmp_path / "source" / (source if target == "./" else target)
            place.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, place)
    (script,) = (rest for name, rest in instructions() if name == "RUN" and "pip" in rest)
    script = script.replace("/opt/qboxctl", str(tmp_path / "opt")).replace(" install ", " install --no-deps ")
    programs = Path(sys.executable).parent
    run("sh", "-ec", script, cwd=tmp_path / "source", PACKAGE=".", PATH=f"{programs}:{os.environ['PATH']}", **OFFLINE,
        PYTHONPATH=sysconfig.get_path("purelib"))  # fmt: skip
    assert (tmp_path / "opt" / "bin" / "qboxctl").is_file()
