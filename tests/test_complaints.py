"""What users of such tools suffer from most: what stands in the account and in the files, and what follows.

Only what no other test holds is here. The name of a case says what must not happen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from qboxctl.config.loader import load
from qboxctl.config.yaml.reader import Source
from qboxctl.emulator import Request, Response
from qboxctl.model import Plan, Status
from qboxctl.planning.planfile import dumps
from qboxctl.planning.targets import Options
from qboxctl.render import plan_text
from qboxctl.resources import TYPES
from qboxctl.schema.patterns import Pattern
from tests.support.lab import PASSWORD, Lab, configuration_of

MAILBOX = {"firstname": "Ada", "lastname": "Lovelace", "language": "en", "tags": ["a", "b"]}
ACCOUNT: dict[str, Any] = {
    "domains": {
        "a.example": {
            "chat": True,
            "allow_nets": ["192.0.2.0/24", "198.51.100.7"],
            "mailboxes": {"ada": MAILBOX, "bob": {"firstname": "Bob"}},
            "aliases": {"info": ["ada@a.example", "ops@b.example"]},
        },
        "xn--mller-kva.example": {"mailboxes": {"eve": {"firstname": "Eve"}}},
        "other.example": {"mailboxes": {"kim": {"firstname": "Kim"}}},
    },
    "delivery": {"accounts": {"News Letters": {"type": "newsletter"}}},
}


OTHERS = ("domain/other.example", "domain/xn--mller-kva.example")


@dataclass(frozen=True)
class Case:
    """The files, the planning options, and what must follow: changes with their fields, and what is unmanaged."""

    text: str
    changes: dict[str, Any] = field(default_factory=dict)
    unmanaged: tuple[str, ...] = OTHERS
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    rotate: tuple[str, ...] = ()


CASES = {
    "leaving a line out erases a value": Case(
        "domains: {a.example: {mailboxes: {ada: {}, bob: {}}}}",
    ),
    "an erased value is not shown": Case(
        'domains: {a.example: {mailboxes: {ada: {lastname: "", tags: []}, bob: {}}}}',
        {"update mailbox/ada@a.example": [("lastname", "Lovelace", ""), ("tags", ("a", "b"), ())]},
    ),
    "an empty collection is taken for one that is not mentioned": Case(
        "domains: {a.example: {mailboxes: {}}}",
        unmanaged=(*OTHERS, "mailbox/ada@a.example", "mailbox/bob@a.example"),
    ),
    "a collection that is not mentioned is taken for an empty one": Case(
        "settings: {on_remove: {mailbox: delete, alias: delete, domain: delete}}\n"
        "delivery: {accounts: {News Letters: {type: newsletter}}}",
        unmanaged=(),
    ),
    "one kind is managed, and another is pruned for it": Case(
        "settings: {on_remove: {mailbox: delete, alias: delete}}\n"
        "domains: {a.example: {aliases: {info: [ada@a.example]}}}",
        {"update alias/info@a.example": [("destinations", ("ada@a.example", "ops@b.example"), ("ada@a.example",))]},
    ),
    "what is the same is shown as a change": Case(
        "domains: {a.example: {chat: true, mailboxes: {ada: {firstname: Ada, lastname: King}, bob: {}}}}",
        {"update mailbox/ada@a.example": [("lastname", "Lovelace", "King")]},
    ),
    "another case, order or spelling of a name counts as a change": Case(
        """
        domains:
          A.Example:
            allow_nets: [198.51.100.7/32, 192.0.2.0/24]
            mailboxes: {ADA: {tags: [b, a]}, Bob: {}}
            aliases: {Info: [OPS@B.example, Ada@A.EXAMPLE]}
          Müller.example: {mailboxes: {eve: {}}}
          other.example: {}
        delivery: {accounts: {news letters: {type: newsletter}}}
        """,
        unmanaged=(),
    ),
    "an existing mailbox needs a password": Case(
        "domains: {a.example: {mailboxes: {ada: {firstname: Ada}, bob: {firstname: Bob}}}}",
    ),
    "a password that nobody can read is a change each time": Case(
        "domains: {a.example: {mailboxes: {ada: {password: {env: PW}}, bob: {password: {env: NOT_SET}}}}}",
    ),
    "a new password cannot be sent": Case(
        "domains: {a.example: {mailboxes: {ada: {password: {env: PW}}, bob: {password: {env: PW}}}}}",
        {"update mailbox/ada@a.example": []},
        rotate=("mailbox/ada@*",),
    ),
    "an exclusion leaves the children in": Case(
        "settings: {on_remove: {mailbox: delete, alias: delete}}\n"
        "domains: {a.example: {chat: false, mailboxes: {}, aliases: {}}, other.example: {chat: true}}",
        {"update domain/other.example": [("chat", False, True)]},
        excludes=("domain/a.example",),
        unmanaged=("domain/xn--mller-kva.example",),
    ),
    "what is made by hand is pruned": Case(
        "domains: {a.example: {}}\ndelivery: {accounts: {}}",
        unmanaged=("delivery_account/news letters", *OTHERS),
    ),
    "a rename that frees a name is refused": Case(
        "settings: {on_remove: {alias: delete}}\n"
        "domains: {a.example: {aliases: {}, mailboxes: {ada: {}, bob: {}, "
        "info: {firstname: I, password: {env: PW}}}}}",
        {"delete alias/info@a.example": [], "create mailbox/info@a.example": [("firstname", None, "I")]},
    ),
}  # fmt: skip


def options(case: Case) -> Options:
    """The case's planning options."""
    some = (tuple(Pattern.of(text, TYPES) for text in texts) for texts in (case.targets, case.excludes, case.rotate))
    return Options(*some)


