#!/usr/bin/python3
"""Prefill and decode give the same bits: where the prompt ends leaves no trace in the logits."""

import random
import unittest

import numpy as np

import harness


class PrefillDecode(unittest.TestCase):
    BOUNDARIES = [(1, 3), (30, 3), (31, 1), (31, 2), (32, 1), (32, 33), (33, 31)]

    def seeded_cases(self, count):
        rng = random.Random(20)
        return [(rng.randint(1, 200), rng.randint(1, 24)) for _ in range(count)]

    def check_case(self, weights, prompt, count):
        """Prefill of the prompt, then decode, against one prefill of all the tokens."""
        first = random.Random(prompt * 1000 + count).randrange(20000)
        ids = harness.held_out_ids()[first : first + prompt]
        package = harness.demo_package(weights)
        generated, stepwise = harness.generate(package, ids, count)
        _, at_once = harness.generate(package, (ids + generated)[:-1], 1)
        self.assertEqual(stepwise.shape, at_once.shape)
        different = (stepwise.view(np.uint32) != at_once.view(np.uint32)).any(axis=1)
        self.assertFalse(different.any(), f"other bits at positions {np.flatnonzero(different)}")

    def check_cases(self, weights):
        for prompt, count in self.BOUNDARIES + self.seeded_cases(4):
            with self.subTest(weights=weights, prompt=prompt, count=count):
                self.check_case(weights, prompt, count)

    def test_fp16(self):
        self.check_cases("fp16")

    def test_int4(self):
        self.check_cases("int4")


if __name__ == "__main__":
    unittest.main()
