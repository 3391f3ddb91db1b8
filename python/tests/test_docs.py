"""What the documentation says is true, and importing the package is cheap."""

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import edgellm
import pytest
from conftest import ROOT

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = ["edgellm"] + [
    f"edgellm.{module.name}"
    for module in pkgutil.iter_modules(edgellm.__path__)
    if module.name not in ("_edgellm", "_compiler", "_arguments", "_error")  # Error is edgellm's
]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.attempted > 0 and result.failed == 0


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_pages(page):
    result = doctest.testfile(str(ROOT / page), module_relative=False, optionflags=FLAGS)
    assert result.attempted > 0 and result.failed == 0


def test_everything_public_is_documented_and_typed():
    assert sorted(edgellm.__all__) == [n for n in sorted(vars(edgellm)) if n[0] != "_"]
    for name in edgellm.__all__:
        thing = getattr(edgellm, name)
        members = vars(thing).items() if inspect.isclass(thing) else [(name, thing)]
        assert thing.__doc__
        for member, value in members:
            value = value.fget if isinstance(value, property) else value
            if member.startswith("_") or not inspect.isfunction(value):
                continue
            assert value.__doc__, member
            parameters = list(inspect.signature(value).parameters.values())
            untyped = [p.name for p in parameters if p.annotation is p.empty and p.name != "self"]
            assert not untyped and "return" in value.__annotations__, member


def test_import_brings_neither_llvm_nor_numpy():
    program = (
        "import sys, edgellm; maps = open('/proc/self/maps').read();"
        "sys.exit('libMLIR' in maps or 'libLLVM' in maps or 'numpy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
