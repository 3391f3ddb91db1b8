#!/usr/bin/python3
"""scripts/make_synthetic_checkpoint.py: what it writes is a checkpoint like any other."""

import json
import subprocess
import sys
import unittest

import harness
import numpy as np
import reference

SCRIPT = harness.ROOT / "scripts" / "make_synthetic_checkpoint.py"
TINY = "--layers 2 --hidden 48 --ffn 80 --heads 4 --vocabulary 90 --context 64".split()
TINY_HEADS = "--kv-heads 2 --head-size 12".split()
# As their authors count them.
PRESETS = {
    "llama-1.1b": 1_100_048_384,
    "llama2-7b": 6_738_415_616,
    "llama3.1-8b": 8_030_261_248,
    "mistral-7b": 7_241_732_096,
    "qwen2-7b": 7_615_616_512,
    "qwen3-8b": 8_190_735_360,
    "gpt2": 124_439_808,
    "chatglm2-6b": 6_243_584_000,
}


def make(*arguments):
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


class Synthetic(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.scratch_directory())
        self.out = self.scratch / "checkpoint"

    def make_tiny(self, shape, *options, name="checkpoint"):
        heads = [] if shape == "gpt2" else TINY_HEADS
        result = make(shape, self.scratch / name, *TINY, *heads, *options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return self.scratch / name

    def test_it_compiles_and_runs(self):
        for shape in PRESETS:
            with self.subTest(shape):
                checkpoint = self.make_tiny(shape, name=shape)
                package = harness.compile_package(checkpoint, self.scratch / f"{shape}.pkg", "fp16")
                harness.check_generation(
                    self, reference.load(checkpoint), package, [5, 6, 7, 8], 3, 0.05
                )

    def test_weights_have_the_scale_of_a_trained_model(self):
        tensors = reference.read_checkpoint(self.make_tiny("llama-1.1b"))
        up = tensors["model.layers.1.mlp.up_proj.weight"]
        self.assertEqual(up.shape, (80, 48))
        self.assertAlmostEqual(float(up.std()), 48**-0.5, delta=0.01)
        norm = tensors["model.norm.weight"]
        self.assertAlmostEqual(float(norm.mean()), 1, delta=0.15)
        logits = reference.load(self.out).logits([1, 2, 3])
        self.assertTrue(0.5 < logits.std() < 5, logits.std())

    def test_the_seed_decides_the_bytes_and_the_threads_do_not(self):
        def files(name, *options):
            folder = self.make_tiny("chatglm2-6b", *options, name=name)
            return {path.name: path.read_bytes() for path in folder.iterdir()}

        first = files("first", "--threads", 1)
        self.assertEqual(first, files("second", "--threads", 3))
        self.assertNotEqual(first, files("third", "--seed", 1))

    def test_tensors_differ(self):
        tensors = reference.read_checkpoint(self.make_tiny("llama-1.1b"))
        gate, up = (tensors[f"model.layers.0.mlp.{part}_proj.weight"] for part in ("gate", "up"))
        self.assertLess(abs(np.corrcoef(gate.ravel(), up.ravel())[0, 1]), 0.1)

    def test_shards_keep_their_size(self):
        checkpoint = self.make_tiny("llama-1.1b", "--shard-gigabytes", "20e-6", "--dtype", "BF16")
        shards = sorted(checkpoint.glob("*.safetensors"))
        self.assertGreater(len(shards), 3)
        self.assertTrue(all(path.stat().st_size < 20e3 + 3000 for path in shards))
        index = json.loads((checkpoint / "model.safetensors.index.json").read_text())
        self.assertEqual(set(index["weight_map"].values()), {path.name for path in shards})
        config = json.loads((checkpoint / "config.json").read_text())
        self.assertEqual(config["torch_dtype"], "bfloat16")
        harness.compile_package(checkpoint, self.scratch / "package", "int4")

    def check_refused(self, *arguments, word):
        result = make(*arguments)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(word, result.stderr.splitlines()[-1])
        self.assertIn("error: ", result.stderr.splitlines()[-1])
        self.assertNotIn("Traceback", result.stderr)

    def test_refusals_leave_nothing(self):
        self.check_refused("gpt-9", self.out, word="chatglm2-6b, gpt2, llama-1.1b")
        self.check_refused("llama2-7b", self.out, "--kv-heads", 5, word="5 KV heads")
        self.check_refused("llama2-7b", self.out, "--layers", 0, word="--layers")
        self.check_refused("llama2-7b", self.out, "--hidden", 16000000, word="are needed")
        self.check_refused("llama2-7b", self.out / "below", word="no such folder")
        self.check_refused("gpt2", self.out, "--kv-heads", 4, word="--kv-heads")
        (self.scratch / "config.json").write_text('{"model_type": "opt"}')
        self.check_refused(self.scratch, self.out, word="opt")
        (self.scratch / "config.json").unlink()
        self.assertEqual(list(self.scratch.iterdir()), [])

    def test_what_exists_stays(self):
        checkpoint = self.make_tiny("llama-1.1b")
        self.check_refused("llama-1.1b", checkpoint, *TINY, word="exists")
        self.assertTrue((checkpoint / "config.json").exists())

    def test_presets_have_the_weights_of_their_models(self):
        sys.path.insert(0, str(SCRIPT.parent))
        import make_synthetic_checkpoint as script

        for name, weights in PRESETS.items():
            with self.subTest(name):
                config = script.read_config(name, {})
                tensors = script.TENSORS[config["model_type"]](script.Shape(config))
                self.assertEqual(sum(tensor.size for tensor in tensors), weights)


if __name__ == "__main__":
    unittest.main()
