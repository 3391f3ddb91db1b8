#!/usr/bin/python3
"""The RTL against the scalar numerics, bit for bit and cycle for cycle, and the testbench against
RTL with deliberate faults, each of which it must find. With EDGELLM_RTL_SWEEP=BLOCKS a long run of
every variant of the modules."""

import os
import unittest

from rtl import BUILD, MODULES, Testbench, run

SWEEP = int(os.environ.get("EDGELLM_RTL_SWEEP", "0"))

# Faults: an expression of a module, which occurs once, and what stands in its place. Where text
# around it makes it unique, the expression is in «».
MUTANTS = {
    "edgellm_align": [
        ("whole >> distances[i*EXPONENT+:EXPONENT]",  # a guard bit less
         "(whole >> distances[i*EXPONENT+:EXPONENT]) & ~ALIGNED'(1)"),
        ("exponent[0] | exponent == 0", "exponent[0]"),  # the exponent of a subnormal
        ("FP16 && (!INT4 || delayed_fp16)", "FP16 && (!INT4 || fp16)")],  # mode of another block
    "edgellm_max_tree": [("a >= c && a >= d", "a >= c"), ("cd ? c : d", "c")],
    "edgellm_multiplier": [("FP16 && nibble[CODE-1]", "1'b0")],
    "edgellm_quad": [
        ("signs[i] ^ weights[i*CODE+CODE-1]", "signs[i]"),
        ("is_fp16 ? hidden : weights[10]", "is_fp16 | weights[10]"),  # subnormal weights
        ("«pair_fp16» ? {high_pair", "product_fp16"),
        ("full[FULL-1-:KEPT]", "full[FULL-2-:KEPT]"),  # a bit of the products kept less
        ("full_fp16 ? distance[1:0] : 2'b0", "distance[1:0]")],
    "edgellm_distances": [
        ("nonzero ? sum : '0", "sum"),  # products that are zero take part
        ("difference[EXPONENT-1:0] | {EXPONENT{difference[SUM-1]}}", "difference[EXPONENT-1:0]")],
    "edgellm_adder_tree": [("level[l-1].signs[2*i] ^ level[l-1].signs[2*i+1]", "1'b0")],
    "edgellm_convert": [
        ("shifted[0] & shifted[1]", "shifted[0]"),  # ties away from zero
        ("shifted[0] & shifted[1]", "1'b0")],       # truncation
    "edgellm_normal_half": [("held_exponent - EXPONENT'(held_zeros)", "held_exponent")],
    "edgellm_scale": [
        ("round & (sticky | fraction[0])", "round"),
        ("round & (sticky | fraction[0])", "round & sticky"),
        ("top && product[MANTISSA-2]", "1'b0")],
    "edgellm_add": [
        ("sum6[3] & (sum6[2:0] != 0 | sum6[4])", "sum6[3]"),
        ("sum6[3] & (sum6[2:0] != 0 | sum6[4])", "sum6[3] & sum6[2:0] != 0"),
        ("far ? whole != 0 : lost != 0", "1'b0"),
        ("sum6[WIDTH]", "1'b1")],  # a sum of zero
    "edgellm_sum8": [
        ("early ? '0 : sums[index]", "sums[index]"),  # sums of the row before
        ("early && index != INDEX'(SUMS - 1)", "early && index != INDEX'(SUMS - 2)"),
        ("index >= 4", "1'b1"), ("index >= 2", "1'b1"), ("index >= 1", "1'b1"),
        ("if («level[l-1].is_valid») history", "1'b1")],  # gaps between terms
    "edgellm_sparse_select": [
        ("member[i-1].seen << 1", "member[i-1].seen << 2"), ("from*WIDTH", "(from ^ 3'd1)*WIDTH"),
        ("«present[k]» ? activations", "1'b1")],
}


FAULTS = [(module, *fault) for module, faults in MUTANTS.items() for fault in faults]


def faulty_copies():
    """Copies of the modules with all faults in them: number N is in force if `mutant` is N."""
    folder = BUILD / "faulty-modules"
    folder.mkdir(parents=True, exist_ok=True)
    copies = []
    for path in MODULES:
        text = path.read_text()
        for original in dict.fromkeys(original for original, _ in MUTANTS.get(path.stem, [])):
            text = with_faults(text, path, original)
        copies.append(folder / path.name)
        copies[-1].write_text(text)
    return copies


def with_faults(text, path, original):
    """The text of a module in which the faults of one expression may stand in its place."""
    place = original.replace("«", "").replace("»", "")
    if text.count(place) != 1:
        raise ValueError(f"{path.name} does not have '{place}' exactly once")
    expression = original.partition("«")[2].partition("»")[0] or original
    choice = f"({expression})"
    for number, (module, other, fault) in enumerate(FAULTS, 1):
        if (module, other) == (path.stem, original):
            choice = f"(edgellm_bench.mutant == {number} ? ({fault}) : {choice})"
    return text.replace(place, place.replace(expression, choice, 1))


class Simulation(unittest.TestCase):
    def test_both_modes(self):
        testbench = Testbench("both")
        code, output = testbench.run(blocks=20000)
        self.assertEqual(code, 0, output)
        code, output = testbench.run(blocks=0)
        self.assertEqual(code, 1)
        self.assertIn("EDGELLM_RTL_BLOCKS must be a positive number", output)


class Faults(unittest.TestCase):
    def test_each_is_found(self):
        testbench = Testbench("faulty", modules=faulty_copies(), lint=["-Wno-lint"])
        code, output = testbench.run(blocks=4000)
        self.assertEqual(code, 0, output)
        for number, (module, original, fault) in enumerate(FAULTS, 1):
            with self.subTest(module=module, original=original, fault=fault):
                code, output = testbench.run(blocks=4000, mutant=number)
                self.assertEqual(code, 1)
                self.assertIn("FAILED TEST", output)


@unittest.skipUnless(SWEEP, "EDGELLM_RTL_SWEEP is not set")
class Sweep(unittest.TestCase):
    def check(self, name, **parameters):
        code, output = Testbench(name, **parameters).run(blocks=SWEEP)
        self.assertEqual(code, 0, output)

    def test_what_yosys_reads(self):
        """Synthesis starts from the modules that were tested: what Yosys understood of them,
        written out again, gives the same bits."""
        written = BUILD / "read-by-yosys.v"
        run("yosys", "-q", "-p", f"read_verilog -defer -sv -I{BUILD} {' '.join(map(str, MODULES))}; "
            f"hierarchy -top edgellm_bench; proc; write_verilog -noattr {written}")
        self.check("read-by-yosys", modules=[written], lint=["-Wno-lint"])

    def test_two_channels(self):
        self.check("two-channels", CHANNELS=2)

    def test_hard_multipliers(self):
        self.check("dsp", DSP="1'b1")

    def test_int4_alone(self):
        self.check("int4", FP16="1'b0")

    def test_fp16_alone(self):
        self.check("fp16", INT4="1'b0")

    def test_fp16_alone_on_hard_multipliers(self):
        self.check("fp16-dsp", INT4="1'b0", DSP="1'b1")


if __name__ == "__main__":
    unittest.main()
