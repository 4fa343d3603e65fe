"""The part of a configuration that a change bears on: all that the whole says of it, however it is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import assume, event, given
from hypothesis import strategies as st

from qboxctl.config.changes import Edit, difference, edit
from qboxctl.config.configuration import Configuration
from qboxctl.config.loader import load
from qboxctl.config.rules import check
from qboxctl.config.yaml.reader import Source
from qboxctl.errors import ConfigError, Diagnostic, Severity
from qboxctl.model import Address
from qboxctl.planning.partial import MOST_NAMES, MOST_ROUNDS, part
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from tests.support.lab import Lab
from tests.support.laws import many
from tests.support.strategies import SECRET

Files = Mapping[str, str]

PLAIN = {f"d{number}.yaml": f"domains:\n  d{number}.example:\n    mailboxes: {{ada: {{}}}}\n" for number in range(9)}
ADA = "domains:\n  kiosk.example:\n    mailboxes: {ada: {}}\n"
CHANGED = "domains:\n  kiosk.example:\n    mailboxes: {ada: {firstname: Ada}}\n"


def parted(before: Files, after: Files) -> tuple[Edit, list[Source], Configuration | None]:
    """What changed, all files as they are now, and what of them has to be read."""
    files = [Source(name, text) for name, text in sorted(after.items())]
    made = edit(
        [Source(f"{name} before", text) for name, text in sorted(before.items()) if after.get(name) != text],
        [source for source in files if before.get(source.name) != source.text],
        TYPES,
    )
    return made, files, part(made, files, TYPES)


def read(configuration: Configuration | None) -> set[str]:
    """The files that were parsed, but for those that nobody needs."""
    return {source.name for source in configuration.sources} - PLAIN.keys() if configuration else set()


NAMED = {
    "plain": "domains:\n  kiosk.example:\n    aliases: {info: [ada@kiosk.example]}\n",
    "in one line": "domains: {kiosk.example: {aliases: {info: [ada@kiosk.example]}}}\n",
    "in one line, beside another": "domains: {d1.example: {}, kiosk.example: {chat: true}}\n",
    "without a value": "domains: {d1.example, kiosk.example}\n",
    "as JSON": json.dumps({"domains": {"kiosk.example": {"chat": True}}}),
    "as JSON, over many lines": json.dumps({"domains": {"kiosk.example": {"chat": True}}}, indent=1),
    "with quotes": "domains:\n  'kiosk.example': {chat: true}\n",
    "with quotes and a blank": "domains:\n  ' kiosk.example ' : {chat: true}\n",
    "in capitals": "domains:\n  KIOSK.Example: {chat: true}\n",
    "with the sign for kelvin": "domains:\n  \u212aiosk.example: {chat: true}\n",
    "in wide letters": "domains:\n  ｋiosk.example: {chat: true}\n",
    "with a wide stop": "domains:\n  kiosk。example: {chat: true}\n",
    "with half of a wide stop": "domains:\n  kiosk｡example: {chat: true}\n",
    "with a soft hyphen": "domains:\n  kio\u00adsk.example: {chat: true}\n",
    "with an escape": 'domains:\n  "\\x6biosk.example": {chat: true}\n',
    "over two lines": 'domains:\n  ? "kiosk\\\n    .example"\n  : {chat: true}\n',
    "as a long key": "domains:\n  ? kiosk.example\n  : {chat: true}\n",
    "with an anchor": "domains:\n  &k kiosk.example: {chat: true}\n",
    "with a tag": "domains:\n  !!str kiosk.example: {chat: true}\n",
    "through an anchor": "x-a: &a\n  kiosk.example: {chat: true}\ndomains:\n  <<: *a\n",
    "all through an anchor": "x-a: &a {kiosk.example: {chat: true}}\ndomains: *a\n",
    "below a line that begins it": "---\n# mine\ndomains:\n  kiosk.example: {chat: true}\n",
    "lines that end in two characters": "domains:\r\n  kiosk.example: {chat: true}\r\n",
    "lines that end in the other character": "domains:\r  kiosk.example: {chat: true}\r",
    "all of it set in": "  domains:\n    kiosk.example: {chat: true}\n",
    "as the destination of another's mail": "domains:\n  d1.example:\n    aliases: {k: [ADA@kiosk.example]}\n",
    "as where all else goes": "domains:\n  d1.example: {catch_all_destination: a@kiosk.example}\n",
}


@pytest.mark.parametrize("text", NAMED.values(), ids=NAMED)
def test_a_file_that_names_what_changed_is_read(text: str) -> None:
    files = {**PLAIN, "k.yaml": text}
    _, _, configuration = parted({**files, "z.yaml": ADA}, {**files, "z.yaml": CHANGED})
    assert read(configuration) == {"k.yaml", "z.yaml"}
    assert configuration is not None
    assert len(configuration.sources) == 2 + ("d1.example" in text), "and those that say more of what it declares"


@pytest.mark.parametrize("body", ["{}", "{state: absent}"])
def test_a_file_that_has_a_changed_name_in_another_domain_is_read(body: str) -> None:
    """The name of an alias domain is only once in the account: what is right of one file may be wrong of two."""
    files = {**PLAIN, "k.yaml": f"domains:\n  other.example:\n    domain_aliases: {{moved.example: {body}}}\n"}
    after = "domains:\n  kiosk.example:\n    mailboxes: {ada: {}}\n    domain_aliases: {moved.example: {}}\n"
    _, _, configuration = parted({**files, "z.yaml": ADA}, {**files, "z.yaml": after})
    assert read(configuration) == {"k.yaml", "z.yaml"}
    assert configuration is not None
    assert {one.code for one in check(configuration, TYPES)} == ({"Q018"} if body == "{}" else set())


UMLAUTS = {
    "müller.example": "xn--mller-kva.example",
    "Müller.Example": "xn--mller-kva.example",
    "XN--mller-KVA.example": "xn--mller-kva.example",
    "mu\u0308ller.example": "xn--mller-kva.example",
    "straße.example": "xn--strae-oqa.example",
}


@pytest.mark.parametrize("written", UMLAUTS)
@pytest.mark.parametrize("changed", UMLAUTS)
def test_names_outside_ascii_are_found_in_each_of_their_forms(changed: str, written: str) -> None:
    files = {**PLAIN, "k.yaml": f"domains:\n  {written}:\n    aliases: {{}}\n"}
    before, after = ADA.replace("kiosk.example", changed), CHANGED.replace("kiosk.example", changed)
    _, _, configuration = parted({**files, "z.yaml": before}, {**files, "z.yaml": after})
    assert ("k.yaml" in read(configuration)) >= (UMLAUTS[changed] == UMLAUTS[written])


RULES = {
    "settings": "settings: {on_remove: {alias: delete}}\n",
    "settings, with quotes": '"settings": {on_remove: {alias: delete}}\n',
    "settings, in one line": "{settings: {on_remove: {alias: delete}}, domains: {}}\n",
    "settings, all of it set in": "  domains: {}\n  settings: {on_remove: {alias: delete}}\n",
    "settings, below a line, all of it set in": "---\n  settings: {on_remove: {alias: delete}}\n",
    "settings, behind the line that begins it": "--- {settings: {on_remove: {alias: delete}}}\n",
    "settings, with an anchor": "domains: {}\n&s settings: {on_remove: {alias: delete}}\n",
    "settings, with a tag": "domains: {}\n!!str settings: {on_remove: {alias: delete}}\n",
    "settings, as a long key": "domains: {}\n? settings\n: {on_remove: {alias: delete}}\n",
    "settings, through an anchor": "x-a: &a {settings: {on_remove: {alias: delete}}}\n<<: *a\n",
    "settings, behind a text that looks like domains":
        '  x-a: "\ndomains: {}"\n  settings: {on_remove: {alias: delete}}\n',
    "settings, with an escape": 'domains: {}\n"s\\x65ttings": {on_remove: {alias: delete}}\n',
    "settings, below a directive": "%YAML 1.1\n---\nsettings: {on_remove: {alias: delete}}\n",
    "settings, after a line that ends otherwise": "domains: {}\u2028settings: {on_remove: {alias: delete}}\n",
    "settings, after a line that ends in the other character": "domains: {}\rsettings: {on_remove: {alias: delete}}\r",
    "protect": "domains: {}\nprotect: [mailbox/ada@d1.example]\n",
    "ignore": "ignore:\n- mailbox/ada@d1.example\n",
    "defaults": "domains: {}\ndefaults: {mailbox: {lastname: Lovelace}}\n",
    "delivery": "delivery: {domains: {news.example: {}}}\n",
    "nothing": "# only a comment\n",
}  # fmt: skip


@pytest.mark.parametrize("text", RULES.values(), ids=RULES)
def test_a_file_that_says_more_than_domains_is_read(text: str) -> None:
    files = {**PLAIN, "k.yaml": text}
    _, sources, configuration = parted({**files, "z.yaml": ADA}, {**files, "z.yaml": CHANGED})
    assert read(configuration) == {"k.yaml", "z.yaml"}
    whole = load(sources, TYPES)
    assert configuration is not None
    assert (configuration.settings, configuration.protect, configuration.ignore) == (
        whole.settings,
        whole.protect,
        whole.ignore,
    )


UNREAD = {
    "another's alias": "domains:\n  other.example:\n    aliases: {kiosk: [kiosk@other.example]}\n",
    "an alias that bears the name of a section": "domains:\n  other.example:\n    aliases: {delivery: [a@b.example]}\n",
    "a name that is longer": "domains:\n  kiosk.example-other.test: {}\n",
    "people's names": "domains:\n  other.example:\n    mailboxes: {ada: {firstname: Zoë, lastname: Niccolò S.}}\n",
    "anchors of its own": "x-a: &a {chat: true}\ndomains:\n  other.example: *a\n",
    "a line that begins it, and comments": "# mine\n---  # here\n\ndomains:\n# a.b\n  other.example: {}\n\n",
    "lines that end in two characters": "---\r\n# mine\r\ndomains:\r\n  other.example: {}\r\n",
    "an explicit text": "domains:\n  other.example:\n    mailboxes:\n      ada:\n        firstname: |\n          A\n",
}


@pytest.mark.parametrize("text", UNREAD.values(), ids=UNREAD)
def test_a_file_of_something_else_is_not(text: str) -> None:
    files = {**PLAIN, "k.yaml": text}
    _, _, configuration = parted({**files, "z.yaml": ADA}, {**files, "z.yaml": CHANGED})
    assert read(configuration) == {"z.yaml"} | ({"k.yaml"} if "kiosk.example" in text else set())


def test_what_a_change_names_is_read_and_what_that_names_in_turn() -> None:
    named = {
        "e1.yaml": "domains:\n  e1.example: {catch_all_destination: ada@e4.example, aliases: {a: [a@e2.example]}}\n",
        "e2.yaml": "domains:\n  e2.example:\n    aliases: {a: [a@e3.example, x@gmail.example]}\n",
        "e3.yaml": "domains:\n  e3.example:\n    aliases: {a: [z@gmail.example]}\n",
        "e4.yaml": "domains:\n  e4.example:\n    mailboxes: {ada: {}}\n",
        "e5.yaml": "domains:\n  e5.example:\n    aliases: {a: [a@e4.example]}\n",
        "e6.yaml": "domains:\n  e6.example:\n    aliases: {a: [y@gmail.example]}\n",
        "e7.yaml": "domains:\n  e1.example.test: {}\n  e1.example-two.test: {}\n  www.e1.example: {}\n",
    }
    after = CHANGED + "    aliases: {a: [a@e1.example]}\n"
    _, _, configuration = parted({**PLAIN, **named, "z.yaml": ADA}, {**PLAIN, **named, "z.yaml": after})
    assert read(configuration) == {"z.yaml", "e1.yaml", "e2.yaml", "e3.yaml", "e4.yaml"}


@pytest.mark.parametrize(("links", "has_part"), [(MOST_ROUNDS - 1, True), (MOST_ROUNDS, False)])
def test_a_long_chain_is_not_followed_to_its_end(links: int, has_part: bool) -> None:
    chain = {
        f"c{number}.yaml": f"domains:\n  c{number}.example:\n    aliases: {{a: [a@c{number + 1}.example]}}\n"
        for number in range(links + 1)
    }
    after = {**chain, "c0.yaml": chain["c0.yaml"].replace("[", "[b@c0.example, ")}
    _, _, configuration = parted({**PLAIN, **chain}, {**PLAIN, **after})
    assert (configuration is not None) == has_part


HUB = "domains:\n  kiosk.example: {catch_all_destination: '', mailboxes: {ada: {}}}\n"


@pytest.mark.parametrize(
    ("defaults", "has_part"),
    [
        ("{domain: {catch_all_enabled: true, catch_all_destination: ada@kiosk.example}}", False),
        ("{domain: {catch_all_enabled: true, catch_all_destination: ADA@KIOSK.Example}}", False),
        ("{alias: {destinations: [x@gmail.example, ada@kiosk.example]}}", False),
        ("{domain: {catch_all_enabled: true, catch_all_destination: x@gmail.example}}", True),
        ("{mailbox: {firstname: ada@kiosk.example}}", True),
    ],
)
def test_what_defaults_name_may_be_named_by_every_file(defaults: str, has_part: bool) -> None:
    files = {**PLAIN, "s.yaml": f"defaults: {defaults}\n"}
    after = HUB.replace("ada: {}", "")
    _, sources, configuration = parted({**files, "z.yaml": HUB}, {**files, "z.yaml": after})
    assert (configuration is not None) == has_part
    whole = load(sources, TYPES)
    assert errors(configuration or whole) == errors(whole)


HEAVY = {
    "many comments": "# a line of the licence\r\n" * 5_000 + "settings: {}\r\n",
    "many lines that are empty": "\r\n" * 100_000 + "settings: {}\n",
    "many lines that begin it": "---\n" * 100_000 + "settings: {}\n",
    "a long word": "# ü\ndomains:\n  a.example: {x: " + "a" * 500_000 + "}\n",
    "no blank at all": "# für alle\n" + json.dumps(
        {"domains": {"d.example": {"mailboxes": {f"m{n}": {} for n in range(20_000)}}}}, separators=(",", ":")
    ),
    "a long line": "domains: {a.example: {}}" + " " * 500_000 + "#\n",
    "many dots": "domains:\n" + "a." * 500_000 + "é\n",
}  # fmt: skip


@pytest.mark.parametrize("text", HEAVY.values(), ids=HEAVY)
def test_no_text_takes_long_to_search(text: str) -> None:
    files = {**PLAIN, "k.yaml": text}
    with suppress(ConfigError):  # not all of them are right
        _, _, configuration = parted({**files, "z.yaml": ADA}, {**files, "z.yaml": CHANGED})
        assert configuration is not None


MANY = "domains:\n" + "".join(f"  e{number}.example: {{}}\n" for number in range(MOST_NAMES + 1))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"s.yaml": "settings: {guards: {count: 1}}\n"}, {"s.yaml": "settings: {guards: {count: 2}}\n"}),
        ({}, {"s.yaml": "protect: [domain/*]\n"}),
        ({"s.yaml": "ignore: [domain/x.example]\n"}, {}),
        ({}, {"s.yaml": "defaults: {mailbox: {lastname: L}}\n"}),
        ({"m.yaml": "managers: {i@x.example: {}}\n"}, {"m.yaml": "managers: {i@x.example: {max_domains: 3}}\n"}),
        ({}, {f"e{n}.yaml": ADA.replace("kiosk", f"e{n}") for n in range(MOST_NAMES + 1)}),
        ({}, {"e.yaml": MANY}),
        ({"e.yaml": MANY}, {}),
        ({"e.yaml": f"{MANY}  kiosk.example: {{}}\n"}, {"e.yaml": f"{MANY}  kiosk.example: {{}}\n", "z.yaml": ADA}),
    ],
    ids=[
        "settings",
        "protect",
        "ignore",
        "defaults",
        "managers",
        "many files",
        "many domains",
        "many left",
        "many beside it",
    ],
)
def test_what_bears_on_everything_has_no_part(before: Files, after: Files) -> None:
    assert parted({**PLAIN, **before}, {**PLAIN, **after})[2] is None


def test_a_domain_that_left_is_known_to_be_of_a_managed_collection() -> None:
    made, _, configuration = parted({**PLAIN, "z.yaml": ADA}, PLAIN)
    assert configuration is not None
    assert len(configuration.sources) == 1
    assert ("domain", "") in configuration.managed
    assert difference(made, configuration).gone == {
        Address("domain", "kiosk.example"),
        Address("mailbox", "ada@kiosk.example"),
    }


def test_what_is_stated_twice_is_seen_where_one_of_the_two_is_new() -> None:
    with pytest.raises(ConfigError) as raised:
        parted({**PLAIN, "y.yaml": ADA}, {**PLAIN, "y.yaml": ADA, "z.yaml": ADA})
    assert [one.code for one in raised.value.diagnostics] == ["Q014"]


NAMES = ("d1.example", "d2.example", "d3.example", "Müller.example", "d5.example", "d6.example", "d7.example")
MAILBOX = {"firstname": "A", "lastname": "B", "password": SECRET}

Style = Callable[[dict[str, Any]], str]
STYLES: tuple[Style, ...] = (
    lambda tree: yaml.safe_dump(tree, allow_unicode=True),
    yaml.safe_dump,  # with escapes
    json.dumps,
    lambda tree: json.dumps(tree, indent=1, ensure_ascii=False),
    lambda tree: "# mine\r\n---\r\n" + yaml.safe_dump(tree, line_break="\r\n", allow_unicode=True),
    lambda tree: yaml.safe_dump(tree, allow_unicode=True).replace("example:", "EXAMPLE:"),
)
_STYLE = st.sampled_from([STYLES[0]] * 12 + list(STYLES))
_MAILBOX = st.sampled_from([*[MAILBOX] * 12, *[{**MAILBOX, "firstname": "C"}] * 6, {**MAILBOX, "state": "absent"}])


@cache
def _pieces(domain: str) -> dict[str, st.SearchStrategy[dict[str, Any]]]:
    """What three files say of a domain: of itself, its mailboxes, its aliases. They name its own, or the next one's."""
    following = NAMES[(NAMES.index(domain) + 1) % len(NAMES)]
    names = [f"{who}@{domain}" for who in ("ada", "bob", "info")] * 4 + [f"ada@{following}", f"info@{following}"]
    everybody = st.sampled_from(["", *[f"ada@{domain}"] * 8, f"ada@{following}", f"info@{following}"])
    options = {"antispam_level": st.sampled_from([1, 2]), "catch_all_destination": everybody}
    return {
        "": st.fixed_dictionaries({"postmaster_password": st.just(SECRET)}, optional=options).map(
            lambda body: {**body, "catch_all_enabled": bool(body.get("catch_all_destination"))}
        ),
        "mailboxes": st.fixed_dictionaries({"ada": _MAILBOX}, optional={"bob": _MAILBOX}),
        "aliases": st.dictionaries(
            st.sampled_from(["info", "sales", "help"] * 5 + ["bob"]),
            st.lists(st.sampled_from(names), min_size=1, max_size=2),
            max_size=2,
        ),
    }


