"""The settings of one environment, from the block that a file states, and what is wrong with that block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qboxctl.config.mistakes import Mistakes
from qboxctl.config.settings import Settings, read_settings
from qboxctl.errors import Diagnostic
from qboxctl.model import JSON, Where
from qboxctl.schema.hints import did_you_mean
from qboxctl.schema.kinds import Kinds

_URLS = ("endpoint", "send_endpoint")


def fits(block: Mapping[str, JSON], where: Where, mistakes: Mistakes, types: Kinds) -> bool:
    """Whether all of a block of settings fits its schema; what does not is noted."""
    from qboxctl.schema.json_validation import schema_errors

    wrong = schema_errors("settings", block, types)
    for misfit in wrong:
        place = where.inside(*misfit.path)
        mistakes.error("Q021", misfit.message, place, hint=misfit.hint, value=not misfit.at_key)
    return not wrong


def settings_of(block: Any, where: Where | None, environment: str, mistakes: Mistakes, types: Kinds) -> Settings:
    """The settings of one environment, as far as they can be read; ``where`` is None for those that no file states."""
    if where is None:
        where, base = Where(0, ("settings",)), ""
    else:
        base = mistakes.sources[where.file].folder
    if not fits(block, where, mistakes, types):
        return Settings()
    environments = block.get("environments") or {}
    if environment != "default" and environment not in environments:
        known = ", ".join(sorted(environments)) or "none"
        hint = did_you_mean(environment, environments) or "add it under settings.environments"
        message = f'there is no environment "{environment}": the settings know {known}'
        mistakes.found.append(Diagnostic("Q022", message, hint=hint))
        return Settings()
    for name, overlay in [(None, block), *environments.items()]:
        for url in (one for one in _URLS if one in (overlay or {})):
            try:
                read_settings({url: overlay[url]}, "default", base, types)
            except ValueError as error:
                path = ("environments", name, url) if name else (url,)
                mistakes.error("Q021", str(error), where.inside(*path), value=True)
                return Settings()
    settings = read_settings(block, environment, base, types)
    over = environments.get(environment) or {}
    stated = {
        url: where.inside(*(("environments", environment) if url in over else ()), url)
        for url in _URLS
        if url in over or url in block
    }
    return replace(settings, endpoint_at=stated.get("endpoint"), send_endpoint_at=stated.get("send_endpoint"))
