"""The HTTP client: rate, retries, and what an answer means."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, pairwise, repeat

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qboxctl.api.client import Client, Reader
from qboxctl.api.rate import LATE, Limiter
from qboxctl.config.settings import ApiSettings
from qboxctl.errors import FOREIGN, ApiError, AuthError, OutcomeUnknown, Refused, Unreachable
from qboxctl.model import Revealed
from tests.support.lab import TOKEN, FakeClock
from tests.support.laws import many

OK = {"resources": [], "pagination": {}}
Step = httpx.Response | Exception


class Script(httpx.BaseTransport):
    """Answers one thing after the other, the last one for ever, and notes when it was asked."""

    def __init__(self, clock: FakeClock, *steps: Step) -> None:
        self.clock, self.steps = clock, list(steps)
        self.times: list[float] = []
        self.requests: list[httpx.Request] = []
        self.lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.times.append(self.clock.monotonic())
            self.requests.append(request)
            step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)


def client_of(*steps: Step, api: ApiSettings | None = None, kind: type[Reader] = Client) -> tuple[Reader, Script]:
    clock = FakeClock()
    script = Script(clock, *steps)
    return kind("https://api.example", Revealed(TOKEN), api or ApiSettings(), transport=script, clock=clock), script


def page(status: int, text: str = "", **headers: str) -> httpx.Response:
    return httpx.Response(status, text=text, headers={name.replace("_", "-"): value for name, value in headers.items()})


def good() -> httpx.Response:
    return httpx.Response(200, json=OK)


def refusal(status: int, *errors: Mapping[str, str]) -> httpx.Response:
    return httpx.Response(status, json={"message": "No", "errors": list(errors)})


TROUBLE: dict[str, Callable[[], Step]] = {
    "500": lambda: page(500, "oops"),
    "502 html": lambda: page(502, "<html>Bad Gateway</html>"),
    "503": lambda: page(503),
    "200 html": lambda: page(200, "<html>login</html>"),
    "200 list": lambda: page(200, "[]"),
    "200 cut": lambda: page(200, '{"resources": ['),
    "404 html": lambda: page(404, "<html>not here</html>"),
    "reset": lambda: httpx.ReadError("reset"),
    "no answer": lambda: httpx.ReadTimeout("slow"),
    "closed": lambda: httpx.RemoteProtocolError("closed"),
}


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
def test_reads_are_repeated_and_creates_are_not(trouble: Callable[[], Step]) -> None:
    reader, script = client_of(trouble(), good())
    assert reader.get("/api/domains").resources == []
    assert len(script.requests) == 2
    writer, script = client_of(trouble(), good())
    assert isinstance(writer, Client)
    with pytest.raises(OutcomeUnknown):
        writer.write("POST", "/api/domains", {}, repeatable=False)
    assert len(script.requests) == 1
    writer, script = client_of(trouble(), good())
    assert isinstance(writer, Client)
    writer.write("PUT", "/api/domains/D1", {}, repeatable=True)
    assert len(script.requests) == 2


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("late")])
def test_what_was_never_sent_is_sent_again(error: Exception) -> None:
    writer, script = client_of(error, good())
    assert isinstance(writer, Client)
    writer.write("POST", "/api/domains", {}, repeatable=False)
    assert len(script.requests) == 2
    reader, script = client_of(error)
    with pytest.raises(Unreachable):
        reader.get("/api/domains")
    assert len(script.requests) == 1 + ApiSettings().retries


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 301, 302])
def test_a_refusal_is_not_repeated(status: int) -> None:
    writer, script = client_of(refusal(status, {"field": "name", "description": "already exists"}))
    assert isinstance(writer, Client)
    with pytest.raises(Refused) as caught:
        writer.write("POST", "/api/domains", {}, repeatable=False)
    assert caught.value.status == status
    assert caught.value.already_exists == (status == 422)
    assert len(script.requests) == 1


MISSING = {
    # a page about a call that is not there; and whether it says so to a write, and to a read that may not be there
    (405, ""): (True, True),
    (405, "Method Not Allowed"): (True, True),
    (405, "<html>Not Allowed</html>"): (True, True),
    (405, '{"detail": "Method Not Allowed"}'): (True, True),
    (404, '{"detail": "Not Found"}'): (True, True),
    (404, '{"status": 404, "error": "Not Found"}'): (True, True),
    (404, ""): (False, False),
    (404, "Not Found"): (False, False),
    (404, "[]"): (False, False),
    (404, "<html>Not Found</html>"): (False, False),
}


@pytest.mark.parametrize(("status", "text"), MISSING)
def test_a_call_that_is_not_there_is_known_by_pages_of_any_form(status: int, text: str) -> None:
    """An account of another server must not look empty: to a read that is surely there 404 is no answer."""
    for refused, send in zip(
        (*MISSING[status, text], status == 405),
        (
            lambda client: client.write("PUT", "/x", {}, repeatable=False),
            lambda client: client.get("/x", assumed=True),
            lambda client: client.get("/x"),
        ),
        strict=True,
    ):
        client, script = client_of(page(status, text))
        with pytest.raises(Refused if refused else OutcomeUnknown) as caught:
            send(client)
        assert (caught.value.status, caught.value.hint) == (status, FOREIGN)
        assert not refused or len(script.requests) == 1
        assert str(caught.value).partition(": ")[2].startswith(f"{status}")


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_may_not_read_is_an_auth_error(status: int) -> None:
    for answer in (refusal(status), page(status, "<html>no</html>")):
        reader, script = client_of(answer)
        with pytest.raises(AuthError) as caught:
            reader.get("/api/domains")
        assert caught.value.hint
        assert len(script.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_retry_after_holds_everybody_back(status: int) -> None:
    reader, script = client_of(page(status, retry_after="30"), good())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: reader.get("/api/domains"), range(8)))
    first = script.times[0]
    early = [time for time in script.times if time < first + 30]
    assert len(early) <= ApiSettings().concurrency  # only what was in flight already
    assert all(time >= first + 30 for time in script.times[len(early) :])


def test_a_429_without_a_time_waits_longer_and_longer() -> None:
    reader, script = client_of(*[page(429) for _ in range(4)], good())
    reader.get("/api/domains")
    gaps = [after - before for before, after in pairwise(script.times)]
    assert all(gap >= 0.25 for gap in gaps)
    assert gaps[-1] > gaps[0]


@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_of_days_is_not_waited_for(status: int) -> None:
    reader, script = client_of(page(status, retry_after="172800"))
    with pytest.raises(ApiError, match="wait 172800 s"):
        reader.get("/api/domains")
    assert len(script.requests) == 1


@pytest.mark.parametrize(("seconds", "waits"), [("30", 30), ("172800", 0)])
def test_a_retry_after_holds_back_what_comes_after_a_write_that_is_not_repeated(seconds: str, waits: int) -> None:
    clock, told = FakeClock(), []
    script = Script(clock, page(503, retry_after=seconds), good())
    client = Client(
        "https://api.example", Revealed(TOKEN), ApiSettings(), clock=clock, notice=told.append, transport=script
    )
    with pytest.raises(OutcomeUnknown, match="503"):
        client.write("POST", "/api/domains", {}, repeatable=False)
    client.get("/api/domains")
    assert script.times[1] - script.times[0] == pytest.approx(waits)
    assert told == [f"503 Service Unavailable: all wait {waits:.1f} s"] * bool(waits)


def test_an_endless_429_ends() -> None:
    reader, script = client_of(page(429, retry_after="0"))
    with pytest.raises(ApiError, match="429"):
        reader.get("/api/domains")
    assert len(script.requests) < 100


@many(30)
@given(st.floats(0.5, 200), st.integers(1, 8), st.integers(2, 40))
def test_the_rate_is_never_exceeded(per_second: float, concurrency: int, number: int) -> None:
    reader, script = client_of(good(), api=ApiSettings(concurrency=concurrency, requests_per_second=per_second))
    with ThreadPoolExecutor(concurrency) as pool:
        list(pool.map(lambda _: reader.get("/api/domains"), range(number)))
    assert script.clock.slept >= (number - 1) / per_second - LATE - 1e-6


class LateClock(FakeClock):
    """A clock whose sleeps end late, by one delay after the other."""

    def __init__(self, delays: Sequence[float]) -> None:
        super().__init__()
        self.delays = cycle(delays)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds + next(self.delays))


@many(100)
@given(st.floats(1, 500), st.lists(st.floats(0, 0.02), min_size=1, max_size=20), st.integers(2, 60))
def test_sleeping_too_long_neither_adds_up_nor_lets_a_crowd_through(
    per_second: float, delays: list[float], number: int
) -> None:
    clock = LateClock(delays)
    limiter = Limiter(8, per_second, clock, lambda: False)
    times = []
    for _ in range(number):
        with limiter.slot():
            times.append(clock.monotonic())
    for first, begin in enumerate(times):
        for last in range(first + 1, number):
            most = (times[last] - begin + min(LATE, 1 / per_second)) * per_second
            assert last - first <= most + 1e-3, "the rate, and one more at most"
    if max(delays) <= min(LATE, 1 / per_second):
        assert times[-1] - times[0] <= (number - 1) / per_second + LATE + 1e-3, "and no slower than that"


def test_no_more_than_the_slots_run_at_once() -> None:
    limiter = Limiter(3, None, FakeClock(), lambda: False)
    running, most = 0, 0
    lock = threading.Lock()
    barrier = threading.Event()

    def work(_: int) -> None:
        nonlocal running, most
        with limiter.slot():
            with lock:
                running += 1
                most = max(most, running)
                if running == 3:
                    barrier.set()
            barrier.wait(5)
            with lock:
                running -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(12)))
    assert most == 3


def test_a_reader_cannot_write() -> None:
    reader, script = client_of(good(), kind=Reader)
    assert not hasattr(reader, "write")
    with pytest.raises(ValueError, match="only read"):
        reader.look_up("/api/delivery/suppression_lists", {"email": "a@b.cc"})
    reader.look_up("/api/delivery/suppression_lists/details", {"email": "a@b.cc"})
    assert [one.url.path for one in script.requests] == ["/api/delivery/suppression_lists/details"]


def test_the_token_is_a_header_and_nothing_else() -> None:
    reader, script = client_of(good())
    reader.get("/api/domains", {"page": 1})
    request = script.requests[0]
    assert request.headers["x-api-token"] == TOKEN
    assert TOKEN not in str(request.url)
    assert [name for name, value in request.headers.items() if TOKEN in value] == ["x-api-token"]


def test_what_a_server_repeats_of_a_secret_is_hidden() -> None:
    answer = refusal(422, {"field": "password", "description": f"{TOKEN} and hunter2-secret are weak\x1b[2J"})
    writer, _ = client_of(answer)
    assert isinstance(writer, Client)
    writer.hide(Revealed("hunter2-secret"))
    with pytest.raises(Refused) as caught:
        writer.write("PUT", "/api/x", {}, repeatable=True)
    assert str(caught.value) == "PUT /api/x: 422 No: password *** and *** are weak [2J"
    for text in (f"<html>{TOKEN}", f'{{"oops": "{TOKEN}"'):
        reader, _ = client_of(page(502, text))
        with pytest.raises(OutcomeUnknown) as unknown:
            reader.get("/api/domains")
        assert TOKEN not in str(unknown.value)


@many(200)
@given(st.binary(max_size=200), st.sampled_from([200, 201, 204, 404, 422, 500]))
def test_any_answer_ends_in_a_known_way(content: bytes, status: int) -> None:
    reader, _ = client_of(httpx.Response(status, content=content), api=ApiSettings(retries=0))
    message = ""
    try:
        _ = reader.get("/api/domains").resources
    except (ApiError, AuthError) as error:
        message = str(error)
    assert message.isprintable()


class Endless(httpx.BaseTransport):
    """Answers with a body that never ends."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=repeat(b" " * 2**20))


