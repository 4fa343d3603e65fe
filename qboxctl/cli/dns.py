"""``qboxctl dns``: the records to publish for the declared domains, and whether they are. It publishes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.cli.commands import Command
from qboxctl.cli.common import Common, Place, common_options, force_option, format_option, save, seed_option
from qboxctl.cli.failures import Exit
from qboxctl.cli.session import connect, read_configuration
from qboxctl.dns.records import asking, query_for_records, records_of
from qboxctl.live.refresh import read_live_state
from qboxctl.render.dns_records import FORMATS, octodns_files
from qboxctl.render.style import plural
from qboxctl.resources import TYPES
from qboxctl.schema.lifecycle import UNPROVED
from qboxctl.schema.records import Purpose, Record

if TYPE_CHECKING:
    from qboxctl.dns.lookup import Lookup

_EXAMPLES = """
qboxctl dns
qboxctl dns --check                          # is it published?
qboxctl dns --format octodns --out zones
"""


@click.command("dns", cls=Command, epilog=_EXAMPLES)
@common_options
@format_option(list(FORMATS))
@click.option("--check", is_flag=True, help="Ask DNS what is published; exit 7 while something lacks or does harm.")
@click.option("--resolver", default="", metavar="ADDRESS[:PORT]", help="The DNS server to ask.")
@click.option("--out", type=Place(file_okay=False, path_type=Path), metavar="DIR", help="Files for octoDNS.")
@force_option
@seed_option
@click.pass_obj
def command(
    options: Common, form: str, check: bool, resolver: str, out: Path | None, force: bool, seed: str | None
) -> int:
    """Show the DNS records that the declared domains need: ownership, MX, SPF, DKIM, DMARC, Delivery."""
    if out and form != "octodns":
        raise click.UsageError("--out writes zones for octoDNS, and goes with --format octodns")
    if force and not out:
        raise click.UsageError("--force goes with --out")
    if resolver and not check:
        raise click.UsageError("--resolver goes with --check")
    look_up = _lookup_at(resolver) if check else None
    configuration = read_configuration(options)
    with closing(connect(Reader, configuration, options, seed=seed)) as reader:
        live_state = read_live_state(Account(reader, TYPES), query_for_records(configuration, TYPES))
    found = records_of(configuration, live_state, TYPES)
    for address in asking(configuration, TYPES):
        if address not in live_state.live:
            options.say(f"{address} is not there yet: `qboxctl apply` creates it, and more records may come with it")
    proved = {one.address for one in found if one.purpose is Purpose.OWNERSHIP}
    for address in sorted(asking(configuration, TYPES).keys() & live_state.live.keys() - proved):
        if live_state.live[address].status == UNPROVED:
            options.say(f"{address} waits for a proof of ownership: `qboxctl apply` asks for its record, and prints it")
    if not found:
        options.say("the files declare no domain that needs records")
    statuses = {one.record: (one.status.value, one.found) for one in look_up(found)} if look_up else {}
    if out:
        zones = octodns_files(found)
        if zones:
            save(out, zones, force=force)
            options.say(f"wrote {plural(len(zones), 'zone')} to {out}")
    elif found or form == "json":
        options.result(FORMATS[form](found, statuses, options.palette()))
    return _verdict(statuses, options)


def _lookup_at(resolver: str) -> Callable[[Sequence[Record]], list[Lookup]]:
    from qboxctl.dns.lookup import lookup_at  # only where DNS is asked

    return lookup_at(resolver)


def _verdict(statuses: dict[Record, tuple[str, tuple[str, ...]]], options: Common) -> int:
    """What is told at the end, and the exit code: what is not published waits for the outside."""
    counts = Counter(status for status, _ in statuses.values())
    wrong, unproved = counts["missing"] + counts["different"], counts["unproved"]
    strange, unknown = counts["unexpected"], counts["no answer"]
    if wrong:
        options.say(f"{plural(wrong, 'record')} of {len(statuses) - strange} not published as shown")
    if unproved:
        options.say(f"{plural(unproved, 'record')} answered by a wildcard: `qboxctl apply` tells what proves a domain")
    if strange:
        options.say(f"{plural(strange, 'record')} published that should not be there")
    if unknown:
        options.say(f"DNS gives no answer about {plural(unknown, 'record')}")
    return Exit.WAITING if wrong or unproved or strange else Exit.ERROR if unknown else Exit.DONE
