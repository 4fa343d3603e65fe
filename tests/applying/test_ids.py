"""The codes that the threads of a run share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from qboxctl.applying.ids import Ids
from qboxctl.errors import QboxctlError
from qboxctl.model import Address, Live, LiveState
from qboxctl.resources import TYPES

MAIL = Address("delivery_domain", "mail.example")
NEWS, GONE, ADA = (
    Address("delivery_domain", "news.example"),
    Address("delivery_domain", "old.example"),
    Address("mailbox", "ada@a.example"),
)
BEFORE = LiveState(
    {NEWS: Live(NEWS, "7", {}), GONE: Live(GONE, "8", {}, leaving=True)},
    codes={"delivery_domain": {"7": "news.example", "8": "old.example"}},
)


def test_what_was_read_is_known_and_what_is_leaving_has_no_code() -> None:
    ids = Ids(BEFORE, TYPES)
    assert (ids.of(NEWS), ids.of(GONE), ids.of(ADA), ids.of(None)) == ("7", "", "", "")
    assert ids.first_of([MAIL, NEWS]) == "7"
    with pytest.raises(QboxctlError, match="is not there"):
        ids.first_of([MAIL])


def test_what_is_learnt_is_known_each_way() -> None:
    ids = Ids(BEFORE, TYPES)
    ids.know(NEWS, "9")
    ids.know(ADA, "E1")
    assert (ids.of(NEWS), ids.of(ADA), ids.first_of([MAIL, NEWS])) == ("9", "E1", "9")
    assert ids.keys()["delivery_domain"]["9"] == "news.example"
    assert BEFORE.codes["delivery_domain"].keys() == {"7", "8"}, "what was read stays as it was"


def test_many_threads_may_ask_while_one_learns() -> None:
    ids = Ids(BEFORE, TYPES)

    def ask(_number: int) -> int:
        return sum(ids.keys()["delivery_domain"].get(f"n{number}") is not None for number in range(2_000))

    with ThreadPoolExecutor(4) as pool:
        asked = pool.map(ask, range(4))
        for number in range(2_000):
            ids.know(Address("delivery_domain", f"{number}.example"), f"n{number}")
        assert all(0 <= number <= 2_000 for number in asked)
    assert len(ids.keys()["delivery_domain"]) == 2_002
