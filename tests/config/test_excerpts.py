"""The lines that are shown under messages: which, how they are cut, and that none of them tells a secret."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qboxctl.config.excerpts import Excerpts
from qboxctl.config.loader import load
from qboxctl.config.rules import check
from qboxctl.config.yaml.reader import Source
from qboxctl.errors import ConfigError, Diagnostic, Position
from qboxctl.render import diagnostics
from qboxctl.render.excerpt import caret_lines
from qboxctl.render.style import PLAIN, Palette, columns_of
from qboxctl.resources import TYPES

SECRETS = {"password", "postmaster_password"}


def shown(*texts: str, columns: int = 0) -> str:
    """What is said in a terminal about some files."""
    sources = [Source(f"{name}.yaml", text) for name, text in zip("abc", texts, strict=False)]
    try:
        found = check(load(sources, TYPES), TYPES)
    except ConfigError as error:
        found = list(error.diagnostics)
    return diagnostics.text(found, Palette(columns=columns) if columns else PLAIN, Excerpts(sources, SECRETS))


LOOKS = {
    "a key": (
        ["domains:\n  a.example:\n    chatt: true\n"],
        """
error[Q012]: unknown attribute "chatt" on domain/a.example
  --> a.yaml:3:5
   |
 3 |     chatt: true
   |     ^^^^^ did you mean "chat"?
""",
    ),
    "a value, after wide characters and a tab": (
        ["domains: {a.example: {mailboxes: {ada: {firstname: 漢字,\tmax_email_quota: 8 GB}}}}\n"],
        """
error[Q013]: max_email_quota: '8 GB' is not a size: write one of 50MB, 1GB, 2GB, 3GB, 4GB, 5GB, 6GB, 7GB, 8GB, 16GB, \
25GB, 50GB, 100GB, or the bytes
  --> a.yaml:1:73
   |
 1 | domains: {a.example: {mailboxes: {ada: {firstname: 漢字,    max_email_quota: 8 GB}}}}
   |                                                                              ^^^^ help: write 8GB
""",
    ),
    "two places": (
        [f"{'#' * 9}\n" * 11 + "domains:\n  a.example:\n    chat: true\n", "domains: {a.example: {chat: true}}\n"],
        """
error[Q014]: domain/a.example is stated twice: first at a.yaml:13:3
  --> b.yaml:1:11
   |
 1 | domains: {a.example: {chat: true}}
   |           ^^^^^^^^^ help: keep one of them
  ::: a.yaml:13:3
   |
13 |   a.example:
   |   ^^^^^^^^^
""",
    ),
    "one line that several contradict, declared absent on purpose": (
        [
            "domains:\n  a.example:\n    mailboxes:\n      ada: {state: absent}\n      adam: {}\n    aliases:\n"
            "      x: [ada@a.example]\n      y: [ada@a.example]\n"
        ],
        """
warning[Q023]: destinations: ada@a.example is declared absent (a.yaml:4:7)
  --> a.yaml:7:7
   |
 7 |       x: [ada@a.example]
   |       ^ help: take it out here too
  ::: a.yaml:4:7
   |
 4 |       ada: {state: absent}
   |       ^^^
warning[Q023]: destinations: ada@a.example is declared absent (a.yaml:4:7)
  --> a.yaml:8:7
   |
 8 |       y: [ada@a.example]
   |       ^ help: take it out here too
  ::: a.yaml:4:7
""",
    ),
    "a reference to what is declared absent": (
        [
            "delivery:\n  domains:\n    a.example: {state: absent}\n    b.example: {}\n"
            "  accounts:\n    News: {type: newsletter, domains: [a.example]}\n"
        ],
        """
error[Q017]: domains: delivery_domain/a.example is declared absent (a.yaml:3:5)
  --> a.yaml:6:30
   |
 6 |     News: {type: newsletter, domains: [a.example]}
   |                              ^^^^^^^ help: take it out here too
  ::: a.yaml:3:5
   |
 3 |     a.example: {state: absent}
   |     ^^^^^^^^^
""",
    ),
    "what is not closed": (
        ["domains:\n  a.example:\n    mailboxes:\n      ada: {firstname: Ada\n      eve: {}\n"],
        """
