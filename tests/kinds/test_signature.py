"""Signatures: made, changed, removed and exported, under every reading of what the reference does not say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qboxctl.config.files import read_sources
from qboxctl.config.loader import load
from qboxctl.emulator import QUIRKS, Request, Response
from qboxctl.errors import ConfigError
from qboxctl.model import Address, Outcome, Plan, Status
from qboxctl.planning.targets import Options
from qboxctl.resources import TYPES
from qboxctl.schema.markup import normal_form
from qboxctl.schema.patterns import Pattern
from tests.support.lab import TOKEN, Lab, configuration_of

ADA, INFO = "signature/ada@a.example/ada@a.example", "signature/ada@a.example/info@b.example"
GONE = {"state": "absent"}
Answer = Callable[[Request], Response]


def files(ada: dict[str, Any], **settings: Any) -> str:
    """A configuration of one mailbox and its signatures, by the part before the @."""
    homes = {"ada": "a.example", "info": "b.example", "eve": "c.example"}
    signatures = {f"{name}@{homes[name]}": body for name, body in ada.items()}
    mailbox = {"firstname": "Ada", "password": {"env": "PW"}, "signatures": signatures}
    return json.dumps({"settings": settings, "domains": {"a.example": {"mailboxes": {"ada": mailbox}}}})


def seeded(**signatures: Any) -> dict[str, Any]:
    found = json.loads(files(signatures))
    found.pop("settings")
    found["domains"]["a.example"]["mailboxes"]["ada"].pop("password")
    return dict(found)


def apply(lab: Lab, text: str) -> dict[str, Outcome]:
    configuration = configuration_of(text)
    plan = lab.plan(configuration)
    return {str(one.address): one for one in lab.apply(configuration, plan, acknowledge=plan.id)}


def live(lab: Lab) -> dict[str, dict[str, Any]]:
    mailbox = lab.emulator.dump(codes=False)["domains"]["a.example"]["mailboxes"]["ada"]
    return dict(mailbox["signatures"])


def requests(lab: Lab, method: str) -> list[str]:
    return [f"{one.method} {one.path}" for one in lab.emulator.requests if one.method == method and one.status < 400]


OWN = [{name: value} for name in QUIRKS if name.startswith("signature_") for value in QUIRKS[name]]
OTHERS = [
    {"ids": "number"}, {"list_detail": "abridged"}, {"empty_list": "404"}, {"delete": "queued"}, {"booleans": "text"},
    {"create_answer": "location"}, {"create_answer": "nothing"}, {"create_answer": "resources"}, {"activation": "2"},
    {"address_case": "as_sent"}, {"extra_fields": "noise"}, {"write_answer": "200-resources"},
    {"order": "shuffled", "signature_identity": "index0"}, {"order": "shuffled", "signature_identity": "index1"},
    {"signature_case": "snake", "booleans": "number", "signature_default": "free"},
]  # fmt: skip


@pytest.mark.parametrize("quirks", [*OWN, *OTHERS], ids=lambda one: ",".join(f"{k}={v}" for k, v in one.items()))
def test_signatures_are_made_changed_and_removed(quirks: dict[str, str]) -> None:
    lab = Lab(quirks=quirks, seed={"domains": {"a.example": {}}})
    html = "<p>Ada &amp; Co</p>"
    for body, left in (
        ({"ada": {"body": html, "title": "Work", "default_signature": True}, "info": {"body": "I"}}, {"ada", "info"}),
        ({"ada": {"body": html, "sender_in_bcc": True}, "info": {"body": "J", "default_signature": True}},
         {"ada", "info"}),
        ({"ada": GONE, "info": {"body": "J"}, "eve": {"body": "E"}}, {"info", "eve"}),
        ({"ada": GONE, "info": GONE, "eve": GONE}, set()),
    ):  # fmt: skip
        assert {one.status for one in apply(lab, files(body)).values()} == {Status.DONE}
        assert {name.partition("@")[0] for name in live(lab)} == left
        again = lab.plan(configuration_of(files(body)))
        assert not again.changes
        assert not again.unverifiable
    assert len(requests(lab, "DELETE")) == 3


def test_an_update_states_all_that_is_live_in_the_names_of_the_reference() -> None:
    lab = Lab(seed=seeded(ada={"body": "<p>x</p>", "title": "Work", "only_new_messages": True}))
    apply(lab, files({"ada": {"sender_in_bcc": True}}))
    (write,) = [one for one in lab.emulator.requests if one.method != "GET"]
    assert (write.method, write.path.rpartition("/")[0]) == ("PUT", "/api/signatures")
    assert write.body == {
        "identity": "ada@a.example", "body": "<p>x</p>", "title": "Work", "default_signature": False,
        "sender_in_bcc": True, "only_new_messages": True,
    }  # fmt: skip
    (read,) = {json.dumps(dict(one.query)) for one in lab.emulator.requests if one.path == write.path}
    assert read == "{}", "the list takes no parameters"


def test_another_default_clears_the_old_one_whatever_else_changes() -> None:
    lab = Lab(seed=seeded(ada={"body": "a", "default_signature": True}, info={"body": "i"}))
    text = files({"ada": {"title": "New"}, "info": {"default_signature": True}})
    assert {one.status for one in apply(lab, text).values()} == {Status.DONE}
    assert [one["default_signature"] for _, one in sorted(live(lab).items())] == [False, True]
    assert [one.body["identity"] for one in lab.emulator.requests if one.method == "PUT"][-1] == "info@b.example"


def test_a_removal_goes_before_a_new_default_and_others_that_are_made() -> None:
    lab = Lab(seed=seeded(eve={"body": "e"}))
    text = files({"eve": GONE, "ada": {"body": "a", "default_signature": True}, "info": {"body": "i"}})
    assert {one.status for one in apply(lab, text).values()} == {Status.DONE}
    assert not lab.plan(configuration_of(text)).changes


def test_an_address_with_a_slash_stays_one_step_of_its_path() -> None:
    lab = Lab(seed=seeded())
    slashed = json.dumps(json.loads(files({"ada": {"body": "a", "title": "T"}}))).replace("ada@a", "a/d%a@a")
    for text in (slashed, slashed.replace('"T"', '"U"'), slashed.replace('"body": "a"', '"state": "absent"')):
        text = text.replace(', "title": "T"', "") if "absent" in text else text
        assert {one.status for one in apply(lab, text).values()} == {Status.DONE}
        assert not lab.plan(configuration_of(text)).changes


def test_what_no_path_takes_is_read_from_its_list_and_never_deleted() -> None:
    def between(request: Request, answer: Answer) -> Response:
        blind = request.path.count("/") > 3 and "signatures" in request.path
        return Response(404, {}, b'{"message": "Not found", "errors": []}') if blind else answer(request)

    lab = Lab(seed=seeded(eve={"body": "e"}), between=between)
    text = files({"ada": {"body": "a", "title": "T"}})
    assert [one.error for one in apply(lab, text).values()] == [None]
    assert not lab.plan(configuration_of(text)).changes
    (done,) = apply(lab, files({"ada": GONE})).values()
    assert done.status is Status.FAILED
    assert "it shows ada@a.example, and no path takes its name or its place there" in str(done.error)


def test_a_place_that_holds_another_one_is_never_deleted() -> None:
    """A server that takes any text for a number would delete what comes first."""

    def careless(request: Request, answer: Answer) -> Response:
        path, _, last = request.path.rpartition("/")
        if path.startswith("/api/signatures/") and "@" in last:
            request = Request(request.method, f"{path}/0", request.query, request.headers, request.body)
        return answer(request)

    lab = Lab(quirks={"signature_identity": "index0"}, between=careless,
              seed=seeded(ada={"body": "a"}, info={"body": "i"}, eve={"body": "e"}))  # fmt: skip
    assert apply(lab, files({"eve": GONE}))["signature/ada@a.example/eve@c.example"].status is Status.DONE
    assert sorted(live(lab)) == ["ada@a.example", "info@b.example"]


def test_a_deletion_whose_answer_is_lost_is_not_repeated_at_that_place() -> None:
    lost: list[str] = []

    def breaking(request: Request, answer: Answer) -> Response:
        done = answer(request)
        if request.method == "DELETE" and not lost:
            lost.append(request.path)
            return Response(0, broken="drop")
        return done

    lab = Lab(quirks={"signature_identity": "index0"}, between=breaking,
              seed=seeded(ada={"body": "a"}, info={"body": "i"}))  # fmt: skip
    apply(lab, files({"ada": GONE}))
    assert lost
    assert list(live(lab)) == ["info@b.example"]


FORMS = [
    ("<P>Ada &amp; Co<BR/></P>", "<p>Ada & Co<br></p>\n", True),
    ("<p onclick='x()'>a<!-- c --><script>b()</script></p>", "<p>a</p>", True),
    ("<style>p {}</style><p>a</p>", "<p>a</p>", True),
    ("<img src=x alt='a  b'>", "<IMG alt='a b' SRC='x' />", True),
    ("<p>a</p>\n<p>b</p>", "<p>a</p><p>b</p>", True),
    ("one\r\ntwo\n", "one\ntwo", True),
    ("<b>a</b> <i>b</i>", "<b>a</b><i>b</i>", False),
    ("one\ntwo", "one two", False),
    ("<p>a</p>", "<p>b</p>", False),
    ("<p style='color: red'>a</p>", "<p style='color: blue'>a</p>", False),
    ("a&nbsp;b", "a b", False),
    ("<p>a</p><![ y>", "<p>a</p><![foo[ y>", True),
    ("<p>a</p><![if x]>b<![endif]>", "<p>ab</p>", False),
]


@given(st.text(alphabet="<>![]-/?=&;\"' aC", max_size=14))
def test_any_body_has_a_normal_form(text: str) -> None:
    assert normal_form(f"<p>{text}") == normal_form(f"<p>{text}\n")


@pytest.mark.parametrize(("wanted", "now", "same"), FORMS)
def test_bodies_that_show_the_same_are_unverifiable_and_not_written(wanted: str, now: str, same: bool) -> None:
    assert (normal_form(wanted) == normal_form(now)) is same
    plan = Lab(seed=seeded(ada={"body": now})).plan(configuration_of(files({"ada": {"body": wanted}})))
    assert bool(plan.changes) is not same
    assert [one.fields for one in plan.unverifiable] == ([("body",)] if same else [])


def folder(tmp_path: Path, body: str) -> Path:
    """A configuration whose signature says this of its body, with texts beside it."""
    (tmp_path / "mail" / "texts").mkdir(parents=True)
    (tmp_path / "outside.html").write_text("secret")
    texts = tmp_path / "mail" / "texts"
    (texts / "ada.html").write_text("<p>Grüße</p>")
    (texts / "latin.html").write_bytes(b"caf\xe9")
    (texts / "large.html").write_text("x" * 65_537)
    (texts / "most.html").write_text("x" * 65_536)
    (texts / "link.html").symlink_to(tmp_path / "outside.html")
    (tmp_path / "mail" / ".git").mkdir()
    (tmp_path / "mail" / ".git" / "config").write_text("url = https://user:token@git.example/mail.git")
    (texts / "config.html").symlink_to("../.git/config")
    line = f"domains: {{a.example: {{mailboxes: {{ada: {{signatures: {{ada@a.example: {{body: {body}}}}}}}}}}}}}"
    (tmp_path / "mail" / "domains.yaml").write_text(line)
    return tmp_path / "mail"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{file: texts/none.html}", "there is no file texts/none.html"),
        ("{file: texts/latin.html}", "is not UTF-8 text"),
        ("{file: texts/large.html}", "is larger than 65,536 bytes"),
        ("{file: texts}", "texts is not a file"),
        ("{file: ../outside.html}", "is not in the folder of the configuration"),
        ("{file: .git/config}", "is git's own"),
        ("{file: texts/config.html}", "is git's own"),
        ("{file: texts/link.html}", "is not in the folder of the configuration"),
        ("{path: texts/ada.html}", "write the text, or {file: PATH}"),
        ("{file: }", "write the text, or {file: PATH}"),
        ("[x]", "expected text"),
    ],
)
def test_a_file_that_cannot_hold_the_text_is_told_at_its_place(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(read_sources(folder(tmp_path, body)), TYPES)
    (wrong,) = caught.value.diagnostics
    assert said in wrong.message
    assert (wrong.address, wrong.position.line) == (ADA, 1)


@pytest.mark.parametrize(("name", "text"), [("ada", "<p>Grüße</p>"), ("most", "x" * 65_536)])
def test_a_text_may_stand_in_a_file_and_is_part_of_the_digest(tmp_path: Path, name: str, text: str) -> None:
    root = folder(tmp_path, f"{{file: texts/{name}.html}}")
    before = load(read_sources(root), TYPES)
    assert before.objects[Address.of(ADA)].values["body"] == text
    (root / "texts" / f"{name}.html").write_text("other")
    assert load(read_sources(root), TYPES).digest != before.digest


@pytest.mark.parametrize(
    ("ada", "said"),
    [
        ({"ada": {"body": "a", "default_signature": True}, "info": {"body": "i", "default_signature": True}},
         "default_signature is true of"),
        ({"ada": {"body": "a", "default_signature_replies": True}}, "no file can state this"),
    ],
)  # fmt: skip
def test_what_files_cannot_say(ada: dict[str, Any], said: str) -> None:
    with pytest.raises((ConfigError, AssertionError), match=r".*") as caught:
        configuration_of(files(ada))
    assert said in str(getattr(caught.value, "diagnostics", caught.value))


def doubled(request: Request, answer: Answer) -> Response:
    """A server that has each signature twice."""
    response = answer(request)
    if request.method != "GET" or not request.path.startswith("/api/signatures/"):
        return response
    rows = json.loads(response.body)
    rows["resources"] *= 2
    return Response(response.status, response.headers, json.dumps(rows).encode())


def test_an_account_with_two_of_an_identity_can_be_kept() -> None:
    lab = Lab(quirks={"signature_exists": "second"}, seed=seeded(ada={"body": "a"}))
    headers = {"x-api-token": TOKEN, "content-type": "application/json"}
    body = b'{"body": "b", "identity": "ada@a.example"}'
    assert lab.emulator.handle(Request("POST", "/api/signatures/EA10000001", {}, headers, body)).status == 201
    assert list(live(lab)) == ["ada@a.example"]


def test_two_live_ones_of_an_identity_stop_the_plan() -> None:
    lab = Lab(seed=seeded(ada={"body": "a"}), between=doubled)
    with pytest.raises(ConfigError) as caught:
        lab.plan(configuration_of(files({"ada": {"body": "a"}})))
    (wrong,) = caught.value.diagnostics
    assert "2 live signatures ada@a.example" in wrong.message
    assert wrong.address == ADA


@pytest.mark.parametrize(("todo", "gone"), [("keep", []), ("delete", [INFO])])
def test_strangers_go_where_the_settings_say_so(todo: str, gone: list[str]) -> None:
    lab = Lab(seed=seeded(ada={"body": "a"}, info={"body": "i"}))
    guards = {"signature": {"count": 5, "percent": 100}}
    plan = lab.plan(configuration_of(files({"ada": {"body": "a"}}, on_remove={"signature": todo}, guards=guards)))
    assert [str(one.address) for one in plan.changes] == gone
    assert [str(one) for one in plan.unmanaged] == ([] if gone else [INFO])


def test_what_goes_along_with_a_mailbox_is_told_and_blocks_nothing() -> None:
    seed = seeded(ada={"body": "a"}, info={"body": "i"})
    seed["domains"]["a.example"]["mailboxes"]["ada"]["address_books"] = {"Customers": {"contacts": {"x": {}, "y": {}}}}
    plan = Lab(seed=seed).plan(configuration_of("domains: {a.example: {mailboxes: {ada: {state: absent}}}}"))
    (change,) = plan.changes
    assert change.reason == "state: absent; with it go 2 signatures, 1 address book, 2 contacts"
    assert not plan.blocked
    assert dict(plan.requests) == {"signature": 1, "address_book": 1, "contact": 2}


def plan_of(lab: Lab, text: str, *patterns: str) -> Plan:
    targets = tuple(Pattern.of(one, TYPES) for one in patterns)
    return lab.plan(configuration_of(text), Options(targets=targets))


@pytest.mark.parametrize("rule", ["protect", "ignore"])
@pytest.mark.parametrize(
    ("pattern", "kind"),
    [("signature/*/info@*", "signature"), ("contact/*/*/B", "contact"), ("address_book/*/Personal", "address_book"),
     ("signature/*/other@*", "")],
)  # fmt: skip
def test_what_is_protected_or_ignored_does_not_go_along(pattern: str, kind: str, rule: str) -> None:
    seed = seeded(ada={"body": "a"}, info={"body": "i"})
    mailbox = seed["domains"]["a.example"]["mailboxes"]["ada"]
    mailbox["address_books"] = {"Customers": {"contacts": {"x": {"fullname": "B"}}}}
    tree = {rule: [pattern], "domains": {"a.example": {"mailboxes": {"ada": {"state": "absent"}}}}}
    plan = Lab(seed=seed).plan(configuration_of(json.dumps(tree)))
    assert plan.changes[0].reason == "state: absent; with it go 2 signatures, 1 address book, 1 contact"
    by_itself = rule == "ignore" and "Personal" in pattern  # it is in every mailbox, and there is nothing in it
    assert [(one.guard, one.kind) for one in plan.blocked] == ([("protect", kind)] if kind and not by_itself else [])


@pytest.mark.parametrize("todo", ["keep", "delete"])
def test_what_goes_along_with_a_mailbox_that_is_no_longer_declared_is_no_change_of_its_own(todo: str) -> None:
    settings = {"on_remove": {"mailbox": "delete", "signature": todo}}
    configuration = configuration_of(json.dumps({"settings": settings, "domains": {"a.example": {"mailboxes": {}}}}))
    since = frozenset({Address("mailbox", "ada@a.example"), *(Address(*one.split("/", 1)) for one in (ADA, INFO))})
    lab = Lab(seed=seeded(ada={"body": "a"}, info={"body": "i"}))
    plan = lab.plan(configuration, Options(removed_since=since))
    (change,) = plan.changes
    assert change.reason == "no longer declared (on_remove: delete); with it go 2 signatures"
    assert not plan.unmanaged


def test_only_what_files_mention_is_read_and_once_for_each_mailbox() -> None:
    mailboxes = {f"m{number}": {"firstname": "M"} for number in range(6)}
    lab = Lab(seed={"domains": {"a.example": {"mailboxes": mailboxes}}})
    plain = {"domains": {"a.example": {"mailboxes": {name: {} for name in mailboxes}}}}
    lab.plan(configuration_of(json.dumps(plain)))
    assert not [one for one in lab.emulator.requests if not one.path.startswith("/api/domains")]
    for name in ("m1", "m2"):
        plain["domains"]["a.example"]["mailboxes"][name] = {"signatures": {"x@a.example": {"body": "x"}}}
    lab.emulator.requests.clear()
    assert dict(lab.plan(configuration_of(json.dumps(plain))).requests) == {"signature": 2}
    lab.emulator.requests.clear()
    plan = plan_of(lab, json.dumps(plain), "signature/m1@a.example/*")
    assert [str(one.address) for one in plan.changes] == ["signature/m1@a.example/x@a.example"]
    assert dict(plan.requests) == {"signature": 1}
