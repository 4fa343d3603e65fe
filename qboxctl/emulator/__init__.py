"""A local copy of the Management API, for demonstrations, pipelines and tests. The engine never imports it.

``core`` answers requests; what it does with a kind comes from the definition, and from ``kinds`` where the server does
more. ``app`` puts it on a socket and needs the extra ``emulator``; everything here works without.
"""

from qboxctl.emulator.core import Emulator
from qboxctl.emulator.faults import Fault, parse_fault
from qboxctl.emulator.quirks import QUIRKS, parse_quirks
from qboxctl.emulator.wire import Logged, Request, Response

__all__ = ["QUIRKS", "Emulator", "Fault", "Logged", "Request", "Response", "parse_fault", "parse_quirks"]
