"""Bytes from outside: configuration files, plan files and answers of the API end in a known way, whatever they hold."""

from __future__ import annotations

import json
import os
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from qboxctl.config.files import read_sources
from qboxctl.config.loader import load
from qboxctl.config.rules import check
from qboxctl.config.yaml.reader import Room, Source
from qboxctl.emulator import Request, Response
from qboxctl.errors import ApiError, AuthError, ConfigError, PlanFileError, QboxctlError
from qboxctl.model import Plan
from qboxctl.planning import planfile
from qboxctl.render import diagnostics, plan_text
from qboxctl.render.style import Palette
from qboxctl.resources import TYPES
from qboxctl.schema.json_validation import schema_errors
from tests.support import ROOT
from tests.support.lab import Lab, configuration_of
from tests.support.laws import many

PLAN_SCHEMA = Draft202012Validator(json.loads((ROOT / "schemas" / "plan.schema.json").read_text(encoding="utf-8")))
SLOWEST = 20
"""Seconds that no small input may take, with room for a slow machine."""

# -- bytes that are nearly right ---------------------------------------------------------------------------------

_YAML = (
    b"&a", b"*a", b"<<: ", b"? ", b"- ", b": ", b"!!int ", b"!!binary ", b"!x ", b"|\n", b">-\n", b"---\n", b"...\n",
    b"%YAML 1.1\n", b"{", b"}", b"[", b"]", b"'", b'"', b"#", b"\t", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf",
    b"\xc2\x85", b"\xe2\x80\xa8", b"\\ud800", b".nan", b"-.inf", b"1e999", b"0x", b"0o9", b"9" * 50, b"null",
    b"true", b"~", b"@", b"domains:\n  a.example: ", b"mailboxes: ", b"state: absent", b"settings: ", b"extra: ",
    b"protect: ", b"*",
)  # fmt: skip
_JSON = (
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"true", b"NaN", b"1e999", b"-0", b"9" * 5000, b"\\ud800",
    b'"id": "0"', b'"delete"', b'"update"', b"[" * 2000, b"\0", b"\xff", b" ",
)  # fmt: skip


def edited(text: bytes, edits: list[tuple[str, int, int, bytes]]) -> bytes:
    """The bytes after some edits, each at a place that fits."""
    for kind, place, size, word in edits:
        at = place % (len(text) + 1)
        end = min(len(text), at + size)
        match kind:
            case "cut":
                text = text[:at] + text[end:]
            case "repeat":
                text = text[:end] + text[at:end] * (1 + size % 4) + text[end:]
            case "move":
                text = text[:at] + text[end:] + text[at:end]
            case _:
                text = text[:at] + word + text[at + (size % 3) :]
    return text


def edits(words: tuple[bytes, ...]) -> st.SearchStrategy[list[tuple[str, int, int, bytes]]]:
    """A few edits."""
    kinds = st.sampled_from(["cut", "repeat", "move", "put", "put"])
    put = st.sampled_from(words) | st.binary(min_size=1, max_size=3)
    return st.lists(st.tuples(kinds, st.integers(0, 20_000), st.integers(0, 80), put), min_size=1, max_size=6)


# -- configuration files -----------------------------------------------------------------------------------------


@cache
def configurations() -> tuple[bytes, ...]:
    """What there is to begin with: every case and every example."""
    files = [*(ROOT / "tests/config/cases").rglob("*.yaml"), *(ROOT / "examples").rglob("*.yaml")]
    return tuple(path.read_bytes() for path in sorted(files) if path.stat().st_size < 20_000)


def judge(path: Path) -> list[str]:
    """Everything that is said about a configuration; only a ConfigError may end it."""
    started = time.monotonic()
    try:
        found = check(load(read_sources(path), TYPES), TYPES)
    except ConfigError as error:
        found = list(error.diagnostics)
        assert found
    assert time.monotonic() - started < SLOWEST
    diagnostics.text(found, Palette(False)).encode("utf-8")
    return [one.message for one in found]


