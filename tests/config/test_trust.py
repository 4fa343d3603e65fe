"""To whom a token goes, and what is run for it, where files come from a branch that nobody has reviewed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from qboxctl.config.trust import send_base, untrusted
from qboxctl.errors import ConfigError
from qboxctl.json_text import canonical
from tests.support.lab import configuration_of

ELSEWHERE = "https://mail.example"
KNOWN = """
https://api.qboxmail.com https://sandbox.qboxmail.com https://qboxmail.com https://API.Qboxmail.Com
https://api.qboxmail.com:8443 http://127.0.0.1:8025 https://127.0.0.1 http://[::1]:8025 http://localhost emulator:
"""
UNKNOWN = """
https://mail.example https://10.0.0.1 https://evilqboxmail.com https://qboxmail.com.evil.example https://qboxmail.com.
https://api.qboxmail.com.evil.example https://qboxmail.example https://127.0.0.1.evil.example https://api-qboxmail.com
https://evil.example\\.qboxmail.com https://evil.example%2f.qboxmail.com https://evil.example;.qboxmail.com
https://localhost.evil.example https://api。qboxmail.com https://.qboxmail.com
"""


@pytest.mark.parametrize("url", KNOWN.split())
def test_a_token_goes_to_qboxmail_and_to_this_machine(url):
    assert untrusted(configuration_of(f"settings: {{endpoint: '{url}'}}")) is None


@pytest.mark.parametrize("url", UNKNOWN.split())
def test_a_token_goes_to_no_other_host_that_only_files_name(url):
    assert untrusted(configuration_of(f"settings: {{endpoint: '{url}'}}")) is not None


HERE, OWN = "http://127.0.0.1:8025", "https://delivery.qboxmail.com/v1"
SENT = [
    # what the command names, what the files name for sending, and where a message goes: None for nowhere
    ("", "", "https://api.qboxmail.com/v1"),
    ("", OWN, OWN),
    ("", f"{ELSEWHERE}/v1", None),
    (ELSEWHERE, "", f"{ELSEWHERE}/v1"),
    (ELSEWHERE, f"{ELSEWHERE}/v1", f"{ELSEWHERE}/v1"),
    (ELSEWHERE, "https://other.example/v1", None),
    (ELSEWHERE, OWN, OWN),
    (HERE, "", f"{HERE}/v1"),
    (HERE, OWN, f"{HERE}/v1"),
    (HERE, "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1"),
    (HERE, f"{ELSEWHERE}/v1", None),
]


@pytest.mark.parametrize(("named", "sending", "base"), SENT)
def test_where_a_message_goes(named, sending, base):
    found = configuration_of(f"settings: {{send_endpoint: '{sending}'}}" if sending else "domains: {}")
    if named:
        found = replace(found, settings=replace(found.settings, endpoint=named, endpoint_at=None))
    if base:
        assert send_base(found) == base
    else:
        with pytest.raises(ConfigError) as caught:
            send_base(found)
        assert "which only the files name" in caught.value.diagnostics[0].message


@pytest.mark.parametrize(
    ("environment", "place"),
    [("default", "file1.yaml:2:13"), ("plain", "file1.yaml:2:13"), ("other", "file1.yaml:5:27"), ("own", None)],
)
def test_the_place_is_the_one_that_names_the_endpoint_of_the_environment(environment, place):
    settings = f"""settings:
  endpoint: {ELSEWHERE}
  environments:
    plain: {{guards: {{count: 1}}}}
    other: {{endpoint:     https://other.example}}
    own: {{endpoint: https://sandbox.qboxmail.com}}
"""
    found = untrusted(configuration_of("domains: {}", settings, environment=environment))
    assert (str(found.position) if found else None) == place


def test_a_file_sends_no_token_to_a_host_of_its_own(project, outside):
    token, ran = project.program("canary-Token-1")
    project.write({"settings": {"endpoint": ELSEWHERE, "token": token, "api": {"retries": 0}}, "domains": {}})
    for words in ("plan", "apply --auto-approve", "doctor", "export", "dns"):
        done = project.run(*words.split())
        assert done.code == 3, words
        assert "qboxmail.yaml:2:13" in done.err
        assert f"no token is sent to {ELSEWHERE}" in done.err
        assert "name it with --endpoint or QBOXCTL_ENDPOINT" in done.err
    assert not ran.exists(), "the token is not even read"
    assert outside.heard == []
    done = project.run("validate")
    assert (done.code, "warning" in done.out, f"no token is sent to {ELSEWHERE}" in done.out) == (0, True, True)
    assert project.run("validate", "--endpoint", "https://api.qboxmail.com").out == ""


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_a_token_goes_where_the_command_says(way, project, outside):
    project.write({"settings": {"endpoint": ELSEWHERE, "api": {"retries": 0}}, "domains": {}})
    words = ("--endpoint", ELSEWHERE) if way == "flag" else ()
    done = project.run("plan", *words, env={"QBOXCTL_ENDPOINT": ELSEWHERE} if way == "variable" else {})
    assert done.code == 1
    assert outside.heard
    assert all(line.startswith("CONNECT mail.example:443 ") for line in outside.heard)


def test_a_saved_plan_sends_no_token_to_a_host_of_its_own(server, project, outside):
    project.write({"domains": {"example.com": {"postmaster_password": {"env": "PW"}}}})
    plan = project.plan()
    project.write({"settings": {"endpoint": ELSEWHERE}}, "settings.yaml")
    plan["endpoint"] = ELSEWHERE
    content = {one: plan[one] for one in ("format_version", "environment", "endpoint", "changes")}
    plan["id"] = hashlib.sha256(canonical(content)).hexdigest()
    path = project.folder / "plan.json"
    path.write_text(json.dumps(plan))
    done = project.apply(str(path), env={"QBOXCTL_ENDPOINT": None})
    assert (done.code, f"no token is sent to {ELSEWHERE}" in done.err) == (3, True)
    assert outside.heard == []
    assert project.apply(str(path)).code == 1, "nor where the command names another"
    assert not server.writes


FORBIDDEN: dict[str, dict[str, str]] = {"flag": {}, "variable": {"QBOXCTL_NO_EXEC": "1"}}


@pytest.mark.parametrize("way", FORBIDDEN)
def test_no_program_is_run_for_a_token_where_none_may_be(way, server, project):
    token, ran = project.program("canary-Token-1")
    project.write({"settings": {"token": token}, "domains": {}})
    words = ("--no-exec",) if way == "flag" else ()
    for command in ("plan", "apply", "doctor", "export", "dns"):
        done = project.run(command, *words, env=FORBIDDEN[way])
        assert done.code == 8, command
        assert "is not run: --no-exec or QBOXCTL_NO_EXEC forbids it" in done.err
        assert "settings.token name a variable or a file" in done.err
    assert not ran.exists()
    assert not server.arrived
    for value in ("", "0"):
        project.run("plan", env={"QBOXCTL_NO_EXEC": value})
        assert ran.exists(), "it would have been run"
        ran.unlink()


def test_no_program_is_run_for_a_password_where_none_may_be(server, project):
    password, ran = project.program("canary-Token-1")
    project.write({"domains": {"example.com": {"postmaster_password": password}}})
    assert project.run("plan", "--no-exec").code == 0, "a plan needs no password"
    done = project.apply("--no-exec")
    assert done.code == 3
    assert "qboxmail.yaml:3:5" in done.err
    assert "postmaster_password of domain/example.com: the program" in done.err
    assert not ran.exists()
    assert not server.writes
    assert project.apply().code == 0
    assert ran.exists()


def test_the_emulator_inside_needs_no_token_and_runs_nothing_for_one(project):
    token, ran = project.program("canary-Token-1")
    project.write({"settings": {"token": token}, "domains": {}})
    assert project.run("plan", "--endpoint", "emulator:").code == 0
    assert not ran.exists()
    project.write({"settings": {"endpoint": "emulator:"}, "domains": {}})
    assert project.run("plan", env={"QBOXMAIL_API_TOKEN": None}).code == 0
