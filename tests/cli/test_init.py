"""What `init` tells a newcomer: where to go on, and what would puzzle later."""

from __future__ import annotations

import pytest

from tests.support.commands import run

OTHERS = "All .yaml files below a folder are one configuration"
ELSEWHERE = "GitHub runs workflows from the top of a repository only"


@pytest.mark.parametrize(
    ("there", "folder", "told", "silent"),
    [
        ([], ".", [], [OTHERS, ELSEWHERE]),
        ([".git/"], ".", [], [OTHERS, ELSEWHERE]),
        (["README.md", "_skipped.yaml", ".github/a.yaml"], ".", [], [OTHERS, ELSEWHERE]),
        (["docker-compose.yml"], ".", [OTHERS, "docker-compose.yml now counts as well"], [ELSEWHERE]),
        (["a.yaml", "b/c.yml"], ".", ["a.yaml and 1 more now counts"], [ELSEWHERE]),
        ([".git/", "docker-compose.yml"], "mail", [ELSEWHERE, "qboxctl -C mail"], [OTHERS]),
        ([".git/", "mail/.git/"], "mail", [], [OTHERS, ELSEWHERE]),
    ],
)
def test_it_says_what_would_puzzle_later(there, folder, told, silent, project):
    for name in there:
        path = project.config / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text("services: {}\n", encoding="utf-8")
    done = run("-C", ".", "init", folder, folder=project.config, environ=project.env)
    assert done.code == 0, done
    assert all(words in done.err for words in told), done.err
    assert not any(words in done.err for words in silent), done.err


def test_its_first_command_works_without_an_account_or_a_secret(project):
    told = project.run("-C", ".", "init", "mail").err
    (line,) = [line.strip() for line in told.splitlines() if "--endpoint" in line]
    assert line == "qboxctl -C mail --endpoint emulator: plan"
    done = project.run(*line.split()[1:], env={"QBOXMAIL_API_TOKEN": None})
    assert done.code == 0
    assert "3 to create" in done.out


@pytest.mark.parametrize(
    ("name", "is_link", "code"),
    [
        ("settings.yaml", False, 1),
        ("settings.yaml", True, 1),
        ("domains", False, 1),
        ("domains", True, 1),
        (".github", False, 1),
        (".github/workflows", False, 1),
        (".gitignore", True, 1),
        (".gitignore", False, 0),
    ],
)
def test_it_writes_all_or_nothing(name, is_link, code, project):
    there = project.folder / "mail" / name
    there.parent.mkdir(parents=True)
    if is_link:
        there.symlink_to("nowhere")
    else:
        there.write_text("", encoding="utf-8")
    before = set(project.folder.rglob("*"))
    done = project.run("-C", ".", "init", "mail")
    assert done.code == code
    if code:
        assert done.err.startswith(f"error: already there: {there.relative_to(project.folder)}\n"), done.err
        assert set(project.folder.rglob("*")) == before


def test_it_tells_a_file_above_its_folder(project):
    (project.folder / "mail").write_text("", encoding="utf-8")
    done = project.run("-C", ".", "init", "mail/deep/er")
    assert (done.code, done.err.splitlines()[0]) == (1, "error: already there: mail")
