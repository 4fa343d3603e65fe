"""Calls that are no kind's own: lists, one object, writes, and rows that can be shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from qboxctl.api.client import Client, Reader
from qboxctl.api.listing import Page, Row, untold
from qboxctl.api.reader import PER_PAGE, code_of, page_of
from qboxctl.api.redaction import MASK, Redaction
from qboxctl.errors import Busy, OutcomeUnknown, QboxctlError, Refused, Undone
from qboxctl.model import JSON

_PANEL = "it can be done in the panel"
_SECRET = re.compile("passw|passphrase|pwd|psw|secret|token|hash|crypt|credential|(^|_)(pw|pass|key)($|_)", re.I)
"""What the name of a value looks like that is not shown."""


def rows(
    reader: Reader,
    path: str,
    query: Mapping[str, str | int] | None = None,
    *,
    id_name: str = "code",
    per: int = PER_PAGE,
    panel: str = _PANEL,
    any_shape: bool = False,
) -> Iterator[Row]:
    """The rows of a list as its pages come, those with an id once; none where the list answers 404.

    Raises Refused. ``id_name`` is the attribute that tells rows apart, ``panel`` says what to do where the API has no
    such list. A list that tells its pages is read up to the last one, another one until a page brings nothing more.
    What is no object is the ``row`` of one where rows may have ``any_shape``.
    """

    def page(number: int) -> Page:
        try:
            return page_of(reader, path, {**(query or {}), "page": number, "per": per}, any_shape=any_shape)
        except Refused as refused:
            raise explained(refused, f"GET {path}", panel) from None

    first = page(1)
    others = (page(number) for number in range(2, first.pages + 1))
    seen: set[str] = set()
    for found in chain([first], others) if first.told else untold(first, page, id_name, path):
        for row in found.rows:
            known = row.get(id_name)
            if known is None or str(known) not in seen:
                yield row
            seen.add(str(known))


def one(reader: Reader, path: str, what: str) -> Row:
    """The object at a path; ``what`` names it for people. Raises QboxctlError where there is none."""
    try:
        found = reader.get(path).resources
    except Refused as refused:
        raise (missing(what) if refused.status == 404 else explained(refused, f"GET {path}")) from None
    if not found:
        raise missing(what)
    return found[0]


def delete(client: Client, path: str, there: Callable[[], bool], *, panel: str = _PANEL) -> None:
    """Delete an object that was there. Raises Undone where the server refuses it, or nobody knows what it did.

    A 404 may be the answer to a request that was sent again since its first answer was lost: what is not ``there`` any
    more is deleted, and else the API has no such call.
    """
    try:
        client.write("DELETE", path, repeatable=True)
    except Refused as refused:
        if refused.status != 404:
            raise explained(refused, f"DELETE {path}", panel, Undone) from None
        if _still(there):
            raise Undone(f"this API has no such call: DELETE {path}", hint=panel) from None
    except Busy as busy:
        raise Undone(str(busy), hint=busy.hint) from None
    except OutcomeUnknown as lost:
        raise _unknown(lost) from None


def _still(there: Callable[[], bool]) -> bool:
    try:
        return there()
    except QboxctlError as unseen:
        raise _unknown(unseen) from None


def _unknown(why: Exception) -> Undone:
    return Undone(f"it is unknown whether that was done: {why}", hint="look before you try again", known=False)


def code(text: str, what: str) -> str:
    """A code that a user gave, fit for a path; raises QboxctlError."""
    found = code_of(text)
    if not found:
        raise QboxctlError(f"{text!r} can be no code of {what}")
    return found


def shown(row: Row, *redactions: Redaction) -> dict[str, JSON]:
    """A row that can be shown, else as it came: without what is named like a secret, and the secrets that are known.

    Raises QboxctlError for one that is nested too deep.
    """
    try:
        return {name: _shown(name, value, redactions) for name, value in row.items()}
    except RecursionError:
        raise QboxctlError("a row of the answer is nested too deep to be shown") from None


def _shown(name: str, value: JSON, redactions: Iterable[Redaction]) -> JSON:
    match value:
        case None | bool() | "":
            return value
        case _ if _SECRET.search(name):
            return MASK  # whatever is in it may be the secret
        case dict():
            return shown(value, *redactions)
        case list():
            return [_shown(name, one, redactions) for one in value]
        case str():
            text = _without_secrets(value, redactions)
            for one in redactions:
                text = one.whole(text)
            return text
        case _:
            return value


def _without_secrets(text: str, redactions: Iterable[Redaction]) -> str:
    """A text as it is, but for the JSON of a row that holds what is named like a secret: some logs have all in one."""
    if not _SECRET.search(text) or not text.lstrip().startswith(("{", "[")):
        return text
    try:
        inside = json.loads(text)
        masked = _shown("", inside, redactions)
    except ValueError:
        return text
    except (RecursionError, QboxctlError):
        return MASK
    return text if masked == inside else json.dumps(masked, ensure_ascii=False)


def missing(what: str) -> QboxctlError:
    """What is said of something that is not there."""
    return QboxctlError(f"there is no {what}, or none that the token may see")


def explained(
    refused: Refused, request: str, panel: str = _PANEL, error: type[QboxctlError] | None = None
) -> QboxctlError:
    """What to raise for a refusal: a call that is not there is told as such, with what to do in the ``panel``."""
    if refused.status == 405:
        return (error or QboxctlError)(f"this API has no such call: {request}", hint=panel)
    return error(str(refused), hint=refused.hint) if error else refused
