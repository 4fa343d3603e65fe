"""A plan in every format that `plan` and `show` offer."""

from __future__ import annotations

from qboxctl.model import Plan
from qboxctl.planning.planfile import dumps
from qboxctl.render import plan_html, plan_markdown, plan_text
from qboxctl.render.origin import Origin
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
    origin: Origin = plan_html.NOWHERE,
) -> str:
    """The plan in one of ``FORMATS``; ``origin`` is for HTML, ``per_second`` for all, the rest for text (see there)."""
    match form:
        case "json":
            return dumps(plan).rstrip("\n")
        case "markdown":
            return plan_markdown.render(plan, types, per_second)
        case "html":
            return plan_html.render(plan, types, per_second, origin)
        case "text":
            return plan_text.render(plan, types, palette, per_second, full=full, summary=summary, place_of=place_of)
        case _:
            raise ValueError(f"there is no form {form!r} of a plan: there are {', '.join(FORMATS)}")
