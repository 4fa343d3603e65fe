"""What is said of mistakes beside the cases of ``test_cases``: how many, in which place, and which of them matter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qboxctl.applying.preflight import resolve_secrets
from qboxctl.cli import cli, run
from qboxctl.cli.common import Common
from qboxctl.cli.init import lacking
from qboxctl.config.files import read_sources
from qboxctl.config.loader import load, load_settings
from qboxctl.config.rules import check
from qboxctl.config.secrets import Secrets
from qboxctl.config.yaml.reader import Source
from qboxctl.errors import ConfigError, Diagnostic, Position, Severity
from qboxctl.render import diagnostics, reference
from qboxctl.render.style import Palette, columns_of
from qboxctl.resources import TYPES
from qboxctl.schema import hints
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.numbers import Integer
from qboxctl.schema.places import OWN, Places
from tests.support.kinds import plain_kind
from tests.support.lab import Lab, configuration_of

Command = Callable[..., int]


@pytest.fixture
def command() -> Command:
    """The command line, in this process."""

    def call(*words: object) -> int:
        options = Common()
        args = [*map(str, words)]
        return run(lambda: cli.main(args=args, prog_name="qboxctl", standalone_mode=False, obj=options), options)

    return call


def some(errors: int, warnings: int) -> list[Diagnostic]:
    rows = [Diagnostic("Q023", f"doubt {number}", severity=Severity.WARNING) for number in range(warnings)]
    return [*rows, *(Diagnostic("Q012", f"mistake {number}", Position("a.yaml", 1, 1)) for number in range(errors))]


def alike(number: int, **parts: Any) -> list[Diagnostic]:
    """The same mistake of several objects, each at a place of its own unless told otherwise."""
    return [
        Diagnostic("Q024", **{"message": f"too large: mailbox/u{one}", "address": f"mailbox/u{one}",
                              "position": Position("a.yaml", 10 + one, 7), **parts})
        for one in range(number)
    ]  # fmt: skip


DEFAULTS = Position("s.yaml", 9, 3)
UNITED = {
    "at one place, such as in the defaults": (alike(31, position=DEFAULTS), 1, "too large: mailbox/u0 and 30 more"),
    "a few at one place": (alike(3, position=DEFAULTS), 3, "too large: mailbox/u2\n"),
    "at places of their own": (alike(5), 5, "too large: mailbox/u4\n"),
    "against one other place": (alike(14, message="too large", second=DEFAULTS), 1,
                                "the same at 11:7, 12:7, 13:7, 14:7, 15:7, 16:7, 17:7, 18:7, 19:7, 20:7 and 3 more"),
    "a few against one other place": (alike(3, message="too large", second=DEFAULTS), 3, "a.yaml:12:7"),
    "one warning among errors": (
        [*alike(4, position=DEFAULTS), *alike(4, position=DEFAULTS, severity=Severity.WARNING)], 2, "warning[Q024]"),
}  # fmt: skip


@pytest.mark.parametrize(("found", "shown", "says"), UNITED.values(), ids=UNITED)
def test_equal_mistakes_are_told_once(found: list[Diagnostic], shown: int, says: str) -> None:
    text = diagnostics.text(found)
    assert text.count("[Q024]") == shown
    assert says in f"{text}\n"
    assert diagnostics.as_json(found).count('"code"') == len(found)


def test_one_sort_of_mistake_does_not_hide_the_others() -> None:
    others = [Diagnostic("Q030", f"other {number}", Position("a.yaml", 90, 1)) for number in range(3)]
    text = diagnostics.text([*alike(30), *others])
    assert (text.count("[Q024]"), text.count("[Q030]")) == (diagnostics.MOST - 3, 3)
    assert text.endswith("and 13 more")


def test_places_are_links_where_a_terminal_shows_them() -> None:
    palette = Palette(columns=40, url_of="file:///x/{}#{}-{}".format)
    text = diagnostics.text(alike(4, message="too large", second=DEFAULTS), palette)
    assert "\x1b]8;;file:///x/a.yaml#10-7\x1b\\a.yaml:10:7\x1b]8;;\x1b\\" in text
    assert "\x1b]8;;file:///x/a.yaml#12-7\x1b\\12:7\x1b]8;;\x1b\\" in text
    assert columns_of(text.splitlines()[1]) == len("  --> a.yaml:10:7")


@pytest.mark.parametrize(
    ("errors", "warnings", "shown", "more"),
    [
        (20, 0, 20, None),
        (21, 0, 20, "and 1 more"),
        (1, 30, 20, "and 11 more"),
        (25, 2, 20, "and 7 more: 5 errors and 2 warnings"),
    ],
)
def test_twenty_are_printed_and_the_others_counted(errors: int, warnings: int, shown: int, more: str | None) -> None:
    text = diagnostics.text(some(errors, warnings))
    assert text.count("error[") + text.count("warning[") == shown
    assert text.count("error[") == min(errors, 20)
    assert text.endswith(f"\n{more}") if more else " more" not in text
    assert diagnostics.as_json(some(errors, warnings)).count('"severity"') == errors + warnings


SECRETS = """
defaults:
  mailbox: {password: {env: NOT_SET}}
