#!/usr/bin/python3
"""The counts of report.json and the text in README.md that is made of them: units that are quick to
synthesize must still give their counts."""

import json
import os
import pathlib
import sys
import unittest

RTL = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(RTL))

import report  # noqa: E402
import synthesis  # noqa: E402

REPORT = json.loads((RTL / "report.json").read_text())


def lut(output, *inputs):
    names = [f"I{i}" for i in range(len(inputs))]
    return {"type": f"LUT{len(inputs)}",
            "port_directions": {"O": "output", **dict.fromkeys(names, "input")},
            "connections": {"O": [output], **{n: [i] for n, i in zip(names, inputs)}}}


def carry(carry_in, select, operand, out):
    """Of one bit; the others are constants."""
    return {"type": "CARRY4",
            "port_directions": {"CI": "input", "CYINIT": "input", "S": "input", "DI": "input",
                                "O": "output"},
            "connections": {"CI": [carry_in], "CYINIT": ["0"], "S": [select, "0", "0", "0"],
                            "DI": [operand, "0", "0", "0"], "O": [out]}}


class Counting(unittest.TestCase):
    def test_levels_add_up_along_a_path(self):
        cells = {"a": lut(3, 1, 2), "b": lut(4, 3, 2), "c": lut(5, 1, 2)}
        self.assertEqual(synthesis.count(cells)["levels"], 2)

    def test_a_carry_chain_is_one_level(self):
        cells = {"s": lut(3, 1, 2), "low": carry("0", 3, 1, 10), "high": carry(10, 3, 1, 11)}
        self.assertEqual(synthesis.count(cells)["levels"], 2)

    def test_an_operand_from_the_same_inputs_needs_no_place(self):
        cells = {"select": lut(10, 1, 2, 3), "operand": lut(11, 1, 2), "chain": carry("0", 10, 11, 12)}
        self.assertEqual(synthesis.count(cells)["paired"], 1)

    def test_an_operand_from_other_inputs_does(self):
        cells = {"select": lut(10, 1, 2, 3), "operand": lut(11, 1, 4), "chain": carry("0", 10, 11, 12)}
        self.assertEqual(synthesis.count(cells)["paired"], 0)

    def test_an_operand_that_has_other_uses_does(self):
        cells = {"select": lut(10, 1, 2, 3), "operand": lut(11, 1, 2), "chain": carry("0", 10, 11, 12),
                 "other": lut(13, 11)}
        self.assertEqual(synthesis.count(cells)["paired"], 0)

    def test_unknown_cells_are_refused(self):
        with self.assertRaisesRegex(RuntimeError, "unknown types .'BUFG'."):
            synthesis.count({"a": {"type": "BUFG", "port_directions": {}, "connections": {}}})

    def test_loops_are_refused(self):
        with self.assertRaisesRegex(ValueError, "cycle"):
            synthesis.count({"a": lut(1, 2), "b": lut(2, 1)})


class Report(unittest.TestCase):
    def test_it_is_of_this_yosys_and_these_units(self):
        self.assertEqual(REPORT["yosys"], synthesis.version())
        self.assertEqual(list(REPORT["units"]), list(report.UNITS))

    def test_units_give_the_same_counts_again(self):
        for name in ("quad both LUT", "sparse_select 4of8"):
            with self.subTest(unit=name):
                module = report.UNITS[name]
                found = synthesis.synthesize(os.environ["EDGELLM_RTL_BUILD"], *module)
                self.assertEqual(found, REPORT["units"][name])

    def test_the_readme_shows_it(self):
        self.assertIn(f"```text\n{report.text_of(REPORT)}```", (RTL / "README.md").read_text())


if __name__ == "__main__":
    unittest.main()
