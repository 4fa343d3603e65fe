"""Random accounts, wishes, quirks and faults, drawn from the definitions."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

from qboxctl.emulator import QUIRKS, Fault
from qboxctl.resources import TYPES
from qboxctl.schema import collections, keys, numbers, secrets, types
from qboxctl.schema.field import Field, Mode
from tests.support.lab import TROUBLES, Trouble

DOMAINS = ("alpha.example", "beta.example", "xn--mller-kva.example")
ALIAS_DOMAINS = ("alpha.test", "beta.test")
"""Names that one of the domains may have beside its own."""
LOCALS = ("ada", "bob", "eve", "info", "sales")
OUTSIDE = ("x@outside.example", "y@outside.example")
ACCOUNTS = {
    "Letters  & Cafe\u0301": "newsletter",
    "all the messages that the application sends by itself": "transactional",
    "third": "transactional",
}
"""Accounts with their types; each name can be kept in another form by a server, or in a part of it."""
LABELS = ("Web", "cron  & co")
SENDERS = ("news.example", "mail.example")
SUPPRESSED = ("gone@away.example", "no@away.example", "never@away.example")
IDENTITIES = ("ada@alpha.example", "info@beta.example")
BOOKS = ("Customers", "A/B 100%")
CONTACTS = ("Acme Ltd", "bob", "Zoë & Co")
MANAGERS = {"ina@partner.example": "Ina", "otto@partner.example": "Otto"}
"""Managers with their first names: each has a full name of its own."""
MEMBERS = ("luca@outside.example", "eva@outside.example")
KEYS = ("domains.view", "domains.edit", "accounts.edit", "archive.add")
SECRET = {"env": "PW"}
FIXED = {"plan": "professional", "outbound_limit": 1, "max_email_quota": "100GB", "default_quota": "8GB"}
"""Attributes of a domain that every draw states alike: they cannot be changed, or others depend on them."""
UNMODELLED = "webmail_date_format"
"""An attribute that the emulator has and qboxctl does not know by name: it goes through `extra`."""

_TEXT = st.sampled_from(["", "Ada", "Grüße, 'quoted'", "no", "123", "null", "a: b # c", "x" * 80])


def _values(kind: str, one: Field) -> st.SearchStrategy[Any]:
    """Values of one attribute as a file may state them."""
    if one.name == "outbound_limit":
        return st.sampled_from([0, 1, 2, 3])
    match one.type:
        case types.Document():
            return st.sampled_from(
                ["", "Ada\nLovelace", "<P>Ada &amp; Co<br/></P>", "<p onclick='x()'>a <b>b</b></p>\n"]
            )
        case types.Text(lines=True):
            return st.sampled_from(["", "away", "two\nlines: yes"])
        case types.Text():
            return st.sampled_from(["Ada", "Émile"]) if one.required else _TEXT
        case types.Boolean():
            return st.booleans()
        case numbers.Integer():
            return st.integers(0, 3)
        case numbers.Limit():
            return st.sampled_from([-1, "unlimited", 40, 50])
        case numbers.Size():
            return st.sampled_from(["50MB", "1GB", "8GB", 8589934592, "25GB"])
        case numbers.Level(words=words):
            return st.sampled_from([*words, *range(len(words))])
        case types.Choice(words=words):
            return st.sampled_from(words)
        case types.Date():
            return st.sampled_from(["", "2027-01-01" if "start" in one.name else "2027-02-01"])
        case types.Email():
            return st.sampled_from(["", "Bounces@Outside.example", "x@outside.example"])
        case collections.Networks():
            return st.lists(st.sampled_from(["192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32"]), max_size=3)
        case collections.Emails():
            inside = [f"{local}@{DOMAINS[0]}" for local in LOCALS]
            return st.lists(st.sampled_from([*OUTSIDE, *inside, "X@Outside.example"]), min_size=1, max_size=4)
        case collections.References() if one.linked == ("delivery_domain",):
            return st.lists(st.sampled_from(SENDERS), max_size=2)
        case collections.References() if one.linked == ("domain",):
            return st.lists(st.sampled_from(DOMAINS), max_size=2)
        case collections.References():
            return st.lists(st.sampled_from(sorted(ACCOUNTS)), max_size=2)
        case keys.Keys():
            return st.lists(st.sampled_from(KEYS), max_size=3)
        case collections.Texts():
            return st.lists(st.sampled_from(["vip", "Staff", "42"]), max_size=3)
        case collections.Objects(parts=parts, words=words):
            return st.lists(_small(parts, dict(words)), max_size=2)
        case secrets.Password():
            return st.just(SECRET)
        case secrets.Store():
            return st.just({"exec": ["true"]})  # each gets a file of its own, see _with_tokens
        case _:
            raise NotImplementedError(f"{kind}.{one.name}: its type of value has no strategy here yet")


def _small(parts: tuple[tuple[str, str], ...], words: dict[str, tuple[str, ...]]) -> st.SearchStrategy[Any]:
    """A small object, or the text that may stand for it; its first text is an address or a number, whatever it is."""
    first, *others = [name for name, _ in parts]
    texts = {name: st.sampled_from(words.get(name, ("x", "Y z"))) for name in others}
    whole = st.fixed_dictionaries({first: st.sampled_from(OUTSIDE)}, optional=texts)
    return whole | st.sampled_from(OUTSIDE)


@cache
def bodies(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """One object's body: what creation needs, and some of everything else."""
    fields = [one for one in TYPES[kind].fields if one.name not in FIXED or kind != "domain"]
    optional = {one.name: _values(kind, one) for one in fields if not one.required and one.mode is not Mode.READ_ONLY}
    if kind == "mailbox":
        optional["extra"] = st.fixed_dictionaries({UNMODELLED: st.sampled_from(["DD/MM/YYYY", "no", ""])})
    return st.fixed_dictionaries({one.name: _values(kind, one) for one in fields if one.required}, optional=optional)


