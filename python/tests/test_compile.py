"""edgellm.compile is edgellm-compile."""

import inspect
import os
import signal

import edgellm
import pytest
from conftest import DEMO


def files(package):
    paths = sorted(path for path in package.rglob("*") if path.is_file())
    return {str(path.relative_to(package)): path.read_bytes() for path in paths}


def keywords(function, *others):
    """The names of keyword arguments, as options."""
    names = [name for name in inspect.signature(function).parameters if name not in others]
    return ["-n" if name == "n" else "--" + name.replace("_", "-") for name in names]


def test_the_keyword_arguments_are_the_options_of_the_tool():
    from edgellm import _compiler

    found = keywords(edgellm.compile, "checkpoint", "package", "progress")
    assert sorted(found) == sorted(_compiler.options())


@pytest.mark.parametrize(
    "keyword_arguments, options",
    [
        ({}, []),
        (
            {"target": "u280", "weights": "fp16", "context": 64},
            ["--target=u280", "--weights=fp16", "--context=64"],
        ),
        ({"density": "4/8", "quantize": "rtn"}, ["--density=4/8", "--quantize=rtn"]),
        ({"program_only": True}, ["--program-only"]),
    ],
)
def test_the_package_is_that_of_the_tool(tmp_path, tool, keyword_arguments, options):
    edgellm.compile(DEMO, tmp_path / "python.pkg", **keyword_arguments)
    tool("edgellm-compile", DEMO, *options, "-o", tmp_path / "tool.pkg")
    assert files(tmp_path / "python.pkg") == files(tmp_path / "tool.pkg")


@pytest.mark.parametrize(
    "keyword_arguments, options",
    [
        ({"target": "u281"}, ["--target=u281"]),
        ({"weights": "int5"}, ["--weights=int5"]),
        ({"context": 0}, ["--context=0"]),
        ({"context": 10**30}, [f"--context={10**30}"]),
        ({"context": "many"}, ["--context=many"]),
        ({"density": ""}, ["--density="]),
        ({"tokens_per_second": float("nan")}, ["--tokens-per-second=nan"]),
        ({"quantize": "gptq"}, ["--quantize=gptq"]),
        ({"calibration": "nowhere.txt"}, ["--calibration=nowhere.txt"]),
    ],
)
def test_a_refusal_is_that_of_the_tool(tmp_path, tool, keyword_arguments, options):
    with pytest.raises(edgellm.Error) as refusal:
        edgellm.compile(DEMO, tmp_path / "x.pkg", **keyword_arguments)
    assert str(refusal.value) == tool("edgellm-compile", DEMO, *options, "-o", tmp_path / "x.pkg")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_cut_at_a_null_byte(tmp_path):
    for arguments in [("models/de\0mo", "x.pkg"), (DEMO, "x\0.pkg")]:
        with pytest.raises(ValueError, match="null byte"):
            edgellm.compile(*arguments)
    with pytest.raises(ValueError, match="null byte"):
        edgellm.compile(DEMO, tmp_path / "x.pkg", target="u280\0")


def test_a_path_that_is_not_utf8(tmp_path):
    path = os.fsdecode(bytes(tmp_path) + b"/\xff.pkg")
    edgellm.compile(DEMO, path, program_only=True)
    assert edgellm.Package(path).model == "demo"
    with pytest.raises(edgellm.Error) as refusal:
        edgellm.Package(path + "2")
    assert path + "2" in str(refusal.value)


def test_progress_is_told_in_phases_that_end(tmp_path):
    heard = []
    edgellm.compile(
        DEMO,
        tmp_path / "x.pkg",
        density="4/8",
        calibration="calibration.txt",
        progress=lambda *report: heard.append(report),
    )
    assert [phase for phase, done, _ in heard if done == 0] == ["calibrating", "packing"]
    assert [phase for phase, done, total in heard if done == total] == ["calibrating", "packing"]


@pytest.mark.parametrize("phase", ["calibrating", "packing"])
def test_an_exception_in_progress_ends_the_compilation(tmp_path, phase):
    def progress(found, done, total):
        if found == phase and done > 0:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        edgellm.compile(
            DEMO,
            tmp_path / "x.pkg",
            density="4/8",
            calibration="calibration.txt",
            progress=progress,
        )
    assert list(tmp_path.iterdir()) == []
    edgellm.compile(DEMO, tmp_path / "x.pkg")  # nothing is left behind in memory either


def test_a_signal_ends_the_compilation(tmp_path):
    """Ctrl-C, sent while the compiler works and nobody listens to its progress."""

    class Alarm(Exception):
        pass

    def ring(*_):
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(Alarm):
            while True:
                edgellm.compile(
                    DEMO,
                    tmp_path / "x.pkg",
                    density="4/8",
                    calibration="calibration.txt",
                )
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert [path.name for path in tmp_path.iterdir() if path.name != "x.pkg"] == []
