"""What a package says of itself."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
from typing import Any

from . import _arguments, _edgellm


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A weight matrix as the package stores it."""

    name: str  # its name in the checkpoint
    shape: tuple[int, int]  # outputs, inputs
    encoding: str  # "int4", "int4_4of8", "fp16"
    bits_per_weight: float  # all bits stored for it, scales and padding too
    relative_error: float | None  # sqrt(sum (w - w')^2 / sum w^2); None without weights
    method: str  # how INT4 values were found, "search"; empty for FP16


class Package:
    """A package on disk; opening it costs nothing, whatever its size.

    >>> import edgellm
    >>> package = edgellm.Package("demo.pkg")
    >>> package.model, package.weights, package.target, package.context
    ('demo', 'int4', 'vcu128', 512)
    >>> package.tensors[0].name, package.tensors[0].shape
    ('model.layers.0.self_attn.q_proj.weight', (256, 256))
    """

    path: pathlib.Path
    model: str  # name of the model, for people
    target: str  # machine that it is compiled for
    weights: str  # "int4", "fp16" or "mixed"
    hidden: int  # channels of an embedding
    vocabulary: int  # token ids are 0 .. vocabulary - 1
    context: int  # positions of the KV cache
    layers: int
    has_weights: bool  # False: the program alone, to be timed
    eos: tuple[int, ...]  # ids that end a text
    prefix: tuple[int, ...]  # ids that encoding puts before every text
    tensors: tuple[Tensor, ...]

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._native = _edgellm.Package(_arguments.path(path))
        self.path = pathlib.Path(path)
        manifest = json.loads(self._native.manifest())
        for name in ("model", "target", "weights", "hidden", "vocabulary", "context", "layers"):
            setattr(self, name, manifest[name])
        self.has_weights = manifest["ports"] is not None
        self.prefix = tuple(manifest["prefix"])
        self.eos = tuple(manifest["eos"])
        self.tensors = tuple(_tensor(record) for record in manifest["tensors"])

    def __repr__(self) -> str:
        return f"<edgellm.Package {self.model} ({self.weights}) for {self.target}>"

    def modelled(
        self,
        *,
        tokens: int | None = None,
        past: int | None = None,
        entry: str | None = None,
        target: str | os.PathLike[str] | None = None,
        compare: bool = False,
        no_prefetch: bool = False,
        no_overlap: bool = False,
        no_chaining: bool = False,
        no_lookahead: bool = False,
        no_deep_bursts: bool = False,
        unpipelined: bool = False,
    ) -> dict[str, Any]:
        """How long a pass takes by the timing model: modelled, never measured.

        The keyword arguments are the options of edgellm-perf, and the result is the object of its
        --json; docs/performance.md has the fields.

        >>> import edgellm
        >>> timing = edgellm.Package("demo.pkg").modelled(tokens=1, past=128)
        >>> timing["kind"], timing["entry"], timing["past"]
        ('modelled', 'decode', 128)
        """
        given = _arguments.options(
            tokens=tokens,
            past=past,
            entry=entry,
            target=target,
            compare=compare,
            no_prefetch=no_prefetch,
            no_overlap=no_overlap,
            no_chaining=no_chaining,
            no_lookahead=no_lookahead,
            no_deep_bursts=no_deep_bursts,
            unpipelined=unpipelined,
        )
        return json.loads(self._native.modelled(given))


def _tensor(record: dict[str, Any]) -> Tensor:
    values = {field.name: record.get(field.name) for field in dataclasses.fields(Tensor)}
    values["shape"] = tuple(record["shape"])
    values["method"] = record.get("method", "")
    return Tensor(**values)
