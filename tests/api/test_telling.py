"""The secret in the answer to a creation, under whichever name the server has it there."""

from __future__ import annotations

from typing import Any

import pytest

from qboxctl.api.responses import Answer
from qboxctl.api.telling import taken_out
from tests.support.keys import KEY

ROW = {"id": 7, "label": "front", "nets": [], "key_preview": "abcd", "created_at": "2026-01-01", "last_used_at": None}
TOLD: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    # what the row has beside the usual, what the answer has beside the row, and the secret ("" for none)
    "by its name": ({"key": "secret-1"}, {}, "secret-1"),
    "by another name": ({"plain_key": "secret-1"}, {}, "secret-1"),
    "the first name counts": ({"plain_key": "other", "key": "secret-1"}, {}, "secret-1"),
    "the first usable one": ({"key": "", "plain_key": "secret-1"}, {}, "secret-1"),
    "beside the row": ({}, {"key": "secret-1", "message": "Created"}, "secret-1"),
    "the only other text": ({"bearer": "secret-1"}, {}, "secret-1"),
    "the only other text beside the row": ({}, {"bearer": "secret-1", "message": "Created"}, "secret-1"),
    "numbers are none": ({"bearer": "secret-1", "shard": 7, "flags": ["x"], "note": None}, {}, "secret-1"),
    "two other texts": ({"bearer": "secret-1", "type_label": "x"}, {}, ""),
    "none": ({}, {"message": "Created"}, ""),
    "the preview": ({"key": "abcd"}, {}, ""),
    "the preview under another name": ({"bearer": "abcd"}, {}, ""),
    "masked": ({"key": "ab***"}, {}, ""),
    "cut": ({"key": "secret-1…"}, {}, ""),
    "blank": ({"key": "  "}, {}, ""),
    "two lines": ({"key": "secret-1\nmore"}, {}, ""),
    "a number": ({"key": 17}, {}, ""),
}


@pytest.mark.parametrize("name", TOLD)
def test_a_secret_in_an_answer(name: str) -> None:
    row, more, secret = TOLD[name]
    assert KEY.told is not None
    answer = Answer(201, {"resources": [{**ROW, **row}], "pagination": {}, **more})
    rest, found = taken_out(answer, KEY, KEY.told)
    assert (found.open() if found else "") == secret
    assert rest.data == {"resources": [{"id": 7}]}
    assert "secret-1" not in repr((answer, rest, found))


@pytest.mark.parametrize("data", [None, {}, {"resources": None}, {"resources": []}, {"resources": ["x"]}])
def test_an_answer_without_a_row(data: Any) -> None:
    assert KEY.told is not None
    assert taken_out(Answer(201, data), KEY, KEY.told)[1] is None
