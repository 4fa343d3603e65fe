"""Mail that goes round in a circle: aliases and catch-alls that lead back to where they began. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from qboxctl.model import Address, Desired
from qboxctl.schema.rules import Declared

Question = Callable[[Declared, str], bool]
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


def find_circles(declared: Declared, may_receive: Question, known: Question) -> Iterator[Circle]:
    """Each circle once.

    ``may_receive`` tells whether an address of a managed domain is one by itself, ``known`` whether the files tell all
    that receives mail in a domain.
    """
    ways = _Ways(declared, may_receive, known)
    searched: set[Address] = set()
    for start in sorted(one.address for kind in ("alias", "domain") for one in declared.present(kind)):
        if start in searched:
            continue
        searched.add(start)
        way = [_Hop(start, (_shown(start),))]
        on_the_way = {start: 0}
        waiting = [ways.next(start)]
        while waiting:
            hop = next(waiting[-1], None)
            if hop is None:
                waiting.pop()
                del on_the_way[way.pop().to]
            elif hop.to in on_the_way:
                yield _circle(declared, way[on_the_way[hop.to] :], hop)
            elif hop.to not in searched:
                searched.add(hop.to)
                on_the_way[hop.to] = len(way)
                way.append(hop)
                waiting.append(ways.next(hop.to))


def _circle(declared: Declared, hops: list[_Hop], last: _Hop) -> Circle:
    """A circle from the first alias in it, or the first domain where there is none."""
    around = [*hops[1:], last]
    begin = min(range(len(around)), key=lambda number: around[number].to)
    around = [*around[begin + 1 :], *around[: begin + 1]]
    first = declared.get(around[-1].to)
    if first is None:
        raise LookupError(f"{around[-1].to} is not declared")
    attribute = "destinations" if first.address.kind == "alias" else _CATCH_ALL[1]
    way = (_shown(first.address), *(step for hop in around for step in hop.steps))
    return Circle(first, attribute, way)


@dataclass(frozen=True, slots=True)
class _Ways:
    """Where mail goes from each alias and each domain's catch-all."""

    declared: Declared
    may_receive: Question
    known: Question

    def next(self, address: Address) -> Iterator[_Hop]:
        """The aliases and catch-alls that mail to an address goes to."""
        one = self.declared.get(address)
        if one is None or one.absent:
            return
        targets = one.values.get("destinations", ()) if address.kind == "alias" else (one.values.get(_CATCH_ALL[1]),)
        if address.kind == "domain" and not one.values.get(_CATCH_ALL[0]):
            return
        for target in filter(None, targets):
            alias, home = Address("alias", target), Address("domain", target.rpartition("@")[2])
            found, domain = self.declared.get(alias), self.declared.get(home)
            if found is not None and not found.absent:
                yield _Hop(alias, (target,))
            elif domain is not None and home != address and self.falls_through(target, home.key):
                yield _Hop(home, (target, _shown(home)))

    def falls_through(self, target: str, domain: str) -> bool:
        """Whether mail to an address of a managed domain goes on to its catch-all."""
        return not self.may_receive(self.declared, target) and self.known(self.declared, domain)


def _shown(address: Address) -> str:
    return address.key if address.kind == "alias" else f"the catch-all of {address.key}"
