"""Links to places in files: only where a terminal is known to show them."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from qboxctl.cli import cli, run
from qboxctl.cli.common import Common
from qboxctl.cli.hyperlinks import url_of

KNOWN = [
    {"TERM_PROGRAM": "iTerm.app"}, {"TERM": "alacritty"}, {"VTE_VERSION": "7600"}, {"KONSOLE_VERSION": "220401"},
    {"WT_SESSION": "x"},
]  # fmt: skip
UNKNOWN = [
    {}, {"TERM": "xterm-256color"}, {"VTE_VERSION": "4002"}, {"VTE_VERSION": "new"}, {"TERM_PROGRAM": "Apple_Terminal"},
    {"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/x"}, {"TERM": "screen", "VTE_VERSION": "7600"},
    {"TERM": "dumb", "WT_SESSION": "x"},
]  # fmt: skip


@pytest.mark.parametrize("environ", KNOWN, ids=str)
def test_a_terminal_that_shows_links(environ: dict[str, str]) -> None:
    of = url_of(environ)
    assert of is not None
    host, path = of("/a b/ü.yaml", 3, 4).removeprefix("file://").split("/", 1)
    assert (bool(host), path) == (True, "a%20b/%C3%BC.yaml")


@pytest.mark.parametrize("environ", UNKNOWN, ids=str)
def test_a_terminal_of_which_nothing_is_known(environ: dict[str, str]) -> None:
    assert url_of(environ) is None


@pytest.mark.parametrize(
    ("environ", "end"), [({"TERM_PROGRAM": "vscode"}, "/x.yaml:3:4"), ({"TERM": "xterm-kitty"}, "/x.yaml#3")]
)
def test_the_line_is_told_where_it_is_understood(environ: dict[str, str], end: str) -> None:
    of = url_of(environ)
    assert of is not None
    assert of("/x.yaml", 3, 4).endswith(end)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Always."""
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "linked"),
    [(Terminal, {}, True), (io.StringIO, {}, False), (io.StringIO, {"CLICOLOR_FORCE": "1"}, False),
     (Terminal, {"NO_COLOR": "1"}, False)],
)  # fmt: skip
def test_never_into_a_pipe(stream, environ, linked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text("domain: {}\n")
    for name in ("NO_COLOR", "TMUX", "STY", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "alacritty", **environ}.items():
        monkeypatch.setenv(name, value)
    options, shown = Common(), stream()
    with redirect_stderr(shown):
        run(lambda: cli.main(args=["-C", str(tmp_path), "plan"], standalone_mode=False, obj=options), options)
    assert "a.yaml:1:1" in shown.getvalue()
    assert ("\x1b]8;;file://" in shown.getvalue()) == linked
