"""What a server answers, byte by byte over a socket: nothing of it costs more time or memory than is allowed, and
nothing that it repeats of a secret is shown, however it is spelled."""

from __future__ import annotations

import base64
import gzip
import html
import json
import time
import traceback
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from qboxctl.api.client import Client, Reader
from qboxctl.api.redaction import Redaction
from qboxctl.api.transport import MAX_ANSWER
from qboxctl.config.settings import ApiSettings
from qboxctl.emulator import Request, Response
from qboxctl.errors import QboxctlError
from qboxctl.model import Revealed, Status
from tests.support.lab import PASSWORD, TOKEN, Lab, QuickClock, configuration_of
from tests.support.raw_server import Say, raw_server

GOOD = b'{"resources": [], "pagination": {}}'


def asked(say: Say, *, timeout: float = 30, hidden: str = "", body: dict[str, str] | None = None) -> str:
    """What is said of an answer, in its message and in its traceback; "" where it is a good one."""
    api = ApiSettings(concurrency=1, timeout=timeout, retries=0)
    with raw_server(say) as url:
        client = Client(url, Revealed(TOKEN), api, clock=QuickClock())
        client.hide(Revealed(hidden))
        try:
            answer = client.write("POST", "/api/x", body, repeatable=False) if body else client.get("/api/domains")
        except QboxctlError as error:
            return f"{error}\n{''.join(traceback.format_exception(error))}"
        finally:
            client.close()
    return "" if answer.data == json.loads(GOOD) else f"{answer} {answer.data}"