def test_an_answer_without_end_is_given_up() -> None:
    reader = Reader(
        "https://api.example", Revealed(TOKEN), ApiSettings(retries=0), transport=Endless(), clock=FakeClock()
    )
    with pytest.raises(OutcomeUnknown, match="an answer of more than 64 MB"):
        reader.get("/api/domains")


def test_deep_and_large_answers_are_refused() -> None:
    deep = page(200, "[" * 100_000)
    reader, _ = client_of(deep, api=ApiSettings(retries=0))
    with pytest.raises(OutcomeUnknown):
        reader.get("/api/domains")
    many_pages = httpx.Response(200, json={"resources": [], "pagination": {"total_pages": 10**12}})
    from qboxctl.api.reader import Account
    from qboxctl.resources import TYPES

    reader, _ = client_of(many_pages)
    with pytest.raises(ApiError, match="pages"):
        Account(reader, TYPES).page(TYPES["domain"], "/api/domains", 1)


def test_one_tells_what_all_suffer_from() -> None:
    clock, told, logged = FakeClock(), [], []
    reader = Reader(
        "https://api.example", Revealed(TOKEN), ApiSettings(concurrency=4), clock=clock, notice=told.append,
        log=logged.append, transport=Script(clock, httpx.ConnectError("[Errno 111] Connection refused")),
    )  # fmt: skip
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(reader.get, "/api/domains") for _ in range(8)]
    assert all(isinstance(one.exception(), Unreachable) for one in futures)
    assert 1 <= len(told) <= reader.api.retries, "each attempt is told once at most, whoever makes it"
    assert all("no connection to api.example" in line and "/api/domains" not in line for line in told)
    assert len(told) + len(logged) == 8 * reader.api.retries


