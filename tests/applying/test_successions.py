"""One thing in the place of another: all that it had passes over in one run, and the next plan is empty."""

from __future__ import annotations

import pytest

from qboxctl.applying.pace import Patience
from qboxctl.errors import ConfigError
from qboxctl.model import Status
from tests.support.lab import Lab, NowBlockedError, configuration_of

REMOVING = "settings: {guards: {count: 100, percent: 100}, on_remove: {mailbox: delete, alias: delete}}\n"
BOX = "{firstname: A, password: {env: PW}}"
BIG = "{firstname: A, password: {env: PW}, max_email_quota: 25GB}"
SMALL = "{firstname: A, password: {env: PW}, max_email_quota: 8GB}"


def domain(*lines: str) -> str:
    body = "".join(f"    {line}\n" for line in ("postmaster_password: {env: PW}", *lines))
    return f"{REMOVING}domains:\n  example.com:\n{body}"


CATCH_ALL = "catch_all_enabled: true"
BANDS = ("max_email_quota: 25GB", "max_email_accounts_25gb: 1")
SUCCESSIONS = {
    "a name that a catch-all leaves, and what takes that name is led to by its successor": (
        domain(CATCH_ALL, "catch_all_destination: info@example.com", "mailboxes: {}", "aliases: {info: [x@out.org]}"),
        domain(CATCH_ALL, "catch_all_destination: all@example.com", f"mailboxes: {{info: {BOX}}}",
               "aliases: {all: [info@example.com]}"),
    ),
    "a band from one to another": (
        domain(*BANDS, f"mailboxes: {{ada: {SMALL}, bob: {BIG}}}"),
        domain(*BANDS, f"mailboxes: {{ada: {BIG}, bob: {SMALL}}}"),
    ),
    "a band from one that goes": (
        domain(*BANDS, f"mailboxes: {{ada: {SMALL}, bob: {BIG}}}"), domain(*BANDS, f"mailboxes: {{ada: {BIG}}}"),
    ),
    "a band to a new one": (
        domain(*BANDS, f"mailboxes: {{ada: {BIG}}}"), domain(*BANDS, f"mailboxes: {{ada: {SMALL}, cid: {BIG}}}"),
    ),
    "a Vault that goes where a new mailbox would be archived by itself": (
        domain("vault: {retention: 12, mailboxes: [ada], default_archive: true}", f"mailboxes: {{ada: {BOX}}}"),
        domain("vault: {state: absent}", f"mailboxes: {{ada: {BOX}, bob: {BOX}}}"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("removal", ["at_once", "queued:2"])
@pytest.mark.parametrize("name", SUCCESSIONS)
def test_one_run_passes_it_over(name: str, removal: str) -> None:
    before, after = SUCCESSIONS[name]
    lab = Lab(quirks={"delete": removal} if removal != "at_once" else {})
    lab.emulator.publish("example.com")
    for text in (before, after):
        configuration = configuration_of(text)
        plan = lab.plan(configuration)
        done = lab.apply(configuration, plan, acknowledge=plan.id)
        assert {one.status for one in done} == {Status.DONE}, [one for one in done if one.status is not Status.DONE]
        assert lab.plan(configuration).changes == ()


def test_a_name_that_is_still_leaving_is_waited_for_whatever_kind_it_was_of() -> None:
    lab = Lab(quirks={"delete": "queued:20"})
    lab.emulator.publish("example.com")
    lab.apply(configuration_of(domain(f"mailboxes: {{info: {BOX}}}", "aliases: {}")))
    configuration = configuration_of(domain("mailboxes: {}", "aliases: {info: [x@out.org]}"))
    for patience in (Patience(0.0), Patience(0.0)):
        done = {str(one.address): one for one in lab.apply(configuration, patience=patience)}
        assert done["alias/info@example.com"].status is Status.WAITING, done
    assert {one.status for one in lab.apply(configuration)} == {Status.DONE}


FULL = ("max_email_accounts: 1", f"mailboxes: {{ada: {BOX}}}", "aliases: {team: [ada@example.com]}")


@pytest.mark.parametrize("most", [1, 2])
def test_what_goes_only_after_its_successor_makes_no_room_for_it(most: int) -> None:
    """The alias must lead to the new mailbox before the old one goes: one run cannot do that in a full domain."""
    lab = Lab()
    lab.emulator.publish("example.com")
    lab.apply(configuration_of(domain(*FULL)))
    wish = domain(f"max_email_accounts: {most}", f"mailboxes: {{bob: {BOX}}}", "aliases: {team: [bob@example.com]}")
    configuration = configuration_of(wish)
    if most == 1:
        with pytest.raises(ConfigError) as caught:
            lab.plan(configuration)
        assert "until mailbox/ada@example.com goes, which waits for them" in caught.value.diagnostics[0].message
    else:
        assert {one.status for one in lab.apply(configuration)} == {Status.DONE}


LEAVING = ("max_email_accounts: 1", "max_email_quota: 25GB", "mailboxes: {}")


@pytest.mark.parametrize(("size", "mistakes"), [("1GB", 0), ("25GB", 1)])
def test_a_domain_that_leaves_gives_the_next_of_its_name_no_limits(size: str, mistakes: int) -> None:
    lab = Lab(quirks={"delete": "queued:9"})
    lab.emulator.publish("example.com")
    lab.apply(configuration_of(domain(*LEAVING)))
    gone = configuration_of("domains: {example.com: {state: absent}}")
    lab.apply(gone, patience=Patience(0.0))
    boxes = f"mailboxes: {{ada: {BOX}, bob: {BOX[:-1]}, max_email_quota: {size}}}}}"
    anew = configuration_of(domain("max_email_accounts: 5", boxes))
    if mistakes:
        with pytest.raises(ConfigError, match="1 problem"):
            lab.plan(anew)
    else:
        assert len(lab.plan(anew).changes) == 3


def vault(members: str) -> str:
    return domain(f"vault: {members}", f"mailboxes: {{ada: {BOX}, bob: {BOX}}}")


def test_a_mailbox_that_is_made_anew_is_archived_as_its_predecessor_was() -> None:
    lab = Lab(quirks={"delete": "queued:9"})
    lab.emulator.publish("example.com")
    configuration = configuration_of(vault("{retention: 12, mailboxes: [ada, bob]}"))
    lab.apply(configuration)
    without = configuration_of(
        domain("vault: {retention: 12, mailboxes: [bob]}", f"mailboxes: {{ada: {{state: absent}}, bob: {BOX}}}")
    )
    lab.apply(without, patience=Patience(0.0))
    assert {one.status for one in lab.apply(configuration)} == {Status.DONE}
    assert lab.plan(configuration).changes == ()
    assert lab.emulator.dump(codes=False)["domains"]["example.com"]["vault"]["mailboxes"] == ["ada", "bob"]


def test_a_vault_is_not_removed_with_the_archive_of_what_is_ignored() -> None:
    lab = Lab()
    lab.emulator.publish("example.com")
    lab.apply(configuration_of(vault("{retention: 12, mailboxes: [ada, bob]}")))
    rest = domain("vault: {state: absent}", f"mailboxes: {{bob: {BOX}}}")
    configuration = configuration_of(f"{rest}ignore: [mailbox/ada@example.com]\n")
    plan = lab.plan(configuration)
    with pytest.raises(NowBlockedError, match=r"archived mail of mailbox/ada@example\.com, and ignore holds"):
        lab.apply(configuration, plan, acknowledge=plan.id)
    everything = configuration_of(rest)
    plan = lab.plan(everything)
    assert {one.status for one in lab.apply(everything, plan, acknowledge=plan.id)} == {Status.DONE}
    assert "vault" not in lab.emulator.dump(codes=False)["domains"]["example.com"]


def test_what_an_id_pins_is_not_made_anew_while_it_is_being_deleted() -> None:
    lab = Lab(quirks={"delete": "queued:9"})
    account = "delivery: {accounts: {nl: {type: newsletter%s}}}"
    lab.apply(configuration_of(account % ""))
    (row,) = lab.emulator.dump()["delivery"]["accounts"].values()
    pinned = configuration_of(account % f", id: {row['id']}")
    assert lab.plan(pinned).changes == ()
    lab.apply(configuration_of(account % ", state: absent"), patience=Patience(0.0))
    with pytest.raises(ConfigError) as caught:
        lab.plan(pinned)
    assert caught.value.diagnostics[0].message == f"there is no Delivery account with the id {row['id']}"


def test_a_domain_that_was_never_proved_is_left_alone_by_a_removal_that_disables() -> None:
    lab = Lab(quirks={"ownership": "wait"})
    lab.apply(configuration_of("domains: {example.com: {postmaster_password: {env: PW}}}"), patience=Patience(0.0))
    rest = configuration_of("settings: {on_remove: {domain: disable}}\ndomains: {}")
    plan = lab.plan(rest)
    assert (plan.changes, [str(one) for one in plan.unmanaged]) == ((), ["domain/example.com"])


def test_a_contact_that_only_one_can_be_is_not_another_one() -> None:
    contacts = "{x: {emails: [c@b.com, b@b.com]}, y: {emails: [b@b.com]}}"
    text = domain(f"mailboxes: {{ada: {BOX[:-1]}, address_books: {{Personal: {{contacts: {contacts}}}}}}}}}")
    lab = Lab()
    lab.emulator.publish("example.com")
    configuration = configuration_of(text)
    assert {one.status for one in lab.apply(configuration)} == {Status.DONE, Status.IN_EFFECT}
    assert lab.plan(configuration).changes == ()


@pytest.mark.parametrize("paging", ["{}", "paged"])
@pytest.mark.parametrize("reads", range(1, 6))
def test_the_last_of_a_list_that_then_answers_404_are_removed(reads: int, paging: str) -> None:
    """The list is emptied while it is read back."""
    lab = Lab(
        quirks={
            "empty_list": "404",
            "delete": f"queued:{reads}",
            "alias_domain_item": "absent",
            "alias_domain_paging": paging,
        }
    )
    for name in ("example.com", "a.test", "b.test"):
        lab.emulator.publish(name)
    for state in ("present", "absent"):
        aliases = f"domain_aliases: {{a.test: {{state: {state}}}, b.test: {{state: {state}}}}}"
        configuration = configuration_of(domain(aliases))
        plan = lab.plan(configuration)
        done = lab.apply(configuration, plan, acknowledge=plan.id)
        assert {one.status for one in done} == {Status.DONE}, done
    assert lab.plan(configuration).changes == ()
