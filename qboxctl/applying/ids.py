"""The codes of objects, as far as a run knows them: learnt by one thread, asked for by many."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from qboxctl.errors import QboxctlError
from qboxctl.model import Address, LiveState
from qboxctl.schema.kinds import Kinds


class Ids:
    """Codes by address, and what values call the objects whose codes they stand for; behind one lock."""

    def __init__(self, live_state: LiveState, types: Kinds) -> None:
        self._types = types
        self._lock = threading.Lock()
        self._ids = {address: live.remote_id for address, live in live_state.live.items() if not live.leaving}
        self._keys = {kind: dict(known) for kind, known in live_state.codes.items()}

    def know(self, address: Address, code: str) -> None:
        """Remember an object's code for what refers to it or is inside it."""
        with self._lock:
            self._ids[address] = code
            if address.kind in self._keys:
                self._keys[address.kind][code] = self._types.called(address)

    def forget(self, address: Address) -> None:
        """Forget the code of an object that is deleted to be created again."""
        with self._lock:
            self._ids.pop(address, None)

    def of(self, address: Address | None) -> str:
        """An object's code, "" where it is not known."""
        with self._lock:
            return self._ids.get(address, "") if address is not None else ""

    def first_of(self, targets: Sequence[Address]) -> str:
        """The code of the first of some objects that is there; raises QboxctlError where none is."""
        with self._lock:
            code = next((self._ids[one] for one in targets if one in self._ids), None)
        if code is None:
            raise QboxctlError(f"{targets[0]} is not there")
        return code

    def keys(self) -> Mapping[str, Mapping[str, str]]:
        """What values call objects, by kind and code; it grows, so only single ones may be asked for."""
        return self._keys
