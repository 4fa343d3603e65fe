"""The choices that the API's reference leaves open, and how people name them on the command line.

The first value of each quirk is its default. Five of them take a number: ``activation=5``, ``delete=queued:5``,
``per_max=3``, ``vault_activation=2``, ``migration_validation=5``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

QUIRKS: Mapping[str, tuple[str, ...]] = {
    "empty_list": ("200", "404"),
    "create_answer": ("resource_code", "resources", "location", "nothing"),
    "create_status": ("201", "200", "202"),
    "write_answer": ("204", "200-empty", "200-resources"),
    "list_detail": ("full", "abridged", "blind"),
    "booleans": ("json", "text", "number"),
    "lists": ("json", "comma", "null_when_empty"),
    "status": ("text", "number"),
    "ids": ("text", "number"),
    "account_domains": ("objects", "codes", "names", "comma"),
    "per_max": ("200", "100", "25", "3"),
    "order": ("stable", "shuffled"),
    "query": ("works", "ignored"),
    "destinations": ("as_sent", "sorted"),
    "address_case": ("lower", "as_sent"),
    "activation": ("immediate", "2"),
    "force_new_password": ("returned", "hidden"),
    "last_access": ("returned", "hidden"),
    "ownership_sync": ("present", "absent"),
    "unverified_answer": ("200", "422"),
    "list_default_status": ("all", "enabled"),
    "ownership": ("auto", "wait"),
    "delete": ("immediate", "queued"),
    "account_password": ("masked", "clear", "null"),
    "duplicate_suppression": ("422", "merge"),
    "descriptions": ("as_sent", "cut", "composed", "blanks", "escaped"),
    "unmodelled": ("returned", "never"),
    "signature_identity": ("address", "index0", "index1"),
    "signature_exists": ("422", "replace", "second"),
    "signature_missing": ("404", "creates"),
    "signature_case": ("camel", "snake"),
    "signature_html": ("as_sent", "trimmed", "sanitized"),
    "signature_default": ("exclusive", "free"),
    "addressbook_list": ("present", "absent"),
    "addressbook_code": ("id", "other"),
    "addressbook_write": ("present", "absent"),
    "contact_update": ("absent", "put"),
    "contact_type": ("array", "scalar"),
    "extra_fields": ("none", "noise"),
    "vault_add": ("status", "post", "422"),
    "vault_read": ("list", "mailbox", "none"),
    "vault_activation": ("immediate", "2", "failure"),
    "vault_domain_delete": ("present", "absent"),
    "vault_retention": ("months", "years"),
    "vault_delete_enabled": ("ok", "422"),
    "job_paging": ("{}", "totals"),
    "job_errors": ("text", "objects"),
    "migration_preset": ("strict", "any"),
    "migration_dates": ("utc", "offset", "local"),
    "migration_validation": ("immediate", "failed", "2"),
    "token_field": ("token", "plain_token", "api_token", "value", "in_message"),
    "token_nets": ("array", "comma", "null_when_empty"),
    "token_nets_form": ("as_sent", "cidr"),
    "token_label": ("free", "422"),
    "token_create": ("open", "403"),
    "alias_domain_item": ("present", "absent"),
    "alias_domain_parent": ("any", "enabled"),
    "alias_domain_paging": ("paged", "{}"),
    "send_host": ("api", "delivery"),
    "send_status": ("202", "200"),
    "send_partial": ("all_or_nothing", "per_message"),
    "send_summary": ("top", "per_message", "absent"),
    "send_429": ("retry_after", "bare", "quota"),
    "send_order": ("same", "shuffled"),
    "trace_dates": ("day", "rfc3339"),
    "trace_numbers": ("text", "number"),
    "trace_row": ("data_text", "data_object", "flat"),
    "caller": ("customer", "no_reseller", "team_member", "manager"),
    "manager_read": ("present", "list_only", "absent"),
    "manager_domains_read": ("none", "codes", "objects"),
    "manager_assign": ("moves", "422"),
    "manager_put": ("partial", "replaces"),
    "manager_delete": ("absent", "present"),
    "permissions": ("array", "comma", "object", "null_when_empty"),
    "permission_keys": ("strict", "ignored"),
    "permission_implied": ("none", "added"),
    "team_delete": ("absent", "present"),
    "team_paging": ("{}", "totals"),
}
"""Every quirk with its values; where any number is allowed, one stands for all."""

_OPEN = {
    "activation": re.compile(r"immediate|\d{1,4}"),
    "vault_activation": re.compile(r"immediate|failure|\d{1,4}"),
    "delete": re.compile(r"immediate|queued(:\d{1,4})?"),
    "per_max": re.compile(r"[1-9]\d{0,3}"),
    "migration_validation": re.compile(r"immediate|failed|\d{1,4}"),
}
_OPEN_WORDS = {
    "activation": "immediate or a number of reads",
    "vault_activation": "immediate, failure or a number of reads",
    "delete": "immediate, queued or queued:READS",
    "per_max": "a number of objects on a page",
    "migration_validation": "immediate, failed or a number of reads",
}
QUEUED_READS = 2
"""How often a queued deletion shows the object before it is gone, unless the quirk says otherwise."""


def parse_quirks(specs: Iterable[str]) -> dict[str, str]:
    """Read ``name=value`` texts; raises ValueError that says what is meant or allowed."""
    found: dict[str, str] = {}
    for spec in specs:
        name, equals, value = (part.strip() for part in spec.partition("="))
        if not equals:
            raise ValueError(f"{spec!r} is not a quirk: write name=value")
        found[name] = _accepted(name, value)
    return found


def settled(quirks: Mapping[str, str] | None) -> dict[str, str]:
    """All quirks: the given ones, checked, over the defaults."""
    given = {name: _accepted(name, str(value)) for name, value in (quirks or {}).items()}
    return {name: given.get(name, values[0]) for name, values in QUIRKS.items()}


def reads(value: str) -> int:
    """The number of reads that ``activation`` or ``delete`` stands for; 0 is at once."""
    if value == "immediate":
        return 0
    number = value.removeprefix("queued").removeprefix(":")
    return int(number) if number else QUEUED_READS


def _accepted(name: str, value: str) -> str:
    if name not in QUIRKS:
        raise ValueError(f"there is no quirk {name!r}: {_near(name, tuple(QUIRKS))}")
    pattern = _OPEN.get(name)
    if pattern is not None and not pattern.fullmatch(value):
        raise ValueError(f"quirk {name}: {value!r} is not allowed, write {_OPEN_WORDS[name]}")
    if pattern is None and value not in QUIRKS[name]:
        raise ValueError(f"quirk {name}: {value!r} is not allowed: {_near(value, QUIRKS[name])}")
    return value


def _near(word: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(word, known, 1, 0.6)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
