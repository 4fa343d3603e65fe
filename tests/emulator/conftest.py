"""One emulated account with a small client in front, and a few objects to start from."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from qboxctl.emulator import Emulator, Request, Response

PASSWORD = "correct4horse"


@dataclass
class Reply:
    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def data(self) -> Any:
        return json.loads(self.response.body) if self.response.body else None

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.data["resources"]

    @property
    def errors(self) -> dict[str, str]:
        assert self.status == 422, self.data
        return {error["field"]: error["description"] for error in self.data["errors"]}


class Account:
    def __init__(self, **options: Any) -> None:
        self.emulator = Emulator(**options)

    def call(self, method: str, path: str, body: Any = None, *, token: str = "t", **query: str) -> Reply:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = {"x-api-token": token} if token else {}
        return Reply(self.emulator.handle(Request(method, path, query, headers, raw)))

    def code(self, path: str, name: str) -> Any:
        return next(
            row.get("code", row.get("id"))
            for row in self.call("GET", path, per="200", status="all").rows
            if name in (row.get("name"), row.get("description"), row.get("email"))
        )

    def domain(self, name: str = "example.com", **more: Any) -> str:
        """Create a domain, prove its ownership, and give the path of it."""
        body = {"name": name, "postmaster_password": PASSWORD, "postmaster_password_confirmation": PASSWORD, **more}
        assert self.call("POST", "/api/domains", body).status < 300
        path = f"/api/domains/{self.code('/api/domains', name)}"
        assert self.call("PUT", f"{path}/dns_ownership_check").status < 300
        return path

    def mailbox(self, domain: str, name: str = "ada", **more: Any) -> Reply:
        return self.call("POST", f"{domain}/email_accounts", mailbox(name, **more))


def mailbox(name: str = "ada", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "firstname": "Ada",
        "password": PASSWORD,
        "password_confirmation": PASSWORD,
        **more,
    }


@pytest.fixture
def account() -> Callable[..., Account]:
    return Account


@pytest.fixture
def plain() -> Account:
    return Account()


SEED: dict[str, Any] = {
    "customer_code": "C987654321",
    "domains": {
        "example.com": {
            "code": "D000000007",
            "plan": "professional",
            "max_email_quota": "25GB",
            "antispam_level": "aggressive",
            "max_email_accounts": "unlimited",
            "allow_nets": ["192.0.2.0/24", "198.51.100.7"],
            "postmaster_password": {"env": "POSTMASTER"},
            "postmaster": {"language": "en"},
            "mailboxes": {
                "ada": {
                    "firstname": "Ada",
                    "max_email_quota": "25GB",
                    "password": {"env": "ADA"},
                    "tags": ["b", "a"],
                    "extra": {"webmail_date_format": "DD/MM/YYYY"},
                },
                "bob": {"firstname": "Bob", "state": "absent"},
                "eve": {"firstname": "Eve", "status": "disabled", "bounce_msg": "Gone.\nSorry."},
            },
            "aliases": {"info": ["ada@example.com", "Ops@example.net"], "sales": {"destinations": ["a@b.example"]}},
        },
        "waiting.example": {"status": "ownership_check"},
        "gone.example": {"state": "absent"},
    },
    "delivery": {
        "domains": {"news.example.com": {}, "shop.example.com": None},
        "accounts": {
            "newsletter": {"type": "newsletter", "domains": ["shop.example.com", "news.example.com"]},
            "old": {"id": "77", "description": "Newsletter", "type": "promotional"},
            "app": {"type": "transactional", "status": "wait_pay"},
        },
        "suppressions": {
            "gone@example.org": {"reason": "bounce", "accounts": ["newsletter", "old"]},
            "angry@example.org": {"reason": "complaint", "active": False},
        },
    },
    "taken": {"domains": ["stranger.example"], "delivery_domains": ["news.stranger.example"]},
    "settings": {"token": {"env": "X"}},
    "defaults": {"mailbox": {"language": "en"}},
    "x-anchors": [1],
}


@pytest.fixture
def seed() -> dict[str, Any]:
    return SEED


@pytest.fixture
def seeded(seed: dict[str, Any]) -> Account:
    return Account(seed=seed)
