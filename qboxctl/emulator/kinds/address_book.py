"""Address books: a personal one is in each mailbox by itself."""

from __future__ import annotations

from qboxctl.emulator.answers import Answers
from qboxctl.emulator.behaviour import Behaviour, initial_values
from qboxctl.emulator.state import Code, Store, Stored
from qboxctl.model import JSON

PERSONAL = "Personal"
"""What the book is called that nobody has to make."""


def _personal(store: Store, mailbox: Stored) -> None:
    """Add the personal book, when somebody first looks for books."""
    type_ = store.types["address_book"]
    if any(book.name == PERSONAL or book.spare for book in store.rows(type_.kind, mailbox).values()):
        return
    values = {**initial_values(type_, mailbox), "name": PERSONAL}
    store.add(Stored(type_, store.next_code(type_), PERSONAL, PERSONAL, values, parent=mailbox, spare=True))


def _resource_code(answers: Answers, book: Stored) -> JSON:
    """What its creation tells: its id, or a code that no path takes."""
    return f"AB{book.digits}" if answers.quirks["addressbook_code"] == "other" else answers.code(book)


BEHAVIOUR = Behaviour(
    code=Code("", 20_000),
    bare=True,
    prepare=_personal,
    resource_code=_resource_code,
    optional={"list": "addressbook_list", "update": "addressbook_write", "delete": "addressbook_write"},
)
