"""A plan as one HTML page: works from a file, without a network and without a script, and prints.

With a script it can be searched and filtered. The page's policy lets nothing else run, load or send.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING

from qboxctl.model import Plan
from qboxctl.render.html.changes import blocks
from qboxctl.render.html.view import page
from qboxctl.render.origin import Origin
from qboxctl.schema.kinds import Kinds

if TYPE_CHECKING:
    from jinja2 import Template

NOWHERE = Origin()


def render(plan: Plan, types: Kinds, per_second: float | None = None, origin: Origin = NOWHERE) -> str:
    """The whole page; ``origin`` tells where its objects are declared, as far as that is known."""
    return _template().render(page=page(plan, types, per_second, origin))


@cache
def _template() -> Template:
    """The page, with its style and script; what is not there in a view is a mistake, and what is in it is text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("qboxctl.render", "html")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style, script = (loader.get_source(environment, name)[0] for name in ("plan.css", "plan.js"))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "style-src-attr 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    environment.filters["blocks"] = blocks
    environment.globals.update(style=style, script=script, policy=policy)
    return environment.get_template("plan.html")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
