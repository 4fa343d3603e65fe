"""Alias domains of a Hosting domain: other names under which all of its mailboxes and aliases receive mail.

The reference shows one call of theirs, the ownership check; the others follow its pattern.
"""

from __future__ import annotations

from collections.abc import Iterator

from qboxctl.model import Action, Advisory
from qboxctl.resources.published import hosting_records
from qboxctl.schema.calls import Call, Calls, Certainty
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.identity import Identity
from qboxctl.schema.lifecycle import DISABLED, Lifecycle, Proof
from qboxctl.schema.records import Records
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.rules import Planned
from qboxctl.schema.types import Choice

_LIST = "/api/domains/{domain}/aliases"
_ITEM = f"{_LIST}/{{id}}"


def _disabled(planned: Planned) -> Iterator[Advisory]:
    """One that is disabled receives no mail, and no call enables it."""
    going = {change.address for change in planned.plan.changes if change.action is Action.DELETE}
    for address, live in planned.live_state.live.items():
        declared = planned.objects.get(address)
        if address.kind != RESOURCE.kind or live.status != DISABLED or live.leaving:
            continue
        if address in going or declared is None:
            continue
        hint = "no call of the API enables it: do that in the panel"
        yield Advisory("Q053", str(address), f"{address} is disabled, and stays so", hint)


RESOURCE = ResourceType(
    kind="domain_alias",
    title="Alias domain",
    doc="Another name of a Hosting domain, with all of its addresses. Its ownership is proved like a domain's.",
    section=("domain_aliases",),
    parent="domain",
    calls=Calls(
        list=Call("GET", _LIST, certainty=Certainty.ASSUMED),
        read=None,
        create=Call("POST", _LIST, certainty=Certainty.ASSUMED),
        delete=Call("DELETE", _ITEM, certainty=Certainty.ASSUMED),
        counted=True,
    ),
    early=True,
    identity=Identity(namespace="domains", everywhere=True),
    lifecycle=Lifecycle(
        proof=Proof(
            at_once=Call("PUT", f"{_ITEM}/dns_ownership_check/sync"),
            queued=Call("PUT", f"{_ITEM}/dns_ownership_check", certainty=Certainty.ASSUMED),
            host="possession_a_record",
        )
    ),
    advice=(_disabled,),
    records=Records(("possession_a_record", "dkim_selector", "dkim_public_key"), hosting_records),
    hints=dict.fromkeys(
        ("to", "target", "domain", "alias_of", "destination"), "nothing: it stands in the domain whose alias it is"
    ),
    fields=(
        Field(
            "status",
            Choice(("enabled", "disabled"), (("0", "enabled"), ("1", "disabled"), ("2", "ownership_check"))),
            "Whether it is in use",
            mode=Mode.READ_ONLY,
            certainty=Certainty.ASSUMED,
        ),
    ),
)
