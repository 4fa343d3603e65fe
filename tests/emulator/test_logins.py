"""Users who log in: what that resets, and what the answers tell of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qboxctl.emulator import Emulator, Request

SEED: dict[str, Any] = {"domains": {"a.example": {"mailboxes": {"bob": {"firstname": "Bob"}}}}}
FLAG = "force_new_password"


def call(emulator: Emulator, method: str, path: str, body: Any = None) -> Any:
    raw = b"" if body is None else json.dumps(body).encode()
    answer = emulator.handle(Request(method, path, {}, {"x-api-token": "any"}, raw))
    return answer.status, json.loads(answer.body or b"null")


@pytest.fixture(params=[{}, {FLAG: "hidden"}, {"last_access": "hidden"}], ids=str)
def quirks(request: pytest.FixtureRequest) -> dict[str, str]:
    return request.param


def test_a_login_resets_what_was_asked_for_and_is_told(quirks: dict[str, str]) -> None:
    emulator = Emulator(seed=SEED, quirks=quirks)
    domain = emulator.dump()["domains"]["a.example"]
    box = f"/api/domains/{domain['code']}/email_accounts/{domain['mailboxes']['bob']['code']}"

    def row() -> Any:
        return call(emulator, "GET", box)[1]["resources"][0]

    first = {"password": "First-0ne", "password_confirmation": "First-0ne", FLAG: True}
    assert call(emulator, "PUT", box, first)[0] == 204
    assert row().get(FLAG, "hidden") == quirks.get(FLAG, True)
    assert row().get("last_access_at", "hidden") == quirks.get("last_access")
    login = "/_emulator/login"
    assert (
        call(emulator, "POST", login, {"mailbox": "bob@a.example", "password": "guessed", "new": "An-0ther"})[0] == 401
    )
    assert call(emulator, "POST", login, {"mailbox": "bob@a.example", "password": "First-0ne"})[0] == 401
    assert call(emulator, "POST", login, {"mailbox": "eve@a.example", "password": "First-0ne"})[0] == 401
    assert call(emulator, "POST", login, ["bob@a.example"])[0] == 401
    assert emulator.log_in("bob@a.example", "First-0ne", "An-0ther")
    assert emulator.log_in("bob@a.example", "An-0ther")
    assert row().get(FLAG, "hidden") == quirks.get(FLAG, False)
    assert row().get("last_access_at", "hidden")


def test_that_a_mailbox_was_used_is_kept() -> None:
    emulator = Emulator(seed=SEED)
    (bob,) = emulator.dump()["domains"]["a.example"]["mailboxes"].values()
    assert "last_access_at" not in bob
    used = {"domains": {"a.example": {"mailboxes": {"bob": {"firstname": "Bob", "last_access_at": "2026-11-26"}}}}}
    again = Emulator(seed=Emulator(seed=used).dump())
    assert again.dump()["domains"]["a.example"]["mailboxes"]["bob"]["last_access_at"] == "2026-11-26"
    assert again.dump(codes=False) == emulator.dump(codes=False)
