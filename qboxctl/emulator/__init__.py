"""A local copy of the Management API, for demonstrations, pipelines and tests. The engine never imports it.

``core`` takes requests, ``routes`` and ``calls`` say what they mean and do it, ``bodies`` judges what they bring,
``answers`` writes what goes back; ``state`` holds the objects. All that comes from the definitions; where the server
does more with a kind, a ``behaviour`` in ``kinds`` says so. ``quirks`` are what the real server may do one way or the
other, ``faults`` what goes wrong on the way, ``seeds`` an account in and out of a file. ``app`` puts it on a socket and
needs the extra ``emulator``; all else works without.

Never: anything of the engine but the definitions, so that the two cannot be wrong together.
Start at ``core.Emulator``, then ``operations.Operations``.
"""

from qboxctl.emulator.core import Emulator
from qboxctl.emulator.faults import Fault, parse_fault
from qboxctl.emulator.quirks import QUIRKS, parse_quirks
from qboxctl.emulator.wire import Logged, Request, Response

__all__ = ["QUIRKS", "Emulator", "Fault", "Logged", "Request", "Response", "parse_fault", "parse_quirks"]