def trickle(before: bytes, drop: bytes) -> Say:
    def say(_: bytes) -> Iterator[bytes]:
        yield before
        while True:
            time.sleep(0.02)
            yield drop

    return say


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n"
PACKED = CHUNKED + b"content-encoding: gzip\r\n\r\n"
EMPTY = gzip.compress(b"")
TRICKLES = {
    "the status line": trickle(b"HTTP/1.1 200 O", b"K"),
    "headers": trickle(HEAD, b"x-more: y\r\n"),
    "one header": trickle(HEAD + b"x-more: ", b"y"),
    "1xx": trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "many 1xx at once": trickle(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
    "the body": trickle(HEAD + b"content-length: 1000000\r\n\r\n", b" "),
    "chunks": trickle(CHUNKED + b"\r\n", b"1\r\n \r\n"),
    "the size of a chunk": trickle(CHUNKED + b"\r\n1;x=", b"y"),
    "trailers": trickle(CHUNKED + b"\r\n0\r\n", b"x-more: y\r\n"),
    "empty packed blocks": trickle(PACKED, b"%x\r\n%s\r\n" % (len(EMPTY), EMPTY)),
    "nothing": trickle(b"", b""),
}


@pytest.mark.parametrize("say", TRICKLES.values(), ids=TRICKLES)
def test_one_deadline_holds_for_a_whole_request(say: Say) -> None:
    said = asked(say, timeout=0.3)
    assert "took longer than 0.3 s" in said or "too many" in said, said


def test_the_deadline_begins_anew_with_each_request() -> None:
    def say(_: bytes) -> Iterator[bytes]:
        time.sleep(0.2)
        yield HEAD + b"connection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(GOOD), GOOD)

    with raw_server(say) as url:
        reader = Reader(url, Revealed(TOKEN), ApiSettings(timeout=1, retries=0))
        for _ in range(7):
            assert reader.get("/api/domains").resources == []
        reader.close()


def packed(*layers: str, size: int = 0, body: bytes = b"") -> Say:
    """An answer in some encodings, its body blown up to a size."""
    content = body or GOOD + b" " * size
    for layer in layers:
        content = gzip.compress(content) if layer == "gzip" else zlib.compress(content)
    names = ", ".join(layers).encode()
    head = HEAD + b"content-encoding: %s\r\ncontent-length: %d\r\n\r\n" % (names, len(content))
    return lambda _: [head, content]


def test_an_answer_may_be_packed_once() -> None:
    assert asked(packed("gzip", size=100_000)) == ""
    assert asked(lambda _: [HEAD + b"content-encoding: identity\r\ncontent-length: 35\r\n\r\n" + GOOD]) == ""
    two = gzip.compress(GOOD[:10]) + gzip.compress(GOOD[10:])
    head = HEAD + b"content-encoding: x-gzip\r\ncontent-length: %d\r\n\r\n" % len(two)
    assert asked(lambda _: [head, *(two[start : start + 1] for start in range(len(two)))]) == ""


@pytest.mark.parametrize("layers", [("gzip", "gzip"), ("deflate",), ("br",), ("zstd",), ("gzip", "deflate"), ("*",)])
def test_no_other_packing_is_taken(layers: tuple[str, ...]) -> None:
    assert "packed in a way that was not asked for" in asked(packed(*layers))


def test_what_an_answer_unpacks_to_is_bounded() -> None:
    bomb = gzip.compress(b" " * (MAX_ANSWER + 1))
    assert len(bomb) < 70_000
    head = HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    assert "an answer of more than 64 MB" in asked(lambda _: [head, bomb])


DAMAGED = {"cut": gzip.compress(GOOD)[:-9], "not packed": GOOD, "with more": gzip.compress(GOOD) + b"x"}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_packed_answer_that_is_damaged_is_none(content: bytes) -> None:
    head = HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(content)
    assert "packed" in asked(lambda _: [head, content])


SECRET = TOKEN.encode()
REPEATS: dict[str, bytes] = {
    "status line": b"HTTP/1.1 " + SECRET + b"\r\n\r\n",
    "reason": b"HTTP/1.1 500 " + SECRET + b"\r\ncontent-length: 0\r\n\r\n",
    "version": SECRET + b" 200 OK\r\n\r\n",
    "header": HEAD + SECRET + b"\r\n\r\n",
    "header's name": HEAD + b"x " + SECRET + b": 1\r\n\r\n",
    "header's value": HEAD + b"x: \x01" + SECRET + b"\r\n\r\n",
    "length": HEAD + b"content-length: " + SECRET + b"\r\n\r\n",
    "encoding": HEAD + b"content-encoding: " + SECRET + b"\r\ncontent-length: 2\r\n\r\n{}",
    "transfer": HEAD + b"transfer-encoding: " + SECRET + b"\r\n\r\n",
    "chunk": CHUNKED + b"\r\n" + SECRET + b"\r\n",
    "chunk's end": CHUNKED + b"\r\n1\r\n{" + SECRET + b"\r\n",
    "trailer": CHUNKED + b"\r\n0\r\n" + SECRET + b"\r\n\r\n",
    "wait": b"HTTP/1.1 429 " + SECRET + b"\r\nretry-after: 1e9" + SECRET + b"\r\ncontent-length: 0\r\n\r\n",
    "switch": b"HTTP/1.1 101 " + SECRET + b"\r\nupgrade: " + SECRET + b"\r\nconnection: upgrade\r\n\r\n",
    "body": b"HTTP/1.1 500 No\r\n\r\n<p>" + base64.b32encode(b"x") + SECRET[:-2] + b"</p>",
    "not JSON": HEAD + b"\r\n" + SECRET,
    "cut body": HEAD + b"content-length: 999\r\n\r\n" + SECRET,
}


@pytest.mark.parametrize("answer", REPEATS.values(), ids=REPEATS)
def test_what_is_no_proper_answer_is_not_quoted(answer: bytes) -> None:
    api = ApiSettings(retries=0, concurrency=1)
    told: list[str] = []
    with raw_server(lambda _: [answer]) as url:
        reader = Reader(url, Revealed(TOKEN), api, clock=QuickClock(), log=told.append, notice=told.append)
        reader.stop.set()
        with pytest.raises(QboxctlError) as caught:
            _ = reader.get("/api/domains").resources
        reader.close()
    text = "\n".join([str(caught.value), *traceback.format_exception(caught.value), *told])
    assert "canary" not in text
    assert "7f3a" not in text


ODD = 'Canary "5päss" <word>'
SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "capitals": str.upper,
    "HTML": html.escape,
    "HTML numbers": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "HTML hex": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    "URL": quote,
    "URL whole": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "URL twice": lambda text: quote(quote(text)),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "escapes": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "hex escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "cut": lambda text: text[:-4] + "…",
    "cut before": lambda text: "…" + text[4:],
    "blanks between": " ".join,
    "nothing between": "\u200b".join,
    "dashes between": "-".join,
}