domains:
  a.example:
    postmaster_password: {env: NOT_SET}
    mailboxes:
      ada: {firstname: Ada}
      bob: {firstname: Bob}
      eve: {firstname: Eve, password: {env: OTHER}}
"""


def test_one_missing_variable_is_one_mistake_at_the_place_of_the_defaults() -> None:
    configuration = configuration_of(SECRETS)
    plan = Lab().plan(configuration)
    mailboxes = [change for change in plan.changes if change.address.kind == "mailbox"]
    with pytest.raises(ConfigError) as caught:
        resolve_secrets(mailboxes, configuration, Secrets({}))
    found = [(one.message, str(one.position)) for one in caught.value.diagnostics]
    assert found == [
        (
            "password of 2 objects, mailbox/ada@a.example among them: the environment variable NOT_SET is not set",
            "file0.yaml:3:13",
        ),
        ("password of mailbox/eve@a.example: the environment variable OTHER is not set", "file0.yaml:10:29"),
    ]
    with pytest.raises(ConfigError) as caught:
        resolve_secrets(plan.changes, configuration, Secrets({"OTHER": "good-Pa55word"}))
    (one,) = caught.value.diagnostics
    assert one.message.startswith("password and postmaster_password of 3 objects, domain/a.example among them: ")


def test_a_long_chain_of_aliases_is_no_circle() -> None:
    chain = ", ".join(f"a{number}: [a{number + 1}@a.example]" for number in range(3_000))
    configuration = configuration_of(f"domains: {{a.example: {{mailboxes: {{a3000: {{}}}}, aliases: {{{chain}}}}}}}")
    assert len(configuration.objects) == 3_002


def test_catch_alls_alone_can_be_a_circle() -> None:
    body = "{catch_all_enabled: true, catch_all_destination: %s, mailboxes: {}, aliases: {}}"
    text = f"domains: {{a.example: {body % 'x@b.example'}, b.example: {body % 'y@a.example'}}}"
    found = [one for one in check(load([Source("a.yaml", text)], TYPES), TYPES) if one.code == "Q027"]
    way = "the catch-all of a.example → x@b.example → the catch-all of b.example → y@a.example"
    assert [one.message for one in found] == [f"mail goes round in a circle: {way} → the catch-all of a.example"]


BROKEN = {
    "mistakes elsewhere": ["settings: {customer_code: C1}\nignore: [domain/x.example]\ndomians: {bad: 7}\n"],
    "another file that is no YAML": ["settings: {customer_code: C1}\nignore: [domain/x.example]\n", "domains: [\n"],
    "an object twice": [
        "settings: {customer_code: C1}\nignore: [domain/x.example]\ndomains: {a.example: {chat: true}}\n",
        "domains: {a.example: {chat: true}}\n",
    ],
}


@pytest.mark.parametrize("texts", BROKEN.values(), ids=BROKEN)
def test_settings_can_be_read_where_the_rest_cannot(texts: list[str]) -> None:
    configuration = load_settings([Source(f"{number}.yaml", text) for number, text in enumerate(texts)], TYPES)
    assert configuration.settings.customer_code == "C1"
    assert [pattern.text for pattern in configuration.ignore] == ["domain/x.example"]
    assert not configuration.objects


@pytest.mark.parametrize(
    "text", ["settings: {endpont: x}\n", "settings: {endpoint: x\n", "ignore: [x]\nsettings: {}\n"]
)
def test_a_mistake_in_the_settings_is_one(text: str) -> None:
    with pytest.raises(ConfigError):
        load_settings([Source("a.yaml", text)], TYPES)


HIDDEN = {
    "a letter that is not UTF-8": b"settings: {customer_code: C1}  # caf\xe9\n",
    "UTF-16": "settings: {customer_code: C1}\n".encode("utf-16"),
    "JSON with a slip": b'{"settings": {"customer_code": "C1"},\n "domains": {"a.example": {]}}\n',
    "indented, with a slip": b"  settings: {customer_code: C1}\n  domains: [\n",
    "an anchor before it": b"&s settings: {customer_code: C1, endpoint: [\ndomains: {}\n",
    "a flow mapping, and more at the margin": b"{settings: {customer_code: C1},\ndomains:\n  {a: b\n",
    "a complex key": b"? settings\n: {customer_code: [\ndomains: {}\n",
    "ends of lines of their own": b"x-a: [\rsettings: {customer_code: C1}\r",
    "what is ignored, with a slip": b"ignore: [domain/x.example]\ndomains: [\n",
}


@pytest.mark.parametrize("raw", HIDDEN.values(), ids=HIDDEN)
def test_a_file_that_may_hide_settings_is_a_mistake(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(raw)
    (tmp_path / "b.yaml").write_text("domains: {a.example: {}}\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        load_settings(read_sources(tmp_path), TYPES)


def test_a_link_that_leads_nowhere_may_hide_settings(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").symlink_to("nowhere.yaml")
    with pytest.raises(ConfigError) as caught:
        load_settings(read_sources(tmp_path), TYPES)
    assert [one.message for one in caught.value.diagnostics] == ["cannot be read: it is not a file"]


def test_a_file_that_cannot_be_read_does_not_matter_where_it_holds_no_settings(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"domains: {a.example: {}}  # the settings of the caf\xe9\n")
    (tmp_path / "b.yaml").write_text("settings: {customer_code: C1}\n", encoding="utf-8")
    assert load_settings(read_sources(tmp_path), TYPES).settings.customer_code == "C1"


IN_SETTINGS = {
    "a setting twice": ("settings:\n  customer_code: A\n  customer_code: C1\n", ["Q002 3:3"]),
    "two blocks in one file": ("settings: {customer_code: A}\nsettings: {customer_code: C1}\n", ["Q002 2:1"]),
    "typographic quotes": ("settings: {customer_code: “C1”}\n", ["Q004 1:27"]),
    "an alias": ("x-all: &all {customer_code: A, customer_code: C1}\nsettings: {<<: *all}\n", ["Q002 1:32"]),
    "in a list": ("ignore: [domain/x.example, “domain/y.example”]\n", ["Q004 1:28"]),
    "elsewhere in the file": ("settings: {customer_code: C1}\ndomains: {a.example: {chat: “a”, chat: b}}\n", []),
    "before them": ("x-all: {a: 1, a: “b”}\nsettings: {customer_code: C1}\n", []),
}


@pytest.mark.parametrize(("text", "expected"), IN_SETTINGS.values(), ids=IN_SETTINGS)
def test_what_the_reader_says_of_the_settings_is_said(text: str, expected: list[str]) -> None:
    try:
        load_settings([Source("a.yaml", text)], TYPES)
        told: list[str] = []
    except ConfigError as error:
        told = [f"{one.code} {one.position}".replace("a.yaml:", "") for one in error.diagnostics]
    assert told == expected


@pytest.mark.parametrize("words", [["doctor"], ["export"]], ids=lambda words: words[0])
def test_a_command_that_needs_only_the_settings(words: list[str], tmp_path: Path, command: Command) -> None:
    (tmp_path / "a.yaml").write_text("settings: {endpoint: 'emulator:'}\ndomains: {bad: {}}\n", encoding="utf-8")
    assert command("-C", tmp_path, *words) == 0
    assert command("-C", tmp_path, "validate") == 3
    assert command("-C", tmp_path, "--env", "nowhere", *words) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ".qboxctl/\n*.plan.json\n"),
        ("node_modules", "node_modules\n.qboxctl/\n*.plan.json\n"),
        ("  .qboxctl/\r\n", "  .qboxctl/\r\n*.plan.json\n"),
        ("*.plan.json\n.qboxctl/\n", "*.plan.json\n.qboxctl/\n"),
    ],
)
def test_what_a_gitignore_lacks(old: str, new: str) -> None:
    assert old + lacking(old, ".qboxctl/\n*.plan.json\n") == new


def test_a_repository_with_a_gitignore_gets_its_lines(
    tmp_path: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    ignored = tmp_path / ".gitignore"
    ignored.write_bytes(b"caf\xe9")
    assert command("init", tmp_path) == 0
    assert f"added to {ignored}" in capsys.readouterr().out
    assert ignored.read_bytes() == b"caf\xe9\n.qboxctl/\n*.plan.json\n"


def test_the_starter_removes_nothing(tmp_path: Path, command: Command) -> None:
    assert command("init", tmp_path) == 0
    configuration = load_settings([Source("a", (tmp_path / "settings.yaml").read_text(encoding="utf-8"))], TYPES)
    assert set(configuration.settings.on_remove.values()) <= {"keep"}


# Hints.


@pytest.mark.parametrize("kind", TYPES)
def test_a_hint_is_for_a_word_that_no_object_can_hold(kind: str) -> None:
    places = Places.of(TYPES)
    may = {"id"} if TYPES[kind].identity.unique else set()
    assert not TYPES[kind].hints.keys() & {*TYPES[kind].by_name, *OWN} - may
    assert all(word == word.lower() for word in TYPES[kind].hints)
    for word, hint in TYPES[kind].hints.items():
        assert places.meant(word.upper(), places.words[kind], TYPES[kind]) == hint


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("quota", ["default_quota", "max_email_quota", "plan"], ["default_quota", "max_email_quota"]),
        ("email_quota", ["status", "max_quota_of_email"], ["max_quota_of_email"]),
        ("plam", ["plan", "plans"], ["plan"]),
        ("plan", ["plan"], []),
        ("a", ["a_b", "a_c", "a_d", "a_e"], []),
    ],
)
def test_what_is_near(word: str, known: list[str], found: list[str]) -> None:
    assert hints.near(word, known) == found


def test_no_hint_proposes_what_was_written() -> None:
    for word in [name for type_ in TYPES.values() for name in type_.by_name]:
        assert hints.near(word, [word]) == []


@pytest.mark.parametrize("kind", TYPES)
def test_what_defaults_are_said_to_take_they_take(kind: str) -> None:
    """Unlike an object, they have no id and no state, and hold no other objects."""

    def mistake(word: str) -> Diagnostic:
        with pytest.raises(ConfigError) as caught:
            load([Source("a.yaml", f"defaults: {{{kind}: {{{word}: {{neither: nor}}}}}}")], TYPES)
        return caught.value.diagnostics[0]

    listed = (mistake("zzz").hint or "").removeprefix("there are: ").split(", ")
    assert set(listed) == {"extra", *(one.name for one in TYPES[kind].fields if one.mode is not Mode.READ_ONLY)}
    for word in (word for word in listed if word != "extra"):
        assert mistake(word).code == "Q013"


@pytest.mark.parametrize("kind", TYPES)
def test_all_that_explain_lists_can_be_explained(kind: str) -> None:
    listed = [line.split()[0] for line in reference.explain(kind).splitlines() if line.startswith("  ")]
    assert {*Places.of(TYPES).words[kind], *TYPES[kind].by_name} == set(listed)
    for word in listed:
        text = reference.explain(f"{kind}.{word}").splitlines()
        assert text[0] == f"{kind}.{word}"
        assert any(line.startswith("values:") for line in text)


@pytest.mark.parametrize(
    ("topic", "hint"),
    {
        "quota": "did you mean domain.default_quota or domain.max_email_quota or mailbox.max_email_quota?",
        "mailbox.quota": "did you mean mailbox.max_email_quota?",
        "mailbox.forward": "a mailbox forwards nothing",
        "mailbox.zzz": "`qboxctl explain mailbox` lists",
        "mailbocks": "did you mean mailbox?",
        "zzz": "there are: domain, ",
    }.items(),
)
def test_what_explain_proposes(topic: str, hint: str) -> None:
    with pytest.raises(KeyError):
        reference.explain(topic)
    assert reference.meant(topic).startswith(hint)


@pytest.mark.parametrize(
    ("topic", "names"),
    {
        "mailbox.language": "language",
        "vault.retention": "retention at creation, default_retention later",
        "vault.mailboxes": "email_codes at creation",
        "signature.sender_in_bcc": "sender_in_bcc, read as senderInBcc",
    }.items(),
)
def test_the_names_in_the_api_are_told(topic: str, names: str) -> None:
    assert f"in the API:  {names}" in reference.explain(topic).splitlines()


@pytest.mark.parametrize("form", ["text", "github"])
def test_what_files_hold_moves_no_cursor_and_ends_no_line(form: str) -> None:
    """The log of a pipeline shows colours, and GitHub takes commands from it."""
    odd = "a\x1b[2J\x9b31m\u202eb\r\n::set-env name=X::y"
    found = [Diagnostic("Q012", f"unknown key {odd}", Position(f"{odd}.yaml", 1, 1), hint=f"not {odd}")]
    shown = diagnostics.github(found) if form == "github" else diagnostics.text(found)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert not any(line.startswith("::set-env") for line in shown.splitlines())


def test_an_attribute_one_level_up_belongs_to_the_object_above_it_however_deep() -> None:
    kinds = Kinds([
        plain_kind("house", "", "/houses"),
        plain_kind("room", "house", "/houses/{house}/rooms"),
        plain_kind("lamp", "room", "/rooms/{room}/lamps", Field("watts", Integer(), "x")),
    ])  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        load([Source("a.yaml", "houses: {h: {rooms: {hall: {lamps: {low: , watts: 4}}}}}")], kinds)
    assert [one.hint for one in caught.value.diagnostics] == ["did you mean to indent it under lamp/h/hall/low?"]


CLEARING = {
    "a text": ("mailboxes: {ada: {lastname: }}", 'write "" to clear it, or remove the line to leave it alone'),
    "a list": ("mailboxes: {ada: {tags: }}", "write [] to clear it, or remove the line to leave it alone"),
    "a switch": ("calendar: ", "remove the line to leave it alone"),
    "a size": ("max_email_quota: ", "remove the line to leave it alone"),
    "a level": ("antispam_level: ", "remove the line to leave it alone"),
    "a secret": ("mailboxes: {ada: {password: }}", "remove the line to leave it alone"),
}


@pytest.mark.parametrize(("text", "hint"), CLEARING.values(), ids=CLEARING)
def test_the_hint_for_nothing_is_a_value_that_fits(text: str, hint: str) -> None:
    """What it says to write is taken."""
    with pytest.raises(ConfigError) as caught:
        configuration_of(f"domains: {{a.example: {{{text}}}}}")
    (found,) = caught.value.diagnostics
    assert found.hint == hint
    assert "None" not in found.message
    for word in ('""', "[]"):
        if word in hint:
            configuration_of(f"domains: {{a.example: {{{text.replace(': }', f': {word}}}')}}}}}")


def test_what_each_object_says_itself_is_no_default() -> None:
    with pytest.raises(ConfigError) as caught:
        configuration_of("defaults: {mailbox: {state: absent}, alias: {state: absent}, vault: {state: disabled}}")
    assert {one.hint for one in caught.value.diagnostics} == {
        "each object says that itself: there is no default for it"
    }
    assert [one.message for one in caught.value.diagnostics] == [
        'unknown attribute of mailbox "state"',
        'unknown attribute of alias "state"',
    ]


def test_what_an_object_is_known_by_is_not_to_be_cleared() -> None:
    with pytest.raises(ConfigError) as caught:
        configuration_of("delivery: {accounts: {n: {type: newsletter, description: }}}")
    assert [one.hint for one in caught.value.diagnostics] == ["remove the line to leave it alone"]
