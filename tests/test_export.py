"""An export is what people would have written: its plan is empty, it loses nothing, and it reads well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qboxctl.config.rules import check
from qboxctl.config.yaml.reader import load_plain
from qboxctl.config.yaml.writer import Compact, dump
from qboxctl.export import Export, Selection
from qboxctl.model import Address
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support import expect
from tests.support.exports import ALL, exported
from tests.support.lab import Lab, configuration_of
from tests.support.laws import many
from tests.support.strategies import SINGLE_QUIRKS, accounts, quirks

NOTHING = configuration_of("{}")


def returned(lab: Lab, seed: dict[str, Any], done: Export) -> None:
    """The export is valid, means the whole account, and asks for no change."""
    configuration = configuration_of(done.text())
    assert not [one for one in check(configuration, TYPES) if one.severity == "error"]
    assert lab.plan(configuration).changes == ()
    assert not [one for one in lab.emulator.requests if one.method != "GET" and not one.path.endswith("/details")]
    if lab.quirks.get("descriptions") == "cut":
        seed = cut(seed)
    whole = told(expect.objects(seed), done)
    assert set(whole) <= {str(address) for address in configuration.objects}
    for home, more in Counter(
        (one.kind, TYPES.parent(one)) for one in configuration.objects if str(one) not in whole
    ).items():
        assert more <= TYPES[home[0]].given, f"{home}: nothing but what the server makes by itself"
    files = configuration_of(*done.files().values())
    assert files.objects.keys() == configuration.objects.keys()
    for address, one in files.objects.items():
        assert (one.values, one.secrets) == (configuration.objects[address].values, {})
    complete(whole, configuration.objects, done.left_out)


def told(whole: dict[str, Any], done: Export) -> dict[str, Any]:
    """Without what no list of the account shows, which the export says."""
    titles = {one.partition(":")[0] for one in done.left_out}
    unread = {type_.kind for type_ in TYPES.values() if f"every {type_.title}" in titles}
    return {
        address: body
        for address, body in whole.items()
        if not unread & {one.kind for one in (Address.of(address), *TYPES.ancestors(Address.of(address)))}
    }


def cut(seed: dict[str, Any]) -> dict[str, Any]:
    """The account as it is known where descriptions were cut: no more than what is left can be exported."""
    delivery = dict(seed["delivery"])
    delivery["accounts"] = {name[:40].rstrip(): body for name, body in delivery["accounts"].items()}
    delivery["suppressions"] = {
        address: {
            **body,
            **({"accounts": [name[:40].rstrip() for name in body["accounts"]]} if "accounts" in body else {}),
        }
        for address, body in delivery["suppressions"].items()
    }
    managers = {name: dict(body) for name, body in seed["managers"].items()}
    for body in managers.values():
        if "delivery" in body:
            body["delivery"] = [
                name if name in delivery["domains"] else name[:40].rstrip() for name in body["delivery"]
            ]
    return {**seed, "delivery": delivery, "managers": managers}


def complete(whole: dict[str, Any], objects: Any, left_out: Sequence[str]) -> None:
    """Everything that the account states is stated, says nothing, or is said to be left out."""
    hidden = [one.split(", as others: the API does not tell ") for one in left_out if ", as others: " in one]
    silent = {(first.partition("/")[0], name) for first, names in hidden for name in names.split(", ")}
    for address, body in whole.items():
        type_, values = TYPES[address.partition("/")[0]], objects[Address.of(address)].values
        for name, raw in body.items():
            one = type_.by_name.get(name)
            if one is None or not one.compared or name == type_.identity.key or (type_.kind, name) in silent:
                continue
            want = one.type.parse(raw)
            known = one.default if one.default is not None else one.initial
            if name not in values:
                assert want == known or one.type.idle(want), f"{address}: {name} is lost"
            else:
                assert values[name] == want or one.type.agrees(want, values[name]) is not False, f"{address}: {name}"


@pytest.mark.parametrize(("name", "value"), SINGLE_QUIRKS, ids=[f"{name}={value}" for name, value in SINGLE_QUIRKS])
@many(3)
@given(seed=accounts())
def test_planning_an_export_is_empty_under_each_quirk(name: str, value: str, seed: dict) -> None:
    lab = Lab(quirks={name: value}, seed=seed)
    returned(lab, seed, exported(lab, ALL))


@many(120)
@given(seed=accounts(), chosen=quirks())
def test_planning_an_export_is_empty_under_many_quirks(seed: dict, chosen: dict) -> None:
    lab = Lab(quirks=chosen, seed=seed)
    returned(lab, seed, exported(lab, ALL))


@many(40)
@given(seed=accounts(), chosen=quirks(3), kind=st.sampled_from(sorted(TYPES)))
def test_planning_one_kind_is_empty(seed: dict, chosen: dict, kind: str) -> None:
    lab = Lab(quirks=chosen, seed=seed)
    configuration = configuration_of(exported(lab, Selection(frozenset({kind}))).text())
    assert lab.plan(configuration).changes == ()
    mentioned = {TYPES[kind].parent, kind}
    assert {address.kind for address in configuration.objects} <= mentioned
    assert {str(one) for one in configuration.objects if one.kind == kind} == {
        address for address in expect.objects(seed) if address.startswith(f"{kind}/")
    }


SEED: dict[str, Any] = {
    "domains": {
        "example.com": {
            "plan": "professional", "max_email_quota": "25GB", "catch_all_enabled": True,
            "catch_all_destination": "ada@example.com", "calendar": True,
            "mailboxes": {
                "ada": {"firstname": "Ada", "lastname": "no", "autoresponder_body": "Away.\nBack soon.",
                        "tags": ["vip", "Staff"], "max_email_quota": "25GB"},
                "bob": {"firstname": "Bob", "status": "disabled", "bounce_msg": "Gone.", "language": "it"},
                **{f"user{number}": {"firstname": f"User {number}"} for number in range(4)},
            },
            "aliases": {"info": ["ada@example.com", "ops@example.net"],
                        "all": [f"user{number}@somewhere-else.example" for number in range(9)]},
        },
        "other.example": {},
    },
    "delivery": {
        "domains": {"news.example.com": {}},
        "accounts": {"Newsletter: weekly": {"type": "newsletter", "domains": ["news.example.com"]},
                     "12": {"type": "transactional", "status": "disabled"}},
        "suppressions": {"gone@example.org": {"reason": "bounce", "accounts": ["newsletter: weekly"]},
                         "back@example.org": {"reason": "complaint", "active": False}},
    },
}  # fmt: skip


def test_it_reads_as_people_write(snapshot):
    done = exported(Lab(seed=SEED))
    assert done.text() == snapshot
    assert done.left_out == ()
    assert list(done.files()) == [
        "defaults.yaml", "delivery.yaml", "domains/example.com.yaml", "domains/other.example.yaml",
    ]  # fmt: skip


def test_one_domain():
    choice = Selection(frozenset({"domain", "mailbox", "alias"}), (Pattern.of("domain/OTHER.*", TYPES),))
    lab = Lab(seed=SEED)
    assert list(exported(lab, choice).tree["domains"]) == ["other.example"]
    asked = [one.path for one in lab.emulator.requests]
    assert not [path for path in asked if "delivery" in path]
    assert sum("email_accounts" in path for path in asked) == 2  # only what is inside the one domain


def test_what_is_ignored_is_not_exported():
    done = exported(Lab(seed=SEED), config='ignore: ["mailbox/user*@*", "domain/other.*", "suppression/*"]')
    assert list(done.tree["domains"]) == ["example.com"]
    assert list(done.tree["domains"]["example.com"]["mailboxes"]) == ["ada", "bob"]
    assert "suppressions" not in done.tree["delivery"]


def test_accounts_with_one_description_are_pinned():
    accounts = {
        "first": {"id": "7", "description": "Shop", "type": "transactional"},
        "second": {"id": "8", "description": "Shop", "type": "newsletter"},
        "third": {"id": "9", "description": "Other", "type": "newsletter"},
    }
    gone = {"a@example.org": {"reason": "bounce", "accounts": ["first"]}}
    lab = Lab(seed={"delivery": {"accounts": accounts, "suppressions": gone}})
    done = exported(lab)
    assert done.tree["delivery"]["accounts"] == {
        "account-7": {"id": "7", "description": "Shop", "type": "transactional"},
        "account-8": {"id": "8", "description": "Shop", "type": "newsletter"},
        "Other": {"type": "newsletter"},
    }
    assert done.tree["delivery"]["suppressions"]["a@example.org"]["accounts"] == ["account-7"]
    assert lab.plan(configuration_of(done.text())).changes == ()


def _accounts(**called: str) -> dict[str, Any]:
    rows = {f"a{id_}": {"id": id_[1:], "type": "newsletter", "description": name} for id_, name in called.items()}
    gone = {"a@example.org": {"reason": "bounce", "accounts": ["a_11"]}}
    return {"delivery": {"accounts": rows, "suppressions": gone}}


def _books(books: dict[str, Any]) -> dict[str, Any]:
    return {"domains": {"example.com": {"mailboxes": {"ada": {"firstname": "Ada", "address_books": books}}}}}


TAKEN: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("delivery_account", _accounts(_11="X", _22="X", _33="account-11"),
     {"account-11-2": "11", "account-22": "22", "account-11": ""}),
    ("delivery_account", _accounts(_11="X", _22="X", _33="ACCOUNT-11", _44="account-11-2"),
     {"account-11-3": "11", "account-22": "22", "account-11": "", "account-11-2": ""}),
    ("address_book", _books({"b1": {"name": "Team", "id": 7}, "b2": {"name": "Team", "id": 8}, "book-7": {"id": 9}}),
     {"book-7-2": "7", "book-8": "8", "book-7": "", "Personal": ""}),
    ("contact", _books({"Team": {"contacts": {
        **{f"c{n}": {"fullname": "Ann", "emails": [f"{n}@example.org"], "uid": f"uid-{n}"} for n in (1, 2)},
        "c3": {"fullname": "contact-uid-1", "emails": ["c@example.org"], "uid": "uid-3"}}}}),
     {"contact-uid-1-2": "uid-1", "contact-uid-2": "uid-2", "contact-uid-1": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "seed", "pins"), TAKEN)
def test_a_made_up_name_is_none_that_another_bears(kind, seed, pins):
    lab = Lab(seed=seed)
    done = exported(lab, ALL)
    configuration = configuration_of(done.text())
    assert done.left_out == ()
    found = {TYPES.name(one): each.pin for one, each in configuration.objects.items() if one.kind == kind}
    assert found == pins
    assert lab.plan(configuration).changes == ()


ODD = {
    '"plan":"basic"': '"plan":"platinum"',
    '"max_email_quota":8589934592': '"max_email_quota":123',
    '"destinations":["ada@example.com"]': '"destinations":[]',
    '"name":"ada"': '"name":"a..da"',
}


def test_what_no_file_can_state_is_left_out_and_told():
    """Odd answers: an unknown size and plan, a name that is none, an alias to nobody."""
    mailboxes = {"ada": {"firstname": "Ada"}, "bob": {"firstname": "Bob"}}
    domain = {"max_email_quota": "25GB", "mailboxes": mailboxes, "aliases": {"info": ["ada@example.com"]}}
    lab = Lab(seed={"domains": {"example.com": domain}})

    def odd(request: Any, *, answer: Any) -> Any:
        response = answer(request)
        text = response.body.decode()
        for usual, strange in ODD.items():
            text = text.replace(usual, strange)
        return type(response)(response.status, response.headers, text.encode())

    lab.between = odd
    done = exported(lab)
    assert done.left_out == (
        "domain/example.com: no file can state its plan, platinum",
        "mailbox/a..da@example.com: its name is none that a file can hold",
        "mailbox/bob@example.com: no file can state its max_email_quota, 123",
    )
    assert done.tree["domains"]["example.com"]["aliases"] == {"info": {}}
    assert list(done.tree["domains"]["example.com"]["mailboxes"]) == ["bob"]
    assert lab.plan(configuration_of(done.text())).changes == ()


def test_what_the_rules_refuse_is_left_out_and_told():
    """The account breaks a rule that files must keep: the attribute goes, the object stays."""
    mailboxes = {"ada": {"firstname": "Ada", "max_email_quota": "25GB"}}
    lab = Lab(seed={"domains": {"example.com": {"max_email_quota": "25GB", "mailboxes": mailboxes}}})

    def lowered(request: Any, *, answer: Any) -> Any:
        response = answer(request)
        smaller = response.body.replace(b'"max_email_quota":26843545600', b'"max_email_quota":17179869184', 1)
        body = response.body if "email_accounts" in request.path else smaller
        return type(response)(response.status, response.headers, body)

    lab.between = lowered
    done = exported(lab)
    assert done.tree["domains"]["example.com"]["mailboxes"] == {
        "ada": {"firstname": "Ada", "language": "it", "timezone": "Europe/Rome"}
    }
    assert len(done.left_out) == 1
    assert done.left_out[0].startswith("mailbox/ada@example.com.max_email_quota: ")
    assert lab.plan(configuration_of(done.text())).changes == ()


TEXTS = ["no", "yes", "null", "~", "12:30", "0o17", "0x1F", "1e3", "1_000", ".inf", "-", "?", "<<", "=", "#x", "a: b",
         "a #b", "- a", " lead", "trail ", "", "é", "\u2028", "two\nlines", "two\n\n", "\nlead", "tab\there", "'",
         '"', "@x", "`", "%x", "!x", "&x", "*x", "{a}", "[a]", "a, b", "2027-01-01", "x" * 200, "true",
         "\x85", "“x”", "«x»", "‘x’", "„x“", "“x” y"]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_comes_back(text):
    tree = {
        "k": {text or "empty": Compact({"a": text, "b": [text], "c": {"d": text}}), "e": [text, Compact({"f": text})]}
    }
    assert load_plain(dump(tree), "text") == tree


@given(st.text(max_size=60))
def test_any_printable_text_comes_back(text):
    text = "".join(char for char in text if char.isprintable() or char in "\n\t")
    tree = {"k": {"o": Compact({"a": text, "list": [text, text]})}}
    assert load_plain(dump(tree), "text") == tree
    assert yaml.safe_load(dump(tree)) == tree  # a reader of YAML 1.1 sees the same


def test_ten_thousand_mailboxes_are_one_command():
    mailboxes = {f"user{number}": {"firstname": f"User {number}"} for number in range(2_000)}
    lab = Lab(seed={"domains": {"example.com": {"mailboxes": mailboxes}}})
    done = exported(lab)
    assert len(lab.emulator.requests) < 30  # list pages, and a look at a few objects to see that they hold no more
    assert len(done.tree["domains"]["example.com"]["mailboxes"]) == 2_000
    assert len(done.text().splitlines()) < 2_030


def test_half_characters_are_left_out() -> None:
    accounts = {"\ud800": {"type": "newsletter"}, "shop": {"type": "transactional"}}
    boxes = {"ada": {"firstname": "Ada\ud800", "lastname": "Lovelace"}}
    seed = {"domains": {"a.example": {"mailboxes": boxes}}, "delivery": {"accounts": accounts}}
    done = exported(Lab(seed=seed))
    found = configuration_of(done.text()).objects
    assert found[Address("mailbox", "ada@a.example")].values["lastname"] == "Lovelace"
    assert "firstname" not in found[Address("mailbox", "ada@a.example")].values
    assert {Address("delivery_account", "shop"), Address("delivery_account", "account-1001")} <= found.keys()
