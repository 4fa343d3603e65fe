"""Which terminals show hyperlinks (OSC 8), and what a link to a place in a file looks like there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from socket import gethostname
from urllib.parse import quote

_PROGRAMS = {"iTerm.app", "WezTerm", "ghostty", "vscode", "Tabby", "rio"}
_TERMS = {"xterm-kitty", "xterm-ghostty", "alacritty", "foot", "foot-extra", "wezterm", "contour"}
_SINCE = {"VTE_VERSION": 5000, "KONSOLE_VERSION": 201200}
_VARIABLES = ("WT_SESSION", "DOMTERM")


def url_of(environ: Mapping[str, str]) -> Callable[[str, int, int], str] | None:
    """What makes the URL of a file, line and column in this terminal; None for one that is not known to show links.

    A multiplexer hides which terminal is outside of it, so there are none inside.
    """
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if term.startswith(("screen", "tmux", "dumb", "linux")) or "TMUX" in environ or "STY" in environ:
        return None
    if program == "vscode":
        return _in_an_editor
    known = program in _PROGRAMS or term in _TERMS or any(name in environ for name in _VARIABLES)
    known = known or any(_number(environ.get(name, "")) >= least for name, least in _SINCE.items())
    return partial(_on_a_host, gethostname(), by_line=term == "xterm-kitty") if known else None


def _on_a_host(host: str, file: str, line: int, _column: int, *, by_line: bool) -> str:
    """A file URL with the host, without which a terminal at the other end of ssh would look in the wrong place."""
    return (
        f"file://{host}{quote(os.path.abspath(file), errors='surrogateescape')}{f'#{line}' if by_line and line else ''}"
    )


def _in_an_editor(file: str, line: int, column: int) -> str:
    return f"vscode://file{quote(os.path.abspath(file), errors='surrogateescape')}:{max(line, 1)}:{max(column, 1)}"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
