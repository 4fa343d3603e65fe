"""Files that got lost, in a project that deletes what it does not declare: nothing is written, by whichever command."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

SECRET = {"env": "PW"}
SETTINGS: dict[str, Any] = {
    "settings": {
        "on_remove": {"domain": "delete", "mailbox": "delete", "alias": "delete", "delivery_account": "delete"},
        "guards": {"count": 100},
    }
}
ACCOUNT: dict[str, Any] = {
    "domains": {
        f"{name}.example": {
            "mailboxes": {f"m{number}": {"firstname": "M"} for number in range(4)},
            "aliases": {"info": ["x@y.example"], "sales": ["x@y.example"]},
        }
        for name in ("a", "b")
    },
    "delivery": {"accounts": {"news": {"type": "newsletter"}, "app": {"type": "transactional"}}},
}
LOST = {
    "the folder is empty": None,
    "the file is empty": "",
    "the file is a comment": "# domains:\n",
    "the file is {}": "{}",
    "the domains are {}": "domains: {}\n",
    "every collection is {}": "domains: {a.example: {mailboxes: {}, aliases: {}}, b.example: {mailboxes: {}, "
    "aliases: {}}}\ndelivery: {accounts: {}}\n",
}
COMMANDS = {
    "a fresh plan": (),
    "since the last revision": ("--since", "HEAD"),
    "only the mailboxes": ("--target", "mailbox/*"),
    "a saved plan": ("plan.json",),
}


def git(project: Any, *words: str) -> None:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words]
    subprocess.run(command, cwd=project.folder, check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("text", LOST.values(), ids=LOST)
@pytest.mark.parametrize("server", [{"seed": ACCOUNT}], indirect=True)
def test_nothing_is_written(text, words, server, project):
    project.write(SETTINGS, "settings.yaml")
    content = project.write(ACCOUNT, "account.yaml")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "config")
    git(project, "commit", "-q", "-m", "all of it")
    assert project.run("plan", "--out", str(project.folder / "plan.json")).code == 0
    before = server.emulator.dump()

    if text is None:
        shutil.rmtree(project.config)
        project.config.mkdir()
    else:
        content.write_text(text)
    done = project.apply(*words)
    assert done.code in (0, 1, 3, 4, 5), done
    assert "Traceback" not in done.err
    assert not server.writes
    assert server.emulator.dump() == before
    if done.code == 0:
        assert "Nothing to change" in done.out + done.err, done
