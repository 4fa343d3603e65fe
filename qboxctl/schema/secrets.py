"""The types of attributes that are secrets: those to send, and where one goes that the server tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qboxctl.model import JSON, MISSING, Destination, Missing, Secret, SecretSource, Value
from qboxctl.schema.types import Type

WORD: dict[str, JSON] = {"type": "string", "pattern": r"^[^\u0000]+$"}
"""The schema of what the system takes as a name or an argument."""


def _is_word(word: object) -> bool:
    """Whether the system takes it as a name or an argument; ``WORD`` says the same."""
    return isinstance(word, str) and bool(word) and "\0" not in word


@dataclass(frozen=True, slots=True)
class Password(Type):
    """A secret: only a reference to it may stand in a file."""

    def parse(self, raw: object, base: str = "") -> Secret:
        """The reference; ``base`` is the folder of the file that states it."""
        if isinstance(raw, (str, int, float)):
            raise ValueError("a secret must not stand in a file: write {env: NAME}, {file: PATH} or {exec: [program]}")
        match list(raw.items()) if isinstance(raw, dict) else []:
            case [("env" | "file" as source, str(name))] if _is_word(name):
                return Secret(SecretSource(source), (name,), base)
            case [("exec", [_, *_] as words)] if all(map(_is_word, words)):
                return Secret(SecretSource.EXEC, tuple(words), base)
        if raw is None:
            raise ValueError("nothing here: write {env: NAME}, {file: PATH} or {exec: [program, argument]}")
        raise ValueError("a secret is one of {env: NAME}, {file: PATH} and {exec: [program, argument]}")

    def decode(self, wire: JSON) -> Value | Missing:
        """Never looked at."""
        return MISSING

    def schema(self) -> dict[str, JSON]:
        """One of the three references."""
        return {"$ref": "#/$defs/secret"}

    def wire_schema(self) -> dict[str, JSON]:
        """At least eight characters with a letter and a digit [postApiDomainsDomainCodeEmailAccounts]."""
        return {"type": "string", "minLength": 8, "pattern": "(?=.*[A-Za-z])(?=.*[0-9])"}

    def show(self, value: Value) -> str:
        """Never the secret."""
        return "***"


@dataclass(frozen=True, slots=True)
class Store(Type):
    """Where a secret goes that the server tells once: it is handed over there, and kept nowhere else."""

    names_files: ClassVar[bool] = True

    def parse(self, raw: object, base: str = "") -> Destination:
        """The place; ``base`` is the folder of the file that states it."""
        match list(raw.items()) if isinstance(raw, dict) else []:
            case [("file", str(name))] if _is_word(name):
                if name.rstrip("/").rpartition("/")[2] in ("", ".", ".."):
                    raise ValueError(f"{name} is a folder, and no file")
                return Destination(file=name, base=base)
            case [("exec", [_, *_] as words)] if all(map(_is_word, words)):
                return Destination(program=tuple(words), base=base)
        raise ValueError("write where the secret goes: {file: PATH} or {exec: [program, argument]}")

    def decode(self, wire: JSON) -> Value | Missing:
        """Never looked at."""
        return MISSING

    def schema(self) -> dict[str, JSON]:
        """One of the two places."""
        places: dict[str, JSON] = {"file": WORD, "exec": {"type": "array", "minItems": 1, "items": WORD}}
        closed = {"type": "object", "additionalProperties": False}
        return {"oneOf": [{**closed, "properties": {name: one}, "required": [name]} for name, one in places.items()]}
