"""To whom a token may go: to Qboxmail, to this machine, and to whom the command names; never to whom only files name.

Files come from branches that nobody has reviewed yet, and a plan of such a branch is made with a token.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from qboxctl.config.configuration import Configuration
from qboxctl.config.secrets import SecretError, Secrets
from qboxctl.config.settings import EMULATOR, is_loopback
from qboxctl.errors import AuthError, ConfigError, Diagnostic
from qboxctl.model import Revealed

_OWN_HOST = re.compile(r"(?:[a-z0-9-]+\.)*qboxmail\.com")


def untrusted(configuration: Configuration) -> Diagnostic | None:
    """Say why no token may go to the endpoint of a configuration; None where one may."""
    settings = configuration.settings
    if settings.endpoint_at is None or settings.endpoint == EMULATOR or _is_known(settings.endpoint):
        return None
    return Diagnostic(
        "Q029",
        f"no token is sent to {settings.endpoint}, which only the files name: it is none of Qboxmail's own hosts",
        configuration.position(settings.endpoint_at, value=True),
        hint="name it with --endpoint or QBOXCTL_ENDPOINT, if the token may go there",
    )


def token_of(configuration: Configuration, secrets: Secrets, hint: str | None = None) -> Revealed:
    """The token for the endpoint of a configuration: not read before it is known that it may go there.

    Raises ConfigError for an endpoint that it may not go to, and AuthError with the hint where there is none.
    """
    wrong = untrusted(configuration)
    if wrong:
        raise ConfigError([wrong])
    try:
        token = secrets.token(configuration.settings.token)
    except SecretError as error:
        raise AuthError(f"there is no API token: {error}", hint=hint) from None
    if token is None:
        raise AuthError("the API token is empty, or holds blanks or characters that no token has")
    return token


def _is_known(endpoint: str) -> bool:
    """Whether an endpoint is Qboxmail's own, or this machine."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    return is_loopback(host) or (parts.scheme == "https" and bool(_OWN_HOST.fullmatch(host)))
