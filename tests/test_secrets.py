"""Canaries in every place of a secret: none may come out anywhere, and the token goes to the endpoint alone."""

from __future__ import annotations

import copy
import html
import json
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from qboxctl.api.client import Client, Reader
from qboxctl.config.secrets import SecretError, Secrets
from qboxctl.config.settings import ApiSettings, normal_endpoint
from qboxctl.emulator import Request, Response
from qboxctl.errors import ApiError, QboxctlError
from qboxctl.model import Revealed, Secret, SecretSource
from tests.support.lab import ENVIRON, PASSWORD, TOKEN, Lab, configuration_of
from tests.support.processes import PATIENCE, ended

ODD = 'canary-"quote\\5lash'
ACCOUNTS = {"delivery": {"accounts": {"app": {"type": "transactional"}}}}
LOUD = ("-vv", "--debug")


def shown_anywhere(project: Any, *results: Any) -> str:
    """All that a run left behind, but for the files that the test itself put its secrets into."""
    files = [path for path in project.folder.rglob("*") if path.is_file() and "vault" not in path.parts]
    text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
    return text + "\n".join(done.out + done.err for done in results)


def store(project: Any) -> dict[str, Any]:
    """One secret of each source."""
    vault = project.folder / "vault"
    vault.mkdir()
    (vault / "ada").write_text("canary-Adas-1\n")
    (vault / "bob").write_text("canary-Bobs-2\nsecond line that nobody reads\n")
    (vault / "token").write_text(TOKEN + "\n")
    project.env["POSTMASTER"] = "canary-Postma5ter"
    cat = [sys.executable, "-c", "import sys; print(open(sys.argv[1]).read()); print('cana' + 'ry', file=sys.stderr)"]
    return {
        "settings": {"api": {"retries": 0}},
        "domains": {
            "example.com": {
                "postmaster_password": {"env": "POSTMASTER"},
                "mailboxes": {
                    "ada": {"firstname": "Ada", "password": {"file": "../vault/ada"}},
                    "bob": {"firstname": "Bob", "password": {"exec": [*cat, str(vault / "bob")]}},
                },
            }
        },
        **ACCOUNTS,
    }


TOKENS = {
    "env": {"env": "QBOXMAIL_API_TOKEN"},
    "file": {"file": "../vault/token"},
    "exec": {"exec": ["cat", "../vault/token"]},
}


@pytest.mark.parametrize("source", TOKENS)
def test_no_secret_comes_out_of_a_good_run(source, server, project):
    server.swap(quirks={"account_password": "clear", "create_answer": "resources", "write_answer": "200-resources"})
    config = store(project)
    project.write({**config, "settings": {"token": TOKENS[source]}})
    if source != "env":
        del project.env["QBOXMAIL_API_TOKEN"]
    saved = str(project.folder / "plan.json")
    results = [
        project.run("plan", "--out", saved, *LOUD),
        project.apply(saved, "--format", "json", *LOUD),
        project.apply("--rotate", "mailbox/*", *LOUD),
        project.run("show", saved, "--format", "html"),
        project.run("show", saved, "--format", "markdown"),
        project.run("export", "--out", str(project.folder / "adopted"), *LOUD),
        project.run("doctor", *LOUD),
        project.run("dns", "--format", "json", *LOUD),
    ]
    assert {done.code for done in results} == {0}, results
    assert server.emulator.password_sets == {"domain/example.com": 1, "mailbox/ada@example.com": 2,
                                             "mailbox/bob@example.com": 2}  # fmt: skip
    assert server.emulator.has_password("mailbox/bob@example.com", "canary-Bobs-2")
    log = json.dumps([asdict(entry) for entry in server.emulator.requests])
    assert "GET /api/domains 200" in results[0].err, "the log is really on"
    assert "canary" not in shown_anywhere(project, *results) + log
    clear = server.emulator.handle(Request("GET", "/api/delivery/accounts", {}, {"x-api-token": TOKEN})).body
    password = json.loads(clear)["resources"][0]["password"]
    assert len(password) > 6
    assert password not in shown_anywhere(project, *results) + log
    for request in server.arrived:
        assert request.headers["x-api-token"] == TOKEN
        assert "canary" not in request.path + json.dumps(dict(request.query))


def echo_field(request: Request) -> Response:
    body = json.loads(request.body)
    rows = [{"field": name, "description": f"is not good: {value}"} for name, value in body.items()]
    return Response(422, {}, json.dumps({"message": f"No: {' '.join(body.values())}", "errors": rows}).encode())


