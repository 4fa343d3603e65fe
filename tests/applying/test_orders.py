"""What is ordered costs money and has no name of its own: it is found again, and never ordered twice unasked."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qboxctl.config.configuration import Configuration
from qboxctl.config.settings import ApiSettings
from qboxctl.emulator import QUIRKS, Request, Response
from qboxctl.errors import ConfigError
from qboxctl.model import Outcome, Plan, Status
from qboxctl.planning import planfile
from qboxctl.planning.advisories import advise
from qboxctl.planning.targets import Options
from qboxctl.render.plans import FORMATS, picture
from qboxctl.render.style import PLAIN
from qboxctl.resources import TYPES
from qboxctl.schema.formats import folded, may_be_cut, relaxed_label
from qboxctl.schema.patterns import Pattern
from tests.support.lab import TOKEN, Lab, configuration_of
from tests.support.laws import many
from tests.support.strategies import as_yaml

PATH = "/api/delivery/accounts"
LONG = "Messages of the web shop that nobody answers to"
Answer = Callable[[Request], Response]


def configuration(*names: str, ignore: str = "[]", on_remove: str = "keep", **accounts: Any) -> Configuration:
    """A wish of accounts, by their keys."""
    bodies = {name: {"type": "newsletter"} for name in names}
    bodies |= {name: {"type": "newsletter", **body} for name, body in accounts.items()}
    settings = {"on_remove": {"delivery_account": on_remove}, "guards": {"percent": 100}}
    tree = {"settings": settings, "delivery": {"accounts": bodies}}
    return configuration_of(f"ignore: {ignore}", as_yaml(tree))


def account(*texts: str, **more: Any) -> dict[str, Any]:
    """A seed of live accounts with ids from 11 on."""
    blocks = {f"a{n}": {"id": str(11 + n), "description": text, "type": "newsletter"} for n, text in enumerate(texts)}
    return {"delivery": {"accounts": {name: {**block, **more} for name, block in blocks.items()}}}


def orders(lab: Lab) -> int:
    return sum(one.method == "POST" and one.path == PATH and one.status < 300 for one in lab.emulator.requests)


def warned(lab: Lab, configuration: Configuration) -> list[str]:
    return [
        one.code for one in advise(configuration, lab.read_live_state(configuration), lab.plan(configuration), TYPES)
    ]


# -- one text in many forms ----------------------------------------------------------------------------------------

FORMS = {
    "case": ("News Letters", "NEWS letters"),
    "blanks": ("News  \u00a0 Letters ", " News Letters"),
    "composition": ("Cafe\u0301", "Caf\u00e9"),
    "an entity": ("Bread & <Butter>", "Bread &amp; &lt;Butter&gt;"),
    "entities of entities": ("It's & co", "It&amp;#39;s &amp;amp; co"),
    "a letter as an entity": ("Caf\u00e9", "Caf&eacute;"),
    "sharp s": ("Stra\u00dfe", "STRASSE"),
}


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(("one", "other"), FORMS.values(), ids=FORMS)
def test_forms_of_a_text_are_one(one: str, other: str, swap: bool) -> None:
    one, other = (other, one) if swap else (one, other)
    assert folded(one) == folded(other)
    lab = Lab(seed=account(other, status="disabled"))
    found = lab.plan(configuration(news={"description": one, "status": "enabled"}))
    assert [(str(change.address), change.action.value, change.remote_id) for change in found.changes] == [
        ("delivery_account/news", "update", "11")
    ]
    assert [one.name for one in found.changes[0].fields] == ["status"], "a form is no difference"


@pytest.mark.parametrize(("one", "other"), FORMS.values(), ids=FORMS)
def test_two_declarations_in_two_forms_are_one_account_twice(one: str, other: str) -> None:
    with pytest.raises(AssertionError, match="have the same description"):
        configuration(a={"description": one}, b={"description": other})


@pytest.mark.parametrize("other", ["Newsletters", "News, letters", "News & Letters", "N\u00e9ws Letters"])
def test_other_texts_are_others(other: str) -> None:
    assert folded("News Letters") != folded(other)


@many(200)
@given(st.text(st.sampled_from("aB \u00c4\u00dfe\u0301\u0130&;ampMPlt#38\t\u00a0\u1e9e"), max_size=30))
def test_a_folded_text_is_its_own_form(text: str) -> None:
    key = relaxed_label(text)
    assert relaxed_label(key) == key
    assert folded(folded(text)) == folded(text) == folded(key)
    assert folded(unicodedata.normalize("NFD", text)) == folded(text)


@pytest.mark.parametrize("rule", ["protect", "ignore"])
@pytest.mark.parametrize("pattern", ["CAFE\u0301  & Co", "caf\u00e9 & co", "Caf\u00e9 &amp; Co", "caf\u00e9*"])
def test_a_rule_names_an_account_in_any_form(rule: str, pattern: str) -> None:
    text = (
        f"{rule}: [{json.dumps('delivery_account/' + pattern)}]\nsettings: {{on_remove: {{delivery_account: delete}}}}"
    )
    plan = Lab(seed=account("Caf\u00e9 &amp; Co")).plan(configuration_of(text, "delivery: {accounts: {}}"))
    assert [one.guard for one in plan.blocked] == (["protect"] if rule == "protect" else [])
    assert bool(plan.changes) == (rule == "protect")


def test_an_id_is_no_name() -> None:
    with pytest.raises(ConfigError) as caught:
        configuration_of("delivery: {accounts: {'#12': {type: newsletter}}}")
    assert "`id:` states one" in caught.value.diagnostics[0].message
    plan = Lab(seed=account("#12", "b", "B")).plan(configuration_of("delivery: {accounts: {}}"))
    assert [one.key for one in plan.unmanaged] == ["#11", "#12", "#13"]


# -- texts that the server has cut ---------------------------------------------------------------------------------


def test_only_a_long_beginning_may_be_a_cut() -> None:
    assert may_be_cut(LONG[:40], LONG)
    assert not may_be_cut(LONG[:31], LONG), "news is not what is left of newsletter"
    assert not may_be_cut(LONG, LONG[:40])
    assert not may_be_cut(LONG, LONG)


def test_what_was_cut_is_found_told_and_not_written_again() -> None:
    lab, cut = (
        Lab(seed=account(LONG[:40], "Short")),
        configuration("short", shop={"description": LONG, "status": "disabled"}),
    )
    plan = lab.plan(cut)
    assert [(str(one.address), one.remote_id, [f.name for f in one.fields]) for one in plan.changes] == [
        ("delivery_account/shop", "11", ["description", "status"])
    ], "what cannot be told goes along with another change"
    assert warned(lab, cut) == ["Q050"]
    lab.apply(cut, plan)
    assert lab.plan(cut).changes == ()
    pinned = configuration("short", shop={"description": LONG, "id": 11})
    assert warned(lab, pinned) == []


AMBIGUOUS = {
    "two that may be it": (account(LONG[:40], LONG[:39]), configuration(shop={"description": LONG}), "ids 11, 12"),
    "one for two": (
        account(LONG[:40]), configuration(a={"description": LONG}, b={"description": f"{LONG}, either"}), "ids 11",
    ),
    "one that would be removed": (
        account(LONG[:40]), configuration(a={"description": LONG, "state": "absent"}), "ids 11",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("seed", "files", "ids"), AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_where_a_cut_leaves_two_ways_the_id_is_asked_for(seed: dict[str, Any], files: Configuration, ids: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Lab(seed=seed).plan(files)
    for found in caught.value.diagnostics:
        assert found.code == "Q042"
        assert found.message.endswith(ids)
        assert found.hint == "say which one is meant, such as id: 11"


OTHERS = {
    "it is short": (account("news"), configuration("newsletter")),
    "a longer text shows that nothing was cut there": (
        account(LONG[:40], f"{LONG} at all"), configuration(shop={"description": LONG}),
    ),
    "it is declared itself": (
        account(LONG[:40]), configuration(shop={"description": LONG}, part={"description": LONG[:40]}),
    ),
    "it is pinned": (
        account(LONG[:40]), configuration(shop={"description": LONG}, part={"description": "x", "id": 11}),
    ),
    "it is on its way out": (account(LONG[:40]), configuration(shop={"description": LONG})),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_cut_is_another_account(name: str) -> None:
    seed, files = OTHERS[name]
    lab = Lab(seed=seed, quirks={"delete": "queued:99"})
    if "way out" in name:
        lab.emulator.handle(Request("DELETE", f"{PATH}/11", {}, {"x-api-token": TOKEN}))
    assert [one.action.value for one in lab.plan(files).changes if one.remote_id is None] == ["create"]


ODD = [f"{LONG}, and may not", "Cafe\u0301  & Sons", "Plain", " a  b ", "<b>&amp;</b> \u00dcber"]


@pytest.mark.parametrize("answer", QUIRKS["create_answer"])
@pytest.mark.parametrize("form", QUIRKS["descriptions"])
@pytest.mark.parametrize("detail", QUIRKS["list_detail"])
def test_whatever_the_server_makes_of_a_text_nothing_is_ordered_twice(form: str, answer: str, detail: str) -> None:
    lab = Lab(quirks={"descriptions": form, "create_answer": answer, "list_detail": detail})
    files = configuration(**{f"n{number}": {"description": text} for number, text in enumerate(ODD)})
    done = lab.apply(files)
    assert {one.status for one in done} == {Status.DONE}
    assert orders(lab) == len(ODD)
    told = [one.error for one in done if one.error]
    assert len(told) == (form == "cut")
    for text in told:
        assert "the server calls it 'Messages of the web shop that nobody ans': write that as its description" in text
    assert lab.plan(files).changes == ()
    assert lab.apply(files) == []


# -- the guard -----------------------------------------------------------------------------------------------------


def guards(plan: Plan) -> list[str]:
    return [one.guard for one in plan.blocked]


NEWS = Options(targets=(Pattern.of("delivery_account/news", TYPES),))
OLD = Options(excludes=(Pattern.of("delivery_account/old", TYPES),))
BLOCKED = {
    "the key was edited": (configuration("news"), account("old"), Options()),
    "the description was edited": (configuration(old={"description": "news"}), account("old"), Options()),
    "the old one goes": (configuration("news", on_remove="delete"), account("old"), Options()),
    "the old one is disabled": (configuration("news", on_remove="disable"), account("old"), Options()),
    "the old one is disabled already": (configuration("news"), account("old", status="disabled"), Options()),
    "it alone is asked for": (configuration("news"), account("old"), NEWS),
    "the old one is excluded": (configuration("news"), account("old"), OLD),
    "the other one is declared": (configuration("news", "older"), account("old", "older"), Options()),
    "two bear the name": (configuration("news"), account("old", "old"), Options()),
}
FREE = {
    "nothing else is live": (configuration("news"), {}, Options()),
    "nothing is ordered": (configuration("old"), account("old", "other"), Options()),
    "all others are declared": (configuration("news", "old"), account("old"), Options()),
    "the other one is declared, and excluded": (configuration("news", "old"), account("old"), OLD),
    "the other one is declared absent": (configuration("news", old={"state": "absent"}), account("old"), Options()),
    "the other one is ignored": (configuration("news", ignore="[delivery_account/OLD]"), account("old"), Options()),
    "it is pinned under its new name": (configuration(news={"id": 11}), account("old"), Options()),
}


@pytest.mark.parametrize(("files", "seed", "options"), BLOCKED.values(), ids=BLOCKED)
def test_nothing_is_ordered_beside_a_live_one_that_no_file_declares(
    files: Configuration, seed: dict[str, Any], options: Options
) -> None:
    lab = Lab(seed=seed)
    plan = lab.plan(files, options)
    assert guards(plan) == ["order"]
    (blocked,) = plan.blocked
    assert "would be ordered, which costs money, while delivery_account/" in blocked.message
    assert "(id 11)" in blocked.message
    assert "write id: 11" in blocked.way_out
    assert blocked.way_out.endswith(f"--acknowledge {plan.id}")
    saved = planfile.loads(planfile.dumps(plan), "a plan", TYPES)
    assert saved.blocked == plan.blocked
    assert [one.guard for one in lab.check_saved(files, saved, options).blocked] == ["order"]
    assert lab.check_saved(files, saved, options, plan.id[:8]).blocked == ()
    assert lab.check_saved(files, saved, options, "0" * 64).blocked == plan.blocked[:1]


@pytest.mark.parametrize(("files", "seed", "options"), FREE.values(), ids=FREE)
def test_an_order_is_not_blocked_without_a_reason(files: Configuration, seed: dict[str, Any], options: Options) -> None:
    assert guards(Lab(seed=seed).plan(files, options)) == []


def test_an_account_that_is_on_its_way_out_is_no_reason() -> None:
    lab = Lab(seed=account("old"), quirks={"delete": "queued:99"})
    lab.emulator.handle(Request("DELETE", f"{PATH}/11", {}, {"x-api-token": TOKEN}))
    assert guards(lab.plan(configuration("news"))) == []


def test_an_acknowledgement_is_not_offered_where_it_does_not_help() -> None:
    files = configuration_of(
        "protect: ['delivery_account/old']\nsettings: {on_remove: {delivery_account: delete}}\n"
        "delivery: {accounts: {news: {type: newsletter}}}"
    )
    plan = Lab(seed=account("old")).plan(files)
    assert guards(plan) == ["order", "protect"]
    assert not any("--acknowledge" in one.way_out for one in plan.blocked)


def test_an_account_that_comes_after_the_plan_blocks_it() -> None:
    lab, files = Lab(), configuration("news")
    plan = lab.plan(files)
    assert guards(plan) == []
    lab.apply(configuration("old"))
    assert [one.guard for one in lab.check_saved(files, plan).blocked] == ["order"]


def test_to_pin_the_id_keeps_the_account() -> None:
    lab, files = Lab(seed=account("old")), configuration(news={"id": 11})
    assert lab.plan(files).changes == ()
    renamed = configuration(news={"id": 11, "description": "news"})
    plan = lab.plan(renamed)
    assert [(one.action.value, one.remote_id) for one in plan.changes] == [("update", "11")]
    lab.apply(renamed, plan)
    assert lab.emulator.dump()["delivery"]["accounts"].keys() == {"news"}
    assert orders(lab) == 0


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("seed", [{}, account("old")], ids=["alone", "beside another"])
def test_an_order_is_told_in_every_picture(form: str, seed: dict[str, Any]) -> None:
    many_more = {f"more{number}": {} for number in range(60)}
    for files in (configuration("news"), configuration("news", on_remove="delete"), configuration("news", **many_more)):
        text = picture(Lab(seed=seed).plan(files), form, TYPES, PLAIN, None)
        grouped = form != "json" and len(files.objects) > 1  # one line tells it of all of them
        assert text.count("orders a new Delivery account (costs money)") == (1 if grouped else len(files.objects))


@pytest.mark.parametrize("state", ["unmanaged", "removed", "absent"])
def test_a_new_name_is_told_to_be_a_new_account(state: str) -> None:
    absent = {"old": {"state": "absent"}} if state == "absent" else {}
    files = configuration("news", on_remove="delete" if state == "removed" else "keep", **absent)
    assert warned(Lab(seed=account("old")), files) == ["Q049"]
    assert warned(Lab(), files) == []


# -- creations whose answers say little ----------------------------------------------------------------------------


def renaming(text: str) -> Callable[..., Response]:
    """A server that calls every new account otherwise."""

    def between(request: Request, answer: Answer) -> Response:
        if request.method == "POST" and request.path == PATH:
            body = json.loads(request.body)
            request = Request(
                request.method, PATH, {}, request.headers, json.dumps({**body, "description": text}).encode()
            )
        return answer(request)

    return between


def only(done: list[Outcome]) -> Outcome:
    (one,) = done
    return one


@pytest.mark.parametrize("answer", QUIRKS["create_answer"])
def test_the_only_new_account_is_the_one_that_was_ordered(answer: str) -> None:
    seed = account("one", "two")
    lab = Lab(quirks={"create_answer": answer}, seed=seed, between=renaming("Account no. 7"))
    files = configuration("one", "news", ignore="['delivery_account/two']", third={"description": "x", "id": 12})
    done = only([one for one in lab.apply(files) if one.address.key == "news"])
    assert done.status is Status.DONE
    assert done.error == "the server calls it 'Account no. 7': write that as its description, or id: 1001"
    assert guards(lab.plan(files)) == ["order"], "the next plan does not order it again"
    assert (
        lab.plan(
            configuration("one", news={"description": "Account no. 7"}, third={"description": "x", "id": 12})
        ).changes
        == ()
    )


def test_where_two_are_new_nobody_takes_one() -> None:
    lab = Lab(quirks={"create_answer": "nothing"}, between=renaming("Account"))
    lab.between = two_at_once(lab, "other", before=True, then=renaming("Account"))
    done = only(lab.apply(configuration("news")))
    assert done.status is Status.UNKNOWN
    assert "which one it is cannot be told" in str(done.error)


def test_another_type_is_not_the_one_that_was_ordered() -> None:
    def other(request: Request, answer: Answer) -> Response:
        if request.method == "POST" and request.path == PATH:
            return answer(Request("POST", PATH, {}, request.headers, b'{"description": "x", "type": "transactional"}'))
        return answer(request)

    lab = Lab(quirks={"create_answer": "nothing"}, between=other)
    assert only(lab.apply(configuration("news"))).status is Status.UNKNOWN


def test_an_order_that_was_taken_and_cannot_be_looked_up_is_not_called_failed() -> None:
    ordered: list[Request] = []

    def blind(request: Request, answer: Answer) -> Response:
        if request.method == "POST":
            ordered.append(request)
        return Response(500) if ordered and request.method == "GET" else answer(request)

    lab = Lab(quirks={"create_answer": "nothing"}, between=blind)
    done = only(lab.apply(configuration("news")))
    assert (done.status, len(ordered)) == (Status.UNKNOWN, 1)
    lab.between = None
    assert lab.plan(configuration("news")).changes == ()


# -- two runs at once ----------------------------------------------------------------------------------------------


def two_at_once(lab: Lab, rival: str, *, before: bool, then: Any = None) -> Callable[..., Response]:
    """Another run orders in the same instant, a moment before or after this one."""
    sent: list[Request] = []

    def between(request: Request, answer: Answer) -> Response:
        first = request.method == "POST" and request.path == PATH and not sent
        if not first:
            return answer(request)
        sent.append(request)
        other = Request(
            "POST", PATH, {}, request.headers, json.dumps({"description": rival, "type": "newsletter"}).encode()
        )
        if before:
            lab.emulator.handle(other)
        response = then(request, answer=answer) if then else answer(request)
        if not before:
            lab.emulator.handle(other)
        return response

    return between


def test_what_another_run_orders_for_another_declaration_is_not_taken() -> None:
    lab = Lab(quirks={"create_answer": "nothing"}, api=ApiSettings(concurrency=1))
    lab.between = two_at_once(lab, "zed", before=True, then=renaming("Account"))
    done = {one.address.key: one for one in lab.apply(configuration("news", "zed"))}
    assert {key: one.status for key, one in done.items()} == {"news": Status.DONE, "zed": Status.IN_EFFECT}
    assert "the server calls it 'Account'" in str(done["news"].error)
    assert orders(lab) == 2


@pytest.mark.parametrize("rival", ["news", " NEWS "])
@pytest.mark.parametrize("before", [True, False])
def test_two_orders_in_the_same_instant_are_told(before: bool, rival: str) -> None:
    lab = Lab()
    lab.between = two_at_once(lab, rival, before=before)
    done = only(lab.apply(configuration("news")))
    assert done.status is Status.DONE
    assert done.error == (
        "another order of the same name was made at the same time: ids 1001 and 1002; 1002 is the younger; "
        "keep one of them with id: 1001"
    )
    assert len(lab.emulator.dump()["delivery"]["accounts"]) == 2, "nothing is undone"
    with pytest.raises(ConfigError, match="1 problem"):
        lab.plan(configuration("news"))


def test_the_younger_of_two_is_the_larger_number() -> None:
    seed = {"delivery": {"accounts": {"x": {"id": "9998", "description": "x", "type": "newsletter"}}}}
    lab = Lab(seed=seed)
    lab.between = two_at_once(lab, "news", before=True)
    done = only([one for one in lab.apply(configuration("news", x={})) if one.address.key == "news"])
    assert "ids 9999 and 10000; 10000 is the younger" in str(done.error)


def test_an_order_of_another_name_at_the_same_instant_is_no_news() -> None:
    lab = Lab()
    lab.between = two_at_once(lab, "other", before=True)
    assert only(lab.apply(configuration("news"))).error is None


@pytest.mark.parametrize("number", range(4))
def test_texts_of_which_one_begins_another_are_two_orders(number: int) -> None:
    """Under each order of threads: what this plan orders is never taken for the cut text of a sibling."""
    files = configuration(**{f"n{n}": {"description": LONG[: 47 - (n + number) % 4 * 3]} for n in range(4)})
    lab = Lab()
    assert {one.status for one in lab.apply(files)} == {Status.DONE}
    assert orders(lab) == 4
    assert lab.plan(files).changes == ()