@many(150)
@given(st.integers(0, 10_000), edits(_YAML))
def test_any_file_is_read_or_explained(tmp_path_factory: Any, number: int, changes: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.yaml"
    corpus = configurations()
    path.write_bytes(edited(corpus[number % len(corpus)], changes))
    judge(path)


def chain(value: str, link: str, length: int) -> str:
    """A text of anchors, each made of the one before."""
    links = (f"x-{number}: &a{number} {link.format(number - 1)}\n" for number in range(1, length))
    return f"x-0: &a0 {value}\n{''.join(links)}"


SPITEFUL = {
    "an anchor twice": ("x-a: &a 1\nx-b: &a 2\ntypo: 1\n", "the anchor &a is there twice"),
    "an anchor inside itself": ("x-a: &a {k: &a 1}\ntypo: 1\n", "the anchor &a is there twice"),
    "aliases as a tower of lists": (
        chain("[1]", "[*a{}]", 1900) + "domains: {a.example: {mailboxes: {ada: {extra: {x: *a1899}}}}}",
        "nested more than 64 levels deep",
    ),
    "a tower in the settings": (chain("[1]", "[*a{}]", 1900) + "settings: {guards: *a1899}", "nested more than 64"),
    "a chain of merges": (chain("{k: 1}", "{{<<: *a{}}}", 1100) + "domains: {a.example: {<<: *a1099}}", "nested more"),
    "not a number as a share": ("settings: {guards: {percent: .nan}}", "percent must be a number, found nan"),
    "not a number as a time": ("settings: {api: {timeout: .nan}}", "timeout must be a number, found nan"),
    "a time without end": ("settings: {api: {timeout: 1e300}}", "timeout must be at most 3600"),
    "not a number as a rate": ("settings: {api: {requests_per_second: .nan}}", "must be a number above 0"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), SPITEFUL.values(), ids=SPITEFUL)
def test_a_spiteful_file_is_explained(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert any(said in message for message in judge(path)), judge(path)


def test_aliases_may_be_used_up_to_the_depth_that_may_be_written() -> None:
    value, found = Source("a.yaml", chain("[1]", "[*a{}]", 60)).parse()
    assert not found
    assert isinstance(value, dict)


def expanding(number: int, values: int) -> Source:
    """A file of about 3 KB whose aliases add so many values."""
    links = [f"x-{number}: &a [{', '.join('1' * 100)}]", f"x-{number}b: &b [{', '.join(['*a'] * 100)}]"]
    return Source(f"{number}.yaml", "\n".join([*links, f"x-{number}c: [{', '.join(['*b'] * (values // 10_000))}]"]))


def test_what_aliases_may_add_is_bounded_for_the_whole_configuration() -> None:
    load([expanding(number, 600_000) for number in range(3)], TYPES)
    with pytest.raises(ConfigError) as caught:
        load([expanding(number, 600_000) for number in range(6)], TYPES)
    assert [(one.code, str(one.position).partition(":")[0]) for one in caught.value.diagnostics] == [
        ("Q003", f"{number}.yaml") for number in (3, 4, 5)
    ]
    assert "aliases expand to too many values" in caught.value.diagnostics[0].message


def test_a_large_configuration_may_use_an_alias_in_each_of_its_objects() -> None:
    base = f"x-base: &base {{{', '.join(f'k{number}: 1' for number in range(20))}}}\nx-all:\n"
    rows = "".join(f"  somebody-{number}: {{<<: *base, firstname: Somebody}}\n" for number in range(10_000))
    sources = [Source(f"{number}.yaml", base.replace("x-", f"x-{number}-") + rows) for number in range(2)]
    for source in sources:
        source.room = Room()
        source.room.left = 0
        assert source.parse()[1] == [], "its length alone pays for that"


# -- plan files --------------------------------------------------------------------------------------------------


@cache
def original() -> Plan:
    """A plan with all that a plan can hold."""
    seed = {
        "domains": {
            "a.example": {
                "mailboxes": {
                    "bob": {"firstname": "Bob", "tags": ["x"]},
                    "eve": {"firstname": "E"},
                    "old": {"firstname": "O"},
                }
            }
        },
        "delivery": {"accounts": {"old": {"type": "newsletter"}}},
    }
    return Lab(seed=seed).plan(
        configuration_of(
            """
            settings: {on_remove: {delivery_account: disable}}
            domains:
              a.example:
                mailboxes:
                  ada: {firstname: Ada, password: {env: PW}, extra: {webmail_date_format: "no"}}
                  bob: {lastname: New, tags: [a, b], autoresponder_body: hello}
                  eve: {state: absent}
                aliases: {info: [ada@a.example]}
            delivery: {accounts: {}, suppressions: {x@y.example: {reason: bounce}}}
            """
        )
    )


def read_plan(text: bytes, path: Path) -> None:
    """Only a PlanFileError may refuse a plan; one that is accepted means what the original means, and can be shown."""
    path.write_bytes(text)
    started = time.monotonic()
    try:
        plan = planfile.read(path, TYPES)
    except PlanFileError:
        return
    finally:
        assert time.monotonic() - started < SLOWEST
    assert (plan.id, plan.changes) == (original().id, original().changes)
    assert (plan.endpoint, plan.environment) == (original().endpoint, original().environment)
    plan_text.render(plan, TYPES).encode("utf-8")
    planfile.dumps(plan).encode("utf-8")


@many(150)
@given(edits(_JSON))
def test_any_plan_file_is_the_plan_or_refused(tmp_path_factory: Any, changes: Any) -> None:
    read_plan(edited(planfile.dumps(original()).encode(), changes), tmp_path_factory.getbasetemp() / "plan.json")


# -- JSON of every shape -----------------------------------------------------------------------------------------

_LEAVES = st.sampled_from(
    [None, True, False, 0, 1, -1, 10**30, 1.5, float("inf"), "", "0", "²", "9" * 5000, "deleting", "enabled",
     "disabled", "postmaster", "P000000001", "a@b", "ada@a.example", "\ud800", "\x1b[2J", "../..", "x" * 300,
     "2027-01-01", "1,2"]
)  # fmt: skip
_NAMES = st.sampled_from(["code", "id", "name", "email", "status", "resources", "description", "", "\ud800", "x"])
_ANY = st.recursive(
    _LEAVES, lambda some: st.lists(some, max_size=3) | st.dictionaries(_NAMES, some, max_size=3), max_leaves=6
)


def replaced(tree: Any, number: int, value: Any) -> Any:
    """The tree with one of its nodes exchanged."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            places.append((node, key))
            walk(node[key])

    walk(tree)
    if not places:
        return value
    node, key = places[number % len(places)]
    node[key] = value
    return tree


_CHANGES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 400), _ANY), min_size=1, max_size=4)


@many(50)
@given(st.lists(st.tuples(st.integers(0, 300), _ANY), min_size=1, max_size=3))
def test_a_plan_file_of_any_shape_is_the_plan_or_refused(tmp_path_factory: Any, changes: Any) -> None:
    tree = json.loads(planfile.dumps(original()))
    for number, value in changes:
        tree = replaced(tree, number, value)
    read_plan(json.dumps(tree).encode(), tmp_path_factory.getbasetemp() / "plan.json")


@many(300)
@given(
    st.lists(st.tuples(st.integers(0, 300), _ANY | st.dictionaries(st.text("abc", max_size=2), _LEAVES)), max_size=2)
)
def test_what_is_quickly_found_to_fit_the_schema_of_plans_does_fit(changes: Any) -> None:
    """Two libraries judge a plan file: the quick one may refuse too much, since the other one has the last word."""
    tree = json.loads(planfile.dumps(original()))
    for number, value in changes:
        tree = replaced(tree, number, value)
    fits = PLAN_SCHEMA.is_valid(tree)
    assert schema_errors("plan", tree, TYPES) == [] if fits else schema_errors("plan", tree, TYPES)


ACCOUNT: dict[str, Any] = {
    "domains": {
        "a.example": {
            "mailboxes": {"ada": {"firstname": "Ada", "tags": ["x"]}, "bob": {"firstname": "Bob"}},
            "aliases": {"info": ["ada@a.example"]},
        }
    },
    "delivery": {
        "domains": {"n.example": {}},
        "accounts": {"news": {"type": "newsletter", "domains": ["n.example"]}},
        "suppressions": {"x@y.example": {"reason": "bounce", "accounts": ["news"]}},
    },
}
WISH = """
settings:
  on_remove: {mailbox: delete, alias: delete, delivery_account: disable, suppression: disable}
  guards: {percent: 100}
  customer_code: %s
domains:
  a.example:
    antispam_level: 1
    catch_all_enabled: false
    catch_all_destination: ""
    allow_nets: [192.0.2.1]
    mailboxes: {ada: {lastname: L, tags: [y], max_email_quota: 1GB, status: disabled, extra: {webmail_date_format: q}}}
    aliases: {team: [ada@a.example]}
delivery:
  domains: {n.example: {}}
  accounts: {news: {domains: [n.example]}}
  suppressions: {x@y.example: {reason: complaint}}
"""


@many(150)
@given(_CHANGES, st.sampled_from(["C123456789", '""']))
def test_an_account_of_any_shape_is_planned_or_refused(changes: Any, customer: str) -> None:
    asked: list[str] = []

    def odd(request: Request, answer: Any) -> Response:
        response = answer(request)
        asked.append(request.path)
        here = [(number, value) for nth, number, value in changes if nth == len(asked) % 9]
        tree = json.loads(response.body)
        for number, value in here:
            tree = replaced(tree, number, value)
        return Response(response.status, response.headers, json.dumps(tree).encode())

    lab = Lab(seed=ACCOUNT, between=odd)
    try:
        plan = lab.plan(configuration_of(WISH % customer))
    except (ApiError, AuthError, ConfigError):
        return
    assert planfile.loads(planfile.dumps(plan), "a plan", TYPES) == plan
    plan_text.render(plan, TYPES).encode("utf-8")
    assert len(asked) < 2000


@many(60)
@given(_CHANGES)
def test_an_apply_whose_answers_are_of_any_shape_ends(changes: Any) -> None:
    asked: list[str] = []

    def odd(request: Request, answer: Any) -> Response:
        response = answer(request)
        asked.append(request.path)
        here = [(number, value) for nth, number, value in changes if nth + 12 == len(asked)]
        if not here or not response.body:
            return response
        tree = json.loads(response.body)
        for number, value in here:
            tree = replaced(tree, number, value)
        return Response(response.status, response.headers, json.dumps(tree).encode())

    lab = Lab(seed=ACCOUNT, between=odd)
    try:
        done = lab.apply(configuration_of(WISH % '""'))
    except QboxctlError:
        return
    assert all(one.error is None or str(one.error) for one in done)


def lab_with(path: str, **row: Any) -> Lab:
    """A lab whose API puts something odd into the first row (or the pagination) of one list."""

    def odd(request: Request, answer: Any) -> Response:
        response = answer(request)
        if request.method != "GET" or not request.path.endswith(path):
            return response
        tree = json.loads(response.body)
        tree["pagination"].update((name, value) for name, value in row.items() if name in tree["pagination"])
        tree["resources"][0].update((name, value) for name, value in row.items() if name not in tree["pagination"])
        return Response(response.status, response.headers, json.dumps(tree).encode())

    return Lab(seed=ACCOUNT, between=odd)


@pytest.mark.parametrize("code", [None, "", " ", [], {"id": 1}, True, 1.5, "\ud800", "a\nb", "x" * 201])
@pytest.mark.parametrize(("path", "name"), [("/email_accounts", "code"), ("/delivery/accounts", "id")])
def test_what_can_be_no_code_is_not_used_as_one(path: str, name: str, code: Any) -> None:
    with pytest.raises(ApiError, match=f"came without a usable {name}"):
        lab_with(path, **{name: code}).plan(configuration_of(WISH % '""'))


@pytest.mark.parametrize("name", ["", " ", [], True])
def test_what_can_be_no_name_is_not_used_as_one(name: Any) -> None:
    with pytest.raises(ApiError, match="came without a usable code or name"):
        lab_with("/api/domains", name=name).plan(configuration_of(WISH % '""'))


@pytest.mark.parametrize("pages", ["\N{SUPERSCRIPT TWO}", "9" * 5000, -1, 1.5, [], True])
def test_a_number_of_pages_that_is_none_counts_as_not_told(pages: Any) -> None:
    lab = lab_with("/email_accounts", total_pages=pages)
    assert {str(one.address) for one in lab.plan(configuration_of(WISH % '""')).changes} >= {"mailbox/bob@a.example"}


@pytest.mark.parametrize("name", ["two words", "a..b", "under_score@x", "\u00fcmlaut", "x@[192.0.2.1]"])
def test_an_object_whose_name_no_file_could_state_can_be_removed_by_a_saved_plan(name: str) -> None:
    plan = lab_with("/suppression_lists", email=name).plan(
        configuration_of("settings: {on_remove: {suppression: disable}}\ndelivery: {suppressions: {}}")
    )
    assert [one.address.key for one in plan.changes] == [name]
    assert planfile.loads(planfile.dumps(plan), "a plan", TYPES) == plan


def test_a_file_without_end_is_no_plan() -> None:
    """Of a device the system tells no size."""
    with pytest.raises(PlanFileError, match="too large"):
        planfile.read(Path("/dev/zero"), TYPES)


@pytest.mark.skipif(not os.path.exists("/proc/self/pagemap"), reason="there is no such file")
def test_a_link_to_a_file_without_size_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("/proc/self/pagemap")
    (source,) = read_sources(tmp_path)
    assert source.unreadable
    assert "is larger than" in source.unreadable.message
