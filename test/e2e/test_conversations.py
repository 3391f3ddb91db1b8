#!/usr/bin/python3
"""Texts that go on: saved and loaded caches, windows over long texts, several texts at a time."""

import json
import unittest

import numpy as np

import harness
import reference

CONTEXT = 512


def joined(ids):
    return ",".join(map(str, ids))


def run_json(package, *arguments):
    return json.loads(harness.check_tool("edgellm-run", package, "--json", *arguments))


def slide(ids, keep, context=CONTEXT):
    """What the model sees of a text that came token by token."""
    text = []
    for token in ids:
        text.append(token)
        if len(text) > context:
            staying = (len(text) - keep) // 2
            text = text[:keep] + text[-staying:]
    return text


class Scratch(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.scratch_directory())
        self.cache = self.scratch / "text.cache"

    def refusal(self, package, *arguments):
        return harness.check_refusal(self, harness.run_tool("edgellm-run", package, *arguments))


class SavedCaches(Scratch):
    def check_continued(self, package, first, second):
        """A text in two runs is the same as in one, in every bit of the logits."""
        ids = harness.held_out_ids()
        begun = run_json(
            package, "--token-ids", joined(ids[:first]), "-n", 4, "--save-cache", self.cache
        )
        whole = ids[:first] + begun["ids"]
        self.assertEqual(begun["cached_positions"], len(whole))
        more = ids[600 : 600 + second]
        file = self.scratch / "logits.npy"
        arguments = ["--token-ids", joined(more), "-n", 5, "--logits", file]
        report = run_json(package, "--load-cache", self.cache, *arguments)
        self.assertEqual(report["loaded_positions"], len(whole))
        self.assertEqual(report["cached_positions"], len(whole) + second + 4)
        generated, logits = harness.generate(package, whole + more, 5)
        self.assertEqual(report["ids"], generated)
        expected = logits[len(whole) :].view(np.uint32)
        np.testing.assert_array_equal(np.load(file).view(np.uint32), expected)

    def test_a_text_in_two_runs_is_the_same_as_in_one(self):
        for first, second in ((1, 1), (30, 2), (100, 33), (400, 100)):
            with self.subTest(first=first, second=second):
                self.check_continued(harness.demo_package("int4"), first, second)

    def test_standard_output_is_the_whole_text(self):
        package = harness.demo_package("fp16")
        first = ["--prompt", "And Jesus said", "-n", 3, "--save-cache", self.cache]
        begun = harness.check_tool("edgellm-run", package, *first)
        second = ["--load-cache", self.cache, "--prompt", "unto them", "-n", 3]
        output = harness.check_tool("edgellm-run", package, *second)
        self.assertTrue(output.startswith(begun.removesuffix("\n")), output)
        self.assertIn("unto them", output)
        ids = run_json(package, *second)["prompt_ids"]
        self.assertNotIn(reference.BOS, ids, "a text that goes on begins only once")

    def test_a_conversation_may_be_saved_again_and_again(self):
        package = harness.demo_package("fp16")
        prompt = harness.held_out_ids()[:10]
        report = run_json(package, "--token-ids", joined(prompt), "-n", 1, "--save-cache", self.cache)
        text = prompt + report["ids"]
        for turn in range(3):
            more = harness.held_out_ids()[20 * turn :][:7]
            both = ["--load-cache", self.cache, "--save-cache", self.cache]
            report = run_json(package, "--token-ids", joined(more), "-n", 2, *both)
            text += more + report["ids"]
            self.assertEqual(report["cached_positions"], len(text))
        expected, _ = harness.generate(package, text + [5], 3)
        report = run_json(package, "--load-cache", self.cache, "--token-ids", "5", "-n", 3)
        self.assertEqual(report["ids"], expected)

    def test_what_is_no_cache_of_the_package(self):
        package = harness.demo_package("int4")
        prompt = ["--token-ids", "1,2,3", "-n", 1]
        run_json(package, *prompt, "--save-cache", self.cache)
        load = ["--load-cache", self.cache]
        line = self.refusal(harness.demo_package("fp16"), *prompt, *load)
        self.assertIn("a cache is good for the program and weights that computed it", line)
        content = self.cache.read_bytes()
        self.cache.write_bytes(content[:-100])
        self.assertIn("4 positions take", self.refusal(package, *prompt, *load))
        self.cache.write_bytes(content[:500] + b"\0\1\2\3" + content[504:])
        self.assertIn("the file is damaged", self.refusal(package, *prompt, *load))
        absent = self.scratch / "absent"
        self.assertIn("No such file", self.refusal(package, *prompt, "--load-cache", absent))

    def test_a_loaded_text_takes_its_part_of_the_context(self):
        package = harness.demo_package("int4")
        ids = joined(harness.held_out_ids()[:500])
        run_json(package, "--token-ids", ids, "-n", 0, "--save-cache", self.cache)
        prompt = ["--load-cache", self.cache, "--token-ids", "1,2,3", "-n"]
        line = self.refusal(package, *prompt, 11)
        for number in (3, 500, 11, 513, CONTEXT):
            self.assertIn(str(number), line)
        self.assertEqual(len(run_json(package, *prompt, 10, "--ignore-eos")["ids"]), 10)
        # Saving takes a position for the last token, too.
        self.refusal(package, *prompt, 10, "--save-cache", self.cache)

    def test_nothing_is_written_when_a_run_fails(self):
        line = self.refusal(
            harness.demo_package("int4"), "--token-ids", "1", "-n", 513, "--save-cache", self.cache
        )
        self.assertIn("513", line)
        self.assertFalse(self.cache.exists())


