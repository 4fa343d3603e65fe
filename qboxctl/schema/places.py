"""Where things stand in the files: which keys hold which kinds, and where a key belongs that stands elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from qboxctl.errors import hint_of
from qboxctl.model import JSON
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.formats import is_domain
from qboxctl.schema.hints import did_you_mean, quotes_told
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.resource import ResourceType

RULES = ("settings", "protect", "ignore", "defaults")
"""The keys of a file that hold no objects."""
STATE, PRESENT, ABSENT = "state", "present", "absent"
"""What every object may say of itself: whether it is to be there."""
OWN = (STATE, "extra")
"""What an object may state beside its attributes; some kinds have a pin too."""
_NEARLY = 0.75
"""A key that is so much like one of ours is a typing error; a file with no such key is another program's."""


@dataclass(frozen=True, slots=True)
class Places:
    """The keys of a file: ``roots`` hold objects, ``groups`` hold keys that do, and ``inside`` stand in objects.

    ``words`` are all keys that an object may hold, by kind.
    """

    types: Kinds
    roots: Mapping[str, ResourceType]
    groups: Mapping[str, Mapping[str, ResourceType]]
    inside: Mapping[str, Mapping[str, ResourceType]]
    words: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, types: Kinds) -> Places:
        """Work the places out from the kinds' sections."""
        roots: dict[str, ResourceType] = {}
        groups: dict[str, dict[str, ResourceType]] = {}
        inside = {kind: {child.section[0]: child for child in types.children(kind)} for kind in types}
        for one in types.levels[0]:
            match one.section:
                case (root,):
                    roots[root] = one
                case (root, name):
                    groups.setdefault(root, {})[name] = one
        return cls(types, roots, groups, inside, {one.kind: _words(one, inside[one.kind]) for one in types.values()})

    @property
    def top(self) -> Sequence[str]:
        """The keys that may begin a file."""
        return (*RULES, *self.roots, *self.groups)

    def in_defaults(self, type_: ResourceType) -> Sequence[str]:
        """The keys that the defaults for a kind may hold: what an object says of itself alone is not among them."""
        return [word for word in self.words[type_.kind] if word in type_.by_name or word == "extra"]

    def ours(self, word: str) -> bool:
        """Whether a key at the top of a file speaks of qboxctl, rightly spelt and placed or not."""
        from difflib import get_close_matches

        known = {*self.top, *self.types, *(one.section[-1] for one in self.types.values())}
        if word in known or word.startswith("x-") or self.root_of(word):
            return True
        return bool(get_close_matches(word.lower(), known, 1, _NEARLY))

    def root_of(self, word: str) -> str:
        """The key under which an object of this name could stand, "" where none could."""
        return next((root for root, type_ in self.roots.items() if _is_name(type_, word)), "")

    def misplaced(self, type_: ResourceType, name: str, body: JSON) -> bool:
        """Whether a key where an object's name belongs is rather what stands in such an object: an attribute of it."""
        if name not in self.words[type_.kind]:
            return False
        if not _is_name(type_, name):
            return True
        if body is None or (isinstance(body, list) and type_.short):
            return False
        one = type_.by_name.get(name)
        return not isinstance(body, dict) or (one is not None and not one.returned and _fits(one, body))

    def name_meant(self, type_: ResourceType, name: str, parent: str, error: ValueError) -> str | None:
        """What to write for a name that no object of a kind can bear; ``error`` is what refused it."""
        local, at, home = _address_in(name).strip().lower().partition("@")
        bare = local if at else name.strip()
        if type_.parent and bare in type_.identity.refused:
            return type_.identity.refused[bare]
        if type_.parent and at and home != parent and is_domain(home) and _is_name(type_, local):
            return f"it belongs under {home}: write {local} there"
        key, colon, rest = name.partition(":")
        if colon and not rest.startswith("//") and (key in self.words[type_.kind] or _is_name(type_, key)):
            return "a key needs a space after its colon"
        return quotes_told(name) or hint_of(error)

    def meant(self, word: str, known: Iterable[str], type_: ResourceType | None = None) -> str | None:
        """What to do about a key that does not belong where it stands; ``type_`` is the kind that it stands in."""
        lowered, known = word.lower(), list(known)
        if type_ is not None and lowered in type_.hints:
            return type_.hints[lowered]
        if type_ is not None and lowered in OWN and lowered not in known:
            return "each object says that itself: there is no default for it"
        holding = [one for one in self.types.values() if one.section[-1] == lowered]
        kinds = [one.kind for one in holding if one.kind in known]
        if kinds:
            return f'did you mean "{kinds[0]}"?'
        if holding:
            return f"it belongs in {' or '.join(self.types.path(one.kind) for one in holding)}"
        if type_ is not None:
            root = self.types.place(type_.kind)[0]
            near = [one for one in self.types.values() if self.types.place(one.kind)[0] == root]
            owners = [one.kind for one in near if lowered in one.by_name]
            if owners and word not in type_.by_name and lowered not in type_.by_name:
                return f"it is an attribute of {' and '.join(owners)}"
        root = "" if type_ is not None else self.root_of(word)
        if root and root in known:
            return f"did you mean to indent it under {root}?"
        return did_you_mean(word, known) or (f"there are: {', '.join(known)}" if known else None)


def as_keys(type_: ResourceType, raw: JSON) -> str:
    """How the objects of a list, or of a text, are written as the keys of a mapping."""
    found = [_name_in(type_, one) for one in (raw if isinstance(raw, list) else [raw])]
    usable = [name for name in found if isinstance(name, str) and _is_name(type_, name)]
    return f"write each by its name as a key, such as {(usable or ['NAME'])[0]}: {{}}"


def _name_in(type_: ResourceType, entry: JSON) -> JSON:
    """What may be the name of an object that is written as an entry of a list."""
    if not isinstance(entry, dict):
        return entry
    only = next(iter(entry)) if len(entry) == 1 else None
    return entry.get("name", entry.get(type_.identity.key, only))


def _words(type_: ResourceType, inside: Iterable[str]) -> Sequence[str]:
    own = [word for word in (*OWN, type_.identity.pin) if word and word not in type_.by_name]
    return (*(one.name for one in type_.fields if one.mode is not Mode.READ_ONLY), *own, *inside)


def _address_in(text: str) -> str:
    """The address in a text such as ``Ann <ann@example.com>``, or the text."""
    return text.partition("<")[2].rstrip("> ") if "<" in text and "@" in text else text


def _is_name(type_: ResourceType, name: str) -> bool:
    try:
        type_.identity.normalise(name)
    except ValueError:
        return False
    return True


def _fits(one: Field, body: JSON) -> bool:
    try:
        one.type.parse(body)
    except ValueError:
        return False
    return True
