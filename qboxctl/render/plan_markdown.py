"""A plan as Markdown for a pull request: it always fits a comment, and what is removed always comes first.

Changes stand in fenced blocks, where nothing that a file or a server says can become Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from qboxctl.model import Action, Change, Plan
from qboxctl.render import parts
from qboxctl.render.differences import CHANGED, LEFT_OUT, Row
from qboxctl.render.parts import Section
from qboxctl.render.style import clean, plural, shorten
from qboxctl.schema.kinds import Kinds

LIMIT = 65_536
"""The longest comment in characters that GitHub takes; GitLab takes more."""
_SIGNS = {Action.CREATE: "+", Action.UPDATE: "!", Action.DISABLE: "-", Action.DELETE: "-"}
"""The signs that a fenced diff is coloured by."""
_FRAME = 400
"""Room in characters that a section's heading, fence and closing line take."""
_MOST_BLOCKS = 20
_LONGEST = 1_000
_ESCAPES = {ord(char): f"&#{ord(char)};" for char in "\\`*_{}[]<>#|@~!&"}

_WARNINGS = "Warnings"

_Form = Callable[[], Iterable[str]]


def marker(environment: str) -> str:
    """The hidden first line by which a pipeline finds its own comment again; each environment has its own."""
    name = re.sub(r"[^\w.]+", "-", environment)  # two hyphens would end the comment
    return "<!-- qboxctl plan -->" if environment == "default" else f"<!-- qboxctl plan {name} -->"


def render(plan: Plan, types: Kinds, per_second: float | None = None) -> str:
    """The whole plan as far as it fits in ``LIMIT`` characters."""
    head = "\n".join(_head(plan))
    foot = "\n".join(_foot(plan, types, per_second))
    sections = _sections(plan, types)
    room = LIMIT - len(head) - len(foot) - 4 - _FRAME * len(sections)
    middle = []
    for title, folded, forms in sections:
        text = _fitting(forms, room)
        room -= len(text)
        middle.append(_framed(title, text, folded=folded))
    return "\n\n".join(filter(None, (head, *middle, foot)))


def _head(plan: Plan) -> Iterable[str]:
    yield marker(plan.environment)
    what = parts.totals(plan) if plan.changes else "nothing to change"
    yield f"### {'⛔ ' if plan.blocked else ''}qboxctl plan: {what}"
    yield ""
    commit = f" · commit {_code(plan.git_commit[:12])}" if plan.git_commit else ""
    stays = f" · {parts.rest(plan)}" if parts.rest(plan) else ""
    yield f"{_code(parts.place(plan))} · plan {_code(plan.id[:12])}{commit}{stays}"
    if parts.partial_plan(plan):
        yield from ("", f"**{_escaped(parts.partial_plan(plan))}**")
    lost = parts.loss(plan)
    if lost:
        yield from ("", "> [!CAUTION]", f"> **{lost}**")
    for message, way in list(parts.blocks(plan))[:_MOST_BLOCKS]:
        yield from ("", "> [!WARNING]", f"> **{_escaped(shorten(message, _LONGEST))}**")
        if way:
            yield f">\n> {_escaped(way)}"
    if len(plan.blocked) > _MOST_BLOCKS:
        yield f"\nand {plural(len(plan.blocked) - _MOST_BLOCKS, 'more guard')}"


def _foot(plan: Plan, types: Kinds, per_second: float | None) -> Iterable[str]:
    bill = parts.bill(plan, types)
    if bill:
        yield f"{bill}.  "
    if plan.changes:
        yield f"{parts.budget(plan, types, per_second)}."


def _sections(plan: Plan, types: Kinds) -> list[tuple[str, bool, Sequence[_Form]]]:
    """Each part with its title, whether it is folded, and its lines, from the fullest form to the shortest."""
    found: list[tuple[str, bool, Sequence[_Form]]] = []
    for section in parts.sections(plan):
        title = f"{section.title} ({len(section.changes)})"
        forms = [_forms(section, types, full=full) for full in (True, False)]
        found.append((title, section.name != "removed", forms))
    notes: dict[str, Sequence[str]] = {
        _WARNINGS: [" ".join(filter(None, one)) for one in parts.warnings(plan)],
        "Not declared, and left alone": [clean(str(address)) for address in plan.unmanaged],
        "Declared, and never returned by the API": parts.unverifiable(plan, types),
    }
    for title, rows in notes.items():
        if rows:
            found.append((f"{title} ({len(rows)})", title != _WARNINGS, [partial(_indented, rows)]))
    return found


def _indented(rows: Iterable[str]) -> Iterable[str]:
    return (f"  {row}" for row in rows)


def _forms(section: Section, types: Kinds, *, full: bool) -> _Form:
    return lambda: (line for change in section.changes for line in _change(change, types, full=full))


def _change(change: Change, types: Kinds, *, full: bool) -> Iterable[str]:
    remark = parts.remark(change, types[change.address.kind])
    yield f"{_SIGNS[change.action]} {clean(str(change.address))}  {remark}".rstrip()
    if full:
        shown = parts.lines(change, types)
        width = max((len(line.name) for line in shown), default=0)
        for line in shown:
            yield f"      {line.name:{width}}  {line.head}"
            yield from (_row(row) for row in (line.long.rows() if line.long else ()))


def _row(row: Row) -> str:
    """A line of a difference: the bar keeps it apart from a change, whatever it says."""
    sign = _SIGNS[Action.UPDATE] if row.sign == CHANGED else row.sign
    text = f"      | {sign} {row.text}" if sign == LEFT_OUT else f"{sign}     | {row.text}"
    return text.rstrip()


def _fitting(forms: Sequence[_Form], room: int) -> str:
    """The fullest form that fits; else as much of the shortest as fits, and how many changes more there are."""
    for form in forms:
        taken, size = [], 0
        for line in form():
            size += len(line) + 1
            if size > room:
                break
            taken.append(line)
        else:
            return "\n".join(taken)
    total = sum(1 for _ in forms[-1]())
    return "\n".join([*taken, f"  … and {total - len(taken)} more"])


def _framed(title: str, text: str, *, folded: bool) -> str:
    block = f"```diff\n{text}\n```"
    return f"<details><summary>{title}</summary>\n\n{block}\n\n</details>" if folded else f"#### {title}\n\n{block}"


def _code(text: str) -> str:
    """Inline code; a backtick inside would end it."""
    return f"`{text.replace('`', chr(39))}`"


def _escaped(text: str) -> str:
    """Text in which nothing is Markdown or HTML, and nobody is mentioned."""
    return text.translate(_ESCAPES)