def changes(plan: Plan) -> dict[str, Any]:
    """A plan's changes, by action and address."""
    return {f"{one.action.value} {one.address}": [tuple(row) for row in one.fields] for one in plan.changes}


@pytest.mark.parametrize("name", CASES)
def test_it_does_not_happen_that(name: str) -> None:
    case = CASES[name]
    lab = Lab(seed=ACCOUNT)
    configuration = configuration_of(case.text)
    plan = lab.plan(configuration, options(case))
    assert changes(plan) == case.changes
    assert tuple(map(str, plan.unmanaged)) == case.unmanaged
    assert {one.status for one in lab.apply(configuration, plan, acknowledge=plan.id)} <= {Status.DONE}
    if not case.rotate:
        assert lab.plan(configuration, options(case)).changes == ()


def test_it_does_not_happen_that_one_target_costs_the_reading_of_everything() -> None:
    lab = Lab(seed=ACCOUNT)
    text = "domains: {a.example: {mailboxes: {ada: {lastname: K}}}, other.example: {mailboxes: {kim: {lastname: K}}}}"
    everything = text + "\ndelivery: {accounts: {}, domains: {}, suppressions: {}}"
    lab.plan(configuration_of(everything), Options(targets=(Pattern.of("mailbox/kim@other.example", TYPES),)))
    code = lab.emulator.dump()["domains"]["other.example"]["code"]
    assert [one.path for one in lab.emulator.requests] == ["/api/domains", f"/api/domains/{code}/email_accounts"]


def test_it_does_not_happen_that_one_bad_object_stops_the_others() -> None:
    def choosy(request: Request, answer: Any) -> Response:
        if request.method == "PUT" and b'"Refused"' in request.body:
            return Response(422, {}, b'{"message": "No", "errors": [{"field": "lastname", "description": "is odd"}]}')
        return answer(request)

    lab = Lab(seed=ACCOUNT, between=choosy)
    text = (
        "domains: {a.example: {mailboxes: {ada: {lastname: Refused}, bob: {lastname: B}}}, other.example: {chat: true}}"
    )
    configuration = configuration_of(text)
    done = {str(one.address): one for one in lab.apply(configuration)}
    assert {name: one.status.value for name, one in done.items()} == {
        "mailbox/ada@a.example": "failed",
        "mailbox/bob@a.example": "done",
        "domain/other.example": "done",
    }
    assert "lastname is odd" in str(done["mailbox/ada@a.example"].error)
    assert f"file0.yaml:1:{text.index('lastname') + 1}" in str(done["mailbox/ada@a.example"].error)


def test_it_does_not_happen_that_the_hidden_text_of_a_secret_garbles_the_plan() -> None:
    """A password may be a word that stands elsewhere too: what is hidden goes by its kind, not by its letters."""
    configuration = configuration_of(
        f"domains: {{a.example: {{mailboxes: {{new: {{firstname: {PASSWORD}, password: {{env: PW}}}}}}}}}}"
    )
    plan = Lab(seed=ACCOUNT).plan(configuration)
    assert changes(plan) == {"create mailbox/new@a.example": [("firstname", None, PASSWORD)]}
    assert PASSWORD in plan_text.render(plan, TYPES)
    assert PASSWORD in dumps(plan)


def test_it_does_not_happen_that_a_removal_hides_behind_other_changes() -> None:
    new = "c: {firstname: C, password: {env: PW}}"
    text = f"domains: {{a.example: {{mailboxes: {{{new}, bob: {{lastname: B}}, ada: {{state: absent}}}}}}}}"
    shown = plan_text.render(Lab(seed=ACCOUNT).plan(configuration_of(text)), TYPES)
    assert shown.index("ada@a.example") < shown.index("bob@a.example") < shown.index("c@a.example")


def test_it_does_not_happen_that_a_generated_file_needs_a_language_of_its_own() -> None:
    """JSON is YAML: a program writes it with what it has."""
    plain = 'domains: {a.example: {chat: false, mailboxes: {ada: {lastname: "no"}}}}'
    generated = '{"domains": {"a.example": {"chat": false, "mailboxes": {"ada": {"lastname": "no"}}}}}'
    assert load([Source("a", plain)], TYPES).digest == load([Source("b", generated)], TYPES).digest


def test_it_does_not_happen_that_the_order_of_files_makes_a_plan_stale() -> None:
    files = [
        Source(
            "a", "protect: [domain/*]\nignore: [mailbox/x@*]\ndomains: {a.example: {mailboxes: {ada: {}, bob: {}}}}"
        ),
        Source("b", "protect: [alias/*, mailbox/b*]\nignore: [alias/x@*]\ndomains: {b.example: {}, a.example: {}}"),
    ]
    assert load(files, TYPES).digest == load(files[::-1], TYPES).digest
