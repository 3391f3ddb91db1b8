"""What a package says of itself, and how fast it is by the timing model."""

import json
import pathlib

import edgellm
import pytest
from conftest import ROOT
from test_compile import keywords


def test_the_facts_are_those_of_the_manifest():
    package = edgellm.Package("demo.pkg")
    manifest = json.loads(pathlib.Path("demo.pkg/manifest.json").read_text())
    for name in ("model", "target", "weights", "hidden", "vocabulary", "context", "layers"):
        assert getattr(package, name) == manifest[name]
    assert package.eos == (2,)
    assert package.has_weights and package.prefix == (1,)
    assert len(package.tensors) == len(manifest["tensors"]) == 4 * 7 + 1
    first = package.tensors[0]
    assert (first.shape, first.encoding, first.method) == ((256, 256), "int4", "search")
    assert 0 < first.relative_error < 0.2


def test_a_program_alone(tmp_path):
    config = ROOT / "models" / "configs" / "chatglm2-6b"
    edgellm.compile(config, tmp_path / "glm.pkg", program_only=True, context=2048)
    package = edgellm.Package(tmp_path / "glm.pkg")
    assert not package.has_weights
    assert package.tensors[0].relative_error is None
    assert package.modelled()["token_per_second"] > 50
    with pytest.raises(edgellm.Error, match="holds the program alone"):
        edgellm.Session(package)


def test_what_is_no_package():
    for path in ("nowhere.pkg", "models/demo", "/dev/null", ""):
        with pytest.raises(edgellm.Error):
            edgellm.Package(path)
    with pytest.raises(TypeError):
        edgellm.Package(5)
    with pytest.raises(ValueError, match="null byte"):
        edgellm.Package("demo.pkg\0")


def test_the_modelled_pass_has_the_options_of_edgellm_perf():
    assert keywords(edgellm.Package.modelled, "self") == edgellm._edgellm.pass_options()


@pytest.mark.parametrize(
    "keyword_arguments, options",
    [
        ({}, []),
        ({"tokens": 100, "past": 12}, ["--tokens=100", "--past=12"]),
        ({"compare": True, "no_prefetch": True}, ["--compare", "--no-prefetch"]),
        ({"entry": "generate", "unpipelined": True}, ["--entry=generate", "--unpipelined"]),
    ],
)
def test_the_modelled_pass_is_what_edgellm_perf_prints(tool_json, keyword_arguments, options):
    found = edgellm.Package("demo.pkg").modelled(**keyword_arguments)
    assert found == tool_json("edgellm-perf", "demo.pkg", *options)
    assert found["kind"] == "modelled"


@pytest.mark.parametrize(
    "keyword_arguments, options",
    [
        ({"tokens": 0}, ["--tokens=0"]),
        ({"past": -1}, ["--past=-1"]),
        ({"past": 512}, ["--past=512"]),
        ({"entry": "encode"}, ["--entry=encode"]),
        ({"target": "u281"}, ["--target=u281"]),
    ],
)
def test_a_refusal_is_that_of_edgellm_perf(tool, keyword_arguments, options):
    with pytest.raises(edgellm.Error) as refusal:
        edgellm.Package("demo.pkg").modelled(**keyword_arguments)
    assert str(refusal.value) == tool("edgellm-perf", "demo.pkg", *options)