error[Q001]: not YAML: the { of line 4 is not closed before this
  --> a.yaml:5:10
   |
 5 |       eve: {}
   |          ^ help: close it, or look for a comma or quotes that are missing
  ::: a.yaml:4:12
   |
 4 |       ada: {firstname: Ada
   |            ^
""",
    ),
    "what is never closed, inside what is": (
        ["domains:\n  a.example: {}\n  b.example: {mailboxes: {ada: {}, bob: {firstname: Bob,\n"],
        """
error[Q001]: not YAML: this { is never closed
  --> a.yaml:3:41
   |
 3 |   b.example: {mailboxes: {ada: {}, bob: {firstname: Bob,
   |                                         ^ help: close it, or look for a comma or quotes that are missing
""",
    ),
    "a list that a new document ends": (
        ["domains:\n  a.example:\n    aliases: {info: [\n---\n"],
        """
error[Q001]: not YAML: this [ is never closed
  --> a.yaml:3:21
   |
 3 |     aliases: {info: [
   |                     ^ help: close it, or look for a comma or quotes that are missing
""",
    ),
    "a comma too many": (
        ["domains: {a.example: {aliases: {info: [a@b.example,, c@d.example]}}}\n"],
        """
error[Q001]: not YAML: no value can begin here
  --> a.yaml:1:52
   |
 1 | domains: {a.example: {aliases: {info: [a@b.example,, c@d.example]}}}
   |                                                    ^
  help: look for a comma or a dash too many, or for what is missing before it
""",
    ),
    "Windows line ends, and an entry of a list": (
        ["domains:\r\n  a.example:\r\n    aliases:\r\n      info:\r\n        - ada@\r\n"],
        """
error[Q013]: destinations: 'ada@' is not an e-mail address
  --> a.yaml:5:11
   |
 5 |         - ada@
   |           ^^^^ help: write the whole address, such as ada@example.com
""",
    ),
    "something that begins here and ends elsewhere": (
        ["domains:\n  a.example: {mailboxes: {ada: {firstname: 'Ada\n     Lovelace\n"],
        """
error[Q001]: not YAML: a quoted text begins here and does not end
  --> a.yaml:2:44
   |
 2 |   a.example: {mailboxes: {ada: {firstname: 'Ada
   |                                            ^ help: close the quote
""",
    ),
}


@pytest.mark.parametrize(("texts", "expected"), LOOKS.values(), ids=LOOKS)
def test_how_a_mistake_looks(texts: list[str], expected: str) -> None:
    assert shown(*texts) == expected.strip("\n")


def test_a_hint_that_does_not_fit_beside_the_carets_stands_below() -> None:
    text = shown("domains:\n  a.example:\n    mailboxes:\n", columns=60)
    assert text.splitlines()[-3:] == [
        "   |     ^^^^^^^^^",
        "  help: write {} for managed and empty, or remove the key to",
        "    leave it alone",
    ]


@pytest.mark.parametrize(
    ("line", "column", "width", "room", "expected"),
    [
        ("a: b", 4, 1, 40, ("a: b", "   ^")),
        ("a: b", 1, 0, 40, ("a: b", "^")),
        ("a: b", 99, 3, 40, ("a: b", "    ^")),
        ("x" * 50 + " key: v", 52, 3, 20, ("...xxxxxxxxxx key: v", "              ^^^")),
        ("key: " + "x" * 50, 1, 3, 20, ("key: xxxxxxxxxxxx...", "^^^")),
        ("y" * 50, 1, 50, 20, ("yyyyyyyyyy...", "^^^^^^^^^^^^^")),
        ("漢" * 30 + "key" + "漢" * 30, 31, 3, 21, ("...漢漢漢key漢漢漢...", "         ^^^")),
        ("a\x1b[2Jb", 5, 1, 40, ("a\\x1b[2Jb", "       ^")),
    ],
)
def test_how_a_line_is_cut(line: str, column: int, width: int, room: int, expected: tuple[str, str]) -> None:
    assert caret_lines(line, column, width, room) == expected


@given(st.text(max_size=200), st.integers(-3, 250), st.integers(0, 250), st.integers(20, 100))
@example("漢" * 60, 40, 7, 20)
def test_a_line_fits_and_the_carets_are_under_it(line: str, column: int, width: int, room: int) -> None:
    text, carets = caret_lines(line, column, width, room)
    assert text.isprintable()
    assert columns_of(text) <= room + len("...")
    assert "^" in carets
    assert columns_of(carets) <= max(columns_of(text), 1) + 1


TELLING = {
    "plain text": "    postmaster_password: hunter2\n",
    "beside something else that is wrong": "    chatt: {postmaster_password: hunter2}\n",
    "a name that is spelt wrongly": "    mailboxes: {ada: {pasword: hunter2}}\n",
    "a word of another language": "    mailboxes: {ada: {Passwort: hunter2}}\n",
    "a short word": "    mailboxes: {ada: {pwd: hunter2}}\n",
    "inside of a reference": "    postmaster_password: {env: X, value: hunter2}\n",
    "on a line of its own": "    postmaster_password:\n      value: hunter2\n",
    "in a list": "    postmaster_password:\n    - hunter2\n",
    "deeper": "    postmaster_password:\n      a:\n\n      # b\n        - x: hunter2\n",
    "typographic quotes": "    postmaster_password: “hunter2”\n",
    "a tag": "    postmaster_password: !!int hunter2\n",
    "no YAML": "    postmaster_password: hunter2: x\n",
    "a quote that does not end": "    postmaster_password: 'hunter2\n",
    "a comment": "    postmaster_password: #hunter2\n",
    "no colon": "    postmaster_password hunter2\n    chat: 1\n",
    "twice": "    postmaster_password: {env: X}\n    postmaster_password: hunter2\n",
    "an anchor": "    mailboxes: {ada: {firstname: &a hunter2, password: *a}}\n",
}


@pytest.mark.parametrize("text", TELLING.values(), ids=TELLING)
def test_no_message_shows_a_secret(text: str) -> None:
    said = shown("domains:\n  a.example:\n" + text)
    assert "error[" in said
    assert "hunter2" not in said


BY_ALIAS = {
    "a mapping": "x-first: &first {value: hunter2}\n",
    "a block": "x-first: &first\n  value: hunter2\n",
    "a list": "x-first: &first [hunter2]\n",
    "below the anchor": "x-first:\n  &first\n  value: hunter2\n",
    "with a tag": "x-first: !!map &first {value: hunter2}\n",
}
USES = {
    "at once": "  a.example: {postmaster_password: *first}\n",
    "below the key": "  a.example:\n    postmaster_password:\n      *first\n",
    "in a list": "  a.example:\n    postmaster_password:\n    - *first\n",
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("text", BY_ALIAS.values(), ids=BY_ALIAS)
def test_no_message_shows_a_secret_that_an_alias_stands_for(text: str, use: str) -> None:
    said = shown(f"{text}domains:\n{use}")
    assert "error[" in said
    assert "hunter2" not in said


def test_what_is_anchored_is_shown_where_no_alias_stands_for_a_secret() -> None:
    line = "x-all: &all {chatt: true}"
    text = f"{line}\ndomains:\n  a.example: {{postmaster_password: {{env: X}}, <<: *all}}\n".replace(
        ", <<", ",\n    <<"
    )
    assert Excerpts([Source("a", text)], SECRETS)(Position("a", 1, 1)) == line


@pytest.mark.parametrize(
    "line",
    [
        "  endpoint: https://me:hunter2@api.example",
        "  token: hunter2",
        "x: {tokn: hunter2}",
        "- api_key=hunter2",
    ],
)
def test_a_line_that_may_tell_a_secret_is_kept_back(line: str) -> None:
    assert Excerpts([Source("a", line)], {*SECRETS, "token"})(Position("a", 1, 1)) == ""


@pytest.mark.parametrize(
    "line",
    [
        "      ada: {password: {env: INITIAL_PASSWORD}, frstname: Ada}",
        "    postmaster_password: {file: secrets/postmaster}",
        "    password: {exec: [pass, show, mail/ada]}",
        "    catch_all_destination: postmaster@example.com",
        "    password:",
        "      ada: {password: *initial, firstnme: Ada}",
    ],
)
def test_a_line_with_a_reference_is_shown(line: str) -> None:
    assert Excerpts([Source("a", f"x:\n{line}")], SECRETS)(Position("a", 2, 1)) == line


def test_no_line_is_shown_twice_over_where_one_message_calls_it_secret() -> None:
    place = Position("a", 1, 1)
    found = [Diagnostic("Q015", "plain", Position("a", 1, 9)), Diagnostic("Q012", "unknown", place)]
    assert "hunter2" not in diagnostics.text(found, line_of=lambda _: "x: {y: hunter2}")


@pytest.mark.parametrize("place", [Position("b", 1, 1), Position("a"), Position("a", 3, 1)])
def test_a_place_without_a_line(place: Position) -> None:
    assert Excerpts([Source("a", "x: 1\n")], SECRETS)(place) == ""
