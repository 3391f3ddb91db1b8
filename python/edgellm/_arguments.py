"""Python values as the extension modules take them."""

from __future__ import annotations

import os


def path(value: str | os.PathLike[str]) -> bytes:
    """A path as the operating system has it; ValueError for one that none can be."""
    encoded = os.fsencode(value)
    if b"\0" in encoded:
        raise ValueError("embedded null byte")
    return encoded


def options(**values: object) -> list[bytes]:
    """Keyword arguments as options of the tools, which check them: top_k=5 is --top-k=5.

    None and False mean "not given".
    """
    given = []
    for name, value in values.items():
        if value is None or value is False:
            continue
        option = "-n" if name == "n" else "--" + name.replace("_", "-")
        if value is not True:
            text = os.fspath(value) if isinstance(value, os.PathLike) else str(value)
            option += "=" + text
        given.append(path(option))
    return given
