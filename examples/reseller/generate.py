#!/usr/bin/env python3
"""Writes the configuration of an imaginary reseller: one file for each customer's domain, the settings, and who
manages which domains.

    python generate.py 12 3 .                 what is kept beside this script
    python generate.py 400 300 /tmp/large     120,000 mailboxes, in about a second

The same arguments always give the same bytes. Files of the same name are replaced, others are left alone.
Needs nothing but the standard library.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "config.schema.json"

TRADES = ("bakery", "clinic", "florist", "garage", "hotel", "joinery", "nursery", "optician", "printer", "winery")
PLACES = ("asti", "bari", "como", "dro", "este", "fano", "gela", "imola", "jesi", "lodi", "massa", "nola", "orta")
FIRST_NAMES = (
    "Ada", "Bruno", "Carla", "Dario", "Elena", "Fabio", "Greta", "Hugo", "Irene", "Jacopo", "Katia", "Luca",
    "Marta", "Nino", "Olga", "Paolo", "Quinto", "Rosa", "Sara", "Tito", "Ugo", "Vera", "Walter", "Xenia", "Zeno",
)  # fmt: skip
LAST_NAMES = (
    "Amato", "Bassi", "Conti", "Denti", "Esposito", "Ferri", "Galli", "Iorio", "Leone", "Monti", "Neri", "Orsi",
    "Parisi", "Riva", "Sala", "Testa", "Urso", "Vitale", "Zanetti",
)  # fmt: skip
PLANS = ("basic", "professional", "professional", "enterprise")

SETTINGS = """\
# The token is an admin's, so the customer to work for is named.
settings:
  customer_code: C123456789
  on_remove: {mailbox: disable, alias: delete, manager: disable}
  guards: {count: 25, percent: 5, domain: {count: 1, percent: 1}}
  api: {concurrency: 8, requests_per_second: 50}   # leaves some of the server's limit to the panel

protect: ["domain/*"]

defaults:
  domain: {antispam_level: standard, postmaster_password: {env: POSTMASTER_PASSWORD}}
  mailbox: {language: it, password: {env: INITIAL_PASSWORD}, force_new_password: true}
"""


ACCESS = """\
# The reseller's partners, one in each place: each sees the domains that are named here, and no others.
managers:
"""


def domain_name(number: int) -> str:
    """The name of the domain with this number; all differ."""
    trade = TRADES[number % len(TRADES)]
    place = PLACES[number // len(TRADES) % len(PLACES)]
    rest = number // (len(TRADES) * len(PLACES))
    return f"{trade}-{place}{rest or ''}.example"


def people(count: int, start: int) -> Iterable[tuple[str, str, str]]:
    """``count`` people as (name of the mailbox, first name, last name); no mailbox twice."""
    for number in range(count):
        first = FIRST_NAMES[(start + number) % len(FIRST_NAMES)]
        last = LAST_NAMES[(start + number // len(FIRST_NAMES)) % len(LAST_NAMES)]
        rest = number // (len(FIRST_NAMES) * len(LAST_NAMES))
        yield f"{first}.{last}{rest or ''}".lower(), first, last


def domain_file(number: int, mailboxes: int) -> str:
    """The text of one domain's file, without its first line."""
    name = domain_name(number)
    plan = PLANS[number % len(PLANS)]
    large = plan != "basic"
    lines = [
        "domains:",
        f"  {name}:",
        f"    plan: {plan}",
        f"    max_email_quota: {'25GB' if large else '8GB'}",
        f"    activesync: {'true' if large else 'false'}",
        "    mailboxes:" if mailboxes else "    mailboxes: {}",
    ]
    keys = []
    for position, (key, first, last) in enumerate(people(mailboxes, number)):
        keys.append(key)
        size = ", max_email_quota: 25GB" if large and position % 20 == 0 else ""
        lines.append(f"      {key}: {{firstname: {first}, lastname: {last}{size}}}")
    if keys:
        lines += ["    aliases:", f"      info: [{', '.join(f'{key}@{name}' for key in keys[:2])}]"]
    return "\n".join(lines) + "\n"


def access_file(domains: int) -> str:
    """The text of the file that says who manages what: each place has a manager, within limits."""
    held: dict[str, list[str]] = {}
    for number in range(domains):
        held.setdefault(PLACES[number // len(TRADES) % len(PLACES)], []).append(domain_name(number))
    lines = []
    for position, (place, names) in enumerate(held.items()):
        lines += [
            f"  mail@{place}.example.net:",
            f"    firstname: {FIRST_NAMES[position]}",
            f"    lastname: {LAST_NAMES[position]}",
            f"    company: Office of {place.title()}",
            "    password: {env: INITIAL_PASSWORD}",
            f"    max_domains: {len(names)}",
            "    max_email_quota: 25GB",
            "    domains:",
            *(f"      - {name}" for name in names),
        ]
    return ACCESS + "\n".join(lines) + "\n" if lines else ""


def write(path: Path, text: str) -> None:
    """Write one file, with the line that tells editors its schema."""
    schema = os.path.relpath(SCHEMA, path.resolve().parent).replace(os.sep, "/")
    path.write_text(f"# yaml-language-server: $schema={schema}\n{text}", encoding="utf-8", newline="\n")


def generate(domains: int, mailboxes: int, folder: Path) -> None:
    """Write the whole configuration."""
    inside = folder / "domains"
    inside.mkdir(parents=True, exist_ok=True)
    write(folder / "settings.yaml", SETTINGS)
    if managers := access_file(domains):
        write(folder / "access.yaml", managers)
    for number in range(domains):
        write(inside / f"{domain_name(number)}.yaml", domain_file(number, mailboxes))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Write the configuration of an imaginary reseller.")
    parser.add_argument("domains", type=int, help="how many domains")
    parser.add_argument("mailboxes", type=int, help="how many mailboxes in each of them")
    parser.add_argument("folder", type=Path, help="where to write settings.yaml, access.yaml and domains/")
    words = parser.parse_args()
    if words.domains < 0 or words.mailboxes < 0:
        parser.error("counts cannot be negative")
    generate(words.domains, words.mailboxes, words.folder)


if __name__ == "__main__":
    main()
