"""Sparse and calibrated packages of the demo model: what users ask for is what they get."""

import json
import unittest

import harness

# A fifth of the calibration text and eight windows of the held-out one: enough to tell methods
# apart, whose differences are large on this model.
CALIBRATION_BYTES = 40000
EVALUATED_TOKENS = 8 * 256 + 1


def perplexity(package):
    arguments = ["--text", harness.HELD_OUT, "--tokens", EVALUATED_TOKENS, "--json"]
    return json.loads(harness.check_tool("edgellm-eval", package, *arguments))["perplexity"]


def encodings(package):
    """Encoding of each tensor by its name."""
    tensors = json.loads((package / "manifest.json").read_text())["tensors"]
    return {tensor["name"]: tensor["encoding"] for tensor in tensors}


def methods(package):
    """How the weights of the package were found."""
    tensors = json.loads((package / "manifest.json").read_text())["tensors"]
    return {tensor.get("method") for tensor in tensors}


class CompressionTest(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(harness.scratch_directory())
        self.calibration = self.directory / "calibration.txt"
        text = (harness.DEMO / "calibration.txt").read_text()[:CALIBRATION_BYTES]
        self.calibration.write_text(text)

    def compile(self, *options, name="package"):
        return harness.compile_package(
            harness.DEMO, self.directory / name, "int4", options=options
        )

    def test_each_density_executes(self):
        for density, encoding in (
            ("4/8", "int4_4of8"),
            ("2/8", "int4_2of8"),
            ("1/8", "int4_1of8"),
        ):
            with self.subTest(density):
                package = self.compile(f"--density={density}", name=encoding)
                found = encodings(package)
                # The output layer, which is the embedding here, stays dense.
                self.assertEqual(found.pop("model.embed_tokens.weight"), "int4")
                self.assertEqual(set(found.values()), {encoding})
                self.assertEqual(methods(package), {"search", "magnitude, search"})
                report = harness.check_tool(
                    "edgellm-run", package, "--prompt", "In the beginning", "-n", 4, "--json"
                )
                self.assertEqual(len(json.loads(report)["ids"]), 4)

    def test_calibration_gives_back_what_magnitude_loses(self):
        magnitude = perplexity(self.compile("--density=2/8", name="magnitude"))
        calibrated = ["--calibration", self.calibration]
        joint = perplexity(self.compile("--density=2/8", *calibrated, name="joint"))
        wanda = perplexity(
            self.compile("--density=2/8", "--prune=wanda", *calibrated, name="wanda")
        )
        dense = perplexity(harness.demo_package("int4"))
        self.assertLess(joint, wanda)
        self.assertLess(wanda, magnitude)
        self.assertLess(dense, joint)
        # 60 % and more on the whole texts (docs/quality.md).
        self.assertGreater((magnitude - joint) / (magnitude - dense), 0.4)

    def test_gptq_is_better_than_rounding(self):
        calibrated = ["--calibration", self.calibration]
        gptq = perplexity(self.compile(*calibrated, name="gptq"))
        nearest = perplexity(self.compile("--quantize=rtn", name="rtn"))
        self.assertLess(gptq, nearest)

    def test_a_strategy_mixes_formats(self):
        strategy = self.directory / "mixed.json"
        strategy.write_text(
            json.dumps(
                {
                    "description": "one of each",
                    "rules": [
                        {"match": ["*.layers.0.mlp.up_proj"], "density": "4/8"},
                        {"match": ["*.layers.1.mlp.up_proj"], "density": "2/8"},
                        {"match": ["*.layers.2.mlp.up_proj"], "density": "1/8"},
                        {
                            "match": ["*.layers.3.mlp.up_proj"],
                            "density": "1/8",
                            "index": "padded",
                        },
                        {"match": ["lm_head"], "weights": "fp16"},
                    ],
                }
            )
        )
        package = self.compile(f"--strategy={strategy}")
        self.assertEqual(
            set(encodings(package).values()),
            {"int4", "fp16", "int4_4of8", "int4_2of8", "int4_1of8", "int4_1of8_padded"},
        )
        # Four of 28 matrices are sparse: less is lost than when all are.
        uniform = self.compile("--density=2/8", name="uniform")
        self.assertLess(perplexity(package), perplexity(uniform))

    def test_a_speed_is_reached_with_little_to_spare(self):
        def speed(package):
            report = harness.check_tool("edgellm-perf", package, "--json")
            return json.loads(report)["token_per_second"]

        dense = speed(harness.demo_package("int4"))
        fastest = speed(self.compile("--density=1/8", name="fastest"))
        wanted = dense + (fastest - dense) / 2
        package = self.compile(
            f"--tokens-per-second={wanted}", "--calibration", self.calibration
        )
        self.assertGreaterEqual(speed(package), wanted)
        # The strategy that was chosen can be used again, and is no sparser than it must be.
        again = self.compile(
            f"--strategy={package / 'strategy.json'}",
            "--calibration",
            self.calibration,
            name="again",
        )
        self.assertEqual(encodings(again), encodings(package))
        self.assertIn("int4", set(encodings(package).values()))

    def test_a_perplexity_budget_is_kept(self):
        calibrated = ["--calibration", self.calibration]
        package = self.compile("--max-perplexity-increase=30", *calibrated)
        found = set(encodings(package).values())
        self.assertTrue(found - {"int4"}, "nothing became sparse")
        # The budget is one on the calibration text; other text pays somewhat more.
        dense = perplexity(harness.demo_package("fp16"))
        self.assertLess(perplexity(package), 1.6 * dense)

    def refusal(self, *options):
        result = harness.run_tool(
            "edgellm-compile", harness.DEMO, *options, "-o", self.directory / "refused"
        )
        self.assertFalse((self.directory / "refused").exists())
        return harness.check_refusal(self, result)

    def test_refusals(self):
        self.assertIn("--calibration FILE", self.refusal("--density=4/8", "--prune=wanda"))
        self.assertIn("--calibration FILE", self.refusal("--tokens-per-second=5"))
        self.assertIn("expected one of 8/8", self.refusal("--density=5/8"))
        self.assertIn("decides no matrix", self.refusal(f"--strategy={self.unmatched()}"))
        self.assertIn(
            "the sparsest strategy reaches",
            self.refusal("--tokens-per-second=1e9", "--calibration", self.calibration),
        )
        self.assertIn(
            "expected one of them",
            self.refusal("--density=4/8", "--strategy=strategy-1"),
        )

    def unmatched(self):
        strategy = self.directory / "unmatched.json"
        strategy.write_text('{"description": "d", "rules": [{"match": ["no.such"]}]}')
        return strategy


if __name__ == "__main__":
    unittest.main()
