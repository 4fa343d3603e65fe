#!/usr/bin/env python3
"""Says what `qboxctl plan` would say, from Python: which changes an account needs, and in which order they go.

QBOXMAIL_API_TOKEN=… python plan.py FOLDER
"""

from __future__ import annotations

import os
import sys
from contextlib import closing

from qboxctl.api.client import Reader
from qboxctl.api.reader import Account
from qboxctl.config.configuration import Configuration
from qboxctl.config.files import read_sources
from qboxctl.config.loader import load
from qboxctl.config.rules import check
from qboxctl.config.secrets import SecretError, Secrets
from qboxctl.config.settings import normal_endpoint, token_variables
from qboxctl.config.trust import untrusted
from qboxctl.errors import ConfigError, QboxctlError, has_errors
from qboxctl.model import Plan, Revealed
from qboxctl.planning.graph import GATE, order
from qboxctl.planning.pipeline import compare
from qboxctl.planning.targets import Options, Targets
from qboxctl.resources import TYPES


def read_files(folder: str) -> Configuration:
    """The configuration; raises ConfigError with all that is wrong in it."""
    configuration = load(read_sources(folder), TYPES)
    found = check(configuration, TYPES)
    if has_errors(found):
        raise ConfigError(found)
    return configuration


def plan_for(configuration: Configuration, endpoint: str, token: Revealed) -> Plan:
    """The difference between the files and the account. A `Reader` cannot write."""
    with closing(Reader(normal_endpoint(endpoint), token, configuration.settings.api)) as reader:
        return compare(Account(reader, TYPES), Targets(configuration, TYPES, Options())).plan


def main(folder: str) -> None:
    configuration = read_files(folder)
    endpoint = os.environ.get("QBOXCTL_ENDPOINT", "")
    wrong = None if endpoint else untrusted(configuration)  # a token does not go wherever files say
    if wrong:
        raise QboxctlError(f"{wrong.position}: {wrong.message}", hint=wrong.hint)
    runs = os.environ.get("QBOXCTL_NO_EXEC", "") in ("", "0")  # whether a program that files name may be run
    tokens = token_variables(configuration.settings_block)
    token = Secrets(os.environ, tokens=tokens, allow_exec=runs).resolve(configuration.settings.token)
    plan = plan_for(configuration, endpoint or configuration.settings.endpoint, token)
    for change in plan.changes:
        names = ", ".join(field.name for field in change.fields)
        print(f"{change.action} {change.address}: {names or change.reason}")
    for number, steps in enumerate(order(plan.changes, TYPES).ready_sets(), 1):
        for step in steps:
            if step.address.kind != GATE:
                print(f"{number}. {step.phase.name.lower()} {step.address}")
    for blocked in plan.blocked:
        print(f"blocked: {blocked.message}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (QboxctlError, SecretError) as error:
        sys.exit(f"error: {error}")