def echo_page(request: Request) -> Response:
    token = request.headers["x-api-token"].encode()
    return Response(500, {"content-type": "text/html"}, b"<pre>" + token + b" " + request.body + b"</pre>")


def echo_escaped(request: Request) -> Response:
    values = [str(value) for value in json.loads(request.body).values()]
    return Response(500, {}, f"<p>{html.escape(values[0])}</p><a href='?p={quote(values[0])}'>".encode())


def echo_values(request: Request) -> Response:
    values = " ".join(str(value) for value in json.loads(request.body).values())
    return Response(502, {"content-type": "text/plain"}, f"{values} {request.headers['x-api-token']}".encode())


def echo_cut(request: Request) -> Response:
    """The secret stands at the end of what is shown of a page."""
    values = [str(value) for name, value in json.loads(request.body).items() if "password" in name]
    return Response(503, {}, b"".join(b"%s%s\n" % (b"x" * 105, value.encode()) for value in values))


def echo_redirect(request: Request) -> Response:
    return Response(302, {"location": f"https://x.example/{request.headers['x-api-token']}"}, request.body)


def echo_refused(request: Request) -> Response:
    return Response(403, {}, json.dumps({"message": request.headers["x-api-token"] + request.body.decode()}).encode())


ECHOES = (echo_field, echo_page, echo_escaped, echo_values, echo_cut, echo_redirect, echo_refused)


@pytest.mark.parametrize(("echo", "password"), [*((echo, ODD) for echo in ECHOES), (echo_page, "canary-Postma5ter")])
def test_a_server_that_repeats_what_it_was_sent(echo, password, server, project):
    project.write(
        {"settings": {"api": {"retries": 0}}, "domains": {"example.com": {"postmaster_password": {"env": "P"}}}}
    )
    project.env["P"] = password
    server.before = lambda request: echo(request) if request.method != "GET" else None
    done = project.apply(*LOUD)
    assert done.code == 6
    assert len(server.writes) == 1
    left = shown_anywhere(project, done)
    assert TOKEN not in left
    assert "canary" not in left, [line for line in left.splitlines() if "canary" in line]


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_server_that_repeats_the_token_on_reading(status, server, project):
    project.write({"settings": {"api": {"retries": 0}}, "domains": {}})
    server.before = lambda request: Response(status, {}, json.dumps({"message": f"{request.headers}"}).encode())
    if status in (404, 500):
        server.before = lambda request: Response(status, {}, f"{request.headers['x-api-token']} is bad".encode())
    done = project.run("plan", *LOUD)
    assert done.code == (8 if status in (401, 403) else 1)
    assert "***" in done.err
    assert "canary" not in done.out + done.err


@pytest.mark.parametrize("where", ["flag", "variable", "file"])
def test_a_password_in_the_endpoint_is_refused_unseen(where, project):
    url = "https://user:canary-in-url@api.example"
    project.write({"settings": {"endpoint": url}} if where == "file" else {"domains": {}})
    words = ("--endpoint", url) if where == "flag" else ()
    done = project.run("plan", *words, *LOUD, env={"QBOXCTL_ENDPOINT": url} if where == "variable" else {})
    assert done.code == (3 if where == "file" else 1)
    assert "must not hold a user name or password" in done.err
    assert "canary" not in done.out + done.err


PLAIN = """
postmaster_password: canary-plain-1
postmaster_password: [canary-plain-1]
postmaster_password: {env: [canary-plain-1]}
postmaster_password: {canary-plain-1: x}
postmaster_password: {plain: canary-plain-1}
postmaster_password: {env: X, plain: canary-plain-1}
extra: {postmaster_password: canary-plain-1}
extra: {postmaster_password_confirmation: canary-plain-1}
mailboxes: {ada: {firstname: Ada, password: canary-plain-1}}
mailboxes: {ada: {firstname: Ada, password: 12345678, extra: {password: canary-plain-1}}}
""".strip().splitlines()


@pytest.mark.parametrize("form", ["text", "json", "github", "gitlab", "sarif"])
def test_secrets_in_plain_text_are_not_repeated(form, project):
    domains = "".join(f"  d{number}.example:\n    {line}\n" for number, line in enumerate(PLAIN))
    project.write(f"domains:\n{domains}")
    done = project.run("validate", "--format", form)
    assert done.code == 3
    assert "canary" not in done.out + done.err
    if form == "json":
        found = {one["line"] for one in done.json["diagnostics"]}
        assert found == {3 + 2 * number for number in range(len(PLAIN))}


