"""What the end-to-end tests share: running the tools, the demo packages, comparing logits."""

import contextlib
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import reference

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("EDGELLM_BIN", ROOT / "build" / "bin"))
sys.path.append(str(BIN.parent / "python"))  # the package edgellm
SCRATCH = BIN.parent / "test" / "e2e"
DEMO = ROOT / "models" / "demo"
HELD_OUT = DEMO / "heldout.txt"

# The bound on |logit - reference| in standard deviations of the reference's logits, for packages
# whose weights are those of the checkpoint (FP16, or INT4 where that loses nothing).
#
# The device rounds every stored activation to FP16: an error of at most 2^-11 = 4.9e-4 of the
# value, 2.8e-4 as a mean square. A block stores about a dozen such intermediate values on the
# way to the residual stream, so four blocks add the order of 50 independent errors, each of them
# in one branch: about 2.8e-4 * sqrt(50) = 2e-3 at most of what the logits are made of. Rounding
# the same values in numpy's FP16 gives a mean square error of 6.3e-4 standard deviations and
# 5.3e-3 as the greatest of 6 million logits (3000 positions of the held-out text). The bound
# leaves a factor of four above that; a wrong row, mask, position or scale is off by more than 0.1.
LOGIT_BOUND = 0.02


def run_tool(name, *arguments):
    """Runs a tool of the build as a user does; the caller looks at its exit code."""
    command = [str(BIN / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def check_tool(name, *arguments):
    """Runs a tool that must succeed; returns its standard output."""
    result = run_tool(name, *arguments)
    if result.returncode:
        raise AssertionError(
            f"{' '.join(map(str, result.args))}: exit code {result.returncode}\n{result.stderr}"
        )
    return result.stdout


def compile_package(checkpoint, package, weights, target="vcu128", options=()):
    """Compiles a checkpoint into a directory that must not exist; returns the directory."""
    arguments = [checkpoint, f"--target={target}", f"--weights={weights}", *options]
    check_tool("edgellm-compile", *arguments, "-o", package)
    check_round_trip(package / "program.bin")
    return package


def check_round_trip(program):
    """A program as isa text and back is the same bytes."""
    with scratch_directory() as directory:
        check_tool("edgellm-translate", "--program-to-isa", program, "-o", directory / "isa.mlir")
        again = directory / "program.bin"
        check_tool("edgellm-translate", "--isa-to-program", directory / "isa.mlir", "-o", again)
        if again.read_bytes() != program.read_bytes():
            raise AssertionError(f"{program}: not the same bytes after a round trip through isa")


def make_demo_package(weights):
    """Compiles the demo model anew; returns the package."""
    package = SCRATCH / f"demo-{weights}"
    shutil.rmtree(package, ignore_errors=True)
    SCRATCH.mkdir(parents=True, exist_ok=True)
    return compile_package(DEMO, package, weights)


@functools.cache
def demo_package(weights):
    """The demo model as a package: the one CTest's fixture made, else a new one."""
    if "EDGELLM_DEMO_PACKAGES" in os.environ:
        return pathlib.Path(os.environ["EDGELLM_DEMO_PACKAGES"]) / f"demo-{weights}"
    return make_demo_package(weights)


@functools.cache
def demo_reference():
    return reference.Llama(DEMO)


@functools.cache
def held_out_ids():
    return reference.encode_text(DEMO, HELD_OUT)


@contextlib.contextmanager
def scratch_directory():
    """A directory that is gone afterwards."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as directory:
        yield pathlib.Path(directory)


def generate(package, ids, count):
    """Greedy tokens after the prompt `ids`; returns (generated ids, logits of every position).

    Position i's logits rank the token at position i + 1; the last generated token is never fed
    back, so there are len(ids) + len(generated) - 1 positions.
    """
    with scratch_directory() as directory:
        file = directory / "logits.npy"
        prompt = ",".join(map(str, ids))
        arguments = ["--token-ids", prompt, "-n", count, "--temperature", 0, "--json"]
        report = json.loads(check_tool("edgellm-run", package, *arguments, "--logits", file))
        logits = np.load(file)
    if report["prompt_ids"] != list(ids):
        raise AssertionError(f"prompt_ids {report['prompt_ids']} instead of {list(ids)}")
    rows = len(ids) + len(report["ids"]) - 1
    if logits.dtype != np.float32 or logits.ndim != 2 or len(logits) != rows:
        raise AssertionError(f"logits are {logits.dtype} {logits.shape}, expected {rows} rows")
    return report["ids"], logits


def check_logits(test, logits, expected, bound=LOGIT_BOUND):
    """Every logit within the bound, and the same best token wherever the reference is clear."""
    test.assertEqual(logits.shape, expected.shape)
    limit = bound * expected.std()
    error = np.abs(logits - expected)
    worst = np.unravel_index(error.argmax(), error.shape)
    test.assertLessEqual(
        error[worst],
        limit,
        f"position {worst[0]}, token {worst[1]}: {logits[worst]} instead of "
        f"{expected[worst]}, {error[worst] / expected.std():.4f} standard deviations off",
    )
    runner_up, best = np.sort(expected, axis=1)[:, -2:].T
    clear = best - runner_up > limit
    different = clear & (logits.argmax(axis=1) != expected.argmax(axis=1))
    test.assertFalse(different.any(), f"other best token at positions {np.flatnonzero(different)}")


def generate_in_process(package, ids, count):
    """The same through the Python package."""
    import edgellm

    session = edgellm.Session(package)
    logits = [session.score(ids)]
    generated = [int(logits[0][-1].argmax())]
    while len(generated) < count:
        session.forward(generated[-1:])
        logits.append(session.logits()[None])
        generated.append(int(logits[-1].argmax()))
    return generated, np.concatenate(logits)


def check_generation(test, model, package, ids, count, bound=LOGIT_BOUND, generate=generate):
    """Generates and checks all logits; the tokens must be the best by the logits."""
    generated, logits = generate(package, ids, count)
    expected = model.logits((list(ids) + generated)[:-1])
    check_logits(test, logits, expected, bound)
    test.assertEqual(generated, logits[len(ids) - 1 :].argmax(axis=1).tolist())
    return generated, logits


def check_refusal(test, result):
    """A user's mistake: exit code 1 and exactly one line, `error: ...`; returns the line."""
    test.assertEqual(result.returncode, 1, result.stderr)
    lines = result.stderr.splitlines()
    test.assertEqual(len(lines), 1, result.stderr)
    test.assertTrue(lines[0].startswith("error: "), lines[0])
    test.assertLess(len(lines[0]), 1000, lines[0])
    return lines[0]
