"""The codes of objects, as far as a run knows them: learnt by one thread, asked for by many."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from qboxctl.errors import QboxctlError
from qboxctl.model import Address, LiveState


class Ids:
    """Codes by address, and both ways between codes and keys for the kinds that values refer to; behind one lock."""

    def __init__(self, live_state: LiveState) -> None:
        self._lock = threading.Lock()
        self._ids = {address: live.remote_id for address, live in live_state.live.items() if not live.leaving}
        self._keys = {kind: dict(known) for kind, known in live_state.codes.items()}
        self._codes = {kind: {key: code for code, key in known.items()} for kind, known in live_state.codes.items()}
        self._shown: Mapping[str, Mapping[str, str]] | None = None

    def know(self, address: Address, code: str) -> None:
        """Remember an object's code for what refers to it or is inside it."""
        with self._lock:
            self._ids[address] = code
            codes = self._codes.get(address.kind)
            if codes is not None and codes.get(address.key) != code:
                codes[address.key] = code
                self._keys[address.kind][code] = address.key
                self._shown = None

    def of(self, address: Address | None) -> str:
        """An object's code, "" where it is not known."""
        with self._lock:
            return self._ids.get(address, "") if address is not None else ""

    def code_of(self, kind: str, key: str) -> str:
        """The code of an object that a value refers to; raises QboxctlError where it is not there."""
        with self._lock:
            code = self._codes.get(kind, {}).get(key)
        if code is None:
            raise QboxctlError(f"{kind}/{key} is not there")
        return code

    def keys(self) -> Mapping[str, Mapping[str, str]]:
        """The keys by kind and code, as they are now; what is learnt later is not in it."""
        with self._lock:
            if self._shown is None:
                self._shown = {kind: dict(known) for kind, known in self._keys.items()}
            return self._shown
