"""Specimens of all that qboxctl shows, to be looked at one by one: `make specimens`, or `python -m tests.specimens`.

Each form at several sizes and widths, plain, with colours (``.ansi``, for ``less -R``) and as a picture, and how long
rendering took where the form is large.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.config.excerpts import Excerpts
from qboxctl.config.loader import load
from qboxctl.config.rules import check
from qboxctl.config.yaml.reader import Source
from qboxctl.dns.records import query_for_records, records_of
from qboxctl.doctor import examine
from qboxctl.errors import ConfigError
from qboxctl.live.refresh import read_live_state
from qboxctl.model import Outcome, Plan, Revealed
from qboxctl.planning.planfile import dumps
from qboxctl.render import (
    approval,
    diagnostics,
    dns_records,
    examination,
    plan_html,
    plan_markdown,
    plan_text,
    reference,
)
from qboxctl.render.outcomes import Telling
from qboxctl.render.style import PLAIN, Palette
from qboxctl.resources import TYPES
from tests.specimens.accounts import outcomes_of, plan_of, wish_and_seed
from tests.specimens.pictures import browser, picture
from tests.support.lab import TOKEN, Lab, configuration_of

SIZES = (0, 3, 30, 300, 10_000)
WIDTHS = {60: "dark", 80: "dark", 120: "light"}
PER_SECOND = 5.0
Form = Callable[[Palette], str]


def plans() -> dict[str, Plan]:
    """The plans by name."""
    found = {str(number): plan_of(number) for number in SIZES}
    blocked = plan_of(300, guarded=True)
    return {**found, "blocked": blocked, "partial": plan_of(300, target="mailbox/*@example.org")}


def forms(made: Mapping[str, Plan]) -> Iterator[tuple[str, Form]]:
    """Every specimen with its name."""
    for name, plan in made.items():
        yield f"plan-{name}", lambda palette, plan=plan: plan_text.render(plan, TYPES, palette, PER_SECOND)
        yield f"markdown-{name}", lambda _palette, plan=plan: plan_markdown.render(plan, TYPES, PER_SECOND)
        yield f"prompt-{name}", lambda palette, plan=plan: _asked(plan, palette)
        if name.isdigit():
            yield f"apply-{name}", lambda palette, plan=plan: _applied(plan, outcomes_of(plan), palette)
    plan = made["300"]
    yield "plan-300-summary", lambda palette: plan_text.render(plan, TYPES, palette, PER_SECOND, summary=True)
    yield "plan-30-full", lambda palette: plan_text.render(made["30"], TYPES, palette, PER_SECOND, full=True)
    for trouble in ("partial", "interrupted", "again"):
        found = outcomes_of(plan, trouble=trouble)
        yield f"apply-300-{trouble}", lambda palette, found=found: _applied(plan, found, palette)
    for number in SIZES[1:]:
        yield f"errors-{number}", _mistakes(number)
    yield from _others()


def _asked(plan: Plan, palette: Palette) -> str:
    return "\n".join(filter(None, (approval.losses(plan, TYPES, palette), f"{approval.question(plan)} [no]:")))


def _applied(plan: Plan, found: list[Outcome], palette: Palette) -> str:
    telling = Telling([str(change.address) for change in plan.changes], palette)
    return "\n".join([*filter(None, map(telling.now, found)), telling.report(found)])


def _mistakes(number: int) -> Form:
    """A configuration with so many mistakes of several sorts; a part of them is the same one."""
    lines = ["defaults:", "  mailbox: {max_email_quota: 50GB, langage: en}", "domains:", "  example.com:",
             "    max_email_quota: 8GB", "    mailboxes:"]  # fmt: skip
    bodies = ("{firstname: A}", "{frstname: A}", "{max_email_quota: 9GB}")
    lines += [f"      u{place}: {bodies[place % 3]}" for place in range(number)]
    source = Source("domains/example.com.yaml", "\n".join(lines))
    try:
        found = check(load([source], TYPES, "default"), TYPES)
    except ConfigError as error:
        found = list(error.diagnostics)
    excerpts = Excerpts([source], {"password"})
    return lambda palette: diagnostics.text(found, palette, excerpts)


def _others() -> Iterator[tuple[str, Form]]:
    seed = wish_and_seed(30)[1]
    lab = Lab(
        seed={**seed, "delivery": {"domains": {"news.example.com": {}}, "accounts": {"news": {"type": "newsletter"}}}}
    )
    configuration = configuration_of(
        "domains: {example.com: {}, example.org: {}}\ndelivery: {domains: {news.example.com: {}}}"
    )
    with closing(Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as reader:
        account = Account(reader, TYPES)
        report = examine(account, configuration, lab.clock.time())
        rows = records_of(configuration, read_live_state(account, query_for_records(configuration, TYPES)), TYPES)
    words = ("published", "missing", "different", "no answer")
    found = {one: (words[place % 4], ("v=spf1 mx ~all",)) for place, one in enumerate(rows)}
    yield "doctor", lambda palette: examination.text(report, palette, full=True)
    yield "dns", lambda palette: dns_records.table(rows, {}, palette)
    yield "dns-check", lambda palette: dns_records.table(rows, found, palette)
    for topic in (None, "mailbox", "mailbox.password", "settings"):
        yield f"explain-{topic or 'all'}", lambda palette, topic=topic: reference.explain(topic, palette)


def timed(made: Mapping[str, Plan]) -> None:
    """Say how long it takes to render the largest plan, in each form."""
    plan = made[str(max(SIZES))]
    outcomes = outcomes_of(plan, trouble="partial")
    for name, form in {
        "text": lambda: plan_text.render(plan, TYPES, Palette(True, 80), PER_SECOND),
        "text, full": lambda: plan_text.render(plan, TYPES, Palette(True, 80), full=True),
        "text into a pipe": lambda: plan_text.render(plan, TYPES),
        "markdown": lambda: plan_markdown.render(plan, TYPES),
        "html": lambda: plan_html.render(plan, TYPES),
        "json": lambda: dumps(plan),
        "apply": lambda: _applied(plan, outcomes, Palette(True, 80)),
    }.items():
        begun = time.process_time()
        form()
        print(f"{len(plan.changes)} changes, {name}: {time.process_time() - begun:.2f} s")


def main() -> None:
    """Write them all."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, nargs="?", default=Path("build/specimens"), help="(%(default)s)")
    options.add_argument("--only", default="", help="the specimens whose names begin with this")
    options.add_argument("--no-pictures", action="store_true", help="text only")
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    made = plans()
    pictures = []
    for name, form in forms(made):
        if not name.startswith(chosen.only):
            continue
        path = str(chosen.folder.absolute() / name)
        Path(f"{path}.txt").write_text(f"{form(PLAIN)}\n", encoding="utf-8")
        if name.startswith("markdown"):
            continue
        for width, theme in WIDTHS.items():
            text = form(Palette(enabled=True, columns=width))
            Path(f"{path}.{width}.txt").write_text(f"{form(Palette(columns=width))}\n", encoding="utf-8")
            Path(f"{path}.{width}.ansi").write_text(f"{text}\n", encoding="utf-8")
            pictures.append((text, width, Path(f"{path}.{width}.png"), theme))
    timed(made)
    if chosen.no_pictures or not browser():
        print(f"{chosen.folder}: text only{'' if browser() else ', since there is no Chromium to make pictures with'}")
        return
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: picture(*one[:3], theme=one[3]), pictures))
    print(f"{chosen.folder}: {len(pictures)} pictures, and the same as text")


if __name__ == "__main__":
    main()
