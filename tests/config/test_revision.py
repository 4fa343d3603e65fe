"""What git remembers of a configuration: of the right repository, of the right commit, and never less in silence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from qboxctl.config.files import read_sources
from qboxctl.config.git import commit
from qboxctl.config.loader import stated
from qboxctl.config.revision import changed_since
from qboxctl.errors import QboxctlError
from qboxctl.resources import TYPES
from tests.support.repository import A, B, committed, git, gone, put

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")

ONLY_ADA = A.replace(", bob: {}", "")
BOB = {"mailbox/bob@a.example"}
EVE = {"mailbox/eve@b.example"}
NO_EVE = B.replace("eve: {}", "")


def again(folder: Path, message: str = "again") -> str:
    """Commit all that is there; its name."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def refusal(folder: Path, revision: str = "HEAD") -> str:
    """Why it is an error, and what to do."""
    with pytest.raises(QboxctlError) as raised:
        changed_since(revision, folder, read_sources(folder))
    return f"{raised.value} {raised.value.hint}"


def told(folder: Path, revision: str = "HEAD") -> list[str]:
    """What of the revision could not be read."""
    before, _ = changed_since(revision, folder, read_sources(folder))
    return [f"{one.position}: {one.message}" for one in stated(before, TYPES).mistakes]


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A folder in a repository, which bob left since the commit."""
    top = committed(tmp_path / "top", {"mail/a.yaml": A, "other/b.yaml": B})
    (top / "mail" / "a.yaml").write_text(ONLY_ADA)
    return top / "mail"


# Which repository.

INHERITED = {
    "as for a hook": {"GIT_DIR": "{other}/.git"},
    "with its work tree": {"GIT_DIR": "{other}/.git", "GIT_WORK_TREE": "{other}"},
    "its own, and from its top": {"GIT_DIR": "{top}/.git", "GIT_PREFIX": "", "GIT_WORK_TREE": "{top}/mail"},
    "another index": {"GIT_INDEX_FILE": "{other}/.git/index"},
    "other objects": {"GIT_OBJECT_DIRECTORY": "{other}/.git/objects"},
    "another namespace of replacements": {"GIT_REPLACE_REF_BASE": "refs/heads/"},
    "configuration": {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.bare", "GIT_CONFIG_VALUE_0": "true"},
    "parameters": {"GIT_CONFIG_PARAMETERS": "'core.worktree=/'"},
    "a ceiling": {"GIT_CEILING_DIRECTORIES": "{top}"},
}


@pytest.mark.parametrize("inherited", INHERITED.values(), ids=INHERITED)
def test_nothing_of_git_is_inherited(inherited, left, tmp_path, monkeypatch):
    other = committed(tmp_path / "other", {"mail/a.yaml": B, "c.yaml": A})
    head = git(left, "rev-parse", "HEAD")
    for name, text in inherited.items():
        monkeypatch.setenv(name, text.format(other=other, top=left.parent))
    assert gone(left) == BOB
    assert commit(left) == head


def test_git_is_told_no_secret_and_which_repository(left, tmp_path, monkeypatch):
    tools, seen, calls = tmp_path / "tools", tmp_path / "seen", tmp_path / "calls"
    tools.mkdir()
    (tools / "git").write_text(f'#!/bin/sh\nenv >> {seen}\necho "$*" >> {calls}\nexec {shutil.which("git")} "$@"\n')
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    for name in ("QBOXMAIL_API_TOKEN", "INITIAL_PASSWORD", "GIT_TRACE"):
        monkeypatch.setenv(name, "s3cret")
    assert gone(left) == BOB
    assert commit(left)
    told = set(seen.read_text().splitlines())
    assert {"GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none"} <= told, "older versions know only the other one"
    assert "s3cret" not in seen.read_text()
    where = f"--git-dir={left.parent / '.git'} --work-tree={left.parent}"
    for call in calls.read_text().splitlines():
        assert "safe.bareRepository=explicit" in call
        assert where in call or "rev-parse --show-toplevel" in call, "but for the first look"


def trap(folder: Path, mark: Path) -> str:
    """A program that leaves a mark."""
    program = folder.parent / "trap"
    program.write_text(f"#!/bin/sh\necho x >> {mark}\ncat\n")
    program.chmod(0o755)
    return str(program)


HOSTILE = (
    "core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "diff.external", "diff.x.textconv",
    "diff.x.command", "filter.x.clean", "filter.x.smudge", "filter.x.process", "credential.helper",
    "core.alternateRefsCommand", "pager.ls-tree", "pager.cat-file", "gpg.program", "core.gitProxy",
)  # fmt: skip


def test_nothing_that_a_repository_names_is_run(tmp_path):
    top = committed(tmp_path / "top", {"a.yaml": A, ".gitattributes": "*.yaml filter=x diff=x\n"})
    mark = tmp_path / "mark"
    program = trap(top, mark)
    for name in HOSTILE:
        git(top, "config", name, program)
    for name in ("ls-tree", "cat-file", "rev-parse", "merge-base", "ls-files"):
        git(top, "config", f"alias.{name}", f"!{program}")
    for name in ("post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman"):
        shutil.copy(program, top / ".git" / "hooks" / name)
    put(top, {"a.yaml": ONLY_ADA, ".gitattributes": "*.yaml filter=x diff=x\n", "new.yaml": "{}"})
    assert gone(top) == BOB
    assert commit(top)
    assert not mark.exists()


def bare(folder: Path, mark: Path) -> None:
    """A repository that lies in a folder as if it were one of a server, and runs a program."""
    git(folder.parent, "clone", "-q", "--bare", str(folder.parent / "source"), str(folder / "bare"))
    for path in (folder / "bare").iterdir():
        path.rename(folder / path.name)
    (folder / "bare").rmdir()
    with (folder / "config").open("a") as config:
        config.write(f"[core]\n\tfsmonitor = {trap(folder, mark)}\n\tworktree = {folder}\n\tbare = false\n")


@pytest.mark.parametrize("around", [True, False], ids=["in a repository", "in none"])
def test_a_bare_repository_among_the_files_is_none(around, tmp_path):
    committed(tmp_path / "source", {"a.yaml": A})
    folder, mark = tmp_path / "mail", tmp_path / "mark"
    folder.mkdir()
    (folder / "a.yaml").write_text(ONLY_ADA)
    if around:
        git(tmp_path, "init", "-q")
        git(tmp_path, "add", "mail")
        git(tmp_path, "commit", "-q", "-m", "mine")
    bare(folder, mark)
    if around:
        assert gone(folder) == set(), "bob was in the hidden one only"
        assert commit(folder) == git(tmp_path, "rev-parse", "HEAD")
    else:
        assert "is in no git repository" in refusal(folder)
        assert commit(folder) is None
    assert not mark.exists()


def emptied(top: Path) -> None:
    shutil.rmtree(top / ".git")
    (top / ".git").mkdir()


def nowhere(top: Path) -> None:
    shutil.rmtree(top / ".git")
    (top / ".git").write_text("gitdir: ../nowhere\n")


def into_the_files(top: Path) -> None:
    (top / ".git").rename(top / "kept")
    (top / ".git").write_text("gitdir: kept\n")
    git(top, "config", "core.worktree", "/")


def elsewhere(top: Path) -> None:
    git(top, "config", "core.worktree", str(top.parent))


@pytest.mark.parametrize("broken", [emptied, nowhere, into_the_files, elsewhere], ids=lambda one: one.__name__)
def test_what_is_no_repository_of_this_folder_is_refused(broken: Callable[[Path], None], tmp_path):
    committed(tmp_path / "above", {"below/a.yaml": A, "a.yaml": A})
    top = committed(tmp_path / "above" / "below", {"a.yaml": A})
    put(top, {"a.yaml": ONLY_ADA})
    broken(top)
    assert "--since needs a git repository" in refusal(top)
    assert commit(top) is None


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_somebody_else_is_refused_as_git_does(left):
    for path in (left.parent, left.parent / ".git"):
        os.chown(path, 12345, 12345)
    said = refusal(left)
    assert "dubious ownership" in said
    assert "git config --global --add safe.directory" in said


def test_linked_work_trees_and_submodules_are_repositories_of_their_own(left, tmp_path):
    top = left.parent
    again(top, "bob left")
    git(top, "worktree", "add", "-q", "-b", "more", str(tmp_path / "tree"))
    linked = tmp_path / "tree" / "mail"
    (linked / "a.yaml").write_text("domains: {a.example: {mailboxes: {}}}\n")
    assert gone(linked) == {"mailbox/ada@a.example"}
    assert gone(linked, "HEAD~1") == {"mailbox/ada@a.example", *BOB}

    git(tmp_path, "clone", "-q", "--bare", str(top), "served")
    git(tmp_path / "served", "worktree", "add", "-q", str(tmp_path / "bare"))
    assert gone(tmp_path / "bare" / "mail", "HEAD~1") == BOB

    outer = committed(tmp_path / "outer", {"x.yaml": "{}"})
    git(outer, "submodule", "--quiet", "add", str(top), "sub")
    assert gone(outer / "sub" / "mail", "HEAD~1") == BOB
    assert commit(outer / "sub" / "mail") == git(top, "rev-parse", "HEAD")


# Which commit.


def test_what_others_added_meanwhile_was_removed_by_nobody(tmp_path):
    top = committed(tmp_path / "top", {"a.yaml": A}, "-b", "main")
    git(top, "checkout", "-q", "-b", "branch")
    put(top, {"a.yaml": ONLY_ADA})
    again(top)
    git(top, "checkout", "-q", "main")
    put(top, {"a.yaml": A, "b.yaml": B})
    again(top)
    git(top, "checkout", "-q", "branch")
    assert gone(top, "main") == BOB
    git(top, "checkout", "-q", "HEAD~1")
    assert gone(top, "main") == set(), "an old commit took nothing out"
    git(top, "checkout", "-q", "main")
    git(top, "merge", "-q", "branch")
    assert gone(top, "HEAD^1") == BOB, "as a pipeline sees a request that is merged"


def test_without_a_commit_in_common_it_is_refused(left):
    top = left.parent
    assert "there is no such revision here git fetch" in refusal(left, "nowhere").replace("fetch it first: ", "")
    again(top, "two")
    git(top, "checkout", "-q", "--orphan", "unborn")
    main = git(top, "for-each-ref", "--format=%(refname:short)", "refs/heads")
    assert "nothing is committed" in refusal(left, main)
    again(top, "one of another history")
    said = refusal(left, main)
    assert "have no commit in common" in said
    assert "unshallow" not in said


def test_a_shallow_clone_is_told_to_fetch_more(left, tmp_path):
    top = left.parent
    again(top, "two")
    first = git(top, "rev-parse", "HEAD~1")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{top}", "shallow")
    shallow = tmp_path / "shallow"
    assert "git fetch --unshallow" in refusal(shallow / "mail", first)
    git(shallow, "fetch", "-q", "--depth", "1", "origin", f"{first}:refs/heads/old")
    said = refusal(shallow / "mail", "old")
    assert "have no commit in common" in said
    assert "git fetch --unshallow" in said
    git(shallow, "fetch", "-q", "--unshallow")
    assert gone(shallow / "mail", "old") == BOB


def test_replaced_commits_are_the_commits_that_they_were(left):
    top = left.parent
    first = git(top, "rev-parse", "HEAD")
    (left / "b.yaml").write_text(B)
    second = again(top)
    (left / "b.yaml").unlink()
    again(top)
    git(top, "replace", first, second)
    assert gone(left, first) == BOB


def test_nothing_is_fetched(left, tmp_path):
    top, mark = left.parent, tmp_path / "mark"
    again(top)
    git(top, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{top}", "partial")
    partial = tmp_path / "partial"
    program = trap(top, mark)
    git(partial, "config", "remote.origin.url", f"ext::{program}")
    git(partial, "config", "protocol.ext.allow", "always")
    said = refusal(partial / "mail", "HEAD~1")
    assert "git fetch --refetch --no-filter" in said
    assert not mark.exists()
    git(partial, "config", "remote.origin.url", f"file://{top}")
    git(partial, "fetch", "-q", "--refetch", "--no-filter")
    assert gone(partial / "mail", "HEAD~1") == BOB


# Files that git was told to leave out.


@pytest.mark.parametrize("flag", ["--skip-worktree", "--assume-unchanged"])
def test_what_git_left_out_of_the_work_tree_is_not_removed(flag, tmp_path):
    top = committed(tmp_path / "top", {"mail/a.yaml": A, "mail/in/b.yaml": B, "readme.yaml": A})
    git(top, "update-index", flag, "mail/in/b.yaml", "readme.yaml")
    (top / "readme.yaml").unlink()
    assert gone(top / "mail") == set(), "it is there, and what is elsewhere does not matter"
    (top / "mail" / "in" / "b.yaml").write_text(NO_EVE)
    assert gone(top / "mail") == EVE, "what is read is what is there"
    (top / "mail" / "in" / "b.yaml").unlink()
    said = refusal(top / "mail")
    assert "mail/in/b.yaml" in said
    assert "would count as removed" in said
    undo = flag.replace("--", "--no-")
    assert f"git update-index {undo} mail/in/b.yaml and git checkout -- mail/in/b.yaml" in said
    git(top, "update-index", undo, "mail/in/b.yaml")
    assert gone(top / "mail") == {*EVE, "domain/b.example"}, "now it was taken away"


def test_a_sparse_checkout_removes_nothing(tmp_path):
    top = committed(tmp_path / "top", {"mail/a.yaml": A, "mail/more/b.yaml": B, "x/y.txt": ""})
    git(top, "sparse-checkout", "set", "--cone", "x")
    git(top, "sparse-checkout", "add", "mail/none")
    assert not (top / "mail" / "more").exists()
    assert "git sparse-checkout disable" in refusal(top / "mail")
    assert "mail/more/b.yaml" in refusal(top / "mail")
    git(top, "sparse-checkout", "disable")
    assert gone(top / "mail") == set()


# Revisions that look empty.


def test_a_folder_with_a_new_name_is_an_error(left):
    top = left.parent
    git(top, "mv", "mail", "post")
    said = refusal(top / "post")
    assert f"no file of the configuration is in post at {git(top, 'rev-parse', '--short=12', 'HEAD')}" in said
    assert "no file of the configuration is in post/a.yaml at" in refusal(top / "post" / "a.yaml")
    again(top)
    (top / "post" / "a.yaml").write_text("domains: {a.example: {mailboxes: {bob: {}}}}\n")
    assert gone(top / "post") == {"mailbox/ada@a.example"}


def test_a_folder_of_which_git_cannot_be_asked_is_an_error(tmp_path):
    top = committed(tmp_path / "top", {"ma\nil/a.yaml": A})
    assert "line break" in refusal(top / "ma\nil")
    (top / "ma\nil").rename(top / "x tree 1")
    assert "no file of the configuration is in x tree 1 at" in refusal(top / "x tree 1")
    again(top)
    assert gone(top / "x tree 1") == set()


def test_links_are_followed_where_git_keeps_what_they_lead_to(tmp_path):
    top = committed(tmp_path / "top", {"shared/a.yaml": A, "more/in/b.yaml": B, "mail/c.yaml": "{}"})
    mail = top / "mail"
    (mail / "a.yaml").symlink_to("../shared/a.yaml")
    (mail / "more").symlink_to("../more")
    (mail / "again").symlink_to(".")
    (top / "more" / "in" / "loop").symlink_to("..")
    (top / "more" / "in" / "_hidden.yaml").symlink_to("b.yaml")
    again(top)
    assert changed_since("HEAD", mail, read_sources(mail)) == ([], [])
    (top / "shared" / "a.yaml").write_text(ONLY_ADA)
    (top / "more" / "in" / "b.yaml").write_text(NO_EVE)
    assert gone(mail) == BOB | EVE
    (mail / "a.yaml").unlink()
    (mail / "a.yaml").write_text(A)
    assert gone(mail) == EVE, "a file in place of a link is no removal"


def test_a_folder_may_be_named_by_a_link(left, tmp_path):
    (tmp_path / "conf").symlink_to(left)
    assert gone(tmp_path / "conf") == BOB
    (tmp_path / "one.yaml").symlink_to(left / "a.yaml")
    assert gone(tmp_path / "one.yaml") == BOB

    top = left.parent
    put(top, {"v1/a.yaml": A, "v2/a.yaml": ONLY_ADA})
    (top / "now").symlink_to("v1")
    again(top)
    (top / "now").unlink()
    (top / "now").symlink_to("v2")
    assert gone(top / "now") == BOB, "it led elsewhere then"
    assert gone(top / "v2") == set()


def test_what_lies_elsewhere_is_an_error_today(left, tmp_path):
    top = left.parent
    (tmp_path / "elsewhere.yaml").write_text(B)
    (left / "b.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert "b.yaml leads out of the repository" in refusal(left)
    again(top)
    assert "b.yaml leads out of the repository" in refusal(left), "that git keeps the link is no help"
    (left / "b.yaml").unlink()
    assert gone(left, "HEAD~1") == BOB
    assert gone(left) == set()
    (seen,) = told(left)
    assert "mail/b.yaml at" in seen
    assert "it was a link that leads out of the repository" in seen

    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "a.yaml").write_text(A)
    (top / "conf").symlink_to(tmp_path / "conf")
    assert "is in no git repository" in refusal(top / "conf")


def test_submodules_are_an_error_today(tmp_path):
    inner = committed(tmp_path / "inner", {"b.yaml": B})
    top = committed(tmp_path / "top", {"a.yaml": A})
    git(top, "submodule", "--quiet", "add", str(inner), "sub")
    again(top)
    said = refusal(top)
    assert "sub/b.yaml leads out of the repository" in said
    assert "submodule" in said
    git(top, "submodule", "--quiet", "deinit", "-f", "sub")
    assert gone(top) == set()
    assert told(top) == [], "one that was not fetched holds nothing today, and held nothing that is known"
    git(top, "rm", "-q", "-f", "sub")
    (top / "sub").mkdir()
    (top / "sub" / "b.yaml").write_text(NO_EVE)
    assert gone(top) == set()
    assert [one.partition(": ")[2] for one in told(top)] == ["cannot be read: it was a submodule"]


def test_a_repository_in_the_folder_is_an_error(left):
    committed(left / "mine", {"b.yaml": B})
    assert "mine/b.yaml leads out of the repository" in refusal(left)


def test_what_git_ignores_is_an_error_and_what_is_new_is_none(left):
    (left / "new.yaml").write_text(B)
    (left / ":(top)*.yaml").write_text("{}")
    assert gone(left) == BOB
    (left.parent / ".gitignore").write_text("new*\n")
    said = refusal(left)
    assert "mail/new.yaml, which git ignores" in said
    git(left, "add", "-f", "new.yaml")
    assert gone(left) == BOB, "it is kept all the same"
    (left / "_new.yaml").write_text("")
    assert gone(left) == BOB


def test_lines_that_end_otherwise_are_no_change(tmp_path):
    source = committed(tmp_path / "source", {"a.yaml": f"{A}# one\n# two\n", "b.yaml": B})
    git(tmp_path, "-c", "core.autocrlf=true", "clone", "-q", str(source), "windows")
    windows = tmp_path / "windows"
    assert b"\r\n" in (windows / "a.yaml").read_bytes()
    assert changed_since("HEAD", windows, read_sources(windows)) == ([], [])
    put(source, {"a.yaml": "domains:\r\n  a.example: {}\r\n"})
    again(source)
    put(source, {"a.yaml": "domains:\n  a.example: {}\n"})
    assert changed_since("HEAD", source, read_sources(source)) == ([], [])


# Revisions that are broken.

BROKEN = {
    "a word that does not exist": ({"a.yaml": A.replace("ada: {}", "ada: {langauge: it}")}, "a.yaml:1:41", BOB),
    "a word of the object that left": ({"a.yaml": A.replace("bob: {}", "bob: {x: 1}")}, "a.yaml:1:50", set()),
    "not YAML": ({"a.yaml": A[:-2]}, "a.yaml:1:10", set()),
    "not YAML, and another file": ({"a.yaml": A, "b.yaml": "domains: [\n"}, "b.yaml:1:10", BOB),
    "twice in a file": ({"a.yaml": A.replace("bob: {}", "bob: {}, bob: {}")}, "a.yaml:1:53", set()),
    "in two files": ({"a.yaml": A, "b.yaml": A}, "b.yaml:1:35", set()),
    "a list": ({"a.yaml": "[]"}, "a.yaml:1:1", set()),
    "no text": ({"a.yaml": A, "b.yaml": "\udcff"}, "b.yaml:1:1", BOB),
    "rules": ({"a.yaml": A, "b.yaml": "ignore: [mailbx/*]"}, "b.yaml:1:10", set()),
    "what may be a rule": ({"a.yaml": A, "b.yaml": "ignore: [mailbox/*@a.example"}, "b.yaml:1:9", set()),
    "settings": ({"a.yaml": A, "b.yaml": "settings: []"}, "b.yaml:1:1", BOB),
    "all at once": ({"a.yaml": A, "b.yaml": "delivery: 1", "c.yaml": "x"}, "b.yaml:1:1", BOB),
}


@pytest.mark.parametrize(("then", "place", "expected"), BROKEN.values(), ids=BROKEN)
def test_what_can_be_read_of_a_broken_revision_is_read(then, place, expected, tmp_path):
    top = tmp_path / "top"
    top.mkdir()
    git(top, "init", "-q")
    for name, text in then.items():
        (top / name).write_bytes(os.fsencode(text))
    again(top)
    put(top, {"a.yaml": ONLY_ADA})
    assert gone(top) == expected
    name, _, where = place.partition(":")
    assert told(top)[0].startswith(f"{name} at {git(top, 'rev-parse', '--short=12', 'HEAD')}:{where}: ")