def test_a_connection_that_nobody_answers_is_told_after_the_first_attempt() -> None:
    """A firewall drops it without a word: each attempt takes as long as the timeout."""
    clock, told = FakeClock(), []

    class Silence(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            clock.sleep(30)
            raise httpx.ConnectTimeout("timed out")

    reader = Reader(
        "https://api.example", Revealed(TOKEN), ApiSettings(), clock=clock, notice=told.append, transport=Silence()
    )
    with pytest.raises(Unreachable):
        reader.get("/api/domains")
    assert len(told) == reader.api.retries
    assert told[0].startswith("no connection to api.example: timed out; again in 0.")


class Mute(httpx.BaseTransport):
    """Answers once a condition holds, and all alarms have rung; a test that waits for it in vain fails."""

    def __init__(self, condition: threading.Event) -> None:
        self.condition = condition

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert self.condition.wait(20), "nothing was said"
        join_alarms()
        return good()


def join_alarms() -> None:
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            while not thread.is_alive() and thread in threading.enumerate():
                time.sleep(0.001)  # it is just being started, and cannot be waited for
            thread.join(20)


def test_a_server_that_accepts_and_keeps_silent_is_told_before_the_timeout() -> None:
    said, told = threading.Event(), []

    def notice(text: str) -> None:
        told.append(text)
        said.set()

    reader = Reader(
        "https://api.example", Revealed(TOKEN), ApiSettings(concurrency=4), notice=notice, transport=Mute(said),
        silence=0.01,
    )  # fmt: skip
    with ThreadPoolExecutor(4) as pool:
        assert all(one.resources == [] for one in pool.map(reader.get, ["/api/domains"] * 4))
    assert told == ["no answer from api.example yet; it has 30 s"], "once for all that are under way"


def test_a_server_that_has_answered_meanwhile_is_not_told_to_be_silent() -> None:
    """One of two requests waits for longer: that of a server which answers is no silence."""
    told: list[str] = []
    release, answered = threading.Event(), threading.Event()

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/slow"):
            answered.set()
            assert release.wait(20)
            join_alarms()
        else:
            assert answered.wait(20)
        return good()

    reader = Reader(
        "https://api.example", Revealed(TOKEN), ApiSettings(), notice=told.append,
        transport=httpx.MockTransport(handle), silence=0.5,
    )  # fmt: skip
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(reader.get, "/api/slow")
        reader.get("/api/domains")
        release.set()
        slow.result(20)
    assert told == []


def test_a_server_that_answers_is_not_told_to_be_silent() -> None:
    clock, told = FakeClock(), []
    reader = Reader(
        "https://api.example", Revealed(TOKEN), ApiSettings(), clock=clock, notice=told.append,
        transport=Script(clock, good()), silence=20,
    )  # fmt: skip
    before = threading.active_count()
    reader.get("/api/domains")
    join_alarms()
    assert threading.active_count() <= before, "an alarm outlives its request"
    assert told == []


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("[Errno 111] Connection refused", "Connection refused"),
        ("[Errno -2] Name or service not known", "Name or service not known"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "TLS: wrong version number"),
        ("timed out", "timed out"),
    ],
)
def test_a_reason_is_told_without_the_numbers_of_the_system(raised: str, told: str) -> None:
    reader, _ = client_of(httpx.ConnectError(raised))
    with pytest.raises(Unreachable) as caught:
        reader.get("/api/domains")
    assert caught.value.text == f"no connection to api.example: {told}"


