"""Messages on a terminal: no word is broken, and a command to paste stays in one piece."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from qboxctl.cli import cli, run
from qboxctl.cli.common import Common


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Always."""
        return True


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty columns, without colours."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")


def said(*words: object) -> list[str]:
    """What a command says on stderr."""
    options, stream = Common(), Terminal()
    args = [*map(str, words)]
    with redirect_stderr(stream):
        run(lambda: cli.main(args=args, prog_name="qboxctl", standalone_mode=False, obj=options), options)
    return stream.getvalue().splitlines()


@pytest.mark.usefixtures("narrow")
def test_a_message_is_wrapped_at_words_and_a_command_is_not() -> None:
    stream = Terminal()
    with redirect_stderr(stream):
        Common().say("eight words that need more room than there is:", paste="qboxctl " + "-v " * 20 + "plan")
    first, second = stream.getvalue().splitlines()
    assert first == "eight words that need more room than"
    assert second == "  there is: qboxctl " + "-v " * 20 + "plan"


@pytest.mark.usefixtures("narrow")
def test_what_init_says(tmp_path: Path) -> None:
    lines = said("init", tmp_path / "a-folder-with-quite-a-long-name")
    assert lines[-2:] == [
        f"  qboxctl -C {tmp_path}/a-folder-with-quite-a-long-name {word}" for word in ("validate", "plan")
    ]
    assert all(len(line) <= 40 for line in lines if "qboxctl -C" not in line)
