"""The ``settings`` block as one frozen value, with an environment laid over it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urlsplit

from qboxctl.model import JSON, Secret, SecretSource, Where
from qboxctl.schema import formats
from qboxctl.schema.json_schema import price_names
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.secrets import Password

DEFAULT_ENDPOINT = "https://api.qboxmail.com"
DEFAULT_TOKEN = Secret(SecretSource.ENV, ("QBOXMAIL_API_TOKEN",))
EMULATOR = "emulator:"
"""The endpoint that stands for an emulator inside this process."""
SEND_PATH = "v1"
"""What the paths of the Send API begin with."""


@dataclass(frozen=True, slots=True)
class Guard:
    """How many removals of a kind one plan may hold: at most max(1, min(count, percent of the live ones))."""

    count: int = 10
    percent: float = 20

    def allows(self, live: int) -> int:
        """The largest number of removals among ``live`` objects."""
        return max(1, min(self.count, int(self.percent * live // 100)))


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """How the API is used; times in seconds, ``requests_per_second`` None for no limit of our own."""

    concurrency: int = 8
    requests_per_second: float | None = None
    timeout: float = 30
    retries: int = 5


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one environment. ``me`` is the address of the user whose token runs the program, "" if not told.

    ``endpoint_at`` is where the files name the endpoint; None where they do not: it is the default, or the command's.
    ``send_endpoint`` is where the Send API is, "" for beside the endpoint. ``tokens`` are those of all environments.
    """

    environment: str = "default"
    endpoint: str = DEFAULT_ENDPOINT
    endpoint_at: Where | None = None
    send_endpoint: str = ""
    send_endpoint_at: Where | None = None
    token: Secret = DEFAULT_TOKEN
    tokens: tuple[Secret, ...] = (DEFAULT_TOKEN,)
    customer_code: str = ""
    me: str = ""
    on_remove: Mapping[str, str] = field(default_factory=dict)
    guards: Mapping[str, Guard] = field(default_factory=dict)
    api: ApiSettings = ApiSettings()
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    currency: str = ""

    def guard(self, kind: str) -> Guard:
        """The guard of a kind."""
        return self.guards.get(kind, Guard())


def normal_endpoint(text: str) -> str:
    """The endpoint as scheme, host and port; raises ValueError for one that the token must not go to."""
    if text == EMULATOR:
        return text
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("the endpoint is not a URL") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("the endpoint must not hold a user name or password: the token is given by `token`")
    if re.fullmatch(r"[\w.-]+(?::\d+)?/?", text.strip()):
        scheme = "http" if is_loopback(text.strip().partition(":")[0]) else "https"
        raise ValueError(f"the endpoint must be a URL: write {scheme}://{text.strip()}")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"the endpoint must be a https URL such as {DEFAULT_ENDPOINT}")
    if parts.query or parts.fragment or any(ord(char) <= 32 for char in text.strip()):
        raise ValueError("the endpoint must be a plain URL, without ? or #")
    if not formats.can_be_asked(host):
        raise ValueError(f"the endpoint must name a host: {host} can be none")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"the endpoint must use https: over http the token could be read on its way to {host}")
    shown = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
    if parts.path.strip("/"):
        raise ValueError(f"the endpoint must have no path, since each request brings its own: write {shown}")
    return shown


def normal_send_endpoint(text: str) -> str:
    """Where the Send API is: scheme, host, port and a path; raises ValueError for what no token must go to."""
    whole = text.strip()
    try:
        path = urlsplit(whole).path.strip("/")
        host = normal_endpoint(whole.rstrip("/").removesuffix(f"/{path}") if path else whole)
    except ValueError as error:
        raise ValueError(str(error).replace("the endpoint", "the send_endpoint", 1)) from None
    return f"{host}/{path or SEND_PATH}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings(block: Mapping[str, JSON], environment: str, base: str, types: Kinds) -> Settings:
    """Settings from a block that fits its schema; raises ValueError for a bad endpoint, KeyError for a bad name."""
    merged = dict(block)
    environments = merged.pop("environments", None) or {}
    if environment != "default" or environment in environments:
        merged = _overlay(merged, environments[environment], whole=("token",))
    return Settings(
        environment=environment,
        endpoint=normal_endpoint(merged.get("endpoint", DEFAULT_ENDPOINT)),
        send_endpoint=normal_send_endpoint(merged["send_endpoint"]) if merged.get("send_endpoint") else "",
        token=Password().parse(merged["token"], base) if "token" in merged else DEFAULT_TOKEN,
        tokens=tuple(
            Password().parse(one["token"], base) if "token" in one else DEFAULT_TOKEN
            for one in (block, *(one or {} for one in environments.values()))
        ),
        customer_code=merged.get("customer_code", ""),
        me=formats.relaxed_email(merged.get("me", "")),
        on_remove=dict(merged.get("on_remove", {})),
        guards=_guards(merged.get("guards", {}), types),
        api=ApiSettings(**merged.get("api", {})),
        prices=_prices(merged.get("prices", {}), types),
        currency=merged.get("prices", {}).get("currency", ""),
    )


def token_variables(block: Mapping[str, JSON]) -> frozenset[str]:
    """The variables that a block of settings takes API tokens from, in all of its environments."""
    blocks = [block, *(block.get("environments") or {}).values()]
    tokens = [one.get("token") for one in blocks if isinstance(one, dict)]
    names = [one.get("env") for one in tokens if isinstance(one, dict)]
    return frozenset(name for name in names if isinstance(name, str))


def _overlay(below: Mapping[str, JSON], above: Mapping[str, JSON], whole: Collection[str] = ()) -> dict[str, JSON]:
    """Lay one block over another: mappings of settings key by key, all else, and what is a secret, as a ``whole``."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        if isinstance(under, Mapping) and isinstance(value, Mapping) and name not in whole:
            value = _overlay(under, value)
        merged[name] = value
    return merged


def _prices(block: Mapping[str, JSON], types: Kinds) -> dict[str, Decimal]:
    """The prices by their names; a number is what its digits say, not the fraction that is nearest to it."""
    found = {}
    for name in price_names(types):
        group, _, band = name.rpartition(".")
        price = (block.get(group) or {}).get(band) if group else block.get(band)
        if price is not None:
            found[name] = Decimal(str(price))
    return found


def _guards(block: Mapping[str, JSON], types: Kinds) -> dict[str, Guard]:
    general = {name: block[name] for name in ("count", "percent") if name in block}
    return {kind: Guard(**{**general, **block.get(kind, {})}) for kind in types}
