"""Where the journal is: for its owner only, on disk with its name, and never somewhere else than it seems."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from qboxctl.applying.journal import Author, Journal
from qboxctl.errors import JournalError
from qboxctl.model import Action, Address


def opened(path: Path) -> Journal:
    return Journal(path, "plan", Author("tester"), now=lambda: 0.0)


def modes(*paths: Path) -> list[int]:
    return [stat.S_IMODE(path.stat().st_mode) for path in paths]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_only_its_owner_can_read_it_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    path = tmp_path / ".qboxctl" / "journal" / "now.jsonl"
    before = os.umask(umask)
    try:
        opened(path).close()
    finally:
        os.umask(before)
    assert modes(path.parent.parent, path.parent, path) == [0o700, 0o700, 0o600]


def test_folders_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    opened(tmp_path / "now.jsonl").close()
    assert modes(tmp_path) == [0o750]


def test_its_name_is_on_disk_too(tmp_path: Path) -> None:
    """Each folder that got a new name is opened to be flushed; Python tells of every file that it opens."""
    path = tmp_path / "a" / "b" / "now.jsonl"
    code = f"""if True:
        import os, sys
        from pathlib import Path
        from qboxctl.applying.journal import Author, Journal
        seen = []
        sys.addaudithook(lambda event, args: event == "open" and args[2] & os.O_DIRECTORY and seen.append(str(args[0])))
        Journal(Path({str(path)!r}), "plan", Author(), now=lambda: 0.0).close()
        print(*seen, sep="\\n")
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:-1] == [str(tmp_path), str(tmp_path / "a"), str(tmp_path / "a" / "b")]


@pytest.mark.parametrize("what", ["link", "folder", "broken folder", "file in the way"])
def test_what_is_no_place_for_it_is_refused(what: str, tmp_path: Path) -> None:
    path = tmp_path / "place" / "now.jsonl"
    if what == "broken folder":
        path.parent.symlink_to(tmp_path / "nowhere")
    elif what == "file in the way":
        path.parent.touch()
    else:
        path.parent.mkdir()
        path.mkdir() if what == "folder" else path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalError, match=r"the journal .* cannot be written: \w"):
        opened(path)
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "nowhere").exists()


def test_a_pipe_without_a_reader_is_not_waited_for(tmp_path: Path) -> None:
    path, found = tmp_path / "pipe", list[Exception]()
    os.mkfifo(path)

    def attempt() -> None:
        try:
            opened(path)
        except JournalError as error:
            found.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert "cannot be written" in str(found[0])


def test_a_pipe_with_a_reader_takes_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    book = opened(path)
    book.record("intended", Address("domain", "a.example"), Action.CREATE)
    book.close()
    assert os.read(reader, 4096).count(b"\n") == 1
    os.close(reader)
