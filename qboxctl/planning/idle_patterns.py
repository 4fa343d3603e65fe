"""Patterns that match nothing: typing errors, which protect nothing and leave nothing out. Pure.

Only what was read can be told not to be there: a pattern that may match something else is no mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qboxctl.config.configuration import Configuration
from qboxctl.errors import QboxctlError
from qboxctl.model import Address, Advisory, Change, Collection, LiveState
from qboxctl.planning.targets import Options
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.labels import labelled
from qboxctl.schema.patterns import Pattern
from qboxctl.schema.resource import ResourceType

_ANY = "\0"
"""A name that no object bears: what matches it would match any."""
_COMPARE = "compare it with the addresses that `qboxctl plan` shows"


@dataclass(frozen=True, slots=True)
class Known:
    """All objects that are declared or were read, to be asked whether a pattern matches one of them."""

    configuration: Configuration
    live_state: LiveState
    types: Kinds

    def matched(self, pattern: Pattern) -> bool:
        """Whether a pattern matches something known."""
        sole = pattern.sole
        if sole is not None and (sole in self.configuration.objects or sole in self.live_state.live):
            return True
        return any(map(pattern.matches, self._addresses(sole)))

    def _addresses(self, sole: Address | None) -> Iterator[Address]:
        """What a pattern may match: everything, or if it has no wildcard, what goes by more than one name."""
        for inside in self.configuration.managed.values():
            yield from inside  # what is declared and ignored is among them
        if sole is None:
            yield from self.live_state.live
        for address, live in self.live_state.live.items():
            if not self.types[address.kind].identity.unique:
                yield labelled(self.types, live)
        for type_ in self.types.values():
            reserved = type_.identity.reserved
            if reserved is not None:
                for home in self._homes(type_):
                    yield Address(type_.kind, self.types.key(type_.kind, reserved.name, home.key))

    def _homes(self, type_: ResourceType) -> Iterable[Address]:
        found = (address for address in self.live_state.live if address.kind == type_.parent)
        declared = (address for address in self.configuration.objects if address.kind == type_.parent)
        return {*found, *declared}

    def general(self, pattern: Pattern) -> bool:
        """Whether a pattern is about all objects of a kind, or all in a known home, however many there are by now."""
        for type_ in self.types.values():
            homes = [home.key for home in self._homes(type_)] if type_.parent else []
            any_of = (Address(type_.kind, self.types.key(type_.kind, _ANY, home)) for home in [*homes, _ANY])
            if any(map(pattern.matches, any_of)):
                return True
        return False

    def may_match(self, pattern: Pattern, *, hidden: bool = False) -> bool:
        """Whether something could match that was not read, or is hidden: ignored, or another customer's."""
        complete = self.live_state.complete
        for type_ in self.types.values():
            if not pattern.may_match(type_.kind, ""):
                continue
            if self.configuration.settings.customer_code or (hidden and not type_.identity.unique):
                return True
            if Collection(type_.parent or type_.kind) not in complete:
                return True
            homes = self._homes(type_) if type_.parent else ()
            if any(
                Collection(type_.kind, home.key) not in complete and pattern.may_match(type_.kind, home.key)
                for home in homes
            ):
                return True
        return False


def idle_rules(known: Known) -> Iterator[Advisory]:
    """Warn of each pattern of ``protect`` and ``ignore`` that matches nothing."""
    for rule, found in (("protect", known.configuration.protect), ("ignore", known.configuration.ignore)):
        for pattern in found:
            found_nothing = not known.matched(pattern) and not known.general(pattern)
            if found_nothing and not known.may_match(pattern, hidden=rule == "ignore"):
                message = f"{rule}: {pattern.text} matches no object, neither declared nor live"
                yield Advisory("Q047", "", message, _COMPARE)


def idle_me(known: Known) -> Iterator[Advisory]:
    """Warn where ``settings.me`` names nobody: it protects who runs the program."""
    settings, live = known.configuration.settings, known.live_state
    for type_ in known.types.values() if settings.me and not settings.customer_code else ():
        address = Address(type_.kind, settings.me)
        there = address in known.configuration.objects or address in live.live
        if type_.grants and Collection(type_.kind) in live.complete and not there:
            message = f"settings.me: {address} is no object, neither declared nor live, so it protects nobody"
            yield Advisory("Q047", "", message, _COMPARE)


def refuse_idle_options(known: Known, chosen: Options) -> None:
    """Raise QboxctlError for a pattern that means nothing: it is a typing error, and the plan would hide it."""
    for option, found in (("--target", chosen.targets), ("--rotate", chosen.rotate), ("--exclude", chosen.excludes)):
        for pattern in found:
            type_ = known.types.get(pattern.kind)
            if option == "--rotate" and type_ and type_.told:
                message = f"--rotate {pattern.text}: the server makes the secret of a {type_.title}, and tells it once"
                raise QboxctlError(message, hint="declare another one, and remove this one once that is in use")
            if known.matched(pattern):
                continue
            unread = chosen.only is not None or known.may_match(pattern)
            if option == "--exclude" and (unread or known.general(pattern)):
                continue
            hint = _COMPARE
            if chosen.only is not None:
                hint = "with --only-changed, nothing is looked for that is neither declared nor changed"
            where = " that the files declare or manage" if unread else ""
            raise QboxctlError(f"{option} {pattern.text} matches no object{where}", hint=hint)


def refuse_empty_rotation(rotate: Iterable[Pattern], changes: Iterable[Change]) -> None:
    """Raise QboxctlError where nothing of what a pattern matches is sent again: people would believe that it was."""
    addresses = [change.address for change in changes]
    for pattern in rotate:
        if not any(map(pattern.matches, addresses)):
            message = f"--rotate {pattern.text} sends nothing: no file states a secret of what it matches"
            raise QboxctlError(message, hint="write where the secret is, such as password: {env: NAME}")
