"""To whom a token may go: to Qboxmail, to this machine, and to whom the command names; never to whom only files name.

Files come from branches that nobody has reviewed yet, and a plan of such a branch is made with a token.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from qboxctl.config.configuration import Configuration
from qboxctl.config.settings import EMULATOR, is_loopback
from qboxctl.errors import Diagnostic

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


def _is_known(endpoint: str) -> bool:
    """Whether an endpoint is Qboxmail's own, or this machine."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    return is_loopback(host) or (parts.scheme == "https" and bool(_OWN_HOST.fullmatch(host)))
