"""EdgeLLM in Python: compile a checkpoint, run the package on a device, time it by the model.

>>> import edgellm
>>> edgellm.compile("models/demo", "demo.pkg")
>>> session = edgellm.Session("demo.pkg")
>>> print("".join(token.text for token in session.generate("In the beginning", 8)))
 of the reign of Zachari

Every refusal is an `edgellm.Error` with the message that the tools print.
"""

from ._compile import compile
from ._edgellm import version as __version__
from ._error import Error
from ._package import Package, Tensor
from ._session import Session, Token

__all__ = ["Error", "Package", "Session", "Tensor", "Token", "compile"]
