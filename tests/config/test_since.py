"""What the files declared at a git revision, and declare no more: two sets of files in, addresses out."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qboxctl.config.changes import difference, edit
from qboxctl.config.files import read_sources
from qboxctl.config.loader import load, stated
from qboxctl.config.revision import changed_since
from qboxctl.model import Address
from qboxctl.resources import TYPES
from tests.support.repository import A, B, Files, committed, gone, put

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")


BOTH = "domains: {a.example: {mailboxes: {ada: {}, bob: {}}}, b.example: {mailboxes: {eve: {}}}}\n"
ALL_B = {"domain/b.example", "mailbox/eve@b.example"}
HIDE = "ignore: [mailbox/eve@b.example]\n"

CASES: dict[str, tuple[Files, Files, set[str]]] = {
    "nothing changed": ({"a.yaml": A, "b.yaml": B}, {"a.yaml": A, "b.yaml": B}, set()),
    "a mailbox left": ({"a.yaml": A, "b.yaml": B}, {"a.yaml": A.replace(", bob: {}", ""), "b.yaml": B},
                       {"mailbox/bob@a.example"}),
    "a mailbox is declared absent": ({"a.yaml": A}, {"a.yaml": A.replace("bob: {}", "bob: {state: absent}")}, set()),
    "one that was absent left": ({"a.yaml": A.replace("bob: {}", "bob: {state: absent}")},
                                 {"a.yaml": A.replace(", bob: {}", "")}, set()),
    "a file left": ({"a.yaml": A, "b.yaml": B}, {"a.yaml": A}, ALL_B),
    "a file got another name": ({"a.yaml": A, "b.yaml": B}, {"a.yaml": A, "in/c.yml": B}, set()),
    "a file was set aside": ({"a.yaml": A, "b.yaml": B}, {"a.yaml": A, "_b.yaml": B}, ALL_B),
    "a file was never read": ({"a.yaml": A, ".b.yaml": B, "_c/b.yaml": B, "b.txt": B}, {"a.yaml": A}, set()),
    "a file in capitals left": ({"a.yaml": A, "b.YAML": B}, {"a.yaml": A}, ALL_B),
    "two files became one": ({"a.yaml": A, "b.yaml": B}, {"all.yaml": BOTH}, set()),
    "one file became two, and one of them left": ({"all.yaml": BOTH}, {"a.yaml": A}, ALL_B),
    "comments, lines that end otherwise, a mark at the start": (
        {"a.yaml": f"\ufeff{A}", "b.yaml": B.replace("\n", "\r\n")}, {"a.yaml": f"# {B}{A}"}, ALL_B),
    "what was ignored left, and the rule stays": ({"b.yaml": B, "i.yaml": HIDE}, {"a.yaml": A, "i.yaml": HIDE},
                                                  {"domain/b.example", "mailbox/eve@b.example"}),
    "what was ignored left, and the rule too": ({"b.yaml": B, "i.yaml": HIDE}, {"a.yaml": A}, {"domain/b.example"}),
    "a name that is no text": ({"a.yaml": A, "b\udcff.yaml": B}, {"a.yaml": A}, ALL_B),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("names", ["sha1", "sha256"])
def test_what_is_gone(before, after, expected, names, tmp_path):
    folder = committed(tmp_path / "files", before, f"--object-format={names}")
    put(folder, after)
    assert gone(folder) == expected


def test_only_what_changed_is_read(tmp_path):
    folder = committed(tmp_path / "files", {"a.yaml": A, "b.yaml": B, "broken.yaml": "domains: [\n"})
    put(folder, {"a.yaml": A, "b.yaml": B + "# changed\n"})
    before, now = changed_since("HEAD", folder, read_sources(folder))
    assert [source.text for source in now] == [B + "# changed\n"]
    assert [(source.name.split()[0], source.text) for source in before] == [
        ("b.yaml", B),
        ("broken.yaml", "domains: [\n"),
    ]
    assert [str(one.position) for one in stated(before, TYPES).mistakes] == [f"{before[1].name}:1:10"]


def test_a_file_with_the_content_of_another_is_a_file_of_its_own(tmp_path):
    folder = committed(tmp_path / "files", {"a.yaml": A, "in/b.yaml": B})
    put(folder, {"a.yaml": A, "in/b.yaml": A, "c.yaml": B})
    before, now = changed_since("HEAD", folder, read_sources(folder))
    assert [source.text for source in before] == [B]
    assert {Path(source.name).relative_to(folder).as_posix(): source.text for source in now} == {
        "c.yaml": B,
        "in/b.yaml": A,
    }


@pytest.mark.parametrize("written", ["{folder}", "{folder}/", "{folder}/.", "{folder}/../files", "."])
def test_it_does_not_matter_how_the_folder_is_written(written, tmp_path, monkeypatch):
    folder = committed(tmp_path / "files", {"a.yaml": A, "in/b.yaml": B})
    monkeypatch.chdir(folder)
    name = written.format(folder=folder)
    assert changed_since("HEAD", name, read_sources(name)) == ([], [])
    one = f"{name}/a.yaml"
    assert changed_since("HEAD", one, read_sources(one)) == ([], [])


def test_one_file_is_a_configuration(tmp_path):
    folder = committed(tmp_path / "files", {"a.yaml": A, "b.yaml": B})
    put(folder, {"a.yaml": A.replace(", bob: {}", "")})
    assert gone(folder / "a.yaml") == {"mailbox/bob@a.example"}


C = "defaults: {mailbox: {language: it}}\nsettings: {guards: {count: 3}}\nprotect: [domain/*]\n"
SAYS: dict[str, tuple[Files, Files, set[str], tuple[str, ...]]] = {
    "nothing": ({"a.yaml": A, "c.yaml": C}, {"a.yaml": A, "c.yaml": C}, set(), ()),
    "an attribute": ({"a.yaml": A, "b.yaml": B}, {"a.yaml": A.replace("ada: {}", "ada: {tags: [x]}"), "b.yaml": B},
                     {"mailbox/ada@a.example"}, ()),
    "an attribute of a domain": ({"a.yaml": A}, {"a.yaml": A.replace("{mailboxes", "{chat: true, mailboxes")},
                                 {"domain/a.example"}, ()),
    "a new file": ({"a.yaml": A}, {"a.yaml": A, "b.yaml": B}, ALL_B, ()),
    "only where it stands": ({"a.yaml": A, "b.yaml": B}, {"all.yaml": f"# one file\n{BOTH}"}, set(), ()),
    "another order": ({"a.yaml": A}, {"a.yaml": "domains: {a.example: {mailboxes: {bob: {}, ada: {}}}}\n"}, set(), ()),
    "an object less": ({"a.yaml": A}, {"a.yaml": A.replace(", bob: {}", "")}, set(), ()),
    "state: absent": ({"a.yaml": A}, {"a.yaml": A.replace("bob: {}", "bob: {state: absent}")},
                      {"mailbox/bob@a.example"}, ()),
    "true and 1 in extra": ({"a.yaml": A.replace("bob: {}", "bob: {extra: {x: true}}")},
                            {"a.yaml": A.replace("bob: {}", "bob: {extra: {x: 1}}")}, {"mailbox/bob@a.example"}, ()),
    "a default": ({"a.yaml": A, "c.yaml": C}, {"a.yaml": A, "c.yaml": C.replace(": it", ": en")},
                  {"mailbox/ada@a.example", "mailbox/bob@a.example"}, ()),
    "no default any more": ({"a.yaml": A, "c.yaml": C}, {"a.yaml": A, "c.yaml": C[C.index("settings"):]},
                            {"mailbox/ada@a.example", "mailbox/bob@a.example"}, ()),
    "the settings": ({"a.yaml": A, "c.yaml": C}, {"a.yaml": A, "c.yaml": C.replace("3", "4")}, set(), ("settings",)),
    "who is protected": ({"a.yaml": A, "c.yaml": C}, {"a.yaml": A, "c.yaml": C.replace("n/*", "n/a*")}, set(),
                         ("protect",)),
    "who is ignored": ({"a.yaml": A}, {"a.yaml": A, "i.yaml": "ignore: [alias/*]\n"}, set(), ("ignore",)),
    "the file with its attributes left": ({"a.yaml": A, "b.yaml": "domains: {a.example: {chat: true}}\n"},
                                          {"a.yaml": A}, {"domain/a.example"}, ()),
    "one more file mentions it": ({"a.yaml": "domains: {a.example: {chat: true}}\n"},
                                  {"a.yaml": "domains: {a.example: {chat: true}}\n", "b.yaml": A},
                                  {"mailbox/ada@a.example", "mailbox/bob@a.example"}, ()),
    "a comment in the settings": ({"a.yaml": A, "c.yaml": C}, {"a.yaml": A, "c.yaml": f"{C}# why\n"}, set(), ()),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "changed", "rules"), SAYS.values(), ids=SAYS)
def test_what_is_said_otherwise(before, after, changed, rules, tmp_path):
    folder = committed(tmp_path / "files", before)
    put(folder, after)
    today = read_sources(folder)
    then, now = changed_since("HEAD", folder, today)
    found = difference(edit(then, now, TYPES), load(today, TYPES))
    assert ({str(address) for address in found.changed}, found.rules) == (changed, rules)


X, XY = "domains: {a.example: {mailboxes: {bob: {extra: {x: 1}}}}}\n", "{x: 1, y: [2]}"
DEFAULT = "defaults: {mailbox: {extra: {z: 1}}}\n"
EXTRA: dict[str, tuple[Files, Files, set[str]]] = {
    "the same": ({"a.yaml": X}, {"a.yaml": f"{X}# why\n"}, set()),
    "another attribute": ({"a.yaml": X}, {"a.yaml": X.replace("{extra", "{tags: [t], extra")}, set()),
    "one more": ({"a.yaml": X}, {"a.yaml": X.replace("{x: 1}", XY)}, {"y"}),
    "one less": ({"a.yaml": X.replace("{x: 1}", XY)}, {"a.yaml": X}, set()),
    "another value": ({"a.yaml": X}, {"a.yaml": X.replace("x: 1", "x: true")}, {"x"}),
    "a new object": ({"b.yaml": B}, {"b.yaml": B, "a.yaml": X}, {"x"}),
    "in another file": ({"a.yaml": X}, {"b.yaml": X}, set()),
    "a default": ({"a.yaml": X, "d.yaml": DEFAULT}, {"a.yaml": X, "d.yaml": DEFAULT.replace("z: 1", "z: 2")}, {"z"}),
    "a default that the object states otherwise": (
        {"a.yaml": X, "d.yaml": DEFAULT.replace("z", "x")}, {"a.yaml": X, "d.yaml": DEFAULT.replace("z: 1", "x: 2")},
        set(),
    ),
    "a default instead of its own": (
        {"a.yaml": X}, {"a.yaml": X.replace("{extra: {x: 1}}", "{}"), "d.yaml": DEFAULT.replace("z", "x")}, set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "names"), EXTRA.values(), ids=EXTRA)
def test_what_extra_says_otherwise(before, after, names, tmp_path):
    folder = committed(tmp_path / "files", before)
    put(folder, after)
    today = read_sources(folder)
    then, now = changed_since("HEAD", folder, today)
    found = difference(edit(then, now, TYPES), load(today, TYPES)).edited
    expected = {f"extra.{name}" for name in names}
    assert found == ({Address("mailbox", "bob@a.example"): dict.fromkeys(expected, ())} if names else {})


MANAGER = "managers: {{ina@p.example: {{firstname: Ina, {}: {}}}}}\n"
VAULT = "domains: {{a.example: {{mailboxes: {{ada: {{}}, grace: {{}}}}, vault: {{{}: {}}}}}}}\n"
BYTES = 25 * 1024**3
DOUBTFUL: dict[str, tuple[str, str, str, str, bool]] = {
    "no limit, as a number": (MANAGER, "max_domains", "5", "-1", True),
    "no limit, as the word": (MANAGER, "max_domains", "5", "unlimited", True),
    "a limit": (MANAGER, "max_domains", "-1", "5", True),
    "no limit, spelt otherwise": (MANAGER, "max_domains", "-1", "unlimited", False),
    "a limit that was none": (MANAGER, "max_domains", "many", "5", True),
    "a size in bytes": (MANAGER, "max_email_quota", "8GB", f"{BYTES}", True),
    "a size, spelt otherwise": (MANAGER, "max_email_quota", "25GB", f"{BYTES}", False),
    "a set with one more": (VAULT, "mailboxes", "[ada]", "[ada, Grace]", True),
    "a set with one less": (VAULT, "mailboxes", "[ada, Grace]", "[Ada]", True),
    "a set, spelt otherwise": (VAULT, "mailboxes", "[grace, ada]", "[ada, Grace]", False),
    "a set that was none": (VAULT, "mailboxes", "ada", "[Ada]", True),
}


@pytest.mark.parametrize(("file", "name", "before", "after", "changed"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_an_account_may_not_tell_is_compared_as_it_is_meant(file, name, before, after, changed, tmp_path):
    folder = committed(tmp_path / "files", {"a.yaml": file.format(name, before)})
    put(folder, {"a.yaml": file.format(name, after)})
    today = read_sources(folder)
    then, now = changed_since("HEAD", folder, today)
    edited = difference(edit(then, now, TYPES), load(today, TYPES)).edited
    assert {one for names in edited.values() for one in names} == ({name} if changed else set())
    left = [entry for names in edited.values() for entries in names.values() for entry in entries]
    assert left == (["grace"] if (before, after) == ("[ada, Grace]", "[Ada]") else [])


STATED = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from([{}, {"firstname": "Eve"}, {"state": "absent"}]) for name in ("m1", "m2", "m3")}
)


@st.composite
def files(draw: st.DrawFn) -> Files:
    """Three domains, each in one of three files, and perhaps a rule that hides some of what is in them."""
    trees: dict[str, dict[str, Any]] = {}
    for domain in ("d1.example", "d2.example", "d3.example"):
        name = draw(st.sampled_from(["", "x.yaml", "y.yaml", "z.yaml"]))
        if name:
            trees.setdefault(name, {"domains": {}})["domains"][domain] = {"mailboxes": draw(STATED)}
    if draw(st.booleans()):
        name = draw(st.sampled_from(["x.yaml", "rules.yaml"]))
        trees.setdefault(name, {})["ignore"] = ["mailbox/m1@*"]
    return {name: json.dumps(tree) for name, tree in trees.items()} or {"x.yaml": "{}"}


@pytest.mark.slow
@settings(max_examples=30, deadline=None)  # git is many processes
@given(before=files(), after=files())
def test_leaving_out_what_did_not_change_changes_nothing(before, after):
    with tempfile.TemporaryDirectory() as name:
        folder = committed(Path(name, "files"), before)
        then = stated(read_sources(folder), TYPES).present
        put(folder, after)
        now = load(read_sources(folder), TYPES)
        rule = any("ignore" in text for text in after.values())  # then it does not matter what is said of m1

        def seen(addresses: Iterable[str]) -> set[str]:
            return {one for one in addresses if not (rule and one.startswith("mailbox/m1@"))}

        assert seen(gone(folder)) == seen(str(one) for one in then - now.objects.keys())
