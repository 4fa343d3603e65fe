"""A saved plan and the account of another customer: the same endpoint, another token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SECRET = {"env": "PW"}
WISH: dict[str, Any] = {
    "domains": {"new.example": {"postmaster_password": SECRET}},
    "delivery": {"accounts": {"news": {"type": "newsletter"}}},
}
OURS, THEIRS = "C200000000", "C300000000"
THERE: dict[str, Any] = {"domains": {"there.example": {}}}
ABRIDGED = {"list_detail": "abridged"}


@pytest.fixture
def save(server, project):
    """Makes a plan on one account, and gives its file; another account may be put in its place then."""

    def make(configuration: Any = WISH, **options: Any) -> str:
        server.swap(**options)
        project.write(configuration)
        path = str(project.folder / "plan.json")
        assert project.run("plan", "--out", path).code == 0
        server.arrived.clear()
        return path

    return make


OTHERS = {
    "with a domain of its own": ({"domains": {"theirs.example": {}}}, {}, "this one is customer"),
    "with a domain of its own, told by details only": (
        {"domains": {"theirs.example": {}}}, ABRIDGED, "this one is customer",
    ),
    "with a Delivery domain": ({"delivery": {"domains": {"n.example": {}}}}, {}, "this one is customer"),
    "with an account": (
        {"delivery": {"accounts": {"x": {"type": "newsletter"}}}}, ABRIDGED, "this one is customer",
    ),
    "empty": ({}, {}, "nothing in this one says whose it is"),
    "empty, and its lists answer 404": ({}, {"empty_list": "404"}, "nothing in this one says whose it is"),
}  # fmt: skip


@pytest.mark.parametrize(("seed", "quirks", "told"), OTHERS.values(), ids=OTHERS)
def test_a_plan_is_not_carried_out_in_the_account_of_another_customer(seed, quirks, told, server, project, save):
    path = save(seed={**THERE, "customer_code": OURS})
    server.swap(seed={**seed, "customer_code": THEIRS}, quirks=quirks)
    done = project.apply(path)
    assert done.code == 1, done
    assert f"the plan was made for the account of customer {OURS}, and {told}" in done.err
    assert (THEIRS in done.err) == ("customer" in told)
    assert not server.writes


@pytest.mark.parametrize("quirks", [{}, ABRIDGED])
@pytest.mark.parametrize("seed", [THERE, {"delivery": {"accounts": {"news": {"type": "newsletter"}}}}])
def test_in_its_own_account_a_plan_is_carried_out(seed, quirks, server, project, save):
    path = save(seed={**seed, "customer_code": OURS}, quirks=quirks)
    done = project.apply(path)
    assert done.code == 0, done
    assert "customer" not in done.err or quirks


def test_a_plan_tells_its_customers(server, project):
    seed = {"domains": {"a.example": {"customer_code": THEIRS}, "b.example": {}}, "customer_code": OURS}
    server.swap(seed=seed)
    project.write(WISH)
    assert project.plan()["customers"] == [OURS, THEIRS]
    project.write({**WISH, "settings": {"customer_code": THEIRS}})
    assert project.plan()["customers"] == [THEIRS]


def test_to_know_the_customer_takes_no_request_of_its_own(server, project, save):
    counts = []
    for forget in (False, True):
        path = Path(save(seed={**THERE, "customer_code": OURS}))
        if forget:
            path.write_text(json.dumps({**json.loads(path.read_text()), "customers": []}))
        assert project.apply(str(path)).code == 0
        counts.append(sorted(f"{request.method} {request.path}" for request in server.arrived))
    assert counts[0] == counts[1]


def test_what_cannot_be_known_is_said(server, project, save):
    path = save(seed={"customer_code": OURS})
    server.swap(seed={**THERE, "customer_code": THEIRS})
    done = project.apply(path)
    assert done.code == 0, "an account that was empty may be any"
    assert "nothing in the account said whose it is when the plan was made" in done.err


def test_a_plan_that_is_in_effect_in_part_knows_its_account_again(server, project, save):
    path = save(seed={**THERE, "customer_code": OURS})
    assert project.apply(path).code == 0
    done = project.apply(path, "--format", "json")
    assert done.code == 0, done
    assert done.json["summary"] == {"in_effect": 2}
