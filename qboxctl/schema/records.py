"""DNS records that live objects ask for, as the kinds know them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from qboxctl.model import Address, Live
from qboxctl.schema.calls import Certainty


class Purpose(StrEnum):
    """What a record is good for."""

    OWNERSHIP = "ownership"
    MX = "mx"
    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True, order=True)
class Record:
    """One record: ``name`` is absolute, without the dot at its end; ``value`` is "" where only apply learns it.

    ``zone`` is the outermost declared domain that the name is in; where zones are really cut, only their owner knows.
    """

    zone: str
    name: str
    type: str
    value: str
    purpose: Purpose
    address: Address
    certainty: Certainty = Certainty.DOCUMENTED
    note: str = ""


@dataclass(frozen=True, slots=True)
class Records:
    """What an object of a kind asks for in DNS.

    ``attributes`` are those of the answers that tell it; ``make`` gives the records for a name and the live object of
    that name, of which nothing is known where it is not there yet.
    """

    attributes: tuple[str, ...]
    make: Callable[[str, Live], Iterable[Record]]
