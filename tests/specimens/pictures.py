"""Text with a terminal's colours as PNG, through a headless Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_CODE = re.compile(r"\x1b\[([0-9;]*)m|\x1b\]8;;[^\x1b]*\x1b\\")
_COLOURS = {
    "dark": {"back": "#0d1117", "text": "#d0d7de", "31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff",
             "36": "#56d4dd"},
    "light": {"back": "#ffffff", "text": "#1f2328", "31": "#cf222e", "32": "#116329", "33": "#7d4e00", "34": "#0550ae",
              "36": "#1b7c83"},
}  # fmt: skip
_FIRST, _LAST = 70, 40
"""Lines of a long text that are in the picture."""


def browser() -> str:
    """The program that makes pictures, "" where there is none."""
    return next((found for name in _BROWSERS if (found := shutil.which(name))), "")


def picture(text: str, columns: int, path: Path, *, theme: str = "dark") -> None:
    """Write a picture of a text in a terminal of so many columns; a terminal breaks what is longer."""
    lines = text.splitlines()
    if len(lines) > _FIRST + _LAST:
        lines = [*lines[:_FIRST], f"[… {len(lines) - _FIRST - _LAST} lines …]", *lines[-_LAST:]]
    rows = sum(max(1, -(-len(_CODE.sub("", line)) // columns)) for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "page.html")
        source.write_text(page("\n".join(lines), columns, theme), encoding="utf-8")
        size = f"--window-size={round(columns * 8.43) + 44},{rows * 18 + 28}"
        words = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", size]
        subprocess.run([*words, f"--user-data-dir={folder}/user", f"--screenshot={path}", source.as_uri()],
                       check=True, capture_output=True, timeout=120)  # fmt: skip


def page(text: str, columns: int, theme: str) -> str:
    """A text with a terminal's codes as an HTML page."""
    colours = _COLOURS[theme]
    style = (f"body{{margin:14px 16px;background:{colours['back']};color:{colours['text']}}}"
             f"pre{{margin:0;font:14px/18px 'DejaVu Sans Mono',monospace;width:{columns + 1}ch;"
             "white-space:pre-wrap;word-break:break-all}")  # fmt: skip
    return f'<!doctype html><meta charset="utf-8"><style>{style}</style><pre>{"".join(_spans(text, colours))}</pre>'


def _spans(text: str, colours: dict[str, str]) -> Iterator[str]:
    at, open_spans = 0, 0
    for match in _CODE.finditer(text):
        yield escape(text[at : match.start()])
        at = match.end()
        if match[1] in ("0", ""):
            yield "</span>" * open_spans * (match[1] == "0")
            open_spans = 0 if match[1] == "0" else open_spans
        elif match[1]:
            open_spans += 1
            yield f'<span style="{";".join(_style(code, colours) for code in match[1].split(";"))}">'
    yield escape(text[at:])


def _style(code: str, colours: dict[str, str]) -> str:
    if code in colours:
        return f"color:{colours[code]}"
    return {"1": "font-weight:bold", "2": "opacity:.6"}.get(code, "")
