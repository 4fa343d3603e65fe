"""What a kind may say of a secret that is told once, checked when the kind is built."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qboxctl.schema.field import Field, Mode
from qboxctl.schema.resource import Told
from qboxctl.schema.secrets import Store
from qboxctl.schema.types import Text
from tests.support.keys import KEY

LABEL, NETS, STORE = KEY.fields
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no store": ({"fields": (LABEL, NETS)}, "has one store"),
    "two stores": ({"fields": (*KEY.fields, replace(STORE, name="other"))}, "has one store"),
    "another store": ({"told": Told("other", ("key",))}, "has one store"),
    "a store for nothing": ({"told": None}, "nothing else has any"),
    "not needed": ({"fields": (LABEL, NETS, replace(STORE, required=False))}, "without a store"),
    "not to be deleted": ({"calls": replace(KEY.calls, delete=None)}, "can neither be deleted"),
    "replaced": ({"replaced": True}, "neither replaced nor proved"),
    "nothing fixed": ({"fields": (replace(LABEL, mode=Mode.MUTABLE), NETS, STORE)}, "that only its creation sets"),
}


@pytest.mark.parametrize("name", WRONG)
def test_kinds_that_cannot_be(name: str) -> None:
    parts, says = WRONG[name]
    with pytest.raises(ValueError, match=says):
        replace(KEY, **parts)


@pytest.mark.parametrize("parts", [(Store(), Mode.MUTABLE), (Text(), Mode.LOCAL)])
def test_a_store_is_local_and_nothing_else_is(parts: tuple[Any, Mode]) -> None:
    type_, mode = parts
    with pytest.raises(ValueError, match="a store is local, and nothing else is"):
        Field("x", type_, "X", mode=mode)


def test_a_store_is_neither_sent_nor_compared_nor_read() -> None:
    assert not any((STORE.on_create, STORE.on_update, STORE.compared, STORE.returned))
