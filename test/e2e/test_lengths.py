#!/usr/bin/python3
"""Prompts of every awkward length, up to the limit of the context."""

import re
import unittest

import numpy as np

import harness


class Lengths(unittest.TestCase):
    """Tokens are handled in blocks of 32 and INT4 weights in blocks of 128."""

    def check_length(self, length, count=3):
        ids = harness.held_out_ids()[1000 : 1000 + length]
        model, package = harness.demo_reference(), harness.demo_package("fp16")
        generated, _ = harness.check_generation(self, model, package, ids, count)
        self.assertEqual(len(generated), count)

    def test_up_to_a_block(self):
        for length in (1, 2, 31, 32, 33):
            with self.subTest(length=length):
                self.check_length(length)

    def test_several_blocks(self):
        for length in (127, 128, 129, 400):
            with self.subTest(length=length):
                self.check_length(length)

    def test_decodes_up_to_the_context(self):
        # The last token is never fed back, so 500 + 13 - 1 positions fill the context of 512.
        self.check_length(500, 13)

    def test_a_prompt_that_fills_the_context(self):
        self.check_length(512, 1)

    def check_refused(self, length, count):
        ids = ",".join(map(str, harness.held_out_ids()[:length]))
        arguments = ["--token-ids", ids, "-n", count]
        package = harness.demo_package("fp16")
        line = harness.check_refusal(self, harness.run_tool("edgellm-run", package, *arguments))
        for number in (length, count, 512):
            self.assertIn(str(number), line)

    def test_passing_the_context_is_refused(self):
        self.check_refused(500, 14)

    def test_a_prompt_longer_than_the_context_is_refused(self):
        self.check_refused(513, 1)


class SmallBuffers(unittest.TestCase):
    """Target tiny has the smallest activation buffer: a long prompt passes in many slices."""

    @classmethod
    def setUpClass(cls):
        scratch = cls.enterClassContext(harness.scratch_directory())
        cls.package = harness.compile_package(harness.DEMO, scratch / "tiny", "int4", "tiny")

    def slice_rows(self):
        program = self.package / "program.bin"
        text = harness.check_tool("edgellm-translate", "--program-to-isa", program)
        return [int(rows) for rows in re.findall(r"slice_rows = (\d+)", text)]

    def test_prompts_are_much_longer_than_a_slice(self):
        rows = min(rows for rows in self.slice_rows() if rows > 0)
        self.assertLessEqual(rows, 512 // 16)

    def test_the_same_bits_as_with_large_buffers(self):
        ids = harness.held_out_ids()
        large = harness.demo_package("int4")
        for length, count in ((33, 2), (400, 2), (500, 13), (512, 1)):
            with self.subTest(length=length):
                prompt = ids[1000 : 1000 + length]
                expected, expected_logits = harness.generate(large, prompt, count)
                generated, logits = harness.generate(self.package, prompt, count)
                self.assertEqual(generated, expected)
                np.testing.assert_array_equal(logits, expected_logits)


if __name__ == "__main__":
    unittest.main()
