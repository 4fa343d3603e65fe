"""The pages of the documentation that the package brings along."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from qboxctl.render import guide


def topics() -> Mapping[str, guide.Topic]:
    """The pages by their names, as the first of them lists them."""
    return guide.topics(page("README.md"))


def page(path: str) -> str:
    """The text of a page."""
    return (files("qboxctl") / "docs" / path).read_text(encoding="utf-8")
