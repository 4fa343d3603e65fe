"""Odd surroundings: each ends with a sentence and a code of the contract, never as a fault of the program."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from qboxctl.api.redaction import Redaction
from qboxctl.api.transport import Network, proxy_of
from qboxctl.cli import run
from qboxctl.cli.common import Common
from qboxctl.cli.failures import explained, of_the_system
from qboxctl.config.settings import ApiSettings
from qboxctl.emulator import Emulator
from qboxctl.errors import QboxctlError, Unreachable
from qboxctl.model import Revealed
from tests.support.lab import FakeClock
from tests.support.processes import Project, Result

EMULATED = ("--endpoint", "emulator:")
NAMES = "Ünïcödé → 😀"


@pytest.fixture
def small(project: Project) -> Project:
    project.write(
        {"domains": {"a.example": {"postmaster_password": {"env": "PW"}, "mailboxes": {
            "ada": {"firstname": NAMES, "password": {"env": "PW"}}}}}}
    )  # fmt: skip
    return project


def shell(project: Project, script: str, **env: str) -> Result:
    """A command of a shell in the project's folder; ``qboxctl`` is this one."""
    text = f'qboxctl() {{ {sys.executable} -m qboxctl -C {project.config} "$@"; }}\n{script}'
    done = subprocess.run(
        ["/bin/sh", "-c", text], cwd=project.folder, env={**project.env, **env}, capture_output=True, check=False
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


CLOSED = {
    "plan --endpoint emulator: <&-": 0, "plan --endpoint emulator: >&-": 0, "plan --endpoint emulator: 2>&-": 0,
    "plan --endpoint emulator: >&- 2>&-": 0, "plan --endpoint emulator: <&- >&- 2>&-": 0,
    "plan --endpoint emulator: --detailed-exitcode --format json <&- >&- 2>&-": 2,
    "apply --endpoint emulator: <&-": 1, "apply --endpoint emulator: --auto-approve <&- >&- 2>&-": 0,
    "apply --endpoint emulator: --auto-approve --format json >&-": 0,
    "validate <&- >&- 2>&-": 0,
    "nonsense 2>&-": 1, "--help >&-": 0, "export --endpoint emulator: --out new >&- 2>&-": 0,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("command", "code"), CLOSED.items())
def test_closed_streams(command: str, code: int, small: Project) -> None:
    small.env["QBOXCTL_ENDPOINT"] = "emulator:"
    done = shell(small, f"qboxctl {command}")
    assert (done.code, "fault in" in done.err) == (code, False), done


@pytest.mark.slow
def test_a_closed_stream_is_not_taken_by_a_file(small: Project) -> None:
    done = shell(small, f"qboxctl plan {' '.join(EMULATED)} --out plan.json >&- 2>&-")
    assert done == Result(0, "", "")
    assert (small.folder / "plan.json").read_text().endswith("}\n")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252:strict"])
def test_what_a_terminal_cannot_show_is_escaped(encoding: str, small: Project) -> None:
    for words in (
        ("plan",),
        ("plan", "--format", "markdown"),
        ("plan", "--format", "html"),
        ("apply", "--auto-approve"),
    ):
        done = small.process(*words, *EMULATED, env={"PYTHONIOENCODING": encoding}, errors="replace")
        assert done.code == 0, done
        assert "example" in done.out


@pytest.mark.slow
def test_json_stays_json_where_only_ascii_can_be_shown(small: Project) -> None:
    words = ("plan", "--format", "json", *EMULATED)
    first, second = (small.process(*words, env={"PYTHONIOENCODING": one}).json for one in ("ascii", "utf-8"))
    assert first["changes"] == second["changes"]
    assert NAMES in str(first)


def test_a_fault_shows_no_secret_that_its_text_holds(capsys: pytest.CaptureFixture[str]) -> None:
    for debug in (True, False):
        options = Common(debug=debug)
        options.redact = Redaction()
        options.redact.hide(Revealed("canary-token-7f3a"))

        def broken() -> None:
            raise ValueError('CANARY%2Dtoken-7f3a\nis what "canary-token-7f3a" says')

        assert run(broken, options) == 1
        err = capsys.readouterr().err
        assert "***" in err
        assert "canary" not in err.lower()
        assert ("Traceback" in err) == debug


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't start new thread")])
def test_what_the_system_does_not_give_is_no_fault(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(error, Common()) == 1
    assert "fault in" not in capsys.readouterr().err


def test_what_no_command_foresaw_of_the_system_is_told_with_a_way_out() -> None:
    assert "ulimit -n" in of_the_system(OSError(errno.EMFILE, "Too many open files"))
    assert of_the_system(OSError(errno.EIO, "Input/output error", "x\x1b")) == "error: x\\x1b: Input/output error"


@pytest.mark.slow
def test_a_working_folder_that_is_gone(small: Project) -> None:
    gone = 'mkdir gone; cd gone; rmdir "$PWD"; '
    assert shell(small, f"{gone} qboxctl plan {' '.join(EMULATED)}").code == 0
    done = shell(small, f"{gone} qboxctl plan -C . {' '.join(EMULATED)}")
    assert done.code in (1, 3)
    assert "working folder" in done.err or "there is no" in done.err
    done = shell(small, f"{gone} qboxctl apply --auto-approve {' '.join(EMULATED)}")
    assert (done.code, "the journal" in done.err) == (1, True)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [6, 9, 12, 20])
def test_few_files_may_be_open(limit: int, small: Project, server) -> None:
    for command in ("plan", f"apply --auto-approve --journal {os.devnull}"):
        done = shell(small, f"ulimit -n {limit}; qboxctl {command} -q")
        assert done.code in (0, 1, 3, 6), done
        assert "fault in" not in done.err
        assert "Traceback" not in done.err
        assert done.code == 0 or "Too many open files" in done.err or "ulimit" in done.err, done


@pytest.mark.slow
@pytest.mark.parametrize(
    "environ",
    [
        {"HOME": None}, {"PATH": "/nowhere"}, {"TZ": "non/sense"}, {"TMPDIR": "/nowhere"}, {"LC_ALL": "xx_XX.KOI9"},
        {"TERM": "nonsense"}, {"COLUMNS": "x", "LINES": "-1"}, {"SSL_CERT_FILE": "/nowhere"}, {"HTTPS_PROXY": "bad://x"},
        {"ALL_PROXY": "socks5://127.0.0.1:9"}, {"NO_PROXY": "[::1],fd00::/64,::", "HTTPS_PROXY": "http://127.0.0.1:9"},
        {"SSLKEYLOGFILE": "/nowhere/keys"}, {"SSL_CERT_DIR": "/nowhere"}, {"HTTPS_PROXY": "http://[::1"},
    ],
    ids=str,
)  # fmt: skip
def test_what_has_nothing_to_do_with_this_machine_does_not_disturb_it(environ, small: Project, server) -> None:
    assert small.process("plan", env=environ).code == 0
    assert small.run("plan", *EMULATED, env=environ).code == 0


def test_no_home_for_a_secret(small: Project) -> None:
    small.write({"domains": {"b.example": {"postmaster_password": {"file": "~nobody-of-this-name/x"}}}}, "b.yaml")
    done = small.run("apply", "--auto-approve", *EMULATED, env={"HOME": None})
    assert (done.code, "b.yaml:3:5" in done.err, "fault in" in done.err) == (3, True, False), done


API = ApiSettings(retries=0, timeout=5)
FAR = "https://api.example.invalid"
BAD: dict[str, dict[str, str]] = {
    "the package socksio is not installed": {"ALL_PROXY": "socks5://user:canary@127.0.0.1:9"},
    "HTTPS_PROXY names no proxy that can be used": {"HTTPS_PROXY": "socks4://canary@127.0.0.1:9"},
    "https_proxy names no proxy": {"https_proxy": "http://canary:pass@host:port", "HTTPS_PROXY": "http://x"},
    "ALL_PROXY names no proxy": {"ALL_PROXY": "http://[::1"},
    "all_proxy names no proxy": {"all_proxy": "http://"},
    "SSL_CERT_FILE=/nowhere/ca.pem: No such file": {"SSL_CERT_FILE": "/nowhere/ca.pem"},
    "SSL_CERT_FILE=/: ": {"SSL_CERT_FILE": "/"},
    f"SSL_CERT_FILE={__file__}: ": {"SSL_CERT_FILE": __file__},
    "SSL_CERT_DIR=/nowhere: there is no such folder": {"SSL_CERT_DIR": "/nowhere"},
}


@pytest.mark.parametrize(("says", "environ"), BAD.items(), ids=range(len(BAD)))
def test_an_environment_that_lets_nobody_through(says: str, environ: dict[str, str]) -> None:
    with pytest.raises(QboxctlError) as caught:
        Network(FAR, API, environ)
    assert says in str(caught.value)
    assert caught.value.hint
    assert "canary" not in f"{caught.value} {caught.value.hint}"


PROXY = "http://user:canary@proxy.example:3128"
PASSED = """
* example.invalid .example.invalid api.example.invalid *.example.invalid API.EXAMPLE.invalid api.example.invalid:443
a.example,api.example.invalid a.example,,example.invalid, [::1],fd00::/64,example.invalid
"""
NOT_PASSED = """
example pi.example.invalid api.example.invalid:8443 example.invalid.com [::1] fd00:10:96::/64 ::1 127.0.0.1/8 , . :: [
a.example:443:443
"""


@pytest.mark.parametrize("passed", [*PASSED.split(), *NOT_PASSED.split()])
def test_which_hosts_go_past_the_proxy(passed: str) -> None:
    environ = {"HTTPS_PROXY": PROXY, "NO_PROXY": passed}
    assert (proxy_of("api.example.invalid", 443, environ, None) is None) == (passed in PASSED.split())


@pytest.mark.parametrize(
    ("host", "passed", "past"),
    [("192.0.2.7", "192.0.2.0/24", True), ("192.0.2.7", "192.0.3.0/24", False), ("2001:db8::7", "2001:db8::/32", True),
     ("2001:db8::7", "[2001:db8::7]", True), ("2001:db8::7", "[2001:db8::7]:443", True),
     ("2001:db8::7", "[2001:db8::7]:444", False), ("2001:db8::7", "2001:db8::7", True)],
)  # fmt: skip
def test_which_addresses_go_past_the_proxy(host: str, passed: str, past: bool) -> None:
    assert (proxy_of(host, 443, {"HTTPS_PROXY": PROXY, "NO_PROXY": passed}, None) is None) == past


@pytest.mark.parametrize(
    ("environ", "variable"),
    [({}, None), ({"HTTPS_PROXY": ""}, None), ({"http_proxy": PROXY}, None), ({"ALL_PROXY": PROXY}, "ALL_PROXY"),
     ({"https_proxy": "", "HTTPS_PROXY": PROXY}, None), ({"https_proxy": PROXY, "ALL_PROXY": "bad://"}, "https_proxy"),
     ({"HTTPS_PROXY": "proxy.example:3128"}, "HTTPS_PROXY"), ({"HTTPS_PROXY": "https://proxy.example"}, "HTTPS_PROXY")],
)  # fmt: skip
def test_which_variable_names_the_proxy(environ: dict[str, str], variable: str | None) -> None:
    found = proxy_of("api.example.invalid", 443, environ, None)
    assert (found.variable if found else None) == variable
    if found:
        assert "proxy.example" in found.shown
        assert "canary" not in found.shown


@pytest.mark.parametrize(
    "endpoint", ["https://127.0.0.1:1", "https://localhost:1", "https://[::1]:1", "http://[::1]:1"]
)
def test_this_machine_is_asked_straight(endpoint: str) -> None:
    bad = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"), "bad://proxy")
    network = Network(endpoint, API, bad)
    assert network.route == ""
    network.close()


def test_a_proxy_that_does_not_let_through_is_named(tmp_path: Path) -> None:
    from qboxctl.api.client import Reader
    from tests.support.raw_server import raw_server

    with raw_server(lambda _: [b"HTTP/1.1 407 canary-token-7f3a\r\ncontent-length: 0\r\n\r\n"]) as url:
        environ = {"HTTPS_PROXY": url.replace("//", "//user:canary@")}
        network = Network(FAR, API, environ)
        reader = Reader(FAR, Revealed("canary-token-7f3a"), API, transport=network)
        with pytest.raises(Unreachable) as caught:
            reader.get("/api/domains")
        reader.close()
    assert str(caught.value) == (
        "GET /api/domains: no connection to api.example.invalid "
        f"through the proxy {url} that HTTPS_PROXY names: 407 ***"
    )


def test_a_proxy_that_is_not_there_is_not_tried_for_long() -> None:
    """Nothing was heard through it: it may be the wrong one."""
    from qboxctl.api.client import Reader

    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    network = Network(FAR, API, {"HTTPS_PROXY": f"http://127.0.0.1:{port}"})
    reader = Reader(FAR, Revealed("t"), ApiSettings(), transport=network, clock=FakeClock())
    with pytest.raises(Unreachable, match="that HTTPS_PROXY names: Connection refused, after 3 tries"):
        reader.get("/api/domains")
    reader.close()


@pytest.mark.parametrize("way", ["link", "nowhere", "full"])
def test_an_emulator_that_cannot_keep_its_account_says_so(way: str, project: Project) -> None:
    place = {"link": "link", "nowhere": "nowhere/state", "full": "/dev/full"}[way]
    (project.folder / "link").symlink_to("victim")
    (project.folder / "victim").write_text("{}")
    done = project.run("emulator", "--port", "0", "--state", place)
    assert (done.code, done.out) == (1, "")
    assert f"the account cannot be kept in {place}: " in done.err
    assert (project.folder / "victim").read_text() == "{}"


@pytest.mark.slow
def test_an_emulator_begins_with_what_it_has_kept(project: Project) -> None:
    state = project.folder / "state.json"
    account = {
        "taken": {"domains": ["taken.example"]},
        "published": ["news.example.com"],
        "domains": {"a.example": {"mailboxes": {"ada": {"firstname": "Ada"}}}},
        "delivery": {"domains": {"news.example.com": {}}},
        "migrations": {"MG1": {"status": "scheduled"}},
        "imports": {"I1": {}},
        "mailouts": [{"to": "ada@a.example"}],
    }
    state.write_text(json.dumps(Emulator(seed=account).dump()), encoding="utf-8")
    kept = json.loads(state.read_text(encoding="utf-8"))
    assert kept.keys() >= account.keys()
    (project.folder / "seed.yaml").write_text("domains: {b.example: {}}")
    with project.start("emulator", "--port", "0", "--state", str(state), "--seed", "seed.yaml") as process:
        assert process.stdout
        assert process.stdout.readline().startswith("listening on ")
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert "the seed seed.yaml is for a new one, and is not used" in err
    assert json.loads(state.read_text(encoding="utf-8")) == kept


@pytest.mark.slow
def test_an_emulator_that_can_no_longer_keep_its_account_says_so(project: Project) -> None:
    state = project.folder / "state"
    project.write("domains: {a.example: {postmaster_password: {env: PW}}}")
    with project.start("emulator", "--port", "0", "--state", str(state)) as process:
        assert process.stdout
        url = process.stdout.readline().split()[-1]
        assert "customer_code" in state.read_text()
        state.unlink()
        state.symlink_to("victim")
        assert project.apply("--endpoint", url).code == 0
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert f"error: the account cannot be kept in {state}: it is a link" in err


@pytest.mark.slow
def test_the_demonstration_takes_no_module_from_the_working_folder(project: Project) -> None:
    (project.folder / "json.py").write_text("open('owned', 'w').close()")
    words = [sys.executable, "-P", "-m", "qboxctl", "demo"]  # as the installed program starts
    subprocess.run(words, cwd=project.folder, env=project.env, stdout=subprocess.DEVNULL, check=True)
    assert not (project.folder / "owned").exists()
