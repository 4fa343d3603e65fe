"""Programs that do the least that the same work needs, and the peer: what qboxctl is compared with."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

LOAD_YAML = """
import glob, sys, yaml
for name in glob.glob(sys.argv[1] + "/**/*.yaml", recursive=True):
    with open(name) as file:
        yaml.load(file, Loader=yaml.CSafeLoader)
"""
"""The same files, with PyYAML's C loader."""

FETCH = """
import sys, time, httpx
from concurrent.futures import ThreadPoolExecutor
with httpx.Client(base_url=sys.argv[1], headers={"X-Api-Token": "x"}) as client, ThreadPoolExecutor(8) as pool:
    started = time.perf_counter()
    def pages(path):
        first = client.get(path, params={"per": 200}).json()
        rest = range(2, (first.get("pagination", {}).get("total_pages") or 1) + 1)
        return [first, *(client.get(path, params={"per": 200, "page": page}).json() for page in rest)]
    codes = [row["code"] for page in pages("/api/domains") for row in page["resources"]]
    paths = [f"/api/domains/{code}/{kind}" for code in codes for kind in ("email_accounts", "alias_email_accounts")]
    list(pool.map(pages, paths))
    print(time.perf_counter() - started)
"""
"""The same pages, with a bare client and as many connections; prints how long the requests took."""

CREATE = """
import sys, time, httpx
from concurrent.futures import ThreadPoolExecutor
url, domains, mailboxes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
secret = {"password": "Initial-1", "password_confirmation": "Initial-1"}
with httpx.Client(base_url=url, headers={"X-Api-Token": "x"}) as client, ThreadPoolExecutor(8) as pool:
    def create(path, body):
        answer = client.post(path, json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["resource_code"]
    def domain(number):
        body = {"postmaster_" + name: value for name, value in secret.items()}
        code = create("/api/domains", {"name": f"d{number}.example", **body})
        assert client.put(f"/api/domains/{code}/dns_ownership_check/sync").is_success
        return code
    codes = list(pool.map(domain, range(domains)))
    person = {"firstname": "A", "lastname": "B", "language": "it", **secret}
    bodies = [{"name": f"m{number}", **person} for number in range(mailboxes)]
    started = time.perf_counter()
    list(pool.map(lambda job: create(f"/api/domains/{job[0]}/email_accounts", job[1]),
                  [(code, body) for code in codes for body in bodies]))
    print(time.perf_counter() - started)
"""
"""As many mailboxes, created by a bare client with as many connections and no look at what came of it."""


def octodns(folder: Path, domains: int, records: int) -> list[str] | None:
    """The words that let octoDNS plan as many records where nothing changes, without a network; None without it."""
    if importlib.util.find_spec("octodns") is None:
        return None
    zones = folder / "zones"
    zones.mkdir(parents=True)
    rows = "".join(f"a{number}: {{type: A, value: 192.0.2.{number % 250 + 1}}}\n" for number in range(records))
    for number in range(domains):
        (zones / f"d{number}.example.yaml").write_text(rows)
    provider = f"{{class: octodns.provider.yaml.YamlProvider, directory: {zones}, enforce_order: false}}"
    config = folder / "config.yaml"
    config.write_text(
        f"providers:\n  files: {provider}\n  live: {provider}\nzones:\n  '*': {{sources: [files], targets: [live]}}\n"
    )
    program = "from octodns.cmds.sync import main; main()"
    return [sys.executable, "-c", program, "--config-file", str(config)]