def _fitting(kind: str, name: str, body: dict[str, Any], catch_all: str) -> dict[str, Any]:
    """A body whose attributes fit each other."""
    if kind == "domain":
        body |= FIXED
        if "catch_all_enabled" in body or "catch_all_destination" in body:
            target = catch_all.format(name)
            body |= {"catch_all_enabled": bool(target), "catch_all_destination": target}
    if kind == "delivery_account":
        body["type"] = ACCOUNTS[name]
        body.pop("description", None)
    if kind in ("address_book", "contact", "token"):
        body.pop(TYPES[kind].identity.key, None)  # it is the key
    if "emails" in body:
        body["emails"] = [f"c{CONTACTS.index(name)}@contacts.example", *body["emails"]]
    if kind in ("manager", "team_member"):
        body |= {"firstname": MANAGERS.get(name, "Luca"), "lastname": "Rossi"}
        for one in ("company", "catch_all"):
            body.pop(one, None)  # they cannot be changed
    if kind == "mailbox" and body.get("status") != "disabled":
        body.pop("bounce_msg", None)
    return body


@cache
def _objects(kind: str, names: tuple[str, ...], most: int) -> st.SearchStrategy[dict[str, Any]]:
    targets = st.sampled_from(["", OUTSIDE[0], f"{LOCALS[0]}@{{}}"])
    some = st.lists(
        st.tuples(st.sampled_from(names), bodies(kind), targets), max_size=most, unique_by=lambda one: one[0]
    )
    return some.map(
        lambda rows: {name: _fitting(kind, name, dict(body), to) for name, body, to in sorted_by_name(rows)}
    )


def sorted_by_name(rows: list[tuple[str, Any, str]]) -> list[tuple[str, Any, str]]:
    """Rows by their first column."""
    return sorted(rows, key=lambda row: row[0])


_ORDERS = st.permutations(LOCALS)
_ON_REMOVE = {kind: st.sampled_from(words) for kind, type_ in TYPES.items() if (words := type_.allowed_on_remove())}
_REMOVED = ("token", "domain_alias", "mailbox", "alias", "signature", "suppression", "delivery_account")
_CUTS = st.integers(0, 3)
_COIN = st.booleans()


def _break_circles(name: str, domain: dict[str, Any]) -> None:
    """Let each alias lead to aliases behind it in the alphabet only, and the catch-all's out of the account."""
    aliases = domain["aliases"]
    for local, body in aliases.items():
        caught = domain.get("catch_all_destination") == f"{local}@{name}"
        behind = [f"{other}@{name}" for other in aliases if other <= local]
        there = [one for one in body["destinations"] if one not in behind and not (caught and one.endswith(name))]
        body["destinations"] = there or [OUTSIDE[0]]