def test_a_certificate_that_is_not_trusted_is_not_tried_again() -> None:
    reader, script = client_of(
        httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed (_ssl.c:1006)")
    )
    with pytest.raises(Unreachable, match=r"TLS: certificate verify failed: self-signed$") as caught:
        reader.get("/api/domains")
    assert len(script.requests) == 1
    assert "SSL_CERT_FILE" in str(caught.value.hint)


@pytest.mark.parametrize("status", [429, 503])
def test_a_long_wait_that_is_asked_for_after_a_lost_answer_leaves_it_open(status: int) -> None:
    client, script = client_of(page(502), page(status, Retry_After="7200"))
    assert isinstance(client, Client)
    with pytest.raises(
        OutcomeUnknown,
        match=rf"{'502' if status == 429 else status}.*; and then: PUT /x: the server asks to wait 7200 s",
    ):
        client.write("PUT", "/x", {"a": 1}, repeatable=True)
    assert len(script.requests) == 2


def test_after_an_answer_the_next_trouble_is_told_again() -> None:
    refused = httpx.ConnectError("[Errno 111] Connection refused")
    clock, told = FakeClock(), []
    script = Script(clock, *[refused] * 4, good(), *[refused] * 4, good())
    reader = Reader(
        "https://api.example", Revealed(TOKEN), ApiSettings(), clock=clock, notice=told.append, transport=script
    )
    reader.get("/api/domains")
    before = len(told)
    reader.get("/api/domains")
    assert before >= 2
    assert len(told) > before + 1
