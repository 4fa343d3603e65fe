"""The kinds of resources, in the order in which they are created. A new kind is one file and one line here.

A module states what its kind is, with the source of each fact, and what only this kind knows. What several know
stands beside them: ``addresses`` and ``circles`` (what may be wrong with where mail goes), ``published`` (DNS records),
``people`` (names and first passwords).

Never: how a kind is read, planned or written.
Start at ``alias``, a short one.
"""

from qboxctl.resources import (
    address_book,
    alias,
    contact,
    delivery_account,
    delivery_domain,
    domain,
    domain_alias,
    mailbox,
    manager,
    signature,
    suppression,
    team_member,
    token,
    vault,
)
from qboxctl.schema.kinds import Kinds

TYPES = Kinds(
    module.RESOURCE
    for module in (
        domain,
        domain_alias,
        mailbox,
        alias,
        vault,
        signature,
        address_book,
        contact,
        delivery_domain,
        delivery_account,
        token,
        suppression,
        manager,
        team_member,
    )
)