def _fill(draw: st.DrawFn, mailbox: dict[str, Any]) -> None:
    """Put signatures and address books into some mailboxes."""
    if not draw(_COIN):
        return
    mailbox["signatures"] = draw(_objects("signature", IDENTITIES, 2))
    for signature in list(mailbox["signatures"].values())[1:]:
        signature.pop("default_signature", None)  # one at most can be it
    mailbox["address_books"] = draw(_objects("address_book", BOOKS, 2))
    for book in mailbox["address_books"].values():
        book["contacts"] = draw(_objects("contact", CONTACTS, 2))


_VAULT = st.fixed_dictionaries(
    {"retention": st.sampled_from([12, 18, 60, 120])},
    optional={"default_archive": st.just(False), "state": st.sampled_from(["enabled", "disabled"])},
)
"""A Vault without its mailboxes. By the default, mailboxes would get archives that no wish mentions."""


def _archive(draw: st.DrawFn, domain: dict[str, Any]) -> None:
    """Give a domain a Vault for some of its mailboxes: it and they have to be in use."""
    names = sorted(domain["mailboxes"])
    if not names or not draw(_COIN):
        return
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    domain["vault"] = {**draw(_VAULT), "mailboxes": chosen}
    for body in (domain, *(domain["mailboxes"][name] for name in chosen)):
        body["status"] = "enabled"
        body.pop("bounce_msg", None)


def _with_tokens(draw: st.DrawFn, account: dict[str, Any], number: int) -> None:
    """Put tokens into some accounts; what a program is told goes into a file that bears the number of both."""
    if not draw(_COIN):
        return
    account["tokens"] = draw(_objects("token", LABELS, 2))
    for label, token in account["tokens"].items():
        token["store"] = {"exec": ["sh", "-c", "cat > $0", f"{number}-{LABELS.index(label)}"]}


@st.composite
def accounts(draw: st.DrawFn) -> dict[str, Any]:
    """A configuration-shaped account: complete bodies, consistent references."""
    domains = draw(_objects("domain", DOMAINS, 2))
    homes = draw(st.tuples(*(st.sampled_from(["", *domains]) for _ in ALIAS_DOMAINS)))
    for name, domain in domains.items():
        domain["domain_aliases"] = {one: {} for one, home in zip(ALIAS_DOMAINS, homes, strict=True) if home == name}
        taken, cut = draw(_ORDERS), draw(_CUTS)
        domain["mailboxes"] = draw(_objects("mailbox", tuple(sorted(taken[:cut])), 3)) if cut else {}
        for mailbox in domain["mailboxes"].values():
            _fill(draw, mailbox)
        _archive(draw, domain)
        domain["aliases"] = draw(_objects("alias", tuple(sorted(taken[cut : cut + 2])), 2))
        target = domain.get("catch_all_destination", "")
        if target.endswith(f"@{name}") and target.split("@")[0] not in {*domain["mailboxes"], *domain["aliases"]}:
            domain |= {"catch_all_enabled": False, "catch_all_destination": ""}
        _break_circles(name, domain)
    delivery = {
        "domains": draw(_objects("delivery_domain", SENDERS, 2)),
        "accounts": draw(_objects("delivery_account", tuple(ACCOUNTS), 2)),
        "suppressions": draw(_objects("suppression", SUPPRESSED, 2)),
    }
    for name, account in delivery["accounts"].items():
        _with_tokens(draw, account, list(ACCOUNTS).index(name))
        if "domains" in account:
            account["domains"] = [name for name in account["domains"] if name in delivery["domains"]]
    for entry in delivery["suppressions"].values():
        if "accounts" in entry:
            entry["accounts"] = [name for name in entry["accounts"] if name in delivery["accounts"]]
    managers, members = draw(_objects("manager", tuple(MANAGERS), 2)), draw(_objects("team_member", MEMBERS, 2))
    _assign(draw, managers, domains, delivery)
    return {"domains": domains, "delivery": delivery, "managers": managers, "team_members": members}


def _assign(draw: st.DrawFn, managers: dict[str, Any], domains: dict[str, Any], delivery: dict[str, Any]) -> None:
    """Give each domain to one manager or to none; what is given of Delivery is always the same one's."""
    holders = {name: draw(st.sampled_from(["", *managers])) for name in domains}
    for address, manager in managers.items():
        if "domains" in manager:
            manager["domains"] = [name for name, holder in holders.items() if holder == address]
        given = [name for name in manager.pop("delivery", ()) if name in delivery["accounts"]]
        if address == next(iter(MANAGERS)) and given:
            manager["delivery"] = given


