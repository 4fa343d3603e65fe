"""How kinds hang together: parents to any depth, keys and addresses, places in the files, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qboxctl.model import Address, Collection
from qboxctl.resources import TYPES
from qboxctl.schema.calls import Call, Calls
from qboxctl.schema.collections import References
from qboxctl.schema.field import Field, Mode, Reference
from qboxctl.schema.identity import Identity, Joined
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.patterns import Pattern
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.secrets import Password
from qboxctl.schema.types import Text

CALLS = Calls(Call("GET", "/x"), Call("GET", "/x/{id}"), Call("POST", "/x"), delete=Call("DELETE", "/x/{id}"))


def kind(name: str, parent: str = "", *section: str, **identity: Any) -> ResourceType:
    return ResourceType(
        kind=name,
        title=name,
        doc=name,
        section=section or (f"{name}s",),
        parent=parent,
        fields=(Field("firstname", Text(), "A name", mode=Mode.CREATE_ONLY),),
        calls=replace(CALLS, list=None) if identity.get("joined") is Joined.SAME else CALLS,
        identity=Identity(normalise=str.strip, **identity),
    )


DEEP = Kinds([
    kind("domain", namespace="domains", everywhere=True),
    kind("mailbox", "domain", "mailboxes", joined=Joined.AT, namespace="addresses"),
    kind("alias", "domain", "aliases", joined=Joined.AT, namespace="addresses"),
    kind("domain_alias", "domain", namespace="domains", everywhere=True),
    kind("vault", "domain", "vault", joined=Joined.SAME),
    kind("signature", "mailbox"),
    kind("address_book", "mailbox"),
    kind("contact", "address_book"),
    kind("account", "", "delivery", "accounts"),
    kind("token", "account"),
])  # fmt: skip
KEYS = [
    # kind, own name, parent's key, key
    ("domain", "example.com", "", "example.com"),
    ("mailbox", "ada", "example.com", "ada@example.com"),
    ("mailbox", "a/b", "example.com", "a/b@example.com"),
    ("domain_alias", "example.net", "example.com", "example.com/example.net"),
    ("vault", "example.com", "example.com", "example.com"),
    ("signature", "ada@example.com", "ada@example.com", "ada@example.com/ada@example.com"),
    ("signature", "x", "a/b@example.com", "a%2Fb@example.com/x"),
    ("address_book", "Our/Customers 100%", "ada@example.com", "ada@example.com/Our%2FCustomers 100%25"),
    ("contact", "acme", "ada@example.com/Our%2FCustomers", "ada@example.com/Our%2FCustomers/acme"),
    ("account", "News / Letter", "", "News / Letter"),
    ("token", "shop", "news@example.com", "news@example.com/shop"),
    ("token", "a/b", "News / Letter", "News %2F Letter/a%2Fb"),
]


@pytest.mark.parametrize(("one", "name", "parent", "key"), KEYS, ids=[f"{row[0]} {row[1]}" for row in KEYS])
def test_a_key_is_joined_and_split(one: str, name: str, parent: str, key: str) -> None:
    assert DEEP.key(one, name, parent) == key
    address = Address(one, key)
    assert DEEP.split(address) == (parent, name)
    assert DEEP.collection(address) == Collection(one, parent)
    assert DEEP.address(str(address)) == address
    above = DEEP.parent(address)
    assert above == (Address(DEEP[one].parent, parent) if parent else None)
    assert DEEP.home(DEEP.collection(address)) == above


@given(st.lists(st.text(st.sampled_from("ab/%2F@. "), min_size=1), min_size=4, max_size=4))
def test_no_name_is_mistaken_for_two(names: list[str]) -> None:
    domain, local, book, contact = names
    key = DEEP.key("mailbox", local.replace("@", ""), domain.replace("@", "") or "d")
    mailbox = Address("mailbox", key)
    address = Address("contact", DEEP.key("contact", contact, DEEP.key("address_book", book, key)))
    assert list(DEEP.ancestors(address))[1] == mailbox
    assert DEEP.root(address).kind == "domain"
    assert (DEEP.name(address), DEEP.name(next(DEEP.ancestors(address)))) == (contact, book)
    assert DEEP.address(str(address)) == address


def test_places_levels_and_what_is_inside() -> None:
    assert DEEP.place("contact") == ("domains", "*", "mailboxes", "*", "address_books", "*", "contacts")
    assert DEEP.place("token") == ("delivery", "accounts", "*", "tokens")
    assert [[one.kind for one in level] for level in DEEP.levels] == [
        ["domain", "account"],
        ["mailbox", "alias", "domain_alias", "vault", "token"],
        ["signature", "address_book"],
        ["contact"],
    ]
    assert [one.kind for one in DEEP.outer("contact")] == ["address_book", "mailbox", "domain"]
    assert DEEP.inside(Address("mailbox", "ada@a.example")) == (
        Collection("signature", "ada@a.example"),
        Collection("address_book", "ada@a.example"),
    )


def test_names_are_shared_by_kinds_of_one_namespace_only() -> None:
    ada, info = Address("mailbox", "ada@a.example"), Address("alias", "ada@a.example")
    assert DEEP.sharing("mailbox") == {"alias"}
    assert DEEP.claim(ada) == DEEP.claim(info)
    assert DEEP.claim(ada) != DEEP.claim(Address("alias", "ada@b.example"))
    assert DEEP.sharing("contact") == frozenset()
    assert DEEP.claim(Address("contact", "ada@a.example/x/y")) is None
    assert TYPES.sharing("alias") == {"mailbox"}


def test_a_name_can_be_the_only_one_wherever_it_is() -> None:
    one = Address("domain_alias", "a.example/x.example")
    assert DEEP.sharing("domain_alias") == {"domain", "domain_alias"}
    assert DEEP.claim(one) == DEEP.claim(Address("domain_alias", "b.example/x.example"))
    assert DEEP.claim(one) == DEEP.claim(Address("domain", "x.example"))
    with pytest.raises(ValueError, match="in which namespace"):
        Identity(everywhere=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("postbox/x", "there is no kind 'postbox'"),
        ("token/newsletter", "has 2 names behind its kind, not 1"),
        ("contact/ada@example.com/Customers", "has 3 names behind its kind, not 2"),
        ("mailbox", "is not an address"),
    ],
)
def test_what_is_no_address(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        DEEP.address(text)


MATCHES = [
    # pattern, address, whether it matches
    ("mailbox/*@example.com", "mailbox/ada@example.com", True),
    ("mailbox/*@example.com", "mailbox/a/b@example.com", True),
    ("*/*@example.com", "alias/ada@example.com", True),
    ("*/*@example.com", "signature/ada@example.com/ada@example.com", False),
    ("signature/*@example.com/*", "signature/ada@example.com/x", True),
    ("signature/*@example.com/*", "signature/ada@example.net/x", False),
    ("signature/*/*", "signature/a%2Fb@example.com/x", True),
    ("contact/*/customers/*", "contact/ada@example.com/Customers/acme", True),
    ("contact/*/*/acme", "contact/ada@example.com/Our%2FCustomers/acme", True),
    ("domain_alias/müller.example/*", "domain_alias/xn--mller-kva.example/example.net", True),
    ("token/*/*", "token/News %2F Letter/shop", True),
    ("account/news*", "account/news / letter", True),
    ("*/*/*", "token/newsletter/shop", True),
    ("*/*/*", "mailbox/ada@example.com", False),
]


@pytest.mark.parametrize(("pattern", "address", "expected"), MATCHES, ids=[f"{row[0]} {row[1]}" for row in MATCHES])
def test_patterns_match_segment_by_segment(pattern: str, address: str, expected: bool) -> None:
    found = Pattern.of(pattern, DEEP)
    one = DEEP.address(address)
    assert found.matches(one) is expected
    if expected:
        assert found.may_match(one.kind, DEEP.collection(one).parent)


@pytest.mark.parametrize(("text", "key"), [("a%2Fb", "a/b"), ("a/b", "a/b"), ("50%25", "50%"), ("50%", "50%")])
def test_a_name_by_itself_may_be_escaped_or_not(text: str, key: str) -> None:
    assert Pattern.of(f"delivery_account/{text}", TYPES).matches(Address("delivery_account", key))


def test_a_pattern_for_one_parent_looks_into_no_other() -> None:
    pattern = Pattern.of("signature/*@example.com/*", DEEP)
    assert pattern.may_match("signature", "ada@example.com")
    assert not pattern.may_match("signature", "ada@example.net")
    assert not pattern.may_match("contact", "ada@example.com/Customers")


def test_a_pattern_with_too_few_segments_is_refused() -> None:
    with pytest.raises(ValueError, match=r"matches no signature: write signature/\*/\*"):
        Pattern.of("signature/ada@example.com", DEEP)


def reference(to: str, **more: bool) -> Field:
    return Field("to", Text(), "x", refers=Reference((to,), **more), mode=Mode.CREATE_ONLY)


def codes_of(to: str) -> Field:
    return Field("to", References(), "x", refers=Reference((to,), by_code=True), mode=Mode.CREATE_ONLY)


FIRST = kind("domain")
WRONG: dict[str, tuple[Callable[[], list[ResourceType]], str]] = {
    "an unknown parent": (lambda: [kind("mailbox", "domain")], "lives in domain, which is no kind before it"),
    "a parent that comes later": (lambda: [kind("mailbox", "domain"), FIRST], "no kind before it"),
    "what is lost with what goes along": (
        lambda: [FIRST, replace(kind("box", "domain"), goes_along=True), kind("toy", "box")],
        "toy would be lost unseen",
    ),
    "its own parent": (lambda: [kind("domain", "domain")], "no kind before it"),
    "no place": (lambda: [replace(FIRST, section=("",))], "no place in the files"),
    "a place too deep": (lambda: [replace(FIRST, section=("a", "b", "c"))], "no place in the files"),
    "a place in a parent that is two steps": (lambda: [FIRST, kind("box", "domain", "a", "b")], "no place"),
    "one place for two": (lambda: [FIRST, kind("other", "", "domains")], "stand at the same place"),
    "a place that is an attribute": (lambda: [FIRST, kind("name", "domain", "firstname")], "is an attribute of domain"),
    "a reference to nothing": (
        lambda: [replace(FIRST, fields=(reference("moon"),))],
        "refers to moon, which is no kind",
    ),
    "a reference to what lives elsewhere": (
        lambda: [FIRST, replace(kind("box", "domain"), fields=(reference("domain", within=True),))],
        "refers to domain, which lives elsewhere",
    ),
    "codes that are in many lists": (
        lambda: [FIRST, kind("box", "domain"), replace(kind("bag"), fields=(codes_of("box"),))],
        "refers by code to box, which is not in one list",
    ),
    "asked for by a name that others bear": (
        lambda: [FIRST, replace(kind("box", "domain"), calls=replace(CALLS, one_by_one=True))],
        "only what has a name of its own in the whole account",
    ),
    "what is in one that is replaced": (
        lambda: [replace(FIRST, replaced=True), kind("box", "domain")],
        "lives in domain, which is replaced",
    ),
    "a secret with a call of its own": (
        lambda: [
            replace(
                FIRST,
                calls=replace(CALLS, writes={**CALLS.writes, "password": Call("PUT", "/x/{id}/pw")}),
                fields=(Field("pw", Password(), "X", mode=Mode.WRITE_ONLY, call="password"),),
            )
        ],
        "a secret is written by the 'update' call",
    ),
    "a path through what it is not in": (
        lambda: [replace(FIRST, calls=replace(CALLS, read=Call("GET", "/x/{moon}/{id}")))],
        "names moon",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_kinds_that_do_not_fit_together_are_refused(name: str) -> None:
    make, says = WRONG[name]
    with pytest.raises(ValueError, match=says):
        Kinds(make())
