"""Completion, as the shells ask for it: through the variables of Click's protocol, and through bash's own words."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHELLS = ("bash", "zsh", "fish")
CONFIGURATION = """
    settings:
      environments:
        sandbox: {endpoint: https://sandbox.qboxmail.com, token: {env: SANDBOX}}
        staging: {token: {exec: [touch, ran]}}
    domains:
      example.com:
        postmaster_password: {exec: [touch, ran]}
        mailboxes:
          ada: {firstname: Ada, password: {env: PW}}
          adam: {firstname: Adam, password: {env: PW}}
        aliases: {info: [ada@example.com]}
    delivery:
      domains: {news.example.com: {}}
"""
ADDRESSES = [
    "alias/info@example.com",
    "delivery_domain/news.example.com",
    "domain/example.com",
    "mailbox/ada@example.com",
    "mailbox/adam@example.com",
]


@pytest.fixture
def project(project):
    """A project with a configuration, in the folder where the shell is."""
    project.write(CONFIGURATION)
    return project


def asked(project, shell, *words, env=None):
    """What a shell is told about the last of some words, each as type and value."""
    *before, last = ("qboxctl", *words)
    protocol = {
        "_QBOXCTL_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join([*before, last]),
        "COMP_CWORD": last if shell == "fish" else str(len(before)),
    }
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from qboxctl.cli import main; sys.argv = ['qboxctl']; main()"],
        cwd=project.config,
        env={**project.env, **protocol, **(env or {})},
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.strip("\n").splitlines()
    if shell == "zsh":
        return list(zip(lines[::3], lines[1::3], strict=True))
    return [tuple(line.split("\t")[0].split(",", 1)) for line in lines]


def suggested(*arguments, **more):
    """The words that are suggested."""
    return [value for sort, value in asked(*arguments, **more) if sort == "plain"]


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts(shell, project):
    done = project.run("completion", shell)
    assert done.code == 0
    assert f"qboxctl completion {shell}" in done.out.splitlines()[0]
    assert "_QBOXCTL_COMPLETE" in done.out
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=done.out, text=True, capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("ex",), ["export", "explain"]),
        (("plan", "--fo"), ["--format"]),
        (("plan", "--format", "ma"), ["markdown"]),
        (("--env", ""), ["sandbox", "staging"]),
        (("plan", "--env", "sa"), ["sandbox"]),
        (("plan", "--target", ""), ADDRESSES),
        (("apply", "--exclude", "mailbox/adam@ex"), ["mailbox/adam@example.com"]),
        (("plan", "--target", "mailbox/*"), ["mailbox/*@example.com"]),
        (("plan", "--rotate", ""), [one for one in ADDRESSES if one.startswith(("domain/", "mailbox/"))]),
        (("export", "--kind", "del"), ["delivery_domain", "delivery_account"]),
        (("explain", "mai"), ["mailbox"]),
        (("explain", "alias.d"), ["alias.destinations"]),
        (("guide", "rem"), ["removals"]),
        (("emulator", "--quirk", "delete="), ["delete=immediate", "delete=queued"]),
        (("emulator", "--fault", "drop"), ["drop-before", "drop-after"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("migrate", "s"), ["start", "show"]),
        (("migrate", "start", "old.csv", "--preset", "Sta"), ["Standard-SSL", "Standard-no-SSL"]),
        (("migrate", "start", "old.csv", "--since", "last_"), ["last_month", "last_6_months", "last_year"]),
        (("report", ""), ["mailboxes", "aliases", "delivery", "cost"]),
        (("plna", "--targ"), []),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_shell_is_told_the_words_that_fit(shell, words, expected, project):
    assert suggested(project, shell, *words) == expected
    assert not (project.config / "ran").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_addresses_come_from_the_configuration_that_is_named(shell, project):
    other = project.folder / "other"
    other.mkdir()
    (other / "a.yaml").write_text("domains: {example.org: {}}\n", encoding="utf-8")
    assert suggested(project, shell, "plan", "-C", "../other", "--target", "") == ["domain/example.org"]
    assert suggested(project, shell, "-C", "../other", "plan", "--target", "") == ["domain/example.org"]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("words", [("--env", ""), ("plan", "--target", ""), ("plan", "--rotate", "m")])
@pytest.mark.parametrize(
    "content", ["a: [", "- a list", "settings: {environments: 5}", "domains: {x: 3}", "\x00", None]
)
def test_of_a_broken_configuration_nothing_is_suggested(shell, words, content, project):
    if content is None:
        (project.config / "qboxmail.yaml").unlink()
    else:
        project.write(content)
    assert suggested(project, shell, *words) == []


def test_what_one_file_says_is_suggested_beside_another_that_is_broken(project):
    project.write("domains: [", "broken.yaml")
    assert suggested(project, "bash", "plan", "--target", "") == ADDRESSES


@pytest.mark.parametrize("shell", SHELLS)
def test_plan_files_are_suggested_newest_first(shell, project):
    for age, name in enumerate(("new.json", "old.json")):
        (project.config / name).write_text('{"format_version": "1.0"}', encoding="utf-8")
        os.utime(project.config / name, (1_000_000 - age, 1_000_000 - age))
    (project.config / "package.json").write_text("{}", encoding="utf-8")
    assert asked(project, shell, "show", "") == [("plain", "new.json"), ("plain", "old.json")]
    assert suggested(project, shell, "apply", "n") == ["new.json"]
    assert asked(project, shell, "show", "./o") == [("plain", "./old.json")]
    assert asked(project, shell, "show", "elsewhere/x")[0][0] == "file"


@pytest.mark.parametrize(
    "words", [("-C", "x"), ("plan", "--seed", "x"), ("emulator", "--seed", "x"), ("migrate", "start", "x")]
)
def test_files_are_left_to_the_shell(words, project):
    assert asked(project, "bash", *words) == [("file", "x")]


def test_ten_thousand_mailboxes_are_read_without_their_attributes_being_judged(project):
    """What makes it slow is to judge what the files say: no attribute is decoded, so that a wrong one does no harm."""
    boxes = "\n".join(f"          m{number}: {{max_email_quota: nonsense}}" for number in range(10_000))
    project.write("domains:\n  example.com:\n    mailboxes:\n" + re.sub(r"^ {10}", "      ", boxes, flags=re.MULTILINE))
    assert len(suggested(project, "bash", "plan", "--target", "mailbox/")) == 10_000


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "line", "expected"),
    [
        ("ex", "", ["export", "explain"]),
        ("guide rem", "", ["removals"]),
        ("plan --format ma", "qboxctl plan --format ma", ["markdown"]),
        ("plan --target mailbox/adam", "qboxctl plan --target mailbox/adam", ["mailbox/adam@example.com"]),
        ("plan --target mailbox/adam @", "qboxctl plan --target mailbox/adam@", ["@example.com"]),
        ("plan --target mailbox/adam @ ex", "qboxctl plan --target  mailbox/adam@ex", ["@example.com"]),
        ("plan --target = mailbox/adam", "qboxctl plan --target=mailbox/adam", ["mailbox/adam@example.com"]),
        ("plan --target = mailbox/adam @ e", "qboxctl plan --target=mailbox/adam@e", ["@example.com"]),
        ("--env = sa", "qboxctl --env=sa", ["sandbox"]),
        ("--env =", "qboxctl --env=", ["sandbox", "staging"]),
        ("--endpoint emulator : gui", "qboxctl --endpoint emulator: gui", ["guide"]),
        ("emulator --quirk delete = q", "qboxctl emulator --quirk delete=q", ["queued"]),
        ("emulator --quirk = delete = q", "qboxctl emulator --quirk=delete=q", ["queued"]),
        ("plan --target 'mailbox/*'", "qboxctl plan --target mailbox/*", ["mailbox/*@example.com"]),
    ],
)
def test_bash_replaces_what_it_takes_for_the_word(words, line, expected, project):
    """Bash splits words at ``@``, ``=`` and ``:``; from ``@`` on it replaces, and behind the others."""
    script = f"""eval "$(qboxctl completion bash)"
    COMP_WORDS=(qboxctl {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE='{line}'
    _qboxctl_completion qboxctl; printf '%s\\n' "${{COMPREPLY[@]}}" """
    env = {**project.env, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=project.config, env=env, text=True, capture_output=True, check=True
    )
    assert done.stdout.split() == expected