@st.composite
def wishes(draw: st.DrawFn) -> dict[str, Any]:
    """A wish: an account, less some collections, with removals said in one of the ways."""
    configuration = draw(accounts())
    for domain in configuration["domains"].values():
        for section in ("mailboxes", "aliases", "domain_aliases"):
            if not domain[section] and draw(_COIN):
                del domain[section]
        if "vault" not in domain and draw(st.integers(0, 3)) == 0:
            domain["vault"] = {"state": "absent"}
    for section in list(configuration["delivery"]):
        if not configuration["delivery"][section] and draw(_COIN):
            del configuration["delivery"][section]
    for section in ("managers", "team_members"):
        if not configuration[section] and draw(_COIN):
            del configuration[section]
    configuration["settings"] = {
        "guards": {"count": 1000, "percent": 100},
        "on_remove": {kind: draw(_ON_REMOVE[kind]) for kind in _REMOVED},
    }
    return configuration


_CHOICES = {
    name: tuple(one for one in choices if one != "failure") for name, choices in QUIRKS.items() if name != "caller"
}
"""The quirks under which a wish can be fulfilled."""
_QUIRKS = {name: st.sampled_from(choices) for name, choices in _CHOICES.items()}


@cache
def quirks(most: int | None = None) -> st.SearchStrategy[dict[str, str]]:
    """Any number of quirks at once, or at most so many."""
    if most is None:
        return st.fixed_dictionaries({}, optional=_QUIRKS)
    pairs = st.sampled_from(SINGLE_QUIRKS)
    return st.lists(pairs, max_size=most).map(dict)


SINGLE_QUIRKS = [(name, value) for name, choices in _CHOICES.items() for value in choices]

_KINDS = ("429", "500", "502", "503", "drop-before", "drop-after", "cut", "html", "delay", "slow", "late")
TIMEOUT, TOO_LONG = 1.0, 1.6
"""Seconds that a client waits for an answer, and those that a slow or late one takes."""

_FAULT = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(_KINDS),
        "method": st.sampled_from(["", "GET", "POST", "PUT", "DELETE"]),
        "nth": st.integers(1, 25),
        "count": st.integers(1, 4),
        "retry_after": st.sampled_from([None, 0, 2, 30]),
        "done": st.booleans(),
        "status": st.sampled_from([200, 404, 502]),
    }
)


_MOVES = st.sampled_from(
    [
        {"kind": "shift"},
        {"kind": "grow"},
        {"kind": "404", "page": 2},
        {"kind": "404", "path": "/api/domains/*/*email_accounts"},
        {"kind": "hide", "path": "/api/domains/*/*email_accounts"},
        {"kind": "hide", "path": "/api/domains/*/*email_accounts", "objects": 1},
        {"kind": "hide", "path": "/api/domains/*/aliases"},
    ]
)
"""Lists that move while they are read, and lists in a domain, which counts what is in them, that hide something."""


@cache
def moves() -> st.SearchStrategy[Fault]:
    """One list, for some requests in a row, that does not tell the truth."""
    return st.builds(
        lambda move, nth, count: Fault(**{"method": "GET", "nth": nth, "count": count, **move}),
        _MOVES, st.integers(1, 12), st.integers(1, 4),
    )  # fmt: skip


@cache
def faults() -> st.SearchStrategy[Fault]:
    """One fault somewhere in a run."""
    return _FAULT.map(_fault) | moves()


def _fault(drawn: dict[str, Any]) -> Fault:
    kind = drawn["kind"]
    unfit = {"retry_after"} if kind not in ("429", "503") else set()
    unfit |= {"done"} if kind not in ("500", "502", "503", "html") else set()
    unfit |= {"status"} if kind != "html" else set()
    fault = {name: value for name, value in drawn.items() if name not in unfit}
    if kind in ("slow", "late"):
        fault |= {"seconds": TOO_LONG, "count": 1}  # these really take their time
    return Fault(**fault)


@cache
def troubles() -> st.SearchStrategy[Trouble]:
    """Some requests in a row that never leave."""
    kinds, methods = st.sampled_from(sorted(TROUBLES)), st.sampled_from(["", "GET", "POST", "PUT", "DELETE"])
    return st.builds(Trouble, kinds, method=methods, nth=st.integers(1, 25), count=st.integers(1, 8))


def as_yaml(tree: dict[str, Any]) -> str:
    """A tree as YAML: JSON is YAML."""
    return json.dumps(tree, ensure_ascii=False, indent=1)
