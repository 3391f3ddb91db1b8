#!/usr/bin/python3
"""What a user of the tools relies on beside the numbers."""

import json
import unittest

import harness
import make_checkpoint
import reference
from make_checkpoint import Shape


def run_json(package, *arguments):
    return json.loads(harness.check_tool("edgellm-run", package, *arguments, "--json"))


def files(directory):
    """Relative path -> bytes of every file below a directory."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in paths}


class Run(unittest.TestCase):
    PROMPT = "In the beginning"

    def setUp(self):
        self.package = harness.demo_package("fp16")

    def test_a_prompt_is_the_same_as_its_token_ids(self):
        text = run_json(self.package, "--prompt", self.PROMPT, "-n", 12)
        ids = ",".join(map(str, text["prompt_ids"]))
        self.assertEqual(text["prompt_ids"][0], reference.BOS)
        self.assertEqual(run_json(self.package, "--token-ids", ids, "-n", 12)["ids"], text["ids"])

    def test_text_is_what_sentencepiece_makes_of_the_ids(self):
        report = run_json(self.package, "--prompt", self.PROMPT, "-n", 40)
        tokenizer = reference.read_tokenizer(harness.DEMO)
        self.assertEqual(report["prompt_ids"][1:], tokenizer.encode(self.PROMPT))
        whole = tokenizer.decode(report["prompt_ids"] + report["ids"])
        self.assertEqual(self.PROMPT + report["text"], whole)

    def test_standard_output_is_the_text(self):
        output = harness.check_tool("edgellm-run", self.package, "--prompt", self.PROMPT, "-n", 4)
        report = run_json(self.package, "--prompt", self.PROMPT, "-n", 4)
        self.assertEqual(output, self.PROMPT + report["text"] + "\n")

    def test_a_seed_repeats_a_random_text(self):
        arguments = ["--prompt", self.PROMPT, "-n", 16, "--temperature", 1, "--seed"]
        first, again, other = (run_json(self.package, *arguments, seed) for seed in (7, 7, 8))
        self.assertEqual(first["ids"], again["ids"])
        self.assertNotEqual(first["ids"], other["ids"])

    def test_timings_are_reported(self):
        report = run_json(self.package, "--prompt", self.PROMPT, "-n", 4)
        self.assertGreater(report["prefill_seconds"], 0)
        self.assertGreater(report["decode_tokens_per_second"], 0)


class Compile(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.scratch_directory())
        self.checkpoint = make_checkpoint.write_checkpoint(self.scratch / "checkpoint", Shape())

    def compile(self, name, *options):
        package = self.scratch / name
        return harness.compile_package(self.checkpoint, package, "int4", options=options)

    def test_the_same_checkpoint_gives_the_same_bytes(self):
        self.assertEqual(files(self.compile("first")), files(self.compile("second")))

    def test_a_package_is_replaced(self):
        before = files(self.compile("package"))
        after = files(self.compile("package", "--context", "64"))
        self.assertEqual(before.keys(), after.keys())
        self.assertNotEqual(before["program.bin"], after["program.bin"])
        self.assertEqual({path.name for path in self.scratch.iterdir()}, {"checkpoint", "package"})

    def test_a_shorter_context(self):
        package = self.compile("package", "--context", "40")
        generated, _ = harness.generate(package, [5] * 40, 1)
        self.assertEqual(len(generated), 1)
        arguments = ["--token-ids", ",".join(["5"] * 41), "-n", 1]
        line = harness.check_refusal(self, harness.run_tool("edgellm-run", package, *arguments))
        self.assertIn("40", line)


if __name__ == "__main__":
    unittest.main()