def test_a_plain_secret_in_broken_yaml_is_not_repeated(project):
    project.write("domains: {example.com: {postmaster_password: 'canary-plain-1\n")
    done = project.run("plan", "--debug")
    assert done.code == 3
    assert "canary" not in done.out + done.err


@pytest.mark.parametrize("token", ["canary-token-1", ["canary-token-1"], {"plain": "canary-token-1"}])
def test_a_token_in_plain_text_is_not_repeated(token, project):
    project.write({"settings": {"token": token, "environments": {"a": {"token": token}}}})
    done = project.run("validate")
    assert done.code == 3
    assert "canary" not in done.out + done.err


@pytest.mark.parametrize("status", [302, 307, 308])
def test_redirects_are_not_followed(status, serve, project):
    here, there = serve(), serve()
    project.env["QBOXCTL_ENDPOINT"] = here.url
    project.write(
        {"settings": {"api": {"retries": 1}}, "domains": {"example.com": {"postmaster_password": {"env": "PW"}}}}
    )
    move = lambda request: Response(status, {"location": f"{there.url}{request.path}"})  # noqa: E731
    here.before = move
    done = project.run("plan")
    assert done.code == 1
    assert "redirect" in done.err
    here.before = lambda request: move(request) if request.method != "GET" else None
    assert project.apply().code == 6
    assert here.arrived
    assert not there.arrived


BAD_ENDPOINTS = """
http://api.qboxmail.com http://10.0.0.1 http://127.0.0.1.example http://localhost.example http://0.0.0.0 http://[::2]
http://localhost:x@mail.example http://2130706434 ftp://127.0.0.1 //api.example api.example https://
https://api.example?token=x https://api.example#x http://127.0.0.1\\@x.example https://xn--a.example https://xn--
https://\N{SNOWMAN}. https://\N{ARABIC-INDIC DIGIT ONE}.2.3.4
"""


@pytest.mark.parametrize("url", [*BAD_ENDPOINTS.split(), "https://a b.example"])
def test_endpoints_that_must_not_get_the_token(url):
    with pytest.raises(ValueError, match="endpoint"):
        normal_endpoint(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8025",
        "http://[::1]:8025",
        "http://localhost",
        "https://api.example",
        "https://\u00fcn.example",
    ],
)
def test_endpoints_that_may(url):
    assert urlsplit(normal_endpoint(url + "/")).hostname == urlsplit(url).hostname
    assert normal_endpoint(url + "/") == url


def test_a_proxy_of_the_environment_sees_nothing_of_plain_http(serve, project):
    api, proxy = serve(), serve()
    project.write({"domains": {}})
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"), proxy.url)
    assert project.run("plan", "--endpoint", api.url, env=proxies).code == 0
    assert api.arrived
    assert not proxy.arrived


def test_errors_and_values_hold_no_secret(tmp_path):
    """``repr`` and ``str`` of whatever a library user may log."""

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(422, json={"message": request.headers["x-api-token"], "errors": [
            {"field": "password", "description": request.content.decode()}]})  # fmt: skip

    client = Client(
        "https://api.example", Revealed(TOKEN), ApiSettings(retries=0), transport=httpx.MockTransport(handle)
    )
    client.hide(Revealed(PASSWORD))
    with pytest.raises(ApiError) as caught:
        client.write("POST", "/api/domains", {"password": PASSWORD}, repeatable=False)
    with pytest.raises(QboxctlError) as read:
        client.get("/api/domains")
    for error in (caught.value, read.value):
        text = repr(error) + str(error) + "".join(traceback.format_exception(error)) + repr(vars(error))
        assert "***" in text
        assert not [word for word in (TOKEN, PASSWORD) if word in text]
    assert "canary" not in repr(client)
    client.close()

    mailbox = "ada: {firstname: Ada, password: {env: PW}}"
    configuration = configuration_of(
        f"domains: {{example.com: {{postmaster_password: {{env: PW}}, mailboxes: {{{mailbox}}}}}}}"
    )
    lab = Lab(quirks={"account_password": "clear"})
    plan = lab.plan(configuration)
    outcomes = lab.apply(configuration, plan, journal=tmp_path / "journal")
    seen = repr((configuration, plan, outcomes, lab.log, lab.emulator.requests)) + (tmp_path / "journal").read_text()
    assert "canary" not in seen
    assert "canary" not in repr(Secrets(ENVIRON))
    reader = Reader("https://api.example", Revealed(TOKEN), ApiSettings(), transport=httpx.MockTransport(handle))
    assert "canary" not in repr(reader)
    reader.close()


