"""Files that hold the text of a value: read where the configuration names them, and only from its own folder."""

from __future__ import annotations

import os

from qboxctl.config.yaml.reader import Source
from qboxctl.errors import BadValue
from qboxctl.schema.types import MOST_ENCLOSED


def place_of(path: str, source: Source) -> str:
    """Where a file is that a configuration names, behind all links; "" where what it names is not looked at."""
    return os.path.realpath(os.path.join(source.folder, path)) if source.root else ""


def text_of(path: str, source: Source) -> str:
    """The text of a file that a configuration names, relative to the file that names it.

    Of one whose own folder is not known, such as a file of an earlier revision, what it names is not looked at: then it
    is the path that stands for the text. Raises ValueError for what is no such file.
    """
    if not source.root:
        return path
    root = os.path.realpath(source.root)
    real = place_of(path, source)
    if os.path.commonpath((root, real)) != root:
        raise BadValue(f"the file {path} is not in the folder of the configuration", hint=f"put it below {root}")
    if ".git" in os.path.relpath(real, root).lower().split(os.sep):  # a pipeline's has a token in its configuration
        raise BadValue(f"the file {path} is git's own, and no part of the configuration")
    try:
        if not os.path.isfile(real):
            raise ValueError(f"there is no file {path}" if not os.path.exists(real) else f"{path} is not a file")
        with open(real, "rb") as file:
            raw = file.read(MOST_ENCLOSED + 1)
    except OSError as error:
        raise ValueError(f"the file {path} cannot be read: {error.strerror}") from None
    if len(raw) > MOST_ENCLOSED:
        raise ValueError(f"the file {path} is larger than {MOST_ENCLOSED:,} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BadValue(f"the file {path} is not UTF-8 text (line {line})", hint="save it as UTF-8") from None
