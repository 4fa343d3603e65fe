"""What is sent as a password, and what is refused: hashes, and texts with something invisible at an end."""

from __future__ import annotations

import pytest

from qboxctl.applying.preflight import resolve_secrets
from qboxctl.config.secrets import SecretError, Secrets
from qboxctl.errors import ConfigError
from qboxctl.model import Action, Address, Change, Revealed, Secret, SecretSource
from qboxctl.schema.passwords import means_hash, objection
from tests.support.lab import configuration_of

INVISIBLE = "\ufeff\r\n\t \xa0\u200b\u2060\u2028\u00ad\u202e\u3000\u3164\ufe0f\x7f\0"

HASHES = """
{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=
{ssha512.b64}W6ph5Mm5Pz8GgiULbPgzG37mj9gW6ph5Mm5Pz8GgiULbPgzG37mj9g=
{SHA512-CRYPT}$6$abcdefgh$0123456789
{CRYPT}ab01FAX.bQRSU
{PLAIN}Secret-4242
{BLF-CRYPT}$2y$05$4DyRC8hPbWZXYZ
{x-issha, 1024}dGVzdHRlc3Q=
$1$abcdefgh$FMGxH.LnSh4sRkR0Jmzd41
$2y$12$abcdefghijklmnopqrstuv
$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW
$5$rounds=5000$toolongsaltstrin$xXhnKJ0JLHZkWSLO4/PnDaTlVQ
$6$abcdefgh$0123456789
$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7
$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG
$apr1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00
$P$B12345678aBcDeFgHiJkLmNoPqRsTuV
ada:$6$abcdefgh$0123456789:19000:0:99999:7:::
pbkdf2_sha256$260000$c29tZXNhbHQ$YlZ2Qggtqdc71hArZDvtcA==
pbkdf2:sha256:150000$salt1234$0123456789abcdef
scrypt:32768:8:1$salt1234$0123456789abcdef
SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy
md50cc175b9c0f1b6a831c399e269772661
*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19
5f4dcc3b5aa765d61d8327deb882cf99
5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8
8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918
01fc5a6be7bc6929aad3b435b51404ee:0cb6948805f797bf2a82807973b89537
""".strip().splitlines()

GOOD = r"""
$ecret$Pass1 $1$a2b3c4 $6$Pack-of-beer $2y-Sommer-2026 {Anna}2026 {ssha}7 {MD5} {curly}{braces}9 $$$Million1 a$b$c$d1234
Start-2026 hunter2-secret correct-horse-battery-9 deadbeef1 0123456789abcdef 0x1234abcd Tr0ub4dor&3 md5-is-broken-1
ümlaut-Straße-1 パスワードabc123 pa55·w0rd-inside pbkdf2-is-fine-1 4d3f9a1c7b2e8f60a9 Scrypt:2026 *Stern-2026*
5F4dcc3b5aa765d61d8327deb882cf99 xn9TqLw2/8Kd+Zr4yVb1Qw== {XYZ}-$1$-2026
"""


@pytest.mark.parametrize("text", HASHES)
def test_a_hash_is_no_password(text: str) -> None:
    found = objection(text)
    assert found is not None
    assert "password hash" in found.message
    assert found.hint is not None
    assert not [word for word in (text, text[:8], text[-8:]) if word in f"{found.message} {found.hint}"]


@pytest.mark.parametrize("text", [word for word in GOOD.split() if len(word) >= 8])
def test_what_only_looks_like_a_hash_is_a_password(text: str) -> None:
    assert objection(text) is None


@pytest.mark.parametrize("char", INVISIBLE, ids=[f"{ord(char):x}" for char in INVISIBLE])
def test_what_begins_or_ends_invisibly_is_no_password(char: str) -> None:
    for text, says in ((f"{char}Secret-4242", "begins with"), (f"Secret-4242{char}", "ends with")):
        found = objection(text)
        assert found is not None
        assert says in found.message
        assert "Secret" not in f"{found.message} {found.hint}"


@pytest.mark.parametrize("text", ["Secret\n-4242", "Secret\r-4242", "Secret-\udc80-4242"], ids=range(3))
def test_a_password_is_text_on_one_line(text: str) -> None:
    found = objection(text)
    assert found is not None
    assert "one line" in found.message