SHOWN: list[Callable[[Revealed], object]] = [repr, str, format, "{0} {0!r} {0:>30}".format, "%s".__mod__,
                                             lambda secret: f"{secret}", lambda secret: f"{[secret]} {({1: secret})}",
                                             lambda secret: repr(ValueError(secret))]  # fmt: skip


@pytest.mark.parametrize("show", SHOWN)
def test_an_opened_secret_shows_as_stars(show: Callable[[Revealed], object]) -> None:
    shown = str(show(Revealed(PASSWORD)))
    assert "***" in shown
    assert PASSWORD not in shown


@pytest.mark.parametrize("keep", [json.dumps, pickle.dumps, copy.copy, copy.deepcopy, list, len, "".join])
def test_an_opened_secret_can_be_neither_saved_nor_used_as_text(keep: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError) as caught:
        keep(Revealed(PASSWORD))
    assert PASSWORD not in str(caught.value)


def test_opened_secrets_are_equal_where_their_texts_are() -> None:
    assert len({Revealed(PASSWORD), Revealed(PASSWORD), Revealed("another")}) == 2
    assert Revealed(PASSWORD) != PASSWORD


def resolve(source: SecretSource, *words: str, base: str = "", **environ: str) -> str:
    return Secrets({"PATH": "/usr/bin:/bin", **environ}).resolve(Secret(source, words, base)).open()


def test_programs_run_without_a_shell(tmp_path):
    words = ("; touch owned", "$(touch owned)", "`touch owned`", "a|b", "$HOME", "*", "> owned")
    script = tmp_path / "show"
    script.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    script.chmod(0o700)
    assert json.loads(resolve(SecretSource.EXEC, "./show", *words, base=str(tmp_path))) == list(words)
    assert [path.name for path in tmp_path.iterdir()] == ["show"]
    with pytest.raises(SecretError, match="cannot be run"):
        resolve(SecretSource.EXEC, "echo x; echo y")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("print('canary-out'); print('canary-err', file=sys.stderr); sys.exit(3)", "status 3"),
        ("print('canary-err', file=sys.stderr)", "printed nothing"),
        ("sys.stdout.buffer.write(b'canary-\\xff\\xfe')", "printed no text"),
        ("print(); print('canary-second')", "printed nothing"),
    ],
)
def test_programs_that_fail(code, says, capfd):
    with pytest.raises(SecretError, match=says) as caught:
        resolve(SecretSource.EXEC, sys.executable, "-c", f"import sys; {code}")
    assert "canary" not in repr(caught.value).replace(code, "")
    assert "canary" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_files_that_hold_no_secret(tmp_path):
    for name, content in {"two": b"canary-a\ncanary-b\n", "bytes": b"canary\xff", "empty": b"\n"}.items():
        path = Path(tmp_path, name)
        path.write_bytes(content)
        with pytest.raises(SecretError) as caught:
            resolve(SecretSource.FILE, str(path))
        assert "canary" not in str(caught.value).replace(str(tmp_path), "")


def test_a_pipe_is_read_where_somebody_wrote_to_it_and_not_waited_for_where_nobody_does(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SecretError, match="must hold the secret on one line"):
        resolve(SecretSource.FILE, str(tmp_path / "pipe"))
    reading, writing = os.pipe()
    os.write(writing, b"s3cret\n")
    os.close(writing)
    assert resolve(SecretSource.FILE, f"/dev/fd/{reading}") == "s3cret"
    os.close(reading)


def test_a_weak_password_is_not_repeated(server, project):
    project.write({"domains": {"example.com": {"postmaster_password": {"env": "P"}}}})
    done = project.apply(*LOUD, env={"P": "canary!"})
    assert done.code == 3
    assert "fewer than 8 characters" in done.err
    assert "canary" not in done.out + done.err
    assert not server.writes


def test_a_program_that_takes_too_long_is_ended():
    slow = Secret(SecretSource.EXEC, (sys.executable, "-c", "import time; print('x', flush=True); time.sleep(60)"))
    with pytest.raises(SecretError, match=r"took longer than 0\.5 s"):
        Secrets({}, exec_timeout=0.5).resolve(slow)


