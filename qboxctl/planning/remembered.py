"""Which live objects an earlier revision declared, where only ids and texts tell that. Pure.

What a file calls such an object is a name of the file's own: another object, which no file ever meant, may bear it on
the server.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from qboxctl.config.configuration import Configuration
from qboxctl.model import Address, Advisory, Collection, Live
from qboxctl.planning.targets import Options
from qboxctl.schema.formats import folded, may_be_cut
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.labels import text_of
from qboxctl.schema.patterns import Pattern, covering_home


def as_live(options: Options, configuration: Configuration, live: Mapping[Address, Live], types: Kinds) -> Options:
    """The options with what counts as removed under the addresses that the live objects have today.

    What cannot be found in the account, or is not the only one there that may be meant, does not count; nor does what
    is kept under the name that the files gave it, where it has another one on the server.
    """
    gone = options.removed_since or frozenset()
    known = gone & options.remembered.keys()
    if not known:
        return options
    found, _ = _found(options, live, types)
    kept = _kept(options, configuration)
    today = {
        found[address]
        for address in known & found.keys()
        if found[address] == address or covering_home(kept, address, types) is None
    }
    removed = gone - known | today
    only = options.only - known | today if options.only is not None else None
    return replace(options, removed_since=removed, only=only, remembered={})


def collections(options: Options, live: Mapping[Address, Live], types: Kinds) -> set[Collection]:
    """Where what counts as removed is today, of which the files called the home by another name then."""
    gone = (options.removed_since or frozenset()) & options.remembered.keys()
    found, _ = _found(options, live, types) if gone else ({}, {})
    homes = ((one.kind, types.parent(one)) for one in gone)
    return {Collection(kind, found[home].key) for kind, home in homes if home is not None and home in found}


def advise(
    options: Options, configuration: Configuration, live: Mapping[Address, Live], types: Kinds
) -> list[Advisory]:
    """What left the files and is not removed, since the account may show only the beginning of its text."""
    found, cut = _found(options, live, types)
    kept, others = _kept(options, configuration), configuration.objects.keys() | set(found.values())
    gone = (options.removed_since or frozenset()) & cut.keys()
    advisories = []
    for address in sorted(gone if options.only is None else gone & options.only):
        one, type_ = cut[address], types[address.kind]
        todo = configuration.settings.on_remove.get(address.kind, "keep")
        if todo == "keep" or one.address in others or covering_home(kept, address, types) is not None:
            continue
        name, off = type_.disabling if todo == "disable" and type_.disabling else ("state", "absent")
        text = text_of(one, type_.identity.key)[:80]
        message = (
            f"{address} was removed from the files, and perhaps it is #{one.remote_id}, of which the account shows "
            f"only the beginning of its {type_.identity.key}: {text!r}"
        )
        hint = f"it is kept; if it is the one, declare it with id: {one.remote_id} and {name}: {off}"
        advisories.append(Advisory("Q054", str(address), message, hint))
    return advisories


def _kept(options: Options, configuration: Configuration) -> tuple[Pattern, ...]:
    return (*configuration.ignore, *configuration.protect, *options.excludes)


def _found(
    options: Options, live: Mapping[Address, Live], types: Kinds
) -> tuple[dict[Address, Address], dict[Address, Live]]:
    """What the remembered objects are in the account; of those that are not, the only one whose text may be a cut."""
    kinds = {address.kind for address in options.remembered}
    inside: dict[Collection, list[Live]] = defaultdict(list)
    for address, one in live.items():
        if address.kind in kinds and not one.leaving:
            inside[types.collection(address)].append(one)
    found: dict[Address, Address] = {}
    cut: dict[Address, Live] = {}
    for address in sorted(options.remembered, key=lambda one: (len(list(types.ancestors(one))), one)):
        then, outer = options.remembered[address], types.parent(address)
        home = found.get(outer) if outer is not None and outer in options.remembered else outer
        if outer is not None and home is None:
            continue
        key = types[address.kind].identity.key
        there = inside[Collection(address.kind, home.key if home else "")]
        if then.pin:
            same = [one for one in there if one.remote_id == then.pin]
        else:
            same = [one for one in there if folded(text_of(one, key)) == folded(then.label)]
        if len(same) == 1:
            found[address] = same[0].address
        elif not same and not then.pin:
            some = [one for one in there if may_be_cut(text_of(one, key), then.label)]
            cut |= {address: some[0]} if len(some) == 1 else {}
    return found, cut
