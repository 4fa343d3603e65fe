"""Files that qboxctl writes, where somebody has put something in the way: nothing is written through a link."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

import pytest

from qboxctl.files import write_file, write_files


@pytest.fixture(params=[0, 0o027, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def everything(folder: Path) -> dict[str, str]:
    """All files below a folder; links are not followed."""
    return {
        str(path.relative_to(folder)): f"-> {path.readlink()}" if path.is_symlink() else path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_what_is_written_is_for_its_owner_only(umask: int, tmp_path: Path) -> None:
    (tmp_path / "plan").write_text("old")
    (tmp_path / "plan").chmod(0o666)
    write_file(tmp_path / "plan", "new")
    write_files(tmp_path / "a" / "out", {PurePath("b/c/d.yaml"): "x", PurePath("e.yaml"): "y"})
    out = tmp_path / "a" / "out"
    assert [mode(path) for path in (tmp_path / "plan", out / "b/c/d.yaml", out / "e.yaml")] == [0o600] * 3
    assert [mode(path) for path in (out.parent, out, out / "b", out / "b/c")] == [0o700] * 4
    assert everything(tmp_path) == {"plan": "new", "a/out/b/c/d.yaml": "x", "a/out/e.yaml": "y"}


def link_to_file(folder: Path, victim: Path) -> None:
    (folder / "plan").symlink_to(victim / "file")


def link_to_nothing(folder: Path, victim: Path) -> None:
    (folder / "plan").symlink_to(victim / "new")


def link_to_device(folder: Path, victim: Path) -> None:
    (folder / "plan").symlink_to("/dev/null")


def folder_itself(folder: Path, victim: Path) -> None:
    (folder / "plan").mkdir()


@pytest.mark.parametrize("trap", [link_to_file, link_to_nothing, link_to_device, folder_itself])
def test_a_file_is_not_written_through_a_link(trap: Callable[[Path, Path], None], tmp_path: Path) -> None:
    here, victim = tmp_path / "here", tmp_path / "victim"
    here.mkdir()
    victim.mkdir()
    (victim / "file").write_text("mine")
    trap(here, victim)
    before = everything(tmp_path)
    with pytest.raises(OSError, match="it is"):
        write_file(here / "plan", "text")
    assert everything(tmp_path) == before


def test_the_names_of_part_files_cannot_be_foreseen(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    for name in (f".plan.{os.getpid()}", ".plan.part", "plan.part", "plan.tmp", ".qboxctl-"):
        (tmp_path / name).symlink_to("victim")
    write_file(tmp_path / "plan", "text")
    assert (tmp_path / "victim").read_text() == "mine"
    assert (tmp_path / "plan").read_text() == "text"


def test_folders_below_the_one_that_is_named_may_not_be_links(tmp_path: Path) -> None:
    for name in ("real", "victim"):
        (tmp_path / name).mkdir()
    (tmp_path / "out").symlink_to("real")
    (tmp_path / "real" / "domains").symlink_to("../victim")
    with pytest.raises(OSError, match="domains is a link"):
        write_files(tmp_path / "out", {PurePath("domains/a.yaml"): "x"})
    (tmp_path / "real" / "domains").unlink()
    (tmp_path / "victim" / "file").write_text("mine")
    (tmp_path / "real" / "b.yaml").symlink_to("../victim/file")
    write_files(tmp_path / "out", {PurePath("b.yaml"): "new", PurePath("domains/a.yaml"): "x"})
    assert everything(tmp_path / "real") == {"b.yaml": "new", "domains/a.yaml": "x"}
    assert everything(tmp_path / "victim") == {"file": "mine"}


def test_a_failure_leaves_no_part(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_file(tmp_path / "plan", "\udc80")
    with pytest.raises(OSError, match="File name too long"):
        write_file(tmp_path / ("x" * 256), "text")
    write_file(tmp_path / ("x" * 255), "text")
    assert list(everything(tmp_path)) == ["x" * 255]


def test_pipes_and_open_files_are_written_into(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from qboxctl.files import write_file; "
    program += "[write_file(Path(name), name) for name in sys.argv[1:]]"
    reading, writing = os.pipe()
    words = [sys.executable, "-c", program, "/dev/stdout", f"/dev/fd/{writing}", "/dev/stderr", "/dev/null"]
    with (tmp_path / "err").open("w") as err:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=err, pass_fds=[writing], check=False)
    os.close(writing)
    assert done.returncode == 0
    assert done.stdout == b"/dev/stdout"
    assert os.read(reading, 100).decode() == f"/dev/fd/{writing}"
    os.close(reading)
    assert (tmp_path / "err").read_text() == "/dev/stderr"


def test_the_commands_write_through_no_link(server, project):
    server.swap(seed={"domains": {"a.example": {}}})
    project.write({"domains": {"a.example": {"max_email_quota": "8GB"}}})
    victim, out = project.folder / "victim", project.folder / "out"
    victim.mkdir()
    (victim / "file").write_text("mine")
    out.mkdir()
    (out / "domains").symlink_to(victim)
    (project.folder / "plan.json").symlink_to(victim / "file")
    for words in (("plan", "--out", "plan.json"), ("export", "--out", "out"), ("export", "--out", "out", "--force")):
        done = project.run(*words)
        assert done.code == 1
        assert "is a link" in done.err
        assert "fault in" not in done.err
    assert everything(victim) == {"file": "mine"}
    assert project.run("export", "--out", "new").code == 0
    assert mode(project.folder / "new" / "domains" / "a.example.yaml") == 0o600
    assert project.process("plan", "--out", "/dev/stdout", "-q").code == 0
