#!/usr/bin/env python3
"""Draws the plan at the top of README.md: what `qboxctl plan` really says, on an emulated account, as an SVG.

python examples/picture/picture.py [FILE]      # plan.svg beside this file unless given
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from qboxctl.emulator import Emulator
from qboxctl.emulator.app import BackgroundServer

ACCOUNT = {
    "domains": {
        "example.com": {
            "max_email_quota": "25GB",
            "mailboxes": {
                "ada": {"firstname": "Ada", "max_email_quota": "8GB"},
                "grace": {"firstname": "Grace", "max_email_quota": "8GB"},
            },
            "aliases": {"info": {"destinations": ["ada@example.com", "grace@example.com"]}},
        }
    }
}
CONFIGURATION = """
domains:
  example.com:
    mailboxes:
      ada: {state: absent}
      grace: {max_email_quota: 25GB}
    aliases:
      info: [grace@example.com]
      billing: [grace@example.com, accountant@example.net]
"""
TITLE = "The plan of a pull request"
DESCRIPTION = "qboxctl plan shows that Ada's mailbox is deleted for good, Grace's gets larger, and an alias is created."

ROW, COLUMN, MARGIN = 20, 8.4, 20
"""The height of a line, the width of a character, and the room around the text, at a font size of 14."""
CLASSES = {"1": "bold", "2": "dim", "31": "red", "32": "green", "33": "yellow", "34": "blue", "36": "cyan"}
"""The codes that a terminal shows as colours, and their classes in the picture."""
STYLE = """
    .page { fill: #f6f8fa; stroke: #d1d9e0; }
    text { fill: #1f2328; font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre; }
    .bold { font-weight: bold; } .dim { fill: #59636e; } .red { fill: #cf222e; } .green { fill: #116329; }
    .yellow { fill: #7d4e00; } .blue { fill: #0550ae; } .cyan { fill: #0f6070; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #151b23; stroke: #3d444d; }
      text { fill: #f0f6fc; } .dim { fill: #9198a1; } .red { fill: #ff7b72; } .green { fill: #56d364; }
      .yellow { fill: #e3b341; } .blue { fill: #79c0ff; } .cyan { fill: #56d4dd; }
    }"""


def plan() -> str:
    """What the command prints on a terminal with colours; the account stands for the one of the API."""
    with tempfile.TemporaryDirectory() as folder, BackgroundServer(Emulator(seed=ACCOUNT)) as server:
        Path(folder, "qboxmail.yaml").write_text(CONFIGURATION, encoding="utf-8")
        own = {name: value for name, value in os.environ.items() if not name.startswith("QBOX")}
        done = subprocess.run(
            [sys.executable, "-m", "qboxctl", "-q", "--color", "always", "-C", folder, "plan"],
            env={**own, "QBOXCTL_ENDPOINT": server.url, "QBOXMAIL_API_TOKEN": "any", "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    return done.stdout.replace(server.url, "https://api.qboxmail.com")


def spans(line: str) -> Iterator[tuple[str, str]]:
    """The parts of a line of a terminal: the classes of each, and its text."""
    classes = ""
    for number, part in enumerate(re.split(r"\x1b\[([0-9;]*)m", line)):
        if number % 2:
            classes = " ".join(CLASSES[code] for code in part.split(";") if code not in ("", "0"))
        elif part:
            yield classes, part


def picture(text: str) -> str:
    """A terminal's text as an SVG that follows the reader's light or dark, and whose text stays text."""
    lines = ["\x1b[2m$\x1b[0m \x1b[1mqboxctl plan\x1b[0m", *text.rstrip("\n").split("\n")]
    drawn, columns = [], 0
    for number, line in enumerate(lines, 1):
        found = list(spans(line))
        length = sum(len(part) for _, part in found)
        columns = max(columns, length)
        marked = "".join(
            f'<tspan class="{classes}">{escape(part)}</tspan>' if classes else escape(part) for classes, part in found
        )
        width = f'textLength="{length * COLUMN:.1f}" lengthAdjust="spacingAndGlyphs"'  # the same in every font
        if found:
            drawn.append(f'  <text x="{MARGIN}" y="{MARGIN + number * ROW - 6}" {width}>{marked}</text>')
    width, height = round(columns * COLUMN) + 2 * MARGIN, len(lines) * ROW + 2 * MARGIN
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            ' role="img" aria-labelledby="title description">',
            f'  <title id="title">{escape(TITLE)}</title>',
            f'  <desc id="description">{escape(DESCRIPTION)}</desc>',
            f"  <style>{STYLE}\n  </style>",
            f'  <rect class="page" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>',
            *drawn,
            "</svg>\n",
        )
    )


if __name__ == "__main__":
    target = Path(*sys.argv[1:] or [Path(__file__).with_name("plan.svg")])
    target.write_text(picture(plan()), encoding="utf-8")
