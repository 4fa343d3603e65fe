"""The definitions as text for people: ``explain`` in the terminal, and the page ``docs/reference.md``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from qboxctl.model import Action
from qboxctl.render.style import PLAIN, Palette
from qboxctl.resources import TYPES
from qboxctl.schema import json_schema
from qboxctl.schema.calls import Certainty
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.hints import near
from qboxctl.schema.places import RULES, STATE, Places
from qboxctl.schema.resource import ResourceType

_PLACES = Places.of(TYPES)
_BROADEST = 120
"""Columns of a line, on whatever screen: longer ones are hard to read."""
_ROW = re.compile(r"( *)(\S+(?: \S+)*)( {2,}.+)")
"""A name with what is said of it."""


def topics() -> list[str]:
    """All that ``explain`` knows."""
    return [*TYPES, *(f"{kind}.{word}" for kind, type_ in TYPES.items() for word in _PLACES.words[kind]), *RULES]


_MOST_ALIKE = 3


def meant(topic: str) -> str:
    """What to do about a topic that there is not."""
    kind, _, name = topic.lower().partition(".")
    if name and kind in TYPES:
        found = [f"{kind}.{word}" for word in near(name, _PLACES.words[kind])]
        otherwise = TYPES[kind].hints.get(name, f"`qboxctl explain {kind}` lists its attributes")
    else:
        found, otherwise = _alike(topic), f"there are: {', '.join(TYPES)}, settings"
    return f"did you mean {' or '.join(found)}?" if found else otherwise


def _alike(topic: str) -> list[str]:
    """The topics that may be meant, of an attribute that many kinds have those of the first kinds."""
    known = list(topics())
    names = {one: one.rpartition(".")[2] for one in known if "." in one}
    alike = near(topic, dict.fromkeys(names.values()))
    return [*near(topic, known)] or [one for one, name in names.items() if name in alike][:_MOST_ALIKE]


def explain(topic: str | None, palette: Palette = PLAIN) -> str:
    """The reference for a kind, an attribute (``mailbox.language``), the settings or everything; raises KeyError."""
    if palette.columns > _BROADEST:
        palette = replace(palette, columns=_BROADEST)
    title, *lines = _explained(topic)
    if lines[:1] == [""]:
        title = palette.paint(title, "bold")
    return "\n".join(_shown(line, palette) for line in (title, *lines))


def _shown(line: str, palette: Palette) -> str:
    """A line as a terminal shows it: the name of a row stands out, and running text goes on at the left."""
    row = _ROW.match(line)
    if row:
        return palette.fit(f"{row[1]}{palette.paint(row[2], 'cyan')}{row[3]}")
    return palette.fit(line).replace("\n  ", "\n")


def _explained(topic: str | None) -> list[str]:
    if not topic:
        kinds = [f"  {one.kind:18} {one.doc}" for one in TYPES.values()]
        more = [
            "`qboxctl explain KIND` lists its attributes, `qboxctl explain KIND.ATTRIBUTE` tells all of one.",
            "`qboxctl explain settings` lists what a configuration may say beside its objects.",
        ]
        return ["The kinds of resources:", "", *kinds, "", *more]
    root, _, rest = topic.partition(".")
    if root == "defaults" and rest.partition(".")[0] in TYPES:  # what may stand there is what an object may say itself
        return _explained(rest)
    if root in RULES:
        return list(_explain_settings(topic))
    kind, _, name = topic.partition(".")
    one = TYPES[kind]
    if name and name not in one.by_name:
        return _explain_own(one, name)
    return _explain_field(one, one.by_name[name]) if name else list(_explain_kind(one))


def _explain_own(one: ResourceType, name: str) -> list[str]:
    """What may stand in an object beside its attributes: its state, extra attributes, a pin, and what is inside it."""
    schema = json_schema.body(TYPES, one)["properties"][name]
    values = f"values:         {', '.join(schema['enum'])}" if "enum" in schema else "values:      a mapping"
    values = "values:      text or a whole number" if isinstance(schema.get("type"), list) else values
    return [f"{one.kind}.{name}", "", f"{schema['description'].rstrip('.')}.", "", values]


def _place(one: ResourceType) -> str:
    """Where an object stands in a file."""
    return TYPES.path(one.kind) + ("" if one.identity.alone else ".NAME")


def _explain_kind(one: ResourceType) -> Iterable[str]:
    yield f"{one.kind}: {one.title}"
    yield ""
    yield one.doc
    yield ""
    yield f"in a file:   {_place(one)}"
    yield f"address:     {one.kind}/{TYPES.form(one.kind)}"
    yield f"absent:      {_absent(one)}"
    if one.allowed_on_remove():
        yield f"on_remove:   {', '.join(one.allowed_on_remove())}"
    yield ""
    width = max(map(len, (*_PLACES.words[one.kind], *one.by_name)))
    for each in one.fields:
        marks = {
            Mode.CREATE_ONLY: "at creation only",
            Mode.WRITE_ONLY: "secret",
            Mode.LOCAL: "never sent",
            Mode.READ_ONLY: "only shown",
        }
        mark = marks.get(each.mode, "")
        mark = ", ".join(filter(None, ("needed" if each.required else "", mark)))
        yield f"  {each.name:{width}}  {each.doc}{f' ({mark})' if mark else ''}"
    yield ""
    for word in _PLACES.words[one.kind]:
        if word not in one.by_name:
            yield f"  {word:{width}}  {json_schema.body(TYPES, one)['properties'][word]['description']}"


def _explain_field(one: ResourceType, each: Field) -> list[str]:
    certain = {
        Certainty.DOCUMENTED: "documented",
        Certainty.OBSERVED: "seen in other clients of the API, not documented",
        Certainty.ASSUMED: "assumed: not visible in the API's documentation",
    }
    lines = [
        f"{one.kind}.{each.name}",
        "",
        f"{json_schema.describe(each)}.",
        "",
        f"values:      {_allowed(one, each)}",
        f"writable:    {each.mode.value.replace('_', ' ')}",
    ]
    if each.mode is not Mode.LOCAL:
        source = f" [{each.source}]" if each.source else ""
        lines += [f"in the API:  {_in_the_api(each)}", f"sure:        {certain[each.certainty]}{source}"]
    if each.refers:
        lines.append(f"refers to:   {' or '.join(each.refers.kinds)}")
    return lines


def _in_the_api(each: Field) -> str:
    """The names of an attribute in requests and answers; what is written entry by entry has none after creation."""
    later = "" if each.each else each.wire
    names = [f"{each.create_as} at creation", f"{later} later" if later else ""] if each.create_as else [each.wire]
    read = f"read as {each.row_name}" if each.row_name not in (each.create_as, each.wire) else ""
    return ", ".join(filter(None, (*names, read)))


def _explain_settings(topic: str) -> Iterable[str]:
    general = ".".join("KIND" if word in TYPES else word for word in topic.split("."))  # which is said once for all
    names = () if topic == "settings" else (f"{topic}.", f"{general}.")
    found = [row for row in settings() if not names or f"{row.name}.".startswith(names)]
    if not found:
        raise KeyError(topic)
    width = max(len(row.name) for row in found)
    for row in found:
        yield f"{row.name:{width}}  {row.doc}{f': {row.values}' if row.values else ''}"


class Setting(NamedTuple):
    """One key that a configuration may hold beside its objects; ``values`` is "" where the text says all."""

    name: str
    doc: str
    values: str


def settings() -> list[Setting]:
    """What a configuration may say beside its objects, from its schema."""
    schema = json_schema.config_schema(TYPES)
    rules = [Setting(name, schema["properties"][name]["description"], "") for name in RULES if name != "settings"]
    return [*_settings("settings", schema["$defs"]["settings"]), *rules]


def _settings(path: str, schema: json_schema.Schema) -> Iterable[Setting]:
    kinds = [name for name in schema["properties"] if name in TYPES]
    kinds = kinds if len(kinds) > len(TYPES) / 2 else []  # what is said for each kind; words for some are like others
    for name, one in schema["properties"].items():
        if name in kinds[1:]:
            continue  # the same for each kind
        at = f"{path}.{'KIND' if name in kinds else name}"
        values = ", ".join(one["enum"]) if "enum" in one else ""
        if one.get("description") or values:
            yield Setting(at, one.get("description", "for one kind, as far as it can be done with it"), values)
        if "properties" in one:
            yield from _settings(at, one)


def _allowed(one: ResourceType, each: Field) -> str:
    if each.name == STATE:  # every object takes two words more
        return ", ".join(json_schema.body(TYPES, one)["properties"][STATE]["enum"])
    schema = each.type.schema()
    if "enum" in schema:
        return ", ".join(dict.fromkeys(str(each.type.write(value)) for value in schema["enum"]))
    if each.secret:
        return "{env: NAME}, {file: PATH} or {exec: [program, argument]}"
    if each.mode is Mode.LOCAL:
        return "{file: PATH} or {exec: [program, argument]}"
    options = schema.get("oneOf", [schema])
    return " or ".join(str(option.get("const") or option.get("type")) for option in options)


def page() -> str:
    """Every kind and attribute as one Markdown page, with how sure each fact about the API is."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterable[str]:
    yield "# Reference"
    yield ""
    yield "Made from the definitions by `make schemas`; `qboxctl explain` tells the same in the terminal. How sure:"
    yield "**documented** in the API's reference, **observed** in other clients, **assumed** by us (`qboxctl doctor`"
    yield "tells which assumed names your account's answers carry)."
    for one in TYPES.values():
        yield from ("", f"## {one.kind}", "", one.doc, "")
        yield f"- in a file: `{_place(one)}`"
        yield f"- address: `{one.kind}/{TYPES.form(one.kind)}`"
        yield f"- `state: absent` {_absent(one)}"
        if one.allowed_on_remove():
            yield f"- `on_remove` may be {', '.join(f'`{word}`' for word in one.allowed_on_remove())}"
        for call in one.every_call:
            yield f"- `{call.method} {call.path}` ({call.certainty.value})"
        if one.fields:
            yield from (
                "",
                "| attribute | what it is | values | written | how sure |",
                "| --- | --- | --- | --- | --- |",
            )
            yield from (_row(one, each) for each in one.fields)

    yield from ("", "## settings and rules", "", "| key | what it says | values |", "| --- | --- | --- |")
    yield from (f"| `{row.name}` | {row.doc.replace('|', ' or ')} | {row.values} |" for row in settings())


def _row(one: ResourceType, each: Field) -> str:
    cells = (
        f"`{each.name}`",
        json_schema.describe(each),
        _allowed(one, each),
        each.mode.value.replace("_", " "),
        each.certainty.value,
    )
    return f"| {' | '.join(cell.replace('|', ' or ') for cell in cells)} |"


def _absent(one: ResourceType) -> str:
    """What becomes of an object of the kind that a file declares absent."""
    if one.removal is Action.DELETE:
        return "deletes it"
    return "disables it" if one.calls.delete else "disables it: the API cannot delete it"
