#!/usr/bin/python3
"""Small random checkpoints of awkward shapes and every file format, against the reference."""

import dataclasses
import json
import random
import unittest

import harness
import make_checkpoint
import reference
from make_checkpoint import Shape

# Random weights carry rounding errors on about twice as far as trained ones (see
# harness.LOGIT_BOUND), and those of an F32 checkpoint are rounded to FP16 first. Rounding every
# stored value in numpy gives at most 0.022 standard deviations over 24 such checkpoints; whatever
# is wrong in kind (a channel, a head, a position, a scale) is off by one standard deviation. It
# holds for every family: LayerNorm and GELU are rounded where RMSNorm and SiLU are, and the device
# is off by at most 0.007 with them, 0.023 without, over the checkpoints below.
BOUND = 0.05

TARGETS = ("vcu128", "u280", "u55c", "vhk158", "tiny")

# Stretched so far that a few dozen tokens show every part of each definition: pairs that are left
# alone, pairs that are stretched, and pairs between.
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
YARN = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 256}
YARN_FULL = {
    "rope_type": "yarn",
    "factor": 3.0,
    "beta_fast": 8,
    "beta_slow": 0.5,
    "attention_factor": 0.8,
    "truncate": False,
}

# One a line: what it is for, and the shape. Widths that no block size divides, heads of every
# kind of size, grouped and ungrouped attention, one and several files, every type of number.
SHAPES = {
    "narrow heads, BF16": Shape(hidden=64, heads=8, kv_heads=2, head_size=8, dtype="BF16"),
    "heads of 24, three files": Shape(hidden=96, ffn=136, kv_heads=1, dtype="BF16", shards=3),
    "heads of 40, tied, F32": Shape(hidden=80, ffn=72, heads=2, tied=True, dtype="F32"),
    "heads of 48, no grouping": Shape(hidden=144, ffn=200, heads=3, kv_heads=3, vocabulary=77),
    "heads wider than hidden": Shape(hidden=40, ffn=56, head_size=64, theta=500000.0),
    "heads of 80, one layer": Shape(hidden=160, ffn=264, layers=1, heads=2, head_size=80),
    "heads of 128, tied": Shape(hidden=136, heads=1, kv_heads=1, head_size=128, tied=True),
    "biases": Shape(hidden=104, heads=4, kv_heads=4, head_size=32, attention_bias=True),
    "long rows": Shape(hidden=24, ffn=2200, layers=1, heads=2, kv_heads=1, head_size=8),
    "ChatGLM2, heads of 128": Shape(
        "chatglm", hidden=144, heads=4, head_size=128, attention_bias=True
    ),
    "ChatGLM2, heads of 24, shards": Shape(
        "chatglm", hidden=72, ffn=200, heads=6, head_size=24, kv_heads=3, dtype="BF16", shards=3
    ),
    "ChatGLM3 of long contexts": Shape("chatglm", head_size=16, rope_ratio=50, context=100),
    "Mistral, wide heads, a window": Shape("mistral", heads=6, head_size=40, window=64),
    "Qwen2, seven heads, one KV head": Shape("qwen2", hidden=112, heads=7, kv_heads=1, tied=True),
    "Qwen3, heads of 128, F32": Shape("qwen3", hidden=48, head_size=128, tied=True, dtype="F32"),
    "Qwen3, heads of 24, biases": Shape("qwen3", head_size=24, attention_bias=True, dtype="BF16"),
    "GPT-2, heads of 16, tied": Shape("gpt2", tied=True),
    "GPT-2, odd heads, no prefix": Shape(
        "gpt2", hidden=99, heads=3, ffn=396, vocabulary=257, prefix=False, shards=2
    ),
    "stretched linearly": Shape(rope_scaling={"type": "linear", "factor": 4.0}),
    "stretched like Llama 3": Shape(rope_scaling=LLAMA3, theta=500000.0, head_size=64),
    "stretched by YaRN": Shape("qwen2", rope_scaling=YARN, theta=1e6, head_size=32),
    "stretched by YaRN, all fields": Shape("mistral", rope_scaling=YARN_FULL, head_size=48),
    "smallest": Shape(hidden=8, ffn=8, layers=1, heads=1, kv_heads=1, head_size=2, vocabulary=3),
}


def random_scaling(rng):
    """Any scaling at all, or none."""
    original = {"original_max_position_embeddings": rng.choice((16, 64, 300))}
    factor = {"factor": rng.uniform(1, 10)}
    kinds = {
        "linear": factor,
        "llama3": {"low_freq_factor": 1, "high_freq_factor": rng.uniform(2, 8)} | factor | original,
        "yarn": {"beta_fast": rng.uniform(2, 40)} | factor | original,
    }
    kind = rng.choice((None, *kinds))
    return kind and {"rope_type": kind} | kinds[kind]


