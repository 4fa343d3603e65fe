"""The account of a laboratory, exported."""

from __future__ import annotations

from contextlib import closing

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.export import Export, Selection, export_account, query_for_export
from qboxctl.live.refresh import read_live_state
from qboxctl.model import Revealed
from qboxctl.resources import TYPES
from tests.support.lab import TOKEN, Lab, configuration_of

ALL = Selection(frozenset(TYPES))
USUAL = Selection(frozenset(TYPES) - TYPES.inner)
"""What the command reads unless asked for more."""


def exported(lab: Lab, choice: Selection = USUAL, config: str = "{}") -> Export:
    configuration = configuration_of(config)
    with closing(Reader(lab.endpoint, Revealed(TOKEN), lab.api, **lab.options())) as reader:
        return export_account(
            read_live_state(Account(reader, TYPES), query_for_export(configuration, TYPES, choice)),
            configuration,
            TYPES,
            choice,
        )
