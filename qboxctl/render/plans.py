"""A plan in every format that `plan` and `show` offer."""

from __future__ import annotations

from qboxctl.model import Plan
from qboxctl.planning.planfile import dumps
from qboxctl.render import plan_html, plan_markdown, plan_text
from qboxctl.render.style import PLAIN, Palette
from qboxctl.schema.kinds import Kinds

FORMATS = ("text", "json", "markdown", "html")


def picture(
    plan: Plan,
    form: str,
    types: Kinds,
    palette: Palette = PLAIN,
    per_second: float | None = None,
    *,
    full: bool = False,
    summary: bool = False,
    place_of: plan_text.PlaceOf = lambda _address: None,
) -> str:
    """The plan in one of ``FORMATS``; all from the palette on, but for the rate, is for text only (see plan_text)."""
    match form:
        case "json":
            return dumps(plan).rstrip("\n")
        case "markdown":
            return plan_markdown.render(plan, types, per_second)
        case "html":
            return plan_html.render(plan, types, per_second)
        case _:
            return plan_text.render(plan, types, palette, per_second, full=full, summary=summary, place_of=place_of)