def random_shape(seed, family):
    """Any shape at all, small."""
    rng = random.Random(seed)
    kv_heads = rng.choice((1, 2, 3))
    shape = Shape(
        family=family,
        hidden=rng.randrange(8, 200, 2),
        ffn=rng.randrange(8, 300),
        layers=rng.randint(1, 3),
        heads=kv_heads * rng.choice((1, 2, 4)),
        kv_heads=kv_heads,
        head_size=rng.choice((8, 24, 32, 40, 48, 64, 80, 128)),
        vocabulary=rng.randint(33, 300),
        context=rng.choice((96, 100, 128)),
        rope_scaling=random_scaling(rng),
        tied=rng.random() < 0.5,
        attention_bias=rng.random() < 0.3,
        dtype=rng.choice(("F32", "F16", "BF16")),
        shards=rng.choice((1, 2)),
        prefix=rng.random() < 0.5,
        seed=seed,
    )
    if family == "gpt2":  # all channels are in heads
        shape.heads = min(shape.heads, 4)
        shape.hidden = shape.heads * rng.choice((8, 21, 48, 128))
    return shape


def random_ids(shape):
    """A prompt of forty tokens."""
    rng = random.Random(shape.seed)
    return [rng.randrange(shape.vocabulary) for _ in range(40)]


class Families(unittest.TestCase):
    """What docs/extending.md asks for a family is there for each that the compiler knows."""

    def known_architectures(self):
        """As the compiler lists them when it is asked for another."""
        with harness.scratch_directory() as directory:
            config = {"architectures": ["X"], "model_type": "x"}
            (directory / "config.json").write_text(json.dumps(config))
            line = harness.check_refusal(
                self, harness.run_tool("edgellm-import", directory, "--shapes-only")
            )
        names = line.split("expected one of ")[1]
        return names.split(", ")

    def test_checkpoints_of_each_are_made_here(self):
        made = [name for f in make_checkpoint.FAMILIES.values() for name in f.architectures]
        self.assertEqual(sorted(made), sorted(self.known_architectures()))

    def test_each_has_a_reference_and_a_shape(self):
        families = set(make_checkpoint.FAMILIES)
        self.assertEqual(families, set(reference.FAMILIES))
        self.assertEqual(families, {shape.family for shape in SHAPES.values()})

    def test_each_has_a_well_known_shape(self):
        configs = (harness.ROOT / "models" / "configs").glob("*/config.json")
        types = {json.loads(path.read_text())["model_type"] for path in configs}
        self.assertEqual(set(make_checkpoint.FAMILIES), types)


class Checkpoints(unittest.TestCase):
    def check_shape(self, shape, weights="fp16", generate=harness.generate):
        """Forty tokens of prompt and a few generated ones, all logits within the bound."""
        with harness.scratch_directory() as directory:
            checkpoint = make_checkpoint.write_checkpoint(directory / "checkpoint", shape)
            package = harness.compile_package(checkpoint, directory / "package", weights)
            model = reference.load(checkpoint)
            harness.check_generation(
                self, model, package, random_ids(shape), 3, BOUND, generate
            )

    def test_shapes(self):
        for title, shape in SHAPES.items():
            with self.subTest(title):
                self.check_shape(shape)

    def test_random_shapes(self):
        for number, family in enumerate(make_checkpoint.FAMILIES):
            for seed in range(3):
                shape = random_shape(10 * number + seed, family)
                with self.subTest(shape=shape):
                    self.check_shape(shape, generate=harness.generate_in_process)

    def test_int4_weights_on_their_grid(self):
        titles = ["heads of 24, three files", "heads of 48, no grouping", "long rows"]
        titles += ["ChatGLM2, heads of 128", "GPT-2, heads of 16, tied"]
        for title in titles:
            with self.subTest(title):
                shape = dataclasses.replace(SHAPES[title], int4_grid=True)
                self.check_shape(shape, "int4")

    def test_every_target_gives_the_same_bits(self):
        # Ports, memories and buffers differ; the numbers must not.
        shape = Shape()
        with harness.scratch_directory() as directory:
            checkpoint = make_checkpoint.write_checkpoint(directory / "checkpoint", shape)
            results = {}
            for target in TARGETS:
                package = directory / target
                harness.compile_package(checkpoint, package, "int4", target)
                _, logits = harness.generate(package, random_ids(shape), 3)
                results[target] = logits
        for target, logits in results.items():
            with self.subTest(target):
                self.assertEqual(logits.tobytes(), results["vcu128"].tobytes())


if __name__ == "__main__":
    unittest.main()