ENCODINGS: dict[str, Callable[[str], str]] = {
    "hexadecimal": lambda text: text.encode().hex(),
    **{
        f"base64 from {before}": lambda text, before=before: base64.b64encode(b"k: "[:before] + text.encode()).decode()
        for before in range(4)
    },
    "base64 of more": lambda text: base64.urlsafe_b64encode(f"X-Api-Token: {text}; x=1".encode()).decode(),
}


@pytest.mark.parametrize("spell", [*SPELLINGS.values(), *ENCODINGS.values()], ids=[*SPELLINGS, *ENCODINGS])
def test_a_secret_is_known_in_any_spelling(spell: Callable[[str], str]) -> None:
    for secret in (TOKEN, "f81d4fae7dec11d0a76500a0c91e6bf6", ODD):
        redact = Redaction()
        redact.hide(Revealed(secret), token=True)
        shown = redact(f"it says: {spell(secret)}, and is wrong")
        assert "***" in shown
        assert not any(part in shown for part in (spell(secret)[:12], spell(secret)[-6:]))


@pytest.mark.parametrize("token", [TOKEN, "f81d4fae7dec11d0a76500a0c91e6bf6", "abc", "test", "!!!!----####", ODD])
def test_what_holds_no_secret_is_shown_whole(token: str) -> None:
    redact = Redaction()
    redact.hide(Revealed(token))
    text = "422 Validation failed: name is not valid (see https://api.qboxmail.com/api/domains?page=2&per=100)"
    assert redact(text) == text


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500, 503, 200])
@pytest.mark.parametrize("spell", [*SPELLINGS.values(), lambda text: base64.b64encode(text.encode()).decode()])
def test_of_an_answer_about_a_secret_no_text_is_shown(spell: Callable[[str], str], status: int, tmp_path) -> None:
    echo = spell(PASSWORD)

    def refuse(request: Request, answer: Callable[[Request], Response]) -> Response:
        if request.method == "GET" or "password" not in json.loads(request.body or b"{}"):
            return answer(request)
        rows = [{"field": name, "description": f"about {echo}"} for name in ("password", "name", echo)]
        content = json.dumps({"message": f"about {echo}", "errors": rows}) if status in (400, 409, 422) else f"{echo} x"
        return Response(status, {}, content.encode())

    lab = Lab(between=refuse, seed={"domains": {"a.example": {}}}, api=ApiSettings(retries=0))
    configuration = configuration_of("domains: {a.example: {mailboxes: {ada: {firstname: Ada, password: {env: PW}}}}}")
    (done,) = lab.apply(configuration, journal=tmp_path / "journal")
    assert done.status in (Status.FAILED, Status.UNKNOWN)
    shown = f"{done.error}{(tmp_path / 'journal').read_text()}"
    assert "about" not in shown
    assert echo[:10] not in shown
    assert str(status) in str(done.error)
    assert "***" in str(done.error)
    if status == 422:
        assert "password (file0.yaml" in str(done.error) or "password: file0.yaml" in str(done.error), done.error


def test_what_a_refusal_of_a_secret_names_is_known() -> None:
    rows = [{"field": "password", "description": "x"}, {"field": "name", "description": "already exists, canary"}]
    content = json.dumps({"message": "canary", "errors": [*rows, {"field": "canary", "description": "y"}]}).encode()
    head = b"HTTP/1.1 422 canary\r\ncontent-length: %d\r\n\r\n" % len(content)
    said = asked(lambda _: [head, content], hidden=PASSWORD, body={"password": PASSWORD, "name": "ada"})
    assert said.startswith("POST /api/x: 422 *** (what the server says is not shown, since a secret was sent): ")
    assert "password; name already exists" in said
    assert "canary" not in said.replace("canary-token", "")


