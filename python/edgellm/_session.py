"""A package on a device."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Union

from . import _arguments, _edgellm
from ._package import Package

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = Union[Sequence[int], NDArray[np.integer]]
    Logits = NDArray[np.float32]


class Token(NamedTuple):
    """A new token and the text that it completes: often empty, never part of a character."""

    id: int
    text: str


class Session:
    """A package loaded into a device, with the KV cache of a text.

    The device is the card of the XRT driver that XILINX_XRT names, or the device model when that
    is not set. Sessions of a process share it; each may run in a thread of its own, without the
    lock of the interpreter. Token ids are lists or NumPy arrays of integers.

    >>> import edgellm
    >>> session = edgellm.Session("demo.pkg")
    >>> session.device
    'device model'
    >>> session.forward(session.encode("In the beginning"))  # the likeliest next token
    271
    >>> session.past, session.logits().shape
    (5, (2048,))
    """

    package: Package

    def __init__(
        self,
        package: Package | str | os.PathLike[str],
        xclbin: str | os.PathLike[str] | None = None,
    ) -> None:
        self.package = package if isinstance(package, Package) else Package(package)
        chosen = b"" if xclbin is None else _arguments.path(xclbin)
        self._native = _edgellm.Session(self.package._native, chosen)

    def __repr__(self) -> str:
        return f"<edgellm.Session {self.package!r} on {self.device}>"

    @property
    def device(self) -> str:
        """"device model" or the name of the card."""
        return self._native.device()

    @property
    def past(self) -> int:
        """Positions in the cache; at most package.context."""
        return self._native.past()

    @property
    def ids(self) -> list[int]:
        """The tokens in the cache."""
        return self._native.ids()

    def rewind(self, position: int) -> None:
        """Forgets all but the first `position` tokens of the cache."""
        self._native.rewind(position)

    def reset(self) -> None:
        """Empties the cache."""
        self.rewind(0)

    def save(self, file: str | os.PathLike[str]) -> None:
        """Writes what is in the cache to a file, which appears whole or not at all."""
        self._native.save(_arguments.path(file))

    def load(self, file: str | os.PathLike[str]) -> None:
        """Puts what save() of the same package wrote in place of what is in the cache.

        >>> import edgellm
        >>> session = edgellm.Session("demo.pkg")
        >>> best = session.forward(session.encode("And Jesus said unto"))
        >>> session.save("said.cache")
        >>> session.reset()
        >>> session.load("said.cache")
        >>> session.decode(session.ids), session.decode([best])
        ('And Jesus said unto', 'him')
        """
        self._native.load(_arguments.path(file))

    @property
    def sequences(self) -> int:
        """Texts that the device keeps at the same time: what the package was compiled for."""
        return self._native.sequences()

    @property
    def selected(self) -> int:
        """The text that everything else is about, counted from 0."""
        return self._native.selected()

    def select(self, sequence: int) -> None:
        """Goes on with another text; each has a cache of its own."""
        self._native.select(sequence)

    def forward(self, ids: Ids) -> int:
        """Feeds ids after those already cached; returns the likeliest next token."""
        return self._native.forward(ids)

    def logits(self) -> Logits:
        """The logits of the last position that was fed: float32 [vocabulary]."""
        return self._native.logits()

    def score(self, ids: Ids) -> Logits:
        """Feeds ids and returns the logits of each of them: float32 [ids, vocabulary].

        >>> import edgellm
        >>> edgellm.Session("demo.pkg").score([1, 306, 415]).shape
        (3, 2048)
        """
        return self._native.score(ids)

    def generate(
        self,
        prompt: str | Ids,
        n: int | None = None,
        *,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        window: int | None = None,
        ignore_eos: bool = False,
        resume: bool = False,
    ) -> Iterator[Token]:
        """Empties the cache, feeds the prompt and yields up to n new tokens as they come.

        With `resume` the prompt follows what is cached instead, and the cache then ends with the
        last new token, so that the text can go on again. The other keyword arguments are the
        options of edgellm-run, and the tokens are the same. It may be left early; using the
        session otherwise ends it. Ctrl-C works between tokens.

        >>> import edgellm
        >>> session = edgellm.Session("demo.pkg")
        >>> for token in session.generate("And Jesus said", 3, temperature=0.7, seed=1):
        ...     print(token.id, repr(token.text))
        325 ' unto'
        338 ' him'
        2001 ','
        """
        ids = self._prompt(prompt, resume) if isinstance(prompt, str) else prompt
        given = _arguments.options(
            n=n,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            seed=seed,
            window=window,
            ignore_eos=ignore_eos,
        )
        return _tokens(self._native.generate(ids, resume, given))

    def _prompt(self, text: str, resume: bool) -> list[int]:
        ids = self.encode(text)
        goes_on = resume and self.past > 0  # what begins a text stands in the cache
        return ids[len(self.package.prefix) :] if goes_on else ids

    def perplexity(
        self,
        text: str | Ids,
        window: int | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> float:
        """The perplexity of a text in windows of so many tokens, as edgellm-eval measures it.

        Every line of a text is a paragraph. Each window starts from an empty cache; without
        `window` they have as many tokens as there. `progress` hears (windows done, windows).

        >>> import edgellm
        >>> text = open("models/demo/heldout.txt").read(2000)
        >>> print(f"{edgellm.Session('demo.pkg').perplexity(text, window=128):.2f}")
        26.10
        """
        ids = self._native.encode_lines(text.encode()) if isinstance(text, str) else text
        return self._native.perplexity(ids, window, progress)

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, with the one that begins texts if the model has one.

        >>> import edgellm
        >>> edgellm.Session("demo.pkg").encode("In the beginning")
        [1, 1035, 261, 1815, 1247]
        """
        return self._native.encode(text.encode())

    def decode(self, ids: Ids) -> str:
        """The text of token ids."""
        return self._native.decode(ids)


def _tokens(stream: _edgellm.TokenStream) -> Iterator[Token]:
    while (token := stream.next()) is not None:
        yield Token(*token)
