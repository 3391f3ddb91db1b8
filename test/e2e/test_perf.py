#!/usr/bin/python3
"""What the timing model says of the demo model, in every form that edgellm-perf writes."""

import html.parser
import json
import unittest

import harness


def perf(*arguments):
    return harness.check_tool("edgellm-perf", harness.demo_package("int4"), *arguments)


def perf_json(*arguments):
    return json.loads(perf(*arguments, "--json"))


class Json(unittest.TestCase):
    def test_busy_and_losses_make_up_the_pass(self):
        for arguments in ([], ["--tokens", 128], ["--unpipelined"]):
            report = perf_json(*arguments)
            self.assertEqual(report["kind"], "modelled")
            parts = report["hbm_busy_cycles"] + sum(loss["cycles"] for loss in report["losses"])
            self.assertAlmostEqual(parts / report["cycles"], 1, places=6)

    def test_the_weights_are_read_once_for_a_token(self):
        """3.7 M parameters, of which the embedding is not read, at 4.125 bit and padding."""
        report = perf_json("--past", 0)
        self.assertEqual(report["hbm_bytes"], sum(s["hbm_bytes"] for s in report["steps"]))
        self.assertGreater(report["hbm_bytes"], 3.1e6 * 4.125 / 8)
        self.assertLess(report["hbm_bytes"], 3.7e6)

    def test_no_technique_makes_the_pass_slower(self):
        rows = perf_json("--compare")["comparisons"]
        fastest = rows[0]["token_per_second"]
        self.assertEqual(len(rows), 7)
        self.assertEqual(rows[0]["switched_off"], [])
        for row in rows[1:]:
            self.assertLessEqual(row["token_per_second"], fastest * 1.001, row["configuration"])
        self.assertLess(rows[-1]["token_per_second"], fastest)

    def test_switches_do_what_the_comparison_says(self):
        rows = {row["configuration"]: row for row in perf_json("--compare")["comparisons"]}
        for option in ("prefetch", "overlap", "chaining", "lookahead", "deep-bursts"):
            report = perf_json(f"--no-{option}")
            self.assertEqual(report["switched_off"], [option])
            expected = rows[f"no {option}"]["token_per_second"]
            self.assertAlmostEqual(report["token_per_second"] / expected, 1, places=9)
        everything = perf_json("--unpipelined")
        self.assertEqual(len(everything["switched_off"]), 5)
        self.assertAlmostEqual(
            everything["token_per_second"] / rows["everything off"]["token_per_second"], 1, places=9
        )

    def test_more_cached_tokens_take_longer(self):
        self.assertLess(
            perf_json("--past", 500)["token_per_second"], perf_json("--past", 0)["token_per_second"]
        )


class Large(unittest.TestCase):
    """Models whose weights nobody needs to have."""

    def test_a_program_without_weights_is_enough(self):
        scratch = self.enterContext(harness.scratch_directory())
        package = scratch / "package"
        config = harness.ROOT / "models" / "configs" / "llama2-7b"
        options = ["--program-only", "--target=vcu128", "--context", 2048]
        harness.check_tool("edgellm-compile", config, *options, "-o", package)
        report = json.loads(harness.check_tool("edgellm-perf", package, "--json"))
        # 6.6 G weights in the matrices, 4.125 bit each, and keys and values of 129 tokens.
        weights = (32 * (4 * 4096**2 + 3 * 4096 * 11008) + 32000 * 4096) * 4.125 / 8
        cached = 32 * 2 * 129 * 4096 * 2
        self.assertAlmostEqual(report["hbm_bytes"] / (weights + cached), 1, delta=0.01)
        # No machine is faster than its memory.
        bound = report["hbm_peak_bytes_per_second"] / (weights + cached)
        self.assertLess(report["token_per_second"], bound * 1.01)
        self.assertGreater(report["token_per_second"], bound / 2)


class Files(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.scratch_directory())

    def test_trace(self):
        path = self.scratch / "trace.json"
        perf("--trace", path)
        trace = json.loads(path.read_text())
        bars = [event for event in trace["traceEvents"] if event["ph"] == "X"]
        self.assertEqual(trace["otherData"]["kind"], "modelled")
        self.assertEqual(bars, sorted(bars, key=lambda event: event["ts"]))
        names = {event["name"] for event in bars}
        self.assertIn("model.layers.0.self_attn.q_proj", names)
        free = {}
        for event in bars:
            start = round(event["ts"] * 1000)
            self.assertGreaterEqual(start, free.get(event["tid"], 0), event)
            free[event["tid"]] = start + round(event["dur"] * 1000)

    def test_report(self):
        path = self.scratch / "report.html"
        perf("--report", path)
        page = path.read_text()
        html.parser.HTMLParser().feed(page)
        for text in ("modelled speed of the pass", "Roofline", "self_attn.q_proj", "everything off"):
            self.assertIn(text, page)
        self.assertNotIn("http", page)

    def test_files_appear_whole_or_not_at_all(self):
        missing = self.scratch / "missing" / "report.html"
        result = harness.run_tool(
            "edgellm-perf", harness.demo_package("int4"), "--report", missing
        )
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.count("\n"), 1)
        self.assertEqual(list(self.scratch.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