FILES = {
    b"Secret-4242": None, b"Secret-4242\n": None, b"Secret-4242\r\n": None,
    b"Secret-4242\r\r\n": "ends with a carriage return", b"Secret-4242\r": "ends with a carriage return",
    b"Secret-4242 \n": "ends with a blank", b"\tSecret-4242\n": "begins with a tab",
    b"\xef\xbb\xbfSecret-4242\r\n": "begins with a byte order mark", b"Secret-4242\xc2\xa0\n": "a no-break space",
    b"Secret-4242\n\n": "one line", b"Secret-4242\r\n\r\n": "one line", b"\n": "one line", b"\r\n": "one line",
    "Secret-4242\n".encode("utf-16"): "is not text",
}  # fmt: skip
WISH = """
defaults: {mailbox: {password: %s}}
domains:
  a.example:
    mailboxes:
      ada: {firstname: Ada}
      bob: {firstname: Bob}
      eve: {firstname: Eve, password: {env: OTHER}}
"""


def said(reference: str, environ: dict[str, str], *names: str) -> list[str]:
    """What is said about the passwords of some mailboxes; nothing where they can be sent."""
    configuration = configuration_of(WISH % reference)
    changes = [Change(Address("mailbox", f"{name}@a.example"), Action.CREATE, secrets=("password",)) for name in names]
    try:
        found = resolve_secrets(changes, configuration, Secrets(environ))
    except ConfigError as error:
        return [f"{one.position}: {one.message}" for one in error.diagnostics]
    assert {text for some in found.values() for text in some.values()} == {Revealed("Secret-4242")}
    return []


@pytest.mark.parametrize(("raw", "says"), FILES.items(), ids=range(len(FILES)))
def test_an_editor_s_line_end_belongs_to_no_secret(raw, says, tmp_path):
    (tmp_path / "ada").write_bytes(raw)
    found = said(f"{{file: {tmp_path / 'ada'}}}", {}, "ada")
    assert (says is None) == (not found), found
    assert all(says in line and "Secret-4242" not in line for line in found)


@pytest.mark.parametrize(("raw", "says"), FILES.items(), ids=range(len(FILES)))
def test_a_program_s_line_end_belongs_to_no_secret(raw, says, tmp_path):
    (tmp_path / "ada").write_bytes(raw)
    found = said(f"{{exec: [/bin/cat, {tmp_path / 'ada'}]}}", {}, "ada")
    only_the_first_line_counts = raw.startswith((b"Secret-4242\n", b"Secret-4242\r\n"))
    assert (says is None or only_the_first_line_counts) == (not found), found
    assert all("Secret-4242" not in line for line in found)


def test_what_is_refused_is_named_with_its_place_and_once_for_all_that_share_it():
    found = said("{env: FIRST}", {"FIRST": "Secret-4242\r", "OTHER": "{SSHA}W6ph5Mm5Pz8GgiULbPgz"}, "ada", "bob", "eve")
    shared = "file0.yaml:2:22: password of 2 objects, mailbox/ada@a.example among them: "
    assert [line.partition(", which")[0] for line in found] == [
        f"{shared}it ends with a carriage return",
        "file0.yaml:8:29: password of mailbox/eve@a.example: it is a password hash",
    ]
    assert said("{env: GONE}", {}, "ada", "bob") == [f"{shared}the environment variable GONE is not set"]
    assert said("{env: GONE}", {"GONE": ""}, "ada", "bob") == [f"{shared}the environment variable GONE is empty"]


@pytest.mark.parametrize("name", ["password_hash", "hashed_password", "postmaster_password_hash", "crypt_password"])
def test_who_brings_hashes_along_is_told_that_none_is_taken(name: str) -> None:
    assert means_hash(name)
    for text in (f"domains: {{a.example: {{mailboxes: {{ada: {{firstname: A, {name}: x}}}}}}}}",
                 f"defaults: {{mailbox: {{{name}: x}}}}"):  # fmt: skip
        with pytest.raises(ConfigError) as caught:
            configuration_of(text)
        (one,) = caught.value.diagnostics
        assert name in one.message
        assert "takes no password hashes" in str(one.hint)
        assert "did you mean" not in str(one.hint)


def test_a_home_that_nobody_knows_is_told():
    secret = Secret(SecretSource.FILE, ("~nobody-has-this-name/secret",))
    with pytest.raises(SecretError, match="cannot be found"):
        Secrets({}).resolve(secret)
