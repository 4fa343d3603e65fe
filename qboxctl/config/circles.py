"""Mail that goes round in a circle: aliases and catch-alls that lead back to where they began. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from qboxctl.config.configuration import Configuration
from qboxctl.model import Address, Collection, Desired

_CATCH_ALL = ("catch_all_enabled", "catch_all_destination")


class Circle(NamedTuple):
    """One circle: the declaration at which it begins, the attribute that leads on, and the whole way round."""

    one: Desired
    attribute: str
    way: tuple[str, ...]


class _Hop(NamedTuple):
    """Where mail goes next: to an alias or a domain's catch-all, by which steps people can follow."""

    to: Address
    steps: tuple[str, ...]


def circles(configuration: Configuration, may_receive: Callable[[str], bool]) -> Iterator[Circle]:
    """Each circle once; ``may_receive`` tells whether an address of a managed domain is one by itself."""
    searched: set[Address] = set()
    for start in sorted(address for address in configuration.objects if address.kind in ("alias", "domain")):
        if start in searched:
            continue
        searched.add(start)
        way = [_Hop(start, (_shown(start),))]
        on_the_way = {start: 0}
        waiting = [_next(configuration, start, may_receive)]
        while waiting:
            hop = next(waiting[-1], None)
            if hop is None:
                waiting.pop()
                del on_the_way[way.pop().to]
            elif hop.to in on_the_way:
                yield _circle(configuration, way[on_the_way[hop.to] :], hop)
            elif hop.to not in searched:
                searched.add(hop.to)
                on_the_way[hop.to] = len(way)
                way.append(hop)
                waiting.append(_next(configuration, hop.to, may_receive))


def _circle(configuration: Configuration, hops: list[_Hop], last: _Hop) -> Circle:
    """A circle from the first alias in it, or the first domain where there is none."""
    around = [*hops[1:], last]
    begin = min(range(len(around)), key=lambda number: around[number].to)
    around = [*around[begin + 1 :], *around[: begin + 1]]
    first = around[-1].to
    attribute = "destinations" if first.kind == "alias" else _CATCH_ALL[1]
    way = (_shown(first), *(step for hop in around for step in hop.steps))
    return Circle(configuration.objects[first], attribute, way)


def _next(configuration: Configuration, address: Address, may_receive: Callable[[str], bool]) -> Iterator[_Hop]:
    one = configuration.objects[address]
    if one.absent:
        return
    targets = one.values.get("destinations", ()) if address.kind == "alias" else (one.values.get(_CATCH_ALL[1]),)
    if address.kind == "domain" and not one.values.get(_CATCH_ALL[0]):
        return
    for target in filter(None, targets):
        alias, home = Address("alias", target), Address("domain", target.rpartition("@")[2])
        found, domain = configuration.objects.get(alias), configuration.objects.get(home)
        if found is not None and not found.absent:
            yield _Hop(alias, (target,))
        elif domain is not None and home != address and not may_receive(target) and _known(configuration, home.key):
            yield _Hop(home, (target, _shown(home)))


def _known(configuration: Configuration, domain: str) -> bool:
    """Whether the files tell all that receives mail in a domain."""
    return all(Collection(kind, domain) in configuration.managed for kind in ("mailbox", "alias"))


def _shown(address: Address) -> str:
    return address.key if address.kind == "alias" else f"the catch-all of {address.key}"
