"""What the shells suggest: environments, addresses, files and topics, from the files at hand.

Never: a request, a program that is run, a message. Of what cannot be read nothing is suggested.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from qboxctl.cli.common import Common
    from qboxctl.model import Address

Complete = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def _suggesting(found: Callable[[Common, str], Mapping[str, str]]) -> Complete:
    """Let Click suggest what is ``found`` (words, each with a line about it or "") and begins with what was typed."""

    def complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from qboxctl.cli.common import Common

        try:
            words = found(ctx.find_object(Common) or Common(), incomplete)
        except Exception:  # whatever it is: the next command tells of it, and a half-typed one is not the place
            return []
        return [CompletionItem(word, help=line) for word, line in words.items() if word.startswith(incomplete)]

    return complete


@_suggesting
def environments(options: Common, _incomplete: str) -> Mapping[str, str]:
    """The environments of the settings, each with its endpoint."""
    from qboxctl.config.files import read_sources
    from qboxctl.config.loader import load_settings
    from qboxctl.resources import TYPES

    block = load_settings(read_sources(options.directory), TYPES).settings_block
    found = block.get("environments")
    known = found if isinstance(found, dict) else {}
    return {name: str(one.get("endpoint", "")) for name, one in known.items() if isinstance(one, dict)}


@_suggesting
def addresses(options: Common, incomplete: str) -> Mapping[str, str]:
    """The declared addresses; as soon as a ``*`` is typed, the patterns for all that is in an object."""
    from qboxctl.resources import TYPES

    found = _declared(options)
    if "*" not in incomplete:
        return _sorted(found)
    parents = {(kind.kind, one.key) for one in found for kind in TYPES.children(one.kind)}
    return _sorted(f"{kind}/{TYPES.key(kind, '*', parent)}" for kind, parent in parents)


@_suggesting
def secret_holders(options: Common, _incomplete: str) -> Mapping[str, str]:
    """The declared addresses of the kinds that have secrets."""
    from qboxctl.resources import TYPES

    kinds = {kind for kind, type_ in TYPES.items() if any(field.secret for field in type_.fields)}
    return _sorted(one for one in _declared(options) if one.kind in kinds)


def _declared(options: Common) -> Iterable[Address]:
    from qboxctl.config.files import read_sources
    from qboxctl.config.loader import declared
    from qboxctl.resources import TYPES

    return declared(read_sources(options.directory), TYPES)


def _sorted(found: Iterable[object]) -> Mapping[str, str]:
    return dict.fromkeys(sorted(map(str, found)), "")


@_suggesting
def references(_options: Common, incomplete: str) -> Mapping[str, str]:
    """The kinds and attributes that ``explain`` knows: the attributes of a kind once its dot is typed."""
    from qboxctl.render import reference

    found = reference.topics()
    return dict.fromkeys(found if "." in incomplete else [one for one in found if "." not in one], "")


@_suggesting
def guides(_options: Common, _incomplete: str) -> Mapping[str, str]:
    """The pages of the documentation."""
    from qboxctl.cli.pages import topics

    return {name: one.line for name, one in topics().items()}


@_suggesting
def presets(_options: Common, _incomplete: str) -> Mapping[str, str]:
    """The kinds of servers that mail is fetched from, as far as they are known."""
    from qboxctl.jobs.migrations import PRESETS

    return dict.fromkeys((name for name in PRESETS if " " not in name), "")  # shells would take it for two words


@_suggesting
def periods(_options: Common, _incomplete: str) -> Mapping[str, str]:
    """The words for how old mail may be that is fetched."""
    from qboxctl.jobs.migrations import PERIODS

    return dict.fromkeys(PERIODS, "")


@_suggesting
def quirks(_options: Common, _incomplete: str) -> Mapping[str, str]:
    """The emulator's choices with their values."""
    from qboxctl.emulator.quirks import QUIRKS

    return dict.fromkeys((f"{name}={value}" for name, values in QUIRKS.items() for value in values), "")


@_suggesting
def faults(_options: Common, _incomplete: str) -> Mapping[str, str]:
    """The sorts of the emulator's faults."""
    from qboxctl.emulator.faults import KINDS

    return dict.fromkeys(KINDS, "")


def files(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Any file: the shell knows them."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def plan_files(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The saved plans of the folder that is typed, newest first; any file where there is none."""
    return _saved_plans(ctx, parameter, incomplete) or files(ctx, parameter, incomplete)


@_suggesting
def _saved_plans(_options: Common, incomplete: str) -> Mapping[str, str]:
    folder = os.path.dirname(incomplete)
    with os.scandir(os.path.expanduser(folder) or ".") as entries:
        found = [one for one in entries if one.name.endswith(".json") and one.is_file() and _is_plan(one.path)]
    newest = sorted(found, key=lambda one: (-one.stat().st_mtime, one.name))
    return dict.fromkeys((os.path.join(folder, one.name) for one in newest), "")


def _is_plan(path: str) -> bool:
    """Whether a file begins as a saved plan does."""
    with suppress(OSError), open(path, "rb") as file:
        return b'"format_version"' in file.read(_BEGINNING)
    return False


_BEGINNING = 200
