"""The laws that hold for every kind, at random: under each quirk, under many at once, and under faults."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from qboxctl.config.changes import difference, edit
from qboxctl.config.configuration import Configuration
from qboxctl.config.loader import load
from qboxctl.config.settings import ApiSettings
from qboxctl.config.yaml.reader import Source
from qboxctl.emulator import Request, Response
from qboxctl.errors import QboxctlError, StalePlanError
from qboxctl.model import Action, Address, Change, Outcome, Plan, Status
from qboxctl.planning import planfile
from qboxctl.planning.graph import order, writes
from qboxctl.planning.holding import gained, lost
from qboxctl.planning.targets import Options
from qboxctl.render import outcomes as render_outcomes
from qboxctl.render import plan_text
from qboxctl.resources import TYPES
from qboxctl.schema.calls import readable
from qboxctl.schema.patterns import Pattern
from tests.support.expect import check, objects, told
from tests.support.lab import ENVIRON, PASSWORD, TOKEN, Lab, NowBlockedError, configuration_of, socket_lab
from tests.support.laws import SOCKETS, apart, held, many, plan_of, possible
from tests.support.strategies import (
    ALIAS_DOMAINS,
    DOMAINS,
    FIXED,
    SECRET,
    SINGLE_QUIRKS,
    TIMEOUT,
    UNMODELLED,
    accounts,
    as_yaml,
    faults,
    moves,
    quirks,
    troubles,
    wishes,
)

BLIND = frozenset(
    {"autoresponder_enabled", "autoresponder_subject", "autoresponder_body", "autoresponder_start_date",
     "autoresponder_end_date", "autoresponder_intervals_enabled", "timezone", "language", "tags",
     "imap_disabled", "pop_disabled", "smtp_disabled", "webmail_disabled"}
)  # fmt: skip
"""What the quirk list_detail=blind hides."""
LIMITS = frozenset(one.name for one in TYPES["manager"].fields if not one.holder)
"""What nothing tells of a manager where neither its list nor its details do."""
FLAG = "force_new_password"
"""Volatile: it is compared until a mailbox is used, and goes out together with the first password."""


@apart()
def obey(lab: Lab, tree: dict[str, Any], seed: dict[str, Any]) -> None:
    """Apply once: the account is the wish, the second plan is empty, nothing else was touched."""
    assume(possible(seed, tree, lab.quirks))
    without_lists(lab, tree)
    configuration = configuration_of(as_yaml(tree))
    for name in (*DOMAINS, *ALIAS_DOMAINS):
        lab.emulator.publish(name)
    before = lab.emulator.dump(codes=False)
    plan = plan_of(lab, configuration)
    assert not [one for one in lab.emulator.requests if one.method != "GET" and not one.path.endswith("/details")]
    assert planfile.loads(planfile.dumps(plan), "a plan", TYPES) == plan
    lab.emulator.requests.clear()
    done = lab.apply(configuration, plan, acknowledge=plan.id)
    sent = [one for one in lab.emulator.requests if one.method != "GET" and not one.path.endswith("/details")]
    tried, sent = len(sent), [one for one in sent if one.status not in (404, 405)]  # the API has no such call
    proofs = [one for one in sent if "dns_ownership_check" in one.path]
    first_disabled = 2 * sum(one.method == "DELETE" and one.status == 422 for one in sent)
    least = len(sent) - len(proofs) - first_disabled
    assert least <= writes(plan.changes, TYPES) <= tried + len(plan.changes)
    assert {one.status for one in done} <= {Status.DONE}, [one for one in done if one.status is not Status.DONE]
    check(before, tree, lab.emulator.dump(codes=False), blind(lab))
    held(lab, configuration, objects(before), objects(lab.emulator.dump(codes=False)))
    again = all_known(lab, configuration, lab.plan(configuration), plan)
    assert again.changes == (), again.changes
    guarded(lab, configuration, before, again)
    twice = {str(change.address) for change in plan.changes if (FLAG, True) in {one[::2] for one in change.fields}}
    for address, number in lab.emulator.password_sets.items():
        assert number <= (2 if address in twice else 1)
    everybody_logs_in(lab)
    assert lab.plan(configuration).changes == (), "what a user has changed is not taken back"
    shown = planfile.dumps(plan) + plan_text.render(plan, TYPES) + render_outcomes.as_json(plan.id, done)
    for canary in (PASSWORD, TOKEN):
        assert canary not in shown + "".join(lab.log)


def without_lists(lab: Lab, tree: dict[str, Any]) -> None:
    """Take out of a wish what cannot be found where the API has no list of it, and no file knows its id."""
    if lab.quirks.get("addressbook_list") == "absent":
        for mailbox in (one for domain in tree["domains"].values() for one in domain.get("mailboxes", {}).values()):
            mailbox.pop("address_books", None)
    if lab.quirks.get("manager_read") == "absent":
        there = lab.seed["managers"]
        held = {name: tree["domains"].keys() & set(body.get("domains", ())) for name, body in there.items()}
        for name, body in list(tree.get("managers", {}).items()):
            told = name in there or lab.quirks.get("create_answer") != "nothing"
            if not body.get("domains") or not held.get(name, True) or not told:
                del tree["managers"][name]


def without_unknown(lab: Lab, tree: dict[str, Any]) -> None:
    """Take out of a wish what nobody would find again after its creation was broken off."""
    without_lists(lab, tree)
    if lab.quirks.get("manager_read") == "absent":
        tree.pop("managers", None)


def all_known(lab: Lab, configuration: Configuration, plan: Plan, earlier: Plan) -> Plan:
    """The next plan, where this one only sends what could not be known before the last apply, as the plan then said.

    Nobody had a key before, or a count that is 0 now tells that a list, of which nothing else tells, is empty.
    """
    keys = {(type_.kind, one.name) for type_ in TYPES.values() for one in type_.among}
    unsure = {(row.address, name) for row in earlier.unverifiable for name in row.fields}
    sent = [(one.address, each.name) for one in plan.changes for each in one.fields]
    if not sent or not all(one in unsure or (one[0].kind, one[1]) in keys for one in sent):
        return plan
    broke = True
    while broke:  # by the faults that are left over
        lab.emulator.requests.clear()
        with suppress(QboxctlError):
            lab.apply(configuration, plan, acknowledge=plan.id)
        broke = lab.broke()
        plan = plan_at_last(lab, configuration)
    return plan


def blind(lab: Lab) -> frozenset[str]:
    """The attributes that the account tells nothing of."""
    hidden = BLIND if lab.quirks.get("list_detail") == "blind" else frozenset()
    unsure = "hidden" in (lab.quirks.get("force_new_password"), lab.quirks.get("last_access"))
    unmodelled = {UNMODELLED} if lab.quirks.get("unmodelled") == "never" else set()
    boxes = lab.quirks.get("vault_read")
    unread = boxes == "none" or (boxes == "mailbox" and lab.quirks.get("list_detail") == "abridged")
    managers = lab.quirks.get("manager_read", "present")
    limits = managers == "absent" or (managers == "list_only" and lab.quirks.get("list_detail") == "abridged")
    unread_limits = LIMITS if limits else frozenset()
    return unread_limits | ({"mailboxes"} if unread else set()) | hidden | unmodelled | ({FLAG} if unsure else set())


def guarded(lab: Lab, configuration: Configuration, before: dict[str, Any], plan: Plan) -> None:
    """No mailbox that a run made can be opened with the first password but has to be given another, as was declared.

    Where that cannot be known, the plan says so.
    """
    was, now = objects(before), objects(lab.emulator.dump(codes=False))
    doubted = {row.address for row in plan.unverifiable if FLAG in row.fields}
    for address, desired in configuration.objects.items():
        if desired.values.get(FLAG) and not desired.absent:
            assert now[str(address)][FLAG] or address in doubted, f"{address}: nobody tells that {FLAG} is off"
        if "password" in desired.secrets and str(address) not in was:
            opens = lab.emulator.has_password(str(address), PASSWORD)
            assert opens or address in doubted, f"{address}: nobody tells that it has no password"
            assert not opens or now[str(address)].get(FLAG) or not desired.values.get(FLAG)


def everybody_logs_in(lab: Lab) -> None:
    """Each user who knows the first password does what its mailbox wants."""
    for address in lab.emulator.password_sets:
        kind, _, mailbox = address.partition("/")
        if kind == "mailbox":
            lab.emulator.log_in(mailbox, PASSWORD, "a-Secret-0f-my-own")


@pytest.mark.parametrize(("name", "value"), SINGLE_QUIRKS, ids=[f"{name}={value}" for name, value in SINGLE_QUIRKS])
@many(4)
@given(seed=accounts(), tree=wishes())
def test_apply_then_plan_is_empty_under_each_quirk(name: str, value: str, seed: dict, tree: dict) -> None:
    obey(Lab(quirks={name: value}, seed=seed), tree, seed)


@many(150)
@given(seed=accounts(), tree=wishes(), chosen=quirks())
def test_apply_then_plan_is_empty_under_many_quirks(seed: dict, tree: dict, chosen: dict) -> None:
    obey(Lab(quirks=chosen, seed=seed), tree, seed)


@many(60)
@given(seed=accounts(), tree=wishes(), chosen=quirks(3), data=st.data())
def test_a_plan_does_not_depend_on_order(seed: dict, tree: dict, chosen: dict, data: st.DataObject) -> None:
    lab = Lab(quirks=chosen, seed=seed)
    plan = plan_of(lab, configuration_of(as_yaml(tree)))
    keys = list(tree)
    parts = data.draw(st.permutations([as_yaml({key: _turned(tree[key])}) for key in keys]))
    other = Lab(quirks={**chosen, "order": "shuffled"}, seed=seed).plan(configuration_of(*parts))
    assert planfile.dumps(other) == planfile.dumps(plan)


def with_removals(seed: dict[str, Any], tree: dict[str, Any]) -> dict[str, Any]:
    """The wish, in which whatever else is live in its domains is declared absent."""
    tree["settings"]["on_remove"] = {}
    for name, domain in tree["domains"].items():
        for section in ("mailboxes", "aliases"):
            for local in seed["domains"].get(name, {}).get(section, {}):
                if local not in {**domain.get("mailboxes", {}), **domain.get("aliases", {})}:
                    domain.setdefault(section, {})[local] = {"state": "absent"}
        for other in seed["domains"].get(name, {}).get("domain_aliases", {}):
            domain.setdefault("domain_aliases", {}).setdefault(other, {"state": "absent"})
    return tree


def needed(plan: Plan, wanted: Iterable[Address]) -> list[Change]:
    """Some changes of a plan, with all that these need."""
    waits = defaultdict(set)
    for step, others in order(plan.changes, TYPES).needs.items():
        waits[step.address] |= {other.address for other in others}
    todo, kept = list(wanted), set()
    while todo:
        one = todo.pop()
        todo += waits[one] - kept
        kept.add(one)
    return [change._replace(needs=()) for change in plan.changes if change.address in kept]


def given_beyond(whole: Plan, some: list[Change]) -> set[str]:
    """What some changes of a plan take from an object for one that is not among them: a part does not take that."""
    kept = {change.address for change in some}
    others = [change for change in whole.changes if change.address not in kept]
    taken = {name for change in some for name in lost(TYPES[change.address.kind], change)}
    return taken & {name for change in others for _, name in gained(TYPES, change)}


@many(150)
@given(seed=accounts(), tree=wishes(), data=st.data())
def test_a_plan_for_targets_is_a_part_of_the_whole_one(seed: dict, tree: dict, data: st.DataObject) -> None:
    configuration = configuration_of(as_yaml(with_removals(seed, tree)))
    whole = plan_of(Lab(seed=seed), configuration)
    assume(whole.changes)
    address = data.draw(st.sampled_from([change.address for change in whole.changes]))
    home = address.key.rpartition("@")[2]
    texts = [str(address), f"*/{address.key}", f"{address.kind}{'/*' * TYPES.segments(address.kind)}"]
    flat = TYPES.segments(address.kind) == 1
    if flat and home.isascii():  # a wildcard beside other letters is refused, unless no domain can be meant
        texts += [f"*/*{home}", f"{address.kind}/*[@]{home}"]
    pattern = Pattern.of(data.draw(st.sampled_from(texts)), TYPES)
    assume(any(map(pattern.matches, configuration.objects)))
    lab, options = Lab(seed=seed), Options(targets=(pattern,))
    plan = lab.plan(configuration, options)
    assert lab.check_saved(configuration, plan, options).todo == plan.changes, "saved, it is what is asked for today"
    expected = needed(whole, [change.address for change in whole.changes if pattern.matches(change.address)])
    assume(not given_beyond(whole, expected))
    assert [change._replace(needs=()) for change in plan.changes] == expected


@many(100)
@given(seed=accounts(), before=wishes(), tree=wishes(), removing=st.sampled_from(["disable", "delete"]),
       same_people=st.booleans(), unsaid=st.sampled_from(["", *DOMAINS[:2]]))  # fmt: skip
def test_a_plan_for_what_changed_is_a_part_of_the_whole_one(
    seed: dict, before: dict, tree: dict, removing: str, same_people: bool, unsaid: str
) -> None:
    """Each configuration is two files, one of people and one of all else; what is the same in both was not touched."""
    with_removals(seed, tree)["settings"]["on_remove"] = {"mailbox": removing, "delivery_account": removing}
    if same_people:
        for name, domain in tree["domains"].items():
            before["domains"].setdefault(name, {})["mailboxes"] = domain.setdefault("mailboxes", {})
        before["domains"] = {name: before["domains"][name] for name in tree["domains"]}
    earlier, today = _two_files({**before, "settings": tree["settings"]}), _two_files(tree, unsaid)
    texts = {source.text for source in earlier}
    then = [one for one in earlier if one.text not in {other.text for other in today}]
    configuration = load(today, TYPES)
    found = difference(edit(then, [one for one in today if one.text not in texts], TYPES), configuration)
    assert not found.rules
    options = Options(removed_since=found.gone)
    narrow = replace(options, only=found.changed | found.gone)
    whole = plan_of(Lab(seed=seed), configuration, options)
    lab = Lab(seed=seed)
    plan = lab.plan(configuration, narrow)
    assert lab.check_saved(configuration, plan, narrow).todo == plan.changes
    expected = needed(whole, [change.address for change in whole.changes if change.address in (narrow.only or ())])
    assume(not given_beyond(whole, expected))
    assert [change._replace(needs=()) for change in plan.changes] == expected

    was = load(earlier, TYPES).objects
    said = {one: (desired.values, desired.secrets, desired.extra, desired.absent) for one, desired in was.items()}
    for address, desired in configuration.objects.items():
        now = (desired.values, desired.secrets, desired.extra, desired.absent)
        assert address in found.changed or said.get(address) == now, address


def _two_files(tree: dict[str, Any], unsaid: str = "") -> list[Source]:
    """A wish in two files, without what it says of one domain itself."""
    people: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, domain in tree["domains"].items():
        people |= {name: {"mailboxes": domain["mailboxes"]}} if "mailboxes" in domain else {}
        others |= {name: {key: one for key, one in domain.items() if key != "mailboxes"}} if name != unsaid else {}
    defaults = {"domain": {**FIXED, "postmaster_password": SECRET, "antispam_level": 1}}
    rest = {**tree, "defaults": defaults, "domains": others}
    return [Source("people", as_yaml({"domains": people})), Source("rest", as_yaml(rest))]


def _turned(tree: Any) -> Any:
    """The same mapping with its keys in another order."""
    if isinstance(tree, dict):
        return {key: _turned(tree[key]) for key in reversed(tree)}
    return tree


BAD = {"bad": st.lists(faults(), max_size=3), "lost": st.lists(troubles(), max_size=2)}
"""What breaks: answers, and the way to the server."""
LONGEST = 60
"""More runs than the faults of a case can disturb."""
HURRIED = ApiSettings(concurrency=4, timeout=TIMEOUT)


@many(150)
@given(seed=accounts(), tree=wishes(), chosen=quirks(), **BAD)
def test_three_runs_reach_the_wish_under_faults(seed: dict, tree: dict, chosen: dict, bad: list, lost: list) -> None:
    assume(possible(seed, tree, chosen))
    survive(Lab(quirks=chosen, faults=bad, troubles=lost, seed=seed, api=HURRIED), tree)


@pytest.mark.slow
@settings(many(25), max_examples=SOCKETS or 25)
@given(seed=accounts(), tree=wishes(), chosen=quirks(), **BAD)
def test_three_runs_reach_the_wish_over_sockets(seed: dict, tree: dict, chosen: dict, bad: list, lost: list) -> None:
    assume(possible(seed, tree, chosen))
    with socket_lab(quirks=chosen, faults=bad, troubles=lost, seed=seed, api=HURRIED) as lab:
        survive(lab, tree)


@many(100)
@given(seed=accounts(), tree=wishes(), chosen=quirks(3), number=st.integers(1, 40), killed=st.booleans(),
       flagged=st.booleans())  # fmt: skip
@apart()
def test_a_run_stopped_anywhere_tells_what_it_did_and_the_next_one_knows_the_rest(
    seed: dict, tree: dict, chosen: dict, number: int, killed: bool, flagged: bool
) -> None:
    """In order, as by Ctrl-C, or by force: then nothing reaches the account any more, and nothing is reported."""
    assume(possible(seed, tree, chosen))
    for body in (body for domain in tree["domains"].values() for body in domain.get("mailboxes", {}).values()):
        body |= {FLAG: True} if flagged else {}
    seen: list[Request] = []

    def stopping(request: Request, answer: Any) -> Response:
        seen.append(request)
        if len(seen) >= number:
            stop.set()
        return Response(0, broken="drop") if killed and len(seen) > number else answer(request)

    lab = Lab(quirks=chosen, seed=seed, api=HURRIED)
    without_unknown(lab, tree)
    configuration = configuration_of(as_yaml(tree))
    for name in (*DOMAINS, *ALIAS_DOMAINS):
        lab.emulator.publish(name)
    before = lab.emulator.dump(codes=False)
    plan = plan_of(lab, configuration)
    stop = lab.stop
    lab.between = stopping
    half = {str(change.address) for change in plan.changes} if killed else set()
    with suppress(QboxctlError):
        done = lab.apply(configuration, plan, acknowledge=plan.id)
        if not killed:
            told(plan.changes, done, before, lab.emulator.dump(codes=False))
            half = {str(one.address) for one in done if one.status not in (Status.DONE, Status.IN_EFFECT)}
    lab.between = None
    lab.stop = Event()  # a reading that was broken off may still set the old one
    rest = lab.plan(configuration)
    assert {one.status for one in lab.apply(configuration, rest, acknowledge=rest.id)} <= {Status.DONE}
    check(before, tree, lab.emulator.dump(codes=False), blind(lab), frozenset(half))
    held(lab, configuration, objects(before), objects(lab.emulator.dump(codes=False)))
    last = all_known(lab, configuration, lab.plan(configuration), rest)
    assert last.changes == ()
    guarded(lab, configuration, before, last)


def endless(lab: Lab, one: Outcome) -> bool:
    """Whether no call ends a Vault: its last mailbox went with an archive that could not be cleared before."""
    missing = lab.quirks.get("vault_domain_delete") == "absent" and "this API has no such call" in (one.error or "")
    return missing and (one.address.kind, one.action) == ("vault", Action.DELETE)


@apart()
def survive(lab: Lab, tree: dict[str, Any]) -> None:
    """Run plan and apply until nothing breaks: the end is the wish, nothing twice, nothing foreign.

    Three runs are enough, unless something broke in each of them; the first run in which nothing does must end it,
    wherever the ones before were stopped. So must the second that reports all as done, where no list hid anything.
    """
    without_unknown(lab, tree)
    configuration = configuration_of(as_yaml(tree))
    for name in (*DOMAINS, *ALIAS_DOMAINS):
        lab.emulator.publish(name)
    before = lab.emulator.dump(codes=False)
    broken_off: set[str] = set()
    busy = False  # the server may still be at what a request asked for whose answer was lost
    for number in range(1, LONGEST):
        lines = _journal(number)
        done = None
        try:
            plan = plan_of(lab, configuration)
            found = lab.emulator.dump(codes=False)
            done = lab.apply(configuration, plan, journal=lines, acknowledge=plan.id)
            told(plan.changes, done, found, lab.emulator.dump(codes=False))
        except StalePlanError as stale:  # only a create that was lost may do this, and planning again must mend it
            if not lab.moved():
                raise AssertionError("nobody else writes here") from stale
        except QboxctlError as error:
            event(f"run {number} ended by {type(error).__name__}")
        finally:
            broke, moved = lab.broke(), lab.moved()
            _truthful(lab, lines)
        late = [one for one in done or () if one.status not in (Status.DONE, Status.IN_EFFECT)]
        if any(str(one.address) in broken_off and endless(lab, one) for one in late):
            return  # that is told, with what to do in the panel
        if not broke and (done is not None or not busy):
            assert done is not None, "a run in which nothing broke has to end"
            assert not late, late
            break
        busy = broke
        broken_off |= {str(one.address) for one in late}
        if done is not None and not late and number > 1 and not moved:
            break
    else:
        raise AssertionError("faults are finite")
    check(before, tree, lab.emulator.dump(codes=False), blind(lab), frozenset(broken_off))
    held(lab, configuration, objects(before), objects(lab.emulator.dump(codes=False)))
    ordered = lab.emulator.dump()["delivery"]["accounts"].values()
    names = [one["description"] for one in ordered]
    assert len(names) == len(set(names)), f"ordered twice: {names}"
    last = all_known(lab, configuration, plan_at_last(lab, configuration), plan)
    assert last.changes == ()
    guarded(lab, configuration, before, last)
    assert PASSWORD not in "".join(lab.log)
    assert TOKEN not in "".join(lab.log)


@many(150)
@given(seed=accounts(), chosen=quirks(), bad=st.lists(moves(), min_size=1, max_size=3), doomed=st.sampled_from(DOMAINS),
       declared=st.booleans())  # fmt: skip
def test_no_domain_goes_with_what_a_list_hides(
    seed: dict, chosen: dict, bad: list, doomed: str, declared: bool
) -> None:
    """A domain, and all that the configuration knows in it, is to go; what else is in it keeps it where it is."""
    inside = seed["domains"].setdefault(doomed, {**FIXED, "mailboxes": {}, "aliases": {}})
    seed["domains"]["empty.example"] = {}  # it shows that no counter counts postmasters
    gone = {"mailboxes": {}, "aliases": {}, "domain_aliases": {}}
    for section in gone if declared else ():
        gone[section] = {local: {"state": "absent"} for local in inside.get(section, {})}
    configuration = configuration_of(as_yaml({"settings": {"guards": {"count": 1000, "percent": 100}},
                            "domains": {doomed: {"state": "absent", **gone}}}))  # fmt: skip
    lab = Lab(quirks=chosen, faults=bad, seed=seed, api=HURRIED)
    before = lab.emulator.dump(codes=False)["domains"]
    planned: set[str] = set()
    with suppress(QboxctlError, NowBlockedError):
        plan = lab.plan(configuration)
        planned = {str(change.address) for change in plan.changes if change.action is Action.DELETE}
        if not plan.blocked:
            lab.apply(configuration, plan)
    after = lab.emulator.dump(codes=False)["domains"]
    left = after.get(doomed, {})
    lost = {
        f"{one.kind}/{TYPES.key(one.kind, name, doomed)}"
        for one in TYPES.children("domain")
        if not one.identity.alone
        for name in before[doomed].get(one.section[0], {}).keys() - left.get(one.section[0], {}).keys()
    }
    assert lost <= planned, lost - planned
    assert {name: one for name, one in after.items() if name != doomed} == {
        name: one for name, one in before.items() if name != doomed
    }
    event("deleted" if doomed not in after else "kept")


def plan_at_last(lab: Lab, configuration: Configuration) -> Plan:
    """A plan, once the faults that are left over have been spent."""
    for _ in range(LONGEST):
        lab.emulator.requests.clear()
        with suppress(QboxctlError):
            plan = lab.plan(configuration)
            if not lab.moved():
                return plan
    return lab.plan(configuration)


def _journal(number: int) -> Path:
    folder = Path(os.environ.get("TMPDIR", "/tmp"))
    path = folder / f"qboxctl-laws-{os.getpid()}-{number}.jsonl"
    path.unlink(missing_ok=True)
    return path


def _truthful(lab: Lab, path: Path) -> None:
    """Every write that reached the account was recorded before it went out; no secret is in the record.

    A run that stopped before its first write has no record.
    """
    text = path.read_text() if path.exists() else ""
    path.unlink(missing_ok=True)
    for canary in (TOKEN, *ENVIRON.values()):
        assert canary not in text
    events = [json.loads(line) for line in text.splitlines()]
    intended = {readable(one["message"]) for one in events if one["event"] == "intended"}
    sent = {
        f"{one.method} {one.path}"
        for one in lab.emulator.requests
        if one.method != "GET" and not one.path.endswith("/details")
    }
    lab.emulator.requests.clear()
    assert sent <= intended, sent - intended


@many(60)
@given(st.text(alphabet=st.characters(codec=None), max_size=12), st.booleans())
def test_whatever_an_account_holds_can_be_planned_saved_and_shown(text: str, chat: bool) -> None:
    def odd(request: Request, answer: Any) -> Response:
        response = answer(request)
        rows = json.loads(response.body or b"null")
        if request.method == "GET" and rows and request.path.endswith("/email_accounts"):
            rows["resources"][0] |= {"lastname": text, "language": text, "tags": [text], "status_detail": "ok"}
            return Response(response.status, response.headers, json.dumps(rows).encode())
        return response

    lab = Lab(seed={"domains": {"a.example": {"mailboxes": {"ada": {"firstname": "Ada"}}}}}, between=odd)
    body = {"lastname": "Lovelace", "language": "en", "tags": ["vip"], "spam_in_inbox": chat}
    plan = lab.plan(configuration_of(as_yaml({"domains": {"a.example": {"mailboxes": {"ada": body}}}})))
    saved = planfile.dumps(plan)
    assert planfile.loads(saved, "a plan", TYPES) == plan
    saved.encode("utf-8")
    shown = plan_text.render(plan, TYPES)
    shown.encode("utf-8")
    assert all(char.isprintable() or char == "\n" for char in shown)


@pytest.mark.parametrize("description", ["x" * 500, "two\nlines", "\x1b[2J", "Ordinary"])
def test_an_account_that_no_file_declares_has_an_address_that_can_be_saved(description: str) -> None:
    def odd(request: Request, answer: Any) -> Response:
        response = answer(request)
        if request.path != "/api/delivery/accounts":
            return response
        rows = json.loads(response.body)
        rows["resources"][0]["description"] = description
        return Response(response.status, response.headers, json.dumps(rows).encode())

    lab = Lab(seed={"delivery": {"accounts": {"a": {"type": "newsletter"}}}}, between=odd)
    plan = lab.plan(configuration_of("delivery: {accounts: {}}"))
    assert planfile.loads(planfile.dumps(plan), "a plan", TYPES) == plan
    wanted = (
        " ".join(description.lower().split())
        if description in ("Ordinary", "two\nlines")
        else f"#{next(iter(lab.emulator.dump()['delivery']['accounts'].values()))['id']}"
    )
    assert [one.key for one in plan.unmanaged] == [wanted]