def test_an_answer_without_a_secret_is_told_in_the_server_s_words() -> None:
    content = b'{"message": "Validation failed", "errors": [{"field": "name", "description": "is not valid"}]}'
    head = b"HTTP/1.1 422 No\r\ncontent-length: %d\r\n\r\n" % len(content)
    said = asked(lambda _: [head, content], hidden=PASSWORD, body={"name": "ada"})
    assert said.startswith("POST /api/x: 422 Validation failed: name is not valid")


WRITTEN = """
domains:
  a.example: {mailboxes: {ada: {firstname: Ada, password: {env: PW}}}}
  b.example: {postmaster_password: {env: PW}}
delivery: {domains: {n.example: {}}, accounts: {news: {type: newsletter, domains: [n.example]}}}
"""


@pytest.mark.parametrize("spell", [str, str.upper, html.escape], ids=["plain", "capitals", "HTML"])
@pytest.mark.parametrize("name", ["code", "id", "description", "name", "status", "status_detail", "possession_cname"])
def test_what_an_object_repeats_of_a_secret_is_not_told(name: str, spell: Callable[[str], str], tmp_path: Path) -> None:
    """The password as the id, name or state of what was just made: reports and the journal quote these."""
    sent = False

    def repeat(request: Request, answer: Callable[[Request], Response]) -> Response:
        nonlocal sent
        response, tree = answer(request), None
        sent = sent or PASSWORD.encode() in (request.body or b"")
        if sent and response.body:
            tree = json.loads(response.body)
            for row in tree.get("resources", []):
                row[name] = spell(PASSWORD)
        return Response(response.status, response.headers, json.dumps(tree).encode() if tree else response.body)

    lab = Lab(between=repeat, seed={"domains": {"a.example": {}}}, api=ApiSettings(retries=0, concurrency=1))
    done = lab.apply(configuration_of(WRITTEN), journal=tmp_path / "journal")
    shown = "".join(str(one.error) for one in done) + (tmp_path / "journal").read_text()
    assert sent
    assert "pa55word" not in shown.lower()


def test_a_request_that_fails_is_named_without_a_secret() -> None:
    def say(_: bytes) -> Iterator[bytes]:
        yield b"HTTP/1.1 404 No\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n" + b'{"message": "No"}'

    with raw_server(say) as url:
        reader = Reader(url, Revealed(TOKEN), ApiSettings(retries=0, concurrency=1), clock=QuickClock())
        with pytest.raises(QboxctlError) as caught:
            reader.get(f"/api/domains/{TOKEN}/email_accounts")
        reader.close()
    assert str(caught.value) == "GET /api/domains/***/email_accounts: 404 No"


@pytest.mark.parametrize("spelled", [TOKEN, TOKEN.replace("-", "\\u002d"), f"x {TOKEN} y"], ids=ascii)
def test_no_good_answer_tells_the_token(spelled: str) -> None:
    body = f'{{"resources": [{{"name": "{spelled}", "{spelled}": ["{spelled}"], "n": 1}}]}}'.encode()
    said = asked(lambda _: iter([HEAD + b"content-length: %d\r\n\r\n" % len(body) + body]))
    assert TOKEN not in said
    assert "'n': 1" in said


def test_what_is_no_number_in_json_is_text() -> None:
    body = b'{"resources": [{"a": NaN, "b": [1e999, -Infinity], "c": 1.5}]}'
    said = asked(lambda _: iter([HEAD + b"content-length: %d\r\n\r\n" % len(body) + body]))
    assert "{'a': 'NaN', 'b': ['1e999', '-Infinity'], 'c': 1.5}" in said
