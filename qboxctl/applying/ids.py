"""The codes of objects, as far as a run knows them: learnt by one thread, asked for by many."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from qboxctl.errors import QboxctlError
from qboxctl.model import Address, LiveState


class Ids:
    """Codes by address, and both ways between codes and keys for the kinds that values refer to; behind one lock."""

    def __init__(self, live_state: LiveState) -> None:
        self._lock = threading.Lock()
        self._ids = {address: live.remote_id for address, live in live_state.live.items() if not live.leaving}
        self._keys = {kind: dict(known) for kind, known in live_state.codes.items()}
        self._codes = {kind: {key: code for code, key in known.items()} for kind, known in live_state.codes.items()}

    def know(self, address: Address, code: str) -> None:
        """Remember an object's code for what refers to it or is inside it."""
        with self._lock:
            self._ids[address] = code
            codes = self._codes.get(address.kind)
            if codes is not None and codes.get(address.key) != code:
                codes[address.key] = code
                self._keys[address.kind][code] = address.key

    def of(self, address: Address | None) -> str:
        """An object's code, "" where it is not known."""
        with self._lock:
            return self._ids.get(address, "") if address is not None else ""

    def code_of(self, kinds: Sequence[str], key: str) -> str:
        """The code of an object that a value refers to, of one of some kinds; raises QboxctlError for none."""
        with self._lock:
            known = (self._codes[kind].get(key) for kind in kinds if kind in self._codes)
            code = next((code for code in known if code is not None), None)
        if code is None:
            raise QboxctlError(f"{kinds[0]}/{key} is not there")
        return code

    def keys(self) -> Mapping[str, Mapping[str, str]]:
        """The keys by kind and code; they grow as more is learnt, so only single ones may be asked for."""
        return self._keys
