#!/usr/bin/env python3
"""Measures what compressing the demo model costs, and prints docs/quality.md's tables.

    scripts/quality_table.py                    all held-out text, a quarter of an hour on 2 cores
    scripts/quality_table.py --tokens 4096      a look

Every package is compiled anew and evaluated through the device model; the float32 row comes from
the reference. The speeds are those of ChatGLM2-6B by the timing model.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
DEMO = ROOT / "models" / "demo"
CALIBRATION = ["--calibration", str(DEMO / "calibration.txt")]
GLM = ROOT / "models" / "configs" / "chatglm2-6b"


def run(binaries, tool, *arguments):
    command = [str(binaries / tool), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def evaluate(binaries, tokens, *subject):
    """The perplexity of a package, or of `--reference CKPT`, on the held-out text."""
    text = ["--text", DEMO / "heldout.txt", "--json"]
    limit = ["--tokens", tokens] if tokens else []
    return json.loads(run(binaries, "edgellm-eval", *subject, *text, *limit))["perplexity"]


def compile_and_evaluate(binaries, tokens, options, folder):
    """Perplexity of the demo model compiled with `options`, and its bits a weight."""
    package = folder / "package"
    run(binaries, "edgellm-compile", DEMO, *options, "-o", package)
    tensors = json.loads((package / "manifest.json").read_text())["tensors"]
    weights = sum(tensor["shape"][0] * tensor["shape"][1] for tensor in tensors)
    bits = sum(
        tensor["bits_per_weight"] * tensor["shape"][0] * tensor["shape"][1] for tensor in tensors
    )
    return evaluate(binaries, tokens, package), bits / weights


def variants():
    """(what it is, options of edgellm-compile)."""
    yield "FP16 weights", ["--weights=fp16"]
    for method in ("rtn", "search", "gptq"):
        calibration = CALIBRATION if method == "gptq" else []
        yield f"INT4, {method}", [f"--quantize={method}", *calibration]
    for density in ("4/8", "2/8", "1/8"):
        for prune in ("magnitude", "wanda", "sparsegpt"):
            calibration = [] if prune == "magnitude" else CALIBRATION
            options = [f"--density={density}", f"--prune={prune}", "--quantize=search"]
            yield f"{density}, {prune}, then search", [*options, *calibration]
        joint = [f"--density={density}", "--prune=sparsegpt", "--quantize=gptq", *CALIBRATION]
        yield f"{density}, sparsegpt with gptq", joint
    for preset in ("dense", "strategy-1", "strategy-2", "strategy-3"):
        yield f"preset {preset}", [f"--strategy={preset}", *CALIBRATION]


def modelled_speed(binaries, options, folder):
    """Decode speed of ChatGLM2-6B after 128 cached tokens on vcu128, and its bits a weight."""
    package = folder / "glm"
    arguments = ["--program-only", "--context", 2048, *options]
    run(binaries, "edgellm-compile", GLM, *arguments, "-o", package)
    return json.loads(run(binaries, "edgellm-perf", package, "--json"))["token_per_second"]


def print_quality(binaries, tokens, folder):
    float32 = evaluate(binaries, tokens, "--reference", DEMO)
    print("| weights | bits a weight | perplexity | above float32 |\n|---|---|---|---|")
    print(f"| float32 | 32 | {float32:.3f} | |", flush=True)
    for name, options in variants():
        found, bits = compile_and_evaluate(binaries, tokens, options, folder)
        change = 100 * (found / float32 - 1)
        print(f"| {name} | {bits:.2f} | {found:.3f} | {change:+.1f} % |", flush=True)


def print_speeds(binaries, folder):
    print("\n| ChatGLM2-6B on vcu128, modelled | token/s |\n|---|---|")
    for preset in ("dense", "strategy-1", "strategy-2", "strategy-3"):
        speed = modelled_speed(binaries, [f"--strategy={preset}"], folder)
        print(f"| preset {preset} | {speed:.1f} |", flush=True)
    for density in ("4/8", "2/8", "1/8"):
        speed = modelled_speed(binaries, [f"--density={density}"], folder)
        print(f"| {density} but for the output layer | {speed:.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, help="of the held-out text, by default all")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        try:
            print_quality(arguments.bin, arguments.tokens, folder)
            print_speeds(arguments.bin, folder)
        except subprocess.CalledProcessError as error:
            sys.exit(f"{' '.join(error.cmd)}: {error.stderr.strip()}")


if __name__ == "__main__":
    main()
