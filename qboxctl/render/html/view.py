"""What the HTML page of a plan shows, as plain values: the template only says how it looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from qboxctl.model import Address, Plan
from qboxctl.render import parts
from qboxctl.render.html.changes import Domain, Link, Share, anchor, domains, https, shares_of
from qboxctl.render.origin import Origin
from qboxctl.render.style import clean, shorten
from qboxctl.schema.kinds import Kinds

STRIP = 1000
"""The length of the strip of totals; the template's picture is as long."""
_THINNEST = 12
"""The least share of the strip that can still be seen."""
_FEW_WARNINGS = 5
_NAMED = 20
"""Lost objects that an alarm names before it folds the rest."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What must not be overlooked, and the way out; the objects that it is about, the first ones in sight."""

    message: str
    way: str = ""
    named: Sequence[Link] = ()
    folded: Sequence[Link] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A list beside the changes, folded where it is long."""

    title: str
    rows: Sequence[str]
    open: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """The whole page."""

    title: str
    environment: str
    facts: Sequence[tuple[str, Link]]
    plan_id: str
    partial: str
    shares: Sequence[Share]
    rest: str
    costs: Sequence[str]
    alarms: Sequence[Alarm]
    warnings: Note
    kinds: Sequence[tuple[str, str]]
    domains: Sequence[Domain]
    notes: Sequence[Note]


def page(plan: Plan, types: Kinds, per_second: float | None, origin: Origin) -> View:
    """What there is to see of a plan."""
    what = parts.totals(plan) if plan.changes else "nothing to change"
    warnings = [" ".join(filter(None, one)) for one in parts.warnings(plan)]
    costs = [parts.bill(plan, types), parts.budget(plan, types, per_second) if plan.changes else ""]
    kinds = {change.address.kind for change in plan.changes}
    return View(
        title=f"{'blocked: ' if plan.blocked else ''}{what}",
        environment=clean(plan.environment),
        facts=list(_facts(plan, origin)),
        plan_id=clean(plan.id),
        partial=parts.partial_plan(plan),
        shares=_strip(shares_of(plan.changes)),
        rest=parts.rest(plan),
        costs=[line for line in costs if line],
        alarms=list(_alarms(plan, types)),
        warnings=Note("Warnings", warnings, len(warnings) <= _FEW_WARNINGS),
        kinds=[(kind, one.title) for kind, one in types.items() if kind in kinds],
        domains=list(domains(plan, types, origin)),
        notes=list(_notes(plan, types)),
    )


def _facts(plan: Plan, origin: Origin) -> Iterator[tuple[str, Link]]:
    """What the plan is for and comes from, each with a word in front."""
    yield "Endpoint", Link(shorten(clean(plan.endpoint), 200))
    if plan.customers:
        yield "Account", Link(shorten(clean(", ".join(plan.customers)), 200))
    if plan.git_commit:
        href = https(origin.site.commit(plan.git_commit)) if origin.site else ""
        yield "Commit", Link(clean(plan.git_commit[:12]), href)
    if plan.created_at:
        yield "Made", Link(clean(plan.created_at))
    if plan.qboxctl_version:
        yield "With", Link(f"qboxctl {clean(plan.qboxctl_version)}")


def _strip(shares: Sequence[Share]) -> list[Share]:
    """The shares with their parts of the strip: in proportion, and none too thin to be seen."""
    total = sum(share.number for share in shares)
    room = STRIP - _THINNEST * len(shares)
    start, found = 0, []
    for share in shares:
        width = _THINNEST + share.number * room // total
        found.append(share._replace(start=start, width=width))
        start += width
    return found[:-1] + [one._replace(width=STRIP - one.start) for one in found[-1:]]


def _alarms(plan: Plan, types: Kinds) -> Iterator[Alarm]:
    for message, way in parts.blocks(plan):
        yield Alarm(message, way)
    lost = [change.address for change in plan.changes if change.destroys_data]
    removed = [change.address for change in plan.changes if change.destroys_data and change.action.removes]
    if lost:
        links = [Link(clean(str(one)), f"#{quote(anchor(one))}") for one in lost]
        way = _way_to_keep(removed, types) if removed else "To keep it, state the value that it has now."
        yield Alarm(parts.loss(plan), way, links[:_NAMED], links[_NAMED:])


def _way_to_keep(lost: Iterable[Address], types: Kinds) -> str:
    found = {one.kind for one in lost}
    kinds = [kind for kind in types if kind in found and "disable" in types[kind].allowed_on_remove()]
    instead = f", or disable instead of deleting: on_remove: {{{', '.join(f'{kind}: disable' for kind in kinds)}}}"
    return f"To keep it, declare it again, without state: absent{instead if kinds else ''}."


def _notes(plan: Plan, types: Kinds) -> Iterator[Note]:
    notes = {
        **parts.left_alone(plan),
        "Declared, and never returned by the API, so nobody can tell whether they are set": parts.unverifiable(
            plan, types
        ),
    }
    return (Note(title, rows) for title, rows in notes.items() if rows)
