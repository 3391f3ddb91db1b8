#!/usr/bin/python3
"""Small random checkpoints of awkward shapes and every file format, against the reference."""

import dataclasses
import random
import unittest

import harness
import make_checkpoint
import reference
from make_checkpoint import Shape

# Random weights carry rounding errors on about twice as far as trained ones (see
# harness.LOGIT_BOUND), and those of an F32 checkpoint are rounded to FP16 first. Rounding every
# stored value in numpy gives at most 0.022 standard deviations over 24 such checkpoints; whatever
# is wrong in kind (a channel, a head, a position, a scale) is off by one standard deviation.
BOUND = 0.05

TARGETS = ("vcu128", "u280", "u55c", "vhk158", "tiny")

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
    "smallest": Shape(hidden=8, ffn=8, layers=1, heads=1, kv_heads=1, head_size=2, vocabulary=3),
}


def random_shape(seed, family="llama"):
    """Any shape at all, small."""
    rng = random.Random(seed)
    kv_heads = rng.choice((1, 2, 3))
    return Shape(
        family=family,
        hidden=rng.randrange(8, 200, 2),
        ffn=rng.randrange(8, 300),
        layers=rng.randint(1, 3),
        heads=kv_heads * rng.choice((1, 2, 4)),
        kv_heads=kv_heads,
        head_size=rng.choice((8, 24, 32, 40, 48, 64, 80, 128)),
        vocabulary=rng.randint(33, 300),
        context=rng.choice((96, 100, 128)),
        tied=rng.random() < 0.5,
        attention_bias=rng.random() < 0.3,
        dtype=rng.choice(("F32", "F16", "BF16")),
        shards=rng.choice((1, 2)),
        seed=seed,
    )


def random_ids(shape):
    """A prompt of forty tokens."""
    rng = random.Random(shape.seed)
    return [rng.randrange(shape.vocabulary) for _ in range(40)]


class Checkpoints(unittest.TestCase):
    def check_shape(self, shape, weights="fp16"):
        """Forty tokens of prompt and a few generated ones, all logits within the bound."""
        with harness.scratch_directory() as directory:
            checkpoint = make_checkpoint.write_checkpoint(directory / "checkpoint", shape)
            package = harness.compile_package(checkpoint, directory / "package", weights)
            model = reference.load(checkpoint)
            harness.check_generation(self, model, package, random_ids(shape), 3, BOUND)

    def test_shapes(self):
        for title, shape in SHAPES.items():
            with self.subTest(title):
                self.check_shape(shape)

    def test_random_shapes(self):
        for seed in range(8):
            with self.subTest(shape=random_shape(seed)):
                self.check_shape(random_shape(seed))

    def test_random_chatglm_shapes(self):
        for seed in range(4):
            shape = random_shape(seed, "chatglm")
            with self.subTest(shape=shape):
                self.check_shape(shape)

    def test_int4_weights_on_their_grid(self):
        titles = ["heads of 24, three files", "heads of 48, no grouping", "long rows"]
        for title in titles + ["ChatGLM2, heads of 128"]:
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