@st.composite
def some_files(draw: st.DrawFn, chance: int = 10) -> dict[str, str]:
    """A file for each of some pieces, ``chance`` of ten of them."""
    found = {}
    for domain in NAMES:
        for what, bodies in _pieces(domain).items():
            if draw(st.integers(0, 9)) < chance:
                body = draw(bodies)
                found[f"{domain} {what}.yaml"] = draw(_STYLE)({"domains": {domain: {what: body} if what else body}})
    return found


@st.composite
def edits(draw: st.DrawFn) -> tuple[Files, Files]:
    """Files, and what becomes of them when a few are written again, or taken away."""
    before = draw(some_files(9))
    after = {**before, **draw(some_files(1))}
    gone = draw(st.lists(st.sampled_from([*before, ""]), max_size=2))
    rest = {"rest.yaml": yaml.safe_dump(draw(REST))}
    return {**rest, **before}, {**rest, **{name: text for name, text in after.items() if name not in gone}}


RULES_OF_ALL = {
    "settings": {"guards": {"count": 1000, "percent": 100}, "on_remove": {"mailbox": "delete", "alias": "delete"}},
    "delivery": {"domains": {"news.example": {}}},
}
FOR_ALL = {"domain": {"catch_all_enabled": True, "catch_all_destination": f"ada@{NAMES[0]}"}}
REST = st.sampled_from([RULES_OF_ALL, RULES_OF_ALL, {**RULES_OF_ALL, "defaults": FOR_ALL}])


