"""A plan as one HTML page: works from a file, without a network and without a script, and prints.

With a script it can be searched and filtered. The page's policy lets nothing else run, load or send.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from html import escape

from qboxctl.model import Action, Change, Plan
from qboxctl.render import parts
from qboxctl.render.differences import NEW, OLD, Row
from qboxctl.render.page import SCRIPT, STYLE
from qboxctl.render.parts import Line
from qboxctl.render.style import clean
from qboxctl.schema.kinds import Kinds

_WORDS = {
    Action.CREATE: "+ create", Action.UPDATE: "~ update", Action.DISABLE: "! disable", Action.DELETE: "− delete",
}  # fmt: skip

_TAGS = {OLD: "del", NEW: "ins"}


def render(plan: Plan, types: Kinds, per_second: float | None = None) -> str:
    """The whole page."""
    return "\n".join(_lines(plan, types, per_second))


def _lines(plan: Plan, types: Kinds, per_second: float | None) -> Iterable[str]:
    what = parts.totals(plan) if plan.changes else "nothing to change"
    policy = f"default-src 'none'; style-src '{_hash(STYLE)}'; script-src '{_hash(SCRIPT)}'"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>qboxctl plan: {escape(what)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>"
    yield f"<h1>Plan for {escape(parts.place(plan))}</h1>"
    yield f'<p class="where">{" · ".join(_origin(plan))}</p>'
    yield f'<p class="totals">{escape(what)}</p>'
    if parts.rest(plan):
        yield f"<p>{escape(parts.rest(plan))}</p>"
    if parts.partial_plan(plan):
        yield f"<p><strong>{escape(parts.partial_plan(plan))}</strong></p>"
    lost = parts.loss(plan)
    if lost:
        yield f'<p class="alarm">{escape(lost)}</p>'
    for message, way in parts.blocks(plan):
        yield f'<p class="alarm">{escape(message)}{f"<br>{escape(way)}" if way else ""}</p>'
    warnings = [" ".join(filter(None, one)) for one in parts.warnings(plan)]
    if warnings:
        rows = "".join(f"<li>{escape(one)}</li>" for one in warnings)
        yield f"<details open><summary>Warnings ({len(warnings)})</summary><ul>{rows}</ul></details>"
    yield "</header>\n<main>"
    if plan.changes:
        yield from _controls(plan)
    for section in parts.sections(plan):
        yield f'<section class="group" aria-labelledby="{section.name}">'
        yield f'<h2 id="{section.name}">{section.title} ({len(section.changes)})</h2>\n<ul class="changes">'
        yield from (_change(change, types) for change in section.changes)
        yield "</ul>\n</section>"
    yield '<p id="none" class="none" hidden>No change fits the filters.</p>'
    yield '<button id="more" type="button" hidden>Show more</button>'
    yield from _notes(plan, types)
    yield "</main>\n<footer>"
    closing = [parts.bill(plan, types), parts.budget(plan, types, per_second) if plan.changes else ""]
    yield from (f"<p>{escape(line)}.</p>" for line in closing if line)
    yield f"</footer>\n<script>{SCRIPT if plan.changes else ''}</script>\n</body>\n</html>"


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _origin(plan: Plan) -> Iterable[str]:
    yield f"plan <code>{escape(plan.id)}</code>"
    if plan.git_commit:
        yield f"commit <code>{escape(plan.git_commit)}</code>"
    if plan.created_at:
        yield f"made {escape(clean(plan.created_at))}"
    if plan.qboxctl_version:
        yield f"qboxctl {escape(clean(plan.qboxctl_version))}"


def _controls(plan: Plan) -> Iterable[str]:
    """Search and filters; shown by the script, since they do nothing without it."""
    kinds = dict.fromkeys(change.address.kind for change in plan.changes)
    actions = {change.action for change in plan.changes}
    options = "".join(f'<option value="{kind}">{kind}</option>' for kind in kinds)
    boxes = "".join(
        f'<label><input type="checkbox" value="{action}" checked> {action}</label>'
        for action in Action
        if action in actions
    )
    yield (
        '<form hidden role="search" aria-label="Filter the changes">'
        '<label>Search <input type="search" name="search" autocomplete="off" aria-keyshortcuts="/"></label>'
        f'<label>Kind <select name="kind"><option value="">all</option>{options}</select></label>'
        f"<fieldset><legend>Actions</legend>{boxes}</fieldset>"
        '<output role="status" aria-live="polite"></output></form>'
    )


def _change(change: Change, types: Kinds) -> str:
    action, kind = change.action.value, change.address.kind
    remark = parts.remark(change, types[kind])
    tones = ("lost" if change.destroys_data else "fate", "why")
    told = [(tone, text) for tone, text in zip(tones, remark, strict=True) if text]
    why = "".join(f' <span class="{tone}">{escape(text)}</span>' for tone, text in told)
    shown = parts.lines(change, types)
    table = f"<dl>{''.join(f'<dt>{escape(line.name)}</dt><dd>{_values(line)}</dd>' for line in shown)}</dl>"
    return (
        f'<li class="{action}" data-action="{action}" data-kind="{kind}">'
        f'<span class="sign">{_WORDS[change.action]}</span> '
        f'<span class="address">{escape(clean(str(change.address)))}</span>{why}{table if shown else ""}</li>'
    )


def _values(line: Line) -> str:
    """The old and the new value; of a long one all lines, those that stay included."""
    if line.long:
        rows = "".join(_row(row) for row in line.long.rows(whole=True))
        return f'{escape(line.long.size())}<div class="lines">{rows}</div>'
    if line.items:
        return " ".join(_row(row) for row in line.items)
    after = f"<ins>{escape(line.after)}</ins>"
    return f"<del>{escape(line.before)}</del> → {after}" if line.before else after


def _row(row: Row) -> str:
    tag = _TAGS.get(row.sign, "span")
    return f"<{tag}>{row.sign} {escape(row.text)}</{tag}>"


def _notes(plan: Plan, types: Kinds) -> Iterable[str]:
    notes = {
        "Not declared, and left alone": [clean(str(address)) for address in plan.unmanaged],
        "Declared, and never returned by the API, so nobody can tell whether they are set": parts.unverifiable(
            plan, types
        ),
    }
    for title, rows in notes.items():
        if rows:
            yield f"<details><summary>{title} ({len(rows)})</summary>\n<ul>"
            yield from (f"<li>{escape(row)}</li>" for row in rows)
            yield "</ul>\n</details>"
