"""Which live objects an earlier revision declared, where only ids and texts tell that. Pure.

What a file calls such an object is a name of the file's own: another object, which no file ever meant, may bear it on
the server.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from qboxctl.config.configuration import Configuration
from qboxctl.model import Address, Collection, Live
from qboxctl.planning.targets import Options
from qboxctl.schema.formats import folded
from qboxctl.schema.kinds import Kinds
from qboxctl.schema.labels import text_of
from qboxctl.schema.patterns import covering_home


def as_live(options: Options, configuration: Configuration, live: Mapping[Address, Live], types: Kinds) -> Options:
    """The options with what counts as removed under the addresses that the live objects have today.

    What cannot be found in the account, or is not the only one there that may be meant, does not count; nor does what
    is kept under the name that the files gave it, where it has another one on the server.
    """
    gone = options.removed_since or frozenset()
    known = gone & options.remembered.keys()
    if not known:
        return options
    kinds = {address.kind for address in options.remembered}
    inside: dict[Collection, list[Live]] = defaultdict(list)
    for address, one in live.items():
        if address.kind in kinds and not one.leaving:
            inside[types.collection(address)].append(one)
    found: dict[Address, Address] = {}
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
    kept = (*configuration.ignore, *configuration.protect, *options.excludes)
    today = {
        found[address]
        for address in known & found.keys()
        if found[address] == address or covering_home(kept, address, types) is None
    }
    removed = gone - known | today
    only = options.only - known | today if options.only is not None else None
    return replace(options, removed_since=removed, only=only, remembered={})
