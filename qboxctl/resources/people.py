"""What is stated alike of everybody who logs in: a mailbox's user, a manager, a team member."""

from __future__ import annotations

from qboxctl.schema.field import Field, Mode
from qboxctl.schema.secrets import Password
from qboxctl.schema.types import Text


def names(source: str) -> tuple[Field, Field]:
    """The names of people in the panel, which can only be chosen at creation."""
    return (
        Field("firstname", Text(), "First name", mode=Mode.CREATE_ONLY, required=True, source=source),
        Field("lastname", Text(), "Last name", mode=Mode.CREATE_ONLY, required=True, source=source),
    )


def password(source: str) -> Field:
    """The first password, which its owner changes."""
    return Field(
        "password",
        Password(),
        "Password: at least 8 characters with a letter and a digit. Sent at creation and with --rotate",
        mode=Mode.WRITE_ONLY,
        required=True,
        source=source,
    )
