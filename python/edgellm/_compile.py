"""From a checkpoint to a package."""

from __future__ import annotations

import os
from collections.abc import Callable

from . import _arguments


def compile(
    checkpoint: str | os.PathLike[str],
    package: str | os.PathLike[str],
    *,
    target: str | os.PathLike[str] | None = None,
    weights: str | None = None,
    density: str | None = None,
    strategy: str | os.PathLike[str] | None = None,
    prune: str | None = None,
    quantize: str | None = None,
    calibration: str | os.PathLike[str] | None = None,
    tokens_per_second: float | None = None,
    max_perplexity_increase: float | None = None,
    context: int | None = None,
    sequences: int | None = None,
    program_only: bool = False,
    progress: Callable[[str, int, int], object] | None = None,
) -> None:
    """Compiles a Hugging Face checkpoint into the package folder `package`.

    The keyword arguments are the options of edgellm-compile, whose --help describes them; what is
    not given has the same default. The package appears whole or not at all. `progress` hears
    (phase, done, total); an exception that it raises ends the compilation, and so does Ctrl-C.

    >>> import edgellm
    >>> edgellm.compile("models/demo", "u280.pkg", target="u280", context=256)
    >>> edgellm.Package("u280.pkg").context
    256
    >>> edgellm.compile("models/demo", "other.pkg", weights="int5")
    Traceback (most recent call last):
    edgellm.Error: ...'int5'...
    """
    given = _arguments.options(
        target=target,
        weights=weights,
        density=density,
        strategy=strategy,
        prune=prune,
        quantize=quantize,
        calibration=calibration,
        tokens_per_second=tokens_per_second,
        max_perplexity_increase=max_perplexity_increase,
        context=context,
        sequences=sequences,
        program_only=program_only,
    )
    from . import _compiler  # not before it is needed: it brings LLVM

    _compiler.compile(_arguments.path(checkpoint), _arguments.path(package), given, progress)
