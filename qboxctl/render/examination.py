"""What `doctor` found, as text and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from qboxctl.doctor import Answered, Attribute, Report, Seen, Verdict
from qboxctl.json_text import json_text
from qboxctl.render.style import PLAIN, Palette, clean
from qboxctl.schema.calls import Certainty

_MARKS = {Verdict.OK: ("ok", "green"), Verdict.WARNING: ("note", "yellow"), Verdict.FAILED: ("FAILED", "alarm")}
_MOST = 200


def text(report: Report, palette: Palette = PLAIN, *, full: bool = False) -> str:
    """Checks, then what the answers carry of the attributes, kind by kind; ``full`` names also what is not modelled."""
    return "\n".join(map(palette.fit, _lines(report, palette, full=full)))


def _lines(report: Report, palette: Palette, *, full: bool) -> Iterable[str]:
    width = max((len(one.title) for one in report.findings), default=0)
    for one in report.findings:
        word, colour = _MARKS[one.verdict]
        yield f"  {palette.paint(f'{word:6}', colour)}  {one.title:{width}}  {clean(one.text)}"
    yield ""
    yield palette.paint("What this account's answers carry of the attributes that qboxctl knows", "bold")
    kinds = dict.fromkeys(one.kind for one in report.attributes)
    width = max(map(len, kinds), default=0) + 1
    for kind in kinds:
        yield from _kind(f"{f'{kind}:':{width}}", [one for one in report.attributes if one.kind == kind], palette)
    yield from _routes(report, palette)
    for kind, names in report.unknown.items() if full else ():
        yield f"  {kind}: also there, and not modelled: {', '.join(clean(name)[:60] for name in names[:_MOST])}"


_ANSWERED = {
    Answered.CONFIRMED: "this API has them",
    Answered.MISSING: "this API has no such call",
    Answered.REFUSED: "could not be told, since the answer was an error",
    Answered.UNTRIED: "not tried, since they write or there is nothing to ask about",
}
_TROUBLE = (Answered.MISSING, Answered.REFUSED)


def _routes(report: Report, palette: Palette) -> Iterable[str]:
    """The calls that no reference shows, by whether they were answered."""
    if report.routes:
        yield ""
        yield palette.paint("The calls that qboxctl takes to be there, though no reference shows them", "bold")
    for answered, words in _ANSWERED.items():
        found = [one for one in report.routes if one.answered is answered]
        if found:
            yield palette.paint(f"  {words}:", "yellow" if answered in _TROUBLE else "dim")
        yield from (f"      {one.kind}: {one.call.method} {one.call.path}" for one in found)


def _kind(kind: str, attributes: list[Attribute], palette: Palette) -> Iterable[str]:
    if all(one.seen is Seen.UNTRIED for one in attributes):
        yield f"  {kind} {palette.paint('there is none to look at', 'dim')}"
        return
    sure = [one for one in attributes if one.seen is not Seen.NEVER]
    confirmed = [one.name for one in sure if one.certainty is not Certainty.DOCUMENTED]
    details = [one.name for one in sure if one.seen is Seen.DETAILS]
    yield f"  {kind} {len(sure):>2} of {len(attributes):>2}"
    if confirmed:
        yield f"      assumed names that are right: {', '.join(confirmed)}"
    if details:
        yield f"      only one by one, not in lists: {', '.join(details)}"
    for certainty in (Certainty.ASSUMED, Certainty.OBSERVED, Certainty.DOCUMENTED):
        missing = [one.name for one in attributes if one.seen is Seen.NEVER and one.certainty is certainty]
        if missing:
            yield palette.paint(f"      never returned ({certainty.value}): {', '.join(missing)}", "yellow")


def as_json(report: Report) -> str:
    """One JSON object: ``checks``, ``attributes``, ``calls`` and ``unknown``."""
    return json_text(
        {
            "checks": [
                {"topic": one.topic, "status": one.verdict.value, "message": one.text} for one in report.findings
            ],
            "attributes": [
                {"kind": one.kind, "name": one.name, "certainty": one.certainty.value, "seen": one.seen.value}
                for one in report.attributes
            ],
            "calls": [
                {
                    "kind": one.kind,
                    "method": one.call.method,
                    "path": one.call.path,
                    "certainty": one.call.certainty.value,
                    "answered": one.answered.value,
                }
                for one in report.routes
            ],
            "unknown": report.unknown,
        }
    )
