#!/usr/bin/python3
"""The device model gives the same bits with every set of kernels and number of threads."""

import os
import unittest
from unittest import mock

import harness


def kernel_sets():
    """The sets that this processor runs, as the device model lists them."""
    with mock.patch.dict(os.environ, EDGELLM_MODEL_KERNELS="none"):
        result = harness.run_tool(
            "edgellm-run", harness.demo_package("int4"), "--token-ids", "1", "-n", "1"
        )
    names = result.stderr.split("expected one of ")[1].splitlines()[0]
    return names.split(", ")


class Engine(unittest.TestCase):
    def logits(self, weights, kernels, threads):
        """Of a prompt, as blocked products, and of tokens one at a time."""
        settings = {"EDGELLM_MODEL_KERNELS": kernels, "EDGELLM_MODEL_THREADS": str(threads)}
        with mock.patch.dict(os.environ, settings):
            ids = harness.held_out_ids()[:70]
            return harness.generate(harness.demo_package(weights), ids, 12)

    def test_kernels_and_threads_do_not_matter(self):
        sets = kernel_sets()
        self.assertIn("baseline", sets)
        for weights in ("int4", "fp16"):
            ids, logits = self.logits(weights, "baseline", 1)
            for kernels in sets:
                for threads in (1, 2, 5):
                    with self.subTest(weights, kernels=kernels, threads=threads):
                        found_ids, found = self.logits(weights, kernels, threads)
                        self.assertEqual(found_ids, ids)
                        self.assertEqual(found.tobytes(), logits.tobytes())


if __name__ == "__main__":
    unittest.main()
