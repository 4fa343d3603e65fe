"""To whom a token may go: to Qboxmail, to this machine, and to whom the command names; never to whom only files name.

Files come from branches that nobody has reviewed yet, and a plan of such a branch is made with a token.
"""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import urlsplit

from qboxctl.config.configuration import Configuration
from qboxctl.config.secrets import SecretError, Secrets, token_in
from qboxctl.config.settings import DEFAULT_TOKEN, EMULATOR, SEND_PATH, is_loopback
from qboxctl.errors import AuthError, ConfigError, Diagnostic
from qboxctl.model import Revealed, Secret, SecretSource, Where

_OWN_HOST = re.compile(r"(?:[a-z0-9-]+\.)*qboxmail\.com")


def untrusted(configuration: Configuration) -> Diagnostic | None:
    """Say why no token may go to the endpoint of a configuration; None where one may."""
    return _untrusted(configuration, configuration.settings.endpoint, configuration.settings.endpoint_at)


def send_base(configuration: Configuration) -> str:
    """Where the Send API of a configuration is; raises ConfigError where no token may go there.

    What the files name counts, but for a command that is tried on this machine: nothing is sent elsewhere then.
    """
    settings = configuration.settings
    beside = f"{settings.endpoint}/{SEND_PATH}"
    base, place = settings.send_endpoint, settings.send_endpoint_at
    if not base:
        base, place = beside, settings.endpoint_at
    named = settings.endpoint if settings.endpoint_at is None else ""
    wrong = None if urlsplit(base)[:2] == urlsplit(named)[:2] else _untrusted(configuration, base, place)
    if wrong:
        raise ConfigError([wrong])
    return beside if named and _is_here(named) and not _is_here(base) else base


def _untrusted(configuration: Configuration, url: str, place: Where | None) -> Diagnostic | None:
    if place is None or url == EMULATOR or _is_known(url):
        return None
    return Diagnostic(
        "Q029",
        f"no token is sent to {url}, which only the files name: it is none of Qboxmail's own hosts",
        configuration.position(place, value=True),
        hint="name it with --endpoint or QBOXCTL_ENDPOINT, if the token may go there",
    )


def token_of(configuration: Configuration, secrets: Secrets, hint: str | None = None, *, given: str = "") -> Revealed:
    """The token for the endpoint of a configuration, ``given`` or not read before it is known that it may go there.

    Raises ConfigError for an endpoint that it may not go to, and AuthError with the hint where there is none.
    """
    wrong = untrusted(configuration)
    if wrong:
        raise ConfigError([wrong])
    try:
        token = token_in(given) if given else secrets.token(configuration.settings.token)
    except SecretError as error:
        raise AuthError(f"there is no API token: {error}", hint=hint) from None
    if token is None:
        raise AuthError("the API token is empty, or holds blanks or characters that no token has")
    return token


def bearer_of(configuration: Configuration, secrets: Secrets, reference: Secret) -> Revealed:
    """A token of the Send API; raises AuthError where there is none, and for one that manages the account.

    Any Management token that the settings name is known by its text; one that a program prints is asked for where it is
    the one in use.
    """
    try:
        token = secrets.token(reference)
    except SecretError as error:
        raise AuthError(f"there is no Send API token: {error}") from None
    if token is None:
        raise AuthError("the Send API token is empty, or holds blanks or characters that no token has")
    settings = configuration.settings
    for one in dict.fromkeys((settings.token, *settings.tokens, DEFAULT_TOKEN)):
        if one.source is SecretSource.EXEC and one != settings.token:
            continue
        with suppress(SecretError):
            if secrets.token(one) == token:
                raise AuthError(
                    "that is a Management API token, which manages the account: it was not sent to the Send API",
                    hint="give a token that was made for the Delivery account",
                )
    return token


def _is_known(endpoint: str) -> bool:
    """Whether an endpoint is Qboxmail's own, or this machine."""
    parts = urlsplit(endpoint)
    return _is_here(endpoint) or (parts.scheme == "https" and bool(_OWN_HOST.fullmatch(parts.hostname or "")))


def _is_here(endpoint: str) -> bool:
    return is_loopback(urlsplit(endpoint).hostname or "")