class Windows(Scratch):
    def setUp(self):
        super().setUp()
        self.package = harness.demo_package("int4")

    def test_the_model_sees_the_shorter_text(self):
        prompt = harness.held_out_ids()[:500]
        arguments = ["--token-ids", joined(prompt), "-n", 30, "--ignore-eos"]
        line = self.refusal(self.package, *arguments)
        for number in (500, 30, 529, CONTEXT):
            self.assertIn(str(number), line)
        report = run_json(self.package, *arguments, "--window", 4)
        self.assertEqual(report["window_slides"], 1)
        # Twelve new tokens fill the context; with the thirteenth the text is one too long.
        seen = slide(prompt + report["ids"][:13], 4)
        self.assertEqual(len(seen), 4 + (513 - 4) // 2)
        fresh = ["--token-ids", joined(seen), "-n", 17, "--ignore-eos"]
        self.assertEqual(run_json(self.package, *fresh)["ids"], report["ids"][13:])
        self.assertEqual(report["cached_positions"], len(seen) + 16)

    def test_a_prompt_longer_than_the_context(self):
        prompt = harness.held_out_ids()[:1300]
        report = run_json(self.package, "--token-ids", joined(prompt), "-n", 8, "--window", 16)
        seen = slide(prompt, 16)
        fresh = run_json(self.package, "--token-ids", joined(seen), "-n", 8)
        self.assertEqual(report["ids"], fresh["ids"])

    def test_a_window_leaves_room(self):
        line = self.refusal(self.package, "--token-ids", "1", "--window", CONTEXT)
        self.assertIn(f"keeps {CONTEXT} tokens", line)
        self.assertIn(str(CONTEXT - 1), line)


class Sequences(Scratch):
    def compile(self, count):
        package = self.scratch / f"{count}.pkg"
        options = ["--sequences", count]
        return harness.compile_package(harness.DEMO, package, "int4", options=options)

    def test_each_takes_the_memory_of_a_cache(self):
        package = self.compile(3)
        text = harness.check_tool("edgellm-inspect", package, "--memory")
        ports = text.split("ddr buffer")[0]
        lines = [line.split() for line in ports.splitlines() if "KV cache of sequence" in line]
        places = [int(line[0], 16) for line in lines]
        self.assertEqual([line[-1] for line in lines], ["0", "1", "2"])
        self.assertEqual(places[2] - places[1], places[1] - places[0])
        self.assertNotIn("unused", ports)
        one = harness.generate(harness.demo_package("int4"), [1, 30, 40], 6)
        several = harness.generate(package, [1, 30, 40], 6)
        self.assertEqual(one[0], several[0])
        np.testing.assert_array_equal(one[1], several[1])

    def test_a_number_that_there_cannot_be(self):
        for count in (0, 65536, "two"):
            arguments = [harness.DEMO, "--sequences", count, "-o", self.scratch / "x.pkg"]
            result = harness.run_tool("edgellm-compile", *arguments)
            self.assertIn("--sequences", harness.check_refusal(self, result))


if __name__ == "__main__":
    unittest.main()
