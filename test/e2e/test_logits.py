#!/usr/bin/python3
"""FP16 weights: the logits of 600 positions of the held-out text against the reference."""

import unittest

import harness


class Logits(unittest.TestCase):
    WINDOW = 300  # within the context of 512

    def check_window(self, first):
        ids = harness.held_out_ids()[first : first + self.WINDOW]
        model, package = harness.demo_reference(), harness.demo_package("fp16")
        harness.check_generation(self, model, package, ids, 1)

    def test_first_window(self):
        self.check_window(0)

    def test_second_window(self):
        self.check_window(self.WINDOW)


if __name__ == "__main__":
    unittest.main()
