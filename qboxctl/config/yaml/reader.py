"""YAML text to plain values, and back to a place in the text when something has to be said about it.

Values are built straight from the events of the C parser: several times faster than a loader, and no
positions are kept. ``Source.position`` finds a place afterwards, which only costs time when there is a
mistake to report. Scalars follow the YAML 1.2 core schema: ``no`` and ``12:30`` are text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import yaml

from qboxctl.config.yaml.messages import in_words
from qboxctl.errors import Diagnostic, Position
from qboxctl.model import JSON
from qboxctl.schema.hints import OPENING, unquoted

TWICE = "Q002"
"""The code of what is said about a key that is there twice."""
MAX_DEPTH = 64
MAX_EXPANDED = 2_000_000
"""How many values aliases may add to a configuration, besides one for each of its characters: more is an attack."""
MAX_BYTES = 128 * 1024 * 1024

Path = Sequence[str | int]

_Loader: Any = getattr(yaml, "CLoader", yaml.Loader)
_INT = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z|[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z"
)
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_AT_THE_MARGIN = re.compile(r"""^["']?([A-Za-z_][\w.-]*)["']?[ \t]*:(?:\s|$)""", re.MULTILINE)
_NUMERIC_START = frozenset("0123456789+-.")
_MERGE = "<<"
_MERGE_KEY = object()
_NO_KEY = object()
"""The key of a value that does not count."""


def scalar(text: str) -> bool | int | float | str | None:
    """The value of a plain scalar under the YAML 1.2 core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC_START:
        return text
    if _INT.match(text):
        if len(text) > 40:
            return text
        return int(text[2:], 8) if text.startswith("0o") else int(text, 16) if text.startswith("0x") else int(text)
    if _FLOAT.match(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


_TAGS: dict[str, Callable[[str], JSON]] = {
    "tag:yaml.org,2002:str": str,
    "!": str,
    "tag:yaml.org,2002:int": lambda text: int(text, 0),
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:bool": lambda text: {"true": True, "false": False}[text.lower()],
    "tag:yaml.org,2002:null": lambda _text: None,
}
_CONTAINER_TAGS = {None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


class _Stop(Exception):
    """The text cannot be read any further."""

    def __init__(self, code: str, message: str, mark: Any, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.mark, self.hint = code, mark, hint


class Room:
    """How many values aliases may still add to the files of one configuration, which share it.

    It grows with the files, since plain text of their length could hold as many values.
    """

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_EXPANDED

    def enter(self, text: str) -> None:
        """Count a file in."""
        self.left += len(text)

    def take(self, values: int) -> bool:
        """Use some of it, where there is enough left."""
        fits = values <= self.left
        if fits:
            self.left -= values
        return fits


class _Builder:
    """One pass over the events of one document."""

    def __init__(self, source: Source, room: Room) -> None:
        self.source = source
        self.room = room
        self.found: list[Diagnostic] = []
        self.anchors: dict[str, tuple[JSON, int, int]] = {}
        self.anchor_names: set[str] = set()
        self.size = 0
        self.added = 0

    def build(self) -> JSON:
        """The document's value; None for an empty file. Raises _Stop and yaml.YAMLError."""
        parser = _Loader(self.source.text)
        try:
            return self._document(parser.get_event)
        finally:
            parser.dispose()

    def _document(self, get_event: Callable[[], Any]) -> JSON:
        # One long loop, since it runs for every scalar of every file: a call for each would double its time.
        # A stack of open containers: (container, pending key, merges, anchor, size at its start, levels inside).
        stack: list[tuple[JSON, Any, list[JSON] | None, str | None, int, int]] = []
        container: JSON = None
        key: Any = None
        merges: list[JSON] | None = None
        anchor: str | None = None
        start = levels = 0
        result: JSON = None
        documents = 0
        words, numeric, quotes = _WORDS, _NUMERIC_START, OPENING
        scalar_event, alias_event = yaml.ScalarEvent, yaml.AliasEvent
        mapping_start, sequence_start = yaml.MappingStartEvent, yaml.SequenceStartEvent
        mapping_end, sequence_end = yaml.MappingEndEvent, yaml.SequenceEndEvent
        while True:
            event = get_event()
            kind = type(event)
            if kind is scalar_event:
                self.size += 1
                value = event.value
                if key is None and type(container) is dict:
                    key = value
                    if event.anchor is not None:
                        self._special(event)
                    if key in container:
                        self._twice(event)
                        key = _NO_KEY if self.source.first_counts else key
                    elif key == _MERGE and not event.style:
                        if merges:
                            self._twice(event, hint="merge both by one: <<: [one, another]")
                        key = _MERGE_KEY
                    continue
                if event.tag is not None or event.anchor is not None:
                    value = self._special(event)
                elif event.style:
                    pass
                elif value in words:
                    value = words[value]
                elif value[0] in numeric:
                    value = scalar(value)
                elif value[0] in quotes and unquoted(value):
                    value = self._quoted(event)
            elif kind is mapping_start or kind is sequence_start:
                if len(stack) >= MAX_DEPTH:
                    raise _Stop("Q003", f"nested more than {MAX_DEPTH} levels deep", event.start_mark)
                if type(container) is dict and key is None:
                    raise _Stop("Q001", "a key must be a plain word", event.start_mark)
                if event.tag not in _CONTAINER_TAGS:
                    raise _Stop("Q003", f"the tag {event.tag} is not allowed", event.start_mark)
                self.size += 1
                if event.anchor is not None:
                    self._new_anchor(event)
                stack.append((container, key, merges, anchor, start, levels))
                container, key, merges, anchor = ({} if kind is mapping_start else []), None, None, event.anchor
                start, levels = self.size, 0
                continue
            elif kind is mapping_end or kind is sequence_end:
                value = container
                if merges:
                    self._merge(value, merges)
                inside = levels + 1
                if anchor is not None:
                    self.anchors[anchor] = (value, self.size - start + 1, inside)
                container, key, merges, anchor, start, levels = stack.pop()
                levels = max(levels, inside)
            elif kind is alias_event:
                if key is None and type(container) is dict:
                    raise _Stop("Q001", "a key must be a plain word", event.start_mark)
                value, inside = self._alias(event, MAX_DEPTH - len(stack))
                levels = max(levels, inside)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise _Stop("Q001", "a second document begins here", event.start_mark, "use one file for each")
                continue
            elif kind is yaml.StreamEndEvent:
                return result
            else:
                continue
            if key is None:
                if container is None:
                    result = value
                else:
                    container.append(value)
            else:
                if key is _MERGE_KEY:
                    merges = merges or []
                    merges.append((value, event.start_mark))
                elif key is not _NO_KEY:
                    container[key] = value
                key = None

    def _twice(self, event: Any, hint: str = "keep one of them") -> None:
        place = self.source.at(event.start_mark, event.end_mark)
        self.found.append(Diagnostic(TWICE, f'the key "{event.value}" is there twice', place, hint=hint))

    def _quoted(self, event: Any) -> str:
        message = f"{event.value[0]} and {event.value[-1]} are typographic quotes, and none to YAML"
        hint = 'write " or \'; a text that is to keep them goes into "" as a whole'
        self.found.append(Diagnostic("Q004", message, self.source.at(event.start_mark, event.end_mark), hint=hint))
        return unquoted(event.value)

    def _special(self, event: Any) -> JSON:
        """The value of a scalar that bears a tag or an anchor."""
        if event.tag is None:
            value: JSON = event.value if event.style else scalar(event.value)
        elif event.tag in _TAGS:
            try:
                value = _TAGS[event.tag](event.value)
            except (ValueError, KeyError):
                raise _Stop("Q003", "the value does not fit its tag", event.start_mark) from None
        else:
            raise _Stop("Q003", f"the tag {event.tag} is not allowed", event.start_mark)
        if event.anchor is not None:
            self._new_anchor(event)
            self.anchors[event.anchor] = (value, 1, 0)
        return value

    def _new_anchor(self, event: Any) -> None:
        if event.anchor in self.anchor_names:
            raise _Stop("Q003", f"the anchor &{event.anchor} is there twice", event.start_mark, "name each differently")
        self.anchor_names.add(event.anchor)

    def _alias(self, event: Any, room: int) -> tuple[JSON, int]:
        """What an anchor stands for, and how many levels it brings along; there is room for so many."""
        if event.anchor not in self.anchors:
            raise _Stop("Q003", f"*{event.anchor} refers to no anchor above it, or to itself", event.start_mark)
        value, size, levels = self.anchors[event.anchor]
        if levels > room:
            raise _Stop("Q003", f"nested more than {MAX_DEPTH} levels deep", event.start_mark)
        self.size += size
        self.added += size
        if not self.room.take(size):
            raise _Stop("Q003", "aliases expand to too many values", event.start_mark, "write the values out")
        return value, levels

    def _merge(self, target: dict[str, JSON], merges: list[JSON]) -> None:
        for value, mark in merges:
            for part in value if isinstance(value, list) else [value]:
                if not isinstance(part, dict):
                    raise _Stop("Q003", "<< takes a mapping or a list of mappings", mark)
                self.size += len(part)
                for name, inherited in part.items():
                    target.setdefault(name, inherited)


@dataclass(slots=True)
class Source:
    """One file of the configuration: ``name`` as people see it, ``text``, ``folder`` for relative paths.

    Files that it names for their text lie below ``root``, the folder of the configuration; "" where none is looked at.
    ``ready`` is the answer to the next ``parse``, where it is known already. Of two equal keys the last one counts, or
    the first where ``first_counts``. ``room`` is shared by the files of one configuration, ``added`` is what the
    aliases of this one took of it.
    """

    name: str
    text: str
    folder: str = ""
    unreadable: Diagnostic | None = None
    ready: tuple[JSON, list[Diagnostic]] | None = None
    first_counts: bool = False
    room: Room | None = None
    added: int = 0
    root: str = ""
    _root: Any = None
    _children: dict[int, dict[str | int, tuple[Any, Any]]] = field(default_factory=dict)

    def parse(self) -> tuple[JSON, list[Diagnostic]]:
        """The file's value and what is wrong with it as YAML; the value is None where it cannot be read."""
        room = self.room or Room()
        room.enter(self.text)
        ready, self.ready = self.ready, None
        if ready and room.take(self.added):
            return ready
        if self.unreadable:
            return None, [self.unreadable]
        builder = _Builder(self, room)
        try:
            value = builder.build()
        except _Stop as stop:
            found = Diagnostic(stop.code, str(stop), self.at(stop.mark), hint=stop.hint)
        except yaml.MarkedYAMLError as error:
            fault = in_words(error, self.text)
            place = Position(self.name, fault.line + 1, fault.column + 1)
            begun = self.at(fault.begun) if fault.begun else None
            found = Diagnostic("Q001", f"not YAML: {fault.message}", place, hint=fault.hint, second=begun)
        except yaml.YAMLError as error:
            read = self.text[: getattr(error, "position", 0) or 0]
            place = Position(self.name, read.count("\n") + 1, len(read) - read.rfind("\n"))
            found = Diagnostic("Q001", f"not YAML: {error}".splitlines()[0], place)
        else:
            self.added = builder.added
            return value, builder.found
        return None, [*builder.found, found]

    def earlier(self) -> Source:
        """The same file, read so that the first of two equal keys counts."""
        return Source(self.name, self.text, self.folder, first_counts=True, root=self.root)

    def margin(self) -> list[str]:
        """The keys at the top of a file that cannot be parsed, as far as its text shows them."""
        return _AT_THE_MARGIN.findall(self.text)

    def at(self, mark: Any, end: Any = None) -> Position:
        """The position of a mark of the parser, and how far it is to the end where that is on the same line."""
        if not mark:
            return Position(self.name, 1, 1)
        width = end.column - mark.column if end and end.line == mark.line else 0
        return Position(self.name, mark.line + 1, mark.column + 1, width)

    def position(self, path: Path, *, value: bool = False) -> Position:
        """Where the key at the end of ``path`` stands (or its value); the nearest place where it is not there."""
        node = place = self._composed()
        for step in path:
            pair = self._pairs(node).get(step) if node is not None else None
            if pair is None and isinstance(node, yaml.SequenceNode) and isinstance(step, str):
                continue  # a list that stands for a mapping with this one attribute
            if pair is None:
                break
            place, node = pair
        found = node if value else place
        return self.at(found.start_mark, found.end_mark) if found is not None else Position(self.name, 1, 1)

    def is_below(self, names: Set[str], place: Position) -> bool:
        """Whether a place is in what some keys at the top say, or in what aliases bring into it."""
        waiting = [node for pair in self._composed().value if pair[0].value in names for node in pair]
        seen: set[int] = set()
        while waiting:
            node = waiting.pop()
            start, end = self.at(node.start_mark), self.at(node.end_mark)
            if start <= place < end:
                return True
            if id(node) not in seen and isinstance(node, yaml.CollectionNode):
                seen.add(id(node))
                pairs = isinstance(node, yaml.MappingNode)
                waiting += [one for pair in node.value for one in pair] if pairs else node.value
        return False

    def _composed(self) -> Any:
        if self._root is None:
            self._root = yaml.compose(self.text, Loader=_Loader)
        return self._root

    def _pairs(self, node: Any) -> dict[str | int, tuple[Any, Any]]:
        pairs = self._children.get(id(node))
        if pairs is None:
            pairs = self._children[id(node)] = {}
            if isinstance(node, yaml.SequenceNode):
                pairs.update({index: (child, child) for index, child in enumerate(node.value)})
            elif isinstance(node, yaml.MappingNode):
                merged: list[Any] = []
                for key, child in node.value:
                    if key.value == _MERGE and key.style is None:
                        merged.extend(child.value if isinstance(child, yaml.SequenceNode) else [child])
                    elif not self.first_counts or key.value not in pairs:
                        pairs[key.value] = (key, child)
                for part in merged:
                    for name, pair in self._pairs(part).items():
                        pairs.setdefault(name, pair)
        return pairs


def load_plain(text: str, name: str) -> JSON:
    """One YAML (or JSON) document for machines; raises ValueError with the first mistake and its place."""
    value, found = Source(name, text).parse()
    if found:
        raise ValueError(f"{found[0].position}: {found[0].message}")
    return value
