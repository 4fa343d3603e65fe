"""A plan as Markdown for a pull request: it always fits a comment, and what is removed always comes first.

What a file or a server says stands in code, in fenced blocks or in code spans, where nothing of it can become
Markdown, a link or a mention; what could end a code span stands in a fenced block.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from qboxctl.model import Action, Change, Plan
from qboxctl.render import parts
from qboxctl.render.comment import LIMIT, Comment, Piece, code, escaped, is_safe, prose
from qboxctl.render.differences import CHANGED, LEFT_OUT, Row
from qboxctl.render.parts import Brief, Group, Line
from qboxctl.render.style import clean, plural
from qboxctl.schema.kinds import Kinds

_SIGNS = {Action.CREATE: "+", Action.UPDATE: "!", Action.DISABLE: "-", Action.DELETE: "-"}
"""The signs that a fenced diff is coloured by."""
_LEAST = 20
"""Characters that a change takes at least where its attributes are shown."""
_MOST_BLOCKS = 20
_LONGEST = 1_000
"""Characters of what a guard says, and of the way out."""
_GUARDS = 16_000
"""Characters of all guards together."""
_CELL = 80
"""The longest text in a table."""
_COLUMNS = 8
"""The most columns of a table."""
_FENCE = ("```diff", "```")

_Home = Sequence[tuple[Action, Group]]
"""The changes of one domain, or of another part of the files, by what is done and by kind."""


def marker(environment: str) -> str:
    """The hidden first line by which a pipeline finds its own comment again; each environment has its own."""
    name = re.sub(r"[^\w.]+", "-", environment)  # two hyphens would end the comment
    return "<!-- qboxctl plan -->" if environment == "default" else f"<!-- qboxctl plan {name} -->"


def render(plan: Plan, types: Kinds, per_second: float | None = None) -> str:
    """The whole plan as far as it fits in ``LIMIT`` characters."""
    head = "\n".join(_head(plan, types))
    foot = "\n".join(_foot(plan, types, per_second))
    homes = _homes(plan, types)
    for full in (True, False):
        if full and len(plan.changes) * _LEAST > LIMIT:
            continue
        comment = Comment(LIMIT - len(head) - len(foot))
        _body(comment, plan, homes, types, full=full)
        if not comment.left_out:
            break
    return "\n\n".join(filter(None, (head, *comment.blocks(), foot)))


def _head(plan: Plan, types: Kinds) -> Iterable[str]:
    yield marker(plan.environment)
    what = parts.totals(plan) if plan.changes else "nothing to change"
    yield f"### {'⛔ ' if plan.blocked else ''}qboxctl plan: {what}"
    yield ""
    commit = f" · commit {code(plan.git_commit[:12])}" if plan.git_commit else ""
    stays = f" · {parts.rest(plan)}" if parts.rest(plan) else ""
    yield f"{code(parts.place(plan))} · plan {code(plan.id[:12])}{commit}{stays}"
    if parts.partial_plan(plan):
        yield from ("", f"**{code(parts.partial_plan(plan))}**")
    lost = parts.loss(plan)
    if lost:
        yield from ("", "> [!CAUTION]", f"> **{lost}**")
    yield from _guards(plan)
    if plan.changes:
        yield ""
        yield from _counts(plan, types)


def _guards(plan: Plan) -> Iterable[str]:
    """What stops the plan, as much of it as leaves room for what is removed."""
    room = _GUARDS
    for number, (message, way) in enumerate(parts.blocks(plan)):
        told = f"\n> [!WARNING]\n> **{prose(message, _LONGEST)}**" + (f"\n>\n> {prose(way, _LONGEST)}" if way else "")
        room -= len(told)
        if number == _MOST_BLOCKS or room < 0:
            yield f"\nand {plural(len(plan.blocked) - number, 'more guard')}"
            break
        yield told


def _counts(plan: Plan, types: Kinds) -> Iterable[str]:
    """How many changes there are of each kind and sort, as a table; what does not occur has no row and no column."""
    found = Counter((change.address.kind, change.action) for change in plan.changes)
    actions = [action for action in Action if any(action is one for _, one in found)]
    yield f"| | {' | '.join(actions)} |"
    yield f"| --- |{' ---: |' * len(actions)}"
    for kind, type_ in types.items():
        numbers = [str(found[kind, action] or "") for action in actions]
        if any(numbers):
            yield f"| {type_.title} | {' | '.join(numbers)} |"


def _foot(plan: Plan, types: Kinds, per_second: float | None) -> Iterable[str]:
    bill = parts.bill(plan, types)
    if bill:
        yield f"{bill}.  "
    if plan.changes:
        yield f"{parts.budget(plan, types, per_second)}."


def _homes(plan: Plan, types: Kinds) -> Mapping[str, _Home]:
    """What is changed and created, by the domain or the part of the files that it belongs to."""
    homes: dict[str, list[tuple[Action, Group]]] = defaultdict(list)
    for section in parts.sections(plan):
        if not section.changes[0].action.removes:
            for group in parts.groups(section.changes, types):
                homes[group.home].append((section.changes[0].action, group))
    return dict(sorted(homes.items()))


def _body(comment: Comment, plan: Plan, homes: Mapping[str, _Home], types: Kinds, *, full: bool) -> None:
    for section in parts.sections(plan):
        if section.name in ("removed", "losing"):
            rows = [_first(change, types) for change in section.changes]
            comment.add(f"#### {section.title} ({len(rows)})\n", [Piece(*_FENCE, rows)])
    warnings = [f"  {' '.join(filter(None, one))}" for one in parts.warnings(plan)]
    if warnings:
        comment.add(f"#### Warnings ({len(warnings)})\n", [Piece(*_FENCE, warnings, of_changes=False)])
    for home, found in homes.items():
        counts = Counter[Action]()
        for action, group in found:
            counts[action] += len(group.rows)
        what = ", ".join(f"{number} to {action}" for action, number in counts.items())
        pieces = (
            [piece for action, group in found for piece in _pieces(action, group, types)] if full else _short(found)
        )
        comment.add(f"<details><summary>{escaped(home)}: {what}</summary>\n", pieces, "\n</details>")
    notes = {**parts.left_alone(plan), "Declared, and never returned by the API": parts.unverifiable(plan, types)}
    for title, rows in notes.items():
        if rows:
            piece = Piece(*_FENCE, [f"  {row}" for row in rows], of_changes=False)
            comment.add(f"<details><summary>{title} ({len(rows)})</summary>\n", [piece], "\n</details>")


def _short(found: _Home) -> list[Piece]:
    """The changes of a home by name only."""
    rows = [f"{_SIGNS[action]} {row.address}" for action, group in found for row in group.rows]
    return [Piece(*_FENCE, rows)]


def _pieces(action: Action, group: Group, types: Kinds) -> Iterable[Piece]:
    """A group as a table, with what is equal in all above it; what a table cannot tell as a difference."""
    same, tabled, others = _sorted(group, types)
    head = f"**{group.what} to {action}**{f': {same}' if same else ''}\n"
    if tabled:
        rows = [group.rows[number] for number in tabled]
        columns = [name for name in group.columns if any(name in row.cells for row in rows)]
        names = "".join(f" {code(name) if name else ''} |" for name in columns)
        start = f"{head}\n| {rows[0].change.address.kind} |{names}\n| --- |{' --- |' * len(columns)}"
        yield Piece(start, "", [_row(row, columns) for row in rows])
        head = ""
    if others:
        texts = ["\n".join(_change(group.rows[number].change, types)) for number in others]
        yield Piece(f"{head}\n{_FENCE[0]}" if head else _FENCE[0], _FENCE[1], texts)


def _sorted(group: Group, types: Kinds) -> tuple[str, list[int], list[int]]:
    """What is equal in all of a group, as code, and the rows that fit into a table, and those that do not."""
    everyone = list(range(len(group.rows)))
    wide = len(group.columns) > _COLUMNS or not all(map(_fits, filter(None, (*group.equal, *group.columns))))
    shown = [parts.lines(row.change, types) for row in group.rows]
    wide = wide or any(line.long for line in shown[0] if f"{line.name} {line}" in group.equal)
    if wide or (len(group.rows) == 1 and len(group.columns) > 1):
        return "", [], everyone
    tabled = [number for number in everyone if _tells(group.rows[number].address, shown[number])]
    same = ", ".join(map(code, group.equal))
    return same, tabled, [number for number in everyone if number not in set(tabled)]


def _tells(address: str, shown: Iterable[Line]) -> bool:
    """Whether a row of a table tells all of a change."""
    return is_safe(address) and all(not line.long and _fits(str(line)) for line in shown)


def _fits(text: str) -> bool:
    return len(text) <= _CELL and is_safe(text)


def _row(row: Brief, columns: Sequence[str]) -> str:
    cells = (row.cells.get(name, "") for name in columns)
    return f"| {code(row.address)} |{''.join(f' {code(cell) if cell else cell} |' for cell in cells)}"


def _first(change: Change, types: Kinds) -> str:
    remark = parts.remark(change, types[change.address.kind])
    return f"{_SIGNS[change.action]} {clean(str(change.address))}  {remark}".rstrip()


def _change(change: Change, types: Kinds) -> Iterable[str]:
    yield _first(change, types)
    shown = parts.lines(change, types)
    width = max((len(line.name) for line in shown), default=0)
    for line in shown:
        yield f"      {line.name:{width}}  {line.head}"
        yield from (_difference(row) for row in (line.long.rows() if line.long else ()))


def _difference(row: Row) -> str:
    """A line of a difference: the bar keeps it apart from a change, whatever it says."""
    sign = _SIGNS[Action.UPDATE] if row.sign == CHANGED else row.sign
    text = f"      | {sign} {row.text}" if sign == LEFT_OUT else f"{sign}     | {row.text}"
    return text.rstrip()
