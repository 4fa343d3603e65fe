"""What an account lacks before it can send, and what became of a message, as text and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Callable

from qboxctl.jobs.ready import Examination
from qboxctl.jobs.trial import Trial
from qboxctl.json_text import json_text
from qboxctl.model import JSON
from qboxctl.render.style import PLAIN, Palette, clean
from qboxctl.render.table import columns


def shown(
    found: Examination,
    sent: tuple[Trial, str] | None,
    form: str,
    palette: Palette = PLAIN,
    redact: Callable[[str], str] = str,
) -> str:
    """What was found, and what became of the message that was ``sent``, in a word."""
    lacks = [(one.code, redact(one.message)) for one in found.lacks]
    name = redact(found.name)
    trial: dict[str, JSON] = {}
    if sent:
        message, word = sent
        ids = {"message_id": redact(message.message_id) or None, "request_id": redact(message.request_id) or None}
        trial = {"from": message.sender, "to": message.to, "subject": message.subject, **ids, "status": word}
    if form == "json":
        rows: list[JSON] = [{"code": code, "message": text} for code, text in lacks]
        return json_text({"account": name, "ready": not lacks, "lacks": rows, **({"sent": trial} if sent else {})})
    lines = [palette.paint(clean(f"{name} is ready"), "green")]
    if lacks:
        head, *rest = columns([["LACKS", "WHAT IT IS"], *([code, clean(text)] for code, text in lacks)])
        lines = [clean(f"{name} is not ready"), "", palette.paint(head, "bold"), *map(palette.fit, rest)]
    if found.usable:
        lines += ["", palette.fit(f"it may send from {', '.join(map(clean, found.usable))}")]
    if sent:
        told = f"the message from {trial['from']} to {trial['to']}: {trial['status']}"
        known = [f"  {name}  {clean(str(trial[name]))}" for name in ("message_id", "request_id") if trial[name]]
        lines += ["", palette.fit(told), *known]
    return "\n".join(lines)