def errors(configuration: Configuration) -> set[Diagnostic]:
    return {one for one in check(configuration, TYPES) if one.severity == Severity.ERROR}


def in_words(found: set[Diagnostic]) -> set[tuple[str, str | None]]:
    return {(one.message, one.address) for one in found}


@many(150)
@given(files=edits(), drift=some_files(2))
def test_a_part_says_what_the_whole_says(files: tuple[Files, Files], drift: Files) -> None:
    before, after = files
    assume(before != after)
    made, sources, configuration = parted(before, after)
    event("no part" if configuration is None else f"{(len(sources) - len(configuration.sources)) // 5 * 5} unread")
    whole = load(sources, TYPES)
    if configuration is None:
        return
    found = difference(made, whole)
    assert difference(made, configuration) == found
    assert errors(configuration) <= errors(whole)
    earlier = load([Source(name, text) for name, text in before.items()], TYPES)
    assert in_words(errors(whole)) - in_words(errors(earlier)) <= in_words(errors(configuration))
    if errors(whole):
        event("wrong")
        return
    options = Options(only=found.changed | found.gone, removed_since=found.gone)
    account = {**before, **drift}
    seed = {"domains": _domains(account)} if not errors(load([Source(*one) for one in account.items()], TYPES)) else {}
    assert _plan(seed, configuration, options) == _plan(seed, whole, options)


def _domains(files: Files) -> dict[str, Any]:
    """What all files say of domains, as one tree."""
    found: dict[str, Any] = {}
    for text in files.values():
        for name, body in yaml.safe_load(text).get("domains", {}).items():
            found.setdefault(name.lower(), {}).update(body)
    return found


def _plan(seed: dict[str, Any], configuration: Configuration, options: Options) -> Any:
    """A plan, but for what names all of the files; or why there is none."""
    try:
        plan = Lab(seed=seed).plan(configuration, options)
    except ConfigError as error:
        return [(one.code, one.message, one.address) for one in error.diagnostics]
    return replace(plan, config_digest="")
