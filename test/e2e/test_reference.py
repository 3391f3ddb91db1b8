#!/usr/bin/python3
"""`edgellm-eval --reference`: the interpreter of the graph against the reference in numpy."""

import json
import math
import shutil
import unittest

import harness
import make_checkpoint
import numpy as np
from make_checkpoint import Shape

# Both compute in float32 and differ in the order of their sums alone: 2^-24 = 6e-8 of a value an
# operation, some hundred operations one after the other. The greatest error found over these
# checkpoints is 7e-6, in standard deviations of the reference's logits; FP16 anywhere would
# be 5e-4 (harness.LOGIT_BOUND).
BOUND = 3e-5

SHAPES = {
    "grouped heads, BF16": Shape(hidden=96, ffn=136, kv_heads=1, dtype="BF16", shards=3),
    "tied, F32, theta": Shape(hidden=80, ffn=72, heads=2, tied=True, dtype="F32", theta=500000.0),
    "biases": Shape(hidden=104, heads=4, kv_heads=4, head_size=32, attention_bias=True),
    "long rows": Shape(hidden=24, ffn=2200, layers=1, heads=2, kv_heads=1, head_size=8),
    "ChatGLM2": Shape("chatglm", hidden=144, heads=4, head_size=128, attention_bias=True),
    "Qwen2, stretched": Shape("qwen2", rope_scaling={"type": "yarn", "factor": 4.0}),
    "Qwen3, heads of 24": Shape("qwen3", head_size=24, tied=True),
    "Mistral": Shape("mistral", head_size=40, window=100),
    "GPT-2": Shape("gpt2", tied=True, shards=2),
    "ChatGLM2, heads of 24": Shape(
        "chatglm", hidden=72, ffn=200, heads=6, head_size=24, kv_heads=3, dtype="BF16", shards=3
    ),
}


def evaluate(checkpoint, *options):
    arguments = ["--reference", "--text", harness.HELD_OUT, *options, "--json"]
    return json.loads(harness.check_tool("edgellm-eval", checkpoint, *arguments))


class Reference(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.scratch_directory())

    def check_logits(self, checkpoint, model, window, windows):
        """Logits and loss of the first windows of the held-out text."""
        file = self.scratch / "logits.npy"
        count = window * windows
        report = evaluate(
            checkpoint, "--window", window, "--tokens", count + 1, "--logits", file
        )
        ids = harness.held_out_ids()[: count + 1]
        expected = model.batch_logits(np.reshape(ids[:count], (windows, window)))
        expected = expected.reshape(count, -1)
        harness.check_logits(self, np.load(file), expected, BOUND)
        nats = model.nats_per_token(ids, window)
        self.assertEqual(report["tokens"], count)
        self.assertAlmostEqual(report["nats_per_token"], nats, delta=1e-5)

    def test_demo_model(self):
        self.check_logits(harness.DEMO, harness.demo_reference(), 256, 3)

    def test_random_checkpoints(self):
        for title, shape in SHAPES.items():
            with self.subTest(title):
                checkpoint = self.scratch / title
                shape.vocabulary = 2048
                make_checkpoint.write_checkpoint(checkpoint, shape)
                shutil.copy(harness.DEMO / "tokenizer.model", checkpoint)
                shutil.copy(harness.DEMO / "tokenizer_config.json", checkpoint)
                config = json.loads((checkpoint / "config.json").read_text())
                config["bos_token_id"] = 1
                (checkpoint / "config.json").write_text(json.dumps(config))
                model = harness.reference.load(checkpoint)
                self.check_logits(checkpoint, model, 100, 3)

    def test_perplexity_of_the_held_out_text(self):
        report = evaluate(harness.DEMO)
        expected = harness.demo_reference().perplexity(harness.held_out_ids())
        print(f"perplexity: interpreter {report['perplexity']:.4f}, numpy {expected:.4f}")
        self.assertAlmostEqual(report["perplexity"], expected, delta=1e-4)
        self.assertEqual(report["weights"], "float32")
        self.assertNotIn("target", report)
        bits = report["nats_per_token"] / math.log(2)
        bits *= report["text_tokens"] / report["characters"]
        self.assertAlmostEqual(report["bits_per_character"], bits, places=6)


class Refusals(unittest.TestCase):
    def check_refused(self, *arguments, word):
        result = harness.run_tool("edgellm-eval", *arguments, "--text", harness.HELD_OUT)
        self.assertIn(word, harness.check_refusal(self, result))

    def test_a_checkpoint_instead_of_a_package(self):
        self.check_refused(harness.DEMO, word="--reference")

    def test_a_package_instead_of_a_checkpoint(self):
        self.check_refused(harness.demo_package("int4"), "--reference", word="config.json")

    def test_a_device(self):
        self.check_refused(harness.DEMO, "--reference", "--xclbin", "x", word="--xclbin")

    def test_a_window_beyond_the_context(self):
        self.check_refused(harness.DEMO, "--reference", "--window", "513", word="512")

    def test_a_checkpoint_without_tokenizer(self):
        with harness.scratch_directory() as directory:
            make_checkpoint.write_checkpoint(directory / "checkpoint", Shape())
            self.check_refused(directory / "checkpoint", "--reference", word="tokenizer")

    def test_logits_that_cannot_be_written_leave_nothing(self):
        self.check_refused(
            harness.DEMO, "--reference", "--logits", "/nowhere/x.npy", word="/nowhere"
        )


if __name__ == "__main__":
    unittest.main()
