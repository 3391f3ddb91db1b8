"""The demo model, compiled once into a folder in which the documentation's examples work."""

import json
import os
import pathlib
import subprocess

import edgellm
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("EDGELLM_BIN", ROOT / "build" / "bin"))
DEMO = ROOT / "models" / "demo"


@pytest.fixture(scope="session", autouse=True)
def workplace(tmp_path_factory):
    """Holds models/, demo.pkg and a short calibration.txt, and is where every test runs."""
    folder = tmp_path_factory.mktemp("workplace")
    (folder / "models").symlink_to(ROOT / "models")
    before = os.getcwd()
    os.chdir(folder)
    (folder / "calibration.txt").write_text((DEMO / "calibration.txt").read_text()[:1000])
    edgellm.compile("models/demo", "demo.pkg")
    yield folder
    os.chdir(before)


@pytest.fixture
def session():
    return edgellm.Session("demo.pkg")


@pytest.fixture(scope="session")
def tool():
    """Runs a tool of the build; its standard output, or the message of its refusal."""

    def run(name, *arguments):
        command = [str(BIN / name), *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if result.returncode:
            assert result.returncode == 1 and result.stderr.startswith("error: "), result.stderr
            return result.stderr.removeprefix("error: ").rstrip("\n")
        return result.stdout

    return run


@pytest.fixture(scope="session")
def tool_json(tool):
    return lambda *arguments: json.loads(tool(*arguments, "--json"))