def test_a_program_that_prints_without_end_is_ended():
    with pytest.raises(SecretError, match="more than a secret"):
        Secrets({}).resolve(Secret(SecretSource.EXEC, (sys.executable, "-c", "while True: print('y' * 1000)")))


def program(folder: Path, code: str) -> Secret:
    """A reference to what some Python prints, told a path to leave its traces at."""
    return Secret(SecretSource.EXEC, (sys.executable, "-c", code, str(folder / "trace")))


FORKS = "import os, subprocess, sys, time; child = subprocess.Popen(['sleep', '300']); "
TRACE = "open(sys.argv[1], 'w').write(str(child.pid)); "


@pytest.mark.parametrize("end", ["time.sleep(300)", "print('canary-1'); sys.stdout.flush()", "print('y' * 10**6)"])
def test_the_children_of_a_program_end_with_it(end, tmp_path):
    with pytest.raises(SecretError, match=r"took longer than 1 s|more than a secret"):
        Secrets({}, exec_timeout=1).resolve(program(tmp_path, FORKS + TRACE + end))
    until_it_has_ended(int((tmp_path / "trace").read_text()))


def test_a_child_in_a_session_of_its_own_is_not_waited_for(tmp_path):
    code = FORKS.replace("300']", "20'], start_new_session=True") + TRACE + "print('canary-1')"
    with pytest.raises(SecretError, match="took longer than"):
        Secrets({}, exec_timeout=0.5).resolve(program(tmp_path, code))
    os.kill(int((tmp_path / "trace").read_text()), signal.SIGKILL)


def test_a_program_that_closes_its_output_and_stays_is_ended(tmp_path):
    code = "import os, sys, time; print('canary-1', flush=True); os.close(1); time.sleep(300)"
    with pytest.raises(SecretError, match="took longer than"):
        Secrets({}, exec_timeout=0.5).resolve(program(tmp_path, code))


def until_it_has_ended(process: int) -> None:
    """Wait for the end of a process that is not ours; one that only waits to be buried has ended."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{process}/stat").read_text().split()[2] in "XZ":
                return
        except FileNotFoundError:
            return
        time.sleep(0.01)
    raise AssertionError("it runs on")


MANY = """
settings: {{token: {{env: MY_TOKEN}}, environments: {{b: {{token: {{env: OTHER_SECRET}}}}}}}}
defaults: {{mailbox: {{firstname: A, password: {{exec: [{python}, {script}]}}}}}}
domains:
  a.example:
    postmaster_password: {{exec: [{python}, {script}]}}
    mailboxes: {{ada: {{}}, bob: {{}}, eve: {{}}}}
"""


def test_a_program_in_defaults_is_run_for_each_object_and_sees_no_token(server, project):
    script = project.folder / "program.py"
    script.write_text(
        "import os, sys\n"
        "with open(sys.argv[0] + '.log', 'a') as log: print(sorted(os.environ), file=log)\n"
        "print('canary-' + os.environ['QBOXCTL_ADDRESS'] + '-1')\n"
    )
    project.write(MANY.format(python=sys.executable, script=script))
    tokens = dict.fromkeys(("MY_TOKEN", "OTHER_SECRET", "QBOXMAIL_API_TOKEN", "QBOXMAIL_SANDBOX_TOKEN"), TOKEN)
    assert project.apply(env={**tokens, "A_COPY": f"Bearer {TOKEN}", "VAULT_ADDR": "x"}).code == 0
    for address in ("domain/a.example", *(f"mailbox/{name}@a.example" for name in ("ada", "bob", "eve"))):
        assert server.emulator.has_password(address, f"canary-{address}-1"), address
    seen = Path(f"{script}.log").read_text().splitlines()
    assert len(seen) == 4
    assert not [name for name in (*tokens, "A_COPY") if name in "".join(seen)]
    assert all("VAULT_ADDR" in line and "'PATH'" in line for line in seen)


@pytest.mark.slow
def test_an_interruption_ends_the_programs_that_run(project, server):
    script = project.folder / "program.py"
    script.write_text("import os, sys, time\nopen(sys.argv[0] + f'.{os.getpid()}', 'w')\ntime.sleep(300)\n")
    project.write(MANY.format(python=sys.executable, script=script))
    running = project.start("apply", "--auto-approve", env={"MY_TOKEN": TOKEN})
    while len(found := list(project.folder.glob("program.py.*"))) < 4:
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    assert ended(running).code == 130
    for path in found:
        until_it_has_ended(int(path.suffix[1:]))
    assert not server.writes
